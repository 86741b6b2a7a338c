/* Reads addresses, origin URLs and host patterns of the configuration. */
#include <arpa/inet.h>
#include <stdlib.h>

#include "base/mem.h"
#include "config/config_priv.h"
#include "http/url.h"

#define HOST_MAX_BYTES 253u /* of a DNS name */

static char *dup_range(struct fr_str s, size_t from, size_t to)
{
	return fr_str_dup(fr_str_sub(s, from, to));
}

static bool is_numeric(const char *host)
{
	unsigned char any[16];

	return inet_pton(AF_INET, host, any) == 1 || inet_pton(AF_INET6, host, any) == 1;
}

static int parse_unix(struct fr_str path, struct fr_config_listener *l)
{
	if (path.len == 0 || path.len > 107 || memchr(path.p, '\0', path.len))
		return FR_ERR_SYNTAX;
	l->kind = FR_ADDRESS_UNIX;
	l->path = fr_str_dup(path);
	return 0;
}

int fr_address_parse(const char *text, struct fr_config_listener *l)
{
	struct fr_str s = fr_str_from(text);
	size_t colon = s.len;
	uint64_t port = 0;
	char *host;

	if (fr_str_starts(s, FR_STR("unix:")))
		return parse_unix(fr_str_sub(s, 5, s.len), l);
	while (colon && s.p[colon - 1] != ':')
		colon--;
	if (colon < 2 || fr_str_to_u64(fr_str_sub(s, colon, s.len), &port) < 0 || port > 65535)
		return FR_ERR_SYNTAX;
	if (s.p[0] == '[' && s.p[colon - 2] == ']')
		host = dup_range(s, 1, colon - 2);
	else if (colon == 2 && s.p[0] == '*')
		host = fr_str_dup(FR_STR("::"));
	else
		host = dup_range(s, 0, colon - 1);
	/* an IPv6 address without brackets could be read two ways */
	if (!is_numeric(host) || (s.p[0] != '[' && s.p[0] != '*' && strchr(host, ':'))) {
		free(host);
		return FR_ERR_SYNTAX;
	}
	l->kind = FR_ADDRESS_INET;
	l->host = host;
	l->port = (uint16_t)port;
	return 0;
}

const char *fr_origin_url_parse(const char *text, struct fr_config_origin *o)
{
	struct fr_str s = fr_str_from(text), host, authority;
	uint16_t port = 0;
	bool tls = fr_str_istarts(s, FR_STR("https://"));
	size_t skip = tls ? 8 : 7, len;

	if (!tls && !fr_str_istarts(s, FR_STR("http://")))
		return "not an http:// or https:// URL";
	authority = fr_str_sub(s, skip, s.len);
	if (fr_str_ends(authority, FR_STR("/")))
		authority.len--;
	if (fr_str_find(authority, '@') < authority.len)
		return "user information is not supported";
	if (fr_str_find(authority, '/') < authority.len ||
	    fr_str_find(authority, '?') < authority.len ||
	    fr_str_find(authority, '#') < authority.len)
		return "only scheme, host and port; a path is not supported";
	if (fr_authority_parse(authority, &host, &port) < 0 || host.len > HOST_MAX_BYTES)
		return "host or port is malformed";
	len = host.len;
	o->url = fr_str_dup(s);
	o->tls = tls;
	o->host = host.p[0] == '[' ? dup_range(host, 1, len - 1) : fr_str_dup(host);
	o->port = port ? port : (tls ? 443 : 80);
	o->authority = fr_str_dup(authority);
	return NULL;
}

static bool is_name(struct fr_str s)
{
	size_t label = 0;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (c == '.') {
			if (label == 0)
				return false;
			label = 0;
			continue;
		}
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '_')
			return false;
		if (++label > 63)
			return false;
	}
	return label > 0 && s.len <= HOST_MAX_BYTES;
}

bool fr_host_pattern_is_valid(const char *text)
{
	struct fr_str s = fr_str_from(text);
	char literal[64];

	if (fr_str_is(s, "*"))
		return true;
	if (s.len > 2 && s.len < sizeof literal && s.p[0] == '[' && s.p[s.len - 1] == ']') {
		memcpy(literal, s.p + 1, s.len - 2);
		literal[s.len - 2] = '\0';
		return is_numeric(literal);
	}
	if (fr_str_starts(s, FR_STR("*.")))
		s = fr_str_sub(s, 2, s.len);
	return is_name(s);
}
