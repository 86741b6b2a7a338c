/* What is said of configurations that are wrong. */
#include "config_fixture.h"

static int tear_down(void **state)
{
	(void)state;
	drop_config();
	return 0;
}

#define SMALL                                                                                      \
	"listen: [{address: \"127.0.0.1:0\"}]\nsites:\n  - hosts: [\"*\"]\n    origin: {url: "     \
	"\"http://o\"}\n"

/* Every kind of text that is no YAML has words of its own. */
static void what_is_no_yaml_is_said_in_plain_words(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{"sites:\n  - hosts: [*]\n", "2: a value that begins with '*' needs quotes"},
		{"sites:\n  - hosts: *.example.org\n", "2: a value that begins with '*' needs"},
		{"sites: *a\n", "1: '*a' would repeat another part"},
		{"listen: &a [x]\nsites: *a\n", "2: '*a' would repeat another part"},
		{"listen: &\n", "1: a value that begins with '&' needs quotes"},
		{"sites:\n\t- hosts: [a]\n", "2: a tab; YAML is indented with spaces only"},
		{"sites:\n  a: 1\n\tb: 2\n", "3: a tab; YAML is indented with spaces only"},
		{"sites:\n  - hosts: [a]\n   origin: 1\n", "3: an entry of a list is expected"},
		{"sites:\n  - a: 1\n      b: 1\n", "3: "},
		{"a:\n   b: 1\n  c: 2\n", "3: this line does not belong to the lines before it"},
		{"a: b: c\n", "1: a ':' in a wrong place"},
		{"listen: [1, 2\nsites: []\n", "1: a list in [ ] is not closed"},
		{"listen: {a: 1\n", "1: a group in { } is not closed"},
		{"listen: \"abc\nsites: []\n", "1: a quote is not closed"},
		{"a: 1\nb: 'abc\n", "2: a quote is not closed"},
		{"listen: @x\n", "1: a value that begins with '@' needs quotes"},
		{"listen: `x\n", "1: a value that begins with '`' needs quotes"},
		{"listen: %x\n", "1: a value that begins with '%' needs quotes"},
		{"listen: !<x\n", "1: a value that begins with '!' needs quotes"},
		{"a: 1\n---\nb: 2\n", "2: a second document begins"},
		{"listen: \"\\q\"\n", "1: a '\\' in \"...\" that YAML does not know"},
		{"listen: - a\n", "1: a '- ' in a wrong place"},
		{"listen: \xff\xfe\n", "1: bytes that are not UTF-8"},
		{"a: 1\nlisten: a\x01"
	         "b\n",
	         "2: a control character"},
		{"listen: [a,,b]\n", "1: a value is expected here"},
		{"a: 1\nlisten\n", "2: a line without ':'"},
		{"text\n", "1: expected keys with values (KEY: VALUE), not 'text'"},
		{"- a\n", "1: expected keys with values (KEY: VALUE), not a list"},
		{"# nothing\n", "1: the file is empty"},
		{"? [a]\n: b\n", "1: a key is one word"},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(cases); i++) {
		assert_true(parse(cases[i].text) < 0);
		if (!fr_str_starts(fr_str_from(why.text), S("edge.yaml:")) ||
		    !fr_str_starts(fr_str_from(why.text + strlen("edge.yaml:")),
		                   fr_str_from(cases[i].words)))
			fail_msg("%s%s\nnot: %s", cases[i].text, why.text, cases[i].words);
	}
}

static void a_misspelt_key_is_not_missing_as_well(void **state)
{
	static const char *const cases[][2] = {
		{"listen: [{address: \"*:0\"}]\nsites: [{hosts: [a], orign: {url: "
	         "\"http://x\"}}]\n",
	         "edge.yaml:2: sites[0].orign: unknown key; did you mean 'origin'?"},
		{"lisen: [{address: \"*:0\"}]\nsites: [{hosts: [a], origin: {url: "
	         "\"http://x\"}}]\n",
	         "edge.yaml:1: lisen: unknown key; did you mean 'listen'?"},
		{SMALL "memory: 1MiB\n", "edge.yaml:5: memory: unknown key here; there is "},
		{SMALL "access_log: {file: x, fields: [metod]}\n",
	         "edge.yaml:5: access_log.fields[0]: no field of that name: 'metod'; did you mean "
	         "'method'?"},
		{SMALL "access_log: {file: x, format: \"{metod}\"}\n",
	         "edge.yaml:5: access_log.format: no field of that name: 'metod'; did you mean "
	         "'method'?"},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(cases); i++) {
		assert_true(parse(cases[i][0]) < 0);
		if (strncmp(why.text, cases[i][1], strlen(cases[i][1])) != 0 ||
		    strstr(why.text, "more"))
			fail_msg("%s\nnot: %s", why.text, cases[i][1]);
	}
}

/* Below a key that is commented out. */
static void a_group_or_list_without_content_is_as_if_it_were_not_there(void **state)
{
	(void)state;
	assert_int_equal(parse(SMALL "limits:\n#  fields: 8\nlog: ~\n"), 0);
	assert_int_equal(parse("listen:\nsites:\n"), FR_ERR_INVALID);
	assert_non_null(strstr(why.text, "listen: at least one listener is needed (and 1 more"));
}

#define T(f) cmocka_unit_test_teardown(f, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_is_no_yaml_is_said_in_plain_words),
		T(a_misspelt_key_is_not_missing_as_well),
		T(a_group_or_list_without_content_is_as_if_it_were_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
