#include "config/settings.h"
#include "config_fixture.h"

static struct fr_arena arena;

static int tear_down(void **state)
{
	(void)state;
	fr_arena_fini(&arena);
	drop_config();
	return 0;
}

/* As rules match it; until the next. */
static const struct fr_url_path *at(const char *target)
{
	static struct fr_url_path path;

	fr_arena_fini(&arena);
	fr_arena_init(&arena, 1u << 16);
	assert_int_equal(fr_url_path_read(&arena, S(target), &path), 0);
	return &path;
}

#define SMALL                                                                                      \
	"listen: [{address: \"127.0.0.1:0\"}]\nsites:\n  - hosts: [\"*\"]\n    origin: {url: "     \
	"\"http://o\"}\n"

static void a_small_file_gets_every_default(void **state)
{
	(void)state;
	assert_int_equal(parse(SMALL), 0);
#define X(key, member, kind, value, least, most) assert_int_equal(config->timeouts.member, value);
	FR_SETTINGS_TIMEOUTS(X)
#undef X
#define X(key, member, kind, value, least, most) assert_int_equal(config->limits.member, value);
	FR_SETTINGS_LIMITS(X)
#undef X
#define X(key, member, kind, value, least, most) assert_int_equal(config->http2.member, value);
	FR_SETTINGS_HTTP2(X)
#undef X
#define X(key, member, kind, value, least, most)                                                   \
	assert_int_equal(config->sites[0].origin.member, value);
	FR_SETTINGS_ORIGIN(X)
#undef X
#define X(key, member, kind, value, least, most)                                                   \
	assert_int_equal(config->sites[0].hints.member, value);
	FR_SETTINGS_HINTS(X)
#undef X
	assert_int_equal(config->sites[0].origin.port, 80);
	assert_string_equal(config->log_level, "info");
	assert_true(config->listeners[0].tls);
}

static void values_are_read_with_their_units(void **state)
{
	(void)state;
	assert_int_equal(
		parse(SMALL "timeouts: {idle: 2m, body: 1500ms, drain: 1h}\n"
	                    "limits: {fields: 32KiB, request_line: 1000, response_buffer: 1MiB}\n"
	                    "workers: 3\n"),
		0);
	assert_int_equal(config->timeouts.idle_ms, 120000);
	assert_int_equal(config->timeouts.body_ms, 1500);
	assert_int_equal(config->timeouts.drain_ms, 3600000);
	assert_int_equal(config->limits.fields_bytes, 32768);
	assert_int_equal(config->limits.request_line_bytes, 1000);
	assert_int_equal(config->limits.response_buffer_bytes, 1048576);
	assert_int_equal(config->workers, 3);
}

static void errors_name_file_line_and_key(void **state)
{
	static const char *const cases[][2] = {
		{SMALL "timeouts:\n  idle: 2\n", "edge.yaml:6: timeouts.idle: expected a duration "
	                                         "like 500ms, 30s, 2m or 1h, not '2'"},
		{SMALL "timeouts:\n  drain: 5s\n  idle: 90h\n",
	         "edge.yaml:7: timeouts.idle: '90h' is out of bounds: 100 to 86400000 "
	         "milliseconds"},
		{SMALL "limits: {fields: 1}\n",
	         "edge.yaml:5: limits.fields: '1' is out of bounds: 1024 to 1048576 bytes"},
		{SMALL "limits: {fields: 99999999999999999999}\n", "edge.yaml:5: limits.fields: "},
		{SMALL "limits: {fields: -1}\n", "edge.yaml:5: limits.fields: expected a size"},
		{SMALL "workers: many\n", "edge.yaml:5: workers: expected a number, not 'many'"},
		{SMALL "log: {level: loud}\n", "edge.yaml:5: log.level: expected error"},
		{SMALL "colour: red\n", "edge.yaml:5: colour: unknown key"},
		{SMALL "timeouts: {idel: 2m}\n", "edge.yaml:5: timeouts.idel: unknown key"},
		{"listen: [{address: \"*:0\"}]\nsites:\n  - hosts: [a]\n    origin: {url: "
	         "http://x}\n  - hosts: [b]\n    origin:\n      url: http://x\n      speed: 9\n",
	         "edge.yaml:8: sites[1].origin.speed: unknown key"},
		{"listen: [{address: x}]\nsites: []\n", "edge.yaml:1: listen[0].address: expected"},
		{"listen:\n  - address: \"*:1\"\n  - address: \"*:1\"\nsites: []\n",
	         "edge.yaml:3: listen[1].address: '*:1' is listed twice"},
		{"sites: []\n", "listen: at least one listener is needed"},
		{"listen: [{address: \"*:0\"}]\n", "sites: at least one site is needed"},
		{"listen: [{address: \"*:0\"}]\nsites:\n  - hosts: [a]\n    origin:\n      url: "
	         "ftp://x\n",
	         "edge.yaml:5: sites[0].origin.url: "},
		{"listen: [{address: \"*:0\"}]\nsites:\n  - hosts: [a, \"b c\"]\n    origin: {url: "
	         "http://x}\n",
	         "edge.yaml:3: sites[0].hosts[1]: "},
		{"listen: [{address: \"*:0\"}]\nsites:\n  - hosts: [a]\n    origin: {url: "
	         "http://x}\n"
	         "  - hosts: [A]\n    origin: {url: http://x}\n",
	         "edge.yaml:5: sites[1].hosts[0]: 'a' is listed twice"},
		{"listen: [{address: \"*:0\"}]\nsites:\n  - hosts: [a]\n    origin: {url: "
	         "http://x}\n"
	         "    tls: {certificate: c.pem}\n",
	         "sites[0].tls: certificate and key belong together"},
		{"listen: [{address: \"*:0\"}]\nsites:\n  - hosts: [a]\n    origin: {url: "
	         "http://x}\n"
	         "    paths: [{prefix: a}]\n",
	         "a prefix begins with '/'"},
		{"listen: &a [{address: \"*:0\"}]\nsites: *a\n", "edge.yaml:"},
		{"a: [", "edge.yaml:"},
		{"", "edge.yaml:1: "},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(cases); i++) {
		assert_true(parse(cases[i][0]) < 0);
		if (!strstr(why.text, cases[i][1]) || strchr(why.text, '\n'))
			fail_msg("%s\nnot: %s", why.text, cases[i][1]);
	}
}

static void hosts_are_found_exact_first_then_the_longest_wildcard(void **state)
{
	static const char *const cases[][2] = {{"a.test", "1"},
	                                       {"x.a.test", "2"},
	                                       {"y.x.a.test", "3"},
	                                       {"x.y.a.test", "2"},
	                                       {"b.test", "4"},
	                                       {"a.test.evil", "4"},
	                                       {"", "4"}};

	(void)state;
	assert_int_equal(parse("listen: [{address: \"*:0\"}]\nsites:\n"
	                       "  - {hosts: [\"*\"], origin: {url: \"http://4\"}}\n"
	                       "  - {hosts: [\"*.a.test\"], origin: {url: \"http://2\"}}\n"
	                       "  - {hosts: [A.test], origin: {url: \"http://1\"}}\n"
	                       "  - {hosts: [\"*.x.a.test\"], origin: {url: \"http://3\"}}\n"),
	                 0);
	for (size_t i = 0; i < FR_ARRAY_LEN(cases); i++)
		assert_string_equal(fr_config_find_site(config, S(cases[i][0]))->origin.host,
		                    cases[i][1]);
}

static void an_unknown_host_has_no_site(void **state)
{
	(void)state;
	assert_int_equal(parse("listen: [{address: \"*:0\"}]\nsites:\n"
	                       "  - {hosts: [\"*.a.test\"], origin: {url: \"http://o\"}}\n"),
	                 0);
	assert_null(fr_config_find_site(config, S("a.test")));
	assert_null(fr_config_find_site(config, S("ba.test")));
}

static void path_hints_change_only_what_they_write(void **state)
{
	const struct fr_config_site *site;

	(void)state;
	assert_int_equal(
		parse("listen: [{address: \"*:0\"}]\nsites:\n"
	              "  - hosts: [\"*\"]\n    origin: {url: \"http://o\"}\n"
	              "    hints: {max_pushes_per_page: 7}\n"
	              "    paths:\n"
	              "      - {prefix: /a, hints: {push: false}}\n"
	              "      - {prefix: /a/b, hints: {push: true, max_pushes_per_page: 1}}\n"),
		0);
	site = &config->sites[0];
	assert_true(fr_config_find_hints(site, at("/"))->push);
	assert_true(fr_config_find_hints(site, at("/ab"))->push);
	assert_false(fr_config_find_hints(site, at("/a"))->push);
	assert_false(fr_config_find_hints(site, at("/a?x"))->push);
	assert_false(fr_config_find_hints(site, at("/a/bc"))->push);
	assert_int_equal(fr_config_find_hints(site, at("/a"))->max_pushes_page, 7);
	assert_int_equal(fr_config_find_hints(site, at("/a/b/c"))->max_pushes_page, 1);
}

static void cache_rules_of_a_path_replace_those_of_its_site(void **state)
{
	const struct fr_config_cache *site, *path;

	(void)state;
	assert_int_equal(parse("listen: [{address: \"*:0\"}]\ncache: {memory: 6GiB}\nsites:\n"
	                       "  - hosts: [\"*\"]\n    origin: {url: \"http://o\"}\n"
	                       "    cache: {query_only: [id, page], bypass_cookies: [\"wp_*\"]}\n"
	                       "    paths:\n"
	                       "      - {prefix: /a, cache: {query_only: [x], ttl: 5m}}\n"
	                       "      - {prefix: /b, cache: {enabled: false}}\n"),
	                 0);
	assert_int_equal(config->store.memory_mib, 6144);
	site = fr_config_find_cache(&config->sites[0], at("/"));
	path = fr_config_find_cache(&config->sites[0], at("/a"));
	assert_int_equal(site->n_query_only, 2);
	assert_string_equal(site->query_only[1], "page");
	assert_int_equal(path->n_query_only, 1);
	assert_int_equal(path->ttl_ms, 300000);
	assert_ptr_equal(path->bypass_cookies, site->bypass_cookies);
	assert_false(fr_config_find_cache(&config->sites[0], at("/b/c"))->enabled);
	assert_true(parse(SMALL "cache: {memory: 1000KiB}\n") < 0);
	assert_non_null(strstr(why.text, "edge.yaml:5: cache.memory: expected a size like 512MiB"));
}

static void the_admin_interface_needs_a_token_over_tcp(void **state)
{
	(void)state;
	assert_int_equal(parse(SMALL "admin: {listen: \"unix:/x\"}\n"), 0);
	assert_int_equal(config->n_listeners, 2);
	assert_true(config->listeners[1].is_admin && !config->listeners[1].tls);
	fr_config_default_admin(config, "/y");
	assert_int_equal(config->n_listeners, 2);
	assert_true(parse(SMALL "admin: {listen: \"*:1\"}\n") < 0);
	assert_non_null(strstr(why.text, "edge.yaml:5: admin.listen: over TCP a token is needed"));
	assert_true(parse(SMALL "admin: {listen: \"*:1\", token_file: /nonexistent}\n") < 0);
	assert_non_null(strstr(why.text, "admin.token_file"));
	assert_true(parse(SMALL "admin: {listen: \"127.0.0.1:0\"}\n") < 0);
	assert_int_equal(parse(SMALL), 0);
	fr_config_default_admin(config, "/y");
	assert_int_equal(config->n_listeners, 2);
	assert_string_equal(config->listeners[1].path, "/y");
	assert_int_equal(parse(SMALL "admin: {listen: none}\n"), 0);
	fr_config_default_admin(config, "/y");
	assert_int_equal(config->n_listeners, 1);
}

static void addresses_of_listeners_are_understood(void **state)
{
	(void)state;
	assert_int_equal(
		parse("listen:\n  - address: \"[::1]:443\"\n  - address: \"*:80\"\n    tls: false\n"
	              "  - address: \"unix:/run/x.sock\"\nsites:\n"
	              "  - {hosts: [\"*\"], origin: {url: \"https://o:8443\"}}\n"),
		0);
	assert_string_equal(config->listeners[0].host, "::1");
	assert_int_equal(config->listeners[0].port, 443);
	assert_string_equal(config->listeners[1].host, "::");
	assert_false(config->listeners[1].tls);
	assert_int_equal(config->listeners[2].kind, FR_ADDRESS_UNIX);
	assert_string_equal(config->listeners[2].path, "/run/x.sock");
	assert_false(config->listeners[2].tls);
	assert_true(config->sites[0].origin.tls);
	assert_int_equal(config->sites[0].origin.port, 8443);
}

static void options_make_one_site_for_any_host(void **state)
{
	const char *listen[] = {"127.0.0.1:8443"}, *plain[] = {"unix:/x"};
	struct fr_config_args args = {.listen = listen,
	                              .n_listen = 1,
	                              .listen_plain = plain,
	                              .n_listen_plain = 1,
	                              .origin = "http://127.0.0.1:8080",
	                              .workers = 2};

	(void)state;
	assert_int_equal(fr_config_from_args(&args, &config, &why), 0);
	assert_int_equal(config->n_listeners, 2);
	assert_int_equal(config->workers, 2);
	assert_non_null(fr_config_find_site(config, S("anything")));
	fr_config_unref(&config);
	args.origin = "127.0.0.1:8080";
	assert_true(fr_config_from_args(&args, &config, &why) < 0);
	assert_non_null(strstr(why.text, "origin"));
}

static void caches_have_lists_of_cookies(void **state)
{
	static const char *const bad[] = {"a*b", "**", "", "a=b", "a;b", "a b"};
	char text[200];
	const struct fr_config_cache *c;

	(void)state;
	assert_int_equal(parse("listen: [{address: \"*:0\"}]\n"
	                       "sites:\n"
	                       "  - hosts: [\"*\"]\n"
	                       "    origin: {url: \"http://o\"}\n"
	                       "    cache: {bypass_cookies: [default, \"*_sid\", \"x*\", \"*\"]}\n"
	                       "    paths:\n"
	                       "      - {prefix: /a, cache: {bypass_cookies: []}}\n"
	                       "      - {prefix: /b, cache: {cookies: ignore}}\n"),
	                 0);
	c = fr_config_find_cache(&config->sites[0], at("/"));
	assert_int_equal(c->n_bypass_cookies, 4);
	assert_null(c->ignore_cookies);
	assert_int_equal(c->cookies, FR_CONFIG_COOKIES_CAUTIOUS);
	/* an empty list is not the built-in one */
	c = fr_config_find_cache(&config->sites[0], at("/a"));
	assert_int_equal(c->n_bypass_cookies, 0);
	assert_non_null(c->bypass_cookies);
	c = fr_config_find_cache(&config->sites[0], at("/b"));
	assert_int_equal(c->cookies, FR_CONFIG_COOKIES_IGNORE);
	assert_int_equal(c->n_bypass_cookies, 4);
	for (size_t i = 0; i < FR_ARRAY_LEN(bad); i++) {
		(void)snprintf(text, sizeof text,
		               "listen: [{address: \"*:0\"}]\n"
		               "sites: [{hosts: [\"*\"], origin: {url: \"http://o\"}, "
		               "cache: {ignore_cookies: [a, \"%s\"]}}]\n",
		               bad[i]);
		assert_int_equal(parse(text), FR_ERR_INVALID);
		assert_non_null(strstr(why.text, "cache.ignore_cookies[1]"));
	}
}

static void caches_have_modes(void **state)
{
	static const char *const bad[] = {"some", "", "Assets"};
	char text[200];

	(void)state;
	assert_int_equal(parse("listen: [{address: \"*:0\"}]\n"
	                       "sites:\n"
	                       "  - hosts: [\"*\"]\n"
	                       "    origin: {url: \"http://o\"}\n"
	                       "    paths:\n"
	                       "      - {prefix: /a, cache: {heuristics: all}}\n"
	                       "      - {prefix: /b, cache: {heuristics: off, ttl: 1s}}\n"),
	                 0);
	assert_int_equal(fr_config_find_cache(&config->sites[0], at("/"))->heuristics,
	                 FR_CONFIG_HEURISTICS_ASSETS);
	assert_int_equal(fr_config_find_cache(&config->sites[0], at("/a"))->heuristics,
	                 FR_CONFIG_HEURISTICS_ALL);
	assert_int_equal(fr_config_find_cache(&config->sites[0], at("/b"))->heuristics,
	                 FR_CONFIG_HEURISTICS_OFF);
	for (size_t i = 0; i < FR_ARRAY_LEN(bad); i++) {
		(void)snprintf(text, sizeof text,
		               "listen: [{address: \"*:0\"}]\n"
		               "sites: [{hosts: [\"*\"], origin: {url: \"http://o\"}, "
		               "cache: {heuristics: \"%s\"}}]\n",
		               bad[i]);
		assert_int_equal(parse(text), FR_ERR_INVALID);
		assert_non_null(strstr(why.text, "cache.heuristics"));
		assert_non_null(strstr(why.text, "expected assets, all or off"));
	}
}

static void hints_have_modes_rules_and_a_memory(void **state)
{
	const struct fr_config_hints *h;

	(void)state;
	assert_int_equal(
		parse("listen: [{address: \"*:0\"}]\n"
	              "hint_memory: {size: 2MiB, ttl: 1h, file: hints.db}\n"
	              "sites:\n"
	              "  - hosts: [\"*\"]\n"
	              "    origin: {url: \"http://o\"}\n"
	              "    hints: {early_hints: always, server_timing: 25%, query_only: [id]}\n"
	              "    paths: [{prefix: /a, hints: {early_hints: \"off\"}}]\n"
	              "    rules:\n"
	              "      - {path: \"/shop/*.html\", links: [\"</a.css>; rel=preload; "
	              "as=style\"]}\n"),
		0);
	assert_int_equal(config->hint_memory.size_mib, 2);
	assert_int_equal(config->hint_memory.ttl_ms, 3600000);
	assert_string_equal(config->hint_memory.file, "hints.db");
	h = fr_config_find_hints(&config->sites[0], at("/"));
	assert_int_equal(h->early_hints, FR_EARLY_HINTS_ALWAYS);
	assert_true(h->timing_debug);
	assert_int_equal(h->timing_percent, 25);
	assert_int_equal(h->n_query_only, 1);
	h = fr_config_find_hints(&config->sites[0], at("/a"));
	assert_int_equal(h->early_hints, FR_EARLY_HINTS_OFF);
	assert_int_equal(h->n_query_only, 1);
	assert_int_equal(config->sites[0].n_rules, 1);
}

static void links_with_stars_are_paths_of_the_site(void **state)
{
	static const struct {
		const char *link, *problem; /* NULL: none */
	} rows[] = {
		{"</app.*.css>; rel=preload; as=style", NULL},
		{"</a.css?ver=*>; rel=preload; as=style", NULL},
		{"<//cdn.example/a.*.css>; rel=preload; as=style", "one path of the site itself"},
		{"<https://cdn.example/a.*.css>; rel=preload; as=style",
	         "one path of the site itself"},
		{"<a.*.css>; rel=preload; as=style", "one path of the site itself"},
		{"</a.*.css>; rel=preload; as=style, </b.css>; rel=preload; as=style",
	         "one path of the site itself"},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		char text[512];
		int rc;

		(void)snprintf(
			text, sizeof text,
			"listen: [{address: \"*:0\"}]\n"
			"sites:\n"
			"  - hosts: [\"*\"]\n"
			"    origin: {url: \"http://o\"}\n"
			"    rules: [{path: /a, links: [\"%s\"]}, {path: /b, links: [\"%s\"]}]\n",
			rows[i].link, rows[i].link);
		rc = parse(text);
		if (rows[i].problem) {
			assert_true(rc < 0);
			assert_non_null(strstr(why.text, rows[i].problem));
			continue;
		}
		assert_int_equal(rc, 0);
		assert_int_equal(config->sites[0].n_patterns, 1); /* each once */
	}
}

static void rules_match_paths_with_stars(void **state)
{
	static const struct {
		const char *pattern, *target;
		bool matches;
	} cases[] = {
		{"/", "/", true},
		{"/", "/a", false},
		{"/a", "/a?x=1", true},
		{"/a/*", "/a/b/c", true},
		{"/a/*", "/a", false},
		{"*", "/anything", true},
		{"/*.html", "/x.html", true},
		{"/*.html", "/x.htm", false},
		{"/a*b*c", "/aXbYbZc", true},
		{"/a*b*c", "/aXbYbZ", false},
		{"/a**", "/a", true},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(cases); i++) {
		struct fr_config_rule rule = {.path = (char *)(uintptr_t)cases[i].pattern};

		if (fr_config_rule_matches(&rule, at(cases[i].target)) != cases[i].matches)
			fail_msg("%s and %s", cases[i].pattern, cases[i].target);
	}
}

static void spellings_of_a_path_have_the_same_rules(void **state)
{
	static const char *const same[] = {"/account",      "//account",    "/account/",
	                                   "/%61ccount",    "/acc%6Funt/x", "/account;a=b",
	                                   "/account%3Ba",  "/account?x",   "/account%3Fx",
	                                   "///account//x", "/;a/account"};
	static const char *const others[] = {"/accounts", "/a/account", "/Account"};
	const struct fr_config_site *site;

	(void)state;
	assert_int_equal(parse("listen: [{address: \"*:0\"}]\nsites:\n"
	                       "  - hosts: [\"*\"]\n    origin: {url: \"http://o\"}\n"
	                       "    paths: [{prefix: //acc%6funt, cache: {enabled: false}}]\n"),
	                 0);
	site = &config->sites[0];
	for (size_t i = 0; i < FR_ARRAY_LEN(same); i++)
		if (fr_config_find_cache(site, at(same[i]))->enabled)
			fail_msg("%s", same[i]);
	for (size_t i = 0; i < FR_ARRAY_LEN(others); i++)
		assert_true(fr_config_find_cache(site, at(others[i]))->enabled);
}

static void ambiguous_paths_have_neither_cache_nor_hints(void **state)
{
	struct fr_config_rule rule = {.path = (char *)(uintptr_t) "*"};
	const struct fr_url_path *path;

	(void)state;
	assert_int_equal(parse(SMALL), 0);
	path = at("/static/..%2faccount");
	assert_true(path->is_ambiguous);
	assert_false(fr_config_find_cache(&config->sites[0], path)->enabled);
	assert_false(fr_config_find_hints(&config->sites[0], path)->push);
	assert_false(fr_config_find_hints(&config->sites[0], path)->memory);
	assert_false(fr_config_find_hints(&config->sites[0], path)->html);
	assert_int_equal(fr_config_find_hints(&config->sites[0], path)->early_hints,
	                 FR_EARLY_HINTS_OFF);
	assert_false(fr_config_rule_matches(&rule, path));
	assert_true(parse("listen: [{address: \"*:0\"}]\nsites:\n"
	                  "  - hosts: [\"*\"]\n    origin: {url: \"http://o\"}\n"
	                  "    paths: [{prefix: /a%2fb, cache: {enabled: false}}]\n") < 0);
	assert_non_null(strstr(why.text, "sites[0].paths[0].prefix: '/a%2fb' has a dot segment"));
}

/* Any of the paths could be meant, and one of them may have secrets. */
static void an_ambiguous_path_is_compressed_only_where_no_path_has_rules(void **state)
{
	static const char head[] = "listen: [{address: \"*:0\"}]\nsites:\n"
				   "  - hosts: [\"*\"]\n    origin: {url: \"http://o\"}\n";
	char with_path[400];

	(void)state;
	assert_int_equal(parse(head), 0);
	assert_true(fr_config_find_compression(&config->sites[0], at("/a/..%2faccount"))->enabled);
	(void)snprintf(with_path, sizeof with_path,
	               "%s    paths: [{prefix: /account, compression: {enabled: false}}]\n", head);
	assert_int_equal(parse(with_path), 0);
	assert_false(fr_config_find_compression(&config->sites[0], at("/account"))->enabled);
	assert_false(fr_config_find_compression(&config->sites[0], at("/a/..%2faccount"))->enabled);
	assert_true(fr_config_find_compression(&config->sites[0], at("/a"))->enabled);
}

/* --- docs/configuration.md --- */

static char *read_docs(void)
{
	FILE *f = fopen(FR_TEST_DIR "/../../docs/configuration.md", "r");
	char *text = calloc(1, 1u << 18);

	assert_non_null(f);
	assert_non_null(text);
	assert_true(fread(text, 1, (1u << 18) - 1, f) > 0);
	(void)fclose(f);
	return text;
}

static void print_value(char *out, size_t cap, enum fr_setting_kind kind, uint32_t v)
{
	if (kind == FR_SETTING_SWITCH)
		(void)snprintf(out, cap, "%s", v ? "true" : "false");
	else if (kind == FR_SETTING_DURATION && v && v % 3600000 == 0)
		(void)snprintf(out, cap, "%uh", v / 3600000);
	else if (kind == FR_SETTING_DURATION && v && v % 60000 == 0)
		(void)snprintf(out, cap, "%um", v / 60000);
	else if (kind == FR_SETTING_DURATION && v && v % 1000 == 0)
		(void)snprintf(out, cap, "%us", v / 1000);
	else if (kind == FR_SETTING_DURATION)
		(void)snprintf(out, cap, "%ums", v);
	else if (kind == FR_SETTING_MEBIBYTES && v && v % 1024 == 0)
		(void)snprintf(out, cap, "%uGiB", v / 1024);
	else if (kind == FR_SETTING_MEBIBYTES)
		(void)snprintf(out, cap, "%uMiB", v);
	else if (kind == FR_SETTING_SIZE && v && v % FR_MIB == 0)
		(void)snprintf(out, cap, "%uMiB", v / FR_MIB);
	else if (kind == FR_SETTING_SIZE && v && v % FR_KIB == 0)
		(void)snprintf(out, cap, "%uKiB", v / FR_KIB);
	else
		(void)snprintf(out, cap, "%u", v);
}

static void check_row(const char *docs, const char *group, const char *key,
                      enum fr_setting_kind kind, uint32_t value, uint32_t least, uint32_t most)
{
	char row[256], def[32], lo[32], hi[32];

	print_value(def, sizeof def, kind, value);
	print_value(lo, sizeof lo, kind, least);
	print_value(hi, sizeof hi, kind, most);
	if (kind == FR_SETTING_SWITCH)
		(void)snprintf(row, sizeof row, "| `%s.%s` | `%s` | `true`, `false` | ", group, key,
		               def);
	else
		(void)snprintf(row, sizeof row, "| `%s.%s` | `%s` | `%s` to `%s` | ", group, key,
		               def, lo, hi);
	if (!strstr(docs, row))
		fail_msg("docs/configuration.md lacks: %s", row);
}

static void check_list(const char *docs, const char *group, const char *key)
{
	char row[128];

	(void)snprintf(row, sizeof row, "| `%s%s` | none | ", group, key);
	if (strstr(docs, row))
		return;
	(void)snprintf(row, sizeof row, "| `%s%s` | `[default]` | ", group, key);
	if (!strstr(docs, row))
		fail_msg("docs/configuration.md lacks: %s", row);
}

static void every_setting_is_documented_with_default_and_bounds(void **state)
{
	char *docs = read_docs();

	(void)state;
#define X(key, member, kind, value, least, most)                                                   \
	check_row(docs, group, #key, FR_SETTING_##kind, value, least, most);
#define GROUP(name, table)                                                                         \
	do {                                                                                       \
		const char *group = name;                                                          \
		table(X)                                                                           \
	} while (0)
	GROUP("timeouts", FR_SETTINGS_TIMEOUTS);
	GROUP("limits", FR_SETTINGS_LIMITS);
	GROUP("http2", FR_SETTINGS_HTTP2);
	GROUP("origin", FR_SETTINGS_ORIGIN);
	GROUP("hints", FR_SETTINGS_HINTS);
	GROUP("cache", FR_SETTINGS_STORE);
	GROUP("cache", FR_SETTINGS_CACHE);
	GROUP("hint_memory", FR_SETTINGS_HINT_MEMORY);
	GROUP("access_log", FR_SETTINGS_ACCESS_LOG);
	GROUP("security", FR_SETTINGS_SECURITY);
#undef X
#define X(key, most) check_list(docs, group, #key);
	GROUP("hints.", FR_LISTS_HINTS);
	GROUP("cache.", FR_LISTS_CACHE);
	GROUP("sites[].", FR_LISTS_SITE);
#undef X
	free(docs);
}

/* The first YAML block of the page is a file that works. */
static void the_documented_example_is_valid(void **state)
{
	char *docs = read_docs();
	char *from = strstr(docs, "```yaml\n"), *to;

	(void)state;
	assert_non_null(from);
	from += strlen("```yaml\n");
	to = strstr(from, "```");
	assert_non_null(to);
	*to = '\0';
	if (parse(from) < 0)
		fail_msg("%s", why.text);
	assert_int_equal(config->n_sites, 1);
	free(docs);
}

#define T(f) cmocka_unit_test_teardown(f, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_small_file_gets_every_default),
		T(values_are_read_with_their_units),
		T(errors_name_file_line_and_key),
		T(hosts_are_found_exact_first_then_the_longest_wildcard),
		T(an_unknown_host_has_no_site),
		T(path_hints_change_only_what_they_write),
		T(cache_rules_of_a_path_replace_those_of_its_site),
		T(the_admin_interface_needs_a_token_over_tcp),
		T(addresses_of_listeners_are_understood),
		T(options_make_one_site_for_any_host),
		T(caches_have_lists_of_cookies),
		T(caches_have_modes),
		T(hints_have_modes_rules_and_a_memory),
		T(links_with_stars_are_paths_of_the_site),
		T(rules_match_paths_with_stars),
		T(spellings_of_a_path_have_the_same_rules),
		T(ambiguous_paths_have_neither_cache_nor_hints),
		T(an_ambiguous_path_is_compressed_only_where_no_path_has_rules),
		T(every_setting_is_documented_with_default_and_bounds),
		T(the_documented_example_is_valid),
	};

	RUN(tests);
}
