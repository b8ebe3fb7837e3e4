# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=all # a part of the launch script, which is checked as a whole

# --- command line ---

qemu=${VFIOTUI_QEMU:-$qemu}
root=${VFIOTUI_ROOT:-} # for tests: where /sys, /proc and /dev are looked for
create_size=
more=()
mode=start
arguments=("$@")
boot_cdroms=()

say() { # TEXT: nothing hangs on its being read
	printf '%s: %s\n' "$name" "$1" >&2 || true
}

die() {
	say "$1"
	exit 1
}

while [ $# -gt 0 ]; do
	case $1 in
	--check) mode=check ;;
	--print) mode=print ;;
	--display) display=std ;;
	--display=std | --display=qxl) display=${1#*=} ;;
	--no-devices) devices=() usb=() ;;
	--create-disk | --cdrom)
		[ $# -ge 2 ] || die "$1 needs a value"
		if [ "$1" = --cdrom ]; then boot_cdroms+=("$2"); else create_size=$2; fi
		shift
		;;
	--)
		shift
		more=("$@")
		break
		;;
	*) die "unknown option $1 (--check, --print, --cdrom ISO, --display, --no-devices, --create-disk SIZE, -- ARGUMENT...)" ;;
	esac
	shift
done

if [ -z "$vars" ]; then # the VM's own files are with its owner
	if [ "$EUID" -eq 0 ]; then
		vars=/var/lib/vfiotui/vm/$name/vars.fd
	else
		vars=${XDG_DATA_HOME:-$HOME/.local/share}/vfiotui/$name/vars.fd
	fi
fi
state=${vars%/*}
case ${XDG_RUNTIME_DIR:-} in
/*) run=$XDG_RUNTIME_DIR/vfiotui ;;
*) run=$root/run/vfiotui ;;
esac
socket=$run/$name # begins the names of all sockets and notes

# New files belong to whom their directory belongs to, also under sudo.
give_owner() { # FILE
	[ "$EUID" -ne 0 ] || chown --reference="$(dirname -- "$1")" -- "$1"
}

make_dir() { # DIRECTORY
	[ ! -d "$1" ] || return 0
	make_dir "$(dirname -- "$1")"
	mkdir -- "$1"
	give_owner "$1"
}

# "qcow2" or "raw", by the file's first bytes where the setting is auto.
format_of() { # FILE FORMAT
	if [ "$2" != auto ]; then
		printf '%s' "$2"
	elif [ -f "$1" ] && [ "$(head -c 3 -- "$1" | tr -d '\0')" = QFI ]; then
		printf qcow2
	else
		case $1 in
		*.qcow2) if [ -s "$1" ]; then printf raw; else printf qcow2; fi ;;
		*) printf raw ;;
		esac
	fi
}

create_disk() { # FILE FORMAT SIZE
	make_dir "$(dirname -- "$1")"
	qemu-img create -q -f "$(format_of "$1" "$2")" -- "$1" "$3" >&2
	give_owner "$1"
	say "created the disk $1 ($3)"
}

if [ -n "$create_size" ]; then
	[ ${#disks[@]} -gt 0 ] || die "this VM has no disk"
	[ ! -e "${disks[0]}" ] || die "${disks[0]} is there already; it was not touched"
	create_disk "${disks[0]}" "${disk_formats[0]}" "$create_size"
	exit 0
fi

