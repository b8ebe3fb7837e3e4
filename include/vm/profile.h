/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * profile: a virtual machine as its owner describes it, one file a VM.
 *
 * The file is VM_DIR/NAME.conf: lines "key = value", "#" comments, "[section]" lines for
 * the eye (a key means the same in every section). A key that takes several things
 * stands once a thing. Comments and keys of others survive every edit (vm/profile_text.h).
 *
 * Everything that can be said about a VM is one row of vm_fields[]: its key, what values
 * it takes, the sentence that explains it, its default. The form, "vm edit --KEY=VALUE",
 * the file's reader and writer all walk over that table and know no field by name.
 * A new field is a member of struct vm_profile and a row in src/vm/profile_fields.c.
 *
 *	struct vm_profile vm;
 *	struct vm_problems problems = VM_PROBLEMS_INIT;
 *
 *	vm_profile_init(&vm, "windows");                     all fields at their defaults
 *	vm_profile_parse(&vm, bytes, len, &problems);         what the file says
 *	vm_field_set(&vm, vm_field_find("memory"), "12G", &err);
 *	vm_profile_check(&vm, &problems);                     what does not go together
 *	vm_profile_write(bytes, len, &vm, &out);              the file with what changed
 *	vm_profile_release(&vm);
 *
 * The bytes go to the disk through a plan (plan_build_vm() of change/plan.h), so that they are previewed,
 * journalled and undone like all others. Nothing here touches the machine.
 */
#ifndef VM_PROFILE_H
#define VM_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "base/strv.h"
#include "config/files.h"

#define VM_DIR "/etc/vfiotui/vm"
#define VM_SUFFIX ".conf"
#define VM_NAME_MAX 48 /* bytes: sockets named after the VM have to fit in 107 */

enum vm_system { VM_WINDOWS_11, VM_WINDOWS_10, VM_LINUX, VM_OTHER };
enum vm_machine { VM_Q35, VM_I440FX };
enum vm_firmware { VM_UEFI, VM_UEFI_SECURE, VM_BIOS };
enum vm_accel { VM_KVM, VM_TCG };
enum vm_boot { VM_BOOT_DISK, VM_BOOT_CDROM, VM_BOOT_NETWORK };
enum vm_clock { VM_CLOCK_UTC, VM_CLOCK_LOCAL };
enum vm_format { VM_FORMAT_AUTO, VM_FORMAT_RAW, VM_FORMAT_QCOW2 };
enum vm_bus { VM_BUS_VIRTIO, VM_BUS_SCSI, VM_BUS_SATA, VM_BUS_NVME, VM_BUS_IDE, VM_BUS_USB };
enum vm_cache { VM_CACHE_AUTO, VM_CACHE_NONE, VM_CACHE_WRITEBACK, VM_CACHE_WRITETHROUGH };
enum vm_aio { VM_AIO_AUTO, VM_AIO_NATIVE, VM_AIO_THREADS, VM_AIO_IO_URING };
enum vm_network { VM_NET_USER, VM_NET_BRIDGE, VM_NET_MACVTAP, VM_NET_NONE };
enum vm_nic { VM_NIC_VIRTIO, VM_NIC_E1000E, VM_NIC_E1000, VM_NIC_RTL8139 };
enum vm_bind { VM_BIND_AT_START, VM_BIND_AT_BOOT };
enum vm_display {
	VM_DISPLAY_NONE,
	VM_DISPLAY_STD,
	VM_DISPLAY_QXL,
	VM_DISPLAY_SPICE,
	VM_DISPLAY_LG
};
enum vm_audio {
	VM_AUDIO_NONE,
	VM_AUDIO_PIPEWIRE,
	VM_AUDIO_PULSE,
	VM_AUDIO_JACK,
	VM_AUDIO_ALSA,
	VM_AUDIO_SPICE,
};
enum vm_sound_card { VM_CARD_HDA, VM_CARD_AC97, VM_CARD_USB, VM_CARD_VIRTIO };
enum vm_toggle {
	VM_TOGGLE_CTRL_CTRL,
	VM_TOGGLE_ALT_ALT,
	VM_TOGGLE_SHIFT_SHIFT,
	VM_TOGGLE_META_META,
	VM_TOGGLE_SCROLLLOCK,
	VM_TOGGLE_CTRL_SCROLLLOCK,
};
enum vm_input { VM_INPUT_USB, VM_INPUT_VIRTIO, VM_INPUT_PS2 };
enum vm_sharer { /* one keyboard and mouse for host and guest over the network */
		 VM_SHARER_NONE,
		 VM_SHARER_SYNERGY,
		 VM_SHARER_BARRIER,
		 VM_SHARER_INPUT_LEAP,
		 VM_SHARER_DESKFLOW,
};
enum vm_side { VM_RIGHT, VM_LEFT, VM_ABOVE, VM_BELOW };
enum vm_hugepages { VM_HUGE_NONE, VM_HUGE_2M, VM_HUGE_1G };

enum vm_hyperv { /* bits; QEMU's docs/system/i386/hyperv.rst */
		 VM_HV_RELAXED = 1 << 0,
		 VM_HV_VAPIC = 1 << 1,
		 VM_HV_SPINLOCKS = 1 << 2,
		 VM_HV_VPINDEX = 1 << 3,
		 VM_HV_RUNTIME = 1 << 4,
		 VM_HV_SYNIC = 1 << 5,
		 VM_HV_STIMER = 1 << 6,
		 VM_HV_RESET = 1 << 7,
		 VM_HV_TIME = 1 << 8, /* libvirt's timer "hypervclock" */
		 VM_HV_FREQUENCIES = 1 << 9,
		 VM_HV_TLBFLUSH = 1 << 10,
		 VM_HV_IPI = 1 << 11,
		 VM_HV_REENLIGHTENMENT = 1 << 12,
};
#define VM_HV_ALL ((1U << 13) - 1)

enum vm_usb_controller { /* bits */
			 VM_USB_XHCI = 1 << 0,
			 VM_USB_NEC_XHCI = 1 << 1,
			 VM_USB_EHCI = 1 << 2,
			 VM_USB_UHCI = 1 << 3,
};

/* A field that stands several times: `items` points at `len` structs of the kind its comment names. */
struct vm_list {
	void *items;
	size_t len, cap;
};

struct vm_disk {
	char *path; /* of an image or a block device */
	int format; /* enum vm_format; AUTO: by the file's first bytes, raw for a block device */
	int bus;    /* enum vm_bus */
	uint64_t size_mib; /* created with this size when it is missing; 0: it has to be there */
	int cache, aio;    /* enum vm_cache, vm_aio */
	bool read_only;
	char *serial; /* or "" */
};

struct vm_device {
	char *address; /* full BDF address */
	char *ids;     /* "10de:2484": refused when another device is there; "" unchecked */
	char *rom;     /* a ROM image to show the guest; "" the card's own */
	char *guest;   /* "09.0": slot and function on the guest's root bus; "" chosen */
	bool vga;      /* legacy VGA ranges (x-vga), for SeaBIOS */
	char *name;    /* for its owner: "NVIDIA GeForce RTX 3070", or "" */
};

struct vm_usb {
	char *id; /* "046d:c52b", or "1-2.3": bus and port */
};

struct vm_evdev {
	char *path;
	int keyboard; /* enum vm_maybe: it takes all others along on the toggle keys */
};
enum vm_maybe { VM_AUTO, VM_YES, VM_NO };

struct vm_profile {
	char *name;
	/* the machine */
	int system;              /* enum vm_system */
	uint64_t memory_mib;     /* of the guest */
	unsigned cores, threads; /* threads per core */
	char *pin;          /* host CPUs in the order of the virtual ones, "4,12,5,13"; "" none */
	char *pin_emulator; /* host CPUs for the rest of QEMU; "" any */
	char *cpu, *cpu_options;             /* "host", "check,+invtsc" */
	int machine, firmware, accel;        /* enum vm_machine, vm_firmware, vm_accel */
	char *firmware_code, *firmware_vars; /* "": found on the machine */
	char *vars;                          /* the VM's own copy; "": in its state directory */
	bool tpm;
	int boot, clock; /* enum vm_boot, vm_clock */
	bool drift_fix, hpet, pit_discard;
	unsigned hyperv; /* enum vm_hyperv */
	bool hide_kvm;
	char *vendor_id; /* Hyper-V's, up to 12 bytes, "" unchanged */
	char *qemu;      /* "": found on the machine */
	/* disks */
	struct vm_list disks;  /* struct vm_disk */
	struct vm_list cdroms; /* struct vm_path */
	/* network */
	int network, nic;        /* enum vm_network, vm_nic */
	char *interface;         /* the bridge, or what macvtap sits on */
	char *mac;               /* "": made of the VM's name, always the same */
	struct vm_list forwards; /* struct vm_path: "tcp:2222:22", user network only */
	/* devices */
	struct vm_list devices;   /* struct vm_device */
	int bind;                 /* enum vm_bind */
	struct vm_list usb;       /* struct vm_usb */
	unsigned usb_controllers; /* enum vm_usb_controller */
	/* screen and sound */
	int display;           /* enum vm_display */
	char *resolution;      /* "1920x1080": sizes Looking Glass's memory */
	char *shared_memory;   /* "/dev/shm/looking-glass" or "/dev/kvmfr0" */
	unsigned spice_port;   /* on 127.0.0.1; 0: a socket beside the VM's others */
	int audio, sound_card; /* enum vm_audio, vm_sound_card */
	/* input */
	struct vm_list evdev;             /* struct vm_evdev */
	int toggle, input;                /* enum vm_toggle, vm_input */
	int sharer;                       /* enum vm_sharer */
	char *sharer_config;              /* its configuration; "": written anew at each start */
	int guest_side;                   /* enum vm_side: of the host's screen */
	char *guest_screen, *host_screen; /* screen names; "": the VM's and the host's */
	/* extras */
	int hugepages; /* enum vm_hugepages */
	bool lock_memory;
	char *numa_node;        /* "0": memory from that node only; "" any */
	bool ignore_msrs;       /* kvm.ignore_msrs=1, for the whole host */
	char *share;            /* a directory, by Samba; user network only */
	bool libvirt;           /* libvirt has a domain of it, too */
	bool single_gpu;        /* the desktop ends while it runs: libvirt's hook */
	bool samba;             /* smbd and nmbd of the host run while the VM does */
	struct vm_list options; /* struct vm_path: further arguments of QEMU */
};

/* One text a line. */
struct vm_path {
	char *path;
};

/* --- the table ------------------------------------------------------------- */

enum vm_section {
	VM_SECTION_MACHINE,
	VM_SECTION_DISKS,
	VM_SECTION_NETWORK,
	VM_SECTION_DEVICES,
	VM_SECTION_SCREEN,
	VM_SECTION_INPUT,
	VM_SECTION_EXTRAS,
	VM_SECTIONS,
};

enum vm_kind {
	VM_TEXT,   /* char *; never NULL */
	VM_NUMBER, /* unsigned, min..max */
	VM_SIZE,   /* uint64_t, MiB, min..max: "12G", "512M" */
	VM_BOOL,   /* "yes", "no" */
	VM_CHOICE, /* int: index of choices[] */
	VM_FLAGS,  /* unsigned: bit i is choices[i]; "all", "none" or names with blanks between */
	VM_LIST,   /* struct vm_list of item->size structs */
};

struct vm_field;

/*
 * What one entry of a list consists of. Its text is the first row's value and then
 * "key=value" of others: "/srv/w 11.img format=raw bus=sata". A value with blanks at an
 * end, control characters or something that looks like a key stands in double quotes
 * (\" \\ \n inside).
 */
struct vm_item {
	size_t size;
	const struct vm_field *rows;
	size_t rows_len;
};

struct vm_field {
	const char *key; /* in the file, and the option's name */
	enum vm_kind kind;
	enum vm_section section;
	size_t offset;              /* in struct vm_profile, or in the item's struct */
	const char *label;          /* for the form, at most 18 columns */
	const char *help;           /* one sentence */
	const char *const *choices; /* NULL-terminated; of CHOICE and FLAGS */
	const char *fallback;       /* the default, as text; NULL: "" */
	uint64_t min, max;          /* NUMBER, SIZE; max 0: none */
	/* Refuses a value with a sentence, or puts it into its normal form. May be NULL. */
	int (*check)(struct str *value, struct err *reterr);
	const struct vm_item *item; /* LIST */
};

extern const struct vm_field vm_fields[];
extern const size_t vm_fields_len;

const struct vm_field *vm_field_find(const char *key); /* NULL: there is none */
const char *vm_section_name(enum vm_section s);        /* "machine", as in the file */
/*
 * Sets a field from text: -EINVAL with one sentence when it can't have that value, and
 * it is as before. "" is the default. Of a LIST: adds one entry, "" empties it.
 */
int vm_field_set(struct vm_profile *p, const struct vm_field *f, const char *value,
		 struct err *reterr) must_check;
/* Appends the field's value as text: one string, of a LIST one an entry. */
void vm_field_get(const struct vm_profile *p, const struct vm_field *f, struct strv *ret);
/* Copies one field. */
void vm_field_copy(struct vm_profile *to, const struct vm_profile *from, const struct vm_field *f);
bool vm_field_equal(const struct vm_profile *a, const struct vm_profile *b,
		    const struct vm_field *f);
bool vm_field_is_default(const struct vm_profile *p, const struct vm_field *f);
/* Takes entry `i` of a LIST out. */
void vm_field_remove_at(struct vm_profile *p, const struct vm_field *f, size_t i);

/* --- parts of an entry ------------------------------------------------------- */

/* Appends the value of one part of an entry's text. */
void vm_item_part(const struct vm_item *item, const char *entry, const struct vm_field *part,
		  struct str *ret);
/* Appends the entry's text with one part changed; refuses as vm_field_set() does. */
int vm_item_change(const struct vm_item *item, const char *entry, const struct vm_field *part,
		   const char *value, struct str *ret, struct err *reterr) must_check;

/* --- a whole profile --------------------------------------------------------- */

struct vm_problem {
	const struct vm_field *field; /* NULL: of no field */
	size_t line;                  /* of the file, from 1; 0: of none */
	char *text;                   /* one sentence */
};

struct vm_problems {
	struct vm_problem *items;
	size_t len, cap;
};

#define VM_PROBLEMS_INIT                                                                           \
	{                                                                                          \
		.items = NULL, .len = 0, .cap = 0                                                  \
	}
#define auto_vm_problems cleanup_with(vm_problems_release)
#define auto_vm_profile cleanup_with(vm_profile_release)

void vm_problems_release(struct vm_problems *p);
void vm_problems_add(struct vm_problems *p, const struct vm_field *field, size_t line,
		     const char *fmt, ...) printf_like(4, 5);
/* The first problem of a field, or NULL: for the place beside it. */
const char *vm_problems_of(const struct vm_problems *p, const struct vm_field *field);

void vm_profile_init(struct vm_profile *p, const char *name); /* defaults of the table */
void vm_profile_release(struct vm_profile *p);
void vm_profile_copy(struct vm_profile *to,
		     const struct vm_profile *from); /* `to` is not initialised */
/*
 * Takes what the file says; a line that can't be taken leaves the default and is a
 * problem with its number. Unknown keys are problems, too, and stay in the file.
 */
void vm_profile_parse(struct vm_profile *p, const char *bytes, size_t len,
		      struct vm_problems *problems);
/* What is missing or does not go together, free of any machine. */
void vm_profile_check(const struct vm_profile *p, struct vm_problems *problems);
/*
 * Appends the file `before` with the lines of the fields in which `p` differs from it;
 * no difference gives the same bytes. A file that is not there yet (NULL) gets a head.
 */
void vm_profile_write(const char *before, size_t len, const struct vm_profile *p, struct str *out);

/* --- names and files ----------------------------------------------------------- */

/*
 * A name is a file's name: printable UTF-8 of at most VM_NAME_MAX bytes without "/", not
 * beginning with "." or "-", no blank at an end. So no path made of one leaves its directory.
 */
int vm_name_check(const char *name, struct err *reterr) must_check;
/* VM_DIR/NAME.conf; the name must have been checked; the caller frees. */
char *vm_profile_path(const char *name) must_check;
/* VM_DIR/NAME.sh: the VM's launch script, written with the profile; the caller frees. */
char *vm_script_path(const char *name) must_check;
/* Appends the names of all VMs, sorted. */
int vm_profile_list(struct files *files, struct strv *ret, struct err *reterr) must_check;
/*
 * Reads a VM and checks it: `problems` gets those of vm_profile_parse() and vm_profile_check().
 * -ENOENT with a sentence when there is none of that name. `p` is initialised in any case.
 */
int vm_profile_load(struct files *files, const char *name, struct vm_profile *p,
		    struct vm_problems *problems, struct err *reterr) must_check;

/* The numbers of "0-3,8"; in order, with repeats; false when it is not such a list. */
bool vm_cpu_list(const char *text, unsigned **ret, size_t *ret_len) must_check;
/* The network card's address: the profile's, else one made of the name (52:54:00:…). */
void vm_profile_mac(const struct vm_profile *p, char ret[18]);
/* MiB of Looking Glass's shared memory for "1920x1080", or 0 when it is no resolution. */
unsigned vm_looking_glass_mib(const char *resolution);

#endif
