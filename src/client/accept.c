/* Admits accepted sockets, or closes them. */
#include "client/accept.h"

#include <unistd.h>

#include "client/client.h"
#include "client/proxied.h"
#include "client/shedding.h"
#include "net/admission.h"
#include "net/memory_limit.h"
#include "net/party.h"
#include "observe/counters.h"

/* A trusted proxy's connections are many clients': they count only in all, as those of Unix
 * sockets do. */
static bool admit(struct fr_worker *w, const struct fr_party *peer, struct fr_ticket *ticket)
{
	bool counts = peer->has_ip && !fr_config_trusts(w->gen->config, &peer->ip);

	switch (fr_admission_take(w->admission, counts ? &peer->counted : NULL, ticket)) {
	case FR_ADMITTED:
		return true;
	case FR_TOO_MANY:
		fr_count(&w->counters, FR_COUNT_LIMIT_CONNECTIONS);
		return false;
	case FR_TOO_MANY_FROM_ADDRESS:
		fr_count(&w->counters, FR_COUNT_LIMIT_CONNECTIONS_ADDRESS);
		return false;
	}
	return false;
}

/* Without a descriptor to spare an idle connection of this worker makes room. The admin
 * interface always has one. */
static bool take_descriptor(struct fr_clients *all, bool is_admin)
{
	struct fr_worker *w = all->worker;

	if (fr_admission_take_descriptor(w->admission, is_admin))
		return true;
	if (!fr_shed_idle(all)) {
		fr_count(&w->counters, FR_COUNT_LIMIT_DESCRIPTORS);
		return false;
	}
	fr_count(&w->counters, FR_COUNT_LIMIT_DESCRIPTORS_CLOSED);
	return fr_admission_take_descriptor(w->admission, true);
}

/* With its descriptor. */
static bool open_client(struct fr_clients *all, int fd, const struct fr_config_listener *listener)
{
	struct fr_admission *admission = all->worker->admission;
	struct fr_ticket ticket;
	struct fr_party peer;

	if (!fr_party_of_socket(&peer, fd) || !fr_proxied_admits(all, &peer, listener) ||
	    !admit(all->worker, &peer, &ticket))
		return false;
	if (fr_client_open(all, &ticket, &peer, fd, listener))
		return true;
	fr_admission_give(admission, &ticket);
	return false;
}

void fr_client_accept(struct fr_clients *all, int fd, const struct fr_config_listener *listener)
{
	struct fr_worker *w = all->worker;

	if (!listener->is_admin && fr_memory_level(&w->memory) >= FR_MEMORY_NO_CONNECTIONS) {
		fr_count(&w->counters, FR_COUNT_LIMIT_MEMORY_CONNECTIONS);
		close(fd);
		return;
	}
	if (!take_descriptor(all, listener->is_admin)) {
		close(fd);
		return;
	}
	if (open_client(all, fd, listener))
		return;
	fr_admission_give_descriptor(w->admission);
	close(fd);
}
