/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds an OVMF as QEMU's firmware descriptors say (docs/interop/firmware.json of QEMU):
 * JSON files of /etc/qemu/firmware and /usr/share/qemu/firmware together, by file name; the
 * same name in /etc masks the one in /usr, an empty file masks without being one. Without a
 * fitting descriptor, the places where distributions put the images.
 */
#include <fnmatch.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "machine/platform_parts.h"

#define ADMIN_DIR "/etc/qemu/firmware"
#define VENDOR_DIR "/usr/share/qemu/firmware"
#define MACHINE "pc-q35-10.0" /* what the patterns in descriptors are held against */

void ovmf_release(struct ovmf *o)
{
	free(o->code);
	free(o->vars);
	free(o->format);
	*o = (struct ovmf){.code = NULL};
}

static void take(struct ovmf *o, const char *code, const char *vars, const char *format,
		 bool secure_boot)
{
	ovmf_release(o);
	*o = (struct ovmf){.code = xstrdup(code),
			   .vars = xstrdup(vars),
			   .format = xstrdup(format),
			   .secure_boot = secure_boot};
}

static bool array_has(json_t *array, const char *word)
{
	size_t i;
	json_t *item;

	json_array_foreach(array, i, item)
	{
		const char *s = json_string_value(item);

		if (s && !strcmp(s, word))
			return true;
	}
	return false;
}

static bool matches_machine(json_t *machines)
{
	size_t i;
	json_t *item;

	json_array_foreach(machines, i, item)
	{
		const char *pattern = json_string_value(item);

		if (pattern && !fnmatch(pattern, MACHINE, 0))
			return true;
	}
	return false;
}

static bool fits_target(json_t *targets)
{
	size_t i;
	json_t *target;

	json_array_foreach(targets, i, target)
	{
		const char *arch = json_string_value(json_object_get(target, "architecture"));

		if (arch && !strcmp(arch, "x86_64") &&
		    matches_machine(json_object_get(target, "machines")))
			return true;
	}
	return false;
}

/* An absolute path of an existing file in {"filename": ..., "format": ...}. */
static const char *image(const struct host *host, json_t *part)
{
	const char *name = json_string_value(json_object_get(part, "filename"));

	return name && name[0] == '/' && host_exists(host, name) ? name : NULL;
}

/* Takes what the descriptor offers, if it is for us; of secure ones better with its keys enrolled. */
static void try_descriptor(const struct host *host, json_t *d, struct ovmf *ret,
			   struct ovmf *ret_secure, bool *enrolled)
{
	json_t *mapping = json_object_get(d, "mapping");
	json_t *features = json_object_get(d, "features");
	json_t *executable = json_object_get(mapping, "executable");
	const char *device = json_string_value(json_object_get(mapping, "device"));
	const char *mode = json_string_value(json_object_get(mapping, "mode"));
	const char *format = json_string_value(json_object_get(executable, "format"));
	const char *code = image(host, executable);
	const char *vars = image(host, json_object_get(mapping, "nvram-template"));
	bool secure = array_has(features, "secure-boot") || array_has(features, "requires-smm");

	if (!array_has(json_object_get(d, "interface-types"), "uefi") || !device ||
	    strcmp(device, "flash") != 0 || (mode && strcmp(mode, "split") != 0) || !code ||
	    !vars || !fits_target(json_object_get(d, "targets")))
		return;
	if (format && strcmp(format, "raw") != 0 && strcmp(format, "qcow2") != 0)
		return;
	if (!ret->code || (ret->secure_boot && !secure))
		take(ret, code, vars, format ? format : "raw", secure);
	if (!array_has(features, "secure-boot") ||
	    (ret_secure->code && (*enrolled || !array_has(features, "enrolled-keys"))))
		return;
	take(ret_secure, code, vars, format ? format : "raw", true);
	*enrolled = array_has(features, "enrolled-keys");
}

static void by_descriptors(const struct host *host, struct ovmf *ret, struct ovmf *ret_secure)
{
	bool enrolled = false;
	auto_strv struct strv names = STRV_INIT, all = STRV_INIT;

	/* a directory that is missing adds no names */
	(void)!host_list(host, ADMIN_DIR, &all, NULL);
	(void)!host_list(host, VENDOR_DIR, &all, NULL);
	for (size_t i = 0; i < all.len; i++)
		if (text_ends_with(all.items[i], ".json"))
			strv_add_unique(&names, all.items[i]);
	strv_sort(&names);
	for (size_t i = 0; i < names.len; i++) {
		auto_free char *admin = xasprintf(ADMIN_DIR "/%s", names.items[i]);
		auto_free char *vendor = xasprintf(VENDOR_DIR "/%s", names.items[i]);
		auto_str struct str text = STR_INIT;
		json_t *descriptor;

		if (host_read(host, host_exists(host, admin) ? admin : vendor, &text, NULL) < 0)
			continue;
		descriptor = json_loadb(text.data, text.len, 0, NULL);
		if (descriptor)
			try_descriptor(host, descriptor, ret, ret_secure, &enrolled);
		json_decref(descriptor);
	}
}

struct place {
	const char *code, *vars, *format;
};

/* 2 MB and 4 MB halves don't mix, so each row names both. */
static const struct place places[] = {
	{"/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd", "raw"},
	{"/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd", "raw"},
	{"/usr/share/edk2/ovmf/OVMF_CODE_4M.qcow2", "/usr/share/edk2/ovmf/OVMF_VARS_4M.qcow2",
	 "qcow2"},
	{"/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd", "raw"},
	{"/usr/share/edk2-ovmf/x64/OVMF_CODE.fd", "/usr/share/edk2-ovmf/x64/OVMF_VARS.fd", "raw"},
	{"/usr/share/edk2-ovmf/OVMF_CODE.fd", "/usr/share/edk2-ovmf/OVMF_VARS.fd", "raw"},
	{"/usr/share/qemu/ovmf-x86_64-4m-code.bin", "/usr/share/qemu/ovmf-x86_64-4m-vars.bin",
	 "raw"},
	{"/usr/share/qemu/ovmf-x86_64-code.bin", "/usr/share/qemu/ovmf-x86_64-vars.bin", "raw"},
	{"/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd", "raw"},
	{"/usr/share/ovmf/x64/OVMF_CODE.fd", "/usr/share/ovmf/x64/OVMF_VARS.fd", "raw"},
};

static const struct place secure_places[] = {
	{"/usr/share/OVMF/OVMF_CODE_4M.ms.fd", "/usr/share/OVMF/OVMF_VARS_4M.ms.fd", "raw"},
	{"/usr/share/OVMF/OVMF_CODE_4M.secboot.fd", "/usr/share/OVMF/OVMF_VARS_4M.ms.fd", "raw"},
	{"/usr/share/edk2/x64/OVMF_CODE.secboot.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd",
	 "raw"},
	{"/usr/share/edk2/ovmf/OVMF_CODE_4M.secboot.qcow2",
	 "/usr/share/edk2/ovmf/OVMF_VARS_4M.secboot.qcow2", "qcow2"},
	{"/usr/share/edk2/ovmf/OVMF_CODE.secboot.fd", "/usr/share/edk2/ovmf/OVMF_VARS.secboot.fd",
	 "raw"},
	{"/usr/share/qemu/ovmf-x86_64-smm-ms-code.bin",
	 "/usr/share/qemu/ovmf-x86_64-smm-ms-vars.bin", "raw"},
};

static void by_places(const struct host *host, const struct place *table, size_t len, bool secure,
		      struct ovmf *ret)
{
	for (size_t i = 0; i < len && !ret->code; i++)
		if (host_exists(host, table[i].code) && host_exists(host, table[i].vars))
			take(ret, table[i].code, table[i].vars, table[i].format, secure);
}

void ovmf_find(const struct host *host, struct ovmf *ret, struct ovmf *ret_secure)
{
	by_descriptors(host, ret, ret_secure);
	by_places(host, places, ARRAY_SIZE(places), false, ret);
	by_places(host, secure_places, ARRAY_SIZE(secure_places), true, ret_secure);
}
