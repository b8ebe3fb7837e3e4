#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# After a firmware update: the card that was handed over has another address, and another card has its old one. The map of
# the last apply says so; nothing that came to a configured address is configured, bound or started in its place.
set -u
command -v jq >/dev/null || { echo "jq is missing: what moved was not tested"; exit 77; }
recording=$TOP/tests/ui/machines/archbox.txt
export TMPDIR=$TMP/tmp
mkdir "$TMPDIR"
bad=0 cases=0
map=var/lib/vfiotui/map

complain() {
	echo "FAILED: $*"
	bad=1
}

run() { # STATUS ARGUMENTS...
	local wanted=$1 got
	shift
	cases=$((cases + 1))
	"$VFIOTUI" --ids "$TOP/tests/ui/machines/pci.ids" "$@" >"$TMP/out" 2>&1 </dev/null
	got=$?
	[ $got -eq "$wanted" ] || { complain "status $got, not $wanted: $*"; tail -n 3 "$TMP/out"; }
}

says() { # WORDS: in the last output, line breaks aside
	cases=$((cases + 1))
	tr -s ' \n' '  ' <"$TMP/out" | grep -qF -- "$1" || { complain "does not say: $1"; cat "$TMP/out"; }
}

silent() { # WORDS
	cases=$((cases + 1))
	! grep -qF -- "$1" "$TMP/out" || { complain "says: $1"; cat "$TMP/out"; }
}

holds() { # FILTER: of the last output
	cases=$((cases + 1))
	jq -e "$1" "$TMP/out" >/dev/null || complain "does not hold: $1"
}

# The same machine with the card one bus further, and one by AMD where it was.
moved() {
	sed -e 's/^\(1[0-9]\t0000:\)0b:00/\10c:00/' \
		-e 's/\(0000:00:03.1.*\t\)0b\t0b\t/\10b\t0c\t/' "$recording"
	printf '%s\t' 40 0000:0b:00.0 0300 1002:67df c7 1043:0525 amdgpu amdgpu
	printf 'VGA compatible controller: AMD Ellesmere\tlegacy-endpoint\tno\t-\t-\tno\t-\t-\t8GT/s,x16\t8GT/s,x16\t-\t-\n'
}

root=$TMP/before now=$TMP/now
mkdir "$root" "$now"
"$BUILD/tools/unpack" "$recording" "$root" || exit 1
moved >"$TMP/moved.txt"
"$BUILD/tools/unpack" "$TMP/moved.txt" "$now" || exit 1
picture() {
	(cd "$1" && find . -path ./var -prune -o -type f -print0 | sort -z | xargs -0 sha256sum)
}
picture "$root" >"$TMP/first"

# --- nothing is remembered before the first apply; then the map is there, and marks what was handed over
run 0 --root "$root" check
silent "has changed since its map"
[ ! -e "$root/$map" ] || complain "a map without an apply"
run 0 --root "$root" apply 0b:00 --bind=address --user alex --yes
grep -q '^0000:0b:00.0 10de:2484 1462:3905 15 x ' "$root/$map" || complain "the card's row: $(cat "$root/$map")"
grep -q '^0000:02:00.0 144d:a80a 144d:a801 12 - ' "$root/$map" || complain "the disk's row: $(cat "$root/$map")"
[ "$(stat -c %a "$root/$map")" = 600 ] || complain "mode $(stat -c %a "$root/$map") of the map"
run 0 --root "$root" check
silent "has changed since its map"

# --- the same disk in the machine as it is after the update
cp -a "$root/etc" "$root/var" "$now/"
run 0 --root "$now" check
says "0b:00.0, configured for a VM, now holds another device (AMD"
says "The machine has changed since its map was saved. 0b:00.0, configured"
says "is not handed over in its place"
says "from 0b:00.0 to 0c:00.0"
says "vfiotui apply 0c:00.0 0c:00.1"
run 0 --root "$now" check --json
holds '[.findings[] | select(.code == "moved" and .severity == "warn" and .subject == "host")] | length == 1'
run 0 --root "$now" list --json
holds '[.groups[].devices[] | select(.configured)] | length == 0'

# --- bind by an address from memory
run 1 --root "$now" bind 0b:00.0 --yes
says "0000:0b:00.0 was NVIDIA GeForce RTX 3070 when it was configured, and is now AMD"
run 1 --root "$now" bind 0b:00.0 --yes --force moved
says "not done: 0000:0b:00.0"
run 1 --root "$now" bind 0c:00 --yes
says "0000:0c:00.0 to vfio-pci"

# --- status names the device that is there
run 1 --root "$now" status
says "10de:2484"

# --- the places as they are now may be remembered; what is configured still means the card
run 0 --root "$now" check --save-map
says "Remembered:"
grep -q '^0000:0b:00.0 1002:67df 1043:0525 40 - ' "$now/$map" || complain "the new card's row"
run 0 --root "$now" check
says "0b:00.0, configured for a VM, now holds another device"

# --- without the map, as for a user who may not read it, the entries themselves tell
rm "$now/$map"
run 0 --root "$now" check
says "0b:00.0, configured for a VM, now holds another device"

# --- a damaged map is none
printf 'rubbish\n' >"$now/$map"
run 0 --root "$now" check
says "now holds another device"

# --- applied again, nothing is left to say
run 0 --root "$now" apply 0c:00 --bind=address --user alex --yes
run 0 --root "$now" check
silent "has changed since its map"
run 0 --root "$now" list --json
holds '[.groups[].devices[] | select(.configured) | .address] == ["0000:0c:00.0", "0000:0c:00.1"]'

# --- a hand-made entry that looks at the address only is called by its name
mkdir -p "$now/etc/driverctl.d"
printf 'vfio-pci\n' >"$now/etc/driverctl.d/0000:06:00.0"
run 0 --root "$now" check --save-map
sed -i 's/^0000:06:00.0 8086:2723/0000:06:00.0 168c:0030/' "$now/$map"
run 0 --root "$now" check
says "06:00.0, configured for a VM, now holds another device"
says "A hand-made entry gives it to the VM all the same"

# --- undo: the first files again; the map keeps the places and takes the marks back
run 0 --root "$root" undo --yes
diff "$TMP/first" <(picture "$root") >"$TMP/diff" || complain "undo left: $(head -n 5 "$TMP/diff")"
grep -q '^0000:0b:00.0 10de:2484 1462:3905 15 - ' "$root/$map" || complain "the mark after undo: $(cat "$root/$map")"
cp -a "$root/var" "$TMP/var"
run 0 --root "$root" apply 0d:00.3 --yes
run 0 --root "$root" apply 0b:00 --yes
run 0 --root "$root" undo --yes
grep -q '^0000:0d:00.3 .* x ' "$root/$map" || complain "undo marks what was handed over before"
grep -q '^0000:0b:00.0 .* - ' "$root/$map" || complain "undo keeps a mark"

# --- where nothing can be written the findings come all the same, and the error says that nothing was saved
rm -rf "${root:?}/var"
ln -s /proc/nothing "$root/var"
run 1 --root "$root" check --save-map
says "nothing was written"

echo "measured: $cases answers about what moved"
exit $bad
