/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "machine/topology.h"

/* A writable copy lives as long as the test; the struct's strings are not const. */
#define TEXT(s) ((s) ? strcpy((char[128]){0}, (s)) : NULL)

static const struct {
	uint32_t class_code;
	uint16_t vendor;
	const char *vendor_name, *device_name, *full, *brief;
} named[] = {
	{0x030000, 0x10de, "NVIDIA Corporation", "GA104 [GeForce RTX 3070]",
	 "NVIDIA Corporation GA104 [GeForce RTX 3070]", "NVIDIA GeForce RTX 3070"},
	{0x040300, 0x10de, "NVIDIA Corporation", "GA104 High Definition Audio Controller",
	 "NVIDIA Corporation GA104 High Definition Audio Controller", "NVIDIA GA104 HD Audio"},
	{0x030000, 0x1002, "Advanced Micro Devices, Inc. [AMD/ATI]",
	 "Navi 21 [Radeon RX 6800/6800 XT / 6900 XT]",
	 "Advanced Micro Devices, Inc. [AMD/ATI] Navi 21 [Radeon RX 6800/6800 XT / 6900 "
	 "XT]",
	 "AMD Radeon RX 6800/6800 XT / 6900 XT"},
	{0x040300, 0x1002, "Advanced Micro Devices, Inc. [AMD/ATI]",
	 "Ellesmere HDMI Audio [Radeon RX 470/480]",
	 "Advanced Micro Devices, Inc. [AMD/ATI] Ellesmere HDMI Audio [Radeon RX 470/480]",
	 "AMD Ellesmere HDMI Audio"},
	{0x010601, 0x1022, "Advanced Micro Devices, Inc. [AMD]", "FCH SATA Controller [AHCI mode]",
	 "Advanced Micro Devices, Inc. [AMD] FCH SATA Controller [AHCI mode]", "AMD FCH SATA"},
	{0x0c0330, 0x1022, "Advanced Micro Devices, Inc. [AMD]", "Matisse USB 3.0 Host Controller",
	 "Advanced Micro Devices, Inc. [AMD] Matisse USB 3.0 Host Controller",
	 "AMD Matisse USB 3.0"},
	{0x0c0330, 0x1022, "Advanced Micro Devices, Inc. [AMD]",
	 "400 Series Chipset USB 3.1 xHCI Compliant Host Controller",
	 "Advanced Micro Devices, Inc. [AMD] 400 Series Chipset USB 3.1 xHCI Compliant "
	 "Host Controller",
	 "AMD 400 Series USB 3.1 xHCI"},
	{0x010802, 0x144d, "Samsung Electronics Co Ltd", "NVMe SSD Controller SM981/PM981/PM983",
	 "Samsung Electronics Co Ltd NVMe SSD Controller SM981/PM981/PM983",
	 "Samsung SM981/PM981/PM983"},
	{0x020000, 0x10ec, "Realtek Semiconductor Co., Ltd.",
	 "RTL8111/8168/8211/8411 PCI Express Gigabit Ethernet Controller",
	 "Realtek Semiconductor Co., Ltd. RTL8111/8168/8211/8411 PCI Express Gigabit "
	 "Ethernet Controller",
	 "Realtek RTL8111/8168/8211/8411"},
	{0x010601, 0x1b21, "ASMedia Technology Inc.", "ASM1062 Serial ATA Controller",
	 "ASMedia Technology Inc. ASM1062 Serial ATA Controller", "ASMedia ASM1062 Serial ATA"},
	{0x0c0330, 0x1912, "Renesas Technology Corp.", "uPD720201 USB 3.0 Host Controller",
	 "Renesas Technology Corp. uPD720201 USB 3.0 Host Controller", "Renesas uPD720201 USB 3.0"},
	{0x020000, 0x8086, "Intel Corporation", "82574L Gigabit Network Connection",
	 "Intel Corporation 82574L Gigabit Network Connection", "Intel 82574L"},
	{0x020700, 0x15b3, "Mellanox Technologies", "MT27500 Family [ConnectX-3]",
	 "Mellanox Technologies MT27500 Family [ConnectX-3]", "Mellanox ConnectX-3"},
	{0x030000, 0x1462, "Micro-Star International Co., Ltd. [MSI]", NULL,
	 "Micro-Star International Co., Ltd. [MSI] Device 2484", "MSI device 2484"},
	{0x030000, 0x10de, NULL, NULL, "Device 10de:2484", "NVIDIA device 2484"},
	{0x030000, 0xabcd, NULL, NULL, "Device abcd:2484", "Device abcd:2484"},
	{0x020000, 0xabcd, "Inc.", "Controller", "Inc. Controller", "Inc. Controller"},
	{0x020000, 0xabcd, "Acme, Inc.", "Acme [] card]", "Acme, Inc. Acme [] card]", "Acme card"},
	{0x010802, 0x1c5c, "SK hynix", "SK hynix Platinum P41", "SK hynix SK hynix Platinum P41",
	 "SK hynix Platinum P41"},
};

static void names(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(named); i++) {
		struct device d = {.class_code = named[i].class_code,
				   .vendor = named[i].vendor,
				   .id = 0x2484,
				   .vendor_name = TEXT(named[i].vendor_name),
				   .device_name = TEXT(named[i].device_name)};
		auto_free char *full = device_name(&d);
		auto_free char *brief = device_short_name(&d);

		assert_string_equal(full, named[i].full);
		assert_string_equal(brief, named[i].brief);
	}
}

static void short_classes(void **state)
{
	static const struct {
		uint32_t class_code;
		const char *expect;
	} cases[] = {
		{0x030000, "VGA"},    {0x030200, "3D"},       {0x038000, "Display"},
		{0x040300, "Audio"},  {0x040100, "Audio"},    {0x0c0330, "USB"},
		{0x010802, "NVMe"},   {0x010601, "SATA"},     {0x010400, "RAID"},
		{0x020000, "LAN"},    {0x028000, "WiFi"},     {0x060400, "Bridge"},
		{0x060000, "Host"},   {0x060100, "ISA"},      {0x0c0500, "SMBus"},
		{0x070002, "Serial"}, {0x118000, "Signal"},   {0x108000, "Encrypt"},
		{0x080501, "SDHCI"},  {0x0c0010, "FireWire"}, {0x080600, "IOMMU"},
		{0x088000, "System"}, {0xff0000, "Other"},    {0x000000, "Other"},
		{0x7f0000, "Other"},  {0x120000, "Accel"},    {0x0b4000, "Coproc"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(
			device_short_class(&(struct device){.class_code = cases[i].class_code}),
			cases[i].expect);
	for (uint32_t c = 0; c < 0x1000000; c += 0x100)
		assert_in_range(strlen(device_short_class(&(struct device){.class_code = c})), 1,
				8);
}

static void kinds(void **state)
{
	struct device gpu = {.class_code = 0x030200}, audio = {.class_code = 0x040300};
	struct device usb = {.class_code = 0x0c0330}, lan = {.class_code = 0x028000};
	struct device disk = {.class_code = 0x010802}, bridge = {.class_code = 0x060400};
	char buf[10];

	(void)state;
	assert_true(device_is_gpu(&gpu) && !device_is_gpu(&audio));
	assert_true(device_is_audio(&audio) && !device_is_audio(&gpu));
	assert_true(device_is_usb(&usb) && !device_is_usb(&bridge));
	assert_true(device_is_network(&lan) && !device_is_network(&usb));
	assert_true(device_is_storage(&disk) && !device_is_storage(&lan));
	assert_string_equal(device_class_text(&disk, buf), "0108");
	gpu.vendor = 0x10de;
	gpu.id = 0x84;
	assert_string_equal(device_ids_text(&gpu, buf), "10de:0084");
	assert_false(device_same_ids(&gpu, &audio));
	audio.vendor = 0x10de;
	audio.id = 0x84;
	assert_true(device_same_ids(&gpu, &audio));
}

/* Linux 5.19 and later: the drivers that set driver_managed_dma, and none. */
static void viability(void **state)
{
	static const struct {
		const char *driver;
		bool vfio, viable;
	} cases[] = {
		{NULL, false, true},
		{"vfio-pci", true, true},
		{"mlx5_vfio_pci", true, true},
		{"nvgrace-gpu-vfio-pci", true, true},
		{"pci-stub", false, true},
		{"pcieport", false, true},
		{"shpchp", false, false},
		{"nouveau", false, false},
		{"vfio-pci-core", false, false},
		{"xvfio-pci", false, false},
		{"", false, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct device d = {.driver = TEXT(cases[i].driver)};

		assert_int_equal(driver_is_vfio(cases[i].driver), cases[i].vfio);
		assert_int_equal(device_is_viable_member(&d), cases[i].viable);
	}
}

static void resets(void **state)
{
	auto_strv struct strv v = STRV_INIT;
	auto_free char *text = NULL;

	(void)state;
	assert_int_equal(reset_from_names("bus flr\n"), RESET_FLR | RESET_BUS);
	assert_int_equal(reset_from_names(""), 0);
	assert_int_equal(reset_from_names("warm af_flr"), RESET_AF_FLR);
	reset_names(RESET_BUS | RESET_FLR | RESET_DEVICE_SPECIFIC | RESET_CXL_BUS, &v);
	text = strv_join(&v, " ");
	assert_string_equal(text, "device_specific flr bus cxl_bus");
	assert_int_equal(reset_from_names("device_specific acpi flr af_flr pm bus cxl_bus"), 0x7f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),  cmocka_unit_test(short_classes),
		cmocka_unit_test(kinds),  cmocka_unit_test(viability),
		cmocka_unit_test(resets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
