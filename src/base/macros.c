/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/macros.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

void cleanup_free(void *p)
{
	void **slot = p;

	free(*slot);
	*slot = NULL;
}

void cleanup_fd(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}
