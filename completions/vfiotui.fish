# SPDX-License-Identifier: GPL-2.0-or-later
# fish completion for vfiotui

set -l commands list show check acs plan apply undo keep history status bind release vm capture version help
set -l takes_devices show check plan apply bind release

complete -c vfiotui -f
complete -c vfiotui -n "not __fish_seen_subcommand_from $commands" -a list -d 'groups and devices'
complete -c vfiotui -n "not __fish_seen_subcommand_from $commands" -a show -d 'everything known about one device'
complete -c vfiotui -n "not __fish_seen_subcommand_from $commands" -a check -d 'findings'
complete -c vfiotui -n "not __fish_seen_subcommand_from $commands" -a acs -d 'why groups are shared'
complete -c vfiotui -n "not __fish_seen_subcommand_from $commands" -a plan -d 'what would be written and run'
complete -c vfiotui -n "not __fish_seen_subcommand_from $commands" -a apply -d 'write and run it'
complete -c vfiotui -n "not __fish_seen_subcommand_from $commands" -a undo -d 'take a change back'
complete -c vfiotui -n "not __fish_seen_subcommand_from $commands" -a keep -d 'end a trial boot, passthrough stays'
complete -c vfiotui -n "not __fish_seen_subcommand_from $commands" -a history -d 'list the changes'
complete -c vfiotui -n "not __fish_seen_subcommand_from $commands" -a status -d 'hold the promises against the machine'
complete -c vfiotui -n "not __fish_seen_subcommand_from $commands" -a bind -d 'hand over now'
complete -c vfiotui -n "not __fish_seen_subcommand_from $commands" -a release -d 'give back to the host now'
complete -c vfiotui -n "not __fish_seen_subcommand_from $commands" -a vm -d 'virtual machines'
complete -c vfiotui -n "not __fish_seen_subcommand_from $commands" -a capture -d 'record this machine in a file'
complete -c vfiotui -n "__fish_seen_subcommand_from capture" -F
complete -c vfiotui -n "not __fish_seen_subcommand_from $commands" -a version -d 'print the version'
complete -c vfiotui -n "not __fish_seen_subcommand_from $commands" -a help -d 'print the help'
complete -c vfiotui -n "__fish_seen_subcommand_from $takes_devices" -a "(command ls /sys/bus/pci/devices 2>/dev/null)"
complete -c vfiotui -n "__fish_seen_subcommand_from vm" -a "list new edit delete show script xml start status stop kill pause resume log"
complete -c vfiotui -n "__fish_seen_subcommand_from vm" -a "(command ls /etc/vfiotui/vm 2>/dev/null | string replace -rf '[.]conf\$' '')"
complete -c vfiotui -l root -r -F -d 'take a directory or recording as the machine'
complete -c vfiotui -l demo -d 'open a bundled recorded machine'
complete -c vfiotui -l ids -r -F -d 'names of devices from this pci.ids'
complete -c vfiotui -l ascii -d 'no characters outside ASCII'
complete -c vfiotui -l no-color -d 'no colours on the screen'
complete -c vfiotui -l json -d 'print facts as JSON'
complete -c vfiotui -l save-map -d 'remember devices and groups as they are now'
complete -c vfiotui -l acs-override -x -a "none downstream multifunction downstream,multifunction" -d 'set pcie_acs_override for the kernel'
complete -c vfiotui -l override -x -a "downstream multifunction downstream,multifunction" -d 'foretell the groups with this override'
complete -c vfiotui -l none -d 'hand over no device'
complete -c vfiotui -l yes -d 'do not ask'
complete -c vfiotui -l force -x -a "iommu-absent boot-loader no-vfio-module root-disk swap mounted ssh-link bridge-marked no-group group-incomplete group-blocked in-use-by-vm" -d 'go on although a finding blocks'
complete -c vfiotui -l bind -x -a "ids address" -d 'how vfio-pci is told of the devices'
complete -c vfiotui -l no-pt -d 'leave out iommu=pt'
complete -c vfiotui -l no-script -d 'write no launch script'
complete -c vfiotui -l no-way-back -d 'write no boot entry without passthrough'
complete -c vfiotui -l trial -d 'the boot after the next is without passthrough, unless kept'
complete -c vfiotui -l disable-vga -d 'keep cards out of VGA arbitration'
complete -c vfiotui -l disable-idle-d3 -d 'keep devices that no VM uses powered'
complete -c vfiotui -l no-framebuffer -d "no console on the firmware's picture"
complete -c vfiotui -l boot-loader -x -a "grub grub-bls systemd-boot kernel-cmdline limine refind kernelstub ostree" -d 'what starts this machine'
complete -c vfiotui -l blacklist -d 'blacklist drivers that no device of the host needs'
complete -c vfiotui -l user -x -a "(__fish_complete_users)" -d 'who may open the devices'
complete -c vfiotui -l follow -d 'go on printing the log of a VM until it has ended'
complete -c vfiotui -l wait -x -d 'how long a start or an end is waited for'
complete -c vfiotui -l help -d 'print a help'
complete -c vfiotui -l version -d 'print the version'
