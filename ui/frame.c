/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/frame.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* --- the title --------------------------------------------------------------------- */

static void add_version(struct str *ret, const char *release)
{
	size_t n = strcspn(release, "-+");

	str_adds(ret, "Linux ");
	str_add(ret, release, n ? n : strlen(release));
}

static bool is_noise(const char *word)
{
	static const char *const noise[] = {"AMD", "Intel(R)",  "Core(TM)",
					    "CPU", "Processor", "with"};

	for (size_t i = 0; i < ARRAY_SIZE(noise); i++)
		if (strcmp(word, noise[i]) == 0)
			return true;
	return text_ends_with(word, "-Core");
}

/* "AMD Ryzen 7 5800X 8-Core Processor" is "Ryzen 7 5800X" to its owner. */
static void add_cpu(struct str *ret, const char *model)
{
	auto_strv struct strv words = STRV_INIT;

	strv_split(&words, model, " ");
	for (size_t i = 0;
	     i < words.len && words.items[i][0] != '@' && strcmp(words.items[i], "with") != 0; i++)
		if (!is_noise(words.items[i]))
			str_addf(ret, "%s%s", ret->len ? " " : "", words.items[i]);
}

static void add_iommu(struct str *ret, const struct platform *p)
{
	static const char *const names[] = {
		[CPU_OTHER] = "IOMMU", [CPU_AMD] = "AMD-Vi", [CPU_INTEL] = "VT-d"};

	str_addf(ret, "%s %s", names[p->iommu_of], iommu_state_name(p->iommu));
}

static const char *loader_title(enum boot_loader b)
{
	const char *name = boot_loader_name(b);

	if (b == BOOT_GRUB || b == BOOT_GRUB_BLS)
		return "GRUB";
	return name ? name : "";
}

enum {
	FIELD_PROGRAM,
	FIELD_DEMO,
	FIELD_HOST,
	FIELD_CPU,
	FIELD_KERNEL,
	FIELD_IOMMU,
	FIELD_LOADER,
	FIELD_INITRAMFS,
	FIELDS
};

static void title_fields(const struct app *app, struct str fields[FIELDS])
{
	const struct platform *p = app->situation->platform;
	const char *initramfs = initramfs_name(p->initramfs);

	for (int i = 0; i < FIELDS; i++)
		str_init(&fields[i]);
	str_adds(&fields[FIELD_PROGRAM], "vfiotui");
	if (app->options->demo)
		str_adds(&fields[FIELD_DEMO], app->options->from_file ? "recording" : "demo");
	else if (!host_is_live(app->situation->host))
		str_adds(&fields[FIELD_DEMO], "--root");
	str_adds(&fields[FIELD_HOST], p->hostname ? p->hostname : "");
	if (p->cpu_model)
		add_cpu(&fields[FIELD_CPU], p->cpu_model);
	if (p->kernel)
		add_version(&fields[FIELD_KERNEL], p->kernel);
	add_iommu(&fields[FIELD_IOMMU], p);
	str_adds(&fields[FIELD_LOADER], loader_title(p->boot_loader));
	str_adds(&fields[FIELD_INITRAMFS], initramfs ? initramfs : "");
}

void frame_title(const struct app *app, const struct canvas *line)
{
	/* Who gives way last stands first. */
	static const int by_weight[] = {FIELD_PROGRAM, FIELD_DEMO,   FIELD_IOMMU,  FIELD_HOST,
					FIELD_CPU,     FIELD_KERNEL, FIELD_LOADER, FIELD_INITRAMFS};
	struct str fields[FIELDS];
	bool shown[FIELDS] = {false};
	int room = line->area.cols - 1, col = 1;

	title_fields(app, fields);
	for (size_t i = 0; i < ARRAY_SIZE(by_weight); i++) {
		int f = by_weight[i];
		int columns = text_columns(line->charset, fields[f].data) + 2;

		if (columns == 2 || columns > room + 1)
			continue;
		shown[f] = true;
		room -= columns;
	}
	for (int f = 0; f < FIELDS; f++) {
		enum role role = f == FIELD_PROGRAM ? ROLE_TITLE
				 : f == FIELD_DEMO  ? ROLE_WARN
						    : ROLE_TEXT;

		if (f == FIELD_IOMMU && app->situation->platform->iommu != IOMMU_ON)
			role = ROLE_WARN;
		if (shown[f])
			col = draw_text(line, 0, col, role, fields[f].data) + 2;
		str_release(&fields[f]);
	}
}

/* --- next line and key bar ------------------------------------------------------------ */

static enum role next_role(enum sign sign)
{
	return sign == SIGN_NONE || sign == SIGN_CHANGE ? ROLE_TITLE : sign_role(sign);
}

void frame_next(const struct app *app, const struct canvas *line, enum sign sign, const char *text,
		const char *right)
{
	const char *shown = app->message ? app->message : text;
	enum role role = next_role(app->message ? app->message_sign : sign);
	int room = line->area.cols - 2;
	int used = text_columns(line->charset, shown);
	int aside = text_columns(line->charset, right);

	if (used > room)
		used = room;
	draw_field(line, 0, 1, used, role, shown);
	if (aside && used + aside + 3 <= line->area.cols)
		draw_text(line, 0, line->area.cols - aside - 1, ROLE_TEXT, right);
}

const char *frame_fit(const struct canvas *screen, const char *text, const char *brief)
{
	return text_columns(screen->charset, text) + 2 <= screen->area.cols ? text : brief;
}

struct bar {
	const struct key_row *rows[64];
	size_t len;
	int columns;
};

static int bar_columns(const struct canvas *line, const struct key_row *row)
{
	return text_columns(line->charset, row->shown) + text_columns(line->charset, row->name) + 3;
}

/* Takes out the row that is missed least: of the highest rank the last. */
static void bar_shrink(struct bar *b, const struct canvas *line)
{
	size_t out = 0;

	for (size_t i = 0; i < b->len; i++)
		if (b->rows[i]->rank >= b->rows[out]->rank)
			out = i;
	b->columns -= bar_columns(line, b->rows[out]);
	b->len--;
	memmove(&b->rows[out], &b->rows[out + 1], (b->len - out) * sizeof(b->rows[0]));
}

void frame_keys(const struct app *app, const struct view *v, const struct canvas *line)
{
	struct bar b = {.len = 0};
	int col = 1;

	for (size_t i = 0; i < key_rows_len && b.len < ARRAY_SIZE(b.rows); i++) {
		const struct key_row *row = &key_rows[i];

		if (!(row->where & v->ops->id) || !*row->name ||
		    (v->ops->can && !v->ops->can(app, v, row->action)))
			continue;
		b.rows[b.len++] = row;
		b.columns += bar_columns(line, row);
	}
	while (b.len > 1 && b.columns > line->area.cols)
		bar_shrink(&b, line);
	for (size_t i = 0; i < b.len; i++) {
		col = draw_text(line, 0, col, ROLE_KEY, b.rows[i]->shown) + 1;
		col = draw_text(line, 0, col, ROLE_TEXT, b.rows[i]->name) + 2;
	}
}

/* --- boxes and lists ------------------------------------------------------------------ */

void frame_clear(const struct canvas *c)
{
	for (int row = 0; row < c->area.rows; row++)
		draw_field(c, row, 0, c->area.cols, ROLE_TEXT, "");
}

static void put_corners(const struct canvas *box)
{
	static const char *const corners[] = {"┌", "┐", "└", "┘"};
	struct canvas lines = *box;

	if (box->charset == CHARSET_CONSOLE)
		lines.charset = CHARSET_UTF8;
	for (int i = 0; i < 4; i++)
		draw_text(&lines, i < 2 ? 0 : box->area.rows - 1, i % 2 ? box->area.cols - 1 : 0,
			  ROLE_DIM, box->charset == CHARSET_ASCII ? "+" : corners[i]);
}

struct canvas frame_box(const struct canvas *screen, int rows, int cols, const char *title)
{
	struct canvas outer, inner;

	if (cols > screen->area.cols)
		cols = screen->area.cols;
	if (rows > screen->area.rows)
		rows = screen->area.rows;
	outer = canvas_part(screen, (struct rect){(screen->area.rows - rows) / 2,
						  (screen->area.cols - cols) / 2, rows, cols});
	frame_clear(&outer);
	draw_rule(&outer, 0, title, "");
	draw_rule(&outer, rows - 1, "", "");
	put_corners(&outer);
	inner = canvas_part(&outer, (struct rect){1, 0, rows - 2, cols});
	draw_vertical(&inner, 0);
	draw_vertical(&inner, cols - 1);
	return canvas_part(&inner, (struct rect){0, 2, rows - 2, cols - 4});
}

void frame_scroll(int *top, int at, int height, int len)
{
	int most = len > height ? len - height : 0;

	if (at < *top)
		*top = at;
	if (height > 0 && at >= *top + height)
		*top = at - height + 1;
	if (*top > most)
		*top = most;
	if (*top < 0)
		*top = 0;
}
