/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vm xml: a VM as libvirt reads it. What only the launch script does is said on the terminal's other stream. */
#include "cli/vm.h"
#include "vm/domain_host.h"

static int write_xml(struct cli *c, const struct vm_profile *p, struct str *out, struct strv *notes,
		     struct err *reterr)
{
	struct files *files = files_new(c->host);
	struct domain_host host;
	int r;

	domain_host_read(&host, files, c->situation->platform,
			 c->args.user ? c->args.user : c->situation->platform->user, p);
	r = domain_xml_write(out, p, &host.facts, notes, reterr);
	domain_host_release(&host);
	files_free(files);
	return r;
}

int vm_cmd_xml(struct cli *c, const char *name)
{
	auto_vm_problems struct vm_problems problems = VM_PROBLEMS_INIT;
	auto_strv struct strv notes = STRV_INIT;
	auto_str struct str xml = STR_INIT;
	struct vm_profile p;
	struct err err = ERR_INIT;
	int r = cli_vm_load(c, name, &p, &problems, &err);

	if (r >= 0)
		r = cli_open_situation(c, &err);
	if (r >= 0)
		r = write_xml(c, &p, &xml, &notes, &err);
	vm_profile_release(&p);
	if (r < 0)
		return cli_fail_reading(c, &err);
	print_lines(&c->out, xml.data, xml.len);
	for (size_t i = 0; i < notes.len; i++)
		cli_warn(c, notes.items[i]);
	return EXIT_DONE;
}
