/* What a response is for: an asset, which is the same for every visitor of a page, or a
 * document, which may be one visitor's own. The response's media type decides. What a request
 * says of itself (its URL, Sec-Fetch-Dest) never makes an asset of a document, because whoever
 * asks chooses that. No I/O. */
#ifndef FR_CACHE_KIND_H
#define FR_CACHE_KIND_H

#include <stdbool.h>

#include "http/message.h"

/* A style sheet, script, font or picture, with status 200 or 203, exactly one Content-Type,
 * and not handed out as a file (Content-Disposition: attachment). */
bool fr_kind_is_asset(const struct fr_response *resp);
/* Of the assets, those that may be somebody's own. */
bool fr_kind_is_picture(const struct fr_response *resp);

/* An asset, or a font that its server sends as application/octet-stream: by the name's
 * extension. Not a service worker. Whether a lifetime may be guessed, and nothing else,
 * depends on it. */
bool fr_kind_is_guessable(const struct fr_request *req, const struct fr_response *resp);

/* The script of a service worker, which decides over later loads: by what browsers say when
 * they ask for one, and by the names that such scripts have. */
bool fr_kind_is_worker(const struct fr_request *req);

/* Is the request likely one for an asset? By what the request says: good enough to save a
 * wait, never to share anything. */
bool fr_kind_looks_like_asset(const struct fr_request *req);

#endif
