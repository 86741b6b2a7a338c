/* Counts loads of one address, and remembers peers that speak for others. */
#include "observe/front_watch.h"

#include <string.h>

void fr_front_watch_use(struct fr_front_watch *w, uint64_t generation)
{
	/* what began under an older one still ends */
	if (generation <= w->generation)
		return;
	memset(w, 0, sizeof *w);
	w->generation = generation;
}

/* Into a set that takes no more than `most`. */
static void note(uint64_t *set, size_t *n, size_t most, uint64_t hash)
{
	for (size_t i = 0; i < *n; i++)
		if (set[i] == hash)
			return;
	if (*n < most)
		set[(*n)++] = hash;
}

static bool is_same(const struct fr_ip *a, const struct fr_ip *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

static void begin(struct fr_front_watch *w, const struct fr_ip *client, int64_t now_s)
{
	w->address = *client;
	w->since_s = now_s;
	w->loads = w->others = 0;
	w->n_agents = 0;
}

bool fr_front_watch_load(struct fr_front_watch *w, const struct fr_ip *client, uint64_t agent,
                         int64_t now_s)
{
	if (w->is_told)
		return false;
	if (w->loads == 0 || now_s - w->since_s > FR_FRONT_WINDOW_S || now_s < w->since_s)
		begin(w, client, now_s);
	if (!is_same(&w->address, client)) {
		w->others++;
		if (w->others * FR_FRONT_PART > w->loads)
			begin(w, client, now_s);
		else
			return false;
	}
	w->loads++;
	note(w->agents, &w->n_agents, FR_FRONT_AGENTS, agent);
	w->is_told = w->loads >= FR_FRONT_LOADS && w->n_agents >= FR_FRONT_AGENTS;
	return w->is_told;
}

static struct fr_front_speaker *find_speaker(struct fr_front_watch *w, const struct fr_ip *peer)
{
	size_t n = w->n_speakers < FR_FRONT_SPEAKERS ? w->n_speakers : FR_FRONT_SPEAKERS;
	struct fr_front_speaker *s;

	for (size_t i = 0; i < n; i++)
		if (is_same(&w->speakers[i].address, peer))
			return &w->speakers[i];
	s = &w->speakers[w->n_speakers++ % FR_FRONT_SPEAKERS];
	*s = (struct fr_front_speaker){.address = *peer};
	return s;
}

bool fr_front_watch_field(struct fr_front_watch *w, const struct fr_ip *peer, uint64_t said)
{
	struct fr_front_speaker *s = find_speaker(w, peer);

	if (s->is_told)
		return false;
	note(s->names, &s->n_names, FR_FRONT_NAMES, said);
	s->is_told = s->n_names >= FR_FRONT_NAMES || fr_ip_is_private(peer);
	return s->is_told;
}
