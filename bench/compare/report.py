"""Tables of results, for terminals and for docs/performance.md."""
from . import cases, results, servers


def number(v):
    return f"{v:.0f}" if v >= 100 else f"{v:.1f}" if v >= 10 else f"{v:.2f}"


def case_rows(data, case):
    """Rows of one case: (server, summary or error, rate), the least first."""
    metric = results.METRIC[case.kind]
    rows = []
    for name, samples in data["samples"].get(case.name, {}).items():
        s = results.summary(samples, metric)
        rate = results.summary(samples, "rate")
        rows.append((name, s, rate[0] if rate else None, next((x["error"] for x in reversed(samples) if "error" in x), None)))
    return sorted(rows, key=lambda r: r[1][0] if r[1] else float("inf"))


UNITS = {"requests": "us", "pages": "us", "handshakes": "us", "idle": "KiB", "latency": "us p99", "headers": "bytes", "scaling": "times"}


def case_text(data, case):
    """One case, for a terminal."""
    rows = case_rows(data, case)
    ours = next((s[0] for n, s, *_ in rows if n == "forerun" and s), None)
    out = [case.title]
    for name, s, rate, error in rows:
        shown = servers.shown(name, case.cached)
        if not s:
            out.append(f"  {shown:<16} failed: {error}")
            continue
        against = f"{s[0] / ours:6.2f} x" if ours else ""
        out.append(f"  {shown:<16} {number(s[0]):>8} {UNITS[case.kind]} ({number(s[1])}-{number(s[2])}, n={s[3]})"
                   f" {f'{rate:>10.0f}/s' if rate else ''} {against}")
    return "\n".join(out)
