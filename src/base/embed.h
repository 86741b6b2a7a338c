/* The files of web/, embedded in the binary at build time (cmake/embed.cmake
 * makes the table). Used by the tools that serve pages. */
#ifndef FR_BASE_EMBED_H
#define FR_BASE_EMBED_H

#include <stddef.h>

struct fr_embedded {
	const char *name;          /* path below web/, e.g. "demo/index.html" */
	const unsigned char *data; /* static */
	size_t len;                /* bytes */
};

extern const struct fr_embedded fr_embedded_files[]; /* ends with a NULL name */
extern const size_t fr_embedded_count;

#endif
