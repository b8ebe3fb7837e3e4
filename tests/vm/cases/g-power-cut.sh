# The power is cut (QEMU is killed) at several moments of apply, of the image's rebuild and of undo. Each time the machine boots
# again, the program says what happened, and undo gives every file and driver back. MOMENTS=half-way tries that one only.
# So that a moment between two files is met, strace holds the program after each file that it puts in place or takes away, until the disk has it.
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
			journal) [ -n "\$(find /var/lib/vfiotui -name record.json 2>/dev/null)" ] ;;
			first-file) [ -e /etc/udev/rules.d/05-vfiotui-bind.rules ] ;;
			half-way) [ -e /etc/initramfs-tools/hooks/vfiotui ] ;;
			image-begun) [ -n "\$(find /var/tmp -name 'mkinitramfs_*')" ] ;;
			image-packed) [ -e \$image.new ] ;;
			image-there) [ "\$(stat -c %i \$image)" != \$inode ] ;;
			undo-files) [ ! -e /etc/vfiotui/launch.sh ] ;;
			undo-image) [ ! -e /etc/vfiotui/launch.sh ] && [ -n "\$(find /var/tmp -name 'mkinitramfs_*')" ] ;;
			esac
		}
		(until came; do sleep 0.02; done; case '$2' in strace*) sync ;; esac; touch /vm/out/cut) &
		$2 >/dev/null
		wait
		sleep 600
	INSIDE
	machine --disk "$disk" --boot bios --topology intel <<-INSIDE
		# the first that starts says it, whichever command it is
		(vfiotui status || true; vfiotui history) 2>&1 | tee /tmp/screen
		tr '\n' ' ' </tmp/screen >/tmp/said
		[ ! -e /etc/vfiotui/launch.sh ] || case $1 in journal|first-file|half-way) fail "that was too late a moment" ;; esac
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
held='strace -f -qq -o /dev/null -e trace=renameat,unlinkat -e inject=renameat,unlinkat:delay_exit=3000000'
unfinished='interrupted'
dark journal "$held $apply" "$unfinished"
dark first-file "$held $apply" "$unfinished"
dark half-way "$held $apply" "$unfinished"
dark image-begun "$apply" "$unfinished"
dark image-packed "$apply" "$unfinished"
dark image-there "$apply" "$unfinished"
# an undo that does not end: the change is taken back all the same
# shellcheck disable=SC2016 # it is said inside
stub='t=/usr/sbin/update-initramfs; cp $t /root/tool; printf "#!/bin/sh\nexit 0\n" >$t;'
dark undo-files "$held vfiotui undo --yes" "$unfinished" "$stub $apply >/dev/null; cp /root/tool \$t"
dark undo-image 'vfiotui undo --yes' "$unfinished" "$stub $apply >/dev/null; cp /root/tool \$t"
