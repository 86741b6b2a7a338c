"""Processes, ports, certificates, CPU time and memory: what the comparison needs of the machine. Knows no server."""
import fcntl
import glob
import os
import platform
import resource
import signal
import socket
import struct
import subprocess
import sys
import time

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
SERVER_CORE, LOAD_CORE = 1, 0
OPEN_FILES = 65536


class Failure(Exception):
    """A server did not start, or did not answer what it should have: its case fails, the others go on."""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def write(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    return path


def read(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()


def raise_open_files():
    """Ten thousand connections need descriptors here and in what is started from here."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for want in (OPEN_FILES, hard):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (want, max(want, hard)))
            return want
        except (ValueError, OSError):
            continue
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def own_network():
    """Starts this program anew in a network namespace of its own, where the congestion control is cubic, else reno: the default
    of some machines paces what it sends (bbr), which on loopback measures timers. Without the right to do so it goes on as it is."""
    if os.environ.get("FR_COMPARE_NETWORK") != "own":
        unshare = ["unshare", "-n"] if os.getuid() == 0 else ["unshare", "-rn"]
        if subprocess.run([*unshare, "true"], capture_output=True).returncode == 0:
            os.environ["FR_COMPARE_NETWORK"] = "own"
            os.execvp(unshare[0], [*unshare, sys.executable, *sys.orig_argv[1:]])
        print("no network namespace of its own: congestion control is the machine's", file=sys.stderr)
        return
    set_flags, up = 0x8914, 1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, set_flags, struct.pack("16sh14x", b"lo", up))
    for name in ("cubic", "reno"):
        try:
            write("/proc/sys/net/ipv4/tcp_congestion_control", name)
            return
        except OSError:
            continue


def make_certificate(folder):
    """A P-256 certificate for localhost: cert.pem, key.pem, and both in both.pem."""
    cert, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", cert],
                   check=True, capture_output=True)
    write(os.path.join(folder, "both.pem"), read(cert) + read(key))


def tree(pid):
    """`pid` and all its descendants that are alive."""
    children = {}
    for stat in glob.glob("/proc/[0-9]*/stat"):
        try:
            fields = read(stat).rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        children.setdefault(int(fields[1]), []).append(int(stat.split("/")[2]))
    found, todo = [], [pid]
    while todo:
        p = todo.pop()
        found.append(p)
        todo += children.get(p, [])
    return found


def cpu_ns(pid):
    """User and system time that the kernel charged to all threads of `pid` and its descendants. From schedstat: stat
    counts in ticks of 10 ms."""
    total = 0
    for p in tree(pid):
        for task in glob.glob(f"/proc/{p}/task/*/schedstat"):
            try:
                total += int(read(task).split()[0])
            except (FileNotFoundError, ProcessLookupError):
                pass
    return total


def memory_kib(pid):
    """Proportional set size of the whole tree: what is shared by its processes counts once."""
    total = 0
    for p in tree(pid):
        try:
            total += sum(int(line.split()[1]) for line in read(f"/proc/{p}/smaps_rollup").split("\n") if line.startswith("Pss:"))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            pass
    return total


class Processes:
    """What was started here; each ended by its id, at the latest by `stop_all`."""

    def __init__(self):
        self.running = []

    def start(self, cores, argv, log, env=None):
        with open(log, "ab") as out:
            p = subprocess.Popen(["taskset", "-c", cores, *argv], stdout=out, stderr=out, stdin=subprocess.DEVNULL,
                                 start_new_session=True, env={**os.environ, **(env or {})})
        self.running.append(p)
        return p

    def stop(self, p):
        if p not in self.running:
            return
        self.running.remove(p)
        # the parent first: it would start another worker for one that is killed
        for pid in tree(p.pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        p.wait()

    def stop_all(self):
        for p in list(self.running):
            self.stop(p)


def wait_until(what, seconds, p, log):
    """Polls `what()` until it is true; fails when the process ended or the time is over, with the end of its log."""
    end = time.monotonic() + seconds
    while not what():
        if p.poll() is not None or time.monotonic() > end:
            tail = read(log)[-1500:] if os.path.exists(log) else ""
            raise Failure(f"did not start{'' if p.poll() is None else f' (exit code {p.returncode})'}: {tail.strip()}")
        time.sleep(0.02)


def describe():
    """The machine in a few words: figures of different ones are not to be compared."""
    model = next((line.split(":")[1].strip() for line in read("/proc/cpuinfo").split("\n") if line.startswith("model name")), "?")
    return {"cpu": model, "cores": os.cpu_count(), "kernel": f"{platform.system()} {platform.release()}",
            "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20,
            "congestion": read("/proc/sys/net/ipv4/tcp_congestion_control").strip()}


def commit_of(path):
    """The last commit that changed what is measured, in the tree that `path` lies in; `+`: and more that is not committed."""
    parts = [":/src", ":/CMakeLists.txt", ":/cmake", ":/web"]

    def git(*args):
        return subprocess.run(["git", "-C", os.path.dirname(path), *args, "--", *parts], capture_output=True, text=True).stdout.strip()
    changed = git("status", "--porcelain", "--untracked-files=no")
    return (git("log", "-1", "--format=%h") or "unknown") + ("+" if changed else "")
