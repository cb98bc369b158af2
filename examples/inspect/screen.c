/* SPDX-License-Identifier: BSD-2-Clause */
#include "screen.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <rheo/rheo.h>

#define SECOND UINT64_C(1000000000)

/* Another screen, no cursor; and back. */
#define ENTER "\033[?1049h\033[?25l\033[H\033[2J"
#define LEAVE "\033[?25h\033[?1049l"

static struct {
	bool terminal; /* stdout is one */
	bool keys; /* stdin is one, and ours */
	bool failed; /* to be written to */
	volatile sig_atomic_t entered;
	struct termios before;
	sigset_t waiting; /* the mask while it waits */
} screen;

static volatile sig_atomic_t told_to_end, told_to_stop, resized;

/*
 * In pieces that are not waited for once there is room, so that who reads
 * nothing, or holds the terminal by Control-S, does not keep signals out.
 */
static bool
write_all(const char *text, size_t size)
{
	while (size != 0 && !told_to_end) {
		struct pollfd room = {.fd = STDOUT_FILENO, .events = POLLOUT};
		ssize_t n;

		if (ppoll(&room, 1, NULL, &screen.waiting) <= 0)
			continue;
		n = write(STDOUT_FILENO, text, size < PIPE_BUF ? size : PIPE_BUF);
		if (n < 0 && errno != EINTR) {
			screen.failed = true;
			return false;
		}
		if (n > 0) {
			text += n;
			size -= (size_t)n;
		}
	}
	return size == 0;
}

static void
on_signal(int number)
{
	if (number == SIGTSTP)
		told_to_stop = 1;
	else if (number == SIGWINCH)
		resized = 1;
	else
		told_to_end = number;
}

/* A few bytes; what cannot be written is left. */
static void
write_now(const char *text, size_t size)
{
	if (write(STDOUT_FILENO, text, size) < 0)
		screen.failed = true;
}

static void
enter(void)
{
	struct termios quiet;

	if (!screen.terminal)
		return;
	/* Not from the background: that would stop us. */
	screen.keys = isatty(STDIN_FILENO) && tcgetpgrp(STDIN_FILENO) == getpgrp() &&
		      tcgetattr(STDIN_FILENO, &screen.before) == 0;
	if (screen.keys) {
		quiet = screen.before;
		quiet.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		quiet.c_cc[VMIN] = 0;
		quiet.c_cc[VTIME] = 0;
		tcsetattr(STDIN_FILENO, TCSANOW, &quiet);
	}
	screen.entered = 1;
	write_now(ENTER, sizeof ENTER - 1);
}

void
screen_end(void)
{
	if (!screen.entered)
		return;
	screen.entered = 0;
	write_now(LEAVE, sizeof LEAVE - 1);
	if (screen.keys)
		tcsetattr(STDIN_FILENO, TCSANOW, &screen.before);
}

void
screen_begin(void)
{
	static const int taken[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH};
	struct sigaction action = {.sa_handler = on_signal}, now;
	sigset_t set;

	screen.terminal = isatty(STDOUT_FILENO);
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
		/* What was ignored (nohup) stays so. */
		if (sigaction(taken[i], NULL, &now) == 0 && now.sa_handler == SIG_IGN)
			continue;
		sigaddset(&set, taken[i]);
		sigaction(taken[i], &action, NULL);
	}
	/* All wait until the program does, so that none comes between a look and the wait. */
	sigprocmask(SIG_BLOCK, &set, &screen.waiting);
	for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
		sigdelset(&screen.waiting, taken[i]);
	enter();
}

/*
 * The bytes of a line's first `columns` columns, and how many it fills in *at:
 * escapes and the rest of a UTF-8 character take none.
 */
static size_t
fitting(const char *line, size_t length, unsigned columns, unsigned *at)
{
	size_t i = 0;

	*at = 0;
	while (i < length) {
		if (line[i] == '\033') {
			while (i < length && line[i] != 'm')
				i++;
			i += i < length;
			continue;
		}
		if (((unsigned char)line[i] & 0xc0) != 0x80) {
			if (*at == columns)
				return i;
			++*at;
		}
		i++;
	}
	return length;
}

/* A line and what clears the rest of it: nothing, where there is no rest. */
static char *
put_line(char *to, const char *line, size_t length, unsigned columns)
{
	unsigned at;
	size_t fits = fitting(line, length, columns, &at);

	memcpy(to, line, fits);
	to += fits;
	if (fits < length)
		to = stpcpy(to, "\033[0m");
	return at < columns ? stpcpy(to, "\033[K") : to;
}

bool
screen_show(const char *text, size_t size)
{
	struct winsize w = {0};
	const char *end = text + size;
	char *frame, *to;
	unsigned row;
	bool good;

	if (!screen.terminal)
		return write_all(text, size) && write_all("\n", 1);
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) != 0 || w.ws_row == 0 || w.ws_col == 0)
		w = (struct winsize){.ws_row = 24, .ws_col = 80};
	to = frame = malloc(size + 16 * (size_t)w.ws_row + 64);
	if (frame == NULL)
		abort();
	to = stpcpy(to, "\033[H");
	for (row = 1; text < end; row++) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *next = newline != NULL ? newline + 1 : end;

		if (row == w.ws_row && next < end) {
			to = put_line(to, "...", 3, w.ws_col);
			break;
		}
		to = put_line(to, text, (size_t)((newline != NULL ? newline : end) - text), w.ws_col);
		text = next;
		if (row < w.ws_row)
			to = stpcpy(to, "\r\n");
	}
	if (row <= w.ws_row)
		to = stpcpy(to, "\033[J");
	good = write_all(frame, (size_t)(to - frame));
	free(frame);
	return good;
}

bool
screen_has_colour(void)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && (no_color == NULL || no_color[0] == '\0') &&
	       (term == NULL || strcmp(term, "dumb") != 0);
}

/* Control-Z: the terminal is given back until we are told to go on. */
static void
stop(void)
{
	screen_end();
	raise(SIGSTOP);
	told_to_stop = 0;
	enter();
}

static bool
is_q(void)
{
	char key[16];
	ssize_t n = read(STDIN_FILENO, key, sizeof key);

	if (n <= 0)
		screen.keys = screen.keys && n < 0 && errno == EINTR;
	return n > 0 && (memchr(key, 'q', (size_t)n) != NULL || memchr(key, 'Q', (size_t)n) != NULL);
}

enum woken
screen_wait(uint64_t until_ns)
{
	for (;;) {
		struct pollfd keys = {.fd = screen.keys ? STDIN_FILENO : -1, .events = POLLIN};
		uint64_t now_ns = rheo_now_ns(), left = until_ns > now_ns ? until_ns - now_ns : 0;
		struct timespec wait = {.tv_sec = (time_t)(left / SECOND), .tv_nsec = (long)(left % SECOND)};
		int n = ppoll(&keys, 1, &wait, &screen.waiting);

		if (told_to_stop) {
			stop();
			return RESIZED;
		}
		if (told_to_end || (n > 0 && is_q()))
			return ENDED;
		if (resized) {
			resized = 0;
			return RESIZED;
		}
		if (n == 0)
			return TIME_OVER;
	}
}

int
screen_exit_status(void)
{
	int number = told_to_end;

	screen_end();
	if (number == 0 && screen.failed)
		fputs("rheo-inspect: the output could not be written\n", stderr);
	if (number == 0 || number == SIGINT)
		return number == 0 && screen.failed ? EXIT_FAILURE : EXIT_SUCCESS;
	signal(number, SIG_DFL);
	sigprocmask(SIG_SETMASK, &screen.waiting, NULL);
	raise(number);
	return EXIT_FAILURE;
}
