/* The command advise: reads its input, asks for advice, prints or writes it. */
#include "lab/advise/advise.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/wrap.h"
#include "command/command.h"
#include "command/options.h"
#include "http/url.h"
#include "lab/advise/input.h"
#include "lab/measurement/measurement.h"
#include "lab/measurement/series.h"
#include "lab/network/network.h"
#include "lab/profile/measure.h"
#include "lab/profile/network_options.h"
#include "lab/profile/options.h"
#include "lab/replay/advice.h"
#include "lab/replay/measured.h"
#include "lab/replay/rules.h"

#define RULES_BYTES (4u << 20)
/* Loads that a page is judged by, and of each kind that advice is verified by: one that is
 * disturbed does not hide a difference. */
#define RUNS "3"
#define VERIFY_RUNS "5"

static const char help[] =
	"usage: forerun advise URL [OPTION...]\n"
	"       forerun advise --origin ORIGIN [URL or PATH] [OPTION...]\n"
	"       forerun advise FILE [OPTION...]\n"
	"\n"
	"Says what to change so that a page gains from push and hints: Link values to\n"
	"add or remove, and mistakes. FILE is a file of forerun profile --json, a HAR of\n"
	"a browser, or an access log: JSON of Forerun, Caddy or Traefik, or the combined\n"
	"format of any server; gzip is undone.\n"
	"\n"
	"  --write FILE       the advised Link values as rules for Forerun's\n"
	"                     configuration (sites[].rules; forerun profile --rules)\n"
	"  --network NAME     where to expect gains: 4g (default), lte, cable, dsl,\n"
	"                     3g, 3g-fast, slow-3g, none\n"
	"  --think MS         delay the response to each page by this time (--origin)\n"
	"  --verify           load the page with the advised hints and without, say what\n"
	"                     was measured, and take back what does not hold; done unless\n"
	"                     --no-verify is given, or a file is read\n"
	"  --log-format LINE  what the lines of a log look like, as access_log.format:\n"
	"                     \"{client} {status} {target} {referer}\"\n"
	"  --host HOST        the host of a log whose lines name none (by default the\n"
	"                     one that most Referers name)\n"
	"  --json             print the advice as JSON\n"
	"  --ca FILE, --insecure\n"
	"                     as for forerun profile\n"
	"  --help             this text\n"
	"\n"
	"exit codes: 0 done, also if there is nothing to gain; 1 failed; 2 wrong usage;\n"
	"3 a bug\n"
	"\n"
	"example: forerun advise --origin http://127.0.0.1:8080/ --write rules.yaml\n";

struct advise {
	const char *subject; /* URL, path or file; NULL: none */
	const char *origin, *write, *network, *think, *ca, *log_format, *host;
	bool json, insecure, verify, no_verify;
	struct fr_advice *list; /* owned */
	size_t n;
	struct fr_advise_read read; /* of a file: what was read; its list is the one above */
};

#define AT(member) offsetof(struct advise, member)

static const struct fr_option known[] = {
	FR_TEXT_OPTION("origin", AT(origin)),
	FR_TEXT_OPTION("write", AT(write)),
	FR_TEXT_OPTION("network", AT(network)),
	FR_TEXT_OPTION("think", AT(think)),
	FR_TEXT_OPTION("ca", AT(ca)),
	FR_TEXT_OPTION("log-format", AT(log_format)),
	FR_TEXT_OPTION("host", AT(host)),
	FR_FLAG_OPTION("json", AT(json)),
	FR_FLAG_OPTION("insecure", AT(insecure)),
	FR_FLAG_OPTION("verify", AT(verify)),
	FR_FLAG_OPTION("no-verify", AT(no_verify)),
};

static const struct fr_command_line line = {.command = "advise",
                                            .help = help,
                                            .options = known,
                                            .n_options = FR_ARRAY_LEN(known),
                                            .max_arguments = 1};

static int usage(const char *what, const char *detail)
{
	return fr_usage("advise", what, detail);
}

/* "127.0.0.1:8080", "localhost:3000": no file of that name, and a port. */
static bool is_address(const char *text)
{
	struct fr_str s = fr_str_from(text), host;
	uint16_t port;

	return access(text, F_OK) != 0 && fr_authority_parse(s, &host, &port) == 0 && port;
}

/* As fr_options_read. */
static int read_options(struct advise *a, int argc, char **argv)
{
	int first, rc;

	a->network = "4g";
	rc = fr_options_read(&line, argc, argv, a, &first);
	if (rc)
		return rc;
	if (first < argc)
		a->subject = argv[first];
	if (!fr_network_find(a->network))
		return fr_unknown_network("advise", a->network);
	if (!a->subject && !a->origin)
		return usage("a URL, a file or --origin is needed", "");
	if (a->subject && !a->origin && is_address(a->subject))
		return usage("no such file; for a site in front of which no edge is say --origin "
		             "http://",
		             a->subject);
	if (a->subject && !a->origin && strstr(a->subject, "://") &&
	    strncmp(a->subject, "https://", 8) != 0)
		return usage("only https:// URLs can be loaded without an edge in front; for a "
		             "site without one say --origin ",
		             a->subject);
	return 0;
}

/* --- where the advice comes from --- */

static bool is_url(const struct advise *a)
{
	return a->subject && strncmp(a->subject, "https://", 8) == 0;
}

/* As if `forerun profile` had been called so. rules: a file, for the advised hints; NULL:
 * as the page is. */
static int profile_options(const struct advise *a, const char *rules, struct fr_profile_options *o)
{
	char *args[24], origin[1024];
	int n = 0, rc;

#define PUT(text) args[n++] = (char *)(uintptr_t)(text)
	PUT("advise");
	PUT("--variants");
	PUT(rules ? "off,early-hints,push" : "off,push");
	PUT("--runs");
	PUT(rules ? VERIFY_RUNS : RUNS);
	PUT("--network");
	PUT(a->network);
	if (a->origin || rules) {
		/* rules need an edge, which goes in front of a URL's own server */
		struct fr_str server =
			a->origin ? fr_str_from(a->origin) : fr_url_origin(a->subject);

		(void)snprintf(origin, sizeof origin, "%.*s", FR_STR_ARG(server));
		PUT("--origin");
		PUT(origin);
	}
	if (rules) {
		PUT("--rules");
		PUT(rules);
	}
	if (a->think) {
		PUT("--think");
		PUT(a->think);
	}
	if (a->ca) {
		PUT("--ca");
		PUT(a->ca);
	}
	if (a->insecure)
		PUT("--insecure");
	if (a->subject)
		PUT(a->subject);
#undef PUT
	args[n] = NULL;
	rc = fr_profile_options_read(n, args, o);
	return rc < 0 ? -rc : rc;
}

static int measure(const struct advise *a, const char *rules, struct fr_profile *p)
{
	struct fr_profile_options *o = fr_calloc(1, sizeof *o);
	int rc = profile_options(a, rules, o);

	if (rc == FR_EXIT_OK)
		rc = fr_measure(o, "advise", p);
	free(o);
	return rc;
}

/* --- does the advice hold? --- */

/* The advised links as a file of rules; its name is for free(). NULL: it cannot be made. */
static char *rules_file(const struct advise *a)
{
	const char *folder = getenv("TMPDIR");
	char name[512];
	struct fr_buf b;
	int fd;
	bool ok;

	(void)snprintf(name, sizeof name, "%s/forerun-rules-XXXXXX", folder ? folder : "/tmp");
	fd = mkstemp(name);
	if (fd < 0)
		return NULL;
	fr_buf_init(&b, RULES_BYTES);
	ok = fr_rules_write(a->list, a->n, false, &b) == 0 &&
	     write(fd, fr_buf_data(&b), fr_buf_len(&b)) == (ssize_t)fr_buf_len(&b);
	fr_buf_fini(&b);
	(void)close(fd);
	if (ok)
		return fr_str_dup(fr_str_from(name));
	(void)unlink(name);
	return NULL;
}

static void judge(struct advise *a, const struct fr_profile *p)
{
	struct fr_measured list[FR_VARIANT_COUNT];
	size_t n = 0;

	for (size_t i = 1; i < p->n_series; i++)
		if (p->series[0].n && p->series[i].n)
			fr_measured_take(p, i, &list[n++]);
	fr_measured_judge(a->list, list, n, true);
}

/* Loads the page with the advised hints and without. */
static int verify(struct advise *a)
{
	char *rules = a->list->n_links ? rules_file(a) : NULL;
	struct fr_profile *p;
	int rc;

	if (!rules)
		return FR_EXIT_OK;
	p = fr_calloc(1, sizeof *p);
	rc = measure(a, rules, p);
	if (rc == FR_EXIT_OK)
		judge(a, p);
	fr_profile_fini(p);
	free(p);
	(void)unlink(rules);
	free(rules);
	return rc;
}

static int from_measurement(struct advise *a)
{
	struct fr_profile *p = fr_calloc(1, sizeof *p);
	int rc = measure(a, NULL, p);

	if (rc == FR_EXIT_OK) {
		a->list = fr_calloc(1, sizeof *a->list);
		a->n = fr_measured_advise(p, a->list);
		if (!a->n) {
			fprintf(stderr, "forerun advise: interrupted\n");
			rc = FR_EXIT_FAILED;
		}
	}
	fr_profile_fini(p);
	free(p);
	return rc == FR_EXIT_OK && !a->no_verify ? verify(a) : rc;
}

static int from_file(struct advise *a)
{
	const struct fr_advise_form form = {.network = fr_network_find(a->network),
	                                    .log_format = a->log_format,
	                                    .host = a->host};
	char why[1024];

	if (fr_advise_read(a->subject, &form, &a->read, why, sizeof why) == 0) {
		a->list = a->read.list;
		a->n = a->read.n;
		return FR_EXIT_OK;
	}
	fprintf(stderr, "forerun advise: %s\n", why);
	return FR_EXIT_FAILED;
}

/* --- what is said --- */

static bool has_links(const struct advise *a)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->list[i].n_links)
			return true;
	return false;
}

/* A sentence with a mark, and a link of it, which stays in one piece. */
static void print_item(const char *text, const char *link)
{
	struct fr_str rest = fr_str_from(text), part;
	const char *mark = "  - ";

	while ((part = fr_wrap_next(&rest, FR_WRAP_COLUMNS - 4)).len) {
		printf("%s%.*s\n", mark, FR_STR_ARG(part));
		mark = "    ";
	}
	if (link)
		printf("      Link: %s\n", link);
}

static void print_page(const struct fr_advice *p)
{
	bool was_measured = false;

	printf("%s\n", p->url);
	for (size_t i = 0; i < p->n; i++) {
		const struct fr_advice_item *item = &p->items[i];

		print_item(item->text, item->link);
		/* the whole list belongs to the advice that has no link of its own */
		for (size_t k = 0; item->kind == FR_ADVICE_ADD && !item->link && k < p->n_links;
		     k++)
			printf("      Link: %s\n", p->links[k]);
		was_measured |= item->kind == FR_ADVICE_MEASURED;
	}
	if (!p->has_gain && !was_measured)
		puts("  Nothing to gain from hints: what this page needs is asked for early "
		     "enough.");
	if (p->has_gain && p->before.complete_us) {
		printf("  Expected, from the request on: drawn after %.0f ms, complete after "
		       "%.0f;\n",
		       (double)p->before.render_us / 1000, (double)p->before.complete_us / 1000);
		printf("  with 103 %.0f and %.0f; with push %.0f and %.0f.\n",
		       (double)p->early_hints.render_us / 1000,
		       (double)p->early_hints.complete_us / 1000, (double)p->push.render_us / 1000,
		       (double)p->push.complete_us / 1000);
	}
	putchar('\n');
}

static json_t *result_json(const struct fr_replay_result *r)
{
	return json_pack("{s:f, s:f, s:f}", "render", (double)r->render_us / 1000, "text",
	                 (double)r->text_us / 1000, "complete", (double)r->complete_us / 1000);
}

static json_t *page_json(const struct fr_advice *p)
{
	json_t *j = json_object(), *items = json_array(), *links = json_array();
	json_t *expected = json_object();

	(void)json_object_set_new(j, "url", json_string(p->url));
	(void)json_object_set_new(j, "gain", json_boolean(p->has_gain));
	for (size_t i = 0; i < p->n; i++) {
		json_t *item = json_object();

		(void)json_object_set_new(item, "kind",
		                          json_string(fr_advice_kind_str(p->items[i].kind)));
		(void)json_object_set_new(item, "text", json_string(p->items[i].text));
		if (p->items[i].link)
			(void)json_object_set_new(item, "link", json_string(p->items[i].link));
		(void)json_array_append_new(items, item);
	}
	(void)json_object_set_new(expected, "off", result_json(&p->before));
	(void)json_object_set_new(expected, "push", result_json(&p->push));
	(void)json_object_set_new(expected, "early-hints", result_json(&p->early_hints));
	for (size_t i = 0; i < p->n_links; i++)
		(void)json_array_append_new(links, json_string(p->links[i]));
	(void)json_object_set_new(j, "advice", items);
	(void)json_object_set_new(j, "links", links);
	(void)json_object_set_new(j, "expected", expected);
	return j;
}

static void print_json(const struct advise *a)
{
	json_t *list = json_array();

	for (size_t i = 0; i < a->n; i++)
		(void)json_array_append_new(list, page_json(&a->list[i]));
	(void)json_dumpf(list, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
	putchar('\n');
	json_decref(list);
}

static int write_rules(const struct advise *a, const char *file)
{
	FILE *to = file ? fopen(file, "w") : stdout;
	struct fr_buf b;
	int failed = !to;

	fr_buf_init(&b, RULES_BYTES);
	failed |= fr_rules_write(a->list, a->n, true, &b) < 0;
	if (!failed)
		failed = fwrite(fr_buf_data(&b), 1, fr_buf_len(&b), to) != fr_buf_len(&b);
	if (to && to != stdout)
		failed |= fclose(to) != 0;
	fr_buf_fini(&b);
	if (!failed)
		return FR_EXIT_OK;
	fprintf(stderr, "forerun advise: cannot write %s: %s\n", file ? file : "", strerror(errno));
	return FR_EXIT_FAILED;
}

/* What a log was read as. */
static void print_log(const struct fr_advise_read *r, size_t quiet)
{
	printf("%zu line%s read; %zu request%s counted: GET, complete, 200 or 304.\n", r->lines,
	       r->lines == 1 ? "" : "s", r->counted, r->counted == 1 ? "" : "s");
	if (r->not_understood)
		printf("%zu line%s not understood.\n", r->not_understood,
		       r->not_understood == 1 ? " was" : "s were");
	if (*r->host)
		printf("The lines name no host; it is taken for %s, as most Referers say "
		       "(--host).\n",
		       r->host);
	if (!r->n)
		puts("No page was loaded often enough to judge.");
	else if (quiet)
		printf("%zu of %zu pages that were loaded often have nothing to gain.\n", quiet,
		       r->n);
}

/* Of a log, pages without a word are counted only. */
static void print_pages(const struct advise *a)
{
	size_t quiet = 0;

	for (size_t i = 0; i < a->n; i++) {
		if (a->read.is_log && !a->list[i].n)
			quiet++;
		else
			print_page(&a->list[i]);
	}
	if (a->read.is_log)
		print_log(&a->read, quiet);
}

static int say(const struct advise *a)
{
	if (a->json)
		print_json(a);
	else
		print_pages(a);
	if (a->write)
		return write_rules(a, a->write);
	if (a->json || !has_links(a))
		return FR_EXIT_OK;
	puts("As rules for Forerun (in sites; --write FILE writes them):\n");
	return write_rules(a, NULL);
}

/* Before anything is measured. */
static bool can_write(const char *file)
{
	FILE *f = fopen(file, "a");

	if (f)
		return fclose(f) == 0;
	fprintf(stderr, "forerun advise: cannot write %s: %s\n", file, strerror(errno));
	return false;
}

int fr_tool_advise(int argc, char **argv)
{
	struct advise a = {0};
	int rc = read_options(&a, argc, argv);

	if (rc)
		return rc < 0 ? -rc : FR_EXIT_OK;
	if (a.write && !can_write(a.write))
		return FR_EXIT_FAILED;
	rc = a.origin || is_url(&a) ? from_measurement(&a) : from_file(&a);
	if (rc == FR_EXIT_OK)
		rc = say(&a);
	for (size_t i = 0; i < a.n; i++)
		fr_advice_fini(&a.list[i]);
	free(a.list);
	return rc;
}
