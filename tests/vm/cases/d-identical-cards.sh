# every change
# One of two identical network cards by its address, through OVMF and GRUB: only the marked one is taken, in the initramfs, although
# the host's driver is in the image and wants both.
disk=$TMP/disk.qcow2
machine --disk "$disk" --boot uefi --timeout 1200 <<-'INSIDE'
	[ "$(vfiotui list --json | jq -r .host.firmware)" = uefi ]
	expect_driver 03:00.0 e1000e
	expect_driver 04:00.0 e1000e
	echo e1000e >>/etc/initramfs-tools/modules # the race is real
	vfiotui check 03:00.0 --json | jq -e '.findings[] | select(.code == "same-id" and .severity == "warn")'
	vfiotui apply 03:00.0 --yes | sed '/^create.*launch.sh/,/^$/d'
	lsinitramfs /boot/initrd.img-"$(uname -r)" >/tmp/image
	grep /e1000e.ko /tmp/image
	grep /vfio-pci.ko /tmp/image
	grep vfiotui /tmp/image
INSIDE
machine --disk "$disk" --boot uefi <<-'INSIDE'
	expect_driver 03:00.0 vfio-pci
	expect_driver 04:00.0 e1000e
	grep -q iommu=pt /proc/cmdline
	# the host's driver never had it: no network interface of that card was ever made
	! dmesg | grep 'e1000e 0000:03:00.0.*eth' || fail "e1000e had 03:00.0 first"
	dmesg | grep 'e1000e 0000:04:00.0.*eth'
	vfiotui status
INSIDE
