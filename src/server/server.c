/* Starts, reloads and stops the workers with a configuration. */
#include "server/server.h"
#include "observe/front_notice.h"
#include "observe/site_stats.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/crash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/siphash.h"
#include "cache/store.h"
#include "client/sockets.h"
#include "config/settings.h"
#include "learned/learned.h"
#include "net/admission.h"
#include "net/memory_limit.h"
#include "server/historian.h"
#include "server/server_priv.h"
#include "server/status.h"
#include "stages/compression/recoder.h"

/* Descriptors of the server's own: listeners, loops, logs, the hint database; and the
 * share of the others that clients do not get: what they ask for needs one, too. */
#define DESCRIPTORS 48u
#define DESCRIPTORS_PER_WORKER 16u
#define DESCRIPTORS_SHARE_OF_ORIGINS 3u

/* --- what workers share --- */

/* setting: "sites[0].tls.key" */
static int problem_of(struct fr_config_problem *why, const struct fr_config *config,
                      const char *setting, const struct fr_tls_problem *tls, int err)
{
	char where[480];

	fr_config_where(config, setting, where, sizeof where);
	(void)snprintf(why->text, sizeof why->text, "%s: %s", where, tls->text);
	return err;
}

/* The certificates of one context, as the configuration's files have them. */
struct pairs {
	const struct fr_config *config;
	bool of_admin; /* only the admin interface's; else all others */
	struct fr_tls_cert_spec *specs;
	struct fr_config_pair *where;
	size_t n;
};

static void add_pair(void *user, const struct fr_config_pair *pair)
{
	struct pairs *p = user;
	struct fr_tls_cert_spec *spec = &p->specs[p->n];

	if ((pair->cert_file == p->config->admin.cert_file) != p->of_admin)
		return;
	*spec = (struct fr_tls_cert_spec){.cert_file = pair->cert_file, .key_file = pair->key_file};
	/* what cannot be read is told by TLS */
	(void)!fr_config_read(p->config, pair->cert_file, &spec->cert_pem);
	(void)!fr_config_read(p->config, pair->key_file, &spec->key_pem);
	if (pair->site) {
		spec->hosts = (const char *const *)pair->site->hosts;
		spec->n_hosts = pair->site->n_hosts;
	}
	p->where[p->n++] = *pair;
}

/* The default certificate first (it answers clients without SNI), then those of the sites that
 * have their own. */
static int make_tls(struct fr_server *s, const struct fr_config *config, bool of_admin,
                    struct fr_tls_server **out, struct fr_config_problem *why)
{
	struct pairs p = {.config = config,
	                  .of_admin = of_admin,
	                  .specs = fr_calloc(config->n_sites + 2, sizeof *p.specs),
	                  .where = fr_calloc(config->n_sites + 2, sizeof *p.where)};
	struct fr_tls_problem tls;
	int rc;

	fr_config_each_pair(config, add_pair, &p);
	rc = fr_tls_server_new(p.specs, p.n, (int)config->tls_min_version, true, s->tickets, out,
	                       &tls);
	if (rc < 0) {
		char setting[64];

		(void)snprintf(setting, sizeof setting, "%s.%s",
		               p.n ? p.where[tls.pair].path : "tls",
		               tls.is_key ? "key" : "certificate");
		(void)problem_of(why, config, setting, &tls, rc);
	}
	free(p.specs);
	free(p.where);
	return rc;
}

static int make_origin_tls(struct fr_shared *shared, struct fr_config_problem *why)
{
	const struct fr_config *config = shared->config;
	struct fr_tls_problem tls;

	for (size_t i = 0; i < config->n_sites; i++) {
		const struct fr_config_origin *origin = &config->sites[i].origin;
		char setting[64];
		int rc;

		if (!origin->tls)
			continue;
		(void)snprintf(setting, sizeof setting, "sites[%zu].origin.ca", i);
		rc = fr_tls_client_new(origin->ca_file, origin->verify, "http/1.1",
		                       &shared->origin_tls[i], &tls);
		if (rc < 0)
			return problem_of(why, config, setting, &tls, rc);
	}
	return 0;
}

struct fr_shared *fr_server_shared_new(struct fr_server *s, struct fr_config *config)
{
	struct fr_shared *shared = fr_calloc(1, sizeof *shared);

	shared->refs = 1;
	shared->config = config;
	fr_config_ref(config);
	shared->origin_tls = fr_calloc(config->n_sites, sizeof(struct fr_tls_client *));
	shared->admin = &fr_server_admin;
	shared->server = s;
	shared->store = s->store;
	shared->knowledge = s->knowledge;
	shared->memory = fr_learned_memory(s->knowledge);
	shared->assets = fr_learned_assets(s->knowledge);
	shared->members = fr_learned_members(s->knowledge);
	shared->proof = fr_learned_proof(s->knowledge);
	shared->model = fr_learned_model(s->knowledge);
	shared->seed = s->seed;
	/* a hash of the seed, which stays a secret */
	(void)fr_canonical_loop_write(shared->loop, (uint32_t)fr_siphash(s->seed, "loop", 4));
	shared->origins = s->origins;
	shared->sites = s->sites;
	shared->recoder = s->recoder;
	shared->front = fr_front_notice_new();
	shared->access_log = config->access_log.format ? s->access_log : NULL;
	return shared;
}

/* The same with its TLS contexts. */
static int shared_new(struct fr_server *s, struct fr_config *config, struct fr_shared **out,
                      struct fr_config_problem *why)
{
	struct fr_shared *shared = fr_server_shared_new(s, config);
	bool wants_tls = false;
	int rc;

	for (size_t i = 0; i < config->n_listeners; i++)
		wants_tls |= config->listeners[i].tls && !config->listeners[i].is_admin;
	rc = make_origin_tls(shared, why);
	if (rc == 0 && wants_tls)
		rc = make_tls(s, config, false, &shared->tls, why);
	if (rc == 0 && config->admin.cert_file)
		rc = make_tls(s, config, true, &shared->admin_tls, why);
	if (rc < 0) {
		fr_shared_unref(&shared);
		return rc;
	}
	*out = shared;
	return 0;
}

/* --- listeners --- */

static bool same_listener(const struct fr_config_listener *a, const struct fr_config_listener *b)
{
	return a->tls == b->tls && strcmp(a->text, b->text) == 0;
}

static const struct fr_bound *find_bound(const struct fr_server *s,
                                         const struct fr_config_listener *l)
{
	for (size_t i = 0; i < s->n_bound; i++)
		if (same_listener(&s->bound[i].config, l))
			return &s->bound[i];
	return NULL;
}

static void bound_free(struct fr_bound *b, size_t n)
{
	for (size_t i = 0; b && i < n; i++) {
		free(b[i].config.text);
		free(b[i].config.path);
	}
	free(b);
}

/* Sockets that a new configuration needs beyond those that are open. */
struct opening {
	struct fr_bound *bound; /* owned: for all of its listeners */
	size_t n;
	struct fr_listen_fd **fds; /* owned: [worker][new listener] */
	size_t n_new;
};

static void opening_fini(struct opening *o, size_t workers, bool close_fds)
{
	bound_free(o->bound, o->n);
	for (size_t w = 0; o->fds && w < workers; w++) {
		for (size_t i = 0; close_fds && i < o->n_new; i++)
			close(o->fds[w][i].fd);
		free(o->fds[w]);
	}
	free(o->fds);
}

static int open_listener(struct fr_server *s, struct opening *o, size_t i,
                         const struct fr_config_listener *l, struct fr_sockets *sockets,
                         struct fr_config_problem *why)
{
	const struct fr_bound *old = find_bound(s, l);
	struct fr_bound *b = &o->bound[i];
	int *fds, rc;

	b->config = (struct fr_config_listener){.text = fr_str_dup(fr_str_from(l->text)),
	                                        .tls = l->tls,
	                                        .kind = l->kind,
	                                        .path = l->path ? fr_str_dup(fr_str_from(l->path))
	                                                        : NULL};
	b->port = old ? old->port : l->port;
	if (old)
		return 0;
	fds = fr_calloc(s->n_workers, sizeof *fds);
	rc = sockets ? fr_sockets_take(sockets, i, l, fds, &b->port, why)
	             : fr_sockets_open(l, fds, s->n_workers, &b->port, why);
	if (rc < 0 && l->is_optional) {
		if (!sockets)
			FR_LOG(INFO, "serve", "no admin interface: %s", why->text);
		free(b->config.path); /* somebody else's */
		b->config.path = NULL;
		free(fds);
		return 0;
	}
	for (size_t w = 0; rc == 0 && w < s->n_workers; w++)
		o->fds[w][o->n_new] = (struct fr_listen_fd){.fd = fds[w], .config = l};
	o->n_new += rc == 0;
	free(fds);
	return rc;
}

static int open_all(struct fr_server *s, const struct fr_config *config, struct fr_sockets *sockets,
                    struct opening *o, struct fr_config_problem *why)
{
	int rc = 0;

	*o = (struct opening){.n = config->n_listeners};
	o->bound = fr_calloc(o->n, sizeof *o->bound);
	o->fds = fr_calloc(s->n_workers, sizeof(struct fr_listen_fd *));
	for (size_t w = 0; w < s->n_workers; w++)
		o->fds[w] = fr_calloc(o->n, sizeof **o->fds);
	for (size_t i = 0; rc == 0 && i < o->n; i++)
		rc = open_listener(s, o, i, &config->listeners[i], sockets, why);
	if (rc < 0)
		opening_fini(o, s->n_workers, true);
	return rc;
}

/* Unix sockets of the old list that are not in the new one. */
static void remove_paths(const struct fr_bound *old, size_t n_old, const struct fr_bound *b,
                         size_t n)
{
	for (size_t i = 0; i < n_old; i++) {
		bool kept = false;

		for (size_t k = 0; k < n; k++)
			kept |= same_listener(&old[i].config, &b[k].config);
		if (!kept && old[i].config.path)
			fr_sockets_remove(old[i].config.path);
	}
}

/* --- configuring --- */

static void set_store_limits(struct fr_server *s, const struct fr_config *config)
{
	struct fr_store_limits limits = {.memory = (size_t)config->store.memory_mib * FR_MIB,
	                                 .max_variants = config->store.max_variants};

	fr_store_set_limits(s->store, &limits);
	(void)fr_store_trim(s->store);
}

/* The file of a new configuration's access log, opened before anything is changed.
 * fd: owned; as fr_access_log_use wants it. */
static int open_access_log(struct fr_server *s, const struct fr_config *config, int *fd,
                           struct fr_config_problem *why)
{
	const struct fr_config_access_log *log = &config->access_log;
	const char *old = s->shared ? s->shared->config->access_log.file : NULL;
	char where[400];
	int error;

	*fd = -1;
	if (!log->file)
		return 0;
	if (old && strcmp(old, log->file) == 0) {
		*fd = FR_ACCESS_LOG_SAME_FILE;
		return 0;
	}
	if (!s->access_log &&
	    fr_access_log_new(s->n_workers, log->buffer_bytes, &s->access_log) < 0) {
		(void)snprintf(why->text, sizeof why->text, "cannot start the access log");
		return FR_ERR_IO;
	}
	*fd = fr_access_file_open(log->file);
	if (*fd >= 0 || errno == ENXIO) /* a pipe that waits for its reader */
		return 0;
	error = errno;
	fr_config_where(config, "access_log.file", where, sizeof where);
	(void)snprintf(why->text, sizeof why->text, "%s: cannot write %.400s: %s", where, log->file,
	               strerror(error));
	return FR_ERR_IO;
}

static int prepare(struct fr_server *s, struct fr_config *config, struct fr_sockets *sockets,
                   int *log_fd, struct fr_shared **shared, struct opening *o,
                   struct fr_config_problem *why)
{
	int rc = open_access_log(s, config, log_fd, why);

	if (rc == 0)
		rc = shared_new(s, config, shared, why);
	if (rc == 0)
		rc = open_all(s, config, sockets, o, why);
	if (rc == 0)
		return 0;
	if (*shared)
		fr_shared_unref(shared);
	if (*log_fd > STDOUT_FILENO)
		close(*log_fd);
	return rc;
}

/* How many of the process's descriptors connections of clients may have: the others are
 * for origins, and for what the server has itself. */
static uint32_t descriptors_for_clients(const struct fr_server *s)
{
	uint64_t own = DESCRIPTORS + s->n_workers * DESCRIPTORS_PER_WORKER, left;
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0 || r.rlim_cur == RLIM_INFINITY)
		return UINT32_MAX;
	left = r.rlim_cur > own ? r.rlim_cur - own : 0;
	left -= left / DESCRIPTORS_SHARE_OF_ORIGINS;
	return left < UINT32_MAX ? (uint32_t)left : UINT32_MAX;
}

static int configure(struct fr_server *s, struct fr_config *config, struct fr_sockets *sockets,
                     struct fr_config_problem *why)
{
	struct fr_shared *shared = NULL, *old = s->shared;
	struct opening o = {0};
	int log_fd, rc = prepare(s, config, sockets, &log_fd, &shared, &o, why);

	if (rc < 0)
		return rc;
	FR_ASSERT(o.fds);
	set_store_limits(s, config);
	fr_memory_set_limit(s->memory, (uint64_t)config->limits.memory_mib * FR_MIB);
	fr_admission_set_descriptors(s->admission, descriptors_for_clients(s));
	fr_learned_configure(s->knowledge, config);
	if (s->access_log)
		fr_access_log_use(s->access_log, config, log_fd);
	fr_admission_set_limits(s->admission, config->limits.connections,
	                        config->limits.connections_per_address);
	for (size_t w = 0; w < s->n_workers; w++)
		fr_worker_thread_configure(s->workers[w], shared, o.fds[w], o.n_new);
	if (!s->has_parent)
		remove_paths(s->bound, s->n_bound, o.bound, o.n);
	bound_free(s->bound, s->n_bound);
	s->bound = o.bound;
	s->n_bound = o.n;
	o.bound = NULL;
	opening_fini(&o, s->n_workers, false);
	s->shared = shared;
	atomic_fetch_add(&s->configurations, 1);
	fr_shared_unref(&old);
	return 0;
}

int fr_server_reload(struct fr_server *s, struct fr_config *config, struct fr_sockets *sockets,
                     struct fr_config_problem *why)
{
	if (s->is_stopping) {
		(void)snprintf(why->text, sizeof why->text, "the server is stopping");
		return FR_ERR_INVALID;
	}
	return configure(s, config, sockets, why);
}

/* --- life --- */

static void worker_empty(void *user)
{
	struct fr_server *s = user;

	if (atomic_fetch_sub(&s->busy, 1) != 1)
		return;
	for (size_t i = 0; i < s->n_workers; i++)
		fr_worker_thread_finish(s->workers[i]);
}

static void worker_ended(void *user)
{
	struct fr_server *s = user;

	if (atomic_fetch_sub(&s->running, 1) == 1)
		(void)eventfd_write(s->done_fd, 1);
}

size_t fr_server_count_workers(const struct fr_config *config)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (config->workers)
		return config->workers;
	if (cores > (long)FR_CRASH_MAX_WORKERS)
		return FR_CRASH_MAX_WORKERS;
	return cores > 0 ? (size_t)cores : 1;
}

static int start_workers(struct fr_server *s, size_t n, struct fr_config_problem *why)
{
	s->workers = fr_calloc(n, sizeof(struct fr_worker_thread *));
	for (; s->n_workers < n; s->n_workers++) {
		atomic_fetch_add(&s->running, 1);
		if (fr_worker_thread_start((unsigned)s->n_workers, s->admission, s->memory,
		                           worker_empty, worker_ended, s,
		                           &s->workers[s->n_workers]) < 0) {
			atomic_fetch_sub(&s->running, 1);
			(void)snprintf(why->text, sizeof why->text, "cannot start worker %zu",
			               s->n_workers);
			return FR_ERR_IO;
		}
	}
	return 0;
}

static uint64_t stored_bytes(const void *user)
{
	const struct fr_server *s = user;
	struct fr_store_stats stats;

	fr_store_stats(s->store, &stats);
	return stats.held;
}

int fr_server_start(struct fr_config *config, struct fr_sockets *sockets, struct fr_server **out,
                    struct fr_config_problem *why)
{
	struct fr_server *s = fr_calloc(1, sizeof *s);
	int rc;

	s->has_parent = sockets != NULL;
	fr_random_bytes(&s->seed, sizeof s->seed);
	s->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->done_fd < 0) {
		(void)snprintf(why->text, sizeof why->text, "cannot make an event descriptor");
		free(s);
		return FR_ERR_IO;
	}
	s->admission = fr_admission_new(s->seed);
	s->store = fr_store_new(&(struct fr_store_limits){.memory = FR_MIB, .max_variants = 1},
	                        s->seed);
	s->memory = fr_memory_new(fr_server_count_workers(config), stored_bytes, s);
	s->knowledge = fr_learned_new(config, s->seed);
	s->tickets = fr_tls_tickets_new();
	s->origins = fr_origin_registry_new(fr_server_count_workers(config));
	s->sites = fr_site_registry_new(fr_server_count_workers(config));
	s->start_us = fr_wall_us();
	rc = start_workers(s, fr_server_count_workers(config), why);
	s->recoder = fr_recoder_new();
	if (rc == 0 &&
	    (fr_recoder_start(s->recoder) < 0 || fr_historian_start(s, &s->historian) < 0)) {
		(void)snprintf(why->text, sizeof why->text, "cannot start a thread");
		rc = FR_ERR_IO;
	}
	if (rc == 0)
		rc = configure(s, config, sockets, why);
	if (rc < 0) {
		fr_server_stop(s);
		(void)fr_server_join(&s);
		return rc;
	}
	*out = s;
	return 0;
}

uint16_t fr_server_port(const struct fr_server *s, size_t index)
{
	FR_ASSERT(index < s->n_bound);
	return s->bound[index].config.kind == FR_ADDRESS_UNIX ? 0 : s->bound[index].port;
}

void fr_server_note_crashes(struct fr_server *s, unsigned n)
{
	atomic_store(&s->crashes, n);
}

void fr_server_reopen_logs(struct fr_server *s)
{
	if (s->access_log)
		fr_access_log_reopen(s->access_log);
}

void fr_server_stop(struct fr_server *s)
{
	if (!s->is_stopping) {
		if (!s->has_parent)
			remove_paths(s->bound, s->n_bound, NULL, 0);
		atomic_store(&s->busy, s->n_workers);
	}
	s->is_stopping = true;
	for (size_t i = 0; i < s->n_workers; i++)
		fr_worker_thread_stop(s->workers[i]);
}

size_t fr_server_join(struct fr_server **sp)
{
	struct fr_server *s = *sp;
	size_t live = 0;

	fr_historian_stop(s->historian);
	for (size_t i = 0; i < s->n_workers; i++)
		live += fr_worker_thread_join(&s->workers[i]);
	fr_historian_free(&s->historian);
	fr_recoder_free(&s->recoder);
	free(s->workers);
	fr_access_log_free(&s->access_log);
	fr_origin_registry_free(&s->origins);
	fr_site_registry_free(&s->sites);
	bound_free(s->bound, s->n_bound);
	fr_shared_unref(&s->shared);
	fr_tls_tickets_free(&s->tickets);
	if (live == 0) {
		fr_admission_free(&s->admission);
		fr_memory_free(&s->memory);
		fr_store_free(&s->store);
		fr_learned_free(&s->knowledge);
	}
	close(s->done_fd);
	free(s);
	*sp = NULL;
	return live;
}

int fr_server_done_fd(const struct fr_server *s)
{
	return s->done_fd;
}
