/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/trial.h"

#include "base/mem.h"

void trial_check(const struct target_context *ctx, enum trial where, struct checks *ret)
{
	char *what = xstrdup("the trial boot was confirmed");

	if (where == TRIAL_OVER && ctx->host && !host_is_live(ctx->host))
		checks_add(ret, CHECK_UNKNOWN, what,
			   xstrdup("the command that arranges it runs in that system only"), NULL);
	else if (where == TRIAL_OVER)
		checks_add(ret, CHECK_OK, what, NULL, NULL);
	else if (where == TRIAL_AHEAD)
		checks_add(ret, CHECK_AFTER_REBOOT, what,
			   xstrdup("the boot loader has not noted the trial boot yet"),
			   xstrdup("reboot; when all is well: sudo vfiotui keep"));
	else
		checks_add(ret, CHECK_FAILED, what,
			   xstrdup("not yet: the next boot is without passthrough"),
			   xstrdup("when all is well: sudo vfiotui keep"));
}
