# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=all # a part of the launch script, which is checked as a whole
# The screen, and the keyboard and mouse that it needs.
vnc=no
spice=unix=on,addr=${socket//,/,,}.spice
[ -z "$spice_port" ] || spice=addr=127.0.0.1,port=$spice_port
case $display in
none | looking-glass) args+=(-vga none -display none) ;;
spice) args+=(-vga qxl -display none) ;;
std | qxl)
	args+=(-vga "$display")
	desktop=${WAYLAND_DISPLAY:-}
	case ${DISPLAY:-} in
	:*) desktop=$DISPLAY ;; # "localhost:10" is the far end of an SSH session, and goes with it
	esac
	if [ -z "$desktop" ]; then # no desktop here
		vnc=yes
		args+=(-vnc "unix:${socket//,/,,}.vnc")
	fi
	;;
esac
if [ "$display" = looking-glass ]; then
	args+=(
		-object "memory-backend-file,id=looking-glass,mem-path=${shared_memory//,/,,},size=${shared_memory_mib}M,share=on"
		-device "ivshmem-plain,memdev=looking-glass"
	)
fi
if [ "$display" = spice ] || [ "$display" = looking-glass ]; then
	args+=(
		-spice "$spice,disable-ticketing=on"
		-chardev "spicevmc,id=agent,name=vdagent"
		-device "virtio-serial-pci"
		-device "virtserialport,chardev=agent,name=com.redhat.spice.0"
	)
fi
pointer=tablet # shows where it is in a window; devices of the host move it by steps
[ ${#evdev[@]} -eq 0 ] || pointer=mouse
if [ "$display" != none ] || [ ${#evdev[@]} -gt 0 ]; then
	case $input in
	usb) args+=(-device "usb-kbd,bus=$usb_bus" -device "usb-$pointer,bus=$usb_bus") ;;
	virtio) args+=(-device virtio-keyboard-pci -device "virtio-$pointer-pci") ;;
	esac # the machine has a PS/2 keyboard and mouse in any case
fi

