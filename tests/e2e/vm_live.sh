#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A VM of the real QEMU (emulated, so that it needs no KVM), started, paused, shut down, switched off and killed by the command
# line; it lives on when the terminal that started it is gone, and its state is told by whoever asks. In a mount namespace with
# an /etc and a /var/lib of its own. States are waited for; nothing here counts seconds.
set -u
if [ -z "${VM_LIVE_INSIDE:-}" ]; then
	command -v qemu-system-x86_64 >/dev/null || { echo "QEMU is missing: no VM was started"; exit 77; }
	command -v jq >/dev/null || { echo "jq is missing: no VM was started"; exit 77; }
	[ "$(id -u)" -eq 0 ] || { echo "not root: no VM was started"; exit 77; }
	unshare -m true 2>/dev/null || { echo "no mount namespaces here: no VM was started"; exit 77; }
	VM_LIVE_INSIDE=1 exec unshare -m bash "$0"
fi
mkdir "$TMP/etc" "$TMP/lib" "$TMP/run" "$TMP/home"
cp -a /etc/. "$TMP/etc/" 2>/dev/null
if ! mount --bind "$TMP/etc" /etc || ! mount --bind "$TMP/lib" /var/lib; then
	echo "cannot mount here: no VM was started"
	exit 77
fi
export XDG_RUNTIME_DIR=$TMP/run HOME=$TMP/home
unset XDG_DATA_HOME
bad=0 cases=0
name="live vm"

complain() {
	echo "FAILED: $*"
	bad=1
}

status() { # WANTED ARGUMENTS...
	local wanted=$1 got
	shift
	cases=$((cases + 1))
	"$VFIOTUI" vm "$@" >"$TMP/out" 2>"$TMP/errors" </dev/null
	got=$?
	[ $got -eq "$wanted" ] || complain "status $got, not $wanted: vm $*: $(tail -n 3 "$TMP/out" "$TMP/errors")"
}

state() {
	"$VFIOTUI" vm status "$name" --json 2>/dev/null | jq -r .state
}

until_state() { # STATE: a minute, which only a hang takes
	cases=$((cases + 1))
	for _ in $(seq 600); do
		[ "$(state)" != "$1" ] || return 0
		sleep 0.1
	done
	complain "not $1: $("$VFIOTUI" vm status "$name" --json; "$VFIOTUI" vm log "$name" | tail -n 5)"
}

pid_of() { # pid | script_pid
	"$VFIOTUI" vm status "$name" --json | jq -r ".$1"
}

trap '"$VFIOTUI" vm kill "$name" >/dev/null 2>&1' EXIT

status 0 new "$name" --system other --accel tcg --cpu qemu64 --firmware bios --vars "" --memory 64M --cores 1 --disk "" --device "" \
	--network none --display none --tpm no --yes
status 0 list --json
jq -e '.vms[0].state == "off"' "$TMP/out" >/dev/null || complain "not off: $(cat "$TMP/out")"
status 1 status "$name"
status 1 stop "$name"
status 1 kill "$name"

# --- start, found again, pause, power button, off --------------------------------------------------
status 0 start
until_state running
status 1 start
grep -q 'already' "$TMP/errors" || complain "a second start: $(cat "$TMP/errors")"
status 1 delete --yes
status 0 pause
until_state paused
status 0 resume
until_state running
status 1 stop --wait 0
until_state shutting-down # no system inside listens to the button
status 0 kill
until_state ended
status 1 status

# --- the log is followed to the end of the VM --------------------------------------------------------
status 0 start
until_state running
"$VFIOTUI" vm log --follow >"$TMP/followed" 2>&1 </dev/null &
follower=$!
status 0 kill
wait $follower || complain "log --follow ended badly: $(cat "$TMP/followed")"
cases=$((cases + 1))
"$VFIOTUI" vm log | cmp - "$TMP/followed" || complain "followed: $(cat "$TMP/followed")"

# --- QEMU is killed ----------------------------------------------------------------------------------
status 0 start
until_state running
kill -KILL "$(pid_of pid)"
until_state ended
"$VFIOTUI" vm status "$name" --json | jq -e '.status == 137' >/dev/null || complain "the end of a killed QEMU: $("$VFIOTUI" vm status "$name")"

# --- the launch script is told to end: it presses the button, a second time it switches off ----------
status 0 start
until_state running
script=$(pid_of script_pid)
kill -TERM "$script"
for _ in $(seq 600); do
	kill -TERM "$script" 2>/dev/null || break
	sleep 0.1
done
until_state ended

# --- the program that starts it is killed, its terminal goes away -------------------------------------
"$VFIOTUI" vm start --wait 60 >/dev/null 2>&1 </dev/null &
starter=$!
for _ in $(seq 600); do
	[ "$(state)" = ended ] || break
	sleep 0.05
done
kill -KILL $starter 2>/dev/null
wait $starter 2>/dev/null
until_state running
status 0 stop --force
until_state ended
if command -v script >/dev/null; then
	script -qec "'$VFIOTUI' vm start" /dev/null >/dev/null 2>&1 </dev/null
	until_state running
	status 0 kill
	until_state ended
else
	echo "script is missing: the end of a terminal was not tested"
fi

# --- the guest's system crashes: its boot sector does nothing but write a panic to port 0x505 ----------
printf '\272\005\005\260\001\356\364\353\375' >"$TMP/crash.img"
truncate -s 510 "$TMP/crash.img"
printf '\125\252' >>"$TMP/crash.img"
truncate -s 1M "$TMP/crash.img"
status 0 edit --disk "$TMP/crash.img format=raw" --yes
status 0 start
until_state panicked # it is kept, to be seen
status 0 status
grep -q 'crashed' "$TMP/out" || complain "no word of the crash: $(cat "$TMP/out")"
status 0 kill
until_state ended
status 0 edit --disk "" --yes

# --- what can't start says why -------------------------------------------------------------------------
status 0 edit --cdrom "$TMP/missing.iso" --yes
status 1 start
grep -q 'missing.iso' "$TMP/out" || complain "no reason: $(cat "$TMP/out" "$TMP/errors")"
status 0 edit --cdrom "" --qemu-option -frobnicate --yes
status 1 start
grep -q 'frobnicate' "$TMP/out" || complain "QEMU's own words are missing: $(cat "$TMP/out" "$TMP/errors")"
status 0 log
grep -q 'frobnicate' "$TMP/out" || complain "the log lacks QEMU's words"
until_state ended
status 0 delete --yes
echo "$cases cases"
exit $bad
