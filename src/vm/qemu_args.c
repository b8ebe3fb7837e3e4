/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/qemu_args.h"

#include <string.h>

#include "base/shell.h"

void qemu_value(struct str *out, const char *value)
{
	auto_str struct str doubled = STR_INIT;

	for (const char *s = value; *s; s++) {
		str_addc(&doubled, *s);
		if (*s == ',')
			str_addc(&doubled, ',');
	}
	shell_escape_double(out, doubled.data);
}

/* --- firmware ------------------------------------------------------------------- */

void qemu_firmware(const struct vm_profile *p, const struct platform *host,
		   struct qemu_firmware *ret)
{
	const struct ovmf *o = &host->ovmf;

	*ret = (struct qemu_firmware){.code = "", .vars = "", .format = "raw"};
	if (p->firmware == VM_BIOS)
		return;
	ret->secure = p->firmware == VM_UEFI_SECURE;
	if (p->firmware_code[0]) {
		ret->code = p->firmware_code;
		ret->vars = p->firmware_vars;
		ret->format = text_ends_with(p->firmware_code, ".qcow2") ? "qcow2" : "raw";
		return;
	}
	if (ret->secure)
		o = &host->ovmf_secure;
	if (!o->code || !o->vars)
		return;
	ret->code = o->code;
	ret->vars = o->vars;
	ret->format = o->format ? o->format : "raw";
	ret->secure = o->secure_boot;
}

static void firmware(struct str *out, const struct qemu_firmware *f)
{
	str_adds(out, "# Firmware: the code, and this VM's own variables.\n"
		      "args+=(\n"
		      "\t-blockdev \"driver=file,node-name=code-file,read-only=on,"
		      "filename=${ovmf_code//,/,,}\"\n"
		      "\t-blockdev \"driver=$ovmf_format,node-name=code,read-only=on,"
		      "file=code-file\"\n"
		      "\t-blockdev \"driver=file,node-name=vars-file,filename=${vars//,/,,}\"\n"
		      "\t-blockdev \"driver=$ovmf_format,node-name=vars,file=vars-file\"\n"
		      ")\n");
	if (f->secure)
		str_adds(out, "args+=(-global \"driver=cfi.pflash01,property=secure,value=on\") # "
			      "only firmware may change the variables\n");
	str_addc(out, '\n');
}

/* --- the machine ------------------------------------------------------------------ */

static void machine(struct str *out, const struct vm_profile *p, const struct qemu_firmware *f)
{
	bool own_memory = p->hugepages != VM_HUGE_NONE || p->numa_node[0];

	str_addf(out, "\t-machine \"%s,vmport=off,hpet=%s%s%s%s\"\n",
		 p->machine == VM_Q35 ? "q35" : "pc", p->hpet ? "on" : "off",
		 f->secure ? ",smm=on" : "",
		 p->firmware != VM_BIOS ? ",pflash0=code,pflash1=vars" : "",
		 own_memory ? ",memory-backend=ram" : "");
	str_adds(out, "\t-accel \"$accel\"\n");
}

static void hyperv(struct str *out, const struct vm_profile *p)
{
	static const char *const flags[] = {
		"relaxed",         "vapic",    "spinlocks=0x1fff",
		"vpindex",         "runtime",  "synic",
		"stimer",          "reset",    "time",
		"frequencies",     "tlbflush", "ipi",
		"reenlightenment",
	};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (p->hyperv & 1U << i)
			str_addf(out, ",hv-%s%s", flags[i], strchr(flags[i], '=') ? "" : "=on");
	if (p->hyperv)
		str_adds(out, ",hv-crash=on"); /* Windows tells its crash that way */
	if (p->vendor_id[0]) {
		str_adds(out, ",hv-vendor-id=");
		qemu_value(out, p->vendor_id);
	}
}

static void processor(struct str *out, const struct vm_profile *p, const struct platform *host)
{
	bool is_host = !strcmp(p->cpu, "host");

	str_adds(out, "\t-cpu \"");
	/* "host" is KVM's; without it "max" is all that QEMU can do */
	qemu_value(out, is_host && p->accel == VM_TCG ? "max" : p->cpu);
	if (is_host && p->accel == VM_KVM && host->cpu == CPU_AMD && p->threads > 1)
		str_adds(out, ",topoext=on"); /* or the guest sees no threads */
	if (p->hide_kvm)
		str_adds(out, ",kvm=off");
	hyperv(out, p);
	if (p->cpu_options[0]) {
		str_addc(out, ',');
		shell_escape_double(out, p->cpu_options);
	}
	str_adds(out, "\"\n\t-smp \"sockets=1,cores=$cores,threads=$threads\"\n");
}

static void memory(struct str *out, const struct vm_profile *p)
{
	str_adds(out, "\t-m \"${memory}M\"\n");
	if (p->hugepages != VM_HUGE_NONE || p->numa_node[0]) {
		str_addf(out, "\t-object \"memory-backend-%s,id=ram,size=${memory}M",
			 p->hugepages != VM_HUGE_NONE ? "memfd" : "ram");
		if (p->hugepages != VM_HUGE_NONE)
			str_addf(out, ",hugetlb=on,hugetlbsize=%s,prealloc=on",
				 p->hugepages == VM_HUGE_1G ? "1G" : "2M");
		if (p->numa_node[0])
			str_adds(out, ",host-nodes=$numa_node,policy=bind");
		str_adds(out, "\"\n");
	}
	if (p->lock_memory)
		str_adds(out, "\t-overcommit \"mem-lock=on\"\n");
}

static void clocks(struct str *out, const struct vm_profile *p)
{
	str_addf(out, "\t-rtc \"base=%s%s\"\n", p->clock == VM_CLOCK_LOCAL ? "localtime" : "utc",
		 p->drift_fix ? ",driftfix=slew" : "");
	if (p->pit_discard && p->accel == VM_KVM)
		str_adds(out, "\t-global \"kvm-pit.lost_tick_policy=discard\"\n");
}

/*
 * A guest whose system crashed stays, so that its state can be seen and its end be chosen.
 * Windows, which has no driver for the device, tells it by Hyper-V's registers.
 */
static void panic(struct str *out, const struct vm_profile *p)
{
	str_adds(out, "\t-action \"panic=pause\"\n");
	if (!p->hyperv)
		str_adds(out, "\t-device \"pvpanic\"\n");
}

void qemu_args_machine(struct str *out, const struct vm_profile *p, const struct platform *host)
{
	struct qemu_firmware f;

	qemu_firmware(p, host, &f);
	str_adds(out, "# Machine, processor, memory, clock; nothing that was not asked for.\n"
		      "args+=(\n"
		      "\t-name \"guest=${name//,/,,},debug-threads=on\"\n"
		      "\t-nodefaults\n"
		      "\t-no-user-config\n");
	machine(out, p, &f);
	processor(out, p, host);
	memory(out, p);
	clocks(out, p);
	panic(out, p);
	str_adds(out, ")\n"
		      "# How vfiotui and this script talk with QEMU (QMP).\n"
		      "args+=(\n"
		      "\t-chardev \"socket,id=qmp,path=${socket//,/,,}.qmp,server=on,wait=off\"\n"
		      "\t-mon \"chardev=qmp,mode=control\"\n"
		      "\t-chardev \"pipe,id=monitor,path=${socket//,/,,}.monitor\"\n"
		      "\t-mon \"chardev=monitor,mode=control\"\n"
		      ")\n\n");
	if (p->firmware != VM_BIOS)
		firmware(out, &f);
}

void qemu_args_more(struct str *out, const struct vm_profile *p)
{
	const struct vm_path *options = p->options.items;

	if (!p->options.len)
		return;
	str_adds(out, "# Further arguments of this VM.\nargs+=(\n");
	for (size_t i = 0; i < p->options.len; i++) {
		str_adds(out, "\t\"");
		shell_escape_double(out, options[i].path);
		str_adds(out, "\"\n");
	}
	str_adds(out, ")\n\n");
}
