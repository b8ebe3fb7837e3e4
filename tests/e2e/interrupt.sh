#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Stops the real program at its changing system calls: kills it there, or lets the call fail. Then "vfiotui undo" must leave
# the tree as it was, byte for byte, mode for mode, owner for owner (the journal in /var/lib/vfiotui aside); and an undo that
# was killed must be finished by the next one.
# Three machines: the desktop (GRUB, mkinitcpio), one with systemd-boot, and one with initramfs-tools. On the first it kills at about
# 160 calls and lets about 80 fail, on the others fewer, evenly spread; "make faults" (INTERRUPT_ALL=1) tries every one, with every error.
set -u
ADDRESS=01:00
CALLS='openat openat2 write fsync renameat unlinkat mkdirat fchmod fchown'
root=$TMP/root log=$TMP/log
export ASAN_OPTIONS=detect_leaks=0 # LeakSanitizer and strace both want to be the tracer

command -v strace >/dev/null || { echo 'strace is missing: nothing was interrupted'; exit 77; }
strace -o "$log" true 2>/dev/null || { echo 'strace may not trace here: nothing was interrupted'; exit 77; }

make --no-print-directory BUILD="$BUILD" "$BUILD/tools/unpack" >/dev/null || exit 1

# --- the machines --------------------------------------------------------------------------------------------------------
desktop() {
	# Owners and modes that a careless rewrite would lose.
	chmod 640 "$root/etc/default/grub"
	[ "$(id -u)" -ne 0 ] || chown 1000:4 "$root/etc/default/grub"
}

systemd_boot() {
	rm -r "$root/etc/default/grub" "$root/usr/bin/grub-mkconfig" "$root/boot/grub"
	mkdir -p "$root/boot/loader/entries" "$root/boot/EFI/systemd"
	: >"$root/boot/EFI/systemd/systemd-bootx64.efi"
	printf 'default arch.conf\n' >"$root/boot/loader/loader.conf"
	for name in arch lts; do
		printf 'title %s\r\nlinux /vmlinuz-%s\r\noptions root=UUID=1 rw\r\n' $name $name >"$root/boot/loader/entries/$name.conf"
	done
}

initramfs_tools() {
	rm -r "$root/usr/bin/mkinitcpio" "$root"/etc/mkinitcpio*
	mkdir -p "$root/usr/sbin" "$root/etc/initramfs-tools/hooks"
	printf '#!/bin/sh\n' >"$root/usr/bin/update-initramfs"
	chmod 755 "$root/usr/bin/update-initramfs"
	printf '# List of modules\nnvme' >"$root/etc/initramfs-tools/modules" # no newline at its end
	printf 'MODULES=most\n' >"$root/etc/initramfs-tools/initramfs.conf"
	printf 'ID=debian\nVERSION_ID=12\n' >"$root/etc/os-release"
}

build() { # MACHINE
	rm -rf "$root" "$TMP/first" "$TMP/after"
	mkdir -p "$root/var/lib" "$TMP/first" "$TMP/after"
	"$BUILD/tools/unpack" "$TOP/src/machine/demo/desktop.txt" "$root" || exit 1
	printf '# by hand\nsoftdep drm pre: vfio-pci\n' >"$root/etc/modprobe.d/mine.conf"
	"$1"
	mkdir -p "$root/var/lib"
	tar -C "$root" -cf - . | tar -C "$TMP/first" -xf -
}

picture() { # the tree without its journal, as one number
	tar -C "$root" --sort=name --mtime=@0 --exclude=./var/lib/vfiotui -cf - . | sha256sum
}

fail() {
	echo "FAILED $1"
	(cd "$root" && find etc -name '.*vfiotui*'; tail -n 3 "$TMP/out")
	tar -C "$root" -cf - . | tar -C "$TMP/after" -xf -
	diff -r "$TMP/first" "$TMP/after" | grep -v 'var/lib: vfiotui' | head -n 20
	exit 1
}

run() { # COMMAND [WRAPPER...]
	local words=(undo)

	[ "$1" = undo ] || words=(apply "$ADDRESS" --user alex)
	shift
	# A subshell, so that the word "Killed" of the shell that waits goes nowhere.
	("$@" "$VFIOTUI" --root "$root" "${words[@]}" --yes >"$TMP/out" 2>&1; exit $?) 2>/dev/null
}

# The calls of a whole run, "NAME NUMBER" a line, numbered for each name; opening counts where it creates.
changing() { # COMMAND
	run "$1" strace -o "$log" -e trace="${CALLS// /,}" || { echo "$1 does not work at all:"; cat "$TMP/out"; exit 1; }
	awk -F'(' '{ n[$1]++ } $1 !~ /^openat/ || /O_CREAT/ { print $1, n[$1] }' "$log"
}
points=0 repaired=0
strike() { # COMMAND CALL NUMBER INJECTION
	local what="$1, $2 number $3, $4"

	rm -rf "$root/var/lib/vfiotui"
	[ "$1" = apply ] || run apply || fail "$what: apply before it"
	run "$1" strace -o /dev/null -e trace="$2" -e inject="$2:$4:when=$3"
	# Nothing to take back is fine: it was stopped before it began, or had put all back itself.
	run undo || grep -q 'there is no change to take back' "$TMP/out" || fail "$what: then undo said"
	[ "$(picture)" = "$before" ] || fail "$what"
	! grep -q 'had been interrupted' "$TMP/out" || repaired=$((repaired + 1))
	points=$((points + 1))
}

every() { # FILE POINTS: that many of its lines, evenly spread
	awk -v all="$(wc -l <"$1")" -v want="$2" -v everything="${INTERRUPT_ALL:-}" \
		'everything || int(NR * want / all) > int((NR - 1) * want / all)' "$1"
}

sweep() { # MACHINE, then what its plan must name, and how many kills and failures
	local command call number error

	build "$1"
	before=$(picture)
	changing apply >"$TMP/calls.apply" || { cat "$TMP/calls.apply"; exit 1; }
	grep -q "$2" "$TMP/out" || { echo "$1 is not the machine it should be: nothing about $2"; cat "$TMP/out"; exit 1; }
	[ "$(picture)" != "$before" ] || { echo 'apply changed nothing: this test would prove nothing'; exit 1; }
	changing undo >"$TMP/calls.undo" || { cat "$TMP/calls.undo"; exit 1; }
	[ "$(picture)" = "$before" ] || fail 'undo without any interruption'
	for command in apply undo; do
		while read -r call number; do
			strike $command "$call" "$number" signal=KILL
			kills=$((kills + 1))
		done < <(every "$TMP/calls.$command" "$3")
	done
	while read -r call number; do
		for error in $errors; do
			strike apply "$call" "$number" "error=$error"
			# From there on: a full disk stays full.
			strike apply "$call" "$number+" "error=$error"
		done
	done < <(every "$TMP/calls.apply" "$4")
}

kills=0 errors='ENOSPC EIO'
[ -z "${INTERRUPT_ALL:-}" ] || errors='ENOSPC EIO EROFS EACCES EDQUOT'
sweep desktop etc/default/grub 80 20
sweep systemd_boot boot/loader/entries/arch.conf 12 4
sweep initramfs_tools etc/initramfs-tools/modules 12 4
[ "$kills" -gt 100 ] || { echo "only $kills points: is the fixture still what it was?"; exit 1; }
[ "$repaired" -gt 20 ] || { echo "only $repaired repairs: was it never stopped between two files?"; exit 1; }
echo "measured: on three machines the program was killed at $kills system calls and failed at $((points - kills)), and undo gave the first tree back ($repaired repairs)"
