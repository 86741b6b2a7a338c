"""What is measured: each case is one row of the table."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """`kind` says how it is measured (measure.py). `target`: what our figure should be at most, as a part of the best peer's; None:
    none is set. (Scaling: how many times at least.) `rival`: the peer that the target names, if it is not whoever is best."""
    name: str
    title: str
    kind: str = "requests"
    path: str = ""
    streams: int = 1
    connections: int = 4
    h1: bool = False
    quick: bool = False
    target: float = None
    rival: str = ""
    rounds: int = 0      # of one run, if not as many as others
    accept: str = ""     # Accept-Encoding

    @property
    def cached(self):
        return self.path.startswith("/cached/")

    @property
    def push(self):
        return self.name == "page-push"


def sizes():
    """Cached and proxied objects at 1, 8 and 32 streams a connection."""
    targets = {("cached", "1k", 32): 0.77, ("cached", "1k", 1): 0.88, ("cached", "12k", 8): 0.87, ("cached", "100k", 8): 0.89,
               ("proxied", "1k", 32): 0.63, ("proxied", "1k", 1): 0.72, ("proxied", "100k", 8): 1.0}
    quick = {("cached", "1k", 32), ("cached", "1k", 1), ("cached", "12k", 8), ("cached", "100k", 8), ("proxied", "1k", 32),
             ("proxied", "1k", 1), ("proxied", "100k", 8)}
    for part, of in (("cached", ("1k", "12k", "100k")), ("proxied", ("1k", "100k"))):
        for size in of:
            for streams in (1, 8, 32):
                key = (part, size, streams)
                title = f"{part} {size[:-1]} KiB, {streams} stream{'s' if streams > 1 else ''}"
                yield Case(f"{part}-{size}-s{streams}", title, path=f"/{part}/{size}", streams=streams,
                           connections=16 if streams == 1 else 4, quick=key in quick, target=targets.get(key))
        if part == "cached":
            yield Case("cached-10m", "cached 10 MiB, 1 stream", path="/cached/10m", streams=1, connections=4, target=1.0)


CASES = [
    *sizes(),
    Case("cached-1k-h1", "cached 1 KiB, HTTP/1.1", path="/cached/1k", connections=16, h1=True),
    Case("proxied-1k-h1", "proxied 1 KiB, HTTP/1.1", path="/proxied/1k", connections=16, h1=True),
    Case("page-push", "page with ten pushes, resumed TLS", kind="pages", path="/cached/page", quick=True, target=0.80),
    Case("page-ask", "the same page, the client asking", kind="pages", path="/cached/page", quick=True, target=1.0),
    Case("handshake", "full TLS handshake", kind="handshakes", quick=True),
    Case("idle", "memory of an idle TLS HTTP/2 connection", kind="idle", path="/cached/1k", rounds=1, target=1.0),
    Case("latency", "cached 1 KiB at half of the peak rate", kind="latency", path="/cached/1k", connections=16, streams=4, rounds=3),
    Case("headers", "header bytes of a response, proxied", kind="headers", path="/session", quick=True, rounds=1, rival="h2o", target=1.0),
    Case("headers-cached", "header bytes of a response, cached", kind="headers", path="/cached/session", rounds=1),
    Case("coded-gzip", "100 KiB of CSS compressed for each response, gzip", kind="coded", path="/coded/site.css", streams=8, accept="gzip",
         quick=True, target=1.0),
    Case("coded-br", "the same, br", kind="coded", path="/coded/site.css", streams=8, accept="br", target=1.0),
    Case("coded-browser", "the same, a browser's Accept-Encoding", kind="coded", path="/coded/site.css", streams=8,
         accept="gzip, deflate, br, zstd", target=1.0),
    Case("coded-hit", "cached 100 KiB of CSS, compressed, against a plain hit of its size", kind="coded-hit", path="/kept/site.css", streams=8,
         accept="gzip, deflate, br, zstd", target=1.01),
    Case("scaling", "two workers on two cores against one, cached 1 KiB", kind="scaling", path="/cached/1k", streams=8, connections=32,
         target=1.8),
]
BY_NAME = {c.name: c for c in CASES}


def choose(text, quick):
    """Cases by comma-separated names or beginnings of names; all (or the quick ones) without."""
    if not text:
        return [c for c in CASES if c.quick or not quick]
    wanted = text.split(",")
    unknown = [w for w in wanted if not any(c.name.startswith(w) for c in CASES)]
    if unknown:
        raise SystemExit(f"no such case: {', '.join(unknown)}; there are: {', '.join(BY_NAME)}")
    return [c for c in CASES if any(c.name.startswith(w) for w in wanted)]
