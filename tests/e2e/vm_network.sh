#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A VM on a real bridge by QEMU's own helper, and on a real macvtap link: what the launch script says while something is missing,
# the guest's frames on the other side, and nothing left at any end; for an ordinary user and for root. In mount and network
# namespaces of its own, with a copy of the helper, so that no link, bit or file of the machine is touched.
set -u
if [ "${1:-}" != inside ]; then
	command -v qemu-system-x86_64 >/dev/null || { echo "QEMU is missing: no VM was started"; exit 77; }
	command -v jq >/dev/null || { echo "jq is missing: no VM was started"; exit 77; }
	command -v ip >/dev/null || { echo "ip (iproute2) is missing: no VM was started"; exit 77; }
	command -v setpriv >/dev/null || { echo "setpriv is missing: no VM was started"; exit 77; }
	[ "$(id -u)" -eq 0 ] || { echo "not root: no VM was started"; exit 77; }
	unshare -m -n true 2>/dev/null || { echo "no namespaces here: no VM was started"; exit 77; }
	exec unshare -m -n --propagation private bash "$0" inside
fi
name=net script=/etc/vfiotui/vm/net.sh conf=/etc/qemu/bridge.conf
bad=0 cases=0
# shellcheck source=tests/support/vm-stage
. "$TOP/tests/support/vm-stage"

"$VFIOTUI" vm new "$name" --system other --accel tcg --cpu qemu64 --firmware bios --vars "" --memory 64M --cores 1 --disk "" \
	--device "" --boot network --network bridge --interface br9 --display none --tpm no --yes >"$TMP/out" 2>&1 ||
	complain "vm new: $(tail -n 5 "$TMP/out")"
mac=$(sed -n 's/^mac="*\([0-9a-f:]*\).*/\1/p' "$script")
[ "$(cat $conf)" = "allow br9" ] || complain "the plan did not allow the bridge: $(cat $conf)"

guest_is_heard() { # PORT: the guest's network boot has sent a frame through it
	bridge fdb show br br9 | grep -q "^$mac dev $1 "
}

# --- bridge ------------------------------------------------------------------------------------------
helper=
for file in /usr/lib/qemu/qemu-bridge-helper /usr/libexec/qemu-bridge-helper /usr/lib/qemu-bridge-helper; do
	[ ! -e "$file" ] || helper=$file
done

bridge_cases() {
	says as_root "there is no bridge br9"
	ip link add br9 type bridge || { echo "this kernel has no bridge: NOT TRIED"; return; }
	says as_root "the network link br9 is down"
	ip link set br9 up
	[ -n "$helper" ] || { echo "qemu-bridge-helper is missing: the bridge was NOT TRIED"; return; }
	cp "$helper" "$TMP/helper"
	mount --bind "$TMP/helper" "$helper"
	says as_user "QEMU's bridge helper may not do that for you"
	chmod u+s "$TMP/helper"
	bridge_ends as_user
	chmod u-s "$TMP/helper"
	bridge_ends as_root
	chmod u+s "$TMP/helper"
	bridge_rules
	chmod 700 "$TMP/helper"
	says as_user "is not yours to run"
	mkdir "$TMP/empty"
	mount --bind "$TMP/empty" "${helper%/*}" && says as_user "qemu-bridge-helper is missing" && umount "${helper%/*}"
}

tap_is_gone() {
	[ -z "$(ls -A /sys/class/net/br9/brif)" ] && [ -z "$(ls -d /sys/class/net/tap* 2>/dev/null)" ]
}

bridge_ends() { # WHO
	starts "$1"
	wait_until "the guest is not on the bridge" guest_is_heard tap0
	"$1" "$VFIOTUI" vm kill "$name" >/dev/null
	wait_until "the tap is still there" tap_is_gone
	starts "$1"
	kill -KILL "$("$1" "$VFIOTUI" vm status "$name" --json | jq .pid)"
	wait_until "the tap of a killed QEMU is still there" tap_is_gone
	wait_until "the script lives on" is_state "$1" ended
}

# The helper reads as we say that it does: what is called ready starts, what it would refuse is said before.
bridge_rules() {
	printf '# mine\n\n  deny br8\nallow\tbr9\n' >$conf
	ready as_user
	printf 'include /etc/qemu/not-there\ninclude /etc/qemu/more\n' >$conf
	printf 'allow all' >/etc/qemu/more
	starts as_user
	as_user "$VFIOTUI" vm kill "$name" >/dev/null
	wait_until "not ended" is_state as_user ended
	printf 'allow br9\ndeny br9\n' >$conf
	refused "denies VMs on the bridge br9"
	printf 'allow br9 # mine\n' >$conf
	refused "does not know br9"
	printf 'allow br9\npermit br8\n' >$conf
	refused "can't read the line 'permit br8'"
	printf 'allow br9\n' >$conf
	chmod 600 $conf
	refused "reads $conf as you, and you may not"
	rm $conf
	refused "there is no $conf"
	printf 'allow br9\n' >$conf
}

refused() { # WORDS: by us, and by the helper itself
	says as_user "$1"
	as_user "$helper" --use-vnet --br=br9 --fd=1 >"$TMP/out" 2>&1 </dev/null
	grep -qE 'access denied by acl file|failed to parse default acl file' "$TMP/out" || complain "the helper takes it: $1: $(cat "$TMP/out")"
}

# --- macvtap -----------------------------------------------------------------------------------------
macvtap_is_gone() {
	[ -z "$(ls -d /sys/class/net/vt[0-9]* 2>/dev/null)" ]
}

macvtap_cases() {
	local pid
	edit --network macvtap --interface link0
	says as_root "there is no network link link0 for macvtap"
	if ! ip link add link0 type veth peer name link1 || ! ip link add link link0 name try type macvtap mode bridge; then
		echo "this kernel has no veth or macvtap: NOT TRIED"
		return
	fi
	ip link delete try
	says as_root "the network link link0 is down"
	ip link set link0 up
	ip link set link1 up
	says as_user "macvtap needs root"
	macvtap_ends as_root
	if command -v sudo >/dev/null; then
		printf 'root ALL=(ALL) ALL\nvmtester ALL=(ALL) NOPASSWD: ALL\n' >/etc/sudoers
		macvtap_ends as_user
	else
		echo "sudo is missing: macvtap of an ordinary user was NOT TRIED"
	fi
	# a script that was killed gives nothing back: the next start does
	starts as_root
	pid=$("$VFIOTUI" vm status "$name" --json | jq .pid)
	kill -KILL "$("$VFIOTUI" vm status "$name" --json | jq .script_pid)"
	kill -KILL "$pid"
	wait_until "not ended" is_state as_root ended
	! macvtap_is_gone || complain "a killed script gave back its link: this case tests nothing"
	starts as_root
	cases=$((cases + 1))
	[ "$(ls -d /sys/class/net/vt[0-9]* | wc -l)" -eq 1 ] || complain "the link of the killed script is still there"
	"$VFIOTUI" vm kill "$name" >/dev/null
	wait_until "the macvtap link is still there" macvtap_is_gone
	if [ -d /sys/class/net/br9 ] || ip link add br9 type bridge; then
		ip link set link1 nomaster
		ip link set link0 master br9
		says as_root "link0 is a port of the bridge br9"
	fi
}

macvtap_ends() { # WHO
	local owner=0
	[ "$1" = as_root ] || owner=12345
	starts "$1"
	[ "$(stat -c %u /dev/tap"$(cat /sys/class/net/vt[0-9]*/ifindex)")" = $owner ] || complain "the node is not the user's"
	if [ -d /sys/class/net/br9 ]; then # behind the other end, to be heard
		ip link set link1 master br9
		wait_until "the guest is not on the link" guest_is_heard link1
	fi
	"$1" "$VFIOTUI" vm kill "$name" >/dev/null
	wait_until "the macvtap link is still there" macvtap_is_gone
	starts "$1"
	kill -KILL "$("$1" "$VFIOTUI" vm status "$name" --json | jq .pid)"
	wait_until "the macvtap link of a killed QEMU is still there" macvtap_is_gone
	wait_until "the script lives on" is_state "$1" ended
	edit --qemu-option -frobnicate
	"$1" "$VFIOTUI" vm start "$name" >"$TMP/out" 2>&1 && complain "started with a bad option"
	grep -qF frobnicate "$TMP/out" || complain "QEMU's words are missing: $(cat "$TMP/out")"
	wait_until "the macvtap link of a failed start is still there" macvtap_is_gone
	edit --qemu-option ""
}

trap '"$VFIOTUI" vm kill "$name" >/dev/null 2>&1; as_user "$VFIOTUI" vm kill "$name" >/dev/null 2>&1' EXIT
bridge_cases
macvtap_cases
echo "$cases cases"
exit $bad
