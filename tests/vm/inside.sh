# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by every script that runs inside the virtual machine, as root. The program is on PATH.
set -eu
PATH=/vm/share/bin:$PATH
export TERM=screen

say() { printf -- '-- %s\n' "$*"; }
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

# The state that undo must give back: every file that a change could touch, with owner and mode.
state() {
	find /etc /usr/local/bin ! -path '/etc/mtab' ! -name '*.lock' -printf '%p %m %u %g %y %l\n' | sort
	find /etc -type f ! -name 'ld.so.cache' -exec sha256sum {} + | sort -k 2
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

# At once and without a sync, as when the plug is pulled: what was not written to the disk is lost.
cut_power() { echo b >/proc/sysrq-trigger; sleep 60; }

# The program in a terminal of 80x24: keys, what is typed and ended with Enter, waiting for a text with a deadline.
screen_open() {
	screen_close
	LC_ALL=C.UTF-8 tmux -L vfiotui -f /dev/null new-session -d -x 80 -y 24 "$@" \; set -g status off \; resize-window -x 80 -y 24
}
screen_keys() { tmux -L vfiotui send-keys "$@"; }
screen_type() { screen_keys -l "$1" && screen_keys Enter; }
screen() { tmux -L vfiotui capture-pane -p; }
screen_keep() { screen | tee "/vm/out/screen-$1"; }
screen_wait() { # SECONDS TEXT
	local end=$((SECONDS + $1))
	until screen | grep -qF -- "$2"; do
		[ $SECONDS -lt $end ] || { screen; fail "the screen does not show: $2"; }
		sleep 0.1
	done
}
screen_gone() { # SECONDS
	local end=$((SECONDS + $1))
	while tmux -L vfiotui list-sessions >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || { screen; fail "the program does not end"; }
		sleep 0.1
	done
}
screen_close() { tmux -L vfiotui kill-server 2>/dev/null || true; }
