/* Makes the load of a page, and says which exchanges may have one. */
#include "stages/hints/page_load.h"

#include "hints/teach.h"
#include "stages/hints/settings.h"

enum fr_way fr_page_load_way(const struct fr_exchange *ex)
{
	struct fr_way_facts facts = fr_hints_way_facts(ex);

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

	if (ex->load)
		return ex->load;
	ex->load = fr_arena_calloc(&ex->arena, 1, sizeof *ex->load);
	if (!ex->load)
		return NULL;
	fr_plan_init(&ex->load->plan, &ex->arena, &about);
	ex->load->way = fr_page_load_way(ex);
	ex->load->kinds = fr_teach_credential_kinds(&ex->req.fields);
	ex->plan = &ex->load->plan;
	return ex->load;
}

bool fr_page_load_may_have_hints(const struct fr_exchange *ex)
{
	return !ex->is_push && ex->req.method == FR_METHOD_GET && !ex->req.has_override &&
	       !ex->canonical.path.is_ambiguous;
}
