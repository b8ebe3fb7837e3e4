#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a VM shows and shares, seen by real clients: the picture by QEMU's own screendump and by a SPICE client over the socket and
# over a port, Looking Glass's memory by its size, owner and mode, a shared directory by smbclient through QEMU's user network.
# And what the launch script says of disks, programs, /dev/kvm and names that are not as they must be. In namespaces of its own.
set -u
if [ "${1:-}" != inside ]; then
	for program in qemu-system-x86_64 jq ip setpriv; do
		command -v $program >/dev/null || { echo "$program is missing: no VM was started"; exit 77; }
	done
	[ "$(id -u)" -eq 0 ] || { echo "not root: no VM was started"; exit 77; }
	unshare -m -n true 2>/dev/null || { echo "no namespaces here: no VM was started"; exit 77; }
	exec unshare -m -n --propagation private bash "$0" inside
fi
name=screen script=/etc/vfiotui/vm/screen.sh
bad=0 cases=0
# shellcheck source=tests/support/vm-stage
. "$TOP/tests/support/vm-stage"
mkdir "$TMP/shm"
chmod 1777 "$TMP/shm"
mount --bind "$TMP/shm" /dev/shm || exit 1
ip link set lo up
ip link add name other0 type bridge 2>/dev/null && ip addr add 192.0.2.1/24 dev other0 # SPICE wants an address beside the loopback's
have() {
	command -v "$1" >/dev/null || { echo "$1 is missing: $2 NOT TRIED"; false; }
}

ended() { # WHO
	"$1" "$VFIOTUI" vm kill "$name" >/dev/null 2>&1
	wait_until "not ended" is_state "$1" ended
}

"$VFIOTUI" vm new "$name" --system other --accel tcg --cpu qemu64 --firmware bios --vars "" --memory 64M --cores 1 --disk "" \
	--device "" --network none --display std --tpm no --yes >"$TMP/out" 2>&1 || complain "vm new: $(tail -n 5 "$TMP/out")"
trap '"$VFIOTUI" vm kill "$name" >/dev/null 2>&1; as_user "$VFIOTUI" vm kill "$name" >/dev/null 2>&1' EXIT

# --- the picture: a text screen of the firmware, with something on it --------------------------------------
is_picture() { # FILE
	[ -s "$1" ] && [ "$(head -n 1 "$1" | tr -d '\0')" = P6 ] && [ "$(tr -d '\0' <"$1" | wc -c)" -gt 1000 ]
}

dumped() { # by QEMU itself; the script's own way to it is a pipe that takes commands
	printf '{"execute":"qmp_capabilities"}\n{"execute":"screendump","arguments":{"filename":"%s"}}\n' "$TMP/shot.ppm" \
		>"$TMP/run/vfiotui/$name.monitor.in"
	is_picture "$TMP/shot.ppm"
}

by_spice() { # WHO ADDRESS...
	local who=$1
	shift
	rm -f "$TMP/user/shot.ppm"
	"$who" timeout 60 spicy-screenshot "$@" -o "$TMP/user/shot.ppm" >"$TMP/out" 2>&1
	is_picture "$TMP/user/shot.ppm"
}

for display in std qxl; do
	edit --display $display
	starts as_root
	rm -f "$TMP/shot.ppm"
	wait_until "no picture of $display" dumped
	ended as_root
done
if have spicy-screenshot "SPICE was"; then
	edit --display spice
	starts as_user
	[ "$(stat -c '%a %u' "$TMP/user/vfiotui/$name.spice")" = "700 12345" ] || complain "SPICE's socket is open to others"
	wait_until "no picture over SPICE's socket" by_spice as_user --uri="spice+unix://$TMP/user/vfiotui/$name.spice"
	ended as_user
	[ ! -e "$TMP/user/vfiotui/$name.spice" ] || complain "SPICE's socket is still there"
	edit --spice-port 5987
	if [ -d /sys/class/net/other0 ]; then
		starts as_user
		wait_until "no picture over SPICE's port" by_spice as_user -h 127.0.0.1 -p 5987
		edit --memory 65M # another VM's, as far as the check knows
		as_user "$script" --check >"$TMP/out" 2>&1
		grep -qF "the port 5987 is in use" "$TMP/out" || complain "a port that is taken: $(cat "$TMP/out")"
		ended as_user
	else
		echo "this kernel has no bridge: SPICE's port was NOT TRIED"
	fi
	edit --spice-port "" --memory 64M
fi

# --- Looking Glass: the sizes are those of its documentation, https://looking-glass.io/docs ------------------
memory=/dev/shm/vfiotui-test
edit --display looking-glass --shared-memory $memory
while read -r resolution mib; do
	edit --resolution "$resolution"
	starts as_user
	[ "$(stat -c '%s %u %a' $memory)" = "$((mib << 20)) 12345 660" ] || complain "$resolution: $(stat -c '%s %u %a' $memory)"
	ended as_user
done <<-'SIZES'
	1920x1080 32
	3840x2160 128
SIZES
chown 0 $memory
chmod 600 $memory
says as_user "the shared memory $memory belongs to root, not to you"
chown 23456 $memory
says as_root "the shared memory $memory belongs to UNKNOWN, not to you"
rm $memory
ln -s /etc/passwd $memory
says as_root "$memory is a link"
rm $memory
edit --display none

# --- what must be there and yours ---------------------------------------------------------------------------
truncate -s 8M "$TMP/disk"
edit --disk "$TMP/disk format=raw"
says as_user "the disk $TMP/disk is not yours to write"
if have mkfs.vfat "a mounted disk was" && loop=$(losetup -f --show "$TMP/disk" 2>/dev/null); then
	mkfs.vfat "$TMP/disk" >/dev/null
	cp -p "$script" "$TMP/script" # by hand: nothing here makes the rule for a new block device work
	sed -i "s|^disks=.*|disks=($loop)|" "$script"
	ready as_root
	mkdir "$TMP/mounted"
	if mount "$loop" "$TMP/mounted" 2>/dev/null || { mkfs.ext2 -q "$TMP/disk" && mount "$loop" "$TMP/mounted"; }; then
		says as_root "the disk $loop is in use by the host: ${loop#/dev/} is mounted"
		umount "$TMP/mounted"
	fi
	losetup -d "$loop"
	cp -p "$TMP/script" "$script"
else
	echo "no loop device here: a mounted disk was NOT TRIED"
fi
edit --disk ""
long=$TMP/user/$(printf 'd%.0s' $(seq 100))
as_user mkdir "$long"
cases=$((cases + 1))
as_user env XDG_RUNTIME_DIR="$long" "$script" --check >"$TMP/out" 2>&1 && complain "ready with a long name"
grep -qF "the name of $long/vfiotui/$name is too long for a socket" "$TMP/out" || complain "a long name: $(cat "$TMP/out")"
if [ -e /dev/kvm ]; then
	mkdir "$TMP/dev"
	cp -a /dev/kvm "$TMP/dev/kvm"
	chmod 660 "$TMP/dev/kvm"
	chown 0:0 "$TMP/dev/kvm"
	mount --bind "$TMP/dev/kvm" /dev/kvm
	edit --accel kvm
	says as_user "/dev/kvm is for root alone"
	chgrp sys "$TMP/dev/kvm"
	says as_user "/dev/kvm is for the group sys"
	umount /dev/kvm
	edit --accel tcg
else
	echo "there is no /dev/kvm: its rights were NOT TRIED"
fi

# --- QEMU dies in its first second: its own words, the signal, and nothing left -----------------------------------
printf '#!/bin/bash\ncase $* in "-audiodev help" | *-device\\ help*) exec qemu-system-x86_64 "$@" ;; esac\necho "Assertion that failed" >&2\nkill -ABRT $$\n' >"$TMP/dies"
chmod 755 "$TMP/dies"
edit --qemu "$TMP/dies"
cases=$((cases + 1))
as_user "$VFIOTUI" vm start "$name" >"$TMP/out" 2>&1 && complain "started, though QEMU died"
for words in "Assertion that failed" "QEMU was ended by the signal ABRT" "was not started"; do
	grep -qF "$words" "$TMP/out" || complain "no \"$words\" in: $(cat "$TMP/out")"
done
! grep -q "line [0-9]" "$TMP/out" || complain "bash speaks, too: $(cat "$TMP/out")"
[ -z "$(find "$TMP/user/vfiotui" -type p -o -type s)" ] || complain "sockets are left: $(ls "$TMP/user/vfiotui")"
edit --qemu ""

# --- a shared directory -----------------------------------------------------------------------------------------
share="$TMP/share, a b"
as_root mkdir "$share"
echo hello >"$share/hello"
chown -R 12345:12345 "$share"
edit --network user --share "$share"
if have smbd "the shared directory was" && have smbclient "the shared directory was"; then
	ready as_user
	arguments=()
	eval "arguments=($(as_user "$script" --print))"
	for ((i = 0; i < ${#arguments[@]}; i++)); do
		[ "${arguments[i]}" != -netdev ] || net=${arguments[i + 1]}
	done
	# this namespace itself stands on the guest's side of the user network
	if ip tuntap add guest0 mode tap user 12345; then
		ip addr add 10.0.2.15/24 dev guest0
		ip link set guest0 up
		setpriv --reuid=12345 --regid=12345 --clear-groups qemu-system-x86_64 -M none -nodefaults -display none \
			-netdev "$net" -netdev tap,id=guest,ifname=guest0,script=no,downscript=no \
			-netdev hubport,id=h0,hubid=0,netdev=net -netdev hubport,id=h1,hubid=0,netdev=guest >"$TMP/out" 2>&1 &
		qemu=$!
		read_share() {
			smbclient -N //10.0.2.4/qemu -c "get hello $TMP/got; put $TMP/got written" >"$TMP/smb.out" 2>&1 && [ "$(cat "$TMP/got")" = hello ]
		}
		wait_until "the share can't be read: $(cat "$TMP/out")" read_share
		[ "$(stat -c %u "$share/written")" = 12345 ] || complain "what the guest writes is not the user's"
		kill $qemu
		wait $qemu
		no_smbd() { ! ps -o comm= -u 12345 | grep -q '^smbd'; }
		wait_until "smbd lives on" no_smbd
	else
		echo "no tap device here: the shared directory was NOT TRIED"
	fi
	if [ "$(command -v smbd)" = /usr/sbin/smbd ] && mkdir "$TMP/sbin" && mount --bind "$TMP/sbin" /usr/sbin; then
		says as_user "needs Samba's smbd, which is not installed"
		umount /usr/sbin
	fi
else
	says as_user "needs Samba's smbd, which is not installed"
fi
echo "$cases cases"
exit $bad
