/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan: from a selection to the exact bytes and commands that make it true.
 *
 * Declarative: the devices selected are exactly those handed over afterwards.
 * Planning reads files and writes nothing. `plan.changes` owns the bytes that preview
 * shows and apply writes: the same ones.
 */
#ifndef CHANGE_PLAN_H
#define CHANGE_PLAN_H

#include "advice/finding.h"
#include "advice/selection.h"
#include "change/situation.h"
#include "config/changes.h"
#include "config/wish.h"
#include "host/host.h"

enum bind_by {
	BIND_AUTO,
	BIND_IDS,
	BIND_ADDRESS
}; /* AUTO: by address where ids stay with the host */

/* What the user may choose in the preview; zero is the default. */
struct plan_choices {
	enum bind_by bind;
	enum boot_loader
		boot_loader; /* BOOT_UNKNOWN: as the machine tells (change/plan_loader.h) */
	bool no_pt;          /* leave out iommu=pt */
	bool no_script;      /* no launch script */
	bool no_way_back;    /* no boot entry without passthrough */
	bool trial;          /* the next boot is a trial (config/trial.h) */
	bool disable_vga, disable_idle_d3; /* options of vfio-pci */
	bool no_framebuffer;               /* no console on the firmware's picture */
	bool blacklist;                    /* the host's drivers that no other device needs */
	const char *user;                  /* NULL: platform.user */
	/* "downstream,id:1022:1453"; "" or "none": no override of ours; NULL: as the last change had it */
	const char *acs_override;
};

struct plan {
	struct files *files; /* owns the before bytes' source */
	struct wish wish;
	struct changes changes;
	struct findings findings;
	struct selection selection;
	struct strv
		warnings; /* sentences about the plan itself: a loader that could not be told, a hint to a package */
	int undoes; /* id of the change that this plan takes back, 0 for none */
	int resumes; /* id of the change whose commands alone are run again, since they did not finish */
	struct plan_choices choices; /* as they were used; `user` is storage of choices.user */
	char *user, *override;       /* storage of the choices' texts */
	struct str map; /* devices and groups, to be remembered with the change; may be empty */
	struct selection waits; /* asked for, but left out: its group parts only at the next boot */
	struct strv names;      /* of the selected devices, in their order, for history */
	struct strv
		unmake; /* directories that the change (or, when nothing is handed over, any change) made,
				removed again when empty */
};

int plan_build(const struct situation *s, const struct selection *selection,
	       const struct plan_choices *choices, struct plan **ret,
	       struct err *reterr) must_check;
/*
 * A VM made, changed or deleted: its profile, and what virtual machines need of this
 * machine afterwards. What is handed over stays as the last change said, and no other file
 * is touched. `bytes` NULL deletes the VM; the name must have been checked (vm/profile.h).
 * apply, history and undo take the plan as any other.
 */
int plan_build_vm(const struct situation *s, const char *name, const char *bytes, size_t len,
		  struct plan **ret, struct err *reterr) must_check;
/* A plan of nothing over the host's files, to be filled by undo. */
struct plan *plan_new(const struct host *host) must_check;
void plan_free(struct plan *p);
void plan_freep(struct plan **p);
/* Nothing to write and nothing to run. */
bool plan_is_empty(const struct plan *p);
/*
 * Both would do and say the same: the same bytes to the same files, the same commands, the same problems.
 * Notes and warnings in passing don't count.
 */
bool plan_same(const struct plan *a, const struct plan *b);
/*
 * The first `block` finding that no word of `forced` (codes) names, or NULL. Taking everything back is never
 * refused for what the host lacks; only where the kernel's parameters have no certain place.
 */
const struct finding *plan_blocker(const struct plan *p, const struct strv *forced);

#endif
