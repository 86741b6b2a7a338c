// The parent of the serving process: it keeps the listeners, starts the serving process again
// when it crashes, and says what that was doing.
import test from 'node:test';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { once } from 'node:events';
import { assert, startForerun, startOrigin, h2connect, h2request, raw, run, binary, scratch, tempFile, waitUntilGone } from './lib/harness.mjs';

// Signals sent from outside are the parent's to report, not a sanitizer's.
const env = { ASAN_OPTIONS: 'detect_leaks=1:halt_on_error=1:exitcode=99:handle_segv=0:handle_abort=0:quarantine_size_mb=4' };
const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
const css = '</a.css>; rel=preload; as=style';

const crash = async (f, signal = 'SIGSEGV') => {
  const from = f.text.length;
  process.kill(f.servingPid(), signal);
  await f.waitForLog(/ serve: ready\n/, from);
};
const reports = (f) => fs.readdirSync(f.stateDir).filter((n) => /^crash-.*\.txt$/.test(n)).sort();
const get = (port, target) => raw(port, `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);

async function page(t, f, target) {
  const s = await h2connect(t, f.port, { settings: { enablePush: false } });
  const got = await h2request(s, { ':path': target, ...navigation });
  s.destroy();
  return got;
}

// Connects again and again; counts what was refused. Ends with the test.
function connectAllTheTime(t, port) {
  const seen = { refused: 0, connected: 0, answered: 0 };
  let stopped = false;
  const one = () => new Promise((resolve) => {
    const req = http.get({ host: '127.0.0.1', port, path: '/load?secret=1', agent: false, headers: { host: 'loaded.example' } }, (res) => {
      res.resume();
      res.on('end', () => { seen.answered++; });
      res.on('close', resolve);
      res.on('error', resolve);
    });
    req.on('socket', (s) => s.on('connect', () => { seen.connected++; }));
    req.on('error', (e) => { seen.refused += e.code === 'ECONNREFUSED'; resolve(); });
  });
  const loops = Array.from({ length: 8 }, async () => { while (!stopped) await one(); });
  seen.stop = async () => { stopped = true; await Promise.all(loops); };
  t.after(seen.stop);
  return seen;
}

test('twenty crashes under load: no connection is refused, hints stay, the reports say what was being done', async (t) => {
  const origin = await startOrigin(t, (req, res) => {
    if (req.url.startsWith('/page')) res.writeHead(200, { link: css, 'content-type': 'text/html' });
    else if (req.url === '/a.css') res.writeHead(200, { 'content-type': 'text/css', 'cache-control': 'max-age=600' });
    res.end('ok');
  });
  const f = await startForerun(t, { origin: origin.url, logLevel: 'info', env });
  const pages = ['/page/1', '/page/2', '/page/3'];
  for (const p of pages) await page(t, f, p);
  for (const p of pages) assert.equal((await page(t, f, p)).informational[0]?.link, css, p);
  await f.countersWhen((c) => c.hint_db_written > pages.length); // and the style sheet
  const load = connectAllTheTime(t, f.plainPort);
  for (let i = 0; i < 20; i++) {
    const before = load.answered;
    await crash(f);
    assert.match((await get(f.plainPort, '/after')).text, /^HTTP\/1.1 200 /);
    while (load.answered === before) await new Promise((resolve) => setImmediate(resolve));
  }
  await load.stop();
  assert.equal(load.refused, 0);
  for (const p of pages) assert.equal((await page(t, f, p)).informational[0]?.link, css, p);
  const kept = reports(f);
  assert.equal(kept.length, 16);
  const text = fs.readFileSync(path.join(f.stateDir, kept.at(-1)), 'utf8');
  assert.match(text, /^forerun: \d+\.\d+\.\d+\nbuild id: [0-9a-f]{40}\ntime: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\nprocess: \d+\nuptime: \d+\.\d{3} s\ncrashes before: 19\n/);
  assert.match(text, new RegExp(`\nend: signal 11 \\(Segmentation fault\\), sent by process ${process.pid}\n`));
  assert.match(text, /\nworker 0: .*; \d+ connections; connection \d+; latest request: GET (loaded\.example\/load|a\/after) \(HTTP\/1\.1, connection \d+, stream 0, id [0-9a-f]{16}\)\nworker 1: /);
  assert.doesNotMatch(text, /secret/);
  assert.equal(fs.statSync(path.join(f.stateDir, kept[0])).mode & 0o777, 0o600);
});

test('what is killed from outside is reported, and is no fault of ours by the exit code', async (t) => {
  const origin = await startOrigin(t, (req, res) => res.end('ok'));
  const f = await startForerun(t, { origin: origin.url, env });
  await get(f.plainPort, '/x');
  await crash(f, 'SIGKILL');
  assert.match(f.text, /error parent: the serving process \(\d+\) crashed after \d+\.\d{3} s: signal 9 \(Killed\)/);
  assert.match(f.text, /error parent: worker \d: .*latest request: GET a\/x/);
  assert.match(f.text, /error parent: crash report: .*\/forerun\/crash-/);
  assert.equal(await f.stop(), 0);
});

test('connections made while nobody serves are answered afterwards, on Unix sockets and the admin interface too', async (t) => {
  const origin = await startOrigin(t, (req, res) => res.end('ok'));
  const socket = path.join(scratch, 'kept.sock'), admin = path.join(scratch, 'kept-admin.sock');
  const f = await startForerun(t, { env, config: `
listen: [{address: "127.0.0.1:0", tls: false}, {address: "unix:${socket}"}]
admin: {listen: "unix:${admin}"}
sites: [{hosts: ["*"], origin: {url: "${origin.url}"}}]
` });
  const from = f.text.length;
  process.kill(f.servingPid(), 'SIGSTOP');
  const waiting = [get(f.plainPort, '/'), run('curl', ['-sS', '--unix-socket', socket, 'http://x/']),
    run('curl', ['-sS', '--unix-socket', admin, 'http://x/ready'])];
  process.kill(f.servingPid(), 'SIGKILL');
  const late = get(f.plainPort, '/');
  await f.waitForLog(/ serve: ready\n/, from);
  assert.match((await waiting[0]).text, /ok$/);
  assert.equal((await waiting[1]).stdout, 'ok');
  assert.equal((await waiting[2]).stdout, 'ready\n');
  assert.match((await late).text, /ok$/);
  const figures = JSON.parse((await run(binary, ['status', '--json', '--admin', `unix:${admin}`])).stdout);
  assert.equal(figures.crashes, 1);
  assert.equal(figures.process.pid, f.servingPid());
});

test('after a crash it serves with the configuration that was read last, not with a file that is half written', async (t) => {
  const one = await startOrigin(t, (req, res) => res.end('one')), two = await startOrigin(t, (req, res) => res.end('two'));
  const socket = path.join(scratch, 'added.sock');
  const yaml = (url, more = '') => `listen: [{address: "127.0.0.1:0", tls: false}${more}]\nsites: [{hosts: ["*"], origin: {url: "${url}"}}]\n`;
  const f = await startForerun(t, { config: yaml(one.url), env });
  fs.writeFileSync(f.configFile, yaml(two.url, `, {address: "unix:${socket}"}`));
  f.child.kill('SIGHUP');
  await f.waitForLog(/configuration reloaded/);
  fs.writeFileSync(f.configFile, 'listen: [');
  await crash(f);
  assert.match((await get(f.plainPort, '/')).text, /two$/);
  assert.equal((await run('curl', ['-sS', '--unix-socket', socket, 'http://x/'])).stdout, 'two');
  // and the next reload is judged by the file again
  const from = f.text.length;
  f.child.kill('SIGHUP');
  await f.waitForLog(/configuration not reloaded, the old one stays/, from);
  await f.stop();
  assert.equal(fs.existsSync(socket), false);
});

test('the serving process ends with its parent, and signals to it alone do nothing', async (t) => {
  const origin = await startOrigin(t, (req, res) => res.end('ok'));
  const f = await startForerun(t, { origin: origin.url, env });
  const pid = f.servingPid();
  for (const s of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2']) process.kill(pid, s);
  assert.match((await get(f.plainPort, '/')).text, /ok$/);
  assert.equal(f.servingPid(), pid);
  f.child.kill('SIGKILL');
  await f.ended; // of both: they share standard error
  f.code = 0; // as asked
  await waitUntilGone(pid);
  assert.equal((await get(f.plainPort, '/')).how, 'ECONNREFUSED');
});

test('a crash while it drains ends it', async (t) => {
  const origin = await startOrigin(t, () => {});
  const f = await startForerun(t, { origin: origin.url, env });
  const slow = get(f.plainPort, '/');
  await once(origin, 'request');
  const pid = f.servingPid();
  f.child.kill('SIGTERM');
  await f.waitForLog(/stopping/);
  process.kill(pid, 'SIGSEGV');
  assert.equal(await f.ended, 3);
  f.code = 0; // as expected
  await slow;
  assert.match(f.text, /crashed after/);
  assert.doesNotMatch(f.text, /starting it again/);
});

test('--foreground serves without a parent', async (t) => {
  const origin = await startOrigin(t, (req, res) => res.end('ok'));
  const f = await startForerun(t, { origin: origin.url, args: ['--foreground'] });
  assert.equal(f.servingPid(), 0);
  assert.match((await get(f.plainPort, '/')).text, /ok$/);
  assert.match((await run(binary, ['serve', '--help'])).stdout, /--foreground/);
});

test('a process that cannot be started again is tried again', async (t) => {
  const origin = await startOrigin(t, (req, res) => res.end('ok'));
  const log = path.join(tempFile('logs'), 'access.log');
  fs.mkdirSync(path.dirname(log));
  const f = await startForerun(t, { origin: origin.url, args: ['--access-log', log], env });
  fs.renameSync(path.dirname(log), `${path.dirname(log)}.away`);
  const from = f.text.length;
  process.kill(f.servingPid(), 'SIGKILL');
  await f.waitForLog(/starting it again in 100 ms/, from);
  await f.waitForLog(/starting it again in 200 ms/, from);
  const waiting = get(f.plainPort, '/');
  fs.renameSync(`${path.dirname(log)}.away`, path.dirname(log));
  assert.match((await waiting).text, /ok$/);
  assert.equal(await f.stop(), 3); // it ended by itself
  f.code = 0;
});
