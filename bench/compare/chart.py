"""Bar charts of results as SVG: small, without scripts or fonts of their own, readable on light and dark ground."""
import os

from . import cases, results, servers

WIDTH, LABEL, BAR, ROW, HEAD = 640, 118, 400, 17, 26
CUT = 4  # bars end at so many times the shortest; their figure says the rest
GROUPS = [
    ("compare-cached.svg", "From the cache: CPU time a request, µs", ["cached-1k-s32", "cached-1k-s1", "cached-12k-s8", "cached-100k-s8"]),
    ("compare-proxied.svg", "Proxied: CPU time a request, µs", ["proxied-1k-s32", "proxied-1k-s1", "proxied-100k-s8"]),
    ("compare-pages.svg", "Pages and handshakes: CPU time of each, µs", ["page-push", "page-ask", "handshake"]),
    ("compare-rest.svg", "Memory of an idle connection, KiB; bytes of a response's fields", ["idle", "headers"]),
]
STYLE = """<style>
text { font: 12px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600; font-size: 13px }
.dim { fill: #6e7781 }
.peer { fill: #afb8c1 }
.ours { fill: #0969da }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .dim { fill: #8d96a0 }
  .peer { fill: #545d68 }
  .ours { fill: #4493f8 }
}
</style>"""


def short(v):
    return f"{v:.0f}" if v >= 100 else f"{v:.1f}"


def case_bars(data, case, y):
    """The bars of one case from `y` on; returns them and where they end."""
    found = results.of(data, case)
    least = min(s[0] for s in found.values())
    most = min(max(s[0] for s in found.values()), least * CUT)
    out = [f'<text x="0" y="{y + 12}">{case.title}</text>']
    y += 18
    for name, s in found.items():
        width = BAR * min(s[0], most) / most
        cut = " »" if s[0] > most else ""
        out.append(f'<text class="dim" x="{LABEL - 8}" y="{y + 12}" text-anchor="end">{servers.shown(name, case.cached)}</text>'
                   f'<rect class="{"ours" if name == "forerun" else "peer"}" x="{LABEL}" y="{y + 2}" width="{width:.1f}" height="{ROW - 5}"/>'
                   f'<text x="{LABEL + width + 6:.1f}" y="{y + 12}">{short(s[0])}{cut}</text>')
        y += ROW
    return out, y + 10


def write_all(data, folder):
    """Writes a chart for each group that has results; returns (file name, title) of each."""
    written = []
    for name, title, wanted in GROUPS:
        chosen = [cases.BY_NAME[w] for w in wanted if results.of(data, cases.BY_NAME[w])]
        if not chosen:
            continue
        body, y = [f'<text class="title" x="0" y="14">{title}</text>'], HEAD
        for case in chosen:
            bars, y = case_bars(data, case, y)
            body += bars
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" width="{WIDTH}" height="{y}" role="img">'
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write("\n".join([svg, f"<title>{title}</title>", STYLE, *body, "</svg>"]) + "\n")
        written.append((name, title))
    return written
