// Hints for every client: what is remembered of a page leaves before the origin
// has made it, by push or in one 103, and only if the client lacks it.
import test from 'node:test';
import http2 from 'node:http2';
import zlib from 'node:zlib';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { assert, startForerun, startOrigin, startRawOrigin, h2connect, h2request, loadPage, run, raw, rawH2, preface, frame, get, caFile } from './lib/harness.mjs';

const css = '</a.css>; rel=preload; as=style', js = '</b.js>; rel=preload; as=script';
const fresh = { 'cache-control': 'public, max-age=86400', etag: '"1"' };
const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };

// An origin whose pages (paths without a dot) wait for `release` of each, from
// the second load on; `page(req)` gives their head and body. think: ms that it
// takes for a page, by which the edge judges what fits before it.
async function site(t, page, { config = '', hints = '', rules = '', asset, workers = 1, think = 0, ...options } = {}) {
  const held = [];
  const origin = await startOrigin(t, (req, res) => {
    if (req.url.split('?')[0].includes('.')) {
      if (asset && asset(req, res)) return;
      res.writeHead(200, { ...fresh, 'content-type': 'text/css' });
      res.end(`asset ${req.url}`);
      return;
    }
    const { status = 200, headers = {}, body = '<html>' } = page(req);
    const answer = () => { res.writeHead(status, { 'content-type': 'text/html', 'cache-control': 'no-store', ...headers }); res.end(body); };
    if (origin.holds) held.push(answer); else if (think) setTimeout(answer, think); else answer();
  });
  // those that come later are answered at once
  origin.release = () => { origin.holds = false; held.splice(0).forEach((f) => f()); };
  const f = await startForerun(t, { config: `
workers: ${workers}
listen: [{address: "127.0.0.1:0"}, {address: "127.0.0.1:0", tls: false}]
${config}
sites:
  - hosts: ["*"]
    origin: {url: "${origin.url}"}
    hints: {${hints}}
${rules}
`, ...options });
  return { f, origin };
}

const noPush = { settings: { enablePush: false } };
const timing = (got) => got.page?.headers['server-timing'] ?? got.headers['server-timing'];
const debug = { 'forerun-debug': '1' };
// A navigation by a client without push.
async function navigate(t, f, path, extra = {}) {
  const s = await h2connect(t, f.port, noPush);
  return h2request(s, { ':path': path, ...navigation, ...debug, ...extra });
}

test('the second visitor is pushed what the page needs before the origin has made it', async (t) => {
  const { f, origin } = await site(t, () => ({ headers: { link: `${css}, ${js}` } }));
  const first = await loadPage(await h2connect(t, f.port), '/');
  assert.deepEqual(first.paths, ['/a.css', '/b.js']);
  origin.holds = true;
  let complete = 0;
  // the page is only answered when both assets are complete
  const second = await loadPage(await h2connect(t, f.port), '/', {}, (stream) => stream.once('close', () => { if (++complete === 2) origin.release(); }));
  assert.deepEqual(second.paths, ['/a.css', '/b.js']);
  assert.match(timing(second), /links=2, pushed=2/);
  assert.equal(second.page.headers.link, `${css}, ${js}`);
});

test('a navigation without push gets one 103 with what the page needs, before the origin has made it', async (t) => {
  const links = `${css}; nopush; title=x, </f.woff2>; rel=preload; as=font; crossorigin, <https://cdn.test>; rel=preconnect, </m.mjs>; rel=modulepreload, </next>; rel=next`;
  const { f, origin } = await site(t, () => ({ headers: { link: links } }), { think: 200 });
  const first = await navigate(t, f, '/');
  assert.deepEqual(first.informational, []);
  assert.match(timing(first), /links=4, .*with-response=4/);
  origin.holds = true;
  const s = await h2connect(t, f.port, noPush);
  const stream = s.request({ ':path': '/', ...navigation, ...debug });
  const [early] = await once(stream, 'headers');
  assert.equal(early[':status'], 103);
  assert.deepEqual(Object.keys(early).filter((k) => typeof k === 'string').sort(), [':status', 'link']);
  assert.deepEqual(early.link.split(', ').sort(), [
    '</a.css>; rel=preload; as=style', '</f.woff2>; rel=preload; as=font; crossorigin', '</m.mjs>; rel=modulepreload', '<https://cdn.test/>; rel=preconnect'].sort());
  const more = [];
  stream.on('headers', (h) => more.push(h));
  origin.release();
  const [final] = await once(stream, 'response');
  stream.resume();
  await once(stream, 'close');
  assert.deepEqual(more, []);
  assert.equal(final.link, links);
  assert.match(final['server-timing'], /links=4, hinted=4/);
  assert.equal((await f.counters()).early_hints, 1);
});

// A style sheet goes before the rest of the page if it is the shorter one, else after it.
// A page that goes first comes from the origin in one piece: what has nothing to send makes way.
for (const [scheme, encoding, length, pageLength, place] of [['urgency', 'identity', 150000, 120000, 'before'], ['tree', 'gzip', 150000, 120000, 'before'],
  ['urgency', 'gzip', 200000, 9000, 'after'], ['tree', 'identity', 200000, 9000, 'after']]) {
  test(`what a 103 names goes behind the page’s head and ${place} the rest of the page, by ${scheme}, ${encoding}`, async (t) => {
    const head = `<html><head><title>${'x'.repeat(300)}</title></head>`, plain = Buffer.from(`${head}<body>${randomBytes(pageLength).toString('base64')}`);
    const body = encoding === 'gzip' ? zlib.gzipSync(plain) : plain;
    const { f, origin } = await site(t, () => ({ headers: { link: css, 'content-length': body.length, ...(encoding === 'gzip' && { 'content-encoding': encoding }) }, body }), {
      asset: (req, res) => { res.writeHead(200, { ...fresh, 'content-type': 'text/css' }); res.end('z'.repeat(length)); return true; } });
    const number = (n) => { const b = Buffer.alloc(4); b.writeUInt32BE(n); return b; };
    // stream windows of a megabyte; the connection's own is what the client gives out by hand
    const setting = (id, value) => Buffer.concat([Buffer.from([0, id]), number(value)]);
    const own = frame(4, 0, 0, Buffer.concat([setting(2, 0), setting(4, 1 << 20), ...(scheme === 'urgency' ? [setting(9, 1)] : [])]));
    const ask = (id, path, priority) => frame(1, 5, id, get(path, [['priority', priority], ...(id === 1 ? Object.entries(navigation) : [])]));
    const ended = (frames) => frames.filter((x) => x.type === 0 && x.flags & 1).length;
    const open = frame(8, 0, 0, number(1 << 20));
    await rawH2(f.plainPort, Buffer.concat([preface, own, open, ask(1, '/', 'u=0'), ask(3, '/a.css', 'u=0')]), (frames) => ended(frames) === 2);
    origin.holds = true;
    const bodies = [];
    let asked = false, opened = false;
    await rawH2(f.plainPort, Buffer.concat([preface, own, ask(1, '/', 'u=0, i')]), (frames, socket) => {
      const { type, id, payload } = frames.at(-1);
      if (type === 1 && id === 1 && !asked) { asked = true; socket.write(ask(3, '/a.css', 'u=0')); }
      else if (type === 1 && id === 1) { opened = true; socket.write(open); }
      if (type === 0) bodies.push([id, payload.length, payload]);
      // the first window is used up: the page may come
      if (type === 0 && !opened && bodies.reduce((n, [, len]) => n + len, 0) === 65535) origin.release();
      return ended(frames) === 2;
    });
    const sum = (list, which) => list.filter(([id]) => id === which).reduce((n, [, len]) => n + len, 0);
    const firstPage = bodies.findIndex(([id]) => id === 1);
    const lead = bodies[firstPage][1];
    assert.equal(sum(bodies.slice(0, firstPage), 3), 65535);
    const began = encoding === 'gzip' ? zlib.gunzipSync(bodies[firstPage][2], { finishFlush: zlib.constants.Z_SYNC_FLUSH }) : bodies[firstPage][2];
    assert.ok(began.includes('</head') && lead <= head.length + 256, `${lead} bytes`);
    const rest = bodies.slice(firstPage + 1), first = place === 'before' ? 3 : 1;
    assert.deepEqual(new Set(rest.slice(0, rest.findLastIndex(([id]) => id === first) + 1).map(([id]) => id)), new Set([first]));
    assert.equal(sum(bodies, 3), length);
    assert.equal(sum(bodies, 1), body.length);
  });
}

test('curl shows the 103 of a navigation, and none without one', async (t) => {
  const { f } = await site(t, () => ({ headers: { link: css } }));
  const curl = async (...args) => (await run('curl', ['-sv', '--cacert', caFile, `https://localhost:${f.port}/`, ...args])).stderr;
  await curl();
  assert.match(await curl('-H', 'Sec-Fetch-Mode: navigate'), /< HTTP\/2 103 \r?\n< link: <\/a.css>; rel=preload; as=style\r?\n[^<]*(< \r?\n[^<]*)?< HTTP\/2 200/);
  assert.doesNotMatch(await curl(), /HTTP\/2 103/);
  assert.doesNotMatch(await curl('-H', 'Sec-Fetch-Mode: cors'), /HTTP\/2 103/);
  assert.doesNotMatch(await curl('-H', 'Sec-Fetch-Mode: navigate', '--http1.1'), /HTTP\/[0-9.]+ 103/);
});

test('103 by configuration: always, off, and over HTTP/1.1', async (t) => {
  const get = `GET / HTTP/1.1\r\nHost: a\r\nSec-Fetch-Mode: navigate\r\nConnection: close\r\n\r\n`;
  const always = await site(t, () => ({ headers: { link: css } }), { hints: 'early_hints: always, early_hints_http1: true' });
  await navigate(t, always.f, '/');
  const s = await h2connect(t, always.f.port, noPush);
  assert.equal((await h2request(s, '/')).informational.length, 1);
  await raw(always.f.plainPort, get); // the page of another scheme is another page
  assert.match((await raw(always.f.plainPort, get)).text, /^HTTP\/1.1 103 Early Hints\r\nlink: <\/a.css>; rel=preload; as=style\r\n\r\nHTTP\/1.1 200/i);
  const off = await site(t, () => ({ headers: { link: css } }), { hints: 'early_hints: "off"' });
  await navigate(t, off.f, '/');
  assert.deepEqual((await navigate(t, off.f, '/')).informational, []);
});

// A raw origin that answers pages with these interim responses first.
async function talkative(t, interim, options = {}) {
  const origin = await startRawOrigin(t, (socket, head) => {
    if (head.startsWith('GET / ')) {
      for (const i of interim) socket.write(`HTTP/1.1 103 Early Hints\r\n${i}\r\n\r\n`);
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nCache-Control: no-store\r\nContent-Length: 2\r\n\r\nok');
    } else socket.write('HTTP/1.1 200 OK\r\nCache-Control: max-age=999\r\nContent-Length: 3\r\n\r\ncss');
  });
  const f = await startForerun(t, { config: `
workers: 1
listen: [{address: "127.0.0.1:0"}, {address: "127.0.0.1:0", tls: false}]
sites: [{hosts: ["*"], origin: {url: "${origin.url}"}, hints: {${options.hints ?? ''}}}]
` });
  return { f, origin };
}

test('several 103 of the origin never become several to the client, and only Link travels', async (t) => {
  const { f } = await talkative(t, [`Link: ${css}\r\nX-Secret: 1\r\nContent-Security-Policy: default-src 'self'`, `Link: ${js}`, `Link: ${css}`]);
  const first = await navigate(t, f, '/');
  assert.equal(first.informational.length, 1);
  assert.equal(first.informational[0].link, '</a.css>; rel=preload; as=style');
  assert.equal(first.informational[0]['x-secret'], undefined);
  assert.equal(first.informational[0]['content-security-policy'], undefined);
  assert.match(timing(first), /links=2, hinted=1, after-103=1/);
  // what the origin said then is known the next time
  const second = await navigate(t, f, '/');
  assert.equal(second.informational.length, 1);
  assert.equal(second.informational[0].link, '</a.css>; rel=preload; as=style, </b.js>; rel=preload; as=script');
  // other clients get the first as the origin wrote it
  const s = await h2connect(t, f.port, noPush);
  const other = await h2request(s, '/');
  assert.equal(other.informational.length, 1);
  assert.equal(other.informational[0].link, css);
  assert.doesNotMatch((await raw(f.plainPort, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).text, /103/);
});

test('the policy of an origin’s 103 travels where configured', async (t) => {
  const { f } = await talkative(t, [`Link: ${css}\r\nContent-Security-Policy: default-src 'self'`], { hints: 'early_hints_csp: true' });
  const got = await navigate(t, f, '/');
  assert.equal(got.informational[0]['content-security-policy'], "default-src 'self'");
});

test('a 103 names only what a browser can reuse', async (t) => {
  const links = `${css}, </no-store.js>; rel=preload; as=script, </font.woff>; rel=preload; as=font, </any>; rel=preload, </print.css>; rel=preload; as=style; media=print`;
  const { f } = await site(t, () => ({ headers: { link: links } }), {
    asset: (req, res) => { if (req.url !== '/no-store.js') return false; res.setHeader('cache-control', 'no-store'); res.end('x'); return true; },
  });
  await loadPage(await h2connect(t, f.port), '/'); // pushes, by which the assets become known
  const got = await navigate(t, f, '/');
  assert.equal(got.informational[0].link, '</a.css>; rel=preload; as=style');
  assert.match(timing(got), /hinted=1, media=1, no-as=1, no-crossorigin=1, not-reusable=1/);
});

test('links vanish from memory when a load no longer has them', async (t) => {
  let link = `${css}, ${js}`;
  const { f } = await site(t, () => ({ headers: link ? { link } : {} }));
  await navigate(t, f, '/');
  link = js;
  assert.equal((await navigate(t, f, '/')).informational[0].link, '</a.css>; rel=preload; as=style, </b.js>; rel=preload; as=script');
  assert.equal((await navigate(t, f, '/')).informational[0].link, '</b.js>; rel=preload; as=script');
  link = '';
  await navigate(t, f, '/');
  assert.deepEqual((await navigate(t, f, '/')).informational, []);
});

test('an asset that is gone or moved is forgotten', async (t) => {
  for (const status of [404, 410, 301, 500]) {
    let isGone = false;
    const { f } = await site(t, () => ({ headers: { link: `${css}, ${js}` } }), {
      asset: (req, res) => { if (!isGone || req.url !== '/a.css') return false; res.writeHead(status, { location: '/c.css' }); res.end(); return true; },
      config: 'hint_memory: {file: none}', hints: 'failure_ttl: 0ms',
    });
    await loadPage(await h2connect(t, f.port), '/');
    isGone = true;
    // its stored copy would answer
    const s = await h2connect(t, f.port);
    await h2request(s, { ':path': '/a.css', 'cache-control': 'no-cache' });
    // one client's word for a redirect is not enough
    if (status === 301) {
      assert.match((await navigate(t, f, '/')).informational[0].link, /a\.css/);
      await run('curl', ['-s', '-o', '/dev/null', '--cacert', caFile, '--interface', '127.0.0.2', '-H', 'Cache-Control: no-cache', `https://localhost:${f.port}/a.css`]);
    }
    const again = await loadPage(await h2connect(t, f.port), '/');
    if (status !== 500) {
      const got = await navigate(t, f, '/');
      assert.equal(got.informational[0].link, '</b.js>; rel=preload; as=script', `${status}: ${timing(again)}`);
    }
  }
});

test('links of personal pages are remembered when several different clients saw them', async (t) => {
  const { f } = await site(t, (req) => ({ headers: { link: `${css}, </avatar-${req.headers.cookie}.png>; rel=preload; as=image` } }), { hints: 'witnesses: 3' });
  // all of these come from one address: cookies alone make no witness
  for (const cookie of ['a', 'b', 'c', 'd']) assert.deepEqual((await navigate(t, f, '/', { cookie })).informational, []);
  // different addresses, different cookies
  const visit = (n) => run('curl', ['-s', '-o', '/dev/null', '--cacert', caFile, '--interface', `127.0.0.${n}`, '-H', `Cookie: x${n}`, `https://localhost:${f.port}/p`]);
  await visit(2);
  assert.deepEqual((await navigate(t, f, '/p', { cookie: 'other' })).informational, []); // the second witness
  await visit(2);
  assert.deepEqual((await navigate(t, f, '/p', { cookie: 'another' })).informational, []);
  await visit(3);
  const got = await navigate(t, f, '/p', { cookie: 'new' });
  assert.equal(got.informational[0].link, '</a.css>; rel=preload; as=style');
});

test('what is remembered survives a restart and a crash', async (t) => {
  const { tempFile } = await import('./lib/harness.mjs');
  const file = tempFile('hints.db');
  const page = () => ({ headers: { link: css, 'cache-control': 'max-age=0' } });
  const one = await site(t, page, { config: `hint_memory: {file: "${file}"}` });
  const port = one.f.port;
  await navigate(t, one.f, '/');
  await one.f.countersWhen((c) => c.hint_db_written > 0);
  one.f.child.kill('SIGKILL');
  await one.f.ended;
  one.f.code = 0; // as asked
  const config = (await import('node:fs')).readFileSync(one.f.configFile, 'utf8').replace('127.0.0.1:0', `127.0.0.1:${port}`);
  const two = await startForerun(t, { config });
  assert.match(two.text, /pages remembered: 1 /);
  assert.equal((await navigate(t, two, '/')).informational[0].link, '</a.css>; rel=preload; as=style');
  await two.stop();
  const three = await startForerun(t, { config });
  assert.equal((await navigate(t, three, '/')).informational.length, 1);
});

test('a query tells pages apart; which parameters do can be said', async (t) => {
  const page = (req) => ({ headers: { link: `</${new URL(req.url, 'http://a').searchParams.get('id')}.css>; rel=preload; as=style`, 'cache-control': 'max-age=0' } });
  for (const [hints, query, expected] of [['', '?id=2', []], ['', '?id=1', ['/1.css']], ['keep_query: true', '?id=2', []], ['keep_query: true', '?id=1', ['/1.css']], ['query_only: [id]', '?x=7&id=1', ['/1.css']], ['query_only: [id]', '?id=2', []]]) {
    const { f } = await site(t, page, { hints });
    await navigate(t, f, '/?id=1');
    const got = await navigate(t, f, `/${query}`);
    assert.deepEqual(got.informational.map((h) => /<(.*?)>/.exec(h.link)[1]), expected, `${hints} ${query}`);
  }
});

test('rules give hints to pages whose origin says nothing', async (t) => {
  const { f } = await site(t, () => ({}), { rules: `
    rules:
      - {path: "/shop/*", links: ["</shop.css>; rel=preload; as=style"]}
      - {path: "*", links: ["</all.js>; rel=preload; as=script", "<https://cdn.test>; rel=preconnect"]}
` });
  const got = await navigate(t, f, '/shop/1');
  assert.deepEqual(got.informational[0].link.split(', ').sort(), ['</all.js>; rel=preload; as=script', '</shop.css>; rel=preload; as=style', '<https://cdn.test/>; rel=preconnect']);
  assert.deepEqual((await loadPage(await h2connect(t, f.port), '/')).paths, ['/all.js']);
  assert.match((await f.counters(), f.text), /from=rule: early-hints \(hinted\)/);
});

const html = `<!doctype html><html><head><title>t</title><link rel=stylesheet href=a.css><script src="/b.js"></script>
<script src="/late.js" defer></script><link rel="preload" as="font" href="/f.woff2" crossorigin></head><body><img src="1.png"><img src="x.png" loading=lazy></body></html>`;

test('what HTML names is found, whatever its encoding, and leaves with the next load', async (t) => {
  const encodings = { identity: (x) => x, gzip: zlib.gzipSync, br: zlib.brotliCompressSync };
  for (const [name, encode] of Object.entries(encodings)) {
    const body = encode(Buffer.from(html));
    const { f } = await site(t, () => ({ headers: name === 'identity' ? {} : { 'content-encoding': name }, body }), { think: 200 });
    const first = await h2connect(t, f.port, noPush);
    const got = await new Promise((resolve) => {
      const stream = first.request({ ':path': '/d/' });
      const chunks = [];
      stream.on('data', (d) => chunks.push(d));
      stream.on('end', () => resolve(Buffer.concat(chunks)));
    });
    assert.deepEqual(got, body);
    const second = await loadPage(await h2connect(t, f.port), '/d/');
    assert.deepEqual(second.paths.slice(0, 2), ['/d/a.css', '/b.js'], name);
    assert.deepEqual(second.paths.slice(2).sort(), ['/d/1.png', '/f.woff2', '/late.js']); // as the link has room
    const third = await navigate(t, f, '/d/');
    assert.match(third.informational[0].link, /^<\/d\/a.css>; rel=preload; as=style, <\/b.js>; rel=preload; as=script\b/);
  }
});

test('HTML shows which of the origin’s links rendering waits for, also where the page gets a digest cookie', async (t) => {
  const { f } = await site(t, () => ({ headers: { link: [js, '</f.woff2>; rel=preload; as=font; crossorigin'] }, body: '<html><head><title>t</title></head><body>b<script src="/b.js"></script></body></html>' }));
  const first = await loadPage(await h2connect(t, f.port), '/');
  assert.deepEqual(first.paths, ['/b.js', '/f.woff2']);
  assert.ok(first.page.headers['set-cookie']);
  assert.deepEqual((await loadPage(await h2connect(t, f.port), '/')).paths, ['/f.woff2', '/b.js']);
});

test('what a query puts into a page is not hinted to others', async (t) => {
  const { f } = await site(t, (req) => ({ body: `<html><head><link rel=stylesheet href="/${new URL(req.url, 'http://a').searchParams.get('x') ?? 'own'}.css"></head>` }));
  await navigate(t, f, '/?x=evil');
  assert.deepEqual((await navigate(t, f, '/')).informational, []);
  assert.equal((await navigate(t, f, '/')).informational[0].link, '</own.css>; rel=preload; as=style');
  assert.equal((await navigate(t, f, '/?x=evil')).informational[0].link, '</evil.css>; rel=preload; as=style');
  assert.deepEqual((await navigate(t, f, '/?x=other')).informational, []);
});

test('HTML of pages that are stored is scanned as well; switched off it is not', async (t) => {
  const page = () => ({ headers: { 'cache-control': 'public, max-age=60' }, body: html });
  const on = await site(t, page);
  await loadPage(await h2connect(t, on.f.port), '/d/');
  const hit = await loadPage(await h2connect(t, on.f.port), '/d/');
  assert.match(hit.page.headers['cache-status'], /hit/);
  assert.ok(hit.paths.includes('/d/a.css'));
  const off = await site(t, page, { hints: 'html: false' });
  await loadPage(await h2connect(t, off.f.port), '/d/');
  assert.deepEqual((await loadPage(await h2connect(t, off.f.port), '/d/')).paths, []);
});

test('a hinted asset is fetched into the cache at once', async (t) => {
  const { f, origin } = await site(t, () => ({ headers: { link: css } }));
  await navigate(t, f, '/', { cookie: 'secret=1' });
  await f.countersWhen((c) => c.cache_stored === 1 && c.fills_open === 0);
  const asked = origin.requests.filter((r) => r.url === '/a.css');
  assert.equal(asked.length, 1);
  assert.equal(asked[0].headers.cookie, undefined);
  const s = await h2connect(t, f.port, noPush);
  assert.match((await h2request(s, '/a.css')).headers['cache-status'], /forerun; hit/);
  assert.equal((await f.counters()).hints_warmed, 1);
  const off = await site(t, () => ({ headers: { link: css } }), { hints: 'warm: false' });
  await navigate(t, off.f, '/');
  await navigate(t, off.f, '/');
  assert.equal(off.origin.requests.filter((r) => r.url === '/a.css').length, 0);
});

test('what turned out not to be storable is not warmed again', async (t) => {
  const { f, origin } = await site(t, () => ({ headers: { link: css } }), { asset: (req, res) => { res.setHeader('cache-control', 'private'); res.end('x'); return true; } });
  for (let i = 0; i < 4; i++) { await navigate(t, f, '/'); await f.countersWhen((c) => c.fills_open === 0); }
  assert.equal(origin.requests.filter((r) => r.url === '/a.css').length, 1);
});

test('a returning visitor is pushed nothing', async (t) => {
  const { f, origin } = await site(t, (req) => ({ headers: { link: `${css}, ${js}`, 'x-cookie': req.headers.cookie ?? 'none' } }));
  const first = await loadPage(await h2connect(t, f.port), '/');
  assert.deepEqual(first.paths, ['/a.css', '/b.js']);
  const set = first.page.headers['set-cookie'];
  assert.equal(set.length, 1);
  assert.match(set[0], /^fr-digest=[\w-]{1,512}; Path=\/; Max-Age=\d+; Secure; HttpOnly; SameSite=Lax$/);
  const cookie = set[0].split(';')[0];
  const back = await loadPage(await h2connect(t, f.port), '/', { cookie: `sid=1; ${cookie}; theme=dark` });
  assert.deepEqual(back.paths, []);
  assert.match(timing(back), /cached=2/);
  assert.equal(back.page.headers['set-cookie'], undefined, 'nothing new to say');
  // neither the origin nor pushes see it
  assert.equal(back.page.headers['x-cookie'], 'sid=1; theme=dark');
  const alone = await loadPage(await h2connect(t, f.port), '/', { cookie });
  assert.equal(alone.page.headers['x-cookie'], 'none');
  assert.ok(origin.requests.every((r) => !/fr-digest/.test(r.headers.cookie ?? '')));
  // another visitor gets everything
  assert.deepEqual((await loadPage(await h2connect(t, f.port), '/')).paths, ['/a.css', '/b.js']);
});

test('the digest cookie grows with what the client gets, and a new version of an asset is pushed', async (t) => {
  let etag = '"1"', link = css;
  const { f } = await site(t, () => ({ headers: { link } }), {
    asset: (req, res) => { res.writeHead(200, { ...fresh, 'cache-control': 'max-age=86400, no-cache="x"', etag }); res.end(req.url); return true; },
  });
  await loadPage(await h2connect(t, f.port), '/'); // the assets become known
  const one = await loadPage(await h2connect(t, f.port), '/');
  let cookie = one.page.headers['set-cookie'][0].split(';')[0];
  link = `${css}, ${js}`;
  const two = await loadPage(await h2connect(t, f.port), '/', { cookie });
  assert.deepEqual(two.paths, ['/b.js']);
  cookie = two.page.headers['set-cookie'][0].split(';')[0];
  assert.deepEqual((await loadPage(await h2connect(t, f.port), '/', { cookie })).paths, []);
});

test('no digest for clients without push, over plain HTTP, with stored pages or when switched off', async (t) => {
  const { f } = await site(t, () => ({ headers: { link: css } }));
  assert.equal((await navigate(t, f, '/')).headers['set-cookie'], undefined);
  const stored = await site(t, () => ({ headers: { link: css, 'cache-control': 'public, max-age=60' } }));
  for (let i = 0; i < 2; i++) assert.equal((await loadPage(await h2connect(t, stored.f.port), '/')).page.headers['set-cookie'], undefined);
  const off = await site(t, () => ({ headers: { link: css } }), { hints: 'digest: false' });
  assert.equal((await loadPage(await h2connect(t, off.f.port), '/')).page.headers['set-cookie'], undefined);
});

test('hostile digests are harmless', async (t) => {
  const { f } = await site(t, (req) => ({ headers: { link: css, 'x-cookie': req.headers.cookie ?? 'none' } }));
  for (const value of ['', 'A', '!!!', 'AQ', 'A'.repeat(512), 'A'.repeat(5000), '"quoted"', '__________8', 'AQAAAAAAAAAAAAAAAAAAAAAAAAAAAA']) {
    const got = await loadPage(await h2connect(t, f.port), '/', { cookie: `a=1; fr-digest=${value}; b=2; fr-digest=${value}` });
    assert.deepEqual(got.paths, ['/a.css'], value.slice(0, 20));
    assert.equal(got.page.headers['x-cookie'], 'a=1; b=2');
  }
});

test('Clear-Site-Data clears the digest', async (t) => {
  let clear = {};
  const { f } = await site(t, () => ({ headers: { link: css, ...clear } }));
  const s = await h2connect(t, f.port);
  const cookie = (await loadPage(s, '/')).page.headers['set-cookie'][0].split(';')[0];
  clear = { 'clear-site-data': '"cache"' };
  const got = await loadPage(s, '/', { cookie });
  assert.match(got.page.headers['set-cookie'][0], /^fr-digest=; Path=\/; Max-Age=0;/);
  clear = {};
  assert.deepEqual((await loadPage(s, '/')).paths, ['/a.css'], 'on the same connection, too');
});

test('Cache-Digest says what the client has', async (t) => {
  const { f } = await site(t, () => ({ headers: { link: `${css}, ${js}` } }));
  const { createHash } = await import('node:crypto');
  // one entry, N = 1 (log2 0), P = 2^7: the first 7 bits of the hash of the URL
  const hash = createHash('sha256').update(`https://localhost:${f.port}/a.css`).digest();
  const value = hash.readUInt32BE(0) >>> 25;
  const bits = '00000' + '00111' + '1' + value.toString(2).padStart(7, '0');
  const digest = Buffer.from(bits.padEnd(Math.ceil(bits.length / 8) * 8, '0').match(/.{8}/g).map((b) => parseInt(b, 2))).toString('base64url');
  const got = await loadPage(await h2connect(t, f.port), '/', { 'cache-digest': digest });
  assert.ok(!got.paths.includes('/a.css'), timing(got));
  for (const bad of ['', '!', 'A'.repeat(9000), `${digest}; flag`, 'AAAA, AAAA, AAAA, AAAA, AAAA, AAAA'])
    assert.ok((await loadPage(await h2connect(t, f.port), '/', { 'cache-digest': bad })).paths.length >= 1);
});

test('pushes for a page are bounded in bytes, too', async (t) => {
  const links = [1, 2, 3, 4].map((i) => `</${i}.css>; rel=preload; as=style`).join(', ');
  const { f } = await site(t, () => ({ headers: { link: links } }), {
    hints: 'max_push_bytes_per_page: 25000', asset: (req, res) => { res.writeHead(200, fresh); res.end(Buffer.alloc(10000, 'x')); return true; },
  });
  await loadPage(await h2connect(t, f.port), '/');
  const got = await loadPage(await h2connect(t, f.port), '/');
  assert.deepEqual(got.paths, ['/1.css', '/2.css']);
  assert.match(timing(got), /byte-limit=2/);
});

test('an asset that clients cancel is no longer pushed to their kind, and comes back by trial', async (t) => {
  // larger than a window: it is never complete before the client's reset
  const { f } = await site(t, () => ({ headers: { link: `${css}, ${js}` } }), {
    asset: (req, res) => { if (req.url !== '/a.css') return false; res.writeHead(200, fresh); res.end(Buffer.alloc(100000, 'x')); return true; },
  });
  const load = async (agent, onPush) => loadPage(await h2connect(t, f.port), '/', { 'user-agent': agent }, onPush);
  const cancel = (stream, p) => { if (p.path === '/a.css') stream.close(http2.constants.NGHTTP2_CANCEL); };
  let cancelled = 0;
  for (; cancelled < 20; cancelled++) if (!(await load('node', cancel)).paths.includes('/a.css')) break;
  assert.ok(cancelled >= 3 && cancelled < 20, `${cancelled} cancels`);
  const now = await load('node');
  assert.deepEqual(now.paths, ['/b.js']);
  assert.match(timing(now), /often-cancelled=1/);
  assert.ok((await load('Java-http-client/21')).paths.includes('/a.css'), 'other kinds of clients get it');
  let skipped = 0;
  for (; skipped < 40; skipped++) if ((await load('node')).paths.includes('/a.css')) break;
  assert.ok(skipped > 3 && skipped < 40, `${skipped} loads without it`);
  assert.ok((await load('node')).paths.includes('/a.css'), 'the trial was kept');
});

test('a page that is answered with an error may have had its hints, and is counted', async (t) => {
  let status = 200;
  const { f } = await site(t, () => ({ status, headers: { link: css } }));
  await navigate(t, f, '/');
  status = 500;
  const got = await navigate(t, f, '/');
  assert.equal(got.status, 500);
  assert.equal(got.informational.length, 1);
  assert.equal((await f.counters()).hints_before_error, 1);
});

test('a request that says it is no navigation, or asks whether the page changed, gets nothing early', async (t) => {
  const { f, origin } = await site(t, () => ({ headers: { link: css, etag: '"p"' } }));
  await loadPage(await h2connect(t, f.port), '/');
  origin.holds = true;
  for (const extra of [{ 'sec-fetch-mode': 'cors' }, { 'if-none-match': '"old"' }, { range: 'bytes=0-1' }]) {
    const s = await h2connect(t, f.port);
    let early = 0;
    s.on('stream', (stream) => { early++; stream.on('error', () => {}); stream.resume(); });
    const stream = s.request({ ':path': '/', ...extra });
    while (origin.requests.filter((r) => r.url === '/').length < 2) await once(origin, 'request');
    await f.countersWhen((c) => c.exchanges_open >= 1);
    assert.equal(early, 0, JSON.stringify(extra));
    origin.release();
    await once(stream, 'response');
    stream.resume();
    origin.requests.length = 1;
    origin.holds = true;
  }
});

test('every link has one decision when the page’s client leaves early', async (t) => {
  const { f, origin } = await site(t, () => ({ headers: { link: `${css}, ${js}; nopush` } }));
  await loadPage(await h2connect(t, f.port), '/');
  const before = await f.counters();
  origin.holds = true;
  const s = await h2connect(t, f.port);
  const pushed = once(s, 'stream');
  const stream = s.request({ ':path': '/' });
  stream.on('error', () => {});
  await pushed;
  stream.close(http2.constants.NGHTTP2_CANCEL);
  const after = await f.countersWhen((c) => c.exchanges_open === 0);
  assert.equal(after.hints - before.hints, 2);
  assert.equal(Object.values(after.hints_by_reason).reduce((a, b) => a + b, 0), after.hints);
  origin.release();
});
