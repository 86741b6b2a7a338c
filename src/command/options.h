/* Command lines: a command describes its options in a table. This module reads them with
 * getopt_long, and reports errors in the same words for all commands. Every command has
 * --help (-h) and --version (-V). */
#ifndef FR_COMMAND_OPTIONS_H
#define FR_COMMAND_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define FR_OPTIONS_MAX 32u

struct fr_option;

enum fr_option_kind {
	FR_OPTION_FLAG,   /* no value; sets a bool */
	FR_OPTION_TEXT,   /* sets a const char *, borrowed from argv */
	FR_OPTION_NUMBER, /* sets a uint32_t, from least to most */
	FR_OPTION_CALL    /* take judges the value */
};

struct fr_option {
	const char *name; /* without its dashes */
	enum fr_option_kind kind;
	size_t at; /* offset of what it sets in the command's struct */
	uint32_t least, most;
	/* into: the command's struct at the offset. 0, or negative fr_exit: what is wrong has
	 * been said. */
	int (*take)(const char *command, const struct fr_option *o, const char *value, void *into);
};

/* Rows of a table; offset: of what is set, in the command's struct. */
#define FR_FLAG_OPTION(text, offset)                                                               \
	{                                                                                          \
		.name = (text), .kind = FR_OPTION_FLAG, .at = (offset)                             \
	}
#define FR_TEXT_OPTION(text, offset)                                                               \
	{                                                                                          \
		.name = (text), .kind = FR_OPTION_TEXT, .at = (offset)                             \
	}
#define FR_NUMBER_OPTION(text, offset, from, to)                                                   \
	{                                                                                          \
		.name = (text), .kind = FR_OPTION_NUMBER, .at = (offset), .least = (from),         \
		.most = (to)                                                                       \
	}
#define FR_CALL_OPTION(text, offset, call)                                                         \
	{                                                                                          \
		.name = (text), .kind = FR_OPTION_CALL, .at = (offset), .take = (call)             \
	}
#define FR_NUMBER_CALL_OPTION(text, offset, from, to, call)                                        \
	{                                                                                          \
		.name = (text), .kind = FR_OPTION_CALL, .at = (offset), .least = (from),           \
		.most = (to), .take = (call)                                                       \
	}

struct fr_command_line {
	const char *command; /* "profile" */
	const char *help;    /* printed by --help */
	const struct fr_option *options;
	size_t n_options;     /* at most FR_OPTIONS_MAX */
	size_t max_arguments; /* beside the options */
};

/* Reads argv after its first into the command's struct. Options may stand after arguments:
 * argv is reordered. *first is the index of the first argument, argc if there is none. 0 to go
 * on; 1: the help or the version was printed; negative fr_exit: what is wrong has been said. */
int fr_options_read(const struct fr_command_line *line, int argc, char **argv, void *into,
                    int *first) FR_MUST_USE;

/* Says on standard error what is wrong with the command line, and where it is described; detail
 * follows what at once. Returns -FR_EXIT_USAGE. */
int fr_usage(const char *command, const char *what, const char *detail);

/* The number that an option's value is, from its least to its most. 0, or -FR_EXIT_USAGE: what
 * is wrong has been said. */
int fr_option_number(const char *command, const struct fr_option *o, const char *value,
                     uint32_t *out) FR_MUST_USE;

#endif
