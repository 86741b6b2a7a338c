/* Lists of fields, with a bit mask of the known names that a list contains, and the
 * rules for names and values. */
#include "http/fields.h"

#define FIRST_CAP 16u

static const struct fr_str names[FR_FIELD_COUNT] = {
#define X(id, name) [FR_FIELD_##id] = {name, sizeof(name) - 1},
	FR_FIELD_TABLE(X)
#undef X
};

enum fr_field_id fr_field_lookup(struct fr_str name)
{
	/* By length: few names share one. A unit test looks up the whole table. */
	static const uint8_t by_len[32][10] = {
		[2] = {FR_FIELD_TE},
		[3] = {FR_FIELD_AGE, FR_FIELD_VIA},
		[4] = {FR_FIELD_DATE, FR_FIELD_ETAG, FR_FIELD_HOST, FR_FIELD_LINK, FR_FIELD_VARY},
		[5] = {FR_FIELD_RANGE, FR_FIELD_X_MOZ},
		[6] = {FR_FIELD_ACCEPT, FR_FIELD_COOKIE, FR_FIELD_EXPECT, FR_FIELD_PRAGMA,
	               FR_FIELD_SERVER},
		[7] = {FR_FIELD_EXPIRES, FR_FIELD_REFERER, FR_FIELD_TRAILER, FR_FIELD_UPGRADE,
	               FR_FIELD_PURPOSE},
		[8] = {FR_FIELD_CDN_LOOP, FR_FIELD_IF_MATCH, FR_FIELD_IF_RANGE, FR_FIELD_LOCATION,
	               FR_FIELD_PRIORITY},
		[9] = {FR_FIELD_CACHE_TAG, FR_FIELD_FORWARDED, FR_FIELD_SAVE_DATA,
	               FR_FIELD_X_PURPOSE},
		[10] = {FR_FIELD_CONNECTION, FR_FIELD_KEEP_ALIVE, FR_FIELD_SET_COOKIE,
	                FR_FIELD_USER_AGENT},
		[11] = {FR_FIELD_SEC_PURPOSE},
		[12] = {FR_FIELD_CACHE_DIGEST, FR_FIELD_CACHE_STATUS, FR_FIELD_CONTENT_TYPE,
	                FR_FIELD_MAX_FORWARDS},
		[13] = {FR_FIELD_ACCEPT_RANGES, FR_FIELD_AUTHORIZATION, FR_FIELD_CACHE_CONTROL,
	                FR_FIELD_CONTENT_RANGE, FR_FIELD_FORERUN_DEBUG, FR_FIELD_IF_NONE_MATCH,
	                FR_FIELD_LAST_MODIFIED, FR_FIELD_SERVER_TIMING, FR_FIELD_SURROGATE_KEY},
		[14] = {FR_FIELD_CONTENT_LENGTH, FR_FIELD_HTTP2_SETTINGS, FR_FIELD_SEC_FETCH_DEST,
	                FR_FIELD_SEC_FETCH_MODE, FR_FIELD_SEC_FETCH_SITE},
		[15] = {FR_FIELD_ACCEPT_ENCODING, FR_FIELD_ACCEPT_LANGUAGE,
	                FR_FIELD_CLEAR_SITE_DATA, FR_FIELD_X_FORWARDED_FOR},
		[16] = {FR_FIELD_CONTENT_ENCODING, FR_FIELD_CONTENT_LOCATION,
	                FR_FIELD_PROXY_CONNECTION, FR_FIELD_X_FORWARDED_HOST},
		[17] = {FR_FIELD_CDN_CACHE_CONTROL, FR_FIELD_IF_MODIFIED_SINCE,
	                FR_FIELD_SEC_WEBSOCKET_KEY, FR_FIELD_TRANSFER_ENCODING,
	                FR_FIELD_X_FORWARDED_PROTO},
		[18] = {FR_FIELD_PROXY_AUTHENTICATE},
		[19] = {FR_FIELD_IF_UNMODIFIED_SINCE, FR_FIELD_PROXY_AUTHORIZATION},
		[23] = {FR_FIELD_CONTENT_SECURITY_POLICY},
		[25] = {FR_FIELD_PROXY_AUTHENTICATION_INFO},
	};
	size_t n = name.len;

	if (n >= FR_ARRAY_LEN(by_len))
		return FR_FIELD_OTHER;
	for (const uint8_t *id = by_len[n]; *id; id++)
		if (names[*id].p[0] == name.p[0] && memcmp(names[*id].p, name.p, n) == 0)
			return (enum fr_field_id) * id;
	return FR_FIELD_OTHER;
}

struct fr_str fr_field_name(enum fr_field_id id)
{
	FR_ASSERT(id > FR_FIELD_OTHER && id < FR_FIELD_COUNT);
	return names[id];
}

void fr_fields_init(struct fr_fields *f, struct fr_arena *arena)
{
	*f = (struct fr_fields){.arena = arena};
}

int fr_fields_reserve(struct fr_fields *f, size_t n)
{
	struct fr_field *v;

	if (n <= f->cap)
		return 0;
	v = fr_arena_calloc(f->arena, n, sizeof *v);
	if (!v)
		return FR_ERR_NOMEM;
	if (f->n)
		memcpy(v, f->v, f->n * sizeof *v);
	f->v = v;
	f->cap = n;
	return 0;
}

static int add(struct fr_fields *f, struct fr_str name, struct fr_str value, enum fr_field_id id)
{
	if (f->n == f->cap && fr_fields_reserve(f, f->cap ? f->cap * 2 : FIRST_CAP) < 0)
		return FR_ERR_NOMEM;
	f->seen |= fr_field_bit(id);
	f->v[f->n++] = (struct fr_field){.name = name, .value = value, .id = (uint16_t)id};
	return 0;
}

int fr_fields_add(struct fr_fields *f, struct fr_str name, struct fr_str value)
{
	return add(f, name, value, fr_field_lookup(name));
}

int fr_fields_add_id(struct fr_fields *f, enum fr_field_id id, struct fr_str value)
{
	return add(f, fr_field_name(id), value, id);
}

int fr_fields_add_copy(struct fr_fields *f, struct fr_str name, struct fr_str value)
{
	enum fr_field_id id = fr_field_lookup(name);
	struct fr_str n = {0}, v = {0};

	if (id != FR_FIELD_OTHER)
		n = names[id];
	else if (fr_arena_copy(f->arena, name, &n))
		return FR_ERR_NOMEM;
	if (fr_arena_copy(f->arena, value, &v))
		return FR_ERR_NOMEM;
	return add(f, n, v, id);
}

const struct fr_field *fr_fields_next(const struct fr_fields *f, enum fr_field_id id,
                                      const struct fr_field *after)
{
	size_t i = after ? (size_t)(after - f->v) + 1 : 0;

	if (id == FR_FIELD_OTHER || !(f->seen & fr_field_bit(id)))
		return NULL;
	for (; i < f->n; i++)
		if (f->v[i].id == id)
			return &f->v[i];
	return NULL;
}

const struct fr_field *fr_fields_find(const struct fr_fields *f, struct fr_str name)
{
	for (size_t i = 0; i < f->n; i++)
		if (fr_str_eq(f->v[i].name, name))
			return &f->v[i];
	return NULL;
}

size_t fr_fields_count(const struct fr_fields *f, enum fr_field_id id)
{
	size_t n = 0;

	if (!(f->seen & fr_field_bit(id)))
		return 0;
	for (size_t i = 0; i < f->n; i++)
		n += id != FR_FIELD_OTHER && f->v[i].id == id;
	return n;
}

size_t fr_fields_remove(struct fr_fields *f, enum fr_field_id id)
{
	size_t kept = 0, n = f->n;

	if (!(f->seen & fr_field_bit(id)))
		return 0;
	for (size_t i = 0; i < n; i++)
		if (id == FR_FIELD_OTHER || f->v[i].id != id)
			f->v[kept++] = f->v[i];
	f->n = kept;
	return n - kept;
}

bool fr_fields_has_token(const struct fr_fields *f, enum fr_field_id id, const char *token)
{
	for (const struct fr_field *h = fr_fields_get(f, id); h; h = fr_fields_next(f, id, h)) {
		struct fr_str rest = h->value, item;

		while (fr_str_next_item(&rest, &item))
			if (fr_str_iis(item, token))
				return true;
	}
	return false;
}

size_t fr_fields_size(const struct fr_fields *f)
{
	size_t size = 0;

	for (size_t i = 0; i < f->n; i++)
		size += f->v[i].name.len + f->v[i].value.len + FR_FIELD_OVERHEAD;
	return size;
}

bool fr_field_name_is_valid(struct fr_str name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!fr_char_is(name.p[i], FR_CH_TCHAR) || (name.p[i] >= 'A' && name.p[i] <= 'Z'))
			return false;
	return name.len > 0;
}

bool fr_field_value_is_valid(struct fr_str value)
{
	if (fr_str_field_span(value) < value.len)
		return false;
	return fr_str_trim(value).len == value.len;
}
