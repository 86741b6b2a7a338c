/* Looks at the header of every frame that a client sends, before nghttp2 does:
 * nghttp2 tells nothing of CONTINUATION, PRIORITY_UPDATE and unknown types,
 * and frames that cost us work and the client nothing must be counted
 * whatever they are. */
#include <string.h>

#include "h2/session_priv.h"

/* The connection preface, which is no frame (RFC 9113 §3.4). */
#define PREFACE_BYTES NGHTTP2_CLIENT_MAGIC_LEN

void fr_h2_frame_guard_init(struct fr_h2_frame_guard *w)
{
	*w = (struct fr_h2_frame_guard){.skip = PREFACE_BYTES};
}

void fr_h2_take_token(struct fr_h2_session *s, int bucket, enum fr_h2_fault f)
{
	if (!fr_bucket_take(&s->buckets[bucket], s->now_ms))
		fr_h2_report(s, NULL, f);
}

static void count_continuation(struct fr_h2_session *s)
{
	if (++s->walk.continuations > s->limits.continuation_frames)
		fr_h2_report(s, NULL, FR_H2_FAULT_CONTINUATION_FLOOD);
}

/* Has the stream ended, or been refused? nghttp2 has not read the newest ones yet. */
static bool is_gone(struct fr_h2_session *s, int32_t id)
{
	const struct fr_h2_stream *st;

	if (id == 0 || id > (id % 2 ? s->walk.read_id : s->last_push_id))
		return false;
	st = fr_h2_find(s, id);
	return !st || st->is_gone;
}

/* Frames on a stream that has ended are under way for a round trip, as many as the
 * windows let through. */
static void count_on_stream(struct fr_h2_session *s, uint8_t type, int32_t id)
{
	if (is_gone(s, id)) {
		s->stats.gone_frames++;
		fr_h2_take_token(s, FR_H2_BUCKET_GONE, FR_H2_FAULT_GONE_FLOOD);
	} else if (type == NGHTTP2_HEADERS && id % 2 && id > s->walk.last_id) {
		s->walk.last_id = id;
	}
}

static void count_frame(struct fr_h2_session *s, uint8_t type, uint8_t flags, int32_t id)
{
	bool ack = flags & NGHTTP2_FLAG_ACK;

	if (type != NGHTTP2_CONTINUATION)
		s->walk.continuations = 0;
	switch (type) {
	case NGHTTP2_PING:
		if (!ack)
			fr_h2_take_token(s, FR_H2_BUCKET_PING, FR_H2_FAULT_PING_FLOOD);
		break;
	case NGHTTP2_SETTINGS:
		if (!ack)
			fr_h2_take_token(s, FR_H2_BUCKET_SETTINGS, FR_H2_FAULT_SETTINGS_FLOOD);
		break;
	case NGHTTP2_PRIORITY:
	case NGHTTP2_PRIORITY_UPDATE:
		fr_h2_take_token(s, FR_H2_BUCKET_PRIORITY, FR_H2_FAULT_PRIORITY_FLOOD);
		break;
	case NGHTTP2_WINDOW_UPDATE:
		fr_h2_take_token(s, FR_H2_BUCKET_WINDOW_UPDATE, FR_H2_FAULT_WINDOW_UPDATE_FLOOD);
		break;
	case NGHTTP2_CONTINUATION:
		count_continuation(s);
		break;
	case NGHTTP2_DATA:
	case NGHTTP2_HEADERS:
	case NGHTTP2_RST_STREAM:
		count_on_stream(s, type, id);
		break;
	case NGHTTP2_GOAWAY:
	case NGHTTP2_PUSH_PROMISE:
		break; /* counted by what they do, or an error anyway */
	default:
		fr_h2_take_token(s, FR_H2_BUCKET_UNKNOWN, FR_H2_FAULT_UNKNOWN_FLOOD);
	}
}

/* The client's first frame must be SETTINGS (RFC 9113 §3.4). Entries are read
 * as they come; nghttp2 finds fault with them later. */
static void read_first(struct fr_h2_session *s, const uint8_t *data, size_t len)
{
	struct fr_h2_frame_guard *w = &s->walk;

	for (size_t i = 0; i < len; i++) {
		w->entry[w->n_entry++] = data[i];
		if (w->n_entry < FR_H2_SETTINGS_ENTRY_BYTES)
			continue;
		w->n_entry = 0;
		if (memcmp(w->entry, "\0\11", 2) == 0) /* SETTINGS_NO_RFC7540_PRIORITIES */
			w->no_tree = memcmp(w->entry + 2, "\0\0\0\1", 4) == 0;
	}
	if (w->skip > 0)
		return;
	w->in_first = false;
	fr_h2_settle(s, w->no_tree);
}

static void begin_frame(struct fr_h2_session *s)
{
	struct fr_h2_frame_guard *w = &s->walk;
	uint8_t type = w->head[3], flags = w->head[4];
	uint32_t id;

	w->n_head = 0;
	w->skip = (uint64_t)w->head[0] << 16 | (uint64_t)w->head[1] << 8 | w->head[2];
	if (!s->has_settings) {
		w->in_first = type == NGHTTP2_SETTINGS && w->skip > 0;
		if (!w->in_first)
			fr_h2_settle(s, false);
	}
	id = (uint32_t)(w->head[5] & 0x7f) << 24 | (uint32_t)w->head[6] << 16 |
	     (uint32_t)w->head[7] << 8 | w->head[8];
	count_frame(s, type, flags, (int32_t)id);
}

void fr_h2_frame_guard(struct fr_h2_session *s, const uint8_t *data, size_t len)
{
	struct fr_h2_frame_guard *w = &s->walk;

	/* streams of which nghttp2 has read the HEADERS frame whole */
	if (w->skip == 0 || w->head[3] != NGHTTP2_HEADERS)
		w->read_id = w->last_id;
	while (len && !s->is_terminated) {
		size_t n = w->skip < len ? (size_t)w->skip : len;

		w->skip -= n;
		if (w->in_first)
			read_first(s, data, n);
		data += n;
		len -= n;
		while (len && w->n_head < FR_H2_FRAME_HEAD_BYTES && w->skip == 0) {
			w->head[w->n_head++] = *data++;
			len--;
		}
		if (w->n_head < FR_H2_FRAME_HEAD_BYTES)
			return;
		begin_frame(s);
	}
}
