# every change
# One device by its ids, by keys in a terminal of 80x24: marked, previewed, written; rebooted through GRUB on a BIOS: vfio-pci has
# it from the initramfs on, the group's node has owner and mode, status is all green. Undo, reboot: every file and driver as
# before. Then, through OVMF and GRUB, the same device and one of two identical network cards, which only its address tells apart:
# the marked one is taken in the initramfs, although the host's driver is in the image and wants both.
disk=$TMP/disk.qcow2
machine --disk "$disk" --boot bios --topology intel --out "$TMP" <<-'INSIDE'
	[ "$(vfiotui list --json | jq -r .host.firmware)" = bios ]
	expect_driver 0b:00.0 xhci_hcd
	state >/root/before
	screen_open vfiotui
	screen_wait 'Next: mark what the VM shall get'
	screen_find 0b:00.0
	screen_keys Space
	screen_wait '1 marked'
	screen_keys p
	screen_wait '+ options vfio-pci ids=1033:0194'
	screen_wait 'nothing written yet'
	diff /root/before <(state) # it is not
	screen_keys W
	screen_wait 'Type  yes'
	screen_type yes
	say "being written"
	screen_wait 'Everything is written.'
	say "written"
	screen_wait 'What was promised'
	screen_keep written
	screen_keys Enter
	screen_wait '→ vfio-pci after reboot'
	screen_wait 'Next: reboot'
	screen_keys q
	screen_gone
	! diff /root/before <(state) >/dev/null || fail "nothing was written"
INSIDE
machine --disk "$disk" --boot bios --topology intel --out "$TMP" <<-'INSIDE'
	expect_driver 0b:00.0 vfio-pci
	expect_driver 07:00.0 xhci_hcd
	expect_node 0b:00.0 user:kvm:660
	dmesg | grep -i 'vfio_pci.*1033:0194'
	vfiotui status
	screen_open vfiotui
	screen_wait 'Next: all promises hold'
	screen_keys s
	screen_wait 'Promises of change 1'
	! screen | grep -q 'not all hold' || fail "the screen says that not all holds"
	screen_keep status
	screen_close

	vfiotui undo --yes
	diff /root/before <(state)
INSIDE
machine --disk "$disk" --boot uefi --topology intel <<-'INSIDE'
	expect_driver 0b:00.0 xhci_hcd
	diff /root/before <(state)
	say "every file and driver as before"

	[ "$(vfiotui list --json | jq -r .host.firmware)" = uefi ]
	expect_driver 03:00.0 e1000e
	expect_driver 04:00.0 e1000e
	echo e1000e >>/etc/initramfs-tools/modules # the race is real
	vfiotui check 03:00.0 --json | jq -e '.findings[] | select(.code == "same-id" and .severity == "warn")'
	vfiotui apply 0b:00.0 03:00.0 --user user --yes | sed '/^create.*launch.sh/,/^$/d'
	lsinitramfs /boot/initrd.img-"$(uname -r)" >/tmp/image
	grep /e1000e.ko /tmp/image
	grep /vfio-pci.ko /tmp/image
	grep vfiotui /tmp/image
INSIDE
machine --disk "$disk" --boot uefi --topology intel <<-'INSIDE'
	expect_driver 0b:00.0 vfio-pci
	expect_driver 03:00.0 vfio-pci
	expect_driver 04:00.0 e1000e
	expect_driver 07:00.0 xhci_hcd
	expect_node 03:00.0 user:kvm:660
	grep -q iommu=pt /proc/cmdline
	# the host's driver never had it: no network interface of that card was ever made
	! dmesg | grep 'e1000e 0000:03:00.0.*eth' || fail "e1000e had 03:00.0 first"
	dmesg | grep 'e1000e 0000:04:00.0.*eth'
	vfiotui status
INSIDE
