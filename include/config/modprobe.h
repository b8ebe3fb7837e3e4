/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * modprobe: the parts of the modprobe.d target: planning (modprobe.c) of ids (modprobe_ids.c) and of other
 * lines (modprobe_lines.c), and what kmod itself makes of the files afterwards (modprobe_verify.c).
 */
#ifndef CONFIG_MODPROBE_H
#define CONFIG_MODPROBE_H

#include "config/kmod_set.h"
#include "config/target.h"

/*
 * On the live host asks modprobe of the running kernel for vfio-pci's options and for
 * the load order of each waiting driver; elsewhere reads the files by kmod's rules.
 * Then holds the driver of each device bound by ids.
 */
int modprobe_verify(const struct target_context *ctx, const struct wish *wish, struct checks *ret,
		    struct err *reterr);

/* An entry of ids= as "10de:2484", for the caller to free. */
char *modprobe_id_text(const char *entry) must_check;
/* Takes away every id that is not wished, in one pass: a file may have very many. */
void modprobe_prune_ids(struct kmod_set *set, const struct wish *wish);
/* Adds the wished ids that no entry takes, to the ids= that has the last word. */
void modprobe_add_ids(struct kmod_set *set, const struct wish *wish);

/* The lines of wish.options and of the blacklist; adds what is owned afterwards. */
void modprobe_plan_lines(struct kmod_set *set, const struct wish *wish, struct strv *owned);
/* Is a switch of vfio-pci ("disable_vga=1") on, and is a module blacklisted, as the files are? */
bool modprobe_option_holds(const struct kmod_set *set, const char *option) must_check;
bool modprobe_is_blacklisted(const struct kmod_set *set, const char *module) must_check;

#endif
