/* Builds stored responses, merges a 304 into one, and counts their references. */
#include "cache/object.h"

#include <stdlib.h>
#include <string.h>

#include "cache/key.h"

/* Room for the lists that are joined while an object is made. */
#define SCRATCH_BYTES (1u << 20)

struct making { /* what goes into an object */
	struct fr_arena scratch;
	struct fr_fields fields;
	struct fr_str vary, vary_values, tags;
};

static size_t text_bytes(const struct making *m)
{
	size_t n = m->vary.len + m->vary_values.len + m->tags.len;

	for (size_t i = 0; i < m->fields.n; i++)
		n += m->fields.v[i].name.len + m->fields.v[i].value.len +
		     (m->fields.v[i].id == FR_FIELD_ETAG ? 2 : 0);
	return n;
}

static struct fr_str put(char **at, struct fr_str s)
{
	struct fr_str out = fr_str_make(*at, s.len);

	if (s.len)
		memcpy(*at, s.p, s.len);
	*at += s.len;
	return out;
}

/* A strong ETag lies behind "W/", so that its weak form costs nothing. */
static struct fr_str put_value(char **at, struct fr_field *f)
{
	if (f->id == FR_FIELD_ETAG && f->value.len && f->value.p[0] == '"') {
		(void)put(at, FR_STR("W/"));
		f->flags |= FR_FIELD_WEAKLY;
	}
	return put(at, f->value);
}

static struct fr_object *build(const struct making *m, struct fr_body *body, _Atomic size_t *held)
{
	size_t fields = m->fields.n * sizeof(struct fr_field);
	size_t bytes = sizeof(struct fr_object) + fields + text_bytes(m);
	struct fr_object *o = fr_try_malloc(bytes);
	char *at;

	if (!o)
		return NULL;
	memset(o, 0, sizeof *o);
	atomic_init(&o->refs, 1);
	o->fields = (struct fr_field *)(void *)(o + 1);
	o->n_fields = m->fields.n;
	o->seen = m->fields.seen;
	at = (char *)o->fields + fields;
	for (size_t i = 0; i < m->fields.n; i++) {
		o->fields[i] = m->fields.v[i];
		o->fields[i].name = put(&at, m->fields.v[i].name);
		o->fields[i].value = put_value(&at, &o->fields[i]);
	}
	o->vary = put(&at, m->vary);
	o->vary_values = put(&at, m->vary_values);
	o->tags = put(&at, m->tags);
	fr_body_ref(body);
	o->body = body;
	o->bytes = bytes;
	o->held = held;
	atomic_fetch_add_explicit(held, bytes, memory_order_relaxed);
	return o;
}

/* What selects the object, and how purges name it, from its own fields. */
static int describe(struct making *m, const struct fr_request *req)
{
	struct fr_str parts[3] = {{0}, FR_STR(","), {0}};
	int rc = fr_fields_join(&m->scratch, &m->fields, FR_FIELD_VARY, &m->vary);

	if (rc == 0)
		rc = fr_vary_values(&m->scratch, m->vary, &req->fields, &m->vary_values);
	if (rc == 0)
		rc = fr_fields_join(&m->scratch, &m->fields, FR_FIELD_CACHE_TAG, &parts[0]);
	if (rc == 0)
		rc = fr_fields_join(&m->scratch, &m->fields, FR_FIELD_SURROGATE_KEY, &parts[2]);
	if (rc == 0 && (parts[0].len || parts[2].len))
		rc = fr_arena_concat(&m->scratch, parts, 3, &m->tags);
	return rc;
}

/* A length is kept as a number, and ages are computed anew. */
static bool is_stored_apart(uint16_t id)
{
	return id == FR_FIELD_CONTENT_LENGTH || id == FR_FIELD_AGE;
}

static struct fr_object *make(const struct fr_request *req, const struct fr_response *resp,
                              const struct fr_gate_verdict *verdict, bool is_whole,
                              struct fr_body *body, _Atomic size_t *held)
{
	struct fr_object *o = NULL;
	struct making m = {0};
	int rc = 0;

	fr_arena_init(&m.scratch, SCRATCH_BYTES);
	fr_fields_init(&m.fields, &m.scratch);
	for (size_t i = 0; rc == 0 && i < resp->fields.n; i++) {
		const struct fr_field *f = &resp->fields.v[i];

		if (!is_stored_apart(f->id) && (is_whole || fr_gate_keeps(verdict, f)))
			rc = fr_fields_add(&m.fields, f->name, f->value);
	}
	if (rc == 0)
		rc = describe(&m, req);
	if (rc == 0)
		o = build(&m, body, held);
	fr_arena_fini(&m.scratch);
	if (!o)
		return NULL;
	o->status = resp->status;
	o->content_length = resp->content_length;
	o->fresh = verdict->fresh;
	o->audience = verdict->audience;
	o->is_admitted = !is_whole;
	return o;
}

struct fr_object *fr_object_new(const struct fr_request *req, const struct fr_response *resp,
                                const struct fr_gate_verdict *verdict, struct fr_body *body,
                                _Atomic size_t *held)
{
	if (verdict->why != FR_CACHE_STORE_YES)
		return NULL;
	return make(req, resp, verdict, false, body, held);
}

struct fr_object *fr_object_whole(const struct fr_request *req, const struct fr_response *resp,
                                  const struct fr_gate_verdict *verdict, struct fr_body *body,
                                  _Atomic size_t *held)
{
	return make(req, resp, verdict, true, body, held);
}

/* What describes the stored body stays as it is: a 304 has none, and its tag
 * is the stored one, if spelled as weak elsewhere (RFC 9111 §3.2). */
static bool updates(const struct fr_field *f)
{
	switch (f->id) {
	case FR_FIELD_CONTENT_ENCODING:
	case FR_FIELD_CONTENT_LENGTH:
	case FR_FIELD_CONTENT_RANGE:
	case FR_FIELD_CONTENT_TYPE:
	case FR_FIELD_ETAG:
		return false;
	default:
		return true;
	}
}

int fr_object_merge(const struct fr_object *old, const struct fr_response *update,
                    struct fr_arena *a, struct fr_response *out)
{
	int rc = 0;

	fr_response_init(out, a, old->status);
	out->content_length = old->content_length;
	for (size_t i = 0; rc == 0 && i < old->n_fields; i++) {
		const struct fr_field *f = &old->fields[i];

		if (!updates(f) || !fr_fields_find(&update->fields, f->name))
			rc = fr_fields_add(&out->fields, f->name, f->value);
	}
	for (size_t i = 0; rc == 0 && i < update->fields.n; i++) {
		const struct fr_field *f = &update->fields.v[i];

		if (updates(f))
			rc = fr_fields_add(&out->fields, f->name, f->value);
	}
	return rc;
}

struct fr_object *fr_object_ref(struct fr_object *o)
{
	atomic_fetch_add_explicit(&o->refs, 1, memory_order_relaxed);
	return o;
}

void fr_object_unref(struct fr_object **op)
{
	struct fr_object *o = *op;

	*op = NULL;
	if (!o || atomic_fetch_sub_explicit(&o->refs, 1, memory_order_acq_rel) != 1)
		return;
	fr_body_unref(&o->body);
	atomic_fetch_sub_explicit(o->held, o->bytes, memory_order_relaxed);
	free(o);
}

int64_t fr_object_length(const struct fr_object *o)
{
	if (o->content_length >= 0)
		return o->content_length;
	return fr_body_state(o->body) == FR_BODY_COMPLETE ? (int64_t)fr_body_len(o->body) : -1;
}

uint64_t fr_object_forms(const struct fr_object *o, uint64_t of)
{
	uint64_t word = atomic_load_explicit(&o->forms, memory_order_acquire);

	return word && atomic_load_explicit(&o->forms_of, memory_order_relaxed) == of ? word : 0;
}

void fr_object_set_forms(struct fr_object *o, uint64_t of, uint64_t word)
{
	uint64_t nobody = 0;

	if (atomic_compare_exchange_strong_explicit(&o->forms_of, &nobody, of, memory_order_relaxed,
	                                            memory_order_relaxed))
		atomic_store_explicit(&o->forms, word, memory_order_release);
}

bool fr_object_has_tag(const struct fr_object *o, struct fr_str tag)
{
	size_t at = 0;

	/* Cache-Tag separates by commas, Surrogate-Key by spaces */
	while (at < o->tags.len) {
		size_t end = at;

		while (end < o->tags.len && o->tags.p[end] != ',' && o->tags.p[end] != ' ' &&
		       o->tags.p[end] != '\t')
			end++;
		if (end > at && fr_str_ieq(fr_str_sub(o->tags, at, end), tag))
			return true;
		at = end + 1;
	}
	return false;
}

int fr_object_fields(const struct fr_object *o, struct fr_arena *a, struct fr_fields *out)
{
	fr_fields_init(out, a);
	/* a few more will be added */
	out->v = fr_arena_alloc(a, (o->n_fields + 8) * sizeof *out->v);
	if (!out->v)
		return FR_ERR_NOMEM;
	out->cap = o->n_fields + 8;
	out->n = o->n_fields;
	out->seen = o->seen;
	if (o->n_fields)
		memcpy(out->v, o->fields, o->n_fields * sizeof *out->v);
	return 0;
}
