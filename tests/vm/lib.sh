# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by every case: runs on the host, boots machines. VM (this directory), SHARE and TMP come from tests/vm/run.
set -u
boots=0

# machine [options of tests/vm/boot] <<'INSIDE' ... INSIDE: boots, runs the script inside, returns its status.
machine() {
	local script=$TMP/script.$((++boots))
	{ echo '. /vm/share/inside.sh'; cat; } >"$script"
	"$VM/boot" --share "$SHARE" --log "$TMP/console.$boots" "$@" -- "$script" || {
		echo "case: boot $boots ended with status $? (options: $*)"
		exit 1
	}
}

# power_cut: the same, but QEMU is killed as soon as the script makes /vm/out/cut (with --out "$TMP").
power_cut() {
	local script=$TMP/script.$((++boots)) status=0
	{ echo '. /vm/share/inside.sh'; cat; } >"$script"
	rm -f "$TMP/cut"
	"$VM/boot" --share "$SHARE" --log "$TMP/console.$boots" --cut "$TMP/cut" "$@" -- "$script" || status=$?
	[ $status -eq 125 ] && [ -e "$TMP/cut" ] || { echo "case: boot $boots was to end by a power cut, status $status"; exit 1; }
}
