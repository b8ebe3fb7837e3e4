/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/next.h"

#include <string.h>

#include "base/macros.h"

static bool no_devices(const struct next_facts *f)
{
	return f->devices == 0 && !f->configured;
}

static bool unseen_one(const struct next_facts *f)
{
	return f->differs && f->unseen && f->problems == 1;
}

static bool unseen_several(const struct next_facts *f)
{
	return f->differs && f->unseen && f->problems > 1;
}

static bool completes(const struct next_facts *f)
{
	return f->differs && f->completes;
}

static bool blocked_one(const struct next_facts *f)
{
	return f->differs && f->blocks == 1;
}

static bool blocked_several(const struct next_facts *f)
{
	return f->differs && f->blocks > 1;
}

static bool override_is_new(const struct next_facts *f)
{
	return f->override_is_new;
}

static bool taking_back(const struct next_facts *f)
{
	return f->differs && !f->marked;
}

static bool differs(const struct next_facts *f)
{
	return f->differs;
}

static bool is_unfinished(const struct next_facts *f)
{
	return f->unfinished && !f->differs;
}

static bool all_active(const struct next_facts *f)
{
	return f->configured && f->active >= f->configured && !f->override_waits;
}

static bool moved(const struct next_facts *f)
{
	return f->moved && !f->differs;
}

static bool vm_runs(const struct next_facts *f)
{
	return f->vm_on && !f->differs;
}

static bool one_vm(const struct next_facts *f)
{
	return all_active(f) && f->live && f->vm;
}

static bool several_vms(const struct next_facts *f)
{
	return all_active(f) && f->live && f->vms;
}

static bool in_demo(const struct next_facts *f)
{
	return (f->configured || f->override_waits) && f->demo;
}

static bool recorded(const struct next_facts *f)
{
	return (f->configured || f->override_waits) && !f->live;
}

static bool did_not_hold(const struct next_facts *f)
{
	return f->configured && f->after_boot;
}

static bool waits_for_boot(const struct next_facts *f)
{
	return f->configured || f->undone || f->override_waits;
}

static bool no_iommu(const struct next_facts *f)
{
	return f->no_iommu && !f->marked;
}

static bool always(const struct next_facts *f)
{
	(void)f;
	return true;
}

/* The first row that fits is the next step. */
static const struct {
	bool (*fits)(const struct next_facts *f);
	const char *text, *brief;
	enum sign sign;
} steps[] = {
	{is_unfinished, "the last change is not complete: see (s), or take it back (u)",
	 "see (s) or undo (u)", SIGN_BLOCK},
	{override_is_new, "see what the override would change (p)", "preview (p)", SIGN_CHANGE},
	{unseen_one, "1 problem to look at (Tab)", "1 problem (Tab)", SIGN_WARN},
	{unseen_several, "%zu problems to look at (Tab)", "%zu problems (Tab)", SIGN_WARN},
	{completes, "hand this device over, too (Space), or take the marks of its group off",
	 "add it, too (Space)", SIGN_BLOCK},
	{blocked_one, "solve the problem marked ✗ (Tab), or unmark the device (Space)",
	 "solve 1 problem (Tab)", SIGN_BLOCK},
	{blocked_several, "solve the %zu problems marked ✗ (Tab), or unmark (Space)",
	 "solve %zu problems (Tab)", SIGN_BLOCK},
	{taking_back, "see what would be taken back (p)", "preview (p)", SIGN_CHANGE},
	{differs, "see what would be written (p)", "preview (p)", SIGN_CHANGE},
	{moved, "the machine has changed since then: see what moved (Tab)", "see what moved (Tab)",
	 SIGN_WARN},
	{vm_runs, "a VM runs: see how it does (v)", "a VM runs (v)", SIGN_OK},
	{one_vm, "launch %s (l)", "launch %s (l)", SIGN_OK},
	{several_vms, "choose the VM to launch (v)", "launch a VM (v)", SIGN_OK},
	{all_active, "all promises hold; make a VM (v)", "make a VM (v)", SIGN_OK},
	{in_demo, "that was the demo: see VMs (v), take it back (u), or quit (q)",
	 "demo done: VMs (v), undo (u)", SIGN_OK},
	{recorded, "run the commands inside that system, reboot it, start vfiotui there",
	 "run commands there, reboot", SIGN_OK},
	{did_not_hold, "not all that was configured holds: see why (s)", "see what failed (s)",
	 SIGN_BLOCK},
	{waits_for_boot, "reboot, then start vfiotui again", "reboot, start again", SIGN_CHANGE},
	{no_devices, "this machine shows no PCI devices to hand over; quit (q)",
	 "nothing here; quit (q)", SIGN_WARN},
	{no_iommu, "turn the IOMMU on in the firmware (s: how)", "IOMMU is off (s: how)",
	 SIGN_WARN},
	{always, "mark what the VM shall get (Space)", "mark a device (Space)", SIGN_NONE},
};

struct next_step next_step(const struct next_facts *f)
{
	size_t i = 0;

	while (i + 1 < ARRAY_SIZE(steps) && !steps[i].fits(f))
		i++;
	return (struct next_step){
		.text = steps[i].text,
		.brief = steps[i].brief,
		.sign = steps[i].sign,
		.number = f->unseen ? f->problems : f->blocks,
		.name = f->vm,
	};
}

void next_format(const struct next_step *n, bool brief, struct str *ret)
{
	const char *text = brief ? n->brief : n->text;
	const char *number = strstr(text, "%zu");
	const char *name = n->name ? strstr(text, "%s") : NULL;

	str_adds(ret, "Next: ");
	if (name) {
		str_add(ret, text, (size_t)(name - text));
		str_addf(ret, "%s%s", n->name, name + strlen("%s"));
		return;
	}
	if (!number) {
		str_adds(ret, text);
		return;
	}
	str_add(ret, text, (size_t)(number - text));
	str_addf(ret, "%zu%s", n->number, number + strlen("%zu"));
}
