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
