/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "change_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "change/apply.h"
#include "faults.h"
#include "tmproot.h"

void fixture_put(const char *root, const char *path, const char *text, mode_t mode)
{
	auto_free char *full = tmproot_path(root, path);

	tmproot_put(root, path, text);
	if (chmod(full, mode))
		abort();
}

char *fixture_get(const char *root, const char *path)
{
	auto_str struct str text = STR_INIT;

	return tmproot_get(root, path, &text) ? str_take(&text) : NULL;
}

char *fixture_root(void)
{
	char *root = tmproot_new();

	fixture_put(root, "/etc/default/grub", "GRUB_CMDLINE_LINUX_DEFAULT=\"quiet\"\n", 0640);
	fixture_put(root, "/etc/mkinitcpio.conf", "MODULES=()\n", 0644);
	fixture_put(root, "/etc/modprobe.d/old.conf", "options vfio-pci ids=1234:5678\n", 0600);
	fixture_put(root, "/etc/hostname", "nobody touches me\n", 0644);
	return root;
}

void fixture_tree(const char *root, struct str *out)
{
	static const char *const tops[] = {"/etc", "/home"};

	for (size_t i = 0; i < ARRAY_SIZE(tops); i++) {
		auto_free char *top = tmproot_path(root, tops[i]);
		auto_str struct str picture = STR_INIT;

		if (!tmproot_has(root, tops[i]))
			continue;
		tmproot_picture(top, &picture);
		str_add(out, picture.data, picture.len);
	}
}

struct host *fixture_host(const char *root)
{
	struct err err = ERR_INIT;
	struct host *host;

	if (host_open(root, &host, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
	host_set_ops(host, faults_none());
	return host;
}

static void set(struct plan *p, const char *path, const char *text, mode_t mode)
{
	if (changes_set(&p->changes, path, text, strlen(text), mode, "for the test", NULL))
		abort();
}

struct plan *fixture_plan(const struct host *host)
{
	struct plan *p = plan_new(host);
	const struct pci_addr card = {.bus = 1};

	selection_add(&p->selection, &card);
	strv_add(&p->names, "A card");
	set(p, "/etc/default/grub", "GRUB_CMDLINE_LINUX_DEFAULT=\"quiet iommu=pt\"\n", 0644);
	if (changes_remove(&p->changes, "/etc/modprobe.d/old.conf", "for the test", NULL))
		abort();
	set(p, "/etc/vfiotui/deep/launch.sh", "#!/bin/bash\n", 0755);
	set(p, "/etc/mkinitcpio.conf", "MODULES=(vfio_pci)\n", 0644);
	changes_run(&p->changes, COMMAND_INITRAMFS, "rebuild", "mkinitcpio", "-P", NULL);
	changes_run(&p->changes, COMMAND_BOOT, "menu", "grub-mkconfig", "-o", "/boot/grub/grub.cfg",
		    NULL);
	strv_add(&p->changes.owned, "grub iommu=pt");
	return p;
}

int fixture_apply(const struct host *host, const struct plan *plan, struct err *err)
{
	struct apply *a;
	int r = apply_begin(host, plan, &a, err);

	if (r < 0)
		return r;
	r = apply_write(a, err);
	while (!r && apply_next(a))
		apply_report(a, 0, "done\n", 5);
	if (!r)
		r = apply_end(a, err);
	apply_free(a);
	return r;
}

void fixture_apply_ok(const struct host *host, const struct plan *plan)
{
	struct err err = ERR_INIT;

	if (fixture_apply(host, plan, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
}
