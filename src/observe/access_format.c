#include "observe/access_format.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "observe/text.h"

/* Kept free for what may follow a plan's links: all strings that others choose,
 * at their longest, and the rest. */
#define TAIL_BYTES (7u * (6u * FR_ACCESS_VALUE_MAX + 64u) + 1024u)
#define US 1000000

static void set_second(struct fr_access_clock *c, int64_t second)
{
	static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
	                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t t = (time_t)second;
	struct tm tm = {0};

	if (c->second == second && c->iso[0])
		return;
	(void)gmtime_r(&t, &tm);
	c->second = second;
	(void)strftime(c->iso, sizeof c->iso, "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(c->common, sizeof c->common, "%02u/%s/%04u:%02u:%02u:%02u +0000",
	               (unsigned)tm.tm_mday % 100u, months[(unsigned)tm.tm_mon % 12u],
	               (unsigned)(tm.tm_year + 1900) % 10000u, (unsigned)tm.tm_hour % 100u,
	               (unsigned)tm.tm_min % 100u, (unsigned)tm.tm_sec % 100u);
}

static void put_time(struct fr_text *t, struct fr_access_clock *c, int64_t us)
{
	set_second(c, us / US);
	fr_text_put(t, c->iso, sizeof c->iso - 1);
	fr_text_put(t, ".", 1);
	fr_text_padded(t, (uint64_t)(us % US), 6);
	fr_text_put(t, "Z", 1);
}

/* --- what a field is, whatever the format --- */

enum kind { NUMBER, HEX, STRING, WORD, FLAG, TIME, PLAN };

struct value {
	enum kind kind;
	bool is_absent;
	uint64_t number;
	struct fr_str text;
};

static struct value number(int64_t v)
{
	return (struct value){.kind = NUMBER, .is_absent = v < 0, .number = (uint64_t)v};
}

static struct value string(struct fr_str s)
{
	return (struct value){.kind = STRING, .is_absent = s.len == 0, .text = s};
}

static struct value word(const char *w)
{
	return (struct value){.kind = WORD, .is_absent = !w, .text = fr_str_from(w)};
}

/* Of the request and its client. */
static inline struct value request_value(const struct fr_record *r, enum fr_log_field f)
{
	switch (f) {
	case FR_LOG_FIELD_CLIENT:
		return string(r->client);
	case FR_LOG_FIELD_CLIENT_PORT:
		return number(r->client_port ? r->client_port : -1);
	case FR_LOG_FIELD_PROTOCOL:
		return word(fr_protocol_str(r->protocol));
	case FR_LOG_FIELD_TLS:
		return word(r->tls);
	case FR_LOG_FIELD_TLS_RESUMED:
		return (struct value){.kind = FLAG, .is_absent = !r->tls, .number = r->tls_resumed};
	case FR_LOG_FIELD_METHOD:
		return string(r->method);
	case FR_LOG_FIELD_SCHEME:
		return string(r->scheme);
	case FR_LOG_FIELD_HOST:
		return string(r->host);
	case FR_LOG_FIELD_TARGET:
		return string(r->target);
	case FR_LOG_FIELD_REFERER:
		return string(r->referer);
	case FR_LOG_FIELD_USER_AGENT:
		return string(r->user_agent);
	default:
		return number((int64_t)r->received_bytes);
	}
}

/* Of what was answered and how. */
static inline struct value answer_value(const struct fr_record *r, enum fr_log_field f)
{
	switch (f) {
	case FR_LOG_FIELD_STATUS:
		return number(r->status ? r->status : -1);
	case FR_LOG_FIELD_END:
		return word(fr_end_str(r->end));
	case FR_LOG_FIELD_BYTES:
		return number((int64_t)r->sent_bytes);
	case FR_LOG_FIELD_FIRST_BYTE:
		return number(r->first_byte_us);
	case FR_LOG_FIELD_DURATION:
		return number(r->duration_us);
	case FR_LOG_FIELD_CACHE:
		return word(fr_cache_result_str(r->cache));
	case FR_LOG_FIELD_ORIGIN:
		return string(r->origin);
	case FR_LOG_FIELD_ORIGIN_FIRST_BYTE:
		return number(r->origin_first_byte_us);
	case FR_LOG_FIELD_ORIGIN_DURATION:
		return number(r->origin_duration_us);
	default:
		return word(r->is_push ? fr_end_str(r->end) : NULL);
	}
}

static inline struct value value_of(const struct fr_record *r, enum fr_log_field f)
{
	switch (f) {
	case FR_LOG_FIELD_TIME:
		return (struct value){.kind = TIME};
	case FR_LOG_FIELD_ID:
		return (struct value){.kind = HEX, .number = r->id};
	case FR_LOG_FIELD_PARENT:
		return (struct value){
			.kind = HEX, .is_absent = !r->is_push, .number = r->parent_id};
	case FR_LOG_FIELD_PLAN:
		return (struct value){.kind = PLAN, .is_absent = !r->plan || !r->plan->n};
	case FR_LOG_FIELD_STATUS:
	case FR_LOG_FIELD_END:
	case FR_LOG_FIELD_BYTES:
	case FR_LOG_FIELD_FIRST_BYTE:
	case FR_LOG_FIELD_DURATION:
	case FR_LOG_FIELD_CACHE:
	case FR_LOG_FIELD_ORIGIN:
	case FR_LOG_FIELD_ORIGIN_FIRST_BYTE:
	case FR_LOG_FIELD_ORIGIN_DURATION:
	case FR_LOG_FIELD_OUTCOME:
		return answer_value(r, f);
	default:
		return request_value(r, f);
	}
}

/* --- JSON --- */

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
static size_t put_links(struct fr_text *t, const struct fr_plan *plan, const char *between,
                        void (*put)(struct fr_text *t, const struct fr_hint *h))
{
	struct fr_text room = *t;
	size_t i;

	room.cap = t->cap > TAIL_BYTES ? t->cap - TAIL_BYTES : 0;
	if (room.n > room.cap)
		return plan->n;
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
	return plan->n - i;
}

static void put_plan_json(struct fr_text *t, const struct fr_plan *plan)
{
	size_t cut;

	fr_text_put(t, "[", 1);
	cut = put_links(t, plan, ",", put_link_json);
	fr_text_put(t, "]", 1);
	if (cut) {
		fr_text_str(t, ",\"plan_cut\":");
		fr_text_u64(t, cut);
	}
}

static void put_quoted(struct fr_text *t, struct fr_str plain)
{
	fr_text_put(t, "\"", 1);
	fr_text_put(t, plain.p, plain.len);
	fr_text_put(t, "\"", 1);
}

static void put_json(struct fr_text *t, struct fr_access_clock *c, const struct fr_record *r,
                     const struct value *v)
{
	switch (v->kind) {
	case NUMBER:
		fr_text_u64(t, v->number);
		break;
	case HEX:
		fr_text_put(t, "\"", 1);
		fr_text_hex(t, v->number);
		fr_text_put(t, "\"", 1);
		break;
	case STRING:
		fr_text_json(t, v->text, FR_ACCESS_VALUE_MAX);
		break;
	case WORD:
		put_quoted(t, v->text);
		break;
	case FLAG:
		fr_text_str(t, v->number ? "true" : "false");
		break;
	case TIME:
		fr_text_put(t, "\"", 1);
		put_time(t, c, r->time_us);
		fr_text_put(t, "\"", 1);
		break;
	case PLAN:
		put_plan_json(t, r->plan);
		break;
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

/* The first one has no comma. */
static inline void put_key(struct fr_text *t, enum fr_log_field f, bool first)
{
	if (t->cap - t->n < KEY_BYTES) {
		t->is_full = true;
		return;
	}
	if (first)
		memcpy(t->p + t->n, keys[f].p + 1, KEY_BYTES - 1);
	else
		memcpy(t->p + t->n, keys[f].p, KEY_BYTES);
	t->n += keys[f].len - first;
}

static void format_json(struct fr_text *t, const struct fr_config_access_log *config,
                        struct fr_access_clock *c, const struct fr_record *r)
{
	bool first = true;

	fr_text_put(t, "{", 1);
	for (size_t i = 0; i < config->n_fields; i++) {
		enum fr_log_field f = config->fields[i];
		struct value v = value_of(r, f);

		if (v.is_absent)
			continue;
		put_key(t, f, first);
		first = false;
		put_json(t, c, r, &v);
	}
	fr_text_put(t, "}", 1);
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

static void put_text(struct fr_text *t, struct fr_access_clock *c, const struct fr_record *r,
                     const struct value *v)
{
	if (v->is_absent) {
		fr_text_put(t, "-", 1);
		return;
	}
	switch (v->kind) {
	case NUMBER:
		fr_text_u64(t, v->number);
		break;
	case HEX:
		fr_text_hex(t, v->number);
		break;
	case STRING:
		fr_text_escaped(t, v->text, FR_ACCESS_VALUE_MAX);
		break;
	case WORD:
		fr_text_put(t, v->text.p, v->text.len);
		break;
	case FLAG:
		fr_text_str(t, v->number ? "true" : "false");
		break;
	case TIME:
		put_time(t, c, r->time_us);
		break;
	case PLAN:
		if (put_links(t, r->plan, " ", put_link_text))
			fr_text_str(t, " ...");
		break;
	}
}

static void put_field(struct fr_text *t, struct fr_access_clock *c, const struct fr_record *r,
                      enum fr_log_field f)
{
	struct value v = value_of(r, f);

	put_text(t, c, r, &v);
}

static void format_combined(struct fr_text *t, struct fr_access_clock *c, const struct fr_record *r)
{
	set_second(c, r->time_us / US);
	put_field(t, c, r, FR_LOG_FIELD_CLIENT);
	fr_text_str(t, " - - [");
	fr_text_str(t, c->common);
	fr_text_str(t, "] \"");
	put_field(t, c, r, FR_LOG_FIELD_METHOD);
	fr_text_put(t, " ", 1);
	put_field(t, c, r, FR_LOG_FIELD_TARGET);
	fr_text_put(t, " ", 1);
	put_field(t, c, r, FR_LOG_FIELD_PROTOCOL);
	fr_text_str(t, "\" ");
	put_field(t, c, r, FR_LOG_FIELD_STATUS);
	fr_text_put(t, " ", 1);
	put_field(t, c, r, FR_LOG_FIELD_BYTES);
	fr_text_str(t, " \"");
	put_field(t, c, r, FR_LOG_FIELD_REFERER);
	fr_text_str(t, "\" \"");
	put_field(t, c, r, FR_LOG_FIELD_USER_AGENT);
	fr_text_put(t, "\"", 1);
}

static void format_custom(struct fr_text *t, const struct fr_config_access_log *config,
                          struct fr_access_clock *c, const struct fr_record *r)
{
	for (size_t i = 0; i < config->n_pieces; i++) {
		const struct fr_log_piece *p = &config->pieces[i];

		fr_text_put(t, p->text, p->len);
		if (p->field >= 0)
			put_field(t, c, r, (enum fr_log_field)p->field);
	}
}

size_t fr_access_format(const struct fr_config_access_log *config, struct fr_access_clock *clock,
                        const struct fr_record *r, char *out)
{
	struct fr_text t = fr_text_make(out, FR_ACCESS_LINE_MAX - 1);

	if (config->format == FR_LOG_JSON)
		format_json(&t, config, clock, r);
	else if (config->format == FR_LOG_COMBINED)
		format_combined(&t, clock, r);
	else
		format_custom(&t, config, clock, r);
	out[t.n++] = '\n';
	return t.n;
}
