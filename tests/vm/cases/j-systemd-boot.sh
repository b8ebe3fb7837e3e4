# The machine is started by systemd-boot, and kernel-install makes its entries: the parameters go to /etc/kernel/cmdline and from there
# into the entry; the reboot proves it. Before that the machine is once started by the entry without passthrough, where vfio-pci is not
# there. Undo, reboot: everything as before, the entries included.
disk=$TMP/disk.qcow2
entries='cat /boot/efi/loader/entries/*.conf'
machine --disk "$disk" --boot uefi --topology intel <<-'INSIDE'
	sed -i 's/noauto,//' /etc/fstab # a machine with systemd-boot has its ESP mounted
	mount /boot/efi
	mkdir -p /etc/kernel
	echo 'layout=bls' >/etc/kernel/install.conf
	sed 's/BOOT_IMAGE=[^ ]* *//' /proc/cmdline >/etc/kernel/cmdline
	dpkg -i /usr/local/lib/vm/packages/systemd-boot*.deb # makes the entry, too
	bootctl is-installed
	echo 'timeout 0' >>/boot/efi/loader/loader.conf
	cat /boot/efi/loader/entries/*.conf
INSIDE
machine --disk "$disk" --boot uefi --topology intel <<-INSIDE
	bootctl status --no-pager | grep 'Product: systemd-boot'
	vfiotui list --json | jq .host
	expect_driver 0b:00.0 xhci_hcd
	state >/root/before
	$entries >/root/entries
	grep -q '^initrd' /root/entries
	vfiotui apply 0b:00.0 --user user --yes | sed '/^create.*launch.sh/,/^$/d'
	grep -q iommu=pt /etc/kernel/cmdline
	$entries | tee /dev/stderr | grep -q '^options.*iommu=pt'
	$entries | grep -q '^initrd'
	bootctl list --no-pager | tee /dev/stderr | grep -q 'without passthrough'
	bootctl set-oneshot \$(basename /boot/efi/loader/entries/*without-passthrough.conf) # as if chosen in the menu
INSIDE
machine --disk "$disk" --boot uefi --topology intel <<-INSIDE
	bootctl status --no-pager | grep 'Product: systemd-boot'
	without_passthrough
	expect_driver 0b:00.0 xhci_hcd
INSIDE
machine --disk "$disk" --boot uefi --topology intel <<-INSIDE
	bootctl status --no-pager | grep 'Product: systemd-boot'
	grep -q iommu=pt /proc/cmdline
	expect_driver 0b:00.0 vfio-pci
	expect_node 0b:00.0 user:kvm:660
	vfiotui status
	vfiotui undo --yes
	diff /root/before <(state)
	$entries | diff /root/entries -
INSIDE
machine --disk "$disk" --boot uefi --topology intel <<-INSIDE
	! grep -q iommu=pt /proc/cmdline || fail "the parameters are still there"
	expect_driver 0b:00.0 xhci_hcd
	diff /root/before <(state)
	say "every file, entry and driver as before"
INSIDE
