#include "lab/profile/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "command/command.h"
#include "http/url.h"

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
	"  --emulate HOW      relay (default), or packet: real TCP through a TUN device in\n"
	"                     network namespaces, which needs root\n"
	"  --think MS         delay the response to each page by this time (--origin)\n"
	"  --cpu FACTOR       how much slower the model's browser is than the machine that it\n"
	"                     was calibrated on; default 1; 0: its work takes no time\n"
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
	"example: forerun profile --origin http://127.0.0.1:8080 --network 4g --html report.html\n";

static int usage(const char *what, const char *detail)
{
	fprintf(stderr, "forerun profile: %s%s; see 'forerun profile --help'\n", what, detail);
	return -FR_EXIT_USAGE;
}

static int take_number(const char *option, uint32_t least, uint32_t most, uint32_t *out)
{
	uint64_t n = 0;

	if (fr_str_to_u64(fr_str_from(optarg), &n) < 0 || n < least || n > most) {
		fprintf(stderr, "forerun profile: --%s takes a number from %u to %u, not '%s'\n",
		        option, least, most, optarg);
		return -FR_EXIT_USAGE;
	}
	*out = (uint32_t)n;
	return 0;
}

static int take_loss(struct fr_network *n)
{
	char *end;
	double percent = strtod(optarg, &end);

	if (end == optarg || *end || !(percent >= 0 && percent <= 50))
		return usage("--loss takes a percentage from 0 to 50, not ", optarg);
	n->loss = (uint32_t)(percent * 1e4 + 0.5);
	return 0;
}

static int take_cpu(struct fr_profile_options *o)
{
	char *end;
	double factor = strtod(optarg, &end);

	if (end == optarg || *end || !(factor >= 0 && factor <= 100))
		return usage("--cpu takes a factor from 0 to 100, not ", optarg);
	o->cpu_percent = (unsigned)(factor * 100 + 0.5);
	return 0;
}

static int take_variants(struct fr_profile_options *o)
{
	struct fr_str rest = fr_str_from(optarg), item;
	enum fr_variant v;

	o->n_variants = 0;
	while (fr_str_next_item(&rest, &item)) {
		if (fr_variant_parse(item, &v) < 0)
			return usage("--variants takes off, push and early-hints, not ", optarg);
		for (size_t i = 0; i < o->n_variants; i++)
			if (o->variants[i] == v)
				return usage("a variant is named twice: ", optarg);
		o->variants[o->n_variants++] = v;
	}
	return o->n_variants ? 0 : usage("--variants needs at least one", "");
}

static int take_network(struct fr_profile_options *o)
{
	const struct fr_network *n = fr_network_find(optarg);

	if (!n)
		return usage("unknown network ", optarg);
	o->network = *n;
	return 0;
}

enum {
	ORIGIN = 256,
	RULES,
	VARIANTS,
	RUNS,
	NETWORK,
	RTT,
	DOWN,
	UP,
	LOSS,
	EMULATE,
	THINK,
	CPU,
	BROWSER,
	HTML,
	HAR,
	JSON,
	CA,
	INSECURE,
	QUIET,
	HELP
};

static int take_text(struct fr_profile_options *o, int c)
{
	switch (c) {
	case ORIGIN:
		if (strlen(optarg) >= sizeof o->origin)
			return usage("the origin's URL is too long", "");
		(void)snprintf(o->origin, sizeof o->origin, "%s", optarg);
		return 0;
	case RULES:
		o->rules = optarg;
		return 0;
	case BROWSER:
		o->browser = optarg;
		return 0;
	case HTML:
		o->html = optarg;
		return 0;
	case HAR:
		o->har = optarg;
		return 0;
	case JSON:
		o->json = optarg;
		return 0;
	case CA:
		o->ca = optarg;
		return 0;
	default:
		return usage("unknown option or missing value", "");
	}
}

static int take_link(struct fr_profile_options *o, int c)
{
	o->network.name = "as given";
	switch (c) {
	case RTT:
		return take_number("rtt", 0, 10000, &o->network.rtt_ms);
	case DOWN:
		return take_number("down", 0, 10000000, &o->network.down_kbit);
	case UP:
		return take_number("up", 0, 10000000, &o->network.up_kbit);
	default:
		return take_loss(&o->network);
	}
}

static int take_option(struct fr_profile_options *o, int c)
{
	switch (c) {
	case VARIANTS:
		return take_variants(o);
	case RUNS:
		return take_number("runs", 1, FR_PROFILE_MAX_RUNS, &o->runs);
	case NETWORK:
		return take_network(o);
	case RTT:
	case DOWN:
	case UP:
	case LOSS:
		return take_link(o, c);
	case EMULATE:
		o->packet = strcmp(optarg, "packet") == 0;
		return o->packet || strcmp(optarg, "relay") == 0
		               ? 0
		               : usage("--emulate takes relay or packet, not ", optarg);
	case THINK:
		return take_number("think", 0, 60000, &o->think_ms);
	case CPU:
		return take_cpu(o);
	case INSECURE:
		o->insecure = true;
		return 0;
	case QUIET:
		o->quiet = true;
		return 0;
	case HELP:
		fputs(help, stdout);
		return 1;
	default:
		return take_text(o, c);
	}
}

/* --- what is to be loaded --- */

/* The origin without its path; the page is at that path unless one is given. */
static int split_origin(struct fr_profile_options *o, const char *page)
{
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
	return rc == 0 ? 0 : usage("not an http:// or https:// URL: ", o->origin);
}

static int check_url(struct fr_profile_options *o)
{
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
	return rc == 0 ? 0 : usage("HTTP/2 in browsers needs an https:// URL, not ", o->url);
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
	if (rc == 0 && !*o->origin && (o->think_ms || o->rules))
		return usage("--think and --rules go with --origin", "");
	if (rc == 0 && o->think_ms && strncmp(o->origin, "https:", 6) == 0)
		return usage("--think needs an http:// origin", "");
	return rc;
}

int fr_profile_options_read(int argc, char **argv, struct fr_profile_options *o)
{
	static const struct option known[] = {{"origin", required_argument, NULL, ORIGIN},
	                                      {"rules", required_argument, NULL, RULES},
	                                      {"variants", required_argument, NULL, VARIANTS},
	                                      {"runs", required_argument, NULL, RUNS},
	                                      {"network", required_argument, NULL, NETWORK},
	                                      {"rtt", required_argument, NULL, RTT},
	                                      {"down", required_argument, NULL, DOWN},
	                                      {"up", required_argument, NULL, UP},
	                                      {"loss", required_argument, NULL, LOSS},
	                                      {"emulate", required_argument, NULL, EMULATE},
	                                      {"think", required_argument, NULL, THINK},
	                                      {"cpu", required_argument, NULL, CPU},
	                                      {"browser", required_argument, NULL, BROWSER},
	                                      {"html", required_argument, NULL, HTML},
	                                      {"har", required_argument, NULL, HAR},
	                                      {"json", required_argument, NULL, JSON},
	                                      {"ca", required_argument, NULL, CA},
	                                      {"insecure", no_argument, NULL, INSECURE},
	                                      {"quiet", no_argument, NULL, QUIET},
	                                      {"help", no_argument, NULL, HELP},
	                                      {NULL, 0, NULL, 0}};
	int c, rc = 0;

	*o = (struct fr_profile_options){
		.runs = DEFAULT_RUNS, .cpu_percent = 100, .n_variants = FR_VARIANT_COUNT};
	o->network = *fr_network_find("4g");
	for (unsigned i = 0; i < FR_VARIANT_COUNT; i++)
		o->variants[i] = (enum fr_variant)i;
	opterr = 0;
	optind = 1;
	while (rc == 0 && (c = getopt_long(argc, argv, "", known, NULL)) != -1)
		rc = c == '?' ? usage("unknown option or missing value: ", argv[optind - 1])
		              : take_option(o, c);
	if (rc)
		return rc;
	if (optind + 1 < argc)
		return usage("unexpected argument ", argv[optind + 1]);
	return check(o, optind < argc ? argv[optind] : NULL);
}
