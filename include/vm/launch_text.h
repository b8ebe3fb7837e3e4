/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * launch_text: the parts of the launch script that are the same for every VM.
 *
 * They are shell files, src/vm/launch/NAME.sh, compiled in by packaging/embed. In the
 * script they stand in this order, with the settings behind the usage and the VM's own
 * arguments behind the preparations for them (vm/launch_script.h).
 */
#ifndef VM_LAUNCH_TEXT_H
#define VM_LAUNCH_TEXT_H

extern const char launch_usage[];     /* end of the head comment */
extern const char launch_options[];   /* command line, --create-disk */
extern const char launch_preflight[]; /* is all ready? */
extern const char launch_host[];      /* devices handed over and given back, helpers, pinning */
extern const char launch_desktop[];   /* ends the host's desktop and brings it back */
extern const char launch_args[];      /* what the arguments need: places, layers of a disk */
extern const char launch_screen[];    /* screen, keyboard and mouse */
extern const char launch_start[];     /* lock, traps, start, end */

#endif
