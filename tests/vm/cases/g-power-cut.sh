# The power is cut (QEMU is killed) at several moments of apply, of the image's rebuild and of undo. Each time the machine boots
# again, the program says what happened, and undo gives every file and driver back. MOMENTS=half-way tries that one only.
dark() { # MOMENT COMMAND SAYS [BEFORE]: at that moment of the command; what history or status must then say
	local disk=$TMP/$1.qcow2
	case " ${MOMENTS:-$1} " in *" $1 "*) ;; *) return 0 ;; esac
	echo "== $1"
	power_cut --disk "$disk" --topology intel --out "$TMP" <<-INSIDE
		rm -f /vm/out/cut
		mount -o remount,commit=1 / # what is older than a second is on the disk
		state >/root/before
		image=/boot/initrd.img-\$(uname -r)
		inode=\$(stat -c %i \$image)
		${4:-}
		sync
		came() {
			case $1 in
			journal) [ -n "\$(find /var/lib/vfiotui -type f 2>/dev/null)" ] ;;
			first-file) [ -e /etc/modprobe.d/vfio.conf ] || [ -n "\$(find /etc/udev/rules.d -name '*vfiotui*')" ] ;;
			half-way) [ -e /etc/default/grub.d/90-vfiotui.cfg ] ;;
			image-begun) [ -n "\$(find /var/tmp -name 'mkinitramfs_*')" ] ;;
			image-packed) [ -e \$image.new ] ;;
			image-there) [ "\$(stat -c %i \$image)" != \$inode ] ;;
			undo-files) [ ! -e /etc/default/grub.d/90-vfiotui.cfg ] ;;
			undo-image) [ ! -e /etc/default/grub.d/90-vfiotui.cfg ] && [ -n "\$(find /var/tmp -name 'mkinitramfs_*')" ] ;;
			esac
		}
		(until came; do :; done; touch /vm/out/cut) &
		$2 >/dev/null
		wait
		sleep 600
	INSIDE
	machine --disk "$disk" --boot bios --topology intel <<-INSIDE
		vfiotui history
		vfiotui status | tee /tmp/status || true
		(vfiotui history && cat /tmp/status) | tr '\n' ' ' >/tmp/said
		if diff /root/before <(state) >/dev/null && grep -q 'nothing is promised' /tmp/status; then
			say "nothing had reached the disk yet"
			case $1 in journal|first-file) exit 0 ;; esac
			fail "that was too early a moment"
		fi
		grep -qE '$3' /tmp/said || fail "the program does not say what happened: $3"
		vfiotui undo --yes
		diff /root/before <(state)
		vfiotui status
	INSIDE
	machine --disk "$disk" --boot bios --topology intel <<-'INSIDE'
		expect_driver 03:00.0 e1000e
		diff /root/before <(state)
		vfiotui status | grep 'nothing is promised'
	INSIDE
	echo "measured: $1: every file and driver as before"
	rm -f "$disk"*
}
apply='vfiotui apply 03:00.0 --yes'
unfinished='interrupted'
dark journal "$apply" "$unfinished"
dark first-file "$apply" "$unfinished"
dark half-way "$apply" "$unfinished"
dark image-begun "$apply" "$unfinished"
dark image-packed "$apply" "$unfinished"
dark image-there "$apply" "$unfinished"
# an undo that does not end: the change is taken back all the same
# shellcheck disable=SC2016 # it is said inside
stub='t=/usr/sbin/update-initramfs; cp $t /root/tool; printf "#!/bin/sh\nexit 0\n" >$t;'
dark undo-files 'vfiotui undo --yes' "$unfinished" "$stub $apply >/dev/null; cp /root/tool \$t"
dark undo-image 'vfiotui undo --yes' "$unfinished" "$stub $apply >/dev/null; cp /root/tool \$t"
