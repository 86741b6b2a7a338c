/* What the whole server learned: the memory of hints, what is known of assets,
 * and the file in which both survive a restart. Joins hints/memory.h and
 * hints/assets.h with learned/db.h; owned by the server, used by all workers
 * (through struct fr_shared). */
#ifndef FR_LEARNED_LEARNED_H
#define FR_LEARNED_LEARNED_H

#include <jansson.h>

#include "config/config.h"
#include "hints/assets.h"
#include "hints/memory.h"

struct fr_knowledge;

/* Reads what the file has; without a usable one it begins empty. seed: secret,
 * for a fresh file. Never NULL. */
struct fr_knowledge *fr_knowledge_new(const struct fr_config *config, uint64_t seed);
/* Writes what is new, frees. No worker may use it any more. NULL is allowed. */
void fr_knowledge_free(struct fr_knowledge **k);
/* Another configuration: bounds change at once, the file does not. */
void fr_knowledge_configure(struct fr_knowledge *k, const struct fr_config *config);

struct fr_hint_memory *fr_knowledge_memory(struct fr_knowledge *k);
struct fr_assets *fr_knowledge_assets(struct fr_knowledge *k);

/* Forgets the hints of pages whose key begins so ("": all), or of one page with
 * what is kept behind its key, in memory and in the file. Returns how many pages
 * had hints. Waits for the file, but not for long: what is not written then is
 * within a second or so. */
size_t fr_knowledge_purge(struct fr_knowledge *k, struct fr_str key_prefix);
size_t fr_knowledge_purge_page(struct fr_knowledge *k, struct fr_str key);

/* Adds its figures to the counters' object. */
void fr_knowledge_stats(struct fr_knowledge *k, json_t *all);

#endif
