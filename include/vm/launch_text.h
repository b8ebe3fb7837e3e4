/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * launch_text: the parts of the launch script that are the same for every VM.
 *
 * In the script they stand in this order, with the settings behind the usage and the
 * devices behind the machine (vm/launch_script.h). Bash reads them as they are.
 */
#ifndef VM_LAUNCH_TEXT_H
#define VM_LAUNCH_TEXT_H

extern const char launch_usage[];     /* end of the head comment */
extern const char launch_options[];   /* command line, --create-disk */
extern const char launch_preflight[]; /* is all ready? */
extern const char launch_machine[];   /* QEMU's arguments */
extern const char launch_start[];     /* lock, variables, monitor, start */

#endif
