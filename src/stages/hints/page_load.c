/* Makes the load of a page, and says which exchanges may have one. */
#include "stages/hints/page_load.h"

#include "exchange/page_way.h"
#include "hints/teach.h"
#include "http/destination.h"
#include "stages/hints/settings.h"

enum fr_way fr_page_load_way(const struct fr_exchange *ex)
{
	struct fr_way_facts facts = fr_page_way_facts(ex);

	return fr_way_choose(&facts);
}

struct fr_page_load *fr_page_load_of(struct fr_exchange *ex)
{
	struct fr_plan_page about = {
		.scheme = ex->req.scheme,
		.authority = ex->req.authority,
		.target = ex->req.target,
		.accept = fr_fields_value(&ex->req.fields, FR_FIELD_ACCEPT),
		.absolute_links = fr_hints_settings(ex)->absolute_links,
	};

	if (ex->page.load)
		return ex->page.load;
	ex->page.load = fr_arena_calloc(&ex->arena, 1, sizeof *ex->page.load);
	if (!ex->page.load)
		return NULL;
	fr_plan_init(&ex->page.load->plan, &ex->arena, &about);
	ex->page.load->way = fr_page_load_way(ex);
	ex->page.load->kinds = fr_teach_credential_kinds(&ex->req.fields);
	ex->page.plan = &ex->page.load->plan;
	return ex->page.load;
}

bool fr_page_load_may_have_hints(const struct fr_exchange *ex)
{
	return !ex->is_push && ex->req.method == FR_METHOD_GET && !ex->req.has_override &&
	       !ex->canonical.path.is_ambiguous && fr_destination_may_be_page(&ex->req);
}
