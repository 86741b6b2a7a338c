/* The fields of the access log by name, and an access log's settings as the configuration
 * holds them: its destination and the pieces of a line. config/access_log.c reads them,
 * observe/access_format.c writes lines by them. */
#ifndef FR_CONFIG_LOG_FIELDS_H
#define FR_CONFIG_LOG_FIELDS_H

#include <stddef.h>
#include <stdint.h>

/* In the order in which a JSON line has them when `fields` is not set. */
/* When, and which. */
#define FR_LOG_FIELDS_MOMENT(X)                                                                    \
	X(TIME, "time")                                                                            \
	X(ID, "id")
/* The client side, which many lines share. */
#define FR_LOG_FIELDS_SIDE(X)                                                                      \
	X(CLIENT, "client")                                                                        \
	X(CLIENT_PORT, "client_port")                                                              \
	X(PEER, "peer")                                                                            \
	X(PROTOCOL, "protocol")                                                                    \
	X(TLS, "tls")                                                                              \
	X(TLS_RESUMED, "tls_resumed")                                                              \
	X(SCHEME, "scheme")                                                                        \
	X(HOST, "host")                                                                            \
	X(USER_AGENT, "user_agent")
/* This request, and what became of it. */
#define FR_LOG_FIELDS_EXCHANGE(X)                                                                  \
	X(METHOD, "method")                                                                        \
	X(TARGET, "target")                                                                        \
	X(PURPOSE, "purpose")                                                                      \
	X(ARM, "arm")                                                                              \
	X(REFERER, "referer")                                                                      \
	X(STATUS, "status")                                                                        \
	X(END, "end")                                                                              \
	X(CODING, "coding")                                                                        \
	X(BYTES, "bytes")                                                                          \
	X(REQUEST_BYTES, "request_bytes")                                                          \
	X(FIRST_BYTE, "first_byte_us")                                                             \
	X(DURATION, "duration_us")                                                                 \
	X(CACHE, "cache")                                                                          \
	X(NOT_STORED, "not_stored")                                                                \
	X(ORIGIN, "origin")                                                                        \
	X(ORIGIN_FIRST_BYTE, "origin_first_byte_us")                                               \
	X(ORIGIN_DURATION, "origin_duration_us")                                                   \
	X(ERROR, "error")                                                                          \
	X(PARENT, "parent")                                                                        \
	X(OUTCOME, "outcome")                                                                      \
	X(PLAN, "plan")                                                                            \
	X(LEARNING, "learning")
#define FR_LOG_FIELD_TABLE(X)                                                                      \
	FR_LOG_FIELDS_MOMENT(X) FR_LOG_FIELDS_SIDE(X) FR_LOG_FIELDS_EXCHANGE(X)

enum fr_log_field {
#define X(id, name) FR_LOG_FIELD_##id,
	FR_LOG_FIELD_TABLE(X)
#undef X
		FR_LOG_FIELD_COUNT
};

/* The name in the table; never NULL. */
const char *fr_log_field_name(enum fr_log_field f);

enum fr_log_format { FR_LOG_OFF, FR_LOG_JSON, FR_LOG_COMBINED, FR_LOG_CUSTOM };

/* Pieces of a custom line; longer templates are refused. */
#define FR_LOG_MAX_PIECES 128u

struct fr_log_piece { /* of a custom line: text, then a field */
	char *text;   /* owned; may be empty */
	size_t len;   /* bytes of text */
	int field;    /* enum fr_log_field; -1: only text, the last piece */
};

struct fr_config_access_log {
	enum fr_log_format format; /* OFF: no file is configured */
	char *file;                /* owned; "-": standard output */
	uint32_t buffer_bytes;     /* 1 MiB: lines waiting for the writer, of one worker */
	/* JSON: which fields, in order */
	enum fr_log_field fields[FR_LOG_FIELD_COUNT];
	size_t n_fields;
	/* CUSTOM */
	struct fr_log_piece *pieces; /* owned */
	size_t n_pieces;
};

#endif
