#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The screen as a new user meets it: a real terminal of 80x24 (tmux), the demo, a card marked, previewed and written;
# then what must leave the terminal sane: quitting, a crash, suspending, resizing.
set -u
command -v tmux >/dev/null || { echo "tmux is not installed"; exit 77; }
socket=vfiotui-$$
mux() { tmux -L "$socket" -f /dev/null "$@" 2>>"$TMP/tmux.log"; }
trap 'mux kill-server' EXIT
fail() { printf 'FAILED: %s\n' "$1"; mux capture-pane -p; exit 1; }

# Waits until the screen shows a fixed text; nothing here sleeps for luck.
wait_for() {
	local end=$((SECONDS + 60))
	while ! mux capture-pane -p | grep -qF -- "$1"; do
		[ $SECONDS -lt $end ] || fail "\"$1\" did not appear"
		sleep 0.05
	done
}
keys() { mux send-keys "$@"; }
quietly_gone() {
	local end=$((SECONDS + 60))
	while mux capture-pane -p | grep -qF -- "$1"; do
		[ $SECONDS -lt $end ] || fail "\"$1\" stays"
		sleep 0.05
	done
}

# After the program the terminal is as before it: modes, cursor, main screen.
sane() {
	local end=$((SECONDS + 60))
	keys "clear; stty -a >$TMP/after; tput cnorm >$TMP/x; echo sane-\$((40 + 2))" Enter
	wait_for sane-42
	cmp -s "$TMP/before" "$TMP/after" || fail "$1 left other terminal modes: $(diff "$TMP/before" "$TMP/after")"
	while [ "$(mux display -p '#{alternate_on}')" != 0 ]; do
		[ $SECONDS -lt $end ] || fail "$1 left the alternate screen"
		sleep 0.05
	done
}

term=tmux-256color
infocmp $term >/dev/null 2>&1 || term=screen
cat >"$TMP/shell" <<END
#!/bin/sh
exec env -i HOME='$TMP' TMPDIR='$TMP' TERM=$term LC_ALL=C.UTF-8 PATH='$PATH' PS1='ready> ' bash --norc -i
END
chmod +x "$TMP/shell"
LC_ALL=C.UTF-8 mux new-session -d -x 80 -y 24 "$TMP/shell" || fail "tmux does not start"
mux set -g status off
mux resize-window -x 80 -y 24
wait_for 'ready>'
keys "stty -a >$TMP/before; echo saved-\$((40 + 2))" Enter
wait_for saved-42

start() {
	keys "clear; '$VFIOTUI' --demo; echo exit=\$?" Enter
	wait_for 'Next: mark what the VM shall get (Space)'
}

# --- only ever following the next line
start
wait_for 'Space mark'
keys Space
wait_for 'incomplete: 01:00.1 would stay with the host'
wait_for 'Next: 1 problem to look at (Tab)'
keys Tab
wait_for 'Next: hand this device over, too (Space)'
keys Space
wait_for 'complete: all marked'
wait_for 'Next: see what would be written (p)'
keys p
wait_for '/etc/modprobe.d/vfio.conf'
wait_for 'nothing written yet'
wait_for '+ options vfio-pci ids=10de:1f03,10de:10f9'
wait_for 'Next: write it (W)'
keys w # the small letter is none
keys W
wait_for 'Type  yes'
keys n o Enter
wait_for 'nothing was done'
keys W
wait_for 'Type  yes'
keys y e s Enter
wait_for 'Everything is written.'
wait_for 'What was promised'
keys Enter
wait_for '→ vfio-pci after reboot'
keys u
wait_for 'as it was before change 1'
keys q
wait_for 'Next: that was the demo'
keys q
wait_for 'exit=0'
sane 'quitting'

# --- marks that nobody wrote are not lost without a question
start
keys Space
wait_for '1 marked'
keys q
wait_for 'Quit all the same?'
keys n
quietly_gone 'Quit all the same?'
keys F10
wait_for 'Quit all the same?'
keys y
wait_for 'exit=0'
sane 'the question'

# --- a crash
child() { ps -o pid= --ppid "$(mux display -p '#{pane_pid}')" | tr -d ' \n'; }
start
kill -SEGV "$(child)"
wait_for 'exit=139'
[ "$(mux display -p '#{cursor_flag}')" = 1 ] || fail 'a crash left the cursor hidden'
sane 'a crash'

# --- the end of the session
start
kill -TERM "$(child)"
wait_for 'exit='
[ "$(mux display -p '#{cursor_flag}')" = 1 ] || fail 'SIGTERM left the cursor hidden'
sane 'SIGTERM'

# --- suspended and resumed
start
keys Space
wait_for '1 marked'
keys C-z
wait_for Stopped
sane 'suspending'
keys fg Enter
wait_for '1 marked'

# --- other sizes
mux resize-window -x 40 -y 12
wait_for 'Next: 1 problem (Tab)'
mux resize-window -x 30 -y 8
wait_for 'vfiotui needs at least'
mux resize-window -x 120 -y 40
wait_for '─┬─'
mux resize-window -x 80 -y 24
wait_for 'Next: 1 problem to look at (Tab)'
keys Space
quietly_gone '1 marked'
keys q
quietly_gone 'Space mark' # the shell said its exit= when the job stopped
sane 'suspending and resizing'

# --- ASCII and no colour where the terminal has no more
keys "clear; NO_COLOR=1 TERM=vt220 '$VFIOTUI' --demo; echo exit=\$?" Enter
wait_for 'v 8 + isolated'
keys Space
wait_for 'nouveau -> vfio-pci'
keys q y
wait_for 'exit=0'
sane 'vt220'

# --- a terminal without a cursor to place gets one sentence
keys "clear; TERM=dumb '$VFIOTUI' --demo; echo exit=\$?" Enter
wait_for 'a terminal of type "dumb" can'
wait_for 'exit=1'
sane 'dumb'

# --- a search says at once that there is nothing
keys "clear; '$VFIOTUI' --demo; echo exit=\$?" Enter
wait_for 'Next: mark'
keys / n o w h e r e
wait_for 'not found'
keys Escape
quietly_gone 'not found'
keys q
wait_for 'exit=0'
sane 'searching'
echo "the screen is usable and leaves the terminal sane"
