// Starts the real binary and the origins that the tests need. Everything
// listens on loopback, on ports from the kernel; every wait is on an event;
// everything started here is ended with the test that started it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
export const root = path.resolve(here, '../../..');
export const binary = process.env.FR_BIN ?? path.join(root, 'build/forerun');

// One folder for the whole run: the local authority is made once.
export const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'forerun-e2e-'));
process.on('exit', () => fs.rmSync(scratch, { recursive: true, force: true }));
let serial = 0;
export const tempFile = (name) => path.join(scratch, `${++serial}-${name}`);
export const caFile = path.join(scratch, 'xdg/forerun/ca.pem');

const environment = {
  ...process.env,
  XDG_DATA_HOME: path.join(scratch, 'xdg'),
  XDG_RUNTIME_DIR: scratch,
  XDG_STATE_HOME: scratch,
  // a small quarantine, so that tests of memory see the program's own
  ASAN_OPTIONS: 'detect_leaks=1:halt_on_error=1:abort_on_error=0:exitcode=99:quarantine_size_mb=4',
  UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1',
};

// A program that ends with the one that started it, should that crash: else what it
// holds of the test's output would keep the test runner waiting.
export const spawnTied = (program, args, options) => spawn('setpriv', ['--pdeathsig', 'KILL', program, ...args], options);

// Runs a program to its end; rejects when it takes too long.
export function run(program, args, { input, timeout = 30000, env } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: { ...environment, ...env } });
    const out = [], err = [];
    const timer = setTimeout(() => { child.kill('SIGKILL'); reject(new Error(`${program}: too slow`)); }, timeout);
    child.stdout.on('data', (d) => out.push(d));
    child.stderr.on('data', (d) => err.push(d));
    child.on('error', reject);
    child.stdin.on('error', () => {});
    child.on('close', (code) => {
      clearTimeout(timer);
      const stdout = Buffer.concat(out);
      resolve({ code, raw: stdout, stdout: stdout.toString('latin1'), stderr: Buffer.concat(err).toString() });
    });
    child.stdin.end(input);
  });
}

export class Forerun {
  constructor(child) {
    this.child = child;
    this.text = '';
    this.waiters = [];
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (d) => {
      this.text += d;
      this.waiters = this.waiters.filter((w) => !w());
    });
    this.ended = new Promise((resolve) => child.on('close', (code, signal) => {
      this.code = code ?? signal;
      this.isEnded = true;
      this.waiters = this.waiters.filter((w) => !w());
      resolve(this.code);
    }));
  }

  // Resolves with the match once the log has it, from position `from` on.
  waitForLog(pattern, from = 0, timeout = 20000) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`log never had ${pattern}:\n${this.text.slice(-3000)}`)), timeout);
      const look = () => {
        const m = pattern.exec(this.text.slice(from));
        if (m) { clearTimeout(timer); resolve(m); return true; }
        if (this.isEnded) { clearTimeout(timer); reject(new Error(`ended (${this.code}) before ${pattern}:\n${this.text.slice(-3000)}`)); return true; }
        return false;
      };
      if (!look()) this.waiters.push(look);
    });
  }

  async counters() {
    const from = this.text.length;
    this.child.kill('SIGUSR2');
    const m = await this.waitForLog(/info counters: (\{.*\})\n/, from);
    return JSON.parse(m[1]);
  }

  // Waits until the counters satisfy a condition, by asking again.
  async countersWhen(condition, timeout = 15000) {
    const end = Date.now() + timeout;
    for (;;) {
      const c = await this.counters();
      if (condition(c)) return c;
      if (Date.now() > end) throw new Error(`counters never as expected: ${JSON.stringify(c)}`);
    }
  }

  // Opens the access log again, which flushes what the server has noted.
  async reopenLog() {
    const from = this.text.length;
    this.child.kill('SIGUSR1');
    await this.waitForLog(/info access: .* was opened again/, from);
  }

  // The text of the access log once no request is under way: a client may have its response
  // before the server has noted it.
  async accessLog(file, encoding = 'utf8') {
    await this.countersWhen((c) => c.exchanges_open === 0);
    await this.reopenLog();
    return fs.readFileSync(file, encoding);
  }

  // Its records, in the JSON format.
  async accessRecords(file) {
    return (await this.accessLog(file)).trimEnd().split('\n').filter(Boolean).map((l) => JSON.parse(l));
  }

  // The process that serves: the only child of the one that was started.
  servingPid() {
    const { pid } = this.child;
    return Number(fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim());
  }

  rssKiB() {
    return Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${this.servingPid()}/status`, 'utf8'))[1]);
  }

  async stop(signal = 'SIGTERM') {
    if (!this.isEnded) {
      this.child.kill(signal);
      const timer = setTimeout(() => this.child.kill('SIGKILL'), 45000);
      await this.ended;
      clearTimeout(timer);
    }
    return this.code;
  }
}

// Waits until a process that nobody here started is gone, or waits to be buried by who inherited it.
export async function waitUntilGone(pid, timeout = 10000) {
  const end = Date.now() + timeout;
  for (;;) {
    let stat;
    try { stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8'); } catch { return; }
    if (/\) [ZX] /.test(stat)) return;
    if (Date.now() > end) throw new Error(`process ${pid} goes on: ${stat}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

// Starts `forerun serve`. options: origin (URL) for the short form, or
// config(text) with listeners on port 0. The result has the real ports.
export async function startForerun(t, { origin, config, args = [], workers = 2, plain = true, logLevel = 'debug', env }) {
  let all;
  if (config) {
    const file = tempFile('edge.yaml');
    fs.writeFileSync(file, config);
    all = ['serve', '--config', file, '--log-level', logLevel, ...args];
  } else {
    all = ['serve', '--listen', '127.0.0.1:0', ...(plain ? ['--listen-plain', '127.0.0.1:0'] : []),
      '--origin', origin, '--workers', String(workers), '--log-level', logLevel, ...args];
  }
  // what one server remembers is none of another's business
  const state = tempFile('state');
  fs.mkdirSync(state);
  const f = new Forerun(spawnTied(binary, all, { env: { ...environment, XDG_STATE_HOME: state, ...env }, stdio: ['ignore', 'inherit', 'pipe'] }));
  f.configFile = config ? all[2] : undefined;
  f.stateDir = path.join(state, 'forerun');
  t.after(async () => {
    const code = await f.stop();
    // the first error of a test is the one that is shown; that may be what this one caused
    if (code !== 0 || t.passed === false) process.stderr.write(`forerun ended with ${code}; the end of its log:\n${f.text.slice(-6000)}\n`);
    assert.equal(code, 0, `forerun ended with ${code}:\n${f.text.slice(-4000)}`);
    assert.doesNotMatch(f.text, /AddressSanitizer|runtime error:|bug:/);
  });
  await f.waitForLog(/ serve: ready\n/);
  f.https = [...f.text.matchAll(/listening on https:\/\/\S+:(\d+)/g)].map((m) => Number(m[1]));
  f.http = [...f.text.matchAll(/listening on http:\/\/\S+:(\d+)/g)].map((m) => Number(m[1]));
  f.port = f.https[0];
  f.plainPort = f.http[0];
  return f;
}

// An HTTP/1.1 origin: Node's own server.
export async function startOrigin(t, handler) {
  const server = http.createServer({ keepAliveTimeout: 60000 }, handler);
  server.requests = [];
  server.on('request', (req) => server.requests.push(req));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => new Promise((resolve) => { server.closeAllConnections(); server.close(resolve); }));
  server.url = `http://127.0.0.1:${server.address().port}`;
  return server;
}

// An origin in raw bytes: answer(socket, head, number of the request on it).
export async function startRawOrigin(t, answer) {
  const sockets = new Set();
  const server = net.createServer((socket) => {
    let text = '', n = 0;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    socket.on('data', (d) => {
      text += d.toString('latin1');
      let end;
      while ((end = text.indexOf('\r\n\r\n')) >= 0) {
        const head = text.slice(0, end + 4);
        text = text.slice(end + 4);
        server.heads.push(head);
        answer(socket, head, n++);
      }
    });
  });
  server.heads = [];
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => new Promise((resolve) => { sockets.forEach((s) => s.destroy()); server.close(resolve); }));
  server.url = `http://127.0.0.1:${server.address().port}`;
  return server;
}

// A port on which nobody listens. Below the range that the kernel gives to those who do
// not care: what runs at the same time would take it before it is used.
export async function freePort() {
  for (;;) {
    const s = net.createServer().listen(20000 + Math.floor(Math.random() * 12000), '127.0.0.1');
    const ok = await Promise.race([once(s, 'listening').then(() => true), once(s, 'error').then(() => false)]);
    if (!ok) continue;
    const { port } = s.address();
    await new Promise((r) => s.close(r));
    return port;
  }
}

// --- clients ---

export async function h2connect(t, port, options = {}) {
  const session = http2.connect(`https://localhost:${port}`, { ca: fs.readFileSync(caFile), ...options });
  session.on('error', () => {});
  t.after(() => new Promise((resolve) => {
    if (session.destroyed) return resolve();
    session.once('close', resolve);
    session.destroy();
  }));
  await once(session, 'connect');
  return session;
}

// One request; resolves with status, headers, body, trailers, informational
// heads; rejects when the stream is reset.
export function h2request(session, headers, body) {
  return new Promise((resolve, reject) => {
    const r = typeof headers === 'string' ? { ':path': headers } : headers;
    const stream = session.request(r, { endStream: body === undefined });
    const got = { informational: [], stream };
    const chunks = [];
    stream.on('headers', (h) => got.informational.push(h));
    stream.on('response', (h) => { got.status = h[':status']; got.headers = h; });
    stream.on('trailers', (h) => { got.trailers = h; });
    stream.on('data', (d) => chunks.push(d));
    stream.on('error', (e) => { got.error = e; });
    stream.on('close', () => {
      got.body = Buffer.concat(chunks).toString('latin1');
      got.code = stream.rstCode;
      if (got.error) reject(Object.assign(got.error, { got, code: stream.rstCode }));
      else resolve(got);
    });
    if (body !== undefined) stream.end(body);
  });
}

// Loads a page and collects what was pushed with it: promised request fields,
// status, body, reset code, in the order of the promises.
export async function loadPage(session, path, extra = {}, onPush) {
  const pushes = [];
  const listener = (stream, headers) => {
    const p = { headers, path: headers[':path'], chunks: [] };
    pushes.push(p);
    p.done = new Promise((resolve) => {
      stream.on('push', (h) => { p.status = h[':status']; p.response = h; });
      stream.on('data', (d) => p.chunks.push(d));
      stream.on('error', () => {});
      stream.on('close', () => { p.code = stream.rstCode; p.body = Buffer.concat(p.chunks).toString('latin1'); resolve(); });
    });
    if (onPush) onPush(stream, p);
  };
  session.on('stream', listener);
  const page = await h2request(session, { ':path': path, 'forerun-debug': '1', ...extra });
  await Promise.all(pushes.map((p) => p.done));
  session.off('stream', listener);
  return { page, pushes, paths: pushes.map((p) => p.path) };
}

// Raw bytes over a plain or TLS connection; resolves with all that came back
// once the server closes (or `until` matches).
export function raw(port, data, { secure = false, until, alpn = ['http/1.1'], timeout = 20000, half = false, from } = {}) {
  return new Promise((resolve, reject) => {
    const socket = secure
      ? tls.connect({ port, host: '127.0.0.1', servername: 'localhost', ca: fs.readFileSync(caFile), ALPNProtocols: alpn })
      : net.connect({ port, host: '127.0.0.1', localAddress: from });
    let text = '';
    const timer = setTimeout(() => { socket.destroy(); reject(new Error(`no end: ${JSON.stringify(text.slice(0, 500))}`)); }, timeout);
    const finish = (how) => { clearTimeout(timer); socket.destroy(); resolve({ text, how }); };
    socket.on('error', (e) => finish(e.code));
    socket.on('close', () => finish('closed'));
    socket.on('data', (d) => {
      text += d.toString('latin1');
      if (until && until.test(text)) finish('matched');
    });
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      if (typeof data === 'function') data(socket);
      else if (half) socket.end(data, 'latin1');
      else socket.write(data, 'latin1');
    });
  });
}

// HTTP/2 frames by hand.
export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
export function frame(type, flags, id, payload = Buffer.alloc(0)) {
  const h = Buffer.alloc(9);
  h.writeUIntBE(payload.length, 0, 3);
  h[3] = type;
  h[4] = flags;
  h.writeUInt32BE(id, 5);
  return Buffer.concat([h, payload]);
}
export const settings = frame(4, 0, 0);
// Literal fields without indexing: [[name, value], ...]
export function fields(list) {
  const parts = [];
  const str = (s) => {
    const b = Buffer.from(s, 'latin1');
    const len = [];
    if (b.length < 127) len.push(b.length);
    else {
      len.push(127);
      let n = b.length - 127;
      while (n >= 128) { len.push((n % 128) + 128); n = Math.floor(n / 128); }
      len.push(n);
    }
    return Buffer.concat([Buffer.from(len), b]);
  };
  for (const [n, v] of list) parts.push(Buffer.from([0]), str(n), str(v));
  return Buffer.concat(parts);
}
export const get = (path, more = [], authority = 'localhost') =>
  fields([[':method', 'GET'], [':scheme', 'http'], [':authority', authority], [':path', path], ...more]);

// Speaks raw HTTP/2 to a plain port; collects frames until `stop(frames)` is
// true or the connection ends.
export function rawH2(port, bytes, stop = () => false, timeout = 20000) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1');
    const frames = [];
    let buffer = Buffer.alloc(0);
    const timer = setTimeout(() => { socket.destroy(); reject(new Error(`no end: ${frames.map((f) => f.type)}`)); }, timeout);
    const finish = () => { clearTimeout(timer); socket.destroy(); resolve(frames); };
    socket.on('error', finish);
    socket.on('close', finish);
    socket.on('data', (d) => {
      buffer = Buffer.concat([buffer, d]);
      while (buffer.length >= 9) {
        const len = buffer.readUIntBE(0, 3);
        if (buffer.length < 9 + len) break;
        frames.push({ type: buffer[3], flags: buffer[4], id: buffer.readUInt32BE(5) & 0x7fffffff, payload: buffer.subarray(9, 9 + len) });
        buffer = buffer.subarray(9 + len);
        if (stop(frames, socket)) return finish();
      }
    });
    socket.once('connect', () => (typeof bytes === 'function' ? bytes(socket) : socket.write(bytes)));
  });
}
export const goawayCode = (frames) => {
  const g = frames.findLast((f) => f.type === 7);
  return g ? g.payload.readUInt32BE(4) : undefined;
};
export const resetCode = (frames, id) => {
  const r = frames.find((f) => f.type === 3 && f.id === id);
  return r ? r.payload.readUInt32BE(0) : undefined;
};
export const codes = { PROTOCOL_ERROR: 1, INTERNAL_ERROR: 2, REFUSED_STREAM: 7, CANCEL: 8, ENHANCE_YOUR_CALM: 11 };

export { assert };
