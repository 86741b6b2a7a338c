/* Media types (RFC 9110 §8.3.1) by pattern: which bodies are worth a content coding, which are
 * streams. No I/O. */
#ifndef FR_HTTP_MEDIA_TYPE_H
#define FR_HTTP_MEDIA_TYPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* "text/css", "text/" and a star, "*+json": tokens around one slash, with at most one star, at
 * an end. */
bool fr_media_pattern_is_valid(struct fr_str pattern);
/* type: without parameters; in any case of letters. */
bool fr_media_matches(struct fr_str pattern, struct fr_str type);
/* The type of a Content-Type value, without its parameters. */
struct fr_str fr_media_type_of(struct fr_str content_type);

/* Is it text, or built like text: smaller by half and more when it is encoded? Style sheets,
 * scripts, JSON, XML, SVG, WebAssembly, fonts and pictures that are not compressed by
 * themselves. */
bool fr_media_is_compressible(struct fr_str type);
/* Are bodies of it made while they are sent, with an answer before their end perhaps? */
bool fr_media_is_stream(struct fr_str type);

#endif
