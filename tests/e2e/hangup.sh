#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The line drops, or somebody presses Ctrl-C or sends a signal, while a command of a change runs. The program takes a pretended machine for
# its own "/", on a real terminal that is really closed. The command waits for a file, so nothing depends on time.
set -u
enter=()
# shellcheck source=tests/support/live-root
. "$TOP/tests/support/live-root"
root=$TMP/root
need_live_root "$root"
make --no-print-directory BUILD="$BUILD" "$BUILD/tools/onpty" >/dev/null || exit 1
stub "$root" mkinitcpio <<-'END'
	echo building
	: >/started
	while [ ! -e /go ]; do sleep 0.02; done
	echo built
END
cases=0

picture() { # of everything but the journal and what the stubs leave
	tar -C "$root" --sort=name --mtime=@0 --exclude=./var --exclude=./ran --exclude=./started --exclude=./go --exclude=./tmp -cf - . | sha256sum
}
before=$(picture)
fail() { echo "FAILED $1"; cat "$TMP/out"; in_root "$root" /usr/bin/vfiotui history; exit 1; }
ran() { grep -c "^$1" "$root/ran" 2>/dev/null; }
state() { in_root "$root" /usr/bin/vfiotui history --json | tr -d ' \n' | grep -o '"state":"[a-z]*"' | tail -n 1 | cut -d '"' -f 4; }
log() { cat "$root"/var/lib/vfiotui/changes/0001/log 2>/dev/null; }
say() { grep -qF -- "$1" "$TMP/out" || fail "$2: it does not say \"$1\""; }

# What a change that went through has done, and what undo makes of it.
complete() { # WHAT
	[ "$(state)" = "done" ] || fail "$1: the change is \"$(state)\", not done"
	log | grep -qx built || fail "$1: the log at the next login lacks the command's output"
	[ "$(ran grub-mkconfig)" = 1 ] || fail "$1: the commands after it did not run"
	: >"$root/go"
	in_root "$root" /usr/bin/vfiotui undo --yes >"$TMP/out" 2>&1 || fail "$1: undo"
	[ "$(picture)" = "$before" ] || fail "$1: undo did not give the first files back"
	cases=$((cases + 1))
}
unfinished() { # WHAT STATE
	[ "$(state)" = "$2" ] || fail "$1: the change is \"$(state)\", not $2"
	[ "$(ran grub-mkconfig)" = '' ] || [ "$(ran grub-mkconfig)" = 0 ] || fail "$1: the commands after it ran"
	: >"$root/go"
	in_root "$root" /usr/bin/vfiotui undo --yes >"$TMP/out" 2>&1 || fail "$1: undo"
	[ "$(picture)" = "$before" ] || fail "$1: undo did not give the first files back"
	cases=$((cases + 1))
}

on_terminal() { # STATUS WHAT, the steps on stdin
	local status=$1
	rm -rf "$root/var/lib/vfiotui" "$root/ran" "$root/started" "$root/go"
	# shellcheck disable=SC2154 # enter: live-root sets it
	"$BUILD/tools/onpty" "${enter[@]}" "$root" /usr/bin/vfiotui apply 01:00 --user alex >"$TMP/out" || fail "$2"
	[ "$status" = any ] || grep -qx "status $status" "$TMP/out" || fail "$2: another status"
}

on_terminal any 'the line drops' <<-END
	wait Type yes to write this:
	type yes\r
	file $root/started
	hangup
	touch $root/go
	end
END
complete 'the line drops'

on_terminal any 'the line drops and the system says TERM' <<-END
	wait Type yes to write this:
	type yes\r
	file $root/started
	hangup
	signal 15
	touch $root/go
	end
END
complete 'the line drops and the system says TERM'

on_terminal 0 'SIGTERM' <<-END
	wait Type yes to write this:
	type yes\r
	file $root/started
	signal 15
	wait the change is completed first
	touch $root/go
	end
END
complete SIGTERM

on_terminal 1 'SIGTERM twice' <<-END
	wait Type yes to write this:
	type yes\r
	file $root/started
	signal 15
	wait the change is completed first
	signal 15
	end
END
say 'a command failed' 'SIGTERM twice'
unfinished 'SIGTERM twice' failed

on_terminal 0 'Ctrl-C and Enter' <<-END
	wait Type yes to write this:
	type yes\r
	file $root/started
	type \x03
	wait Type stop to stop it, Enter to go on
	type \r
	touch $root/go
	end
END
complete 'Ctrl-C and Enter'

on_terminal 1 'Ctrl-C and stop' <<-END
	wait Type yes to write this:
	type yes\r
	file $root/started
	type \x03
	wait Type stop to stop it, Enter to go on
	type stop\r
	wait interrupting the command
	end
END
say 'a command failed' 'Ctrl-C and stop'
unfinished 'Ctrl-C and stop' failed

on_terminal any 'the line drops while it asks' <<-END
	wait Type yes to write this:
	type yes\r
	file $root/started
	type \x03
	wait Type stop to stop it, Enter to go on
	hangup
	touch $root/go
	end
END
complete 'the line drops while it asks'

on_terminal any 'killed' <<-END
	wait Type yes to write this:
	type yes\r
	file $root/started
	signal 9
	touch $root/go
	end
END
unfinished 'killed' written

on_terminal any 'the line drops at the question' <<-END
	wait Type yes to write this:
	hangup
	end
END
[ ! -e "$root/var/lib/vfiotui/changes" ] || fail 'the line drops at the question: a change was begun'
[ "$(picture)" = "$before" ] || fail 'the line drops at the question: something was written'
cases=$((cases + 1))

# --- the screen ---------------------------------------------------------------------------------------------------------
if ! command -v tmux >/dev/null; then
	echo "tmux is not installed: the screen's terminal was not killed"
	echo "measured: $cases ways to lose the line on the command line, none on the screen"
	exit 0
fi
socket=vfiotui-hangup-$$
mux() { tmux -L "$socket" -f /dev/null "$@" 2>>"$TMP/tmux.log"; }
trap 'mux kill-server' EXIT
for directory in /usr/share/terminfo /usr/lib/terminfo /lib/terminfo /etc/terminfo; do
	[ ! -e "$directory/x/xterm" ] || install -D "$directory/x/xterm" "$root/usr/share/terminfo/x/xterm"
done
before=$(picture)
wait_for() {
	local end=$((SECONDS + 60))
	while ! mux capture-pane -p | grep -qF -- "$1"; do
		[ $SECONDS -lt $end ] || { mux capture-pane -p; fail "the screen does not show \"$1\""; }
		sleep 0.05
	done
}
wait_file() {
	local end=$((SECONDS + 60))
	while [ ! -e "$1" ]; do
		[ $SECONDS -lt $end ] || { mux capture-pane -p; fail "$1 does not come"; }
		sleep 0.05
	done
}
wait_end() {
	local end=$((SECONDS + 60))
	while kill -0 "$1" 2>/dev/null && ! grep -q 'State:.*Z' "/proc/$1/status"; do
		[ $SECONDS -lt $end ] || fail "the program does not end"
		sleep 0.05
	done
}

screen() { # until the command runs
	rm -rf "$root/var/lib/vfiotui" "$root/ran" "$root/started" "$root/go"
	mux new-session -d -x 80 -y 24 env -i TERM=xterm LC_ALL=C.UTF-8 PATH="$PATH" "${enter[@]}" "$root" /usr/bin/vfiotui || fail 'tmux does not start'
	mux set -g status off
	mux resize-window -x 80 -y 24
	wait_for 'Space mark'
	mux send-keys /
	mux send-keys -l 01:00.0
	mux send-keys Enter Space
	wait_for '1 marked'
	mux send-keys c
	wait_for '2 marked'
	mux send-keys p
	wait_for 'nothing written yet'
	mux send-keys W
	wait_for 'Type  yes'
	mux send-keys y e s Enter
	wait_file "$root/started"
	pid=$(mux display -p '#{pane_pid}')
}

screen
mux kill-server
: >"$root/go"
wait_end "$pid"
complete 'tmux is killed under the screen'

screen
kill -TERM "$pid"
: >"$root/go"
wait_end "$pid"
complete 'SIGTERM to the screen'

screen
kill -TERM "$pid"
while [ "$(mux display -p '#{alternate_on}')" != 0 ]; do sleep 0.05; done # the first is taken: the terminal is given back
kill -TERM "$pid"
wait_end "$pid"
unfinished 'SIGTERM twice to the screen' failed

screen
wait_for 'a command runs'
mux send-keys C-c
wait_for 'Stop the command'
mux send-keys n
wait_for 'a command runs'
: >"$root/go"
wait_for 'Everything is written.'
mux kill-server
wait_end "$pid"
complete 'Ctrl-C on the screen and no'

screen
wait_for 'a command runs'
mux send-keys C-c
wait_for 'Stop the command'
mux send-keys y
wait_for 'was stopped'
mux kill-server
wait_end "$pid"
unfinished 'Ctrl-C on the screen and yes' failed

echo "measured: $cases ways to lose the line or to stop, each with the change complete or taken back by undo"
