#include "script_client.h"

#include <string.h>

#include "base/err.h"

#define MAX_FIELDS 48u
#define FRAME_HEAD_BYTES 9u

/* Of HTTP/2 (RFC 9113 §6). */
enum { DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE };
#define END_STREAM 1u
#define END_HEADERS 4u

struct request {
	const char *method, *path, *authority;
	bool has_body;
	size_t n;
	const char *names[MAX_FIELDS], *values[MAX_FIELDS];
};

/* --- requests --- */

static const char *const paths[] = {
	"/",
	"/page",
	"/a.css",
	"/b.js",
	"/font.woff2",
	"/page?q=1",
	"/page?q=2",
	"/uncached/",
	"/ttl/?x",
	"/ruled",
	"/ttl/../x",
	"/a%2fb",
	"//page",
	"/%70age",
	"/personal",
	"/img.png",
	"*",
	"/events",
	"/purge?all=1",
	"/status",
	"/metrics",
	"/purge?url=http%3A%2F%2Fa.test%2Fpage",
	"/purge?prefix=http://a.test/&soft=1",
	"/purge?tag=t",
	"/log-level?level=error",
	"/live",
};
static const char *const methods[] = {"GET",  "GET",   "GET",     "GET",     "GET", "HEAD",
                                      "POST", "PURGE", "OPTIONS", "CONNECT", "PUT", "TRACE"};

struct trait {
	const char *name, *value;
};
/* A bit each. */
static const struct trait traits[] = {
	{"range", "bytes=1-3"},
	{"range", "bytes=0-1,4-5,-2"},
	{"if-none-match", "\"v1\""},
	{"if-range", "\"v1\""},
	{"authorization", "Basic eDp5"},
	{"cache-control", "no-cache"},
	{"cache-control", "max-stale=5, only-if-cached"},
	{"accept-encoding", "gzip, br"},
	{"accept", "text/html"},
	{"sec-fetch-mode", "navigate"},
	{"sec-fetch-dest", "document"},
	{"user-agent", "Mozilla/5.0 (X11) Gecko/20100101 Firefox/130.0"},
	{"te", "trailers"},
	{"priority", "u=1;a=\"b\", i=?0"},
	{"forerun-debug", "1"},
	{"cookie", "sid=1; fr-digest=AAAA"},
	{"if-modified-since", "Tue, 14 Nov 2023 22:13:20 GMT"},
	{"x_forwarded_for", "10.0.0.1"},
	{"upgrade", "websocket"},
	{"connection", "upgrade, x-other"},
	{"expect", "100-continue"},
	{"content-length", "7"},
	{"transfer-encoding", "chunked"},
	{"referer", "http://a.test/page"},
};

static void put(struct request *r, const char *name, const char *value)
{
	if (r->n == MAX_FIELDS)
		return;
	r->names[r->n] = name;
	r->values[r->n++] = value;
}

static void put_cookie(struct request *r, unsigned c)
{
	put(r, "cookie", fr_rig_secret(c));
}

static void request_read(struct fr_script *s, unsigned c, struct request *r)
{
	unsigned what = fr_script_byte(s), bits, more;

	r->n = 0;
	r->path = paths[what % FR_ARRAY_LEN(paths)];
	r->method = methods[fr_script_byte(s) % FR_ARRAY_LEN(methods)];
	bits = fr_script_byte(s);
	bits |= (unsigned)fr_script_byte(s) << 8;
	bits |= (unsigned)fr_script_byte(s) << 16;
	more = fr_script_byte(s);
	r->authority = more & 1 ? "b.test" : "a.test";
	if (c == FR_RIG_ADMIN && !(more & 1))
		r->authority = "localhost";
	r->has_body = more & 2;
	if (more & 4)
		put_cookie(r, c);
	for (size_t i = 0; i < FR_ARRAY_LEN(traits); i++)
		if (bits & FR_BIT(i))
			put(r, traits[i].name, traits[i].value);
	for (unsigned i = 0; (more & 0x38) == 0x38 && i < 30; i++)
		put(r, "x-many", "another field of many");
}

/* --- HTTP/1.1 --- */

static void write_h1(struct fr_script *s, const struct request *r)
{
	struct fr_text *t = &s->text;

	fr_text_add(t, "%s %s HTTP/1.1\r\nhost: %s\r\n", r->method, r->path, r->authority);
	for (size_t i = 0; i < r->n; i++)
		fr_text_add(t, "%s: %s\r\n", r->names[i], r->values[i]);
	fr_text_add(t, "\r\n");
}

static const char *const pieces[] = {
	"5\r\nhello\r\n",
	"0\r\n\r\n",
	"0\r\nx-trailer: 1\r\nhost: b.test\r\n\r\n",
	"body of 7",
	"7fffffffffffffff\r\n",
	"GET /page HTTP/1.0\r\n\r\n",
	"GET http://b.test/page HTTP/1.1\r\nhost: a.test\r\nconnection: close\r\n\r\n",
	"POST /page HTTP/1.1\r\nhost: a.test\r\ncontent-length: 5\r\n\r\nhello",
	"POST /page HTTP/1.1\r\nhost: a.test\r\ntransfer-encoding: chunked\r\n\r\n",
	"GET /page HTTP/1.1\r\nhost: a.test\r\nx: ",
	"\r\n\r\n",
	"PUT /up HTTP/1.1\r\nhost: a.test\r\nexpect: 100-continue\r\ncontent-length: 9000\r\n\r\n",
};

/* --- HTTP/2 --- */

static void put_frame_head(struct fr_text *t, size_t len, unsigned type, unsigned flags,
                           uint32_t stream)
{
	const uint8_t head[FRAME_HEAD_BYTES] = {
		(uint8_t)(len >> 16),    (uint8_t)(len >> 8),    (uint8_t)len,
		(uint8_t)type,           (uint8_t)flags,         (uint8_t)(stream >> 24),
		(uint8_t)(stream >> 16), (uint8_t)(stream >> 8), (uint8_t)stream,
	};

	fr_text_put(t, head, sizeof head);
}

/* A literal, without indexing or with (RFC 7541 §6.2); strings are short. */
static size_t put_literal(uint8_t *out, size_t cap, bool indexed, const char *name,
                          const char *value)
{
	size_t n = strlen(name), v = strlen(value);

	if (n > 126 || v > 126 || cap < n + v + 3)
		return 0;
	out[0] = indexed ? 0x40 : 0;
	out[1] = (uint8_t)n;
	memcpy(out + 2, name, n);
	out[2 + n] = (uint8_t)v;
	memcpy(out + 3 + n, value, v);
	return n + v + 3;
}

static void write_h2(struct fr_script *s, unsigned c, const struct request *r)
{
	uint8_t block[4096];
	size_t n = 0;
	uint32_t id = s->next_stream[c];

	s->next_stream[c] += 2;
	n += put_literal(block + n, sizeof block - n, false, ":method", r->method);
	n += put_literal(block + n, sizeof block - n, false, ":scheme", "http");
	n += put_literal(block + n, sizeof block - n, false, ":authority", r->authority);
	n += put_literal(block + n, sizeof block - n, true, ":path", r->path);
	for (size_t i = 0; i < r->n; i++)
		n += put_literal(block + n, sizeof block - n, i & 1, r->names[i], r->values[i]);
	put_frame_head(&s->text, n, HEADERS, END_HEADERS | (r->has_body ? 0 : END_STREAM), id);
	fr_text_put(&s->text, block, n);
}

/* One of the last streams, or one that the server opened, or the connection. */
static uint32_t stream_of(struct fr_script *s, unsigned c)
{
	unsigned pick = fr_script_byte(s);

	if (pick & 0x40)
		return pick & 0x80 ? 0 : (pick & 7) * 2;
	return s->next_stream[c] - 2 * (pick % 8 + 1);
}

static void put_u32(struct fr_text *t, uint32_t v)
{
	const uint8_t b[] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};

	fr_text_put(t, b, sizeof b);
}

static void put_setting(struct fr_text *t, unsigned id, uint32_t v)
{
	const uint8_t b[] = {(uint8_t)(id >> 8), (uint8_t)id};

	fr_text_put(t, b, sizeof b);
	put_u32(t, v);
}

static const uint32_t values[] = {0, 1, 2, 100, 4096, 16384, 65535, 0x7fffffff};

static void write_control(struct fr_script *s, unsigned c)
{
	static const char priority[] = "u=0, i";
	struct fr_text *t = &s->text;
	unsigned what = fr_script_byte(s), arg = fr_script_byte(s);
	uint32_t v = values[arg % FR_ARRAY_LEN(values)];

	switch (what % 8) {
	case 0:
		put_frame_head(t, 4, RST_STREAM, 0, stream_of(s, c));
		put_u32(t, arg % 14);
		break;
	case 1:
		put_frame_head(t, 4, WINDOW_UPDATE, 0, stream_of(s, c));
		put_u32(t, v);
		break;
	case 2:
		put_frame_head(t, 8, PING, arg & 1, 0);
		fr_text_put(t, "12345678", 8);
		break;
	case 3:
		put_frame_head(t, 6, SETTINGS, 0, 0);
		put_setting(t, arg / 8 % 9 + 1, v);
		break;
	case 4:
		put_frame_head(t, 5, PRIORITY, 0, stream_of(s, c));
		put_u32(t, stream_of(s, c));
		fr_text_put(t, &s->options, 1);
		break;
	case 5: /* PRIORITY_UPDATE, RFC 9218 §7.1 */
		put_frame_head(t, 4 + sizeof priority - 1, 16, 0, 0);
		put_u32(t, stream_of(s, c));
		fr_text_put(t, priority, sizeof priority - 1);
		break;
	case 6:
		put_frame_head(t, 0, SETTINGS, 1, 0);
		break;
	default:
		put_frame_head(t, 8, GOAWAY, 0, 0);
		put_u32(t, 0);
		put_u32(t, arg % 14);
	}
}

/* --- what the script asks for --- */

static bool is_h2(const struct fr_script *s, unsigned c)
{
	if (s->kind == FR_SCRIPT_ORIGIN)
		return c & 1;
	return s->kind == FR_SCRIPT_H2;
}

static void send_text(struct fr_script *s, unsigned c)
{
	fr_rig_client_send(s->rig, c, s->text.p, s->text.n);
	s->text.n = 0;
}

void fr_script_client_opened(struct fr_script *s, unsigned c)
{
	static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

	s->next_stream[c] = 1;
	if (!is_h2(s, c))
		return;
	fr_text_put(&s->text, preface, sizeof preface - 1);
	/* some push, some do not; some want their responses in small pieces */
	put_frame_head(&s->text, 12, SETTINGS, 0, 0);
	put_setting(&s->text, 2, !(s->options & 4));
	put_setting(&s->text, 4, s->options & 8 ? 100 : 65535);
	send_text(s, c);
}

void fr_script_request(struct fr_script *s, unsigned c)
{
	struct request r;

	request_read(s, c, &r);
	if (is_h2(s, c))
		write_h2(s, c, &r);
	else
		write_h1(s, &r);
	send_text(s, c);
}

void fr_script_body(struct fr_script *s, unsigned c)
{
	static const uint16_t lengths[] = {0, 1, 7, 100, 1000, 4097, 9000, 16384};
	static const char filler[16384];
	unsigned what = fr_script_byte(s);
	size_t len = lengths[what % FR_ARRAY_LEN(lengths)];

	if (is_h2(s, c))
		put_frame_head(&s->text, len, DATA, what & 0x80 ? END_STREAM : 0, stream_of(s, c));
	else if (what & 0x80)
		fr_text_add(&s->text, "%zx\r\n", len);
	fr_text_put(&s->text, filler, len);
	if (!is_h2(s, c) && what & 0x80)
		fr_text_add(&s->text, "\r\n");
	send_text(s, c);
}

void fr_script_frame(struct fr_script *s, unsigned c)
{
	size_t len;
	const uint8_t *data;

	if (is_h2(s, c)) {
		unsigned type = fr_script_byte(s), flags = fr_script_byte(s);
		uint32_t stream = stream_of(s, c);

		data = fr_script_bytes(s, &len);
		put_frame_head(&s->text, len, type % 18, flags, stream);
		fr_text_put(&s->text, data, len);
	} else {
		data = fr_script_bytes(s, &len);
		fr_text_put(&s->text, data, len);
		fr_text_put(&s->text, "\r\n", 2);
	}
	send_text(s, c);
}

void fr_script_control(struct fr_script *s, unsigned c)
{
	if (is_h2(s, c))
		write_control(s, c);
	else
		fr_text_add(&s->text, "%s", pieces[fr_script_byte(s) % FR_ARRAY_LEN(pieces)]);
	send_text(s, c);
}
