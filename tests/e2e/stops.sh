#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Kills the real program at any of its system calls, not only at those that change something, or at any of its commands' calls: on six
# boot chains, on a machine it takes for its own, so that its commands run, too. Behind each stop every file is wholly the old or
# the new one, and one "undo" gives the first tree back: bytes, modes, owners, attributes, and the image that a command built.
# STOPS=N tries N points a chain (SEED=N chooses them) instead of a few, CHAINS="..." some of the chains.
set -u
# shellcheck source=tests/support/live-root
. "$TOP/tests/support/live-root"
# shellcheck source=tests/support/chains
. "$TOP/tests/support/chains"
export ASAN_OPTIONS=detect_leaks=0
command -v strace >/dev/null || { echo 'strace is missing: nothing was stopped'; exit 77; }
strace -o /dev/null true 2>/dev/null || { echo 'strace may not trace here: nothing was stopped'; exit 77; }
root=$TMP/root
need_live_root "$root"
STOPS=${STOPS:-4}
RANDOM=${SEED:-1}
points=0 interrupted=0 nothing=0

# What rebuilds an image: the picture of the files that a real one would read. Renamed into place, as real ones do.
tools() {
	local name
	for name in cat mv rm mkdir ls sed grep tr sort mktemp chmod cmp basename dirname cp find awk head tail; do
		live_copy "$root" "$(command -v $name)" || return
	done
	while read -r name; do
		rm -f "$root$name"
		mkdir -p "$root${name%/*}"
		cat >"$root$name" <<-'END'
			#!/bin/sh
			echo "${0##*/} $*" >>/ran
			for file in /etc/modprobe.d/*.conf /etc/mkinitcpio.conf.d/*.conf /etc/dracut.conf.d/*.conf /etc/booster.yaml \
				/etc/initramfs-tools/modules /etc/default/grub /etc/kernel/cmdline; do
				[ ! -e "$file" ] || cat "$file" || exit 1
			done >/boot/"${0##*/}".new || exit 1
			mv /boot/"${0##*/}".new /boot/"${0##*/}"
			[ "${0##*/}" = kernel-install ] || exit 0
			entry=$(echo /boot/loader/entries/*-6.12.conf)
			line=$(grep -v '^#' /etc/kernel/cmdline) || exit 1
			sed "s/^options .*/options $line/" "$entry" >"$entry.new" || exit 1
			mv "$entry.new" "$entry" || exit 1
			for plugin in /etc/kernel/install.d/*.install; do
				[ ! -x "$plugin" ] || "$plugin" add 6.12 || exit 1
			done
		END
		chmod 755 "$root$name"
	done
}

build() { # CHAIN
	rm -rf "$root"
	live_root "$root" || exit 1
	printf '# by hand\nsoftdep drm pre: vfio-pci\n' >"$root/etc/modprobe.d/mine.conf"
	"$1"
	{
		# shellcheck disable=SC2012 # names of our own
		ls "$root"/usr/bin/{mkinitcpio,grub-mkconfig,dracut,booster,kernel-install,udevadm,systemctl} "$root"/usr/sbin/update-initramfs \
			"$root"/usr/lib/booster/regenerate_images 2>/dev/null | sed "s|^$root||"
		[ "$1" != initramfs_tools ] || echo /usr/sbin/update-grub
	} | tools || exit 1
	setfattr -n user.note -v kept "$root/etc/libvirt/qemu.conf" 2>/dev/null
	mkdir -p "$root/var/lib"
}

# The tree without the journal and without what only the stubs leave.
picture() {
	tar -C "$root" --xattrs --xattrs-include='*' --pax-option=delete=atime,delete=ctime --sort=name --mtime=@0 --exclude=./var/lib/vfiotui --exclude=./dev --exclude=./ran -cf - . | sha256sum
}
list_files() { # a line for each file: name, mode, owner, sum; not the temporaries
	(cd "$root" && find . \( -path ./var/lib/vfiotui -o -path ./dev -o -name '.*.vfiotui-*' -o -name '*.new' -o -name '*.conf.tmp' -o -path ./ran \) -prune -o -type f \
		-printf '%p %m %U:%G\n' -exec sha256sum {} + | sort)
}
fail() {
	echo "FAILED $chain, seed ${SEED:-1}, point $points: $1"
	tail -n 5 "$TMP/out"
	list_files | diff "$TMP/first" - | head -n 10
	cp -a "$root" "${KEEP:-/nonexistent}" 2>/dev/null
	exit 1
}
vfiotui() { in_root "$root" /usr/bin/vfiotui "$@" >"$TMP/out" 2>&1; }
words() { # COMMAND
	[ "$1" = undo ] && echo 'undo --yes' || echo 'apply 01:00 --user alex --yes'
}

record() { # COMMAND: all of its calls, as "NAME NUMBER" for the NUMBERth of that name in its process
	# shellcheck disable=SC2046,SC2154 # words; live-root sets "enter"
	strace -f -o "$TMP/log" "${enter[@]}" "$root" /usr/bin/vfiotui $(words "$1") >"$TMP/out" 2>&1 ||
		{ echo "$1 on $chain does not work at all"; cat "$TMP/out"; exit 1; }
	awk '$2 ~ /^[a-z0-9_]+\(/ { sub(/\(.*/, "", $2); print $2, ++n[$1 " " $2] }' "$TMP/log" |
		grep -vE '^(execve|exit|exit_group) ' >"$TMP/calls.$1"
}

stop_at() { # COMMAND CALL NUMBER
	# shellcheck disable=SC2046,SC2154 # words; live-root sets "enter"
	(strace -f -o /dev/null -e trace="$2" -e inject="$2:signal=KILL:when=$3" "${enter[@]}" "$root" /usr/bin/vfiotui $(words "$1") >"$TMP/out" 2>&1; exit 0) 2>/dev/null
	points=$((points + 1))
	list_files >"$TMP/now"
	comm -13 "$TMP/known" "$TMP/now" >"$TMP/neither"
	[ ! -s "$TMP/neither" ] || fail "$1 stopped at $2 number $3: neither old nor new: $(cat "$TMP/neither")"
}

one_point() { # COMMAND
	local call number way=$((RANDOM % 4))
	read -r call number < <(sed -n "$((RANDOM * 32768 % $(wc -l <"$TMP/calls.$1") + RANDOM % 97 + 1))p" "$TMP/calls.$1")
	[ -n "${call:-}" ] || read -r call number < <(shuf -n 1 --random-source=<(yes "$RANDOM") "$TMP/calls.$1")
	[ "$1" = apply ] || vfiotui apply 01:00 --user alex --yes || fail 'apply before the undo'
	stop_at "$1" "$call" "$number"
	case $way in # what its user does next
	0) vfiotui status ;;
	1) vfiotui history; vfiotui plan 01:00 --user alex ;;
	esac
	vfiotui undo --yes || grep -q 'no change to take back' "$TMP/out" || fail "$1 stopped at $call number $number: undo"
	! grep -q 'had been interrupted' "$TMP/out" || interrupted=$((interrupted + 1))
	! grep -q 'no change to take back' "$TMP/out" || nothing=$((nothing + 1))
	[ "$(picture)" = "$before" ] || fail "$1 stopped at $call number $number: undo does not give the first tree"
	[ -z "$(find "$root" -name '.*.vfiotui-*' ! -path '*/var/lib/vfiotui/*')" ] || fail "$1 stopped at $call number $number: a temporary is left"
	rm -rf "$root/var/lib/vfiotui" "$root/ran"
}

read -ra chains <<<"${CHAINS:-desktop systemd_boot kernel_install initramfs_tools dracut_refind booster_limine}"
for chain in "${chains[@]}"; do
	build "$chain"
	# The images and menus of the start are those that the commands build of the first files.
	vfiotui apply 01:00 --user alex --yes || fail 'apply'
	vfiotui undo --yes || fail 'undo'
	rm -rf "$root/var/lib/vfiotui" "$root/ran"
	before=$(picture)
	list_files >"$TMP/first"
	record apply
	[ "$(picture)" != "$before" ] || fail 'apply changed nothing'
	list_files >"$TMP/applied"
	record undo
	[ "$(picture)" = "$before" ] || fail 'undo without any stop'
	rm -rf "$root/var/lib/vfiotui" "$root/ran"
	sort "$TMP/first" "$TMP/applied" >"$TMP/known"
	for ((i = 0; i < STOPS; i++)); do
		one_point "$([ $((i % 3)) = 2 ] && echo undo || echo apply)"
	done
done
[ "$points" -eq $((STOPS * ${#chains[@]})) ] || { echo "only $points points"; exit 1; }
echo "measured: killed at $points random system calls of the program and its commands on ${#chains[@]} boot chains; every file was whole, one undo gave the first tree back ($interrupted repairs, $nothing had nothing to take back)"
