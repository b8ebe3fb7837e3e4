/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a configuration space: the first four are the ids that select errata. */
#include <stdlib.h>

#include "machine/pci_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pci_ids_in_config ids;
	struct pci_caps caps;

	if (size < 4)
		return 0;
	pci_config_read(data, size, (uint16_t)(data[0] | data[1] << 8),
			(uint16_t)(data[2] | data[3] << 8), &caps, &ids);
	if (caps.basic_known && !caps.header_known)
		abort();
	if (caps.extended_known && !caps.basic_known)
		abort();
	if ((caps.acs || caps.sriov_total) && !caps.extended_known)
		abort();
	return 0;
}
