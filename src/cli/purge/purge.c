#include "cli/purge/purge.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cli/admin_client.h"
#include "command/command.h"

static const char help[] =
	"usage: forerun purge [OPTION...] URL...\n"
	"       forerun purge [OPTION...] --prefix URL | --tag TAG | --site HOST | --all\n"
	"       forerun purge --hints [OPTION...] URL... | --prefix URL | --site HOST | --all\n"
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
	const char *name, *value; /* the one parameter; NULL: URLs follow */
	bool soft, hints;
};

static int usage(const char *what)
{
	fprintf(stderr, "forerun purge: %s; see 'forerun purge --help'\n", what);
	return -FR_EXIT_USAGE;
}

enum { PREFIX, TAG, SITE, ALL, SOFT, HINTS, ADMIN, TOKEN_FILE, CA, HELP };

static int set_parameter(struct options *o, const char *name, const char *value)
{
	if (o->name)
		return usage("only one of --prefix, --tag, --site and --all");
	o->name = name;
	o->value = value;
	return 0;
}

static int take_option(struct options *o, int c)
{
	switch (c) {
	case PREFIX:
		return set_parameter(o, "prefix", optarg);
	case TAG:
		return set_parameter(o, "tag", optarg);
	case SITE:
		return set_parameter(o, "site", optarg);
	case ALL:
		return set_parameter(o, "all", "1");
	case SOFT:
		o->soft = true;
		return 0;
	case HINTS:
		o->hints = true;
		return 0;
	case ADMIN:
		o->admin = optarg;
		return 0;
	case TOKEN_FILE:
		o->token_file = optarg;
		return 0;
	case CA:
		o->ca_file = optarg;
		return 0;
	case HELP:
		fputs(help, stdout);
		return 1;
	default:
		return usage("unknown option or missing value");
	}
}

static int read_options(int argc, char **argv, struct options *o)
{
	static const struct option known[] = {{"prefix", required_argument, NULL, PREFIX},
	                                      {"tag", required_argument, NULL, TAG},
	                                      {"site", required_argument, NULL, SITE},
	                                      {"all", no_argument, NULL, ALL},
	                                      {"soft", no_argument, NULL, SOFT},
	                                      {"hints", no_argument, NULL, HINTS},
	                                      {"admin", required_argument, NULL, ADMIN},
	                                      {"token-file", required_argument, NULL, TOKEN_FILE},
	                                      {"ca", required_argument, NULL, CA},
	                                      {"help", no_argument, NULL, HELP},
	                                      {NULL, 0, NULL, 0}};
	int c, rc = 0;

	opterr = 0;
	optind = 1;
	while (rc == 0 && (c = getopt_long(argc, argv, "", known, NULL)) != -1)
		rc = take_option(o, c);
	if (rc == 0 && (optind < argc) == (o->name != NULL))
		rc = usage("either URLs, or one of --prefix, --tag, --site and --all");
	if (rc == 0 && o->hints && (o->soft || (o->name && strcmp(o->name, "tag") == 0)))
		rc = usage("--hints goes with URLs, --prefix, --site or --all, without --soft");
	return rc;
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
		printf("%s", (const char *)fr_buf_data(&body));
	fr_buf_fini(&body);
	fr_arena_fini(&arena);
	return rc;
}

int fr_tool_purge(int argc, char **argv)
{
	struct options o = {0};
	int rc = read_options(argc, argv, &o);

	if (rc > 0)
		return FR_EXIT_OK;
	if (rc == 0 && o.name)
		rc = purge(&o, o.name, o.value);
	for (int i = optind; rc == 0 && !o.name && i < argc; i++)
		rc = purge(&o, "url", argv[i]);
	return rc < 0 ? -rc : FR_EXIT_OK;
}
