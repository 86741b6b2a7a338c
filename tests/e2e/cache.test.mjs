// The cache: what is stored, served, validated, shared and forgotten, with a
// scripted origin that counts what it is asked.
import test from 'node:test';
import fs from 'node:fs';
import { once } from 'node:events';
import { assert, binary, freePort, startForerun, startOrigin, startRawOrigin, h2connect, h2request, loadPage, run, tempFile } from './lib/harness.mjs';

const sleepUntilSecond = (ms) => new Promise((r) => setTimeout(r, ms)); // freshness is counted in seconds of the wall clock

// An origin that answers by a table of path -> handler and counts its requests.
async function site(t, handlers, config, env) {
  const asked = [];
  const origin = await startOrigin(t, (req, res) => {
    asked.push(req);
    const h = handlers[new URL(req.url, 'http://x').pathname];
    if (h) h(req, res, asked.filter((a) => a.url === req.url).length);
    else { res.statusCode = 404; res.end(); }
  });
  const f = await startForerun(t, config ? { config: config(origin.url) } : { origin: origin.url, workers: 2, env });
  const s = await h2connect(t, f.port);
  const get = (path, headers = {}) => h2request(s, { ':path': path, ...headers });
  return { f, s, get, asked, count: (path) => asked.filter((a) => a.url === path).length };
}

const say = (headers, body = 'body') => (req, res) => { res.writeHead(200, headers); res.end(body); };
const status = (r) => r.headers['cache-status'];

test('a fresh response is served from memory, in both protocols', async (t) => {
  const { f, get, count } = await site(t, { '/a': say({ 'cache-control': 'max-age=60', 'x-a': 'b', 'content-type': 'text/css' }, 'x'.repeat(100000)) });
  const first = await get('/a');
  assert.equal(status(first), 'forerun; fwd=uri-miss; fwd-status=200; stored');
  const second = await get('/a');
  assert.match(status(second), /^forerun; hit; ttl=(60|59)$/);
  assert.equal(String(second.body), 'x'.repeat(100000));
  assert.equal(second.headers['x-a'], 'b');
  assert.equal(second.headers['content-length'], '100000');
  assert.match(second.headers.age, /^[01]$/);
  const c = await run('curl', ['-sS', '--http1.1', '-D', '-', '-H', `Host: 127.0.0.1:${f.port}`, '-k', `https://127.0.0.1:${f.port}/a`]);
  assert.match(c.stdout, /^HTTP\/1.1 200 OK/);
  assert.ok(c.stdout.endsWith('x'.repeat(1000)));
  assert.equal(count('/a') <= 2, true); // the plain Host of curl may be another key
});

test('HEAD is answered from a stored GET, without a body', async (t) => {
  const { get, count } = await site(t, { '/a': say({ 'cache-control': 'max-age=60' }, 'hello') });
  await get('/a');
  const r = await get('/a', { ':method': 'HEAD' });
  assert.match(status(r), /hit/);
  assert.equal(r.headers['content-length'], '5');
  assert.equal(r.body.length, 0);
  assert.equal(count('/a'), 1);
});

test('a HEAD that shows another representation makes the stored one stale', async (t) => {
  let tag = '"1"';
  const { get, asked } = await site(t, { '/a': (req, res) => { res.writeHead(200, { 'cache-control': 'max-age=60', etag: tag, 'content-length': 3 }); res.end(req.method === 'GET' ? 'abc' : undefined); } });
  await get('/a');
  await get('/a', { ':method': 'HEAD', 'cache-control': 'no-cache' });
  assert.match(status(await get('/a')), /hit/);
  tag = '"2"';
  await get('/a', { ':method': 'HEAD', 'cache-control': 'no-cache' });
  assert.match(status(await get('/a')), /fwd=stale/);
  assert.equal(asked.at(-1).headers['if-none-match'], '"1"');
  assert.match(status(await get('/a')), /hit/);
});

test('what must not be shared is asked for each time', async (t) => {
  const none = { '/private': { 'cache-control': 'private, max-age=60' }, '/no-store': { 'cache-control': 'no-store' }, '/cookie': { 'cache-control': 'max-age=60', 'set-cookie': 'a=b' }, '/any': { 'cache-control': 'max-age=60', vary: '*' }, '/nothing': {} };
  const why = { '/private': 'private', '/no-store': 'no-store', '/cookie': 'sets a cookie', '/any': 'varies by what no key has', '/nothing': 'no explicit freshness' };
  const { get, count } = await site(t, Object.fromEntries(Object.entries(none).map(([p, h]) => [p, say(h)])));
  for (const path of Object.keys(none)) {
    for (let i = 0; i < 3; i++) assert.equal(status(await get(path)), `forerun; fwd=uri-miss; fwd-status=200; detail="${why[path]}"`);
    assert.equal(count(path), 3, path);
  }
});

test('requests with Authorization share only what the origin declares public', async (t) => {
  const { get, count } = await site(t, { '/a': say({ 'cache-control': 'max-age=60' }), '/p': say({ 'cache-control': 'public, max-age=60' }) });
  for (let i = 0; i < 2; i++) { await get('/a', { authorization: `Basic ${i}` }); await get('/p', { authorization: `Basic ${i}` }); }
  assert.equal(count('/a'), 2);
  assert.equal(count('/p'), 1);
});

test('variants are kept apart, encodings normalised', async (t) => {
  const { get, count } = await site(t, { '/a': (req, res) => { res.writeHead(200, { 'cache-control': 'max-age=60', vary: 'Accept-Encoding, X-L' }); res.end(`${req.headers['accept-encoding']} ${req.headers['x-l']}`); } });
  const ask = async (enc, l) => String((await get('/a', { 'accept-encoding': enc, 'x-l': l })).body);
  assert.equal(await ask('gzip, br', 'de'), 'gzip, br de');
  assert.equal(await ask('br;q=1.0, gzip', 'de'), 'gzip, br de');
  assert.equal(await ask('gzip, br', 'fr'), 'gzip, br fr');
  assert.equal(await ask('gzip', 'de'), 'gzip de');
  assert.equal(count('/a'), 3);
});

test('a stale response is validated, and good again after 304', async (t) => {
  const { get, asked, count } = await site(t, { '/a': (req, res, n) => {
    if (req.headers['if-none-match'] === '"v1"') { res.writeHead(304, { etag: '"v1"', 'cache-control': 'max-age=60', 'x-n': n }); res.end(); return; }
    res.writeHead(200, { etag: '"v1"', 'cache-control': 'max-age=0', 'x-n': n }); res.end('one');
  } });
  assert.equal(String((await get('/a')).body), 'one');
  const second = await get('/a');
  assert.equal(status(second), 'forerun; fwd=stale; fwd-status=304; stored');
  assert.equal(second.status, 200);
  assert.equal(String(second.body), 'one');
  assert.equal(second.headers['x-n'], '2');
  assert.match(status(await get('/a')), /hit/);
  assert.equal(count('/a'), 2);
  assert.equal(asked[1].headers['if-none-match'], '"v1"');
});

test("the client's own conditions are answered from the store", async (t) => {
  const date = 'Sun, 06 Nov 1994 08:49:37 GMT';
  const { get, asked } = await site(t, { '/a': say({ 'cache-control': 'max-age=60', etag: '"v1"', 'last-modified': date, 'content-type': 'text/plain' }) });
  const miss = await get('/a', { 'if-none-match': '"v1"' }); // stored whole all the same
  assert.equal(miss.status, 304);
  assert.equal(asked[0].headers['if-none-match'], undefined);
  for (const h of [{ 'if-none-match': 'W/"v1"' }, { 'if-none-match': '*' }, { 'if-modified-since': date }]) {
    const r = await get('/a', h);
    assert.equal(r.status, 304);
    assert.equal(r.headers.etag, '"v1"');
    assert.equal(r.headers['content-type'], undefined);
    assert.equal(r.body.length, 0);
  }
  assert.equal((await get('/a', { 'if-none-match': '"v2"' })).status, 200);
  assert.equal(asked.length, 1);
});

test('ranges come from the stored object', async (t) => {
  const { get, count } = await site(t, { '/a': say({ 'cache-control': 'max-age=60', etag: '"v1"', 'content-type': 'text/plain' }, '0123456789') });
  await get('/a');
  const one = await get('/a', { range: 'bytes=2-4' });
  assert.deepEqual([one.status, one.headers['content-range'], String(one.body)], [206, 'bytes 2-4/10', '234']);
  assert.equal(String((await get('/a', { range: 'bytes=-3' })).body), '789');
  const bad = await get('/a', { range: 'bytes=10-' });
  assert.deepEqual([bad.status, bad.headers['content-range'], bad.body.length], [416, 'bytes */10', 0]);
  const many = await get('/a', { range: 'bytes=0-1,8-' });
  assert.equal(many.status, 206);
  const boundary = /^multipart\/byteranges; boundary=(\w+)$/.exec(many.headers['content-type'])[1];
  assert.equal(String(many.body), ['', `--${boundary}`, 'Content-Type: text/plain', 'Content-Range: bytes 0-1/10', '', '01', `--${boundary}`, 'Content-Type: text/plain', 'Content-Range: bytes 8-9/10', '', '89', `--${boundary}--`, ''].join('\r\n'));
  assert.equal((await get('/a', { range: 'bytes=0-1', 'if-range': '"v2"' })).status, 200);
  assert.equal(count('/a'), 1);
});

test('one fetch for many, whatever the worker, each at its own pace', async (t) => {
  let release;
  const gate = new Promise((r) => { release = r; });
  const big = Buffer.alloc(3_000_000, 'z');
  const { f, asked } = await site(t, { '/a': async (req, res) => { res.writeHead(200, { 'cache-control': 'max-age=60', 'content-length': big.length }); res.write(big.subarray(0, 1000)); await gate; res.end(big.subarray(1000)); } });
  const all = [];
  for (let i = 0; i < 20; i++) {
    const s = await h2connect(t, f.port);
    all.push(h2request(s, '/a'));
  }
  await f.countersWhen((c) => c.requests === 20);
  release();
  for (const r of await Promise.all(all)) assert.ok(r.body === String(big));
  assert.equal(asked.length, 1);
  const c = await f.countersWhen((x) => x.fills_open === 0);
  assert.equal(c.cache_stored, 1);
});

test('when the answer cannot be shared, nobody waits behind another', async (t) => {
  const waiting = [];
  const { f, asked } = await site(t, { '/a': (req, res) => { waiting.push(res); if (waiting.length === 1) setTimeout(() => { res.writeHead(200, { 'cache-control': 'no-store' }); res.end('1'); }, 50); } });
  const s = await h2connect(t, f.port);
  const all = Array.from({ length: 5 }, () => h2request(s, '/a'));
  await all[0];
  // all the others are at the origin at the same time now
  while (waiting.length < 5) await new Promise((r) => setImmediate(r));
  waiting.slice(1).forEach((res, i) => { res.writeHead(200, { 'cache-control': 'no-store' }); res.end(String(i + 2)); });
  assert.deepEqual((await Promise.all(all)).map((r) => String(r.body)).sort(), ['1', '2', '3', '4', '5']);
  assert.equal(asked.length, 5);
});

test('a slow client does not stall the others', async (t) => {
  const big = Buffer.alloc(4_000_000, 'q');
  const { f, count } = await site(t, { '/a': say({ 'cache-control': 'max-age=60' }, big) });
  const slow = await h2connect(t, f.port);
  const stream = slow.request({ ':path': '/a' });
  await once(stream, 'response'); // and reads nothing
  const s = await h2connect(t, f.port);
  const r = await h2request(s, '/a');
  assert.ok(r.body === String(big));
  stream.resume();
  await once(stream, 'close');
  assert.equal(count('/a'), 1);
});

test('a body that is cut short is never stored nor served as whole', async (t) => {
  let n = 0;
  const origin = await startRawOrigin(t, (socket) => {
    if (++n === 1) { socket.write('HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 100\r\n\r\nhalf'); setTimeout(() => socket.destroy(), 30); }
    else socket.end('HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 5\r\nConnection: close\r\n\r\nwhole');
  });
  const f = await startForerun(t, { origin: origin.url });
  const s = await h2connect(t, f.port);
  await assert.rejects(h2request(s, '/a'));
  assert.equal(String((await h2request(s, '/a')).body), 'whole');
  assert.match((await h2request(s, '/a')).headers['cache-status'], /hit/);
});

test('an origin that dies in the middle of fills takes nobody with it', async (t) => {
  const sockets = [];
  let dead = false;
  const { f, asked } = await site(t, Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`/${i}`, (req, res) => {
    res.writeHead(200, { 'cache-control': 'max-age=60', 'content-length': 100000 });
    if (dead) return res.end(Buffer.alloc(100000, 'o'));
    sockets.push(req.socket);
    res.write(Buffer.alloc(50000, 'h'));
  }])));
  const all = [];
  for (let c = 0; c < 6; c++) {
    const s = await h2connect(t, f.port);
    for (let i = 0; i < 5; i++) all.push(h2request(s, `/${i}`).then(() => 'complete', (e) => e.got.body.length));
  }
  await f.countersWhen((c) => c.requests === 30 && c.cache_stored === 5);
  dead = true;
  sockets.forEach((s) => s.destroy());
  for (const r of await Promise.all(all)) assert.ok(r !== 'complete' && r <= 50000, String(r));
  assert.equal(asked.length, 5);
  const s = await h2connect(t, f.port);
  for (let i = 0; i < 5; i++) assert.equal((await h2request(s, `/${i}`)).body, 'o'.repeat(100000));
  const c = await f.countersWhen((x) => x.fills_open === 0);
  assert.equal(c.cache_objects, 5);
});

test('what is too large passes through, at the pace of its reader', async (t) => {
  const big = Buffer.alloc(6_000_000, 'L');
  const { get, count, f } = await site(t, {
    '/known': say({ 'cache-control': 'max-age=60', 'content-length': big.length }, big),
    '/unknown': (req, res) => { res.writeHead(200, { 'cache-control': 'max-age=60' }); for (let i = 0; i < 6; i++) res.write(big.subarray(0, 1_000_000)); res.end(); },
  }, (url) => `
listen: [{address: "127.0.0.1:0"}]
cache: {max_object: 1MiB}
sites: [{hosts: ["*"], origin: {url: "${url}"}}]
`);
  for (const path of ['/known', '/unknown', '/known', '/unknown']) assert.ok((await get(path)).body === String(big), path);
  assert.equal(count('/known'), 2);
  assert.equal(count('/unknown'), 2);
  assert.equal((await f.countersWhen((c) => c.fills_open === 0)).fills_open, 0);
});

test('memory stays within cache.memory', async (t) => {
  const { get, f } = await site(t, { '/a': say({ 'cache-control': 'max-age=60' }, Buffer.alloc(200_000, 'm')) }, (url) => `
listen: [{address: "127.0.0.1:0"}]
cache: {memory: 2MiB}
sites: [{hosts: ["*"], origin: {url: "${url}"}}]
`);
  for (let i = 0; i < 60; i++) await get(`/a?${i}`);
  const c = await f.counters();
  assert.ok(c.cache_objects >= 5 && c.cache_objects <= 10, String(c.cache_objects));
  assert.equal(c.cache_evicted, 60 - c.cache_objects);
  assert.ok(c.cache_bytes <= 2 * 1024 * 1024 && c.cache_bytes > 1024 * 1024, String(c.cache_bytes));
});

test('unsafe methods invalidate what they change', async (t) => {
  const { get, count } = await site(t, {
    '/a': (req, res) => { res.writeHead(req.method === 'GET' ? 200 : 204, { 'cache-control': 'max-age=60', 'content-location': '/b', location: 'http://other.test/c' }); res.end(); },
    '/b': say({ 'cache-control': 'max-age=60' }), '/fail': (req, res) => { res.writeHead(req.method === 'GET' ? 200 : 500, { 'cache-control': 'max-age=60' }); res.end(); },
  });
  for (const p of ['/a', '/b', '/fail']) await get(p);
  await get('/a', { ':method': 'POST' });
  await get('/fail', { ':method': 'POST' });
  assert.match(status(await get('/a')), /uri-miss/);
  assert.match(status(await get('/b')), /uri-miss/);
  assert.match(status(await get('/fail')), /hit/);
  assert.equal(count('/b'), 2);
});

test('stale-while-revalidate serves at once and asks behind', async (t) => {
  let n = 0;
  const { get, f, count } = await site(t, { '/a': (req, res) => { res.writeHead(200, { 'cache-control': 'max-age=1, stale-while-revalidate=60' }); res.end(String(++n)); } });
  assert.equal(String((await get('/a')).body), '1');
  await sleepUntilSecond(2100);
  const stale = await get('/a');
  assert.equal(String(stale.body), '1');
  assert.match(status(stale), /hit; ttl=-/);
  await f.countersWhen((c) => c.cache_stored === 2);
  assert.equal(String((await get('/a')).body), '2');
  assert.equal(count('/a'), 2);
});

test('an origin that is down or fails is stood in for by what is stale', async (t) => {
  let mode = 'up';
  const { get } = await site(t, {
    '/a': (req, res) => { if (mode === 'down') return req.socket.destroy(); res.writeHead(mode === 'up' ? 200 : 503, { 'cache-control': 'max-age=0, stale-if-error=60', etag: '"1"' }); res.end(mode); },
    '/must': (req, res) => { if (mode === 'down') return req.socket.destroy(); res.writeHead(200, { 'cache-control': 'max-age=0, must-revalidate', etag: '"1"' }); res.end(mode); },
  });
  await get('/a'); await get('/must');
  mode = 'fails';
  assert.equal(String((await get('/a')).body), 'up');
  mode = 'down';
  const r = await get('/a');
  assert.deepEqual([r.status, String(r.body)], [200, 'up']);
  assert.equal((await get('/must')).status, 502);
});

test('request directives are obeyed', async (t) => {
  const { get, count } = await site(t, { '/a': say({ 'cache-control': 'max-age=60' }) });
  assert.equal((await get('/a', { 'cache-control': 'only-if-cached' })).status, 504);
  await get('/a');
  assert.match(status(await get('/a', { 'cache-control': 'only-if-cached' })), /hit/);
  assert.match(status(await get('/a', { 'cache-control': 'no-cache' })), /fwd=request/);
  assert.match(status(await get('/a', { pragma: 'no-cache' })), /fwd=request/);
  assert.match(status(await get('/a', { 'cache-control': 'min-fresh=3600' })), /fwd=request/);
  assert.equal(count('/a'), 4);
});

test('pushes come from the store, and are stored as any other response', async (t) => {
  const { f, count } = await site(t, { '/': say({ link: '</a.css>; rel=preload; as=style', 'cache-control': 'max-age=60' }, 'page'), '/a.css': say({ 'cache-control': 'max-age=60' }, 'css') });
  for (let i = 0; i < 3; i++) {
    const s = await h2connect(t, f.port);
    const got = await loadPage(s, '/');
    assert.deepEqual(got.pushes.map((p) => [p.status, String(p.body)]), [[200, 'css']]);
    s.close();
  }
  assert.equal(count('/a.css'), 1);
  assert.equal(count('/'), 1);
});

test('sites and paths have rules of their own', async (t) => {
  const { get, count } = await site(t, { '/off/a': say({ 'cache-control': 'max-age=60' }), '/q/a': say({ 'cache-control': 'max-age=60' }), '/ttl/a': say({ 'cache-control': 'max-age=0' }) }, (url) => `
listen: [{address: "127.0.0.1:0"}]
sites:
  - hosts: ["*"]
    origin: {url: "${url}"}
    paths:
      - {prefix: /off, cache: {enabled: false}}
      - {prefix: /q, cache: {ignore_query: true}}
      - {prefix: /ttl, cache: {ttl: 10m}}
`);
  await get('/off/a'); assert.equal(status(await get('/off/a')), undefined);
  assert.equal(count('/off/a'), 2);
  await get('/q/a?utm=1'); assert.match(status(await get('/q/a?utm=2')), /hit/);
  await get('/ttl/a'); assert.match(status(await get('/ttl/a')), /hit; ttl=(600|599)/);
});

// A static site as its server sends it: Last-Modified, ETag, and no lifetime.
test('a deployment is seen at once: only assets without a lifetime are kept', async (t) => {
  const modified = { 'last-modified': new Date(Date.now() - 30 * 86400e3).toUTCString() };
  let version = 1;
  const page = (type) => (req, res) => { res.writeHead(200, { 'content-type': type, etag: `"${version}"`, ...modified }); res.end(`${req.url} of version ${version}`); };
  const documents = { '/': 'text/html', '/api': 'application/json', '/feed.xml': 'application/rss+xml', '/site.webmanifest': 'application/manifest+json', '/sw.js': 'text/javascript', '/account.css': 'text/html' };
  const assets = { '/app.css?v=1': 'text/css', '/app.js': 'text/javascript', '/font': 'font/woff2', '/f.woff2': 'application/octet-stream', '/logo.svg': 'image/svg+xml' };
  const moved = (req, res) => { res.writeHead(301, { location: `/v${version}`, ...modified }); res.end(); };
  const missing = (req, res) => { res.writeHead(version === 1 ? 404 : 200, { 'content-type': 'text/css', ...modified }); res.end(); };
  const routes = { '/old': moved, '/missing.css': missing };
  for (const [path, type] of Object.entries({ ...documents, ...assets })) routes[path.replace(/\?.*/, '')] = page(type);
  const { get, count } = await site(t, routes, (url) => `
listen: [{address: "127.0.0.1:0"}]
sites:
  - hosts: ["*"]
    origin: {url: "${url}"}
    paths: [{prefix: /api, cache: {heuristics: all}}, {prefix: /logo.svg, cache: {heuristics: off}}]
`);
  for (const path of [...Object.keys(documents), ...Object.keys(assets), '/old', '/missing.css']) await get(path);
  version = 2;
  for (const path of Object.keys(documents)) if (path !== '/api') assert.equal((await get(path)).body, `${path} of version 2`);
  assert.equal((await get('/old')).headers.location, '/v2');
  assert.equal((await get('/missing.css')).status, 200);
  for (const path of Object.keys(assets)) {
    if (path === '/logo.svg') continue;
    const r = await get(path);
    assert.equal(r.body, `${path} of version 1`);
    const ttl = Number(/hit; ttl=(\d+)$/.exec(status(r))[1]);
    assert.ok(ttl > 0 && ttl <= 3600, `${path}: ${ttl}`);
  }
  // the modes, by path
  assert.match(status(await get('/api')), /hit/);
  assert.equal((await get('/logo.svg')).body, '/logo.svg of version 2');
  assert.equal(count('/app.js'), 1);
});

test('parts of the query in the key, and cookies that keep a request from the cache', async (t) => {
  const { get, count, asked } = await site(t, { '/q/a': say({ 'cache-control': 'max-age=60' }), '/c': say({ 'cache-control': 'public, max-age=60' }) }, (url) => `
listen: [{address: "127.0.0.1:0"}]
sites:
  - hosts: ["*"]
    origin: {url: "${url}"}
    cache: {bypass_cookies: [session, "wp_*"]}
    paths:
      - {prefix: /q, cache: {query_only: [id, page]}}
`);
  await get('/q/a?id=1&utm=2');
  assert.match(status(await get('/q/a?utm=3&id=1')), /hit/);
  assert.match(status(await get('/q/a?id=2')), /uri-miss/);
  await get('/c');
  for (const cookie of ['session=1', 'a=b; session=2', 'wp_logged_in=x']) assert.equal(status(await get('/c', { cookie })), 'forerun; fwd=bypass; fwd-status=200; detail="asked for with a bypass cookie"');
  for (const cookie of ['sessions=1', 'a=session=1', 'wp=1']) assert.match(status(await get('/c', { cookie })), /hit/);
  assert.match(status(await get('/q/a?id=1', { cookie: 'session=1' })), /bypass/);
  assert.equal(count('/c'), 4);
});

test('a client that leaves in the middle does not hurt those who stay', async (t) => {
  let release;
  const gate = new Promise((r) => { release = r; });
  const { f, asked } = await site(t, { '/a': async (req, res) => { res.writeHead(200, { 'cache-control': 'max-age=60' }); res.write('x'.repeat(100)); await gate; res.end('end'); } });
  const leaver = await h2connect(t, f.port), stayer = await h2connect(t, f.port);
  const first = leaver.request({ ':path': '/a' });
  first.on('error', () => {});
  await once(first, 'response');
  const second = stayer.request({ ':path': '/a' });
  await once(second, 'response');
  leaver.destroy();
  await f.countersWhen((c) => c.connections_open === 2);
  release();
  let body = '';
  for await (const d of second.setEncoding('utf8')) body += d;
  assert.equal(body, 'x'.repeat(100) + 'end');
  assert.equal(asked.length, 1);
  await f.countersWhen((c) => c.fills_open === 0);
});

test('a fill that nobody waits for any more is given up', async (t) => {
  const { f, asked } = await site(t, { '/a': (req, res) => { res.writeHead(200, { 'cache-control': 'max-age=60' }); res.write('x'); } });
  const s = await h2connect(t, f.port);
  const first = s.request({ ':path': '/a' });
  first.on('error', () => {});
  await once(first, 'response');
  first.close(8);
  const c = await f.countersWhen((x) => x.fills_open === 0 && x.fetches_open === 0);
  assert.equal(c.exchanges_open, 0);
  assert.equal(asked.length, 1);
});

// --- purging ---

const admin = (url, listen, more = '') => `
listen: [{address: "127.0.0.1:0"}]
admin: {listen: "${listen}"${more}}
sites: [{hosts: ["*"], origin: {url: "${url}"}, paths: [{prefix: /b, cache: {query_only: [id]}}]}]
`;

test('operators purge by URL, prefix, tag, site, hard and soft', async (t) => {
  const socket = tempFile('admin.sock');
  const { f, get, count } = await site(t, Object.fromEntries(['/a/1', '/a/2', '/b'].map((p) => [p, say({ 'cache-control': 'max-age=60', etag: '"1"', 'cache-tag': `all, ${p}`, 'surrogate-key': 'one two' })])), (url) => admin(url, `unix:${socket}`));
  const purge = async (...args) => { const r = await run(binary, ['purge', '--json', '--admin', `unix:${socket}`, ...args]); assert.equal(r.code, 0, r.stderr); return JSON.parse(r.stdout).purged; };
  const fill = async () => { for (const p of ['/a/1', '/a/2', '/b']) await get(p); };
  const base = `https://localhost:${f.port}`;
  assert.equal(fs.statSync(socket).mode & 0o777, 0o600);
  await fill();
  assert.equal(await purge(`${base}/a/1`), 1);
  assert.match(status(await get('/a/1')), /uri-miss/);
  assert.match(status(await get('/a/2')), /hit/);
  assert.equal(await purge('--prefix', `${base}/a/`), 2);
  await fill();
  assert.equal(await purge('--tag', 'two'), 3);
  await fill();
  assert.equal(await purge('--tag', '/b', '--soft'), 1);
  assert.match(status(await get('/b')), /fwd=stale/);
  assert.equal(await purge(`${base}/b?utm=1`), 1);
  assert.match(status(await get('/b')), /uri-miss/);
  assert.equal(await purge('--site', 'localhost'), 3);
  assert.equal(await purge('--site', 'other.test'), 0);
  await fill();
  assert.equal(await purge('--all'), 3);
  assert.equal(count('/b'), 5);
  const bad = await run(binary, ['purge', '--admin', `unix:${socket}`, 'ftp://x/']);
  assert.equal(bad.code, 1);
  assert.match(bad.stderr, /not an http/);
  assert.equal((await run(binary, ['purge'])).code, 2);
  assert.equal((await run(binary, ['purge', '--admin', 'unix:/nonexistent', '--all'])).code, 1);
  assert.equal(await f.stop(), 0);
  assert.equal(fs.existsSync(socket), false);
});

test('without a word the admin interface listens in the runtime folder, if it can', async (t) => {
  const dir = fs.mkdtempSync(tempFile('run'));
  const env = { XDG_RUNTIME_DIR: dir };
  const { get, f } = await site(t, { '/a': say({ 'cache-control': 'max-age=60' }) }, undefined, env);
  await get('/a');
  const other = await startForerun(t, { origin: 'http://127.0.0.1:9', env });
  await other.waitForLog(/no admin interface: .*forerun.sock/);
  assert.equal(await other.stop(), 0);
  const r = await run(binary, ['purge', '--all'], { env });
  assert.deepEqual([r.code, r.stdout], [0, '1 response removed\n'], r.stderr);
  assert.equal(await f.stop(), 0);
  assert.deepEqual(fs.readdirSync(dir), []);
});

test('over TCP a token is needed, and sites are not served there', async (t) => {
  const file = tempFile('token'), port = await freePort();
  fs.writeFileSync(file, '0123456789abcdef0123\n');
  const { get, f } = await site(t, { '/a': say({ 'cache-control': 'max-age=60' }) }, (url) => admin(url, `127.0.0.1:${port}`, `, token_file: "${file}"`));
  await get('/a');
  const ask = async (auth, path = '/purge?all=1', method = 'POST') => (await run('curl', ['-sS', '-X', method, '-o', '/dev/null', '-w', '%{http_code}', ...(auth ? ['-H', `Authorization: ${auth}`] : []), `http://127.0.0.1:${port}${path}`])).stdout;
  assert.equal(await ask(), '401');
  assert.equal(await ask('Bearer 0123456789abcdef012'), '401');
  assert.equal(await ask('Bearer 0123456789abcdef01234'), '401');
  assert.equal(await ask('Bearer 0123456789abcdef0123', '/a', 'GET'), '404');
  assert.equal(await ask('Bearer 0123456789abcdef0123', '/purge?all=1', 'GET'), '405');
  assert.equal(await ask('Bearer 0123456789abcdef0123', '/purge?url=%zz'), '400');
  assert.match(status(await get('/a')), /hit/);
  const r = await run(binary, ['purge', '--admin', `127.0.0.1:${port}`, '--token-file', file, '--all']);
  assert.deepEqual([r.code, r.stdout], [0, '1 response removed\n']);
  assert.match(status(await get('/a')), /uri-miss/);
  const check = await run(binary, ['check', tempFileWith(admin('http://127.0.0.1:1', '127.0.0.1:9'))]);
  assert.equal(check.code, 1);
  assert.match(check.stderr, /:3: admin\.listen: over TCP a token is needed/);
  assert.equal(await f.stop(), 0);
});

function tempFileWith(text) {
  const file = tempFile('check.yaml');
  fs.writeFileSync(file, text);
  return file;
}
