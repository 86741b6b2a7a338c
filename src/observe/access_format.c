/* Makes a line of the access log from a record: JSON, combined, or a format of the
 * operator's. */
#include "observe/access_format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/mem.h"
#include "observe/fast_text.h"
#include "observe/text.h"

/* Kept free for what may follow a plan's links: all strings that others choose,
 * at their longest, and the rest. */
#define TAIL_BYTES (7u * (6u * FR_ACCESS_VALUE_MAX + 64u) + 2048u)
#define US 1000000

/* How many client sides are kept as text, and how long one may be. */
#define SIDES 64u
#define SIDE_BYTES 320u
#define SIDE_TEXT_BYTES 696u

struct side {
	uint16_t key_len, text_len; /* key_len 0: free */
	char key[SIDE_BYTES];       /* item->client_side */
	char text[SIDE_TEXT_BYTES]; /* its fields, each with a comma before it */
};

struct fr_access_format {
	const struct fr_config_access_log *config; /* borrowed */
	int64_t second;                            /* that iso and common are of */
	char iso[20];    /* "2026-11-24T23:39:27"; valid if second was set */
	char common[28]; /* "24/Nov/2026:23:39:27 +0000" */
	/* JSON: the first row of fields that are all of the client side */
	size_t side_begin, side_end;
	bool has_all; /* fields, in their own order */
	struct side sides[SIDES];
};

static void set_second(struct fr_access_format *f, int64_t second)
{
	static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
	                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t t = (time_t)second;
	struct tm tm = {0};

	if (f->second == second && f->iso[0])
		return;
	(void)gmtime_r(&t, &tm);
	f->second = second;
	(void)strftime(f->iso, sizeof f->iso, "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(f->common, sizeof f->common, "%02u/%s/%04u:%02u:%02u:%02u +0000",
	               (unsigned)tm.tm_mday % 100u, months[(unsigned)tm.tm_mon % 12u],
	               (unsigned)(tm.tm_year + 1900) % 10000u, (unsigned)tm.tm_hour % 100u,
	               (unsigned)tm.tm_min % 100u, (unsigned)tm.tm_sec % 100u);
}

/* --- what a field is, whatever the format --- */

enum kind {
	TIME,    /* int64_t, since 1970 */
	ID,      /* uint64_t; 0: absent */
	NUMBER,  /* uint64_t */
	AMOUNT,  /* uint64_t; 0: absent from JSON */
	SPAN,    /* int64_t; below 0: absent */
	STATUS,  /* int; 0: absent */
	PORT,    /* uint16_t; 0: absent */
	STRING,  /* struct fr_str, chosen by others; empty: absent */
	STATIC,  /* const char *, ours; NULL: absent */
	RESUMED, /* bool; absent without TLS */
	PROTOCOL,
	CACHE,
	END,
	OUTCOME, /* END; only of pushes */
	PLAN,
	LEARNING, /* struct fr_plan_learning; absent if nothing waits */
};

#define FIELD(id, kind, member) [FR_LOG_FIELD_##id] = {kind, offsetof(struct fr_record, member)}
static const struct {
	enum kind kind;
	size_t offset; /* in struct fr_record */
} fields[FR_LOG_FIELD_COUNT] = {
	FIELD(TIME, TIME, time_us),
	FIELD(ID, ID, id),
	FIELD(CLIENT, STRING, client),
	FIELD(CLIENT_PORT, PORT, client_port),
	FIELD(PROTOCOL, PROTOCOL, protocol),
	FIELD(TLS, STATIC, tls),
	FIELD(TLS_RESUMED, RESUMED, tls_resumed),
	FIELD(METHOD, STRING, method),
	FIELD(SCHEME, STRING, scheme),
	FIELD(HOST, STRING, host),
	FIELD(TARGET, STRING, target),
	FIELD(STATUS, STATUS, status),
	FIELD(END, END, end),
	FIELD(BYTES, NUMBER, sent_bytes),
	FIELD(REQUEST_BYTES, AMOUNT, received_bytes),
	FIELD(FIRST_BYTE, SPAN, first_byte_us),
	FIELD(DURATION, SPAN, duration_us),
	FIELD(CACHE, CACHE, cache),
	FIELD(ORIGIN, STRING, origin),
	FIELD(ORIGIN_FIRST_BYTE, SPAN, origin_first_byte_us),
	FIELD(ORIGIN_DURATION, SPAN, origin_duration_us),
	FIELD(REFERER, STRING, referer),
	FIELD(USER_AGENT, STRING, user_agent),
	FIELD(PARENT, ID, parent_id),
	FIELD(OUTCOME, OUTCOME, end),
	FIELD(PLAN, PLAN, plan),
	FIELD(LEARNING, LEARNING, learning),
};
#undef FIELD

/* Words of ours, of one size, so that copying one is one instruction. */
#define WORD_BYTES 16u
struct word {
	char p[WORD_BYTES];
	size_t len;
};
#define X(id, text) {text, sizeof(text) - 1},
static const struct word caches[] = {FR_CACHE_RESULT_TABLE(X)};
static const struct word ends[] = {FR_END_TABLE(X)};
static const struct word protocols[] = {FR_PROTOCOL_TABLE(X)};
#undef X

/* --- JSON ---
 *
 * Every field at its longest and a plan that was cut fit into a line: so room is
 * looked for only by plans, and `p` is where the next byte goes. */

static void put_link_json(struct fr_text *t, const struct fr_hint *h)
{
	fr_text_str(t, "{\"url\":");
	fr_text_json(t, h->url, FR_ACCESS_VALUE_MAX);
	fr_text_str(t, ",\"as\":\"");
	fr_text_str(t, fr_as_str(h->as));
	fr_text_str(t, "\",\"source\":\"");
	fr_text_str(t, fr_hint_source_str(h->source));
	fr_text_str(t, "\",\"delivery\":\"");
	fr_text_str(t, fr_delivery_str(h->delivery));
	fr_text_str(t, "\",\"reason\":\"");
	fr_text_str(t, fr_reason_str(h->reason));
	fr_text_str(t, "\"}");
}

/* Links as far as they fit with what follows; how many did not. */
static size_t put_links(struct fr_text *t, const struct fr_access_item *item, const char *between,
                        void (*put)(struct fr_text *t, const struct fr_hint *h))
{
	const struct fr_plan *plan = item->record.plan;
	struct fr_text room = *t;
	size_t i;

	room.cap = t->cap > TAIL_BYTES ? t->cap - TAIL_BYTES : 0;
	if (room.n > room.cap)
		return plan->n + item->plan_cut;
	for (i = 0; i < plan->n; i++) {
		size_t before = room.n;

		if (i)
			fr_text_str(&room, between);
		put(&room, plan->v[i]);
		if (room.is_full) {
			room.n = before;
			break;
		}
	}
	t->n = room.n;
	return plan->n - i + item->plan_cut;
}

static void put_plan_json(struct fr_text *t, const struct fr_access_item *item)
{
	size_t cut;

	fr_text_put(t, "[", 1);
	cut = put_links(t, item, ",", put_link_json);
	fr_text_put(t, "]", 1);
	if (cut) {
		fr_text_str(t, ",\"plan_cut\":");
		fr_text_u64(t, cut);
	}
}

/* All of one size, so that copying one is a few instructions. */
#define KEY_BYTES 32u
#define KEY(id, name) {",\"" name "\":", sizeof(name) + 3},
static const struct {
	char p[KEY_BYTES];
	size_t len;
} keys[] = {FR_LOG_FIELD_TABLE(KEY)};
#undef KEY

static inline char *put_key(char *p, enum fr_log_field field)
{
	memcpy(p, keys[field].p, KEY_BYTES);
	return p + keys[field].len;
}

static inline char *put_json_word(char *p, const struct word *w)
{
	*p++ = '"';
	memcpy(p, w->p, WORD_BYTES);
	p += w->len;
	*p++ = '"';
	return p;
}

static inline char *put_json_id(char *p, uint64_t v)
{
	*p = '"';
	p = fr_hex_put(p + 1, v);
	*p = '"';
	return p + 1;
}

static inline char *put_json_time(char *p, struct fr_access_format *f, int64_t us)
{
	set_second(f, us / US);
	*p++ = '"';
	memcpy(p, f->iso, sizeof f->iso);
	p += sizeof f->iso - 1;
	*p++ = '.';
	p = fr_six_digits_put(p, (uint32_t)(us % US));
	memcpy(p, "Z\"", 2);
	return p + 2;
}

static char *put_json_odd(char *p, struct fr_str s)
{
	struct fr_text t = fr_text_make(p, FR_ACCESS_LINE_MAX);

	fr_text_json(&t, s, FR_ACCESS_VALUE_MAX);
	return p + t.n;
}

static inline char *put_json_string(char *p, struct fr_str s)
{
	char *end = s.len <= FR_ACCESS_VALUE_MAX ? fr_plain_put(p + 1, s) : NULL;

	if (!end)
		return put_json_odd(p, s);
	*p = '"';
	*end = '"';
	return end + 1;
}

static char *put_json_static(char *p, const char *s)
{
	size_t len = strlen(s);

	*p++ = '"';
	memcpy(p, s, len);
	p += len;
	*p++ = '"';
	return p;
}

static char *put_json_plan(char *p, const char *line, const struct fr_access_item *item)
{
	struct fr_text t = {.p = p, .cap = FR_ACCESS_LINE_MAX - (size_t)(p - line)};

	put_plan_json(&t, item);
	return p + t.n;
}

/* One number; below 0: absent. */
static inline int64_t number_of(const struct fr_record *r, enum fr_log_field field)
{
	const void *at = (const char *)r + fields[field].offset;

	switch (fields[field].kind) {
	case AMOUNT:
		return *(const int64_t *)at ? *(const int64_t *)at : -1;
	case STATUS:
		return *(const int *)at ? *(const int *)at : -1;
	case PORT:
		return *(const uint16_t *)at ? *(const uint16_t *)at : -1;
	case TIME:
	case ID:
	case NUMBER:
	case SPAN:
	case STRING:
	case STATIC:
	case RESUMED:
	case PROTOCOL:
	case CACHE:
	case END:
	case OUTCOME:
	case PLAN:
	case LEARNING:
		break;
	}
	return *(const int64_t *)at;
}

/* One field with a comma before it; an absent one leaves nothing. line: where it
 * begins. Inlined, so that little is left of it where the field is a constant. */
static inline __attribute__((always_inline)) char *put_field(char *p, const char *line,
                                                             struct fr_access_format *f,
                                                             const struct fr_access_item *item,
                                                             enum fr_log_field field)
{
	const struct fr_record *r = &item->record;
	const void *at = (const char *)r + fields[field].offset;
	char text[FR_PLAN_LEARNING_BYTES];

	switch (fields[field].kind) {
	case TIME:
		return put_json_time(put_key(p, field), f, *(const int64_t *)at);
	case ID:
		if (*(const uint64_t *)at)
			p = put_json_id(put_key(p, field), *(const uint64_t *)at);
		return p;
	case STRING:
		if (((const struct fr_str *)at)->len)
			p = put_json_string(put_key(p, field), *(const struct fr_str *)at);
		return p;
	case STATIC:
		if (*(const char *const *)at)
			p = put_json_static(put_key(p, field), *(const char *const *)at);
		return p;
	case PROTOCOL:
		return put_json_word(put_key(p, field), &protocols[r->protocol]);
	case CACHE:
		return put_json_word(put_key(p, field), &caches[r->cache]);
	case END:
		return put_json_word(put_key(p, field), &ends[r->end]);
	case OUTCOME:
		return r->is_push ? put_json_word(put_key(p, field), &ends[r->end]) : p;
	case RESUMED:
		return r->tls ? fr_flag_put(put_key(p, field), r->tls_resumed) : p;
	case LEARNING:
		return fr_plan_learning_str(&r->learning, text)
		               ? put_json_static(put_key(p, field), text)
		               : p;
	case PLAN:
		return r->plan && r->plan->n ? put_json_plan(put_key(p, field), line, item) : p;
	case NUMBER:
	case AMOUNT:
	case SPAN:
	case STATUS:
	case PORT:
		break;
	}
	if (number_of(r, field) >= 0)
		p = fr_u64_put(put_key(p, field), (uint64_t)number_of(r, field));
	return p;
}

static char *put_fields(char *p, const char *line, struct fr_access_format *f,
                        const struct fr_access_item *item, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		p = put_field(p, line, f, item, f->config->fields[i]);
	return p;
}

/* --- the client side's fields, as they were written last --- */

static bool is_of_client_side(enum fr_log_field field)
{
#define X(id, name) field == FR_LOG_FIELD_##id ||
	return FR_LOG_FIELDS_SIDE(X) false;
#undef X
}

/* Its place by its port and the lengths of its strings. */
static inline size_t place_of(struct fr_str key)
{
	uint64_t v[2];

	memcpy(v, key.p + FR_ACCESS_SIDE_BYTES - sizeof v, sizeof v);
	v[0] ^= v[0] >> 32 ^ v[1];
	return (size_t)(v[0] * 0x9e3779b97f4a7c15u >> 58) % SIDES;
}

static char *put_new_side(char *p, const char *line, struct fr_access_format *f,
                          const struct fr_access_item *item, struct side *s)
{
	struct fr_str key = item->client_side;
	char *end = put_fields(p, line, f, item, f->side_begin, f->side_end);

	if (key.len > SIDE_BYTES || end - p > (ptrdiff_t)SIDE_TEXT_BYTES)
		return end;
	s->key_len = (uint16_t)key.len;
	memcpy(s->key, key.p, key.len);
	s->text_len = (uint16_t)(end - p);
	memcpy(s->text, p, s->text_len);
	return end;
}

static inline char *put_side(char *p, const char *line, struct fr_access_format *f,
                             const struct fr_access_item *item)
{
	struct fr_str key = item->client_side;
	struct side *s = &f->sides[place_of(key)];

	if (s->key_len != key.len || memcmp(s->key, key.p, key.len) != 0)
		return put_new_side(p, line, f, item, s);
	memcpy(p, s->text, s->text_len);
	return p + s->text_len;
}

/* --- a line of JSON --- */

/* All fields in their order, without a loop. */
static char *put_all(char *p, struct fr_access_format *f, const struct fr_access_item *item)
{
	const char *line = p;

#define X(id, name) p = put_field(p, line, f, item, FR_LOG_FIELD_##id);
	FR_LOG_FIELDS_MOMENT(X)
	p = put_side(p, line, f, item);
	FR_LOG_FIELDS_EXCHANGE(X)
#undef X
	return p;
}

static char *put_chosen(char *p, struct fr_access_format *f, const struct fr_access_item *item)
{
	const char *line = p;

	p = put_fields(p, line, f, item, 0, f->side_begin);
	if (f->side_end > f->side_begin)
		p = put_side(p, line, f, item);
	return put_fields(p, line, f, item, f->side_end, f->config->n_fields);
}

static size_t format_json(struct fr_access_format *f, const struct fr_access_item *item, char *line)
{
	char *p = f->has_all ? put_all(line, f, item) : put_chosen(line, f, item);

	if (p == line)
		p++;
	*line = '{'; /* instead of the first comma */
	memcpy(p, "}\n", 2);
	return (size_t)(p + 2 - line);
}

/* --- text --- */

static void put_link_text(struct fr_text *t, const struct fr_hint *h)
{
	fr_text_escaped(t, h->url, FR_ACCESS_VALUE_MAX);
	fr_text_put(t, "=", 1);
	fr_text_str(t, fr_delivery_str(h->delivery));
	fr_text_put(t, ":", 1);
	fr_text_str(t, fr_reason_str(h->reason));
}

static void put_number(struct fr_text *t, bool is_there, uint64_t v)
{
	if (is_there)
		fr_text_u64(t, v);
	else
		fr_text_put(t, "-", 1);
}

static void put_ours(struct fr_text *t, const char *s)
{
	fr_text_str(t, s ? s : "-");
}

static void put_string(struct fr_text *t, struct fr_str s)
{
	if (s.len)
		fr_text_escaped(t, s, FR_ACCESS_VALUE_MAX);
	else
		fr_text_put(t, "-", 1);
}

static void put_time(struct fr_text *t, struct fr_access_format *f, int64_t us)
{
	set_second(f, us / US);
	fr_text_str(t, f->iso);
	fr_text_put(t, ".", 1);
	fr_text_padded(t, (uint64_t)(us % US), 6);
	fr_text_put(t, "Z", 1);
}

static void put_plan_text(struct fr_text *t, const struct fr_access_item *item)
{
	if (!item->record.plan || !item->record.plan->n)
		fr_text_put(t, "-", 1);
	else if (put_links(t, item, " ", put_link_text))
		fr_text_str(t, " ...");
}

static void put_text(struct fr_text *t, struct fr_access_format *f,
                     const struct fr_access_item *item, enum fr_log_field field)
{
	const struct fr_record *r = &item->record;
	const void *at = (const char *)r + fields[field].offset;
	char text[FR_PLAN_LEARNING_BYTES];

	switch (fields[field].kind) {
	case TIME:
		put_time(t, f, *(const int64_t *)at);
		break;
	case ID:
		if (*(const uint64_t *)at)
			fr_text_hex(t, *(const uint64_t *)at);
		else
			fr_text_put(t, "-", 1);
		break;
	case NUMBER:
	case AMOUNT:
		put_number(t, true, *(const uint64_t *)at);
		break;
	case SPAN:
		put_number(t, *(const int64_t *)at >= 0, *(const uint64_t *)at);
		break;
	case STATUS:
		put_number(t, *(const int *)at > 0, (uint64_t) * (const int *)at);
		break;
	case PORT:
		put_number(t, *(const uint16_t *)at > 0, *(const uint16_t *)at);
		break;
	case STRING:
		put_string(t, *(const struct fr_str *)at);
		break;
	case STATIC:
		put_ours(t, *(const char *const *)at);
		break;
	case RESUMED:
		put_ours(t, !r->tls ? NULL : r->tls_resumed ? "true" : "false");
		break;
	case PROTOCOL:
		put_ours(t, fr_protocol_str(r->protocol));
		break;
	case CACHE:
		put_ours(t, fr_cache_result_str(r->cache));
		break;
	case END:
		put_ours(t, fr_end_str(r->end));
		break;
	case OUTCOME:
		put_ours(t, r->is_push ? fr_end_str(r->end) : NULL);
		break;
	case PLAN:
		put_plan_text(t, item);
		break;
	case LEARNING:
		put_ours(t, fr_plan_learning_str(&r->learning, text));
		break;
	}
}

static void format_combined(struct fr_text *t, struct fr_access_format *f,
                            const struct fr_access_item *item)
{
	set_second(f, item->record.time_us / US);
	put_text(t, f, item, FR_LOG_FIELD_CLIENT);
	fr_text_str(t, " - - [");
	fr_text_str(t, f->common);
	fr_text_str(t, "] \"");
	put_text(t, f, item, FR_LOG_FIELD_METHOD);
	fr_text_put(t, " ", 1);
	put_text(t, f, item, FR_LOG_FIELD_TARGET);
	fr_text_put(t, " ", 1);
	put_text(t, f, item, FR_LOG_FIELD_PROTOCOL);
	fr_text_str(t, "\" ");
	put_text(t, f, item, FR_LOG_FIELD_STATUS);
	fr_text_put(t, " ", 1);
	put_text(t, f, item, FR_LOG_FIELD_BYTES);
	fr_text_str(t, " \"");
	put_text(t, f, item, FR_LOG_FIELD_REFERER);
	fr_text_str(t, "\" \"");
	put_text(t, f, item, FR_LOG_FIELD_USER_AGENT);
	fr_text_put(t, "\"", 1);
}

static void format_custom(struct fr_text *t, struct fr_access_format *f,
                          const struct fr_access_item *item)
{
	for (size_t i = 0; i < f->config->n_pieces; i++) {
		const struct fr_log_piece *p = &f->config->pieces[i];

		fr_text_put(t, p->text, p->len);
		if (p->field >= 0)
			put_text(t, f, item, (enum fr_log_field)p->field);
	}
}

/* --- life --- */

struct fr_access_format *fr_access_format_new(const struct fr_config_access_log *config)
{
	struct fr_access_format *f = fr_calloc(1, sizeof *f);
	size_t n = config->n_fields;

	f->config = config;
	while (f->side_begin < n && !is_of_client_side(config->fields[f->side_begin]))
		f->side_begin++;
	f->side_end = f->side_begin;
	while (f->side_end < n && is_of_client_side(config->fields[f->side_end]))
		f->side_end++;
	f->has_all = n == FR_LOG_FIELD_COUNT;
	for (size_t i = 0; i < n; i++)
		f->has_all &= config->fields[i] == (enum fr_log_field)i;
	return f;
}

void fr_access_format_free(struct fr_access_format **fp)
{
	free(*fp);
	*fp = NULL;
}

size_t fr_access_format_line(struct fr_access_format *f, const struct fr_access_item *item,
                             char *out)
{
	struct fr_text t = fr_text_make(out, FR_ACCESS_LINE_MAX - 1);

	if (f->config->format == FR_LOG_JSON)
		return format_json(f, item, out);
	if (f->config->format == FR_LOG_COMBINED)
		format_combined(&t, f, item);
	else
		format_custom(&t, f, item);
	out[t.n++] = '\n';
	return t.n;
}
