# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=all # a part of the launch script and of libvirt's hook, which are checked as a whole

# --- the desktop ends, so that the host's only graphics card is free, and comes back ---

# Writes and remembers what has to be written to take it back.
write() { # FILE VALUE BACK-FILE BACK-VALUE
	printf '%s' "$2" >"$1" || return 1
	printf '%s\n%s\n' "$3" "$4" >>"$notes/writes"
}

end_desktop() {
	mkdir -p "$notes"
	if systemctl -q is-active display-manager.service; then
		touch "$notes/display-manager"
		systemctl stop display-manager.service || return 1
	fi
}

# The text console and the firmware's framebuffer hold the card, too.
free_console() {
	local console driver device
	for console in "$root"/sys/class/vtconsole/vtcon*; do
		if grep -qs 'frame buffer' "$console/name" && [ "$(cat "$console/bind")" = 1 ]; then
			write "$console/bind" 0 "$console/bind" 1 || return 1
		fi
	done
	for driver in efi-framebuffer simple-framebuffer vesa-framebuffer; do
		for device in "$root/sys/bus/platform/drivers/$driver/"*.[0-9]*; do
			if [ -e "$device" ]; then
				write "${device%/*}/unbind" "${device##*/}" "${device%/*}/bind" "${device##*/}" || return 1
			fi
		done
	done
}

# NVIDIA's driver never lets go of a card while the rest of it is loaded.
unload_nvidia() {
	local module
	for module in nvidia_drm nvidia_modeset nvidia_uvm nvidia; do
		if [ -e "$root/sys/module/$module" ]; then
			modprobe -r "$module" || return 1
			printf '%s\n' "$module" >>"$notes/modules"
		fi
	done
}

load_nvidia() {
	local module
	[ -e "$notes/modules" ] || return 0
	while read -r module; do
		modprobe "$module" || say "the module $module can't be loaded again"
	done < <(tac "$notes/modules")
	rm -f -- "$notes/modules"
}

bring_back_desktop() {
	local file value
	[ -d "$notes" ] || return 0
	load_nvidia
	if [ -e "$notes/writes" ]; then
		while read -r value && read -r file; do
			printf '%s' "$value" >"$file" || say "$file can't be set back to $value"
		done < <(tac "$notes/writes")
	fi
	if [ -e "$notes/display-manager" ]; then
		systemctl --no-block start display-manager.service || say "the display manager can't be started; try: systemctl start display-manager"
	fi
	rm -rf -- "$notes"
}

