/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * recording: a machine in one text file, and the tree of files it stands for.
 *
 * Unpacking a recording below a directory gives a root that --root can open. Line by line:
 *	# comment, or "# key: value" that describes the machine ("# bridge: BDF secondary=HH
 *	  subordinate=HH", "# primary: BDF HH", "# unreadable: BDF", "# boot_vga: BDF")
 *	"# device: BDF KEY=VALUE ..." what the columns can't say: reset=flr,bus (or "-", or "file"), node=N,
 *	  override=NAME, vga=0|1|-, multifunction=0|1, progif=HH, header=N, config=BYTES,
 *	  link=MAX/NOW, sriov=TOTAL/ENABLED, physfn=BDF, below=BDF (of a VMD), bar=HEX
 *	a row of tab-separated columns for one PCI device:
 *	  GROUP ADDRESS CLASS4 VENDOR:DEVICE REVISION SUBSYSTEM DRIVER MODULES DESCRIPTION
 *	  and, where capabilities were readable, PCIE_TYPE MULTIFUNCTION ACS_CAP ACS_CTL FLR
 *	  SECONDARY SUBORDINATE LNKCAP LNKSTA PROGIF SRIOV; "-" is unknown;
 *	  "#ungrouped<TAB>" before a row whose device has no group (its GROUP column is "-")
 *	file PATH [MODE]	its content follows in lines that begin with "|"; a last line "\" means
 *				that the file has no final newline
 *	hex PATH [MODE]			the same for bytes that are no text: digits behind each "|"
 *	link PATH TARGET
 *	dir PATH
 * Paths are absolute and without ".."; anything else is refused with its line.
 */
#ifndef MACHINE_RECORDING_H
#define MACHINE_RECORDING_H

#include <stddef.h>

#include "base/err.h"

/* A recording compiled into the program (src/machine/demo/NAME.txt). */
struct bundled_recording {
	const char *name;
	const char *text;
	size_t len;
};

extern const struct bundled_recording bundled_recordings[];
extern const size_t bundled_recordings_len;

/* Makes the tree of a recording below `dir`, which must exist and should be empty. */
int recording_unpack(const char *text, size_t len, const char *dir, struct err *reterr) must_check;

#endif
