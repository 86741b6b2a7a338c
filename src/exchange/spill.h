/* Bytes of one body that wait on disk instead of in memory: in a temporary file without a
 * name, appended at its end and read from its beginning. So a client that does not read
 * holds neither memory nor a connection to the origin, and an upload may have more in flight
 * than limits.request_buffer. limits.spill bounds all files together; one client address may
 * have a quarter of it (net/admission.h).
 *
 *   file: | read, given back in steps | waits | reserved |
 *
 * Files are in $TMPDIR, else in /var/tmp. Reading and writing happen on the loop's thread,
 * from and to the page cache. */
#ifndef FR_EXCHANGE_SPILL_H
#define FR_EXCHANGE_SPILL_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "net/admission.h"

/* What is reserved and given back at once: also bounds the number of files. */
#define FR_SPILL_STEP_BYTES (1u << 20)

struct fr_spill; /* opaque */

/* admission: borrowed. address: what the client counts as; NULL: it has none. limit_bytes:
 * limits.spill.
 * NULL: no file can be had, or no room. */
struct fr_spill *fr_spill_new(struct fr_admission *a, const struct fr_ip *address,
                              uint64_t limit_bytes);
/* Drops what waits; NULL is allowed. Clears the pointer. */
void fr_spill_free(struct fr_spill **s);

/* So many bytes can be appended from now on without FR_ERR_LIMIT. FR_ERR_LIMIT: no room. */
int fr_spill_reserve(struct fr_spill *s, size_t len) FR_MUST_USE;
/* All or nothing: 0, FR_ERR_LIMIT, FR_ERR_IO. */
int fr_spill_append(struct fr_spill *s, const void *data, size_t len) FR_MUST_USE;
/* Bytes that wait. 0 for NULL. */
uint64_t fr_spill_len(const struct fr_spill *s);
/* Takes at most max bytes from the begin; *n: how many (0 only if none wait). 0 or FR_ERR_IO. */
int fr_spill_take(struct fr_spill *s, void *out, size_t max, size_t *n) FR_MUST_USE;

#endif
