/* Reads Accept-Encoding as a set of codings, and writes the set in its one form. */
#include "http/codings.h"

#include <string.h>

/* Codings that servers use, in the order of browsers; the rest of an Accept-Encoding
 * selects nothing. */
static const struct fr_str codings[] = {FR_STR("gzip"), FR_STR("deflate"),  FR_STR("br"),
                                        FR_STR("zstd"), FR_STR("compress"), FR_STR("dcb"),
                                        FR_STR("dcz")};
#define ALL (FR_BIT(FR_ARRAY_LEN(codings)) - 1)

_Static_assert(sizeof "gzip, deflate, br, zstd, compress, dcb, dcz" <= FR_CODINGS_BYTES,
               "all of them fit");

static bool has_weight_zero(struct fr_str parameters)
{
	size_t q = fr_str_find(parameters, '=');
	struct fr_str v = fr_str_trim(fr_str_sub(parameters, q + 1, parameters.len));

	if (v.len == 0 || v.p[0] != '0')
		return false;
	for (size_t i = 1; i < v.len; i++)
		if (v.p[i] != '.' && v.p[i] != '0')
			return false;
	return true;
}

bool fr_codings_are_in_form(struct fr_str value)
{
	static const struct fr_str usual[] = {FR_STR("gzip, deflate, br, zstd"),
	                                      FR_STR("gzip, deflate, br"), FR_STR("gzip, deflate"),
	                                      FR_STR("gzip")};

	for (size_t i = 0; i < FR_ARRAY_LEN(usual); i++)
		if (fr_str_eq(value, usual[i]))
			return true;
	return false;
}

unsigned fr_codings_accepted(const struct fr_fields *f)
{
	const struct fr_field *line = NULL;
	unsigned yes = 0, no = 0;
	struct fr_str item;
	bool any = false;

	while ((line = fr_fields_next(f, FR_FIELD_ACCEPT_ENCODING, line))) {
		struct fr_str rest = line->value;

		while (fr_str_next_item(&rest, &item)) {
			size_t semi = fr_str_find(item, ';');
			struct fr_str name = fr_str_trim(fr_str_sub(item, 0, semi));
			bool zero = semi < item.len &&
			            has_weight_zero(fr_str_sub(item, semi + 1, item.len));

			any |= fr_str_is(name, "*") && !zero;
			if (fr_str_iis(name, "x-gzip"))
				name = FR_STR("gzip");
			for (unsigned i = 0; i < FR_ARRAY_LEN(codings); i++)
				if (fr_str_ieq(name, codings[i])) {
					yes |= zero ? 0 : FR_BIT(i);
					no |= zero ? FR_BIT(i) : 0;
				}
		}
	}
	return any ? ~no & ALL : yes;
}

size_t fr_codings_format(unsigned set, char *out)
{
	size_t n = 0;

	if ((set & ALL) == 0) {
		memcpy(out, "identity", 8);
		return 8;
	}
	for (unsigned i = 0; i < FR_ARRAY_LEN(codings); i++) {
		if (!(set & FR_BIT(i)))
			continue;
		if (n) {
			memcpy(out + n, ", ", 2);
			n += 2;
		}
		memcpy(out + n, codings[i].p, codings[i].len);
		n += codings[i].len;
	}
	return n;
}
