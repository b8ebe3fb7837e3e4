/* SPDX-License-Identifier: GPL-2.0-or-later */
/* typing: a field that text is typed into, as UTF-8. */
#ifndef UI_TYPING_H
#define UI_TYPING_H

#include <stdint.h>

#include "base/str.h"

#define TYPING_MAX 80 /* bytes */

/* Appends a character unless the field is full. */
void typing_add(struct str *field, uint32_t character);
/* Takes off the last character. */
void typing_erase(struct str *field);

#endif
