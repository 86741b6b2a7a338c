/* The command purge: turns its options into one request to the admin interface. */
#include "cli/purge/purge.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "cli/admin_client.h"
#include "command/command.h"
#include "command/options.h"

static const char help[] =
	"usage: forerun purge [OPTION...] URL...\n"
	"       forerun purge [OPTION...] --prefix URL | --tag TAG | --site HOST | --all\n"
	"       forerun purge --hints [OPTION...] URL...\n"
	"       forerun purge --hints [OPTION...] --prefix URL | --site HOST | --all\n"
	"\n"
	"Removes responses from a running edge's cache, through its admin interface\n"
	"(admin.listen in its configuration). With --hints it forgets the hints of pages.\n"
	"\n"
	"  --prefix URL       everything whose URL begins with this\n"
	"  --tag TAG          everything with this tag in Cache-Tag or Surrogate-Key\n"
	"  --site HOST        everything of this host\n"
	"  --all              everything\n"
	"  --soft             mark as stale: validated before it is served again\n"
	"  --hints            forget the hints of pages instead of stored responses\n"
	"  --json             print {\"purged\":N} instead of a sentence\n"
	"  --admin ADDRESS    unix:PATH, HOST:PORT or https://HOST:PORT; without it\n"
	"                     $XDG_RUNTIME_DIR/forerun.sock or /run/forerun.sock,\n"
	"                     where serve listens by default\n"
	"  --token-file FILE  the token, for an interface over TCP\n"
	"  --ca FILE          for https: trusted authorities (PEM) instead of the\n"
	"                     system's\n"
	"  --help             this text\n"
	"\n"
	"exit codes: 0 done (prints how much was purged); 1 failed; 2 wrong usage\n"
	"\n"
	"example: forerun purge --tag article-17 --soft\n";

struct options {
	const char *admin, *token_file, *ca_file;
	const char *prefix, *tag, *site; /* NULL: not given */
	bool all, soft, hints, json;
	const char *name, *value; /* the one parameter of those; NULL: URLs follow */
};

static const struct fr_option known[] = {
	FR_TEXT_OPTION("prefix", offsetof(struct options, prefix)),
	FR_TEXT_OPTION("tag", offsetof(struct options, tag)),
	FR_TEXT_OPTION("site", offsetof(struct options, site)),
	FR_FLAG_OPTION("all", offsetof(struct options, all)),
	FR_FLAG_OPTION("soft", offsetof(struct options, soft)),
	FR_FLAG_OPTION("hints", offsetof(struct options, hints)),
	FR_FLAG_OPTION("json", offsetof(struct options, json)),
	FR_TEXT_OPTION("admin", offsetof(struct options, admin)),
	FR_TEXT_OPTION("token-file", offsetof(struct options, token_file)),
	FR_TEXT_OPTION("ca", offsetof(struct options, ca_file)),
};

static const struct fr_command_line line = {.command = "purge",
                                            .help = help,
                                            .options = known,
                                            .n_options = FR_ARRAY_LEN(known),
                                            .max_arguments = SIZE_MAX};

static int usage(const char *what)
{
	return fr_usage("purge", what, "");
}

static void set_parameter(struct options *o, const char *name, const char *value)
{
	if (!value)
		return;
	o->name = name;
	o->value = value;
}

static int check(struct options *o, bool has_urls)
{
	if (!!o->prefix + !!o->tag + !!o->site + o->all > 1)
		return usage("only one of --prefix, --tag, --site and --all");
	set_parameter(o, "prefix", o->prefix);
	set_parameter(o, "tag", o->tag);
	set_parameter(o, "site", o->site);
	set_parameter(o, "all", o->all ? "1" : NULL);
	if (has_urls == (o->name != NULL))
		return usage("either URLs, or one of --prefix, --tag, --site and --all");
	if (o->hints && (o->soft || o->tag))
		return usage("--hints goes with URLs, --prefix, --site or --all, without --soft");
	return 0;
}

/* --- request and answer --- */

static int encode(struct fr_arena *a, const char *text, struct fr_str *out)
{
	size_t len = strlen(text), n = 0;
	char *p = fr_arena_alloc(a, 3 * len + 1);

	for (size_t i = 0; p && i < len; i++) {
		if (fr_char_is(text[i], FR_CH_ALPHA | FR_CH_DIGIT))
			p[n++] = text[i];
		else
			n += (size_t)snprintf(p + n, 4, "%%%02X", (unsigned char)text[i]);
	}
	*out = fr_str_make(p, n);
	return p ? 0 : FR_ERR_NOMEM;
}

/* Why nothing was found: the edge has no such site. */
static int complain_of_host(const json_t *answer)
{
	const char *host = json_string_value(json_object_get(answer, "unknown_host"));
	const char *near = json_string_value(json_object_get(answer, "near"));

	if (!host)
		return 0;
	fprintf(stderr, "forerun purge: no site of the edge has the host '%s'%s%s%s\n", host,
	        near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	return -FR_EXIT_FAILED;
}

/* "http://a/x: 1 response removed" */
static int print_answer(const struct options *o, const char *value, const char *answer)
{
	json_t *all = json_loads(answer, 0, NULL);
	json_t *purged = json_object_get(all, "purged");
	json_int_t n = json_integer_value(purged);
	int rc = json_is_integer(purged) ? 0 : -FR_EXIT_FAILED;

	if (rc < 0)
		fprintf(stderr, "forerun purge: this is no admin interface of Forerun\n");
	else if (o->json)
		printf("%s", answer);
	else if (o->hints)
		printf("%s%s%s of %" JSON_INTEGER_FORMAT " page%s forgotten\n", o->all ? "" : value,
		       o->all ? "" : ": ", o->all ? "Hints" : "hints", n, n == 1 ? "" : "s");
	else
		printf("%s%s%" JSON_INTEGER_FORMAT " response%s %s\n", o->all ? "" : value,
		       o->all ? "" : ": ", n, n == 1 ? "" : "s",
		       o->soft ? "marked as stale" : "removed");
	if (rc == 0)
		rc = complain_of_host(all);
	json_decref(all);
	return rc;
}

static int purge(const struct options *o, const char *name, const char *value)
{
	struct fr_admin_client client = {.command = "forerun purge",
	                                 .address = o->admin,
	                                 .token_file = o->token_file,
	                                 .ca_file = o->ca_file};
	struct fr_arena arena;
	struct fr_buf body;
	struct fr_str text, target;
	int rc = -FR_EXIT_FAILED;

	fr_arena_init(&arena, 1u << 20);
	fr_buf_init(&body, FR_ADMIN_CLIENT_MAX_BYTES);
	if (encode(&arena, value, &text) < 0 ||
	    fr_arena_printf(&arena, &target, "/purge?%s=%.*s%s%s", name, FR_STR_ARG(text),
	                    o->soft ? "&soft=1" : "", o->hints ? "&hints=1" : "") < 0)
		fprintf(stderr, "forerun purge: %s: too long\n", value);
	else
		rc = fr_admin_client_ask(&client, "POST", target.p, &body);
	if (rc == 0)
		rc = print_answer(o, value, (const char *)fr_buf_data(&body));
	fr_buf_fini(&body);
	fr_arena_fini(&arena);
	return rc;
}

int fr_tool_purge(int argc, char **argv)
{
	struct options o = {0};
	int first, rc = fr_options_read(&line, argc, argv, &o, &first);

	if (rc > 0)
		return FR_EXIT_OK;
	if (rc == 0)
		rc = check(&o, first < argc);
	if (rc == 0 && o.name)
		rc = purge(&o, o.name, o.value);
	for (int i = first; rc == 0 && !o.name && i < argc; i++)
		rc = purge(&o, "url", argv[i]);
	return rc < 0 ? -rc : FR_EXIT_OK;
}
