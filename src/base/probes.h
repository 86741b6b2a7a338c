/* Tracepoints (USDT) for bpftrace, perf and SystemTap. This is the complete list.
 * They cost a nop until a tool attaches. Without <sys/sdt.h> at build time (package
 * systemtap-sdt-dev) they are left out.
 *
 *   bpftrace -e 'usdt:./forerun:forerun:push_end { @[arg2] = count(); }' -p PID
 *
 * name              arguments
 * connection_open   worker, connection, 1 if TLS
 * connection_close  worker, connection, exchanges still there
 * exchange_begin    request id, connection, stream id (0: HTTP/1.x), target (char *), its length
 * exchange_state    request id, from, to (enum fr_exchange_state)
 * exchange_end      request id, status, body bytes, enum fr_end, microseconds
 * plan_link         page's request id, url (char *), its length, enum fr_delivery, enum fr_reason
 * push_begin        push's request id, page's request id, target (char *), its length
 * push_end          push's request id, page's request id, enum fr_end, body bytes
 * cache_result      request id, enum fr_cache_result
 *
 * Strings are not NUL-terminated. Connections are opaque numbers;
 * each open connection has its own. */
#ifndef FR_BASE_PROBES_H
#define FR_BASE_PROBES_H

#if defined(__has_include)
#if __has_include(<sys/sdt.h>)
#include <sys/sdt.h>
#define FR_HAS_PROBES 1
#endif
#endif

#ifdef FR_HAS_PROBES
#define FR_PROBE2(name, a, b) DTRACE_PROBE2(forerun, name, a, b)
#define FR_PROBE3(name, a, b, c) DTRACE_PROBE3(forerun, name, a, b, c)
#define FR_PROBE4(name, a, b, c, d) DTRACE_PROBE4(forerun, name, a, b, c, d)
#define FR_PROBE5(name, a, b, c, d, e) DTRACE_PROBE5(forerun, name, a, b, c, d, e)
#else
#define FR_PROBE2(name, a, b) ((void)(a), (void)(b))
#define FR_PROBE3(name, a, b, c) ((void)(a), (void)(b), (void)(c))
#define FR_PROBE4(name, a, b, c, d) ((void)(a), (void)(b), (void)(c), (void)(d))
#define FR_PROBE5(name, a, b, c, d, e) ((void)(a), (void)(b), (void)(c), (void)(d), (void)(e))
#endif

#endif
