#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Real initramfs images of what apply wrote: the generators of this machine (mkinitramfs, dracut) and kernel-install run
# on the pretended machine's configuration, and the proofs are read out of what they built.
# The kernel is a tree of empty modules; /etc, /lib/modules and /boot are replaced in a mount namespace.
set -u
PATH=$PATH:/usr/sbin:/sbin
release=6.1.0-vfiotui-test
bad=0 built=0

complain() {
	echo "FAILED: $*"
	bad=1
}

missing() {
	echo "SKIPPED IN PART: $*"
}

own=()
[ "$(id -u)" -eq 0 ] || own=(-r)
unshare "${own[@]}" -m true 2>/dev/null || { echo 'neither root nor user namespaces: no image was built'; exit 77; }
for program in depmod cc cpio; do
	command -v $program >/dev/null || { echo "$program is missing: no image was built"; exit 77; }
done

# --- a kernel of empty modules --------------------------------------------------------------

module() { # DIRECTORY NAME [DEPENDS] [ALIAS]
	local dir=$TMP/modules/$release/kernel/$1
	mkdir -p "$dir"
	{
		echo '#define I __attribute__((section(".modinfo"), used)) static const char'
		echo "I l[] = \"license=GPL\"; I n[] = \"name=${2//-/_}\"; I v[] = \"vermagic=$release SMP\";"
		echo "I d[] = \"depends=${3:-}\";"
		[ -z "${4:-}" ] || echo "I a[] = \"alias=$4\";"
		echo "extern int f_${2//-/_}(void); int f_${2//-/_}(void) { return 0; }"
	} >"$TMP/m.c"
	cc -c -o "$dir/$2.ko" "$TMP/m.c"
}

make_kernel() {
	local m
	module drivers/vfio vfio
	module drivers/vfio vfio_iommu_type1 vfio
	module drivers/vfio/pci vfio-pci-core vfio
	module drivers/vfio/pci vfio-pci vfio-pci-core,vfio
	module drivers/gpu/drm/nouveau nouveau '' 'pci:v000010DEd*sv*sd*bc03sc*i*'
	for m in ext4 ahci nvme xhci-pci snd_hda_intel e1000e; do
		module drivers/other $m
	done
	: >"$TMP/modules/$release/modules.order"
	: >"$TMP/modules/$release/modules.builtin"
	depmod -b "$TMP/depmod" $release 2>/dev/null
}
mkdir -p "$TMP/modules" "$TMP/depmod/lib"
ln -s "$TMP/modules" "$TMP/depmod/lib/modules"
make_kernel || { echo 'the pretended kernel could not be built'; exit 1; }

# --- the pretended machine -------------------------------------------------------------------

# The bundled desktop without what its own initramfs generator has there.
machine() { # NAME
	root=$TMP/$1
	mkdir "$root"
	make --no-print-directory BUILD="$BUILD" "$BUILD/tools/unpack" >/dev/null || exit 1
	"$BUILD/tools/unpack" "$TOP/src/machine/demo/desktop.txt" "$root" || exit 1
	rm -rf "${root:?}/etc/mkinitcpio"* "${root:?}"/usr/bin/mkinitcpio "${root:?}"/boot/*
	mkdir -p "$root/boot" "$root/etc/modprobe.d" "$root/etc/udev/rules.d"
	: >"$root/boot/vmlinuz-$release"
	printf 'CONFIG_BLK_DEV_INITRD=y\nCONFIG_RD_GZIP=y\nCONFIG_RD_ZSTD=y\n' >"$root/boot/config-$release"
}

program() { # PATH: something that is there
	mkdir -p "$root${1%/*}"
	printf '#!/bin/sh\n' >"$root$1"
	chmod 755 "$root$1"
}

change() { # ARGUMENTS
	"$VFIOTUI" --root "$root" apply --yes --force group-incomplete "$@" >"$TMP/out" 2>&1 ||
		{ complain "apply $*: $(tail -n 3 "$TMP/out")"; return 1; }
}

# Runs a command with the machine's /etc, kernel and /boot in place of this one's.
inside() { # COMMAND...
	rm -rf "${TMP:?}/etc"
	cp -a /etc "$TMP/etc" 2>/dev/null
	rm -rf "$TMP/etc/modprobe.d" "$TMP/etc/initramfs-tools/modules" "$TMP/etc/dracut.conf.d" "$TMP/etc/os-release"
	cp -a "$root/etc/." "$TMP/etc/"
	# shellcheck disable=SC2016 # the inner shell expands
	unshare "${own[@]}" -m bash -c '
		set -e
		mount --make-rprivate /
		mkdir -p /lib/modules
		mount --bind "$1" /lib/modules
		mount --bind "$2/boot" /boot
		mount --bind "$3" /etc
		shift 3
		"$@"' - "$TMP/modules" "$root" "$TMP/etc" "$@" >"$TMP/log" 2>&1 </dev/null
}

lists() { # LISTING WORD WHAT
	grep -q -- "$2" "$1" || complain "$3: no $2 in the image"
}

check_image() { # LISTING WHAT
	lists "$1" '/vfio-pci\.ko' "$2"
	lists "$1" '/vfio_iommu_type1\.ko' "$2"
	lists "$1" 'etc/modprobe.d/vfio.conf' "$2"
	built=$((built + 1))
}

# --- initramfs-tools ----------------------------------------------------------------------------

try_initramfs_tools() {
	command -v mkinitramfs >/dev/null || { missing 'initramfs-tools: no image was built'; return; }
	machine tools
	mkdir -p "$root/etc/initramfs-tools"
	echo 'MODULES=list' >"$root/etc/initramfs-tools/initramfs.conf"
	echo '# modules' >"$root/etc/initramfs-tools/modules"
	printf 'ID=debian\n' >"$root/etc/os-release"
	program /usr/sbin/update-initramfs
	change --bind=ids 01:00 || return
	cp /etc/initramfs-tools/initramfs.conf "$root/etc/initramfs-tools/" 2>/dev/null
	sed -i 's/^MODULES=.*/MODULES=list/; s/^COMPRESS=.*/COMPRESS=gzip/' "$root/etc/initramfs-tools/initramfs.conf"
	inside mkinitramfs -o "/boot/initrd.img-$release" $release ||
		{ complain "mkinitramfs: $(tail -n 3 "$TMP/log")"; return; }
	lsinitramfs "$root/boot/initrd.img-$release" >"$TMP/list" || complain lsinitramfs
	check_image "$TMP/list" 'initramfs-tools, by ids'
	unmkinitramfs "$root/boot/initrd.img-$release" "$TMP/unpacked" 2>/dev/null
	[ "$(awk '!/^#/ { print $1; exit }' "$TMP/unpacked/conf/modules")" = vfio_pci ] ||
		complain "conf/modules does not begin with vfio_pci: $(cat "$TMP/unpacked/conf/modules")"
	cmp -s "$root/etc/modprobe.d/vfio.conf" "$TMP/unpacked/etc/modprobe.d/vfio.conf" ||
		complain 'vfio.conf in the image is another one'
	change --bind=address 01:00 || return
	inside mkinitramfs -o "/boot/initrd.img-$release" $release ||
		{ complain "mkinitramfs: $(tail -n 3 "$TMP/log")"; return; }
	lsinitramfs "$root/boot/initrd.img-$release" >"$TMP/list"
	lists "$TMP/list" 'udev/rules.d/05-vfiotui-bind.rules' 'initramfs-tools, by address'
	lists "$TMP/list" '/vfio-pci\.ko' 'initramfs-tools, by address'
	built=$((built + 1))
}

# --- dracut ---------------------------------------------------------------------------------------

try_dracut() {
	command -v dracut >/dev/null || { missing 'dracut: no image was built'; return; }
	machine dracut
	printf 'ID=fedora\n' >"$root/etc/os-release"
	program /usr/bin/dracut
	change --bind=ids 01:00 || return
	# A generic image: dracut copies /etc/modprobe.d by itself only into one for this host.
	inside dracut -f --no-hostonly --no-early-microcode -m 'base' --kver $release "/boot/initrd.img-$release" ||
		{ complain "dracut: $(grep -i fail "$TMP/log" | head -n 3)"; return; }
	lsinitrd "$root/boot/initrd.img-$release" >"$TMP/list" 2>/dev/null
	check_image "$TMP/list" 'dracut, by ids'
	lsinitrd -f etc/cmdline.d/20-force_drivers.conf "$root/boot/initrd.img-$release" 2>/dev/null |
		grep -q 'rd.driver.pre=vfio_pci' || complain "dracut: vfio_pci is not loaded first"
	change --bind=address 01:00 || return
	inside dracut -f --no-hostonly --no-early-microcode -m 'base' --kver $release "/boot/initrd.img-$release" ||
		{ complain "dracut: $(tail -n 3 "$TMP/log")"; return; }
	lsinitrd "$root/boot/initrd.img-$release" >"$TMP/list" 2>/dev/null
	lists "$TMP/list" 'rules.d/05-vfiotui-bind.rules' 'dracut, by address'
	built=$((built + 1))
}

# --- kernel-install ---------------------------------------------------------------------------------

try_kernel_install() {
	command -v kernel-install >/dev/null || { missing 'kernel-install was not run'; return; }
	local id=0123456789abcdef0123456789abcdef plugins entry
	machine install
	plugins=$(dirname "$(find /usr/lib/kernel/install.d /lib/kernel/install.d -name '90-loaderentry.install' 2>/dev/null | head -n 1)")
	rm -f "$root/etc/default/grub" "$root"/usr/bin/grub-mkconfig
	mkdir -p "$root/boot/loader/entries" "$root/boot/EFI/systemd" "$root/etc/kernel/install.d"
	: >"$root/boot/EFI/systemd/systemd-bootx64.efi"
	: >"$root/boot/loader/loader.conf"
	echo $id >"$root/etc/machine-id"
	echo 'root=LABEL=root rw quiet' >"$root/etc/kernel/cmdline"
	echo 'layout=bls' >"$root/etc/kernel/install.conf"
	mkdir -p "$root/boot/$id"
	program /usr/bin/kernel-install
	change --boot-loader=kernel-cmdline --bind=ids 01:00 || return
	for v in 6.1.0-vfiotui-test 6.12.0-vfiotui-test; do
		inside env "KERNEL_INSTALL_PLUGINS=$plugins/90-loaderentry.install /etc/kernel/install.d/95-vfiotui.install" \
			BOOT_ROOT=/boot kernel-install add $v "/boot/vmlinuz-$release" ||
			{ complain "kernel-install: $(tail -n 3 "$TMP/log")"; return; }
	done
	entry=$root/boot/loader/entries/$id-6.12.0-vfiotui-test.conf
	grep -q '^options.*root=LABEL=root rw quiet iommu=pt' "$entry" || complain "the entry lacks the parameters: $(cat "$entry" "$TMP/log")"
	entry=$root/boot/loader/entries/$id-0-without-passthrough.conf
	grep -q '^options root=LABEL=root rw quiet .*vfiotui=off module_blacklist=vfio_pci$' "$entry" ||
		complain "no entry without passthrough: $(cat "$entry" 2>&1)"
	grep -q iommu=pt "$entry" && complain 'the entry without passthrough has iommu=pt'
	grep -q '6\.12\.0' "$entry" || complain "it is not for the newest kernel: $(cat "$entry")"
	inside env "KERNEL_INSTALL_PLUGINS=$plugins/90-loaderentry.install /etc/kernel/install.d/95-vfiotui.install" \
		BOOT_ROOT=/boot kernel-install remove 6.12.0-vfiotui-test || complain "kernel-install remove: $(tail -n 3 "$TMP/log")"
	grep -q '6\.1\.0' "$entry" || complain "it did not follow the kernels: $(cat "$entry")"
	built=$((built + 1))
}

# --- ukify ---------------------------------------------------------------------------------------------

section() { # IMAGE SECTION
	objcopy -O binary --only-section="$2" "$1" "$TMP/section" 2>/dev/null && tr -d '\0' <"$TMP/section"
}

# kernel-install makes a unified image of each kernel by ukify: its line is what the image holds, and the entry beside it has another.
try_ukify() {
	local id=0123456789abcdef0123456789abcdef plugins image entry
	plugins=$(dirname "$(find /usr/lib/kernel/install.d -name '60-ukify.install' 2>/dev/null | head -n 1)")
	kernel=$(find /usr/lib/systemd/boot/efi -name 'systemd-bootx64.efi' 2>/dev/null) # a kernel is a PE image, too
	if [ ! -e "$plugins/90-uki-copy.install" ] || [ -z "$kernel" ] || ! command -v ukify objcopy >/dev/null; then
		missing 'ukify with its stub: no unified image was built'
		return
	fi
	machine ukify
	rm -f "$root/etc/default/grub" "$root"/usr/bin/grub-mkconfig
	mkdir -p "$root/boot/loader/entries" "$root/boot/EFI/systemd" "$root/boot/EFI/Linux" "$root/etc/kernel/install.d"
	: >"$root/boot/EFI/systemd/systemd-bootx64.efi"
	: >"$root/boot/loader/loader.conf"
	: >"$root/boot/initrd"
	cp "$kernel" "$root/boot/vmlinuz-$release"
	echo $id >"$root/etc/machine-id"
	echo 'root=LABEL=root rw quiet' >"$root/etc/kernel/cmdline"
	printf 'layout=uki\nuki_generator=ukify\n' >"$root/etc/kernel/install.conf"
	program /usr/bin/kernel-install
	change --boot-loader=kernel-cmdline --bind=ids 01:00 || return
	for v in 6.1.0-vfiotui-test 6.12.0-vfiotui-test; do
		inside env "KERNEL_INSTALL_PLUGINS=$plugins/60-ukify.install $plugins/90-uki-copy.install /etc/kernel/install.d/95-vfiotui.install" \
			BOOT_ROOT=/boot kernel-install add $v "/boot/vmlinuz-$release" /boot/initrd ||
			{ complain "kernel-install with ukify: $(tail -n 3 "$TMP/log")"; return; }
	done
	image=$root/boot/EFI/Linux/$id-6.12.0-vfiotui-test.efi
	[[ "$(section "$image" .cmdline)" == 'root=LABEL=root rw quiet iommu=pt'* ]] || # newer ones add the machine's id
		complain "the image's line is \"$(section "$image" .cmdline)\": $(ls "$root/boot/EFI/Linux"; tail -n 3 "$TMP/log")"
	"$VFIOTUI" --root "$root" status >"$TMP/out" 2>&1
	grep 'entries and images: iommu=pt in each entry' "$TMP/out" | grep -vq 'not so' ||
		complain "status does not read the images: $(cat "$TMP/out")"
	entry=$root/boot/loader/entries/$id-0-without-passthrough.conf
	grep -q "^efi /EFI/Linux/$id-6.12.0-vfiotui-test.efi\$" "$entry" || complain "the entry starts another image: $(cat "$entry" 2>&1)"
	grep -q '^options root=LABEL=root rw quiet vfiotui=off module_blacklist=vfio_pci$' "$entry" ||
		complain "the image's entry without passthrough: $(cat "$entry" 2>&1)"
	# Boot counting renames the newest image while it is on trial: the entry keeps to one that has its name for good.
	mv "$image" "${image%.efi}+3.efi"
	inside /etc/kernel/install.d/95-vfiotui.install add || complain "the plugin: $(tail -n 3 "$TMP/log")"
	grep -q "^efi /EFI/Linux/$id-6.1.0-vfiotui-test.efi\$" "$entry" || complain "the entry starts an image on trial: $(cat "$entry" 2>&1)"
	built=$((built + 1))
}

# --- ostree -------------------------------------------------------------------------------------------

deploy() { # OPTION...
	ostree admin deploy --sysroot="$root" --os=test "$@" test >"$TMP/log" 2>&1 || complain "ostree admin deploy $*: $(tail -n 3 "$TMP/log")"
}

# Deployments of libostree itself: its newest one's line is what counts, and gets the parameters that rpm-ostree would be asked for.
try_ostree() {
	command -v ostree >/dev/null || { missing 'ostree: no deployment was made'; return; }
	[ "$(id -u)" -eq 0 ] || { missing 'ostree needs root: no deployment was made'; return; }
	local tree=$TMP/tree word added=()
	machine ostree
	mkdir -p "$tree/usr/lib/modules/$release" "$tree/usr/etc" "$root/run" "$root/proc"
	echo kernel >"$tree/usr/lib/modules/$release/vmlinuz"
	echo initrd >"$tree/usr/lib/modules/$release/initramfs.img"
	printf 'ID=test\nPRETTY_NAME="Test"\n' | tee "$tree/usr/lib/os-release" >"$tree/usr/etc/os-release"
	ostree admin init-fs "$root" && ostree admin os-init --sysroot="$root" test >/dev/null &&
		ostree --repo="$root/ostree/repo" commit -b test --tree=dir="$tree" >/dev/null || { complain 'ostree'; return; }
	deploy --karg=root=UUID=1 --karg=rw --karg=quiet
	: >"$root/run/ostree-booted"
	sed -n 's/^options //p' "$root"/boot/loader/entries/ostree-1*.conf >"$root/proc/cmdline"
	program /usr/bin/rpm-ostree
	change --bind=ids 01:00 || return
	for word in $(grep -o 'rpm-ostree kargs .*' "$TMP/out" | head -n 1); do
		case $word in --append-if-missing=*) added+=("--karg-append=${word#*=}") ;; esac
	done
	[[ " ${added[*]} " == *' --karg-append=iommu=pt '* ]] || complain "rpm-ostree is not asked for iommu=pt: $(cat "$TMP/out")"
	"$VFIOTUI" --root "$root" status >"$TMP/out" 2>&1
	grep 'newest deployment: iommu=pt' "$TMP/out" | grep -q 'not so' || complain "status trusts the old deployment: $(cat "$TMP/out")"
	deploy "${added[@]}"
	"$VFIOTUI" --root "$root" status >"$TMP/out" 2>&1
	grep 'newest deployment: iommu=pt' "$TMP/out" | grep -vq 'not so' || complain "status does not see the new deployment: $(cat "$TMP/out")"
	chattr -R -i "$root/ostree/deploy" 2>/dev/null # libostree's mark on a deployment
	built=$((built + 1))
}

try_initramfs_tools
try_dracut
try_kernel_install
try_ukify
try_ostree
echo "measured: $built things were built by the real programs and read"
[ $bad -eq 0 ] || exit 1
[ $built -gt 0 ] || { echo 'nothing was built'; exit 77; }
