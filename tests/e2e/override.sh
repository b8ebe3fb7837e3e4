#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# pcie_acs_override= from the what-if to the running kernel, in two steps: the parameter, a reboot with a kernel that has the
# patch (or not), then the device. The reboot is played: the recording's groups are those that were foretold.
set -u
command -v jq >/dev/null || { echo "jq is missing: the override was not tested"; exit 77; }
export TMPDIR=$TMP/tmp
mkdir "$TMPDIR"
demo=$TOP/src/machine/demo/desktop.txt
both=downstream,multifunction
nic=08:00.0 # shares its group with the disk controller
bad=0 cases=0

complain() {
	echo "FAILED: $*"
	bad=1
}
is() { # WHAT WANTED GOT
	cases=$((cases + 1))
	[ "$2" = "$3" ] || complain "$1: \"$3\", not \"$2\""
}
has() { # WORDS, in $TMP/out
	cases=$((cases + 1))
	grep -qF -- "$1" "$TMP/out" || complain "no \"$1\" in: $(head -n 20 "$TMP/out")"
}
run() { # STATUS ARGUMENTS...
	local wanted=$1 got
	shift
	cases=$((cases + 1))
	"$VFIOTUI" --root "$root" "$@" >"$TMP/out" 2>&1 </dev/null
	got=$?
	[ $got -eq "$wanted" ] || complain "status $got, not $wanted: $*: $(tail -n 3 "$TMP/out")"
}
unpack() { # RECORDING: a fresh root
	root=$TMP/root
	rm -rf "$root"
	mkdir "$root"
	"$BUILD/tools/unpack" "$1" "$root" || exit 1
}

# The same machine started again: what was written is in place, the menu and the command line are made of it, and the kernel
# has the patch ("patched": groups as foretold) or not ("stock").
reboot() { # KIND
	local config=$TMP/config groups=$TMP/groups.tsv words
	(cd "$root" && tar -cf "$TMP/kept.tar" etc var boot)
	words=$(sed -n 's/^GRUB_CMDLINE_LINUX_DEFAULT="\(.*\)"$/\1/p' "$root/etc/default/grub")
	if [ "$1" = patched ]; then
		"$VFIOTUI" --root "$root" acs --json --override=$both |
			jq -r '.would_be | to_entries[] | .key as $g | .value[] | [., $g] | @tsv' >"$groups"
		awk -F '\t' -v OFS='\t' 'NR == FNR { g[$1] = $2; next } !/^#/ && NF > 8 && ($2 in g) { $1 = g[$2] } { print }' \
			"$groups" "$demo" >"$config"
	else
		cp "$demo" "$config"
	fi
	unpack "$config"
	tar -C "$root" -xf "$TMP/kept.tar"
	echo "BOOT_IMAGE=/vmlinuz-linux root=UUID=1 rw $words" >"$root/proc/cmdline"
	echo "btime 4102444800" >"$root/proc/stat"
	printf 'linux /vmlinuz-linux %s\n' "$words" >"$root/boot/grub/grub.cfg"
	[ "$1" = stock ] || echo '0000000000000000 t pcie_acs_overrides' >"$root/proc/kallsyms"
}

# --- the what-if ---------------------------------------------------------------------------------------
unpack "$demo"
run 0 acs --override=$both
has 'With pcie_acs_override=downstream,multifunction:'
has 'Group 9: 10 groups'
has 'unseen by the IOMMU'
has 'does not have the override patch'
run 0 acs --override=downstream
has 'No group changes'
run 2 acs --override=upstream
run 2 plan --acs-override=upstream 01:00
run 2 plan --acs-override
run 2 plan --acs-override=downstream

# --- the first step: the parameter ----------------------------------------------------------------------
run 0 plan $nic --acs-override=$both --json
is "the device waits" '["0000:08:00.0"]' "$(jq -c .waits "$TMP/out")"
is "one file" '["/etc/default/grub"]' "$(jq -c '[.edits[].path]' "$TMP/out")"
is "nothing blocks" 0 "$(jq '[.findings[] | select(.severity == "block")] | length' "$TMP/out")"
is "a stock kernel is warned of" warn "$(jq -r '.findings[] | select(.code == "acs-override-ignored") | .severity' "$TMP/out")"
run 1 apply $nic --yes # without the override its group is in the way
has 'group-incomplete'
run 0 apply $nic --acs-override=$both --yes
has 'Two steps'
grep -q 'quiet pcie_acs_override=downstream,multifunction"' "$root/etc/default/grub" || complain "the parameter is not in /etc/default/grub"
run 1 status
has 'after the reboot: the groups have parted as foretold'
run 0 plan $nic
has 'Nothing to do'

# --- a reboot with a stock kernel: said, and the device stays where it is ----------------------------------
cp -a "$root" "$TMP/before-reboot"
reboot stock
run 1 status
has 'not so: the groups have parted as foretold'
has 'seems to lack the override patch'
run 0 plan $nic --json
is "nothing waits any more" '[]' "$(jq -c .waits "$TMP/out")"
is "the group is in the way" true "$(jq 'any(.findings[]; .code == "group-incomplete" and .severity == "block")' "$TMP/out")"
jq -e 'any(.warnings[]; contains("did not part"))' "$TMP/out" >/dev/null || complain "the ignored parameter is not named"

# --- a reboot with a kernel that has the patch: the second step ------------------------------------------------
rm -rf "$root"
mv "$TMP/before-reboot" "$root"
reboot patched
run 0 status --json
is "all holds" true "$(jq .ok "$TMP/out")"
run 0 plan $nic --json
is "nothing waits" '[]' "$(jq -c .waits "$TMP/out")"
is "nothing blocks" 0 "$(jq '[.findings[] | select(.severity == "block")] | length' "$TMP/out")"
if command -v tmux >/dev/null; then
	socket=vfiotui-override-$$
	trap 'tmux -L "$socket" kill-server 2>/dev/null' EXIT
	cases=$((cases + 1))
	LC_ALL=C.UTF-8 tmux -L "$socket" -f /dev/null new-session -d -x 80 -y 24 "'$VFIOTUI' --root '$root'"
	for ((i = 0; i < 600; i++)); do
		tmux -L "$socket" capture-pane -p >"$TMP/screen" 2>/dev/null
		grep -q 'what waited for that is marked' "$TMP/screen" && break
		sleep 0.1
	done
	grep -q '1 marked' "$TMP/screen" || complain "the screen does not mark what waited: $(cat "$TMP/screen")"
	tmux -L "$socket" kill-server 2>/dev/null
fi
run 0 apply $nic --yes
grep -q 'ids=10ec:8168' "$root/etc/modprobe.d/vfio.conf" || complain "the device is not handed over"
grep -q 'pcie_acs_override=downstream,multifunction' "$root/etc/default/grub" || complain "the override went with the second step"
run 0 plan $nic --acs-override=none
has 'no VM can have it after the'
run 0 acs --override=none
has 'Group'

# --- back -----------------------------------------------------------------------------------------------------
run 0 undo --yes
run 0 undo --yes
"$BUILD/tools/unpack" "$demo" "$TMP/tmp" >/dev/null || exit 1
cmp -s "$root/etc/default/grub" "$TMP/tmp/etc/default/grub" || complain "undo does not give /etc/default/grub back"
[ ! -e "$root/etc/modprobe.d/vfio.conf" ] || complain "undo leaves the device's file"
echo "measured: $cases cases of the override in two steps"
exit $bad
