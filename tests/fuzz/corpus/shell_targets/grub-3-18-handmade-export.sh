# exported
export GRUB_CMDLINE_LINUX_DEFAULT="quiet splash"
export GRUB_COLOR_NORMAL="light-gray/black"
GRUB_CMDLINE_LINUX=""
