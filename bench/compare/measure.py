"""Runs one case on one server and returns a sample: what it cost and how fast it was."""
import dataclasses
import subprocess
import time

from . import load, machine
from .machine import Failure
from .servers import Server
from .site import Origin, SIZES, link_field, page_objects, session_objects

LEAST = 64             # requests of a sample, whatever the rate
IDLE = 10000           # connections whose memory is measured
SPARE_FILES = 1000     # descriptors that a server needs besides those of its clients
PAGES_AT_ONCE = 4      # page loads, or handshakes, at once
SCALING_SECONDS = 1.5  # of a scaling sample, at least: connections fall on workers by chance
LATENCY_SECONDS = 3    # of a latency sample, at least


class Setup:
    """The folder, certificates and origin of one run, and the servers that were started for it."""

    def __init__(self, folder, binary, client=None):
        self.folder, self.binary, self.client = folder, binary, client
        self.processes = machine.Processes()
        self.open_files = machine.raise_open_files()
        self.link = link_field()
        machine.make_certificate(folder)
        self.origin = Origin(self.processes, folder)
        self.servers, self.rates = {}, {}

    def server(self, name, workers=1, cores=str(machine.SERVER_CORE)):
        """The one of that name, started when first asked for; it stays, idle while others are measured."""
        key = (name, workers)
        if key not in self.servers or self.servers[key].process.poll() is not None:
            self.servers[key] = Server(self.processes, name, self, workers, cores)
        return self.servers[key]

    def close(self):
        self.processes.stop_all()


def unable(case, what):
    """Why a server cannot take part in a case at all; None if it can."""
    if case.kind in ("requests", "latency", "headers", "scaling") and case.cached and what["keeps"] is None:
        return "no cache"
    if case.kind == "headers" and case.cached and what["keeps"] == "file":
        return "no cache"  # and the fields would be others
    if case.kind == "coded" and not any(c in case.accept.split(", ") for c in what.get("codes", ())):
        return "does not compress so"
    if case.kind == "coded-hit" and not what.get("keeps_coded"):
        return "keeps no compressed responses"
    if case.push and not what["push"]:
        return "no push"
    if case.kind == "scaling" and not what.get("scales"):
        return "not measured"
    return None


def enough(setup, name, case, seconds, probe, first):
    """How many last about `seconds`. The rate is asked for by `probe(first)` once in a run; that also warms up."""
    if (name, case.name) not in setup.rates:
        setup.rates[name, case.name] = probe(first)
    return max(LEAST, int(setup.rates[name, case.name] * seconds))


def measure_requests(setup, server, case, seconds):
    """h2load, as many requests as last about `seconds`; the origin's counter tells where they were answered."""
    size = SIZES[case.path.split("/")[-1]]
    first = max(LEAST, min(4000, (64 << 20) // size))
    requests = enough(setup, server.name, case, seconds, lambda n: load.h2load(case, server.port, n), first)
    asked = setup.origin.requests()
    before = server.cpu_ns()
    rate = load.h2load(case, server.port, requests)
    used = server.cpu_ns() - before
    asked = setup.origin.requests() - asked
    if case.cached and asked:
        raise Failure(f"not from the cache: the origin was asked {asked} times")
    if not case.cached and asked < requests:
        raise Failure(f"not proxied: the origin was asked {asked} times for {requests} requests")
    return {"cpu_us": used / 1000 / requests, "rate": rate, "requests": requests}


def measure_connections(setup, server, case, seconds):
    """Pages over fresh resumed connections, or full handshakes, by our client."""
    arguments = ["--connections", str(PAGES_AT_ONCE)]
    if case.kind == "pages":
        arguments += ["--resume", *(["--push"] if case.push else []), *page_objects()]

    def go(n):
        return load.run_client(setup.client, server.port, case.kind, "--total", str(n), *arguments)
    count = enough(setup, server.name, case, seconds, lambda n: n / go(n)["seconds"], 200)
    asked = setup.origin.requests()
    before = server.cpu_ns()
    result = go(count)
    used = server.cpu_ns() - before
    if server.what["keeps"] and setup.origin.requests() != asked:
        raise Failure("not from the cache: the origin was asked")
    return {"cpu_us": used / 1000 / count, "rate": count / result["seconds"], "promised": result["promised"], "resumed": result["resumed"]}


def measure_idle(setup, server, case, _seconds):
    """Memory that a fresh server takes for each connection that has had one answer and waits."""
    size = SIZES[case.path.split("/")[-1]]
    path = case.path if server.what["keeps"] else "/proxied/1k"
    count = min(IDLE, (setup.open_files - SPARE_FILES) // server.what.get("descriptors", 1))
    server = Server(setup.processes, server.name, setup)
    try:
        load.run_client(setup.client, server.port, "pages", "--total", "20", f"+{path}={size}")
        before = server.memory_kib()
        with load.Held(setup.client, server.port, count, f"+{path}={size}") as held:
            time.sleep(1)  # what is freed after the last answer is freed
            used = server.memory_kib() - before
            held.end()
    finally:
        server.stop()
    return {"kib": used / count, "connections": count}


def measure_latency(setup, server, case, seconds):
    """Percentiles at half of the rate that this server reaches with the same connections and streams."""
    peak = enough(setup, server.name, case, 1, lambda n: load.h2load(case, server.port, n), 20000)
    seconds = max(seconds, LATENCY_SECONDS)
    values = load.h2load_at_rate(case, server.port, peak / 2, seconds, setup.folder)
    at = {f"p{str(p).replace('.', '')}": values[min(len(values) - 1, int(len(values) * p / 100))] for p in (50, 99, 99.9)}
    return {**at, "rate": len(values) / seconds}


def measure_headers(setup, server, case, _seconds):
    """Bytes of frames with fields, each way, in a session of three pages as a browser would have it."""
    objects = session_objects(case.path)
    arguments = ["--cookies", *objects]
    for _ in range(3):  # what is learned or kept is by then
        result = load.run_client(setup.client, server.port, "pages", *arguments)
    asked = setup.origin.requests()
    result = load.run_client(setup.client, server.port, "pages", *arguments)
    if case.cached == (setup.origin.requests() > asked):
        raise Failure(f"{'not ' if case.cached else ''}from the cache")
    n = len(objects)
    return {"bytes": result["header_bytes_in"] / n, "fields": result["field_bytes_in"] / n, "sent": result["header_bytes_out"] / n}


def measure_scaling(setup, server, case, seconds):
    """Requests a second of two workers on both cores, an h2load on each core beside them, against one worker and one h2load on
    one core: load generators and servers share cores both times."""
    requests = enough(setup, server.name, case, max(seconds, SCALING_SECONDS) / 2, lambda n: load.h2load(case, server.port, n), 4000)
    figures = {}
    for workers, cores in ((1, [machine.SERVER_CORE]), (2, [machine.LOAD_CORE, machine.SERVER_CORE])):
        s = setup.server(server.name, workers, ",".join(map(str, cores)))
        load.h2load_pairs(case, s.port, 2000, cores)
        before = s.cpu_ns()
        figures[f"rate{workers}"] = load.h2load_pairs(case, s.port, requests, cores)
        figures[f"cpu{workers}_us"] = (s.cpu_ns() - before) / 1000 / requests / workers
    return {"times": figures["rate2"] / figures["rate1"], **figures}


def measure_coded(setup, server, case, seconds):
    """As measure_requests, of bodies that the server compresses for each response."""
    plain = SIZES[case.path.split("/")[-1]]
    requests = enough(setup, server.name, case, seconds, lambda n: load.h2load_coded(case, server.port, n)[0], 200)
    before = server.cpu_ns()
    rate, size = load.h2load_coded(case, server.port, requests)
    used = server.cpu_ns() - before
    if size > plain / 2:
        raise Failure(f"not compressed: {size:.0f} bytes")
    return {"cpu_us": used / 1000 / requests, "rate": rate, "bytes": size, "requests": requests}


def measure_coded_hit(setup, server, case, seconds):
    """CPU time of a hit of a compressed object against that of a plain one with as many bytes, asked for alike."""
    size = int(load.h2load_coded(case, server.port, LEAST)[1])
    if size > SIZES[case.path.split("/")[-1]] / 2:
        raise Failure(f"not compressed: {size} bytes")
    plain = dataclasses.replace(case, name=case.name + "-plain", path=f"/kept/{size}.png")
    machine.write(setup.origin.www + plain.path, "x" * size)
    figures = {"bytes": size}
    for c, key in ((case, "cpu_us"), (plain, "plain_us")):
        requests = enough(setup, server.name, c, seconds, lambda n, c=c: load.h2load_coded(c, server.port, n)[0], 4000)
        asked, before = setup.origin.requests(), server.cpu_ns()
        if load.h2load_coded(c, server.port, requests)[1] != size:
            raise Failure(f"bodies of other than {size} bytes")
        figures[key] = (server.cpu_ns() - before) / 1000 / requests
        if setup.origin.requests() != asked:
            raise Failure("not from the cache")
    return {"times": figures["cpu_us"] / figures["plain_us"], **figures}


KINDS = {"coded": measure_coded, "coded-hit": measure_coded_hit, "requests": measure_requests, "pages": measure_connections, "handshakes": measure_connections, "idle": measure_idle,
         "latency": measure_latency, "headers": measure_headers, "scaling": measure_scaling}


def sample(setup, name, case, seconds):
    """One sample of `case` on the server `name`, or what failed."""
    try:
        result = KINDS[case.kind](setup, setup.server(name), case, seconds)
        return {k: round(v, 4) if isinstance(v, float) else v for k, v in result.items()}
    except (Failure, subprocess.TimeoutExpired) as e:
        return {"error": str(e)}
