#include "command/options.h"

#include "command/command.h"
#include "unit.h"

struct got {
	bool flag;
	const char *text;
	uint32_t number, even;
};

static int take_even(const char *command, const struct fr_option *o, const char *value, void *into)
{
	uint32_t n = 0;

	if (fr_option_number(command, o, value, &n) < 0)
		return -FR_EXIT_USAGE;
	if (n % 2)
		return fr_usage(command, "not even: ", value);
	*(uint32_t *)into = n;
	return 0;
}

static const struct fr_option known[] = {
	FR_FLAG_OPTION("flag", offsetof(struct got, flag)),
	FR_TEXT_OPTION("text", offsetof(struct got, text)),
	FR_NUMBER_OPTION("number", offsetof(struct got, number), 2, 10),
	FR_NUMBER_CALL_OPTION("even", offsetof(struct got, even), 0, 100, take_even),
};

static struct got got;
static int first;

/* Reads a line of words. */
static int read_line(const char *text, size_t max_arguments)
{
	const struct fr_command_line line = {.command = "test",
	                                     .help = "usage\n",
	                                     .options = known,
	                                     .n_options = FR_ARRAY_LEN(known),
	                                     .max_arguments = max_arguments};
	static char words[256];
	char *argv[16], *rest = NULL;
	int argc = 0;

	got = (struct got){0};
	(void)snprintf(words, sizeof words, "test %s", text);
	for (char *w = strtok_r(words, " ", &rest); w; w = strtok_r(NULL, " ", &rest))
		argv[argc++] = w;
	argv[argc] = NULL;
	return fr_options_read(&line, argc, argv, &got, &first);
}

static void each_kind_of_option_sets_what_its_row_says(void **state)
{
	(void)state;
	assert_int_equal(read_line("--flag --text hello --number=7 --even 4", 0), 0);
	assert_true(got.flag);
	assert_string_equal(got.text, "hello");
	assert_int_equal(got.number, 7);
	assert_int_equal(got.even, 4);
}

static void what_is_not_given_stays(void **state)
{
	(void)state;
	assert_int_equal(read_line("", 0), 0);
	assert_false(got.flag);
	assert_null(got.text);
	assert_int_equal(first, 1);
}

static void arguments_may_stand_anywhere_up_to_their_number(void **state)
{
	(void)state;
	assert_int_equal(read_line("a --flag b", 2), 0);
	assert_true(got.flag);
	assert_int_equal(first, 2);
	assert_int_equal(read_line("a b", 1), -FR_EXIT_USAGE);
	assert_int_equal(read_line("a", 0), -FR_EXIT_USAGE);
	assert_int_equal(read_line("a b c", SIZE_MAX), 0);
}

static void wrong_lines_are_refused(void **state)
{
	static const char *const wrong[] = {
		"--nothing",   "--text",      "--flag=1",    "-x",       "--number 1",
		"--number 9x", "--number 11", "--number -3", "--even 3", "--even 101",
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(wrong); i++)
		assert_int_equal(read_line(wrong[i], 0), -FR_EXIT_USAGE);
}

static void help_ends_it_before_what_comes_after(void **state)
{
	(void)state;
	assert_int_equal(read_line("--help --nothing", 0), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_of_option_sets_what_its_row_says),
		cmocka_unit_test(what_is_not_given_stays),
		cmocka_unit_test(arguments_may_stand_anywhere_up_to_their_number),
		cmocka_unit_test(wrong_lines_are_refused),
		cmocka_unit_test(help_ends_it_before_what_comes_after),
	};

	RUN(tests);
}
