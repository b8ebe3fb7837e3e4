/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * override: the value of pcie_acs_override= as a set: from a command line, compared, changed.
 *
 * The patch sets a flag for each word it knows, whatever the order and in however many
 * parameters; words it does not know are skipped.
 */
#ifndef ADVICE_OVERRIDE_H
#define ADVICE_OVERRIDE_H

#include <stdbool.h>

#include "advice/isolation.h"

/* All that the parameters of a kernel command line ask for; NULL or none: the empty set. */
void acs_override_of_line(const char *cmdline, struct acs_override_set *ret);
/* Everything in `part` is in `whole`, too. */
bool acs_override_has(const struct acs_override_set *whole, const struct acs_override_set *part);
bool acs_override_has_id(const struct acs_override_set *set, uint16_t vendor, uint16_t device);
/* Adds an id, or takes it out; false when there is no room. */
bool acs_override_toggle_id(struct acs_override_set *set, uint16_t vendor, uint16_t device);
#endif
