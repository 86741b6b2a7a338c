#include "h2_pair.h"

struct pair *pair;

/* --- the server's side --- */

static void *on_open(void *user, int32_t id, struct fr_arena **arena, struct fr_request **req)
{
	struct pair *p = user;
	struct stream *st;

	if (p->n == H2_PAIR_STREAMS)
		return NULL;
	st = &p->streams[p->n++];
	fr_arena_init(&st->arena, 1u << 20);
	fr_request_init(&st->req, &st->arena);
	st->id = id;
	st->is_open = true;
	p->opened++;
	*arena = &st->arena;
	*req = &st->req;
	return st;
}

static void on_request(void *user, void *stream, bool end)
{
	(void)user;
	((struct stream *)stream)->is_complete = end;
}

static void on_oversized(void *user, void *stream, bool end)
{
	(void)user;
	(void)end;
	((struct stream *)stream)->is_oversized = true;
}

static void on_data(void *user, void *stream, const uint8_t *data, size_t len)
{
	struct pair *p = user;

	(void)data;
	fr_h2_consumed(p->server, ((struct stream *)stream)->id, len);
}

static void on_end(void *user, void *stream, const struct fr_fields *trailers)
{
	(void)user;
	(void)trailers;
	((struct stream *)stream)->is_complete = true;
}

static void on_close(void *user, void *stream, uint32_t code, bool by_peer)
{
	struct pair *p = user;
	struct stream *st = stream;

	assert_true(st->is_open);
	st->is_open = false;
	st->code = code;
	st->was_reset = by_peer;
	p->opened--;
}

static struct fr_h2_body on_read(void *user, void *stream, size_t max)
{
	struct stream *st = stream;
	size_t len = st->body < max ? st->body : max;

	(void)user;
	return (struct fr_h2_body){.len = len,
	                           .deferred = st->body == 0 && st->more,
	                           .end = len == st->body && !st->more};
}

static bool on_copy(void *user, void *stream, uint8_t *out, size_t len)
{
	(void)user;
	memset(out, 'x', len);
	((struct stream *)stream)->body -= len;
	return true;
}

static void on_fault(void *user, void *stream, enum fr_h2_fault f)
{
	struct pair *p = user;

	(void)stream;
	p->faults++;
	p->fault = f;
}

static const struct fr_h2_events events = {.on_open = on_open,
                                           .on_request = on_request,
                                           .on_oversized = on_oversized,
                                           .on_data = on_data,
                                           .on_end = on_end,
                                           .on_close = on_close,
                                           .on_read = on_read,
                                           .on_copy = on_copy,
                                           .on_fault = on_fault};

/* --- the client's side --- */

static void seen(struct pair *p, char what)
{
	/* a run of the same is one letter */
	if (p->n_order && p->order[p->n_order - 1] == what)
		return;
	assert_true(p->n_order + 1 < sizeof p->order);
	p->order[p->n_order++] = what;
}

static int client_frame(nghttp2_session *s, const nghttp2_frame *f, void *user)
{
	struct pair *p = user;

	(void)s;
	if (f->hd.type == NGHTTP2_GOAWAY) {
		p->got_goaway = true;
		p->goaway_code = f->goaway.error_code;
	} else if (f->hd.type == NGHTTP2_RST_STREAM) {
		p->reset_code[f->hd.stream_id] = f->rst_stream.error_code;
	} else if (f->hd.type == NGHTTP2_PUSH_PROMISE) {
		p->promised[p->n_promised++] = f->push_promise.promised_stream_id;
		seen(p, 'P');
	} else if (f->hd.type == NGHTTP2_HEADERS) {
		seen(p, (char)('A' + f->hd.stream_id));
	} else if (f->hd.type == NGHTTP2_DATA && f->hd.length) {
		assert_true(p->n_data < FR_ARRAY_LEN(p->data));
		p->data[p->n_data].id = f->hd.stream_id;
		p->data[p->n_data++].len = f->hd.length;
		seen(p, (char)('a' + f->hd.stream_id));
	}
	if ((f->hd.type == NGHTTP2_DATA || f->hd.type == NGHTTP2_HEADERS) &&
	    (f->hd.flags & NGHTTP2_FLAG_END_STREAM))
		p->ended++;
	return 0;
}

static int client_header(nghttp2_session *s, const nghttp2_frame *f, const uint8_t *name,
                         size_t namelen, const uint8_t *value, size_t valuelen, uint8_t flags,
                         void *user)
{
	struct pair *p = user;

	(void)s;
	(void)flags;
	if (namelen == 7 && memcmp(name, ":status", 7) == 0 && valuelen == 3)
		p->status[f->hd.stream_id] =
			(value[0] - '0') * 100 + (value[1] - '0') * 10 + value[2] - '0';
	return 0;
}

static nghttp2_session *client_new(struct pair *p)
{
	nghttp2_session_callbacks *cb;
	nghttp2_session *s;

	assert_int_equal(nghttp2_session_callbacks_new(&cb), 0);
	nghttp2_session_callbacks_set_on_frame_recv_callback(cb, client_frame);
	nghttp2_session_callbacks_set_on_header_callback(cb, client_header);
	assert_int_equal(nghttp2_session_client_new(&s, cb, p), 0);
	nghttp2_session_callbacks_del(cb);
	return s;
}

void pair_new(const struct fr_h2_limits *limits)
{
	pair = calloc(1, sizeof *pair);
	assert_non_null(pair);
	pair->now_ms = 1000;
	fr_buf_init(&pair->to_client, 1u << 24);
	pair->server = fr_h2_session_new(limits, &events, pair, &pair->pool, pair->now_ms);
	pair->client = client_new(pair);
}

void settings(const nghttp2_settings_entry *iv, size_t n)
{
	assert_int_equal(nghttp2_submit_settings(pair->client, 0, iv, n), 0);
}

void to_server(const uint8_t *data, size_t len)
{
	if (pair->server_rc == 0)
		pair->server_rc = fr_h2_feed(pair->server, data, len, pair->now_ms);
}

bool client_to_server(void)
{
	const uint8_t *data;
	ssize_t n = nghttp2_session_mem_send(pair->client, &data);

	if (n <= 0)
		return false;
	to_server(data, (size_t)n);
	return true;
}

static bool drain(size_t bytes)
{
	size_t len;

	(void)!fr_h2_drain(pair->server, &pair->to_client, bytes);
	len = fr_buf_len(&pair->to_client);
	if (len == 0)
		return false;
	assert_true(nghttp2_session_mem_recv(pair->client, fr_buf_data(&pair->to_client), len) >=
	            0);
	fr_buf_clear(&pair->to_client);
	return true;
}

bool server_to_client(void)
{
	return drain(65536);
}

void step(size_t bytes)
{
	while (client_to_server())
		continue;
	(void)drain(bytes);
}

void exchange(void)
{
	bool moved = true;

	while (moved) {
		moved = client_to_server();
		moved |= server_to_client();
	}
}

void raw_frame(uint8_t type, uint8_t flags, uint32_t id, const void *payload, size_t len)
{
	uint8_t head[9] = {
		(uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len,       type,       flags,
		(uint8_t)(id >> 24),  (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id};

	to_server(head, sizeof head);
	to_server(payload, len);
}

void look_for_goaway(void)
{
	const uint8_t *data;
	size_t len;

	(void)!fr_h2_drain(pair->server, &pair->to_client, 65536);
	data = fr_buf_data(&pair->to_client);
	len = fr_buf_len(&pair->to_client);
	while (len >= 9) {
		size_t n = 9 + ((size_t)data[0] << 16 | (size_t)data[1] << 8 | data[2]);

		assert_true(n <= len);
		if (data[3] == NGHTTP2_GOAWAY) {
			pair->got_goaway = true;
			pair->goaway_code = data[16]; /* the codes are small */
		}
		data += n;
		len -= n;
	}
	fr_buf_clear(&pair->to_client);
}

int32_t ask_with(const char *path, const char *priority)
{
	nghttp2_nv nv[] = {NV(":method", "GET"), NV(":scheme", "https"), NV(":authority", "h"),
	                   NV(":path", path), NV("priority", priority ? priority : "")};
	int32_t id = nghttp2_submit_request(pair->client, NULL, nv, priority ? 5 : 4, NULL, NULL);

	assert_true(id > 0);
	return id;
}

int32_t ask(const char *path)
{
	return ask_with(path, NULL);
}

void more_comes(struct stream *st)
{
	st->body += st->more;
	st->more = 0;
	fr_h2_resume(pair->server, st->id);
}

size_t got(const struct stream *st)
{
	size_t sum = 0;

	for (size_t i = 0; i < pair->n_data; i++)
		sum += pair->data[i].id == st->id ? pair->data[i].len : 0;
	return sum;
}

size_t got_before(const struct stream *st, const struct stream *other)
{
	size_t sum = 0;

	for (size_t i = 0; i < pair->n_data && pair->data[i].id != other->id; i++)
		sum += pair->data[i].id == st->id ? pair->data[i].len : 0;
	return sum;
}

struct stream *stream_of(int32_t id)
{
	for (size_t i = 0; i < pair->n; i++)
		if (pair->streams[i].id == id)
			return &pair->streams[i];
	return NULL;
}

int try_answer(struct stream *st, size_t body)
{
	struct fr_response resp;

	fr_response_init(&resp, &st->arena, 200);
	resp.content_length = st->has_no_length ? -1 : (int64_t)(body + st->more);
	st->body = body;
	return fr_h2_submit_response(pair->server, st->id, &resp, body > 0);
}

void answer(struct stream *st, size_t body)
{
	assert_int_equal(try_answer(st, body), 0);
}

struct stream *push(struct stream *page, const char *path, enum fr_h2_rank rank)
{
	struct stream *st = &pair->streams[pair->n++];

	fr_arena_init(&st->arena, 1u << 20);
	fr_request_init(&st->req, &st->arena);
	st->req.method_text = S("GET");
	st->req.scheme = S("https");
	st->req.authority = S("h");
	st->req.target = S(path);
	st->id = fr_h2_push(pair->server, page->id, &st->req, st);
	if (st->id < 0)
		return NULL;
	st->is_open = true;
	pair->opened++;
	fr_h2_rank_push(pair->server, st->id, page->id, rank);
	return st;
}

/* --- for the order of sending --- */

static const nghttp2_settings_entry by_urgency = {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1};

struct stream *ask_page(const char *path, const char *priority)
{
	int32_t id = ask_with(path, priority);

	exchange();
	assert_non_null(stream_of(id));
	return stream_of(id);
}

int32_t submit_below(const char *path, const struct stream *on)
{
	const nghttp2_nv nv[] = {NV(":method", "GET"), NV(":scheme", "https"),
	                         NV(":authority", "example.com"), NV(":path", path)};
	nghttp2_priority_spec spec;

	nghttp2_priority_spec_init(&spec, on ? on->id : 0, 256, 1);
	return nghttp2_submit_request(pair->client, &spec, nv, 4, NULL, NULL);
}

struct stream *ask_below(const char *path, const struct stream *on)
{
	int32_t id = submit_below(path, on);

	exchange();
	assert_non_null(stream_of(id));
	return stream_of(id);
}

void begin(bool urgency)
{
	settings(&by_urgency, urgency ? 1 : 0);
	exchange();
}

void finish(void)
{
	for (int i = 0; i < 200; i++)
		step(STEP_BYTES);
	exchange();
}

void assert_order(const struct stream *a, const struct stream *b)
{
	assert_true(got(a) > 0);
	assert_true(got(b) > 0);
	assert_int_equal(got_before(a, b), got(a));
}

void respond(struct stream *st, size_t body, size_t more)
{
	st->more = more;
	answer(st, body);
}

int pair_set_up(void **state)
{
	struct fr_h2_limits limits;

	(void)state;
	fr_h2_limits_default(&limits);
	pair_new(&limits);
	return 0;
}

int pair_tear_down(void **state)
{
	(void)state;
	fr_h2_session_free(&pair->server);
	assert_int_equal(pair->opened, 0);
	nghttp2_session_del(pair->client);
	for (size_t i = 0; i < pair->n; i++)
		fr_arena_fini(&pair->streams[i].arena);
	fr_pool_fini(&pair->pool);
	fr_buf_fini(&pair->to_client);
	free(pair);
	return 0;
}
