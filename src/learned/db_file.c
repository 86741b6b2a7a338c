/* Opens and checks the SQLite file, sets a damaged one aside, and runs its statements. */
#include "learned/db_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

#define APPLICATION_ID 0x46725264 /* "FrRd" */
#define SCHEMA_VERSION 1
#define PAGE_BYTES 4096u
#define PATH_MAX_BYTES 4000u
/* How often a process that waits for its turn to open the file looks again. */
#define TURN_MS 5

enum statement { PUT, DELETE, PURGE, EACH, NEXT, STATEMENTS };

struct fr_hint_file {
	sqlite3 *db;                                               /* owned */
	sqlite3_stmt *statements[FR_HINT_TABLE_COUNT][STATEMENTS]; /* owned */
	char *path;                                                /* owned */
	int lock_fd;                                               /* owned; -1: none */
	uint64_t seed;
	bool has_complained;
};

/* What an open file turned out to be. */
enum kind { OURS, EMPTY, FOREIGN, UNUSABLE };

static const char *const table_names[] = {
#define X(id, text) text,
	FR_HINT_TABLE_TABLE(X)
#undef X
};

/* The table's name is put in for each %s. */
static const char *const statement_texts[STATEMENTS] = {
	[PUT] = "INSERT INTO %s(key, value, expires_s) VALUES(?1, ?2, ?3) ON CONFLICT(key) "
		"DO UPDATE SET value = excluded.value, expires_s = excluded.expires_s",
	[DELETE] = "DELETE FROM %s WHERE key = ?1",
	[PURGE] = "DELETE FROM %s WHERE rowid IN "
		  "(SELECT rowid FROM %s WHERE expires_s <= ?1 LIMIT ?2)",
	[EACH] = "SELECT key, value FROM %s WHERE expires_s > ?1 ORDER BY expires_s DESC",
	[NEXT] = "SELECT rowid, key FROM %s WHERE rowid > ?1 ORDER BY rowid LIMIT 1",
};

#define TABLE_SQL(name)                                                                            \
	"CREATE TABLE IF NOT EXISTS " name                                                         \
	"(key BLOB NOT NULL UNIQUE, value BLOB NOT NULL, expires_s INTEGER NOT NULL);"             \
	"CREATE INDEX IF NOT EXISTS " name "_by_expiry ON " name "(expires_s);"
static const char schema[] =
	"CREATE TABLE IF NOT EXISTS meta(name TEXT NOT NULL UNIQUE, value INTEGER NOT NULL);"
#define X(id, text) TABLE_SQL(text)
	FR_HINT_TABLE_TABLE(X)
#undef X
	;

/* --- errors --- */

static bool is_damage(int rc)
{
	return (rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB;
}

static int failed(struct fr_hint_file *f, int rc)
{
	if (!f->has_complained) {
		f->has_complained = true;
		FR_LOG(WARN, "hints", "%s: %s", f->path, sqlite3_errmsg(f->db));
	}
	if ((rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED)
		return FR_ERR_AGAIN;
	return is_damage(rc) ? FR_ERR_SYNTAX : FR_ERR_IO;
}

static int unusable(const char *path, const char *why)
{
	FR_LOG(WARN, "hints", "%s: %s; what is learned will not outlive this process", path, why);
	return FR_ERR_IO;
}

/* --- opening --- */

static int exec(struct fr_hint_file *f, const char *sql)
{
	return sqlite3_exec(f->db, sql, NULL, NULL, NULL);
}

/* The first column of the first row. */
static int query_number(struct fr_hint_file *f, const char *sql, int64_t *out)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(f->db, sql, -1, &st, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		*out = sqlite3_column_int64(st, 0);
	(void)sqlite3_finalize(st);
	return rc == SQLITE_ROW ? SQLITE_OK : (rc == SQLITE_DONE ? SQLITE_CORRUPT : rc);
}

/* Anything but "ok" of a check that reads the whole file is damage. */
static int check_integrity(struct fr_hint_file *f)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(f->db, "PRAGMA quick_check(1)", -1, &st, NULL);
	const unsigned char *text = NULL;

	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		text = sqlite3_column_text(st, 0);
	if (rc == SQLITE_ROW)
		rc = text && fr_str_is(fr_str_from((const char *)text), "ok") ? SQLITE_OK
		                                                              : SQLITE_CORRUPT;
	(void)sqlite3_finalize(st);
	return rc;
}

static enum kind kind_of_error(int rc)
{
	return is_damage(rc) ? FOREIGN : UNUSABLE;
}

/* Before anything is written to it. */
static enum kind examine(struct fr_hint_file *f)
{
	int64_t id = 0, version = 0, objects = 0, odd = 0;
	int rc = query_number(f, "PRAGMA application_id", &id);

	if (rc == SQLITE_OK)
		rc = query_number(f, "PRAGMA user_version", &version);
	if (rc == SQLITE_OK)
		rc = query_number(f, "SELECT count(*) FROM sqlite_master", &objects);
	if (rc == SQLITE_OK)
		rc = query_number(f,
		                  "SELECT count(*) FROM sqlite_master "
		                  "WHERE type NOT IN ('table', 'index')",
		                  &odd);
	if (rc != SQLITE_OK)
		return kind_of_error(rc);
	if (id == 0 && version == 0 && objects == 0)
		return EMPTY;
	if (id != APPLICATION_ID || version != SCHEMA_VERSION || odd)
		return FOREIGN;
	rc = check_integrity(f);
	return rc == SQLITE_OK ? OURS : kind_of_error(rc);
}

/* Safe beside another process that does the same: each part is done if it is
 * not yet. */
static int create(struct fr_hint_file *f, uint64_t seed)
{
	char sql[256];
	int rc = exec(f, "BEGIN IMMEDIATE");

	if (rc != SQLITE_OK)
		return rc;
	rc = exec(f, schema);
	(void)snprintf(sql, sizeof sql,
	               "INSERT OR IGNORE INTO meta(name, value) VALUES('seed', %lld);"
	               "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
	               (long long)(int64_t)seed, APPLICATION_ID, SCHEMA_VERSION);
	if (rc == SQLITE_OK)
		rc = exec(f, sql);
	if (rc != SQLITE_OK)
		(void)exec(f, "ROLLBACK");
	return rc;
}

static int prepare(struct fr_hint_file *f)
{
	char sql[512];

	for (size_t t = 0; t < FR_HINT_TABLE_COUNT; t++)
		for (size_t s = 0; s < STATEMENTS; s++) {
			int rc;

			/* NOLINTNEXTLINE(clang-diagnostic-format-nonliteral) */
			(void)snprintf(sql, sizeof sql, statement_texts[s], table_names[t],
			               table_names[t]);
			rc = sqlite3_prepare_v3(f->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
			                        &f->statements[t][s], NULL);
			if (rc != SQLITE_OK)
				return rc;
		}
	return SQLITE_OK;
}

static int set_up(struct fr_hint_file *f)
{
	char sql[256];
	int rc;

	/* the file is not trusted: no functions in its schema, no odd lengths */
	(void)sqlite3_db_config(f->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(f->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	(void)sqlite3_limit(f->db, SQLITE_LIMIT_LENGTH, (int)(4 * FR_HINT_DB_VALUE_MAX_BYTES));
	rc = sqlite3_busy_timeout(f->db, (int)FR_HINT_DB_BUSY_MS);
	(void)snprintf(sql, sizeof sql,
	               "PRAGMA synchronous = NORMAL; PRAGMA cell_size_check = ON;"
	               "PRAGMA journal_size_limit = %u; PRAGMA max_page_count = %u",
	               1024 * PAGE_BYTES, FR_HINT_DB_MAX_BYTES / PAGE_BYTES);
	return rc == SQLITE_OK ? exec(f, sql) : rc;
}

/* Makes an open file ready, or says why not. */
static enum kind adopt(struct fr_hint_file *f, uint64_t seed)
{
	enum kind kind;
	int64_t number = 0;
	int rc = set_up(f);

	if (rc != SQLITE_OK)
		return kind_of_error(rc);
	kind = examine(f);
	if (kind == FOREIGN || kind == UNUSABLE)
		return kind;
	/* where it cannot be WAL (some file systems), the old way is as safe */
	rc = exec(f, "PRAGMA journal_mode = WAL");
	if (rc == SQLITE_OK && kind == EMPTY)
		rc = create(f, seed);
	if (rc != SQLITE_OK)
		return kind_of_error(rc);
	rc = prepare(f);
	if (rc == SQLITE_OK)
		rc = query_number(f, "SELECT value FROM meta WHERE name = 'seed'", &number);
	if (rc == SQLITE_ERROR) /* other columns than ours */
		return FOREIGN;
	f->seed = (uint64_t)number;
	return rc == SQLITE_OK ? OURS : kind_of_error(rc);
}

static void close_db(struct fr_hint_file *f)
{
	for (size_t t = 0; t < FR_HINT_TABLE_COUNT; t++)
		for (size_t s = 0; s < STATEMENTS; s++) {
			(void)sqlite3_finalize(f->statements[t][s]);
			f->statements[t][s] = NULL;
		}
	if (f->db && sqlite3_close(f->db) != SQLITE_OK)
		FR_LOG(WARN, "hints", "%s: %s", f->path, sqlite3_errmsg(f->db));
	f->db = NULL;
}

static enum kind open_db(struct fr_hint_file *f, uint64_t seed)
{
	/* made here so that only its owner may read it; SQLite's own follow */
	int fd = open(f->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int rc;

	if (fd >= 0)
		(void)close(fd);
	rc = sqlite3_open_v2(f->path, &f->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc != SQLITE_OK)
		return kind_of_error(rc);
	if (sqlite3_db_readonly(f->db, "main") != 0)
		return UNUSABLE;
	return adopt(f, seed);
}

/* --- setting aside --- */

static void rename_part(const char *path, const char *suffix)
{
	char from[PATH_MAX_BYTES + 32], to[PATH_MAX_BYTES + 32];

	(void)snprintf(from, sizeof from, "%s%s", path, suffix);
	(void)snprintf(to, sizeof to, "%s.aside%s", path, suffix);
	(void)unlink(to);
	(void)rename(from, to);
}

/* Only while no other process has the file open: SQLite names its journals
 * after the path, so a file renamed under a process would take over the journals of
 * its successor. */
static int set_aside(struct fr_hint_file *f)
{
	char shm[PATH_MAX_BYTES + 32];
	struct stat st;

	if (flock(f->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return unusable(f->path, "damaged or foreign, and used by another process");
	rename_part(f->path, "");
	rename_part(f->path, "-wal");
	(void)snprintf(shm, sizeof shm, "%s-shm", f->path);
	(void)unlink(shm);
	if (stat(f->path, &st) == 0)
		return unusable(f->path, "damaged or foreign, and cannot be renamed");
	FR_LOG(WARN, "hints",
	       "%s: damaged, of another program or a newer version: set aside as %s.aside", f->path,
	       f->path);
	return 0;
}

/* Says that this process uses the file, as long as it does. */
static int lock_file(struct fr_hint_file *f)
{
	char path[PATH_MAX_BYTES + 32];

	(void)snprintf(path, sizeof path, "%s-lock", f->path);
	f->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (f->lock_fd < 0)
		return unusable(path, strerror(errno));
	if (flock(f->lock_fd, LOCK_SH | LOCK_NB) < 0)
		return unusable(f->path, "another process is setting it aside");
	return 0;
}

/* Processes that open the file at the same time do it one after another: one that looks
 * while another makes the tables would take the file for a foreign one. A process that
 * hangs while it opens is waited for as long as one that writes. Sets the lock, or not. */
static void take_turn(struct fr_hint_file *f, short type)
{
	struct flock turn = {.l_type = type, .l_whence = SEEK_SET};

	for (unsigned ms = 0; ms < FR_HINT_DB_BUSY_MS; ms += (unsigned)TURN_MS) {
		/* of the open file, beside flock(2)'s, which says who uses the database */
		if (fcntl(f->lock_fd, F_OFD_SETLK, &turn) == 0)
			return;
		(void)poll(NULL, 0, TURN_MS);
	}
}

static int open_or_replace(struct fr_hint_file *f, uint64_t seed)
{
	enum kind kind = open_db(f, seed);

	if (kind == FOREIGN) {
		close_db(f);
		if (set_aside(f) < 0)
			return FR_ERR_IO;
		kind = open_db(f, seed);
		(void)flock(f->lock_fd, LOCK_SH | LOCK_NB);
	}
	if (kind == OURS)
		return 0;
	return unusable(f->path, f->db && sqlite3_errcode(f->db) != SQLITE_OK
	                                 ? sqlite3_errmsg(f->db)
	                                 : "cannot be written");
}

int fr_hint_file_open(const char *path, uint64_t seed, struct fr_hint_file **out)
{
	struct fr_hint_file *f;
	struct stat st;
	int r;

	if (strlen(path) > PATH_MAX_BYTES)
		return unusable(path, "the name is too long");
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return unusable(path, "not a regular file");
	f = fr_calloc(1, sizeof *f);
	f->lock_fd = -1;
	f->path = fr_str_dup(fr_str_from(path));
	r = lock_file(f);
	if (r == 0) {
		take_turn(f, F_WRLCK);
		r = open_or_replace(f, seed);
		take_turn(f, F_UNLCK);
	}
	if (r < 0) {
		fr_hint_file_close(&f);
		return r;
	}
	*out = f;
	return 0;
}

void fr_hint_file_close(struct fr_hint_file **fp)
{
	struct fr_hint_file *f = *fp;

	if (!f)
		return;
	close_db(f);
	if (f->lock_fd >= 0)
		(void)close(f->lock_fd);
	free(f->path);
	free(f);
	*fp = NULL;
}

uint64_t fr_hint_file_seed(const struct fr_hint_file *f)
{
	return f->seed;
}

/* --- statements --- */

static int simple(struct fr_hint_file *f, const char *sql)
{
	int rc = exec(f, sql);

	return rc == SQLITE_OK ? 0 : failed(f, rc);
}

int fr_hint_file_begin(struct fr_hint_file *f)
{
	return simple(f, "BEGIN IMMEDIATE");
}

int fr_hint_file_commit(struct fr_hint_file *f)
{
	int r = simple(f, "COMMIT");

	if (r == 0)
		f->has_complained = false;
	return r;
}

void fr_hint_file_rollback(struct fr_hint_file *f)
{
	/* some errors have rolled back by themselves */
	if (!sqlite3_get_autocommit(f->db))
		(void)exec(f, "ROLLBACK");
}

static void bind(sqlite3_stmt *st, int at, const void *p, size_t len)
{
	/* never NULL, which SQLite takes for its own */
	(void)sqlite3_bind_blob(st, at, len ? p : "", (int)len, SQLITE_STATIC);
}

/* Runs a statement that has no rows. */
static int run(struct fr_hint_file *f, sqlite3_stmt *st)
{
	int rc = sqlite3_step(st);
	int r = rc == SQLITE_DONE ? 0 : failed(f, rc);

	(void)sqlite3_reset(st);
	(void)sqlite3_clear_bindings(st);
	return r;
}

int fr_hint_file_put(struct fr_hint_file *f, enum fr_hint_table t, struct fr_str key,
                     const struct fr_buf *value, int64_t expires_s)
{
	sqlite3_stmt *st = f->statements[t][PUT];

	bind(st, 1, key.p, key.len);
	bind(st, 2, fr_buf_data(value), fr_buf_len(value));
	(void)sqlite3_bind_int64(st, 3, expires_s);
	return run(f, st);
}

int fr_hint_file_delete(struct fr_hint_file *f, enum fr_hint_table t, struct fr_str key)
{
	sqlite3_stmt *st = f->statements[t][DELETE];

	bind(st, 1, key.p, key.len);
	return run(f, st);
}

int fr_hint_file_purge(struct fr_hint_file *f, enum fr_hint_table t, int64_t now_s, size_t *n)
{
	sqlite3_stmt *st = f->statements[t][PURGE];
	int r;

	(void)sqlite3_bind_int64(st, 1, now_s);
	(void)sqlite3_bind_int64(st, 2, FR_HINT_DB_BATCH_ROWS);
	r = run(f, st);
	*n = r == 0 ? (size_t)sqlite3_changes(f->db) : 0;
	return r;
}

static struct fr_str column(sqlite3_stmt *st, int at)
{
	const char *p = sqlite3_column_blob(st, at);

	return fr_str_make(p, p ? (size_t)sqlite3_column_bytes(st, at) : 0);
}

int fr_hint_file_each(struct fr_hint_file *f, enum fr_hint_table t, int64_t now_s,
                      void (*on_row)(void *user, struct fr_str key, struct fr_str value),
                      void *user)
{
	sqlite3_stmt *st = f->statements[t][EACH];
	int rc, r;

	(void)sqlite3_bind_int64(st, 1, now_s);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW)
		on_row(user, column(st, 0), column(st, 1));
	r = rc == SQLITE_DONE ? 0 : failed(f, rc);
	(void)sqlite3_reset(st);
	return r;
}

int fr_hint_file_next(struct fr_hint_file *f, enum fr_hint_table t, int64_t *at, struct fr_buf *key)
{
	sqlite3_stmt *st = f->statements[t][NEXT];
	int rc, r = 0;

	(void)sqlite3_bind_int64(st, 1, *at);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		struct fr_str found = column(st, 1);

		*at = sqlite3_column_int64(st, 0);
		r = fr_buf_append(key, found.p, found.len);
		r = r < 0 ? FR_ERR_IO : 1;
	} else if (rc != SQLITE_DONE) {
		r = failed(f, rc);
	}
	(void)sqlite3_reset(st);
	return r;
}
