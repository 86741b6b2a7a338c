/* Reads a path into the one form that rules match, and tells whether servers could read
 * it in several ways. */
#include "http/url_path.h"

static int digit(char c)
{
	char lower = fr_ascii_lower(c);

	if (c >= '0' && c <= '9')
		return c - '0';
	return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

int fr_hex_octet(const char *p, size_t left)
{
	int high = left >= 2 ? digit(p[0]) : -1, low = left >= 2 ? digit(p[1]) : -1;

	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* What no file name holds, and servers treat in ways of their own. */
static bool is_special(int octet)
{
	return octet == '/' || octet == '\\' || octet < 0x20 || octet == 0x7f;
}

/* Is the second octet of a sequence of UTF-8 so low that a shorter one would say the
 * same? Lax decoders find slashes and dots in such. */
static bool is_overlong(int octet, struct fr_str rest)
{
	int next = rest.len && rest.p[0] == '%' ? fr_hex_octet(rest.p + 1, rest.len - 1) : -1;

	if (octet == 0xc0 || octet == 0xc1)
		return true;
	return (octet == 0xe0 && next >= 0x80 && next < 0xa0) ||
	       (octet == 0xf0 && next >= 0x80 && next < 0x90);
}

/* What a second decoding would make of the rest after "%25". */
static bool hides_special(struct fr_str rest)
{
	int octet = fr_hex_octet(rest.p, rest.len);

	return octet >= 0 && (is_special(octet) || octet == '.' || octet == '%');
}

struct reading {
	char *out;
	size_t n, segment; /* where the current segment begins: after a slash */
	bool in_parameters;
	bool is_ambiguous;
};

static void put(struct reading *r, char c)
{
	if (!r->in_parameters)
		r->out[r->n++] = c;
}

/* Drops a dot segment, and with ".." the one before. */
static void end_segment(struct reading *r)
{
	size_t len = r->n - r->segment;

	r->in_parameters = false;
	if (len == 0 || len > 2 || r->out[r->segment] != '.' || r->out[r->n - 1] != '.')
		return;
	r->is_ambiguous = true;
	r->n = r->segment;
	if (len == 2 && r->n > 1) {
		r->n--;
		while (r->out[r->n - 1] != '/')
			r->n--;
		r->segment = r->n;
	}
}

/* What an escape stands for; returns how many bytes it has. */
static size_t take_escape(struct reading *r, struct fr_str at)
{
	int octet = fr_hex_octet(at.p + 1, at.len - 1);
	struct fr_str rest = fr_str_sub(at, 3, at.len);

	if (octet < 0) {
		r->is_ambiguous = true;
		put(r, '%');
		return 1;
	}
	if (is_special(octet) || is_overlong(octet, rest) || (octet == '%' && hides_special(rest)))
		r->is_ambiguous = true;
	if (is_special(octet)) {
		put(r, '%');
		put(r, "0123456789ABCDEF"[octet >> 4]);
		put(r, "0123456789ABCDEF"[octet & 15]);
	} else if (octet == ';') {
		r->in_parameters = true;
	} else {
		put(r, (char)octet);
	}
	return 3;
}

static size_t take(struct reading *r, struct fr_str at)
{
	switch (at.p[0]) {
	case '%':
		return take_escape(r, at);
	case '/':
		end_segment(r);
		if (r->n == 0 || r->out[r->n - 1] != '/')
			put(r, '/');
		r->segment = r->n;
		return 1;
	case ';':
		r->in_parameters = true;
		return 1;
	case '\\':
		r->is_ambiguous = true;
		break;
	default:
		break;
	}
	put(r, at.p[0]);
	return 1;
}

/* Nearly all paths: nothing to decode, to merge or to remove. */
static bool is_plain(struct fr_str path)
{
	for (size_t i = 0; i < path.len; i++) {
		char c = path.p[i];

		if (c == '%' || c == '\\' || c == ';')
			return false;
		if (c == '/' && i + 1 < path.len && (path.p[i + 1] == '/' || path.p[i + 1] == '.'))
			return false;
	}
	return true;
}

int fr_url_path_read(struct fr_arena *a, struct fr_str target, struct fr_url_path *out)
{
	struct fr_str path = fr_str_sub(target, 0, fr_str_find(target, '?'));
	struct reading r = {0};

	if (path.len == 0 || path.p[0] != '/' || is_plain(path)) {
		*out = (struct fr_url_path){.text = path};
		return 0;
	}
	r.out = fr_arena_alloc(a, path.len);
	if (!r.out)
		return FR_ERR_NOMEM;
	for (size_t i = 0; i < path.len;)
		i += take(&r, fr_str_sub(path, i, path.len));
	end_segment(&r);
	*out = (struct fr_url_path){fr_str_make(r.out, r.n), r.is_ambiguous};
	return 0;
}
