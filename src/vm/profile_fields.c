/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of everything that can be said about a VM: one row a field. */
#include "vm/profile.h"
#include "vm/profile_check.h"

#include <string.h>

/* clang-format off */

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define MAX_MIB (16U << 20) /* 16 TiB */

/* What the rows have in common: member and kind. */
#define OF(type, m) .offset = offsetof(type, m)
#define IN(m) OF(struct vm_profile, m)

/* --- entries of lists ------------------------------------------------------- */

static const struct vm_field disk_rows[] = {
	{.key = "path", .kind = VM_TEXT, OF(struct vm_disk, path), .check = check_path,
	 .help = "An image file or a block device."},
	{.key = "format", .kind = VM_CHOICE, OF(struct vm_disk, format),
	 .choices = NAMES("auto", "raw", "qcow2"),
	 .help = "What is inside: auto looks at the file."},
	{.key = "bus", .kind = VM_CHOICE, OF(struct vm_disk, bus),
	 .choices = NAMES("virtio", "scsi", "sata", "nvme", "ide", "usb"),
	 .help = "How the guest sees it: Windows needs the virtio drivers for virtio and scsi."},
	{.key = "size", .kind = VM_SIZE, OF(struct vm_disk, size_mib), .max = MAX_MIB,
	 .help = "Created with this size when it is not there yet."},
	{.key = "cache", .kind = VM_CHOICE, OF(struct vm_disk, cache),
	 .choices = NAMES("auto", "none", "writeback", "writethrough"),
	 .help = "The host's cache: auto is none where the file system can do without."},
	{.key = "aio", .kind = VM_CHOICE, OF(struct vm_disk, aio),
	 .choices = NAMES("auto", "native", "threads", "io_uring"),
	 .help = "How the host reads and writes; native needs cache=none."},
	{.key = "readonly", .kind = VM_BOOL, OF(struct vm_disk, read_only), .fallback = "no",
	 .help = "The guest can't write it."},
	{.key = "serial", .kind = VM_TEXT, OF(struct vm_disk, serial), .check = check_serial,
	 .help = "The serial number that the guest reads."},
};
static const struct vm_item disk_item = {
	.size = sizeof(struct vm_disk),
	.rows = disk_rows,
	.rows_len = ARRAY_SIZE(disk_rows),
};

static const struct vm_field device_rows[] = {
	{.key = "address", .kind = VM_TEXT, OF(struct vm_device, address), .check = check_address,
	 .help = "The device's address, 0000:01:00.0."},
	{.key = "ids", .kind = VM_TEXT, OF(struct vm_device, ids), .check = check_ids,
	 .help = "Its vendor and device id: with another device there, the VM does not start."},
	{.key = "rom", .kind = VM_TEXT, OF(struct vm_device, rom), .check = check_path,
	 .help = "A file with the card's ROM, where the card's own can't be read."},
	{.key = "guest", .kind = VM_TEXT, OF(struct vm_device, guest), .check = check_guest_slot,
	 .help = "Where the guest sees it on its first bus, 09.0."},
	{.key = "vga", .kind = VM_BOOL, OF(struct vm_device, vga), .fallback = "no",
	 .help = "Hand over the legacy VGA ranges, too: for a guest without UEFI."},
	{.key = "name", .kind = VM_TEXT, OF(struct vm_device, name),
	 .help = "What it is, for you."},
};
static const struct vm_item device_item = {
	.size = sizeof(struct vm_device),
	.rows = device_rows,
	.rows_len = ARRAY_SIZE(device_rows),
};

static const struct vm_field usb_rows[] = {
	{.key = "id", .kind = VM_TEXT, OF(struct vm_usb, id), .check = check_usb,
	 .help = "Vendor and product, 046d:c52b, or bus and port, 1-2.3."},
};
static const struct vm_item usb_item = {
	.size = sizeof(struct vm_usb),
	.rows = usb_rows,
	.rows_len = ARRAY_SIZE(usb_rows),
};

static const struct vm_field evdev_rows[] = {
	{.key = "path", .kind = VM_TEXT, OF(struct vm_evdev, path), .check = check_path,
	 .help = "The device's node, best one of /dev/input/by-id."},
	{.key = "keyboard", .kind = VM_CHOICE, OF(struct vm_evdev, keyboard),
	 .choices = NAMES("auto", "yes", "no"),
	 .help = "A keyboard takes the others along; auto: its name ends in kbd."},
};
static const struct vm_item evdev_item = {
	.size = sizeof(struct vm_evdev),
	.rows = evdev_rows,
	.rows_len = ARRAY_SIZE(evdev_rows),
};

static const struct vm_field path_rows[] = {
	{.key = "path", .kind = VM_TEXT, OF(struct vm_path, path), .check = check_path,
	 .help = "A file."},
};
static const struct vm_item path_item = {
	.size = sizeof(struct vm_path),
	.rows = path_rows,
	.rows_len = ARRAY_SIZE(path_rows),
};

static const struct vm_field forward_rows[] = {
	{.key = "ports", .kind = VM_TEXT, OF(struct vm_path, path), .check = check_forward,
	 .help = "tcp or udp, the host's port, the guest's port."},
};
static const struct vm_item forward_item = {
	.size = sizeof(struct vm_path),
	.rows = forward_rows,
	.rows_len = ARRAY_SIZE(forward_rows),
};

static const struct vm_field option_rows[] = {
	{.key = "argument", .kind = VM_TEXT, OF(struct vm_path, path),
	 .help = "One argument, as QEMU gets it."},
};
static const struct vm_item option_item = {
	.size = sizeof(struct vm_path),
	.rows = option_rows,
	.rows_len = ARRAY_SIZE(option_rows),
};

/* --- fields --------------------------------------------------------------------- */

const struct vm_field vm_fields[] = {
	{"system", VM_CHOICE, VM_SECTION_MACHINE, IN(system), "Guest",
	 "What will run inside: vm new fills the other fields to suit it.",
	 NAMES("windows-11", "windows-10", "linux", "other"), "other"},
	{"memory", VM_SIZE, VM_SECTION_MACHINE, IN(memory_mib), "Memory",
	 "The guest's memory, 12G or 8192M; with devices handed over all of it is taken at the start.",
	 .fallback = "4G", .min = 64, .max = MAX_MIB},
	{"cores", VM_NUMBER, VM_SECTION_MACHINE, IN(cores), "Cores",
	 "How many cores the guest has.", .fallback = "2", .min = 1, .max = 255},
	{"threads", VM_NUMBER, VM_SECTION_MACHINE, IN(threads), "Threads per core",
	 "Threads a core: 2 where the guest's cores are pinned to cores of the host that have 2.",
	 .fallback = "1", .min = 1, .max = 8},
	{"pin", VM_TEXT, VM_SECTION_MACHINE, IN(pin), "Pinned to CPUs",
	 "The host's CPUs for the guest's, in the guest's order (4,12,5,13); empty lets them wander.",
	 .check = check_cpus},
	{"pin-emulator", VM_TEXT, VM_SECTION_MACHINE, IN(pin_emulator), "QEMU's own CPUs",
	 "The host's CPUs for the rest of QEMU, so that it does not disturb the pinned ones.",
	 .check = check_cpus},
	{"machine", VM_CHOICE, VM_SECTION_MACHINE, IN(machine), "Machine type",
	 "q35 has PCI Express; i440fx is for guests and cards older than UEFI.",
	 NAMES("q35", "i440fx"), "q35"},
	{"firmware", VM_CHOICE, VM_SECTION_MACHINE, IN(firmware), "Firmware",
	 "uefi is OVMF, uefi-secure OVMF with Secure Boot, bios SeaBIOS.",
	 NAMES("uefi", "uefi-secure", "bios"), "uefi"},
	{"firmware-code", VM_TEXT, VM_SECTION_MACHINE, IN(firmware_code), "Firmware file",
	 "An OVMF code image of your own; empty takes the installed one.", .check = check_path},
	{"firmware-vars", VM_TEXT, VM_SECTION_MACHINE, IN(firmware_vars), "Variables' origin",
	 "The empty variables that belong to firmware-code.", .check = check_path},
	{"vars", VM_TEXT, VM_SECTION_MACHINE, IN(vars), "Variables",
	 "The guest's own copy of the variables; empty keeps it beside its other files.",
	 .check = check_path},
	{"tpm", VM_BOOL, VM_SECTION_MACHINE, IN(tpm), "TPM 2.0",
	 "A TPM 2.0 through swtpm: Windows 11 wants one.", .fallback = "no"},
	{"boot", VM_CHOICE, VM_SECTION_MACHINE, IN(boot), "Boots from",
	 "What the firmware tries first.", NAMES("disk", "cdrom", "network"), "disk"},
	{"clock", VM_CHOICE, VM_SECTION_MACHINE, IN(clock), "Clock",
	 "Windows takes the clock for local time, others for UTC.", NAMES("utc", "local"), "utc"},
	{"clock-drift-fix", VM_BOOL, VM_SECTION_MACHINE, IN(drift_fix), "Catch up ticks",
	 "Gives the guest clock ticks that it missed: for Windows.", .fallback = "no"},
	{"hpet", VM_BOOL, VM_SECTION_MACHINE, IN(hpet), "HPET",
	 "A high precision timer, which costs time in Windows.", .fallback = "no"},
	{"pit-discard", VM_BOOL, VM_SECTION_MACHINE, IN(pit_discard), "Drop PIT ticks",
	 "The old timer drops ticks that were missed instead of giving them late.", .fallback = "yes"},
	{"hyperv", VM_FLAGS, VM_SECTION_MACHINE, IN(hyperv), "Hyper-V features",
	 "What makes Windows faster: all, none, or names.",
	 NAMES("relaxed", "vapic", "spinlocks", "vpindex", "runtime", "synic", "stimer", "reset",
	       "time", "frequencies", "tlbflush", "ipi", "reenlightenment"), "none"},
	{"hide-kvm", VM_BOOL, VM_SECTION_MACHINE, IN(hide_kvm), "Hide KVM",
	 "The guest does not see KVM: for drivers that refuse to work in a VM.", .fallback = "no"},
	{"vendor-id", VM_TEXT, VM_SECTION_MACHINE, IN(vendor_id), "Hyper-V vendor",
	 "The name that the guest reads in place of Microsoft Hv, up to 12 characters.",
	 .check = check_vendor_id},
	{"cpu", VM_TEXT, VM_SECTION_MACHINE, IN(cpu), "Processor",
	 "host is this machine's processor; other names: qemu-system-x86_64 -cpu help.",
	 .fallback = "host", .check = check_word},
	{"cpu-options", VM_TEXT, VM_SECTION_MACHINE, IN(cpu_options), "Processor options",
	 "Further features of the processor, check,+invtsc.", .check = check_cpu_options},
	{"accel", VM_CHOICE, VM_SECTION_MACHINE, IN(accel), "Accelerator",
	 "kvm; tcg is very slow, runs anywhere, and can't have devices of the host.",
	 NAMES("kvm", "tcg"), "kvm"},
	{"qemu", VM_TEXT, VM_SECTION_MACHINE, IN(qemu), "QEMU",
	 "A QEMU of your own; empty takes the installed one.", .check = check_path},

	{"disk", VM_LIST, VM_SECTION_DISKS, IN(disks), "Disks",
	 "PATH and format=, bus=, size=, cache=, aio=, readonly=, serial=.", .item = &disk_item},
	{"cdrom", VM_LIST, VM_SECTION_DISKS, IN(cdroms), "CD images",
	 "ISO files that are in the guest's drives.", .item = &path_item},

	{"network", VM_CHOICE, VM_SECTION_NETWORK, IN(network), "Network",
	 "user needs no set-up. bridge and macvtap put the guest into the host's network, "
	 "macvtap past the host.",
	 NAMES("user", "bridge", "macvtap", "none"), "user"},
	{"interface", VM_TEXT, VM_SECTION_NETWORK, IN(interface), "Bridge or link",
	 "A bridge that the host has (br0), or the card that macvtap is put on at the start "
	 "(enp3s0).", .check = check_interface},
	{"nic", VM_CHOICE, VM_SECTION_NETWORK, IN(nic), "Network card",
	 "What the guest sees; Windows needs a driver for virtio.",
	 NAMES("virtio", "e1000e", "e1000", "rtl8139"), "virtio"},
	{"mac", VM_TEXT, VM_SECTION_NETWORK, IN(mac), "MAC address",
	 "The card's address; empty makes one of the VM's name, always the same.",
	 .check = check_mac},
	{"forward", VM_LIST, VM_SECTION_NETWORK, IN(forwards), "Forwarded ports",
	 "tcp:2222:22 gives the guest's port 22 as 2222 of this host, to this host only.",
	 .item = &forward_item},

	{"device", VM_LIST, VM_SECTION_DEVICES, IN(devices), "PCI devices",
	 "ADDRESS and ids=, rom=, guest=, vga=, name=.", .item = &device_item},
	{"bind", VM_CHOICE, VM_SECTION_DEVICES, IN(bind), "Handed over",
	 "at-start takes what the host still has and gives it back afterwards; at-boot refuses to.",
	 NAMES("at-start", "at-boot"), "at-start"},
	{"usb", VM_LIST, VM_SECTION_DEVICES, IN(usb), "USB devices",
	 "046d:c52b, or 1-2.3 for whatever is in that port.", .item = &usb_item},
	{"usb-controllers", VM_FLAGS, VM_SECTION_DEVICES, IN(usb_controllers), "USB controllers",
	 "What the guest's USB devices hang on: xhci is all that a guest of today needs.",
	 NAMES("xhci", "nec-xhci", "ehci", "uhci"), "xhci"},

	{"display", VM_CHOICE, VM_SECTION_SCREEN, IN(display), "Display",
	 "none: the guest shows on its own card; std suits an installation.",
	 NAMES("none", "std", "qxl", "spice", "looking-glass"), "none"},
	{"resolution", VM_TEXT, VM_SECTION_SCREEN, IN(resolution), "Resolution",
	 "The largest picture for Looking Glass, from which its memory is computed.",
	 .fallback = "1920x1080", .check = check_resolution},
	{"shared-memory", VM_TEXT, VM_SECTION_SCREEN, IN(shared_memory), "Shared memory",
	 "Where Looking Glass finds the picture: a file in /dev/shm, or /dev/kvmfr0.",
	 .fallback = "/dev/shm/looking-glass", .check = check_path},
	{"spice-port", VM_NUMBER, VM_SECTION_SCREEN, IN(spice_port), "SPICE port",
	 "For remote-viewer on this host; 0 is a socket beside the VM's others.",
	 .fallback = "0", .max = 65535},
	{"audio", VM_CHOICE, VM_SECTION_SCREEN, IN(audio), "Sound",
	 "Where the guest's sound goes.",
	 NAMES("none", "pipewire", "pulseaudio", "jack", "alsa", "spice"), "none"},
	{"sound-card", VM_CHOICE, VM_SECTION_SCREEN, IN(sound_card), "Sound card",
	 "What the guest sees; virtio needs QEMU 8.2.", NAMES("hda", "ac97", "usb", "virtio"),
	 "hda"},

	{"evdev", VM_LIST, VM_SECTION_INPUT, IN(evdev), "Keyboard and mouse",
	 "Nodes that host and guest take in turns: PATH and keyboard=.", .item = &evdev_item},
	{"evdev-toggle", VM_CHOICE, VM_SECTION_INPUT, IN(toggle), "Toggle keys",
	 "Both keys together hand the evdev devices over and back.",
	 NAMES("ctrl-ctrl", "alt-alt", "shift-shift", "meta-meta", "scrolllock",
	       "ctrl-scrolllock"), "ctrl-ctrl"},
	{"input", VM_CHOICE, VM_SECTION_INPUT, IN(input), "Input devices",
	 "What the guest sees: usb works everywhere, virtio needs a driver in Windows.",
	 NAMES("usb", "virtio", "ps2"), "usb"},
	{"keyboard-server", VM_CHOICE, VM_SECTION_INPUT, IN(sharer), "Keyboard server",
	 "Shares the host's keyboard and mouse over the network while the VM runs.",
	 NAMES("none", "synergy", "barrier", "input-leap", "deskflow"), "none"},
	{"keyboard-server-config", VM_TEXT, VM_SECTION_INPUT, IN(sharer_config), "Its configuration",
	 "A file of yours; empty writes one with the two screens below.", .check = check_path},
	{"guest-side", VM_CHOICE, VM_SECTION_INPUT, IN(guest_side), "Guest's screen is",
	 "On which side of the host's screen the mouse leaves for the guest.",
	 NAMES("right", "left", "above", "below"), "right"},
	{"guest-screen", VM_TEXT, VM_SECTION_INPUT, IN(guest_screen), "Guest screen name",
	 "The guest's own host name, as its client gives it; empty is the VM's name.",
	 .check = check_word},
	{"host-screen", VM_TEXT, VM_SECTION_INPUT, IN(host_screen), "Host screen name",
	 "Empty is this host's name.", .check = check_word},

	{"hugepages", VM_CHOICE, VM_SECTION_EXTRAS, IN(hugepages), "Huge pages",
	 "Memory in pages of 2M or 1G, set apart beforehand: fewer misses in address translation.",
	 NAMES("none", "2M", "1G"), "none"},
	{"lock-memory", VM_BOOL, VM_SECTION_EXTRAS, IN(lock_memory), "Lock memory",
	 "Nothing of the VM is ever swapped out.", .fallback = "no"},
	{"numa-node", VM_TEXT, VM_SECTION_EXTRAS, IN(numa_node), "NUMA node",
	 "Memory of this node only: the one that the card is on.", .check = check_number},
	{"ignore-msrs", VM_BOOL, VM_SECTION_EXTRAS, IN(ignore_msrs), "Ignore MSRs",
	 "KVM passes over unknown registers, for every VM of this host: it may hide real faults.",
	 .fallback = "no"},
	{"share", VM_TEXT, VM_SECTION_EXTRAS, IN(share), "Shared directory",
	 "The guest sees it as \\\\10.0.2.4\\qemu; it needs smbd and the user network.",
	 .check = check_path},
	{"samba", VM_BOOL, VM_SECTION_EXTRAS, IN(samba), "Samba services",
	 "The host's smbd and nmbd run while the VM does.", .fallback = "no"},
	{"libvirt", VM_BOOL, VM_SECTION_EXTRAS, IN(libvirt), "Also in libvirt",
	 "libvirt has it, too, for virsh and virt-manager; what was changed there is written over.",
	 .fallback = "no"},
	{"single-gpu", VM_BOOL, VM_SECTION_EXTRAS, IN(single_gpu), "Host's only GPU",
	 "The desktop ends at the start, which root does, and comes back after the guest's end.",
	 .fallback = "no"},
	{"qemu-option", VM_LIST, VM_SECTION_EXTRAS, IN(options), "QEMU arguments",
	 "One further argument of QEMU a line, given as it is.", .item = &option_item},
};
const size_t vm_fields_len = ARRAY_SIZE(vm_fields);

/* clang-format on */

const struct vm_field *vm_field_find(const char *key)
{
	for (size_t i = 0; i < vm_fields_len; i++)
		if (!strcmp(vm_fields[i].key, key))
			return &vm_fields[i];
	return NULL;
}

const char *vm_section_name(enum vm_section s)
{
	static const char *const names[] = {
		[VM_SECTION_MACHINE] = "machine", [VM_SECTION_DISKS] = "disks",
		[VM_SECTION_NETWORK] = "network", [VM_SECTION_DEVICES] = "devices",
		[VM_SECTION_SCREEN] = "screen",   [VM_SECTION_INPUT] = "input",
		[VM_SECTION_EXTRAS] = "extras",
	};

	return names[s];
}
