/* The command experiment: start, stop and status, as requests to the admin interface. */
#include "cli/experiment/experiment.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/mem.h"
#include "cli/admin_client.h"
#include "cli/figures.h"
#include "command/command.h"
#include "command/options.h"
#include "hints/proof/experiments.h"
#include "hints/proof/proof.h"

static const char help[] =
	"usage: forerun experiment start PATTERN [OPTION...]\n"
	"       forerun experiment stop PATTERN [OPTION...]\n"
	"       forerun experiment status [PATTERN] [OPTION...]\n"
	"\n"
	"Compares page loads with hints and page loads without them, on a running edge's\n"
	"own visitors, through its admin interface. PATTERN is a host and a path, such as\n"
	"www.example.org/post/17, or ends in a star: www.example.org/post/'*' for the\n"
	"pages of a template, www.example.org/'*' for a site. Up to 16 run at a time,\n"
	"and survive a restart. Without any, the edge compares each template by itself\n"
	"(hints.holdout).\n"
	"\n"
	"  --share PERCENT    visitors whose pages get no hints: 1 to 50 (20)\n"
	"  --json             status: print the figures as JSON\n"
	"  --admin ADDRESS    unix:PATH, HOST:PORT or https://HOST:PORT; without it\n"
	"                     $XDG_RUNTIME_DIR/forerun.sock or /run/forerun.sock,\n"
	"                     where serve listens by default\n"
	"  --token-file FILE  the token, for an interface over TCP\n"
	"  --ca FILE          for https: trusted authorities (PEM) instead of the\n"
	"                     system's\n"
	"  --help             this text\n"
	"\n"
	"exit codes: 0 done; 1 failed; 2 wrong usage\n"
	"\n"
	"example: forerun experiment start www.example.org/post/'*' --share 30\n";

struct options {
	struct fr_admin_client client;
	uint32_t share;
	bool json;
};

static const struct fr_option known[] = {
	FR_NUMBER_OPTION("share", offsetof(struct options, share), 1, FR_EXPERIMENT_MAX_SHARE),
	FR_FLAG_OPTION("json", offsetof(struct options, json)),
	FR_TEXT_OPTION("admin", offsetof(struct options, client.address)),
	FR_TEXT_OPTION("token-file", offsetof(struct options, client.token_file)),
	FR_TEXT_OPTION("ca", offsetof(struct options, client.ca_file)),
};

static const struct fr_command_line line = {.command = "experiment",
                                            .help = help,
                                            .options = known,
                                            .n_options = FR_ARRAY_LEN(known),
                                            .max_arguments = 2};

/* --- start and stop --- */

/* Percent-encoded: a pattern is typed by a person. */
static const char *encode(const char *text, char out[3 * FR_EXPERIMENT_PATTERN_BYTES + 1])
{
	size_t n = 0;

	for (size_t i = 0; text[i] && i < FR_EXPERIMENT_PATTERN_BYTES; i++)
		n += (size_t)snprintf(out + n, 4, "%%%02X", (unsigned char)text[i]);
	out[n] = '\0';
	return out;
}

static int change(const struct options *o, bool is_start, const char *pattern)
{
	char text[3 * FR_EXPERIMENT_PATTERN_BYTES + 1], target[sizeof text + 64], share[32] = "";
	struct fr_buf body;
	int rc;

	if (is_start)
		(void)snprintf(share, sizeof share, "&share=%u", o->share);
	(void)snprintf(target, sizeof target, "/experiment?%s=%s%s", is_start ? "start" : "stop",
	               encode(pattern, text), share);
	fr_buf_init(&body, FR_ADMIN_CLIENT_MAX_BYTES);
	rc = fr_admin_client_ask(&o->client, "POST", target, &body);
	fr_buf_fini(&body);
	if (rc < 0)
		return -rc;
	if (is_start)
		printf("%s: started, %u %% of the visitors get no hints\n", pattern, o->share);
	else
		printf("%s: stopped\n", pattern);
	return FR_EXIT_OK;
}

/* --- status --- */

/* Rows of experiments that run, or the one that is asked for. */
static bool is_wanted(const json_t *row, const char *pattern)
{
	const char *name = json_string_value(json_object_get(row, "name"));

	if (pattern)
		return name && strcmp(name, pattern) == 0;
	return json_object_get(row, "experiment") != NULL;
}

static void print_row(const json_t *row)
{
	char name[FR_PROOF_KEY_BYTES], text[FR_PROOF_TEXT_BYTES];

	fr_figure_text(row, "name", name, sizeof name);
	fr_figure_text(row, "text", text, sizeof text);
	printf("%s: %s", name, text);
	if (json_object_get(row, "experiment"))
		printf(" (%.0f %% held out)", fr_figure(row, "experiment"));
	printf("\n");
}

static int print_status(const struct options *o, const char *pattern)
{
	int code = FR_EXIT_OK;
	json_t *status = fr_status_ask(&o->client, &code), *row, *wanted = json_array();
	size_t i;

	json_array_foreach(json_object_get(status, "proof"), i, row)
	{
		if (is_wanted(row, pattern))
			(void)json_array_append(wanted, row);
	}
	if (status && o->json) {
		(void)json_dumpf(wanted, stdout, JSON_COMPACT);
		printf("\n");
	} else if (status && json_array_size(wanted) == 0) {
		printf(pattern ? "nothing is known of that\n" : "no experiment runs\n");
	} else {
		json_array_foreach(wanted, i, row) print_row(row);
	}
	json_decref(wanted);
	json_decref(status);
	return code;
}

/* --- the command --- */

static int run(const struct options *o, const char *what, const char *pattern)
{
	if (strcmp(what, "status") == 0)
		return print_status(o, pattern);
	if (strcmp(what, "start") != 0 && strcmp(what, "stop") != 0)
		return -fr_usage("experiment", "start, stop or status is needed, not ", what);
	if (!pattern)
		return -fr_usage("experiment", "a host and a path are needed, such as ",
		                 "www.example.org/*");
	return change(o, strcmp(what, "start") == 0, pattern);
}

int fr_tool_experiment(int argc, char **argv)
{
	struct options o = {.client = {.command = "forerun experiment"}, .share = 20};
	int first, rc = fr_options_read(&line, argc, argv, &o, &first);

	if (rc)
		return rc < 0 ? -rc : FR_EXIT_OK;
	if (first >= argc)
		return -fr_usage("experiment", "start, stop or status is needed", "");
	return run(&o, argv[first], first + 1 < argc ? argv[first + 1] : NULL);
}
