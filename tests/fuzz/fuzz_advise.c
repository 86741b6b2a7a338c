/* What advise reads: profiles, HARs and access logs of anybody's making. The
 * first byte chooses. */
#include "lab/advise/log_line.h"
#include "lab/advise/log_reader.h"
#include "lab/replay/rules.h"
#include "lab/report/har.h"
#include "lab/report/har_text.h"
#include "lab/report/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct fr_network network = {.name = "fuzz", .down_kbit = 9000, .rtt_ms = 100};

static void write_rules(const struct fr_advice *a)
{
	struct fr_buf b;

	fr_buf_init(&b, 1u << 20);
	FR_ASSERT(fr_rules_write(a, 1, true, &b) == 0);
	fr_buf_fini(&b);
}

static void advise(struct fr_measurement *l)
{
	struct fr_advice a;

	fr_advice_make(l, NULL, &network, &a);
	write_rules(&a);
	fr_advice_fini(&a);
	fr_measurement_fini(l);
}

/* has_template: its first line says what the others look like. */
static void read_log(struct fr_str text, bool has_template)
{
	struct fr_log_reader_form form = {.host = "s", .network = &network};
	struct fr_log_template template;
	struct fr_log_reader *l;

	if (has_template) {
		size_t n = fr_str_find(text, '\n');

		if (fr_log_template_read(fr_str_sub(text, 0, n), &template) < 0)
			return;
		form.template = &template;
		text = fr_str_sub(text, n + 1, text.len);
	}
	l = fr_log_reader_new(&form);
	while (text.len) {
		size_t n = fr_str_find(text, '\n');

		(void)fr_log_reader_line(l, fr_str_sub(text, 0, n));
		text = fr_str_sub(text, n + 1, text.len);
	}
	for (size_t i = 0; i < fr_log_reader_pages(l); i++) {
		struct fr_advice a;

		fr_log_reader_advise(l, i, &a);
		write_rules(&a);
		fr_advice_fini(&a);
	}
	fr_log_reader_free(&l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fr_measurement l;
	const char *why;
	json_t *j;

	if (size < 1)
		return 0;
	if (data[0] % 3 == 0) {
		read_log(fr_str_make((const char *)data + 1, size - 1), data[0] % 2);
		return 0;
	}
	j = fr_har_parse(fr_str_make((const char *)data + 1, size - 1), NULL);
	if (j && data[0] % 3 == 1 && fr_measurement_from_har(j, &l, &why) == 0)
		advise(&l);
	else if (j && data[0] % 3 == 2 && fr_measurement_from_json(j, "https://site/", &l) == 0)
		advise(&l);
	json_decref(j);
	return 0;
}
