# The machine changes while the screen is open: drivers by sysfs and by driverctl, virtual functions that come and go, cards that are
# pulled and put back. The rows follow within half a second of the kernel's own event, the mark and the cursor stay where they are.
machine --init fast --topology intel --monitor <<-'INSIDE'
	modprobe vfio-pci
	worst=0
	# Half a second is meant for a processor, not for one that is emulated on a busy machine: there it is the wait for more events
	# (0.1 s) and as long as two runs of the program take at that moment.
	scan() {
		local start=${EPOCHREALTIME/./} i
		for i in 1 2 3; do vfiotui list >/dev/null; done
		echo $(((${EPOCHREALTIME/./} - start) / 3000))
	}
	# The moment the row was right is the last drawing before it was seen so: never less than it really took.
	follows() { # WHAT ACTION ADDRESS CONDITION...
		local what=$1 action=$2 address=$3 end=$((SECONDS + patience)) took limit
		shift 3
		until "$@"; do
			[ $SECONDS -lt $end ] || { screen; cat /tmp/told; fail "the screen does not show $what"; }
			sleep 0.05
		done
		took=$(awk "BEGIN { printf \"%d\", ($(clock_drawn) - $(clock_told "$action" "$address")) * 1000 }")
		say "$what is on the screen $took ms after the kernel's event"
		[ "$took" -ge 0 ] || fail "nothing was drawn after the event"
		limit=$((100 + 2 * $(scan)))
		[ $limit -gt 500 ] || limit=500
		[ "$took" -le $limit ] || fail "$what took $took ms, more than $limit"
		[ "$took" -le $worst ] || worst=$took
		stays
	}
	shows() { screen_row "$1" | grep -qF -- "$2"; }
	lacks() { screen_row "$1" >/dev/null && ! shows "$@"; }
	absent() { ! screen_row "$1" >/dev/null; }
	stays() {
		screen | grep -qF '1 marked' || { screen; fail "the mark is lost"; }
		screen | grep -qF '[x] 04:00.0' || { screen; fail "the mark went elsewhere"; }
		screen_cursor | grep -qF "$under" || { screen; fail "the cursor is on: $(screen_cursor)"; }
	}
	go_to() {
		screen_find "$1"
		under=$1
	}

	screen_rows=120
	screen_open vfiotui
	screen_wait 'Next: mark what the VM shall get'
	go_to 04:00.0
	screen_keys Space
	screen_wait '1 marked'
	screen
	stays
	clock_start

	say "a driver, by sysfs"
	echo 0000:07:00.0 >/sys/bus/pci/drivers/xhci_hcd/unbind
	follows 'a device without a driver' unbind 07:00.0 lacks 07:00.0 xhci_hcd
	echo vfio-pci >/sys/bus/pci/devices/0000:07:00.0/driver_override
	echo 0000:07:00.0 >/sys/bus/pci/drivers_probe
	expect_driver 07:00.0 vfio-pci
	follows 'a device bound to vfio-pci' bind 07:00.0 shows 07:00.0 vfio-pci

	say "and by driverctl"
	driverctl --nosave set-override 0000:03:00.0 vfio-pci
	expect_driver 03:00.0 vfio-pci
	follows 'a device that driverctl took' bind 03:00.0 shows 03:00.0 vfio-pci
	driverctl --nosave unset-override 0000:03:00.0
	expect_driver 03:00.0 e1000e
	follows 'a device that driverctl gave back' bind 03:00.0 shows 03:00.0 e1000e

	say "virtual functions"
	echo 2 >/sys/bus/pci/devices/0000:02:00.0/sriov_numvfs
	follows 'a virtual function' add 02:00.1 shows 02:00.1 NVMe
	follows 'the second one' add 02:00.2 shows 02:00.2 NVMe
	echo 0 >/sys/bus/pci/devices/0000:02:00.0/sriov_numvfs
	follows 'a virtual function that went' remove 02:00.1 absent 02:00.1
	follows 'the second one that went' remove 02:00.2 absent 02:00.2

	say "a card is pulled and put back"
	go_to 03:00.0
	sleep 1
	monitor device_del usb2
	follows 'a card that was pulled' remove 0b:00.0 absent 0b:00.0
	monitor device_add nec-usb-xhci,id=usb2,bus=rp7
	follows 'a card that was put back' add 0b:00.0 shows 0b:00.0 USB

	say "the marked card is pulled: it keeps its mark, and has its place again when it is put back"
	go_to 04:00.0
	sleep 1
	monitor device_del nic2
	follows 'the marked card that was pulled' remove 04:00.0 shows 04:00.0 'not here now'
	monitor device_add e1000e,id=nic2,bus=rp4
	follows 'the marked card that was put back' add 04:00.0 shows 04:00.0 LAN
	screen

	echo "measured: the slowest of these rows followed after $worst ms, where vfiotui list takes $(scan) ms"
	screen_keys q
	screen_wait 'What you marked is not written'
	screen_close
INSIDE
