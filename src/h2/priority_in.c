/* What the client and the origin say of the order: Priority fields,
 * PRIORITY_UPDATE (RFC 9218), PRIORITY (RFC 7540). */
#include <string.h>

#include "h2/session_priv.h"

void fr_h2_take_request_priority(struct fr_h2_stream *st)
{
	struct fr_h2_session *s = st->session;
	bool said = fr_priority_merge(&st->req->fields, &st->priority);

	for (size_t i = 0; i < FR_H2_EARLY_PRIORITIES; i++) {
		if (s->updates.early[i].id != st->id)
			continue;
		st->priority = s->updates.early[i].priority;
		s->updates.early[i].id = 0;
		said = true;
	}
	if (said)
		fr_h2_needs_order(st);
	fr_h2_order_arrived(s);
}

void fr_h2_take_response_priority(struct fr_h2_stream *st, const struct fr_response *resp)
{
	if (!st->is_push && fr_priority_merge(&resp->fields, &st->priority))
		fr_h2_needs_order(st);
}

void fr_h2_take_tree_priority(struct fr_h2_stream *st)
{
	if (fr_h2_is_by_urgency(st->session))
		return;
	/* Chromium sends one for every push at once, with the lowest weight and
	 * exclusive, before it knows what the page makes of it: where a push
	 * stands is our rank's to say, and what it tore out of order is mended */
	if (!st->is_push)
		fr_h2_unrank(st);
	fr_h2_needs_order(st);
}

/* --- PRIORITY_UPDATE --- */

static void keep_early(struct fr_h2_updates *u, int32_t id, struct fr_priority p)
{
	size_t at = u->next_early;

	for (size_t i = 0; i < FR_H2_EARLY_PRIORITIES; i++)
		if (u->early[i].id == id)
			at = i;
	if (at == u->next_early)
		u->next_early = (at + 1) % FR_H2_EARLY_PRIORITIES;
	u->early[at].id = id;
	u->early[at].priority = p;
}

/* The value replaces all that was said before (RFC 9218 §7.1). */
static void update(struct fr_h2_session *s, int32_t id, struct fr_priority p)
{
	struct fr_h2_stream *st = fr_h2_find(s, id);

	if (st && st->state != FR_H2_ST_RESERVED) {
		st->priority = p;
		if (st->is_push)
			st->is_pinned = true;
		else
			fr_h2_unrank(st);
		fr_h2_needs_order(st);
	} else if (id % 2 && id > s->last_client_id) {
		keep_early(&s->updates, id, p);
	}
}

void fr_h2_take_priority_update(struct fr_h2_session *s, int32_t stream_id)
{
	struct fr_h2_updates *u = &s->updates;
	struct fr_priority p = fr_priority_default();
	size_t len = u->len;
	int32_t id;

	u->len = 0;
	if (len < 4 || stream_id != 0) {
		fr_h2_report(s, NULL, FR_H2_FAULT_BAD_PRIORITY);
		return;
	}
	id = (int32_t)((uint32_t)(u->frame[0] & 0x7f) << 24 | (uint32_t)u->frame[1] << 16 |
	               (uint32_t)u->frame[2] << 8 | u->frame[3]);
	if (id == 0 || (id % 2 == 0 && id > s->last_push_id)) {
		fr_h2_report(s, NULL, FR_H2_FAULT_BAD_PRIORITY);
		return;
	}
	if (len > sizeof u->frame || !fr_h2_is_by_urgency(s))
		return;
	if (fr_priority_parse(fr_str_make((const char *)u->frame + 4, len - 4), &p) == 0)
		update(s, id, p);
}

static int on_chunk(nghttp2_session *ng, const nghttp2_frame_hd *hd, const uint8_t *data,
                    size_t len, void *user)
{
	struct fr_h2_session *s = user;
	struct fr_h2_updates *u = &s->updates;
	size_t room = u->len < sizeof u->frame ? sizeof u->frame - u->len : 0;

	(void)ng;
	(void)hd;
	memcpy(u->frame + (sizeof u->frame - room), data, len < room ? len : room);
	u->len += len;
	return 0;
}

/* The frame is read from updates when it is complete. */
static int on_unpack(nghttp2_session *ng, void **payload, const nghttp2_frame_hd *hd, void *user)
{
	(void)ng;
	(void)hd;
	(void)user;
	*payload = NULL;
	return 0;
}

void fr_h2_set_priority_callbacks(nghttp2_session_callbacks *cb)
{
	nghttp2_session_callbacks_set_on_extension_chunk_recv_callback(cb, on_chunk);
	nghttp2_session_callbacks_set_unpack_extension_callback(cb, on_unpack);
}
