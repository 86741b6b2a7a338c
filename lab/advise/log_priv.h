/* What log_reader.c counts and log_advice.c judges. Internal to the two. */
#ifndef FR_LAB_ADVISE_LOG_PRIV_H
#define FR_LAB_ADVISE_LOG_PRIV_H

#include "lab/advise/log_reader.h"

struct fr_log_asset {
	char *target; /* owned; with stars for versions; a whole URL if of another host */
	enum fr_as as;
	uint64_t bytes; /* largest seen; 0: unknown */
	size_t asked, planned, pushed, cancelled;
	bool has_version;
};

struct fr_log_page {
	char *url; /* owned; scheme://host/target without query */
	size_t loads;
	size_t uses;       /* of a style sheet, which names assets, too: requests for it */
	uint64_t think_us; /* of the origin, in all loads that say it */
	size_t n_think;
	struct fr_log_asset *assets; /* owned */
	size_t n, cap;
};

void fr_log_page_advise(const struct fr_log_page *p, const struct fr_network *network,
                        struct fr_advice *out);

/* What visitors do not come for, and what nobody should be sent before a login: a path with
 * a segment such as "wp-admin" or "login.php". */
bool fr_log_is_for_owners(struct fr_str target);

#endif
