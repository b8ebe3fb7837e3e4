/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ids= of vfio-pci in modprobe.d: what is not wished goes away wherever it stands, what is missing joins. */
#include <string.h>

#include "base/mem.h"
#include "config/modprobe.h"

/* An entry of ids= as "10de:2484". */
char *modprobe_id_text(const char *entry)
{
	struct kmod_id id;

	if (!kmod_id_parse(entry, strlen(entry), &id))
		return xstrdup(entry);
	return xasprintf("%04x:%04x", id.vendor, id.device);
}

static bool entry_wished(const struct wish *wish, const char *entry)
{
	auto_free char *id = modprobe_id_text(entry);

	return strv_has(&wish->ids, id);
}

/* Does one entry of ids= match a device? The kernel's pci_match_one_device(). */
static bool entry_matches(const struct kmod_id *id, const struct wish_device *d)
{
	return id->vendor == d->vendor && id->device == d->id &&
	       (id->subvendor == KMOD_ID_ANY || id->subvendor == d->subvendor) &&
	       (id->subdevice == KMOD_ID_ANY || id->subdevice == d->subdevice) &&
	       !((id->class_code ^ d->class_code) & id->class_mask);
}

/* True when the entries take every device with that wished id. */
static bool entries_cover(const struct strv *entries, const struct wish *wish, const char *wished)
{
	bool named = false;
	bool plain = false;

	for (size_t i = 0; i < entries->len; i++) {
		auto_free char *text = modprobe_id_text(entries->items[i]);

		named |= !strcmp(text, wished);
		plain |= !strcasecmp(entries->items[i], wished);
	}
	for (size_t i = 0; named && !plain && i < wish->len; i++) {
		const struct wish_device *d = &wish->devices[i];
		auto_free char *own = xasprintf("%04x:%04x", d->vendor, d->id);
		bool taken = d->by_address || strcmp(own, wished) != 0;

		for (size_t j = 0; !taken && j < entries->len; j++) {
			struct kmod_id id;

			taken = kmod_id_parse(entries->items[j], strlen(entries->items[j]), &id) &&
				entry_matches(&id, d);
		}
		named = taken;
	}
	return named;
}

/* --- ids that are not wished any more: one pass, since a file may have very many of them ---- */

/* A file's bytes as they become, copied so far. */
struct cutter {
	const struct kmod_file *file;
	struct str now;
	size_t copied;
	bool changed;
};

static void cut(struct cutter *c, size_t from, size_t to, const char *with)
{
	str_add(&c->now, c->file->bytes.data + c->copied, from - c->copied);
	str_adds(&c->now, with);
	c->copied = to;
	c->changed = true;
}

/* The wished entries of one ids= parameter; *ret_all when that is each of them. */
static char *wished_entries(const struct kmod_ids *ids, const struct wish *wish, bool *ret_all)
{
	auto_strv struct strv entries = STRV_INIT;
	auto_strv struct strv kept = STRV_INIT;

	kmod_ids_entries(ids, &entries);
	for (size_t i = 0; i < entries.len; i++)
		if (entry_wished(wish, entries.items[i]))
			strv_add(&kept, entries.items[i]);
	*ret_all = kept.len == entries.len;
	return strv_join(&kept, ",");
}

/* Is nothing left on the line that is worth keeping? What comes behind a '#' is not. */
static bool is_emptied(struct kmod_ids *ids, size_t rest, const struct wish *wish)
{
	const struct kmod_line *l = &ids->file->conf.lines[ids->line];
	bool removes = false;

	while (kmod_param_next(l->text, &rest, &ids->param)) {
		auto_free char *kept = NULL;
		bool all = true;

		if (l->text[ids->param.start] == '#')
			return removes;
		if (kmod_param_named(l->text, &ids->param, "ids"))
			kept = wished_entries(ids, wish, &all);
		if (all || *kept)
			return false;
		removes = true;
	}
	return removes;
}

static void prune_param(struct cutter *c, const struct kmod_ids *ids, const struct wish *wish)
{
	const struct kmod_line *l = &ids->file->conf.lines[ids->line];
	size_t from = ids->param.start;
	bool all;
	auto_free char *kept = wished_entries(ids, wish, &all);

	if (all)
		return;
	if (*kept) {
		cut(c, l->at[ids->param.value_start], l->at[ids->param.value_end - 1] + 1, kept);
		return;
	}
	while (from && strchr(" \t", l->text[from - 1]))
		from--;
	cut(c, l->at[from - 1] + 1, l->at[ids->param.end - 1] + 1, "");
}

static void prune_line(struct cutter *c, struct kmod_file *f, size_t line, size_t rest,
		       const struct wish *wish)
{
	const struct kmod_line *l = &f->conf.lines[line];
	struct kmod_ids ids = {.file = f, .line = line};

	if (is_emptied(&ids, rest, wish)) {
		cut(c, l->start, l->end, "");
		return;
	}
	while (kmod_param_next(l->text, &rest, &ids.param))
		if (kmod_param_named(l->text, &ids.param, "ids"))
			prune_param(c, &ids, wish);
}

static void prune_file(struct kmod_file *f, const struct wish *wish)
{
	struct cutter c = {.file = f, .now = STR_INIT};
	size_t rest;

	for (size_t i = 0; i < f->conf.len; i++)
		if (kmod_line_is(&f->conf.lines[i], "options", "vfio_pci", &rest))
			prune_line(&c, f, i, rest, wish);
	str_add(&c.now, f->bytes.data + c.copied, f->bytes.len - c.copied);
	if (c.changed)
		kmod_file_replace(f, &c.now);
	str_release(&c.now);
}

void modprobe_prune_ids(struct kmod_set *set, const struct wish *wish)
{
	for (size_t i = 0; i < set->len; i++)
		if (!set->files[i].kernel)
			prune_file(&set->files[i], wish);
}

/* Wished ids that the entries don't take. */
static void missing_ids(const struct wish *wish, const struct strv *entries, struct strv *ret)
{
	for (size_t i = 0; i < wish->ids.len; i++)
		if (!entries_cover(entries, wish, wish->ids.items[i]))
			strv_add(ret, wish->ids.items[i]);
}

void modprobe_add_ids(struct kmod_set *set, const struct wish *wish)
{
	auto_strv struct strv entries = STRV_INIT;
	auto_strv struct strv missing = STRV_INIT;
	auto_free char *joined = NULL;
	auto_free char *with = NULL;
	const struct kmod_line *l;
	struct kmod_ids ids;
	bool found = kmod_ids_last(set, &ids);

	if (found)
		kmod_ids_entries(&ids, &entries);
	missing_ids(wish, &entries, &missing);
	if (!missing.len)
		return;
	joined = strv_join(&missing, ",");
	if (!found) {
		with = xasprintf("options vfio-pci ids=%s", joined);
		kmod_file_append(kmod_set_file(set, KMOD_VFIO_NAME), with);
		return;
	}
	l = &ids.file->conf.lines[ids.line];
	if (entries.len) {
		size_t at = l->at[ids.param.value_end - 1] + 1;

		with = xasprintf(",%s", joined);
		kmod_file_splice(ids.file, at, at, with);
	} else { /* "ids=" or "ids=foo" has the last word and names nothing */
		size_t at = l->at[ids.param.end - 1] + 1;

		with = xasprintf(" ids=%s", joined);
		kmod_file_splice(ids.file, at, at, with);
	}
}
