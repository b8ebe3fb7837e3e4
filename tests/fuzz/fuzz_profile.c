/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a VM's profile: no edit keeps them, an edit can be read again and taken back. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "vm/profile.h"
#include "vm/profile_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(int holds)
{
	if (!holds)
		abort();
}

/* Field `f` set to the value of an entry of its own kind, where it does not stand yet. */
static void set_and_unset(const char *bytes, size_t len, const struct vm_field *f,
			  const char *value)
{
	auto_text struct text t = TEXT_INIT;
	auto_str struct str back = STR_INIT;
	auto_str struct str set = STR_INIT;
	auto_strv struct strv values = STRV_INIT;
	struct vm_line line;

	if (len && bytes[len - 1] == '\r') /* half a line ending, which LF would complete */
		return;
	text_parse(&t, bytes, len);
	for (size_t i = 0; i < t.len; i++)
		if (vm_line_parse(&t.lines[i], &line) && line.field == f)
			return;
	strv_add(&values, value);
	vm_text_set(&t, f, &values);
	text_join(&t, &set);
	need(set.len > len);
	strv_release(&values);
	vm_text_set(&t, f, &values);
	text_join(&t, &back);
	need(back.len == len && !memcmp(back.data, bytes, len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	auto_vm_problems struct vm_problems problems = VM_PROBLEMS_INIT;
	auto_vm_profile struct vm_profile p;
	auto_vm_profile struct vm_profile again;
	auto_str struct str same = STR_INIT;
	auto_str struct str anew = STR_INIT;

	if (size > 16384)
		return 0;
	vm_profile_init(&p, "x");
	vm_profile_init(&again, "x");
	vm_profile_parse(&p, bytes, size, &problems);
	vm_profile_check(&p, &problems);
	vm_profile_write(bytes, size, &p, &same);
	need(same.len == size && !memcmp(same.data, bytes, size));
	/* what was understood is understood again from a file of our own */
	vm_profile_write(NULL, 0, &p, &anew);
	vm_problems_release(&problems);
	vm_profile_parse(&again, anew.data, anew.len, &problems);
	need(!problems.len);
	for (size_t i = 0; i < vm_fields_len; i++)
		need(vm_field_equal(&p, &again, &vm_fields[i]));
	set_and_unset(bytes, size, vm_field_find("cores"), "7");
	set_and_unset(bytes, size, vm_field_find("qemu"), "/a \"b\" #c\n");
	set_and_unset(bytes, size, vm_field_find("disk"), "\"/a\\nb\" format=raw");
	return 0;
}
