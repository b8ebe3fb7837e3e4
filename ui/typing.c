/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/typing.h"

void typing_add(struct str *field, uint32_t character)
{
	char bytes[4];
	size_t n = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
	static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};

	if (field->len + n > TYPING_MAX)
		return;
	for (size_t i = n - 1; i > 0; i--) {
		bytes[i] = (char)(0x80 | (character & 0x3f));
		character >>= 6;
	}
	bytes[0] = (char)(lead[n] | character);
	str_add(field, bytes, n);
}

void typing_erase(struct str *field)
{
	size_t n = field->len;

	while (n && ((unsigned char)field->data[n - 1] & 0xc0) == 0x80)
		n--;
	str_truncate(field, n ? n - 1 : 0);
}
