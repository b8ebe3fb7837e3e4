# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=all # a part of the launch script, which is checked as a whole

# --- what is changed on the host for the run, and taken back ---

as_root() { # COMMAND...
	if [ "$EUID" -eq 0 ]; then "$@"; else sudo -n -- "$@"; fi
}

put() { # TEXT FILE: writes an attribute of the kernel
	if [ "$EUID" -eq 0 ]; then
		printf '%s\n' "$1" >"$2"
	else
		printf '%s\n' "$1" | sudo -n tee -- "$2" >/dev/null
	fi
}

# Drivers may take a moment to come and go.
wait_for() { # COMMAND...
	local i
	for ((i = 0; i < 300; i++)); do
		if "$@"; then return 0; fi
		sleep 0.1
	done
	return 1
}

is_on() { # DEVICE DRIVER
	[ "$(driver_of "$1")" = "$2" ]
}

is_off() { # DEVICE
	[ -z "$(driver_of "$1")" ]
}

bound=()    # what was handed over here, with
formerly=() # the driver that it had, and
override=() # its driver_override
hand_over() { # DEVICE
	local path=$root/sys/bus/pci/devices/$1 former was
	former=$(driver_of "$1")
	was=$(read_word "$path/driver_override")
	[ "$was" != "(null)" ] || was=
	say "$1 goes from ${former:-no driver} to vfio-pci"
	bound+=("$1")
	formerly+=("$former")
	override+=("$was")
	put vfio-pci "$path/driver_override" || return 1
	if [ -n "$former" ]; then
		put "$1" "$path/driver/unbind" || return 1
	fi
	put "$1" "$root/sys/bus/pci/drivers_probe" || return 1
	wait_for is_on "$1" vfio-pci
}

# A node of a device that was handed over here has no rule of its own yet.
open_node() { # DEVICE
	local node
	node=$root/dev/vfio/$(group_of "$1")
	wait_for test -e "$node" || return 1
	[ -w "$node" ] || as_root chown -- "$(id -u)" "$node"
}

hand_over_all() {
	local device
	[ ${#to_bind[@]} -gt 0 ] || return 0
	as_root modprobe vfio-pci || die "the module vfio-pci can't be loaded"
	for device in "${to_bind[@]}"; do
		hand_over "$device" || die "$device did not go to vfio-pci; the kernel's log (dmesg) says why"
	done
	for device in "${to_bind[@]}"; do
		open_node "$device" || die "the node of $device did not come"
	done
}

# The card is free once the last program of the desktop is gone.
is_free() { # DEVICE
	! display_use "$1" >/dev/null
}

notes=$root/run/vfiotui-desktop-$name
free_card() {
	local device
	say "the desktop ends now; it comes back after the guest's end"
	if ! end_desktop || ! free_console || ! unload_nvidia; then
		die "the graphics card can't be had; the desktop is given back"
	fi
	for device in ${to_bind[@]+"${to_bind[@]}"}; do
		wait_for is_free "$device" || die "$device is in use: $(display_use "$device"); the desktop is given back"
	done
}

give_back() {
	local i device path
	for ((i = ${#bound[@]} - 1; i >= 0; i--)); do
		device=${bound[i]}
		path=$root/sys/bus/pci/devices/$device
		put "${override[i]}" "$path/driver_override" || true
		if is_on "$device" vfio-pci; then
			put "$device" "$path/driver/unbind" || true
			wait_for is_off "$device" || true
		fi
		if [ -n "${formerly[i]}" ]; then
			put "$device" "$root/sys/bus/pci/drivers_probe" || true
			if wait_for is_on "$device" "${formerly[i]}"; then
				say "$device is back on ${formerly[i]}"
			else
				say "$device did not go back to ${formerly[i]}; try: sudo vfiotui release $device"
			fi
		else
			say "$device is back without a driver, as it was"
		fi
	done
	bound=()
}

helpers=() # process ids
helper() { # COMMAND...: runs beside QEMU, out of the terminal's reach as QEMU is
	setsid -- "$@" </dev/null 9>&- &
	helpers+=("$!")
}

services=() # of systemd
start_samba() {
	local service
	for service in smbd nmbd smb nmb; do
		if ! systemctl cat "$service.service" >/dev/null 2>&1 || systemctl -q is-active "$service.service"; then
			continue
		fi
		say "starts $service"
		if as_root systemctl start "$service.service"; then services+=("$service.service"); fi
	done
}

# swtpm knows no way to write a comma, so what it is told has none.
tpm_link=$run/tpm-$$
start_tpm() {
	make_dir "$state/tpm"
	ln -sfn -- "$state/tpm" "$tpm_link"
	helper swtpm socket --tpm2 --tpmstate "dir=$tpm_link" --ctrl "type=unixio,path=$tpm_link.socket" --terminate
	wait_for test -S "$tpm_link.socket" || die "swtpm did not start"
	mv -f -- "$tpm_link.socket" "$socket.tpm"
}

# One screen beside the other, in the format of Synergy and its descendants.
write_sharer_config() {
	local host=${host_screen:-${HOSTNAME%%.*}}
	{
		printf 'section: screens\n\t%s:\n\t%s:\nend\n' "$host" "$guest_screen"
		printf 'section: links\n\t%s:\n\t\t%s = %s\n' "$host" "$guest_side" "$guest_screen"
		printf '\t%s:\n\t\t%s = %s\nend\n' "$guest_screen" "$host_side" "$host"
	} >"$socket.screens"
	sharer_config=$socket.screens
}

start_sharer() {
	[ -n "$sharer_config" ] || write_sharer_config
	helper "$sharer" --no-daemon --config "$sharer_config"
}

# One that a killed script left behind holds the guest's address; this VM's lock is ours by now.
remove_old_macvtap() {
	local link
	for link in "$root"/sys/class/net/vt*; do
		if [ -d "$link/macvtap" ] && [ "$(read_word "$link/address")" = "${mac,,}" ]; then
			as_root ip link delete "${link##*/}" || die "the network link ${link##*/} of an earlier start can't be removed"
		fi
	done
}

tap=
start_macvtap() {
	local index
	remove_old_macvtap
	tap=vt$$
	as_root ip link add link "$interface" name "$tap" address "$mac" type macvtap mode bridge || {
		tap=
		die "macvtap can't be put on $interface"
	}
	as_root ip link set "$tap" up || die "the network link $tap on $interface can't be brought up; is its address $mac in use?"
	index=$(read_word "$root/sys/class/net/$tap/ifindex")
	wait_for test -e "$root/dev/tap$index" || die "/dev/tap$index did not come"
	[ -w "$root/dev/tap$index" ] || as_root chown -- "$(id -u)" "$root/dev/tap$index" || die "/dev/tap$index can't be made yours"
	exec 7<>"$root/dev/tap$index"
}

start_helpers() {
	[ "$samba" = no ] || start_samba
	[ "$tpm" = no ] || start_tpm
	[ -z "$sharer" ] || start_sharer
	[ "$network" != macvtap ] || start_macvtap
}

stop_helpers() {
	local pid
	for pid in ${helpers[@]+"${helpers[@]}"}; do
		kill "$pid" 2>/dev/null || true
	done
	for pid in ${helpers[@]+"${helpers[@]}"}; do
		wait "$pid" 2>/dev/null || true
	done
	[ ${#services[@]} -eq 0 ] || as_root systemctl stop "${services[@]}" || true
	[ -z "$tap" ] || as_root ip link delete "$tap" || true
}

# The guest's CPUs are threads of QEMU, named by debug-threads. All of QEMU goes to its own CPUs first.
pin_threads() { # PROCESS
	local i task
	[ -z "$pin_emulator" ] || taskset -a -p -c "$pin_emulator" "$1" >/dev/null || return 1
	for i in "${!pin[@]}"; do
		task=$(grep -lE "^CPU $i/" "/proc/$1"/task/*/comm 2>/dev/null | head -n 1)
		task=${task%/comm}
		[ -n "$task" ] || return 1
		taskset -p -c "${pin[i]}" "${task##*/}" >/dev/null || return 1
	done
}

has_cpu_threads() { # PROCESS COUNT
	[ "$(grep -lE '^CPU [0-9]+/' "/proc/$1"/task/*/comm 2>/dev/null | wc -l)" -ge "$2" ] || [ ! -e "/proc/$1" ]
}

# In the background: it takes QEMU a moment to have its threads.
pin_later() { # PROCESS
	if ! wait_for has_cpu_threads "$1" ${#pin[@]} || { ! pin_threads "$1" && [ -e "/proc/$1" ]; }; then
		say "the virtual CPUs could not be pinned; the guest runs all the same"
	fi
}

