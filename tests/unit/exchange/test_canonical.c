#include "exchange/canonical.h"

#include "arena_fixture.h"
#include "base/buf.h"
#include "http/codings.h"
#include "http/h1.h"
#include "http/trust.h"
#include "http/url.h"

static void add(struct fr_request *req, const char *name, const char *value)
{
	assert_int_equal(fr_fields_add(&req->fields, S(name), S(value)), 0);
}

static void begin(struct fr_request *req, const char *target)
{
	fr_request_init(req, &arena);
	req->method = FR_METHOD_GET;
	req->method_text = S("GET");
	req->scheme = S("https");
	req->authority = S("a.example");
	req->target = S(target);
	req->version = FR_HTTP_1_1;
}

static struct fr_str value(const struct fr_request *req, const char *name)
{
	const struct fr_field *f = fr_fields_find(&req->fields, S(name));

	return f ? f->value : (struct fr_str){0};
}

static void make(struct fr_request *req)
{
	struct fr_canonical c;

	assert_int_equal(fr_canonical_make(&arena, req, &c), 0);
}

/* --- the first step --- */

static void what_only_a_proxy_says_is_gone(void **state)
{
	static const char *const gone[] = {"x-forwarded-for", "x-forwarded-port",
	                                   "forwarded",       "x-real-ip",
	                                   "true-client-ip",  "x-original-url",
	                                   "x-rewrite-url",   "x-host",
	                                   "x_forwarded_for", "accept_language",
	                                   "x.real.ip",       "proxy",
	                                   "connection",      "te",
	                                   "x-named",         "proxy-authorization",
	                                   "keep-alive",      "content-length",
	                                   "http2-settings",  "client-cert"};
	struct fr_request req;

	(void)state;
	begin(&req, "/");
	for (size_t i = 0; i < FR_ARRAY_LEN(gone); i++)
		add(&req, gone[i], strcmp(gone[i], "connection") == 0 ? "x-named, cookie" : "1");
	add(&req, "cookie", "a=b");
	add(&req, "x-kept", "1");
	make(&req);
	for (size_t i = 0; i < FR_ARRAY_LEN(gone); i++)
		if (fr_fields_find(&req.fields, S(gone[i])))
			fail_msg("%s", gone[i]);
	assert_int_equal(req.fields.n, 2);
	assert_str(value(&req, "cookie"), "a=b");
	assert_false(req.has_override);
}

static void connection_takes_nothing_that_is_known(void **state)
{
	static const char *const kept[] = {"accept-language", "accept",        "range",
	                                   "cookie",          "authorization", "if-none-match",
	                                   "user-agent"};
	struct fr_request req;

	(void)state;
	begin(&req, "/");
	for (size_t i = 0; i < FR_ARRAY_LEN(kept); i++) {
		add(&req, "connection", kept[i]);
		add(&req, kept[i], "1");
	}
	make(&req);
	for (size_t i = 0; i < FR_ARRAY_LEN(kept); i++)
		assert_str(value(&req, kept[i]), "1");
}

static void a_malformed_connection_is_refused(void **state)
{
	struct fr_request req;
	struct fr_canonical c;

	(void)state;
	begin(&req, "/");
	add(&req, "connection", "close, \"x");
	assert_int_equal(fr_canonical_make(&arena, &req, &c), FR_ERR_SYNTAX);
}

static void method_overrides_are_told(void **state)
{
	static const char *const names[] = {"x-http-method-override", "x-http-method",
	                                    "x-method-override"};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(names); i++) {
		struct fr_request req;

		begin(&req, "/");
		add(&req, names[i], "DELETE");
		make(&req);
		assert_true(req.has_override);
		assert_str(value(&req, names[i]), "DELETE");
	}
}

static void lists_have_one_form(void **state)
{
	struct fr_request req;
	struct fr_canonical c;

	(void)state;
	begin(&req, "/");
	add(&req, "accept", "text/html");
	add(&req, "accept-encoding", "gzip;q=0.5, sdch");
	add(&req, "accept-language", "de , en");
	add(&req, "accept", "*/*");
	add(&req, "accept-encoding", "br");
	assert_int_equal(fr_canonical_make(&arena, &req, &c), 0);
	assert_int_equal(req.fields.n, 3);
	assert_str(value(&req, "accept"), "text/html,*/*");
	assert_str(value(&req, "accept-language"), "de,en");
	assert_str(value(&req, "accept-encoding"), "gzip, br");
	assert_str(c.accept_encoding, "gzip;q=0.5, sdch");
}

static void the_values_of_browsers_are_in_form(void **state)
{
	(void)state;
	for (unsigned i = 0; i < FR_CODINGS_USUAL; i++) {
		struct fr_str text = fr_codings_usual_text(i);
		char out[FR_CODINGS_BYTES];
		struct fr_request req;

		begin(&req, "/");
		add(&req, "accept-encoding", text.p);
		assert_int_equal(fr_codings_usual(text), i);
		assert_str(
			fr_str_make(out, fr_codings_format(fr_codings_accepted(&req.fields), out)),
			text.p);
	}
	assert_int_equal(fr_codings_usual(S("br, gzip")), FR_CODINGS_USUAL);
}

/* Two lines that each have a usual form have weights of their own. */
static void accept_encoding_is_weighed_as_a_whole(void **state)
{
	static const struct {
		const char *first, *second;
		bool is_usual;
		unsigned gzip, br;
	} rows[] = {
		{NULL, NULL, true, 0, 0},
		{"gzip", NULL, true, 0, 0},
		{"gzip;q=0.5", NULL, false, 500, 0},
		{"gzip", "br", false, 1000, 1000},
		{"gzip", "br;q=0.5", false, 1000, 500},
		{"br", "gzip;q=0", false, 0, 1000},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		struct fr_request req;
		struct fr_canonical c;

		begin(&req, "/");
		if (rows[i].first)
			add(&req, "accept-encoding", rows[i].first);
		if (rows[i].second)
			add(&req, "accept-encoding", rows[i].second);
		assert_int_equal(fr_canonical_make(&arena, &req, &c), 0);
		assert_int_equal(c.usual_codings < FR_CODINGS_USUAL, rows[i].is_usual);
		if (rows[i].is_usual)
			continue;
		assert_int_equal(c.weights.of[FR_CODING_GZIP], rows[i].gzip);
		assert_int_equal(c.weights.of[FR_CODING_BR], rows[i].br);
	}
}

/* --- the second --- */

static void the_origin_is_told_what_the_edge_knows(void **state)
{
	struct fr_canonical_hop hop = {.peer = S("2001:db8::1"), .loop = S("forerun;id=1")};
	struct fr_request req, to;

	(void)state;
	begin(&req, "/a?b");
	add(&req, "x-forwarded-for", "192.0.2.66");
	add(&req, "x-real-ip", "192.0.2.66");
	add(&req, "via", "1.1 x");
	make(&req);
	assert_int_equal(fr_canonical_forward(&arena, &req, &hop, &to), 0);
	assert_str(value(&to, "x-forwarded-for"), "2001:db8::1");
	assert_str(value(&to, "x-real-ip"), "2001:db8::1");
	assert_str(value(&to, "forwarded"), "for=\"[2001:db8::1]\";host=\"a.example\";proto=https");
	assert_str(value(&to, "x-forwarded-host"), "a.example");
	assert_str(value(&to, "x-forwarded-proto"), "https");
	assert_int_equal(fr_fields_count(&to.fields, FR_FIELD_VIA), 0);
	assert_str(value(&to, "cdn-loop"), "forerun;id=1");
	assert_true(fr_canonical_came_back(&to.fields, S("forerun;id=1")));
	assert_false(fr_canonical_came_back(&to.fields, S("forerun;id=2")));
	assert_false(fr_canonical_came_back(&req.fields, S("forerun;id=1")));
	assert_str(to.target, "/a?b");
	/* the canonical request is as it was, for who asks again */
	assert_int_equal(req.fields.n, 1);
	hop.via = true;
	assert_int_equal(fr_canonical_forward(&arena, &req, &hop, &to), 0);
	assert_int_equal(fr_fields_count(&to.fields, FR_FIELD_VIA), 2);
}

static struct fr_ip ip_of(const char *text)
{
	struct fr_ip ip;

	assert_int_equal(fr_ip_parse(S(text), &ip), 0);
	return ip;
}

static void the_origin_is_told_who_a_proxy_speaks_for(void **state)
{
	struct fr_ip chain[] = {ip_of("192.0.2.66"), ip_of("2001:db8::7")};
	struct fr_canonical_hop hop = {
		.peer = S("10.0.0.1"), .chain = chain, .n_chain = 2, .loop = S("forerun")};
	struct fr_request req, to;

	(void)state;
	begin(&req, "/");
	add(&req, "x-forwarded-for", "198.51.100.1, 192.0.2.66, 2001:db8::7");
	make(&req);
	assert_int_equal(fr_canonical_forward(&arena, &req, &hop, &to), 0);
	assert_str(value(&to, "x-forwarded-for"), "192.0.2.66, 2001:db8::7, 10.0.0.1");
	assert_str(value(&to, "x-real-ip"), "192.0.2.66");
	assert_str(value(&to, "forwarded"),
	           "for=192.0.2.66;host=\"a.example\";proto=https, for=\"[2001:db8::7]\", "
	           "for=10.0.0.1");
	/* a proxy on a Unix socket has no address to tell */
	hop.peer = S("unix");
	hop.n_chain = 1;
	assert_int_equal(fr_canonical_forward(&arena, &req, &hop, &to), 0);
	assert_str(value(&to, "x-forwarded-for"), "192.0.2.66");
	assert_str(value(&to, "forwarded"),
	           "for=192.0.2.66;host=\"a.example\";proto=https, for=_unix");
}

static void requests_in_circles_end(void **state)
{
	static const struct {
		const char *name, *value;
		bool ends;
	} rows[] = {
		{"via", "1.1 forerun", true},
		{"cdn-loop", "forerun", true},
		{"cdn-loop", "other, forerun; v=1 , third", true},
		{"cdn-loop", "forerun2", false},
		{"cdn-loop", "other;by=forerun", false},
		{"via", "1.1 other", false},
	};
	struct fr_canonical_hop hop = {.peer = S("192.0.2.1"), .loop = S("forerun")};

	(void)state;
	for (size_t k = 0; k < FR_ARRAY_LEN(rows); k++) {
		struct fr_request req, to;

		begin(&req, "/");
		for (unsigned i = 0; i < FR_CANONICAL_MAX_HOPS; i++)
			add(&req, rows[k].name, rows[k].value);
		make(&req);
		assert_int_equal(fr_canonical_forward(&arena, &req, &hop, &to),
		                 rows[k].ends ? FR_ERR_LIMIT : 0);
	}
}

/* --- the promise: equal key and variant, equal request --- */

static uint32_t seed;

static uint32_t dice(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 16) % n;
}

/* Several spellings of few things. */
static const char *const authorities[] = {"a.example",      "A.Example",  "a.example.",
                                          "a.example:443",  "a.example:", "a.example:8443",
                                          "A.EXAMPLE.:0443"};
static const char *const targets[] = {"/",     "/?",         "/?page=1",   "/?p%61ge=1",
                                      "/?x=1", "/?page=1&x", "/?x&page=1", "//",
                                      "/%61",  "/a",         "/a/..%2f"};
static const struct {
	const char *name, *value;
} fields[] = {
	{"accept-encoding", "gzip, br"},
	{"accept-encoding", "br;q=0.1,GZIP"},
	{"accept-encoding", "gzip"},
	{"accept-encoding", "br"},
	{"accept-encoding", ""},
	{"accept-encoding", "identity"},
	{"accept", "a/b,c/d"},
	{"accept", "a/b ,\tc/d"},
	{"accept", "a/b"},
	{"accept", "c/d"},
	{"accept", ","},
	{"accept-language", "de"},
	{"accept-language", "en,de"},
	{"accept-language", "en, de"},
	{"accept_language", "de"},
	{"x-a", "1,2"},
	{"x-a", "1, 2"},
	{"x-a", "1"},
	{"x-a", "2"},
	{"x-a", ""},
	{"x_a", "1"},
	{"cookie", "a=1"},
	{"cookie", "a=1; b=2"},
	{"connection", "x-a"},
	{"connection", "accept-language, close"},
	{"connection", "x-a, x-forwarded-proto"},
	{"te", "trailers"},
	{"forwarded", "for=192.0.2.66;host=b"},
	{"x-forwarded-for", "192.0.2.66"},
	{"x-forwarded-proto", "http"},
	{"x-forwarded-host", "b"},
	{"x-forwarded-port", "1"},
	{"x-real-ip", "192.0.2.66"},
	{"x-original-url", "/b"},
	{"true-client-ip", "192.0.2.66"},
	{"via", "1.1 x"},
	{"cdn-loop", "x"},
};
static const char *const varies[] = {"",
                                     "Accept-Encoding",
                                     "accept",
                                     "Accept-Language, X-A",
                                     "X-A",
                                     "Cookie, accept-encoding",
                                     "Accept_Language",
                                     "X-Forwarded-Port, X-A",
                                     "X-A, X_A",
                                     "True-Client-IP, X-Original-URL",
                                     "Host, User-Agent"};
static const char *const only[] = {"page"};

/* What differs from client to client, and no stored response varies on. */
static const char *const per_client[] = {"cdn-loop", "forwarded", "x-forwarded-for", "x-real-ip"};

static void random_request(struct fr_request *req)
{
	uint32_t n = dice(4);

	begin(req, targets[dice(FR_ARRAY_LEN(targets))]);
	req->authority = S(authorities[dice(FR_ARRAY_LEN(authorities))]);
	req->version = dice(2) ? FR_HTTP_1_1 : FR_HTTP_2;
	while (n--) {
		uint32_t i = dice(FR_ARRAY_LEN(fields));

		add(req, fields[i].name, fields[i].value);
	}
	assert_int_equal(
		fr_authority_canonical(&arena, req->scheme, req->authority, &req->authority), 0);
	make(req);
}

static bool is_named(struct fr_str vary, struct fr_str name)
{
	struct fr_str item;

	while (fr_str_next_item(&vary, &item))
		if (fr_str_ieq(item, name))
			return true;
	return false;
}

/* What counts of a field: neither what is each client's own, nor what the client sent
 * and the response does not vary by. What the edge adds counts. */
static bool counts(const struct fr_field *f, const struct fr_request *canonical, struct fr_str vary)
{
	for (size_t i = 0; i < FR_ARRAY_LEN(per_client); i++)
		if (fr_str_is(f->name, per_client[i]))
			return false;
	return is_named(vary, f->name) || !fr_fields_find(&canonical->fields, f->name);
}

static bool is_before(struct fr_str a, struct fr_str b)
{
	int order = memcmp(a.p, b.p, a.len < b.len ? a.len : b.len);

	return order ? order < 0 : a.len < b.len;
}

/* As the origin's connection writes it, with its fields in the order of their names
 * (RFC 9110 §5.3: the order of different fields says nothing). */
static void write_sent(const struct fr_request *req, const struct fr_query_rule *rule,
                       struct fr_str vary, struct fr_buf *out)
{
	struct fr_canonical_hop hop = {.peer = S(dice(2) ? "192.0.2.1" : "192.0.2.2"),
	                               .loop = S("forerun"),
	                               .query = rule};
	struct fr_request sent, shown;

	assert_int_equal(fr_canonical_forward(&arena, req, &hop, &sent), 0);
	shown = sent;
	fr_fields_init(&shown.fields, &arena);
	for (size_t left = sent.fields.n; left--;) {
		const struct fr_field *least = NULL;

		for (size_t i = 0; i < sent.fields.n; i++) {
			const struct fr_field *f = &sent.fields.v[i];

			if (f->name.len && (!least || is_before(f->name, least->name)))
				least = f;
		}
		if (counts(least, req, vary))
			assert_int_equal(fr_fields_add(&shown.fields, least->name, least->value),
			                 0);
		((struct fr_field *)(uintptr_t)least)->name.len = 0;
	}
	fr_buf_init(out, 1u << 16);
	assert_int_equal(fr_h1_write_request(out, &shown, NULL, NULL), 0);
}

static bool varies_on_all(const char *vary)
{
	struct fr_fields f;

	fr_fields_init(&f, &arena);
	assert_int_equal(fr_fields_add_id(&f, FR_FIELD_VARY, S(vary)), 0);
	return fr_vary_is_any(&f);
}

static void requests_of_one_key_and_variant_are_one_request(void **state)
{
	const struct fr_query_rule rules[] = {{.policy = FR_QUERY_KEEP},
	                                      {.policy = FR_QUERY_IGNORE},
	                                      {.policy = FR_QUERY_ONLY, .names = only, .n = 1}};
	unsigned equal = 0;

	(void)state;
	seed = 20;
	for (unsigned round = 0; round < 100000; round++) {
		const struct fr_query_rule *rule = &rules[dice(FR_ARRAY_LEN(rules))];
		const char *vary = varies[dice(FR_ARRAY_LEN(varies))];
		struct fr_str key[2], values[2];
		struct fr_request req[2];
		struct fr_buf sent[2];

		fr_arena_reset(&arena);
		if (varies_on_all(vary))
			continue;
		for (int i = 0; i < 2; i++) {
			random_request(&req[i]);
			assert_int_equal(fr_cache_key(&arena, &req[i], rule, &key[i]), 0);
			assert_int_equal(
				fr_vary_values(&arena, S(vary), &req[i].fields, &values[i]), 0);
		}
		if (!fr_str_eq(key[0], key[1]) || !fr_str_eq(values[0], values[1]))
			continue;
		equal++;
		for (int i = 0; i < 2; i++)
			write_sent(&req[i], rule, S(vary), &sent[i]);
		if (fr_buf_len(&sent[0]) != fr_buf_len(&sent[1]) ||
		    memcmp(fr_buf_data(&sent[0]), fr_buf_data(&sent[1]), fr_buf_len(&sent[0])) != 0)
			fail_msg("Vary: %s\n%.*s\n%.*s", vary, (int)fr_buf_len(&sent[0]),
			         (const char *)fr_buf_data(&sent[0]), (int)fr_buf_len(&sent[1]),
			         (const char *)fr_buf_data(&sent[1]));
		for (int i = 0; i < 2; i++)
			fr_buf_fini(&sent[i]);
	}
	assert_true(equal > 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_only_a_proxy_says_is_gone),
		T(connection_takes_nothing_that_is_known),
		T(a_malformed_connection_is_refused),
		T(method_overrides_are_told),
		T(lists_have_one_form),
		T(the_values_of_browsers_are_in_form),
		T(accept_encoding_is_weighed_as_a_whole),
		T(the_origin_is_told_what_the_edge_knows),
		T(the_origin_is_told_who_a_proxy_speaks_for),
		T(requests_in_circles_end),
		T(requests_of_one_key_and_variant_are_one_request),
	};

	RUN(tests);
}
