/* Makes lines of text: combined, and formats of the operator's. */
#include "observe/access_format_priv.h"

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
	fr_access_set_second(f, us / US);
	fr_text_str(t, f->iso);
	fr_text_put(t, ".", 1);
	fr_text_padded(t, (uint64_t)(us % US), 6);
	fr_text_put(t, "Z", 1);
}

static void put_plan_text(struct fr_text *t, const struct fr_access_item *item)
{
	if (!item->record.plan || !item->record.plan->n)
		fr_text_put(t, "-", 1);
	else if (fr_access_put_links(t, item, " ", put_link_text))
		fr_text_str(t, " ...");
}

static void put_text(struct fr_text *t, struct fr_access_format *f,
                     const struct fr_access_item *item, enum fr_log_field field)
{
	const struct fr_record *r = &item->record;
	const void *at = (const char *)r + fr_access_fields[field].offset;
	char text[FR_PLAN_LEARNING_BYTES];

	switch (fr_access_fields[field].kind) {
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
	case NOT_STORED:
		put_ours(t, r->not_stored ? fr_cache_store_str(r->not_stored) : NULL);
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

void fr_access_format_combined(struct fr_text *t, struct fr_access_format *f,
                               const struct fr_access_item *item)
{
	fr_access_set_second(f, item->record.time_us / US);
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

void fr_access_format_custom(struct fr_text *t, struct fr_access_format *f,
                             const struct fr_access_item *item)
{
	for (size_t i = 0; i < f->config->n_pieces; i++) {
		const struct fr_log_piece *p = &f->config->pieces[i];

		fr_text_put(t, p->text, p->len);
		if (p->field >= 0)
			put_text(t, f, item, (enum fr_log_field)p->field);
	}
}
