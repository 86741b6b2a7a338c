/* Judges what a request is for, by Sec-Fetch-Dest and by well-known names. */
#include "http/destination.h"

#include "http/fields.h"

/* Documents of any kind of frame (Fetch standard, "request destination"). */
static const char *const documents[] = {"document",    "iframe", "frame",
                                        "fencedframe", "object", "embed"};

/* What browsers and crawlers ask for without being told: names, and beginnings of names. */
static const struct {
	struct fr_str path;
	bool is_beginning;
} asked_unasked[] = {
	{FR_STR("/favicon.ico"), false},
	{FR_STR("/robots.txt"), false},
	{FR_STR("/apple-touch-icon"), true},
	{FR_STR("/.well-known/"), true},
};

static bool is_asked_unasked(struct fr_str target)
{
	struct fr_str path = fr_str_sub(target, 0, fr_str_find(target, '?'));

	for (size_t i = 0; i < FR_ARRAY_LEN(asked_unasked); i++)
		if (asked_unasked[i].is_beginning ? fr_str_starts(path, asked_unasked[i].path)
		                                  : fr_str_eq(path, asked_unasked[i].path))
			return true;
	return false;
}

bool fr_destination_may_be_page(const struct fr_request *req)
{
	struct fr_str dest = fr_fields_value(&req->fields, FR_FIELD_SEC_FETCH_DEST);
	bool is_document = dest.len == 0;

	for (size_t i = 0; i < FR_ARRAY_LEN(documents); i++)
		is_document |= fr_str_is(dest, documents[i]);
	return is_document && !is_asked_unasked(req->target);
}
