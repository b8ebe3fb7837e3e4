/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/target.h"

#include <stdlib.h>

#include "base/macros.h"
#include "base/mem.h"

#define TARGET_ENTRY(name) &target_##name,

const struct target *const targets[] = {
	TARGETS(TARGET_ENTRY) NULL, /* so that an empty table is valid C, too */
};
const size_t targets_len = ARRAY_SIZE(targets) - 1;

void present_release(struct present *p)
{
	strv_release(&p->ids);
	strv_release(&p->addresses);
	strv_release(&p->kernel_params);
	strv_release(&p->where);
}

void checks_add(struct checks *c, enum check_state state, char *what, char *found, char *remedy)
{
	c->items = grow(c->items, c->len, &c->cap, sizeof(*c->items));
	c->items[c->len++] =
		(struct check){.what = what, .state = state, .found = found, .remedy = remedy};
}

void checks_release(struct checks *c)
{
	for (size_t i = 0; i < c->len; i++) {
		free(c->items[i].what);
		free(c->items[i].found);
		free(c->items[i].remedy);
	}
	free(c->items);
	*c = (struct checks){.len = 0};
}

bool checks_hold(const struct checks *c)
{
	for (size_t i = 0; i < c->len; i++)
		if (c->items[i].state == CHECK_FAILED)
			return false;
	return true;
}
