/* A body's temporary file: appended to, read from the front, given back in steps. */
#include "exchange/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"

struct fr_spill {
	int fd;
	struct fr_admission *admission; /* borrowed */
	struct fr_ip address;           /* whose it is, if it has one */
	bool has_address;
	uint64_t limit_bytes;
	uint64_t begin, end;      /* in the file: what waits */
	uint64_t given, reserved; /* in the file, in whole steps: given back; reserved up to */
};

static const struct fr_ip *address_of(const struct fr_spill *s)
{
	return s->has_address ? &s->address : NULL;
}

static int open_file(void)
{
	const char *folder = getenv("TMPDIR");

	return open(folder && *folder ? folder : "/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

struct fr_spill *fr_spill_new(struct fr_admission *a, const struct fr_ip *address,
                              uint64_t limit_bytes)
{
	struct fr_spill *s = fr_try_calloc(1, sizeof *s);

	if (!s)
		return NULL;
	*s = (struct fr_spill){
		.fd = -1, .admission = a, .has_address = address, .limit_bytes = limit_bytes};
	if (address)
		s->address = *address;
	s->fd = open_file();
	if (s->fd < 0 || fr_spill_reserve(s, 1) < 0)
		fr_spill_free(&s);
	return s;
}

static void give_back(struct fr_spill *s, uint64_t bytes)
{
	if (bytes)
		fr_admission_give_disk(s->admission, address_of(s), bytes);
}

void fr_spill_free(struct fr_spill **sp)
{
	struct fr_spill *s = *sp;

	*sp = NULL;
	if (!s)
		return;
	give_back(s, s->reserved - s->given);
	if (s->fd >= 0)
		(void)close(s->fd);
	free(s);
}

/* Is there room for one more step? Asked of the file system before bytes depend on it; one
 * that cannot say is believed to have it. */
static bool fits(const struct fr_spill *s)
{
	return fallocate(s->fd, FALLOC_FL_KEEP_SIZE, (off_t)s->reserved, FR_SPILL_STEP_BYTES) ==
	               0 ||
	       errno == EOPNOTSUPP || errno == EINTR;
}

int fr_spill_reserve(struct fr_spill *s, size_t len)
{
	while (s->reserved - s->end < len) {
		if (!fr_admission_take_disk(s->admission, address_of(s), FR_SPILL_STEP_BYTES,
		                            s->limit_bytes))
			return FR_ERR_LIMIT;
		if (!fits(s)) {
			give_back(s, FR_SPILL_STEP_BYTES);
			return FR_ERR_LIMIT;
		}
		s->reserved += FR_SPILL_STEP_BYTES;
	}
	return 0;
}

int fr_spill_append(struct fr_spill *s, const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t done = 0;

	if (fr_spill_reserve(s, len) < 0)
		return FR_ERR_LIMIT;
	while (done < len) {
		ssize_t n = pwrite(s->fd, p + done, len - done, (off_t)(s->end + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return FR_ERR_IO;
		done += (size_t)n;
	}
	s->end += len;
	return 0;
}

uint64_t fr_spill_len(const struct fr_spill *s)
{
	return s ? s->end - s->begin : 0;
}

/* Gives back what has been read: all, or whole steps where the file system can do so. */
static void shrink(struct fr_spill *s)
{
	uint64_t steps = (s->begin - s->given) / FR_SPILL_STEP_BYTES * FR_SPILL_STEP_BYTES;

	if (s->begin == s->end && s->end && ftruncate(s->fd, 0) == 0) {
		/* one step stays reserved, as it was at the begin */
		give_back(s, s->reserved - s->given - FR_SPILL_STEP_BYTES);
		s->begin = s->end = s->given = 0;
		s->reserved = FR_SPILL_STEP_BYTES;
	} else if (steps && fallocate(s->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
	                              (off_t)s->given, (off_t)steps) == 0) {
		s->given += steps;
		give_back(s, steps);
	}
}

int fr_spill_take(struct fr_spill *s, void *out, size_t max, size_t *n)
{
	uint64_t waits = fr_spill_len(s);
	size_t want = waits < max ? (size_t)waits : max, done = 0;

	while (done < want) {
		ssize_t got =
			pread(s->fd, (uint8_t *)out + done, want - done, (off_t)(s->begin + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return FR_ERR_IO;
		done += (size_t)got;
	}
	s->begin += done;
	if (done)
		shrink(s);
	*n = done;
	return 0;
}
