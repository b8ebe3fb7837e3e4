/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "change/plan_vm.h"

#include <errno.h>

int plan_vm_profile(const struct situation *s, const struct vm_profile *p, struct plan **ret,
		    struct err *reterr)
{
	auto_free char *path = vm_profile_path(p->name);
	auto_str struct str before = STR_INIT;
	auto_str struct str after = STR_INIT;
	int r = host_read(s->host, path, &before, reterr);
	const bool is_new = r == -ENOENT;

	if (r < 0 && !is_new)
		return r;
	err_clear(reterr);
	vm_profile_write(is_new ? NULL : before.data, before.len, p, &after);
	return plan_build_vm(s, p->name, after.data, after.len, ret, reterr);
}

int plan_vm_delete(const struct situation *s, const char *name, struct plan **ret,
		   struct err *reterr)
{
	return plan_build_vm(s, name, NULL, 0, ret, reterr);
}
