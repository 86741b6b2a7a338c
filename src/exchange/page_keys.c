/* Makes the keys of pages from their requests and the site's settings. */
#include "exchange/page_keys.h"

#include "cache/key.h"
#include "hints/teach.h"

/* Behind a key, where no request target can have it. */
#define SHARED_MARK "\n*"

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
