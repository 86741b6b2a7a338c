/* The command table. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/suggest.h"
#include "cli/check/check.h"
#include "cli/experiment/experiment.h"
#include "cli/purge/purge.h"
#include "cli/serve/serve.h"
#include "cli/status/status.h"
#include "cli/top/top.h"
#include "cli/version/version.h"
#include "command/command.h"
#include "lab/advise/advise.h"
#include "lab/demo/demo.h"
#include "lab/profile/profile.h"

static const struct fr_command commands[] = {
	{"serve", "run the edge in front of a site", fr_tool_serve},
	{"demo", "show what server push does, on a site of its own", fr_tool_demo},
	{"profile", "measure what push and hints do to a page", fr_tool_profile},
	{"advise", "say what to change so that a page gains", fr_tool_advise},
	{"purge", "remove responses from a running edge's cache", fr_tool_purge},
	{"status", "show the state of a running edge", fr_tool_status},
	{"top", "show a running edge live", fr_tool_top},
	{"experiment", "compare page loads with and without hints", fr_tool_experiment},
	{"check", "validate a configuration file", fr_tool_check},
	{"version", "print the version and the libraries in use", fr_tool_version},
};

static void print_help(FILE *to)
{
	fputs("usage: forerun COMMAND [OPTION...]\n"
	      "\n"
	      "An HTTP/2 edge server that sends clients what a page needs before they\n"
	      "ask for it.\n"
	      "\n"
	      "commands:\n",
	      to);
	for (size_t i = 0; i < FR_ARRAY_LEN(commands); i++)
		fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].summary);
	fputs("\n"
	      "'forerun COMMAND --help' lists a command's options; 'man forerun' describes\n"
	      "all of them.\n"
	      "\n"
	      "exit codes: 0 done; 1 a configuration error, or start-up or the task failed;\n"
	      "2 wrong usage; 3 a bug: objects were left over at the end\n",
	      to);
}

static const struct fr_command *find(const char *name)
{
	for (size_t i = 0; i < FR_ARRAY_LEN(commands); i++)
		if (strcmp(name, commands[i].name) == 0)
			return &commands[i];
	return NULL;
}

static int complain(const char *name)
{
	char near[FR_SUGGEST_TEXT_BYTES];
	struct fr_suggest s;

	fr_suggest_begin(&s, name);
	for (size_t i = 0; i < FR_ARRAY_LEN(commands); i++)
		fr_suggest_offer(&s, commands[i].name);
	fprintf(stderr, "forerun: unknown %s '%s'%s%s\n", *name == '-' ? "option" : "command", name,
	        fr_suggest_words(&s, near), s.best ? "" : "; 'forerun --help' lists them");
	return FR_EXIT_USAGE;
}

static int help(int argc, char **argv)
{
	const struct fr_command *c = argc > 2 ? find(argv[2]) : NULL;
	char flag[] = "--help";
	char *args[] = {argc > 2 ? argv[2] : NULL, flag, NULL};

	if (argc > 2 && !c)
		return complain(argv[2]);
	if (argc > 2)
		return c->run(2, args);
	print_help(stdout);
	return FR_EXIT_OK;
}

int main(int argc, char **argv)
{
	const struct fr_command *c;

	if (argc < 2) {
		print_help(stderr);
		return FR_EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0)
		return help(argc, argv);
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
		return fr_tool_version(argc - 1, argv + 1);
	c = find(argv[1]);
	if (!c)
		return complain(argv[1]);
	return c->run(argc - 1, argv + 1);
}
