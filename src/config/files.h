/* The files of a configuration, by their paths: its own text and the files that it names
 * (tokens, certificates, keys, authorities). A set of files is of one of two kinds:
 *
 *   open    reads a file from the disk when it is needed, and keeps it
 *   closed  contains what the parent process read with its privileges and handed over
 *           (fr_files_pack, fr_files_unpack), and never reads from the disk
 *
 * Contents are wiped when freed. Not thread-safe, except for the references. */
#ifndef FR_CONFIG_FILES_H
#define FR_CONFIG_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

/* No sensible configuration, certificate chain or key is larger; a system's bundle of
 * authorities has 0.3 MB. */
#define FR_FILE_MAX_BYTES (1024u * 1024u)
/* Of all together. */
#define FR_FILES_MAX_BYTES (64u * 1024u * 1024u)

struct fr_files;

/* An open one. */
struct fr_files *fr_files_new(void);
void fr_files_ref(struct fr_files *f);
/* NULL is allowed. */
void fr_files_unref(struct fr_files **f);

bool fr_files_is_closed(const struct fr_files *f);

/* The file's bytes, borrowed until f is freed; a NUL follows them. 0; FR_ERR_IO with errno
 * (EFBIG: too large). */
int fr_files_get(struct fr_files *f, const char *path, struct fr_str *out) FR_MUST_USE;

/* The same for a file that was read before: nothing is read now. */
bool fr_files_find(const struct fr_files *f, const char *path, struct fr_str *out);

/* All that was read so far, in memory that another process can read: a descriptor, the
 * caller's. FR_ERR_IO. */
int fr_files_pack(const struct fr_files *f) FR_MUST_USE;
/* A closed one from such a descriptor (borrowed). 0; FR_ERR_IO; FR_ERR_SYNTAX. */
int fr_files_unpack(int fd, struct fr_files **out) FR_MUST_USE;

#endif
