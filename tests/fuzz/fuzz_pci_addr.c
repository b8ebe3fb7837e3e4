/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any text: what is taken as an address must survive being printed and read again. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "machine/pci_addr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = xstrndup((const char *)data, size);
	struct pci_addr a, b;
	char buf[PCI_ADDR_TEXT];

	if (pci_addr_parse(text, &a)) {
		if (!pci_addr_parse(pci_addr_format(&a, buf), &b) || pci_addr_compare(&a, &b))
			abort();
		if (!pci_addr_parse(pci_addr_format_short(&a, buf), &b) || pci_addr_compare(&a, &b))
			abort();
	}
	if (pci_addr_parse_slot(text, &a) && a.function)
		abort();
	return 0;
}
