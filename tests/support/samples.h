/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * samples: real configuration files to run tests over: the repository's hand-written ones in
 * tests/fixtures/samples/TARGET, and the collection in ../shared/samples/TARGET beside the
 * repository when it is there (it is not part of the repository).
 */
#ifndef TESTS_SUPPORT_SAMPLES_H
#define TESTS_SUPPORT_SAMPLES_H

#include <stddef.h>

typedef void (*sample_fn)(const char *path, const char *bytes, size_t len, void *data);

/* Calls `fn` for each file of the folder, by name; returns how many there were. */
size_t samples_each(const char *folder, sample_fn fn, void *data);
/* Reads a whole file; NULL when there is none. The caller frees. */
char *samples_read(const char *path, size_t *len);
/* The repository's top directory: $TOP, else the working directory. */
const char *samples_top(void);

#endif
