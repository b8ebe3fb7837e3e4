# every change
# One of two identical network cards by its address: only the marked one is taken, in the initramfs, although the host's driver
# is in the image and wants both.
disk=$TMP/disk.qcow2
machine --disk "$disk" --boot bios --timeout 900 <<-'INSIDE'
	expect_driver 03:00.0 e1000e
	expect_driver 04:00.0 e1000e
	echo e1000e >>/etc/initramfs-tools/modules # the race is real
	vfiotui check 03:00.0 --json | jq -e '.findings[] | select(.code == "same-id" and .severity == "warn")'
	vfiotui apply 03:00.0 --yes
	lsinitramfs /boot/initrd.img-"$(uname -r)" | grep -E 'e1000e.ko|vfio-pci.ko|vfiotui'
INSIDE
machine --disk "$disk" --boot bios <<-'INSIDE'
	expect_driver 03:00.0 vfio-pci
	expect_driver 04:00.0 e1000e
	vfiotui status
	vfiotui undo --yes
INSIDE
machine --disk "$disk" --boot bios <<-'INSIDE'
	expect_driver 03:00.0 e1000e
	expect_driver 04:00.0 e1000e
INSIDE
