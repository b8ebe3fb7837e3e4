#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# capture: what a recording of a recording says is what the first one says, for every machine; nothing private is in it;
# hostile names don't break the format; a file is not overwritten unasked.
set -u
command -v jq >/dev/null || { echo "jq is missing: recordings were not compared"; exit 77; }
export TMPDIR=$TMP/tmp
[ -w /dev/shm ] && TMPDIR=$(mktemp -d /dev/shm/vfiotui-capture.XXXXXX) # thousands of small files
mkdir -p "$TMPDIR"
trap 'rm -rf "$TMPDIR"' EXIT
bad=0 machines=0 compared=0

complain() {
	echo "FAILED: $*"
	bad=1
}

# --- the round trip --------------------------------------------------------------------------------
same() { # MACHINE COMMAND...
	local machine=$1
	shift
	compared=$((compared + 1))
	"$VFIOTUI" --root "$TMPDIR/first" "$@" >"$TMP/a" 2>&1
	"$VFIOTUI" --root "$TMPDIR/second" "$@" >"$TMP/b" 2>&1
	cmp -s "$TMP/a" "$TMP/b" && return
	complain "$machine: $1 differs after the round trip"
	diff "$TMP/a" "$TMP/b" | head -n 6
}

# a fresh root of a recording in a directory of that name
unpack() { # RECORDING NAME
	rm -rf "${TMPDIR:?}/$2"
	mkdir "$TMPDIR/$2"
	"$BUILD/tools/unpack" "$1" "$TMPDIR/$2" || complain "$1 does not unpack"
}

for machine in "$TOP"/tests/machines/*.txt; do
	name=${machine##*/}
	unpack "$machine" first
	"$VFIOTUI" --root "$TMPDIR/first" capture - >"$TMP/one" 2>"$TMP/errors" || complain "$name: $(cat "$TMP/errors")"
	unpack "$TMP/one" second
	"$VFIOTUI" --root "$TMPDIR/second" capture - >"$TMP/two" 2>"$TMP/errors" || complain "$name again: $(cat "$TMP/errors")"
	cmp -s "$TMP/one" "$TMP/two" || { complain "$name: another recording the second time"; diff "$TMP/one" "$TMP/two" | head -n 4; }
	mapfile -t devices < <("$VFIOTUI" --root "$TMPDIR/first" list --json | jq -r '.groups[].devices[] | select(.bridge | not) | .address')
	same "$name" list --json
	same "$name" acs --json
	same "$name" check --json
	same "$name" check --json "${devices[@]}"
	[ "$(stat -c %s "$TMP/one")" -lt 120000 ] || complain "$name: $(stat -c %s "$TMP/one") bytes are too many to paste"
	machines=$((machines + 1))
done
[ $machines -ge 44 ] || complain "only $machines machines"

# --- the whole chain: boot loader, initramfs, modules, uses ------------------------------------------
demo=$TOP/src/machine/demo/desktop.txt
"$VFIOTUI" --root "$demo" capture - >"$TMP/demo"
for file in demo "$demo"; do
	[ "$file" = demo ] && file=$TMP/demo
	"$VFIOTUI" --root "$file" list --json | jq -S 'del(.. | .what?)' >"$TMP/list.$(basename "$file")"
	"$VFIOTUI" --root "$file" plan --json 01:00 | jq -S '[.findings, (.edits | map([.path, .action, .why])), .commands, .reboot, .warnings]' \
		>"$TMP/plan.$(basename "$file")"
done
diff "$TMP/list.demo" "$TMP/list.desktop.txt" >"$TMP/diff" || { complain "the demo's devices differ"; head -n 5 "$TMP/diff"; }
diff "$TMP/plan.demo" "$TMP/plan.desktop.txt" >"$TMP/diff" || { complain "the demo's plan differs"; head -n 5 "$TMP/diff"; }
jq -e '[.. | .used_by? // empty | .[] | .kind] | index("root-disk") and index("default-route")' "$TMP/list.demo" >/dev/null ||
	complain "the uses are not in the recording"

# --- nothing private ------------------------------------------------------------------------------------
root=$TMPDIR/planted
mkdir "$root"
"$BUILD/tools/unpack" "$demo" "$root" || exit 1
uuid=6f0d2c1e-3b54-4b8e-9b1a-5a7e1c0f2d44 serial=S64DNF0R987654 mac=00:e0:4c:68:13:37 machine=0badc0de0badc0de0badc0de0badc0de
echo workhorse.home.example >"$root/proc/sys/kernel/hostname"
echo workhorse >"$root/etc/hostname"
echo $machine >"$root/etc/machine-id"
sed -i 's/alex/wilhelmina/g' "$root/etc/passwd" "$root/etc/group"
echo "root=UUID=$uuid cryptdevice=/dev/disk/by-id/nvme-$serial:wilhelmina ip=10.9.8.7 netconsole=@/eth0,@10.9.8.6/$mac hostname=workhorse site.key=Hunter2" >"$root/proc/cmdline"
cat >>"$root/etc/default/grub" <<END
# Wilhelmina's comment, phone 555-1234
GRUB_CMDLINE_LINUX="root=UUID=$uuid rd.luks.name=$uuid=workhorse-root ifname=lan:$mac"
GRUB_BADGE="wilhelmina@home.example"
END
printf 'vnc_password = "Hunter2"\nvnc_listen = "10.9.8.7"\n# wilhelmina was here\nuser = "wilhelmina"\n' >>"$root/etc/libvirt/qemu.conf"
printf '# Hunter2\noptions bond mac=%s serial=%s key=%s\n' $mac $machine $machine >"$root/etc/modprobe.d/local.conf"
mkdir -p "$root/boot/loader/entries" "$root/etc/vfiotui/vm" "$root/home/wilhelmina"
printf 'title x\nmachine-id %s\noptions root=UUID=%s\n' $machine $uuid >"$root/boot/loader/entries/$machine-6.12.conf"
touch "$root/boot/loader/loader.conf"
printf 'name=wilhelminas-vm\n' >"$root/etc/vfiotui/vm/secret.conf"
sed -i 's/192\.168\.1\.20/10.9.8.7/; s/enp8s0/enx00e04c681337/' "$root/proc/net/fib_trie" "$root/proc/net/route"
sed -i 's,/home/alex/games,/home/wilhelmina/projectX,' "$root/proc/self/mountinfo" "$root/proc/mounts"
chain() { # LOADER FILE...: what the recording holds under that boot loader
	local loader=$1 file
	shift
	"$VFIOTUI" --root "$root" capture - >"$TMP/planted.$loader" || complain "the planted machine was not recorded ($loader)"
	for file; do
		grep -A1 "^file $file" "$TMP/planted.$loader" | grep -q '^|' || complain "$file is not in the recording ($loader)"
	done
	"$VFIOTUI" --root "$TMP/planted.$loader" plan 01:00 >"$TMP/out" 2>&1 || complain "no plan ($loader): $(tail -n 1 "$TMP/out")"
}
chain systemd-boot /etc/libvirt/qemu.conf /etc/modprobe.d/local.conf \
	/boot/loader/entries/00000000000000000000000000000000-6.12.conf
sed -i 's,^,BOOT_IMAGE=/vmlinuz-linux ,' "$root/proc/cmdline"
chain grub /etc/libvirt/qemu.conf /etc/modprobe.d/local.conf /etc/default/grub
for secret in workhorse wilhelmina $uuid $serial $mac 00e04c681337 $machine 10.9.8.7 10.9.8.6 Hunter2 555-1234 projectX 0badc0de; do
	if grep -qiF -- "$secret" "$TMP"/planted.*; then
		complain "\"$secret\" is in the recording: $(grep -iF -m 2 -- "$secret" "$TMP"/planted.*)"
	fi
done

# --- hostile names ------------------------------------------------------------------------------------------
root=$TMPDIR/hostile
mkdir "$root"
"$BUILD/tools/unpack" "$demo" "$root" || exit 1
device=$root/sys/devices/pci0000:00/0000:00:14.0
hostile=$'x\nfile /etc/injected\n|evil\e[31m\t"'
ln -sfn "../../../bus/pci/drivers/$hostile" "$device/driver"
printf '%s' "$hostile" >"$device/driver_override"
printf 'A=1\n|\n\\\nlink /etc/injected /etc/shadow\nfile /etc/injected\n' >>"$root/etc/default/grub"
printf 'options a b=\e[31m\r\n' >"$root/etc/modprobe.d/escape.conf"
printf 'ok\n' >"$root/etc/modprobe.d/${hostile//\//_}.conf"
printf 'options x y=1\n' >"$root/etc/modprobe.d/with blank.conf"
ln -s "/etc/${hostile//\//_}" "$root/etc/modprobe.d/zz.conf"
"$VFIOTUI" --root "$root" capture - >"$TMP/hostile" || complain "the hostile machine was not recorded"
"$VFIOTUI" --root "$TMP/hostile" list >"$TMP/out" 2>&1 || complain "the hostile recording does not open: $(tail -n 1 "$TMP/out")"
grep -qE '^(file|link|dir|hex) /etc/injected' "$TMP/hostile" && complain "a name made a section of its own"
grep -q '^hex /etc/modprobe.d/escape.conf' "$TMP/hostile" || complain "a file with control characters is missing"
grep -q $'\e' "$TMP/hostile" && complain "an escape code is in the recording"
"$VFIOTUI" --root "$TMP/hostile" capture - | cmp -s - "$TMP/hostile" || complain "the hostile recording changes the second time"

# --- the file ---------------------------------------------------------------------------------------------------
cd "$TMP" || exit 1
"$VFIOTUI" --root "$demo" capture rec.txt >out 2>errors || complain "not written: $(cat errors)"
cmp -s rec.txt demo || complain "the file is not what - prints"
[ "$(stat -c %a rec.txt)" = 644 ] || complain "mode $(stat -c %a rec.txt)"
echo mine >mine.txt
"$VFIOTUI" --root "$demo" capture mine.txt >out 2>errors && complain "a file was overwritten unasked"
grep -q 'there already; nothing was written; --yes replaces it' errors || complain "no hint: $(cat errors)"
[ "$(cat mine.txt)" = mine ] || complain "the refused file was changed"
"$VFIOTUI" --root "$demo" capture --yes mine.txt >out 2>errors || complain "--yes does not replace: $(cat errors)"
cmp -s mine.txt demo || complain "--yes wrote something else"
ln -s demo here.lnk
"$VFIOTUI" --root "$demo" capture --yes here.lnk >out 2>errors && complain "a link was written through"
"$VFIOTUI" --root "$demo" capture nowhere/rec.txt >out 2>errors && complain "a missing directory is no error"
"$VFIOTUI" --root "$demo" capture >out 2>errors
[ $? -eq 2 ] || complain "no file is not wrong usage"
[ "$(find . -maxdepth 1 -name '*.vfiotui*' -o -maxdepth 1 -name '.*rec*' | wc -l)" -eq 0 ] || complain "temporaries are left"

# --- this machine, as anybody ----------------------------------------------------------------------------------
"$VFIOTUI" capture live.txt >out 2>errors || complain "this machine was not recorded: $(cat errors)"
"$VFIOTUI" --root live.txt list --json >out || complain "its recording does not open"
facts='[.groups[].devices[], .ungrouped[]] | map([.address, .class, .vendor, .device, .driver, .bridge])'
"$VFIOTUI" list --json | jq -S "$facts" >live.facts
jq -S "$facts" out >recorded.facts
diff live.facts recorded.facts >"$TMP/diff" || { complain "its recording shows other devices"; head -n 5 "$TMP/diff"; }
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null && chmod 777 "$TMP" && setpriv --reuid=65534 --clear-groups test -x "$VFIOTUI" 2>/dev/null; then
	setpriv --reuid=65534 --regid=65534 --clear-groups "$VFIOTUI" capture - >nobody.txt 2>errors || complain "nobody can't record: $(cat errors)"
	grep -q 'needs root' nobody.txt || complain "the recording of nobody does not say what it lacks"
fi
echo "measured: $compared answers of $machines recorded machines the same after a round trip"
exit $bad
