# every change
# The same as on a BIOS, through OVMF and GRUB, and with the IOMMU's parameter in the boot entry.
disk=$TMP/disk.qcow2
machine --disk "$disk" --boot uefi --timeout 900 <<-'INSIDE'
	[ "$(vfiotui list --json | jq -r .host.firmware)" = uefi ]
	expect_driver 02:00.0 nvme
	vfiotui apply 02:00.0 --user user --yes
INSIDE
machine --disk "$disk" --boot uefi <<-'INSIDE'
	expect_driver 02:00.0 vfio-pci
	expect_node 02:00.0 user:kvm:660
	grep -q iommu=pt /proc/cmdline
	dmesg | grep -n -m1 vfio_pci
	vfiotui status
INSIDE
