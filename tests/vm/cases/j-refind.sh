# The machine is started by rEFInd, which finds the kernel on the root file system by itself and takes its parameters from
# /boot/refind_linux.conf: the reboot proves that each boot of the file that is no way back has them. Undo, reboot: as before.
disk=$TMP/disk.qcow2
machine --disk "$disk" --boot uefi --topology intel <<-'INSIDE'
	sed -i 's/noauto,//' /etc/fstab # refind-install writes to the mounted ESP
	mount /boot/efi
	DEBIAN_FRONTEND=noninteractive dpkg -i /usr/local/lib/vm/packages/{refind,efibootmgr,gdisk,mokutil,openssl}_*.deb
	refind-install --yes
	rm -r /boot/efi/EFI/BOOT # GRUB's, which would come first in the menu
	printf 'timeout 1\ntextonly true\nuse_graphics_for none\n' >>/boot/efi/EFI/refind/refind.conf
	cat /boot/refind_linux.conf
	efibootmgr
INSIDE
machine --disk "$disk" --boot uefi --topology intel <<-'INSIDE'
	efibootmgr
	cat /proc/cmdline
	vfiotui list --json | jq .host
	[ "$(vfiotui list --json | jq -r .host.bootloader)" = refind ]
	expect_driver 0b:00.0 xhci_hcd
	state >/root/before
	cp /boot/refind_linux.conf /root/
	vfiotui apply 0b:00.0 --user user --yes | sed '/^create.*launch.sh/,/^$/d'
	cat /boot/refind_linux.conf
	grep '^"Boot with standard options".*iommu=pt' /boot/refind_linux.conf
	grep '^"Boot to single-user mode".*iommu=pt' /boot/refind_linux.conf
	grep '^"Boot with minimal options"' /boot/refind_linux.conf | diff <(grep minimal /root/refind_linux.conf) -
INSIDE
machine --disk "$disk" --boot uefi --topology intel <<-'INSIDE'
	grep -w iommu=pt /proc/cmdline
	expect_driver 0b:00.0 vfio-pci
	expect_node 0b:00.0 user:kvm:660
	vfiotui status
	vfiotui undo --yes
	diff /root/before <(state)
	diff /root/refind_linux.conf /boot/refind_linux.conf
INSIDE
machine --disk "$disk" --boot uefi --topology intel <<-'INSIDE'
	! grep -w iommu=pt /proc/cmdline || fail "the parameters are still there"
	expect_driver 0b:00.0 xhci_hcd
	diff /root/before <(state)
	say "every file, line and driver as before"
INSIDE
