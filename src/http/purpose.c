/* Reads what requests say of their purpose. */
#include "http/purpose.h"

#include "base/enum.h"
#include "http/structured.h"

FR_ENUM_STR(fr_purpose_str, fr_purpose, FR_PURPOSE_TABLE)

/* Has the item this parameter? It is well-formed. Names of parameters are in lower case. */
static bool has_parameter(struct fr_str item, const char *name)
{
	size_t at = fr_str_find(item, ';');

	while (at < item.len) {
		struct fr_str rest = fr_str_sub(item, at + 1, item.len);
		struct fr_str one = fr_str_trim(fr_str_sub(rest, 0, fr_str_find(rest, ';')));

		if (fr_str_is(one, name))
			return true;
		at += 1 + fr_str_find(rest, ';');
	}
	return false;
}

static void find_prefetch(void *ctx, const struct fr_sf_member *m)
{
	bool *is_prefetch = ctx;

	*is_prefetch |= fr_str_is(m->key, "prefetch") && m->type == FR_SF_BOOLEAN && m->n;
}

/* A token is a member of a dictionary without a value. */
static enum fr_purpose by_sec_purpose(const struct fr_fields *req)
{
	bool is_prefetch = false;

	if (fr_sf_read(req, FR_FIELD_SEC_PURPOSE, find_prefetch, &is_prefetch) < 0 || !is_prefetch)
		return FR_PURPOSE_VIEW;
	return has_parameter(fr_fields_value(req, FR_FIELD_SEC_PURPOSE), "prerender")
	               ? FR_PURPOSE_PRERENDER
	               : FR_PURPOSE_PREFETCH;
}

static bool says_prefetch(struct fr_str value)
{
	return fr_str_iis(value, "prefetch") || fr_str_iis(value, "preview");
}

enum fr_purpose fr_purpose_of(const struct fr_fields *req)
{
	static const enum fr_field_id old[] = {FR_FIELD_PURPOSE, FR_FIELD_X_PURPOSE,
	                                       FR_FIELD_X_MOZ};

	if (fr_fields_get(req, FR_FIELD_SEC_PURPOSE))
		return by_sec_purpose(req);
	for (size_t i = 0; i < sizeof old / sizeof *old; i++)
		if (says_prefetch(fr_fields_value(req, old[i])))
			return FR_PURPOSE_PREFETCH;
	return FR_PURPOSE_VIEW;
}

bool fr_saves_data(const struct fr_fields *req)
{
	struct fr_str value = fr_fields_value(req, FR_FIELD_SAVE_DATA);

	return fr_str_iis(fr_str_trim(fr_str_sub(value, 0, fr_str_find(value, ';'))), "on");
}
