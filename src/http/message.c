/* Methods, statuses, hop-by-hop fields and Content-Length: what holds for messages of
 * every HTTP version. */
#include "http/message.h"

#include <string.h>

enum fr_method fr_method_lookup(struct fr_str text)
{
	static const struct {
		struct fr_str text;
		enum fr_method method;
	} known[] = {
#define X(name, lit) {{lit, sizeof(lit) - 1}, FR_METHOD_##name},
		FR_METHOD_TABLE(X)
#undef X
	};

	for (size_t i = 0; i < FR_ARRAY_LEN(known); i++)
		if (fr_str_eq(text, known[i].text))
			return known[i].method;
	return FR_METHOD_OTHER;
}

bool fr_method_is_safe(enum fr_method m)
{
	return m == FR_METHOD_GET || m == FR_METHOD_HEAD || m == FR_METHOD_OPTIONS ||
	       m == FR_METHOD_TRACE;
}

bool fr_method_is_idempotent(enum fr_method m)
{
	return fr_method_is_safe(m) || m == FR_METHOD_PUT || m == FR_METHOD_DELETE;
}

void fr_request_init(struct fr_request *r, struct fr_arena *arena)
{
	*r = (struct fr_request){.content_length = -1};
	fr_fields_init(&r->fields, arena);
}

bool fr_request_is_conditional(const struct fr_request *r)
{
	return fr_fields_get(&r->fields, FR_FIELD_IF_NONE_MATCH) ||
	       fr_fields_get(&r->fields, FR_FIELD_IF_MODIFIED_SINCE) ||
	       fr_fields_get(&r->fields, FR_FIELD_RANGE);
}

void fr_response_init(struct fr_response *r, struct fr_arena *arena, int status)
{
	*r = (struct fr_response){.status = status, .content_length = -1};
	fr_fields_init(&r->fields, arena);
}

const char *fr_status_reason(int status)
{
	static const struct {
		int status;
		const char *reason;
	} known[] = {
		{100, "Continue"},
		{101, "Switching Protocols"},
		{102, "Processing"},
		{103, "Early Hints"},
		{200, "OK"},
		{201, "Created"},
		{202, "Accepted"},
		{203, "Non-Authoritative Information"},
		{204, "No Content"},
		{205, "Reset Content"},
		{206, "Partial Content"},
		{300, "Multiple Choices"},
		{301, "Moved Permanently"},
		{302, "Found"},
		{303, "See Other"},
		{304, "Not Modified"},
		{307, "Temporary Redirect"},
		{308, "Permanent Redirect"},
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{406, "Not Acceptable"},
		{408, "Request Timeout"},
		{409, "Conflict"},
		{410, "Gone"},
		{411, "Length Required"},
		{412, "Precondition Failed"},
		{413, "Content Too Large"},
		{414, "URI Too Long"},
		{415, "Unsupported Media Type"},
		{416, "Range Not Satisfiable"},
		{417, "Expectation Failed"},
		{421, "Misdirected Request"},
		{422, "Unprocessable Content"},
		{425, "Too Early"},
		{426, "Upgrade Required"},
		{428, "Precondition Required"},
		{429, "Too Many Requests"},
		{431, "Request Header Fields Too Large"},
		{451, "Unavailable For Legal Reasons"},
		{500, "Internal Server Error"},
		{501, "Not Implemented"},
		{502, "Bad Gateway"},
		{503, "Service Unavailable"},
		{504, "Gateway Timeout"},
		{505, "HTTP Version Not Supported"},
		{508, "Loop Detected"},
		{511, "Network Authentication Required"},
	};

	for (size_t i = 0; i < FR_ARRAY_LEN(known); i++)
		if (known[i].status == status)
			return known[i].reason;
	return "";
}

bool fr_status_has_body(int status)
{
	return status >= 200 && status != 204 && status != 304;
}

/* --- hop-by-hop fields --- */

static const uint16_t hop_by_hop[] = {
	FR_FIELD_CONNECTION,
	FR_FIELD_KEEP_ALIVE,
	FR_FIELD_PROXY_CONNECTION,
	FR_FIELD_TE,
	FR_FIELD_TRAILER,
	FR_FIELD_TRANSFER_ENCODING,
	FR_FIELD_UPGRADE,
	FR_FIELD_HTTP2_SETTINGS,
	FR_FIELD_PROXY_AUTHENTICATE,
	FR_FIELD_PROXY_AUTHENTICATION_INFO,
	FR_FIELD_PROXY_AUTHORIZATION,
};

static uint64_t hop_by_hop_bits(void)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < FR_ARRAY_LEN(hop_by_hop); i++)
		bits |= fr_field_bit(hop_by_hop[i]);
	return bits;
}

static bool is_hop_by_hop(uint16_t id)
{
	if (!(hop_by_hop_bits() & fr_field_bit(id)))
		return false;
	for (size_t i = 0; i < FR_ARRAY_LEN(hop_by_hop); i++)
		if (hop_by_hop[i] == id)
			return true;
	return false;
}

static bool is_token_list(struct fr_str list)
{
	struct fr_str item;

	while (fr_str_next_item(&list, &item))
		if (!fr_str_all(item, FR_CH_TCHAR))
			return false;
	return true;
}

static bool is_nominated(const struct fr_fields *f, struct fr_str name)
{
	const struct fr_field *c = NULL;

	while ((c = fr_fields_next(f, FR_FIELD_CONNECTION, c))) {
		struct fr_str rest = c->value, item;

		while (fr_str_next_item(&rest, &item))
			if (fr_str_ieq(item, name))
				return true;
	}
	return false;
}

int fr_fields_remove_hop_by_hop(struct fr_fields *f)
{
	bool has_nominated = false;
	const struct fr_field *c = NULL;
	size_t kept = 0;

	if (!(f->seen & hop_by_hop_bits()))
		return 0;
	while ((c = fr_fields_next(f, FR_FIELD_CONNECTION, c))) {
		/* nearly all of them, and Keep-Alive goes in any case */
		if (fr_str_iis(c->value, "keep-alive"))
			continue;
		has_nominated = true;
		if (!is_token_list(c->value))
			return FR_ERR_SYNTAX;
	}
	/* mark first: removing would take away the lists that are still read */
	for (size_t i = 0; has_nominated && i < f->n; i++)
		if (f->v[i].id == FR_FIELD_OTHER && is_nominated(f, f->v[i].name))
			f->v[i].id = FR_FIELD_KEEP_ALIVE;
	for (size_t i = 0; i < f->n; i++)
		if (!is_hop_by_hop(f->v[i].id))
			f->v[kept++] = f->v[i];
	f->n = kept;
	return 0;
}

int fr_content_length(const struct fr_fields *f, int64_t *out)
{
	const struct fr_field *first = fr_fields_get(f, FR_FIELD_CONTENT_LENGTH);
	uint64_t n = 0;

	if (!first) {
		*out = -1;
		return 0;
	}
	if (fr_fields_next(f, FR_FIELD_CONTENT_LENGTH, first) ||
	    fr_str_to_u64(first->value, &n) < 0 || n > INT64_MAX)
		return FR_ERR_SYNTAX;
	*out = (int64_t)n;
	return 0;
}
