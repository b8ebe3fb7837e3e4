/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Roots of a few files, written as recordings, and what the host is said to use of them.
 * All have the same cards: two disks controllers, two network cards, two USB controllers, a
 * sound card and two GPUs, each alone behind nothing on bus 0.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../support/tmproot.h"
#include "base/mem.h"
#include "machine/recording.h"
#include "machine/scan.h"
#include "machine/usage_parts.h"

#define ROW(group, addr, class) group "\t" addr "\t" class "\t1022:1234\t-\t-\t-\t-\tx\n"
#define MACHINE                                                                                    \
	ROW("1", "0000:00:01.0", "0106")                                                           \
	ROW("2", "0000:00:02.0", "0108")                                                           \
	ROW("3", "0000:00:03.0", "0200")                                                           \
	ROW("4", "0000:00:04.0", "0200")                                                           \
	ROW("5", "0000:00:05.0", "0c03")                                                           \
	ROW("6", "0000:00:06.0", "0c03")                                                           \
	ROW("7", "0000:00:07.0", "0403")                                                           \
	ROW("8", "0000:00:08.0", "0300")                                                           \
	ROW("9", "0000:00:09.0", "0300")                                                           \
	ROW("9", "0000:00:09.1", "0403")

#define PCI "/sys/devices/pci0000:00/"
#define UP "../../devices/pci0000:00/"

/* A disk `name` on a controller, with its first partition; NUMBER is "8:0", PART "8:1". */
#define DISK(name, addr, number, part)                                                             \
	"file " PCI addr "/block/" name "/dev\n|" number "\n"                                      \
	"file " PCI addr "/block/" name "/" name "1/dev\n|" part "\n"                              \
	"file " PCI addr "/block/" name "/" name "1/partition\n|1\n"                               \
	"link /sys/class/block/" name " " UP addr "/block/" name "\n"                              \
	"link /sys/class/block/" name "1 " UP addr "/block/" name "/" name "1\n"                   \
	"link /sys/dev/block/" number " ../../class/block/" name "\n"                              \
	"link /sys/dev/block/" part " ../../class/block/" name "1\n"
#define SDA DISK("sda", "0000:00:01.0", "8:0", "8:1")
#define SDB DISK("sdb", "0000:00:02.0", "8:16", "8:17")
/* A device of devices; the slaves follow as SLAVE(). */
#define STACKED(name, number)                                                                      \
	"file /sys/devices/virtual/block/" name "/dev\n|" number "\n"                              \
	"link /sys/class/block/" name " ../../devices/virtual/block/" name "\n"                    \
	"link /sys/dev/block/" number " ../../class/block/" name "\n"
#define SLAVE(name, of)                                                                            \
	"link /sys/devices/virtual/block/" name "/slaves/" of " ../../../../../class/block/" of "\n"
#define MOUNTINFO "file /proc/self/mountinfo\n"
#define MOUNT(number, point, type, source)                                                         \
	"|29 1 " number " / " point " rw,relatime shared:1 - " type " " source " rw\n"
#define SWAPS "file /proc/swaps\n|Filename Type Size Used Priority\n"

struct usage_case {
	const char *text;
	const char *uses; /* "ADDRESS KIND: WHAT" lines in order */
};

/* All uses as lines. */
static char *uses_of(const char *root, const char *ssh_address)
{
	struct host *host = NULL;
	struct scanner *scanner;
	struct topology *t = NULL;
	struct usage u;
	struct str s = STR_INIT;

	assert_int_equal(host_open(root, &host, NULL), 0);
	scanner = scanner_new(host, NULL);
	assert_int_equal(scanner_scan(scanner, &t, NULL), 0);
	usage_read(host, t, &u);
	if (ssh_address) {
		struct usage_scan scan = {.host = host, .topology = t, .out = &u};

		auto_strv struct strv addresses = STRV_INIT;

		strv_add(&addresses, ssh_address);
		usage_release(&u);
		usage_find_network(&scan, &addresses);
	}
	for (size_t i = 0; i < u.len; i++) {
		char bdf[PCI_ADDR_TEXT];

		str_addf(&s, "%s %s: %s\n", pci_addr_format_short(&u.items[i].addr, bdf),
			 usage_kind_name(u.items[i].kind), u.items[i].what);
	}
	usage_release(&u);
	topology_free(t);
	scanner_free(scanner);
	host_free(host);
	return str_take(&s);
}

static char *root_with(const char *text)
{
	auto_free char *all = xasprintf("%s%s", MACHINE, text);
	char *root = tmproot_new();
	struct err err = ERR_INIT;

	if (recording_unpack(all, strlen(all), root, &err) < 0)
		fail_msg("%s", err.text);
	return root;
}

static void check(const struct usage_case *cases, size_t len, const char *ssh_address)
{
	for (size_t i = 0; i < len; i++) {
		char *root = root_with(cases[i].text);
		auto_free char *got = uses_of(root, ssh_address);

		if (strcmp(got, cases[i].uses) != 0)
			fail_msg("case %zu:\n%sinstead of\n%s", i, got, cases[i].uses);
		tmproot_remove(root);
	}
}

/* --- disks -------------------------------------------------------------------------- */

static void disks(void **state)
{
	static const struct usage_case cases[] = {
		{"", ""},
		/* a partition, and what is mounted on no device at all */
		{SDA SDB MOUNTINFO MOUNT("8:1", "/", "ext4", "/dev/sda1") MOUNT(
			 "0:23", "/proc", "proc", "proc") MOUNT("0:30", "/run", "tmpfs", "tmpfs"),
		 "00:01.0 root-disk: /dev/sda1 on /\n"},
		{SDA SDB MOUNTINFO MOUNT("8:1", "/", "ext4", "/dev/root")
			 MOUNT("8:17", "/srv/my\\040data", "xfs", "/dev/sdb1"),
		 "00:01.0 root-disk: /dev/root on /\n"
		 "00:02.0 mounted: /dev/sdb1 on /srv/my data\n"},
		/* bind mounts and subvolumes say nothing new */
		{SDA MOUNTINFO MOUNT("8:1", "/", "ext4", "/dev/sda1")
			 MOUNT("8:1", "/var/lib/docker", "ext4", "/dev/sda1"),
		 "00:01.0 root-disk: /dev/sda1 on /\n"},
		/* without mountinfo */
		{SDA "file /proc/mounts\n|/dev/sda1 / ext4 rw 0 0\n",
		 "00:01.0 root-disk: /dev/sda1 on /\n"},
		/* LVM on LUKS: dm-1 on dm-0 on a partition */
		{SDA STACKED("dm-0", "254:0") STACKED("dm-1", "254:1") SLAVE("dm-0", "sda1")
			 SLAVE("dm-1", "dm-0")
				 MOUNTINFO MOUNT("254:1", "/", "ext4", "/dev/mapper/vg-root"),
		 "00:01.0 root-disk: /dev/mapper/vg-root on /\n"},
		/* RAID over two controllers, mounted by a partition of it */
		{SDA SDB STACKED("md0", "9:0") SLAVE("md0", "sda1") SLAVE(
			 "md0",
			 "sdb1") "file /sys/devices/virtual/block/md0/md0p1/dev\n|259:0\n"
				 "file /sys/devices/virtual/block/md0/md0p1/partition\n|1\n"
				 "link /sys/class/block/md0p1 "
				 "../../devices/virtual/block/md0/md0p1\n"
				 "link /sys/dev/block/259:0 ../../class/block/md0p1\n" MOUNTINFO
					 MOUNT("259:0", "/", "ext4", "/dev/md0p1"),
		 "00:01.0 root-disk: /dev/md0p1 on /\n00:02.0 root-disk: /dev/md0p1 on /\n"},
		/* devices that lead to themselves end the walk */
		{STACKED("dm-0", "254:0") STACKED("dm-1", "254:1") SLAVE("dm-0", "dm-1") SLAVE(
			 "dm-1", "dm-0") MOUNTINFO MOUNT("254:1", "/", "ext4", "/dev/mapper/x"),
		 ""},
	};

	(void)state;
	check(cases, ARRAY_SIZE(cases), NULL);
}

static void disks_that_hang_elsewhere(void **state)
{
	static const struct usage_case cases[] = {
		/* a loop device and RAM have no controller */
		{STACKED("loop0", "7:0") STACKED("zram0", "252:0")
			 MOUNTINFO MOUNT("7:0", "/snap/core", "squashfs", "/dev/loop0") SWAPS
		 "|/dev/zram0 partition 4 0 100\n",
		 ""},
		/* a USB disk hangs on its USB controller */
		{"file " PCI
		 "0000:00:05.0/usb1/1-1/1-1:1.0/host4/target4:0:0/4:0:0:0/block/sdc/dev\n"
		 "|8:32\n"
		 "link /sys/class/block/sdc " UP
		 "0000:00:05.0/usb1/1-1/1-1:1.0/host4/target4:0:0/4:0:0:0/block/sdc\n"
		 "link /sys/dev/block/8:32 ../../class/block/sdc\n" MOUNTINFO MOUNT(
			 "8:32", "/mnt", "vfat", "/dev/sdc"),
		 "00:05.0 mounted: /dev/sdc on /mnt\n"},
		/* NVMe by a subsystem with several paths */
		{"file /sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1/dev\n|259:1\n"
		 "link /sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0 "
		 "../../../pci0000:00/0000:00:02.0/nvme/nvme0\n"
		 "dir " PCI "0000:00:02.0/nvme/nvme0\n"
		 "link /sys/class/block/nvme0n1 "
		 "../../devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1\n"
		 "link /sys/dev/block/259:1 ../../class/block/nvme0n1\n" MOUNTINFO MOUNT(
			 "259:1", "/", "ext4", "/dev/nvme0n1"),
		 "00:02.0 root-disk: /dev/nvme0n1 on /\n"},
		/* an immutable system: the overlay on top is not the disk */
		{SDA MOUNTINFO MOUNT("0:40", "/", "overlay", "composefs")
			 MOUNT("8:1", "/sysroot", "ext4", "/dev/sda1")
				 MOUNT("8:1", "/etc", "ext4", "/dev/sda1"),
		 "00:01.0 root-disk: /dev/sda1 on /sysroot\n"},
	};

	(void)state;
	check(cases, ARRAY_SIZE(cases), NULL);
}

static void file_systems_over_several_devices(void **state)
{
	static const struct usage_case cases[] = {
		/* btrfs has no device number; one of its devices is the source */
		{SDA SDB
		 "link /sys/fs/btrfs/2f3c/devices/sda1 ../../../../class/block/sda1\n"
		 "link /sys/fs/btrfs/2f3c/devices/sdb1 ../../../../class/block/sdb1\n"
		 "dir /sys/fs/btrfs/features\n" MOUNTINFO MOUNT("0:26", "/", "btrfs", "/dev/sda1")
			 MOUNT("0:26", "/home", "btrfs", "/dev/sda1"),
		 "00:01.0 root-disk: /dev/sda1 on /\n00:02.0 root-disk: /dev/sda1 on /\n"},
		{SDA SDB MOUNTINFO MOUNT("0:26", "/", "btrfs", "/dev/sdb1"),
		 "00:02.0 root-disk: /dev/sdb1 on /\n"},
		{SDA SDB MOUNTINFO MOUNT("0:27", "/data", "bcachefs", "/dev/sda1:/dev/sdb1"),
		 "00:01.0 mounted: /dev/sda1:/dev/sdb1 on /data\n"
		 "00:02.0 mounted: /dev/sda1:/dev/sdb1 on /data\n"},
		/* ZFS by what udev found on the devices */
		{SDA SDB
		 "file /run/udev/data/b8:1\n|E:ID_FS_LABEL=rpool\n|E:ID_FS_TYPE=zfs_member\n"
		 "file "
		 "/run/udev/data/b8:17\n|E:ID_FS_LABEL=tank\n|E:ID_FS_TYPE=zfs_member\n" MOUNTINFO
			 MOUNT("0:28", "/", "zfs", "rpool/ROOT/pve-1"),
		 "00:01.0 root-disk: rpool/ROOT/pve-1 on /\n"},
		/* a label that only begins the same */
		{SDA
		 "file "
		 "/run/udev/data/b8:1\n|E:ID_FS_LABEL=rpool2\n|E:ID_FS_TYPE=zfs_member\n" MOUNTINFO
			 MOUNT("0:28", "/", "zfs", "rpool/ROOT"),
		 ""},
	};

	(void)state;
	check(cases, ARRAY_SIZE(cases), NULL);
}

static void swap(void **state)
{
	static const struct usage_case cases[] = {
		{SDB SWAPS "|/dev/sdb1 partition 8388604 0 -2\n", "00:02.0 swap: /dev/sdb1\n"},
		/* a swap file lies on the deepest mount that holds it */
		{SDA SDB MOUNTINFO MOUNT("8:1", "/", "ext4", "/dev/sda1")
			 MOUNT("8:17", "/var", "ext4", "/dev/sdb1") SWAPS
		 "|/var/swap\\040file file 100 0 -2\n",
		 "00:01.0 root-disk: /dev/sda1 on /\n"
		 "00:02.0 swap: /var/swap file\n"
		 "00:02.0 mounted: /dev/sdb1 on /var\n"},
		{SDA SDB MOUNTINFO MOUNT("8:1", "/", "ext4", "/dev/sda1")
			 MOUNT("8:17", "/var", "ext4", "/dev/sdb1") SWAPS
		 "|/various/swapfile file 100 0 -2\n",
		 "00:01.0 root-disk: /dev/sda1 on /\n"
		 "00:01.0 swap: /various/swapfile\n"
		 "00:02.0 mounted: /dev/sdb1 on /var\n"},
	};

	(void)state;
	check(cases, ARRAY_SIZE(cases), NULL);
}

/* --- network ------------------------------------------------------------------------- */

#define NIC(name, addr, state)                                                                     \
	"file " PCI addr "/net/" name "/operstate\n|" state "\n"                                   \
	"link " PCI addr "/net/" name "/device ../../../" addr "\n"                                \
	"link /sys/class/net/" name " " UP addr "/net/" name "\n"
#define VIRTUAL_NIC(name, state)                                                                   \
	"file /sys/devices/virtual/net/" name "/operstate\n|" state "\n"                           \
	"link /sys/class/net/" name " ../../devices/virtual/net/" name "\n"
#define LOWER(name, of)                                                                            \
	"link /sys/devices/virtual/net/" name "/lower_" of " ../../../../class/net/" of "\n"
#define ROUTES "file /proc/net/route\n|Iface Destination Gateway Flags RefCnt Use Metric Mask\n"
#define DEFAULT_BY(name) "|" name " 00000000 0101A8C0 0003 0 0 100 00000000 0 0 0\n"
#define NETWORK_OF(name)                                                                           \
	"|" name " 0001A8C0 00000000 0001 0 0 100 00FFFFFF 0 0 0\n" /* 192.168.1.0/24 */
#define ADDRESSES                                                                                  \
	"file /proc/net/fib_trie\n|Local:\n|     |-- 192.168.1.5\n|        /32 host LOCAL\n"       \
	"|     |-- 192.168.1.255\n|        /32 link BROADCAST\n"

static void network(void **state)
{
	static const struct usage_case cases[] = {
		{NIC("eth0", "0000:00:03.0", "up") NIC("eth1", "0000:00:04.0", "down")
			 ROUTES DEFAULT_BY("eth0") NETWORK_OF("eth0") ADDRESSES,
		 "00:03.0 default-route: eth0 192.168.1.5\n"},
		{NIC("eth0", "0000:00:03.0", "up") NIC("eth1", "0000:00:04.0", "up")
			 ROUTES DEFAULT_BY("eth0"),
		 "00:03.0 default-route: eth0\n00:04.0 network-up: eth1\n"},
		/* a link that doesn't tell, with a carrier */
		{NIC("eth1", "0000:00:04.0", "unknown") "file " PCI
							"0000:00:04.0/net/eth1/carrier\n|1\n",
		 "00:04.0 network-up: eth1\n"},
		/* IPv6 only; routes that reject don't count */
		{NIC("eth0", "0000:00:03.0", "up") "file /proc/net/ipv6_route\n"
						   "|00000000000000000000000000000000 00 "
						   "00000000000000000000000000000000 00 "
						   "fe800000000000000000000000000001 00000400 "
						   "00000001 00000000 00000003     eth0\n",
		 "00:03.0 default-route: eth0\n"},
		{NIC("eth0", "0000:00:03.0", "down") "file /proc/net/ipv6_route\n"
						     "|00000000000000000000000000000000 00 "
						     "00000000000000000000000000000000 00 "
						     "00000000000000000000000000000000 ffffffff "
						     "00000001 00000000 00200200     eth0\n",
		 ""},
		/* a bridge on a bond of two cards */
		{NIC("eth0", "0000:00:03.0", "up") NIC("eth1", "0000:00:04.0", "up")
			 VIRTUAL_NIC("br0", "up") VIRTUAL_NIC("bond0", "up") LOWER("br0", "bond0")
				 LOWER("bond0", "eth0") LOWER("bond0", "eth1")
					 ROUTES DEFAULT_BY("br0") NETWORK_OF("br0") ADDRESSES,
		 "00:03.0 default-route: br0 192.168.1.5\n"
		 "00:04.0 default-route: br0 192.168.1.5\n"},
		/* lower links that go round */
		{VIRTUAL_NIC("br0", "up") VIRTUAL_NIC("br1", "up") LOWER("br0", "br1")
			 LOWER("br1", "br0") ROUTES DEFAULT_BY("br0"),
		 ""},
	};

	(void)state;
	check(cases, ARRAY_SIZE(cases), NULL);
}

static void ssh_by_ipv4(void **state)
{
	static const struct usage_case cases[] = {
		{NIC("eth0", "0000:00:03.0", "up") NIC("eth1", "0000:00:04.0", "up")
			 ROUTES DEFAULT_BY("eth1") NETWORK_OF("eth0") ADDRESSES,
		 "00:03.0 ssh-link: eth0 192.168.1.5\n00:04.0 default-route: eth1\n"},
		/* over a VLAN */
		{NIC("eth0", "0000:00:03.0", "up") VIRTUAL_NIC("eth0.7", "up")
			 LOWER("eth0.7", "eth0") ROUTES NETWORK_OF("eth0.7") ADDRESSES,
		 "00:03.0 ssh-link: eth0.7 192.168.1.5\n"},
		/* of two networks that hold the address the smaller one has it */
		{NIC("eth0", "0000:00:03.0", "up") NIC("eth1", "0000:00:04.0", "up") ROUTES
		 "|eth1 0000A8C0 00000000 0001 0 0 100 0000FFFF 0 0 0\n" NETWORK_OF("eth0")
			 ADDRESSES,
		 "00:03.0 ssh-link: eth0 192.168.1.5\n00:04.0 network-up: eth1\n"},
		/* an address that no interface has */
		{NIC("eth0", "0000:00:03.0", "down"), ""},
	};

	(void)state;
	check(cases, ARRAY_SIZE(cases), "192.168.1.5");
}

static void ssh_by_ipv6(void **state)
{
	static const struct usage_case cases[] = {
		{NIC("eth0", "0000:00:03.0",
		     "up") "file /proc/net/if_inet6\n"
			   "|00000000000000000000000000000001 01 80 10 80       lo\n"
			   "|20010db8000000000000000000000005 02 40 00 80     eth0\n",
		 "00:03.0 ssh-link: eth0 2001:db8::5\n"},
	};
	static const struct usage_case scoped[] = {
		{NIC("eth1", "0000:00:04.0", "up"), "00:04.0 ssh-link: eth1 fe80::5%eth1\n"},
	};

	(void)state;
	check(cases, ARRAY_SIZE(cases), "2001:db8::5");
	check(scoped, ARRAY_SIZE(scoped), "fe80::5%eth1");
}

/* The session's address counts only on this machine: another root has no session. */
static void another_root_has_no_ssh_session(void **state)
{
	auto_strv struct strv addresses = STRV_INIT;
	struct host *host = NULL;
	char *root = root_with("");

	(void)state;
	setenv("SSH_CONNECTION", "192.0.2.9 50000 192.168.1.5 22", 1);
	assert_int_equal(host_open(root, &host, NULL), 0);
	usage_ssh_addresses(host, &addresses);
	assert_int_equal(addresses.len, 0);
	host_free(host);
	assert_int_equal(host_open("/", &host, NULL), 0);
	usage_ssh_addresses(host, &addresses);
	assert_true(strv_has(&addresses, "192.168.1.5"));
	host_free(host);
	unsetenv("SSH_CONNECTION");
	tmproot_remove(root);
}

#define PROCESS(pid, comm, parent)                                                                 \
	"file /proc/" pid "/comm\n|" comm "\n"                                                     \
	"file /proc/" pid "/stat\n|" pid " (" comm ") S " parent " 1 1 0 -1\n"
#define SOCKET(pid, fd, inode) "link /proc/" pid "/fd/" fd " socket:[" inode "]\n"
#define TCP                                                                                        \
	"|  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt uid "        \
	"timeout inode\n"
/* 192.168.1.5:22 and 10.0.0.9:22, as a little-endian machine prints them; one only listens */
#define CONNECTIONS                                                                                \
	"file /proc/net/tcp\n" TCP "|   0: 00000000:0016 00000000:0000 0A 00000000:00000000 "      \
	"00:00000000 00000000     0        0 700 1\n"                                              \
	"|   1: 0501A8C0:0016 0901A8C0:C350 01 00000000:00000000 00:00000000 00000000     0      " \
	"  0 701 1\n"                                                                              \
	"|   2: 0900000A:0016 0800000A:C351 01 00000000:00000000 00:00000000 00000000     0      " \
	"  0 702 1\n"                                                                              \
	"|   3: 0100007F:1F90 0100007F:C352 01 00000000:00000000 00:00000000 00000000     0      " \
	"  0 703 1\n"                                                                              \
	"file /proc/net/tcp6\n" TCP                                                                \
	"|   0: B80D0120000000000000000005000000:0016 B80D0120000000000000000009000000:C353 01 "   \
	"00000000:00000000 00:00000000 00000000 0 0 704 1\n"                                       \
	"|   1: 0000000000000000FFFF00000501A8C0:0016 0000000000000000FFFF00000901A8C0:C354 01 "   \
	"00000000:00000000 00:00000000 00000000 0 0 705 1\n"

/* Without SSH_CONNECTION: the connection of the SSH server above us, or in a multiplexer of any. */
static void ssh_by_sockets(void **state)
{
	static const struct {
		const char *text, *addresses;
	} cases[] = {
		/* sudo below a shell below the session's server */
		{PROCESS("50", "sudo", "40") PROCESS("40", "bash", "30")
			 PROCESS("30", "sshd-session", "20") SOCKET("30", "4", "701")
				 PROCESS("20", "sshd", "1") SOCKET("20", "3", "700"),
		 "192.168.1.5"},
		/* IPv6, and IPv4 on a socket for both */
		{PROCESS("50", "bash", "30") PROCESS("30", "sshd", "1") SOCKET("30", "4", "704"),
		 "2001:db8::5"},
		{PROCESS("50", "bash", "30") PROCESS("30", "dropbear", "1")
			 SOCKET("30", "4", "705"),
		 "192.168.1.5"},
		/* at the console, while somebody else is logged in */
		{PROCESS("50", "bash", "40") PROCESS("40", "login", "1") PROCESS("30", "sshd", "1")
			 SOCKET("30", "4", "701"),
		 ""},
		/* inside tmux, which no session is above of: each session may show it */
		{PROCESS("50", "bash", "40") PROCESS("40", "tmux: server", "1")
			 PROCESS("30", "sshd", "1") SOCKET("30", "4", "701")
				 PROCESS("31", "sshd-session", "1") SOCKET("31", "4", "702")
					 PROCESS("32", "nginx", "1") SOCKET("32", "4", "703"),
		 "10.0.0.9 192.168.1.5"},
		/* the environment of an ancestor */
		{PROCESS("50", "sudo", "40") PROCESS(
			 "40", "bash", "1") "file /proc/40/environ\n|SSH_CONNECTION=10.0.0.1 50000 "
					    "10.0.0.9 22\n\\\n",
		 "10.0.0.9"},
		/* parents that go in a circle, or are gone */
		{PROCESS("50", "bash", "50"), ""},
		{"", ""},
	};
	const uint32_t one = 1;

	(void)state;
	if (*(const unsigned char *)&one != 1) {
		print_message("the connections are written for little-endian machines\n");
		skip();
	}
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *text = xasprintf("%s" CONNECTIONS, cases[i].text);
		auto_strv struct strv got = STRV_INIT;
		auto_free char *joined = NULL;
		char *root = root_with(text);
		struct host *host = NULL;

		assert_int_equal(host_open(root, &host, NULL), 0);
		usage_ssh_of(host, 50, &got);
		strv_sort(&got);
		joined = strv_join(&got, " ");
		assert_string_equal(joined, cases[i].addresses);
		host_free(host);
		tmproot_remove(root);
	}
}

/* --- the seat ------------------------------------------------------------------------- */

#define FRAMEBUFFER(name, addr, driver)                                                            \
	"file " PCI addr "/graphics/" name "/name\n|" driver "\n"                                  \
	"link /sys/class/graphics/" name " " UP addr "/graphics/" name "\n"

static void displays(void **state)
{
	static const struct usage_case cases[] = {
		{FRAMEBUFFER("fb0", "0000:00:09.0", "amdgpudrmfb"),
		 "00:09.0 console-display: fb0 amdgpudrmfb\n"},
		/* the firmware's framebuffer shows on the boot VGA, the first card here */
		{"file /sys/devices/platform/efi-framebuffer.0/graphics/fb0/name\n|EFI VGA\n"
		 "link /sys/class/graphics/fb0 "
		 "../../devices/platform/efi-framebuffer.0/graphics/fb0\n",
		 "00:08.0 console-display: fb0 EFI VGA\n"},
		{"file /sys/class/vtconsole/vtcon0/name\n|(S) VGA+\n"
		 "file /sys/class/vtconsole/vtcon0/bind\n|1\n",
		 "00:08.0 console-display: VGA text console\n"},
		{"file /sys/class/vtconsole/vtcon0/name\n|(S) VGA+\n"
		 "file /sys/class/vtconsole/vtcon0/bind\n|0\n",
		 ""},
		{"file " PCI "0000:00:08.0/drm/card0/card0-HDMI-A-1/enabled\n|enabled\n"
		 "file " PCI "0000:00:08.0/drm/card0/card0-DP-1/enabled\n|disabled\n"
		 "link /sys/class/drm/card0-HDMI-A-1 " UP "0000:00:08.0/drm/card0/card0-HDMI-A-1\n"
		 "link /sys/class/drm/card0-DP-1 " UP "0000:00:08.0/drm/card0/card0-DP-1\n",
		 "00:08.0 display: screen on HDMI-A-1\n"},
	};

	(void)state;
	check(cases, ARRAY_SIZE(cases), NULL);
}

static void sound(void **state)
{
	static const char card[] = "file " PCI "0000:00:07.0/sound/card1/id\n|Generic\n"
				   "link /sys/class/sound/card1 " UP "0000:00:07.0/sound/card1\n";
	auto_free char *playing =
		xasprintf("%sfile /proc/asound/card1/pcm0p/sub0/status\n|state: RUNNING\n", card);
	auto_free char *closed = xasprintf("%sfile /proc/asound/card1/pcm0p/sub0/status\n|closed\n",
					   card);
	const struct usage_case cases[] = {
		{playing, "00:07.0 sound: card1 Generic plays or records\n"},
		{closed, ""},
		{card, ""},
	};

	(void)state;
	check(cases, ARRAY_SIZE(cases), NULL);
}

#define INPUT(name, path, handlers, keys)                                                          \
	"|I: Bus=0003 Vendor=046d Product=c31c Version=0110\n"                                     \
	"|N: Name=\"" name "\"\n|S: Sysfs=" path "\n|H: Handlers=" handlers "\n|B: EV=1\n"         \
	"|B: KEY=" keys "\n|\n"
#define INPUTS "file /proc/bus/input/devices\n"
#define USB(addr) "/devices/pci0000:00/" addr "/usb3/3-1/3-1:1.0/0003:046D:C31C.0001/input/input4"
#define LETTERS "1000000000007 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe"

static void keyboards(void **state)
{
	static const struct usage_case cases[] = {
		{INPUTS INPUT("Keyboard", USB("0000:00:05.0"), "sysrq kbd event4", LETTERS)
			 INPUT("Mouse", USB("0000:00:05.0"), "mouse0 event5", "70000 0 0 0 0"),
		 "00:05.0 last-keyboard: Keyboard, Mouse\n"},
		/* the mouse alone may be the last one */
		{INPUTS INPUT("Keyboard", USB("0000:00:05.0"), "sysrq kbd event4", LETTERS)
			 INPUT("Mouse", USB("0000:00:06.0"), "mouse0 event5", "70000 0 0 0 0"),
		 "00:05.0 last-keyboard: Keyboard\n00:06.0 last-keyboard: Mouse\n"},
		{INPUTS INPUT("One", USB("0000:00:05.0"), "kbd event4", LETTERS)
			 INPUT("Two", USB("0000:00:06.0"), "kbd event5", LETTERS),
		 "00:05.0 keyboard: One\n00:06.0 keyboard: Two\n"},
		/* PS/2 stays */
		{INPUTS INPUT("Keyboard", USB("0000:00:05.0"), "kbd event4", LETTERS)
			 INPUT("AT keyboard", "/devices/platform/i8042/serio0/input/input1",
			       "kbd event1", LETTERS),
		 "00:05.0 keyboard: Keyboard\n"},
		/* buttons and headsets have kbd handlers, but no letters */
		{INPUTS INPUT("Headset", USB("0000:00:05.0"), "kbd event7",
			      "1000000 0 e000000000000 0")
			 INPUT("Power Button", "/devices/LNXSYSTM:00/LNXPWRBN:00/input/input0",
			       "kbd event0", "10000000000000 0"),
		 ""},
		{INPUTS "|N: Name=\n|S: Sysfs=\n|H: Handlers=\n|B: KEY=\n|\n", ""},
	};

	(void)state;
	check(cases, ARRAY_SIZE(cases), NULL);
}

static void processes(void **state)
{
	static const struct usage_case cases[] = {
		/* a VM has all members of its group */
		{"file /proc/812/comm\n|qemu-system-x86\n"
		 "link /proc/812/fd/11 /dev/vfio/vfio\nlink /proc/812/fd/12 /dev/vfio/9\n",
		 "00:09.0 in-use-by-vm: qemu-system-x86 (pid 812)\n"
		 "00:09.1 in-use-by-vm: qemu-system-x86 (pid 812)\n"},
		{"file /proc/812/comm\n|qemu-system-x86\nlink /proc/812/fd/3 "
		 "/dev/vfio/devices/vfio0\n"
		 "dir " PCI "0000:00:09.0/vfio-dev/vfio0\n"
		 "link /sys/class/vfio-dev/vfio0 " UP "0000:00:09.0/vfio-dev/vfio0\n",
		 "00:09.0 in-use-by-vm: qemu-system-x86 (pid 812)\n"},
		{"file /proc/700/comm\n|Xorg\nlink /proc/700/fd/9 /dev/dri/card0\n"
		 "link /proc/700/fd/10 /dev/dri/card0\nlink /proc/700/fd/11 socket:[123]\n"
		 "dir " PCI "0000:00:08.0/drm/card0\n"
		 "link /sys/class/drm/card0 " UP "0000:00:08.0/drm/card0\n",
		 "00:08.0 display: Xorg (pid 700)\n"},
		/* no such group, no number, someone else's process */
		{"link /proc/812/fd/12 /dev/vfio/77\nlink /proc/812/fd/13 /dev/vfio/9x\n"
		 "link /proc/812/fd/14 /dev/vfio/99999999999999999999\n"
		 "dir /proc/813\n",
		 ""},
	};

	(void)state;
	check(cases, ARRAY_SIZE(cases), NULL);
}

/* --- looking up ----------------------------------------------------------------------- */

static void the_uses_of_one_device(void **state)
{
	struct usage_item items[] = {
		{{0, 0, 1, 0}, USAGE_ROOT_DISK, NULL},
		{{0, 0, 3, 0}, USAGE_SSH_LINK, NULL},
		{{0, 0, 3, 0}, USAGE_DEFAULT_ROUTE, NULL},
	};
	const struct usage u = {.items = items, .len = 3, .cap = 3};
	const struct pci_addr first = {0, 0, 1, 0}, none = {0, 0, 2, 0}, two = {0, 0, 3, 0};
	size_t n;

	(void)state;
	assert_ptr_equal(usage_of(&u, &first, &n), &items[0]);
	assert_int_equal(n, 1);
	assert_ptr_equal(usage_of(&u, &two, &n), &items[1]);
	assert_int_equal(n, 2);
	assert_null(usage_of(&u, &none, &n));
	assert_int_equal(n, 0);
}

static void every_kind_has_its_words(void **state)
{
	(void)state;
	for (int k = 0; k < USAGE_KINDS; k++) {
		assert_non_null(usage_kind_name((enum usage_kind)k));
		assert_non_null(usage_kind_label((enum usage_kind)k));
	}
	assert_string_equal(usage_kind_name(USAGE_ROOT_DISK), "root-disk");
	assert_string_equal(usage_kind_name(USAGE_SSH_LINK), "ssh-link");
	assert_string_equal(usage_kind_label(USAGE_ROOT_DISK), "root disk");
}

static void the_demo_has_uses(void **state)
{
	(void)state;
	for (size_t i = 0; i < bundled_recordings_len; i++) {
		char *root = tmproot_new();
		auto_free char *got = NULL;

		assert_int_equal(recording_unpack(bundled_recordings[i].text,
						  bundled_recordings[i].len, root, NULL),
				 0);
		got = uses_of(root, NULL);
		assert_non_null(strstr(got, "root-disk"));
		assert_non_null(strstr(got, "default-route"));
		assert_non_null(strstr(got, "console-display"));
		tmproot_remove(root);
	}
}

/* A VM by its name, where QEMU was given one. */
static void vm_by_name(void **state)
{
	static const struct {
		const char *words;
		size_t len;
		const char *uses;
	} cases[] = {
#define WORDS(s) s, sizeof(s)
		{WORDS("qemu\0-name\0guest=win11,debug-threads=on\0-m"),
		 "00:08.0 in-use-by-vm: qemu-system-x86 win11 (pid 813)\n"},
		{WORDS("qemu\0-m\0001G\0-name\0games"),
		 "00:08.0 in-use-by-vm: qemu-system-x86 games (pid 813)\n"},
		{WORDS("qemu\0-name"), "00:08.0 in-use-by-vm: qemu-system-x86 (pid 813)\n"},
#undef WORDS
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *root = root_with("file /proc/813/comm\n|qemu-system-x86\n"
				       "link /proc/813/fd/3 /dev/vfio/8\n");
		auto_free char *got = NULL;

		tmproot_put_bytes(root, "/proc/813/cmdline", cases[i].words, cases[i].len);
		got = uses_of(root, NULL);
		assert_string_equal(got, cases[i].uses);
		tmproot_remove(root);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(disks),
		cmocka_unit_test(disks_that_hang_elsewhere),
		cmocka_unit_test(file_systems_over_several_devices),
		cmocka_unit_test(swap),
		cmocka_unit_test(network),
		cmocka_unit_test(ssh_by_ipv4),
		cmocka_unit_test(ssh_by_ipv6),
		cmocka_unit_test(another_root_has_no_ssh_session),
		cmocka_unit_test(ssh_by_sockets),
		cmocka_unit_test(displays),
		cmocka_unit_test(sound),
		cmocka_unit_test(keyboards),
		cmocka_unit_test(processes),
		cmocka_unit_test(vm_by_name),
		cmocka_unit_test(the_uses_of_one_device),
		cmocka_unit_test(every_kind_has_its_words),
		cmocka_unit_test(the_demo_has_uses),
	};

	/* many small files: in memory they cost nothing */
	if (!access("/dev/shm", W_OK))
		setenv("TMP", "/dev/shm", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
