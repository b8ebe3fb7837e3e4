# every change
# A guest of the guest: a VM with two devices is described, and its launch script starts it by KVM. It sees both of them, writes and
# reads the NVMe, has a link on the network card, and shuts down by its power button; the devices go back to their own drivers.
# Then the program starts it, which takes the devices by itself, and shuts it down over QMP, and they are back again.
machine --kvm --topology intel <<-'INSIDE'
	kernel=$(echo /boot/vmlinuz-*)
	initrd=/usr/local/lib/vm/nested.cpio.gz
	words='console=ttyS0 panic=-1 quiet hold'
	guest_worked() { # it is up, and did what it has to
		local end=$((SECONDS + patience))
		until grep -q '^NESTED done' /tmp/guest 2>/dev/null; do
			[ $SECONDS -lt $end ] && "$@" || { cat /tmp/guest; fail "the guest does not come up"; }
			sleep 0.5
		done
		cat /tmp/guest
		grep -q '8086:0x10d3 driver=e1000e' /tmp/guest
		grep -q 'driver=nvme' /tmp/guest
		grep -q 'NESTED net .* link=1' /tmp/guest
		grep -q 'NESTED nvme0n1 wrote 64 blocks' /tmp/guest
		grep -q 'NESTED nvme0n1 read 262144 bytes' /tmp/guest
	}
	guest_ended() { tr -d '\r' </tmp/guest | grep -qx 'NESTED power button'; } # by itself
	stays_in_use() { # a device in use by a guest stays where it is
		if timeout 300 vfiotui release 03:00.0; then fail "a device was taken from under a running guest"; fi
		expect_driver 03:00.0 vfio-pci
	}
	nvme_works() {
		udevadm settle
		dd if="/dev/$(basename /sys/bus/pci/devices/0000:08:00.0/nvme/nvme*)n1" of=/dev/null bs=4k count=4
	}

	say "described to the program"
	vfiotui vm new inner --system linux --firmware bios --memory 512M --cores 1 --network none --display none --bind at-start \
		--device 03:00.0 --device 08:00.0 --qemu-option -serial --qemu-option file:/tmp/guest \
		--qemu-option -kernel --qemu-option "$kernel" --qemu-option -initrd --qemu-option $initrd \
		--qemu-option -append --qemu-option "$words" --yes | grep -v '^+'
	launch=/etc/vfiotui/vm/inner.sh

	say "started by its launch script, with the devices bound beforehand"
	vfiotui bind --yes 03:00.0 08:00.0
	expect_driver 03:00.0 vfio-pci
	expect_driver 08:00.0 vfio-pci
	$launch --check
	$launch &
	pid=$!
	guest_worked [ -d /proc/$pid ]
	stays_in_use
	kill -TERM $pid # presses the power button
	wait $pid
	guest_ended
	vfiotui release 03:00.0 08:00.0
	expect_driver 03:00.0 e1000e
	expect_driver 08:00.0 nvme
	nvme_works

	say "started by vfiotui vm start, which takes the devices from their drivers"
	rm /tmp/guest
	if vfiotui vm status inner; then fail "it is said to run before it was started"; fi
	vfiotui vm start inner --wait $patience || { vfiotui vm log inner; fail "it did not start"; }
	expect_driver 03:00.0 vfio-pci
	expect_driver 08:00.0 vfio-pci
	guest_worked vfiotui vm status inner
	vfiotui vm list | grep 'inner.*running'
	stays_in_use
	vfiotui vm stop inner --wait $patience
	guest_ended
	if vfiotui vm status inner; then fail "it is said to run after its end"; fi
	expect_driver 03:00.0 e1000e
	expect_driver 08:00.0 nvme
	nvme_works
INSIDE
