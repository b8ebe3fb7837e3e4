# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=all # a part of the launch script, which is checked as a whole

# --- QEMU's arguments (in a value, QEMU wants a comma doubled) ---

args=()
ide=0 # places on the machine's own SATA or IDE controller that are taken
ide_place() {
	if [ "$machine" = q35 ]; then place=ide.$ide; else place=ide.$((ide / 2)),unit=$((ide % 2)); fi
	ide=$((ide + 1))
}

# The two layers of a disk: the file or block device, and what is inside it.
disk_layers() { # INDEX CACHE AIO READ-ONLY
	local file=${disks[$1]} driver=file cache=$2 aio=$3 direct=off
	if [ -b "$file" ]; then driver=host_device; fi
	if [ "$cache" = auto ] && [ "$driver" = host_device ]; then cache=none; fi
	if [ "$cache" = none ]; then direct=on; fi
	if [ "$aio" = auto ] && [ "$direct" = on ]; then aio=native; fi
	if [ "$aio" = auto ]; then aio=threads; fi
	args+=(
		-blockdev "driver=$driver,node-name=disk$1-file,filename=${file//,/,,},aio=$aio,cache.direct=$direct,discard=unmap,read-only=$4"
		-blockdev "driver=$(format_of "$file" "${disk_formats[$1]}"),node-name=disk$1,file=disk$1-file,discard=unmap,read-only=$4"
	)
}

cdrom() { # NUMBER FILE BOOTINDEX
	ide_place
	args+=(
		-blockdev "driver=file,node-name=cd$1,read-only=on,filename=${2//,/,,}"
		-device "ide-cd,drive=cd$1,bus=$place,bootindex=$3"
	)
}

