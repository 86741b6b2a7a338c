/* What a connection may hold of memory. */
#include "exchange/connection.h"

bool fr_connection_has_share(const struct fr_connection *c)
{
	struct fr_worker *w = c->worker;

	if (fr_memory_level(&w->memory) < FR_MEMORY_NO_REQUESTS || c->is_admin)
		return true;
	return c->ops->held(c) <= fr_memory_share(&w->memory, w->n_clients);
}
