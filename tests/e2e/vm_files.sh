#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vm new, edit, show, list, delete: what is written is what was shown, comments stay, undo gives every byte back, and what can't
# be is refused with nothing written.
set -u
command -v jq >/dev/null || { echo "jq is missing: the VM commands were not tested"; exit 77; }
root=$TMP/root
mkdir "$root"
"$BUILD/tools/unpack" "$TOP/src/machine/demo/desktop.txt" "$root" || exit 1
bad=0 cases=0

complain() {
	echo "FAILED: $*"
	bad=1
}

vm() {
	"$VFIOTUI" --root "$root" vm "$@" >"$TMP/out" 2>"$TMP/errors" </dev/null
}

status() { # WANTED ARGUMENTS...
	local wanted=$1 got
	shift
	cases=$((cases + 1))
	vm "$@"
	got=$?
	[ $got -eq "$wanted" ] || complain "status $got, not $wanted: vm $*: $(tail -n 2 "$TMP/errors")"
}

says() { # WORDS: on standard error
	grep -qF -- "$1" "$TMP/errors" || complain "no \"$1\" in: $(cat "$TMP/errors")"
}

holds() { # FILTER: of the last output
	cases=$((cases + 1))
	jq -e "$1" "$TMP/out" >/dev/null || complain "does not hold: $1: $(cat "$TMP/out")"
}

picture() { # everything but the journal
	(cd "$root" && find . -path ./var/lib/vfiotui -prune -o -printf '%p %y %m %l\n' | sort
		find . -path ./var/lib/vfiotui -prune -o -type f -print0 | sort -z | xargs -0 sha256sum)
}

picture >"$TMP/before"
status 0 list
grep -q 'There is no VM yet' "$TMP/out" || complain "an empty list says nothing"
status 1 show
says "there is no VM yet"
status 1 start "my win"
says 'there is no VM "my win"'

# --- new ---------------------------------------------------------------------------------------
name="my win's \"\$(reboot)\""
conf="$root/etc/vfiotui/vm/$name.conf"
status 1 new "$name" --memory 8G
says "no terminal to ask on"
diff <(picture) "$TMP/before" >/dev/null || complain "a preview wrote something"
status 1 new "$name" --pin 1,2,3 --cores 2 --yes
says "can't be so"
grep -q 'pin names 3 CPUs' "$TMP/out" || complain "the reason is missing: $(cat "$TMP/out")"
status 1 new "$name" --network bridge --yes
diff <(picture) "$TMP/before" >/dev/null || complain "a refusal wrote something"
status 0 new "$name" --system linux --memory 8G --bind at-boot --device "01:00.0 ids=10de:2484" --device 01:00.1 \
	--disk "/srv/a, b.qcow2 size=20G" --qemu-option -device --qemu-option usb-tablet --yes
[ -f "$conf" ] || complain "there is no file: $(find "$root/etc/vfiotui")"
grep -q '^+device = 0000:01:00.0 ids=10de:2484' "$TMP/out" || complain "the preview lacks a line"
status 1 new "$name" --yes
says "already"

status 0 show --json
holds '.fields.memory == "8G" and .fields.bind == "at-boot" and (.fields.device | length) == 2'
holds '.fields["qemu-option"] == ["-device", "usb-tablet"] and .problems == []'
# the guest shows on the card that it was given, and in a window where that is no graphics card
holds '.fields.display == "none"'
status 1 new audio --device 01:00.1
grep -q '^+display = std' "$TMP/out" || complain "a guest without a card has no screen: $(cat "$TMP/out")"
status 0 list --json
holds '.vms | length == 1 and .[0].devices == ["0000:01:00.0", "0000:01:00.1"] and .[0].memory_mib == 8192'

# --- edit: comments stay, the same again changes nothing ---------------------------------------
printf '# mine: do not touch\n' >>"$conf"
cp "$conf" "$TMP/edited"
status 0 edit "$name" --memory 8G --yes
cmp -s "$conf" "$TMP/edited" || complain "an edit of nothing changed the file"
status 2 edit "$name"
says "say what to change"
status 0 edit "$name" --memory 12G --device 01:00.1 --yes
grep -q '^# mine: do not touch$' "$conf" || complain "the owner's comment is gone"
status 0 show "$name" --json
holds '.fields.memory == "12G" and .fields.device == ["0000:01:00.1 ids=10de:10f9 name=NVIDIA TU106 HD Audio"] and (.fields.disk | length) == 1'
status 0 edit "$name" --memory "" --device "" --yes
status 0 show "$name" --json
holds '.fields.device == []'

# --- other cores than those that are pinned ------------------------------------------------------
status 0 edit "$name" --cores 1 --threads 1 --pin 2 --pin-emulator 0 --yes
status 0 edit "$name" --memory 9G --yes
status 0 show "$name" --json
holds '.fields.pin == "2" and .fields["pin-emulator"] == "0"'
status 0 edit "$name" --cores 2 --yes
status 0 show "$name" --json
holds '.fields.pin == "" and .fields["pin-emulator"] == "" and .fields.cores == "2"'

# --- a file that was edited badly ----------------------------------------------------------------
printf 'memory = lots\nfrobnicate = 1\nhyperv = synic\n' >>"$conf"
status 0 show --json
holds '.problems | length >= 3'
holds '(.problems | length) == (.problems | unique | length)' # each is said once
status 0 list
grep -q 'lots' "$TMP/out" || complain "the list does not say what is wrong: $(cat "$TMP/out")"
cp "$TMP/edited" "$conf"

# --- libvirt: printed, defined on request, taken back ---------------------------------------------
status 0 xml
grep -qF "<name>my win&apos;s &quot;" "$TMP/out" || complain "no domain: $(cat "$TMP/out")"
xml="$root/etc/vfiotui/vm/$name.xml"
status 0 edit "$name" --libvirt yes --yes
"$VFIOTUI" --root "$root" vm xml >"$TMP/printed" 2>/dev/null
cmp -s "$xml" "$TMP/printed" || complain "vm xml prints something else than what libvirt gets"
status 0 edit "$name" --libvirt no --yes
[ ! -e "$xml" ] || complain "the domain's file is still there"
cp "$TMP/edited" "$conf"

# --- another root's VMs don't run here -----------------------------------------------------------
for command in start stop kill pause resume log; do
	status 1 $command
	says "another root"
done
status 1 status
says "cannot tell"
status 1 status --json
holds '.state == "unknown" and .pid == null'

# --- delete, undo -----------------------------------------------------------------------------------
status 0 delete --yes
[ ! -e "$conf" ] || complain "the file is still there"
"$VFIOTUI" --root "$root" undo --yes >/dev/null || complain "undo failed"
cmp -s "$conf" "$TMP/edited" || complain "undo did not bring the deleted file back"
echo "$cases cases"
exit $bad
