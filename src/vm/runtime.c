/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/runtime.h"

#include "base/mem.h"

char *vm_runtime_dir(const char *xdg)
{
	return xasprintf("%s/" VM_RUNTIME_NAME, xdg && xdg[0] == '/' ? xdg : VM_RUNTIME_SYSTEM);
}

char *vm_runtime_path(const char *xdg, const char *name, enum vm_runtime_file which)
{
	static const char *const suffixes[] = {
		[VM_RUN_QMP] = "qmp", [VM_RUN_PID] = "pid",     [VM_RUN_LOG] = "log",
		[VM_RUN_TPM] = "tpm", [VM_RUN_SPICE] = "spice",
	};
	auto_free char *dir = vm_runtime_dir(xdg);

	return xasprintf("%s/%s.%s", dir, name, suffixes[which]);
}
