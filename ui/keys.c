/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/keys.h"

#include "base/macros.h"

#define VM (VIEW_VMS | VIEW_VM)
#define LISTS                                                                                      \
	(VIEW_TREE | VIEW_PREVIEW | VIEW_UNDO | VIEW_APPLY | VIEW_VERIFY | VM | VIEW_FORM |        \
	 VIEW_PICK | VIEW_ACS | VIEW_IDS)
#define PAGES (LISTS | VIEW_NOIOMMU | VIEW_HELP | VIEW_VM_LOG)
#define FULL (PAGES & ~(unsigned)VIEW_TREE)

/* A table is read by its lines. */
/* clang-format off */
const struct key_row key_rows[] = {
	{ACTION_MARK, {' '}, "Space", "mark", "hands the device to VMs, or leaves it to the host", VIEW_TREE, 1},
	{ACTION_MARK, {' '}, "Space", "fold", "folds or unfolds a group", VIEW_ACS, 4},
	{ACTION_MARK, {' '}, "Space", "mark", "lets an id count as isolated, or not", VIEW_IDS, 1},
	{ACTION_GROUP, {'g'}, "g", "group", "marks all devices of the IOMMU group", VIEW_TREE, 4},
	{ACTION_CARD, {'c'}, "c", "card", "marks all functions of the card", VIEW_TREE, 4},
	{ACTION_SEARCH, {'/'}, "/", "find", "finds by name, address, ids, class or driver", VIEW_TREE, 5},
	{ACTION_AGAIN, {'n'}, "n", "", "the next find", VIEW_TREE, 9},
	{ACTION_AGAIN_BACK, {'N'}, "N", "", "the find before", VIEW_TREE, 9},
	{ACTION_FILTER, {'f'}, "f", "filter", "only groups with GPUs, USB, network, storage or audio; all again", VIEW_TREE, 5},
	{ACTION_TAB, {K_TAB, K_BACK_TAB}, "Tab", "", "the next problem; without one, to the details and back", VIEW_TREE, 9},
	{ACTION_TAB, {K_TAB, K_BACK_TAB}, "Tab", "pane", "to the other pane and back", VIEW_PREVIEW | VIEW_UNDO | VIEW_ACS, 3},
	{ACTION_VMS, {'v'}, "v", "VMs", "virtual machines: make, change, start, stop them", VIEW_TREE, 5},
	{ACTION_VMS, {'v'}, "v", "VMs", "goes on to the virtual machines", VIEW_APPLY | VIEW_VERIFY, 4},
	{ACTION_LAUNCH, {'l'}, "l", "launch", "starts the virtual machine; without one, unfolds as Right does", VIEW_TREE, 6},
	{ACTION_OPEN, {K_ENTER}, "Enter", "watch", "what it does now, with its log", VIEW_VMS, 3},
	{ACTION_LAUNCH, {'l'}, "l", "launch", "starts it; it runs on when vfiotui ends", VM, 1},
	{ACTION_SHUTDOWN, {'s'}, "s", "shut down", "presses the guest's power button", VM, 1},
	{ACTION_PAUSE, {'P'}, "P", "pause", "halts the guest, or lets it go on", VM, 3},
	{ACTION_FORCE_OFF, {'K'}, "K", "force off", "switches it off at once, after a question", VM, 3},
	{ACTION_NEW, {'n'}, "n", "new", "opens the form for a new one", VIEW_VMS, 2},
	{ACTION_EDIT, {'e'}, "e", "edit", "opens its form", VM, 2},
	{ACTION_LOG, {'o'}, "o", "log", "all that its launch script and QEMU said", VM, 4},
	{ACTION_DELETE, {'D'}, "D", "delete", "shows what taking its files away would do", VIEW_VMS, 6},
	{ACTION_WRITE, {'W'}, "W", "write", "shows what would be written", VIEW_FORM, 1},
	{ACTION_OPEN, {K_ENTER}, "Enter", "change", "the next choice, or a place to choose or type", VIEW_FORM, 1},
	{ACTION_OPEN, {K_ENTER}, "Enter", "take", "takes this one", VIEW_PICK, 1},
	{ACTION_RIGHT, {K_RIGHT, 'l', ' '}, "Right l", "", "the next choice; one more", VIEW_FORM, 9},
	{ACTION_LEFT, {K_LEFT, 'h'}, "Left h", "", "the choice before; one less", VIEW_FORM, 9},
	{ACTION_TAB, {K_TAB}, "Tab", "group", "the next group of fields", VIEW_FORM, 2},
	{ACTION_TAB_BACK, {K_BACK_TAB}, "Shift-Tab", "", "the group before", VIEW_FORM, 9},
	{ACTION_ERASE, {'x', K_BACKSPACE}, "x", "take out", "takes an entry out, or gives a field its default", VIEW_FORM, 4},
	{ACTION_PREVIEW, {'p'}, "p", "preview", "shows every file and command before anything is written", VIEW_TREE | VIEW_ACS, 2},
	{ACTION_ACS, {'a'}, "a", "what-if", "shows why groups are shared, and what an override of ACS would do", VIEW_TREE, 6},
	{ACTION_IDS, {'i'}, "i", "ids", "chooses devices by their ids", VIEW_ACS, 5},
	{ACTION_STATUS, {'s'}, "s", "status", "holds the last change against the machine", VIEW_TREE, 7},
	{ACTION_UNDO, {'u'}, "u", "undo", "shows what taking back the last change would do", VIEW_TREE | VIEW_APPLY | VIEW_VERIFY, 3},
	{ACTION_KEEP, {'K'}, "K", "keep", "ends the trial boot: passthrough is there to stay", VIEW_VERIFY, 2},
	{ACTION_OPEN, {K_ENTER}, "Enter", "", "folds or unfolds a group; on a device, to its details and back", VIEW_TREE, 9},
	{ACTION_OPEN, {K_ENTER}, "Enter", "change", "changes a choice; on a file, to its difference", VIEW_PREVIEW, 4},
	{ACTION_OPEN, {K_ENTER}, "Enter", "go on", "goes on", VIEW_APPLY | VIEW_VERIFY, 1},
	{ACTION_OPEN, {K_ENTER}, "Enter", "devices", "shows the devices", VIEW_NOIOMMU, 1},
	{ACTION_OPEN, {K_ENTER}, "Enter", "done", "takes what was typed", VIEWS_TYPING, 1},
	{ACTION_OPEN, {K_ENTER}, "Enter", "take", "takes the override that is shown into the plan", VIEW_ACS, 1},
	{ACTION_OPEN, {K_ENTER}, "Enter", "done", "back to the groups", VIEW_IDS, 1},
	{ACTION_WRITE, {'W'}, "W", "write", "writes what is shown, after the word yes", VIEW_PREVIEW, 1},
	{ACTION_OPEN, {K_ENTER}, "Enter", "", "to the difference of a file", VIEW_UNDO, 9},
	{ACTION_WRITE, {'W'}, "W", "take back", "takes the change back, after the word yes", VIEW_UNDO, 1},
	{ACTION_DEMO, {'d'}, "d", "demo", "opens a recorded machine to try everything on", VIEW_NOIOMMU, 2},
	{ACTION_UP, {K_UP, 'k'}, "Up k", "", "up", PAGES, 9},
	{ACTION_DOWN, {K_DOWN, 'j'}, "Down j", "", "down", PAGES, 9},
	{ACTION_PAGE_UP, {K_PAGE_UP, K_CTRL('b')}, "PgUp", "", "a page up; in the preview, of the difference", PAGES, 9},
	{ACTION_PAGE_DOWN, {K_PAGE_DOWN, K_CTRL('f')}, "PgDn", "", "a page down", LISTS, 9},
	{ACTION_PAGE_DOWN, {K_PAGE_DOWN, K_CTRL('f'), ' '}, "PgDn", "scroll", "a page down", VIEW_HELP | VIEW_NOIOMMU | VIEW_VM_LOG, 5},
	{ACTION_HOME, {K_HOME, '<'}, "Home", "", "to the start", PAGES, 9},
	{ACTION_END, {K_END, '>'}, "End", "", "to the end", PAGES, 9},
	{ACTION_LEFT, {K_LEFT, 'h'}, "Left h", "", "folds the group", VIEW_TREE, 9},
	{ACTION_RIGHT, {K_RIGHT}, "Right", "", "unfolds the group", VIEW_TREE, 9},
	{ACTION_LEFT, {K_LEFT, 'h'}, "Left h", "", "the choice before; folds what is in every launch script", VIEW_PREVIEW | VIEW_UNDO, 9},
	{ACTION_RIGHT, {K_RIGHT, 'l'}, "Right l", "", "the next choice; all of a launch script", VIEW_PREVIEW | VIEW_UNDO, 9},
	{ACTION_LEFT, {K_LEFT, 'h'}, "Left h", "", "the override before", VIEW_ACS, 9},
	{ACTION_RIGHT, {K_RIGHT, 'l'}, "Right", "next", "the next override", VIEW_ACS, 2},
	{ACTION_RESCAN, {K_F5, 'r'}, "F5 r", "", "reads the machine again (it is also watched all the time)", VIEW_TREE, 9},
	{ACTION_SUDO, {'R'}, "R", "root", "restarts with sudo, when not root", VIEW_TREE | VIEW_PREVIEW | VIEW_UNDO | VIEW_NOIOMMU, 6},
	{ACTION_YES, {'y', 'Y'}, "y", "yes", "yes", VIEW_ASK, 1},
	{ACTION_BACK, {'n', 'N', 'q', K_ESCAPE}, "n", "no", "no", VIEW_ASK, 1},
	{ACTION_ERASE, {K_BACKSPACE, K_CTRL('u')}, "Backspace", "", "erases", VIEWS_TYPING, 9},
	{ACTION_BACK, {K_ESCAPE}, "Esc", "back", "leaves without doing anything", VIEWS_TYPING, 1},
	{ACTION_BACK, {K_ESCAPE, 'q'}, "q", "back", "goes back", FULL, 2},
	{ACTION_BACK, {K_ESCAPE}, "Esc", "", "back to the list", VIEW_TREE, 9},
	{ACTION_LEAVE, {'q'}, "q", "quit", "quits; asks when marks would be lost", VIEW_TREE, 8},
	{ACTION_HELP, {'?', K_F1}, "?", "help", "this page", PAGES & ~(unsigned)VIEW_HELP, 0},
	{ACTION_QUIT, {K_F10}, "F10", "", "quits", PAGES | VIEW_ASK, 9},
	{ACTION_REDRAW, {K_CTRL('l')}, "Ctrl-L", "", "draws the screen anew", VIEWS_ALL, 9},
	{ACTION_SUSPEND, {K_CTRL('z')}, "Ctrl-Z", "", "suspends; fg comes back", VIEWS_ALL, 9},
	{ACTION_INTERRUPT, {K_CTRL('c')}, "Ctrl-C", "", "asks whether to stop a running command; else quits", VIEWS_ALL, 9},
};
/* clang-format on */
const size_t key_rows_len = ARRAY_SIZE(key_rows);

static bool has_key(const struct key_row *row, uint32_t key)
{
	for (size_t i = 0; i < KEYS_EACH && row->keys[i] != K_NONE; i++)
		if (row->keys[i] == key)
			return true;
	return false;
}

enum action keys_action(enum view_id view, uint32_t key)
{
	for (size_t i = 0; i < key_rows_len; i++)
		if (key_rows[i].where & view && has_key(&key_rows[i], key))
			return key_rows[i].action;
	return ACTION_NONE;
}

const struct key_row *keys_row(enum view_id view, enum action action)
{
	for (size_t i = 0; i < key_rows_len; i++)
		if (key_rows[i].where & view && key_rows[i].action == action)
			return &key_rows[i];
	return NULL;
}

bool key_is_text(uint32_t key)
{
	return key >= 0x20 && key != K_BACKSPACE && key < 0x110000 && !(key >= 0x80 && key < 0xa0);
}
