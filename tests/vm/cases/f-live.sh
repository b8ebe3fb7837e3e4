# The machine changes while the screen is open: a driver by sysfs, virtual functions that come and go, a device removed and found
# again, a card whose slot loses its power. The rows follow, the marks and the cursor stay.
machine --init fast --topology intel --timeout 600 <<-'INSIDE'
	modprobe vfio-pci
	now() { date +%s%N; }
	follows() { # TEXT WHAT: the text comes to the screen; what is printed is how long it took
		local start took
		start=$(now)
		screen_wait 10 "$2"
		took=$((($(now) - start) / 1000000))
		echo "measured: $1 is on the screen after $took ms"
		[ $took -lt 1500 ] || fail "$1 took $took ms" # half a second, on a processor that is emulated
	}
	at() { screen | grep -F -- "$1"; }

	screen_open vfiotui
	screen_wait 60 'Next: mark what the VM shall get'
	screen_keys /
	screen_wait 10 'Find:'
	screen_type 04:00.0
	screen_keys Space
	screen_wait 10 '1 marked'
	screen
	at '04:00.0' | tee /tmp/row
	line=$(tmux -L vfiotui display -p '#{cursor_y}')

	override() { echo "$2" >"/sys/bus/pci/devices/0000:$1/driver_override"; }
	echo 0000:03:00.0 >/sys/bus/pci/drivers/e1000e/unbind
	override 03:00.0 vfio-pci
	echo 0000:03:00.0 >/sys/bus/pci/drivers_probe
	expect_driver 03:00.0 vfio-pci
	follows 'a device bound to vfio-pci' vfio-pci
	at '03:00.0' | grep -q vfio-pci

	echo 2 >/sys/bus/pci/devices/0000:02:00.0/sriov_numvfs
	ls /sys/bus/pci/devices
	follows 'a virtual function' '02:00.1'
	at '04:00.0'
	screen_wait 1 '1 marked'
	echo 0 >/sys/bus/pci/devices/0000:02:00.0/sriov_numvfs
	for _ in $(seq 30); do ! at '02:00.1' || sleep 0.1; done
	! at '02:00.1' || fail "a virtual function that went is still on the screen"

	echo 1 >/sys/bus/pci/devices/0000:04:00.0/remove # the one that is marked and under the cursor
	for _ in $(seq 30); do at '04:00.0' >/dev/null || break; sleep 0.1; done
	screen
	echo 1 >/sys/bus/pci/rescan
	follows 'a device that was found again' '04:00.0'
	screen

	slot=$(grep -lx '0000:01:00' /sys/bus/pci/slots/*/address)
	echo 0 >"${slot%/address}/power"
	for _ in $(seq 100); do [ -e /sys/bus/pci/devices/0000:01:00.0 ] || break; sleep 0.1; done
	[ ! -e /sys/bus/pci/devices/0000:01:00.0 ] || fail "the slot still has its card"
	for _ in $(seq 30); do at '01:00.0' >/dev/null || break; sleep 0.1; done
	! at '01:00.0' || fail "a card without power is still on the screen"
	screen
	screen_close
INSIDE
