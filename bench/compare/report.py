"""Tables of results: one case for a terminal, all of them as a section of docs/performance.md, two commits beside each other."""
import os
import re
import textwrap

from . import cases, chart, results, servers
from .site import ASSETS, ASSET_BYTES, PAGE_BYTES

UNITS = {"coded": "µs", "coded-hit": "×", "requests": "µs", "pages": "µs", "handshakes": "µs", "idle": "KiB", "latency": "µs p99", "headers": "bytes", "scaling": "×"}
BEGIN, END = "<!-- compare: begin; written by bench/compare --write -->", "<!-- compare: end -->"
CPU_KINDS = ("requests", "pages", "handshakes", "coded")


def number(v):
    return f"{v:.0f}" if v >= 100 else f"{v:.1f}" if v >= 10 else f"{v:.2f}"


def case_text(data, case):
    """One case, for a terminal."""
    out = [case.title]
    for name, s in results.of(data, case).items():
        rate = results.summary(data["samples"][case.name][name], "rate")
        against = results.paired(data, case, name, "forerun") if "forerun" in data["samples"][case.name] else None
        out.append(f"  {servers.shown(name, case.cached):<16} {number(s[0]):>8} {UNITS[case.kind]}"
                   f" ({number(s[1])}-{number(s[2])}, n={s[3]})"
                   f" {f'{rate[0]:>10.0f}/s' if rate else ''} {f'{against:6.2f} x' if against else ''}")
    for name, samples in data["samples"].get(case.name, {}).items():
        if results.failure(samples):
            out.append(f"  {servers.shown(name, case.cached):<16} failed: {results.failure(samples)}")
    return "\n".join(out)


def cell(samples, metric):
    if not samples:
        return ""
    s = results.summary(samples, metric)
    if not s:
        return "failed"
    return f"{number(s[0])} ({number(s[1])}–{number(s[2])})" if s[3] > 1 else number(s[0])


def columns(data):
    return [n for n in servers.SERVERS if any(n in by for by in data["samples"].values())]


def matrix(data, chosen, metric):
    """One row a case, one column a server."""
    names = columns(data)
    yield "| case | " + " | ".join(names) + " |"
    yield "| --- |" + " --- |" * len(names)
    for case in chosen:
        by = data["samples"].get(case.name)
        if by:
            yield f"| {case.title} | " + " | ".join(cell(by.get(n), metric) for n in names) + " |"


def targets(data):
    """Every case: ours, the best peer's, the ratio, the target."""
    yield "| case | forerun | best peer | forerun / best peer | target | |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for case in cases.CASES:
        found, verdict = results.of(data, case), results.verdict(data, case)
        if not verdict:
            continue
        best, ratio, met = verdict
        unit = UNITS[case.kind]
        mark = "" if met is None else "met" if met else "**not met**"
        target = "" if case.target is None else f"{'≥' if case.kind in results.MORE_IS_BETTER else '≤'} {case.target:.2f}"
        yield (f"| {case.title} | {number(found['forerun'][0])} {unit} | {servers.shown(best, case.cached)} {number(found[best][0])} {unit} "
               f"| {ratio:.2f} | {target} | {mark} |")


def latency(data):
    yield "| at half of its peak | requests a second | p50 | p99 | p99.9 |"
    yield "| --- | --- | --- | --- | --- |"
    case = cases.BY_NAME["latency"]
    for name in results.of(data, case):
        by = data["samples"][case.name][name]
        parts = " | ".join(f"{cell(by, p)} µs" for p in ("p50", "p99", "p999"))
        yield f"| {servers.shown(name, True)} | {results.summary(by, 'rate')[0]:.0f} | {parts} |"


def others(data):
    """Cases whose figure is not CPU time."""
    names = columns(data)
    yield "| | " + " | ".join(names) + " |"
    yield "| --- |" + " --- |" * len(names)
    for label, case, metric in (("memory of an idle connection, KiB", "idle", "kib"), ("response fields, proxied, bytes", "headers", "bytes"),
                                ("before compression", "headers", "fields"), ("response fields, cached, bytes", "headers-cached", "bytes"),
                                ("before compression", "headers-cached", "fields"), ("100 KiB of CSS, gzip, bytes", "coded-gzip", "bytes"),
                                ("br, bytes", "coded-br", "bytes"), ("for a browser, bytes", "coded-browser", "bytes"),
                                ("a compressed hit against a plain one, ×", "coded-hit", "times"), ("two workers against one, ×", "scaling", "times"),
                                ("CPU a request, one worker, µs", "scaling", "cpu1_us"), ("two workers, µs", "scaling", "cpu2_us")):
        by = data["samples"].get(case)
        if by:
            yield f"| {label} | " + " | ".join(cell(by.get(n), metric) for n in names) + " |"


def failures(data):
    for case in cases.CASES:
        for name, samples in data["samples"].get(case.name, {}).items():
            if results.failure(samples):
                yield f"- {case.title}, {name}: {' '.join(results.failure(samples).split())[:200]}"


def heading(data):
    m = data["machine"]
    versions = ", ".join(f"{n} {v}" for n, v in data["versions"].items() if n != "forerun")
    when = sorted(p["at"] for p in data["pieces"])
    span = when[0] if when[0] == when[-1] else f"{when[0]} to {when[-1]}"
    text = (f"Commit {data['commit']}, {span}; {m['cpu']}, {m['cores']} cores, {m['kernel']}, {m['congestion']} on loopback. "
            f"Other servers: {versions} (Debian 12).\n\n"
            "One worker runs on one core, load generator and origin (nginx) on the other. TLS 1.3 with one cipher and one certificate; access "
            "logs are off. Figures are medians (least–most) of interleaved rounds; the ratio is the median of the rounds' own ratios. "
            "“(file)”: the server has no cache and serves the file itself. An empty cell: the server cannot do that. "
            f"A page is {PAGE_BYTES >> 10} KiB and {ASSETS} assets of {ASSET_BYTES >> 10} KiB, over a fresh connection that resumes a session.")
    yield "\n\n".join(textwrap.fill(p, 100, break_long_words=False, break_on_hyphens=False) for p in text.split("\n\n"))


def section(data, folder):
    """The section in Markdown; its charts are written into `folder`."""
    timed = [c for c in cases.CASES if c.kind in CPU_KINDS]
    parts = [heading(data), targets(data)]
    charts = [f"![{title}]({name})" for name, title in chart.write_all(data, folder)]
    parts += [["\n".join(charts)], ["CPU time per request (page, handshake), µs:"], matrix(data, timed, "cpu_us"),
              ["Requests (pages, handshakes) per second. For most servers the load generator's core is the limit:"], matrix(data, timed, "rate")]
    if "latency" in data["samples"]:
        parts.append(latency(data))
    parts.append(others(data))
    failed = list(failures(data))
    if failed:
        parts += [["Failed, and therefore without figures:"], failed]
    return "\n\n".join(text for text in ("\n".join(p) for p in parts) if text)


def write(data, path):
    """Puts the section between its marks in `path`."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    if BEGIN not in text or END not in text:
        raise SystemExit(f"{path} has no lines\n{BEGIN}\n{END}")
    new = section(data, os.path.dirname(os.path.abspath(path)))
    text = re.sub(re.escape(BEGIN) + ".*?" + re.escape(END), lambda _: f"{BEGIN}\n\n{new}\n\n{END}", text, flags=re.S)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def against(old, new):
    """Forerun of two commits: its own figures, and beside the best peer of each run, which is what a change of machine leaves."""
    out = [f"{old['commit']} -> {new['commit']}", f"{'case':<52} {'before':>9} {'after':>9} {'after/before':>13}   {'beside the best peer':>22}"]
    for case in cases.CASES:
        before, after = results.of(old, case).get("forerun"), results.of(new, case).get("forerun")
        if not before or not after:
            continue
        then, now = results.verdict(old, case), results.verdict(new, case)
        beside = f"{then[1]:.2f} -> {now[1]:.2f} ({now[0]})" if then and now else ""
        out.append(f"{case.title:<52} {number(before[0]):>9} {number(after[0]):>9} {after[0] / before[0]:>12.2f}x   {beside:>22}")
    return "\n".join(out)
