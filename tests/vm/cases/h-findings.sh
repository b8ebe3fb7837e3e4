# What the program says about this host is held against the host: the disk with the root file system, the display of the console,
# the card of the default route and the one this SSH session comes in by, the last keyboard. A group that it calls incomplete is one
# that QEMU refuses as not viable, one that it calls complete is one that QEMU takes, and a card in a running guest is said to be.
machine --topology intel <<-'INSIDE'
	codes() { vfiotui check "$@" --json | jq -r '.findings[] | "\(.code) \(.severity)"' | sort -u >/tmp/codes; }
	has() { grep -qE "^$1( |$)" /tmp/codes || { cat /tmp/codes; fail "no finding: $1"; }; }
	has_not() { ! grep -qE "^$1( |$)" /tmp/codes || { cat /tmp/codes; fail "a finding too many: $1"; }; }

	say "the disk, the display, the keyboard"
	root=$(basename "$(readlink -f /sys/class/block/vda/device/..)")
	codes "$root"
	has 'root-disk block'
	if vfiotui apply "$root" --yes >/tmp/out 2>&1; then fail "the root disk was handed over"; fi
	[ ! -e /etc/modprobe.d/vfio.conf ]
	codes 08:00.0 # another disk, which nothing uses
	has_not root-disk
	display=$(basename "$(readlink /sys/class/graphics/fb0/device)") # where the kernel's own console draws
	codes "$display"
	has console-display
	# q35 has a PS/2 keyboard, too: pulled, the one on USB is the last
	codes 00:14.0
	has_not last-keyboard
	for k in /sys/bus/serio/devices/serio*; do
		! grep -q keyboard "$k/description" 2>/dev/null && ! grep -q KBD "$k/description" || echo -n none >"$k/drvctl"
	done
	grep -l -r . /sys/class/input/input*/name | while read -r n; do echo "$n: $(cat "$n")"; done
	codes 00:14.0
	has last-keyboard

	say "the default route, and a session over SSH"
	link=$(basename /sys/bus/pci/devices/0000:03:00.0/net/*)
	other=$(basename /sys/bus/pci/devices/0000:04:00.0/net/*)
	ip link set "$link" up
	ip link set "$other" up
	ip address add 192.0.2.1/24 dev "$link"
	ip address add 198.51.100.1/24 dev "$other"
	ip route add default via 192.0.2.2
	codes 03:00.0
	has default-route
	has_not ssh-link
	codes 04:00.0
	has_not default-route

	mkdir -p /run/sshd /root/.ssh
	ssh-keygen -A
	ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519
	cp /root/.ssh/id_ed25519.pub /root/.ssh/authorized_keys
	"$(command -v sshd)" -o ListenAddress=198.51.100.1 -o UsePAM=no
	session() { ssh -o StrictHostKeyChecking=accept-new root@198.51.100.1 "$@"; }
	session true
	session "$(command -v vfiotui) check 04:00.0 --json" | jq -r '.findings[] | "\(.code) \(.severity)"' >/tmp/codes
	has 'ssh-link block'
	session "$(command -v vfiotui) check 03:00.0 --json" | jq -r '.findings[] | "\(.code) \(.severity)"' >/tmp/codes
	has_not ssh-link
	# as under sudo, which keeps no SSH_CONNECTION, but has one itself
	session "env -u SSH_CONNECTION -u SSH_CLIENT $(command -v vfiotui) check 04:00.0 --json; true" |
		jq -r '.findings[] | "\(.code) \(.severity)"' >/tmp/codes
	has 'ssh-link block'

	screen_rows=60
	screen_open ssh -t root@198.51.100.1 "TERM=screen LC_ALL=C.UTF-8 $(command -v vfiotui)"
	screen_wait 'Next: mark what the VM shall get'
	screen_row 04:00.0 | grep -q SSH
	! screen_row 03:00.0 | grep -q SSH || fail "the session does not come in by 03:00.0"
	screen_find 04:00.0
	screen_keys Space
	screen_wait '1 marked'
	screen_keys p
	screen_wait 'SSH'
	screen
	screen_keys W # blocked: the word is not even asked for
	sleep 2
	! screen | grep -q 'Type  yes' || fail "the session's own link could be handed over"
	screen_close
	[ ! -e /etc/modprobe.d/vfio.conf ]

	say "half a group: the program blocks it, and QEMU refuses it"
	takes() { # QEMU takes these devices, or says why not
		for d; do set -- "$@" -device "vfio-pci,host=$d"; shift; done
		echo quit | timeout 300 qemu-system-x86_64 -machine q35 -nodefaults -display none -S -m 64 -monitor stdio "$@" >/tmp/qemu 2>&1
	}
	by_hand() { # past the program, as somebody might
		echo vfio-pci >"/sys/bus/pci/devices/0000:$1/driver_override"
		[ ! -e "/sys/bus/pci/devices/0000:$1/driver" ] || echo "0000:$1" >"/sys/bus/pci/devices/0000:$1/driver/unbind"
		echo "0000:$1" >/sys/bus/pci/drivers_probe
		expect_driver "$1" vfio-pci
	}
	modprobe vfio-pci
	codes 0a:01.0
	has 'group-incomplete block'
	if vfiotui bind --yes 0a:01.0; then fail "half a group was handed over"; fi
	expect_driver 0a:01.0 e1000
	[ "$(driver_of 0a:02.0)" != - ] || fail "0a:02.0 has no driver, so there is nothing to refuse"
	by_hand 0a:01.0
	if takes 0a:01.0; then fail "QEMU took half a group"; fi
	cat /tmp/qemu
	grep -q 'not viable' /tmp/qemu

	say "the whole group: neither minds; nor does either mind a root port in the group"
	codes 0a:01.0 0a:02.0
	has_not group-incomplete
	vfiotui bind --yes 0a:01.0 0a:02.0
	takes 0a:01.0 0a:02.0 || { cat /tmp/qemu; fail "QEMU refuses a group that the program calls complete"; }
	codes 0b:00.0
	has_not group-incomplete
	vfiotui bind --yes 0b:00.0
	takes 0b:00.0 || { cat /tmp/qemu; fail "QEMU refuses a device beside its root port"; }

	say "a group in a running guest"
	codes 0b:00.0
	has_not in-use-by-vm
	mkfifo /tmp/in
	qemu-system-x86_64 -machine q35 -nodefaults -display none -S -m 64 -monitor stdio -device vfio-pci,host=0b:00.0 </tmp/in >/tmp/qemu 2>&1 &
	pid=$!
	exec 8>/tmp/in
	until find /proc/$pid/fd -lname "/dev/vfio/$(group_of 0b:00.0)" | grep .; do
		[ -d /proc/$pid ] || { cat /tmp/qemu; fail "QEMU ended"; }
		sleep 0.2
	done
	codes 0b:00.0
	has in-use-by-vm
	codes 0a:01.0 0a:02.0
	has_not in-use-by-vm
	if vfiotui release 0b:00.0; then fail "a device was taken from under a running guest"; fi
	expect_driver 0b:00.0 vfio-pci
	echo quit >&8
	wait $pid
	codes 0b:00.0
	has_not in-use-by-vm
	vfiotui release 0b:00.0
	expect_driver 0b:00.0 xhci_hcd
INSIDE
