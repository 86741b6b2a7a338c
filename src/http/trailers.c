/* Decides which fields may be in trailers (RFC 9110 §6.5.1), and drops the others. */
#include "http/trailers.h"

#include <string.h>

/* Names; with a star at its end: all that begin so. By what they would do if
 * somebody read them as part of the head. */
static const char *const forbidden[] = {
	/* framing and the connection */
	"connection",
	"content-length",
	"http2-settings",
	"keep-alive",
	"te",
	"trailer",
	"transfer-encoding",
	"upgrade",
	/* routing: which resource, by which method, for which client */
	"cdn-loop",
	"early-data",
	"forwarded",
	"host",
	"max-forwards",
	"via",
	"x-forwarded*",
	"x-host",
	"x-http-method*",
	"x-method-override",
	"x-original-*",
	"x-rewrite-*",
	"x-accel-*",
	"x-sendfile*",
	/* the client's identity */
	"authorization",
	"cf-connecting-ip",
	"client-ip",
	"cookie*",
	"fastly-client-ip",
	"origin",
	"proxy-*",
	"referer",
	"sec-*",
	"set-cookie*",
	"true-client-ip",
	"user-agent",
	"www-authenticate",
	"x-client-ip",
	"x-cluster-client-ip",
	"x-real-ip",
	/* request modifiers */
	"accept*",
	"expect",
	"if-*",
	"priority",
	"range",
	/* response control data */
	"access-control-*",
	"alt-svc",
	"clear-site-data",
	"date",
	"location",
	"refresh",
	"retry-after",
	"strict-transport-security",
	"vary",
	"warning",
	"x-frame-options",
	/* caching */
	"age",
	"cache-*",
	"cdn-*",
	"expires",
	"forerun-*",
	"pragma",
	"surrogate-*",
	/* the content's format; digests are made for trailers (RFC 9530 §6) */
	"content-*",
	"x-content-type-options",
};

/* A name as those see it who read fields from environment variables. */
static char folded(char c)
{
	return c == '_' ? '-' : c;
}

static bool matches(struct fr_str name, const char *pattern)
{
	size_t n = strlen(pattern), i;
	bool is_prefix = pattern[n - 1] == '*';

	n -= is_prefix;
	if (is_prefix ? name.len < n : name.len != n)
		return false;
	for (i = 0; i < n && folded(name.p[i]) == pattern[i]; i++)
		;
	return i == n;
}

bool fr_trailer_is_allowed(struct fr_str name)
{
	if (!fr_field_name_is_valid(name))
		return false;
	if (fr_str_is(name, "content-digest"))
		return true;
	for (size_t i = 0; i < FR_ARRAY_LEN(forbidden); i++)
		if (matches(name, forbidden[i]))
			return false;
	return true;
}

static bool is_named_by(const struct fr_fields *connection, struct fr_str name)
{
	for (size_t i = 0; connection && i < connection->n; i++) {
		struct fr_str rest = connection->v[i].value, item;

		while (fr_str_next_item(&rest, &item))
			if (fr_str_ieq(item, name))
				return true;
	}
	return false;
}

size_t fr_trailers_filter(struct fr_fields *trailers, const struct fr_fields *connection)
{
	size_t kept = 0, n = trailers->n;

	for (size_t i = 0; i < n; i++)
		if (fr_trailer_is_allowed(trailers->v[i].name) &&
		    !is_named_by(connection, trailers->v[i].name))
			trailers->v[kept++] = trailers->v[i];
	trailers->n = kept;
	return n - kept;
}
