/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A domain's frame: everything around <devices>. */
#include "vm/domain_xml.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "vm/domain_parts.h"

#define QEMU_NAMESPACE "http://libvirt.org/schemas/domain/qemu/1.0"

static const char *yes_no(bool yes)
{
	return yes ? "yes" : "no";
}

void domain_uuid(const char *name, char ret[37])
{
	uint8_t bytes[16];

	/* two FNV-1a sums from different beginnings; marked as version 8, RFC 9562, section 5.8 */
	for (size_t half = 0; half < 2; half++) {
		uint64_t sum = UINT64_C(0xcbf29ce484222325) ^ (half * UINT64_C(0x76666966f7456975));

		for (const char *s = name; *s; s++)
			sum = (sum ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
		for (size_t i = 0; i < 8; i++)
			bytes[8 * half + i] = (uint8_t)(sum >> 8 * i);
	}
	bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x80);
	bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
	for (size_t i = 0, at = 0; i < sizeof(bytes); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			ret[at++] = '-';
		ret[at++] = "0123456789abcdef"[bytes[i] >> 4];
		ret[at++] = "0123456789abcdef"[bytes[i] & 15];
	}
	ret[36] = '\0';
}

static void write_identity(struct domain *d)
{
	char uuid[37];

	domain_uuid(d->vm->name, uuid);
	xml_leaf(&d->xml, "name", d->vm->name);
	xml_leaf(&d->xml, "uuid", uuid);
}

static void write_memory(struct domain *d)
{
	const struct vm_profile *p = d->vm;
	auto_free char *mib = xasprintf("%llu", (unsigned long long)p->memory_mib);
	struct xml *x = &d->xml;

	xml_open(x, "memory");
	xml_attr(x, "unit", "MiB");
	xml_text_close(x, mib);
	if (p->hugepages == VM_HUGE_NONE && !p->lock_memory)
		return;
	xml_open(x, "memoryBacking");
	if (p->hugepages != VM_HUGE_NONE) {
		xml_open(x, "hugepages");
		xml_open(x, "page");
		xml_attr(x, "size", p->hugepages == VM_HUGE_1G ? "1" : "2");
		xml_attr(x, "unit", p->hugepages == VM_HUGE_1G ? "G" : "M");
		xml_close(x);
		xml_close(x);
	}
	if (p->lock_memory) {
		xml_open(x, "locked");
		xml_close(x);
	}
	xml_close(x);
}

static void write_pins(struct domain *d)
{
	const struct vm_profile *p = d->vm;
	struct xml *x = &d->xml;
	unsigned *cpus = NULL;
	size_t len = 0;

	if (p->pin[0] && !vm_cpu_list(p->pin, &cpus, &len))
		len = 0;
	if (!len && !p->pin_emulator[0])
		return;
	xml_open(x, "cputune");
	for (size_t i = 0; i < len && i < (size_t)p->cores * p->threads; i++) {
		xml_open(x, "vcpupin");
		xml_attrf(x, "vcpu", "%zu", i);
		xml_attrf(x, "cpuset", "%u", cpus[i]);
		xml_close(x);
	}
	if (p->pin_emulator[0])
		xml_one(x, "emulatorpin", "cpuset", p->pin_emulator);
	xml_close(x);
	free(cpus);
}

static void write_cpus(struct domain *d)
{
	const struct vm_profile *p = d->vm;
	auto_free char *count = xasprintf("%u", p->cores * p->threads);

	xml_leaf(&d->xml, "vcpu", count);
	write_pins(d);
	if (p->numa_node[0]) {
		xml_open(&d->xml, "numatune");
		xml_open(&d->xml, "memory");
		xml_attr(&d->xml, "mode", "strict");
		xml_attr(&d->xml, "nodeset", p->numa_node);
		xml_close(&d->xml);
		xml_close(&d->xml);
	}
}

/* OVMF that libvirt finds through the firmware's descriptors, as the launch script does. */
static void write_found_firmware(struct domain *d)
{
	static const char *const features[] = {"enrolled-keys", "secure-boot"};
	bool secure = d->vm->firmware == VM_UEFI_SECURE;

	xml_open(&d->xml, "firmware");
	for (size_t i = 0; i < ARRAY_SIZE(features); i++) {
		xml_open(&d->xml, "feature");
		xml_attr(&d->xml, "enabled", yes_no(secure));
		xml_attr(&d->xml, "name", features[i]);
		xml_close(&d->xml);
	}
	xml_close(&d->xml);
	if (d->vm->vars[0])
		xml_leaf(&d->xml, "nvram", d->vm->vars);
}

static void write_own_firmware(struct domain *d)
{
	const struct vm_profile *p = d->vm;
	struct xml *x = &d->xml;

	xml_open(x, "loader");
	xml_attr(x, "readonly", "yes");
	if (p->firmware == VM_UEFI_SECURE)
		xml_attr(x, "secure", "yes");
	xml_attr(x, "type", "pflash");
	xml_text_close(x, p->firmware_code);
	if (!p->firmware_vars[0] && !p->vars[0])
		return;
	xml_open(x, "nvram");
	if (p->firmware_vars[0])
		xml_attr(x, "template", p->firmware_vars);
	if (p->vars[0])
		xml_text_close(x, p->vars);
	else
		xml_close(x);
}

static void write_os(struct domain *d)
{
	const struct vm_profile *p = d->vm;
	bool found = p->firmware != VM_BIOS && !p->firmware_code[0];

	xml_open(&d->xml, "os");
	if (found)
		xml_attr(&d->xml, "firmware", "efi");
	xml_open(&d->xml, "type");
	xml_attr(&d->xml, "arch", "x86_64");
	xml_attr(&d->xml, "machine", p->machine == VM_Q35 ? "q35" : "pc");
	xml_text_close(&d->xml, "hvm");
	if (found)
		write_found_firmware(d);
	else if (p->firmware != VM_BIOS)
		write_own_firmware(d);
	xml_close(&d->xml);
}

static void write_hyperv(struct domain *d)
{
	/* the flag "time" is a timer here */
	static const struct {
		unsigned flag;
		const char *element;
	} features[] = {
		{VM_HV_RELAXED, "relaxed"},         {VM_HV_VAPIC, "vapic"},
		{VM_HV_SPINLOCKS, "spinlocks"},     {VM_HV_VPINDEX, "vpindex"},
		{VM_HV_RUNTIME, "runtime"},         {VM_HV_SYNIC, "synic"},
		{VM_HV_STIMER, "stimer"},           {VM_HV_RESET, "reset"},
		{VM_HV_FREQUENCIES, "frequencies"}, {VM_HV_REENLIGHTENMENT, "reenlightenment"},
		{VM_HV_TLBFLUSH, "tlbflush"},       {VM_HV_IPI, "ipi"},
	};
	const struct vm_profile *p = d->vm;
	struct xml *x = &d->xml;

	if (!(p->hyperv & ~(unsigned)VM_HV_TIME) && !p->vendor_id[0])
		return;
	xml_open(x, "hyperv");
	xml_attr(x, "mode", "custom");
	for (size_t i = 0; i < ARRAY_SIZE(features); i++) {
		if (!(p->hyperv & features[i].flag))
			continue;
		xml_open(x, features[i].element);
		xml_attr(x, "state", "on");
		if (features[i].flag == VM_HV_SPINLOCKS)
			xml_attr(x, "retries", "8191");
		if (features[i].flag == VM_HV_STIMER)
			xml_one(x, "direct", "state", "on");
		xml_close(x);
	}
	if (p->vendor_id[0]) {
		xml_open(x, "vendor_id");
		xml_attr(x, "state", "on");
		xml_attr(x, "value", p->vendor_id);
		xml_close(x);
	}
	xml_close(x);
}

static void write_features(struct domain *d)
{
	const struct vm_profile *p = d->vm;
	struct xml *x = &d->xml;

	xml_open(x, "features");
	xml_open(x, "acpi");
	xml_close(x);
	xml_open(x, "apic");
	xml_close(x);
	write_hyperv(d);
	if (p->hide_kvm) {
		xml_open(x, "kvm");
		xml_one(x, "hidden", "state", "on");
		xml_close(x);
	}
	xml_one(x, "vmport", "state", "off");
	if (p->machine == VM_Q35 && p->firmware == VM_UEFI_SECURE)
		xml_one(x, "smm", "state", "on");
	xml_close(x);
}

/* "host" is KVM's; without it "max" is all that QEMU can do. */
const char *domain_cpu(const struct vm_profile *p)
{
	return p->accel == VM_TCG && !strcmp(p->cpu, "host") ? "max" : p->cpu;
}

static void write_cpu(struct domain *d)
{
	const struct vm_profile *p = d->vm;
	const char *cpu = domain_cpu(p);
	bool host = !strcmp(cpu, "host");
	struct xml *x = &d->xml;

	xml_open(x, "cpu");
	if (host) {
		xml_attr(x, "mode", "host-passthrough");
		xml_attr(x, "check", "none");
	} else if (!strcmp(cpu, "max")) {
		xml_attr(x, "mode", "maximum");
	} else {
		xml_attr(x, "mode", "custom");
		xml_attr(x, "match", "exact");
		xml_attr(x, "check", "none");
		xml_leaf(x, "model", cpu);
	}
	xml_open(x, "topology");
	xml_attr(x, "sockets", "1");
	xml_attrf(x, "cores", "%u", p->cores);
	xml_attrf(x, "threads", "%u", p->threads);
	xml_close(x);
	if (host && d->facts->amd && p->threads > 1) {
		/* without it an AMD guest does not believe in its threads */
		xml_open(x, "feature");
		xml_attr(x, "policy", "require");
		xml_attr(x, "name", "topoext");
		xml_close(x);
	}
	xml_close(x);
}

static void write_timer(struct xml *x, const char *name, const char *key, const char *value)
{
	xml_open(x, "timer");
	xml_attr(x, "name", name);
	xml_attr(x, key, value);
	xml_close(x);
}

static void write_clock(struct domain *d)
{
	const struct vm_profile *p = d->vm;
	struct xml *x = &d->xml;

	xml_open(x, "clock");
	xml_attr(x, "offset", p->clock == VM_CLOCK_LOCAL ? "localtime" : "utc");
	if (p->drift_fix)
		write_timer(x, "rtc", "tickpolicy", "catchup");
	write_timer(x, "pit", "tickpolicy", p->pit_discard ? "discard" : "delay");
	write_timer(x, "hpet", "present", yes_no(p->hpet));
	if (p->hyperv & VM_HV_TIME)
		write_timer(x, "hypervclock", "present", "yes");
	xml_close(x);
}

static void write_ends(struct domain *d)
{
	xml_leaf(&d->xml, "on_poweroff", "destroy");
	xml_leaf(&d->xml, "on_reboot", "restart");
	xml_leaf(&d->xml, "on_crash", "preserve"); /* as the launch script does */
	/* a guest with host devices can't be suspended to disk */
	xml_open(&d->xml, "pm");
	xml_one(&d->xml, "suspend-to-mem", "enabled", "no");
	xml_one(&d->xml, "suspend-to-disk", "enabled", "no");
	xml_close(&d->xml);
}

static void write_devices(struct domain *d)
{
	const char *emulator = d->vm->qemu[0] ? d->vm->qemu : d->facts->emulator;

	xml_open(&d->xml, "devices");
	if (emulator)
		xml_leaf(&d->xml, "emulator", emulator);
	domain_disks(d);
	domain_controllers(d);
	domain_network(d);
	domain_inputs(d);
	domain_screen(d);
	domain_sound(d);
	domain_host_devices(d);
	domain_usb_devices(d);
	domain_extras(d);
	xml_close(&d->xml);
}

/* What only the launch script does. */
static void add_notes(struct domain *d)
{
	const struct vm_profile *p = d->vm;

	if (p->sharer != VM_SHARER_NONE)
		strv_add(d->notes, "the keyboard server is not started with a libvirt domain");
	if (p->samba)
		strv_add(d->notes, "smbd and nmbd are not started with a libvirt domain");
	for (size_t i = 0; i < p->disks.len; i++)
		if (((const struct vm_disk *)p->disks.items)[i].size_mib) {
			strv_add(d->notes, "libvirt does not create disks: a missing one has to "
					   "be created with qemu-img");
			break;
		}
}

/*
 * A disk whose format is auto and which begins as a qcow2 image without being named so: a guest may
 * write such a beginning onto a raw disk, to be given files of this host.
 */
static const struct vm_disk *doubtful_disk(const struct vm_profile *p, const struct domain_facts *f)
{
	const struct vm_disk *d = p->disks.items;

	for (size_t i = 0; f->disk_formats && i < p->disks.len; i++)
		if (d[i].format == VM_FORMAT_AUTO && f->disk_formats[i] == VM_FORMAT_QCOW2 &&
		    !text_ends_with(d[i].path, ".qcow2"))
			return &d[i];
	return NULL;
}

int domain_xml_write(struct str *out, const struct vm_profile *p, const struct domain_facts *f,
		     struct strv *notes, struct err *reterr)
{
	static void (*const parts[])(struct domain *) = {
		write_identity, write_memory, write_cpus, write_os,      write_features, write_cpu,
		write_clock,    write_ends,   add_notes,  write_devices, domain_qemu,
	};
	struct strv unheard = STRV_INIT;
	struct domain d = {.vm = p, .facts = f, .notes = notes ? notes : &unheard};
	const struct vm_disk *doubtful = doubtful_disk(p, f);
	size_t before = out->len;

	if (doubtful)
		return err_set(reterr, -EINVAL,
			       "the disk %s begins as a qcow2 image does, and is not named so; "
			       "nothing was written: say format=qcow2 if that is what it is, else "
			       "format=raw",
			       doubtful->path);
	d.xml = xml_start(out);
	xml_open(&d.xml, "domain");
	xml_attr(&d.xml, "type", p->accel == VM_TCG ? "qemu" : "kvm");
	xml_attr(&d.xml, "xmlns:qemu", QEMU_NAMESPACE);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		parts[i](&d);
	xml_close(&d.xml);
	strv_release(&unheard);
	if (xml_ok(&d.xml) && !d.refused)
		return 0;
	str_truncate(out, before);
	if (d.refused)
		return err_set(
			reterr, -EINVAL,
			"libvirt has no PCI domain above ffff, so it can't have %s; nothing was "
			"written, the launch script can start this VM",
			d.refused->address);
	return err_set(reterr, -EINVAL,
		       "the VM %s holds a control character or bytes that are not UTF-8, which "
		       "a libvirt domain can't; nothing was written",
		       p->name);
}
