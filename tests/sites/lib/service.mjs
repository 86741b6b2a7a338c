// Starts what a site is made of (nginx, PHP, a database, an application) in a
// folder of its own, as a user without rights, on loopback, and ends it with the
// test. Nothing of the machine's own services is used or changed.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { spawn, spawnSync } from 'node:child_process';
import { freePort } from '../../e2e/lib/harness.mjs';

const isRoot = process.getuid() === 0;
// Debian's user for what shall own nothing.
const nobody = isRoot ? ['--reuid=nobody', '--regid=nogroup', '--clear-groups'] : [];
// A folder that the services can write to, removed with the scope.
export function makeFolder(scope, name) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), `forerun-${name}-`));
  fs.chmodSync(folder, 0o755);
  scope.after(() => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

export function giveAway(folder) {
  if (isRoot) spawnSync('chown', ['-R', 'nobody:nogroup', folder]);
}

// The end with the parent is set last: a change of user forgets it. isOurs: what is read
// from this tree, which others may not be able to read, runs as who started the test.
const tied = (program, args, isOurs) => ['setpriv', [...(isOurs ? [] : nobody), '--nnp', 'setpriv', '--pdeathsig', 'KILL', program, ...args]];

// Runs a program to its end as that user; its output is returned.
export function runOnce(program, args, { input, env, cwd } = {}) {
  const [first, rest] = tied(program, args);
  const r = spawnSync(first, rest, { input, cwd, env: { ...process.env, HOME: cwd ?? '/', ...env }, maxBuffer: 1 << 26, timeout: 120000 });
  if (r.status !== 0) throw new Error(`${program} ended with ${r.status ?? r.signal ?? r.error}:\n${r.stdout}\n${r.stderr}`);
  return r.stdout.toString();
}

// A running program. `ready`: what it says once it serves.
export class Service {
  constructor(name, program, args, { env, cwd, isOurs } = {}) {
    const [first, rest] = tied(program, args, isOurs);
    this.name = name;
    this.text = '';
    this.looks = new Set();
    this.child = spawn(first, rest, { cwd, env: { ...process.env, HOME: cwd ?? '/', ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    const take = (d) => { this.text += d; this.look(); };
    for (const s of [this.child.stdout, this.child.stderr]) s.setEncoding('utf8').on('data', take);
    this.ended = new Promise((resolve) => this.child.on('close', (code, signal) => { this.code = code ?? signal; resolve(); this.look(); }));
    this.child.on('error', (e) => { this.text += e.message; });
  }

  look() { for (const l of [...this.looks]) l(); }

  // Resolves with the match of what it says, from position `from` on.
  says(pattern, from = 0, timeout = 60000) {
    return new Promise((resolve, reject) => {
      const finish = (f, x) => { clearTimeout(timer); this.looks.delete(look); f(x); };
      const timer = setTimeout(() => finish(reject, new Error(`${this.name} never said ${pattern}:\n${this.text.slice(-3000)}`)), timeout);
      const look = () => {
        const m = pattern.exec(this.text.slice(from));
        if (m) finish(resolve, m);
        else if (this.code !== undefined) finish(reject, new Error(`${this.name} ended (${this.code}):\n${this.text.slice(-3000)}`));
      };
      this.looks.add(look);
      look();
    });
  }

  async stop(signal = 'SIGTERM') {
    if (this.code === undefined) {
      this.child.kill(signal);
      const timer = setTimeout(() => this.child.kill('SIGKILL'), 30000);
      await this.ended;
      clearTimeout(timer);
    }
  }
}

export async function startService(scope, name, program, args, { ready, signal, ...options }) {
  const s = new Service(name, program, args, options);
  scope.after(() => s.stop(signal));
  s.ready = await s.says(ready);
  return s;
}

// nginx with the settings of Debian's own nginx.conf: gzip on, for HTML only.
// server: lines of its server block; address: where else than on loopback it listens. Resolves with the service and its URL.
export async function startNginx(scope, folder, server, { listen = '', http = '', address } = {}) {
  const data = path.join(folder, 'nginx');
  fs.mkdirSync(data, { recursive: true });
  for (let attempt = 0; ; attempt++) {
    const port = await freePort();
    fs.writeFileSync(path.join(data, 'nginx.conf'), `
worker_processes 2;
pid ${data}/pid;
error_log stderr notice;
events { worker_connections 768; }
http {
  sendfile on;
  tcp_nopush on;
  types_hash_max_size 2048;
  include /etc/nginx/mime.types;
  default_type application/octet-stream;
  access_log off;
  gzip on;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((n) => `${n}_temp_path ${data}/${n};`).join(' ')}
  ${http}
  server {
    listen 127.0.0.1:${port} ${listen};
    ${address ? `listen ${address}:${port} ${listen};` : ''}
    ${server}
  }
}
`);
    giveAway(data);
    const s = new Service('nginx', '/usr/sbin/nginx', ['-e', 'stderr', '-p', data, '-c', path.join(data, 'nginx.conf'), '-g', 'daemon off;'], { cwd: data });
    scope.after(() => s.stop('SIGTERM'));
    try {
      await s.says(/start worker process \d+/);
      return Object.assign(s, { port, url: `http://127.0.0.1:${port}` });
    } catch (e) {
      // somebody else took the port meanwhile
      if (attempt === 4 || !/Address already in use/.test(s.text)) throw e;
    }
  }
}
