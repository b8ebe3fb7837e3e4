# every change
# A guest of the guest: two devices are handed over, the launch script that was written for them starts a VM by KVM. It sees both
# of them, writes and reads the NVMe, has a link on the network card, and shuts down by its power button. Then the devices go
# back to their own drivers.
machine --kvm --topology intel --timeout 900 <<-'INSIDE'
	printf '#!/bin/sh\nexit 0\n' >/tmp/quick && chmod 755 /tmp/quick
	mount --bind /tmp/quick /usr/sbin/update-initramfs # other cases build the image; here the devices are bound below
	mount --bind /tmp/quick /usr/sbin/update-grub
	vfiotui apply 03:00.0 08:00.0 --user root --yes
	launch=/etc/vfiotui/launch.sh
	if $launch --check; then fail "the launch script is content before the devices are bound"; fi
	vfiotui bind --yes 03:00.0 08:00.0
	expect_driver 03:00.0 vfio-pci
	expect_driver 08:00.0 vfio-pci
	$launch --create-disk 16M
	$launch --check
	# OVMF takes a minute here, under an emulated processor; its owner may edit the script
	sed -i 's/^ovmf_code=.*/ovmf_code=/; s/^memory=[0-9]*/memory=512/' $launch

	kernel=$(echo /boot/vmlinuz-*)
	$launch -- -display none -serial file:/tmp/guest -kernel "$kernel" -initrd /usr/local/lib/vm/nested.cpio.gz \
		-append 'console=ttyS0 panic=-1 quiet hold' &
	pid=$!
	for _ in $(seq 1200); do
		! grep -q '^NESTED done' /tmp/guest 2>/dev/null || break
		[ -d /proc/$pid ] || break
		sleep 0.2
	done
	cat /tmp/guest
	grep -q '8086:0x10d3 driver=e1000e' /tmp/guest
	grep -q 'driver=nvme' /tmp/guest
	grep -q 'NESTED net .* link=1' /tmp/guest
	grep -q 'NESTED nvme0n1 wrote 64 blocks' /tmp/guest
	grep -q 'NESTED nvme0n1 read 262144 bytes' /tmp/guest
	# a device in use by a guest stays where it is
	if timeout 20 vfiotui release 03:00.0; then fail "a device was taken from under a running guest"; fi
	expect_driver 03:00.0 vfio-pci
	if $launch --check; then say "the script's check is content while the guest runs"; fi
	kill -INT $pid
	wait $pid
	tr -d '\r' </tmp/guest | grep -qx 'NESTED power button'

	vfiotui release 03:00.0 08:00.0
	expect_driver 03:00.0 e1000e
	expect_driver 08:00.0 nvme
	udevadm settle
	dd if=/dev/nvme1n1 of=/dev/null bs=4k count=4 || dd if=/dev/nvme0n1 of=/dev/null bs=4k count=4
INSIDE
