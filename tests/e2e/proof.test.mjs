// Loads with and without hints are compared, and hints that harm are switched off. Visitors come
// from networks of their own; what is slow is slow by the visitor's design, by far more than the
// machine is.
import test from 'node:test';
import http2 from 'node:http2';
import tls from 'node:tls';
import fs from 'node:fs';
import { once } from 'node:events';
import { assert, binary, run, startForerun, startOrigin, tempFile } from './lib/harness.mjs';
import { adminPort, adminYaml, metrics, status, sum, tokenFile } from './lib/admin.mjs';

// The link of these visitors is busy with each hinted asset for so long, and for several times
// what the load has taken so far: however slow the machine is, hints make it slower.
const SLOW_MS = 100;
const SLOW_FACTOR = 4;
const later = /^(first paint|page complete|first byte) later$/;
const AT_ONCE = 12;
const MOST = 1200;

const types = { js: 'text/javascript', css: 'text/css', png: 'image/png' };

// A page whose Link field names scripts that nobody needs; what it needs is a style sheet, which
// names a picture.
async function site(t, { hints = 'html: false' } = {}) {
  const origin = await startOrigin(t, (req, res) => {
    const type = types[req.url.split('.')[1]];
    if (type) {
      res.writeHead(200, { 'content-type': type, 'cache-control': 'public, max-age=3600' });
      res.end(type === 'text/css' ? 'body{background:url(/bg.png)}' : 'x'.repeat(2000));
      return;
    }
    res.writeHead(200, { 'content-type': 'text/html', 'cache-control': 'public, max-age=0', link: '</useless.js>; rel=preload; as=script' });
    res.end('<html><head><link rel="stylesheet" href="/main.css"></head><body>text</body></html>');
  });
  const log = tempFile('access.log'), database = tempFile('hints.db');
  const f = await startForerun(t, { config: `
workers: 1
listen: [{address: "127.0.0.1:0"}]
access_log: {file: "${log}"}
hint_memory: {file: "${database}"}
${adminYaml()}
sites:
  - hosts: ["*"]
    origin: {url: "${origin.url}"}
    hints: {${hints}}
` });
  return { f, origin, log };
}

// The same configuration once more.
const startAgain = (t, f) => startForerun(t, { config: fs.readFileSync(f.configFile, 'utf8') });

async function get(session, fields) {
  const stream = session.request({ 'user-agent': 'Mozilla/5.0 Chrome/156.0 Safari/537.36', ...fields });
  const early = [];
  let head = {};
  stream.on('headers', (h) => early.push(...[].concat(h.link ?? [])));
  stream.on('response', (h) => { head = h; });
  stream.resume();
  await once(stream, 'close');
  return { early, head };
}

// One page load by visitor n, whose network nobody else comes from. It does what a browser does
// whose link is slow: what a 103 names comes first, then the style sheet, then its picture.
async function visit(f, n, fields = {}) {
  const socket = tls.connect({ host: '127.0.0.1', port: f.port, localAddress: `127.${1 + (n >> 8)}.${n & 255}.1`, servername: 'localhost', ALPNProtocols: ['h2'], rejectUnauthorized: false });
  const session = http2.connect(`https://localhost:${f.port}`, { createConnection: () => socket, settings: { enablePush: false } });
  session.on('error', () => {});
  await once(session, 'connect');
  const begun = Date.now();
  const page = `https://localhost:${f.port}/`;
  const { early, head } = await get(session, { ':path': '/', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', ...fields });
  for (const link of early) {
    await get(session, { ':path': link.match(/<([^>]*)>/)[1], referer: page, 'sec-fetch-dest': 'script' });
    await new Promise((done) => { setTimeout(done, Math.max(SLOW_MS, SLOW_FACTOR * (Date.now() - begun))); });
  }
  await get(session, { ':path': '/main.css', referer: page, 'sec-fetch-dest': 'style' });
  await get(session, { ':path': '/bg.png', referer: `https://localhost:${f.port}/main.css`, 'sec-fetch-dest': 'image' });
  session.close();
  await once(session, 'close');
  return { early, head };
}

async function proof(f) {
  return (await status(adminPort(f))).proof[0];
}

// A load counts when its connection has ended for the server, too.
async function proofWhen(f, condition) {
  for (const end = Date.now() + 30000; ;) {
    const row = await proof(f);
    if (row && condition(row)) return row;
    assert.ok(Date.now() < end, JSON.stringify(row));
  }
}

// Visitors come until the template is in that state.
async function visitUntil(f, state, from) {
  let n = from;
  let row;
  for (; n < from + MOST; n += AT_ONCE) {
    row = await proof(f);
    if (row?.state === state) return { n, row };
    await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => visit(f, n + i)));
  }
  assert.fail(`not ${state} after ${MOST} loads: ${JSON.stringify(row)}`);
}

test('hints that make a page later are switched off, and shown', { timeout: 300000 }, async (t) => {
  const { f, log } = await site(t);
  const blocking = await visitUntil(f, 'blocking', 0);
  // which of the times is sure first depends on how busy the machine is
  assert.match(blocking.row.why, later);
  const none = await visitUntil(f, 'none', blocking.n);
  assert.equal(none.row.switches, 2);
  assert.match(none.row.why, later);
  assert.equal(none.row.text, `no hints: ${none.row.why} with them`);
  await f.waitForLog(new RegExp(`${none.row.why} with hints: no hints are sent now`));

  // nobody gets a 103 any more; the origin's own Link stays
  for (let i = 0; i < 5; i++) {
    const { early, head } = await visit(f, none.n + i, { 'forerun-debug': '1' });
    assert.deepEqual(early, []);
    assert.match(head.link, /useless\.js/);
    assert.match(head['server-timing'], /harmful=[1-9]/);
    assert.match(head['server-timing'], /forerun-arm;desc="none"/);
  }
  const shown = await run(binary, ['status', '--admin', `127.0.0.2:${adminPort(f)}`, '--token-file', tokenFile()]);
  assert.ok(shown.stdout.includes(none.row.text), shown.stdout);
  assert.ok(shown.stdout.includes(`switched down 2 times, the last time because of: ${none.row.why}`), shown.stdout);
  const figures = await metrics(adminPort(f));
  assert.equal(sum(figures, 'forerun_hints_switched_total'), 2);
  assert.equal(sum(figures, 'forerun_hints_trial_state', 'state="none"'), 1);

  const arms = new Set((await f.accessRecords(log)).map((l) => l.arm));
  assert.deepEqual([...arms].sort(), ['all', 'blocking', 'none', undefined].sort());
});

test('an experiment compares from the first load on, outlives a restart, and ends when told to', { timeout: 120000 }, async (t) => {
  const { f, log } = await site(t, { hints: 'html: false, holdout: 0' });
  await visit(f, 0);
  assert.equal(await proof(f), undefined); // nothing is compared
  const admin = (g) => ['--admin', `127.0.0.2:${adminPort(g)}`, '--token-file', tokenFile()];
  const name = `localhost:${f.port}/`;
  const started = await run(binary, ['experiment', 'start', name, '--share', '50', ...admin(f)]);
  assert.equal(started.stdout, `${name}: started, 50 % of the visitors get no hints\n`);
  for (let n = 1; n <= 20; n++) await visit(f, n); // too few to switch anything
  const row = await proofWhen(f, (r) => r.loads === 20);
  assert.equal(row.name, name);
  assert.equal(row.experiment, 50);
  const arms = new Set((await f.accessRecords(log)).map((l) => l.arm));
  assert.deepEqual([...arms].sort(), ['all', 'none', undefined]);

  await f.stop();
  const g = await startAgain(t, f);
  assert.equal((await proof(g)).experiment, 50);
  const told = await run(binary, ['experiment', 'status', ...admin(g)]);
  assert.match(told.stdout, /\(50 % held out\)/);
  const stopped = await run(binary, ['experiment', 'stop', name, ...admin(g)]);
  assert.equal(stopped.stdout, `${name}: stopped\n`);
  assert.equal((await run(binary, ['experiment', 'stop', name, ...admin(g)])).code, 1);
  assert.equal((await run(binary, ['experiment', 'status', ...admin(g)])).stdout, 'no experiment runs\n');
  for (const wrong of [[], ['begin', name], ['start'], ['start', name, '--share', '51']])
    assert.equal((await run(binary, ['experiment', ...wrong, ...admin(g)])).code, 2, wrong.join(' '));
  assert.equal((await run(binary, ['experiment', 'start', 'nonsense', ...admin(g)])).code, 1);
});
