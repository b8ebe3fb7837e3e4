/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * keys: one table of everything a key can do: the action, its keys, its name in the
 * key bar, its line in the help, and the views where it works.
 *
 * Views act on actions, never on keys. Key bar and help page are made from this table.
 * A new key is a line here and a line in the table of the view that acts on it.
 */
#ifndef UI_KEYS_H
#define UI_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Characters stand for themselves; what has none has a number above Unicode. */
enum key {
	K_NONE = 0,
	K_TAB = '\t',
	K_ENTER = '\n',
	K_ESCAPE = 0x1b,
	K_BACKSPACE = 0x7f,
	K_UP = 0x200000,
	K_DOWN,
	K_LEFT,
	K_RIGHT,
	K_PAGE_UP,
	K_PAGE_DOWN,
	K_HOME,
	K_END,
	K_BACK_TAB,
	K_F1,
	K_F5,
	K_F10,
};
#define K_CTRL(letter) ((letter)&0x1f)

enum action {
	ACTION_NONE,
	ACTION_UP,
	ACTION_DOWN,
	ACTION_PAGE_UP,
	ACTION_PAGE_DOWN,
	ACTION_HOME,
	ACTION_END,
	ACTION_LEFT,
	ACTION_RIGHT,
	ACTION_OPEN,
	ACTION_TAB,
	ACTION_TAB_BACK,
	ACTION_MARK,
	ACTION_GROUP,
	ACTION_CARD,
	ACTION_SEARCH,
	ACTION_AGAIN,
	ACTION_AGAIN_BACK,
	ACTION_FILTER,
	ACTION_PREVIEW,
	ACTION_STATUS,
	ACTION_ACS,
	ACTION_IDS,
	ACTION_UNDO,
	ACTION_KEEP,
	ACTION_DEMO,
	ACTION_WRITE,
	ACTION_VMS,
	ACTION_LAUNCH,
	ACTION_SHUTDOWN,
	ACTION_PAUSE,
	ACTION_FORCE_OFF,
	ACTION_EDIT,
	ACTION_NEW,
	ACTION_DELETE,
	ACTION_LOG,
	ACTION_SUDO,
	ACTION_RESCAN,
	ACTION_HELP,
	ACTION_ERASE,
	ACTION_YES,
	ACTION_BACK,
	ACTION_LEAVE,
	ACTION_QUIT,
	ACTION_REDRAW,
	ACTION_SUSPEND,
	ACTION_INTERRUPT,
	ACTIONS,
};

/* Views as bits, for the `where` of a row. */
enum view_id {
	VIEW_TREE = 1 << 0,
	VIEW_PREVIEW = 1 << 1,
	VIEW_APPLY = 1 << 2,
	VIEW_VERIFY = 1 << 3,
	VIEW_NOIOMMU = 1 << 4,
	VIEW_HELP = 1 << 5,
	VIEW_CONFIRM = 1 << 6, /* a word is typed: letters are text */
	VIEW_SEARCH = 1 << 7,  /* likewise */
	VIEW_ASK = 1 << 8,     /* y or n */
	VIEW_ACS = 1 << 9,
	VIEW_IDS = 1 << 10,
	VIEW_UNDO = 1 << 11, /* the preview of what undo would do */
	VIEW_VMS = 1 << 16,
	VIEW_VM = 1 << 17,
	VIEW_VM_LOG = 1 << 18,
	VIEW_FORM = 1 << 19,
	VIEW_PICK = 1 << 20,  /* a list over the form */
	VIEW_FIELD = 1 << 21, /* letters are text */
	VIEWS_ALL = (1 << 24) - 1,
	VIEWS_TYPING = VIEW_CONFIRM | VIEW_SEARCH | VIEW_FIELD,
};

#define KEYS_EACH 4

struct key_row {
	enum action action;
	uint32_t keys[KEYS_EACH]; /* K_NONE where there are fewer */
	const char *shown;        /* "Space", "PgUp" */
	const char *name;         /* for the key bar: "mark"; "" keeps it out of the bar */
	const char *help;         /* a line of the help page */
	unsigned where;           /* enum view_id bits */
	unsigned rank;            /* of rows in a bar that is too narrow the highest go first */
};

extern const struct key_row key_rows[];
extern const size_t key_rows_len;

/* The action of a key in a view, or ACTION_NONE. */
enum action keys_action(enum view_id view, uint32_t key);
/* The row of an action in a view, or NULL. */
const struct key_row *keys_row(enum view_id view, enum action action);
/* Is this key a character that can be typed into a field? */
bool key_is_text(uint32_t key);

#endif
