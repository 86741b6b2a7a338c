/* fr_load_client_of of load.h: who loads a page, as far as learning needs to know. */
#include <string.h>

#include "base/err.h"
#include "base/ip.h"
#include "base/siphash.h"
#include "hints/learning/load.h"
#include "hints/witness.h"
#include "http/cookie.h"
#include "http/fields.h"
#include "http/purpose.h"

/* A User-Agent is looked at so far. */
#define AGENT_BYTES 512u

/* Words of clients that are no browsers, in lower case. */
static const char *const bots[] = {
	"bot",         "crawl",      "spider",         "slurp",   "curl/",
	"wget/",       "python",     "go-http-client", "monitor", "preview",
	"externalhit", "lighthouse", "http-client",    "libwww",  "okhttp",
};

static bool is_bot(struct fr_str agent)
{
	for (size_t i = 0; i < FR_ARRAY_LEN(bots); i++)
		if (fr_str_ihas(agent, fr_str_from(bots[i])))
			return true;
	return false;
}

static enum fr_device device_of(const struct fr_fields *req, struct fr_str agent)
{
	const struct fr_field *hint = fr_fields_find(req, FR_STR("sec-ch-ua-mobile"));

	if (hint)
		return fr_str_is(hint->value, "?1") ? FR_DEVICE_MOBILE : FR_DEVICE_DESKTOP;
	if (!agent.len)
		return FR_DEVICE_UNKNOWN;
	return memmem(agent.p, agent.len, "Mobi", 4) ? FR_DEVICE_MOBILE : FR_DEVICE_DESKTOP;
}

static uint32_t short_hash(uint64_t seed, struct fr_str s)
{
	uint64_t h = fr_siphash(seed, s.p, s.len);

	return (uint32_t)(h ^ h >> 32) | 1u; /* 0 is no hash */
}

static void take_cookies(struct fr_str rest, uint64_t seed, struct fr_load_client *out)
{
	struct fr_str pair;

	while (out->n_cookies < FR_LOAD_MAX_COOKIES && fr_cookie_next(&rest, &pair)) {
		size_t at = fr_str_find(pair, '=');

		if (at == 0 || at == pair.len)
			continue;
		out->cookies[out->n_cookies++] = (struct fr_load_cookie){
			.name = short_hash(seed, fr_str_sub(pair, 0, at)),
			.value = short_hash(seed, fr_str_sub(pair, at + 1, pair.len))};
	}
}

uint64_t fr_load_network(const struct fr_ip *ip, uint64_t seed)
{
	return fr_siphash(seed, ip->bytes, fr_ip_network_bytes(ip)) | 1u;
}

void fr_load_client_of(const struct fr_fields *req, const struct fr_ip *ip, uint64_t seed,
                       struct fr_load_client *out)
{
	struct fr_str agent = fr_str_sub(fr_fields_value(req, FR_FIELD_USER_AGENT), 0, AGENT_BYTES);
	struct fr_str address = {0};
	const struct fr_field *f = NULL;
	struct fr_ip subscriber;
	struct fr_witness who;

	if (ip) {
		subscriber = fr_ip_subscriber(ip);
		address = fr_str_make((const char *)&subscriber, sizeof subscriber);
	}
	who = fr_witness_of(fr_witness_client(address, seed), req, seed);
	*out = (struct fr_load_client){
		.client = who.client,
		.network = ip ? fr_load_network(ip, seed) : 1,
		.credential = who.credential,
		.kinds = who.kinds,
		.device = (uint8_t)device_of(req, agent),
		.saves_data = fr_saves_data(req),
		.is_bot = is_bot(agent),
	};
	while ((f = fr_fields_next(req, FR_FIELD_COOKIE, f)))
		take_cookies(f->value, seed, out);
}
