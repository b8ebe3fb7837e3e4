/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What QEMU's socket says, in any pieces: it is understood or it ends the conversation with a
 * sentence; nothing in it makes more be kept than one message; pieces mean what the whole means.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vm/qmp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct qmp *q)
{
	if (q->in.len > QMP_LINE_MAX || q->pending_len > QMP_PENDING || !guest_state_name(q->guest))
		abort();
	if (q->phase == QMP_CLOSED && !q->err.text[0])
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct qmp whole, pieces;

	qmp_init(&whole);
	qmp_init(&pieces);
	if (qmp_ask(&whole, QMP_QUERY_STATUS) != qmp_ask(&pieces, QMP_QUERY_STATUS))
		abort();
	qmp_take(&whole, text, size);
	for (size_t at = 0; at < size; at += 3)
		qmp_take(&pieces, text + at, size - at < 3 ? size - at : 3);
	check(&whole);
	check(&pieces);
	if (whole.phase != pieces.phase || whole.guest != pieces.guest ||
	    whole.events != pieces.events || !str_equal(&whole.out, &pieces.out))
		abort();
	qmp_close(&whole);
	qmp_release(&whole);
	qmp_release(&pieces);
	return 0;
}
