/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "change/trial.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/shell.h"
#include "base/text.h"
#include "change/journal.h"
#include "change/plan_loader.h"
#include "config/target.h"
#include "config/trial.h"
#include "host/process.h"

#define TIMEOUT_MS 20000

static bool is_arranged(const struct strv *owned)
{
	for (size_t i = 0; i < owned->len; i++)
		if (text_starts_with(owned->items[i], TRIAL_TOKEN))
			return true;
	return false;
}

int trial_check_plan(const struct plan *p, struct err *reterr)
{
	if (!p->choices.trial || !p->selection.len || is_arranged(&p->changes.owned))
		return 0;
	if (p->choices.no_way_back)
		return err_set(reterr, -EOPNOTSUPP,
			       "a trial boot falls back to the boot entry without passthrough; "
			       "nothing is planned; keep that entry, or go without the trial");
	return err_set(reterr, -EOPNOTSUPP,
		       "a trial boot is not possible here: it takes GRUB with /boot/grub on a "
		       "plain partition (no LVM, RAID, btrfs or ZFS), or systemd-boot with an "
		       "entry that started this system; nothing is planned; go without the trial");
}

int trial_command(const struct situation *s, struct strv *ret, struct err *reterr)
{
	auto_journal struct journal j = JOURNAL_INIT;
	struct plan_situation chosen;
	struct target_context ctx;
	const struct change_record *last;
	int r = journal_load(s->host, &j, reterr);

	last = r < 0 ? NULL : journal_last(&j);
	if (!last)
		return r;
	plan_with_loader(s, &last->choices, &chosen);
	ctx = (struct target_context){
		.files = files_new(s->host),
		.platform = chosen.situation.platform,
		.host = s->host,
	};
	for (size_t i = 0; i < targets_len && !ret->len; i++)
		if (targets[i]->keep && targets[i]->applies(&ctx))
			targets[i]->keep(&ctx, &last->owned, ret);
	files_free(ctx.files);
	return 0;
}

int trial_end(const struct strv *command, struct err *reterr)
{
	struct process_result result = PROCESS_RESULT_INIT;
	const char *argv[8] = {NULL};
	auto_free char *said = strv_join(command, " ");
	int r;

	for (size_t i = 0; i < command->len && i + 1 < ARRAY_SIZE(argv); i++)
		argv[i] = command->items[i];
	r = process_run(argv, TIMEOUT_MS, &result, reterr);
	if (r >= 0 && result.status)
		r = err_set(reterr, -EIO, "%s ended with status %d: %.200s", said, result.status,
			    result.errors.data);
	process_result_release(&result);
	return r < 0 ? err_wrap(reterr, r, "the trial boot still stands") : 0;
}
