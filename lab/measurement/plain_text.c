/* A deflate stream whose output is counted. */
#include "lab/measurement/plain_text.h"

#include <stdlib.h>
#include <zlib.h>

#include "base/err.h"
#include "base/mem.h"

#define GZIP_WINDOW (15 + 16) /* with gzip's head and trailer */
#define OUTPUT_BYTES 16384u

struct fr_gauge {
	z_stream z;
	uint64_t bytes;
};

struct fr_gauge *fr_gauge_new(void)
{
	struct fr_gauge *g = fr_calloc(1, sizeof *g);

	FR_ASSERT(deflateInit2(&g->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 8,
	                       Z_DEFAULT_STRATEGY) == Z_OK);
	return g;
}

void fr_gauge_free(struct fr_gauge **gp)
{
	if (!*gp)
		return;
	(void)deflateEnd(&(*gp)->z);
	free(*gp);
	*gp = NULL;
}

static void run(struct fr_gauge *g, int flush)
{
	unsigned char out[OUTPUT_BYTES];

	do {
		g->z.next_out = out;
		g->z.avail_out = sizeof out;
		(void)deflate(&g->z, flush);
		g->bytes += sizeof out - g->z.avail_out;
	} while (g->z.avail_out == 0);
}

void fr_gauge_feed(struct fr_gauge *g, const void *data, size_t len)
{
	const unsigned char *p = data;

	while (len) {
		uInt n = len > (1u << 20) ? 1u << 20 : (uInt)len;

		g->z.next_in = (Bytef *)(uintptr_t)p;
		g->z.avail_in = n;
		run(g, Z_NO_FLUSH);
		p += n;
		len -= n;
	}
}

uint64_t fr_gauge_end(struct fr_gauge *g)
{
	run(g, Z_FINISH);
	return g->bytes;
}
