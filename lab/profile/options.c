/* Reads the command line of forerun profile. */
#include "lab/profile/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "command/command.h"
#include "command/options.h"
#include "http/url.h"
#include "lab/profile/network_options.h"

#define DEFAULT_RUNS 9u

static const char help[] =
	"usage: forerun profile URL [OPTION...]\n"
	"       forerun profile --origin ORIGIN [URL or PATH] [OPTION...]\n"
	"\n"
	"Loads a page repeatedly without hints, with server push and with 103 Early\n"
	"Hints, each time with a cold cache, on the network that your visitors have.\n"
	"Shows the differences.\n"
	"\n"
	"  --origin URL       a site without Forerun: starts an edge in front of it;\n"
	"                     without URL, the page at the path of ORIGIN is loaded\n"
	"  --rules FILE       hints for that edge, as forerun advise --write makes them\n"
	"  --variants LIST    off, push, early-hints; default all three\n"
	"  --runs N           loads of each variant, 1 to 200; default 9\n"
	"  --network NAME     4g (default), lte, cable, dsl, 3g, 3g-fast, slow-3g, none\n"
	"  --rtt MS --down KBIT --up KBIT --loss PERCENT\n"
	"                     the network as numbers instead of a name\n"
	"  --emulate HOW      relay (default), or packet: real TCP through TUN devices\n"
	"                     in network namespaces, which needs root\n"
	"  --think MS         delay the response to each page by this time (--origin)\n"
	"  --cpu FACTOR       how much slower the model's browser is than the machine\n"
	"                     that it was calibrated on; default 1; 0: its work takes\n"
	"                     no time\n"
	"  --browser PATH     use a Chromium instead of the model\n"
	"  --html FILE        a report with waterfalls, one self-contained page\n"
	"  --har FILE         the typical loads as HAR 1.2\n"
	"  --json FILE        everything that was measured; -: standard output,\n"
	"                     instead of the summary\n"
	"  --ca FILE          authorities to trust (PEM)\n"
	"  --insecure         accept any certificate\n"
	"  --quiet            no progress\n"
	"  --help             this text\n"
	"\n"
	"Ctrl-C ends the measurement and shows the results so far.\n"
	"\n"
	"exit codes: 0 measured; 1 failed; 2 wrong usage; 3 a bug\n"
	"\n"
	"example: forerun profile --origin http://127.0.0.1:8080 --html report.html\n";

#define AT(member) offsetof(struct fr_profile_options, member)

static int usage(const char *what, const char *detail)
{
	return fr_usage("profile", what, detail);
}

static int take_cpu(const char *command, const struct fr_option *o, const char *value, void *into)
{
	char *end;
	double factor = strtod(value, &end);

	(void)o;
	if (end == value || *end || !(factor >= 0 && factor <= 100))
		return fr_usage(command, "--cpu takes a factor from 0 to 100, not ", value);
	*(unsigned *)into = (unsigned)(factor * 100 + 0.5);
	return 0;
}

static int take_variants(const char *command, const struct fr_option *option, const char *value,
                         void *into)
{
	struct fr_str rest = fr_str_from(value), item;
	struct fr_profile_options *o = into;
	enum fr_variant v;

	(void)option;
	o->n_variants = 0;
	while (fr_str_next_item(&rest, &item)) {
		if (fr_variant_parse(item, &v) < 0)
			return fr_usage(command, "--variants takes off, push and early-hints, not ",
			                value);
		for (size_t i = 0; i < o->n_variants; i++)
			if (o->variants[i] == v)
				return fr_usage(command, "a variant is named twice: ", value);
		o->variants[o->n_variants++] = v;
	}
	return o->n_variants ? 0 : fr_usage(command, "--variants needs at least one", "");
}

static int take_origin(const char *command, const struct fr_option *option, const char *value,
                       void *into)
{
	struct fr_profile_options *o = into;

	(void)option;
	if (strlen(value) >= sizeof o->origin)
		return fr_usage(command, "the origin's URL is too long", "");
	(void)snprintf(o->origin, sizeof o->origin, "%s", value);
	return 0;
}

static int take_emulation(const char *command, const struct fr_option *o, const char *value,
                          void *into)
{
	bool packet = strcmp(value, "packet") == 0;

	(void)o;
	if (!packet && strcmp(value, "relay") != 0)
		return fr_usage(command, "--emulate takes relay or packet, not ", value);
	*(bool *)into = packet;
	return 0;
}

static const struct fr_option known[] = {
	FR_CALL_OPTION("origin", 0, take_origin),
	FR_TEXT_OPTION("rules", AT(rules)),
	FR_CALL_OPTION("variants", 0, take_variants),
	FR_NUMBER_OPTION("runs", AT(runs), 1, FR_PROFILE_MAX_RUNS),
	FR_NETWORK_OPTIONS(AT(network)),
	FR_CALL_OPTION("loss", AT(network), fr_take_loss),
	FR_CALL_OPTION("emulate", AT(packet), take_emulation),
	FR_NUMBER_OPTION("think", AT(think_ms), 0, 60000),
	FR_CALL_OPTION("cpu", AT(cpu_percent), take_cpu),
	FR_TEXT_OPTION("browser", AT(browser)),
	FR_TEXT_OPTION("html", AT(html)),
	FR_TEXT_OPTION("har", AT(har)),
	FR_TEXT_OPTION("json", AT(json)),
	FR_TEXT_OPTION("ca", AT(ca)),
	FR_FLAG_OPTION("insecure", AT(insecure)),
	FR_FLAG_OPTION("quiet", AT(quiet)),
};

static const struct fr_command_line line = {.command = "profile",
                                            .help = help,
                                            .options = known,
                                            .n_options = FR_ARRAY_LEN(known),
                                            .max_arguments = 1};

/* --- what is to be loaded --- */

/* The origin without its path; the page is at that path unless one is given. */
static int split_origin(struct fr_profile_options *o, const char *page)
{
	char text[1200];
	struct fr_arena arena;
	struct fr_url url;
	int rc;

	fr_arena_init(&arena, 65536);
	rc = fr_url_parse(&arena, fr_str_from(o->origin), &url);
	if (rc == 0) {
		(void)snprintf(o->origin, sizeof o->origin, "%.*s://%.*s:%u",
		               FR_STR_ARG(url.scheme), FR_STR_ARG(url.host), url.port);
		if (!page)
			(void)snprintf(o->url, sizeof o->url, "https://localhost%.*s",
			               FR_STR_ARG(url.target));
		else if (*page == '/')
			(void)snprintf(o->url, sizeof o->url, "https://localhost%s", page);
		else
			(void)snprintf(o->url, sizeof o->url, "%s", page);
	}
	fr_arena_fini(&arena);
	if (rc == 0)
		return 0;
	(void)snprintf(text, sizeof text, "not an http:// or https:// URL: %.500s%s%.500s",
	               o->origin, strstr(o->origin, "://") ? "" : "; did you mean http://",
	               strstr(o->origin, "://") ? "" : o->origin);
	return usage(text, "");
}

static int check_url(struct fr_profile_options *o)
{
	char text[1200];
	struct fr_arena arena;
	struct fr_url url;
	int rc;

	fr_arena_init(&arena, 65536);
	rc = fr_url_parse(&arena, fr_str_from(o->url), &url);
	if (rc == 0 && fr_str_is(url.scheme, "https") &&
	    strchr(o->url + strlen("https://"), '/') == NULL && strlen(o->url) + 1 < sizeof o->url)
		(void)snprintf(o->url + strlen(o->url), 2, "/");
	rc = rc < 0 || !fr_str_is(url.scheme, "https") ? -1 : 0;
	fr_arena_fini(&arena);
	if (rc == 0)
		return 0;
	(void)snprintf(
		text, sizeof text,
		"HTTP/2 in browsers needs an https:// URL, not %.400s; for a site without an "
		"edge say --origin %s%.400s",
		o->url, strstr(o->url, "://") ? "" : "http://", o->url);
	return usage(text, "");
}

/* A file that can be run. */
static int check_browser(const struct fr_profile_options *o)
{
	if (!o->browser || access(o->browser, X_OK) == 0)
		return 0;
	fprintf(stderr, "forerun profile: the browser cannot be started: %s: %s\n", o->browser,
	        strerror(errno));
	return -FR_EXIT_FAILED;
}

static int check(struct fr_profile_options *o, const char *page)
{
	int rc = 0;

	if (page && strlen(page) >= sizeof o->url)
		return usage("the URL is too long", "");
	if (*o->origin)
		rc = split_origin(o, page);
	else if (page)
		(void)snprintf(o->url, sizeof o->url, "%s", page);
	else
		return usage("a URL or --origin is needed", "");
	if (rc == 0)
		rc = check_url(o);
	if (rc == 0)
		rc = check_browser(o);
	if (rc == 0 && !*o->origin && (o->think_ms || o->rules))
		return usage("--think and --rules go with --origin", "");
	if (rc == 0 && o->think_ms && strncmp(o->origin, "https:", 6) == 0)
		return usage("--think needs an http:// origin", "");
	return rc;
}

int fr_profile_options_read(int argc, char **argv, struct fr_profile_options *o)
{
	int first, rc;

	*o = (struct fr_profile_options){
		.runs = DEFAULT_RUNS, .cpu_percent = 100, .n_variants = FR_VARIANT_COUNT};
	o->network = *fr_network_find("4g");
	for (unsigned i = 0; i < FR_VARIANT_COUNT; i++)
		o->variants[i] = (enum fr_variant)i;
	rc = fr_options_read(&line, argc, argv, o, &first);
	return rc ? rc : check(o, first < argc ? argv[first] : NULL);
}
