/* Reads and keeps the files that a configuration names, and packs them for the serving
 * process. */
#include "config/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

struct file {
	struct file *next; /* owned */
	char *path;        /* owned */
	char *data;        /* owned; NUL-terminated */
	size_t len;
};

struct fr_files {
	_Atomic unsigned refs;
	bool is_closed;
	struct file *first; /* owned */
	size_t total_bytes;
};

struct fr_files *fr_files_new(void)
{
	struct fr_files *f = fr_calloc(1, sizeof *f);

	atomic_store(&f->refs, 1);
	return f;
}

void fr_files_ref(struct fr_files *f)
{
	atomic_fetch_add(&f->refs, 1);
}

void fr_files_unref(struct fr_files **fp)
{
	struct fr_files *f = *fp;
	struct file *e, *next;

	*fp = NULL;
	if (!f || atomic_fetch_sub(&f->refs, 1) != 1)
		return;
	for (e = f->first; e; e = next) {
		next = e->next;
		explicit_bzero(e->data, e->len);
		free(e->data);
		free(e->path);
		free(e);
	}
	free(f);
}

bool fr_files_is_closed(const struct fr_files *f)
{
	return f->is_closed;
}

static struct file *find(const struct fr_files *f, const char *path)
{
	for (struct file *e = f->first; e; e = e->next)
		if (strcmp(e->path, path) == 0)
			return e;
	return NULL;
}

/* data: owned from here on. */
static struct file *add(struct fr_files *f, struct fr_str path, char *data, size_t len)
{
	struct file *e = fr_calloc(1, sizeof *e);

	e->path = fr_str_dup(path);
	e->data = data;
	e->len = len;
	e->next = f->first;
	f->first = e;
	f->total_bytes += len;
	return e;
}

/* --- reading --- */

/* Reads to the file's end, at most max bytes; -1 with errno. */
static ssize_t read_all(int fd, char *to, size_t max)
{
	size_t n = 0;

	for (;;) {
		ssize_t r = read(fd, to + n, max + 1 - n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -1;
		if (r == 0)
			return (ssize_t)n;
		n += (size_t)r;
		if (n > max) {
			errno = EFBIG;
			return -1;
		}
	}
}

static struct file *load(struct fr_files *f, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), saved;
	char *data, *fit;
	ssize_t n;

	if (fd < 0)
		return NULL;
	data = fr_malloc(FR_FILE_MAX_BYTES + 1u);
	n = read_all(fd, data, FR_FILE_MAX_BYTES);
	if (n >= 0 && f->total_bytes + (size_t)n > FR_FILES_MAX_BYTES) {
		n = -1;
		errno = EFBIG;
	}
	saved = errno;
	close(fd);
	if (n < 0) {
		free(data);
		errno = saved;
		return NULL;
	}
	fit = fr_malloc((size_t)n + 1);
	memcpy(fit, data, (size_t)n);
	fit[n] = '\0';
	explicit_bzero(data, (size_t)n);
	free(data);
	return add(f, fr_str_from(path), fit, (size_t)n);
}

int fr_files_get(struct fr_files *f, const char *path, struct fr_str *out)
{
	struct file *e = find(f, path);

	if (!e && f->is_closed)
		errno = ENOENT;
	else if (!e)
		e = load(f, path);
	if (!e)
		return FR_ERR_IO;
	*out = fr_str_make(e->data, e->len);
	return 0;
}

bool fr_files_find(const struct fr_files *f, const char *path, struct fr_str *out)
{
	const struct file *e = find(f, path);

	if (e)
		*out = fr_str_make(e->data, e->len);
	return e != NULL;
}

/* --- from one process to another ---
 *
 *   | path bytes, data bytes (u32 each) | path | data | ... */

struct lengths {
	uint32_t path, data;
};

static bool write_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

int fr_files_pack(const struct fr_files *f)
{
	int fd = memfd_create("forerun-files", MFD_CLOEXEC);
	bool ok = fd >= 0;

	for (const struct file *e = f->first; ok && e; e = e->next) {
		struct lengths l = {(uint32_t)strlen(e->path), (uint32_t)e->len};

		ok = write_all(fd, &l, sizeof l) && write_all(fd, e->path, l.path) &&
		     write_all(fd, e->data, l.data);
	}
	if (!ok && fd >= 0)
		close(fd);
	return ok ? fd : FR_ERR_IO;
}

/* One file; false if the bytes end too early. */
static bool unpack_one(struct fr_files *f, const char **at, const char *end)
{
	struct lengths l;
	char *data;

	if ((size_t)(end - *at) < sizeof l)
		return false;
	memcpy(&l, *at, sizeof l);
	*at += sizeof l;
	if ((size_t)(end - *at) < (size_t)l.path + l.data)
		return false;
	data = fr_malloc((size_t)l.data + 1);
	memcpy(data, *at + l.path, l.data);
	data[l.data] = '\0';
	(void)add(f, fr_str_make(*at, l.path), data, l.data);
	*at += (size_t)l.path + l.data;
	return true;
}

int fr_files_unpack(int fd, struct fr_files **out)
{
	struct fr_files *f;
	const char *at, *end;
	struct stat st;
	void *all = NULL;
	bool ok = true;

	if (fstat(fd, &st) < 0 || st.st_size > 2 * (off_t)FR_FILES_MAX_BYTES)
		return FR_ERR_IO;
	if (st.st_size) {
		all = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (all == MAP_FAILED)
			return FR_ERR_IO;
	}
	f = fr_files_new();
	at = all;
	end = st.st_size ? at + st.st_size : at;
	while (ok && at < end)
		ok = unpack_one(f, &at, end);
	f->is_closed = true;
	if (all)
		(void)munmap(all, (size_t)st.st_size);
	if (!ok) {
		fr_files_unref(&f);
		return FR_ERR_SYNTAX;
	}
	*out = f;
	return 0;
}
