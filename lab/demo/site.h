/* The demo's site: its pages with their Link values, and how each file is
 * served. The files are embedded (web/demo). */
#ifndef FR_LAB_DEMO_SITE_H
#define FR_LAB_DEMO_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

#define FR_DEMO_THINK_MS 200u /* the origin takes this long to make a page */
#define FR_DEMO_SLOW_MS 1000u /* and this long for the slow resource */

struct fr_demo_file {
	const unsigned char *data; /* static */
	size_t len;
	const char *type; /* Content-Type */
	const char *cache_control;
	const char *link;  /* Link field of a page; NULL for assets */
	uint32_t delay_ms; /* before the answer */
};

/* The file for a path ("/", "/base.css"); false if there is none. */
bool fr_demo_find(struct fr_str path, struct fr_demo_file *out);

#endif
