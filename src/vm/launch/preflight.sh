# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=all # a part of the launch script, which is checked as a whole

# --- is all ready? ---

problems=0
problem() {
	say "$1"
	problems=$((problems + 1))
}

# May this script change the host? Either it runs as root, or sudo does not ask.
can_be_root() {
	[ "$EUID" -eq 0 ] || sudo -n true 2>/dev/null
}

# A program's path, also where root's programs are.
find_program() { # NAME...
	local program
	for program; do
		PATH=$PATH:/usr/sbin:/sbin command -v -- "$program" && return 0
	done
	return 1
}

read_word() { # FILE: its content, or nothing
	cat -- "$1" 2>/dev/null || true
}

driver_of() { # DEVICE
	local link
	link=$(readlink -- "$root/sys/bus/pci/devices/$1/driver" || true)
	printf '%s' "${link##*/}"
}

group_of() { # DEVICE
	local link
	link=$(readlink -- "$root/sys/bus/pci/devices/$1/iommu_group" || true)
	printf '%s' "${link##*/}"
}

is_vfio() { # DRIVER
	case $1 in
	vfio-pci | *-vfio-pci | *_vfio_pci) return 0 ;;
	esac
	return 1
}

is_ours() { # DEVICE
	local device
	for device in ${devices[@]+"${devices[@]}"}; do
		[ "$device" != "$1" ] || return 0
	done
	return 1
}

# Who has a file open that a device stands behind?
holder_of() { # FILE
	local at pid
	at=$(find "$root"/proc/[0-9]*/fd -lname "$1" -print -quit 2>/dev/null || true)
	[ -n "$at" ] || return 1
	pid=${at#"$root"/proc/}
	pid=${pid%%/*}
	printf '%s is open in %s (process %s)' "$1" "$(read_word "$root/proc/$pid/comm")" "$pid"
}

# Who shows a picture with the card?
display_use() { # DEVICE
	local entry
	for entry in "$root/sys/bus/pci/devices/$1"/drm/card* "$root/sys/bus/pci/devices/$1"/drm/renderD*; do
		[ ! -e "$entry" ] || ! holder_of "/dev/dri/${entry##*/}" || return 0
	done
	[ "$(driver_of "$1")" = nvidia ] && holder_of '/dev/nvidia[0-9]*'
}

# What the host does with a block device, or with what lies on it: partitions, RAID, LVM, encryption.
block_use() { # ITS DIRECTORY IN /sys
	local name number part
	name=$(readlink -f -- "$1")
	name=${name##*/}
	number=$(read_word "$1/dev")
	if grep -q " $number " "$root/proc/self/mountinfo" || grep -q "^/dev/$name " "$root/proc/self/mounts"; then
		printf '%s is mounted' "$name" # btrfs has a number of its own
		return 0
	elif grep -q "^/dev/$name " "$root/proc/swaps" 2>/dev/null; then
		printf '%s is swap' "$name"
		return 0
	fi
	for part in "$1"/*/partition "$1"/holders/*/dev; do
		[ ! -e "$part" ] || ! block_use "${part%/*}" || return 0
	done
	return 1
}

# What the host would lose at once with a device that it has now.
check_use() { # DEVICE
	local path=$root/sys/bus/pci/devices/$1 entry use
	for entry in "$path"/net/*; do
		if [ "$(read_word "$entry/operstate")" = up ]; then
			problem "$1 is in use: the network link ${entry##*/} is up; take it down first"
		fi
	done
	if [ "$single_gpu" = no ] && use=$(display_use "$1"); then
		problem "$1 is in use: $use; end it first, or set single_gpu (host's only GPU) to end the desktop"
	fi
	while IFS= read -r entry; do
		# a partition is looked at with its disk
		if [ ! -e "${entry%/dev}/partition" ] && use=$(block_use "${entry%/dev}"); then
			problem "$1 is in use: $use; end that first"
		fi
	done < <(find "$path/" -path '*/block/*' -name dev 2>/dev/null)
}

user=$(id -un)
can_open() { # NODE
	[ -r "$1" ] && [ -w "$1" ]
}

# The account came into the group after this login began: the kernel asks the login, not the account.
joined_since() { # GROUP
	[[ " $(id -nG -- "$user") " == *" $1 "* ]] && [[ " $(id -nG) " != *" $1 "* ]]
}
older_login='log out of all sessions and in again, or reboot'

# QEMU gets a group only when none of its members is on a driver of the host.
check_group() { # DEVICE GROUP
	local member driver
	for member in "$root/sys/bus/pci/devices/$1"/iommu_group/devices/*; do
		member=${member##*/}
		driver=$(driver_of "$member")
		if [ -z "$driver" ] || is_vfio "$driver" || is_ours "$member" || [ "$driver" = pcieport ] || [ "$driver" = pci-stub ]; then
			continue
		fi
		problem "group $2 is not viable: its member $member stays with the host ($driver); hand it over, too"
	done
}

check_node() { # GROUP
	local node=$root/dev/vfio/$1 owner group use
	if [ ! -e "$node" ]; then
		problem "$node is missing; it comes when the group's devices are on vfio-pci"
	elif ! can_open "$node"; then
		owner=$(stat -c %U -- "$node") group=$(stat -c %G -- "$node")
		if joined_since "$group"; then
			problem "$node is not yet yours to open: this login began before you came into its group $group; $older_login"
		else
			problem "$node is $owner's and for the group $group, not yours to open; apply the devices again for you (sudo vfiotui apply ... --user $user), or use sudo"
		fi
	elif use=$(holder_of "/dev/vfio/$1"); then
		problem "$use: another VM has these devices"
	fi
}

to_bind=()
check_device() { # DEVICE IDS
	local path=$root/sys/bus/pci/devices/$1 now driver group
	if [ ! -e "$path" ]; then
		problem "there is no device $1; is the card in another slot now?"
		return
	fi
	now=$(read_word "$path/vendor"):$(read_word "$path/device")
	now=${now//0x/}
	if [ -n "$2" ] && [ "$now" != "$2" ]; then
		problem "$1 is another device now ($now, not $2); is the card in another slot?"
		return
	fi
	group=$(group_of "$1")
	if [ -z "$group" ]; then
		problem "$1 is in no IOMMU group; the IOMMU is off, or absent"
		return
	fi
	driver=$(driver_of "$1")
	if is_vfio "$driver"; then
		check_node "$group"
	elif [ "$bind" = at-boot ]; then
		problem "$1 is on ${driver:-no driver}, not on vfio-pci; reboot, or: sudo vfiotui bind $1"
	elif ! can_be_root; then
		problem "$1 is on ${driver:-no driver}; handing it over needs root: use sudo, or first sudo vfiotui bind $1"
	else
		[ -z "$driver" ] || check_use "$1"
		to_bind+=("$1")
	fi
	check_group "$1" "$group"
}

check_desktop() {
	[ "$single_gpu" = yes ] || return 0
	[ "$EUID" -eq 0 ] || problem "the desktop is ended and brought back by root only: sudo vfiotui vm start '$name'"
	[ "$bind" = at-start ] || problem "with bind = at-boot the host never has the card: set single-gpu = no"
}

# What to do when the limit is too low: is a higher one written, but not for this login?
lock_more() { # KIB
	local limit
	limit=$(sed -n "s/^$user - memlock //p" "$root/etc/security/limits.d/90-vfiotui.conf" 2>/dev/null || true)
	if [[ $limit =~ ^[0-9]+$ ]] && [ "$limit" -ge "$1" ]; then
		printf '%s' "the limit is written, but this login has not got it: $older_login (still so after that: its PAM does not ask pam_limits.so; for SSH, UsePAM yes)"
	else
		printf '%s' "vfiotui writes the limit with the VM (sudo vfiotui vm edit); it holds for logins after that"
	fi
}

check_memory() {
	local locked needed=$((memory + 512)) dir free
	if [ ${#devices[@]} -gt 0 ] || [ "$lock_memory" = yes ]; then
		# Devices reach the guest's memory directly, so all of it is locked.
		ulimit -l unlimited 2>/dev/null || true
		locked=$(ulimit -l)
		if [ "$EUID" -ne 0 ] && [ "$locked" != unlimited ] && [ "$locked" -lt $((needed * 1024)) ]; then
			problem "you may lock $((locked / 1024)) MiB of memory, the guest needs $needed; $(lock_more $((needed * 1024)))"
		fi
	fi
	if [ -n "$hugepages" ]; then
		dir=$root/sys/kernel/mm/hugepages
		[ -z "$numa_node" ] || dir=$root/sys/devices/system/node/node$numa_node/hugepages
		dir=$dir/hugepages-${hugepages}kB
		free=$(read_word "$dir/free_hugepages")
		needed=$(((memory * 1024 + hugepages - 1) / hugepages))
		if [ "${free:-0}" -lt "$needed" ]; then
			problem "${free:-0} huge pages of $((hugepages / 1024)) MiB are free, the guest needs $needed; best right after the boot: echo $needed | sudo tee $dir/nr_hugepages"
		fi
	fi
}

block_number() { # BLOCK DEVICE
	local major minor
	read -r major minor < <(stat -L -c '0x%t 0x%T' -- "$1")
	printf '%d:%d' "$major" "$minor"
}

check_disk() { # FILE SIZE READ-ONLY FORMAT
	local use
	if [ ! -e "$1" ]; then
		[ -z "$2" ] || return 0 # it is created at the start
		problem "there is no disk $1; create one: $0 --create-disk 64G"
	elif [ ! -r "$1" ] || { [ "$3" = off ] && [ ! -w "$1" ]; }; then
		problem "the disk $1 is not yours to write"
	elif [ "$4" = auto ] && [[ $1 != *.qcow2 ]] && [ "$(format_of "$1" auto)" = qcow2 ]; then
		# A guest may write such a beginning onto a raw disk, to be given files of this host.
		problem "the disk $1 begins as a qcow2 image does, and is not named so; say format=qcow2 if that is what it is, else format=raw"
	elif [ -b "$1" ] && [ "$3" = off ] && use=$(block_use "$root/sys/dev/block/$(block_number "$1")"); then
		problem "the disk $1 is in use by the host: $use; with two writers its content is lost"
	fi
}

# QEMU's helper makes the tap and puts it into the bridge: beside a QEMU of one's own, else where distributions have it.
find_bridge_helper() {
	local file
	for file in "${qemu%/bin/*}/libexec" "$root"/run/wrappers/bin "$root"/usr/lib/qemu "$root"/usr/libexec "$root"/usr/lib; do
		file=$file/qemu-bridge-helper
		if [ -e "$file" ]; then
			printf '%s' "$file"
			return
		fi
	done
}

# The rules for this bridge in a file of the helper's, "allow" or "deny" a line; a line that it can't read ends all.
bridge_rules() { # FILE
	local line command value
	[ -r "$1" ] && [ ${#FUNCNAME[@]} -lt 20 ] || return 1
	while IFS= read -r line || [ -n "$line" ]; do
		line=${line#"${line%%[![:space:]]*}"}
		case $line in
		'' | '#'*) continue ;;
		*' '*) command=${line%% *} ;;
		*) command=${line%%$'\t'*} ;;
		esac
		value=${line#"$command"}
		value=${value#"${value%%[![:space:]]*}"}
		value=${value%"${value##*[![:space:]]}"}
		case $command in
		allow | deny) [ "$value" != all ] && [ "$value" != "$interface" ] || printf '%s\n' "$command" ;;
		include) bridge_rules "$root$value" || true ;;
		*)
			printf 'bad line %s\n' "$line"
			return 1
			;;
		esac
	done <"$1"
}

check_bridge_rules() {
	local conf=/etc/qemu/bridge.conf rules
	if [ ! -e "$root$conf" ]; then
		problem "there is no $conf, so QEMU's bridge helper puts no VM onto $interface: sudo mkdir -p /etc/qemu; echo 'allow $interface' | sudo tee $conf"
		return
	elif [ ! -r "$root$conf" ]; then
		problem "QEMU's bridge helper reads $conf as you, and you may not: sudo chmod a+r $conf"
		return
	fi
	rules=$(bridge_rules "$root$conf" || true)
	case $rules in
	*'bad line '*) problem "QEMU's bridge helper can't read the line '${rules##*bad line }' of $conf, and then puts no VM onto any bridge" ;;
	*deny*) problem "$conf denies VMs on the bridge $interface, which no 'allow' outweighs; take the 'deny' out, or choose another network" ;;
	*allow*) ;;
	*) problem "QEMU's bridge helper does not know $interface; add the line 'allow $interface' to $conf" ;;
	esac
}

# Only root can make a network device without the helper's setuid bit.
check_bridge_helper() {
	local file=${bridge_helper#"$root"}
	if [ -z "$bridge_helper" ]; then
		problem "QEMU's program qemu-bridge-helper is missing (qemu-system-common on Debian, qemu-common on Arch and Fedora, qemu-tools on openSUSE)"
	elif [ ! -x "$bridge_helper" ]; then
		problem "QEMU's bridge helper $file is not yours to run; join its group ($(stat -c %G -- "$bridge_helper")), or start with sudo"
	elif [ "$EUID" -ne 0 ] && [ ! -u "$bridge_helper" ] && find_program dpkg-statoverride >/dev/null; then
		problem "QEMU's bridge helper may not do that for you: sudo dpkg-statoverride --update --add root root 4755 $file, or start with sudo"
	elif [ "$EUID" -ne 0 ] && [ ! -u "$bridge_helper" ]; then
		problem "QEMU's bridge helper may not do that for you: sudo chmod u+s $file, or start with sudo"
	fi
}

check_is_up() { # LINK: a guest behind one that is down has no network, and nothing says why
	local flags
	flags=$(read_word "$root/sys/class/net/$1/flags")
	[ $((${flags:-1} & 1)) -ne 0 ] || problem "the network link $1 is down; bring it up: sudo ip link set $1 up"
}

check_macvtap() {
	local link=$root/sys/class/net/$interface master
	if [ ! -e "$link" ]; then
		problem "there is no network link $interface for macvtap"
		return
	fi
	master=$(readlink -- "$link/master" || true)
	if [ -d "$link/brport" ]; then
		problem "$interface is a port of the bridge ${master##*/}, so macvtap can't be put on it; choose network = bridge with ${master##*/}"
	elif [ -d "$link/bonding_slave" ]; then
		problem "$interface is a part of ${master##*/}, so macvtap can't be put on it; name ${master##*/} instead"
	fi
	check_is_up "$interface"
	find_program ip >/dev/null || problem "macvtap needs the program ip (iproute2), which is not installed"
	can_be_root || problem "macvtap needs root: use sudo, or choose the user network"
}

bridge_helper=
[ "$network" != bridge ] || bridge_helper=$(find_bridge_helper)
check_network() {
	case $network in
	bridge)
		if [ ! -d "$root/sys/class/net/$interface/bridge" ]; then
			problem "there is no bridge $interface; make one, or choose the user network"
		else
			check_is_up "$interface"
		fi
		check_bridge_rules
		check_bridge_helper
		;;
	macvtap) check_macvtap ;;
	esac
	[ "$samba" = no ] || can_be_root || problem "starting Samba's services needs root: use sudo, or set samba = no"
	if [ -n "$share" ]; then
		find_program smbd >/dev/null || problem "sharing $share needs Samba's smbd, which is not installed"
		[ -d "$share" ] || problem "the shared directory $share is not there"
	fi
}

# Where the sound server of the user at the desk listens, also under sudo.
audio_dir=$root/run/user/${SUDO_UID:-$UID}
[ -z "${XDG_RUNTIME_DIR:-}" ] || audio_dir=$XDG_RUNTIME_DIR
check_audio() {
	local have
	[ "$audio" != none ] || return 0
	have=$("$qemu" -audiodev help 2>/dev/null || true)
	if ! grep -qx "$audio" <<<"$have"; then
		problem "this QEMU has no sound output $audio (a package of its own on some distributions, or QEMU is too old: PipeWire needs 8.1)"
		return
	fi
	case $audio in
	pipewire | jack) [ -S "$audio_dir/pipewire-0" ] || [ "$audio" = jack ] || problem "PipeWire does not run: there is no $audio_dir/pipewire-0" ;;
	pa) [ -S "$audio_dir/pulse/native" ] || problem "PulseAudio does not run: there is no $audio_dir/pulse/native" ;;
	esac
}

check_usb() { # ID OR PORT
	local path
	case $1 in
	*:*)
		for path in "$root"/sys/bus/usb/devices/*; do
			[ "$(read_word "$path/idVendor"):$(read_word "$path/idProduct")" != "$1" ] || break
			path=
		done
		;;
	*) path=$root/sys/bus/usb/devices/$1 ;;
	esac
	if [ -z "$path" ] || [ ! -e "$path" ]; then
		problem "the USB device $1 is not plugged in"
		return
	fi
	path=$(printf '%s/dev/bus/usb/%03d/%03d' "$root" "$(read_word "$path/busnum")" "$(read_word "$path/devnum")")
	[ -w "$path" ] || problem "the USB device $1 is not yours to open ($path)"
}

check_programs() {
	find_program "$qemu" >/dev/null || problem "$qemu is not installed"
	[ "$tpm" = no ] || find_program swtpm >/dev/null || problem "the TPM needs swtpm, which is not installed"
	if [ ${#pin[@]} -gt 0 ] || [ -n "$pin_emulator" ]; then
		find_program taskset >/dev/null || problem "pinning needs taskset (util-linux), which is not installed"
	fi
	[ -z "$sharer" ] || find_program "$sharer" >/dev/null || problem "the keyboard server $sharer is not installed"
	[ -z "$sharer_config" ] || [ -r "$sharer_config" ] || problem "$sharer_config can't be read"
}

# Looking Glass's memory: whoever owns the file sees the guest's screen.
check_shared_memory() {
	local owner
	case $shared_memory in
	'') ;;
	/dev/kvmfr*) [ -w "$root$shared_memory" ] || problem "$shared_memory is missing or not yours; load the module kvmfr with static_size_mb=$shared_memory_mib" ;;
	*)
		[ -e "$shared_memory" ] || [ -L "$shared_memory" ] || return 0
		owner=$(stat -c %u -- "$shared_memory")
		if [ -L "$shared_memory" ]; then
			problem "$shared_memory is a link, which is not followed; remove it: sudo rm $shared_memory"
		elif { [ "$owner" -ne 0 ] && [ "$owner" -ne "$EUID" ] && [ "$owner" -ne "${SUDO_UID:-0}" ]; } || [ ! -r "$shared_memory" ] || [ ! -w "$shared_memory" ]; then
			problem "the shared memory $shared_memory belongs to $(stat -c %U -- "$shared_memory"), not to you; when nothing uses it: sudo rm $shared_memory"
		fi
		;;
	esac
}

check_spice() {
	case $display in
	spice | looking-glass) [ -n "$spice_port" ] || return 0 ;;
	*) return 0 ;;
	esac
	if (exec 3<>"/dev/tcp/127.0.0.1/$spice_port") 2>/dev/null; then
		problem "the port $spice_port is in use by another program; choose another for SPICE, or none"
	fi
}

check_files() {
	local file i
	for file in ${boot_cdroms[@]+"${boot_cdroms[@]}"} ${cdroms[@]+"${cdroms[@]}"} ${roms[@]+"${roms[@]}"}; do
		[ -z "$file" ] || [ -r "$file" ] || problem "$file can't be read"
	done
	if [ "$firmware" != bios ] && [ -z "$ovmf_code" ]; then
		problem "there was no OVMF for $firmware when this was written; install it (edk2-ovmf, ovmf), then: sudo vfiotui vm edit '$name' --firmware $firmware"
	elif [ -n "$ovmf_code" ]; then
		for file in "$ovmf_code" "$ovmf_vars"; do
			[ -r "$file" ] || problem "$file can't be read"
		done
	fi
	for i in "${!disks[@]}"; do
		check_disk "${disks[i]}" "${disk_sizes[i]}" "${disks_read_only[i]}" "${disk_formats[i]}"
	done
	for file in ${evdev[@]+"${evdev[@]}"}; do
		if [ ! -e "$root$file" ]; then
			problem "the input device $file is not there; is it plugged in?"
		elif [ ! -r "$root$file" ] || [ ! -w "$root$file" ]; then
			problem "the input device $file is not yours to open"
		fi
	done
	[ ${#socket} -le 100 ] || problem "the name of $socket is too long for a socket"
}

check_kvm() {
	local node=$root/dev/kvm group
	if [ "$accel" != kvm ] || can_open "$node"; then
		return
	elif [ ! -e "$node" ]; then
		problem "$node is missing; turn virtualization on in the firmware"
		return
	fi
	group=$(stat -c %G -- "$node")
	if [ "$group" = root ] || [[ $(stat -c %A -- "$node") != ????rw* ]]; then
		problem "$node is for root alone; let the group kvm have it (sudo chgrp kvm $node && sudo chmod 660 $node, until the next boot), or start with sudo"
	elif joined_since "$group"; then
		problem "$node is not yet yours to open: this login began before you came into its group $group; $older_login"
	else
		problem "$node is for the group $group: sudo usermod -aG $group $user, then log in again"
	fi
}

# Does a logout end all processes of this session? Kill...= of logind.conf(5), asked for the session's user.
logout_ends_all() {
	local kills only except who=${SUDO_USER:-$user}
	grep -q '/session-[^/]*[.]scope' "$root/proc/self/cgroup" 2>/dev/null || return 1
	{ read -r _ kills && read -r _ only && read -r _ except; } < <(busctl get-property org.freedesktop.login1 /org/freedesktop/login1 \
		org.freedesktop.login1.Manager KillUserProcesses KillOnlyUsers KillExcludeUsers 2>/dev/null) || return 1
	if [[ $except == *"\"$who\""* ]] || [ "$who $except" = 'root 0' ]; then
		return 1
	elif [ "$only" != 0 ]; then
		[[ $only == *"\"$who\""* ]]
	else
		[ "$kills" = true ]
	fi
}

# A user's own systemd stays after the last logout only for one that "lingers".
lingers() {
	[ -e "$root/var/lib/systemd/linger/$user" ] && [ -S "${XDG_RUNTIME_DIR:-}/systemd/private" ]
}

check_logout() {
	if [ "$EUID" -ne 0 ] && logout_ends_all && ! lingers; then
		say "take care: this system ends all your processes when you log out (KillUserProcesses), so it switches the guest off; to keep it: sudo loginctl enable-linger $user"
	fi
}

check_all() {
	local i
	check_programs
	check_kvm
	for i in "${!devices[@]}"; do
		check_device "${devices[i]}" "${device_ids[i]}"
	done
	for i in ${usb[@]+"${usb[@]}"}; do
		check_usb "$i"
	done
	check_desktop
	check_memory
	check_files
	check_shared_memory
	check_spice
	check_network
	check_audio
	check_logout
}

[ "$mode" = print ] || check_all
if [ "$mode" = check ]; then
	[ "$problems" -eq 0 ] || exit 1
	printf '%s: all is ready\n' "$name"
	exit 0
fi
[ "$problems" -eq 0 ] || die "not started"

