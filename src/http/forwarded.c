/* Reads the fields of proxies from the right, element by element. */
#include "http/forwarded.h"

/* A quoted value without its escapes: longer ones are no address and no scheme. */
#define VALUE_BYTES 64u

/* --- elements, the last one first --- */

struct cursor {
	const struct fr_fields *fields; /* borrowed */
	enum fr_field_id id;
	size_t line;        /* index of the line that `rest` is of */
	struct fr_str rest; /* of it: what is not read yet */
};

static void cursor_init(struct cursor *c, const struct fr_fields *f, enum fr_field_id id)
{
	*c = (struct cursor){.fields = f, .id = id, .line = f->n};
}

/* Is the quotation mark at i escaped by backslashes before it? */
static bool is_escaped(struct fr_str s, size_t i)
{
	size_t n = 0;

	while (n < i && s.p[i - 1 - n] == '\\')
		n++;
	return n % 2;
}

/* Where the last element begins. Quoted strings are Forwarded's alone. */
static size_t begin_of_last(struct fr_str s, bool has_quotes)
{
	bool is_inside = false;
	size_t i = s.len;

	while (i > 0 && (s.p[i - 1] != ',' || is_inside)) {
		i--;
		if (has_quotes && s.p[i] == '"' && !(is_inside && is_escaped(s, i)))
			is_inside = !is_inside;
	}
	return i;
}

/* The element before the one that was read last; empty ones are passed over. */
static bool previous(struct cursor *c, struct fr_str *out)
{
	for (;;) {
		struct fr_str element;
		size_t begin;

		while (c->rest.len == 0 && c->line > 0)
			if (c->fields->v[--c->line].id == c->id)
				c->rest = c->fields->v[c->line].value;
		if (c->rest.len == 0)
			return false;
		begin = begin_of_last(c->rest, c->id == FR_FIELD_FORWARDED);
		element = fr_str_trim(fr_str_sub(c->rest, begin, c->rest.len));
		c->rest.len = begin ? begin - 1 : 0;
		if (element.len) {
			*out = element;
			return true;
		}
	}
}

/* --- nodes --- */

/* A port's digits; a word has no number (RFC 7239 §6.3). */
static int read_port(struct fr_str text, uint16_t *port)
{
	uint64_t n = 0;

	if (text.len > 1 && text.p[0] == '_')
		return 0;
	if (text.len > 5 || fr_str_to_u64(text, &n) < 0 || n > 65535)
		return FR_ERR_SYNTAX;
	*port = (uint16_t)n;
	return 0;
}

/* One node: "192.0.2.1", "192.0.2.1:4711", "[2001:db8::1]:4711", "2001:db8::1".
 * FR_ERR_SYNTAX: no address ("unknown", "_hidden"). */
static int parse_node(struct fr_str text, struct fr_ip *ip, uint16_t *port)
{
	size_t colon = fr_str_find(text, ':');
	struct fr_str address = text, rest = {0};
	struct fr_ip found;
	uint16_t n = 0;

	if (text.len && text.p[0] == '[') {
		size_t end = fr_str_find(text, ']');

		address = fr_str_sub(text, 1, end);
		rest = fr_str_sub(text, end + 1, text.len);
		if (end == text.len || fr_str_find(address, ':') == address.len ||
		    (rest.len && rest.p[0] != ':'))
			return FR_ERR_SYNTAX;
		if (rest.len == 1)
			return FR_ERR_SYNTAX;
		rest = fr_str_sub(rest, 1, rest.len);
	} else if (colon < text.len && fr_str_find(fr_str_sub(text, colon + 1, text.len), ':') ==
	                                       text.len - colon - 1) {
		address = fr_str_sub(text, 0, colon);
		rest = fr_str_sub(text, colon + 1, text.len);
		if (rest.len == 0)
			return FR_ERR_SYNTAX;
	}
	if (fr_ip_parse(address, &found) < 0 || (rest.len && read_port(rest, &n) < 0))
		return FR_ERR_SYNTAX;
	*ip = found;
	*port = n;
	return 0;
}

/* --- schemes --- */

static struct fr_str scheme_of(struct fr_str text)
{
	if (fr_str_iis(text, "https") || fr_str_iis(text, "wss"))
		return FR_STR("https");
	if (fr_str_iis(text, "http") || fr_str_iis(text, "ws"))
		return FR_STR("http");
	return (struct fr_str){0};
}

/* Several values that differ tell nothing. */
static struct fr_str forwarded_scheme(const struct fr_fields *f)
{
	struct fr_str scheme = {0}, element;
	struct cursor c;
	size_t n = 0;

	cursor_init(&c, f, FR_FIELD_X_FORWARDED_PROTO);
	while (previous(&c, &element)) {
		struct fr_str said = scheme_of(element);

		if (!said.p || (scheme.p && !fr_str_eq(scheme, said)) ||
		    ++n > FR_FORWARDED_MAX_HOPS)
			return (struct fr_str){0};
		scheme = said;
	}
	return scheme;
}

/* --- elements of Forwarded (RFC 7239 §4) --- */

struct element {
	char node[VALUE_BYTES];
	size_t node_len; /* 0: no `for` */
	struct fr_str scheme;
};

/* A token or a quoted string at the beginning of *rest, which moves past it. Unquoted values
 * may have what only quoted ones should: many proxies write for=192.0.2.1:80. */
static int take_value(struct fr_str *rest, char out[VALUE_BYTES], size_t *len)
{
	bool is_quoted = rest->len && rest->p[0] == '"';
	size_t i = is_quoted, n = 0;

	for (; i < rest->len && rest->p[i] != (is_quoted ? '"' : ';'); i++) {
		char c = rest->p[i];

		if (is_quoted && c == '\\' && i + 1 < rest->len)
			c = rest->p[++i];
		else if (!is_quoted && !fr_char_is(c, FR_CH_TCHAR) && c != ':' && c != '[' &&
		         c != ']')
			break;
		if (n == VALUE_BYTES)
			return FR_ERR_SYNTAX;
		out[n++] = c;
	}
	if (is_quoted && i++ == rest->len)
		return FR_ERR_SYNTAX;
	*rest = fr_str_trim(fr_str_sub(*rest, i, rest->len));
	*len = n;
	return n == 0 && !is_quoted ? FR_ERR_SYNTAX : 0;
}

/* Values of other parameters may be longer; what is in them does not matter. */
static int skip_value(struct fr_str *rest)
{
	bool is_quoted = rest->len && rest->p[0] == '"';
	size_t i = is_quoted;

	while (i < rest->len && rest->p[i] != (is_quoted ? '"' : ';'))
		i += is_quoted && rest->p[i] == '\\' ? 2 : 1;
	if (is_quoted && i++ >= rest->len)
		return FR_ERR_SYNTAX;
	*rest = fr_str_trim(fr_str_sub(*rest, i, rest->len));
	return 0;
}

static int take_pair(struct fr_str *rest, struct element *e)
{
	size_t equals = fr_str_find(*rest, '=');
	struct fr_str name = fr_str_trim(fr_str_sub(*rest, 0, equals));
	char value[VALUE_BYTES];
	size_t len = 0;
	int rc;

	if (equals == rest->len || !fr_str_all(name, FR_CH_TCHAR))
		return FR_ERR_SYNTAX;
	*rest = fr_str_trim(fr_str_sub(*rest, equals + 1, rest->len));
	if (fr_str_iis(name, "for")) {
		if (e->node_len || take_value(rest, e->node, &e->node_len) < 0)
			return FR_ERR_SYNTAX;
		return e->node_len ? 0 : FR_ERR_SYNTAX;
	}
	if (!fr_str_iis(name, "proto"))
		return skip_value(rest);
	rc = e->scheme.p ? FR_ERR_SYNTAX : take_value(rest, value, &len);
	if (rc == 0)
		e->scheme = scheme_of(fr_str_make(value, len));
	return rc;
}

static int read_element(struct fr_str text, struct element *e)
{
	e->node_len = 0;
	e->scheme = (struct fr_str){0};
	while (text.len) {
		if (text.p[0] != ';' && take_pair(&text, e) < 0)
			return FR_ERR_SYNTAX;
		if (text.len && text.p[0] != ';')
			return FR_ERR_SYNTAX;
		text = fr_str_trim(fr_str_sub(text, 1, text.len));
	}
	return e->node_len ? 0 : FR_ERR_SYNTAX;
}

/* --- the chain --- */

/* The node that an element of the field names. */
static int read_node(enum fr_field_id id, struct fr_str text, struct fr_ip *ip, uint16_t *port,
                     struct fr_str *scheme)
{
	struct element e;

	*scheme = (struct fr_str){0};
	if (id == FR_FIELD_X_FORWARDED_FOR)
		return parse_node(text, ip, port);
	if (read_element(text, &e) < 0)
		return FR_ERR_SYNTAX;
	*scheme = e.scheme;
	return parse_node(fr_str_make(e.node, e.node_len), ip, port);
}

/* hops: read from the right, so the client is the last of them; turned round here. */
static void turn(struct fr_ip *hops, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		struct fr_ip t = hops[i];

		hops[i] = hops[n - 1 - i];
		hops[n - 1 - i] = t;
	}
}

static void read_chain(const struct fr_fields *f, enum fr_field_id id,
                       const struct fr_ip_set *trusted, struct fr_forwarded *out)
{
	struct fr_str element, scheme = {0};
	struct cursor c;

	cursor_init(&c, f, id);
	out->kind = FR_FORWARDED_MALFORMED; /* until the client is found */
	while (previous(&c, &element)) {
		struct fr_ip *ip = &out->hops[out->n_hops];

		if (out->n_hops == FR_FORWARDED_MAX_HOPS ||
		    read_node(id, element, ip, &out->port, &scheme) < 0)
			return;
		out->n_hops++;
		if (!fr_ip_set_has(trusted, ip))
			break;
	}
	if (out->n_hops == 0)
		return; /* nothing but commas */
	out->kind = FR_FORWARDED_CLIENT;
	out->scheme = scheme;
	turn(out->hops, out->n_hops);
}

void fr_forwarded_read(const struct fr_fields *f, const struct fr_ip_set *trusted,
                       struct fr_forwarded *out)
{
	out->kind = FR_FORWARDED_NONE;
	out->n_hops = 0;
	out->port = 0;
	out->scheme = (struct fr_str){0};
	if (fr_fields_get(f, FR_FIELD_X_FORWARDED_FOR))
		read_chain(f, FR_FIELD_X_FORWARDED_FOR, trusted, out);
	else if (fr_fields_get(f, FR_FIELD_FORWARDED))
		read_chain(f, FR_FIELD_FORWARDED, trusted, out);
	if (out->kind == FR_FORWARDED_MALFORMED)
		out->port = 0;
	if (fr_fields_get(f, FR_FIELD_X_FORWARDED_PROTO))
		out->scheme = forwarded_scheme(f);
}
