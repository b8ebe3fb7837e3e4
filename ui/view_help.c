/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The help page: the keys of the view it was opened from, out of the key table; then short answers. */
#include <stdlib.h>

#include "base/mem.h"
#include "ui/app.h"
#include "ui/page.h"
#include "ui/views.h"

struct help_page {
	enum view_id from;
	int top;
};

static const struct {
	enum view_id view;
	const char *title;
} sections[] = {
	{VIEW_TREE, "Keys in the list of groups"},
	{VIEW_ACS, "Keys in the what-if"},
	{VIEW_IDS, "Keys in the list of ids"},
	{VIEW_PREVIEW, "Keys in the preview"},
	{VIEW_UNDO, "Keys before a change is taken back"},
	{VIEW_APPLY, "Keys while a change is written"},
	{VIEW_VERIFY, "Keys in the list of promises"},
	{VIEW_VMS, "Keys in the list of virtual machines"},
	{VIEW_VM, "Keys while a virtual machine runs"},
	{VIEW_VM_LOG, "Keys in the log"},
	{VIEW_FORM, "Keys in the form"},
	{VIEW_PICK, "Keys in the list over the form"},
	{VIEW_NOIOMMU, "Keys on the page without an IOMMU"},
};

static const struct {
	const char *title, *text;
} answers[] = {
	{"Signs", "✓ fine   ! look at it   ✗ stands in the way   → will change   ● the host uses "
		  "it   [x] marked\n"
		  "What is marked is what is handed over to vfio-pci, nothing else: taking a mark "
		  "off and writing gives the "
		  "device back to the host."},
	{"What is an IOMMU group?", "The smallest set of devices that the hardware can keep apart "
				    "from the rest of the machine. The IOMMU "
				    "translates the addresses that devices use, so a device in a "
				    "VM reaches only that VM's memory. Devices in one "
				    "group may talk to each other past the IOMMU. So the kernel "
				    "gives a group to one VM as a whole, or not at all. "
				    "The groups come from the board, the slots, the firmware and "
				    "the kernel; another slot may mean another group."},
	{"Why ACS?",
	 "Access Control Services are what stops a PCIe port from passing data between the devices "
	 "behind it without "
	 "asking the IOMMU. A port that lacks it joins everything behind it into one group. Better "
	 "groups come from "
	 "another slot, a firmware option, or a board that has ACS. The override patch only makes "
	 "the kernel believe "
	 "that the port has it: the devices could still read each other's memory unseen."},
	{"Why can't I take one device of a group?",
	 "Because the others could reach into the VM's memory, and it into theirs. All devices of "
	 "the group must leave "
	 "their host drivers: mark them all (g), or leave them all to the host. Bridges are no "
	 "part of this: they stay "
	 "with the host and are never handed over. A device without any driver is no obstacle "
	 "either."},
	{"How do I get back?", "u in the list, or \"vfiotui undo\" in a shell: every file gets its "
			       "former bytes, owner and mode, and the boot "
			       "images are built again. If the machine does not come up: in the "
			       "boot menu add module_blacklist=vfio_pci to the "
			       "kernel's line, boot, and undo. Former bytes of every file lie "
			       "below /var/lib/vfiotui/changes, too."},
};

static void add_keys(struct lines *l, enum view_id view, const char *title)
{
	lines_add(l, SIGN_NONE, ROLE_TITLE, "%s", title);
	for (size_t i = 0; i < key_rows_len; i++)
		if (key_rows[i].where & view)
			lines_add(l, SIGN_NONE, ROLE_TEXT, "  %-10s %s", key_rows[i].shown,
				  key_rows[i].help);
	lines_add(l, SIGN_NONE, ROLE_TEXT, " ");
}

static void make_lines(const struct help_page *p, struct lines *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
		if (sections[i].view == p->from)
			add_keys(ret, sections[i].view, sections[i].title);
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		lines_add(ret, SIGN_NONE, ROLE_TITLE, "%s", answers[i].title);
		lines_add(ret, SIGN_NONE, ROLE_TEXT, "%s", answers[i].text);
		lines_add(ret, SIGN_NONE, ROLE_TEXT, " ");
	}
}

static void draw(struct app *app, struct view *v, const struct canvas *screen)
{
	struct help_page *p = v->state;
	struct lines lines = LINES_INIT;

	make_lines(p, &lines);
	page_draw(app, v, screen, "Help", "vfiotui " VFIOTUI_VERSION, &lines, &p->top, SIGN_NONE,
		  "Next: back to where you were (q)");
	lines_release(&lines);
}

static void act(struct app *app, struct view *v, enum action action)
{
	struct help_page *p = v->state;

	if (!page_scroll(app, &p->top, action))
		app_pop(app);
}

static void close_page(struct view *v)
{
	free(v->state);
}

static const struct view_ops view_help = {
	.id = VIEW_HELP,
	.draw = draw,
	.act = act,
	.close = close_page,
};

void view_help_open(struct app *app, enum view_id from)
{
	struct help_page *p = xcalloc(1, sizeof(*p));

	p->from = from;
	app_push(app, &view_help, p);
}
