# One device by its ids through OVMF and GRUB, on the command line, and all the way back: apply, reboot, undo, reboot. Between them
# the machine is once started by the menu's entry without passthrough: vfio-pci is not there then, and every device is on its own driver.
disk=$TMP/disk.qcow2
machine --disk "$disk" --boot uefi --topology intel <<-'INSIDE'
	[ "$(vfiotui list --json | jq -r .host.firmware)" = uefi ]
	expect_driver 0b:00.0 xhci_hcd
	state >/root/before
	vfiotui apply 0b:00.0 --user user --yes | sed '/^create.*launch.sh/,/^$/d'
	grep -A 12 'without passthrough' /boot/grub/grub.cfg
	grub-reboot vfiotui-without-passthrough # as if chosen in the menu
INSIDE
machine --disk "$disk" --boot uefi --topology intel <<-'INSIDE'
	without_passthrough
	expect_driver 0b:00.0 xhci_hcd
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
