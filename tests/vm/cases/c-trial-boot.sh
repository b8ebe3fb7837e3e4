# A trial boot through GRUB: once with passthrough, then without it by itself, since nobody said that all is well; said, it stays.
disk=$TMP/disk.qcow2
machine --disk "$disk" --boot bios --topology intel <<-'INSIDE'
	state >/root/before
	expect_driver 0b:00.0 xhci_hcd
	vfiotui keep | grep 'No trial boot stands here'
	vfiotui apply 0b:00.0 --trial --user user --yes | tail -n 30
	grub-editenv - list | grep -x vfiotui_trial=once
INSIDE
machine --disk "$disk" --boot bios --topology intel <<-'INSIDE'
	expect_driver 0b:00.0 vfio-pci
	grub-editenv - list | grep -x vfiotui_trial=over
	! vfiotui status >/tmp/status || fail "status says nothing of the trial"
	cat /tmp/status
	[ "$(vfiotui status --json | jq -r '[.checks[] | select(.ok != true) | .what] | join("; ")')" = "the trial boot was confirmed" ]
	screen_open vfiotui
	screen_wait 'Keep it (K)'
	screen_keep trial
	screen_close # nothing is said
INSIDE
machine --disk "$disk" --boot bios --topology intel <<-'INSIDE'
	grep vfiotui=off /proc/cmdline
	expect_driver 0b:00.0 xhci_hcd
	[ ! -e /sys/module/vfio_pci ]
	! vfiotui status || fail "status calls it well"
	vfiotui keep
	! grub-editenv - list | grep vfiotui_trial
INSIDE
machine --disk "$disk" --boot bios --topology intel <<-'INSIDE'
	expect_driver 0b:00.0 vfio-pci
	vfiotui status
	vfiotui undo --yes | tail -n 5
	diff /root/before <(state)
INSIDE
