/* What the ways in which a fetch fails are called, counted as and answered with. */
#include "origin/origin_priv.h"

static const struct {
	int status;
	enum fr_counter counter;
	const char *text, *label;
} errors[] = {
#define X(name, label, status, counter, text) {status, FR_COUNT_##counter, text, label},
	FR_FETCH_ERROR_TABLE(X)
#undef X
};

const char *fr_fetch_error_str(enum fr_fetch_error e)
{
	return (size_t)e < FR_ARRAY_LEN(errors) ? errors[e].text : "?";
}

const char *fr_fetch_error_label(enum fr_fetch_error e)
{
	return (size_t)e < FR_ARRAY_LEN(errors) ? errors[e].label : "?";
}

int fr_fetch_error_status(enum fr_fetch_error e)
{
	return (size_t)e < FR_ARRAY_LEN(errors) ? errors[e].status : 502;
}

enum fr_counter fr_fetch_error_counter(enum fr_fetch_error e)
{
	return (size_t)e < FR_ARRAY_LEN(errors) ? errors[e].counter : FR_COUNT_ORIGIN_FAILED;
}
