/* A configuration from a file or from arguments, and what is set in it afterwards. */
#include "config/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "config/config_priv.h"
#include "config/files.h"

/* --- faults --- */

/* The first in *why; with how many there are besides. */
static void take_first(const struct fr_faults *f, struct fr_config_problem *why)
{
	size_t others = f->n + f->more - 1;
	char more[80] = "";

	if (others)
		(void)snprintf(more, sizeof more, " (and %zu more: see forerun check)", others);
	(void)snprintf(why->text, sizeof why->text, "%.*s%s", (int)(sizeof why->text - sizeof more),
	               f->v[0].text, more);
}

/* --- from a file --- */

/* What could be read, with the faults in the source; NULL: nothing. */
static struct fr_config *parse(const struct fr_source *s)
{
	struct fr_config *c;
	struct fr_raw *raw = NULL;

	if (memchr(s->text, '\0', s->len)) {
		fr_config_complain_at(s, 1, "", "", "not a text file");
		return NULL;
	}
	if (fr_raw_parse(s, &raw) < 0)
		return NULL;
	c = fr_config_convert(s, raw);
	fr_raw_free(&raw);
	return c;
}

/* A configuration without faults, or none. */
static int parse_sound(const char *name, struct fr_str file, struct fr_files *files,
                       struct fr_config **out, struct fr_config_problem *why)
{
	struct fr_faults faults = {.n = 0};
	struct fr_source source = {
		.name = name, .text = file.p, .len = file.len, .faults = &faults, .files = files};
	struct fr_config *c = parse(&source);
	int rc = 0;

	if (faults.n) {
		take_first(&faults, why);
		rc = c ? FR_ERR_INVALID : FR_ERR_SYNTAX;
		fr_config_unref(&c);
	} else {
		*out = c;
	}
	fr_faults_fini(&faults);
	return rc;
}

int fr_config_parse(const char *name, const char *text, size_t len, struct fr_config **out,
                    struct fr_config_problem *why)
{
	struct fr_files *files = fr_files_new();
	int rc = parse_sound(name, fr_str_make(text, len), files, out, why);

	fr_files_unref(&files);
	return rc;
}

static int read_file(const char *file, struct fr_files *files, struct fr_str *text,
                     struct fr_config_problem *why)
{
	if (fr_files_get(files, file, text) == 0)
		return 0;
	(void)snprintf(why->text, sizeof why->text, "cannot read %s: %s", file,
	               errno == EFBIG ? "larger than 1 MiB" : strerror(errno));
	return FR_ERR_IO;
}

int fr_config_load(const char *file, struct fr_files *files, struct fr_config **out,
                   struct fr_config_problem *why)
{
	struct fr_files *own = files ? NULL : fr_files_new();
	struct fr_str text = {0};
	int rc = read_file(file, files ? files : own, &text, why);

	if (rc == 0)
		rc = parse_sound(file, text, files ? files : own, out, why);
	fr_files_unref(&own);
	return rc;
}

size_t fr_config_examine(const char *file, fr_config_on_fault *on_fault, void *user,
                         struct fr_config **out)
{
	struct fr_files *files = fr_files_new();
	struct fr_faults faults = {.n = 0};
	struct fr_config_problem why;
	struct fr_str text = {0};
	size_t n = 1;

	*out = NULL;
	if (read_file(file, files, &text, &why) < 0) {
		on_fault(user, why.text);
	} else {
		struct fr_source source = {.name = file,
		                           .text = text.p,
		                           .len = text.len,
		                           .faults = &faults,
		                           .files = files};

		*out = parse(&source);
		for (size_t i = 0; i < faults.n; i++)
			on_fault(user, faults.v[i].text);
		n = faults.n + faults.more;
	}
	fr_faults_fini(&faults);
	fr_files_unref(&files);
	return n;
}

void fr_config_where(const struct fr_config *c, const char *path, char *out, size_t cap)
{
	struct fr_str text = {0};
	unsigned line = 0;

	if (fr_files_find(c->files, c->source, &text))
		line = fr_config_locate(text.p, text.len, path);
	fr_config_print_place(c->source, line, path, out, cap);
}

int fr_config_read(const struct fr_config *c, const char *path, struct fr_str *out)
{
	return fr_files_get(c->files, path, out);
}

void fr_config_each_pair(const struct fr_config *c, fr_config_on_pair *visit, void *user)
{
	struct fr_config_pair pair = {.cert_file = c->cert_file, .key_file = c->key_file};

	(void)snprintf(pair.path, sizeof pair.path, "tls");
	if (pair.cert_file)
		visit(user, &pair);
	pair.cert_file = c->admin.cert_file;
	pair.key_file = c->admin.key_file;
	(void)snprintf(pair.path, sizeof pair.path, "admin.tls");
	if (pair.cert_file)
		visit(user, &pair);
	for (size_t i = 0; i < c->n_sites; i++) {
		pair.site = &c->sites[i];
		pair.cert_file = pair.site->cert_file;
		pair.key_file = pair.site->key_file;
		(void)snprintf(pair.path, sizeof pair.path, "sites[%zu].tls", i);
		if (pair.cert_file)
			visit(user, &pair);
	}
}

struct key_reading {
	const struct fr_config *c;
	struct fr_config_problem *why;
	int rc;
};

static void read_key_file(struct key_reading *r, const struct fr_config_pair *pair, const char *key,
                          const char *file)
{
	struct fr_str text;
	char path[64], where[700];
	int failure;

	if (r->rc < 0 || fr_config_read(r->c, file, &text) == 0)
		return;
	failure = errno;
	r->rc = FR_ERR_IO;
	(void)snprintf(path, sizeof path, "%s.%s", pair->path, key);
	fr_config_where(r->c, path, where, sizeof where);
	(void)snprintf(r->why->text, sizeof r->why->text, "%.600s: cannot use %s %.280s: %s", where,
	               key, file, strerror(failure));
}

static void read_pair(void *user, const struct fr_config_pair *pair)
{
	read_key_file(user, pair, "certificate", pair->cert_file);
	read_key_file(user, pair, "key", pair->key_file);
}

int fr_config_read_keys(const struct fr_config *c, struct fr_config_problem *why)
{
	struct key_reading r = {.c = c, .why = why};

	fr_config_each_pair(c, read_pair, &r);
	return r.rc;
}

void fr_config_each_secret(const struct fr_config *c, void (*visit)(void *user, const char *path),
                           void *user)
{
	if (c->key_file)
		visit(user, c->key_file);
	if (c->admin.key_file)
		visit(user, c->admin.key_file);
	if (c->admin.token_file)
		visit(user, c->admin.token_file);
	for (size_t i = 0; i < c->n_sites; i++)
		if (c->sites[i].key_file)
			visit(user, c->sites[i].key_file);
}

void fr_config_default_admin(struct fr_config *c, const char *path)
{
	struct fr_config_listener *l = &c->listeners[c->n_listeners]; /* there is room for it */
	char text[4200];

	for (size_t i = 0; i < c->n_listeners; i++)
		if (c->listeners[i].is_admin)
			return;
	if (c->admin.is_off)
		return;
	(void)snprintf(text, sizeof text, "unix:%s", path);
	*l = (struct fr_config_listener){.text = fr_str_dup(fr_str_from(text)),
	                                 .is_admin = true,
	                                 .is_optional = true,
	                                 .kind = FR_ADDRESS_UNIX,
	                                 .path = fr_str_dup(fr_str_from(path))};
	c->n_listeners++;
}

void fr_config_default_hint_file(struct fr_config *c, const char *path)
{
	if (!c->hint_memory.file && !c->hint_memory.no_file)
		c->hint_memory.file = fr_str_dup(fr_str_from(path));
}

void fr_config_loopback_admin(struct fr_config *c, const char *token)
{
	struct fr_config_listener *l = &c->listeners[c->n_listeners++]; /* there is room for it */

	c->admin.token = fr_str_dup(fr_str_from(token));
	*l = (struct fr_config_listener){.text = fr_str_dup(FR_STR("127.0.0.1:0")),
	                                 .is_admin = true,
	                                 .kind = FR_ADDRESS_INET,
	                                 .host = fr_str_dup(FR_STR("127.0.0.1"))};
}

/* --- from arguments --- */

static char *text_of(const char *s)
{
	return (char *)(uintptr_t)s; /* read only, see below */
}

/* Puts the arguments into the form of a file, so that one code judges both.
 * Nothing in it is changed or freed by the conversion. */
int fr_config_from_args(const struct fr_config_args *args, struct fr_config **out,
                        struct fr_config_problem *why)
{
	struct fr_files *own = args->files ? NULL : fr_files_new();
	struct fr_faults faults = {.n = 0};
	struct fr_source source = {
		.name = FR_COMMAND_LINE, .faults = &faults, .files = own ? own : args->files};
	size_t n = args->n_listen + args->n_listen_plain;
	struct fr_raw_listener *listeners = fr_calloc(n, sizeof *listeners);
	char *any = text_of("*"), workers[16];
	struct fr_raw_tls tls = {.certificate = text_of(args->cert_file),
	                         .key = text_of(args->key_file)};
	struct fr_raw_origin origin = {.url = text_of(args->origin)};
	struct fr_raw_cache no_cache = {.enabled = text_of("false")};
	struct fr_raw_site site = {.hosts = &any,
	                           .hosts_count = 1,
	                           .origin = &origin,
	                           .cache = args->no_cache ? &no_cache : NULL};
	struct fr_raw_access_log access_log = {.file = text_of(args->access_log)};
	struct fr_raw raw = {.workers = workers,
	                     .access_log = args->access_log ? &access_log : NULL,
	                     .listen = listeners,
	                     .listen_count = (unsigned)n,
	                     .tls = &tls,
	                     .sites = &site,
	                     .sites_count = 1};
	struct fr_config *c;
	int rc = 0;

	(void)snprintf(workers, sizeof workers, "%u", args->workers);
	for (size_t i = 0; i < args->n_listen; i++)
		listeners[i] = (struct fr_raw_listener){.address = text_of(args->listen[i])};
	for (size_t i = 0; i < args->n_listen_plain; i++)
		listeners[args->n_listen + i] = (struct fr_raw_listener){
			.address = text_of(args->listen_plain[i]), .tls = text_of("false")};
	c = fr_config_convert(&source, &raw);
	if (faults.n) {
		take_first(&faults, why);
		fr_config_unref(&c);
		rc = FR_ERR_INVALID;
	} else {
		*out = c;
	}
	fr_faults_fini(&faults);
	fr_files_unref(&own);
	free(listeners);
	return rc;
}
