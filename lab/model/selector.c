/* Selectors, judged by names alone. */
#include "base/err.h"
#include "lab/model/names.h"
#include "lab/model/style.h"

static bool is_name_char(char c)
{
	return fr_char_is(c, FR_CH_ALPHA | FR_CH_DIGIT) || c == '-' || c == '_' ||
	       (unsigned char)c >= 0x80 || c == '\\';
}

static size_t name_length(struct fr_str s)
{
	size_t n = 0;

	while (n < s.len && is_name_char(s.p[n]))
		n += s.p[n] == '\\' ? 2 : 1;
	return n < s.len ? n : s.len;
}

/* A class like "col\:2" without its backslashes. */
static bool has_name(const struct fr_names *names, char kind, struct fr_str name)
{
	char plain[128];
	size_t n = 0;

	if (name.len > sizeof plain)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		if (name.p[i] == '\\' && i + 1 < name.len)
			i++;
		plain[n++] = kind == '<' ? fr_ascii_lower(name.p[i]) : name.p[i];
	}
	return fr_names_has(names, kind, fr_str_make(plain, n));
}

/* States that a page just loaded is not in. */
static bool is_state(struct fr_str pseudo)
{
	static const char *const states[] = {
		"hover",        "focus",        "active",        "visited",
		"checked",      "disabled",     "invalid",       "valid",
		"focus-within", "target",       "focus-visible", "indeterminate",
		"open",         "popover-open", "fullscreen",    "modal"};

	for (size_t i = 0; i < FR_ARRAY_LEN(states); i++)
		if (fr_str_iis(pseudo, states[i]))
			return true;
	return false;
}

static size_t skip_brackets(struct fr_str s, char open, char close)
{
	size_t depth = 0, i = 0;

	for (; i < s.len; i++) {
		depth += s.p[i] == open;
		if (s.p[i] == close && --depth == 0)
			return i + 1;
	}
	return i;
}

/* One step of a selector at s: how much it takes; *applies. */
static size_t step(struct fr_str s, const struct fr_names *names, bool *applies)
{
	struct fr_str rest = fr_str_sub(s, 1, s.len);
	size_t n;

	switch (s.p[0]) {
	case '.':
	case '#':
		n = name_length(rest);
		*applies = n && has_name(names, s.p[0], fr_str_sub(rest, 0, n));
		return n + 1;
	case '[':
		return skip_brackets(s, '[', ']');
	case '(':
		return skip_brackets(s, '(', ')');
	case ':':
		n = name_length(rest);
		*applies = !is_state(fr_str_sub(rest, 0, n));
		return n + 1;
	default:
		n = name_length(s);
		if (n)
			*applies = has_name(names, '<', fr_str_sub(s, 0, n));
		return n ? n : 1;
	}
}

static bool one_applies(struct fr_str s, const struct fr_names *names)
{
	bool applies = true;

	while (s.len && applies)
		s = fr_str_sub(s, step(s, names, &applies), s.len);
	return applies;
}

bool fr_selector_applies(struct fr_str selectors, const struct fr_names *names)
{
	size_t from = 0, depth = 0;

	for (size_t i = 0; i <= selectors.len; i++) {
		char c = i < selectors.len ? selectors.p[i] : ',';

		depth += c == '(' || c == '[';
		depth -= depth && (c == ')' || c == ']');
		if (i == selectors.len || (c == ',' && !depth)) {
			if (one_applies(fr_str_trim(fr_str_sub(selectors, from, i)), names))
				return true;
			from = i + 1;
		}
	}
	return false;
}
