/* What the system says of the process, and the end of a status. */
#include "observe/status.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

void fr_status_fini(struct fr_status *s)
{
	free(s->workers);
	free(s->metrics);
	free(s->origins);
	free(s->sites);
	free(s->certificates);
	free(s->proof);
	fr_traffic_top_fini(&s->top);
	*s = (struct fr_status){0};
}

static uint64_t count_descriptors(void)
{
	/* opened by open, not by opendir: ThreadSanitizer would take the descriptor for that
	 * of another thread's connection, closed before, and report a race */
	int fd = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	uint64_t n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		(void)closedir(d);
	else if (fd >= 0)
		(void)close(fd);
	return n > 3 ? n - 3 : 0; /* ".", "..", and the folder's own */
}

static uint64_t resident_pages(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long long all = 0, resident = 0;

	if (f && fscanf(f, "%llu %llu", &all, &resident) != 2)
		resident = 0;
	if (f)
		(void)fclose(f);
	return resident;
}

void fr_status_process(struct fr_status *s)
{
	struct rusage u = {0};
	struct rlimit r = {0};

	s->pid = (long)getpid();
	s->rss_bytes = resident_pages() * (uint64_t)sysconf(_SC_PAGESIZE);
	s->open_fds = count_descriptors();
	if (getrusage(RUSAGE_SELF, &u) == 0)
		s->cpu_us = (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 +
		            (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
	if (getrlimit(RLIMIT_NOFILE, &r) == 0)
		s->max_fds = r.rlim_cur;
}
