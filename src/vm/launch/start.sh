# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=all # a part of the launch script, which is checked as a whole

# --- start ---

args+=(${more[@]+"${more[@]}"})
if [ "$mode" = print ]; then
	printf '%q ' "$qemu" "${args[@]}"
	echo
	exit 0
fi

# The desktop's end takes its processes and its terminal along: this one leaves both before.
if [ "$single_gpu" = yes ] && [ -z "${VFIOTUI_SCOPE:-}" ] && [ -d "$root/run/systemd/system" ]; then
	export VFIOTUI_SCOPE=yes
	exec systemd-run --quiet --collect --scope --slice=machine.slice -- "$BASH" "$0" ${arguments[@]+"${arguments[@]}"}
fi
# So does a logout, where it ends all processes of its session.
if [ -z "${VFIOTUI_SCOPE:-}" ] && logout_ends_all; then
	export VFIOTUI_SCOPE=yes
	if [ "$EUID" -eq 0 ]; then
		exec systemd-run --quiet --collect --scope --slice=machine.slice -- "$BASH" "$0" ${arguments[@]+"${arguments[@]}"}
	elif lingers; then
		exec systemd-run --user --quiet --collect --scope -- "$BASH" "$0" ${arguments[@]+"${arguments[@]}"}
	fi
fi
umask 077
mkdir -p -- "$run"
exec 9>>"$socket.pid"
flock -n 9 || die "it runs already"
printf '%s\n' "$$" >"$socket.pid"

pid=
asked=no
signalled=no
cleanup() {
	trap '' INT TERM HUP
	set +e
	if [ -n "$pid" ]; then
		kill "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	fi
	stop_helpers
	load_nvidia
	give_back
	bring_back_desktop
	rm -f -- "$socket.qmp" "$socket.monitor.in" "$socket.monitor.out" "$socket.tpm" "$tpm_link" "$tpm_link.socket" "$socket.spice" "$socket.vnc" "$socket.screens"
	: >"$socket.pid"
}
# The first signal presses the power button, the second switches off.
stop() {
	signalled=yes
	if [ -z "$pid" ]; then
		say "stopped before the guest was started"
		exit 143
	elif [ "$asked" = no ]; then
		asked=yes
		say "asked the guest to shut down; once more switches it off"
		printf '{"execute":"qmp_capabilities"}\n{"execute":"system_powerdown"}\n' >&8
		printf '%s\n' "$pid" >"$socket.asked"
	else
		kill "$pid" 2>/dev/null || true
	fi
}
trap cleanup EXIT
trap stop INT TERM HUP
trap : PIPE # whoever reads this may end first
if [ "$single_gpu" = yes ]; then
	trap '' HUP
	if [ -t 2 ]; then
		say "from here on all is in the log $socket.log"
		exec </dev/null >"$socket.log" 2>&1
	fi
fi

for i in "${!disks[@]}"; do
	[ -e "${disks[i]}" ] || create_disk "${disks[i]}" "${disk_formats[i]}" "${disk_sizes[i]}"
done
if [ -n "$ovmf_code" ] && [ ! -e "$vars" ]; then
	make_dir "$state"
	cp -- "$ovmf_vars" "$vars.new"
	chmod 600 -- "$vars.new"
	give_owner "$vars.new"
	mv -- "$vars.new" "$vars"
fi
case $shared_memory in
/dev/shm/*)
	[ -e "$shared_memory" ] || (umask 007 && : >"$shared_memory")
	[ "$EUID" -ne 0 ] || chown -h -- "${SUDO_UID:-0}" "$shared_memory"
	# QEMU takes no file that is too small, as one of a smaller resolution is.
	[ "$(stat -c %s -- "$shared_memory")" -ge $((shared_memory_mib << 20)) ] || truncate -s "${shared_memory_mib}M" -- "$shared_memory"
	;;
esac
rm -f -- "$socket.qmp" "$socket.monitor.in" "$socket.monitor.out" "$socket.asked"
mkfifo -- "$socket.monitor.in" "$socket.monitor.out" # this script's own way to QEMU
exec 8<>"$socket.monitor.in"
[ "$single_gpu" = no ] || free_card
hand_over_all
start_helpers
case $audio in # QEMU may run as root; the sound is the user's
pipewire | jack) export PIPEWIRE_RUNTIME_DIR=$audio_dir ;;
pa)
	export PULSE_SERVER=unix:$audio_dir/pulse/native
	if [ -n "${SUDO_USER:-}" ]; then # what lets one in there
		PULSE_COOKIE=$(getent passwd "$SUDO_USER" | cut -d: -f6)/.config/pulse/cookie
		export PULSE_COOKIE
	fi
	;;
esac
[ "$vnc" = no ] || say "the screen is at $socket.vnc (VNC); from elsewhere: ssh -L 5900:$socket.vnc HOST, then vncviewer localhost"

# In a session of its own: Ctrl-C on the terminal, and its end, are for this script to answer.
trap 'signalled=early' INT TERM # until it is known whom to tell
[ "$single_gpu" = yes ] || trap 'signalled=early' HUP
setsid -- "$qemu" "${args[@]}" </dev/null 9>&- &
pid=$!
trap stop INT TERM
[ "$single_gpu" = yes ] || trap stop HUP
[ "$signalled" != early ] || stop
if [ ${#pin[@]} -gt 0 ] || [ -n "$pin_emulator" ]; then
	pin_later "$pid" 9>&- &
fi
status=0
wait "$pid" 2>/dev/null || status=$? # without bash's own line about a signal
while [ "$signalled" != no ]; do # the signal ended the wait, not the guest
	signalled=no
	again=0
	wait "$pid" 2>/dev/null || again=$?
	[ "$again" -eq 127 ] || status=$again # 127: it had been waited for already
done
pid=
if [ "$status" -gt 128 ] && signal=$(kill -l "$status" 2>/dev/null); then
	say "QEMU was ended by the signal $signal (status $status)"
elif [ "$status" -ne 0 ]; then
	say "QEMU ended with status $status"
fi
exit "$status"
