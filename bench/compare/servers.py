"""The servers that are compared: how each is started from its file in bench/peers, and what it can do. A server runs with one
worker on one core, unless a case asks for more."""
import glob
import grp
import http.client
import os
import pwd
import shutil
import ssl
import subprocess

from . import machine
from .site import fill

# name -> what it is. `template`: file in bench/peers. `argv`: {conf} is that file filled in. `keeps`: what answers what
# is cached: "cache", "file" (no cache, so it has the files), or None. `push`: promises what a page's Link names.
SERVERS = {
    "forerun": {"template": "forerun.yaml", "keeps": "cache", "push": True, "scales": True,
                "codes": ("gzip", "br", "zstd"), "keeps_coded": True, "argv": ["{binary}", "serve", "--config", "{conf}"], "version": ["{binary}", "version"]},
    "nginx": {"package": "nginx-light", "template": "nginx.conf", "keeps": "cache", "push": True, "scales": True, "codes": ("gzip",),
              "argv": ["nginx", "-p", "{folder}", "-c", "{conf}"], "version": ["nginx", "-v"]},
    "h2o": {"package": "h2o", "template": "h2o.conf", "keeps": "file", "push": True, "scales": True, "codes": ("gzip", "br"),
            "argv": ["h2o", "-m", "worker", "-c", "{conf}"], "version": ["h2o", "-v"]},
    "nghttpx": {"package": "nghttp2-proxy", "template": "nghttpx.conf", "keeps": None, "push": True, "scales": True,
                "argv": ["nghttpx", "--conf={conf}"], "version": ["nghttpx", "--version"]},
    "haproxy": {"package": "haproxy", "template": "haproxy.cfg", "keeps": "cache", "push": False, "scales": True,
                "argv": ["haproxy", "-db", "-f", "{conf}"], "version": ["haproxy", "-v"]},
    "apache": {"package": "apache2", "template": "apache.conf", "keeps": "cache", "push": True,
               "descriptors": 5,  # of each HTTP/2 connection: socket, pollset, pipe
               "argv": ["apache2", "-D", "FOREGROUND", "-f", "{conf}"], "version": ["apache2", "-v"]},
    "caddy": {"package": "caddy", "template": "caddy.conf", "keeps": "file", "push": True,
              "argv": ["caddy", "run", "--adapter", "caddyfile", "--config", "{conf}"], "version": ["caddy", "version"],
              # its scheduler's threads, and no files of its own elsewhere
              "env": {"GOMAXPROCS": "{workers}", "XDG_DATA_HOME": "{folder}", "XDG_CONFIG_HOME": "{folder}"}},
    "trafficserver": {"package": "trafficserver", "template": "trafficserver", "keeps": "cache", "push": False,
                      "argv": ["traffic_server", "--run-root={folder}"], "version": ["traffic_server", "--version"]},
}
BEFORE = "forerun-before"  # an earlier build of itself: --before
OTHER_PACKAGES = {"h2load": "nghttp2-client", "openssl": "openssl", "taskset": "util-linux", "nginx": "nginx-light"}


def add_before(binary):
    """Adds an earlier build of Forerun to the servers, with the same configuration."""
    SERVERS[BEFORE] = {**SERVERS["forerun"], "argv": [binary, *SERVERS["forerun"]["argv"][1:]], "version": [binary, "version"]}


def shown(name, cached):
    """Its name in tables: who serves from files what others have cached says so."""
    return f"{name} (file)" if cached and SERVERS.get(name, SERVERS["forerun"])["keeps"] == "file" else name


def program(name, binary):
    first = SERVERS[name]["argv"][0]
    return binary if first == "{binary}" else shutil.which(first)


def missing(names, binary):
    """Those of `names` that are not installed."""
    return [n for n in names if not (program(n, binary) and os.path.exists(program(n, binary)))]


def install(names, binary):
    """Installs what is missing, as root, from the distribution's packages."""
    packages = [SERVERS[n]["package"] for n in missing(names, binary) if "package" in SERVERS[n]]
    packages += [p for tool, p in OTHER_PACKAGES.items() if not shutil.which(tool)]
    if packages:
        sudo = [] if os.getuid() == 0 else ["sudo"]
        subprocess.run([*sudo, "apt-get", "update", "-qq"], check=True)
        subprocess.run([*sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "-qq",
                        "--no-install-recommends", *sorted(set(packages))], check=True)


def owner():
    """Who Apache's worker runs as: anybody but root."""
    user = "www-data" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
    return {"user": user, "group": grp.getgrgid(pwd.getpwnam(user).pw_gid).gr_name}


def version(name, binary):
    argv = [a.format(binary=binary) for a in SERVERS[name]["version"]]
    out = subprocess.run(argv, capture_output=True, text=True)
    first = (out.stdout or out.stderr).strip().split("\n")[0]
    return next((w.strip("v,") for w in first.replace("/", " ").split() if w.strip("v,")[:1].isdigit()), first)


class Server:
    """One that runs; `port` is its TLS port."""

    def __init__(self, processes, name, setup, workers=1, cores=str(machine.SERVER_CORE)):
        self.name, self.processes, self.what = name, processes, SERVERS[name]
        self.port = machine.free_port()
        self.folder = os.path.join(setup.folder, f"{name}-{self.port}")
        os.makedirs(self.folder)
        self.log = os.path.join(self.folder, "log")
        values = {"folder": self.folder, "port": self.port, "workers": workers, "origin": setup.origin.port,
                  "www": setup.origin.www, "link": setup.link, "root": machine.ROOT,
                  "modules": "/usr/lib/apache2/modules", **owner(),
                  **{part: os.path.join(setup.folder, f"{part}.pem") for part in ("cert", "key", "both")}}
        conf = self.configure(values)
        argv = [a.format(binary=setup.binary, conf=conf, folder=self.folder) for a in self.what["argv"]]
        env = {k: v.format(workers=workers, folder=self.folder) for k, v in self.what.get("env", {}).items()}
        self.process = processes.start(cores, argv, self.log, env)
        machine.wait_until(self.answers, 30, self.process, self.log)

    def configure(self, values):
        """Fills in its file (or its folder of files) of bench/peers."""
        template = os.path.join(machine.ROOT, "bench/peers", self.what["template"])
        for path in glob.glob(template + "/*") if os.path.isdir(template) else [template]:
            text = machine.read(path) + self.what.get("append", "")
            conf = machine.write(os.path.join(self.folder, os.path.basename(path)), fill(text, values))
        cache = os.path.join(self.folder, "cache")
        os.makedirs(cache)
        if os.getuid() == 0:  # Apache's worker may not be root
            shutil.chown(cache, values["user"])
            for folder in (os.path.dirname(self.folder), self.folder):
                os.chmod(folder, 0o711)
        return conf

    def answers(self):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=5, context=context)
        try:
            connection.request("GET", "/proxied/1k", headers={"Connection": "close"})
            return len(connection.getresponse().read()) == 1024
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def cpu_ns(self):
        return machine.cpu_ns(self.process.pid)

    def memory_kib(self):
        return machine.memory_kib(self.process.pid)

    def stop(self):
        self.processes.stop(self.process)
