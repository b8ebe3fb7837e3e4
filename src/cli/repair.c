/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An interrupted change, before anything else is written. */
#include <errno.h>

#include "change/undo.h"
#include "cli/cli.h"

int cli_repair(struct cli *c, bool *ret_left, struct err *reterr)
{
	enum recovery found = RECOVERY_NONE;
	auto_str struct str text = STR_INIT;
	int r = undo_recover(c->host, false, &found, &text, reterr);

	*ret_left = true;
	if (r < 0 || found == RECOVERY_NONE)
		return r;
	if (found == RECOVERY_RUNNING)
		return err_set(reterr, -EWOULDBLOCK, "nothing was changed: %s", text.data);
	print_wrapped(&c->out, text.data, 0);
	r = cli_confirm(c, "repair it", reterr);
	if (r < 0)
		return r;
	str_clear(&text);
	cli_hold_signals(c);
	r = undo_recover(c->host, true, &found, &text, reterr);
	if (r < 0)
		return r;
	print_wrapped(&c->out, text.data, 0);
	*ret_left = found == RECOVERY_NEEDED;
	return 0;
}
