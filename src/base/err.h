/* Error codes for failures of the environment, and the assertion for our own bugs. A
 * peer's mistakes are neither: each protocol module describes them with constant
 * descriptors of its own (see h2/session.h, http/h1.h).
 *
 * Functions that can fail return int: zero or a documented positive result on success,
 * else one of these codes, which are all negative. */
#ifndef FR_BASE_ERR_H
#define FR_BASE_ERR_H

#define FR_ERR_TABLE(X)                                                                            \
	X(AGAIN, 1, "not now; retry later")                                                        \
	X(LIMIT, 2, "a configured limit is reached")                                               \
	X(NOMEM, 3, "out of memory")                                                               \
	X(CLOSED, 4, "the peer closed the connection")                                             \
	X(SYNTAX, 5, "malformed input")                                                            \
	X(NOTFOUND, 6, "not found")                                                                \
	X(IO, 7, "input or output failed")                                                         \
	X(TIMEOUT, 8, "time limit reached")                                                        \
	X(TLS, 9, "TLS failed")                                                                    \
	X(DNS, 10, "name could not be resolved")                                                   \
	X(CONNECT, 11, "connection could not be made")                                             \
	X(PROTOCOL, 12, "the peer broke the protocol")                                             \
	X(REFUSED, 13, "refused by policy or by the peer")                                         \
	X(CANCELLED, 14, "cancelled")                                                              \
	X(INVALID, 15, "invalid argument or setting")                                              \
	X(UNSUPPORTED, 16, "not supported")

enum fr_err {
#define X(name, n, text) FR_ERR_##name = -(n),
	FR_ERR_TABLE(X)
#undef X
};

/* The text for an error code, "ok" for values >= 0, never NULL. */
const char *fr_err_str(int err);

/* Result must be used; ignore on purpose with (void). */
#define FR_MUST_USE __attribute__((warn_unused_result))
#define FR_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

_Noreturn void fr_assert_failed(const char *expr, const char *file, int line);

/* Ends the process, in release builds too. When it may be used: base/holds.h. */
#define FR_ASSERT(expr) ((expr) ? (void)0 : fr_assert_failed(#expr, __FILE__, __LINE__))

#define FR_ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))
#define FR_BIT(n) (1u << (n))
#define FR_CONTAINER(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#endif
