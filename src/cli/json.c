/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* jansson gives NULL only when memory is out: as base/mem.h has it, that ends the program. */
static json_t *sure(json_t *value)
{
	if (!value)
		abort();
	return value;
}

json_t *json_text_n(const char *s, size_t n)
{
	auto_str struct str valid = STR_INIT;
	json_t *value = json_stringn(s, n);

	if (value)
		return value;
	while (n) {
		uint32_t c;
		size_t length = utf8_decode(s, n, &c);

		str_add(&valid, length ? s : "\xef\xbf\xbd", length ? length : 3);
		s += length ? length : 1;
		n -= length ? length : 1;
	}
	return sure(json_stringn(valid.data, valid.len));
}

json_t *json_text(const char *s)
{
	return s ? json_text_n(s, strlen(s)) : sure(json_null());
}

json_t *json_texts(const struct strv *v)
{
	json_t *array = sure(json_array());

	for (size_t i = 0; i < v->len; i++)
		json_array_append_new(array, json_text(v->items[i]));
	return array;
}

void json_put(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new_nocheck(object, key, sure(value)) < 0)
		abort();
}

json_t *json_host(const struct platform *p)
{
	json_t *o = sure(json_object());

	json_put(o, "kernel", json_text(p->kernel));
	json_put(o, "cpu_vendor", json_text(cpu_vendor_name(p->cpu)));
	json_put(o, "cpu_model", json_text(p->cpu_model));
	json_put(o, "iommu", json_text(iommu_state_name(p->iommu)));
	json_put(o, "iommu_why", json_text(p->iommu_why));
	json_put(o, "firmware", json_text(firmware_name(p->firmware)));
	json_put(o, "bootloader", json_text(boot_loader_name(p->boot_loader)));
	json_put(o, "bootloader_sure", json_boolean(p->boot_sure));
	json_put(o, "initramfs", json_text(initramfs_name(p->initramfs)));
	json_put(o, "acs_override", json_text(acs_override_name(p->acs_override)));
	return o;
}

static json_t *json_used_by(const struct situation *s, const struct device *d)
{
	json_t *array = sure(json_array());
	size_t n = 0;
	const struct usage_item *item = usage_of(&s->usage, &d->addr, &n);

	for (size_t i = 0; item && i < n; i++) {
		json_t *o = sure(json_object());

		json_put(o, "kind", json_text(usage_kind_name(item[i].kind)));
		json_put(o, "what", json_text(item[i].what));
		json_array_append_new(array, o);
	}
	return array;
}

static json_t *json_hex(unsigned value, int digits)
{
	char text[16];

	snprintf(text, sizeof(text), "%0*x", digits, value);
	return json_text(text);
}

static json_t *json_subsystem(const struct device *d)
{
	char text[16];

	if (!d->subvendor && !d->subdevice)
		return sure(json_null());
	snprintf(text, sizeof(text), "%04x:%04x", d->subvendor, d->subdevice);
	return json_text(text);
}

static json_t *json_resets(const struct device *d)
{
	auto_strv struct strv names = STRV_INIT;

	reset_names(d->reset, &names);
	return json_texts(&names);
}

json_t *json_device(const struct situation *s, const struct device *d)
{
	auto_free char *name = device_name(d);
	json_t *o = sure(json_object());
	char class_text[5];

	json_put(o, "address", json_text(d->bdf));
	json_put(o, "class", json_text(device_class_text(d, class_text)));
	json_put(o, "vendor", json_hex(d->vendor, 4));
	json_put(o, "device", json_hex(d->id, 4));
	json_put(o, "revision", json_hex(d->revision, 2));
	json_put(o, "subsystem", json_subsystem(d));
	json_put(o, "driver", json_text(d->driver));
	json_put(o, "modules", json_texts(&d->modules));
	json_put(o, "name", json_text(name));
	json_put(o, "bridge", json_boolean(d->is_bridge));
	json_put(o, "boot_vga", d->boot_vga < 0 ? json_null() : json_boolean(d->boot_vga));
	json_put(o, "reset", json_resets(d));
	json_put(o, "used_by", json_used_by(s, d));
	json_put(o, "configured", json_boolean(selection_has(&s->configured, &d->addr)));
	return o;
}

json_t *json_findings(const struct findings *f)
{
	json_t *array = sure(json_array());

	for (size_t i = 0; i < f->len; i++) {
		json_t *o = sure(json_object());

		json_put(o, "code", json_text(f->items[i].code));
		json_put(o, "severity", json_text(severity_name(f->items[i].severity)));
		json_put(o, "subject", json_text(f->items[i].subject));
		json_put(o, "text", json_text(f->items[i].text));
		json_put(o, "remedy", json_text(f->items[i].remedy));
		json_array_append_new(array, o);
	}
	return array;
}

/* "ok" is null where nothing can be told. */
json_t *json_checks(const struct checks *c)
{
	static const char *const states[] = {
		[CHECK_OK] = "ok",
		[CHECK_FAILED] = "failed",
		[CHECK_AFTER_REBOOT] = "after-reboot",
		[CHECK_UNKNOWN] = "unknown",
	};
	json_t *array = sure(json_array());

	for (size_t i = 0; i < c->len; i++) {
		const struct check *x = &c->items[i];
		json_t *o = sure(json_object());

		json_put(o, "what", json_text(x->what));
		json_put(o, "ok",
			 x->state == CHECK_UNKNOWN ? json_null()
						   : json_boolean(x->state == CHECK_OK));
		json_put(o, "state", json_text(states[x->state]));
		json_put(o, "found", json_text(x->found));
		json_put(o, "remedy", json_text(x->remedy));
		json_array_append_new(array, o);
	}
	return array;
}

static int append(const char *bytes, size_t n, void *data)
{
	str_add(data, bytes, n);
	return 0;
}

void json_print(struct printer *p, json_t *value)
{
	if (json_dump_callback(value, append, &p->out, JSON_INDENT(1) | JSON_ENSURE_ASCII) < 0)
		abort();
	json_decref(value);
	print_raw(p, "\n");
}
