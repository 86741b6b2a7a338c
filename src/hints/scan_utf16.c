/* Units to code points to UTF-8, with the two states between bytes and units. */
#include "hints/scan_utf16.h"

#define NO_CHARACTER 0x7fu

static size_t write_utf8(uint32_t c, char *out)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

static size_t take_unit(struct fr_scan_utf16 *u, uint32_t unit, char *out)
{
	uint32_t high = u->high;
	size_t n = 0;

	u->high = 0;
	if (high && unit >= 0xdc00 && unit <= 0xdfff)
		return write_utf8(0x10000 + ((high - 0xd800) << 10) + (unit - 0xdc00), out);
	if (high)
		n = write_utf8(NO_CHARACTER, out);
	if (unit >= 0xd800 && unit <= 0xdbff) {
		u->high = unit;
		return n;
	}
	return n + write_utf8(unit >= 0xdc00 && unit <= 0xdfff ? NO_CHARACTER : unit, out + n);
}

size_t fr_scan_utf16_feed(struct fr_scan_utf16 *u, const char *p, size_t len, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		uint8_t byte = (uint8_t)p[i];

		if (!u->has_half) {
			u->half = byte;
		} else {
			uint32_t first = u->is_big_endian ? u->half : byte;
			uint32_t second = u->is_big_endian ? byte : u->half;

			n += take_unit(u, first << 8 | second, out + n);
		}
		u->has_half = !u->has_half;
	}
	return n;
}
