/* Which stages there are, and in which order. A request goes down a row, what answers it
 * comes back up: hints are therefore decided before the client-cache stage looks at them. */
#include "server/stages.h"

#include "base/mem.h"
#include "exchange/ask.h"
#include "exchange/route.h"
#include "stages/admin/admin.h"
#include "stages/cache/stage.h"
#include "stages/compression/stage.h"
#include "stages/hints/stage.h"
#include "stages/learning/stage.h"

static const struct fr_stage *const of_sites[] = {
	&fr_route_stage,        /* which site */
	&fr_client_cache_stage, /* takes the digest cookie off, before the cache sees it */
	&fr_learning_stage,     /* which page load a request belongs to */
	&fr_push_stage,         /* what the client asks for itself needs no push */
	&fr_page_order_stage,   /* which place on the connection */
	&fr_compression_stage,  /* in the coding that the client likes best */
	&fr_cache_stage,        /* answers, or fetches for everybody who asks */
	&fr_quota_stage,        /* what one client may ask of origins */
	&fr_hints_stage,        /* what the page needs leaves while the origin thinks */
	&fr_origin_stage,       /* answers what is left */
};

static const struct fr_stage *const of_admin[] = {
	&fr_admin_stage,
};

_Static_assert(FR_ARRAY_LEN(of_sites) <= FR_STAGES_MAX && FR_ARRAY_LEN(of_admin) <= FR_STAGES_MAX,
               "every stage has a slot");

const struct fr_stage_rows fr_server_rows = {
	.sites = {.v = of_sites,
                  .n = FR_ARRAY_LEN(of_sites),
                  .watch = &fr_learning_watch,
                  .forms = &fr_coded_forms,
                  .warm = fr_cache_warm},
	.admin = {.v = of_admin, .n = FR_ARRAY_LEN(of_admin)},
};
