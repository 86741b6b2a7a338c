/* Link fields and the plan made of them: every hint ends with exactly one
 * decision, promised targets are clean; a link that can be written reads back
 * and writes as the same text. */
#include "hints/judge.h"
#include "hints/plan.h"
#include "http/fields.h"
#include "http/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_and_read(struct fr_arena *a, struct fr_str value)
{
	struct fr_link link, back;
	struct fr_str first, rest, second;

	while (fr_link_next(a, &value, &link, NULL)) {
		if (fr_link_write(a, &link, link.target, &first) < 0)
			continue;
		FR_ASSERT(fr_str_all(first, FR_CH_FIELD));
		rest = first;
		FR_ASSERT(fr_link_next(a, &rest, &back, NULL) && rest.len == 0);
		FR_ASSERT(fr_str_eq(back.target, link.target) && back.rels == link.rels);
		FR_ASSERT(fr_link_write(a, &back, back.target, &second) == 0);
		FR_ASSERT(fr_str_eq(first, second));
	}
}

/* What a 103 carries is one link that reads as what it was made of. */
static void check_early_link(struct fr_arena *arena, const struct fr_hint *h)
{
	struct fr_str text;
	struct fr_link link;
	size_t bad = 0;

	if (!(h->target.len || h->whole.len) || fr_hint_early_link(arena, h, &text) < 0)
		return;
	FR_ASSERT(fr_field_value_is_valid(text));
	FR_ASSERT(fr_link_next(arena, &text, &link, &bad));
	FR_ASSERT(text.len == 0 && bad == 0);
	FR_ASSERT(link.crossorigin == h->link.crossorigin);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fr_plan_page page = {.scheme = FR_STR("https"),
	                            .authority = FR_STR("h.test"),
	                            .target = FR_STR("/d/x?q"),
	                            .accept = FR_STR("text/html,image/webp"),
	                            .absolute_links = size % 2 == 0};
	struct fr_arena arena;
	struct fr_plan plan;
	char summary[300];

	fr_arena_init(&arena, 1u << 22);
	fr_plan_init(&plan, &arena, &page);
	fr_plan_next_message(&plan);
	fr_plan_add_link_field(&plan, fr_str_make((const char *)data, size), FR_HINT_SOURCE_LINK,
	                       size % 4);
	fr_plan_order(&plan);
	FR_ASSERT(plan.n <= FR_PLAN_MAX_HINTS);
	for (size_t i = 0; i < plan.n; i++) {
		struct fr_hint *h = plan.v[i];

		if (h->reason == FR_REASON_UNDECIDED && h->against.push == FR_REASON_UNDECIDED) {
			FR_ASSERT(h->target.len && h->target.p[0] == '/');
			FR_ASSERT(fr_str_all(h->target, FR_CH_TARGET));
		}
		if (h->reason == FR_REASON_UNDECIDED && h->against.early == FR_REASON_UNDECIDED)
			check_early_link(&arena, h);
		if (h->reason == FR_REASON_UNDECIDED)
			fr_hint_decide(h, FR_DELIVERY_PUSH, FR_REASON_PUSHED);
		FR_ASSERT(!i || plan.v[i - 1]->rank <= h->rank);
	}
	FR_ASSERT(fr_plan_summary(&plan, summary, sizeof summary) < sizeof summary);
	fr_arena_reset(&arena);
	write_and_read(&arena, fr_str_make((const char *)data, size));
	fr_arena_fini(&arena);
	return 0;
}
