#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A change over file systems and files that are not as usual: real mounts, in a mount namespace of its own. What can't be replaced is
# refused before anything is written, with the reason; a disk that fills up puts all back; and no file is more open at any time
# than it was.
set -u
if [ "${1:-}" != inside ]; then
	[ "$(id -u)" -eq 0 ] || { echo 'not root: no file system was mounted'; exit 77; }
	unshare -m true 2>/dev/null || { echo 'no mount namespaces here: no file system was mounted'; exit 77; }
	exec unshare -m --propagation private bash "$0" inside
fi
root=$TMP/root
make --no-print-directory BUILD="$BUILD" "$BUILD/tools/unpack" >/dev/null || exit 1
cases=0

fail() { tail -n 15 "$TMP/out"; echo "FAILED $1"; exit 1; }
picture() { tar -C "$root" --sort=name --mtime=@0 --exclude=./var/lib --exclude=./boot/filler -cf - . | sha256sum; }
fresh() { # with systemd-boot, whose entries are on a file system of their own on most machines
	rm -rf "$root"
	mkdir "$root"
	"$BUILD/tools/unpack" "$TOP/src/machine/demo/desktop.txt" "$root" || exit 1
	rm -r "$root/etc/default/grub" "$root/usr/bin/grub-mkconfig" "${root:?}/boot"
	mkdir -p "$root/boot" "$root/var/lib"
}
entries() {
	mkdir -p "$root/boot/loader/entries" "$root/boot/EFI/systemd"
	: >"$root/boot/EFI/systemd/systemd-bootx64.efi"
	printf 'default arch.conf\n' >"$root/boot/loader/loader.conf"
	printf 'title arch\nlinux /vmlinuz\noptions root=UUID=1 rw\n' >"$root/boot/loader/entries/arch.conf"
}
run() { "$VFIOTUI" --root "$root" "$@" --yes >"$TMP/out" 2>&1; }
refused() { # WHAT WORDS
	local before
	before=$(picture)
	! run apply 01:00 --user alex || fail "$1: not refused"
	tr -s ' \n' '  ' <"$TMP/out" | grep -qF -- "$2" || fail "$1: it does not say \"$2\""
	[ "$(picture)" = "$before" ] || fail "$1: something was written"
	[ -z "$(find "$root" -xdev -name '.*vfiotui*')" ] || fail "$1: a temporary is left"
	cases=$((cases + 1))
}
applied() { # WHAT: it goes there, and back
	local before
	before=$(picture)
	run apply 01:00 --user alex || fail "$1: apply"
	grep -q 'iommu=pt' "$root/boot/loader/entries/arch.conf" || fail "$1: nothing was written"
	run undo || fail "$1: undo"
	[ "$(picture)" = "$before" ] || fail "$1: undo did not give the first files back"
	cases=$((cases + 1))
}

# --- /boot of its own: whole, read-only, full, FAT
fresh && mount -t tmpfs none "$root/boot" && entries
applied 'a /boot of its own'
mount -o remount,ro "$root/boot"
refused 'a read-only /boot' 'read-only'
umount "$root/boot"

fresh && mount -t tmpfs -o size=64k none "$root/boot" && entries
dd if=/dev/zero of="$root/boot/filler" bs=4k status=none 2>/dev/null
refused 'a full /boot' 'No space left'
umount "$root/boot"

fresh && mount -t tmpfs -o size=2m none "$root/var/lib" && mount -t tmpfs none "$root/boot" && entries
dd if=/dev/zero of="$root/var/lib/filler" bs=4k status=none 2>/dev/null
refused 'no room for the journal' 'No space left'
umount "$root/var/lib" "$root/boot"

# FAT keeps no owner, no mode, no links, and takes names that differ in case for one: by the kernel, else by FUSE.
mount_fat() {
	truncate -s 64M "$TMP/fat" && mkfs.vfat -F 16 "$TMP/fat" >/dev/null || return 1
	mount -o loop,umask=0077 "$TMP/fat" "$root/boot" 2>/dev/null && return 0
	fusefat -o rw+ "$TMP/fat" "$root/boot" >/dev/null 2>&1 && mountpoint -q "$root/boot"
}
fresh
if ! command -v mkfs.vfat >/dev/null; then
	echo 'NOT TRIED: mkfs.vfat is missing (dosfstools), so no FAT /boot'
elif mount_fat; then
	entries
	[ -e "$root/boot/LOADER/Entries/ARCH.CONF" ] || fail 'a FAT /boot: this is no FAT'
	! ln -s x "$root/boot/link" 2>/dev/null || fail 'a FAT /boot: this is no FAT, it has links'
	applied 'a FAT /boot'
	[ -z "$(find "$root/boot" -iname '*vfiotui-*')" ] || fail 'a FAT /boot: a temporary is left'
	echo "measured: a FAT /boot ($(stat -f -c %T "$root/boot")), there and back"
	umount "$root/boot"
else
	echo 'NOT TRIED: this kernel mounts no FAT and fusefat is missing or may not mount; tests/unit/test_host_faults plays one'
fi

# --- files that can't be replaced
fresh && entries
ln "$root/boot/loader/entries/arch.conf" "$root/boot/loader/other"
refused 'a hard link' 'hard link'
rm "$root/boot/loader/other"
if chattr +i "$root/boot/loader/entries/arch.conf" 2>/dev/null; then
	refused 'an immutable file' 'immutable'
	chattr -i "$root/boot/loader/entries/arch.conf"
	chattr +i "$root/etc/modprobe.d"
	refused 'an immutable directory' 'immutable'
	chattr -i "$root/etc/modprobe.d"
else
	echo "NOT TRIED: $root keeps no immutable flag"
fi
cp "$root/boot/loader/entries/arch.conf" "$TMP/other.conf"
mount --bind "$TMP/other.conf" "$root/boot/loader/entries/arch.conf"
refused 'a file that is a mount' 'mounted on it'
umount "$root/boot/loader/entries/arch.conf"
mkdir "$TMP/bound" && cp -a "$root/boot/." "$TMP/bound" && mount --bind "$TMP/bound" "$root/boot"
applied 'a directory that is a bind mount'
umount "$root/boot"

# --- a link is followed within the root and stays a link
mv "$root/boot/loader/entries/arch.conf" "$root/boot/real.conf"
ln -s ../../real.conf "$root/boot/loader/entries/arch.conf"
applied 'a symbolic link'
[ -L "$root/boot/loader/entries/arch.conf" ] || fail 'a symbolic link: it is a file now'

# --- never more open: each new file is made 0600, whatever the umask, and the journal is root's alone
umask 000
if command -v strace >/dev/null && strace -o "$TMP/log" -e trace=openat,openat2,mkdirat "$VFIOTUI" --root "$root" apply 01:00 --user alex --yes >"$TMP/out" 2>&1; then
	grep -q 'O_CREAT' "$TMP/log" || fail 'strace saw no file being made'
	! grep 'O_CREAT' "$TMP/log" | grep -vE '0600|\.vfiotui|/dev/null' || fail 'a file was made with another mode than 0600'
	! grep '^mkdirat' "$TMP/log" | grep -v ', 0700)' || fail 'a directory was made with another mode than 0700'
else
	echo 'NOT TRIED: strace is missing or may not trace'
	run apply 01:00 --user alex
fi
[ -z "$(find "$root/var/lib/vfiotui" -perm /077 ! -type l)" ] || fail 'others may look into the journal'
[ "$(stat -c %a "$root/etc/modprobe.d/vfio.conf")" = 644 ] || fail 'a new file does not have the usual mode'
[ -z "$(find "$root/etc" "$root/boot" -perm /022 ! -type l)" ] || fail 'others may write something'
echo "measured: $cases changes over real mounts, links and flags: refused with nothing written, or there and back"
