/* Reads command lines by a table of options. */
#include "command/options.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/suggest.h"
#include "command/command.h"

/* What getopt_long returns for the rows of the table; no character is one. */
#define FIRST_CODE 256
#define HELP_CODE (FIRST_CODE + (int)FR_OPTIONS_MAX)
#define VERSION_CODE (HELP_CODE + 1)
/* -h and -V; a value that is missing is told apart from an unknown option. */
#define LETTERS ":hV"

int fr_usage(const char *command, const char *what, const char *detail)
{
	fprintf(stderr, "forerun %s: %s%s; see 'forerun %s --help'\n", command, what, detail,
	        command);
	return -FR_EXIT_USAGE;
}

int fr_option_number(const char *command, const struct fr_option *o, const char *value,
                     uint32_t *out)
{
	uint64_t n = 0;

	if (fr_str_to_u64(fr_str_from(value), &n) < 0 || n < o->least || n > o->most) {
		fprintf(stderr, "forerun %s: --%s takes a number from %u to %u, not '%s'\n",
		        command, o->name, o->least, o->most, value);
		return -FR_EXIT_USAGE;
	}
	*out = (uint32_t)n;
	return 0;
}

static int take(const char *command, const struct fr_option *o, const char *value, char *base)
{
	void *into = base + o->at;

	switch (o->kind) {
	case FR_OPTION_FLAG:
		*(bool *)into = true;
		return 0;
	case FR_OPTION_TEXT:
		*(const char **)into = value;
		return 0;
	case FR_OPTION_NUMBER:
		return fr_option_number(command, o, value, into);
	case FR_OPTION_CALL:
		return o->take(command, o, value, into);
	}
	return 0;
}

static void list(const struct fr_command_line *line, struct option *known)
{
	size_t n = line->n_options;

	FR_ASSERT(n <= FR_OPTIONS_MAX);
	for (size_t i = 0; i < n; i++)
		known[i] = (struct option){.name = line->options[i].name,
		                           .has_arg = line->options[i].kind == FR_OPTION_FLAG
		                                              ? no_argument
		                                              : required_argument,
		                           .val = FIRST_CODE + (int)i};
	known[n] = (struct option){.name = "help", .val = HELP_CODE};
	known[n + 1] = (struct option){.name = "version", .val = VERSION_CODE};
	known[n + 2] = (struct option){0};
}

/* arg: as it was written, with its dashes. */
static int complain(const struct fr_command_line *line, const struct option *known, int c,
                    const char *arg)
{
	char name[FR_SUGGEST_MAX_BYTES + 1];
	size_t len = strcspn(arg, "=");
	struct fr_suggest s;

	if (c == ':') {
		fprintf(stderr, "forerun %s: %s needs a value; see 'forerun %s --help'\n",
		        line->command, arg, line->command);
		return -FR_EXIT_USAGE;
	}
	(void)snprintf(name, sizeof name, "%.*s", (int)len, arg);
	fr_suggest_begin(&s, name + strspn(name, "-"));
	for (; known->name; known++) {
		if (strcmp(known->name, s.word) == 0) {
			fprintf(stderr, "forerun %s: %s takes no value\n", line->command, name);
			return -FR_EXIT_USAGE;
		}
		fr_suggest_offer(&s, known->name);
	}
	if (s.best)
		fprintf(stderr, "forerun %s: unknown option '%s'; did you mean '--%s'?\n",
		        line->command, name, s.best);
	else
		fprintf(stderr, "forerun %s: unknown option '%s'; --help lists them\n",
		        line->command, name);
	return -FR_EXIT_USAGE;
}

int fr_options_read(const struct fr_command_line *line, int argc, char **argv, void *into,
                    int *first)
{
	struct option known[FR_OPTIONS_MAX + 3];
	int c, rc = 0;

	list(line, known);
	opterr = 0;
	optind = 0; /* getopt begins anew: a command may read two lines */
	while (rc == 0 && (c = getopt_long(argc, argv, LETTERS, known, NULL)) != -1) {
		if (c == HELP_CODE || c == 'h')
			return fputs(line->help, stdout) < 0 ? -FR_EXIT_FAILED : 1;
		if (c == VERSION_CODE || c == 'V')
			return printf("forerun %s\n", FR_VERSION) < 0 ? -FR_EXIT_FAILED : 1;
		if (c == '?' || c == ':')
			return complain(line, known, c, argv[optind - 1]);
		rc = take(line->command, &line->options[c - FIRST_CODE], optarg, into);
	}
	if (rc == 0 && argc - optind > 0 && (size_t)(argc - optind) > line->max_arguments)
		rc = fr_usage(line->command, "unexpected argument ",
		              argv[(size_t)optind + line->max_arguments]);
	*first = optind;
	return rc;
}
