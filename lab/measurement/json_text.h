/* Takes texts out of JSON that other programs wrote: reports, HAR files, a browser's
 * messages. */
#ifndef FR_LAB_MEASUREMENT_JSON_TEXT_H
#define FR_LAB_MEASUREMENT_JSON_TEXT_H

#include <jansson.h>

/* The text at a key; "" if there is none, or if it is no text. Borrowed from j. */
const char *fr_json_text(const json_t *j, const char *key);

#endif
