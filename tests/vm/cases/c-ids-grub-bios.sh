# every change
# One device by its ids, by keys in a terminal of 80x24: marked, previewed, written; rebooted through GRUB on a BIOS: vfio-pci has
# it from the initramfs on, the group's node has owner and mode, status is all green. Undo, reboot: every file and driver as
# before.
disk=$TMP/disk.qcow2
machine --disk "$disk" --boot bios --timeout 1200 --out "$TMP" <<-'INSIDE'
	expect_driver 0b:00.0 xhci_hcd
	state >/root/before
	screen_open vfiotui
	screen_wait 60 'Next: mark what the VM shall get'
	screen_keys / && screen_wait 10 'Find' && screen_type 0b:00.0
	screen_keys Space
	screen_wait 10 '1 marked'
	screen_keys p
	screen_wait 30 '+ options vfio-pci ids=1033:0194'
	screen_wait 5 'nothing written yet'
	diff /root/before <(state) # it is not
	screen_keys W
	screen_wait 10 'Type  yes'
	screen_type yes
	screen_wait 900 'Everything is written.'
	screen_wait 30 'What was promised'
	screen_keep written
	screen_keys Enter
	screen_wait 10 '→ vfio-pci after reboot'
	screen_wait 10 'Next: reboot'
	screen_keys q
	screen_gone 20
	! diff /root/before <(state) >/dev/null || fail "nothing was written"
INSIDE
machine --disk "$disk" --boot bios --timeout 900 --out "$TMP" <<-'INSIDE'
	expect_driver 0b:00.0 vfio-pci
	expect_driver 07:00.0 xhci_hcd
	expect_node 0b:00.0 user:kvm:660
	dmesg | grep -i 'vfio_pci.*1033:0194'
	vfiotui status
	screen_open vfiotui
	screen_wait 60 'Next: all is handed over: start the VM with /etc/vfiotui/launch.sh'
	screen_keys s
	screen_wait 30 'Promises of change 1'
	! screen | grep -q 'not all hold' || fail "the screen says that not all holds"
	screen_keep status
	screen_close

	vfiotui undo --yes
	diff /root/before <(state)
INSIDE
machine --disk "$disk" --boot bios <<-'INSIDE'
	expect_driver 0b:00.0 xhci_hcd
	diff /root/before <(state)
	say "every file and driver as before"
INSIDE
