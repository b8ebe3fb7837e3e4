/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * isolation_split: the narrowest ACS override that parts what goes to a VM from what stays.
 *
 * The order in which overrides are tried is from the one that touches least: the ids of
 * the functions or ports that fail, then "multifunction", "downstream", both.
 */
#ifndef ADVICE_ISOLATION_SPLIT_H
#define ADVICE_ISOLATION_SPLIT_H

#include "advice/isolation.h"
#include "advice/selection.h"

/*
 * The value of pcie_acs_override= (what is in force included) after which no selected endpoint of
 * the report's group of that index is with an endpoint
 * that is not selected; for the caller to free. NULL: none helps.
 */
char *isolation_split(const struct topology *t, const struct isolation_report *r, size_t group,
		      const struct selection *s) must_check;

#endif
