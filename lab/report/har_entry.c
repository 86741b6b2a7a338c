/* Where browsers and tools differ in how they write an entry is known here alone. */
#include "lab/report/har_entry.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "lab/measurement/json_text.h"
#include "lab/measurement/kind.h"
#include "lab/measurement/measurement.h"

static const json_t *request_of(const struct fr_har_entry *e)
{
	return json_object_get(e->json, "request");
}

static const json_t *response_of(const struct fr_har_entry *e)
{
	return json_object_get(e->json, "response");
}

/* The value of a field of a request or response, NULL without. Borrowed. */
static const char *value_of(const json_t *message, const char *name)
{
	const json_t *h;
	size_t i;

	json_array_foreach(json_object_get(message, "headers"), i, h)
	{
		if (strcasecmp(fr_json_text(h, "name"), name) == 0)
			return fr_json_text(h, "value");
	}
	return NULL;
}

static const char *request_field(const struct fr_har_entry *e, const char *name)
{
	return value_of(request_of(e), name);
}

static struct fr_str field(const struct fr_har_entry *e, const char *name)
{
	const char *value = request_field(e, name);

	return fr_str_from(value ? value : "");
}

/* --- times --- */

/* Milliseconds of "Z", "+02:00", "+0200" or nothing after the seconds. */
static double zone_of(const char *text)
{
	int hours = 0, minutes = 0;

	text += strcspn(text, "+-Zz");
	if ((*text != '+' && *text != '-') || (sscanf(text + 1, "%2d:%2d", &hours, &minutes) < 2 &&
	                                       sscanf(text + 1, "%2d%2d", &hours, &minutes) < 1))
		return 0;
	return (*text == '-' ? -1 : 1) * (hours * 60.0 + minutes) * 60000;
}

/* Milliseconds since 1970 of "2026-01-02T03:04:05.678+01:00"; NaN if it is none. */
static double time_of(const char *text)
{
	struct tm tm = {0};
	double seconds = 0;
	int at = 0;

	if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
	           &tm.tm_hour, &tm.tm_min, &at) != 5 ||
	    !at || sscanf(text + at, "%10lf", &seconds) != 1 || !(seconds >= 0 && seconds < 61) ||
	    tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31 ||
	    tm.tm_hour < 0 || tm.tm_hour > 24 || tm.tm_min < 0 || tm.tm_min > 59 ||
	    tm.tm_year < 1970)
		return NAN;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	return (double)timegm(&tm) * 1000 + seconds * 1000 - zone_of(text + at);
}

double fr_har_timing(const struct fr_har_entry *e, const char *name)
{
	double v = json_number_value(json_object_get(json_object_get(e->json, "timings"), name));

	return v > 0 && v < 1e8 ? v : 0;
}

/* --- what it is for --- */

/* The browser's word first, then the media type, then the name. A type that
 * every server uses for what it does not know tells nothing. */
static enum fr_as as_of(const struct fr_har_entry *e)
{
	struct fr_str said[] = {fr_str_from(fr_json_text(e->json, "_as")),
	                        field(e, "sec-fetch-dest"),
	                        fr_str_from(fr_json_text(e->json, "_resourceType")),
	                        fr_str_from(fr_json_text(e->json, "_request_type")),
	                        fr_str_from(fr_json_text(e->json, "_type"))};
	struct fr_str type =
		fr_str_from(fr_json_text(json_object_get(response_of(e), "content"), "mimeType"));
	struct fr_str path = fr_str_sub(fr_str_from(e->url), strlen("https://"), SIZE_MAX);
	enum fr_as as = FR_AS_NONE;

	path = fr_str_sub(path, fr_str_find(path, '/'), path.len);
	for (size_t i = 0; as == FR_AS_NONE && i < FR_ARRAY_LEN(said); i++)
		as = fr_as_of_destination(said[i]);
	if (as == FR_AS_NONE)
		as = fr_as_of_type(type);
	if (as == FR_AS_NONE)
		as = fr_as_of_path(path);
	return as == FR_AS_NONE ? FR_AS_FETCH : as;
}

static bool is_top(const struct fr_har_entry *e)
{
	struct fr_str dest = field(e, "sec-fetch-dest");

	/* Chromium's tools call a frame a document, too */
	return e->as == FR_AS_DOCUMENT && (!dest.len || fr_str_iis(dest, "document"));
}

/* By its ending, where the browser does not say it. */
static bool is_module_name(struct fr_str url)
{
	return fr_str_ends(fr_str_sub(url, 0, fr_str_find(url, '?')), FR_STR(".mjs"));
}

bool fr_har_entry_read(const json_t *entry, size_t index, struct fr_har_entry *out)
{
	struct fr_har_entry e = {.json = entry, .index = index};
	struct fr_str url;
	int status;

	e.url = fr_json_text(request_of(&e), "url");
	url = fr_str_from(e.url);
	if (!fr_str_istarts(url, FR_STR("http://")) && !fr_str_istarts(url, FR_STR("https://")))
		return false;
	e.page = fr_json_text(entry, "pageref");
	e.start_ms = time_of(fr_json_text(entry, "startedDateTime"));
	status = (int)json_integer_value(json_object_get(response_of(&e), "status"));
	e.is_ok = (status >= 200 && status < 300) || status == 304;
	e.is_redirect = status >= 300 && status < 400 && status != 304;
	e.is_get = strcasecmp(fr_json_text(request_of(&e), "method"), "GET") == 0;
	e.as = as_of(&e);
	e.is_cors = e.as == FR_AS_FONT || fr_str_iis(field(&e, "sec-fetch-mode"), "cors") ||
	            (e.as == FR_AS_SCRIPT && is_module_name(url));
	e.is_top_document = is_top(&e);
	*out = e;
	return true;
}

/* By its name, or since Chromium's tools do not call a picture so that no page shows. */
static bool is_icon(const struct fr_har_entry *e)
{
	struct fr_str name = fr_url_short(e->url);

	return fr_str_istarts(name, FR_STR("favicon")) ||
	       fr_str_istarts(name, FR_STR("apple-touch-icon")) ||
	       fr_str_ends(name, FR_STR(".ico")) ||
	       (e->as == FR_AS_IMAGE &&
	        fr_str_iis(fr_str_from(fr_json_text(e->json, "_resourceType")), "other"));
}

bool fr_har_entry_counts(const struct fr_har_entry *e)
{
	static const char *const never[] = {
		"ping",      "beacon",   "cspviolationreport", "report",      "csp_report",
		"preflight", "prefetch", "websocket",          "eventsource", "manifest"};
	struct fr_str type = fr_str_from(fr_json_text(e->json, "_resourceType"));
	struct fr_str dest = field(e, "sec-fetch-dest");

	if (!e->is_get || is_icon(e) || request_field(e, "sec-purpose") ||
	    fr_str_iis(field(e, "purpose"), "prefetch"))
		return false;
	for (size_t i = 0; i < FR_ARRAY_LEN(never); i++)
		if (fr_str_iis(type, never[i]) || fr_str_iis(dest, never[i]))
			return false;
	return true;
}

/* --- what named it --- */

const char *fr_har_initiator(const struct fr_har_entry *e)
{
	const json_t *by = json_object_get(e->json, "_initiator");
	const json_t *frame =
		json_array_get(json_object_get(json_object_get(by, "stack"), "callFrames"), 0);
	const char *url = json_is_string(by) ? json_string_value(by) : fr_json_text(by, "url");
	const char *referer = request_field(e, "referer");

	if (*url)
		return url;
	if (*fr_json_text(frame, "url"))
		return fr_json_text(frame, "url");
	return referer ? referer : "";
}

struct fr_str fr_har_redirect(const struct fr_har_entry *e)
{
	const char *said = fr_json_text(response_of(e), "redirectURL");
	const char *location = value_of(response_of(e), "location");

	return fr_str_from(*said || !location ? said : location);
}

/* --- whether rendering waits for it --- */

int fr_har_is_blocking(const struct fr_har_entry *e)
{
	const char *priority = fr_json_text(e->json, "_priority");
	const char *said = fr_json_text(e->json, "_renderBlocking");

	if (json_is_true(json_object_get(e->json, "_blocking")))
		return 1;
	if (*said)
		return strcmp(said, "blocking") == 0;
	if (!*priority)
		return -1;
	/* browsers name the highest differently; what does not apply has the lowest */
	if (e->as == FR_AS_STYLE)
		return strcasecmp(priority, "VeryHigh") == 0 ||
		       strcasecmp(priority, "Highest") == 0 || strcasecmp(priority, "High") == 0;
	/* modules have the priority of scripts that block, and do not */
	return e->as == FR_AS_SCRIPT && !e->is_cors && strcasecmp(priority, "High") == 0;
}

bool fr_har_is_idle(const struct fr_har_entry *e)
{
	static const char *const least[] = {"VeryLow", "Lowest", "Idle"};

	return e->as == FR_AS_STYLE &&
	       fr_str_iis_one_of(fr_str_from(fr_json_text(e->json, "_priority")), least,
	                         FR_ARRAY_LEN(least));
}

/* --- how large it was --- */

static double positive(const json_t *v)
{
	double n = json_number_value(v);

	return n > 0 && n < 1e15 ? n : 0;
}

uint64_t fr_har_bytes(const struct fr_har_entry *e)
{
	const json_t *response = response_of(e), *content = json_object_get(response, "content");
	double size = positive(json_object_get(response, "bodySize"));
	double saved = positive(json_object_get(content, "compression"));

	if (size == 0)
		size = positive(json_object_get(response, "_transferSize"));
	if (size == 0) {
		size = positive(json_object_get(content, "size"));
		size = size > saved ? size - saved : size;
	}
	return (uint64_t)size;
}

bool fr_har_is_compressed(const struct fr_har_entry *e)
{
	const json_t *content = json_object_get(response_of(e), "content");
	double sent = positive(json_object_get(response_of(e), "bodySize"));

	return positive(json_object_get(content, "compression")) > 0 ||
	       (sent > 0 && positive(json_object_get(content, "size")) > sent);
}
