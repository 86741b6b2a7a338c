/* The fields of proxies: whoever is found is found again without what stands to the left, and
 * in the chain that is written of it; no more hops than the bound. The first byte says which
 * field each line is. */
#include <stdio.h>
#include <string.h>

#include "http/forwarded.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_lines(struct fr_arena *a, struct fr_str lines, uint8_t which,
                       const struct fr_ip_set *trusted, struct fr_forwarded *out)
{
	static const enum fr_field_id ids[] = {FR_FIELD_X_FORWARDED_FOR, FR_FIELD_FORWARDED,
	                                       FR_FIELD_X_FORWARDED_PROTO};
	struct fr_fields f;
	unsigned n = which;

	fr_fields_init(&f, a);
	while (lines.len) {
		size_t end = fr_str_find(lines, '\n');

		if (fr_fields_add_id(&f, ids[n % 3], fr_str_trim(fr_str_sub(lines, 0, end))) < 0)
			break;
		n /= 3;
		lines = fr_str_sub(lines, end + 1, lines.len);
	}
	fr_forwarded_read(&f, trusted, out);
}

static void check_again(struct fr_arena *a, const struct fr_forwarded *f,
                        const struct fr_ip_set *trusted)
{
	char text[FR_FORWARDED_MAX_HOPS * (FR_IP_TEXT_BYTES + 2)] = "";
	struct fr_forwarded again;
	size_t n = 0;

	for (size_t i = 0; i < f->n_hops; i++) {
		char one[FR_IP_TEXT_BYTES];

		fr_ip_print(&f->hops[i], one);
		n += (size_t)snprintf(text + n, sizeof text - n, i ? ", %s" : "%s", one);
		FR_ASSERT(i == 0 || fr_ip_set_has(trusted, &f->hops[i]));
	}
	read_lines(a, fr_str_from(text), 0, trusted, &again);
	FR_ASSERT(again.kind == FR_FORWARDED_CLIENT && again.n_hops == f->n_hops);
	FR_ASSERT(memcmp(again.hops, f->hops, f->n_hops * sizeof *f->hops) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fr_ip_set trusted = {0};
	struct fr_ip_network n;
	struct fr_forwarded f;
	struct fr_arena arena;

	if (size == 0 || fr_ip_network_parse(FR_STR("10.0.0.0/8"), &n) < 0)
		return 0;
	fr_arena_init(&arena, 1u << 20);
	fr_ip_set_add(&trusted, &n);
	fr_ip_set_seal(&trusted);
	read_lines(&arena, fr_str_make((const char *)data + 1, size - 1), data[0], &trusted, &f);
	FR_ASSERT(f.n_hops <= FR_FORWARDED_MAX_HOPS);
	FR_ASSERT(f.kind != FR_FORWARDED_CLIENT || f.n_hops > 0);
	FR_ASSERT(!f.scheme.p || fr_str_is(f.scheme, "http") || fr_str_is(f.scheme, "https"));
	if (f.kind == FR_FORWARDED_CLIENT)
		check_again(&arena, &f, &trusted);
	fr_ip_set_fini(&trusted);
	fr_arena_fini(&arena);
	return 0;
}
