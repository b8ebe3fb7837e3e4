/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/term.h"

#include <errno.h>
#include <langinfo.h>
#include <ncurses.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "base/mem.h"

#define ESCAPE_DELAY_MS 25
#define PAIR_OF_ROLE(role) ((short)((role) + 1))

struct terminal {
	SCREEN *screen;
	enum charset charset;
	bool colours;
	struct grid shown; /* what is on the terminal */
};

/* --- giving the terminal back after a crash ------------------------------------------------- */

static const int crash_signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGSYS, SIGQUIT};

/* All that a signal handler may use; the one mutable global of the program. */
static struct {
	bool armed;
	struct termios modes;
	char bytes[512]; /* leave the alternate screen, show the cursor ... */
	size_t len;
	char stack[16384]; /* a stack of its own: the crash may be an overflow */
} rescue;

static void on_crash(int signal_number)
{
	ssize_t ignored;

	if (rescue.armed) {
		ignored = write(STDOUT_FILENO, rescue.bytes, rescue.len);
		(void)ignored;
		tcsetattr(STDOUT_FILENO, TCSANOW, &rescue.modes);
	}
	raise(signal_number); /* SA_RESETHAND: this time it ends the program */
}

/* Adds a capability's bytes, without the padding notes "$<5>" that only old terminals need. */
static void rescue_add(const char *capability)
{
	const char *s = tigetstr(capability);

	if (!s || s == (const char *)-1) /* ncurses' value for "no string capability" */
		return;
	while (*s && rescue.len < sizeof(rescue.bytes)) {
		if (s[0] == '$' && s[1] == '<' && strchr(s, '>'))
			s = strchr(s, '>') + 1;
		else
			rescue.bytes[rescue.len++] = *s++;
	}
}

static void arm_rescue(const struct termios *modes)
{
	static const char *const capabilities[] = {"sgr0", "rmkx", "cnorm", "rmcup"};
	static const char mouse_off[] = "\033[?1000l\033[?1002l\033[?1006l";
	struct sigaction action = {.sa_handler = on_crash,
				   .sa_flags = (int)(SA_RESETHAND | SA_NODEFER | SA_ONSTACK)};
	stack_t stack = {.ss_sp = rescue.stack, .ss_size = sizeof(rescue.stack)};

	rescue.len = 0;
	if (tigetstr("kmous") && tigetstr("kmous") != (const char *)-1) {
		memcpy(rescue.bytes, mouse_off, sizeof(mouse_off) - 1);
		rescue.len = sizeof(mouse_off) - 1;
	}
	for (size_t i = 0; i < ARRAY_SIZE(capabilities); i++)
		rescue_add(capabilities[i]);
	rescue.modes = *modes;
	rescue.armed = true;
	sigaltstack(&stack, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(crash_signals); i++)
		sigaction(crash_signals[i], &action, NULL);
}

static void disarm_rescue(void)
{
	struct sigaction action = {.sa_handler = SIG_DFL};
	stack_t stack = {.ss_flags = SS_DISABLE};

	rescue.armed = false;
	for (size_t i = 0; i < ARRAY_SIZE(crash_signals); i++)
		sigaction(crash_signals[i], &action, NULL);
	sigaltstack(&stack, NULL);
}

/* --- how roles look ----------------------------------------------------------------------------- */

/*
 * Colours that can be read on a dark and on a light background; signs say the same without any. Colour and weight
 * together would cost a slow line thrice the bytes.
 */
static const struct {
	short colour;
	attr_t with_colour, without;
} looks[ROLES] = {
	[ROLE_TEXT] = {-1, A_NORMAL, A_NORMAL},
	[ROLE_OK] = {COLOR_GREEN, A_NORMAL, A_NORMAL},
	[ROLE_WARN] = {COLOR_YELLOW, A_NORMAL, A_BOLD},
	[ROLE_BLOCK] = {COLOR_RED, A_NORMAL, A_BOLD},
	[ROLE_CHANGE] = {COLOR_MAGENTA, A_NORMAL, A_BOLD},
	[ROLE_USED] = {COLOR_YELLOW, A_NORMAL, A_NORMAL},
	[ROLE_DIM] = {-1, A_DIM, A_DIM},
	[ROLE_TITLE] = {-1, A_BOLD, A_BOLD},
	[ROLE_KEY] = {-1, A_BOLD, A_BOLD},
	[ROLE_ADDED] = {COLOR_GREEN, A_NORMAL, A_BOLD},
	[ROLE_REMOVED] = {COLOR_RED, A_NORMAL, A_NORMAL},
};

static void start_colours(struct terminal *t, const struct ui_options *o)
{
	const char *no_colour = getenv("NO_COLOR"); /* no-color.org: any value but an empty one */

	t->colours = has_colors() && !o->no_colour && !(no_colour && *no_colour);
	if (!t->colours)
		return;
	start_color();
	use_default_colors();
	for (int role = 0; role < ROLES; role++)
		init_pair(PAIR_OF_ROLE(role), looks[role].colour, -1);
}

static enum charset find_charset(const struct ui_options *o)
{
	const char *type = getenv("TERM");

	if (o->ascii || strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		return CHARSET_ASCII;
	if (type && text_starts_with(type, "linux"))
		return CHARSET_CONSOLE;
	if (type && (text_starts_with(type, "vt") || text_starts_with(type, "dumb") ||
		     text_starts_with(type, "ansi")))
		return CHARSET_ASCII;
	return CHARSET_UTF8;
}

/* --- opening and closing -------------------------------------------------------------------------- */

/* What terminals send for these keys when TERM is not quite theirs, as inside of tmux or over a serial line. */
static const struct {
	const char *bytes;
	int code;
} other_bytes[] = {
	{"\033[A", KEY_UP},      {"\033[B", KEY_DOWN},   {"\033[C", KEY_RIGHT},
	{"\033[D", KEY_LEFT},    {"\033OA", KEY_UP},     {"\033OB", KEY_DOWN},
	{"\033OC", KEY_RIGHT},   {"\033OD", KEY_LEFT},   {"\033[H", KEY_HOME},
	{"\033[F", KEY_END},     {"\033OH", KEY_HOME},   {"\033OF", KEY_END},
	{"\033[1~", KEY_HOME},   {"\033[4~", KEY_END},   {"\033[7~", KEY_HOME},
	{"\033[8~", KEY_END},    {"\033[5~", KEY_PPAGE}, {"\033[6~", KEY_NPAGE},
	{"\033OP", KEY_F(1)},    {"\033[11~", KEY_F(1)}, {"\033[15~", KEY_F(5)},
	{"\033[21~", KEY_F(10)}, {"\033[Z", KEY_BTAB},
};

static void define_other_bytes(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(other_bytes); i++)
		if (!key_defined(other_bytes[i].bytes))
			define_key(other_bytes[i].bytes, other_bytes[i].code);
}

static void take_modes(void)
{
	cbreak(); /* not raw: Ctrl-C and Ctrl-Z reach the whole job, sudo included, as signals */
	noecho();
	nonl();
	intrflush(stdscr, FALSE);
	keypad(stdscr, TRUE);
	define_other_bytes();
	nodelay(stdscr, TRUE);
	idlok(stdscr, TRUE); /* scrolling costs a few bytes instead of the whole list */
	leaveok(stdscr, FALSE);
	curs_set(0);
	set_escdelay(ESCAPE_DELAY_MS);
	mousemask(BUTTON1_PRESSED | BUTTON1_CLICKED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
	mouseinterval(0);
}

/* curses writes even to a terminal that can't do it ("dumb"): a heap of words, line upon line. */
static bool can_place_cursor(void)
{
	const char *place = tigetstr("cup");

	return place && place != (const char *)-1 && *place && tigetflag("hc") <= 0;
}

int terminal_open(const struct ui_options *o, struct terminal **ret, struct err *reterr)
{
	struct terminal *t;
	struct termios modes;
	const char *type = getenv("TERM");
	SCREEN *screen;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || tcgetattr(STDOUT_FILENO, &modes) < 0)
		return err_set(reterr, -ENOTTY,
			       "the screen needs a terminal; \"vfiotui list\" works without one");
	screen = newterm(NULL, stdout, stdin);
	if (!screen)
		return err_set(
			reterr, -ENOTSUP,
			"this system does not know the terminal type \"%s\"; try: TERM=xterm "
			"vfiotui, or use the commands, which need no screen: vfiotui list, vfiotui "
			"show, vfiotui help",
			type ? type : "");
	if (!can_place_cursor()) {
		reset_shell_mode();
		delscreen(screen);
		return err_set(
			reterr, -ENOTSUP,
			"a terminal of type \"%s\" can't show a full screen, since its cursor "
			"can't be placed; use the commands instead: vfiotui list, vfiotui show, "
			"vfiotui help",
			type ? type : "");
	}
	t = xcalloc(1, sizeof(*t));
	t->screen = screen;
	t->charset = find_charset(o);
	t->shown = (struct grid)GRID_INIT;
	set_term(screen);
	take_modes();
	start_colours(t, o);
	arm_rescue(&modes);
	*ret = t;
	return 0;
}

void terminal_close(struct terminal *t)
{
	if (!t)
		return;
	endwin();
	disarm_rescue();
	delscreen(t->screen);
	grid_release(&t->shown);
	free(t);
}

enum charset terminal_charset(const struct terminal *t)
{
	return t->charset;
}

void terminal_size(struct terminal *t, int *ret_rows, int *ret_cols)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row && size.ws_col &&
	    (size.ws_row != LINES || size.ws_col != COLS))
		resizeterm(size.ws_row, size.ws_col);
	*ret_rows = LINES;
	*ret_cols = COLS;
	terminal_forget(t);
}

void terminal_suspend(struct terminal *t)
{
	(void)t;
	endwin();
	rescue.armed = false;
}

void terminal_resume(struct terminal *t)
{
	rescue.armed = true;
	refresh();
	curs_set(0);
	terminal_forget(t);
}

/* --- drawing ------------------------------------------------------------------------------------------ */

static void put_cell(const struct terminal *t, int row, int col, const struct cell *c)
{
	wchar_t text[2] = {L' ', L'\0'};
	mbstate_t state;
	cchar_t out;
	attr_t attributes = t->colours ? looks[c->role].with_colour : looks[c->role].without;

	memset(&state, 0, sizeof(state));
	if (mbrtowc(text, c->text, strlen(c->text), &state) >= (size_t)-2 || !*c->text)
		text[0] = L'?';
	if (c->cursor)
		attributes = (attributes & ~A_DIM) | A_REVERSE;
	if (setcchar(&out, text, attributes, t->colours ? PAIR_OF_ROLE(c->role) : 0, NULL) == OK)
		mvadd_wch(row, col, &out);
}

void terminal_forget(struct terminal *t)
{
	grid_resize(&t->shown, 0, 0);
	clearok(curscr, TRUE);
}

void terminal_draw(struct terminal *t, const struct grid *g)
{
	bool all = t->shown.rows != g->rows || t->shown.cols != g->cols;

	if (all) {
		grid_resize(&t->shown, g->rows, g->cols);
		erase();
	}
	for (int row = 0; row < g->rows; row++)
		for (int col = 0; col < g->cols; col++) {
			const struct cell *c = grid_at(g, row, col);
			struct cell *old = grid_at(&t->shown, row, col);

			if (!all && cell_equal(c, old))
				continue;
			*old = *c;
			if (c->width)
				put_cell(t, row, col, c);
		}
	refresh();
}

/* --- input ---------------------------------------------------------------------------------------------- */

static const struct {
	wint_t code;
	uint32_t key;
} special_keys[] = {
	{KEY_UP, K_UP},         {KEY_DOWN, K_DOWN},
	{KEY_LEFT, K_LEFT},     {KEY_RIGHT, K_RIGHT},
	{KEY_PPAGE, K_PAGE_UP}, {KEY_NPAGE, K_PAGE_DOWN},
	{KEY_HOME, K_HOME},     {KEY_END, K_END},
	{KEY_BTAB, K_BACK_TAB}, {KEY_F(1), K_F1},
	{KEY_F(5), K_F5},       {KEY_F(10), K_F10},
	{KEY_ENTER, K_ENTER},   {KEY_BACKSPACE, K_BACKSPACE},
	{KEY_FIND, K_HOME},     {KEY_SELECT, K_END},
	{KEY_A1, K_HOME},       {KEY_C1, K_END},
	{KEY_A3, K_PAGE_UP},    {KEY_C3, K_PAGE_DOWN},
};

static uint32_t translate_special(wint_t code)
{
	for (size_t i = 0; i < ARRAY_SIZE(special_keys); i++)
		if (special_keys[i].code == code)
			return special_keys[i].key;
	return K_NONE;
}

static uint32_t translate_character(wint_t code)
{
	if (code == '\r')
		return K_ENTER;
	if (code == '\b')
		return K_BACKSPACE;
	return (uint32_t)code;
}

static bool read_mouse(struct input *ret)
{
	MEVENT event;

	if (getmouse(&event) != OK)
		return false;
	*ret = (struct input){.row = event.y, .col = event.x, .kind = INPUT_CLICK};
	if (event.bstate & BUTTON4_PRESSED)
		*ret = (struct input){.kind = INPUT_WHEEL, .turn = -1};
	else if (event.bstate & BUTTON5_PRESSED)
		*ret = (struct input){.kind = INPUT_WHEEL, .turn = 1};
	else if (!(event.bstate & (BUTTON1_PRESSED | BUTTON1_CLICKED)))
		return false;
	return true;
}

bool terminal_read(struct terminal *t, struct input *ret)
{
	wint_t code;
	int r;

	(void)t;
	while ((r = get_wch(&code)) != ERR) {
		*ret = (struct input){.kind = INPUT_KEY};
		if (r == KEY_CODE_YES && code == KEY_MOUSE) {
			if (read_mouse(ret))
				return true;
			continue;
		}
		ret->key = r == KEY_CODE_YES ? translate_special(code) : translate_character(code);
		if (ret->key != K_NONE)
			return true;
	}
	return false;
}
