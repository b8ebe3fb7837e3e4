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
	free(p->bound);
	p->bound = NULL;
	p->bound_len = p->bound_cap = 0;
	strv_release(&p->kernel_params);
	strv_release(&p->where);
}

static bool same_bound(const struct bound_address *a, const struct bound_address *b)
{
	return !pci_addr_compare(&a->addr, &b->addr) && a->vendor == b->vendor && a->id == b->id &&
	       a->subvendor == b->subvendor && a->subdevice == b->subdevice;
}

void present_add_bound(struct present *p, const struct bound_address *b)
{
	for (size_t i = 0; i < p->bound_len; i++)
		if (same_bound(&p->bound[i], b))
			return;
	p->bound = grow(p->bound, p->bound_len, &p->bound_cap, sizeof(*p->bound));
	p->bound[p->bound_len++] = *b;
}

static bool fits(uint16_t asked, uint16_t is)
{
	return !asked || asked == is;
}

bool bound_address_takes(const struct bound_address *b, const struct device *d)
{
	return !pci_addr_compare(&b->addr, &d->addr) && fits(b->vendor, d->vendor) &&
	       fits(b->id, d->id) && fits(b->subvendor, d->subvendor) &&
	       fits(b->subdevice, d->subdevice);
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
