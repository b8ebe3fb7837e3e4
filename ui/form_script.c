/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The launch script beside the form, as it becomes while one types. */
#include <string.h>

#include "ui/lines.h"
#include "ui/view_form.h"
#include "vm/launch_script.h"

/* The first line in which two scripts differ, or -1; the second line has a checksum, which always does. */
static int first_difference(const struct str *a, const struct str *b)
{
	int line = 0;

	for (size_t i = 0; i < a->len && i < b->len; i++) {
		if (line != 1 && a->data[i] != b->data[i])
			return line;
		line += a->data[i] == '\n';
	}
	return a->len == b->len ? -1 : line;
}

/* The line where a script's settings begin: what stands before is the same in all. */
static int settings_line(const struct str *script)
{
	const char *at = strstr(script->data, "\n# --- settings");
	int line = 1;

	for (const char *c = script->data; at && c < at; c++)
		line += *c == '\n';
	return at ? line : 0;
}

void form_page_script(struct form_page *p)
{
	struct str next = STR_INIT;
	int changed;

	launch_script_write(&next, &p->form.now, p->form.situation->platform);
	changed = p->script.len ? first_difference(&p->script, &next) : -1;
	if (!p->script.len)
		p->script_top = settings_line(&next);
	if (changed >= 0) {
		p->script_changed = changed;
		p->script_top = changed - 4;
	}
	str_release(&p->script);
	p->script = next;
}

void form_page_draw_script(struct form_page *p, const struct canvas *pane)
{
	struct lines lines = LINES_INIT;

	form_page_script(p);
	lines_add_text(&lines, p->script.data, p->script.len);
	if (p->script_top > (int)lines.len - pane->area.rows)
		p->script_top = (int)lines.len - pane->area.rows;
	if (p->script_top < 0)
		p->script_top = 0;
	for (int y = 0; y < pane->area.rows && p->script_top + y < (int)lines.len; y++)
		draw_field(pane, y, 1, pane->area.cols - 1,
			   p->script_top + y == p->script_changed ? ROLE_CHANGE : ROLE_DIM,
			   lines.items[p->script_top + y].text);
	lines_release(&lines);
}
