# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by every script that runs inside the virtual machine, as root. The program is on PATH.
set -eu
PATH=/vm/share/bin:$PATH
export TERM=screen
patience=1200 # seconds: a slow machine is not a failure, only what never comes

say() { printf -- '-- %5.0f s: %s\n' "$(cut -d ' ' -f 1 /proc/uptime)" "$*"; }
fail() { printf 'FAILED: %s\n' "$*"; exit 1; }
device() { echo "/sys/bus/pci/devices/0000:$1"; }
driver_of() { basename "$(readlink "$(device "$1")/driver" || echo -)"; }
group_of() { basename "$(readlink "$(device "$1")/iommu_group")"; }

expect_driver() { # ADDRESS DRIVER
	[ "$(driver_of "$1")" = "$2" ] || fail "$1 is on $(driver_of "$1"), expected $2"
	say "$1 is on $2"
}

expect_node() { # ADDRESS OWNER:GROUP:MODE
	local node
	node=/dev/vfio/$(group_of "$1")
	udevadm settle
	[ "$(stat -c %U:%G:%a "$node")" = "$2" ] || fail "$node is $(stat -c %U:%G:%a "$node"), expected $2"
	say "$node is $2"
}

# The machine was started by the boot entry without passthrough: the change is there, and vfio-pci is not.
without_passthrough() {
	grep -w vfiotui=off /proc/cmdline || fail "that was not the entry without passthrough"
	! grep -qw iommu=pt /proc/cmdline || fail "the parameters of passthrough are there"
	[ ! -e /sys/bus/pci/drivers/vfio-pci ] || fail "vfio-pci is there"
	! modprobe vfio-pci 2>/dev/null || [ ! -e /sys/bus/pci/drivers/vfio-pci ] || fail "vfio-pci can be loaded"
	vfiotui status | tee /tmp/status || true
	grep 'started without passthrough' /tmp/status
}

# The state that undo must give back: every file that a change could touch, with owner and mode. What libvirtd makes for itself when
# it starts is left out.
state() {
	local own='/etc/libvirt/(nwfilter|secrets|storage|qemu/networks)'
	find /etc /usr/local/bin ! -path '/etc/mtab' ! -name '*.lock' -printf '%p %m %u %g %y %l\n' | grep -vE "^$own" | sort
	find /etc -type f ! -name 'ld.so.cache' ! -path '/etc/libvirt/nwfilter/*' -exec sha256sum {} + | grep -vE " $own" | sort -k 2
	grep -h 'linux' /boot/grub/grub.cfg
}

# The kernel's own view: "GROUP ADDRESS" for each member.
kernel_groups() {
	local d g
	for d in /sys/kernel/iommu_groups/*/devices/*; do
		[ -e "$d" ] || continue
		g=${d#/sys/kernel/iommu_groups/}
		echo "${g%%/*} ${d##*/}"
	done | sort
}

our_groups() {
	vfiotui list --json | jq -r '.groups[] | .id as $g | .devices[] | "\($g) \(.address)"' | sort
}

# The program's list is the kernel's own groups and what lspci lists, with the same drivers; and its ACS model makes, of the devices'
# capabilities alone, the groups that the kernel made.
agrees() {
	kernel_groups >/tmp/kernel
	our_groups >/tmp/ours
	diff /tmp/kernel /tmp/ours
	lspci -Dnk | awk '
		/^[0-9a-f]/ { if (a) print a, d; a = $1 " " $3; d = "-" }
		/Kernel driver in use/ { d = $NF }
		END { print a, d }' | sort >/tmp/lspci
	vfiotui list --json | jq -r '(.groups[].devices[], .ungrouped[]) |
		"\(.address) \(.vendor):\(.device) \(.driver // "-")"' | sort >/tmp/list
	diff /tmp/lspci /tmp/list
	[ "$(vfiotui list --json | jq -r .host.iommu)" = on ]
	vfiotui acs --json >/tmp/acs
	jq -cM '.groups[] | select(.cause != "single")' /tmp/acs
	[ "$(jq -r .confidence /tmp/acs)" = exact ] || fail "the ACS model makes other groups than the kernel"
	say "$(wc -l </tmp/list) devices, $(wc -l </tmp/kernel) of them in groups: the same as the kernel and lspci"
}

# The QEMU that runs this machine, told through its own monitor (boot --monitor): device_del ID, device_add DRIVER,...
monitor() {
	if [ ! -e /tmp/monitor ]; then
		exec 9<>/dev/virtio-ports/monitor # it can be open once only
		cat <&9 >/tmp/monitor &
	fi
	printf '%s\n' "$*" >&9
}

# The program in a terminal of 80x24: keys, what is typed and ended with Enter, waiting for a text.
screen_rows=24
screen_open() {
	screen_close
	LC_ALL=C.UTF-8 tmux -L vfiotui -f /dev/null new-session -d -x 80 -y $screen_rows "$@" \; set -g status off \; \
		resize-window -x 80 -y $screen_rows
}
screen_keys() { tmux -L vfiotui send-keys "$@"; }
screen_type() { screen_keys -l "$1" && screen_keys Enter; }
screen() { tmux -L vfiotui capture-pane -p; }
screen_keep() { screen | tee "/vm/out/screen-$1"; }
screen_wait() { # TEXT
	local end=$((SECONDS + patience))
	until screen | grep -qF -- "$1"; do
		[ $SECONDS -lt $end ] || { screen; fail "the screen does not show: $1"; }
		sleep 0.2
	done
}
screen_find() { screen_keys / && screen_wait "Find:" && screen_type "$1"; }
screen_gone() {
	local end=$((SECONDS + patience))
	while tmux -L vfiotui list-sessions >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || { screen; fail "the program does not end"; }
		sleep 0.2
	done
}
screen_close() { tmux -L vfiotui kill-server 2>/dev/null || true; }
# What the cursor stands on: the reversed part of the screen.
screen_cursor() { tmux -L vfiotui capture-pane -p -e | sed -n 's/.*\x1b\[[0-9;]*7m//p' | sed 's/\x1b\[[0-9;]*m//g'; }
screen_row() { screen | grep -F -- "] $1 "; }

# When the kernel told of changes, and when the program drew: two lists of moments on the kernel's clock.
clock_start() {
	stdbuf -oL udevadm monitor --kernel --subsystem-match=pci >/tmp/told &
	tmux -L vfiotui pipe-pane -o "perl -MTime::HiRes=clock_gettime,CLOCK_MONOTONIC -e '\$| = 1; \
		printf qq(%.6f\\n), clock_gettime(CLOCK_MONOTONIC) while sysread STDIN, \$_, 65536' >/tmp/drawn"
	until grep -q KERNEL /tmp/told && [ -e /tmp/drawn ]; do sleep 0.1; done
}
clock_told() { sed -n "s|^KERNEL\[\([0-9.]*\)\] $1 .*/0000:$2 (pci)|\1|p" /tmp/told | tail -n 1; } # ACTION ADDRESS
clock_drawn() { tail -n 1 /tmp/drawn; }
