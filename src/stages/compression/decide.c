/* The rules of what is encoded, and the fields of encoded responses. */
#include "stages/compression/decide.h"

#include "http/media_type.h"

/* Without compression.codings. What is made for one response: zstd is smaller than gzip for
 * half of its time. What is kept: br is the smallest, and made once. */
static const enum fr_coding order_of_one[] = {FR_CODING_ZSTD, FR_CODING_BR, FR_CODING_GZIP};
static const enum fr_coding order_of_stored[] = {FR_CODING_BR, FR_CODING_ZSTD, FR_CODING_GZIP};

/* --- who forbids it --- */

static bool has_no_transform(const struct fr_fields *f)
{
	return fr_fields_get(f, FR_FIELD_CACHE_CONTROL) &&
	       fr_fields_has_token(f, FR_FIELD_CACHE_CONTROL, "no-transform");
}

/* A request that another site had a browser make, with what identifies its user: that site
 * learns the length of the answer, which is what BREACH needs. Navigations are seen by the
 * user; what is stored has nobody's secrets. */
static bool could_leak(const struct fr_coding_question *q)
{
	const struct fr_fields *f = &q->req->fields;

	return !q->is_stored &&
	       fr_str_iis(fr_fields_value(f, FR_FIELD_SEC_FETCH_SITE), "cross-site") &&
	       !fr_str_iis(fr_fields_value(f, FR_FIELD_SEC_FETCH_MODE), "navigate") &&
	       (fr_fields_get(f, FR_FIELD_COOKIE) || fr_fields_get(f, FR_FIELD_AUTHORIZATION));
}

static bool has_whole_body(const struct fr_coding_question *q)
{
	return fr_status_has_body(q->status) && q->status >= 200 && q->status != 205 &&
	       q->status != 206 && q->length != 0 &&
	       !fr_fields_get(q->fields, FR_FIELD_CONTENT_RANGE);
}

static bool is_worth_it(const struct fr_coding_question *q)
{
	struct fr_str type = fr_media_type_of(fr_fields_value(q->fields, FR_FIELD_CONTENT_TYPE));

	if (q->length >= 0 && q->length < (int64_t)q->rules->min_bytes)
		return false;
	if (!q->rules->n_types)
		return fr_media_is_compressible(type);
	for (size_t i = 0; i < q->rules->n_types; i++)
		if (fr_media_matches(fr_str_from(q->rules->types[i]), type))
			return true;
	return false;
}

/* --- the verdict --- */

static struct fr_coding_weights weights_of(const struct fr_coding_question *q)
{
	struct fr_coding_weights w;

	if (q->weights)
		return *q->weights;
	fr_codings_weigh(&q->req->fields, &w);
	return w;
}

static enum fr_coding choose(const struct fr_coding_question *q)
{
	const struct fr_coding_weights w = weights_of(q);

	if (q->rules->n_order)
		return fr_coding_choose(&w, q->rules->order, q->rules->n_order);
	return fr_coding_choose(&w, q->is_stored ? order_of_stored : order_of_one,
	                        FR_ARRAY_LEN(order_of_one));
}

static enum fr_coding coding_of(const struct fr_fields *f)
{
	const struct fr_field *first = fr_fields_get(f, FR_FIELD_CONTENT_ENCODING);

	if (!first)
		return FR_CODING_IDENTITY;
	return fr_fields_next(f, FR_FIELD_CONTENT_ENCODING, first) ? FR_CODING_OTHER
	                                                           : fr_coding_of(first->value);
}

/* Origins encode in a hurry: the same bytes are often a quarter shorter in br at its best level. */
static void decide_stored_encoded(const struct fr_coding_question *q, struct fr_coding_verdict *out)
{
	if (!q->is_stored || !q->rules->recompress || q->length < 0 || !is_worth_it(q) ||
	    has_no_transform(&q->req->fields))
		return;
	out->coding = choose(q);
	if (out->coding != FR_CODING_IDENTITY)
		out->act = FR_CODING_RECODE;
}

static void decide_encoded(const struct fr_coding_question *q, enum fr_coding coding,
                           struct fr_coding_verdict *out)
{
	struct fr_coding_weights w;

	if (coding == FR_CODING_OTHER || has_no_transform(q->fields))
		return;
	out->varies = true;
	/* whoever names no coding takes any (RFC 9110 §12.5.3): the origin chose it for this very
	 * request. Of what another client was sent, that is not so sure. */
	if (!q->is_stored && !fr_fields_get(&q->req->fields, FR_FIELD_ACCEPT_ENCODING))
		return;
	w = weights_of(q);
	if (w.of[coding]) {
		decide_stored_encoded(q, out);
		return;
	}
	if (!w.of[FR_CODING_IDENTITY] || has_no_transform(&q->req->fields))
		return;
	out->act = FR_CODING_DECODE;
	out->coding = coding;
}

static void decide_plain(const struct fr_coding_question *q, struct fr_coding_verdict *out)
{
	if (!is_worth_it(q) || has_no_transform(q->fields))
		return;
	out->varies = true;
	if (has_no_transform(&q->req->fields) || could_leak(q))
		return;
	out->coding = choose(q);
	if (out->coding != FR_CODING_IDENTITY)
		out->act = FR_CODING_ENCODE;
}

void fr_coding_decide(const struct fr_coding_question *q, struct fr_coding_verdict *out)
{
	enum fr_coding coding;

	*out = (struct fr_coding_verdict){.act = FR_CODING_KEEP};
	if (!q->rules->enabled || !has_whole_body(q))
		return;
	coding = coding_of(q->fields);
	if (coding == FR_CODING_IDENTITY)
		decide_plain(q, out);
	else
		decide_encoded(q, coding, out);
}

/* --- the fields --- */

/* Of the bytes as they were: Content-MD5 (RFC 1864), Digest (RFC 3230), Content-Digest and
 * Repr-Digest (RFC 9530). */
static const struct fr_str of_bytes[] = {FR_STR("content-md5"), FR_STR("digest"),
                                         FR_STR("content-digest"), FR_STR("repr-digest")};

/* All of their names end like this, and few others do: each hit of a coded form asks for each of
 * its fields. */
static bool may_be_of_bytes(struct fr_str name)
{
	char last = name.len ? name.p[name.len - 1] : '\0';

	return last == 't' || last == '5';
}

static bool speaks_of_bytes(const struct fr_field *f)
{
	if (f->id != FR_FIELD_OTHER)
		return f->id == FR_FIELD_CONTENT_ENCODING || f->id == FR_FIELD_ACCEPT_RANGES;
	for (size_t i = 0; may_be_of_bytes(f->name) && i < FR_ARRAY_LEN(of_bytes); i++)
		if (fr_str_eq(f->name, of_bytes[i]))
			return true;
	return false;
}

static bool is_strong(struct fr_str tag)
{
	return tag.len && tag.p[0] == '"';
}

static int weaken(struct fr_arena *a, struct fr_field *etag)
{
	const struct fr_str parts[] = {FR_STR("W/"), etag->value};

	if (!is_strong(etag->value))
		return 0;
	if (!(etag->flags & FR_FIELD_WEAKLY))
		return fr_arena_concat(a, parts, FR_ARRAY_LEN(parts), &etag->value);
	etag->value = fr_str_make(etag->value.p - 2, etag->value.len + 2);
	etag->flags &= (uint16_t)~FR_FIELD_WEAKLY;
	return 0;
}

static bool is_bare(const struct fr_fields *f)
{
	size_t i = 0;

	while (i < f->n && !speaks_of_bytes(&f->v[i]))
		i++;
	return i == f->n;
}

void fr_coding_drop_of_bytes(struct fr_fields *f)
{
	size_t kept = 0;

	for (size_t i = 0; i < f->n; i++)
		if (!speaks_of_bytes(&f->v[i]))
			f->v[kept++] = f->v[i];
	f->n = kept;
}

/* If there is one. */
static int weaken_etag(struct fr_arena *a, struct fr_fields *f)
{
	struct fr_field *etag = fr_fields_get_mut(f, FR_FIELD_ETAG);

	return etag ? weaken(a, etag) : 0;
}

/* Into the first Vary, so that it is one line as before. */
static int add_vary(struct fr_arena *a, struct fr_fields *f)
{
	struct fr_field *first = fr_fields_get_mut(f, FR_FIELD_VARY);
	struct fr_str parts[] = {{0}, FR_STR(", accept-encoding")};

	if (!first)
		return fr_fields_add_id(f, FR_FIELD_VARY, FR_STR("accept-encoding"));
	if (fr_fields_has_token(f, FR_FIELD_VARY, "accept-encoding") ||
	    fr_fields_has_token(f, FR_FIELD_VARY, "*"))
		return 0;
	if (first->value.len == 0) {
		first->value = FR_STR("accept-encoding");
		return 0;
	}
	parts[0] = first->value;
	return fr_arena_concat(a, parts, FR_ARRAY_LEN(parts), &first->value);
}

int fr_coding_apply(const struct fr_coding_verdict *v, struct fr_arena *a, struct fr_response *resp)
{
	int rc = v->varies ? add_vary(a, &resp->fields) : 0;

	if (rc < 0 || v->act == FR_CODING_KEEP)
		return rc;
	if (!v->is_bare)
		fr_coding_drop_of_bytes(&resp->fields);
	rc = weaken_etag(a, &resp->fields);
	if (rc == 0 && v->act == FR_CODING_ENCODE)
		rc = fr_fields_add_id(&resp->fields, FR_FIELD_CONTENT_ENCODING,
		                      fr_coding_name(v->coding));
	resp->content_length = -1;
	return rc;
}

int fr_coding_apply_validated(const struct fr_coding_verdict *v, struct fr_arena *a,
                              struct fr_response *resp)
{
	int rc = v->varies ? add_vary(a, &resp->fields) : 0;

	return rc == 0 && v->act != FR_CODING_KEEP ? weaken_etag(a, &resp->fields) : rc;
}

int fr_coding_apply_not_modified(const struct fr_request *req, struct fr_arena *a,
                                 struct fr_response *resp)
{
	struct fr_field *etag = fr_fields_get_mut(&resp->fields, FR_FIELD_ETAG);
	const struct fr_field *line = NULL;

	while (etag && is_strong(etag->value) &&
	       (line = fr_fields_next(&req->fields, FR_FIELD_IF_NONE_MATCH, line))) {
		struct fr_str rest = line->value, tag;

		while (fr_str_next_item(&rest, &tag))
			if (tag.len > 2 && fr_str_starts(tag, FR_STR("W/")) &&
			    fr_str_eq(fr_str_sub(tag, 2, tag.len), etag->value)) {
				etag->value = tag;
				return add_vary(a, &resp->fields);
			}
	}
	return 0;
}

/* --- a word for all usual requests --- */

/* From the lowest bits on, for each number: act, coding, varies. The highest bit is always set,
 * the next one says is_bare. */
#define ACT_BITS 2u
#define CODING_BITS 3u
#define VERDICT_BITS (ACT_BITS + CODING_BITS + 1u)
#define WORD_IS_SET (UINT64_C(1) << 63)
#define WORD_IS_BARE (UINT64_C(1) << 62)

_Static_assert(FR_CODINGS_USUAL *VERDICT_BITS <= 62, "all verdicts fit");
_Static_assert(FR_CODING_RECODE < FR_BIT(ACT_BITS) && FR_CODING_OTHER < FR_BIT(CODING_BITS),
               "each fits its bits");

uint64_t fr_coding_decide_usual(const struct fr_coding_question *of)
{
	static const struct fr_request none = {.method = FR_METHOD_GET};
	struct fr_coding_question q = *of;
	uint64_t word = WORD_IS_SET | (is_bare(of->fields) ? WORD_IS_BARE : 0);

	q.req = &none;
	q.is_stored = true;
	for (unsigned i = 0; i < FR_CODINGS_USUAL; i++) {
		struct fr_field line = {.value = fr_codings_usual_text(i),
		                        .id = FR_FIELD_ACCEPT_ENCODING};
		const struct fr_fields accept = {.v = &line, .n = 1, .seen = UINT64_MAX};
		struct fr_coding_weights weights;
		struct fr_coding_verdict v;
		uint64_t bits;

		fr_codings_weigh(&accept, &weights);
		q.weights = &weights;
		fr_coding_decide(&q, &v);
		bits = (uint64_t)v.act | (uint64_t)v.coding << ACT_BITS |
		       (uint64_t)v.varies << (ACT_BITS + CODING_BITS);
		word |= bits << (i * VERDICT_BITS);
	}
	return word;
}

void fr_coding_verdict_of(uint64_t word, unsigned usual, struct fr_coding_verdict *out)
{
	unsigned bits = (unsigned)(word >> (usual * VERDICT_BITS)) & (FR_BIT(VERDICT_BITS) - 1);

	out->act = (enum fr_coding_act)(bits & (FR_BIT(ACT_BITS) - 1));
	out->coding = (enum fr_coding)(bits >> ACT_BITS & (FR_BIT(CODING_BITS) - 1));
	out->varies = bits >> (ACT_BITS + CODING_BITS) & 1;
	out->is_bare = word & WORD_IS_BARE;
}
