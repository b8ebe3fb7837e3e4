/* SPDX-License-Identifier: GPL-2.0-or-later */
/* journal_dir: the journal's directories, for the half that writes them and the half that reads them. */
#ifndef CHANGE_JOURNAL_DIR_H
#define CHANGE_JOURNAL_DIR_H

#include "change/journal.h"

#define JOURNAL_CHANGES JOURNAL_DIR "/changes"

/* The path of a file of change `id`, or of its directory for ""; the caller frees. */
char *journal_path(int id, const char *name) must_check;
/* The id that a directory's name says; 0 for what is no change's directory. */
int journal_id_of(const char *name) must_check;
/* Appends the names below JOURNAL_CHANGES; none where there is no journal. */
int journal_list(const struct host *host, struct strv *names, struct err *reterr) must_check;

#endif
