/* Decides whether a load may teach others and whom, from its request and response. */
#include "hints/teach.h"

#include "base/siphash.h"
#include "hints/client_class.h"
#include "http/cache_control.h"
#include "http/purpose.h"

/* Fixed: these hashes name things in what survives a restart. */
#define KINDS_SEED UINT64_C(0x66722d6b696e6473)
#define VARIANT_SEED UINT64_C(0x66722d7661727931)

static const struct {
	const char *text;
	enum fr_teach_whom whom;
} reasons[] = {
#define X(id, who, text) {text, FR_TEACH_##who},
	FR_TEACH_REASON_TABLE(X)
#undef X
};

const char *fr_teach_reason_str(enum fr_teach_reason r)
{
	return (size_t)r < FR_ARRAY_LEN(reasons) ? reasons[r].text : "?";
}

enum fr_teach_whom fr_teach_whom_of(enum fr_teach_reason r)
{
	return (size_t)r < FR_ARRAY_LEN(reasons) ? reasons[r].whom : FR_TEACH_NOBODY;
}

/* --- credentials --- */

#define WORD(text)                                                                                 \
	{                                                                                          \
		(text), sizeof(text) - 1                                                           \
	}
/* Words in names of fields that identify a client. */
static const struct fr_str identifying[] = {WORD("account"),       WORD("apikey"),
                                            WORD("assertion"),     WORD("auth"),
                                            WORD("authenticated"), WORD("authentication"),
                                            WORD("authorization"), WORD("bearer"),
                                            WORD("cert"),          WORD("certificate"),
                                            WORD("cookie"),        WORD("credential"),
                                            WORD("credentials"),   WORD("csrf"),
                                            WORD("customer"),      WORD("dn"),
                                            WORD("dpop"),          WORD("email"),
                                            WORD("group"),         WORD("groups"),
                                            WORD("identity"),      WORD("impersonate"),
                                            WORD("jwt"),           WORD("key"),
                                            WORD("login"),         WORD("member"),
                                            WORD("nonce"),         WORD("passwd"),
                                            WORD("password"),      WORD("principal"),
                                            WORD("role"),          WORD("roles"),
                                            WORD("secret"),        WORD("session"),
                                            WORD("sessionid"),     WORD("sid"),
                                            WORD("signature"),     WORD("sso"),
                                            WORD("subject"),       WORD("tenant"),
                                            WORD("ticket"),        WORD("token"),
                                            WORD("uid"),           WORD("user"),
                                            WORD("userid"),        WORD("username"),
                                            WORD("xsrf")};
/* Also as the end of a word: "accesstoken". */
static const struct fr_str endings[] = {WORD("token"),  WORD("auth"),    WORD("key"),
                                        WORD("secret"), WORD("session"), WORD("cookie")};
#undef WORD
/* Longer names are not looked at word by word, but taken for a credential's. */
#define NAME_MAX_BYTES 64u

static bool is_identifying(struct fr_str word)
{
	for (size_t i = 0; i < FR_ARRAY_LEN(identifying); i++)
		if (fr_str_eq(word, identifying[i]))
			return true;
	for (size_t i = 0; i < FR_ARRAY_LEN(endings); i++)
		if (fr_str_ends(word, endings[i]))
			return true;
	return false;
}

static size_t word_length(struct fr_str s)
{
	size_t n = 0;

	while (n < s.len && fr_char_is(s.p[n], FR_CH_ALPHA | FR_CH_DIGIT))
		n++;
	return n;
}

bool fr_teach_is_credential(const struct fr_field *f)
{
	struct fr_str name = f->name;

	switch ((int)f->id) { /* a few of many */
	case FR_FIELD_COOKIE:
	case FR_FIELD_AUTHORIZATION:
	case FR_FIELD_PROXY_AUTHORIZATION:
		return true;
	case FR_FIELD_OTHER:
		break;
	default:
		return false;
	}
	if (fr_str_starts(name, FR_STR("sec-"))) /* browsers' own (Fetch) */
		return false;
	if (name.len > NAME_MAX_BYTES)
		return true;
	while (name.len) {
		size_t n = word_length(name);

		if (is_identifying(fr_str_sub(name, 0, n)))
			return true;
		name = fr_str_sub(name, n + 1, name.len);
	}
	return false;
}

/* Two bits of 63, so that few names share both. */
static uint64_t name_bits(struct fr_str name)
{
	uint64_t h = fr_siphash(KINDS_SEED, name.p, name.len);

	return UINT64_C(1) << (h % 63) | UINT64_C(1) << ((h >> 32) % 63);
}

/* "a=1; b=2": the bits of a and b. */
static uint64_t cookie_bits(struct fr_str value)
{
	uint64_t bits = 0;

	while (value.len) {
		size_t end = fr_str_find(value, ';');
		struct fr_str one = fr_str_sub(value, 0, end);

		bits |= name_bits(fr_str_trim(fr_str_sub(one, 0, fr_str_find(one, '='))));
		value = fr_str_sub(value, end + 1, value.len);
	}
	return bits;
}

uint64_t fr_teach_credential_kinds(const struct fr_fields *req)
{
	uint64_t kinds = 0;

	for (size_t i = 0; i < req->n; i++) {
		const struct fr_field *f = &req->v[i];

		if (!fr_teach_is_credential(f))
			continue;
		kinds |= FR_TEACH_ANY_CREDENTIAL;
		kinds |= f->id == FR_FIELD_COOKIE ? cookie_bits(f->value) : name_bits(f->name);
	}
	return kinds;
}

static uint64_t add_field(uint64_t h, const struct fr_field *f)
{
	return fr_siphash(fr_siphash(h, f->name.p, f->name.len), f->value.p, f->value.len);
}

uint64_t fr_teach_credentials(const struct fr_fields *req, uint64_t seed)
{
	uint64_t h = 0;

	for (size_t i = 0; i < req->n; i++)
		if (fr_teach_is_credential(&req->v[i]))
			h = add_field(h ? h : seed, &req->v[i]);
	return h;
}

/* May a response depend on it, beside what tells URLs, conditions, formats and
 * the connection? Fields that are not known may. */
static bool may_matter(const struct fr_field *f)
{
	static const char *const harmless[] = {
		"dnt",   "origin",   "purpose", "save-data", "upgrade-insecure-requests",
		"x-moz", "x-purpose"};

	switch ((int)f->id) { /* a few of many */
	case FR_FIELD_ACCEPT:
	case FR_FIELD_ACCEPT_ENCODING:
	case FR_FIELD_CACHE_CONTROL:
	case FR_FIELD_CACHE_DIGEST:
	case FR_FIELD_CONNECTION:
	case FR_FIELD_FORERUN_DEBUG:
	case FR_FIELD_HOST:
	case FR_FIELD_HTTP2_SETTINGS:
	case FR_FIELD_IF_MODIFIED_SINCE:
	case FR_FIELD_IF_NONE_MATCH:
	case FR_FIELD_KEEP_ALIVE:
	case FR_FIELD_PRAGMA:
	case FR_FIELD_PRIORITY:
	case FR_FIELD_PROXY_CONNECTION:
	case FR_FIELD_REFERER:
	case FR_FIELD_SEC_FETCH_DEST:
	case FR_FIELD_SEC_FETCH_MODE:
	case FR_FIELD_TE:
	case FR_FIELD_UPGRADE:
		return false;
	default:
		break;
	}
	for (size_t i = 0; i < FR_ARRAY_LEN(harmless); i++)
		if (fr_str_is(f->name, harmless[i]))
			return false;
	return !fr_str_starts(f->name, FR_STR("sec-"));
}

uint64_t fr_teach_self(const struct fr_fields *req, uint64_t client, uint64_t seed)
{
	uint64_t h = fr_siphash(seed, &client, sizeof client);

	for (size_t i = 0; i < req->n; i++)
		if (may_matter(&req->v[i]))
			h = add_field(h, &req->v[i]);
	return h ? h : 1;
}

/* --- variants --- */

enum vary_class {
	VARY_AGENT,    /* by fr_client_class, and whether it is mobile */
	VARY_LANGUAGE, /* by the first tag */
	VARY_NUMBER,   /* by its magnitude */
	VARY_VALUE     /* as it is */
};

/* The fields by which variants are kept apart; a bit of vary each. */
static const struct {
	const char *name;
	enum vary_class class;
} varying[] = {
	{"user-agent", VARY_AGENT},
	{"accept-language", VARY_LANGUAGE},
	{"sec-ch-ua", VARY_AGENT},
	{"sec-ch-ua-full-version-list", VARY_AGENT},
	{"sec-ch-ua-mobile", VARY_VALUE},
	{"sec-ch-ua-platform", VARY_VALUE},
	{"sec-ch-ua-platform-version", VARY_NUMBER},
	{"sec-ch-ua-model", VARY_VALUE},
	{"sec-ch-ua-arch", VARY_VALUE},
	{"sec-ch-ua-bitness", VARY_VALUE},
	{"sec-ch-ua-wow64", VARY_VALUE},
	{"sec-ch-ua-form-factors", VARY_VALUE},
	{"sec-ch-prefers-color-scheme", VARY_VALUE},
	{"sec-ch-prefers-reduced-motion", VARY_VALUE},
	{"sec-ch-prefers-reduced-transparency", VARY_VALUE},
	{"sec-ch-viewport-width", VARY_NUMBER},
	{"sec-ch-viewport-height", VARY_NUMBER},
	{"sec-ch-width", VARY_NUMBER},
	{"sec-ch-dpr", VARY_NUMBER},
	{"sec-ch-device-memory", VARY_NUMBER},
	{"viewport-width", VARY_NUMBER},
	{"width", VARY_NUMBER},
	{"dpr", VARY_NUMBER},
	{"device-memory", VARY_NUMBER},
	{"rtt", VARY_NUMBER},
	{"downlink", VARY_NUMBER},
	{"ect", VARY_VALUE},
	{"save-data", VARY_VALUE},
};
_Static_assert(FR_ARRAY_LEN(varying) <= 32, "a bit each");

bool fr_teach_vary_is_device(uint32_t vary)
{
	for (size_t i = 0; i < FR_ARRAY_LEN(varying); i++) {
		struct fr_str name = fr_str_from(varying[i].name);

		if ((vary & UINT32_C(1) << i) && !fr_str_is(name, "user-agent") &&
		    !fr_str_is(name, "save-data") && !fr_str_starts(name, FR_STR("sec-ch-ua")))
			return false;
	}
	return true;
}

static size_t find_varying(struct fr_str name)
{
	size_t i = 0;

	while (i < FR_ARRAY_LEN(varying) && !fr_str_iis(name, varying[i].name))
		i++;
	return i;
}

/* Names of Vary that tell nothing about the client, or that variants are kept for. */
static bool is_kept_apart(struct fr_str name)
{
	return fr_str_iis(name, "accept-encoding") || fr_str_iis(name, "accept") ||
	       find_varying(name) < FR_ARRAY_LEN(varying);
}

static bool varies_beyond(const struct fr_fields *resp)
{
	const struct fr_field *f = NULL;

	while ((f = fr_fields_next(resp, FR_FIELD_VARY, f))) {
		struct fr_str rest = f->value, name;

		while (fr_str_next_item(&rest, &name))
			if (!is_kept_apart(name))
				return true;
	}
	return false;
}

uint32_t fr_teach_vary(const struct fr_fields *resp)
{
	const struct fr_field *f = NULL;
	uint32_t vary = 0;

	while ((f = fr_fields_next(resp, FR_FIELD_VARY, f))) {
		struct fr_str rest = f->value, name;

		while (fr_str_next_item(&rest, &name)) {
			size_t i = find_varying(name);

			vary |= i < FR_ARRAY_LEN(varying) ? FR_BIT(i) : 0;
		}
	}
	return vary;
}

/* How many digits the number before its fraction has, and the first of them. */
static uint64_t magnitude_of(struct fr_str s)
{
	size_t n = 0;

	while (s.len && !fr_char_is(s.p[0], FR_CH_DIGIT))
		s = fr_str_sub(s, 1, s.len);
	while (n < s.len && fr_char_is(s.p[n], FR_CH_DIGIT))
		n++;
	return n ? n * 16 + (uint64_t)(s.p[0] - '0') : 0;
}

static uint64_t language_of(struct fr_str s)
{
	char tag[9];
	size_t n = 0;

	s = fr_str_trim(fr_str_sub(s, 0, fr_str_find(s, ',')));
	s = fr_str_trim(fr_str_sub(s, 0, fr_str_find(s, ';')));
	for (; n < s.len && n < sizeof tag; n++)
		tag[n] = fr_ascii_lower(s.p[n]);
	return fr_siphash(VARIANT_SEED, tag, n);
}

static uint64_t agent_of(const struct fr_fields *req)
{
	struct fr_str ua = fr_fields_value(req, FR_FIELD_USER_AGENT);
	struct fr_str seen = fr_str_sub(ua, 0, FR_CLIENT_CLASS_MAX_BYTES);
	bool is_mobile = seen.len && memmem(seen.p, seen.len, "Mobi", 4);

	return (uint64_t)fr_client_class_of(ua) * 2 + is_mobile;
}

static uint64_t class_of(size_t i, const struct fr_fields *req)
{
	const struct fr_field *f = fr_fields_find(req, fr_str_from(varying[i].name));
	struct fr_str value = f ? f->value : (struct fr_str){0};

	switch (varying[i].class) {
	case VARY_AGENT:
		return agent_of(req);
	case VARY_LANGUAGE:
		return language_of(value);
	case VARY_NUMBER:
		return magnitude_of(value);
	case VARY_VALUE:
		break;
	}
	return fr_siphash(VARIANT_SEED, value.p, value.len);
}

uint64_t fr_teach_variant(uint32_t vary, const struct fr_fields *req)
{
	uint64_t h = VARIANT_SEED;

	if (!vary)
		return 0;
	for (size_t i = 0; i < FR_ARRAY_LEN(varying); i++) {
		uint64_t class;

		if (!(vary & FR_BIT(i)))
			continue;
		class = class_of(i, req);
		h = fr_siphash(h + i, &class, sizeof class);
	}
	return h ? h : 1;
}

/* --- the predicate --- */

/* The reason why a response may be its client's own; SAME if there is none. */
static enum fr_teach_reason judge_response(const struct fr_fields *resp)
{
	struct fr_cache_control cc, cdn;
	unsigned flags;

	fr_cache_control_read(resp, &cc);
	fr_cdn_cache_control_read(resp, &cdn);
	flags = cc.flags | cdn.flags;
	if (fr_fields_get(resp, FR_FIELD_SET_COOKIE))
		return FR_TEACH_SET_COOKIE;
	if ((flags & FR_CC_PRIVATE) || cc.n_private_names || cdn.n_private_names)
		return FR_TEACH_PRIVATE;
	if (flags & FR_CC_NO_STORE)
		return FR_TEACH_NO_STORE;
	if ((flags & FR_CC_NO_CACHE) || cc.n_no_cache_names || cdn.n_no_cache_names ||
	    fr_fields_has_token(resp, FR_FIELD_PRAGMA, "no-cache"))
		return FR_TEACH_NO_CACHE;
	return varies_beyond(resp) ? FR_TEACH_VARY : FR_TEACH_SAME;
}

enum fr_teach_reason fr_teach_judge(const struct fr_teach_load *load)
{
	if (load->req->method != FR_METHOD_GET || load->resp->status != 200)
		return FR_TEACH_NOT_PAGE;
	if (fr_purpose_of(&load->req->fields) != FR_PURPOSE_VIEW)
		return FR_TEACH_PREFETCH;
	if (load->path_is_ambiguous)
		return FR_TEACH_PATH;
	if (load->leaves_query_out)
		return FR_TEACH_QUERY;
	if (fr_teach_credential_kinds(&load->req->fields))
		return FR_TEACH_CREDENTIALS;
	return judge_response(&load->resp->fields);
}

/* --- assets --- */

enum fr_teach_gone fr_teach_gone(int status)
{
	switch (status) {
	case 404:
	case 410:
		return FR_TEACH_GONE;
	case 301:
	case 302:
	case 303:
	case 307:
	case 308:
		return FR_TEACH_DOUBT;
	default:
		if ((status >= 200 && status <= 299) || status == 304)
			return FR_TEACH_THERE;
		return status >= 500 ? FR_TEACH_DOUBT : FR_TEACH_NOTHING;
	}
}

bool fr_teach_is_telling(const struct fr_request *req, int status, bool is_ours)
{
	enum fr_teach_gone gone = fr_teach_gone(status);

	if (is_ours)
		return status >= 200 && status != 206 && status != 304;
	/* origins refuse what is only fetched ahead */
	if (fr_purpose_of(&req->fields) != FR_PURPOSE_VIEW)
		return false;
	return !fr_request_is_conditional(req) &&
	       (status == 200 || gone == FR_TEACH_GONE || gone == FR_TEACH_DOUBT);
}
