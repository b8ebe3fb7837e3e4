# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by every case: runs on the host, boots machines. VM (this directory), SHARE and TMP come from tests/vm/run.
set -u
boots=0

# machine [options of tests/vm/boot] <<'INSIDE' ... INSIDE: boots, runs the script inside, returns its status.
machine() {
	local status
	boot "$@"
	status=$?
	[ $status -eq 0 ] || { echo "case: boot $boots ended with status $status (options: $*)"; exit 1; }
}

# power_cut: the same, but QEMU is killed as soon as the script makes /vm/out/cut (with --out "$TMP").
power_cut() {
	local status
	boot --cut "$TMP/cut" "$@"
	status=$?
	if [ $status -ne 125 ] || [ ! -e "$TMP/cut" ]; then
		echo "case: boot $boots was to end by a power cut, status $status"
		exit 1
	fi
}

# QEMU's emulation of SVM fails an assertion of its own now and then (tcg_handle_interrupt without its lock). That says nothing
# about the program: the machine is booted again, from what its disk held before that boot.
boot() {
	local script=$TMP/script.$((++boots)) disk status tries=4
	{ echo '. /vm/share/inside.sh'; cat; } >"$script"
	disk=$(disk_of "$@")
	keep_disk "$disk"
	while :; do
		rm -f "$TMP/cut"
		status=0
		"$VM/boot" --share "$SHARE" --log "$TMP/console.$boots" "$@" -- "$script" || status=$?
		tries=$((tries - 1))
		if [ $status -ne 123 ] || [ $tries -eq 0 ]; then
			break
		fi
		echo "measured: QEMU ITSELF BROKE in boot $boots, which is begun again from the disk's state before it"
		cp "$TMP/console.$boots" "$TMP/console.$boots.broken.$tries"
		restore_disk "$disk"
	done
	rm -rf "$TMP/disk-before"
	return $status
}

disk_of() { # what --disk says among the options
	while [ $# -gt 0 ]; do
		[ "$1" != --disk ] || echo "$2"
		shift
	done
}

# The overlay and what belongs to it: the firmware's variables, kernel and image of a direct boot.
keep_disk() {
	local f
	rm -rf "$TMP/disk-before"
	mkdir "$TMP/disk-before"
	for f in ${1:+"$1" "$1".*}; do
		[ ! -e "$f" ] || cp --sparse=always "$f" "$TMP/disk-before/"
	done
}

restore_disk() {
	local f
	[ -n "$1" ] || return 0
	rm -f "$1" "$1".*
	for f in "$TMP"/disk-before/*; do
		[ ! -e "$f" ] || cp --sparse=always "$f" "${1%/*}/"
	done
}
