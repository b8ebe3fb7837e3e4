# The same as on a BIOS, through OVMF and GRUB, on the command line.
disk=$TMP/disk.qcow2
machine --disk "$disk" --boot uefi --timeout 1200 <<-'INSIDE'
	[ "$(vfiotui list --json | jq -r .host.firmware)" = uefi ]
	expect_driver 0b:00.0 xhci_hcd
	vfiotui apply 0b:00.0 --user user --yes
INSIDE
machine --disk "$disk" --boot uefi <<-'INSIDE'
	expect_driver 0b:00.0 vfio-pci
	expect_node 0b:00.0 user:kvm:660
	grep -q iommu=pt /proc/cmdline
	dmesg | grep 'vfio_pci.*1033:0194'
	vfiotui status
INSIDE
