/* SPDX-License-Identifier: GPL-2.0-or-later */
/* No IOMMU: a page that says what is missing and how to get it, not an error. */
#include <stdlib.h>

#include "base/mem.h"
#include "ui/app.h"
#include "ui/frame.h"
#include "ui/lines.h"
#include "ui/page.h"
#include "ui/views.h"

static const char *firmware_names(enum cpu_vendor cpu)
{
	static const char *const names[] = {
		[CPU_OTHER] = "It is usually called IOMMU or SMMU, and virtualisation must be on "
			      "as well.",
		[CPU_AMD] = "It is usually called \"IOMMU\" or \"AMD-Vi\" (often below Advanced, "
			    "AMD CBS, NBIO: set it to "
			    "Enabled, not Auto), and \"SVM Mode\" must be on as well (below CPU "
			    "configuration).",
		[CPU_INTEL] = "It is usually called \"Intel VT-d\" or \"Virtualization Technology "
			      "for Directed I/O\" (often "
			      "below Advanced, System Agent or Chipset), and \"Intel VT-x\" must "
			      "be on as well.",
	};

	return names[cpu];
}

static void say_absent(const struct platform *p, struct lines *l)
{
	lines_add(l, SIGN_BLOCK, ROLE_TITLE, "The firmware offers no IOMMU to this kernel.");
	if (p->iommu_why)
		lines_add(l, SIGN_NONE, ROLE_DIM, "Seen: %s", p->iommu_why);
	lines_add(l, SIGN_NONE, ROLE_TEXT, " ");
	lines_add(l, SIGN_NONE, ROLE_TEXT,
		  "Without one a device can't be given to a VM: its memory accesses would reach "
		  "the whole machine.");
	lines_add(l, SIGN_NONE, ROLE_TEXT, " ");
	lines_add(l, SIGN_NONE, ROLE_TITLE, "What to do");
	lines_add(l, SIGN_NONE, ROLE_TEXT,
		  "1. Restart into the firmware setup (Del, F2 or: systemctl reboot "
		  "--firmware-setup).");
	lines_add(l, SIGN_NONE, ROLE_TEXT, "2. Turn the IOMMU on. %s", firmware_names(p->cpu));
	lines_add(l, SIGN_NONE, ROLE_TEXT, "3. Save, boot, and start vfiotui again.");
	lines_add(l, SIGN_NONE, ROLE_TEXT,
		  "Inside a virtual machine there is none unless its host emulates one.");
}

static void say_off(const struct platform *p, struct lines *l)
{
	lines_add(l, SIGN_WARN, ROLE_TITLE,
		  "The firmware offers an IOMMU, the kernel does not use it.");
	if (p->iommu_why)
		lines_add(l, SIGN_NONE, ROLE_DIM, "Seen: %s", p->iommu_why);
	lines_add(l, SIGN_NONE, ROLE_TEXT, " ");
	lines_add(l, SIGN_NONE, ROLE_TITLE, "What to do");
	lines_add(l, SIGN_NONE, ROLE_TEXT,
		  "Mark what the VM shall get: vfiotui then plans the kernel parameter that turns "
		  "the IOMMU on together "
		  "with the rest. How the devices are grouped is known only after that reboot, so "
		  "look again then.");
	if (p->cmdline && *p->cmdline)
		lines_add(l, SIGN_NONE, ROLE_DIM, "Parameters of the running kernel: %s",
			  p->cmdline);
}

static void draw(struct app *app, struct view *v, const struct canvas *screen)
{
	const struct platform *p = app->situation->platform;
	struct lines lines = LINES_INIT;
	bool absent = p->iommu == IOMMU_ABSENT;
	int *top = v->state;

	if (absent)
		say_absent(p, &lines);
	else
		say_off(p, &lines);
	lines_add(&lines, SIGN_NONE, ROLE_TEXT, " ");
	lines_add(&lines, SIGN_NONE, ROLE_TEXT,
		  "d opens a recorded machine to try everything on; nothing is written there.");
	page_draw(app, v, screen, "No IOMMU groups on this machine", "", &lines, top,
		  absent ? SIGN_WARN : SIGN_NONE,
		  absent ? frame_fit(screen,
				     "Next: turn the IOMMU on in the firmware, then start vfiotui "
				     "again",
				     "Next: turn it on in the firmware")
			 : frame_fit(screen,
				     "Next: mark what the VM shall get (Enter: the devices)",
				     "Next: mark devices (Enter)"));
	lines_release(&lines);
}

static void act(struct app *app, struct view *v, enum action action)
{
	if (page_scroll(app, v->state, action))
		return;
	if (action == ACTION_DEMO)
		app->request = REQUEST_DEMO;
	else if (action == ACTION_OPEN || action == ACTION_BACK)
		app_pop(app);
}

static bool can(const struct app *app, const struct view *v, enum action action)
{
	(void)v;
	if (action == ACTION_DEMO)
		return app->options->argv != NULL;
	return action != ACTION_SUDO || !app_is_root(app);
}

static void close_page(struct view *v)
{
	free(v->state);
}

static const struct view_ops view_noiommu = {
	.id = VIEW_NOIOMMU,
	.draw = draw,
	.act = act,
	.can = can,
	.close = close_page,
};

void view_noiommu_open(struct app *app)
{
	app_push(app, &view_noiommu, xcalloc(1, sizeof(int))); /* the first row shown */
}
