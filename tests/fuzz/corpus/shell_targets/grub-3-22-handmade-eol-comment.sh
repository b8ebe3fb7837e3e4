GRUB_CMDLINE_LINUX_DEFAULT="quiet splash"   # keep it quiet
GRUB_CMDLINE_LINUX="" # nothing
