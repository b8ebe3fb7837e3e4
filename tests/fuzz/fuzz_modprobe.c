/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as modprobe.d/vfio.conf: the laws hold, and the ids that kmod would pass are the wished ones. */
#include <stdint.h>
#include <string.h>

#include "config/kmod_set.h"
#include "target_laws.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The last ids= names both wished devices and no other. */
static void check_ids(const struct one_file *f)
{
	static const struct platform platform = {.libvirt = true};
	struct files *files = files_new_memory();
	struct target_context ctx = {.files = files, .platform = &platform};
	struct present p = {.where = STRV_INIT};

	files_put(files, MODPROBE_PATH, f->bytes.data, f->bytes.len);
	need(target_modprobe.present(&ctx, &p, NULL) >= 0);
	need(p.ids.len == 2 && strv_has(&p.ids, "10de:1b80") && strv_has(&p.ids, "10de:10f0"));
	present_release(&p);
	files_free(files);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct one_file once;
	struct wish w;

	if (size > 4096)
		return 0;
	wish_init(&w);
	strv_add(&w.ids, "10de:1b80");
	strv_add(&w.ids, "10de:10f0");
	strv_add(&w.host_modules, "nouveau");
	strv_add(&w.host_modules, "snd_hda_intel");
	if (hold_laws(&target_modprobe, MODPROBE_PATH, &w, data, size, &once))
		check_ids(&once);
	one_file_release(&once);
	wish_release(&w);
	return 0;
}
