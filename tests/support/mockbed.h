/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mockbed: umockdev's test bed, which replaces /sys and the kernel's netlink socket by a
 * preloaded library. The library is opened at run time, so that building needs no glib
 * headers.
 *
 *	int r = mockbed_ready(argc, argv);	in main(): starts the test again under umockdev-wrapper
 *	if (r)
 *		return r;			77, after a sentence that says why
 *	void *bed = mockbed.new(); ...
 */
#ifndef SUPPORT_MOCKBED_H
#define SUPPORT_MOCKBED_H

/* libumockdev's functions, as declared in umockdev.h; gboolean is an int. */
struct mockbed {
	void *(*new)(void);
	int (*add_from_string)(void *bed, const char *description, void *error);
	void (*uevent)(void *bed, const char *device, const char *action);
	void (*remove_device)(void *bed, const char *path);
	char *(*root_dir)(void *bed);
	void (*unref)(void *object);
};

extern struct mockbed mockbed;

/* 0 when mockbed can be used; else the exit status of a test that is left out. Does not return when it starts the test again. */
int mockbed_ready(int argc, char **argv);

#endif
