/* What the tests of the hint memory share: loads written as text, and what is
 * known of a page as text. */
#ifndef FR_MEMORY_FIXTURE_H
#define FR_MEMORY_FIXTURE_H

#include "hints/memory.h"
#include "unit.h"

#define NOW INT64_C(1700000000)
#define TTL 1000000
#define KEY S("site /page")

static struct fr_hint_memory *memory;
static struct fr_hint_seen last;   /* of the last load */
static struct fr_hint_found asked; /* of the last that asked */
static char told[4096];            /* keys that the journal heard, each with a space behind it */

static inline void on_changed(void *user, struct fr_str key)
{
	size_t at = strlen(told);

	assert_ptr_equal(user, told);
	(void)snprintf(told + at, sizeof told - at, "%.*s;", FR_STR_ARG(key));
}

static inline void begin_with(size_t bytes, uint64_t gone_s)
{
	struct fr_hint_memory_limits limits = {.bytes = bytes, .ttl_s = TTL, .gone_s = gone_s};
	struct fr_hint_journal journal = {.changed = on_changed, .user = told};

	memory = fr_hint_memory_new(&limits, 7);
	fr_hint_memory_set_journal(memory, &journal);
	told[0] = '\0';
}

static inline void begin(void)
{
	begin_with(8u << 20, 0);
}

static inline int tear_down(void **state)
{
	(void)state;
	fr_hint_memory_free(&memory); /* asserts that nothing is held */
	return 0;
}

/* --- loads --- */

/* Fills v from "a b c" with <a>; rel=preload and so on; a name with ! has
 * FR_REMEMBERED_BLOCKING, one with ? another parameter. Returns how many. */
static inline size_t links(const char *names, struct fr_remembered *v, char text[][64])
{
	size_t n = 0;

	while (*names) {
		size_t len = strcspn(names, " !?");

		(void)snprintf(text[n], 64, "</%.*s>; rel=preload; as=style%s", (int)len, names,
		               names[len] == '?' ? "; fetchpriority=high" : "");
		v[n] = (struct fr_remembered){.link = S(text[n]),
		                              .flags = names[len] == '!' ? FR_REMEMBERED_BLOCKING
		                                                         : 0};
		names += len + strspn(names + len, "!?");
		names += strspn(names, " ");
		n++;
	}
	return n;
}

static inline bool see(struct fr_str key, const char *names, struct fr_hint_load load)
{
	struct fr_remembered v[300];
	static char text[300][64];

	load.v = v;
	load.n = links(names, v, text);
	load.now_s = load.now_s ? load.now_s : NOW;
	load.witnesses = load.witnesses ? load.witnesses : 2;
	return fr_hint_memory_see(memory, key, &load, &last);
}

#define PUBLIC(who, ...) ((struct fr_hint_load){.client = (who), __VA_ARGS__})
#define PERSONAL(who, ...)                                                                         \
	((struct fr_hint_load){.is_personal = true, .client = (who), __VA_ARGS__})
#define HTML .source = FR_HINT_SOURCE_HTML

/* Hints as "a b! c?", html's with a h: before, restricted ones with a $. */
static inline const char *text_of(struct fr_remembered_page *page)
{
	static char out[8192];
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; page && i < page->n; i++) {
		struct fr_str link = page->v[i].link;

		at += (size_t)snprintf(out + at, sizeof out - at, "%s%s%s%.*s%s%s", i ? " " : "",
		                       page->v[i].source == FR_HINT_SOURCE_HTML ? "h:" : "",
		                       page->v[i].needs ? "$" : "",
		                       FR_STR_ARG(fr_str_sub(link, 2, fr_str_find(link, '>'))),
		                       page->v[i].flags & FR_REMEMBERED_BLOCKING ? "!" : "",
		                       fr_str_ends(link, S("fetchpriority=high")) ? "?" : "");
	}
	fr_remembered_page_unref(&page);
	return out;
}

/* What the memory knows of the page. */
static inline const char *known_at(struct fr_str key, int64_t now_s)
{
	return text_of(fr_hint_memory_find(memory, key, NULL, now_s, NULL));
}

/* What one client is told of it. */
static inline const char *told_to(struct fr_hint_asker who)
{
	return text_of(fr_hint_memory_find(memory, KEY, &who, NOW, &asked));
}
#define WHO(...) ((struct fr_hint_asker){__VA_ARGS__})

#define assert_known(expected) assert_string_equal(known_at(KEY, NOW), expected)

static inline struct fr_hint_memory_stats stats(void)
{
	struct fr_hint_memory_stats s;

	fr_hint_memory_stats(memory, &s);
	return s;
}

static inline void numbered(char *out, size_t cap, const char *prefix, unsigned from, unsigned n)
{
	size_t at = 0;

	for (unsigned i = from; i < from + n; i++)
		at += (size_t)snprintf(out + at, cap - at, "%s%u ", prefix, i);
}

static inline uint32_t think(void)
{
	struct fr_remembered_page *page = fr_hint_memory_find(memory, KEY, NULL, NOW, NULL);
	uint32_t ms = page->think_ms;

	fr_remembered_page_unref(&page);
	return ms;
}

static inline size_t count_known(struct fr_str key)
{
	struct fr_remembered_page *page = fr_hint_memory_find(memory, key, NULL, NOW, NULL);
	size_t n = page ? page->n : 0;

	fr_remembered_page_unref(&page);
	return n;
}

static inline bool see_large(struct fr_str key, size_t n, int64_t now_s)
{
	static char text[FR_MEMORY_MAX_HINTS][FR_MEMORY_LINK_MAX_BYTES];
	struct fr_remembered v[FR_MEMORY_MAX_HINTS];
	struct fr_hint_load load = {.v = v, .n = n, .now_s = now_s};

	for (size_t i = 0; i < n; i++) {
		memset(text[i], 'x', sizeof text[i]);
		memcpy(text[i], "</", 2);
		text[i][2] = (char)('0' + i);
		text[i][sizeof text[i] - 1] = '>';
		v[i] = (struct fr_remembered){.link = fr_str_make(text[i], sizeof text[i])};
	}
	return fr_hint_memory_see(memory, key, &load, &last);
}

#endif
