/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * isolation_text: what the explanation of a group says to someone who never heard of ACS.
 *
 * Sentences for both faces; the device names in them are untrusted text.
 */
#ifndef ADVICE_ISOLATION_TEXT_H
#define ADVICE_ISOLATION_TEXT_H

#include "advice/isolation.h"
#include "base/str.h"
#include "machine/platform.h"

/* The cause in a few words, for a header: "port 00:01.3 lacks ACS"; nothing for a single device. */
void isolation_brief(const struct topology *t, const struct group_explanation *e, struct str *out);
/* Why the group is as it is: a few sentences, appended. */
void isolation_why(const struct topology *t, const struct group_explanation *e, struct str *out);
/* What would separate it, at what cost, and what to try first; appended; nothing for a single device. */
void isolation_remedy(const struct topology *t, const struct group_explanation *e, struct str *out);
/* How far the explanation can be trusted; appended. */
void isolation_trust(const struct isolation_report *r, struct str *out);
/* Whether this kernel knows pcie_acs_override; appended. */
void isolation_kernel(const struct platform *p, struct str *out);

/* Are all endpoints of this group functions of one slot, so that no override gains anything? */
bool isolation_is_one_card(const struct topology *t, int id);

#endif
