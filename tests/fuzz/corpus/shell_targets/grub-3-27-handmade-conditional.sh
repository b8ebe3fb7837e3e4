GRUB_CMDLINE_LINUX_DEFAULT="quiet"
if [ -e /etc/vfio-on ]; then
	GRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT iommu=pt"
fi
[ -d /sys/firmware/efi ] && GRUB_GFXMODE=auto
