# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by every case: runs on the host, boots machines. VM (this directory), SHARE and TMP come from tests/vm/run.
set -u
boots=0

# machine [options of tests/vm/boot] <<'INSIDE' ... INSIDE: boots, runs the script inside, returns its status.
# QEMU's emulation of SVM fails an assertion of its own now and then (tcg_handle_interrupt without its lock). That says nothing
# about the program; a machine that keeps no disk is booted again.
machine() {
	local script=$TMP/script.$((++boots)) status=0 tries=3
	{ echo '. /vm/share/inside.sh'; cat; } >"$script"
	case " $* " in *' --disk '*) tries=1 ;; esac
	while [ $((tries--)) -gt 0 ]; do
		status=0
		"$VM/boot" --share "$SHARE" --log "$TMP/console.$boots" "$@" -- "$script" || status=$?
		[ $status -eq 123 ] || break
		echo "measured: QEMU itself broke in boot $boots"
	done
	[ $status -eq 0 ] || { echo "case: boot $boots ended with status $status (options: $*)"; exit 1; }
}

# power_cut: the same, but QEMU is killed as soon as the script makes /vm/out/cut (with --out "$TMP").
power_cut() {
	local script=$TMP/script.$((++boots)) status=0
	{ echo '. /vm/share/inside.sh'; cat; } >"$script"
	rm -f "$TMP/cut"
	"$VM/boot" --share "$SHARE" --log "$TMP/console.$boots" --cut "$TMP/cut" "$@" -- "$script" || status=$?
	if [ $status -ne 125 ] || [ ! -e "$TMP/cut" ]; then
		echo "case: boot $boots was to end by a power cut, status $status"
		exit 1
	fi
}
