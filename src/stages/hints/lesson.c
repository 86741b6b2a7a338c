/* Makes a lesson of a load, and gives it to the memory of hints. */
#include "stages/hints/lesson.h"

#include "base/siphash.h"
#include "stages/hints/settings.h"

/* --- who --- */

struct fr_witness fr_lesson_witness(const struct fr_exchange *ex, const struct fr_request *req)
{
	return fr_witness_of(fr_exchange_client_hash(ex), &req->fields, ex->gen->shared->seed);
}

/* --- lessons --- */

/* What the path's responses vary by, this one among them; false: it has too
 * many forms for this one. */
static bool note_form(struct fr_arena *a, const struct fr_request *req, uint32_t vary,
                      int64_t now_s, struct fr_lesson *l)
{
	struct fr_hint_found found;
	struct fr_hint_form form = {.client = l->who.client, .now_s = now_s};
	struct fr_remembered_page *page =
		fr_hint_memory_find(l->shared->memory, l->keys.path, NULL, now_s, &found);

	fr_remembered_page_unref(&page);
	form.vary = vary | found.vary;
	if (fr_page_keys_vary(a, req, form.vary, &l->keys) < 0)
		return false;
	if (fr_str_eq(l->keys.own, l->keys.path))
		return true;
	form.form = fr_siphash(l->shared->seed, l->keys.own.p, l->keys.own.len);
	return fr_hint_memory_note_form(l->shared->memory, l->keys.path, &form);
}

bool fr_lesson_make(struct fr_arena *a, const struct fr_exchange *ex, const struct fr_request *req,
                    const struct fr_response *resp, struct fr_lesson *out)
{
	const struct fr_config_hints *settings = fr_hints_settings(ex);
	/* the page's own key has the whole query, what is shared lacks it */
	struct fr_teach_load load = {
		.req = req, .resp = resp, .path_is_ambiguous = ex->canonical.path.is_ambiguous};
	struct fr_teach_load shared = load;
	struct fr_lesson l = {.shared = ex->gen->shared,
	                      .reason = fr_teach_judge(&load),
	                      .witnesses = settings->witnesses};

	if (!settings->memory || ex->req.has_override ||
	    fr_teach_whom_of(l.reason) == FR_TEACH_NOBODY ||
	    fr_page_keys_make(a, settings, req, &l.keys) < 0)
		return false;
	shared.leaves_query_out = true;
	l.shared_reason = fr_teach_judge(&shared);
	l.who = fr_lesson_witness(ex, req);
	if (l.keys.shared.len)
		l.query = fr_siphash(l.shared->seed, l.keys.whole.p, l.keys.whole.len) | 1;
	if (!note_form(a, req, fr_teach_vary(&resp->fields), fr_loop_wall_s(), &l))
		return false;
	*out = l;
	return true;
}

static struct fr_hint_load load_of(const struct fr_lesson *l, const struct fr_lesson_hints *hints,
                                   enum fr_teach_reason reason)
{
	return (struct fr_hint_load){
		.source = hints->source,
		.v = hints->v,
		.n = hints->n,
		.is_personal = fr_teach_whom_of(reason) != FR_TEACH_EVERYBODY,
		.is_partial = hints->is_partial,
		.client = l->who.client,
		.credential = l->who.credential,
		.kinds = l->who.kinds,
		.self = l->who.self,
		.witnesses = l->witnesses,
		.think_ms = l->think_ms,
		.now_s = fr_loop_wall_s(),
	};
}

void fr_lesson_see(const struct fr_lesson *l, const struct fr_lesson_hints *hints,
                   struct fr_hint_seen *out)
{
	struct fr_hint_load load = load_of(l, hints, l->reason);

	(void)fr_hint_memory_see(l->shared->memory, l->keys.own, &load, out);
	if (!l->keys.shared.len)
		return;
	load = load_of(l, hints, l->shared_reason);
	load.query = l->query;
	(void)fr_hint_memory_see(l->shared->memory, l->keys.shared, &load, NULL);
}
