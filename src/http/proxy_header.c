/* Collects the header, then reads it: a line of text, or addresses and TLVs. */
#include "http/proxy_header.h"

#include <string.h>

static const uint8_t signature[12] = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d,
                                      0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};
static const char line_start[] = "PROXY ";
#define LINE_START_BYTES (sizeof line_start - 1)

/* Of version 2, before the addresses. */
#define HEAD_BYTES 16u
#define COMMAND_LOCAL 0x20u
#define COMMAND_PROXY 0x21u
#define TLV_HEAD_BYTES 3u
#define TLV_CRC32C 0x03u
#define TLV_SSL 0x20u
#define SSL_CLIENT 0x01u

/* --- version 1 --- */

/* One word and the space behind it; the last has none. */
static struct fr_str take_word(struct fr_str *rest)
{
	size_t space = fr_str_find(*rest, ' ');
	struct fr_str word = fr_str_sub(*rest, 0, space);

	*rest = fr_str_sub(*rest, space + 1, rest->len);
	return word;
}

static int read_port(struct fr_str text, uint16_t *port)
{
	uint64_t n;

	if (text.len > 5 || (text.len > 1 && text.p[0] == '0') || fr_str_to_u64(text, &n) < 0 ||
	    n > 65535)
		return FR_ERR_SYNTAX;
	*port = (uint16_t)n;
	return 0;
}

static int read_address(struct fr_str text, bool is6, struct fr_ip *ip)
{
	if ((fr_str_find(text, ':') < text.len) != is6)
		return FR_ERR_SYNTAX;
	return fr_ip_parse(text, ip);
}

/* line: without CR LF. */
static int read_line(struct fr_proxy_header *h, struct fr_str line)
{
	struct fr_str rest = fr_str_sub(line, LINE_START_BYTES, line.len), words[4];
	struct fr_str family = take_word(&rest);
	bool is6 = fr_str_is(family, "TCP6");
	struct fr_ip to;
	uint16_t to_port;

	if (fr_str_is(family, "UNKNOWN"))
		return 0; /* whatever follows */
	if (!is6 && !fr_str_is(family, "TCP4"))
		return FR_ERR_SYNTAX;
	for (size_t i = 0; i < 3; i++)
		words[i] = take_word(&rest);
	words[3] = rest;
	if (read_address(words[0], is6, &h->ip) < 0 || read_address(words[1], is6, &to) < 0 ||
	    read_port(words[2], &h->port) < 0 || read_port(words[3], &to_port) < 0)
		return FR_ERR_SYNTAX;
	h->source = FR_PROXY_ADDRESS;
	return 0;
}

/* --- version 2 --- */

static size_t u16_at(const uint8_t *p)
{
	return (size_t)p[0] << 8 | p[1];
}

static uint32_t u32_at(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Castagnoli's (RFC 9260, appendix A); four bytes at `hole` count as 0. */
static uint32_t crc32c(const uint8_t *p, size_t len, size_t hole)
{
	uint32_t crc = 0xffffffffu;

	for (size_t i = 0; i < len; i++) {
		crc ^= i >= hole && i < hole + 4 ? 0 : p[i];
		for (unsigned k = 0; k < 8; k++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
	}
	return ~crc;
}

/* Bytes of the addresses of a family; below 0: there is no such family. */
static int address_bytes(uint8_t family)
{
	switch (family) {
	case 0x00: /* UNSPEC */
		return 0;
	case 0x11: /* TCP, UDP over IPv4 */
	case 0x12:
		return 12;
	case 0x21: /* over IPv6 */
	case 0x22:
		return 36;
	case 0x31: /* stream and datagram, by Unix socket */
	case 0x32:
		return 216;
	default:
		return FR_ERR_SYNTAX;
	}
}

static void read_addresses(struct fr_proxy_header *h, uint8_t family)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	const uint8_t *p = h->bytes + HEAD_BYTES;

	if (family == 0x11) {
		memcpy(h->ip.bytes, mapped, sizeof mapped);
		memcpy(h->ip.bytes + sizeof mapped, p, 4);
		h->port = (uint16_t)u16_at(p + 8);
		h->source = FR_PROXY_ADDRESS;
	} else if (family == 0x21) {
		memcpy(h->ip.bytes, p, sizeof h->ip.bytes);
		h->port = (uint16_t)u16_at(p + 32);
		h->source = FR_PROXY_ADDRESS;
	} else if (family == 0x31) {
		h->source = FR_PROXY_UNIX;
	}
}

/* Those from `at` to the end: all must be whole, two are looked at. */
static int read_tlvs(struct fr_proxy_header *h, size_t at)
{
	while (at < h->n) {
		const uint8_t *value = h->bytes + at + TLV_HEAD_BYTES;
		size_t len;

		if (h->n - at < TLV_HEAD_BYTES)
			return FR_ERR_SYNTAX;
		len = u16_at(h->bytes + at + 1);
		if (h->n - at - TLV_HEAD_BYTES < len)
			return FR_ERR_SYNTAX;
		if (h->bytes[at] == TLV_CRC32C &&
		    (len != 4 || u32_at(value) != crc32c(h->bytes, h->n, at + TLV_HEAD_BYTES)))
			return FR_ERR_SYNTAX;
		if (h->bytes[at] == TLV_SSL && len > 0)
			h->is_tls = value[0] & SSL_CLIENT;
		at += TLV_HEAD_BYTES + len;
	}
	return 0;
}

static int read_binary(struct fr_proxy_header *h)
{
	uint8_t command = h->bytes[12], family = h->bytes[13];
	int bytes = address_bytes(family);
	size_t len = h->n - HEAD_BYTES;
	int rc;

	/* what LOCAL says of addresses means nothing */
	if (command == COMMAND_LOCAL && (bytes < 0 || (size_t)bytes > len))
		return 0;
	if (bytes < 0 || (size_t)bytes > len)
		return FR_ERR_SYNTAX;
	rc = read_tlvs(h, HEAD_BYTES + (size_t)bytes);
	if (rc == 0 && command == COMMAND_PROXY)
		read_addresses(h, family);
	if (command == COMMAND_LOCAL)
		h->is_tls = false;
	return rc;
}

/* --- both --- */

/* How many bytes must be there before more is known; 0: it is complete, and h->n its size.
 * As long as it may be either version, what differs from both is refused at once. */
static int next_size(struct fr_proxy_header *h, size_t *need)
{
	size_t n = h->n, len;

	*need = n + 1;
	if (n == 0)
		return 0;
	*need = 0;
	if (memcmp(h->bytes, line_start, n < LINE_START_BYTES ? n : LINE_START_BYTES) == 0) {
		if (n >= 2 && h->bytes[n - 1] == '\n')
			return h->bytes[n - 2] == '\r' ? 0 : FR_ERR_SYNTAX;
		*need = n + 1;
		return n < FR_PROXY_LINE_BYTES ? 0 : FR_ERR_LIMIT;
	}
	if (memcmp(h->bytes, signature, n < sizeof signature ? n : sizeof signature) != 0)
		return FR_ERR_SYNTAX;
	if (n > 12 && h->bytes[12] != COMMAND_LOCAL && h->bytes[12] != COMMAND_PROXY)
		return FR_ERR_SYNTAX;
	if (n < HEAD_BYTES) {
		*need = HEAD_BYTES;
		return 0;
	}
	len = HEAD_BYTES + u16_at(h->bytes + 14);
	*need = n < len ? len : 0;
	return len <= FR_PROXY_HEADER_BYTES ? 0 : FR_ERR_LIMIT;
}

/* Takes what is known to be the header's, never more: what follows is another's. Bytes that
 * decide whether it is one are looked at singly. */
static int collect(struct fr_proxy_header *h, const uint8_t *data, size_t len, size_t *used)
{
	size_t need, at = 0;
	int rc = next_size(h, &need);

	while (rc == 0 && need && at < len) {
		size_t more = h->n < HEAD_BYTES ? 1 : need - h->n;

		if (more > len - at)
			more = len - at;
		memcpy(h->bytes + h->n, data + at, more);
		h->n += more;
		at += more;
		rc = next_size(h, &need);
	}
	*used = at;
	if (rc < 0)
		return rc;
	return need ? 0 : 1;
}

int fr_proxy_header_feed(struct fr_proxy_header *h, const uint8_t *data, size_t len, size_t *used)
{
	int rc = len ? collect(h, data, len, used) : 0;

	if (rc <= 0)
		return rc;
	rc = h->bytes[0] == 'P' ? read_line(h, fr_str_make((const char *)h->bytes, h->n - 2))
	                        : read_binary(h);
	return rc < 0 ? rc : 1;
}
