/* The demo's origin: a small HTTP/1.1 server for the site of site.h, on the
 * demo's loop. It knows nothing of push: it only sends Link fields. */
#ifndef FR_LAB_DEMO_ORIGIN_H
#define FR_LAB_DEMO_ORIGIN_H

#include "net/loop.h"

struct fr_demo_origin;

/* 0 or FR_ERR_IO. */
int fr_demo_origin_new(struct fr_loop *l, struct fr_demo_origin **out) FR_MUST_USE;
uint16_t fr_demo_origin_port(const struct fr_demo_origin *o);
void fr_demo_origin_close(struct fr_demo_origin **o);

#endif
