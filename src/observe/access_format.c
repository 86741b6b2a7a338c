/* Makes a line of the access log from a record: JSON, combined, or a format of the
 * operator's. */
#include "observe/access_format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/mem.h"
#include "observe/access_format_priv.h"
#include "observe/fast_text.h"
#include "observe/text.h"

/* Kept free for what may follow a plan's links: all strings that others choose,
 * at their longest, and the rest. */
#define TAIL_BYTES (9u * (6u * FR_ACCESS_VALUE_MAX + 64u) + 2048u)

void fr_access_set_second(struct fr_access_format *f, int64_t second)
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

#define FIELD(id, kind, member) [FR_LOG_FIELD_##id] = {kind, offsetof(struct fr_record, member)}
const struct fr_access_field fr_access_fields[FR_LOG_FIELD_COUNT] = {
	FIELD(TIME, TIME, time_us),
	FIELD(ID, ID, id),
	FIELD(CLIENT, STRING, client),
	FIELD(CLIENT_PORT, PORT, client_port),
	FIELD(PEER, STRING, peer),
	FIELD(PROTOCOL, PROTOCOL, protocol),
	FIELD(TLS, STATIC, tls),
	FIELD(TLS_RESUMED, RESUMED, tls_resumed),
	FIELD(METHOD, STRING, method),
	FIELD(SCHEME, STRING, scheme),
	FIELD(HOST, STRING, host),
	FIELD(TARGET, STRING, target),
	FIELD(STATUS, STATUS, status),
	FIELD(END, END, end),
	FIELD(CODING, STATIC, coding),
	FIELD(BYTES, NUMBER, sent_bytes),
	FIELD(REQUEST_BYTES, AMOUNT, received_bytes),
	FIELD(FIRST_BYTE, SPAN, first_byte_us),
	FIELD(DURATION, SPAN, duration_us),
	FIELD(CACHE, CACHE, cache),
	FIELD(NOT_STORED, NOT_STORED, not_stored),
	FIELD(ORIGIN, STRING, origin),
	FIELD(ORIGIN_FIRST_BYTE, SPAN, origin_first_byte_us),
	FIELD(ORIGIN_DURATION, SPAN, origin_duration_us),
	FIELD(ERROR, STRING, error),
	FIELD(PURPOSE, STATIC, purpose),
	FIELD(ARM, STATIC, arm),
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

size_t fr_access_put_links(struct fr_text *t, const struct fr_access_item *item,
                           const char *between,
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
	cut = fr_access_put_links(t, item, ",", put_link_json);
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
	fr_access_set_second(f, us / US);
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
	const void *at = (const char *)r + fr_access_fields[field].offset;

	switch (fr_access_fields[field].kind) {
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
	case NOT_STORED:
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
	const void *at = (const char *)r + fr_access_fields[field].offset;
	char text[FR_PLAN_LEARNING_BYTES];

	switch (fr_access_fields[field].kind) {
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
	case NOT_STORED:
		return r->not_stored ? put_json_static(put_key(p, field),
		                                       fr_cache_store_str(r->not_stored))
		                     : p;
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
		fr_access_format_combined(&t, f, item);
	else
		fr_access_format_custom(&t, f, item);
	out[t.n++] = '\n';
	return t.n;
}
