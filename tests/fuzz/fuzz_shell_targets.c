/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The laws of config/target.h on any bytes: the first byte chooses the target (GRUB in place or by
 * drop-in, mkinitcpio the same) and the wish, the rest is the configuration file.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FILES_MAX 8

/* A machine of a few files, and what is owned on it. */
struct machine {
	struct {
		char path[64];
		struct str bytes;
	} files[FILES_MAX];
	size_t len;
	struct strv owned;
};

static void need(bool ok)
{
	if (!ok)
		abort();
}

static void put(struct machine *m, const char *path, const char *bytes, size_t len)
{
	size_t i = 0;

	while (i < m->len && strcmp(m->files[i].path, path) != 0)
		i++;
	need(i < FILES_MAX && strlen(path) < sizeof(m->files[i].path));
	if (i == m->len) {
		m->len++;
		str_init(&m->files[i].bytes);
		memcpy(m->files[i].path, path, strlen(path) + 1);
	}
	str_clear(&m->files[i].bytes);
	str_add(&m->files[i].bytes, bytes, len);
}

static void take(struct machine *m, const char *path)
{
	for (size_t i = 0; i < m->len; i++)
		if (!strcmp(m->files[i].path, path)) {
			str_release(&m->files[i].bytes);
			m->files[i] = m->files[--m->len];
			return;
		}
}

static void release(struct machine *m)
{
	for (size_t i = 0; i < m->len; i++)
		str_release(&m->files[i].bytes);
	strv_release(&m->owned);
}

static bool equal(const struct machine *a, const struct machine *b)
{
	for (size_t i = 0; i < a->len; i++) {
		size_t k = 0;

		while (k < b->len && strcmp(a->files[i].path, b->files[k].path) != 0)
			k++;
		if (k == b->len || !str_equal(&a->files[i].bytes, &b->files[k].bytes))
			return false;
	}
	return a->len == b->len;
}

static void copy(struct machine *to, const struct machine *from)
{
	*to = (struct machine){.len = 0};
	for (size_t i = 0; i < from->len; i++)
		put(to, from->files[i].path, from->files[i].bytes.data, from->files[i].bytes.len);
	strv_copy(&to->owned, &from->owned);
}

static bool apply(struct machine *m, const struct target *t, const struct platform *p,
		  struct wish *w)
{
	struct files *files = files_new_memory();
	struct target_context ctx = {.files = files, .platform = p};
	struct err err = ERR_INIT;
	struct changes c;
	bool ok;

	for (size_t i = 0; i < m->len; i++)
		files_put(files, m->files[i].path, m->files[i].bytes.data, m->files[i].bytes.len);
	strv_release(&w->owned);
	strv_copy(&w->owned, &m->owned);
	changes_init(&c, files);
	ok = t->plan(&ctx, w, &c, &err) >= 0;
	need(ok || strlen(err.text) > 20);
	for (size_t i = 0; ok && i < c.len; i++) {
		if (c.edits[i].exists)
			put(m, c.edits[i].path, c.edits[i].after.data, c.edits[i].after.len);
		else
			take(m, c.edits[i].path);
	}
	if (ok) {
		strv_release(&m->owned);
		strv_copy(&m->owned, &c.owned);
	}
	changes_release(&c);
	files_free(files);
	return ok;
}

static void laws(const struct machine *start, const struct target *t, const struct platform *p,
		 struct wish *w)
{
	struct machine m, once;
	struct wish none;

	wish_init(&none);
	copy(&m, start);
	if (apply(&m, t, p, &none))
		need(equal(start, &m));
	if (apply(&m, t, p, w)) {
		copy(&once, &m);
		need(apply(&m, t, p, w) && equal(&once, &m));
		need(apply(&m, t, p, &none) && equal(start, &m) && !m.owned.len);
		release(&once);
	}
	release(&m);
	wish_release(&none);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char pinned[] = "ALL_config=/etc/mkinitcpio.conf\nPRESETS=(a)\n";
	const char *bytes = (const char *)data + 1;
	uint8_t how = size ? *data : 0;
	struct machine m = {.len = 0};
	struct platform p = {.boot_loader = BOOT_GRUB, .initramfs = INITRAMFS_MKINITCPIO};
	struct wish w;

	if (!size || memmem(data, size, "ids", 3) || memmem(data, size, "vfiotui", 7))
		return 0; /* hand-made ids may go, and what looks like ours does */
	wish_init(&w);
	wish_add_device(&w);
	strv_add(&p.distro_like, how & 1 ? "debian" : "arch");
	strv_split(&w.kernel_params, how & 2 ? "iommu=pt" : "intel_iommu=on iommu=pt", " ");
	strv_split(&w.early_modules, "vfio_pci vfio vfio_iommu_type1", " ");
	strv_add(&w.early_files, how & 2 ? UDEV_BIND_PATH : MODPROBE_PATH);
	put(&m, how & 4 ? "/etc/mkinitcpio.conf" : "/etc/default/grub", bytes, size - 1);
	put(&m, "/usr/bin/mkinitcpio", "mkinitcpio.conf.d", strlen("mkinitcpio.conf.d"));
	if (how & 1)
		put(&m, "/etc/mkinitcpio.d/a.preset", pinned, strlen(pinned));
	laws(&m, how & 4 ? &target_mkinitcpio : &target_grub, &p, &w);
	release(&m);
	strv_release(&p.distro_like);
	wish_release(&w);
	return 0;
}
