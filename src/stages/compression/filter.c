/* Pulls a body through an encoder or decoder. */
#include "stages/compression/filter.h"

#include <stdlib.h>

#include "base/log.h"
#include "http/decode.h"
#include "http/encode.h"
#include "http/media_type.h"
#include "observe/counters.h"
#include "stages/compression/levels.h"

enum state {
	RUNNING,
	DONE,  /* all that follows is in `out` */
	FAILED /* nothing follows that */
};

struct fr_coding_filter {
	struct fr_exchange *ex; /* borrowed */
	enum state state;
	enum fr_coding coding;
	struct fr_encoder *encoder; /* owned; NULL: it decodes, or has ended */
	struct fr_decoder *decoder; /* owned */
	struct fr_chain out;        /* waits for the client */
	uint64_t taken, given;      /* bytes */
	bool is_held_back;          /* the encoder has what is not in `out` */
};

static struct fr_worker *worker_of(const struct fr_coding_filter *f)
{
	return f->ex->worker;
}

static void drop_coder(struct fr_coding_filter *f)
{
	if (!f->encoder && !f->decoder)
		return;
	fr_encoder_free(&f->encoder);
	fr_decoder_free(&f->decoder);
	f->ex->client->coding_filters--;
	fr_count_down(&worker_of(f)->counters, FR_COUNT_CODERS_OPEN);
}

static void fail(struct fr_coding_filter *f)
{
	f->state = FAILED;
	drop_coder(f);
	FR_LOG(DEBUG, "edge", "%s: %.*s: its body cannot be decoded or encoded",
	       f->ex->whose.client->text, FR_STR_ARG(f->ex->req.target));
	fr_exchange_lose_body(f->ex);
}

/* --- through the coder --- */

static int put(void *user, const uint8_t *p, size_t len)
{
	struct fr_coding_filter *f = user;

	f->given += len;
	return fr_chain_append(&f->out, p, len);
}

static void put_decoded(void *user, const char *p, size_t len)
{
	struct fr_coding_filter *f = user;

	if (put(f, (const uint8_t *)p, len) < 0)
		fr_decoder_stop(f->decoder);
}

static bool encode(struct fr_coding_filter *f, const uint8_t *data, size_t len,
                   enum fr_encode_op op)
{
	f->is_held_back = op == FR_ENCODE_MORE;
	return fr_encode(f->encoder, data, len, op, put, f) == 0;
}

static bool pass(struct fr_coding_filter *f, const uint8_t *data, size_t len)
{
	f->taken += len;
	if (f->encoder)
		return encode(f, data, len, FR_ENCODE_MORE);
	fr_decoder_feed(f->decoder, data, len);
	return !fr_decoder_is_over(f->decoder);
}

/* They came with the last bytes, and the client side looks at them after those. */
static void mend_trailers(struct fr_exchange *ex)
{
	struct fr_fields *kept;

	if (!ex->to_client.trailers)
		return;
	kept = fr_arena_alloc(&ex->arena, sizeof *kept);
	if (kept) {
		*kept = *ex->to_client.trailers;
		fr_coding_drop_of_bytes(kept);
	}
	/* trailers may be dropped (RFC 9110 §6.5.1) */
	ex->to_client.trailers = kept;
}

static bool end(struct fr_coding_filter *f)
{
	bool is_whole =
		f->encoder ? encode(f, NULL, 0, FR_ENCODE_END) : fr_decoder_is_whole(f->decoder);

	if (!is_whole)
		return false;
	f->state = DONE;
	drop_coder(f);
	mend_trailers(f->ex);
	fr_coding_count(&worker_of(f)->counters, f->coding, f->taken, f->given);
	return true;
}

/* Nothing more is there for now. */
static bool settle(struct fr_coding_filter *f)
{
	const struct fr_body_source *below = &f->ex->to_client.source;

	switch (below->ops->done(below->of)) {
	case FR_SOURCE_DONE:
		/* the last bytes may have come in between */
		return below->ops->len(below->of) ? true : end(f);
	case FR_SOURCE_MORE:
	case FR_SOURCE_FAILED:
		break;
	}
	if (f->encoder && f->is_held_back && f->out.len == 0)
		return encode(f, NULL, 0, FR_ENCODE_FLUSH);
	return true;
}

static void fill(void *of)
{
	struct fr_coding_filter *f = of;
	const struct fr_body_source *below = &f->ex->to_client.source;
	size_t most = f->encoder ? FR_ENCODE_PIECE_BYTES : FR_CODING_DECODE_PIECE_BYTES;

	while (f->state == RUNNING && f->out.len < FR_CODING_AHEAD_BYTES) {
		const uint8_t *data;
		size_t n = below->ops->peek(below->of, &data);
		bool is_good;

		if (n > most)
			n = most;
		is_good = n ? pass(f, data, n) : settle(f);
		if (!is_good)
			fail(f);
		else if (n)
			below->ops->take(below->of, n);
		else if (!below->ops->len(below->of))
			return;
	}
}

/* --- as a body source --- */

static size_t len_of(const void *of)
{
	const struct fr_coding_filter *f = of;
	const struct fr_body_source *below = &f->ex->to_client.source;

	if (f->out.len || f->state != RUNNING)
		return f->out.len;
	return below->ops->len(below->of);
}

static size_t peek(void *of, const uint8_t **data)
{
	struct fr_coding_filter *f = of;

	return fr_chain_peek(&f->out, data);
}

static void take(void *of, size_t len)
{
	struct fr_coding_filter *f = of;

	fr_chain_consume(&f->out, len);
}

static enum fr_source_state done(const void *of)
{
	const struct fr_coding_filter *f = of;

	switch (f->state) {
	case RUNNING:
		break;
	case DONE:
		return FR_SOURCE_DONE;
	case FAILED:
		return FR_SOURCE_FAILED;
	}
	return FR_SOURCE_MORE;
}

static const struct fr_body_source_ops filter = {
	.fill = fill,
	.len = len_of,
	.peek = peek,
	.take = take,
	.done = done,
};

/* --- lifecycle --- */

static bool has_room(const struct fr_exchange *ex)
{
	return ex->client->coding_filters < FR_CODING_FILTERS_MOST &&
	       fr_memory_level(&ex->worker->memory) < FR_MEMORY_NO_STORING;
}

static bool is_event_stream(const struct fr_response *resp)
{
	return fr_str_iis(fr_media_type_of(fr_fields_value(&resp->fields, FR_FIELD_CONTENT_TYPE)),
	                  "text/event-stream");
}

static bool start(struct fr_coding_filter *f, const struct fr_coding_verdict *v,
                  const struct fr_config_compression *rules)
{
	static const struct fr_decode_limits limits = {.bytes = SIZE_MAX / 2,
	                                               .decoder_bytes = FR_CODING_DECODER_BYTES,
	                                               .ratio = FR_CODING_DECODE_RATIO};
	struct fr_encode_how how = {.coding = v->coding,
	                            .level = fr_coding_level(rules, v->coding),
	                            .length = f->ex->resp.content_length,
	                            .is_trickle = is_event_stream(&f->ex->resp)};

	if (v->act == FR_CODING_DECODE)
		f->decoder = fr_decoder_new(fr_coding_name(v->coding), &limits, put_decoded, f);
	else
		f->encoder = fr_encoder_new(&how);
	return f->decoder || f->encoder;
}

struct fr_coding_filter *fr_coding_filter_new(struct fr_exchange *ex,
                                              const struct fr_coding_verdict *v,
                                              const struct fr_config_compression *rules)
{
	struct fr_coding_filter *f;

	if (!has_room(ex)) {
		fr_count(&ex->worker->counters, FR_COUNT_LIMIT_CODERS);
		return NULL;
	}
	f = fr_try_calloc(1, sizeof *f);
	if (!f)
		return NULL;
	f->ex = ex;
	f->coding = v->act == FR_CODING_DECODE ? FR_CODING_IDENTITY : v->coding;
	fr_chain_init(&f->out, FR_CODING_OUT_BYTES, &ex->worker->body_blocks);
	if (!start(f, v, rules)) {
		free(f);
		return NULL;
	}
	ex->client->coding_filters++;
	fr_count(&ex->worker->counters, FR_COUNT_CODERS_OPEN);
	fr_exchange_filter_body(ex, &filter, f);
	return f;
}

void fr_coding_filter_free(struct fr_coding_filter **fp)
{
	struct fr_coding_filter *f = *fp;

	*fp = NULL;
	if (!f)
		return;
	drop_coder(f);
	if (f->ex->to_client.filter.of == f)
		fr_exchange_filter_body(f->ex, NULL, NULL);
	fr_chain_clear(&f->out);
	free(f);
}
