/* Blobs of the hint memory, as they are and with a check that fits, so that
 * what is behind it is reached. What is taken is found, sound, and saves to
 * the same hints again. */
#include "base/siphash.h"
#include "hints/memory.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW INT64_C(1700000000)
#define KEY FR_STR("k")

static void check_page(struct fr_hint_memory *m)
{
	struct fr_remembered_page *page = fr_hint_memory_find(m, KEY, NULL, NOW, NULL);
	struct fr_remembered_page *again;
	struct fr_buf buf;
	int64_t expires_s;

	FR_ASSERT(page && page->n >= 1 && page->n <= FR_MEMORY_MAX_HINTS);
	for (size_t i = 0; i < page->n; i++) {
		struct fr_str link = page->v[i].link;

		FR_ASSERT(link.len <= FR_MEMORY_LINK_MAX_BYTES && link.p[0] == '<');
		FR_ASSERT(fr_str_all(link, FR_CH_FIELD) && fr_str_find(link, '>') < link.len);
	}
	fr_buf_init(&buf, FR_MEMORY_BLOB_MAX_BYTES);
	FR_ASSERT(fr_hint_memory_save(m, KEY, &buf, &expires_s) == 0);
	(void)fr_hint_memory_purge(m, FR_STR(""));
	FR_ASSERT(fr_hint_memory_load(m, KEY, fr_buf_data(&buf), fr_buf_len(&buf), NOW) == 0);
	again = fr_hint_memory_find(m, KEY, NULL, NOW, NULL);
	FR_ASSERT(again && again->n == page->n);
	for (size_t i = 0; i < page->n; i++)
		FR_ASSERT(fr_str_eq(again->v[i].link, page->v[i].link) &&
		          again->v[i].flags == page->v[i].flags &&
		          again->v[i].source == page->v[i].source);
	fr_remembered_page_unref(&again);
	fr_remembered_page_unref(&page);
	fr_buf_fini(&buf);
}

static void load(struct fr_hint_memory *m, const uint8_t *data, size_t size)
{
	if (fr_hint_memory_load(m, KEY, data, size, NOW) == 0)
		check_page(m);
	(void)fr_hint_memory_purge(m, FR_STR(""));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fr_hint_memory_limits limits = {.bytes = 8u << 20, .ttl_s = UINT64_MAX};
	struct fr_hint_memory *m = fr_hint_memory_new(&limits, 1);
	uint8_t copy[4096];

	load(m, data, size);
	if (size <= sizeof copy - 8) {
		uint64_t check;

		if (size)
			memcpy(copy, data, size);
		check = fr_siphash(FR_MEMORY_BLOB_CHECK, copy, size);
		for (unsigned i = 0; i < 8; i++)
			copy[size + i] = (uint8_t)(check >> (8 * i));
		load(m, copy, size + 8);
	}
	fr_hint_memory_free(&m);
	return 0;
}
