/* The command line of forerun profile. */
#ifndef FR_LAB_PROFILE_OPTIONS_H
#define FR_LAB_PROFILE_OPTIONS_H

#include "lab/measurement/series.h"

struct fr_relay_paths;

struct fr_profile_options {  /* strings are borrowed from argv but for url and origin */
	char url[2048];      /* what is loaded: https://... */
	char origin[1024];   /* "": the URL's own server; else http(s)://host:port */
	const char *rules;   /* a file for the edge in front of origin; NULL: none */
	const char *browser; /* NULL: the model */
	const char *html, *har, *json;
	const char *ca; /* trusted authorities; NULL: the system's */
	struct fr_network network;
	bool packet, insecure, quiet;
	struct fr_relay_paths *paths; /* that the URL's server knows; borrowed; NULL: of ours */
	bool is_looked_up;            /* the name: no load looks it up; so it is behind an origin */
	uint32_t think_ms, runs;
	unsigned cpu_percent; /* of the model's main thread: model/cpu.h */
	enum fr_variant variants[FR_VARIANT_COUNT];
	size_t n_variants;
};

/* 0 to go on, 1 when help was given, else a negative fr_exit; what is wrong has been said. */
int fr_profile_options_read(int argc, char **argv, struct fr_profile_options *o);

#endif
