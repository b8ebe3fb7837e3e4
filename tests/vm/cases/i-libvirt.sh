# libvirt inside: what is written to its qemu.conf is read by a real libvirtd; one that is broken is left as it is. The domain that was
# made of a VM is defined, starts with the card, which then comes back from the guest, and undo takes the domain away again.
machine --kvm --topology intel <<-'INSIDE'
	printf '#!/bin/sh\nexit 0\n' >/tmp/quick && chmod 755 /tmp/quick
	mount --bind /tmp/quick /usr/sbin/update-initramfs # other cases build the image
	mount --bind /tmp/quick /usr/sbin/update-grub
	virsh() { command virsh -c qemu:///system "$@"; }
	conf=/etc/libvirt/qemu.conf
	state >/root/before

	say "a broken qemu.conf"
	cp -p $conf /root/qemu.conf
	printf 'cgroup_device_acl = [ "/dev/null",\n' >>$conf
	cp -p $conf /root/broken
	vfiotui apply 03:00.0 --user root --yes >/tmp/out 2>&1 || true
	cat /tmp/out
	grep -q "$conf" /tmp/out || fail "nothing is said about it"
	cmp $conf /root/broken
	cp -p /root/qemu.conf $conf
	! vfiotui history --json | jq -e '.changes | length > 0' >/dev/null || vfiotui undo --yes
	diff /root/before <(state)

	say "and a good one"
	vfiotui apply 03:00.0 --user root --yes | sed '/^create.*launch.sh/,/^$/d'
	! cmp -s $conf /root/qemu.conf || fail "qemu.conf is as it was"
	systemctl restart libvirtd.service
	virsh version
	! journalctl -b -u libvirtd.service --no-pager | grep -i 'qemu.conf' || fail "libvirtd does not like it"

	say "the domain"
	kernel=$(echo /boot/vmlinuz-*)
	initrd=/usr/local/lib/vm/nested.cpio.gz
	touch /tmp/guest && chmod 666 /tmp/guest
	disk=/var/lib/libvirt/images/inner.qcow2
	qemu-img create -q -f qcow2 $disk 16M
	vfiotui vm new inner --system linux --firmware bios --memory 512M --cores 1 --network none --display none --bind at-start \
		--disk $disk --device 03:00.0 --libvirt yes --qemu-option -serial --qemu-option file:/tmp/guest \
		--qemu-option -kernel --qemu-option "$kernel" --qemu-option -initrd --qemu-option $initrd \
		--qemu-option -append --qemu-option 'console=ttyS0 panic=-1 quiet hold' --yes
	vfiotui vm xml inner
	virsh list --all | grep inner
	expect_driver 03:00.0 e1000e
	virsh start inner || { cat /var/log/libvirt/qemu/inner.log; fail "libvirt does not start it"; }
	expect_driver 03:00.0 vfio-pci
	until grep -q '^NESTED done' /tmp/guest; do
		virsh domstate inner | grep -q running || { cat /var/log/libvirt/qemu/inner.log; fail "it ended"; }
		sleep 1
	done
	grep -q '8086:0x10d3 driver=e1000e' /tmp/guest
	grep -q 'NESTED net .* link=1' /tmp/guest
	virsh shutdown inner
	until virsh domstate inner | grep -q 'shut off'; do sleep 1; done
	tr -d '\r' </tmp/guest | grep -qx 'NESTED power button'
	expect_driver 03:00.0 e1000e

	vfiotui undo --yes
	! virsh list --all | grep inner || fail "the domain is still there"
	vfiotui undo --yes
	cmp $conf /root/qemu.conf
INSIDE
