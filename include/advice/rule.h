/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rule: what the files of rules share: one row of the table, the facts that are made
 * once for all rules, and the words for devices. Only src/advice/rules*.c use it.
 *
 * A rule looks at the context and adds its findings with rule_add(). Texts are for
 * someone who does this for the first time: what is so, and why it matters.
 */
#ifndef ADVICE_RULE_H
#define ADVICE_RULE_H

#include <stdbool.h>
#include <stddef.h>

#include "advice/finding.h"
#include "advice/rules.h"

/* Made once by rules_check(). */
struct rule_context {
	const struct rules_input *in;
	const struct device **selected; /* those of the selection that are there, by address */
	size_t len;
	struct findings *findings;
};

struct rule {
	const char *code;
	enum severity severity;
	void (*check)(const struct rule_context *c, const struct rule *rule);
	enum usage_kind usage; /* rule_usage only: the kind it is about */
};

/* Adds a finding with the rule's code and severity; takes ownership of the strings. */
void rule_add(const struct rule_context *c, const struct rule *rule, char *subject, char *text,
	      char *remedy);

/* "0b:00.0 (NVIDIA GeForce RTX 3070)"; the caller frees. */
char *rule_device(const struct device *d) must_check;
/* "0b:00.1 (NVIDIA GA104 HD Audio, on snd_hda_intel)"; the caller frees. */
char *rule_device_driver(const struct device *d) must_check;
/* "A", "A and B", "A, B and C", "A, B, C and 5 more" (shows at most `max`); the caller frees. */
char *rule_words(const struct strv *words, size_t max) must_check;
/* "0b:00.1" */
void rule_add_address(struct strv *v, const struct device *d);
/* What this use of the host forbids: true for the root disk, swap, mounted file systems and the SSH link. */
bool rule_host_needs(const struct rule_context *c, const struct device *d);
/* The selection has a device of the group that is no bridge. */
bool rule_touches_group(const struct rule_context *c, const struct iommu_group *g);

/* Is an endpoint of another slot than the selected ones left to the host, in the same group? */
bool rule_spans_slots(const struct rule_context *c, const struct iommu_group *g);
/* Everything on the bus below the device's own bridge is selected, so VFIO can reset that bus. */
bool rule_has_bus_of_its_own(const struct rule_context *c, const struct device *d);

/* rules_host.c */
void rule_iommu_absent(const struct rule_context *c, const struct rule *rule);
void rule_iommu_off(const struct rule_context *c, const struct rule *rule);
void rule_no_vfio_module(const struct rule_context *c, const struct rule *rule);
/* rules_group.c */
void rule_group_incomplete(const struct rule_context *c, const struct rule *rule);
void rule_group_blocked(const struct rule_context *c, const struct rule *rule);
void rule_group_shared(const struct rule_context *c, const struct rule *rule);
void rule_group_returns(const struct rule_context *c, const struct rule *rule);
/* rules_isolation.c */
void rule_needs_acs_override(const struct rule_context *c, const struct rule *rule);
void rule_cannot_split(const struct rule_context *c, const struct rule *rule);
/* rules_hazards.c */
void rule_rmrr(const struct rule_context *c, const struct rule *rule);
void rule_framebuffer_holds_bar(const struct rule_context *c, const struct rule *rule);
void rule_unsafe_interrupts(const struct rule_context *c, const struct rule *rule);
void rule_sriov_pf_with_vfs(const struct rule_context *c, const struct rule *rule);
void rule_weak_reset(const struct rule_context *c, const struct rule *rule);
void rule_secure_boot(const struct rule_context *c, const struct rule *rule);
void rule_vfio_builtin(const struct rule_context *c, const struct rule *rule);
/* rules_moved.c */
void rule_moved(const struct rule_context *c, const struct rule *rule);
/* rules_gpu.c */
void rule_boot_vga(const struct rule_context *c, const struct rule *rule);
void rule_only_gpu(const struct rule_context *c, const struct rule *rule);
void rule_audio_left_behind(const struct rule_context *c, const struct rule *rule);
void rule_option_rom_no_uefi(const struct rule_context *c, const struct rule *rule);
/* rules_device.c */
void rule_bridge_marked(const struct rule_context *c, const struct rule *rule);
void rule_no_group(const struct rule_context *c, const struct rule *rule);
void rule_same_id(const struct rule_context *c, const struct rule *rule);
void rule_no_reset(const struct rule_context *c, const struct rule *rule);
void rule_vanished(const struct rule_context *c, const struct rule *rule);
/* rules_usage.c: one function for all kinds of use; rule->usage says which */
void rule_usage(const struct rule_context *c, const struct rule *rule);

#endif
