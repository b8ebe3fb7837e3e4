/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/script.h"

#include <errno.h>

#include "base/mem.h"
#include "vm/launch_script.h"

/* Is the file there, and is it one that may be written over? */
static int look(struct changes *ret, const char *path, bool *exists, bool *ours, struct err *reterr)
{
	const char *bytes;
	size_t len;
	int r = changes_get(ret, path, &bytes, &len, reterr);

	*exists = r >= 0;
	*ours = r == -ENOENT || (r >= 0 && launch_script_untouched(bytes, len));
	if (r != -ENOENT)
		return r;
	err_clear(reterr);
	return 0;
}

int script_plan(struct changes *ret, const char *path, const struct str *script, const char *why,
		struct err *reterr)
{
	auto_free char *beside = xasprintf("%s.new", path);
	const char *const paths[] = {path, beside};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		bool exists;
		bool ours;
		int r = look(ret, paths[i], &exists, &ours, reterr);

		if (r >= 0 && script && ours) {
			r = changes_set(ret, paths[i], script->data, script->len, 0755,
					i ? "the script was edited by hand and is kept" : why,
					reterr);
			script = NULL;
		} else if (r >= 0 && exists && ours) {
			r = changes_remove(ret, paths[i], "there is nothing to start with it",
					   reterr);
		}
		if (r < 0)
			return r;
	}
	return 0;
}
