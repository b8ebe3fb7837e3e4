# One device by its ids through OVMF and GRUB, on the command line, and all the way back: apply, reboot, undo, reboot.
disk=$TMP/disk.qcow2
machine --disk "$disk" --boot uefi --topology intel <<-'INSIDE'
	[ "$(vfiotui list --json | jq -r .host.firmware)" = uefi ]
	expect_driver 0b:00.0 xhci_hcd
	state >/root/before
	vfiotui apply 0b:00.0 --user user --yes
INSIDE
machine --disk "$disk" --boot uefi --topology intel <<-'INSIDE'
	expect_driver 0b:00.0 vfio-pci
	expect_node 0b:00.0 user:kvm:660
	grep -q iommu=pt /proc/cmdline
	dmesg | grep 'vfio_pci.*1033:0194'
	vfiotui status
	vfiotui undo --yes
	diff /root/before <(state)
INSIDE
machine --disk "$disk" --boot uefi --topology intel <<-'INSIDE'
	expect_driver 0b:00.0 xhci_hcd
	diff /root/before <(state)
	say "every file and driver as before"
INSIDE
