# The same on a machine with AMD-Vi: one device by its ids and one of two identical cards by its address, apply, reboot, undo, reboot.
disk=$TMP/disk.qcow2
machine --disk "$disk" --boot bios --topology amd <<-'INSIDE'
	dmesg | grep AMD-Vi
	expect_driver 0b:00.0 xhci_hcd
	expect_driver 03:00.0 e1000e
	echo e1000e >>/etc/initramfs-tools/modules # the race is real
	state >/root/before
	vfiotui apply 0b:00.0 03:00.0 --user user --yes | sed '/^create.*launch.sh/,/^$/d'
INSIDE
machine --disk "$disk" --boot bios --topology amd <<-'INSIDE'
	expect_driver 0b:00.0 vfio-pci
	expect_driver 03:00.0 vfio-pci
	expect_driver 04:00.0 e1000e
	expect_node 03:00.0 user:kvm:660
	! dmesg | grep 'e1000e 0000:03:00.0.*eth' || fail "e1000e had 03:00.0 first"
	dmesg | grep 'e1000e 0000:04:00.0.*eth'
	vfiotui status
	vfiotui undo --yes
	diff /root/before <(state)
INSIDE
machine --disk "$disk" --boot bios --topology amd <<-'INSIDE'
	expect_driver 0b:00.0 xhci_hcd
	expect_driver 03:00.0 e1000e
	diff /root/before <(state)
	say "every file and driver as before"
INSIDE
