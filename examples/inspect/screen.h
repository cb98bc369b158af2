/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef INSPECT_SCREEN_H
#define INSPECT_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What ended a wait. */
enum woken { TIME_OVER, RESIZED, ENDED };

/*
 * The terminal while something is watched: a screen of its own, no cursor, no
 * echo. Where stdout is no terminal frames are written one below the other.
 */
void screen_begin(void);

/* Whether states are to be coloured: on a terminal, unless NO_COLOR is set. */
bool screen_has_colour(void);

/* Shows a frame, cut to the terminal's lines and columns; false where that fails or a signal ends it. */
bool screen_show(const char *text, size_t size);

/* Until `until_ns` by rheo_now_ns(), or the terminal has another size, or q, Control-C or another signal. */
enum woken screen_wait(uint64_t until_ns);

/* As it was before. Async-signal-safe; harmless where nothing was begun. */
void screen_end(void);

/* What it all ended by, as the program's end: Control-C and q end well. */
int screen_exit_status(void);

#endif
