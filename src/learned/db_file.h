/* The SQLite file of fr_hint_db: opening it safely, its schema, and one
 * function for each statement. Not thread-safe; used by learned/db.c alone, by one
 * thread at a time. Errors are logged once until something succeeds again.
 *
 *   meta(name, value)                 seed
 *   pages, assets(key, value, expires_s)   blobs; Unix time */
#ifndef FR_LEARNED_DB_FILE_H
#define FR_LEARNED_DB_FILE_H

#include "learned/db.h"

struct fr_hint_file;

/* Opens or makes the file, sets aside what is none of ours. Returns 0, or
 * FR_ERR_IO after logging a warning. */
int fr_hint_file_open(const char *path, uint64_t seed, struct fr_hint_file **out) FR_MUST_USE;
/* NULL is allowed. */
void fr_hint_file_close(struct fr_hint_file **f);
uint64_t fr_hint_file_seed(const struct fr_hint_file *f);

/* Each returns 0, FR_ERR_AGAIN (another process has it locked), FR_ERR_IO, or
 * FR_ERR_SYNTAX (damaged: close it). */
int fr_hint_file_begin(struct fr_hint_file *f) FR_MUST_USE;
int fr_hint_file_commit(struct fr_hint_file *f) FR_MUST_USE;
void fr_hint_file_rollback(struct fr_hint_file *f);
int fr_hint_file_put(struct fr_hint_file *f, enum fr_hint_table t, struct fr_str key,
                     const struct fr_buf *value, int64_t expires_s) FR_MUST_USE;
int fr_hint_file_delete(struct fr_hint_file *f, enum fr_hint_table t,
                        struct fr_str key) FR_MUST_USE;
/* Deletes rows that have expired, FR_HINT_DB_BATCH_ROWS at most; *n: how many. */
int fr_hint_file_purge(struct fr_hint_file *f, enum fr_hint_table t, int64_t now_s,
                       size_t *n) FR_MUST_USE;

/* Every row that has not expired, youngest first; key and value are borrowed
 * for the call, which must not use the file. */
int fr_hint_file_each(struct fr_hint_file *f, enum fr_hint_table t, int64_t now_s,
                      void (*on_row)(void *user, struct fr_str key, struct fr_str value),
                      void *user) FR_MUST_USE;
/* The row after rowid *at: appends its key to *key and moves *at there. Returns 1,
 * or 0 at the end. */
int fr_hint_file_next(struct fr_hint_file *f, enum fr_hint_table t, int64_t *at,
                      struct fr_buf *key) FR_MUST_USE;

#endif
