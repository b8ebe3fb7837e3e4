/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "change/verify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "advice/override.h"
#include "advice/whatif.h"
#include "base/mem.h"
#include "change/apply.h"
#include "change/journal.h"
#include "change/plan_loader.h"
#include "change/plan_wish.h"
#include "config/kernel_wish.h"

struct verify {
	const struct situation *situation;
	const struct change_record *change;
	bool rebooted; /* since the change, as far as /proc/stat tells */
	struct checks *checks;
	const char *running; /* the process that changes files and journal now, or NULL */
};

bool verify_boot_time(const char *proc_stat, time_t *ret)
{
	const char *line = proc_stat;
	char *end;
	long long t;

	while (line && strncmp(line, "btime ", 6)) {
		line = strchr(line, '\n');
		line += line != NULL;
	}
	if (!line)
		return false;
	t = strtoll(line + 6, &end, 10);
	*ret = (time_t)t;
	return end != line + 6 && t > 0;
}

/* Another root's kernel is not running: whatever is promised for it is still to come. */
static bool was_rebooted(const struct host *host, time_t since)
{
	auto_str struct str stat = STR_INIT;
	time_t boot;

	return !host_read(host, "/proc/stat", &stat, NULL) && verify_boot_time(stat.data, &boot) &&
	       boot > since;
}

/* What doesn't hold yet: no fault before the reboot, one after it. */
static void add_unmet(const struct verify *v, char *what, const char *found, const char *remedy)
{
	bool waits = !v->rebooted;

	checks_add(v->checks, waits ? CHECK_AFTER_REBOOT : CHECK_FAILED, what, xstrdup(found),
		   xstrdup(waits ? "reboot" : remedy));
}

/* Unfinished only because a process is at it; `who` as apply_is_running() has it. */
static void add_running(struct checks *checks, char *what, const char *who)
{
	checks_add(checks, CHECK_FAILED, what, xasprintf("it is being done by vfiotui (%s)", who),
		   xstrdup("wait until it is done"));
}

static void check_state_of_change(const struct verify *v)
{
	const struct change_record *c = v->change;
	auto_free char *log = journal_log_path(c->id);

	if (c->state == CHANGE_DONE)
		return;
	if (v->running) {
		add_running(v->checks, xasprintf("the commands of change %d have run", c->id),
			    v->running);
		return;
	}
	checks_add(v->checks, CHECK_FAILED, xasprintf("the commands of change %d have run", c->id),
		   c->state == CHANGE_FAILED ? xasprintf("one failed; its output is in %s", log)
					     : xstrdup("they were interrupted"),
		   xstrdup("apply again, which runs them again, or undo"));
}

static void check_journal(const struct journal *j, const char *running, struct checks *checks)
{
	const struct change_record *c = journal_interrupted(j);

	if (c && running)
		add_running(checks, xasprintf("all files of change %d are written", c->id),
			    running);
	else if (c)
		checks_add(checks, CHECK_FAILED,
			   xasprintf("all files of change %d are written", c->id),
			   xstrdup("it was interrupted"),
			   xstrdup("vfiotui undo, which puts the files in order"));
	c = journal_unfinished(j);
	if (c && c->undoes && running)
		add_running(checks,
			    xasprintf("the commands that take change %d back have run", c->undoes),
			    running);
	else if (c && c->undoes) /* of what stands check_state_of_change() says it */
		checks_add(
			checks, CHECK_FAILED,
			xasprintf("the commands that take change %d back have run", c->undoes),
			xstrdup(c->state == CHANGE_FAILED ? "one failed" : "they were interrupted"),
			xstrdup("vfiotui undo, which runs them again"));
	for (size_t i = 0; i < j->damaged_len; i++)
		checks_add(checks, CHECK_FAILED,
			   xasprintf("the record of change %d can be read", j->damaged[i].id),
			   xstrdup("it is damaged"), xstrdup(j->damaged[i].text));
}

static void check_iommu(const struct verify *v)
{
	const struct platform *p = v->situation->platform;
	char *what = xstrdup("the IOMMU is on");

	if (p->iommu == IOMMU_ON)
		checks_add(v->checks, CHECK_OK, what, NULL, NULL);
	else if (p->iommu == IOMMU_ABSENT)
		checks_add(v->checks, CHECK_FAILED, what,
			   xstrdup(p->iommu_why ? p->iommu_why : "absent"),
			   xstrdup("turn it on in the firmware (Intel VT-d, AMD-Vi, IOMMU)"));
	else
		add_unmet(v, what, p->iommu_why ? p->iommu_why : "off",
			  "look at /proc/cmdline: is the parameter there?");
}

/* Where a card with these ids is now; NULL when it is nowhere else, or in several places. */
static const struct device *find_moved(const struct verify *v, const char *ids)
{
	const struct topology *t = v->situation->topology;
	const struct device *found = NULL;

	for (size_t i = 0; i < t->len; i++) {
		char text[10];
		const struct device *d = &t->devices[i];

		if (strcmp(device_ids_text(d, text), ids) ||
		    selection_has(&v->change->devices, &d->addr))
			continue;
		if (found)
			return NULL;
		found = d;
	}
	return found;
}

/* True when the device at the address is the one that was handed over. */
static bool check_identity(const struct verify *v, size_t i, const struct device *d)
{
	const char *ids = i < v->change->ids.len ? v->change->ids.items[i] : "";
	const struct device *moved;
	char bdf[PCI_ADDR_TEXT], now[10];

	pci_addr_format(&v->change->devices.items[i], bdf);
	if (d && (!*ids || !strcmp(device_ids_text(d, now), ids)))
		return true;
	moved = *ids ? find_moved(v, ids) : NULL;
	checks_add(v->checks, CHECK_FAILED,
		   *ids ? xasprintf("%s is still %s", bdf, ids) : xasprintf("%s is there", bdf),
		   moved ? xasprintf("moved: it is at %s now", moved->bdf)
			 : xstrdup(d ? now : "no device at this address"),
		   moved ? xasprintf("apply again with %s", moved->bdf)
			 : xstrdup("apply again with the devices that are there, or undo"));
	return false;
}

static void check_driver(const struct verify *v, const struct device *d)
{
	const char *wished = plan_wish_driver(v->situation->platform);
	char *what = xasprintf("%s bound to %s", d->bdf, wished);

	if (driver_is_vfio(d->driver) || (d->driver && !strcmp(d->driver, wished)))
		checks_add(v->checks, CHECK_OK, what, NULL, NULL);
	else
		add_unmet(v, what, d->driver ? d->driver : "no driver",
			  "see \"dmesg | grep -i vfio\", and whether the initramfs was rebuilt");
}

static void check_devices(const struct verify *v)
{
	for (size_t i = 0; i < v->change->devices.len; i++) {
		const struct device *d = topology_find(v->situation->topology,
						       &v->change->devices.items[i]);

		if (check_identity(v, i, d) && d)
			check_driver(v, d);
	}
}

/* The first group that the override should have parted, and has not; -1: none. */
static int still_whole(const struct topology *t, const struct acs_override_set *override,
		       size_t *ret_unreadable)
{
	static const struct acs_override_set none = {.ids_len = 0};
	struct whatif w;
	int id = -1;

	whatif_make(t, override, &none, &w);
	*ret_unreadable = w.report.unreadable;
	for (size_t i = 0; i < w.len && id < 0; i++)
		if (whatif_changes(&w.blocks[i]))
			id = w.blocks[i].id;
	whatif_release(&w);
	return id;
}

/* Whether the kernel has the patch shows in its groups alone: a stock one ignores the parameter. */
static void check_override(const struct verify *v)
{
	const char *text = v->change->choices.acs_override;
	struct acs_override_set wished, on_line;
	size_t unreadable;
	char *what;
	int whole;

	if (!text || !*text || acs_override_parse(text, &wished, NULL) < 0)
		return;
	what = xasprintf("the groups have parted as foretold for pcie_acs_override=%s", text);
	acs_override_of_line(v->situation->platform->cmdline, &on_line);
	if (!acs_override_has(&on_line, &wished)) {
		add_unmet(v, what, "the running kernel was started without it",
			  "see whether the boot menu's entry has the parameter");
		return;
	}
	whole = still_whole(v->situation->topology, &on_line, &unreadable);
	if (whole >= 0)
		checks_add(v->checks, CHECK_FAILED, what,
			   xasprintf("group %d is as it was without the parameter", whole),
			   xstrdup("this kernel seems to lack the override patch: install one that "
				   "has it (linux-zen, linux-cachyos, Proxmox), or plan with "
				   "--acs-override=none"));
	else if (unreadable)
		checks_add(v->checks, CHECK_UNKNOWN, what,
			   xstrdup("the ACS registers could not be read; that needs root"), NULL);
	else
		checks_add(v->checks, CHECK_OK, what, NULL, NULL);
}

/* By the boot entry of config/way_back.h: nothing can be said of the normal one until it has started. */
static bool is_way_back(const struct platform *p)
{
	return p->cmdline && kernel_line_has(p->cmdline, "vfiotui=off");
}

static void check_normal_boot(const struct verify *v)
{
	if (is_way_back(v->situation->platform))
		checks_add(v->checks, CHECK_FAILED,
			   xstrdup("this system was started by its usual boot entry"),
			   xstrdup("it was started without passthrough (vfiotui=off)"),
			   xstrdup("reboot with the usual entry, or undo the change"));
}

/* Targets don't know when the change was: what still waits for a reboot after one does not hold. */
static void settle(const struct verify *v)
{
	for (size_t i = 0; v->rebooted && i < v->checks->len; i++) {
		struct check *c = &v->checks->items[i];

		if (c->state != CHECK_AFTER_REBOOT)
			continue;
		c->state = CHECK_FAILED;
		free(c->remedy);
		c->remedy = xstrdup("the machine was rebooted since: see above what the images and "
				    "boot entries lack, or \"dmesg | grep -i -e vfio -e iommu\"");
	}
}

/* One chain's file that can't be read is no reason to say nothing of the others. */
static void check_targets(const struct verify *v, const struct wish *wish)
{
	struct files *files = files_new(v->situation->host);
	const struct target_context ctx = {
		.files = files,
		.platform = v->situation->platform,
		.host = v->situation->host,
	};

	for (size_t i = 0; i < targets_len; i++) {
		const struct target *t = targets[i];
		struct err err = ERR_INIT;

		if (!t->verify || !t->applies(&ctx) || t->verify(&ctx, wish, v->checks, &err) >= 0)
			continue;
		checks_add(v->checks, CHECK_FAILED,
			   xasprintf("the configuration of %s can be read", t->name),
			   xstrdup(err.text),
			   v->situation->platform->is_root ? NULL : xstrdup("ask again as root"));
	}
	files_free(files);
}

/* The wish as it was: the same devices, choices and ways of binding, on the machine as it is now. */
static void remake_wish(const struct verify *v, struct wish *wish)
{
	auto_str struct str groups = STR_INIT;
	struct plan_wish_input in = {
		.topology = v->situation->topology,
		.platform = v->situation->platform,
		.selection = &v->change->devices,
		.choices = &v->change->choices,
		.by_address = &v->change->by_address,
		.owned = &v->change->owned,
	};

	in.kvm_group = !host_read(v->situation->host, "/etc/group", &groups, NULL) &&
		       group_file_has(groups.data, "kvm");
	plan_wish(&in, wish);
}

static int read_vms(const struct verify *v, struct wish *wish, struct err *reterr)
{
	struct files *files = files_new(v->situation->host);
	int r = plan_wish_vms(wish, files, NULL, NULL, reterr);

	files_free(files);
	return r;
}

static bool said_before(const struct checks *c, size_t n, const char *what)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(c->items[i].what, what))
			return true;
	return false;
}

/* Targets check the driver by their file's age; ours, by the journal, came first and stays. */
static void say_once(struct checks *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->len; i++) {
		if (!said_before(c, kept, c->items[i].what)) {
			c->items[kept++] = c->items[i];
			continue;
		}
		free(c->items[i].what);
		free(c->items[i].found);
		free(c->items[i].remedy);
	}
	c->len = kept;
}

int verify_run(const struct situation *s, struct checks *ret, struct err *reterr)
{
	auto_journal struct journal j = JOURNAL_INIT;
	auto_str struct str running = STR_INIT;
	struct verify v = {.checks = ret};
	struct plan_situation chosen;
	struct wish wish;
	int r = journal_load(s->host, &j, reterr);

	if (r < 0)
		return r;
	if (apply_is_running(s->host, &running))
		v.running = running.data;
	check_journal(&j, v.running, ret);
	v.change = journal_last(&j);
	if (!v.change)
		return 0;
	plan_with_loader(s, &v.change->choices, &chosen);
	v.situation = &chosen.situation;
	v.rebooted = was_rebooted(s->host, v.change->when) && !is_way_back(s->platform);
	check_state_of_change(&v);
	check_normal_boot(&v);
	if (v.change->devices.len) {
		check_iommu(&v);
		check_devices(&v);
	}
	check_override(&v);
	remake_wish(&v, &wish);
	r = read_vms(&v, &wish, reterr);
	if (r == 0)
		check_targets(&v, &wish);
	wish_release(&wish);
	say_once(ret);
	settle(&v);
	return r;
}
