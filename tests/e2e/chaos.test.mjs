// A thousand pages with random links, for clients that misbehave as much as the
// protocol permits: at the end every link has exactly one decision and every
// promise exactly one outcome, and nothing is left over. The sequence is
// repeatable: FR_CHAOS_SEED says which.
import test from 'node:test';
import http2 from 'node:http2';
import fs from 'node:fs';
import { once } from 'node:events';
import { assert, startForerun, startOrigin, rawH2, preface, settings, frame, get, caFile } from './lib/harness.mjs';

const seed = Number(process.env.FR_CHAOS_SEED ?? 20161118);
const pages = Number(process.env.FR_CHAOS_PAGES ?? 1000);

function random(from) {
  let s = from >>> 0;
  const next = () => { s = (Math.imul(s ^ (s >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0; return ((s ^ (s >>> 13)) >>> 0) / 2 ** 32; };
  return { next, below: (n) => Math.floor(next() * n), chance: (p) => next() < p, pick: (list) => list[Math.floor(next() * list.length)] };
}

const kinds = ['style', 'script', 'font', 'image', 'fetch', 'spaceship', ''];
function links(r) {
  return Array.from({ length: r.below(14) }, () => {
    const n = r.below(40), as = r.pick(kinds);
    return r.pick([
      `</a${n}.css>; rel=preload; as=${as}`, `</a${n}.css>; rel=preload; as=${as}`, `</gone${n % 5}.css>; rel=preload; as=style`,
      `</slow${n % 7}.css>; rel=preload; as=script`, `</cut${n % 4}.css>; rel=preload; as=style`, `</a${n}.css>; rel=preload; as=style; nopush`,
      `<https://cdn.test/${n}>; rel=preload; as=script`, `</m${n}.mjs>; rel=modulepreload`, '<https://cdn.test>; rel=preconnect', '<>; rel=preload; as=fetch',
      '<broken', `</p${n}.css>; rel=preload; as=style; media=print`, '</next>; rel=next', `<//[::bad>; rel=preload; as=${as}`]);
  });
}

async function origin(t) {
  const server = await startOrigin(t, (req, res) => {
    const url = new URL(req.url, 'http://o');
    if (!url.pathname.startsWith('/page')) {
      if (url.pathname.startsWith('/gone')) { res.statusCode = 404; res.end('no'); return; }
      if (url.pathname.startsWith('/cut')) { res.writeHead(200, { 'content-length': 9000 }); res.write('x'.repeat(100)); setImmediate(() => res.destroy()); return; }
      res.writeHead(200, { 'cache-control': req.url.length % 2 ? 'max-age=60' : 'no-store', etag: '"1"' });
      res.end(Buffer.alloc(url.pathname.startsWith('/slow') ? 200000 : 3000, 'x'));
      return;
    }
    const r = random(Number(url.searchParams.get('r')));
    const status = r.pick([200, 200, 200, 200, 200, 304, 404, 500, 302]), set = links(r);
    if (r.chance(0.2) && set.length) res.writeEarlyHints({ link: set.slice(0, 3).filter((l) => l !== '<broken' && !l.includes('[::bad')) }, () => {});
    if (r.chance(0.03)) { req.socket.destroy(); return; }
    const body = status === 304 ? undefined : '<html>' + 'y'.repeat(r.below(30000));
    res.writeHead(status, { 'content-type': 'text/html', 'cache-control': r.pick(['no-store', 'private', 'max-age=1']), ...(set.length ? { link: set } : {}), ...(r.chance(0.1) ? { 'set-cookie': 'x=1' } : {}) });
    res.end(body);
  });
  return server;
}

// In a turn of its own: from inside its events Node's client may free a stream
// twice, and abort, for any code but CANCEL (nodejs/node issue 38964).
const reset = (stream, code) => setImmediate(() => stream.close(http2.constants[code]));

// One page on a session, and something done to it.
function visit(session, r, n) {
  return new Promise((resolve) => {
    let stream;
    try {
      stream = session.request({
        ':path': `/page${r.below(25)}?r=${r.below(1e9)}`, ':method': r.pick(['GET', 'GET', 'GET', 'GET', 'HEAD', 'POST']),
        ...(r.chance(0.3) ? { 'sec-fetch-mode': r.pick(['navigate', 'cors']) } : {}),
        ...(r.chance(0.2) ? { cookie: `sid=${r.below(5)}; fr-digest=${Buffer.from(Array.from({ length: r.below(60) }, () => r.below(256))).toString('base64url')}` } : {}),
        ...(r.chance(0.1) ? { 'if-none-match': '"x"' } : {}), ...(r.chance(0.1) ? { 'cache-digest': 'AeLA' } : {}),
        ...(r.chance(0.2) ? { priority: `u=${r.below(8)}${r.chance(0.5) ? ', i' : ''}` } : {}),
      }, { endStream: true });
    } catch { resolve(); return; }
    stream.on('error', () => {});
    stream.on('close', resolve);
    if (r.chance(0.1)) reset(stream, 'NGHTTP2_CANCEL');
    else if (r.chance(0.1)) stream.once('response', () => reset(stream, 'NGHTTP2_CANCEL'));
    else if (r.chance(0.05)) stream.once('headers', () => reset(stream, 'NGHTTP2_NO_ERROR'));
    stream.resume();
    if (n % 97 === 0) session.ping(() => {});
  });
}

function takePushes(session, r) {
  session.on('stream', (push) => {
    push.on('error', () => {});
    const what = r.below(8);
    if (what === 0) reset(push, 'NGHTTP2_CANCEL');
    else if (what === 1) reset(push, 'NGHTTP2_REFUSED_STREAM');
    else if (what === 2) push.once('data', () => reset(push, 'NGHTTP2_CANCEL'));
    else if (what === 3) push.once('push', () => reset(push, 'NGHTTP2_INTERNAL_ERROR'));
    push.resume();
  });
}

async function client(f, r, quota) {
  while (quota.left > 0) {
    const session = http2.connect(`https://localhost:${f.port}`, {
      ca: fs.readFileSync(caFile),
      settings: { enablePush: !r.chance(0.25), maxConcurrentStreams: r.pick([1, 3, 100, 1000]), initialWindowSize: r.pick([1000, 65535, 1 << 20]) },
    });
    session.on('error', () => {});
    takePushes(session, r);
    const closed = new Promise((resolve) => session.once('close', resolve));
    const some = 1 + r.below(12), open = [];
    for (let i = 0; i < some && quota.left > 0 && !session.destroyed; i++) {
      const n = quota.left--;
      const done = visit(session, r, n);
      if (r.chance(0.5)) await done; else open.push(done);
      if (r.chance(0.05)) session.settings({ enablePush: r.chance(0.5) }, () => {});
    }
    if (r.chance(0.3)) session.destroy();
    else { await Promise.all(open); session.close(); }
    const timer = setTimeout(() => session.destroy(), 1500); // pushes that a tiny window holds
    await closed;
    clearTimeout(timer);
  }
}

// What Node's client cannot do: promises answered with frames for streams that
// do not exist yet, resets of promised streams in one write with the request.
async function rude(f, r) {
  const cancel = (id) => frame(3, 0, id, Buffer.from([0, 0, 0, 8]));
  const frames = await rawH2(f.plainPort, Buffer.concat([preface, settings, frame(1, 5, 1, get(`/page1?r=${r.below(1e9)}`))]), (all, socket) => {
    const last = all.at(-1);
    if (last.type === 5) socket.write(Buffer.concat([cancel(last.payload.readUInt32BE(0)), frame(2, 0, last.payload.readUInt32BE(0), Buffer.from([0, 0, 0, 1, 9]))]));
    if (last.type === 5 && r.chance(0.3)) socket.write(cancel(1));
    return last.id === 1 && (last.flags & 1 || last.type === 3) && r.chance(0.8);
  }, 3000).catch(() => []);
  return frames;
}

test('a thousand pages for clients that misbehave: every link has one decision, every promise one outcome', async (t) => {
  const o = await origin(t);
  const f = await startForerun(t, { logLevel: 'info', config: `
workers: 2
listen: [{address: "127.0.0.1:0"}, {address: "127.0.0.1:0", tls: false}]
http2: {reset_burst: 1000000, reset_per_second: 1000000}
sites:
  - hosts: ["*"]
    origin: {url: "${o.url}"}
    hints: {max_pushes_per_page: 8, failure_ttl: 100ms, html_interval: 0ms, server_timing: 20%, witnesses: 1}
    rules: [{path: "/page1*", links: ["</rule.css>; rel=preload; as=style"]}]
` });
  const quota = { left: pages };
  await Promise.all(Array.from({ length: 8 }, (_, i) => client(f, random(seed + i), quota)));
  for (let i = 0; i < 40; i++) await rude(f, random(seed + 100 + i));
  const c = await f.countersWhen((x) => x.exchanges_open === 0 && x.connections_open === 0 && x.fills_open === 0);
  const decisions = Object.values(c.hints_by_reason).reduce((a, b) => a + b, 0);
  assert.ok(c.hints > pages, `${c.hints} links`);
  assert.equal(decisions, c.hints);
  assert.equal(c.hints_by_reason.undecided, undefined);
  assert.equal(c.hints_by_reason.pushed, c.pushes_promised);
  assert.ok(c.pushes_promised > pages / 4, `${c.pushes_promised} pushes`);
  assert.equal(c.pushes_completed + c.pushes_cancelled + c.pushes_refused + c.pushes_failed, c.pushes_promised);
  for (const outcome of ['pushes_completed', 'pushes_cancelled', 'pushes_refused', 'pushes_failed', 'early_hints', 'hints_warmed', 'digests_set'])
    assert.ok(c[outcome] > 0, outcome);
  assert.equal(c.taps_open, 0);
  t.diagnostic(`${c.requests} requests, ${c.hints} links, ${c.pushes_promised} pushes, ${JSON.stringify(c.hints_by_reason)}`);
});
