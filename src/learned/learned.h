/* What the whole server has learned: the hint memory, what is known of assets, and the file
 * in which both survive a restart. Connects hints/memory.h and hints/assets.h with
 * learned/db.h; owned by the server, used by all workers (through struct fr_shared). */
#ifndef FR_LEARNED_LEARNED_H
#define FR_LEARNED_LEARNED_H

#include <jansson.h>

#include "config/config.h"
#include "hints/assets.h"
#include "hints/learning/model.h"
#include "hints/members.h"
#include "hints/memory.h"
#include "hints/proof/proof.h"

struct fr_learned;

/* Reads what the file has; without a usable one it begins empty. seed: secret,
 * for a fresh file. Never NULL. */
struct fr_learned *fr_learned_new(const struct fr_config *config, uint64_t seed);
/* Writes what is new, frees. No worker may use it any more. NULL is allowed. */
void fr_learned_free(struct fr_learned **k);
/* Another configuration: bounds change at once, the file does not. */
void fr_learned_configure(struct fr_learned *k, const struct fr_config *config);

struct fr_hint_memory *fr_learned_memory(struct fr_learned *k);
struct fr_assets *fr_learned_assets(struct fr_learned *k);
/* Of rules with a star; in no file. */
struct fr_members *fr_learned_members(struct fr_learned *k);
struct fr_proof *fr_learned_proof(struct fr_learned *k);
struct fr_model *fr_learned_model(struct fr_learned *k);

/* Forgets the hints of pages whose key begins so ("": all), or of one page with
 * what is kept behind its key, in memory and in the file. Returns how many pages
 * had hints. Waits for the file, but not for long: what is not written then is
 * within a second or so. */
size_t fr_learned_purge(struct fr_learned *k, struct fr_str key_prefix);
size_t fr_learned_purge_page(struct fr_learned *k, struct fr_str key);

/* Adds its figures to the counters' object. */
void fr_learned_stats(struct fr_learned *k, json_t *all);

#endif
