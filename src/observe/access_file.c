/* The access log's file: lines that wait, writing without blocking, reopening, and
 * counting what is dropped. */
#include "observe/access_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "observe/access_format.h"

/* What poll() promises that a pipe takes without blocking (POSIX: at least 512). */
#define PIPE_BYTES 4096u

void fr_access_file_init(struct fr_access_file *f)
{
	memset(f, 0, sizeof *f);
	f->fd = -1;
	f->out = fr_malloc(FR_ACCESS_FILE_GATHER + FR_ACCESS_LINE_MAX);
}

static void note_waiting(struct fr_access_file *f)
{
	atomic_store_explicit(&f->waiting_bytes, f->end - f->begin, memory_order_relaxed);
}

/* Where the line begins that is written in part; `begin` if there is none. */
static size_t line_begin(const struct fr_access_file *f)
{
	size_t at = f->begin;

	while (at && f->out[at - 1] != '\n')
		at--;
	return at;
}

/* --- the file --- */

int fr_access_file_open(const char *name)
{
	if (strcmp(name, "-") == 0)
		return STDOUT_FILENO;
	return open(name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
}

static void close_file(struct fr_access_file *f)
{
	size_t line = line_begin(f);
	off_t part = (off_t)(f->begin - line);
	struct stat st;

	/* a line that could not be completed is taken back, and written whole elsewhere */
	if (part && f->fd >= 0 && fstat(f->fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size >= part)
		(void)!ftruncate(f->fd, st.st_size - part);
	f->begin = line;
	note_waiting(f);
	if (f->fd >= 0 && f->fd != STDOUT_FILENO)
		close(f->fd);
	f->fd = -1;
}

static void note_failure(struct fr_access_file *f, int error)
{
	atomic_fetch_add_explicit(&f->errors, 1, memory_order_relaxed);
	if (atomic_exchange(&f->is_failing, true))
		return;
	FR_LOG(ERROR, "access", "%s cannot be written: %s; lines wait, then are dropped", f->name,
	       strerror(error));
}

static void note_success(struct fr_access_file *f)
{
	if (atomic_load_explicit(&f->is_failing, memory_order_relaxed) &&
	    atomic_exchange(&f->is_failing, false))
		FR_LOG(INFO, "access", "%s is written again", f->name);
}

static bool open_file(struct fr_access_file *f)
{
	if (f->fd >= 0)
		return true;
	f->fd = fr_access_file_open(f->name);
	if (f->fd < 0)
		note_failure(f, errno);
	return f->fd >= 0;
}

void fr_access_file_use(struct fr_access_file *f, const char *name, int fd)
{
	close_file(f);
	free(f->name);
	f->name = name ? fr_str_dup(fr_str_from(name)) : NULL;
	f->fd = fd;
}

bool fr_access_file_reopen(struct fr_access_file *f)
{
	close_file(f);
	return f->name && open_file(f);
}

void fr_access_file_fini(struct fr_access_file *f)
{
	close_file(f);
	free(f->name);
	free(f->out);
	f->name = f->out = NULL;
}

/* --- lines --- */

char *fr_access_file_room(struct fr_access_file *f)
{
	if (f->begin || f->end >= FR_ACCESS_FILE_GATHER)
		return NULL;
	return f->out + f->end;
}

void fr_access_file_add(struct fr_access_file *f, size_t len)
{
	f->end += len;
}

static bool is_ready(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT);
}

/* Bytes, or -1 with errno. */
static ssize_t write_some(struct fr_access_file *f)
{
	size_t len = f->end - f->begin;

	/* standard output may be shared: it is not ours to make non-blocking */
	if (f->fd == STDOUT_FILENO) {
		if (!is_ready(f->fd)) {
			errno = EAGAIN;
			return -1;
		}
		len = len < PIPE_BYTES ? len : PIPE_BYTES;
	}
	return write(f->fd, f->out + f->begin, len);
}

static bool write_out(struct fr_access_file *f)
{
	while (f->begin < f->end) {
		ssize_t n = write_some(f);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			if (errno != EAGAIN)
				note_failure(f, errno);
			return false;
		}
		f->begin += (size_t)n;
		atomic_fetch_add_explicit(&f->written_bytes, (uint64_t)n, memory_order_relaxed);
		note_success(f);
	}
	f->begin = f->end = 0;
	return true;
}

bool fr_access_file_write(struct fr_access_file *f)
{
	bool done;

	if (!f->name)
		f->begin = f->end = 0;
	done = !f->name || f->end == 0 || (open_file(f) && write_out(f));
	note_waiting(f);
	return done;
}

bool fr_access_file_is_empty(const struct fr_access_file *f)
{
	return f->begin == f->end;
}

int fr_access_file_wait_fd(const struct fr_access_file *f)
{
	/* a pipe that takes more can be waited for; a full disk cannot */
	if (fr_access_file_is_empty(f) ||
	    atomic_load_explicit(&f->is_failing, memory_order_relaxed))
		return -1;
	return f->fd;
}

size_t fr_access_file_lines(const struct fr_access_file *f)
{
	size_t n = 0;

	for (size_t i = f->begin; i < f->end; i++)
		n += f->out[i] == '\n';
	return n;
}
