# The machine is started by Limine, with an entry written by hand. No package of Debian has it: LIMINE names its BOOTX64.EFI.
# A program that holds a checksum of limine.conf starts nothing with another one: then no edit is taken.
if [ ! -f "${LIMINE:-}" ]; then
	echo "measured: NOT RUN: LIMINE does not name Limine's BOOTX64.EFI"
	exit 0
fi
cp "$LIMINE" "$SHARE/limine.efi"
disk=$TMP/disk.qcow2
machine --disk "$disk" --boot uefi --topology intel <<-'INSIDE'
	sed -i 's/noauto,//' /etc/fstab
	mount /boot/efi
	mkdir -p /etc/initramfs/post-update.d
	cat >/etc/initramfs/post-update.d/copy <<-'HOOK'
		#!/bin/sh
		cp "/boot/vmlinuz-$1" /boot/efi/vmlinuz
		cp "$2" /boot/efi/initrd.img
	HOOK
	chmod +x /etc/initramfs/post-update.d/copy
	/etc/initramfs/post-update.d/copy "$(uname -r)" /boot/initrd.img-"$(uname -r)"
	cp /vm/share/limine.efi /boot/efi/EFI/BOOT/BOOTX64.EFI
	line=$(sed 's/BOOT_IMAGE=[^ ]* *//' /proc/cmdline)
	cat >/boot/efi/limine.conf <<-CONF
		timeout: 0
		serial: yes
		/+Debian
		//Usual
			# one comment
			protocol: linux
			kernel_path: boot():/vmlinuz
			CMDLINE: $line
			module_path: boot():/initrd.img
		//Rescue
			protocol: linux
			kernel_path: boot():/vmlinuz
			kernel_cmdline: $line single
			module_path: boot():/initrd.img
	CONF
	sed -i '1i default_entry: 2' /boot/efi/limine.conf
INSIDE
machine --disk "$disk" --boot uefi --topology intel <<-'INSIDE'
	cat /proc/cmdline
	vfiotui list --json | jq .host
	[ "$(vfiotui list --json | jq -r .host.bootloader)" = limine ]
	expect_driver 0b:00.0 xhci_hcd
	state >/root/before
	cp /boot/efi/limine.conf /root/
	# the checksum of the file as it is: the next boot shows that Limine takes it
	cp /boot/efi/EFI/BOOT/BOOTX64.EFI /root/limine.efi
	perl -e 'local $/; $_ = <STDIN>; $s = shift; s/(\+\+CONFIG_\w+_SIGNATURE\+\+)0{128}/$1$s/ or die; print' \
		"$(b2sum </root/limine.conf | cut -d ' ' -f 1)" </root/limine.efi >/boot/efi/EFI/BOOT/BOOTX64.EFI
	! vfiotui apply 0b:00.0 --user user --yes 2>/tmp/refused || fail "a file with an enrolled checksum was edited"
	cat /tmp/refused
	grep 'enroll-config' /tmp/refused
	diff /root/limine.conf /boot/efi/limine.conf
	diff /root/before <(state)
INSIDE
machine --disk "$disk" --boot uefi --topology intel <<-'INSIDE'
	cp /root/limine.efi /boot/efi/EFI/BOOT/BOOTX64.EFI
	vfiotui apply 0b:00.0 --user user --yes | sed '/^create.*launch.sh/,/^$/d'
	cat /boot/efi/limine.conf
	[ "$(grep -ci 'cmdline: .* iommu=pt$' /boot/efi/limine.conf)" = 2 ]
INSIDE
machine --disk "$disk" --boot uefi --topology intel <<-'INSIDE'
	grep -w iommu=pt /proc/cmdline
	expect_driver 0b:00.0 vfio-pci
	expect_node 0b:00.0 user:kvm:660
	vfiotui status
	vfiotui undo --yes
	diff /root/limine.conf /boot/efi/limine.conf
	diff /root/before <(state)
INSIDE
machine --disk "$disk" --boot uefi --topology intel <<-'INSIDE'
	! grep -w iommu=pt /proc/cmdline || fail "the parameters are still there"
	expect_driver 0b:00.0 xhci_hcd
INSIDE
