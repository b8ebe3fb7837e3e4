/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The recorded machines of tests/machines, each unpacked and scanned: what the scan says must
 * be what the table says, device by device and column by column.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../support/samples.h"
#include "../support/tmproot.h"
#include "base/mem.h"
#include "machine/recording.h"
#include "machine/scan.h"

enum { GROUP, ADDRESS, CLASS, IDS, REVISION, SUBSYSTEM, DRIVER, MODULES, NAME };
enum {
	TYPE = 9,
	MULTI,
	ACS_CAP,
	ACS_CTL,
	FLR,
	SECONDARY,
	SUBORDINATE,
	LINK_MAX,
	LINK,
	PROG_IF,
	SRIOV
};

struct row {
	char *columns[20];
	size_t len;
};

struct table {
	struct row *rows;
	size_t len, cap;
	struct strv unreadable, groups;
};

static void add_row(struct table *t, char *line)
{
	struct row r = {.len = 0};

	for (char *column; r.len < 20 && (column = strsep(&line, "\t"));)
		r.columns[r.len++] = xstrdup(column);
	assert_null(line);
	assert_true(r.len == 9 || r.len == 20);
	if (strcmp(r.columns[GROUP], "-") != 0)
		strv_add_unique(&t->groups, r.columns[GROUP]);
	t->rows = grow(t->rows, t->len, &t->cap, sizeof(*t->rows));
	t->rows[t->len++] = r;
}

static void read_table(struct table *t, const char *text)
{
	static const char ungrouped[] = "#ungrouped\t", unreadable[] = "# unreadable: ";
	auto_strv struct strv lines = STRV_INIT;

	*t = (struct table){.rows = NULL, .unreadable = STRV_INIT, .groups = STRV_INIT};
	strv_split(&lines, text, "\n");
	for (size_t i = 0; i < lines.len; i++) {
		char *line = lines.items[i];

		if (text_starts_with(line, ungrouped))
			add_row(t, line + strlen(ungrouped));
		else if (text_starts_with(line, unreadable))
			strv_addn(&t->unreadable, line + strlen(unreadable),
				  strcspn(line + strlen(unreadable), " "));
		else if (line[0] != '#')
			add_row(t, line);
	}
}

static void release_table(struct table *t)
{
	for (size_t i = 0; i < t->len; i++)
		for (size_t k = 0; k < t->rows[i].len; k++)
			free(t->rows[i].columns[k]);
	free(t->rows);
	strv_release(&t->unreadable);
	strv_release(&t->groups);
}

/* Fails with the machine, the device and the column. */
static void equal(const char *machine, const struct row *r, const char *column, const char *got,
		  const char *expect)
{
	if (strcmp(got, expect) != 0)
		fail_msg("%s %s: %s is %s, the table says %s", machine, r->columns[ADDRESS], column,
			 got, expect);
}

static void equal_hex(const char *machine, const struct row *r, const char *column, unsigned got,
		      int digits, const char *expect)
{
	auto_free char *text = xasprintf("%0*x", digits, got);

	equal(machine, r, column, text, strcmp(expect, "-") ? expect : digits == 4 ? "0000" : "00");
}

static void compare_identity(const char *machine, const struct row *r, const struct device *d)
{
	auto_free char *ids = xasprintf("%04x:%04x", d->vendor, d->id);
	auto_free char *subsystem = xasprintf("%04x:%04x", d->subvendor, d->subdevice);
	auto_free char *group = d->group < 0 ? xstrdup("-") : xasprintf("%d", d->group);

	equal_hex(machine, r, "class", d->class_code >> 8, 4, r->columns[CLASS]);
	equal(machine, r, "ids", ids, r->columns[IDS]);
	equal_hex(machine, r, "revision", d->revision, 2, r->columns[REVISION]);
	if (strcmp(r->columns[SUBSYSTEM], "-") != 0)
		equal(machine, r, "subsystem", subsystem, r->columns[SUBSYSTEM]);
	equal(machine, r, "driver", d->driver ? d->driver : "-", r->columns[DRIVER]);
	equal(machine, r, "group", group, r->columns[GROUP]);
}

static const char *type_name(enum pcie_type type)
{
	static const char *const names[] = {
		[PCIE_ENDPOINT] = "endpoint",
		[PCIE_LEGACY_ENDPOINT] = "legacy-endpoint",
		[PCIE_ROOT_PORT] = "root-port",
		[PCIE_UPSTREAM] = "upstream",
		[PCIE_DOWNSTREAM] = "downstream",
		[PCIE_TO_PCI] = "pcie-to-pci",
		[PCI_TO_PCIE] = "pci-to-pcie",
		[PCIE_RC_ENDPOINT] = "rc-endpoint",
		[PCIE_RC_EVENT_COLLECTOR] = "rc-event-collector",
		[PCIE_NONE] = "-",
	};

	return names[type];
}

static char *link_text(uint8_t speed, uint8_t width)
{
	static const char *const speeds[] = {"?", "2.5", "5", "8", "16", "32", "64"};

	return speed ? xasprintf("%sGT/s,x%d", speeds[speed], width) : xstrdup("-");
}

/* Intel's 100/200 series ports: lspci shows 00 where the register is not; the scan reads the right one. */
static bool has_shifted_register(const struct row *r, const struct device *d)
{
	return d->vendor == 0x8086 && !strcmp(r->columns[TYPE], "root-port") &&
	       !strcmp(r->columns[ACS_CTL], "00") && d->group >= 0 && d->caps.acs_ctl;
}

static void compare_acs(const char *machine, const struct row *r, const struct device *d)
{
	auto_free char *cap = xasprintf("%02x", d->caps.acs_cap);
	auto_free char *ctl = xasprintf("%02x", d->caps.acs_ctl);

	equal(machine, r, "ACS capability", d->caps.acs ? cap : "-", r->columns[ACS_CAP]);
	if (has_shifted_register(r, d))
		assert_int_equal(d->caps.acs_ctl, d->caps.acs_cap & 0x1d);
	else
		equal(machine, r, "ACS control", d->caps.acs ? ctl : "-", r->columns[ACS_CTL]);
}

static void compare_bridge(const char *machine, const struct row *r, const struct device *d)
{
	auto_free char *secondary = xasprintf("%02x", d->caps.secondary);
	auto_free char *subordinate = xasprintf("%02x", d->caps.subordinate);

	if (!strcmp(r->columns[SECONDARY], "-"))
		return;
	assert_true(d->is_bridge);
	equal(machine, r, "secondary bus", secondary, r->columns[SECONDARY]);
	equal(machine, r, "subordinate bus", subordinate, r->columns[SUBORDINATE]);
}

static void compare_capabilities(const char *machine, const struct row *r, const struct device *d)
{
	auto_free char *most = link_text(d->caps.link_speed_max, d->caps.link_width_max);
	auto_free char *now = link_text(d->caps.link_speed, d->caps.link_width);
	auto_free char *vfs = xasprintf("%u/%u", d->caps.sriov_total, d->caps.sriov_enabled);
	const char *flr = d->caps.flr                      ? "yes"
			  : d->caps.af_flr                 ? "af"
			  : d->caps.pcie_type != PCIE_NONE ? "no"
							   : "-";

	assert_true(d->caps.extended_known);
	equal(machine, r, "PCIe type", type_name(d->caps.pcie_type), r->columns[TYPE]);
	/* functions above 0 always count, whatever the register says */
	if (!d->addr.function)
		assert_int_equal(d->caps.multifunction, !strcmp(r->columns[MULTI], "yes"));
	compare_acs(machine, r, d);
	equal(machine, r, "FLR", flr, r->columns[FLR]);
	compare_bridge(machine, r, d);
	equal(machine, r, "link capability", most, r->columns[LINK_MAX]);
	if (strcmp(r->columns[LINK_MAX], "-") != 0)
		equal(machine, r, "link status", now, r->columns[LINK]);
	equal(machine, r, "SR-IOV", d->caps.sriov_total ? vfs : "-", r->columns[SRIOV]);
	if (strlen(r->columns[PROG_IF]) == 2)
		equal_hex(machine, r, "prog-if", d->class_code & 0xff, 2, r->columns[PROG_IF]);
}

static void compare_parent(const char *machine, const struct row *r, const struct topology *t,
			   const struct device *d)
{
	const struct device *up = d->parent == NO_PARENT ? NULL : &t->devices[d->parent];

	if (up && (!up->is_bridge || up->caps.secondary != d->addr.bus))
		fail_msg("%s %s: hangs below %s, whose bus is %02x", machine, r->columns[ADDRESS],
			 up->bdf, up->caps.secondary);
}

static void compare(const char *machine, const struct table *table, const struct topology *t)
{
	assert_int_equal(t->len, table->len);
	assert_int_equal(t->groups_len, table->groups.len);
	assert_int_equal(t->skipped, 0);
	for (size_t i = 0; i < table->len; i++) {
		const struct row *r = &table->rows[i];
		const struct device *d;
		struct pci_addr addr;

		assert_true(pci_addr_parse(r->columns[ADDRESS], &addr));
		d = topology_find(t, &addr);
		if (!d)
			fail_msg("%s %s: not found by the scan", machine, r->columns[ADDRESS]);
		compare_identity(machine, r, d);
		compare_parent(machine, r, t, d);
		if (strv_has(&table->unreadable, r->columns[ADDRESS]))
			assert_false(d->caps.header_known);
		else if (r->len == 20)
			compare_capabilities(machine, r, d);
	}
}

static void scan_machine(const char *machine, const char *path)
{
	size_t len;
	auto_free char *text = samples_read(path, &len);
	char *root = tmproot_new();
	struct host *host = NULL;
	struct scanner *scanner;
	struct topology *t = NULL;
	struct table table;
	struct err err = ERR_INIT;

	assert_non_null(text);
	if (recording_unpack(text, len, root, &err) < 0 || host_open(root, &host, &err) < 0)
		fail_msg("%s: %s", machine, err.text);
	scanner = scanner_new(host, NULL);
	if (scanner_scan(scanner, &t, &err) < 0)
		fail_msg("%s: %s", machine, err.text);
	read_table(&table, text);
	compare(machine, &table, t);
	release_table(&table);
	topology_free(t);
	scanner_free(scanner);
	host_free(host);
	tmproot_remove(root);
}

static void every_machine_is_scanned_as_its_table_says(void **state)
{
	auto_free char *dir = xasprintf("%s/tests/machines", samples_top());
	struct dirent **names = NULL;
	int n = scandir(dir, &names, NULL, alphasort), machines = 0;

	(void)state;
	for (int i = 0; i < n; i++) {
		auto_free char *path = xasprintf("%s/%s", dir, names[i]->d_name);

		if (text_ends_with(path, ".txt")) {
			scan_machine(names[i]->d_name, path);
			machines++;
		}
		free(names[i]);
	}
	free(names);
	assert_true(machines >= 44);
}

static void bundled_machines_scan(void **state)
{
	(void)state;
	assert_true(bundled_recordings_len >= 2);
	for (size_t i = 0; i < bundled_recordings_len; i++) {
		const struct bundled_recording *b = &bundled_recordings[i];
		auto_free char *path = xasprintf("%s/src/machine/demo/%s.txt", samples_top(),
						 b->name);
		size_t len;
		auto_free char *file = samples_read(path, &len);
		char *rows = xstrndup(file, (size_t)(strstr(file, "\n\n") - file));
		char *root = tmproot_new();
		struct table table;
		struct host *host = NULL;
		struct topology *t = NULL;
		struct scanner *scanner;

		assert_int_equal(len, b->len);
		assert_memory_equal(file, b->text, len);
		assert_int_equal(recording_unpack(b->text, b->len, root, NULL), 0);
		assert_int_equal(host_open(root, &host, NULL), 0);
		scanner = scanner_new(host, NULL);
		assert_int_equal(scanner_scan(scanner, &t, NULL), 0);
		read_table(&table, rows);
		compare(b->name, &table, t);
		release_table(&table);
		free(rows);
		topology_free(t);
		scanner_free(scanner);
		host_free(host);
		tmproot_remove(root);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_machine_is_scanned_as_its_table_says),
		cmocka_unit_test(bundled_machines_scan),
	};

	/* a hundred thousand small files: in memory they take two seconds, on some disks a minute */
	if (!access("/dev/shm", W_OK))
		setenv("TMP", "/dev/shm", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
