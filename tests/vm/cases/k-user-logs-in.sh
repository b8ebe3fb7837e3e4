# A user without any right of root runs the VM: the plan gives limit, huge pages, group and nodes; the machine is rebooted, and the
# user logs in for real (sshd with pam_limits and pam_systemd). All of it is there in that session and in what the user's own systemd
# starts; QEMU gets the card; the VM outlives the login, and the next one finds and ends it. Where logouts end all processes that is
# said, and with lingering it goes on. Undo, reboot: all as before.
disk=$TMP/disk.qcow2
cat >"$SHARE/k-common" <<'COMMON'
login() { ssh -o StrictHostKeyChecking=accept-new -o LogLevel=ERROR owner@127.0.0.1 "export PATH=$PATH; $*"; }
open_logins() {
	systemctl start ssh.service
	wait_until login true
}
wait_until() { # COMMAND...
	local end=$((SECONDS + patience))
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || fail "does not come: $*"
		sleep 0.5
	done
}
expect() { # WANTED COMMAND...
	local wanted=$1 got
	shift
	got=$("$@" 2>&1) || true
	[ "$got" = "$wanted" ] || fail "$*: $got, expected $wanted"
	say "$*: $got"
}
says() { # TEXT COMMAND...
	local text=$1
	shift
	"$@" >/tmp/said 2>&1 || true
	grep -qF -- "$text" /tmp/said || { cat /tmp/said; fail "$* does not say: $text"; }
	say "$*: $text"
}
kernel=$(echo /boot/vmlinuz-*)
initrd=/usr/local/lib/vm/nested.cpio.gz
keyboard=/dev/input/by-path/$(ls /dev/input/by-path | grep -m 1 'usb.*event-kbd$')
block=/dev/disk/by-id/$(ls /dev/disk/by-id | grep -m 1 '^nvme-.*vm1$')
owner_of() { stat -L -c %U "$1"; }
script=/etc/vfiotui/vm/inner.sh
guest=/home/owner/guest
limit=1310720 # KiB: the guest's 256 MiB, and what QEMU needs itself
start_vm() { # [MORE]: and wait for the guest; MORE is done in the same login
	rm -f $guest
	login "vfiotui vm start inner --wait $patience${1:+; $1}" >/tmp/started 2>&1 || { cat /tmp/started; login vfiotui vm log inner; fail "it does not start"; }
	cat /tmp/started
}
guest_up() {
	local end=$((SECONDS + patience))
	until grep -q '^NESTED done' $guest 2>/dev/null; do
		[ $SECONDS -lt $end ] && login vfiotui vm status inner >/dev/null || { cat $guest; login vfiotui vm log inner; fail "the guest does not come up"; }
		sleep 0.5
	done
	grep 'driver=e1000e' $guest
}
logout_is_over() { [ "$(loginctl show-user owner -p State --value)" != active ]; }
logout_is_done() { ! loginctl show-user owner >/dev/null || [ "$(loginctl show-user owner -p State --value)" = lingering ]; }
stop_vm() {
	login vfiotui vm stop inner --wait $patience
	if login vfiotui vm status inner; then fail "it is said to run after its end"; fi
	tr -d '\r' <$guest | grep -qx 'NESTED power button' || fail "the guest did not end by itself"
}
# all of /etc, but for the copies that the tools for accounts keep
accounts_and_files() {
	find /etc -printf '%p %m %u %g %y %l\n' | sort
	find /etc -type f ! -name 'ld.so.cache' ! -name '*-' -exec sha256sum {} + | sort -k 2
}
COMMON
machine --disk "$disk" --kvm --topology intel <<-'INSIDE'
	. /vm/share/k-common
	useradd -m -s /bin/bash owner
	mkdir -p /root/.ssh /home/owner/.ssh
	ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519
	cp /root/.ssh/id_ed25519.pub /home/owner/.ssh/authorized_keys
	chown -R owner: /home/owner/.ssh
	accounts_and_files >/root/before
	open_logins
	login ulimit -l | tee /root/limit-before
	export SUDO_USER=owner # as sudo says it
	vfiotui apply 03:00.0 --yes | grep -v '^[+]'
	vfiotui vm new inner --system linux --firmware bios --memory 256M --cores 1 --network none --display none --bind at-boot \
		--device 03:00.0 --disk "$block" --evdev "$keyboard" --hugepages 2M --ignore-msrs yes \
		--qemu-option -serial --qemu-option file:$guest \
		--qemu-option -kernel --qemu-option "$kernel" --qemu-option -initrd --qemu-option $initrd \
		--qemu-option -append --qemu-option 'console=ttyS0 panic=-1 quiet hold' --yes >/tmp/new || { cat /tmp/new; fail "not written"; }
	grep -v '^[+]' /tmp/new
	grep -q 'usermod -aG kvm owner' /tmp/new
	grep -q '/dev/input/event\[0-9\]\* rw' /etc/apparmor.d/local/abstractions/libvirt-qemu

	say "a login that began before it is told to begin anew"
	setpriv --reuid owner --regid owner --clear-groups env HOME=/home/owner XDG_RUNTIME_DIR=/tmp \
		bash -c "ulimit -l 8192; $script --check" >/tmp/said 2>&1 || true
	cat /tmp/said
	grep -q 'this login began before you came into its group kvm' /tmp/said
	grep -q 'you may lock 8 MiB of memory.*the limit is written, but this login has not got it' /tmp/said
INSIDE
machine --disk "$disk" --kvm --topology intel <<-'INSIDE'
	. /vm/share/k-common
	expect_driver 03:00.0 vfio-pci
	expect_node 03:00.0 owner:kvm:660
	expect owner owner_of "$block"
	expect owner owner_of "$keyboard"
	expect 128 cat /proc/sys/vm/nr_hugepages
	expect Y cat /sys/module/kvm/parameters/ignore_msrs
	vfiotui status || fail "not all promises hold"
	open_logins
	expect $limit login ulimit -l
	expect $limit login 'systemd-run --user --quiet sh -c "ulimit -l >~/limit.new; mv ~/limit.new ~/limit"; until [ -s ~/limit ]; do sleep 0.2; done; cat ~/limit'
	says kvm login id -nG
	login "test -r $block -a -w $block -a -r $keyboard -a -w $keyboard" || fail "a node is not the user's to open"
	expect 'inner: all is ready' login $script --check

	say "it outlives the login, and the next one finds it"
	start_vm
	guest_up
	wait_until logout_is_over
	login vfiotui vm status inner
	stop_vm
	expect_driver 03:00.0 vfio-pci

	say "where logouts end all processes it is said, and true"
	mkdir -p /etc/systemd/logind.conf.d
	printf '[Login]\nKillUserProcesses=yes\n' >/etc/systemd/logind.conf.d/kill.conf
	systemctl restart systemd-logind.service
	start_vm
	grep -q 'take care: .*sudo loginctl enable-linger owner' /tmp/started || fail "it is not said"
	wait_until logout_is_done
	if login vfiotui vm status inner; then fail "it outlived a logout that ends all"; fi
	! pgrep qemu-system || fail "QEMU was left behind"

	say "with lingering it goes on"
	loginctl enable-linger owner
	start_vm
	! grep 'take care' /tmp/started || fail "there is nothing to take care of"
	wait_until logout_is_done
	guest_up
	stop_vm
	loginctl disable-linger owner
	rm -r /etc/systemd/logind.conf.d
	systemctl restart systemd-logind.service

	say "all of it back"
	export SUDO_USER=owner
	vfiotui undo --yes >/tmp/undo || { cat /tmp/undo; fail "undo"; }
	expect 0 cat /proc/sys/vm/nr_hugepages
	vfiotui undo --yes >/tmp/undo || { cat /tmp/undo; fail "undo"; }
	diff /root/before <(accounts_and_files)
INSIDE
machine --disk "$disk" --kvm --topology intel <<-'INSIDE'
	. /vm/share/k-common
	diff /root/before <(accounts_and_files)
	expect_driver 03:00.0 e1000e
	expect root owner_of "$block"
	expect root owner_of "$keyboard"
	expect 0 cat /proc/sys/vm/nr_hugepages
	expect N cat /sys/module/kvm/parameters/ignore_msrs
	open_logins
	expect "$(cat /root/limit-before)" login ulimit -l
	expect owner login id -nG
INSIDE
