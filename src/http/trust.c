/* Looks up what happens to a field that only a proxy may send. */
#include "http/trust.h"

#include <string.h>

enum row {
	ROW_NONE,
#define X(id, name, trust) ROW_##id,
	FR_TRUST_TABLE(X)
#undef X
		ROW_COUNT
};

static const struct {
	struct fr_str name;
	enum fr_trust trust;
} rows[ROW_COUNT] = {
#define X(id, name, trust) [ROW_##id] = {{name, sizeof(name) - 1}, FR_TRUST_##trust},
	FR_TRUST_TABLE(X)
#undef X
};

static bool has_dropped_prefix(struct fr_str name)
{
	if (name.p[0] == 's')
		return fr_str_starts(name, FR_STR("ssl-client-"));
	return name.p[0] == 'x' && (fr_str_starts(name, FR_STR("x-forwarded")) ||
	                            fr_str_starts(name, FR_STR("x-ssl-")) ||
	                            fr_str_starts(name, FR_STR("x-client-cert")));
}

enum fr_trust fr_trust_of(struct fr_str name)
{
	/* By length: few names share one. A unit test looks up the whole table. */
	static const uint8_t by_len[28][7] = {
		[5] = {ROW_PROXY},
		[6] = {ROW_X_HOST},
		[8] = {ROW_X_SCHEME},
		[9] = {ROW_CLIENT_IP, ROW_FORWARDED, ROW_X_ARR_SSL, ROW_X_REAL_IP},
		[10] = {ROW_CF_VISITOR},
		[11] = {ROW_CLIENT_CERT, ROW_REMOTE_ADDR, ROW_REMOTE_USER, ROW_X_CLIENT_IP,
	                ROW_X_REMOTE_IP},
		[12] = {ROW_X_URL_SCHEME},
		[13] = {ROW_X_HTTP_METHOD, ROW_X_REMOTE_ADDR, ROW_X_REMOTE_USER, ROW_X_REWRITE_URL},
		[14] = {ROW_CF_PSEUDO_IPV4, ROW_TRUE_CLIENT_IP, ROW_X_ORIGINAL_URI,
	                ROW_X_ORIGINAL_URL, ROW_X_OVERRIDE_URL, ROW_X_PROXYUSER_IP},
		[15] = {ROW_FRONT_END_HTTPS, ROW_PROXY_CLIENT_IP, ROW_X_ACCEL_MAPPING,
	                ROW_X_FORWARDED_FOR, ROW_X_ORIGINAL_HOST, ROW_X_SENDFILE_TYPE},
		[16] = {ROW_CF_CONNECTING_IP, ROW_FASTLY_CLIENT_IP, ROW_X_ARR_CLIENTCERT,
	                ROW_X_AZURE_CLIENTIP, ROW_X_FORWARDED_HOST, ROW_X_ORIGINAL_PROTO,
	                ROW_X_ORIGINATING_IP},
		[17] = {ROW_CLIENT_CERT_CHAIN, ROW_X_FORWARDED_PROTO, ROW_X_METHOD_OVERRIDE,
	                ROW_X_ORIGINAL_METHOD},
		[18] = {ROW_CF_CONNECTING_IPV6, ROW_WL_PROXY_CLIENT_IP},
		[19] = {ROW_X_APPENGINE_USER_IP, ROW_X_CLUSTER_CLIENT_IP},
		[20] = {ROW_X_HTTP_HOST_OVERRIDE},
		[22] = {ROW_X_HTTP_METHOD_OVERRIDE},
		[23] = {ROW_X_MIDDLEWARE_SUBREQUEST},
		[24] = {ROW_X_ENVOY_EXTERNAL_ADDRESS, ROW_X_ORIGINAL_FORWARDED_FOR},
		[26] = {ROW_CLOUDFRONT_FORWARDED_PROTO},
	};

	if (name.len == 0)
		return FR_TRUST_PASS;
	for (size_t i = 0; name.len < FR_ARRAY_LEN(by_len) && i < FR_ARRAY_LEN(by_len[0]); i++) {
		uint8_t row = by_len[name.len][i];

		if (row == ROW_NONE)
			break;
		if (rows[row].name.p[0] == name.p[0] &&
		    memcmp(rows[row].name.p, name.p, name.len) == 0)
			return rows[row].trust;
	}
	return has_dropped_prefix(name) ? FR_TRUST_DROP : FR_TRUST_PASS;
}

bool fr_trust_name_is_plain(struct fr_str name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (!fr_char_is(name.p[i], FR_CH_ALPHA | FR_CH_DIGIT) && name.p[i] != '-')
			return false;
	}
	return true;
}

bool fr_trust_passes(struct fr_str name)
{
	enum fr_trust t = fr_trust_of(name);

	return (t == FR_TRUST_PASS || t == FR_TRUST_OVERRIDE) && fr_trust_name_is_plain(name);
}

/* --- Vary --- */

/* What is said hop by hop, what Via and CDN-Loop collect, and what a cache asks with instead of
 * what its clients asked with. */
static const char *const made_here[] = {
	"*",
	"cdn-loop",
	"connection",
	"content-length",
	"expect",
	"if-match",
	"if-modified-since",
	"if-none-match",
	"if-range",
	"if-unmodified-since",
	"keep-alive",
	"max-forwards",
	"proxy-authorization",
	"proxy-connection",
	"range",
	"te",
	"trailer",
	"transfer-encoding",
	"upgrade",
	"via",
};

static bool is_made_here(struct fr_str name)
{
	for (size_t i = 0; i < FR_ARRAY_LEN(made_here); i++)
		if (fr_str_iis(name, made_here[i]))
			return true;
	for (size_t i = ROW_NONE + 1; i < ROW_COUNT; i++)
		if (rows[i].trust == FR_TRUST_REPLACE && fr_str_ieq(name, rows[i].name))
			return true;
	return fr_str_istarts(name, FR_STR("x-forwarded"));
}

bool fr_vary_is_any(const struct fr_fields *response)
{
	const struct fr_field *f = NULL;

	while ((f = fr_fields_next(response, FR_FIELD_VARY, f))) {
		struct fr_str rest = f->value, name;

		while (fr_str_next_item(&rest, &name))
			if (is_made_here(name))
				return true;
	}
	return false;
}
