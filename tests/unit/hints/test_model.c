/* The model over records that a small world of visitors makes: what it needs is known, so what
 * is learned can be judged. No clock, no socket. */
#include "hints/learning/model.h"

#include "hints/learning/estimate.h"
#include "unit.h"

#define WITNESSES 3u
#define NOW 1700000000
/* Under sanitizers fewer are enough. */
#ifdef FR_ASAN
#define FR_REPLAYED 10000u
#else
#define FR_REPLAYED 1000000u
#endif

static struct fr_model *model;
static struct fr_arena arena;
static int64_t now_s;
static uint32_t dice;

static int set_up(void **state)
{
	(void)state;
	model = fr_model_new(FR_MODEL_BYTES, 42);
	fr_arena_init(&arena, 4u << 20);
	now_s = NOW;
	dice = 1;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fr_model_free(&model);
	fr_arena_fini(&arena);
	return 0;
}

static uint32_t roll(uint32_t n)
{
	dice = dice * 1664525u + 1013904223u;
	return (dice >> 8) % n;
}

/* A client of a network of its own. */
static struct fr_load_client client(uint32_t n)
{
	return (struct fr_load_client){.client = n * UINT64_C(0x9e3779b97f4a7c15),
	                               .network = (n + 1) * UINT64_C(0xc2b2ae3d27d4eb4f),
	                               .device = FR_DEVICE_DESKTOP};
}

static void add_cookie(struct fr_load_client *c, uint32_t name, uint32_t value)
{
	c->cookies[c->n_cookies++] = (struct fr_load_cookie){name, value};
	c->kinds = UINT64_C(1) << 63;
	c->credential = value;
}

#define MAX_ASSETS 16u

struct load {
	struct fr_load record;
	struct fr_load_asset v[MAX_ASSETS];
};

static struct load load_of(const char *page, struct fr_load_client who)
{
	return (struct load){
		.record = {.authority = S("a.example"), .target = S(page), .client = who}};
}

static enum fr_as as_of(const char *target)
{
	return strstr(target, ".css")    ? FR_AS_STYLE
	       : strstr(target, ".js")   ? FR_AS_SCRIPT
	       : strstr(target, ".woff") ? FR_AS_FONT
	                                 : FR_AS_IMAGE;
}

static void ask(struct load *l, const char *target, unsigned flags)
{
	l->v[l->record.n++] =
		(struct fr_load_asset){.target = S(target),
	                               .flags = (uint16_t)(flags | FR_LOAD_ASKED | FR_LOAD_OK),
	                               .as = (uint8_t)as_of(target),
	                               .lifetime = FR_REUSE_LONG,
	                               .parent = UINT32_MAX};
}

static bool learn(struct load *l)
{
	l->record.v = l->v;
	now_s += 61;
	return fr_model_learn(model, &l->record, WITNESSES, now_s);
}

/* One cold load of a page by a new client. */
static void visit(const char *page, uint32_t who, const char *const *assets, size_t n)
{
	struct load l = load_of(page, client(who));

	for (size_t i = 0; i < n; i++)
		ask(&l, assets[i], 0);
	(void)learn(&l);
}

static struct fr_model_recalled recall(const char *page, struct fr_load_client who)
{
	struct fr_model_recalled r;

	fr_arena_reset(&arena);
	fr_model_recall(model, &arena, S("a.example"), S(page), &who, WITNESSES, 0, now_s, &r);
	return r;
}

static enum fr_model_why why_of(const char *page, struct fr_load_client who, const char *target)
{
	struct fr_model_recalled r = recall(page, who);

	for (size_t i = 0; i < r.n; i++)
		if (fr_str_is(r.v[i].target, target))
			return r.v[i].why;
	return fr_model_judge(model, &r, S("a.example"), S(target), as_of(target));
}

#define assert_why(page, who, target, expected)                                                    \
	assert_string_equal(fr_model_why_str(why_of(page, who, target)),                           \
	                    fr_model_why_str(FR_MODEL_WHY_##expected))

static const char *const basics[] = {"/a.css", "/b.js", "/f.woff2", "/logo.svg"};

static void three_cold_loads_that_agree_make_a_hint(void **state)
{
	(void)state;
	visit("/", 1, basics, 4);
	visit("/", 2, basics, 4);
	assert_why("/", client(9), "/f.woff2", UNPROVEN);
	visit("/", 3, basics, 4);
	assert_why("/", client(9), "/f.woff2", NEEDED);
	assert_true(recall("/", client(9)).v[0].lower < FR_MODEL_PUSH_FROM);
	for (uint32_t i = 4; i < 8; i++)
		visit("/", i, basics, 4);
	assert_true(recall("/", client(9)).v[0].lower >= FR_MODEL_PUSH_FROM);
}

static void what_few_loads_ask_for_is_no_hint(void **state)
{
	static const char *const with_video[] = {"/a.css", "/b.js", "/f.woff2", "/logo.svg",
	                                         "/video.js"};

	(void)state;
	for (uint32_t i = 0; i < 60; i++)
		visit("/", i, with_video, roll(10) < 3 ? 5 : 4);
	assert_why("/", client(99), "/a.css", NEEDED);
	assert_true(why_of("/", client(99), "/video.js") != FR_MODEL_WHY_NEEDED);
}

static void a_warm_cache_is_no_evidence(void **state)
{
	struct load l;

	(void)state;
	for (uint32_t i = 0; i < 10; i++)
		visit("/", i, basics, 4);
	for (uint32_t i = 0; i < 200; i++) {
		l = load_of("/", client(1000 + i));
		ask(&l, "/logo.svg", roll(2) ? FR_LOAD_CONDITIONAL : 0);
		assert_false(learn(&l));
	}
	assert_why("/", client(99), "/f.woff2", NEEDED);
}

static void what_was_hinted_is_evidence_only_when_it_was_left_out(void **state)
{
	struct load l;

	(void)state;
	for (uint32_t i = 0; i < 10; i++)
		visit("/", i, basics, 4);
	for (uint32_t i = 0; i < 30; i++) { /* the font is not needed any more */
		l = load_of("/", client(100 + i));
		ask(&l, "/a.css", 0);
		ask(&l, "/b.js", 0);
		ask(&l, "/logo.svg", 0);
		ask(&l, "/f.woff2", FR_LOAD_HINTED);
		(void)learn(&l);
	}
	assert_why("/", client(99), "/f.woff2", NEEDED);
	for (uint32_t i = 0; i < 3; i++) {
		l = load_of("/", client(200 + i));
		ask(&l, "/a.css", 0);
		ask(&l, "/b.js", 0);
		ask(&l, "/logo.svg", 0);
		ask(&l, "/new.svg", 0);
		l.v[l.record.n++] = (struct fr_load_asset){
			.target = S("/f.woff2"), .as = FR_AS_FONT, .flags = FR_LOAD_OMITTED};
		(void)learn(&l);
	}
	assert_why("/", client(99), "/f.woff2", NOT_NEEDED);
}

static void a_page_that_was_never_loaded_is_known_by_its_template(void **state)
{
	char page[32], hero[32];

	(void)state;
	for (uint32_t i = 0; i < 20; i++) {
		const char *assets[] = {"/a.css", "/b.js", "/f.woff2", hero};

		(void)snprintf(page, sizeof page, "/post/%u", 1000 + i);
		(void)snprintf(hero, sizeof hero, "/img/%u/hero.jpg", 1000 + i);
		visit(page, i, assets, 4);
	}
	assert_why("/post/7", client(99), "/f.woff2", NEEDED);
	assert_why("/post/7", client(99), "/img/7/hero.jpg", NEEDED);
	assert_why("/post/7", client(99), "/img/1003/hero.jpg", UNKNOWN);
	assert_why("/other/7/x", client(99), "/f.woff2", UNKNOWN);
	for (size_t i = 0; i < recall("/post/7", client(99)).n; i++)
		if (fr_str_is(recall("/post/7", client(99)).v[i].target, "/img/7/hero.jpg"))
			assert_true(recall("/post/7", client(99)).v[i].is_own);
}

static void devices_are_told_apart_where_they_differ(void **state)
{
	static const char *const desktop[] = {"/a.css", "/b.js", "/f.woff2", "/d.jpg"};
	static const char *const mobile[] = {"/a.css", "/b.js", "/f.woff2", "/m.jpg"};
	struct fr_load_client phone = client(99);
	struct load l;

	(void)state;
	phone.device = FR_DEVICE_MOBILE;
	for (uint32_t i = 0; i < 40; i++) {
		bool is_mobile = roll(2);
		struct fr_load_client who = client(i);

		who.device = is_mobile ? FR_DEVICE_MOBILE : FR_DEVICE_DESKTOP;
		l = load_of("/", who);
		for (size_t k = 0; k < 4; k++)
			ask(&l, is_mobile ? mobile[k] : desktop[k], 0);
		(void)learn(&l);
	}
	assert_why("/", client(99), "/d.jpg", NEEDED);
	assert_why("/", client(99), "/m.jpg", NOT_NEEDED);
	assert_why("/", phone, "/m.jpg", NEEDED);
	assert_why("/", phone, "/d.jpg", NOT_NEEDED);
	assert_why("/", phone, "/a.css", NEEDED);
}

static void a_test_by_cookie_is_told_apart_by_its_value(void **state)
{
	struct fr_load_client b = client(999);
	struct load l;

	(void)state;
	for (uint32_t i = 0; i < 120; i++) {
		bool is_b = roll(2);
		struct fr_load_client who = client(i);

		add_cookie(&who, 11, is_b ? 2 : 1);
		l = load_of("/", who);
		for (size_t k = 0; k < 4; k++)
			ask(&l, basics[k], 0);
		ask(&l, is_b ? "/test-b.js" : "/test-a.js", 0);
		(void)learn(&l);
	}
	add_cookie(&b, 11, 2);
	assert_why("/", b, "/test-b.js", NEEDED);
	assert_why("/", b, "/test-a.js", NOT_NEEDED);
	assert_true(why_of("/", client(999), "/test-b.js") != FR_MODEL_WHY_NEEDED);
}

static void what_only_members_ask_for_is_told_to_members(void **state)
{
	struct fr_load_client member = client(500);
	struct load l;

	(void)state;
	for (uint32_t i = 0; i < 60; i++) {
		struct fr_load_client who = client(i);
		bool is_member = roll(2);
		char avatar[32];

		if (is_member)
			add_cookie(&who, 7, 5000 + i);
		(void)snprintf(avatar, sizeof avatar, "/u/user%u/avatar.png", i);
		l = load_of(is_member && roll(2) ? "/account" : "/", who);
		for (size_t k = 0; k < 4; k++)
			ask(&l, basics[k], 0);
		if (is_member) {
			ask(&l, "/members.js", 0);
			ask(&l, avatar, 0);
		}
		(void)learn(&l);
		assert_true(why_of("/", client(900), avatar) != FR_MODEL_WHY_NEEDED);
	}
	add_cookie(&member, 7, 123456);
	assert_why("/account", member, "/members.js", NEEDED);
	assert_why("/account", client(900), "/members.js", TURNED_AWAY);
	assert_why("/account", client(900), "/a.css", TURNED_AWAY);
	assert_why("/", client(900), "/a.css", NEEDED);
	assert_true(why_of("/", client(900), "/members.js") != FR_MODEL_WHY_NEEDED);
}

static void who_is_turned_away_is_told_nothing_until_the_page_is_shown(void **state)
{
	struct fr_load_client who = client(50);

	(void)state;
	for (uint32_t i = 0; i < 5; i++)
		visit("/", i, basics, 4);
	fr_model_turned_away(model, S("a.example"), S("/"), &who);
	assert_why("/", client(51), "/a.css", TURNED_AWAY);
	visit("/", 52, basics, 4);
	assert_why("/", client(51), "/a.css", NEEDED);
}

static void name(const char *page, const char *const *assets, size_t n, bool is_public,
                 uint32_t who)
{
	struct fr_model_named v[MAX_ASSETS];
	struct fr_load_client c = client(who);
	struct fr_model_answer a = {.authority = S("a.example"),
	                            .page = S(page),
	                            .client = &c,
	                            .v = v,
	                            .n = n,
	                            .is_html = true,
	                            .is_complete = true,
	                            .is_public = is_public,
	                            .witnesses = WITNESSES};

	for (size_t i = 0; i < n; i++)
		v[i] = (struct fr_model_named){.target = S(assets[i]), .as = as_of(assets[i])};
	now_s += 61;
	fr_model_named(model, &a, now_s);
}

static void a_deployment_switches_all_pages_at_the_first_html(void **state)
{
	static const char *const before[] = {"/a.11aa22bb.css", "/b.33cc44dd.js"};
	static const char *const after[] = {"/a.55ee66ff.css", "/b.77aa88bb.js"};
	static const char *const font[] = {"/a.11aa22bb.css", "/b.33cc44dd.js", "/logo.svg",
	                                   "/f.99cc00dd.woff2"};
	uint64_t deployment;

	(void)state;
	for (uint32_t i = 0; i < 8; i++) {
		name("/", before, 2, true, i);
		visit("/", i, font, 4);
		name("/about", before, 2, true, i);
	}
	assert_why("/about", client(99), "/a.11aa22bb.css", NEEDED);
	assert_why("/", client(99), "/f.99cc00dd.woff2", NEEDED);
	deployment = fr_model_deployment(model, S("a.example"));
	name("/", after, 2, true, 50);
	assert_true(fr_model_deployment(model, S("a.example")) != deployment);
	assert_why("/about", client(99), "/a.55ee66ff.css", NEEDED);
	assert_why("/about", client(99), "/a.11aa22bb.css", REPLACED);
	/* no HTML names it: it may have another name now */
	assert_why("/", client(99), "/f.99cc00dd.woff2", DOUBTFUL);
	fr_model_seen(model, S("a.example"), S("/f.99cc00dd.woff2"), FR_AS_FONT, 5, false, now_s);
	assert_why("/", client(99), "/f.99cc00dd.woff2", DOUBTFUL); /* our own hint */
	fr_model_seen(model, S("a.example"), S("/f.99cc00dd.woff2"), FR_AS_FONT, 5, true, now_s);
	assert_why("/", client(99), "/f.99cc00dd.woff2", NEEDED);
	fr_model_seen(model, S("a.example"), S("/f.12345abc.woff2"), FR_AS_FONT, 6, true, now_s);
	assert_why("/", client(99), "/f.12345abc.woff2", NEEDED);
	/* one who still has the old one moves nothing */
	fr_model_seen(model, S("a.example"), S("/f.99cc00dd.woff2"), FR_AS_FONT, 7, true, now_s);
	assert_why("/", client(99), "/f.12345abc.woff2", NEEDED);
	fr_model_gone(model, S("a.example"), S("/f.12345abc.woff2"), FR_AS_FONT);
	assert_why("/", client(99), "/f.12345abc.woff2", REPLACED);
}

static void two_versions_in_one_answer_are_two_assets(void **state)
{
	static const char *const both[] = {"/part-11aa22bb.js", "/part-33cc44dd.js", "/a.css"};

	(void)state;
	for (uint32_t i = 0; i < 4; i++)
		name("/", both, 3, true, i);
	assert_why("/", client(99), "/part-11aa22bb.js", NEEDED);
	assert_why("/", client(99), "/part-33cc44dd.js", NEEDED);
}

static void what_html_no_longer_names_is_out_after_three_answers(void **state)
{
	static const char *const v[] = {"/a.css", "/b.js"};

	(void)state;
	for (uint32_t i = 0; i < 40; i++)
		name("/", v, 2, true, i);
	for (uint32_t i = 0; i < 3; i++)
		name("/", v, 1, true, 50 + i);
	assert_why("/", client(99), "/b.js", NOT_NEEDED);
	assert_why("/", client(99), "/a.css", NEEDED);
	name("/", v, 2, true, 60);
	assert_why("/", client(99), "/b.js", NEEDED);
}

static void a_personal_answer_needs_witnesses(void **state)
{
	static const char *const v[] = {"/u/me.js"};

	(void)state;
	name("/", v, 1, false, 1);
	name("/", v, 1, false, 1);
	assert_why("/", client(99), "/u/me.js", WITNESSES);
	name("/", v, 1, false, 2);
	name("/", v, 1, false, 3);
	assert_why("/", client(99), "/u/me.js", NEEDED);
}

static void one_network_moves_no_share_by_much(void **state)
{
	static const char *const claim[] = {"/a.css", "/b.js", "/f.woff2", "/logo.svg", "/evil.js"};
	struct load l;

	(void)state;
	for (uint32_t i = 0; i < 100; i++)
		visit("/", i, basics, 4);
	for (uint32_t i = 0; i < 1000; i++) {
		struct fr_load_client liar = client(7777);

		liar.client = i; /* as many addresses as it likes */
		l = load_of("/", liar);
		for (size_t k = 0; k < 5; k++)
			ask(&l, claim[k], 0);
		(void)learn(&l);
	}
	for (size_t i = 0; i < recall("/", client(99)).n; i++)
		if (fr_str_is(recall("/", client(99)).v[i].target, "/evil.js"))
			assert_true(recall("/", client(99)).v[i].k /
			                    recall("/", client(99)).v[i].n <
			            0.12);
	assert_true(why_of("/", client(99), "/evil.js") != FR_MODEL_WHY_NEEDED);
	assert_why("/", client(99), "/f.woff2", NEEDED);
}

static void one_client_counts_once_a_minute(void **state)
{
	struct load l;

	(void)state;
	for (int i = 0; i < 50; i++) {
		l = load_of("/", client(1));
		for (size_t k = 0; k < 4; k++)
			ask(&l, basics[k], 0);
		l.record.v = l.v;
		(void)fr_model_learn(model, &l.record, WITNESSES, now_s);
	}
	for (size_t i = 0; i < recall("/", client(9)).n; i++)
		assert_true(recall("/", client(9)).v[i].n <= 1);
}

static void memory_is_bounded_whatever_is_invented(void **state)
{
	struct fr_model_stats stats;
	char page[64], asset[64], host[64];
	struct load l;

	(void)state;
	fr_model_free(&model);
	model = fr_model_new(1u << 20, 42);
	for (uint32_t i = 0; i < 15000; i++) {
		(void)snprintf(page, sizeof page, "/%x/%x?q=%x", roll(1u << 20), roll(1u << 20), i);
		(void)snprintf(asset, sizeof asset, "/%x.css", roll(1u << 20));
		(void)snprintf(host, sizeof host, "h%u.example", roll(600));
		l = load_of(page, client(i));
		if (i & 1)
			l.record.authority = S(host);
		ask(&l, asset, 0);
		(void)learn(&l);
	}
	fr_model_stats(model, &stats);
	assert_true(stats.bytes <= (1u << 20) + 65536);
	assert_true(stats.sites <= FR_MODEL_SITES);
	assert_true(stats.evicted > 0);
}

static void bounds_are_those_of_wilson(void **state)
{
	(void)state;
	assert_true(fr_estimate_lower(2, 2) < 0.5 && fr_estimate_lower(3, 3) >= 0.5);
	assert_true(fr_estimate_lower(6, 6) < 0.7 && fr_estimate_lower(7, 7) >= 0.7);
	assert_true(fr_estimate_upper(0, 6) < 0.35 && fr_estimate_upper(0, 4) > 0.35);
	assert_true(fr_estimate_lower(0, 0) <= 0 && fr_estimate_upper(0, 0) >= 1);
}

/* A million loads of a site: shares that are known, found again. */
static void a_million_loads_are_replayed_in_seconds(void **state)
{
	static const unsigned percent[] = {100, 95, 70, 40, 10};
	static const char *const assets[] = {"/v0.css", "/v1.css", "/v2.css", "/v3.css", "/v4.css"};
	char page[32];
	struct fr_model_recalled r;

	(void)state;
	for (uint32_t i = 0; i < FR_REPLAYED; i++) {
		struct load l;

		(void)snprintf(page, sizeof page, "/post/%u", roll(2000));
		l = load_of(page, client(i));
		for (size_t k = 0; k < 5; k++)
			if (roll(100) < percent[k])
				ask(&l, assets[k], 0);
		for (size_t k = 0; k < 4; k++)
			ask(&l, basics[k], 0);
		(void)learn(&l);
	}
	r = recall("/post/9999999", client(1));
	for (size_t i = 0; i < r.n; i++)
		for (size_t k = 0; k < 5; k++)
			if (fr_str_is(r.v[i].target, assets[k]))
				assert_true(r.v[i].k / r.v[i].n > percent[k] / 100.0 - 0.12 &&
				            r.v[i].k / r.v[i].n < percent[k] / 100.0 + 0.12);
	assert_why("/post/9999999", client(1), "/v0.css", NEEDED);
	assert_why("/post/9999999", client(1), "/v4.css", NOT_NEEDED);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(three_cold_loads_that_agree_make_a_hint),
		TEST(what_few_loads_ask_for_is_no_hint),
		TEST(a_warm_cache_is_no_evidence),
		TEST(what_was_hinted_is_evidence_only_when_it_was_left_out),
		TEST(a_page_that_was_never_loaded_is_known_by_its_template),
		TEST(devices_are_told_apart_where_they_differ),
		TEST(a_test_by_cookie_is_told_apart_by_its_value),
		TEST(what_only_members_ask_for_is_told_to_members),
		TEST(who_is_turned_away_is_told_nothing_until_the_page_is_shown),
		TEST(a_deployment_switches_all_pages_at_the_first_html),
		TEST(two_versions_in_one_answer_are_two_assets),
		TEST(what_html_no_longer_names_is_out_after_three_answers),
		TEST(a_personal_answer_needs_witnesses),
		TEST(one_network_moves_no_share_by_much),
		TEST(one_client_counts_once_a_minute),
		TEST(memory_is_bounded_whatever_is_invented),
		TEST(bounds_are_those_of_wilson),
		TEST(a_million_loads_are_replayed_in_seconds),
	};

	RUN(tests);
}
