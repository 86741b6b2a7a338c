// Cookies and the cache, from end to end: what the docs say of each kind of response and visitor,
// and a property over thousands of combinations.
import test from 'node:test';
import fs from 'node:fs';
import { assert, startForerun, startOrigin, h2connect, h2request, tempFile } from './lib/harness.mjs';

// A seeded generator: a failure is repeated by its seed.
function random(seed) {
  let s = seed >>> 0;
  const next = () => { s = (s + 0x6d2b79f5) >>> 0; let x = Math.imul(s ^ (s >>> 15), 1 | s); x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x; return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32; };
  return { pick: (list) => list[Math.floor(next() * list.length)], chance: (p) => next() < p };
}

const user = (req) => /user=(\w+)/.exec(req.headers.cookie ?? '')?.[1] ?? req.headers['x-auth-token'] ?? 'nobody';
const isAsset = (type) => /^(text\/css|text\/javascript|font\/|image\/)/i.test(type ?? '');

const types = [undefined, 'text/html', 'text/html; charset=utf-8', 'application/json', 'application/octet-stream', 'text/plain', 'text/css', 'text/javascript', 'image/png', 'font/woff2', 'application/xml'];
const directives = [undefined, 'max-age=60', 'max-age=60, must-revalidate', 'max-age=0', 'no-cache', 'private, max-age=60', 'no-store', 'public', 'public, max-age=60', 's-maxage=60', 'max-age=60, immutable', 'max-age=0, stale-while-revalidate=60', 'max-age=0, stale-if-error=60', 'must-revalidate', 'max-age=60, private="x-a"'];
const further = [{}, { vary: 'Cookie' }, { vary: 'Accept-Encoding' }, { 'cdn-cache-control': 'max-age=60' }, { 'cdn-cache-control': 'no-store' }, { expires: new Date(Date.now() + 3600e3).toUTCString() }, { 'set-cookie': 'a=b' }, { pragma: 'no-cache' }, { 'content-disposition': 'attachment' }, { vary: 'X-Auth-Token' }];
const names = ['page', 'page.html', 'a.css', 'a.js', 'x.php', 'x.php/a.png', 'f.woff2', 'sw.js'];
const statuses = [200, 200, 200, 200, 203, 404, 301, 410, 500];

const says = (p) => /public|s-maxage/.test(p.cc ?? '') || /max-age/.test(p.more['cdn-cache-control'] ?? '');

test('no document of one visitor reaches another unless its origin declares it to be for all', async (t) => {
  const seed = Number(process.env.FR_SEED ?? 20261128), r = random(seed), plans = [];
  const origin = await startOrigin(t, (req, res) => {
    const p = plans[Number(/^\/(\d+)\//.exec(req.url)[1])];
    const head = { ...p.more, 'x-user': user(req) };
    if (p.type) head['content-type'] = p.type;
    if (p.cc) head['cache-control'] = p.cc;
    if (p.modified) head['last-modified'] = new Date(Date.now() - 30 * 86400e3).toUTCString();
    if (p.etag) head.etag = '"1"';
    if (p.etag && req.headers['if-none-match'] === '"1"') { res.writeHead(304, head); return res.end(); }
    if (p.status === 301) head.location = '/';
    res.writeHead(p.status, head);
    res.end(`of ${user(req)}`);
  });
  const f = await startForerun(t, { config: `
listen: [{address: "127.0.0.1:0"}]
sites:
  - hosts: ["*"]
    origin: {url: "${origin.url}"}
` });
  const s = await h2connect(t, f.port);
  for (let i = 0; i < 1000; i++) plans.push({ type: r.pick(types), cc: r.pick(directives), more: r.pick(further), name: r.pick(names), status: r.pick(statuses), modified: r.chance(0.5), etag: r.chance(0.3) });
  const visitors = [{ cookie: 'user=alice' }, { cookie: 'user=bob; _ga=1' }, { cookie: 'sessionid=1; user=carol' }, { cookie: '_ga=1; _gid=2' }, {}, { 'x-auth-token': 'dave' }];
  const destinations = [{}, {}, { 'sec-fetch-dest': 'style' }, { 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate' }, { 'cache-control': 'max-age=0' }];
  let shared = 0;
  const one = async (p, i) => {
    const path = `/${i}/${p.name}`, what = () => `FR_SEED=${seed} ${i}: ${JSON.stringify(p)}`;
    const requests = Array.from({ length: 5 }, () => ({ v: r.pick(visitors), more: r.pick(destinations) }));
    const check = ({ v }, got) => {
      const me = user({ headers: v }), body = got.body, said = got.headers['cache-status'];
      if (/ hit/.test(said)) shared++;
      if (body === '' || body === `of ${me}`) return; // nothing, or one's own
      const declared = says(p) || (isAsset(p.type) && (p.status === 200 || p.status === 203) && !p.more['content-disposition']);
      // what a visitor without any cookie was sent may be stored for those without
      assert.ok(declared, `${me} got "${body}" (${said}): ${what()}`);
      assert.notEqual(v.cookie?.includes('sessionid') && !isAsset(p.type), true, `a known visitor got "${body}" (${said}): ${what()}`);
    };
    const ask = ({ v, more }) => h2request(s, { ':path': path, ...v, ...more });
    // the first two at once, so that one may wait for the other
    const both = await Promise.all(requests.slice(0, 2).map(ask));
    both.forEach((got, k) => check(requests[k], got));
    for (const q of requests.slice(2)) check(q, await ask(q));
  };
  const jobs = plans.map((p, i) => [p, i]);
  await Promise.all(Array.from({ length: 8 }, async () => { while (jobs.length) await one(...jobs.shift()); }));
  assert.ok(shared > 100, `${shared} hits`); // not for want of a cache
});

test('why a response was not stored is said in Cache-Status, the access log, metrics and status', async (t) => {
  const log = tempFile('access.log');
  const answers = {
    '/nothing': { 'content-type': 'text/html' }, '/plain': { 'content-type': 'text/html', 'cache-control': 'max-age=60' },
    '/public': { 'content-type': 'text/html', 'cache-control': 'public, max-age=60' }, '/private': { 'cache-control': 'private' },
    '/set': { 'cache-control': 'max-age=60', 'set-cookie': 'a=b' },
  };
  const origin = await startOrigin(t, (req, res) => { res.writeHead(200, answers[req.url]); res.end('x'); });
  const f = await startForerun(t, { config: `
listen: [{address: "127.0.0.1:0"}]
access_log: {file: "${log}"}
sites: [{hosts: ["*"], origin: {url: "${origin.url}"}}]
` });
  const s = await h2connect(t, f.port);
  const get = async (path, headers = {}) => (await h2request(s, { ':path': path, ...headers })).headers['cache-status'];
  assert.equal(await get('/nothing'), 'forerun; fwd=uri-miss; fwd-status=200; detail="no explicit freshness"');
  assert.equal(await get('/plain', { cookie: 'user=alice' }), 'forerun; fwd=uri-miss; fwd-status=200; detail="asked for with a cookie"');
  assert.equal(await get('/plain'), 'forerun; fwd=uri-miss; fwd-status=200; stored');
  assert.equal(await get('/plain', { cookie: 'user=alice' }), 'forerun; fwd=request; fwd-status=200; detail="asked for with a cookie"');
  assert.equal(await get('/public', { cookie: 'sessionid=1' }), 'forerun; fwd=bypass; fwd-status=200; detail="asked for with a bypass cookie"');
  assert.equal(await get('/private'), 'forerun; fwd=uri-miss; fwd-status=200; detail="private"');
  assert.equal(await get('/set'), 'forerun; fwd=uri-miss; fwd-status=200; detail="sets a cookie"');
  await f.stop();
  const lines = fs.readFileSync(log, 'utf8').trim().split('\n').map((l) => JSON.parse(l)).map((l) => `${l.target} ${l.cache} ${l.not_stored ?? '-'}`);
  assert.deepEqual(lines, ['/nothing miss no explicit freshness', '/plain miss asked for with a cookie', '/plain miss -', '/plain bypass asked for with a cookie',
    '/public bypass asked for with a bypass cookie', '/private miss private', '/set miss sets a cookie']);
});

// [Cookie of a first request, of a second one, whether that is answered from the store, what the origin got of the first]
const pairs = [
  ['_ga=1', '_ga=2; _gid=3', true, undefined],
  ['lang=de; _ga=1', 'lang=de', true, 'lang=de'],
  ['lang=de; _ga=1', '_ga=2; lang=de', true, 'lang=de'],
  ['lang=de', 'lang=de; fr-digest=AAAA', true, 'lang=de'],
  ['fr-digest=AAAA; _ga=1', undefined, true, undefined],
  ['lang=de; theme=dark', 'theme=dark;lang=de', false, 'lang=de; theme=dark'],
  ['lang=de', 'lang=en', false, 'lang=de'],
  [undefined, 'lang=de', false, undefined],
  ['sessionid=1; _ga=1', 'sessionid=1; _ga=1', false, 'sessionid=1; _ga=1'],
];
test('what varies by Cookie is found by the cookies that the origin gets', async (t) => {
  const got = new Map();
  const origin = await startOrigin(t, (req, res) => {
    if (!got.has(req.url)) got.set(req.url, req.headers.cookie);
    res.writeHead(200, { 'content-type': 'text/html', 'cache-control': 'public, max-age=60', vary: 'Cookie' });
    res.end(`of ${req.headers.cookie}`);
  });
  const f = await startForerun(t, { origin: origin.url });
  const s = await h2connect(t, f.port);
  const ask = async (path, cookie, more) => h2request(s, { ':path': path, ...(cookie && { cookie }), ...more });
  for (const [i, [first, second, isHit, sent]] of pairs.entries()) {
    await ask(`/${i}`, first);
    const r = await ask(`/${i}`, second);
    assert.deepEqual([/; hit/.test(r.headers['cache-status']), got.get(`/${i}`)], [isHit, sent], `${first} | ${second}: ${r.headers['cache-status']}`);
    if (isHit) assert.equal(r.body, `of ${sent}`);
  }
  // crumbs, as browsers send them; what is not for the cache keeps all its cookies
  await ask('/crumbs', ['_ga=1', 'lang=de', '_gid=2']);
  assert.match((await ask('/crumbs', 'lang=de')).headers['cache-status'], /; hit/);
  await ask('/post', 'lang=de; _ga=1', { ':method': 'POST' });
  assert.equal(got.get('/post'), 'lang=de; _ga=1');
});
