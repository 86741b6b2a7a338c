"""The site that every server stands in front of: files, the page with its ten assets, and the origin (nginx, one worker)."""
import os
import random
import re
import shutil
import socket

from . import machine

SIZES = {"site.css": 100 * 1024, "1k": 1024, "12k": 12 * 1024, "100k": 100 * 1024, "10m": 10 * 1024 * 1024}
ASSETS, ASSET_BYTES, PAGE_BYTES = 10, 8 * 1024, 12 * 1024
SESSION_PAGES, SESSION_ASSETS = 3, 16  # a browser's session: pages, and the assets of each


def asset(n):
    return f"/cached/page/a{n}.css"


def link_field():
    """The page's Link: what its ten assets are, as preloads."""
    return ", ".join(f"<{asset(n)}>; rel=preload; as=style" for n in range(ASSETS))


def page():
    head = "".join(f'<link rel="stylesheet" href="{asset(n)}">\n' for n in range(ASSETS))
    text = f"<!doctype html><html><head><title>page</title>\n{head}</head><body>\n"
    return text + "x" * (PAGE_BYTES - len(text) - 16) + "\n</body></html>\n"


def style(n):
    text = f"/* {n} */\n.a{n} {{ content: \"\"; }}\n/* "
    return text + "y" * (ASSET_BYTES - len(text) - 3) + "*/\n"


def style_sheet(size):
    """What a style sheet of that many bytes looks like: compresses as those of real sites do. The same in each run."""
    dice = random.Random(1)
    words = [f"{a}{b}" for a in ("wp", "block", "nav", "menu", "site", "post", "entry", "has", "is", "media", "cover", "column", "group")
             for b in ("", "-inner", "-item", "-wide", "-text", "-large", "__link", "__title", "-content", "-color", "-background")]
    rules = {"display": ("block", "flex", "none", "grid"), "margin": ("0 auto", "{}px", "{}px {}px"), "padding": ("0", "{}em", "{}px {}px"),
             "color": ("#{:06x}", "inherit", "var(--color-{})"), "font-size": ("{}px", "1.{}em"), "width": ("100%", "{}px", "calc(100% - {}px)"),
             "background": ("none", "#{:06x}", "transparent"), "border": ("0", "{}px solid #{:06x}"), "line-height": ("1.{}",),
             "transition": ("all .{}s ease-in-out",), "position": ("relative", "absolute"), "z-index": ("{}",)}
    text = ""
    while len(text) < size:
        names = ", ".join("." + " .".join(dice.sample(words, dice.randint(1, 3))) for _ in range(dice.randint(1, 2)))
        lines = [f"{k}:{dice.choice(v).format(*(dice.randint(1, 99) for _ in range(3)))}"
                 for k, v in dice.sample(sorted(rules.items()), dice.randint(1, 6))]
        text += f"{names}{{{';'.join(lines)}}}\n"
    return text[:size]


def page_objects():
    """The page and its assets, as the client takes them."""
    return [f"+/cached/page/index.html={PAGE_BYTES}", *(f"{asset(n)}={ASSET_BYTES}" for n in range(ASSETS))]


def session_objects(base):
    """What a browser asks for on its way through three pages: paths as sites have them, bodies of a KiB."""
    kinds = ("css", "js", "js", "png")
    out = []
    for n in range(SESSION_PAGES):
        out.append(f"+{base}/products/category-{n}/index.html=1024")
        out += [f"{base}/assets/{kinds[a % 4]}/module-{n}-{a * 7919 % 99991:05d}.min.{kinds[a % 4]}=1024" for a in range(SESSION_ASSETS)]
    return out


def make_files(folder):
    """`folder`/cached and others, whose names are the URLs."""
    for base in ("/session", "/cached/session"):
        for line in session_objects(base):
            path = folder + line.lstrip("+").split("=")[0]
            os.makedirs(os.path.dirname(path), exist_ok=True)
            machine.write(path, "z" * 1024)
    for part in ("cached/page", "proxied", "coded", "kept"):
        os.makedirs(os.path.join(folder, part), exist_ok=True)
    for part in ("cached", "proxied"):
        for name, size in SIZES.items():
            machine.write(os.path.join(folder, part, name), "x" * size)
    for part in ("coded", "kept"):
        machine.write(os.path.join(folder, part, "site.css"), style_sheet(SIZES["site.css"]))
    machine.write(os.path.join(folder, "cached/page/index.html"), page())
    for n in range(ASSETS):
        machine.write(os.path.join(folder, f"cached/page/a{n}.css"), style(n))


class Origin:
    """nginx, one worker, on the load generator's core."""

    def __init__(self, processes, folder):
        self.port, self.folder = machine.free_port(), os.path.join(folder, "origin")
        os.makedirs(self.folder)
        self.www = os.path.join(folder, "www")
        make_files(self.www)
        template = machine.read(os.path.join(machine.ROOT, "bench/peers/origin.conf"))
        values = {"port": self.port, "folder": self.folder, "www": self.www, "link": link_field()}
        conf = machine.write(os.path.join(self.folder, "nginx.conf"), fill(template, values))
        log = os.path.join(self.folder, "log")
        p = processes.start(str(machine.LOAD_CORE), [shutil.which("nginx") or "nginx", "-p", self.folder, "-c", conf], log)
        machine.wait_until(self.answers, 10, p, log)

    def answers(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def requests(self):
        """How many requests it has had, without those that asked for this."""
        with socket.create_connection(("127.0.0.1", self.port), 10) as s:
            s.sendall(b"GET /stub_status HTTP/1.0\r\n\r\n")
            text = b""
            while piece := s.recv(4096):
                text += piece
        self.asked = getattr(self, "asked", 0) + 1
        return int(re.search(rb"\n (\d+) (\d+) (\d+)", text).group(3)) - self.asked


def fill(template, values):
    """Replaces each {{name}}; a name without a value is a mistake of the template."""
    return re.sub(r"\{\{(\w+)\}\}", lambda m: str(values[m.group(1)]), template)
