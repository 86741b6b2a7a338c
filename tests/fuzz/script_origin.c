#include "script_origin.h"

#include <string.h>

#include "base/err.h"

static const uint16_t statuses[] = {200, 200, 200, 200, 304, 304, 206, 404,
                                    500, 503, 204, 301, 103, 100, 101, 416};
static const uint16_t lengths[] = {0, 1, 16, 300, 1000, 4097, 9000, 40000};

/* Traits that are one line. */
static const char *const lines[] = {
	"cache-control: max-age=60\r\n",
	"cache-control: no-store\r\n",
	"cache-control: private\r\n",
	"cache-control: max-age=0, stale-while-revalidate=60, stale-if-error=60\r\n",
	"etag: \"v1\"\r\n",
	"etag: \"v2\"\r\n",
	"vary: accept-encoding\r\n",
	"vary: user-agent, cookie\r\n",
	"link: </a.css>; rel=preload; as=style, </b.js>; rel=preload; as=script\r\n",
	"content-type: text/html\r\n",
	"connection: close\r\n",
	"age: 59\r\n",
	"last-modified: Tue, 14 Nov 2023 22:13:20 GMT\r\n",
	"content-range: bytes 1-3/16\r\n",
	"cache-control: no-cache=\"set-cookie\", public, s-maxage=9\r\n",
	"cache-tag: t\r\n",
	"cdn-cache-control: max-age=9\r\n",
	"content-encoding: gzip\r\n",
	"vary: *\r\n",
	"link: <https://other.test>; rel=preconnect\r\n",
};
enum {
	PRIVATE = FR_BIT(1) | FR_BIT(2), /* as lines say */
	TARGETED = FR_BIT(16),
	SET_COOKIE = FR_BIT(20),
	CHUNKED = FR_BIT(21),
	NO_LENGTH = FR_BIT(22),
	HEAD_ONLY = FR_BIT(23)
};
_Static_assert(FR_ARRAY_LEN(lines) == 20, "the other traits are the bits behind");

#define PAGE                                                                                       \
	"<!doctype html><link rel=stylesheet href=/a.css><script src=/b.js></script>"              \
	"<img src=img.png><link rel=preload as=font href=/font.woff2 crossorigin>"

void fr_script_answer_read(struct fr_script *s, struct fr_script_answer *a)
{
	a->pick = fr_script_byte(s);
	a->status = fr_script_byte(s);
	a->traits = fr_script_byte(s);
	a->traits |= (uint32_t)fr_script_byte(s) << 8;
	a->traits |= (uint32_t)fr_script_byte(s) << 16;
	a->body = fr_script_byte(s);
}

/* What the client may know alone, where the response is for it alone. */
static void put_secret(struct fr_text *t, const struct fr_script_answer *a, unsigned client)
{
	if ((a->traits & PRIVATE) && !(a->traits & TARGETED))
		fr_text_add(t, "%s", fr_rig_secret(client));
}

static void put_body(struct fr_text *t, const struct fr_script_answer *a, unsigned client,
                     size_t len)
{
	static const char filler[1000] = "x";
	struct fr_text *start = t;
	size_t begin = start->n;

	put_secret(t, a, client);
	fr_text_add(t, PAGE);
	while (t->n - begin < len)
		fr_text_put(t, filler, sizeof filler);
	t->n = begin + len;
}

static void put_head(struct fr_text *t, const struct fr_script_answer *a, unsigned client,
                     size_t len)
{
	fr_text_add(t, "HTTP/1.1 %u x\r\n", statuses[a->status % FR_ARRAY_LEN(statuses)]);
	for (size_t i = 0; i < FR_ARRAY_LEN(lines); i++)
		if (a->traits & FR_BIT(i))
			fr_text_add(t, "%s", lines[i]);
	if (a->traits & SET_COOKIE)
		fr_text_add(t, "set-cookie: id=%s\r\n", fr_rig_secret(client));
	if (a->traits & CHUNKED)
		fr_text_add(t, "transfer-encoding: chunked\r\n");
	else if (!(a->traits & NO_LENGTH))
		fr_text_add(t, "content-length: %zu\r\n", len);
	fr_text_add(t, "\r\n");
}

void fr_script_answer_send(struct fr_script *s, const struct fr_script_answer *a, unsigned origin,
                           unsigned client)
{
	unsigned status = statuses[a->status % FR_ARRAY_LEN(statuses)];
	size_t len = lengths[a->body % FR_ARRAY_LEN(lengths)];
	bool has_body = status >= 200 && status != 204 && status != 304;
	struct fr_text *t = &s->text;
	size_t kept = t->n;

	if (!fr_rig_origin_may_tell(s->rig, origin))
		client = FR_RIG_CLIENTS; /* whoever that is */
	if ((a->traits & HEAD_ONLY) || ((a->traits & CHUNKED) && (a->body & 0x80)) || status < 200)
		fr_rig_origin_spoil(s->rig, origin);
	put_head(t, a, client, len);
	if (has_body && !(a->traits & HEAD_ONLY)) {
		if (a->traits & CHUNKED)
			fr_text_add(t, "%zx\r\n", len ? len : 1);
		put_body(t, a, client, a->traits & CHUNKED && !len ? 1 : len);
		if (a->traits & CHUNKED)
			fr_text_add(t, a->body & 0x80 ? "\r\n" : "\r\n0\r\nx-trailer: 1\r\n\r\n");
	}
	fr_rig_origin_send(s->rig, origin, t->p + kept, t->n - kept);
	t->n = kept;
	if (status >= 200)
		fr_rig_origin_answered(s->rig, origin);
	if (has_body && (a->traits & (NO_LENGTH | CHUNKED | HEAD_ONLY)) == NO_LENGTH)
		fr_rig_origin_end(s->rig, origin, FR_RIG_CLOSE);
}

void fr_script_answer_more(struct fr_script *s)
{
	static const char filler[9000];
	static const char *const chunks[] = {"5\r\nhello\r\n", "0\r\n\r\n",
	                                     "0\r\nset-cookie: a=b\r\nx: y\r\n\r\n", "\r\n"};
	unsigned k = fr_script_byte(s), what = fr_script_byte(s), origin, client;

	if (!fr_rig_origin_pick(s->rig, k, &origin, &client))
		return;
	fr_rig_origin_spoil(s->rig, origin);
	if (what & 0x80)
		fr_rig_origin_send(s->rig, origin, chunks[what % FR_ARRAY_LEN(chunks)],
		                   strlen(chunks[what % FR_ARRAY_LEN(chunks)]));
	else
		fr_rig_origin_send(s->rig, origin, filler, lengths[what % 7]);
}
