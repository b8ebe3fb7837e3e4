#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Stops the real program at its changing system calls: kills it there, or lets the call fail. Then "vfiotui undo" must leave
# the tree as it was, byte for byte, mode for mode, owner for owner (the journal in /var/lib/vfiotui aside); and an undo that
# was killed must be finished by the next one.
# It kills at about 160 calls and lets about 80 fail, evenly spread; INTERRUPT_ALL=1 tries every one (test_apply does, in process).
set -u
ADDRESS=01:00
CALLS='openat openat2 write fsync renameat unlinkat mkdirat fchmod fchown'
root=$TMP/root log=$TMP/log
export ASAN_OPTIONS=detect_leaks=0 # LeakSanitizer and strace both want to be the tracer

command -v strace >/dev/null || { echo 'strace is missing: nothing was interrupted'; exit 77; }
strace -o "$log" true 2>/dev/null || { echo 'strace may not trace here: nothing was interrupted'; exit 77; }

make --no-print-directory BUILD="$BUILD" "$BUILD/tools/unpack" >/dev/null || exit 1
mkdir "$root"
"$BUILD/tools/unpack" "$TOP/src/machine/demo/desktop.txt" "$root" || exit 1
# Owners and modes that a careless rewrite would lose.
chmod 640 "$root/etc/default/grub"
[ "$(id -u)" -ne 0 ] || chown 1000:4 "$root/etc/default/grub"
printf '# by hand\nsoftdep drm pre: vfio-pci\n' >"$root/etc/modprobe.d/mine.conf"

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

mkdir -p "$root/var/lib" "$TMP/first" "$TMP/after"
tar -C "$root" -cf - . | tar -C "$TMP/first" -xf -
before=$(picture)

# The calls of a whole run, "NAME NUMBER" a line, numbered for each name; opening counts where it creates.
changing() { # COMMAND
	run "$1" strace -o "$log" -e trace="${CALLS// /,}" || { echo "$1 does not work at all:"; cat "$TMP/out"; exit 1; }
	awk -F'(' '{ n[$1]++ } $1 !~ /^openat/ || /O_CREAT/ { print $1, n[$1] }' "$log"
}
changing apply >"$TMP/calls.apply" || { cat "$TMP/calls.apply"; exit 1; }
[ "$(picture)" != "$before" ] || { echo 'apply changed nothing: this test would prove nothing'; exit 1; }
changing undo >"$TMP/calls.undo" || { cat "$TMP/calls.undo"; exit 1; }
[ "$(picture)" = "$before" ] || fail 'undo without any interruption'

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

for command in apply undo; do
	while read -r call number; do
		strike $command "$call" "$number" signal=KILL
	done < <(every "$TMP/calls.$command" 80)
done
kills=$points
while read -r call number; do
	for error in ENOSPC EIO; do
		strike apply "$call" "$number" "error=$error"
		# From there on: a full disk stays full.
		strike apply "$call" "$number+" "error=$error"
	done
done < <(every "$TMP/calls.apply" 20)
[ "$kills" -gt 100 ] || { echo "only $kills points: is the fixture still what it was?"; exit 1; }
[ "$repaired" -gt 20 ] || { echo "only $repaired repairs: was it never stopped between two files?"; exit 1; }
echo "measured: the program was killed at $kills system calls and failed at $((points - kills)), and undo gave the first tree back ($repaired repairs)"
