/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes as keys, mouse, sizes and hot-plugs over a small machine in memory: the model draws after each, and what it
 * drew must be whole: no control character, no broken character, no cell beyond the edge.
 */
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "base/mem.h"
#include "ui/app.h"

#define NASTY "Evil\033[2J \xff\xfe \342\200\256 \346\226\207\345\255\227 name"

static const struct {
	const char *bdf, *driver, *name;
	int group;
	uint32_t class_code;
	bool bridge, later_only, first_only;
} devices[] = {
	{"0000:00:01.0", "pcieport", NASTY, 1, 0x060400, true, false, false},
	{"0000:01:00.0", "nouveau", "GA104 [GeForce RTX 3070]", 15, 0x030000, false, false, false},
	{"0000:01:00.1", "snd_hda_intel", NASTY, 15, 0x040300, false, false, false},
	{"0000:02:00.0", "e1000e", "82574L", 16, 0x020000, false, false, true},
	{"0000:03:00.0", "nvme", NASTY NASTY NASTY, 16, 0x010802, false, false, false},
	{"10000:04:00.0", NULL, NULL, NO_GROUP, 0x0c0330, false, true, false},
};

/* Keys that mean something, so that random bytes reach deep. */
static const uint32_t keys[] = {
	K_UP,       K_DOWN, K_LEFT,   K_RIGHT,     K_PAGE_UP,   K_PAGE_DOWN,
	K_HOME,     K_END,  K_TAB,    K_ENTER,     K_ESCAPE,    K_BACKSPACE,
	K_F1,       K_F5,   K_F10,    K_CTRL('l'), K_CTRL('c'), K_CTRL('z'),
	K_BACK_TAB, 0x4e2d, 0x10ffff, 0x301,       0xad,
};

static struct topology *make_topology(bool later)
{
	struct topology *t = topology_new();

	for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
		struct pci_addr a;
		struct device *d;

		if ((later && devices[i].first_only) || (!later && devices[i].later_only) ||
		    !pci_addr_parse(devices[i].bdf, &a))
			continue;
		d = topology_add(t, &a);
		d->group = devices[i].group;
		d->class_code = devices[i].class_code;
		d->is_bridge = devices[i].bridge;
		d->driver = xstrdup(devices[i].driver);
		d->vendor = 0x10de;
		d->device_name = xstrdup(devices[i].name);
		d->vendor_name = xstrdup(devices[i].name);
		d->class_name = xstrdup("class " NASTY);
		d->boot_vga = -1;
		d->numa_node = -1;
	}
	topology_seal(t);
	return t;
}

static void check_grid(const struct grid *g)
{
	for (int row = 0; row < g->rows; row++)
		for (int col = 0; col < g->cols; col++) {
			const struct cell *c = grid_at(g, row, col);
			wchar_t wide;
			mbstate_t state;

			memset(&state, 0, sizeof(state));
			if (c->width == 0) {
				if (!col || grid_at(g, row, col - 1)->width != 2)
					abort();
				continue;
			}
			if (mbrtowc(&wide, c->text, strlen(c->text), &state) != strlen(c->text) ||
			    wcwidth(wide) != c->width || c->role >= ROLES)
				abort();
		}
}

static void step(struct app *app, const uint8_t *data, size_t size, size_t *at)
{
	uint8_t byte = data[(*at)++];
	struct input in = {.kind = INPUT_KEY, .key = byte};

	if (byte >= 0x20 && byte < 0x7f) {
		app_input(app, &in);
	} else if (byte < 0x20 && byte < ARRAY_SIZE(keys)) {
		in.key = keys[byte];
		app_input(app, &in);
	} else if (byte < 0xa0 && *at + 2 <= size) {
		in = (struct input){.kind = byte & 1 ? INPUT_CLICK : INPUT_WHEEL,
				    .row = data[*at],
				    .col = data[*at + 1],
				    .turn = byte & 2 ? 1 : -1};
		*at += 2;
		app_input(app, &in);
	} else if (byte < 0xd0 && *at + 2 <= size) {
		app_resize(app, data[*at] % 70, data[*at + 1]);
		*at += 2;
	} else if (byte < 0xf0) {
		topology_free(app->situation->topology);
		app->situation->topology = make_topology(byte & 1);
		app_changed(app);
	}
}

static void run(struct situation *s, const uint8_t *data, size_t size)
{
	static const enum charset charsets[] = {CHARSET_UTF8, CHARSET_CONSOLE, CHARSET_ASCII,
						CHARSET_UTF8};
	const struct ui_options options = {.demo = true};
	struct app app;
	size_t at = 1;

	app_init(&app, s, &options, charsets[data[0] & 3]);
	app_resize(&app, 24, 80);
	app_start(&app);
	while (at < size && at < 400) {
		step(&app, data, size, &at);
		app_draw(&app);
		check_grid(&app.grid);
		app.request = REQUEST_NONE;
	}
	app_release(&app);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char dir[] = "/tmp/fuzz-keys-XXXXXX";
	char kernel[] = "6.12.8-" NASTY;
	struct platform platform = {
		.kernel = kernel, .hostname = kernel, .cpu_model = kernel, .iommu = IOMMU_ON};
	struct situation s = {.platform = &platform};
	struct host *host;

	setlocale(LC_CTYPE, "C.UTF-8");
	if (size < 2 || !mkdtemp(dir))
		return 0;
	if (host_open(dir, &host, NULL) == 0) {
		s.host = host;
		s.topology = make_topology(false);
		if (data[0] & 4)
			platform.iommu = IOMMU_ABSENT;
		run(&s, data, size);
		selection_release(&s.configured);
		topology_free(s.topology);
		host_free(host);
	}
	rmdir(dir);
	return 0;
}
