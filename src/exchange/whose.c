/* Finds the client of a request behind the proxies that are trusted. */
#include "exchange/whose.h"

#include <string.h>

#include "base/siphash.h"
#include "exchange/connection.h"
#include "exchange/exchange.h"
#include "http/forwarded.h"
#include "net/admission.h"
#include "net/loop.h"
#include "net/tally.h"
#include "observe/counters.h"
#include "observe/front_notice.h"
#include "observe/front_watch.h"

void fr_whose_init(struct fr_exchange *ex)
{
	ex->whose.client = fr_connection_client(ex->client);
}

/* Whether the connection's client may speak for others, by the configuration of this
 * exchange: looked up once, and again after a reload. */
static bool is_trusted(const struct fr_exchange *ex)
{
	const struct fr_party *from = fr_connection_client(ex->client);
	struct fr_peer_trust *trust = &ex->client->trust;

	if (trust->generation != ex->gen->serial) {
		/* a PROXY header that names nobody does not make its client the proxy */
		bool may_be = !ex->client->has_header || (ex->client->proxied && from->has_ip);

		trust->generation = ex->gen->serial;
		trust->is_trusted = may_be && fr_config_trusts(ex->gen->config,
		                                               from->has_ip ? &from->ip : NULL);
	}
	return trust->is_trusted;
}

static void take_client(struct fr_exchange *ex, const struct fr_forwarded *f)
{
	struct fr_party *party = fr_arena_alloc(&ex->arena, sizeof *party);
	struct fr_ip *chain = fr_arena_alloc(&ex->arena, f->n_hops * sizeof *chain);

	if (!party || !chain)
		return;
	fr_party_set(party, &f->hops[0], f->port);
	memcpy(chain, f->hops, f->n_hops * sizeof *chain);
	ex->whose = (struct fr_whose){.client = party, .chain = chain, .n_chain = f->n_hops};
}

static void take_forwarded(struct fr_exchange *ex)
{
	struct fr_forwarded f;

	fr_forwarded_read(&ex->req.fields, &ex->gen->config->trusted.addresses, &f);
	switch (f.kind) {
	case FR_FORWARDED_NONE:
		break;
	case FR_FORWARDED_MALFORMED:
		fr_count(&ex->worker->counters, FR_COUNT_FORWARDED_MALFORMED);
		break;
	case FR_FORWARDED_CLIENT:
		take_client(ex, &f);
		break;
	}
	if (f.scheme.p)
		ex->req.scheme = f.scheme;
}

/* A peer that is not trusted says whom it speaks for: an operator's own proxy, perhaps. */
static void note_untrusted(struct fr_exchange *ex)
{
	const struct fr_party *peer = ex->whose.client;
	struct fr_front_watch *watch = &ex->worker->observer.front;
	const struct fr_shared *shared = ex->gen->shared;
	struct fr_str said = fr_fields_value(&ex->req.fields, FR_FIELD_X_FORWARDED_FOR);

	if (!said.p && !fr_fields_get(&ex->req.fields, FR_FIELD_FORWARDED))
		return;
	fr_count(&ex->worker->counters, FR_COUNT_FORWARDED_UNTRUSTED);
	if (!said.p || !peer->has_ip)
		return;
	fr_front_watch_use(watch, ex->gen->serial);
	if (fr_front_watch_field(watch, &peer->ip, fr_siphash(shared->seed, said.p, said.len)))
		fr_front_notice_tell(shared->front, FR_FRONT_UNTRUSTED, &peer->ip,
		                     fr_loop_wall_s());
}

void fr_whose_find(struct fr_exchange *ex)
{
	if (ex->is_push || ex->client->is_admin)
		return;
	if (is_trusted(ex))
		take_forwarded(ex);
	else
		note_untrusted(ex);
}

int fr_whose_inherit(struct fr_exchange *ex, const struct fr_exchange *page)
{
	const struct fr_whose *from = &page->whose;
	struct fr_party *party;
	struct fr_ip *chain;

	ex->whose = *from;
	if (!from->chain)
		return 0;
	/* it may outlive the page */
	party = fr_arena_alloc(&ex->arena, sizeof *party);
	chain = fr_arena_alloc(&ex->arena, from->n_chain * sizeof *chain);
	if (!party || !chain) {
		fr_whose_init(ex);
		return FR_ERR_NOMEM;
	}
	*party = *from->client;
	memcpy(chain, from->chain, from->n_chain * sizeof *chain);
	ex->whose.client = party;
	ex->whose.chain = chain;
	return 0;
}

bool fr_whose_is_proxied(const struct fr_exchange *ex)
{
	return ex->whose.client != &ex->client->peer;
}

bool fr_whose_is_same(const struct fr_exchange *ex, const struct fr_exchange *other)
{
	const struct fr_party *a = ex->whose.client, *b = other->whose.client;

	return a == b || (a->has_ip && b->has_ip && memcmp(&a->ip, &b->ip, sizeof a->ip) == 0);
}

const struct fr_ip *fr_whose_counted(const struct fr_exchange *ex)
{
	return ex->whose.client->has_ip ? &ex->whose.client->counted : NULL;
}

struct fr_asker fr_whose_asker(const struct fr_exchange *ex)
{
	struct fr_asker asker;

	memcpy(asker.address, ex->whose.client->counted.bytes, sizeof asker.address);
	return asker;
}

/* --- places at origins --- */

static struct fr_tally *tally_of(const struct fr_exchange *ex)
{
	return fr_admission_requests(ex->worker->admission);
}

/* A trusted proxy that names nobody speaks for many, as what comes by a Unix socket may:
 * there the connection counts. fr_whose_find has looked. */
static struct fr_tally_key key_of(const struct fr_exchange *ex)
{
	const struct fr_party *client = ex->whose.client;
	const uint64_t number[2] = {ex->client->worker->index, ex->client->serial};
	struct fr_tally_key key = {.site = ex->site->id};

	_Static_assert(sizeof number == sizeof key.address,
	               "a connection is as long as an address");
	if (client->has_ip && (fr_whose_is_proxied(ex) || !ex->client->trust.is_trusted))
		memcpy(key.address, client->counted.bytes, sizeof key.address);
	else
		memcpy(key.address, number, sizeof key.address);
	return key;
}

static bool take_place(struct fr_exchange *ex, uint32_t most)
{
	struct fr_tally_key key;

	if (ex->to_origin.place)
		return true;
	key = key_of(ex);
	ex->to_origin.place = fr_tally_take(tally_of(ex), &key, most);
	return ex->to_origin.place;
}

bool fr_whose_take_place(struct fr_exchange *ex)
{
	return take_place(ex, ex->gen->config->limits.origin_requests_per_client);
}

void fr_whose_promise_place(struct fr_exchange *ex)
{
	(void)take_place(ex, UINT32_MAX);
}

void fr_whose_give_place(struct fr_exchange *ex)
{
	if (ex->to_origin.place)
		fr_tally_give(tally_of(ex), &ex->to_origin.place);
}

uint32_t fr_whose_places(const struct fr_exchange *ex)
{
	struct fr_tally_key key = key_of(ex);

	return fr_tally_count(tally_of(ex), &key);
}
