GRUB_CMDLINE_LINUX_DEFAULT="quiet dyndbg=\"file drivers/usb/* +p\" foo=bar"
GRUB_CMDLINE_LINUX='a="b c"'
