/* Lines of the access log from hostile strings: always one line, and JSON that
 * a parser takes. */
#include <jansson.h>
#include <stdlib.h>

#include "base/err.h"
#include "observe/access_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fr_str cut(const uint8_t **data, size_t *size)
{
	size_t len = *size ? **data * (*size / 64 + 1) : 0;
	struct fr_str s;

	if (len > *size)
		len = *size;
	s = fr_str_make((const char *)*data, len);
	*data += len;
	*size -= len;
	return s;
}

static void check(const struct fr_config_access_log *config, const struct fr_record *r, char *line)
{
	static struct fr_access_item item;
	struct fr_access_format *f = fr_access_format_new(config);
	struct fr_access_queue queue;
	json_t *json;
	size_t n = 0;

	fr_access_queue_init(&queue, 2 * FR_ACCESS_RECORD_MAX);
	/* twice: the second line has text that was kept */
	for (int i = 0; i < 2; i++) {
		(void)fr_access_queue_put(&queue, r, 1);
		FR_ASSERT(fr_access_queue_next(&queue, &item));
		n = fr_access_format_line(f, &item, line);
		fr_access_queue_give_back(&queue);
	}
	FR_ASSERT(!fr_access_queue_next(&queue, &item));
	fr_access_queue_fini(&queue);
	fr_access_format_free(&f);
	FR_ASSERT(n && n <= FR_ACCESS_LINE_MAX);
	FR_ASSERT(memchr(line, '\n', n) == line + n - 1);
	for (size_t i = 0; i + 1 < n; i++)
		FR_ASSERT((unsigned char)line[i] >= 0x20 && line[i] != 0x7f);
	if (config->format != FR_LOG_JSON)
		return;
	json = json_loadb(line, n, JSON_ALLOW_NUL, NULL);
	FR_ASSERT(json);
	json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char line[FR_ACCESS_LINE_MAX];
	struct fr_config_access_log config = {.format = FR_LOG_JSON};
	struct fr_hint hints[4], *v[4];
	struct fr_plan plan = {.v = v, .n = size % 5};
	struct fr_record r = {.id = 1, .parent_id = 2, .is_push = size % 2, .plan = &plan};

	r.method = cut(&data, &size);
	r.host = cut(&data, &size);
	r.target = cut(&data, &size);
	r.referer = cut(&data, &size);
	r.user_agent = cut(&data, &size);
	r.scheme = FR_STR("https");
	r.client = FR_STR("::1");
	for (size_t i = 0; i < plan.n; i++) {
		hints[i] =
			(struct fr_hint){.url = cut(&data, &size), .as = (enum fr_as)(size % 16)};
		v[i] = &hints[i];
	}
	for (size_t i = 0; i < FR_LOG_FIELD_COUNT; i++)
		config.fields[config.n_fields++] = (enum fr_log_field)i;
	check(&config, &r, line);
	config.format = FR_LOG_COMBINED;
	check(&config, &r, line);
	return 0;
}
