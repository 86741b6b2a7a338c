/* The edges that a profile starts in front of an origin: one for each variant,
 * alike but for how hints leave. */
#ifndef FR_LAB_PROFILE_EDGE_H
#define FR_LAB_PROFILE_EDGE_H

#include "lab/measurement/series.h"
#include "net/local_ca.h"

#define FR_EDGE_RULES_BYTES (1u << 20)

struct fr_edge_spec { /* borrowed for the call */
	enum fr_variant variant;
	const char *address;                      /* where it listens: "127.0.0.1" */
	const char *origin;                       /* http(s)://host:port */
	bool verify;                              /* the origin's certificate */
	const struct fr_path_source *path_source; /* of the network before it; while it runs */
	const char *rules; /* the rules' YAML: "rules:" and what follows; "" for none */
};

struct fr_edge; /* one server with its workers */

/* 0, or negative with *why filled (cap bytes). ca: filled with the local
 * authority's files. Threads that it starts take no signals. */
int fr_edge_start(const struct fr_edge_spec *spec, struct fr_local_ca *ca, struct fr_edge **out,
                  char *why, size_t cap) FR_MUST_USE;
uint16_t fr_edge_port(const struct fr_edge *e);
/* Cuts everything and waits; returns the number of objects left over: 0. */
size_t fr_edge_stop(struct fr_edge **e);

/* Reads a rules file: *out is its text (the caller frees it), checked as the
 * edge will read it. 0, or negative with *why filled. */
int fr_edge_read_rules(const char *file, char **out, char *why, size_t cap) FR_MUST_USE;

#endif
