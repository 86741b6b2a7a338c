/* Finds how many bytes of a page's body make up its head, which tells the client
 * about every asset that no hint named. The caller sends that much of the page
 * before the assets that block its rendering. Looks only at the first bytes of the
 * body, compressed or not. No I/O, no clock. */
#ifndef FR_HINTS_PAGE_HEAD_H
#define FR_HINTS_PAGE_HEAD_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* Bytes of body that are searched, before decoding. */
#define FR_PAGE_HEAD_SEARCH_BYTES 16384u
/* The head's assumed length when its end is not found. Most heads are not longer,
 * compressed. */
#define FR_PAGE_HEAD_UNKNOWN_BYTES 4096u

/* Returns the number of bytes up to the end of the head, rounded up to a step of 256 bytes or
 * to the end of the data. Returns FR_PAGE_HEAD_UNKNOWN_BYTES if the end is not among
 * the first FR_PAGE_HEAD_SEARCH_BYTES. encoding: the Content-Encoding value; may be empty.
 * data: the beginning of the body as it is sent, borrowed. */
size_t fr_page_head_bytes(struct fr_str encoding, const uint8_t *data, size_t len);

#endif
