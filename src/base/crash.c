/* The page of memory that a crash leaves for the parent: what each worker was doing, the
 * fatal signal, the program counters. Signal handlers here only store into that page. */
#include "base/crash.h"

#include <elf.h>
#include <execinfo.h>
#include <fcntl.h>
#include <inttypes.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAGIC 0x63726173u
#define VERSION 1u
#define HANDLER_STACK_BYTES 65536u

/* What a signal handler can reach is global, by its nature. */
static struct fr_crash_page *the_page;
static size_t the_slots;
static _Thread_local int the_worker = -1;
static _Thread_local char the_thread[FR_CRASH_NAME_BYTES];
static _Thread_local void *the_stack;
static _Thread_local const struct fr_activity *the_activity;

const char *fr_activity_str(unsigned stage)
{
	static const char *const texts[] = {
#define X(name, text) [FR_ACTIVITY_##name] = (text),
		FR_ACTIVITY_TABLE(X)
#undef X
	};

	return stage < FR_ACTIVITY_COUNT ? texts[stage] : "unknown";
}

/* --- pages --- */

size_t fr_crash_page_bytes(size_t slots)
{
	return sizeof(struct fr_crash_page) + slots * sizeof(struct fr_activity);
}

static struct fr_crash_page *map(int fd, size_t slots)
{
	void *p = mmap(NULL, fr_crash_page_bytes(slots), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

int fr_crash_page_new(size_t slots, struct fr_crash_page **page, int *fd)
{
	struct fr_crash_page *p = NULL;
	int made = memfd_create("forerun-crash", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	/* sealed: a page that became shorter would end its reader, too */
	if (made >= 0 && ftruncate(made, (off_t)fr_crash_page_bytes(slots)) == 0 &&
	    fcntl(made, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
		p = map(made, slots);
	if (!p) {
		if (made >= 0)
			close(made);
		return FR_ERR_IO;
	}
	fr_crash_page_reset(p, slots);
	*page = p;
	*fd = made;
	return 0;
}

void fr_crash_page_free(struct fr_crash_page **page, size_t slots)
{
	if (*page)
		(void)munmap(*page, fr_crash_page_bytes(slots));
	*page = NULL;
}

void fr_crash_page_reset(struct fr_crash_page *page, size_t slots)
{
	memset(page, 0, fr_crash_page_bytes(slots));
	page->magic = MAGIC;
	page->version = VERSION;
	page->n_slots = (uint32_t)slots;
	page->worker = -1;
}

static void clamp(uint32_t *n, uint32_t most)
{
	if (*n > most)
		*n = most;
}

struct fr_crash_page *fr_crash_read(const struct fr_crash_page *page, size_t slots)
{
	struct fr_crash_page *p = malloc(fr_crash_page_bytes(slots));

	if (!p)
		return NULL;
	memcpy(p, page, fr_crash_page_bytes(slots));
	p->n_slots = (uint32_t)slots;
	clamp(&p->n_modules, FR_CRASH_MAX_MODULES);
	clamp(&p->n_counters, FR_CRASH_MAX_COUNTERS);
	for (size_t i = 0; i < FR_CRASH_MAX_MODULES; i++)
		p->modules[i].name[sizeof p->modules[i].name - 1] = '\0';
	p->note[sizeof p->note - 1] = '\0';
	p->thread[sizeof p->thread - 1] = '\0';
	if (p->worker < -1 || p->worker >= (int32_t)slots)
		p->worker = -1;
	for (size_t i = 0; i < slots; i++) {
		struct fr_activity *a = &p->slots[i];

		a->method[sizeof a->method - 1] = '\0';
		if (a->host_len > sizeof a->host)
			a->host_len = sizeof a->host;
		if (a->path_len > sizeof a->path)
			a->path_len = sizeof a->path;
	}
	return p;
}

/* --- the handler --- */

static void copy_name(char *to, size_t cap, const char *from)
{
	size_t n = 0;

	for (; n + 1 < cap && from[n]; n++)
		to[n] = from[n];
	to[n] = '\0';
}

/* Async-signal-safe: stores, and backtrace(), which was called before, so that it has
 * loaded what it needs. A fault in here ends the process at once: all signals are blocked, and what
 * was written until then stays. */
static void on_fatal(int signo, siginfo_t *info, void *context)
{
	struct fr_crash_page *p = the_page;
	uint32_t none = FR_CRASH_NONE;

	(void)context;
	if (p && atomic_compare_exchange_strong(&p->state, &none, FR_CRASH_WRITING)) {
		void *counters[FR_CRASH_MAX_COUNTERS];
		int n;

		p->signal = signo;
		p->code = info->si_code;
		if (info->si_code <= 0 && info->si_pid != getpid())
			p->sender = info->si_pid;
		if (info->si_code > 0)
			p->address = (uint64_t)(uintptr_t)info->si_addr;
		p->worker = the_worker;
		copy_name(p->thread, sizeof p->thread, the_thread);
		n = backtrace(counters, (int)FR_CRASH_MAX_COUNTERS);
		for (int i = 0; i < n; i++)
			p->counters[i] = (uint64_t)(uintptr_t)counters[i];
		p->n_counters = n > 0 ? (uint32_t)n : 0;
		atomic_store(&p->state, FR_CRASH_WRITTEN);
	} else if (p && none == FR_CRASH_WRITING) {
		/* another thread's report is being written: it ends the process */
		for (int i = 0; i < 100 && atomic_load(&p->state) == FR_CRASH_WRITING; i++)
			(void)usleep(1000);
	}
	/* the default action, with a core file where those are wanted */
	(void)signal(signo, SIG_DFL);
	(void)raise(signo);
}

static void install(int signo)
{
	struct sigaction old, a = {.sa_sigaction = on_fatal, .sa_flags = SA_SIGINFO | SA_ONSTACK};

	/* a sanitizer's handler says more than ours */
	if (sigaction(signo, NULL, &old) < 0 || old.sa_handler != SIG_DFL)
		return;
	(void)sigfillset(&a.sa_mask);
	(void)sigaction(signo, &a, NULL);
}

/* --- the program --- */

static int add_module(struct dl_phdr_info *info, size_t size, void *user)
{
	struct fr_crash_page *p = user;
	struct fr_crash_module *m;
	const char *slash;
	uint64_t end = 0;

	(void)size;
	if (p->n_modules == FR_CRASH_MAX_MODULES)
		return 1;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD &&
		    info->dlpi_phdr[i].p_vaddr + info->dlpi_phdr[i].p_memsz > end)
			end = info->dlpi_phdr[i].p_vaddr + info->dlpi_phdr[i].p_memsz;
	m = &p->modules[p->n_modules++];
	m->begin = info->dlpi_addr;
	m->end = info->dlpi_addr + end;
	slash = strrchr(info->dlpi_name, '/');
	copy_name(m->name, sizeof m->name,
	          !info->dlpi_name[0] ? "forerun" : (slash ? slash + 1 : info->dlpi_name));
	return 0;
}

static int find_build_id(struct dl_phdr_info *info, size_t size, void *user)
{
	char *out = user;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		const unsigned char *at, *end;

		if (ph->p_type != PT_NOTE)
			continue;
		at = (const unsigned char *)(uintptr_t)(info->dlpi_addr + ph->p_vaddr);
		end = at + ph->p_memsz;
		while ((size_t)(end - at) > sizeof(ElfW(Nhdr))) {
			ElfW(Nhdr) note;
			const unsigned char *value;

			memcpy(&note, at, sizeof note);
			value = at + sizeof note + ((note.n_namesz + 3u) & ~3u);
			if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
			    note.n_descsz <= FR_CRASH_BUILD_ID_BYTES) {
				for (size_t k = 0; k < note.n_descsz; k++)
					(void)snprintf(out + 2 * k, 3, "%02x", value[k]);
				return 1;
			}
			at = value + ((note.n_descsz + 3u) & ~3u);
		}
	}
	return 1; /* the first module is the program */
}

void fr_build_id(char out[2 * FR_CRASH_BUILD_ID_BYTES + 1])
{
	(void)snprintf(out, 2 * FR_CRASH_BUILD_ID_BYTES + 1, "unknown");
	(void)dl_iterate_phdr(find_build_id, out);
}

int fr_crash_begin(int fd, size_t slots)
{
	static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};
	struct fr_crash_page *p = map(fd, slots);
	void *once[1];

	close(fd);
	if (!p)
		return FR_ERR_IO;
	(void)dl_iterate_phdr(add_module, p);
	(void)backtrace(once, 1);
	the_page = p;
	the_slots = slots;
	for (size_t i = 0; i < FR_ARRAY_LEN(fatal); i++)
		install(fatal[i]);
	return 0;
}

void fr_crash_thread_begin(const char *name, int worker)
{
	stack_t stack = {.ss_size = HANDLER_STACK_BYTES};

	the_worker = worker;
	copy_name(the_thread, sizeof the_thread, name);
	if (!the_page || the_stack)
		return;
	stack.ss_sp = malloc(HANDLER_STACK_BYTES);
	if (stack.ss_sp && sigaltstack(&stack, NULL) == 0)
		the_stack = stack.ss_sp;
	else
		free(stack.ss_sp);
}

void fr_crash_thread_end(void)
{
	the_activity = NULL;
	stack_t off = {.ss_flags = SS_DISABLE};

	if (!the_stack)
		return;
	(void)sigaltstack(&off, NULL);
	free(the_stack);
	the_stack = NULL;
}

void fr_crash_thread_notes(const struct fr_activity *activity)
{
	the_activity = activity;
}

const char *fr_crash_doing(char *out, size_t cap)
{
	const struct fr_activity *a = the_activity;
	size_t n;

	*out = '\0';
	if (!a || a->stage == FR_ACTIVITY_NONE || a->stage == FR_ACTIVITY_IDLE)
		return out;
	(void)snprintf(out, cap, " while %s: connection %" PRIu64, fr_activity_str(a->stage),
	               a->connection);
	n = strlen(out);
	if (a->of_connection && a->of_connection == a->connection)
		(void)snprintf(out + n, cap - n, ", stream %d, exchange %016" PRIx64 " %s",
		               a->stream, a->exchange, a->method);
	return out;
}

struct fr_activity *fr_crash_slot(size_t worker)
{
	return the_page && worker < the_slots ? &the_page->slots[worker] : NULL;
}

void fr_crash_note(const char *text)
{
	if (the_page && !the_page->note[0])
		copy_name(the_page->note, sizeof the_page->note, text);
}
