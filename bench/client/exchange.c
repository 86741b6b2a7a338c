#include "client.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define PREFACE_BYTES 24
#define FIELDS_MAX 24

struct field {
	const char *name, *value;
};

/* What Chromium sends, with a navigation and with what a page needs. */
static const struct field ALWAYS[] = {
	{"sec-ch-ua", "\"Chromium\";v=\"130\", \"Not?A_Brand\";v=\"99\""},
	{"sec-ch-ua-mobile", "?0"},
	{"user-agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
                       "Chrome/130.0.0.0 Safari/537.36"},
	{"sec-ch-ua-platform", "\"Linux\""},
	{"sec-fetch-site", "same-origin"},
	{"accept-encoding", "gzip, deflate, br, zstd"},
	{"accept-language", "en-GB,en;q=0.9"},
};
static const struct field NAVIGATION[] = {
	{"upgrade-insecure-requests", "1"},
	{"accept",
         "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"},
	{"sec-fetch-mode", "navigate"},
	{"sec-fetch-user", "?1"},
	{"sec-fetch-dest", "document"},
	{"priority", "u=0, i"},
};
static const struct field STYLE[] = {{"accept", "text/css,*/*;q=0.1"},
                                     {"sec-fetch-mode", "no-cors"},
                                     {"sec-fetch-dest", "style"},
                                     {"priority", "u=0"}};
static const struct field SCRIPT[] = {{"accept", "*/*"},
                                      {"sec-fetch-mode", "no-cors"},
                                      {"sec-fetch-dest", "script"},
                                      {"priority", "u=1"}};
static const struct field IMAGE[] = {
	{"accept", "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"},
	{"sec-fetch-mode", "no-cors"},
	{"sec-fetch-dest", "image"},
	{"priority", "u=5, i"},
};
static const struct field COOKIES[] = {
	{"cookie", "sid=5f0c9a7be2d14c3f8a6b1e90d7c24a58"},
	{"cookie", "consent=necessary.statistics"},
};

static size_t add(nghttp2_nv *to, size_t n, const struct field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		to[n++] =
			(nghttp2_nv){(uint8_t *)fields[i].name, (uint8_t *)fields[i].value,
		                     strlen(fields[i].name), strlen(fields[i].value),
		                     NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
	return n;
}

static bool ends_with(const char *path, const char *end)
{
	size_t n = strlen(path), m = strlen(end);
	return n >= m && memcmp(path + n - m, end, m) == 0;
}

static size_t add_kind(nghttp2_nv *to, size_t n, const struct fr_bench_object *o)
{
	if (o->page)
		return add(to, n, NAVIGATION, COUNT(NAVIGATION));
	if (ends_with(o->path, ".js"))
		return add(to, n, SCRIPT, COUNT(SCRIPT));
	if (ends_with(o->path, ".png"))
		return add(to, n, IMAGE, COUNT(IMAGE));
	return add(to, n, STYLE, COUNT(STYLE));
}

static void ask(struct fr_bench_conn *c, unsigned i)
{
	const struct fr_bench_options *o = c->bench->options;
	struct fr_bench_stream *s = &c->streams[i];
	nghttp2_nv nv[FIELDS_MAX];
	const struct field pseudo[] = {{":method", "GET"},
	                               {":authority", o->authority},
	                               {":scheme", "https"},
	                               {":path", o->objects[i].path}};
	if (s->asked || s->promised)
		return;
	size_t n = add(nv, 0, pseudo, COUNT(pseudo));
	n = add(nv, n, ALWAYS, COUNT(ALWAYS));
	n = add_kind(nv, n, &o->objects[i]);
	if (o->cookies)
		n = add(nv, n, COOKIES, COUNT(COOKIES));
	s->asked = true;
	c->bench->asked++;
	if (nghttp2_submit_request(c->h2, NULL, nv, n, NULL, s) < 0)
		fr_bench_fail(c->bench, "a request could not be made");
}

/* Asks for the next group: the page at `next`; or, when that is there, what
 * follows up to the next page. */
static void ask_next(struct fr_bench_conn *c)
{
	const struct fr_bench_options *o = c->bench->options;
	do
		ask(c, c->next++);
	while (c->next < o->object_count && !o->objects[c->next].page &&
	       !o->objects[c->next - 1].page);
}

/* All that was asked for is there. */
static void group_ended(struct fr_bench_conn *c)
{
	struct fr_bench *b = c->bench;
	const struct fr_bench_options *o = b->options;
	if (o->mode == FR_BENCH_IDLE) {
		b->holding++;
		b->opening--;
	} else if (c->ended == o->object_count) {
		c->done = true;
		(void)nghttp2_session_terminate_session(c->h2, NGHTTP2_NO_ERROR);
	} else {
		ask_next(c);
	}
}

static int on_stream_close(nghttp2_session *h2, int32_t id, uint32_t error_code, void *user)
{
	struct fr_bench_conn *c = user;
	struct fr_bench *b = c->bench;
	struct fr_bench_stream *s = nghttp2_session_get_stream_user_data(h2, id);
	if (!s || c->done)
		return 0;
	const struct fr_bench_object *o = &b->options->objects[s - c->streams];
	if (error_code || s->status != 200 || s->body != o->bytes)
		fr_bench_fail(b, "%s%s: status %u, %llu of %llu bytes, stream error %u",
		              s->promised ? "pushed " : "", o->path, s->status,
		              (unsigned long long)s->body, (unsigned long long)o->bytes,
		              error_code);
	s->ended = true;
	c->ended++;
	b->responses++;
	b->body_bytes += s->body;
	if (b->options->push && s == c->streams && c->next < b->options->object_count)
		fr_bench_fail(b, "%u of %u assets were promised", c->next - 1,
		              b->options->object_count - 1);
	if (c->ended == c->next)
		group_ended(c);
	return 0;
}

static void promise(struct fr_bench_conn *c, int32_t id, const uint8_t *path, size_t len)
{
	const struct fr_bench_options *o = c->bench->options;
	for (unsigned i = 1; i < o->object_count; i++) {
		struct fr_bench_stream *s = &c->streams[i];
		if (strlen(o->objects[i].path) != len || memcmp(o->objects[i].path, path, len) != 0)
			continue;
		if (s->promised)
			break;
		s->promised = true;
		c->next++;
		c->bench->promised++;
		(void)nghttp2_session_set_stream_user_data(c->h2, id, s);
		return;
	}
	fr_bench_fail(c->bench, "promised twice, or nothing of the page: %.*s",
	              (int)(len < 100 ? len : 100), path);
}

static int on_header(nghttp2_session *h2, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *user)
{
	struct fr_bench_conn *c = user;
	(void)flags;
	c->bench->field_bytes_in += name_len + value_len;
	if (frame->hd.type == NGHTTP2_PUSH_PROMISE) {
		if (name_len == 5 && memcmp(name, ":path", 5) == 0)
			promise(c, frame->push_promise.promised_stream_id, value, value_len);
		return 0;
	}
	struct fr_bench_stream *s = nghttp2_session_get_stream_user_data(h2, frame->hd.stream_id);
	if (s && name_len == 7 && memcmp(name, ":status", 7) == 0 && value_len == 3)
		s->status = (unsigned)(value[0] - '0') * 100 + (unsigned)(value[1] - '0') * 10 +
		            (unsigned)(value[2] - '0');
	return 0;
}

static int on_data(nghttp2_session *h2, uint8_t flags, int32_t id, const uint8_t *data, size_t len,
                   void *user)
{
	struct fr_bench_stream *s = nghttp2_session_get_stream_user_data(h2, id);
	(void)flags;
	(void)data;
	(void)user;
	if (s)
		s->body += len;
	return 0;
}

static int on_frame(nghttp2_session *h2, const nghttp2_frame *frame, void *user)
{
	struct fr_bench_conn *c = user;
	(void)h2;
	if (frame->hd.type == NGHTTP2_GOAWAY && !c->done)
		fr_bench_fail(c->bench, "GOAWAY with error %u", frame->goaway.error_code);
	if (frame->hd.type == NGHTTP2_SETTINGS && !(frame->hd.flags & NGHTTP2_FLAG_ACK) &&
	    c->bench->options->mode == FR_BENCH_HANDSHAKES)
		c->done = true;
	return 0;
}

int fr_bench_exchange_init(struct fr_bench *b)
{
	if (nghttp2_session_callbacks_new(&b->callbacks) != 0)
		return -1;
	nghttp2_session_callbacks_set_on_stream_close_callback(b->callbacks, on_stream_close);
	nghttp2_session_callbacks_set_on_header_callback(b->callbacks, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(b->callbacks, on_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(b->callbacks, on_frame);
	return 0;
}

void fr_bench_exchange_begin(struct fr_bench_conn *c)
{
	const struct fr_bench_options *o = c->bench->options;
	const nghttp2_settings_entry settings[] = {
		{NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, FR_BENCH_HEADER_TABLE},
		{NGHTTP2_SETTINGS_ENABLE_PUSH, o->push},
		{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, FR_BENCH_WINDOW},
	};
	c->sent.skip = PREFACE_BYTES;
	if (nghttp2_session_client_new(&c->h2, c->bench->callbacks, c) != 0 ||
	    nghttp2_submit_settings(c->h2, NGHTTP2_FLAG_NONE, settings, COUNT(settings)) != 0 ||
	    nghttp2_session_set_local_window_size(c->h2, NGHTTP2_FLAG_NONE, 0,
	                                          FR_BENCH_CONNECTION_WINDOW) != 0) {
		fr_bench_fail(c->bench, "out of memory");
		return;
	}
	if (o->mode == FR_BENCH_HANDSHAKES)
		return;
	ask_next(c);
}

void fr_bench_walk_feed(struct fr_bench_walk *w, const uint8_t *bytes, size_t len)
{
	while (len) {
		size_t n = w->skip ? w->skip : w->left;
		if (n) {
			n = n < len ? n : len;
			if (w->skip)
				w->skip -= (unsigned)n;
			else
				w->left -= (uint32_t)n;
			bytes += n;
			len -= n;
			continue;
		}
		w->head[w->head_len++] = *bytes++;
		len--;
		if (w->head_len < sizeof(w->head))
			continue;
		w->head_len = 0;
		w->left = (uint32_t)w->head[0] << 16 | (uint32_t)w->head[1] << 8 | w->head[2];
		if (w->head[3] == NGHTTP2_HEADERS || w->head[3] == NGHTTP2_PUSH_PROMISE ||
		    w->head[3] == NGHTTP2_CONTINUATION)
			w->bytes += sizeof(w->head) + w->left;
	}
}
