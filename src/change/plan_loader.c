/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "change/plan_loader.h"

#include <string.h>

#include "base/mem.h"

void plan_with_loader(const struct situation *s, const struct plan_choices *choices,
		      struct plan_situation *ret)
{
	ret->platform = *s->platform;
	ret->situation = *s;
	ret->situation.platform = &ret->platform;
	if (!choices->boot_loader || choices->boot_loader == s->platform->boot_loader) {
		ret->platform.boot_sure |= choices->boot_loader != BOOT_UNKNOWN;
		return;
	}
	ret->platform.boot_loader = choices->boot_loader;
	ret->platform.boot_sure = true;
}

bool plan_asks_loader(const struct platform *p)
{
	unsigned others = p->boot_candidates & (p->boot_candidates - 1);

	return !p->boot_sure && others != 0;
}

void plan_loader_names(const struct platform *p, struct strv *ret)
{
	for (unsigned i = 0; i < BOOT_LOADERS; i++)
		if (p->boot_candidates & 1U << i)
			strv_add(ret, boot_loader_name((enum boot_loader)i));
}

enum boot_loader plan_loader_by_name(const char *name)
{
	for (unsigned i = 0; i < BOOT_LOADERS; i++) {
		const char *known = boot_loader_name((enum boot_loader)i);

		if (known && !strcmp(known, name))
			return (enum boot_loader)i;
	}
	return BOOT_UNKNOWN;
}

void plan_check_loader(const struct platform *p, struct findings *ret)
{
	auto_strv struct strv names = STRV_INIT;
	auto_free char *list = NULL;

	plan_loader_names(p, &names);
	list = strv_join(&names, ", ");
	findings_add(ret, PLAN_LOADER_CODE, SEVERITY_BLOCK, xstrdup("host"),
		     xasprintf("Which boot loader starts this machine can't be told (%s), and the "
			       "kernel's parameters belong to one of them.",
			       p->boot_why),
		     xasprintf("Say which: --boot-loader with one of %s; in the preview the choice "
			       "\"boot loader\".",
			       list));
	findings_sort(ret);
}
