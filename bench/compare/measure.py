"""Runs one case on one server and returns a sample: what it cost and how fast it was."""
import time

from . import load, machine
from .machine import Failure
from .servers import Server
from .site import Origin, SIZES, link_field

LEAST = 64  # requests of a sample, whatever the rate


class Setup:
    """The folder, certificates and origin of one run, and the servers that were started for it."""

    def __init__(self, folder, binary, client=None):
        self.folder, self.binary, self.client = folder, binary, client
        self.processes = machine.Processes()
        self.link = link_field()
        machine.make_certificate(folder)
        self.origin = Origin(self.processes, folder)
        self.servers = {}

    def server(self, name):
        """The one of that name, started when first asked for; it stays, idle while others are measured."""
        if name not in self.servers or self.servers[name].process.poll() is not None:
            self.servers[name] = Server(self.processes, name, self)
        return self.servers[name]

    def close(self):
        self.processes.stop_all()


def unable(case, what):
    """Why a server cannot take part in a case at all; None if it can."""
    if case.kind == "requests" and case.cached and what["keeps"] is None:
        return "no cache"
    return None


def measure_requests(setup, server, case, seconds):
    """h2load: first as many requests as tell the rate, then as many as last about `seconds`."""
    size = SIZES[case.path.split("/")[-1]]
    first = max(LEAST, min(4000, (64 << 20) // size))
    rate = load.h2load(case, server.port, first)
    requests = max(LEAST, int(rate * seconds))
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


KINDS = {"requests": measure_requests}


def sample(setup, name, case, seconds):
    """One sample of `case` on the server `name`, or what failed."""
    try:
        started = time.time()
        result = KINDS[case.kind](setup, setup.server(name), case, seconds)
        return {**{k: round(v, 4) if isinstance(v, float) else v for k, v in result.items()}, "at": int(started)}
    except Failure as e:
        return {"error": str(e)}
