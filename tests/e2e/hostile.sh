#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Machines and recordings made by somebody who means harm: each look at them must end within 10 seconds by itself, and
# neither stdout nor stderr may hold a byte that a terminal takes for a command. Nothing outside the root may be shown.
set -u
command -v perl >/dev/null || { echo 'perl is missing: no hostile machine was made'; exit 77; }
pristine=$TMP/pristine root=$TMP/root
export TMPDIR=$TMP/tmp
mkdir "$TMPDIR" "$pristine"
"$BUILD/tools/unpack" "$TOP/src/machine/demo/desktop.txt" "$pristine" || exit 1
evil=$'\e]0;evil\a\e[31m\xc2\x9b31m\xe2\x80\xae\xff\xfe\r"`$(touch '"$TMP"'/owned)'
kernel=/usr/lib/modules/6.12.8-arch1-1
card=/sys/devices/pci0000:00/0000:00:01.1/0000:01:00.0
bad=0 looks=0

clean() { # FILE: printable UTF-8, newline and tab; nothing else
	perl -Ci -0777 -ne 'exit(/[^\n\t\x20-\x7e\x{a0}-\x{200d}\x{2010}-\x{2027}\x{202f}-\x{2065}\x{206a}-\x{10ffff}]/ ? 1 : 0)' "$1" &&
		iconv -f UTF-8 -t UTF-8 "$1" >/dev/null 2>&1
}

look() { # WHAT ARGUMENT...
	local what=$1 status
	shift
	timeout -k 1 60 "$VFIOTUI" "$@" >"$TMP/out" 2>"$TMP/errors" </dev/null
	status=$?
	looks=$((looks + 1))
	[ $status -le 2 ] || { echo "FAILED $what: status $status: $*"; tail -n 3 "$TMP/errors"; bad=1; }
	for file in out errors; do
		clean "$TMP/$file" || { echo "FAILED $what: a control character in $file: $*"; bad=1; }
	done
	! grep -q 'not-to-be-seen' "$TMP/out" "$TMP/errors" || { echo "FAILED $what: left the root: $*"; bad=1; }
}

all() { # WHAT
	for words in list 'list --json' 'show 01:00.0' 'show 01:00.0 --json' 'check 01:00' acs status 'history --json' \
		'plan 01:00 --user alex' 'plan 01:00 --bind address --user alex --json'; do
		# shellcheck disable=SC2086
		look "$1" --root "$root" $words
	done
}

few() { # WHAT
	look "$1" --root "$root" list --json
	look "$1" --root "$root" plan 01:00 --user alex
}

fresh() {
	rm -rf "$root"
	cp -a "$pristine" "$root"
}

put() { # PATH, the bytes on stdin
	mkdir -p "$root${1%/*}"
	rm -f "$root$1"
	cat >"$root$1"
}

# --- terminal commands in every text that is shown ------------------------------------------------------------
fresh
for path in /etc/os-release /etc/hostname /proc/cmdline /proc/cpuinfo /proc/mounts /proc/self/mountinfo /proc/swaps \
	/proc/sys/kernel/hostname /proc/sys/kernel/osrelease /proc/version /etc/modprobe.d/evil.conf /etc/mkinitcpio.conf.d/evil.conf \
	/etc/udev/rules.d/00-evil.rules /etc/libvirt/qemu.conf /etc/default/grub /boot/grub/grub.cfg /etc/vfiotui/launch.sh; do
	fresh
	printf 'NAME="%s" options vfio-pci %s /dev/sda1 / ext4 %s\n%s\n' "$evil" "$evil" "$evil" "$evil" | put "$path"
	few "control characters in $path"
done
fresh
rm "$root$card/driver"
ln -s "../../../../bus/pci/drivers/$evil" "$root$card/driver"
for attribute in vendor device class revision reset_method driver_override current_link_speed; do
	printf '%s\n' "$evil" | put "$card/$attribute"
done
printf 'alias pci:* %s\n' "$evil" | put "$kernel/modules.alias"
printf '%s:x:1000:1000::/home/alex:/bin/sh\n' "$evil" | put /etc/passwd
all 'control characters in sysfs'
printf '10de  %s\n\t1f03  %s\n' "$evil" "$evil" >"$TMP/pci.ids"
look 'control characters in pci.ids' --root "$root" --ids "$TMP/pci.ids" list
printf '%s\n' "$evil" >"$TMP/evil.txt"
look 'a recording of control characters' --root "$TMP/evil.txt" list
look 'an address of control characters' --root "$root" show "$evil"
look 'a command of control characters' --root "$root" plan --user "$evil" 01:00

# --- sizes that a square would never end -------------------------------------------------------------------------
large() { # PATH WHAT PERL: an expression that gives the bytes
	fresh
	perl -e "print $3" | put "$1"
	few "$2 in $1"
	look "$2 in $1" --root "$root" plan 01:00 --user alex --bind address
}
large /etc/modprobe.d/a.conf '100,000 equal lines' '"options vfio-pci ids=10de:1f03\n" x 100000'
large /etc/modprobe.d/a.conf '50,000 ids' '"options vfio-pci ids=" . join(",", map { sprintf "%04x:%04x", $_ >> 8, $_ & 255 } 1 .. 50000) . "\n"'
large /etc/modprobe.d/a.conf '100,000 soft dependencies' 'map { "softdep m$_ pre: vfio-pci\n" } 1 .. 100000'
large /etc/default/grub 'a value that doubles 60 times' '"A=xxxxxxxx\n" . "A=\"\$A\$A\"\n" x 60 . "GRUB_CMDLINE_LINUX_DEFAULT=\"\$A\"\n"'
large /etc/default/grub '100,000 values that grow' '"GRUB_CMDLINE_LINUX_DEFAULT=\"\$GRUB_CMDLINE_LINUX_DEFAULT x\"\n" x 100000'
large /etc/default/grub '200,000 variables' 'map { "V$_=1\n" } 1 .. 200000'
large /etc/default/grub '4 MiB on one line' '"GRUB_CMDLINE_LINUX_DEFAULT=\"" . "a " x 2000000 . "\"\n"'
large /etc/default/grub '100,000 open brackets' '"\$(" x 100000'
large /etc/libvirt/qemu.conf '200,000 entries' '"user = \"root\"\n" x 200000'
large /etc/libvirt/qemu.conf '100,000 open lists' '"cgroup_device_acl = [" x 100000'
large /etc/udev/rules.d/00-a.rules '50,000 rules' 'map { sprintf "SUBSYSTEM==\"pci\", KERNEL==\"%04x:01:00.0\", ATTR{driver_override}=\"vfio-pci\"\n", $_ } 1 .. 50000'
large $kernel/modules.alias '300,000 modules for all devices' 'map { "alias pci:* m$_\n" } 1 .. 300000'
large /proc/self/mountinfo '30,000 mounts' 'map { "$_ 1 8:1 / /m$_ rw - ext4 /dev/sda1 rw\n" } 20 .. 30020'
large /etc/passwd '400,000 users' '"alex:x:1000:1000::/home/alex:/bin/sh\n" x 400000'
perl -e 'print "\t" x 9000000' >"$TMP/pci.ids"
look 'a pci.ids of tabs' --root "$root" --ids "$TMP/pci.ids" list

# --- devices that stand on each other in circles --------------------------------------------------------------------
fresh
for i in $(seq 0 99); do
	dir=$root/sys/devices/virtual/block/dm-$i
	mkdir -p "$dir/slaves"
	for below in $(((i + 1) % 100)) $(((i + 7) % 100)); do
		ln -s "../../dm-$below" "$dir/slaves/dm-$below"
	done
	ln -s "../../devices/virtual/block/dm-$i" "$root/sys/class/block/dm-$i"
	ln -s "../../devices/virtual/block/dm-$i" "$root/sys/dev/block/253:$i"
done
perl -e 'printf "%d 1 253:%d / /m%d rw - ext4 /dev/dm-%d rw\n", $_ + 20, $_ % 100, $_, $_ % 100 for 0 .. 2999' | put /proc/self/mountinfo
few 'block devices in circles'

# --- pipes and circles in place of files ------------------------------------------------------------------------------
for path in /etc/default/grub /etc/modprobe.d/vfio.conf /proc/cmdline /etc/passwd $kernel/modules.alias $kernel/modules.alias.bin \
	$kernel/modules.dep.bin /etc/libvirt/qemu.conf $card/uevent $card/config; do
	fresh
	rm -f "$root$path"
	mkfifo "$root$path"
	few "a pipe at $path"
	rm "$root$path"
	ln -s "${path##*/}" "$root$path"
	few "a link to itself at $path"
done
mkfifo "$TMP/pipe"
look 'a pci.ids that is a pipe' --root "$root" --ids "$TMP/pipe" list
look 'a root that is a pipe' --root "$TMP/pipe" list

# --- indexes of modules that lie about their offsets -----------------------------------------------------------------------
for seed in 1 2 3 4 5 6; do
	fresh
	for name in alias dep symbols builtin builtin.alias; do
		perl -e 'srand shift; print pack("N3", 0xb007f457, 0x20001, 0xe0000010), map { chr((0, 12, 32, 64, 255, 112)[rand 6]) } 1 .. 400' \
			$seed | put "$kernel/modules.$name.bin"
	done
	few 'a damaged index of modules'
done

# --- ways out of the root ------------------------------------------------------------------------------------------------------
echo "GRUB_CMDLINE_LINUX_DEFAULT='not-to-be-seen'" >"$TMP/outside"
for path in /etc/default/grub /etc/modprobe.d/vfio.conf /etc/libvirt/qemu.conf /etc/udev/rules.d/70-vfiotui-vfio.rules /proc/cmdline; do
	for link in "$TMP/outside" "../../../../../../../../../../..$TMP/outside"; do
		fresh
		rm -f "$root$path"
		ln -s "$link" "$root$path"
		few "a link out of the root at $path"
		look "a link out of the root at $path" --root "$root" apply 01:00 --user alex --yes
	done
done
[ "$(cat "$TMP/outside")" = "GRUB_CMDLINE_LINUX_DEFAULT='not-to-be-seen'" ] || { echo 'FAILED a file outside the root was written'; bad=1; }
[ ! -e "$TMP/owned" ] || { echo 'FAILED a text was run as a command'; bad=1; }
[ -z "$(ls -A "$TMPDIR")" ] || { echo 'FAILED temporary directories are left'; bad=1; }
echo "measured: $looks looks at hostile machines"
exit $bad
