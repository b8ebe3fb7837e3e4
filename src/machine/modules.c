/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/modules.h"

#include <errno.h>
#include <fnmatch.h>
#include <libkmod.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

#define MODULES_DIR "/lib/modules"
#define NAMES_MAX 64 /* modules for one device: what goes beyond is no honest list */

/* What depmod said about one kernel release. */
struct index {
	char *release;
	bool complete;                /* modules.dep was readable */
	struct str loadable, builtin; /* the text of modules.dep and modules.builtin */
};

struct resolved {
	char *modalias;
	struct strv names;
};

struct modules {
	const struct host *host;
	char *release;         /* NULL: no kernel has modules here */
	struct kmod_ctx *kmod; /* NULL: no indexes for libkmod */
	bool opened;
	struct str aliases; /* modules.alias, where libkmod has no index */
	struct index **indexes;
	size_t indexes_len, indexes_cap;
	void *resolved; /* tree of struct resolved, see tsearch(3) */
};

/* --- releases ---------------------------------------------------------------- */

static bool has_modules(const struct host *host, const char *release)
{
	static const char *const proofs[] = {"modules.dep", "modules.dep.bin", "modules.builtin"};

	for (size_t i = 0; i < ARRAY_SIZE(proofs); i++) {
		auto_free char *path = xasprintf(MODULES_DIR "/%s/%s", release, proofs[i]);

		if (host_exists(host, path))
			return true;
	}
	return false;
}

/* Newest first. A release candidate comes before the release: "-rc" sorts like "~" in packages. */
static int compare_releases(const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;
	const char *x_rc = strstr(x, "-rc"), *y_rc = strstr(y, "-rc");
	size_t x_len = x_rc ? (size_t)(x_rc - x) : strcspn(x, "-");
	size_t y_len = y_rc ? (size_t)(y_rc - y) : strcspn(y, "-");

	if (!x_rc != !y_rc && x_len == y_len && !memcmp(x, y, x_len))
		return x_rc ? 1 : -1;
	return strverscmp(y, x);
}

void modules_releases(const struct host *host, struct strv *ret)
{
	auto_strv struct strv names = STRV_INIT;
	size_t first = ret->len;

	if (host_list(host, MODULES_DIR, &names, NULL) < 0)
		return;
	for (size_t i = 0; i < names.len; i++)
		if (has_modules(host, names.items[i]))
			strv_add(ret, names.items[i]);
	if (ret->len > first)
		qsort(ret->items + first, ret->len - first, sizeof(*ret->items), compare_releases);
}

/* A mounted system may have this machine's proc below it, with a kernel that it does not have. */
static char *find_release(const struct host *host)
{
	auto_strv struct strv all = STRV_INIT;
	auto_str struct str running = STR_INIT;

	if (host_read_line(host, "/proc/sys/kernel/osrelease", &running, NULL) == 0 &&
	    running.len && !strchr(running.data, '/') && running.data[0] != '.' &&
	    (host_is_live(host) || has_modules(host, running.data)))
		return str_take(&running);
	if (host_is_live(host))
		return NULL;
	modules_releases(host, &all);
	return all.len ? xstrdup(all.items[0]) : NULL;
}

/* --- aliases ----------------------------------------------------------------- */

static void be_quiet(void *data, int priority, const char *file, int line, const char *fn,
		     const char *format, va_list args)
{
	(void)data, (void)priority, (void)file, (void)line, (void)fn, (void)format, (void)args;
}

/*
 * A context for this machine's own modules, or NULL. Not for another root: libkmod follows links out of
 * it, waits at pipes, and believes an index's offsets, so that a damaged one ends the program. The text that depmod
 * writes beside its indexes says the same.
 */
static struct kmod_ctx *open_kmod(const struct host *host, const char *release)
{
	static const char *const no_config[] = {NULL};
	auto_free char *path = xasprintf(MODULES_DIR "/%s", release);
	auto_free char *index = xasprintf("%s/modules.alias.bin", path);
	struct kmod_ctx *kmod;

	if (!host_is_live(host) || !host_exists(host, index))
		return NULL;
	kmod = kmod_new(path, no_config);
	if (!kmod)
		return NULL;
	kmod_set_log_fn(kmod, be_quiet, NULL);
	if (kmod_load_resources(kmod) < 0)
		return kmod_unref(kmod);
	return kmod;
}

static bool read_index(const struct host *host, const char *release, const char *name,
		       struct str *ret)
{
	auto_free char *path = xasprintf(MODULES_DIR "/%s/%s", release, name);

	return host_read(host, path, ret, NULL) == 0;
}

static void open_aliases(struct modules *m)
{
	if (m->opened || !m->release)
		return;
	m->opened = true;
	m->kmod = open_kmod(m->host, m->release);
	if (!m->kmod)
		read_index(m->host, m->release, "modules.alias", &m->aliases);
}

static void ask_kmod(struct kmod_ctx *kmod, const char *modalias, struct strv *ret)
{
	struct kmod_list *list = NULL, *item;

	if (kmod_module_new_from_lookup(kmod, modalias, &list) < 0)
		return;
	kmod_list_foreach(item, list)
	{
		struct kmod_module *mod = kmod_module_get_module(item);

		strv_add_unique(ret, kmod_module_get_name(mod));
		kmod_module_unref(mod);
	}
	kmod_module_unref_list(list);
}

/* Whether a pattern can match, from the characters before its first special one; most can't. */
static bool may_match(const char *pattern, size_t len, const char *modalias)
{
	size_t n = 0;

	while (n < len && !strchr("*?[\\ \t", pattern[n]))
		n++;
	return !strncmp(pattern, modalias, n);
}

/* One "alias PATTERN MODULE" line of modules.alias. */
static void try_alias_line(const char *line, size_t len, const char *modalias, struct strv *ret)
{
	auto_strv struct strv words = STRV_INIT;
	auto_free char *copy = NULL;

	if (len < 11 || memcmp(line, "alias pci:", 10) || !may_match(line + 6, len - 6, modalias))
		return;
	copy = xstrndup(line, len);
	strv_split(&words, copy, " \t\r");
	if (words.len == 3 && !fnmatch(words.items[1], modalias, 0))
		strv_add_unique(ret, words.items[2]);
}

static void ask_text(const struct str *aliases, const char *modalias, struct strv *ret)
{
	const char *at = aliases->data, *end = at + aliases->len;

	while (at < end && ret->len < NAMES_MAX) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline ? newline : end;

		try_alias_line(at, (size_t)(stop - at), modalias, ret);
		at = stop + 1;
	}
}

static int compare_resolved(const void *a, const void *b)
{
	return strcmp(((const struct resolved *)a)->modalias,
		      ((const struct resolved *)b)->modalias);
}

static void resolved_free(void *p)
{
	struct resolved *r = p;

	free(r->modalias);
	strv_release(&r->names);
	free(r);
}

static const struct resolved *resolve(struct modules *m, const char *modalias)
{
	struct resolved *r = xcalloc(1, sizeof(*r));
	struct resolved *const *slot;

	r->modalias = xstrdup(modalias);
	slot = tsearch(r, &m->resolved, compare_resolved);
	if (!slot)
		abort();
	if (*slot != r) {
		resolved_free(r);
		return *slot;
	}
	if (m->kmod)
		ask_kmod(m->kmod, modalias, &r->names);
	else
		ask_text(&m->aliases, modalias, &r->names);
	return r;
}

void modules_for_alias(struct modules *m, const char *modalias, struct strv *ret)
{
	if (!text_starts_with(modalias, "pci:"))
		return;
	open_aliases(m);
	if (m->kmod || m->aliases.len)
		strv_copy(ret, &resolve(m, modalias)->names);
}

/* --- the state of one module -------------------------------------------------- */

static const struct index *find_index(struct modules *m, const char *release)
{
	struct index *index;

	for (size_t i = 0; i < m->indexes_len; i++)
		if (!strcmp(m->indexes[i]->release, release))
			return m->indexes[i];
	index = xcalloc(1, sizeof(*index));
	index->release = xstrdup(release);
	str_init(&index->loadable);
	str_init(&index->builtin);
	index->complete = read_index(m->host, release, "modules.dep", &index->loadable);
	read_index(m->host, release, "modules.builtin", &index->builtin);
	m->indexes = grow(m->indexes, m->indexes_len, &m->indexes_cap, sizeof(*m->indexes));
	m->indexes[m->indexes_len++] = index;
	return index;
}

static char fold(char c)
{
	return c == '-' ? '_' : c;
}

/* True when the path that ends at `end` is of that module: ".../vfio-pci.ko.zst" is vfio_pci. */
static bool is_path_of(const char *line, const char *end, const char *name)
{
	const char *base = end;
	size_t len = strlen(name);

	while (base > line && base[-1] != '/')
		base--;
	if ((size_t)(end - base) < len + 3 || memcmp(base + len, ".ko", 3) ||
	    (base + len + 3 < end && base[len + 3] != '.'))
		return false;
	for (size_t i = 0; i < len; i++)
		if (fold(base[i]) != fold(name[i]))
			return false;
	return true;
}

/* Looks for a module among lines that begin with a path, which a colon may end. */
static bool lists_module(const struct str *index, const char *name)
{
	const char *at = index->data, *end = at + index->len;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline ? newline : end;
		const char *colon = memchr(at, ':', (size_t)(stop - at));

		if (is_path_of(at, colon ? colon : stop, name))
			return true;
		at = stop + 1;
	}
	return false;
}

enum module_state modules_state(struct modules *m, const char *release, const char *name)
{
	const struct index *index;

	if (!release)
		release = m->release;
	if (!release || strchr(release, '/'))
		return MODULE_UNKNOWN;
	index = find_index(m, release);
	if (lists_module(&index->builtin, name))
		return MODULE_BUILTIN;
	if (!index->complete)
		return MODULE_UNKNOWN;
	return lists_module(&index->loadable, name) ? MODULE_LOADABLE : MODULE_MISSING;
}

/* --- the whole ----------------------------------------------------------------- */

struct modules *modules_new(const struct host *host)
{
	struct modules *m = xcalloc(1, sizeof(*m));

	m->host = host;
	m->release = find_release(host);
	str_init(&m->aliases);
	return m;
}

static void index_free(struct index *index)
{
	free(index->release);
	str_release(&index->loadable);
	str_release(&index->builtin);
	free(index);
}

void modules_free(struct modules *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->indexes_len; i++)
		index_free(m->indexes[i]);
	tdestroy(m->resolved, resolved_free);
	free(m->indexes);
	free(m->release);
	str_release(&m->aliases);
	kmod_unref(m->kmod);
	free(m);
}
