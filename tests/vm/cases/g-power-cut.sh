# The power is cut at several moments of apply: after the journal's first words, between two files, while the image is built. Each
# time the machine boots, the program says what happened, and undo gives every file back.
for moment in journal first-file half-way image; do
	disk=$TMP/$moment.qcow2
	power_cut --disk "$disk" --boot bios --timeout 900 --topology intel <<-INSIDE
		mount -o remount,commit=1 / # what is older than a second is on the disk
		state >/root/before
		sync
		case $moment in
		journal) there() { [ -n "\$(find /var/lib/vfiotui -type f 2>/dev/null)" ]; } ;;
		first-file) there() { [ -e /etc/udev/rules.d/05-vfiotui-bind.rules ]; } ;;
		half-way) there() { [ -e /etc/default/grub.d/90-vfiotui.cfg ]; } ;;
		image) there() { [ -n "\$(find /boot /var/tmp -name 'initrd.img*.new' -o -name 'mkinitramfs_*')" ]; } ;;
		esac
		(until there; do :; done; cut_power) &
		vfiotui apply 03:00.0 --yes >/dev/null
		fail "apply was over before the power cut"
	INSIDE
	echo "case: the power was cut: $moment"
	machine --disk "$disk" --boot bios --timeout 900 --topology intel <<-'INSIDE'
		vfiotui history
		vfiotui status || say "status is not content: $?"
		if diff /root/before <(state) >/dev/null && ! vfiotui history --json | jq -e '.changes | length > 0'; then
			say "nothing had happened yet"
			exit 0
		fi
		vfiotui undo --yes
		diff /root/before <(state)
		expect_driver 03:00.0 e1000e
		say "undone, every file as before"
	INSIDE
done
