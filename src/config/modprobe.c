/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * modprobe.d: which ids vfio-pci takes, and which drivers wait for it.
 *
 * Edits, in this order: ids that are not wished go away wherever they stand; missing
 * ones join the ids= that has the last word, else a new line of vfio.conf; each host
 * driver gets a softdep that decides (config/kmod_set.h says why that is not always
 * vfio.conf). Owned: "softdep:MODULE", "created:NAME".
 */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "config/kmod_set.h"
#include "config/modprobe.h"
#include "config/target.h"

#define IDS_MAX 1023 /* vfio_pci.c: char ids[1024] */

static const char name[] = "modprobe";

static bool has_module(const struct strv *v, const char *module)
{
	for (size_t i = 0; i < v->len; i++) {
		const char *a = v->items[i];
		const char *b = module;

		while (*a && (*a == *b || (*a == '-' && *b == '_')))
			a++, b++;
		if (!*a && !*b)
			return true;
	}
	return false;
}

static bool softdep_holds(const struct kmod_set *set, const char *module)
{
	auto_strv struct strv pre = STRV_INIT;
	auto_strv struct strv post = STRV_INIT;
	struct kmod_file *f;
	size_t rest;
	const struct kmod_line *l = kmod_set_decider(set, "softdep", module, &f, &rest);

	if (!l)
		return false;
	kmod_softdep_split(l->text + rest, &pre, &post);
	return has_module(&pre, "vfio_pci");
}

/*
 * Our line: vfio-pci first, then what the line that decides now asks for, so that
 * nothing gets lost ("softdep r8169 pre: realtek" is inside r8169 itself).
 */
static char *softdep_line(const struct kmod_set *set, const char *module)
{
	auto_strv struct strv pre = STRV_INIT;
	auto_strv struct strv post = STRV_INIT;
	struct str line = STR_INIT;
	struct kmod_file *f = NULL;
	size_t rest;
	const struct kmod_line *l = kmod_set_decider(set, "softdep", module, &f, &rest);

	if (l)
		kmod_softdep_split(l->text + rest, &pre, &post);
	for (size_t i = 0; l && f->kernel && i < set->len; i++)
		for (size_t j = 0; set->files[i].kernel && j < set->files[i].conf.len; j++)
			if (kmod_line_is(&set->files[i].conf.lines[j], "softdep", module, &rest))
				kmod_softdep_split(set->files[i].conf.lines[j].text + rest, &pre,
						   &post);
	str_addf(&line, "softdep %s pre: vfio-pci", module);
	for (size_t i = 0; i < pre.len; i++)
		if (strv_find(&pre, pre.items[i]) == (long)i)
			str_addf(&line, " %s", pre.items[i]);
	for (size_t i = 0; i < post.len; i++)
		if (strv_find(&post, post.items[i]) == (long)i)
			str_addf(&line, "%s %s", i ? "" : " post:", post.items[i]);
	return str_take(&line);
}

static void softdep_add(struct kmod_set *set, const char *module)
{
	auto_free char *line = softdep_line(set, module);
	auto_free char *ended = xasprintf("%s\n", line);
	struct kmod_file *f;
	size_t rest;
	const struct kmod_line *l = kmod_set_decider(set, "softdep", module, &f, &rest);

	if (!l)
		kmod_file_append(kmod_set_file(set, KMOD_VFIO_NAME), line);
	else if (f->package)
		kmod_file_append(kmod_set_file(set, KMOD_EARLY_NAME), line);
	else
		kmod_file_splice(f, l->start, l->start, ended);
}

/* Removes the line that softdep_add() once wrote. */
static void softdep_remove(struct kmod_set *set, const char *module)
{
	auto_free char *line = xasprintf("softdep %s pre: vfio-pci", module);
	size_t n = strlen(line);

	for (size_t i = 0; i < set->len; i++) {
		struct kmod_file *f = &set->files[i];

		for (size_t j = 0; !f->package && j < f->conf.len; j++) {
			const struct kmod_line *l = &f->conf.lines[j];

			if (strncmp(l->text, line, n) || (l->text[n] && l->text[n] != ' '))
				continue;
			kmod_file_splice(f, l->start, l->end, "");
			return;
		}
	}
}

/*
 * A module with an install command gets no softdep: kmod forgets the command of a
 * module that has one, and "install nouveau /bin/false" would load it again.
 */
static bool wants_softdep(const struct kmod_set *set, const struct wish *wish, const char *module)
{
	struct kmod_file *f;
	size_t rest;

	return strv_has(&wish->host_modules, module) && strcmp(module, "vfio_pci") != 0 &&
	       !kmod_set_decider(set, "install", module, &f, &rest);
}

static void plan_softdeps(struct kmod_set *set, const struct wish *wish, struct strv *owned)
{
	for (size_t i = 0; i < wish->owned.len; i++) {
		const char *token = wish->owned.items[i];
		const char *module = token + strlen("modprobe softdep:");

		if (!text_starts_with(token, "modprobe softdep:"))
			continue;
		if (wants_softdep(set, wish, module) && softdep_holds(set, module))
			strv_add(owned, token);
		else
			softdep_remove(set, module);
	}
	for (size_t i = 0; i < wish->host_modules.len; i++) {
		const char *module = wish->host_modules.items[i];

		if (!wants_softdep(set, wish, module) || softdep_holds(set, module))
			continue;
		softdep_add(set, module);
		strv_addf(owned, "%s softdep:%s", name, module);
	}
}

/* Refuses when vfio-pci is kept from loading, or when the last word is not ours after all. */
static int check_result(const struct kmod_set *set, const struct wish *wish, struct err *reterr)
{
	static const char *const nothing[] = {"/bin/true", "/bin/false", "/usr/bin/true",
					      "/usr/bin/false"};
	auto_free char *ids = strv_join(&wish->ids, ",");
	struct kmod_file *f;
	size_t rest;
	const struct kmod_line *l = kmod_set_decider(set, "install", "vfio_pci", &f, &rest);

	for (size_t i = 0; wish->len && l && i < ARRAY_SIZE(nothing); i++) {
		size_t n = strlen(nothing[i]);

		rest += strspn(l->text + rest, " \t");
		if (!strncmp(l->text + rest, nothing[i], n) &&
		    strspn(l->text + rest + n, " \t\r") == strlen(l->text + rest + n))
			return err_set(reterr, -EINVAL,
				       "%s, line %zu: \"install\" runs %s instead of loading "
				       "vfio-pci; nothing was changed, remove that line first",
				       f->path, l->number, nothing[i]);
	}
	if (strlen(ids) > IDS_MAX)
		return err_set(reterr, -E2BIG,
			       "%s: %zu device ids are more than vfio-pci's ids= can hold; nothing "
			       "was changed, hand over fewer devices",
			       MODPROBE_PATH, wish->ids.len);
	return 0;
}

/*
 * What makes the kernel read vfio-pci's options otherwise than they look: "--" ends them
 * (kernel/params.c parse_args), a quote that stays open swallows those of later lines.
 */
static const char *odd_options(const struct kmod_line *l, size_t rest)
{
	const char *cr = strchr(l->text + rest, '\r'); /* one at the end is a DOS line ending */
	struct kmod_param p;
	bool quoted = false;

	if (strpbrk(l->text + rest, "\v\f") || (cr && cr[1]))
		return "a control character, a blank to the kernel but not to kmod, stands in it";
	for (const char *q = l->text + rest; *q; q++)
		quoted ^= *q == '"';
	if (quoted)
		return "a quote does not end";
	while (kmod_param_next(l->text, &rest, &p)) {
		if (p.end - p.start == 2 && !strncmp(l->text + p.start, "--", 2))
			return "the kernel ignores all options of vfio-pci behind \"--\"";
		if (memchr(l->text + p.value_start, '"', p.value_end - p.value_start))
			return "a quote stands inside a value";
	}
	return NULL;
}

static int check_options(const struct kmod_set *set, const struct wish *wish, struct err *reterr)
{
	for (size_t i = 0; wish->ids.len && i < set->len; i++) {
		const struct str *bytes = &set->files[i].bytes;

		if (bytes->len && memchr(bytes->data, '\0', bytes->len))
			return err_set(
				reterr, -EINVAL,
				"%s holds a NUL byte, so it is no text; nothing was changed, "
				"mend or remove it first",
				set->files[i].path);
		for (size_t j = 0; j < set->files[i].conf.len; j++) {
			const struct kmod_line *l = &set->files[i].conf.lines[j];
			size_t rest;
			const char *odd = kmod_line_is(l, "options", "vfio_pci", &rest)
						  ? odd_options(l, rest)
						  : NULL;

			if (odd)
				return err_set(reterr, -EINVAL,
					       "%s, line %zu: %s; nothing was changed, mend that "
					       "line first",
					       set->files[i].path, l->number, odd);
		}
	}
	return 0;
}

static int write_file(const struct target_context *ctx, const struct wish *wish,
		      const struct kmod_file *f, struct changes *ret, struct err *reterr)
{
	auto_free char *token = xasprintf("created:%s", f->name);
	auto_str struct str base = STR_INIT;
	bool ours = f->created || wish_owns(wish, name, token);
	const char *why = wish->ids.len ? "vfio-pci takes the devices before their drivers do"
					: "vfio-pci takes no device by its ids any more";
	int r;

	if (f->package || (!f->exists && !f->changed))
		return 0;
	if (f->mask)
		return err_set(
			reterr, -EINVAL,
			"%s is a link to /dev/null or to nothing, which switches it off, and "
			"its lines would be lost; remove the link first, nothing was "
			"changed",
			f->path);
	if (ours) {
		r = kmod_set_base(ctx, f->name, &base, reterr);
		if (r < 0)
			return r;
	}
	if (f->changed && ours && str_equal(&f->bytes, &base)) {
		r = f->exists ? changes_remove(ret, f->path, why, reterr) : 0;
	} else {
		if (ours)
			strv_addf(&ret->owned, "%s %s", name, token);
		r = f->changed ? changes_set(ret, f->path, f->bytes.data, f->bytes.len, 0644, why,
					     reterr)
			       : 0;
	}
	ret->reboot |= changes_touch(ret, f->path);
	return r;
}

static int plan(const struct target_context *ctx, const struct wish *wish, struct changes *ret,
		struct err *reterr)
{
	auto_kmod_set struct kmod_set set = KMOD_SET_INIT;
	auto_strv struct strv owned = STRV_INIT;
	int r = kmod_set_load(&set, ctx, ret, reterr);

	if (r >= 0)
		r = check_result(&set, wish, reterr);
	if (r >= 0)
		r = check_options(&set, wish, reterr);
	if (r < 0)
		return r;
	modprobe_prune_ids(&set, wish);
	modprobe_add_ids(&set, wish);
	plan_softdeps(&set, wish, &owned);
	modprobe_plan_lines(&set, wish, &owned);
	for (size_t i = 0; r >= 0 && i < set.len; i++)
		r = write_file(ctx, wish, &set.files[i], ret, reterr);
	if (r >= 0)
		strv_copy(&ret->owned, &owned);
	return r;
}

static int present(const struct target_context *ctx, struct present *ret, struct err *reterr)
{
	auto_kmod_set struct kmod_set set = KMOD_SET_INIT;
	auto_strv struct strv entries = STRV_INIT;
	struct kmod_ids ids;
	int r = kmod_set_load(&set, ctx, NULL, reterr);

	if (r < 0 || !kmod_ids_last(&set, &ids))
		return r;
	kmod_ids_entries(&ids, &entries);
	for (size_t i = 0; i < entries.len; i++) {
		auto_free char *id = modprobe_id_text(entries.items[i]);

		strv_add_unique(&ret->ids, id);
	}
	if (entries.len)
		strv_add_unique(&ret->where, ids.file->path);
	return 0;
}

static bool applies(const struct target_context *ctx)
{
	(void)ctx;
	return true;
}

const struct target target_modprobe = {
	.name = name,
	.applies = applies,
	.present = present,
	.plan = plan,
	.verify = modprobe_verify,
};
