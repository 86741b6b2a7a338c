/* The parent's listening sockets, kept over reloads and restarts. */
#include "cli/serve/listening.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "client/sockets.h"

struct socket_set {
	unsigned refs; /* owners: the sets that have it */
	char *text;    /* owned: of the listener */
	char *path;    /* owned: of a Unix socket; NULL */
	bool tls;
	int *fds; /* owned; NULL: an optional listener that could not be opened */
	size_t n;
};

struct fr_listening {
	struct socket_set **sets; /* references */
	size_t n;
};

static void unref(struct socket_set *s)
{
	if (!s || --s->refs)
		return;
	for (size_t i = 0; s->fds && i < s->n; i++)
		close(s->fds[i]);
	if (s->fds && s->path)
		fr_sockets_remove(s->path);
	free(s->fds);
	free(s->text);
	free(s->path);
	free(s);
}

static bool is_same(const struct socket_set *s, const struct fr_config_listener *l)
{
	return s->tls == l->tls && strcmp(s->text, l->text) == 0;
}

static bool has(const struct fr_listening *l, const struct socket_set *s)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->sets[i] == s)
			return true;
	return false;
}

/* Several listeners may have the same text: "127.0.0.1:0". */
static struct socket_set *find_old(const struct fr_listening *old, const struct fr_listening *taken,
                                   const struct fr_config_listener *l)
{
	for (size_t i = 0; old && i < old->n; i++)
		if (is_same(old->sets[i], l) && !has(taken, old->sets[i]))
			return old->sets[i];
	return NULL;
}

static int open_one(const struct fr_config_listener *l, size_t workers, struct socket_set **out,
                    struct fr_config_problem *why)
{
	struct socket_set *s = fr_calloc(1, sizeof *s);
	uint16_t port = l->port;
	int rc;

	s->refs = 1;
	s->text = fr_str_dup(fr_str_from(l->text));
	s->path = l->path ? fr_str_dup(fr_str_from(l->path)) : NULL;
	s->tls = l->tls;
	s->n = workers;
	s->fds = fr_calloc(workers, sizeof *s->fds);
	rc = fr_sockets_open(l, s->fds, workers, &port, why);
	if (rc < 0) {
		free(s->fds);
		s->fds = NULL;
		if (!l->is_optional) {
			unref(s);
			return rc;
		}
		FR_LOG(INFO, "serve", "no admin interface: %s", why->text);
	}
	*out = s;
	return 0;
}

int fr_listening_open(const struct fr_config *config, size_t workers,
                      const struct fr_listening *old, struct fr_listening **out,
                      struct fr_config_problem *why)
{
	struct fr_listening *l = fr_calloc(1, sizeof *l);
	int rc = 0;

	l->sets = fr_calloc(config->n_listeners, sizeof(struct socket_set *));
	for (size_t i = 0; rc == 0 && i < config->n_listeners; i++) {
		struct socket_set *s = find_old(old, l, &config->listeners[i]);

		if (s)
			s->refs++;
		else
			rc = open_one(&config->listeners[i], workers, &s, why);
		if (rc == 0)
			l->sets[l->n++] = s;
	}
	if (rc < 0) {
		fr_listening_close(&l);
		return rc;
	}
	*out = l;
	return 0;
}

int fr_listening_each(const struct fr_listening *l,
                      int (*give)(void *user, size_t index, const int *fds, size_t n), void *user)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < l->n; i++)
		if (l->sets[i]->fds)
			rc = give(user, i, l->sets[i]->fds, l->sets[i]->n);
	return rc;
}

size_t fr_listening_count(const struct fr_listening *l)
{
	return l->n;
}

void fr_listening_close(struct fr_listening **lp)
{
	struct fr_listening *l = *lp;

	*lp = NULL;
	if (!l)
		return;
	for (size_t i = 0; i < l->n; i++)
		unref(l->sets[i]);
	free(l->sets);
	free(l);
}
