/* Under which keys the memory of hints keeps a page. A page is kept under the key of its
 * path, with as much of the query as the site's settings say. A request that has more query
 * than that has a key of its own, with the whole query. What several clients saw with several
 * queries is kept for all of them under a third key (with hints.query_only: under that of the
 * path). Where responses say that they vary by User-Agent, Accept-Language or client hints,
 * the request's variant follows each key. No I/O, no clock. */
#ifndef FR_EXCHANGE_PAGE_KEYS_H
#define FR_EXCHANGE_PAGE_KEYS_H

#include "base/err.h"
#include "config/config.h"
#include "http/message.h"

/* Strings in the arena that was given. */
struct fr_page_keys {
	struct fr_str path; /* what settings say, without a variant */
	struct fr_str
		whole;     /* with the whole query, without a variant; path itself if that has it */
	struct fr_str own; /* of this request's page */
	struct fr_str
		shared; /* of what queries have in common; empty: its own has the whole query */
};
/* Without variants: own is whole. 0 or FR_ERR_NOMEM, FR_ERR_SYNTAX. */
int fr_page_keys_make(struct fr_arena *a, const struct fr_config_hints *settings,
                      const struct fr_request *req, struct fr_page_keys *out) FR_MUST_USE;
/* With the request's variant among what the path's responses vary by. 0 or FR_ERR_NOMEM. */
int fr_page_keys_vary(struct fr_arena *a, const struct fr_request *req, uint32_t vary,
                      struct fr_page_keys *keys) FR_MUST_USE;

#endif
