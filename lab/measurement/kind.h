/* What kind of asset something is, judged by the destination that a browser
 * names (Fetch standard), by a media type or by a path. No I/O. Used by the
 * readers of HAR files, access logs and browsers' events, and by the page model. */
#ifndef FR_LAB_MEASUREMENT_KIND_H
#define FR_LAB_MEASUREMENT_KIND_H

#include "hints/plan.h"

/* Sec-Fetch-Dest, or the resource type that a browser's tools write ("xhr",
 * "stylesheet", ...), in any case. FR_AS_NONE: unknown or empty;
 * FR_AS_UNKNOWN: known, and nothing that a hint can name (a manifest, a report). */
enum fr_as fr_as_of_destination(struct fr_str name);
/* Content-Type, with or without parameters. FR_AS_NONE: it tells nothing. */
enum fr_as fr_as_of_type(struct fr_str type);
/* By the ending of the path of a URL or target; a query does not count.
 * FR_AS_NONE: it tells nothing. */
enum fr_as fr_as_of_path(struct fr_str target);

#endif
