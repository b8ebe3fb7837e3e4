#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a user reads, and gets, when a change was interrupted, when a file was edited since, and when the journal is damaged.
set -u
root=$TMP/root
mkdir "$root"
make --no-print-directory BUILD="$BUILD" "$BUILD/tools/unpack" >/dev/null || exit 1
"$BUILD/tools/unpack" "$TOP/src/machine/demo/desktop.txt" "$root" || exit 1
mkdir -p "$root/var/lib"
changes=$root/var/lib/vfiotui/changes

picture() { tar -C "$root" --sort=name --mtime=@0 --exclude=./var/lib/vfiotui -cf - . | sha256sum; }
fail() { echo "FAILED $1"; cat "$TMP/out"; exit 1; }
run() { # STATUS ARGUMENT...
	local status=$1
	shift
	"$VFIOTUI" --root "$root" "$@" >"$TMP/out" 2>&1
	[ $? -eq "$status" ] || fail "$*: another status than $status"
}
says() { tr -s ' \n' '  ' <"$TMP/out" | grep -qF -- "$1" || fail "it does not say \"$1\""; }
# A change that was stopped behind its second file, as a power cut does.
interrupt() {
	run 0 apply 01:00 --user alex --yes
	sed -i 's/"state": "[a-z]*"/"state": "prepared"/' "$changes"/"$1"/record.json
	cp "$changes/$1/before.3" "$root/etc/default/grub" # the fourth edit
	rm "$root/etc/vfiotui/launch.sh"
}
before=$(picture)

# --- one after another, and the files of each
run 0 apply 01:00 --user alex --yes
one=$(picture)
run 0 apply 01:00 --user alex --bind address --yes
run 0 history
says 'change /etc/default/grub'
says 'create /etc/modprobe.d/vfio.conf'
run 0 undo --yes
[ "$(picture)" = "$one" ] || fail 'the first undo'
run 0 undo --yes
[ "$(picture)" = "$before" ] || fail 'the second undo'
run 1 undo --yes
says 'there is no change to take back'
rm -r "$changes"

# --- interrupted: the next apply and undo say which way they go
for command in 'undo --yes' 'apply 01:00 --user alex --yes'; do
	interrupt 0001
	run 1 status
	says 'Change 1 was interrupted while its files were written'
	# shellcheck disable=SC2086
	run 0 $command
	says 'Change 1 had been interrupted while its files were written; all of them are as they were before it'
	[ "$command" = 'undo --yes' ] || run 0 undo --yes
	[ "$(picture)" = "$before" ] || fail "an interrupted change, then $command"
	rm -r "$changes"
done

# --- an interrupted undo is carried on
run 0 apply 01:00 --user alex --yes
run 0 undo --yes
sed -i 's/"state": "[a-z]*"/"state": "prepared"/' "$changes/0002/record.json"
cp "$changes/0002/before.1" "$root$(sed -n 's/.*"path": "\(.*\)".*/\1/p' "$changes/0002/record.json" | sed -n 2p)"
run 0 undo --yes
says 'The undo of change 1 had been interrupted; all its files are back now'
[ "$(picture)" = "$before" ] || fail 'an interrupted undo'
rm -r "$changes"

# --- edited since
run 0 apply 01:00 --user alex --yes
echo '# mine' >>"$root/etc/default/grub"
edited=$(picture)
run 1 undo --yes
says '/etc/default/grub, three versions:'
says '+# mine'
says 'nothing was written'
[ "$(picture)" = "$edited" ] || fail 'a refused undo wrote'
sed -i '$d' "$root/etc/default/grub"
run 0 undo --yes
[ "$(picture)" = "$before" ] || fail 'undo behind a mended edit'
rm -r "$changes"

# --- a damaged record
run 0 apply 01:00 --user alex --yes
truncate -s 100 "$changes/0001/record.json"
for command in 'undo --yes' 'undo 1 --yes' status; do
	# shellcheck disable=SC2086
	run 1 $command
	says 'record of change 1'
	says 'is damaged'
	says '/var/lib/vfiotui/changes/0001'
done
run 0 history
says 'record of change 1'
run 0 plan 01:00 --user alex
says 'record of change 1'
run 1 status --json
says '"ok": false'
says 'the record of change 1 can be read'
echo 'interrupted, edited and damaged: said, and nothing lost'
