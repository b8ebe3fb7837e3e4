# The machine's images are made by dracut: what is written makes vfio-pci part of the image and has it loaded before udev, so that it
# has the marked one of two identical cards although the host's driver is in the image, too. Undo, reboot: as before.
disk=$TMP/disk.qcow2
machine --disk "$disk" --boot bios --topology intel <<-'INSIDE'
	dpkg --purge --force-depends initramfs-tools initramfs-tools-core
	dpkg -i /usr/local/lib/vm/packages/{dracut-core,kpartx}*.deb
	cat >/etc/dracut.conf.d/10-vm.conf <<-'CONF' # small, for an emulated processor
		hostonly="yes"
		hostonly_cmdline="no"
		compress="gzip"
		add_drivers+=" e1000e virtio_pci virtio_blk "
		omit_dracutmodules+=" crypt dm dmraid mdraid lvm multipath network nfs iscsi plymouth bash i18n virtfs dbus "
	CONF
	say "dracut"
	dracut -f /boot/initrd.img-"$(uname -r)" "$(uname -r)"
	say "made"
INSIDE
machine --disk "$disk" --boot bios --topology intel <<-'INSIDE'
	vfiotui list --json | jq .host
	dmesg | grep -i dracut # it started this machine
	expect_driver 03:00.0 e1000e
	state >/root/before
	vfiotui apply 03:00.0 --user user --yes | sed '/^create.*launch.sh/,/^$/d'
	lsinitrd /boot/initrd.img-"$(uname -r)" >/tmp/image
	grep /vfio-pci.ko /tmp/image
	grep /e1000e.ko /tmp/image
INSIDE
machine --disk "$disk" --boot bios --topology intel <<-'INSIDE'
	expect_driver 03:00.0 vfio-pci
	expect_driver 04:00.0 e1000e
	! dmesg | grep 'e1000e 0000:03:00.0.*eth' || fail "e1000e had 03:00.0 first"
	vfiotui status
	vfiotui undo --yes
	diff /root/before <(state)
INSIDE
machine --disk "$disk" --boot bios --topology intel <<-'INSIDE'
	expect_driver 03:00.0 e1000e
	diff /root/before <(state)
	say "every file and driver as before"
INSIDE
