# every change
# One device by its ids: plan, apply, reboot through GRUB on a BIOS: vfio-pci has it from the initramfs on, the group's node
# has owner and mode, status is all green. Undo, reboot: every file and driver as before.
disk=$TMP/disk.qcow2
machine --disk "$disk" --boot bios --timeout 900 <<-'INSIDE'
	expect_driver 02:00.0 nvme
	state >/root/before
	vfiotui plan 02:00.0
	vfiotui apply 02:00.0 --user user --yes
	vfiotui status || true
INSIDE
machine --disk "$disk" --boot bios <<-'INSIDE'
	expect_driver 02:00.0 vfio-pci
	expect_driver 08:00.0 nvme || true
	expect_node 02:00.0 user:kvm:660
	vfiotui status
	vfiotui undo --yes
	state >/root/after
	diff /root/before /root/after
INSIDE
machine --disk "$disk" --boot bios <<-'INSIDE'
	expect_driver 02:00.0 nvme
	state >/root/after
	diff /root/before /root/after
	say "every file and driver as before"
INSIDE
