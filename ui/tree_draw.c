/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/tree_draw.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ui/layout.h"

struct layout tree_layout(const struct app *app)
{
	/* Who is not root reads in a line of its own what that means. */
	return layout_compute(app->grid.rows, app->grid.cols,
			      &(struct layout_wish){.notice = !app_is_root(app), .details = true});
}

/* Where the columns of a device row begin. */
struct columns {
	int box, address, class, name, driver, usage;
	int name_width; /* 0: no name */
};

static int widest_address(const struct topology *t)
{
	int widest = 7;
	char bdf[PCI_ADDR_TEXT];

	for (size_t i = 0; i < t->len; i++) {
		int n = t->devices[i].addr.domain
				? (int)strlen(pci_addr_format_short(&t->devices[i].addr, bdf))
				: 7;

		widest = n > widest ? n : widest;
	}
	return widest;
}

static struct columns columns_for(const struct topology *t, int cols)
{
	bool narrow = cols < LAYOUT_NARROW_COLS;
	struct columns c = {.box = narrow ? 1 : 3};

	c.address = c.box + 4;
	c.class = c.address + widest_address(t) + 1;
	c.name = c.class + (narrow ? 7 : 8);
	c.driver = narrow ? c.name : cols - 28;
	if (cols > 100)
		c.driver = cols - 36;
	c.name_width = c.driver - c.name - 1;
	if (c.name_width < 8) {
		c.driver = c.name;
		c.name_width = 0;
	}
	c.usage = c.driver + 12;
	return c;
}

/* --- rows ------------------------------------------------------------------------------------ */

/* What blocks one of the devices that are marked in this group, or NULL. */
static const struct finding *block_in(const struct app *app, int group)
{
	const struct topology *t = app->situation->topology;

	for (size_t i = 0; i < app->findings.len; i++) {
		const struct finding *f = &app->findings.items[i];
		struct pci_addr addr;
		const struct device *d = NULL;

		if (f->severity == SEVERITY_BLOCK && pci_addr_parse(f->subject, &addr))
			d = topology_find(t, &addr);
		if (d && d->group == group && selection_has(&app->tree.marks, &d->addr))
			return f;
	}
	return NULL;
}

/* A group that the IOMMU keeps apart is not good for a VM when the host lives on it. */
static enum sign group_sign(const struct app *app, int group, struct str *text)
{
	const struct topology *t = app->situation->topology;
	const enum sign sign = row_group_text(t, situation_isolation(app->situation), group,
					      &app->tree.marks, text);
	const struct finding *f = group >= 0 && sign != SIGN_BLOCK ? block_in(app, group) : NULL;
	struct pci_addr addr;
	char bdf[PCI_ADDR_TEXT];

	if (!f || !pci_addr_parse(f->subject, &addr))
		return sign;
	str_clear(text);
	str_addf(text, "not for a VM: %s %s", pci_addr_format_short(&addr, bdf), f->code);
	return SIGN_BLOCK;
}

/* Blanks belong to the words beside them: each change of style costs bytes. */
static int draw_group(const struct app *app, const struct canvas *c, int y, const struct row *row)
{
	auto_str struct str text = STR_INIT;
	auto_str struct str summary = STR_INIT;
	enum sign sign = group_sign(app, row->group, &text);
	const char *fold = sign_text(c->charset, row->open ? SIGN_OPEN : SIGN_FOLDED);
	auto_free char *number = row->group < 0 ? xstrdup("") : xasprintf("%d ", row->group);
	auto_free char *state = xasprintf("%s %s", sign_text(c->charset, sign), text.data);
	int end = draw_textf(c, y, 1, ROLE_TITLE, "%s %s", fold, number);
	int columns = text_columns(c->charset, state);
	int room = c->area.cols - end;
	int col = draw_field(c, y, end, columns < room ? columns : room, sign_role(sign), state);

	if (row->open || row->group == GROUP_GONE)
		return end;
	row_group_summary(app->situation->topology, row->group, &summary);
	col = col + 2 < 34 ? 34 : col + 2;
	if (c->area.cols - col > 8)
		draw_field(c, y, col, c->area.cols - col, ROLE_DIM, summary.data);
	return end;
}

static void draw_box(const struct app *app, const struct canvas *c, int y, const struct columns *at,
		     const struct row *row)
{
	bool marked = selection_has(&app->tree.marks, &row->addr);

	if (row->device && !marked && !device_can_be_taken(app->situation->topology, row->device))
		return;
	draw_text(c, y, at->box, marked ? ROLE_CHANGE : ROLE_TEXT, marked ? "[x]" : "[ ]");
}

static void draw_usage(const struct app *app, const struct canvas *c, int y, int col,
		       const struct row *row)
{
	auto_str struct str text = STR_INIT;

	str_addf(&text, "%s ", sign_text(c->charset, SIGN_USED));
	row_usage_text(&app->situation->usage, &row->addr, &text);
	if (!text_ends_with(text.data, " ") && c->area.cols - col >= 3)
		draw_field(c, y, col, c->area.cols - col, ROLE_USED, text.data);
}

/* Cut one column short of the driver, filled up to it. */
static void draw_name(const struct canvas *c, int y, const struct columns *at, enum role role,
		      const char *name)
{
	draw_field(c, y, at->name, at->driver - at->name, role, "");
	draw_field(c, y, at->name, at->name_width, role, name);
}

static int draw_device(const struct app *app, const struct canvas *c, int y,
		       const struct columns *at, const struct row *row)
{
	const struct device *d = row->device;
	enum role role = row->faint || !device_can_be_taken(app->situation->topology, d)
				 ? ROLE_DIM
				 : ROLE_TEXT;
	auto_free char *name = device_short_name(d);
	auto_str struct str driver = STR_INIT;
	enum sign sign = row_driver_text(d, selection_has(&app->tree.marks, &d->addr),
					 selection_has(&app->situation->configured, &d->addr),
					 &driver);
	char bdf[PCI_ADDR_TEXT];
	int col;

	draw_box(app, c, y, at, row);
	draw_field(c, y, at->address, at->class - at->address, role,
		   pci_addr_format_short(&d->addr, bdf));
	draw_field(c, y, at->class, at->name - at->class, role, device_short_class(d));
	if (at->name_width)
		draw_name(c, y, at, role, name);
	col = draw_text(c, y, at->driver, sign == SIGN_CHANGE ? ROLE_CHANGE : role, driver.data);
	draw_usage(app, c, y, col < at->usage ? at->usage : col + 1, row);
	return at->class;
}

static int draw_gone(const struct app *app, const struct canvas *c, int y, const struct columns *at,
		     const struct row *row)
{
	char bdf[PCI_ADDR_TEXT];

	draw_box(app, c, y, at, row);
	draw_text(c, y, at->address, ROLE_DIM, pci_addr_format_short(&row->addr, bdf));
	draw_text(c, y, at->class, ROLE_DIM, "not here now");
	return at->class;
}

static int draw_host(const struct app *app, const struct canvas *c, int y)
{
	const struct finding *worst = NULL;
	enum sign sign = SIGN_BLOCK;
	const char *text = app->situation->config_error.text;
	int col;

	for (size_t i = app->findings.len; i-- > 0;)
		if (strcmp(app->findings.items[i].subject, "host") == 0)
			worst = &app->findings.items[i];
	if (!app->situation->config_error.code && worst) {
		sign = worst->severity == SEVERITY_BLOCK ? SIGN_BLOCK : SIGN_WARN;
		text = worst->text;
	}
	col = draw_text(c, y, 3, ROLE_TITLE, "this machine") + 1;
	col = draw_sign(c, y, col, sign) + 1;
	draw_field(c, y, col, c->area.cols - col, sign_role(sign), text);
	return col;
}

/*
 * Returns the column where what the cursor covers ends: sign or box, and number or address. Not the whole row, so
 * that a move costs few bytes on a slow line.
 */
static int draw_row(const struct app *app, const struct canvas *c, int y, const struct columns *at,
		    const struct row *row)
{
	switch (row->kind) {
	case ROW_GROUP:
		return draw_group(app, c, y, row);
	case ROW_DEVICE:
		return draw_device(app, c, y, at, row);
	case ROW_GONE:
		return draw_gone(app, c, y, at, row);
	case ROW_HOST:
		break;
	}
	return draw_host(app, c, y);
}

void tree_draw(const struct app *app, const struct canvas *list)
{
	const struct tree *t = &app->tree;
	struct columns at = columns_for(app->situation->topology, list->area.cols);

	for (int y = 0; y < list->area.rows && t->top + (size_t)y < t->rows.len; y++) {
		size_t index = t->top + (size_t)y;
		int end = draw_row(app, list, y, &at, &t->rows.items[index]);

		if (index == t->at && !app->details_focus)
			draw_cursor(list, y, 1, end - 1);
	}
	if (!t->rows.len)
		draw_text(list, 0, 3, ROLE_DIM, "No such devices on this machine.");
}

bool tree_draw_is_box(const struct app *app, size_t index, int col)
{
	struct columns at = columns_for(app->situation->topology, tree_layout(app).list.cols);
	enum row_kind kind = app->tree.rows.items[index].kind;

	return (kind == ROW_DEVICE || kind == ROW_GONE) && col >= at.box && col < at.box + 3;
}
