/* Keeps what was learned over restarts and crashes: two tables of keys and
 * blobs in an SQLite file. It knows nothing of what the blobs mean: the owner
 * of a table (the hint memory, the knowledge of assets) gives and takes them
 * through struct fr_hint_db_owner. Used by the server: open, make the owners
 * with the file's seed, attach them, start, and close before they are freed.
 *
 *   OFF (no file, or it cannot be used: a warning was logged once, every call
 *        is harmless)                                       <-+
 *   OPEN --start--> WRITING --close--> FLUSHED, freed         | the file turns out damaged,
 *     \----------------\--------------------------------------+ or there is no thread
 *
 * WRITING. Changes are told from any thread: only the key is queued, once,
 * under a short lock. One thread takes the queue five times a second, asks the
 * owner for each value and writes the batch in one transaction (WAL,
 * synchronous=NORMAL): after a crash the file holds whole rows, and lacks at
 * most the last FR_HINT_DB_BATCH_MS; after a power cut the last checkpoint's.
 *
 * BOUNDS. FR_HINT_DB_MAX_QUEUED keys wait; beyond that keys are dropped and
 * counted, and a walk over everything follows that writes what the owners have
 * and deletes what they no longer have. The same walk repairs a batch that
 * failed (disk full, file locked). Rows are bounded by what their owners hold:
 * those that an owner refuses when it is attached are deleted, expired ones
 * now and then. The file is held to FR_HINT_DB_MAX_BYTES.
 *
 * A file that is damaged, that another program made or a newer version of
 * this one, is set aside (renamed to FILE.aside, replacing an earlier one) and a
 * fresh one begun; not while another process uses it (FILE-lock is flock()ed
 * shared by each), then this one goes on without. Several processes on one
 * file: each writes what it learns, the last one wins, none waits longer than
 * FR_HINT_DB_BUSY_MS. */
#ifndef FR_LEARNED_DB_H
#define FR_LEARNED_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#define FR_HINT_DB_MAX_QUEUED 4096u       /* keys, of all tables */
#define FR_HINT_DB_KEY_MAX_BYTES 4096u    /* longer ones are not kept */
#define FR_HINT_DB_VALUE_MAX_BYTES 65536u /* longer ones are not kept */
#define FR_HINT_DB_MAX_BYTES (256u << 20)
#define FR_HINT_DB_BATCH_MS 200u    /* from a change until it is written */
#define FR_HINT_DB_BATCH_ROWS 512u  /* of one transaction: others get their turn */
#define FR_HINT_DB_BUSY_MS 2000u    /* wait for another process */
#define FR_HINT_DB_RETRY_MS 10000u  /* until the walk that repairs */
#define FR_HINT_DB_PURGE_MS 600000u /* between deletions of expired rows */

#define FR_HINT_TABLE_TABLE(X)                                                                     \
	X(PAGES, "pages")                                                                          \
	X(ASSETS, "assets")                                                                        \
	X(PROOF, "proof")
enum fr_hint_table {
#define X(id, text) FR_HINT_TABLE_##id,
	FR_HINT_TABLE_TABLE(X)
#undef X
		FR_HINT_TABLE_COUNT
};

/* All three are called without a lock held: load by fr_hint_db_attach, the
 * others on the writing thread (so they must be thread-safe). */
struct fr_hint_db_owner {
	/* Appends the key's present value to *out and sets *expires_s (Unix
	 * time). 0; FR_ERR_NOTFOUND: it is gone, the row goes too; any other
	 * error: the row stays as it is. */
	int (*save)(void *user, struct fr_str key, struct fr_buf *out, int64_t *expires_s);
	/* A row of the file; bytes as hostile as the file. Youngest (last to expire)
	 * first. Negative: the row will be deleted. */
	int (*load)(void *user, struct fr_str key, const void *value, size_t len, int64_t now_s);
	/* Calls visit(ctx, key) for every key that it has. */
	void (*walk)(void *user, void (*visit)(void *ctx, struct fr_str key), void *ctx);
	void *user; /* borrowed until close */
};

struct fr_hint_db_options {
	const char *file;       /* borrowed for the call; NULL or "": off, without a warning */
	uint64_t seed;          /* random: for a fresh file */
	unsigned batch_ms;      /* 0: FR_HINT_DB_BATCH_MS */
	unsigned retry_ms;      /* 0: FR_HINT_DB_RETRY_MS */
	unsigned purge_ms;      /* 0: FR_HINT_DB_PURGE_MS */
	int64_t (*now_s)(void); /* Unix time; NULL: the system's. For tests */
};

struct fr_hint_db;

/* Never NULL: what cannot be opened is OFF. May set a file aside. Blocks. */
struct fr_hint_db *fr_hint_db_open(const struct fr_hint_db_options *o);
bool fr_hint_db_is_on(struct fr_hint_db *db); /* thread-safe */
/* The seed for hashes that are keys of rows: the file's; OFF: the given one. */
uint64_t fr_hint_db_seed(const struct fr_hint_db *db);
/* Once for each table, before start; owner is copied. Loads all rows that have
 * not expired; returns how many the owner took. Blocks. */
size_t fr_hint_db_attach(struct fr_hint_db *db, enum fr_hint_table table,
                         const struct fr_hint_db_owner *owner);
/* Starts the thread; after this, changes may be told. */
void fr_hint_db_start(struct fr_hint_db *db);
/* A row changed or is gone. Thread-safe, never blocks on the file; before
 * start, of a table without owner or while OFF it does nothing. */
void fr_hint_db_changed(struct fr_hint_db *db, enum fr_hint_table table, struct fr_str key);
/* Returns when everything told before the call was written or has failed once. */
void fr_hint_db_flush(struct fr_hint_db *db);
/* The same, but waits no longer than ms. False: it is still being written. */
bool fr_hint_db_flush_within(struct fr_hint_db *db, unsigned ms);
/* Flushes, ends the thread, closes the file. NULL is allowed. */
void fr_hint_db_close(struct fr_hint_db **db);

struct fr_hint_db_stats {
	size_t queued;    /* keys that wait now */
	uint64_t loaded;  /* rows taken by their owners */
	uint64_t refused; /* rows that they did not take */
	uint64_t written; /* rows */
	uint64_t deleted; /* rows whose key is gone */
	uint64_t purged;  /* rows expired */
	uint64_t batches; /* transactions that succeeded */
	uint64_t failed;  /* transactions that did not */
	uint64_t dropped; /* changes for which the queue had no room */
	uint64_t walks;   /* over everything, after `failed` or `dropped` */
};
void fr_hint_db_stats(struct fr_hint_db *db, struct fr_hint_db_stats *out);

#endif
