# Three NVMe with the same ids, and the system is on one of them: only the marked one is taken, by its address; the machine starts
# from the other as before, although the driver of all three is in the image and is needed there.
disk=$TMP/disk.qcow2
machine --disk "$disk" --init fast --topology two-nvme <<-'INSIDE'
	echo nvme >>/etc/initramfs-tools/modules
	update-initramfs -u
INSIDE
machine --disk "$disk" --boot bios --system nvme --topology two-nvme <<-'INSIDE'
	findmnt /
	expect_driver 00:1e.0 nvme
	expect_driver 01:00.0 nvme
	expect_driver 02:00.0 nvme
	state >/root/before
	if vfiotui apply 00:1e.0 --yes >/tmp/out 2>&1; then fail "the root disk was handed over"; fi
	cat /tmp/out
	diff /root/before <(state)
	vfiotui check 02:00.0 --json | jq -e '.findings[] | select(.code == "same-id" and .severity == "warn")'
	vfiotui apply 02:00.0 --user user --yes | sed '/^create.*launch.sh/,/^$/d'
	! grep -rqs 1b36:0010 /etc/modprobe.d || fail "vfio-pci would take all three"
INSIDE
machine --disk "$disk" --boot bios --system nvme --topology two-nvme <<-'INSIDE'
	expect_driver 00:1e.0 nvme
	expect_driver 01:00.0 nvme
	expect_driver 02:00.0 vfio-pci
	expect_node 02:00.0 user:kvm:660
	! dmesg | grep 'nvme nvme.*0000:02:00.0' || fail "nvme had 02:00.0 first"
	vfiotui status
	vfiotui undo --yes
	diff /root/before <(state)
INSIDE
machine --disk "$disk" --boot bios --system nvme --topology two-nvme <<-'INSIDE'
	expect_driver 02:00.0 nvme
	diff /root/before <(state)
	say "every file and driver as before"
INSIDE
