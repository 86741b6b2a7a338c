#include "stages/hints/lesson.h"

#include <stdio.h>

#include "base/siphash.h"
#include "cache/key.h"
#include "stages/hints/page_load.h"

/* Behind a key, where no request target can have it. */
#define SHARED_MARK "\n*"

/* --- keys --- */

static struct fr_query_rule rule_of(const struct fr_config_hints *settings)
{
	struct fr_query_rule rule = {.policy = FR_QUERY_IGNORE,
	                             .names = (const char *const *)settings->query_only,
	                             .n = settings->n_query_only};

	if (settings->query_only)
		rule.policy = FR_QUERY_ONLY;
	else if (settings->keep_query)
		rule.policy = FR_QUERY_KEEP;
	return rule;
}

int fr_page_keys_make(struct fr_arena *a, const struct fr_config_hints *settings,
                      const struct fr_request *req, struct fr_page_keys *out)
{
	const struct fr_query_rule all = {.policy = FR_QUERY_KEEP};
	struct fr_query_rule rule = rule_of(settings);
	struct fr_page_keys keys;
	int rc = fr_cache_key(a, req, &rule, &keys.path);

	keys.whole = keys.path;
	if (rc == 0 && rule.policy != FR_QUERY_KEEP &&
	    fr_str_find(req->target, '?') < req->target.len)
		rc = fr_cache_key(a, req, &all, &keys.whole);
	keys.own = keys.whole;
	keys.shared = (struct fr_str){0};
	if (rc == 0 && !fr_str_eq(keys.whole, keys.path) && rule.policy == FR_QUERY_ONLY)
		keys.shared = keys.path; /* the settings say that the rest tells nothing apart */
	else if (rc == 0 && !fr_str_eq(keys.whole, keys.path))
		rc = fr_arena_printf(a, &keys.shared, "%.*s" SHARED_MARK, FR_STR_ARG(keys.path));
	if (rc == 0)
		*out = keys;
	return rc;
}

static int add_variant(struct fr_arena *a, uint64_t variant, struct fr_str key, struct fr_str *out)
{
	return fr_arena_printf(a, out, "%.*s\n%016llx", FR_STR_ARG(key),
	                       (unsigned long long)variant);
}

int fr_page_keys_vary(struct fr_arena *a, const struct fr_request *req, uint32_t vary,
                      struct fr_page_keys *keys)
{
	uint64_t variant = fr_teach_variant(vary, &req->fields);
	struct fr_str shared = keys->shared;
	int rc;

	if (!variant)
		return 0;
	rc = add_variant(a, variant, keys->whole, &keys->own);
	if (rc == 0 && shared.len)
		rc = add_variant(a, variant, shared, &keys->shared);
	return rc;
}

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
	const struct fr_config_hints *settings = fr_page_load_settings(ex);
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
	if (!note_form(a, req, fr_teach_vary(&resp->fields), fr_page_load_now_s(), &l))
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
		.now_s = fr_page_load_now_s(),
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
