/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/watch.h"

#include <errno.h>
#include <libudev.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"

/* A hot-plugged dock or sriov_numvfs=64 sends some hundred events of about 1 KiB at once. */
#define RECEIVE_BUFFER (4 << 20)
/* Events taken at once: whoever sends them faster than they are read must not keep the keys waiting. */
#define DRAIN_MAX 4096
/* udevd listens here while it runs; udev_monitor_new_from_netlink() is deaf without it. */
#define UDEVD_CONTROL "/run/udev/control"

struct watch {
	struct udev *udev;
	struct udev_monitor *monitor;
	int fd;
};

static int add_filters(struct udev_monitor *monitor)
{
	static const char *const subsystems[] = {"pci", "vfio", "vfio-dev", "iommu"};

	for (size_t i = 0; i < ARRAY_SIZE(subsystems); i++) {
		int r = udev_monitor_filter_add_match_subsystem_devtype(monitor, subsystems[i],
									NULL);

		if (r < 0)
			return r;
	}
	return 0;
}

static int start(struct watch *w)
{
	const char *source = access(UDEVD_CONTROL, F_OK) == 0 ? "udev" : "kernel";
	int r;

	w->udev = udev_new();
	if (!w->udev)
		return -ENOMEM;
	errno = ENOMEM;
	w->monitor = udev_monitor_new_from_netlink(w->udev, source);
	if (!w->monitor)
		return errno > 0 ? -errno : -EIO;
	r = add_filters(w->monitor);
	if (r < 0)
		return r;
	/* Without CAP_NET_ADMIN the kernel keeps its own limit; an overflow is a hint, too. */
	(void)udev_monitor_set_receive_buffer_size(w->monitor, RECEIVE_BUFFER);
	r = udev_monitor_enable_receiving(w->monitor);
	if (r < 0)
		return r;
	w->fd = udev_monitor_get_fd(w->monitor);
	return w->fd < 0 ? w->fd : 0;
}

int watch_open(struct watch **ret, struct err *reterr)
{
	struct watch *w = xcalloc(1, sizeof(*w));
	int r;

	w->fd = -1;
	r = start(w);
	if (r < 0) {
		watch_free(w);
		errno = -r;
		return err_set(reterr, r,
			       "cannot listen for changes of PCI devices: %m; the list does not "
			       "follow them by itself");
	}
	*ret = w;
	return 0;
}

void watch_free(struct watch *w)
{
	if (!w)
		return;
	udev_monitor_unref(w->monitor);
	udev_unref(w->udev);
	free(w);
}

int watch_fd(const struct watch *w)
{
	return w->fd;
}

/*
 * The monitor's socket does not block, and stays readable while there is more. NULL with any error but EAGAIN means an event that was
 * lost (ENOBUFS) or could not be understood, or one that the filter left out: go on.
 */
bool watch_drain(struct watch *w)
{
	bool hint = false;

	for (int i = 0; i < DRAIN_MAX; i++) {
		struct udev_device *device;

		errno = 0;
		device = udev_monitor_receive_device(w->monitor);
		if (device) {
			hint = true;
			udev_device_unref(device);
		} else if (errno == ENOBUFS) {
			hint = true;
		} else {
			return hint;
		}
	}
	return hint;
}
