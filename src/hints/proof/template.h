/* The name of what is compared: a page's host and template. Found from the path alone, so that
 * every page has one at once: the first segment is kept, what follows becomes a star; a path of
 * one segment is itself, unless it looks like one of many. No I/O, no clock.
 *
 *   /            /                  /about            /about
 *   /post/17     /post/(*)          /2026-11-review   /(*)
 *   /a/b/c       /a/(*)             /shop/            /shop/
 *
 * (*) stands for the star. */
#ifndef FR_HINTS_PROOF_TEMPLATE_H
#define FR_HINTS_PROOF_TEMPLATE_H

#include "base/str.h"

/* Writes the name; returns its length, at most cap. path: without a query. */
size_t fr_proof_template(struct fr_str authority, struct fr_str path, char *out, size_t cap);

#endif
