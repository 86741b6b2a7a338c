/* Looks up what memory, rules and traffic know of a page and its assets. */
#include "stages/hints/recall.h"

#include "exchange/page_keys.h"
#include "hints/members.h"
#include "hints/memory.h"
#include "hints/teach.h"
#include "stages/hints/learned.h"
#include "stages/hints/lesson.h"
#include "stages/hints/page_load.h"
#include "stages/hints/settings.h"

_Static_assert((unsigned)FR_HINT_BLOCKING == (unsigned)FR_REMEMBERED_BLOCKING &&
                       (unsigned)FR_HINT_LATE == (unsigned)FR_REMEMBERED_ASYNC,
               "what is remembered of a hint is what it was");

/* --- pages --- */

static struct fr_remembered_page *find(struct fr_exchange *page, struct fr_str key,
                                       const struct fr_hint_asker *who, struct fr_hint_found *found)
{
	struct fr_remembered_page *p =
		fr_hint_memory_find(page->gen->shared->memory, key, who, fr_loop_wall_s(), found);

	if (p)
		page->page.load->known_as = key;
	return p;
}

/* Under its own key, else under what the path's queries have in common. */
static struct fr_remembered_page *find_page(struct fr_exchange *page, struct fr_hint_found *found)
{
	struct fr_witness client = fr_lesson_witness(page, &page->req);
	struct fr_hint_asker who = {.kinds = client.kinds, .self = client.self};
	struct fr_remembered_page *p;
	struct fr_page_keys keys;
	struct fr_hint_found of_path;

	if (fr_page_keys_make(&page->arena, fr_hints_settings(page), &page->req, &keys) < 0)
		return NULL;
	p = find(page, keys.path, &who, &of_path);
	*found = of_path;
	page->page.load->varies = !fr_teach_vary_is_device(of_path.vary);
	if (!of_path.vary && fr_str_eq(keys.own, keys.path))
		return p;
	fr_remembered_page_unref(&p);
	if (fr_page_keys_vary(&page->arena, &page->req, of_path.vary, &keys) < 0)
		return NULL;
	p = find(page, keys.own, &who, found);
	if (p || !keys.shared.len)
		return p;
	who.is_sharing = true;
	return find(page, keys.shared, &who, &of_path);
}

static void add_remembered(struct fr_exchange *page)
{
	struct fr_page_load *load = page->page.load;
	struct fr_hint_found found = {0};

	if (!fr_hints_settings(page)->memory)
		return;
	load->remembered = find_page(page, &found);
	load->plan.learning =
		(struct fr_plan_learning){.waiting = found.waiting,
	                                  .seen_by = found.seen_by,
	                                  .witnesses = fr_hints_settings(page)->witnesses};
	for (size_t i = 0; load->remembered && i < load->remembered->n; i++) {
		const struct fr_remembered *r = &load->remembered->v[i];

		fr_plan_add_link_field(&load->plan, r->link, r->source,
		                       r->flags | (r->needs ? FR_HINT_RESTRICTED : 0u));
	}
}

/* Does the page itself name what the pattern is about? Then it knows best. */
static bool is_named(const struct fr_plan *plan, struct fr_str pattern)
{
	for (size_t i = 0; i < plan->n; i++)
		if (fr_member_matches(pattern, plan->v[i]->target))
			return true;
	return false;
}

/* The link with the name that its asset has today; empty: it is not known. */
static struct fr_str todays(struct fr_exchange *page, const char *link, struct fr_str pattern)
{
	struct fr_str rest = fr_str_from(link), out;
	char name[FR_MEMBER_BYTES];
	size_t len =
		fr_members_find(page->gen->shared->members, page->req.authority, pattern, name);

	rest = fr_str_sub(rest, fr_str_find(rest, '>'), rest.len);
	if (!len || is_named(&page->page.load->plan, pattern) ||
	    fr_arena_printf(&page->arena, &out, "<%s%.*s", name, FR_STR_ARG(rest)) < 0)
		return (struct fr_str){0};
	return out;
}

static void add_rule_link(struct fr_exchange *page, const char *link)
{
	struct fr_str text = fr_str_from(link), pattern = fr_config_link_pattern(link);

	if (pattern.p)
		text = todays(page, link, pattern);
	if (text.len)
		fr_plan_add_link_field(&page->page.load->plan, text, FR_HINT_SOURCE_RULE, 0);
}

static void add_rules(struct fr_exchange *page)
{
	const struct fr_config_site *site = page->site->config;

	for (size_t i = 0; i < site->n_rules; i++) {
		const struct fr_config_rule *rule = &site->rules[i];

		if (!fr_config_rule_matches(rule, &page->canonical.path))
			continue;
		for (size_t k = 0; k < rule->n_links; k++)
			add_rule_link(page, rule->links[k]);
	}
}

void fr_recall_page(struct fr_exchange *page)
{
	fr_learned_recall(page);
	if (!page->page.load->recalled.is_turned_away)
		add_remembered(page);
	fr_learned_join(page);
	add_rules(page);
}

void fr_recall_forget(struct fr_exchange *page, const struct fr_hint *hint,
                      const struct fr_asset *asset)
{
	if (!asset->is_gone[FR_ASSET_BARE] || !asset->is_gone[FR_ASSET_KNOWN] ||
	    !page->page.load->known_as.len)
		return;
	fr_hint_memory_forget(page->gen->shared->memory, page->page.load->known_as, hint->target);
	fr_count(&page->worker->counters, FR_COUNT_HINTS_FORGOTTEN);
}

/* --- assets --- */

bool fr_recall_is_gone(const struct fr_exchange *page, const struct fr_asset *asset)
{
	return asset->is_gone[page->page.load->kinds ? FR_ASSET_KNOWN : FR_ASSET_BARE];
}

void fr_recall_asset(const struct fr_exchange *page, const struct fr_hint *hint,
                     struct fr_asset *out)
{
	if (!hint->target.len || !fr_assets_find(page->gen->shared->assets, page->req.authority,
	                                         hint->target, fr_loop_wall_s(), out))
		*out = (struct fr_asset){0};
}

void fr_recall_sizes(struct fr_exchange *page)
{
	const struct fr_plan *plan = &page->page.load->plan;
	struct fr_asset asset;

	for (size_t i = 0; i < plan->n; i++) {
		struct fr_hint *h = plan->v[i];

		if (h->bytes || h->reason != FR_REASON_UNDECIDED)
			continue;
		fr_recall_asset(page, h, &asset);
		h->bytes = asset.bytes;
	}
}

enum fr_push_advice fr_recall_advice(const struct fr_exchange *page, const struct fr_hint *hint)
{
	return fr_assets_advise(
		page->gen->shared->assets, page->req.authority, hint->target,
		fr_client_class_of(fr_fields_value(&page->req.fields, FR_FIELD_USER_AGENT)));
}
