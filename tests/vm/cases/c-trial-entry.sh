# A trial boot through systemd-boot with an entry written by hand: once with passthrough, then without it by itself, since nobody
# said that all is well; said, it stays, and undo gives back the default of the firmware's variables, too.
disk=$TMP/disk.qcow2
variable='od -An -v -t x1 -j 4 /sys/firmware/efi/efivars/LoaderEntryDefault-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f'
machine --disk "$disk" --boot uefi --topology intel <<-'INSIDE'
	sed -i 's/noauto,//' /etc/fstab # a machine with systemd-boot has its ESP mounted
	mount /boot/efi
	dpkg -i /usr/local/lib/vm/packages/systemd-boot*.deb
	bootctl is-installed
	rm /etc/kernel/post*.d/zz-systemd-boot /etc/initramfs/post-update.d/systemd-boot # nothing makes entries but people
	cat >/etc/initramfs/post-update.d/copy <<-'HOOK'
		#!/bin/sh
		cp "/boot/vmlinuz-$1" /boot/efi/vmlinuz
		cp "$2" /boot/efi/initrd.img
	HOOK
	chmod +x /etc/initramfs/post-update.d/copy
	/etc/initramfs/post-update.d/copy "$(uname -r)" /boot/initrd.img-"$(uname -r)"
	rm -f /boot/efi/loader/entries/*
	echo 'timeout 0' >>/boot/efi/loader/loader.conf
	printf 'title Debian\nlinux /vmlinuz\ninitrd /initrd.img\noptions %s\n' \
		"$(sed 's/BOOT_IMAGE=[^ ]* *//' /proc/cmdline)" >/boot/efi/loader/entries/debian.conf
INSIDE
machine --disk "$disk" --boot uefi --topology intel <<-INSIDE
	bootctl status --no-pager | grep 'Product: systemd-boot'
	vfiotui list --json | jq .host
	expect_driver 0b:00.0 xhci_hcd
	state >/root/before
	vfiotui keep | grep 'No trial boot stands here'
	vfiotui apply 0b:00.0 --trial --user user --yes | sed '/^create.*launch.sh/,/^$/d'
	ls /boot/efi/loader/entries
	bootctl list --no-pager
	$variable
INSIDE
machine --disk "$disk" --boot uefi --topology intel <<-'INSIDE'
	grep -w iommu=pt /proc/cmdline
	expect_driver 0b:00.0 vfio-pci
	! vfiotui status >/tmp/status || fail "status says nothing of the trial"
	cat /tmp/status
	[ "$(vfiotui status --json | jq -r '[.checks[] | select(.ok != true) | .what] | join("; ")')" = "the trial boot was confirmed" ]
INSIDE
machine --disk "$disk" --boot uefi --topology intel <<-INSIDE
	grep vfiotui=off /proc/cmdline
	expect_driver 0b:00.0 xhci_hcd
	[ ! -e /sys/module/vfio_pci ]
	! vfiotui status || fail "status calls it well"
	vfiotui keep
	! $variable || fail "there was no default before"
INSIDE
machine --disk "$disk" --boot uefi --topology intel <<-INSIDE
	expect_driver 0b:00.0 vfio-pci
	vfiotui status
	vfiotui undo --yes | tail -n 5
	diff /root/before <(state)
	ls /boot/efi/loader/entries
	[ "\$(ls /boot/efi/loader/entries)" = debian.conf ]
	! $variable || fail "there was no default before"
INSIDE
machine --disk "$disk" --boot uefi --topology intel <<-'INSIDE'
	! grep -w iommu=pt /proc/cmdline || fail "the parameters are still there"
	expect_driver 0b:00.0 xhci_hcd
INSIDE
