/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mockbed.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SKIPPED 77

struct mockbed mockbed;

static int find_function(void *library, const char *name, void *ret)
{
	void *address = dlsym(library, name);

	memcpy(ret, &address, sizeof(address));
	return address ? 0 : -ENOENT;
}

static bool load(void)
{
	void *library = dlopen("libumockdev.so.0", RTLD_NOW | RTLD_GLOBAL);

	return library && !find_function(library, "umockdev_testbed_new", &mockbed.new) &&
	       !find_function(library, "umockdev_testbed_add_from_string",
			      &mockbed.add_from_string) &&
	       !find_function(library, "umockdev_testbed_uevent", &mockbed.uevent) &&
	       !find_function(library, "umockdev_testbed_remove_device", &mockbed.remove_device) &&
	       !find_function(library, "umockdev_testbed_get_root_dir", &mockbed.root_dir) &&
	       !find_function(library, "g_object_unref", &mockbed.unref);
}

static int leave_out(const char *why)
{
	printf("SKIPPED: live updates are not tested: %s\n", why);
	return SKIPPED;
}

int mockbed_ready(int argc, char **argv)
{
	const char *preload = getenv("LD_PRELOAD");

#ifdef __SANITIZE_ADDRESS__
	return leave_out("AddressSanitizer and umockdev both want to be preloaded first");
#endif
	if (!preload || !strstr(preload, "libumockdev-preload")) {
		if (argc > 1)
			return leave_out(
				"umockdev-wrapper does not preload libumockdev-preload.so");
		execlp("umockdev-wrapper", "umockdev-wrapper", argv[0], "again", (char *)NULL);
		return leave_out("umockdev is not installed");
	}
	if (!load())
		return leave_out("libumockdev.so.0 can't be loaded");
	return 0;
}
