/* An input of the fuzz targets of the whole server is a script: a byte that
 * says how things are, then operations, each a byte and its operands: requests
 * of five clients, answers of the origin, raw bytes of either, ends, time.
 * Whatever the input holds is a script; missing bytes are 0.
 *
 *   0 options   1 the answer of an origin that answers by itself
 *   [operation operands...]...    (the operations: see server_script.c)
 */
#ifndef FR_FUZZ_SERVER_SCRIPT_H
#define FR_FUZZ_SERVER_SCRIPT_H

#include <stddef.h>
#include <stdint.h>

enum fr_script_kind {
	FR_SCRIPT_H2,    /* clients speak HTTP/2; their bytes are the input's */
	FR_SCRIPT_H1,    /* clients speak HTTP/1.1 */
	FR_SCRIPT_ORIGIN /* clients of both kinds ask; the origin's bytes are the input's */
};

void fr_script_run(enum fr_script_kind kind, const uint8_t *data, size_t size);

#endif
