/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the user may choose in the preview (declared in ui/preview.h): one table. */
#include <stdlib.h>
#include <string.h>

#include "change/plan_loader.h"
#include "ui/preview.h"

#define FIRST_PERSON 1000 /* UID_MIN and UID_MAX of login.defs as they are shipped */
#define LAST_PERSON 60000

void choices_find_users(struct preview *p)
{
	auto_str struct str passwd = STR_INIT;
	auto_strv struct strv lines = STRV_INIT;

	if (p->situation->platform->user)
		strv_add(&p->users, p->situation->platform->user);
	if (host_read(p->situation->host, "/etc/passwd", &passwd, NULL) == 0)
		strv_split(&lines, passwd.data, "\n");
	for (size_t i = 0; i < lines.len; i++) {
		auto_strv struct strv fields = STRV_INIT;
		long uid;

		strv_split(&fields, lines.items[i], ":");
		if (fields.len < 3)
			continue;
		uid = strtol(fields.items[2], NULL, 10);
		if (uid >= FIRST_PERSON && uid < LAST_PERSON)
			strv_add_unique(&p->users, fields.items[0]);
	}
	strv_add_unique(&p->users, "root");
}

void choices_find_overrides(struct preview *p, const char *override)
{
	static const char *const usual[] = {"", "downstream", "multifunction",
					    "downstream,multifunction"};

	for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
		strv_add(&p->overrides, usual[i]);
	strv_add_unique(&p->overrides, override);
	p->choices.acs_override = p->overrides.items[strv_find(&p->overrides, override)];
}

/* --- each choice: its value as text, and a step -------------------------------------------- */

static const char *bind_text(const struct preview *p)
{
	static const char *const names[] = {
		[BIND_AUTO] = "by ids where unique, else by address",
		[BIND_IDS] = "by ids",
		[BIND_ADDRESS] = "by address",
	};

	return names[p->choices.bind];
}

static void bind_step(struct preview *p, int step)
{
	p->choices.bind = (enum bind_by)(((int)p->choices.bind + step + 3) % 3);
}

static const char *pt_text(const struct preview *p)
{
	return p->choices.no_pt ? "no" : "yes";
}

static void pt_step(struct preview *p, int step)
{
	(void)step;
	p->choices.no_pt = !p->choices.no_pt;
}

static const char *script_text(const struct preview *p)
{
	return p->choices.no_script ? "no" : "yes: " LAUNCH_SCRIPT_PATH;
}

static void script_step(struct preview *p, int step)
{
	(void)step;
	p->choices.no_script = !p->choices.no_script;
}

/* A question only where several are set up and none left a proof. */
static const char *loader_text(const struct preview *p)
{
	const struct platform *platform = p->situation->platform;
	const char *name = boot_loader_name(p->choices.boot_loader ? p->choices.boot_loader
								   : platform->boot_loader);

	if (!p->choices.boot_loader && plan_asks_loader(platform))
		return "?";
	return name ? name : "unknown";
}

static void loader_step(struct preview *p, int step)
{
	unsigned candidates = p->situation->platform->boot_candidates;
	int at = (int)p->choices.boot_loader;

	if (!plan_asks_loader(p->situation->platform))
		return;
	do
		at = (at + step + BOOT_LOADERS) % BOOT_LOADERS;
	while (!(candidates & 1U << at));
	p->choices.boot_loader = (enum boot_loader)at;
}

static const char *way_back_text(const struct preview *p)
{
	return p->choices.no_way_back ? "no" : "yes";
}

static void way_back_step(struct preview *p, int step)
{
	(void)step;
	p->choices.no_way_back = !p->choices.no_way_back;
}

static const char *trial_text(const struct preview *p)
{
	return p->choices.trial ? "yes" : "no";
}

static void trial_step(struct preview *p, int step)
{
	(void)step;
	p->choices.trial = !p->choices.trial;
}

/* The two options of vfio-pci go through all four ways to have them. */
static const char *options_text(const struct preview *p)
{
	static const char *const names[] = {"none", "disable_vga", "disable_idle_d3",
					    "disable_vga, disable_idle_d3"};

	return names[p->choices.disable_vga + 2 * p->choices.disable_idle_d3];
}

static void options_step(struct preview *p, int step)
{
	int now = p->choices.disable_vga + 2 * p->choices.disable_idle_d3;

	now = (now + step + 4) % 4;
	p->choices.disable_vga = now & 1;
	p->choices.disable_idle_d3 = now & 2;
}

static const char *framebuffer_text(const struct preview *p)
{
	return p->choices.no_framebuffer ? p->situation->platform->framebuffer_off : "stays";
}

static void framebuffer_step(struct preview *p, int step)
{
	(void)step;
	p->choices.no_framebuffer = !p->choices.no_framebuffer;
}

/* An offer only where some driver has nothing to do on the host any more. */
static const char *blacklist_text(const struct preview *p)
{
	if (!p->plan || !p->plan->wish.idle_modules.len)
		return "no: the host needs them";
	return p->choices.blacklist ? "yes" : "no";
}

static void blacklist_step(struct preview *p, int step)
{
	(void)step;
	p->choices.blacklist = !p->choices.blacklist;
}

static const char *user_text(const struct preview *p)
{
	return p->choices.user ? p->choices.user : "root";
}

static void user_step(struct preview *p, int step)
{
	long at = p->choices.user ? strv_find(&p->users, p->choices.user) : 0;
	long len = (long)p->users.len;

	at = ((at < 0 ? 0 : at) + step + len) % len;
	p->choices.user = p->users.items[at];
}

static const char *override_text(const struct preview *p)
{
	return *p->choices.acs_override ? p->choices.acs_override : "none";
}

static void override_step(struct preview *p, int step)
{
	long at = strv_find(&p->overrides, p->choices.acs_override);
	long len = (long)p->overrides.len;

	p->choices.acs_override = p->overrides.items[((at < 0 ? 0 : at) + step + len) % len];
}

static const struct {
	const char *name;
	const char *(*text)(const struct preview *p);
	void (*step)(struct preview *p, int step);
	const char *help;
} choices[] = {
	{"bind devices", bind_text, bind_step,
	 "How vfio-pci gets the devices. By ids: every device with the same vendor and device id "
	 "goes to vfio-pci, the "
	 "usual way. By address: only the device in this slot, for machines with two equal cards "
	 "of which one stays; "
	 "it follows the slot, so a card that moves is not handed over any more."},
	{"IOMMU pass-through", pt_text, pt_step,
	 "With iommu=pt, devices that stay with the host use memory without translation, which is "
	 "faster. Devices in "
	 "VMs are translated all the same. Without it the host's own devices are kept apart, too."},
	{"ACS override", override_text, override_step,
	 "pcie_acs_override= parts IOMMU groups that the hardware does not part, on kernels that "
	 "have "
	 "the patch; others ignore it without a word. It isolates nothing. Groups part only at the "
	 "next boot, so devices of such a group are handed over in a second step, after the "
	 "reboot. "
	 "The list's key a shows what each override would do, and why."},
	{"boot loader", loader_text, loader_step,
	 "Whose configuration gets the kernel's parameters. It is told by what the loader left "
	 "behind when it started this system (EFI variables, the kernel's command line); where "
	 "several are set up and none left anything, you say which."},
	{"way back at boot", way_back_text, way_back_step,
	 "An entry \"without passthrough\" at the end of the boot menu: it starts the host with "
	 "vfiotui=off module_blacklist=vfio_pci and without the parameters that vfiotui adds, so "
	 "that every device stays with its own driver. For the day the screen stays dark."},
	{"trial boot", trial_text, trial_step,
	 "The next boot is a trial: unless you then say that all is well (K in the status page, or "
	 "\"vfiotui keep\"), every later boot takes the entry without passthrough. So a screen "
	 "that "
	 "stays dark, or a network that is gone, needs no more than the reset button. For GRUB and "
	 "systemd-boot."},
	{"vfio-pci options", options_text, options_step,
	 "disable_vga keeps the cards out of VGA arbitration, for hosts with another VGA card that "
	 "misbehaves. disable_idle_d3 keeps devices that no VM uses powered, for those that don't "
	 "wake up again or whose fans run wild. Leave both out unless there is a reason."},
	{"firmware's picture", framebuffer_text, framebuffer_step,
	 "Before its driver loads, a card shows the picture that the firmware set up, and the "
	 "kernel's console is on it. That may keep the card's memory claimed (\"can't reserve\" in "
	 "the kernel's log). Without it the screen stays dark until a graphics driver loads: only "
	 "where a VM's screen stays black."},
	{"blacklist drivers", blacklist_text, blacklist_step,
	 "The host's drivers for these devices never load by themselves. An offer only where no "
	 "device that stays needs them. vfio-pci comes first anyway; this is for drivers that grab "
	 "a card it has let go. The entry without passthrough then has no driver for them either."},
	{"user of the VM", user_text, user_step,
	 "Who owns the nodes below /dev/vfio, and may so start a VM with the devices without being "
	 "root."},
	{"launch script", script_text, script_step,
	 "A script that starts a VM with the devices: UEFI, one disk, network. It stands alone and "
	 "can be edited."},
};
const size_t choices_len = sizeof(choices) / sizeof(choices[0]);

void choice_row(const struct preview *p, size_t index, struct str *what, struct str *why)
{
	str_adds(what, choices[index].name);
	str_addf(why, "< %s >", choices[index].text(p));
}

void choice_pane(const struct preview *p, size_t index, struct lines *ret)
{
	lines_add(ret, SIGN_NONE, ROLE_TITLE, "%s: %s", choices[index].name,
		  choices[index].text(p));
	lines_add(ret, SIGN_NONE, ROLE_TEXT, "%s", choices[index].help);
	lines_add(ret, SIGN_NONE, ROLE_DIM,
		  "Left and Right change it; files and commands follow at once.");
}

void choice_step(struct preview *p, size_t index, int step)
{
	choices[index].step(p, step);
}
