/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * topology_text: a snapshot for tests, one row a device:
 *	"BDF GROUP CLASS6 VENDOR:DEVICE DRIVER [bridge] [vga] [noreset] [vf] [module=NAME] [secondary=HH]
 *	[reset=NAME] [vfs=N]"
 * GROUP and DRIVER may be "-". Rows may come in any order.
 */
#ifndef TESTS_TOPOLOGY_TEXT_H
#define TESTS_TOPOLOGY_TEXT_H

#include "machine/topology.h"

/* Rows up to a NULL; aborts on a row it can't read; the caller frees. */
struct topology *topology_text(const char *const *rows) must_check;

#endif
