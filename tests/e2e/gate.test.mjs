// The gate into the store: every rule of docs/cache.md ("What is stored") by every way in. Alice
// is the client whose request causes a fetch or an update; whatever was for her never reaches Bob.
import test from 'node:test';
import { assert, startForerun, startOrigin, startRawOrigin, h2connect, h2request, loadPage } from './lib/harness.mjs';

const nextSecond = (ms) => new Promise((r) => setTimeout(r, ms)); // freshness is counted in seconds of the wall clock
const who = (req) => /who=(\w+)/.exec(req.headers.cookie)?.[1] ?? req.headers['x-who'] ?? 'nobody';

// What the origin says, beside a field of whoever asked; what Alice's request says; whether others
// get what is stored of it. `named`: the field is there, and kept out of what is stored.
const rules = {
  'no-store': { says: { 'cache-control': 'no-store' } },
  'private': { says: { 'cache-control': 'private, max-age=60' } },
  'private, in two lines': { says: { 'cache-control': ['max-age=60', 'private'] } },
  'private for CDNs': { says: { 'cache-control': 'public, max-age=60', 'cdn-cache-control': 'private' } },
  'vary on everything': { says: { 'cache-control': 'public, max-age=60', vary: '*' } },
  'set-cookie': { says: { 'cache-control': 'max-age=60' }, cookie: true },
  'set-cookie that is not to be kept': { says: { 'cache-control': 'max-age=60, no-cache="Set-Cookie"' }, cookie: true },
  'set-cookie2': { says: { 'cache-control': 'max-age=60', 'set-cookie2': 'a=b' } },
  'clear-site-data': { says: { 'cache-control': 'max-age=60', 'clear-site-data': '"cookies"' } },
  'an answer to how it was asked': { says: { 'cache-control': 'public, max-age=60' }, status: 431 },
  'authorization': { says: { 'cache-control': 'max-age=60' }, asks: { authorization: 'Basic YWxpY2U6eA==' } },
  'cookie': { says: { 'cache-control': 'max-age=60' }, asks: { cookie: 'who=alice' } },
  'another credential': { says: { 'cache-control': 'max-age=60' }, asks: { 'x-auth-token': 'alice' } },
  'request no-store': { says: { 'cache-control': 'public, max-age=60' }, asks: { 'cache-control': 'no-store, max-age=0' } },
  'public set-cookie': { says: { 'cache-control': 'public, max-age=60' }, cookie: true, shared: true },
  's-maxage set-cookie': { says: { 'cache-control': 's-maxage=60' }, cookie: true, shared: true },
  'private field': { says: { 'cache-control': 'public, max-age=60, private="x-user"' }, shared: true, named: true },
  'no-cache fields': { says: { 'cache-control': 'public, max-age=60, no-cache="Set-Cookie, X-User"' }, cookie: true, shared: true, named: true },
  'nothing against it': { says: { 'cache-control': 'public, max-age=60' }, shared: true },
};
const names = Object.keys(rules);
const slug = (name) => name.replace(/\W+/g, '-');
const ofRequest = (rule) => !!rule.asks;
const isKnown = (rule) => !!rule.asks && ('cookie' in rule.asks || 'x-auth-token' in rule.asks); // no document of the store is for her

// Paths are /<way>/<rule>. `first`: what is stored before Alice comes; NULL: nothing.
async function site(t, { first, config, answers304 = true } = {}) {
  const seen = new Map();
  const asked = [];
  let down = false;
  const origin = await startOrigin(t, (req, res) => {
    const [, way, name] = req.url.split('/');
    const rule = rules[names.find((n) => slug(n) === name)];
    asked.push(req);
    if (down) return req.socket.destroy();
    if (!rule) { res.writeHead(200, { 'content-type': 'text/html', link: names.map((n) => `</${way}/${slug(n)}>; rel=preload; as=style`).join(', ') }); return res.end('page'); }
    const n = (seen.get(req.url) ?? 0) + 1;
    seen.set(req.url, n);
    if (first && n === 1) { res.writeHead(200, { etag: '"v1"', ...first }); return res.end('shared'); }
    const is304 = answers304 && req.headers['if-none-match'] === '"v1"';
    // (a 304 has no status to judge)
    const mine = (!rule.shared && !(is304 && (rule.status || way === 'swr' && ofRequest(rule)))) || rule.named ? { 'x-user': who(req) } : {};
    if (rule.cookie) mine['set-cookie'] = `sid=${who(req)}`;
    const head = { etag: '"v1"', 'x-round': 'updated', ...rule.says, ...mine };
    if (is304) { res.writeHead(304, head); return res.end(); }
    res.writeHead(rule.status ?? 200, head);
    res.end(`body of ${who(req)}`);
  });
  const f = await startForerun(t, config ? { config: config(origin.url) } : { origin: origin.url, workers: 1 });
  const s = await h2connect(t, f.port);
  return {
    f, asked, s, stop: () => { down = true; },
    get: (path, headers = {}) => h2request(s, { ':path': path, ...headers }),
    count: (path) => asked.filter((r) => r.url === path).length,
  };
}

const mineIn = (r) => [r.headers['x-user'], ...[].concat(r.headers['set-cookie'] ?? [])].filter((v) => v && v.includes('alice'));

// Bob gets nothing of Alice's; and a hit only where the rule lets it be shared.
async function bobGets(w, way, { hits = (rule) => !!rule.shared, of = names } = {}) {
  for (const name of of) {
    const bob = await w.get(`/${way}/${slug(name)}`, { 'x-who': 'bob' });
    assert.deepEqual(mineIn(bob), [], `${way}, ${name}: Bob got what was Alice's`);
    assert.equal(/ hit/.test(bob.headers['cache-status']), hits(rules[name]), `${way}, ${name}: ${bob.headers['cache-status']}`);
  }
}

function aliceGotAll(r, rule, what) {
  if ((!rule.shared && !rule.status) || rule.named) assert.equal(r.headers['x-user'], 'alice', what);
  if (rule.cookie) assert.equal(String(r.headers['set-cookie']), 'sid=alice', what);
}

const alice = (rule) => ({ 'x-who': 'alice', ...rule.asks });
const plain = { 'cache-control': 'public, max-age=60' }; // answers whoever has a cookie, too

test('rules by the way of a fetch', async (t) => {
  const w = await site(t);
  for (const name of names) aliceGotAll(await w.get(`/fetch/${slug(name)}`, alice(rules[name])), rules[name], name);
  await bobGets(w, 'fetch');
});

test('our own cookie keeps nothing out of the store', async (t) => {
  const origin = await startOrigin(t, (req, res) => { res.writeHead(200, { 'cache-control': 'max-age=60', 'x-cookie': req.headers.cookie ?? 'none' }); res.end('page'); });
  const f = await startForerun(t, { origin: origin.url, workers: 1 });
  const s = await h2connect(t, f.port);
  const first = await h2request(s, { ':path': '/', cookie: 'fr-digest=AQ' });
  assert.deepEqual([first.headers['x-cookie'], first.headers['cache-status']], ['none', 'forerun; fwd=uri-miss; fwd-status=200; stored']);
  assert.match((await h2request(s, '/')).headers['cache-status'], / hit/);
});

test('rules by the way of a fetch, with a lifetime of the operator', async (t) => {
  const w = await site(t, { config: (url) => `
listen: [{address: "127.0.0.1:0"}]
sites: [{hosts: ["*"], origin: {url: "${url}"}, cache: {ttl: 10m}}]
` });
  for (const name of names) aliceGotAll(await w.get(`/ttl/${slug(name)}`, alice(rules[name])), rules[name], name);
  await bobGets(w, 'ttl');
});

test('rules by the way of a validation', async (t) => {
  const w = await site(t, { first: plain });
  for (const name of names) {
    const path = `/validated/${slug(name)}`;
    await w.get(path);
    const r = await w.get(path, { 'cache-control': 'max-age=0', ...alice(rules[name]) });
    assert.deepEqual([r.status, r.body], [200, 'shared'], name);
    assert.match(r.headers['cache-status'], /fwd=request; fwd-status=304/, name);
    assert.equal(r.headers['x-round'], 'updated', name);
    aliceGotAll(r, rules[name], name);
  }
  await bobGets(w, 'validated', { hits: (rule) => rule.shared || !!rule.status });
});

test('rules by the way of a full answer to a validation', async (t) => {
  const w = await site(t, { first: plain, answers304: false });
  for (const name of names) {
    const path = `/replaced/${slug(name)}`;
    await w.get(path);
    const r = await w.get(path, { 'cache-control': 'max-age=0', ...alice(rules[name]) });
    assert.equal(r.body, 'body of alice', name);
    aliceGotAll(r, rules[name], name);
  }
  // what the request alone forbids, and what one client's request got wrong, says nothing of what was stored
  await bobGets(w, 'replaced', { hits: (rule) => rule.shared || ofRequest(rule) || !!rule.status });
});

test('rules by the way of stale-while-revalidate', async (t) => {
  const w = await site(t, { first: { 'cache-control': 'max-age=1, stale-while-revalidate=60' } });
  for (const name of names) await w.get(`/swr/${slug(name)}`);
  await nextSecond(2100);
  for (const name of names.filter((n) => n !== 'request no-store')) {
    const r = await w.get(`/swr/${slug(name)}`, alice(rules[name]));
    if (isKnown(rules[name])) { assert.match(r.headers['cache-status'], /fwd=request/, name); continue; }
    assert.match(r.headers['cache-status'], / hit; ttl=-/, name);
    assert.deepEqual(mineIn(r), []);
  }
  await w.f.countersWhen((c) => c.fills_open === 0 && w.asked.length >= 2 * names.length - 1);
  for (const name of names) {
    const bob = await w.get(`/swr/${slug(name)}`, { 'x-who': 'bob' });
    if (!ofRequest(rules[name])) assert.deepEqual(mineIn(bob), [], name);
  }
  // what goes on behind is nobody's: her credentials stay at home where the answer could not be stored with them
  const { headers } = w.asked.find((r) => r.url === '/swr/authorization' && r.headers['if-none-match']);
  assert.deepEqual([headers.cookie, headers.authorization, headers['x-auth-token']], [undefined, undefined, undefined]);
  assert.match((await w.get('/swr/authorization')).headers['cache-status'], / hit; ttl=\d/);
});

test('rules by the way of warming', async (t) => {
  const w = await site(t);
  const s = await h2connect(t, w.f.port, { settings: { enablePush: false } });
  await h2request(s, { ':path': '/warm/', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', 'x-who': 'alice', 'user-agent': 'x' });
  await w.f.countersWhen((c) => c.fills_open === 0 && w.asked.length === names.length + 1);
  // nobody's cookie, and no request of Alice's: only what the response says counts
  await bobGets(w, 'warm', { hits: (rule) => rule.shared || ofRequest(rule) });
});

test('rules by the way of a push', async (t) => {
  const w = await site(t);
  const got = await loadPage(w.s, '/push/', { cookie: 'who=alice' });
  assert.ok(got.pushes.length >= names.length - 1); // 431 is taken back
  for (const name of names) {
    const push = got.pushes.find((p) => p.path === `/push/${slug(name)}`);
    if (push?.status === 200) aliceGotAll({ headers: push.response }, rules[name], name);
  }
  const s = await h2connect(t, w.f.port);
  // (a push has the cookie, and no more of what the page's request says)
  await bobGets({ ...w, get: (path, headers) => h2request(s, { ':path': path, ...headers }) }, 'push', { of: names.filter((n) => !rules[n].asks || n === 'cookie') });
});

test('rules by the way of HEAD', async (t) => {
  const w = await site(t, { first: plain });
  for (const name of names) {
    await w.get(`/head/${slug(name)}`);
    await w.get(`/head/${slug(name)}`, { ':method': 'HEAD', 'cache-control': 'no-cache', ...alice(rules[name]) });
  }
  await bobGets(w, 'head', { hits: (rule) => rule.shared || ofRequest(rule) || !!rule.status });
});

test('what was refused as an update does not stand in for an error', async (t) => {
  const w = await site(t, { first: { 'cache-control': 'public, max-age=0, stale-if-error=600' } });
  for (const name of names) {
    await w.get(`/error/${slug(name)}`);
    aliceGotAll(await w.get(`/error/${slug(name)}`, alice(rules[name])), rules[name], name);
  }
  w.stop();
  for (const name of names) {
    const bob = await w.get(`/error/${slug(name)}`, { 'x-who': 'bob', 'cache-control': 'no-cache' });
    assert.deepEqual(mineIn(bob), [], name);
    // (s-maxage forbids it for what is stored)
    if (!rules[name].shared && !rules[name].status) assert.equal(bob.status, 502, name);
  }
});

test('stale on error is what was stored, untouched by what the error said', async (t) => {
  let mode = 'up';
  const origin = await startOrigin(t, (req, res) => {
    if (mode === 'closed') return req.socket.destroy();
    res.writeHead(mode === 'up' ? 200 : 503, { 'cache-control': 'max-age=0, stale-if-error=600', etag: '"1"', ...(mode === 'up' ? {} : { 'set-cookie': 'sid=alice', 'x-user': 'alice' }) });
    res.end(mode);
  });
  const f = await startForerun(t, { origin: origin.url, workers: 1 });
  const s = await h2connect(t, f.port);
  await h2request(s, '/');
  for (mode of ['fails', 'closed']) {
    const r = await h2request(s, '/');
    assert.deepEqual([r.status, r.body, r.headers['set-cookie'], r.headers['x-user']], [200, 'up', undefined, undefined]);
    assert.equal(r.headers['cache-status'], mode === 'fails' ? 'forerun; fwd=stale; fwd-status=503' : 'forerun; fwd=stale');
  }
});

test('a 304 for another representation updates nothing: the whole is fetched', async (t) => {
  const asked = [];
  const origin = await startOrigin(t, (req, res) => {
    asked.push(req);
    const tag = req.url === '/weak' ? 'W/"2"' : '"2"';
    if (asked.filter((r) => r.url === req.url).length === 1) { res.writeHead(200, { 'cache-control': 'max-age=60', etag: '"1"', 'content-type': 'text/plain' }); return res.end('one'); }
    if (req.headers['if-none-match']) { res.writeHead(304, { 'cache-control': 'max-age=60', etag: tag, 'x-of': 'two' }); return res.end(); }
    res.writeHead(200, { 'cache-control': 'max-age=60', etag: tag, 'x-of': 'two' });
    res.end('two');
  });
  const f = await startForerun(t, { origin: origin.url, workers: 1 });
  const s = await h2connect(t, f.port);
  for (const path of ['/strong', '/weak']) {
    await h2request(s, path);
    const r = await h2request(s, { ':path': path, 'cache-control': 'max-age=0' });
    assert.deepEqual([r.status, r.body, r.headers['x-of']], [200, 'two', 'two']);
    assert.equal(r.headers['cache-status'], 'forerun; fwd=request; fwd-status=200; stored');
    assert.equal(asked.at(-1).headers['if-none-match'], undefined);
    const next = await h2request(s, path);
    assert.match(next.headers['cache-status'], / hit/);
    assert.equal(next.body, 'two');
    assert.equal(asked.filter((a) => a.url === path).length, 3);
  }
  assert.equal((await f.counters()).cache_mismatches, 2);
});

test('a 304 names the body nothing else than it is', async (t) => {
  const origin = await startRawOrigin(t, (socket, head) => {
    socket.write(/if-none-match/i.test(head)
      ? 'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\nCache-Control: max-age=60\r\nContent-Type: text/evil\r\nContent-Encoding: gzip\r\nContent-Length: 99\r\nConnection: X-Hop\r\nX-Hop: 1\r\nX-New: 1\r\n\r\n'
      : 'HTTP/1.1 200 OK\r\nETag: "1"\r\nCache-Control: max-age=60\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nbody');
  });
  const f = await startForerun(t, { origin: origin.url, workers: 1 });
  const s = await h2connect(t, f.port);
  await h2request(s, '/');
  for (const headers of [{ 'cache-control': 'max-age=0' }, {}]) {
    const r = await h2request(s, { ':path': '/', ...headers });
    assert.deepEqual([r.body, r.headers['content-type'], r.headers['content-encoding'], r.headers['content-length'], r.headers['x-hop'], r.headers['x-new']],
      ['body', 'text/plain', undefined, '4', undefined, '1']);
  }
});

// --- conditions of clients ---

test('a client that has an uncacheable page is told so at each reload', async (t) => {
  const date = 'Sun, 06 Nov 1994 08:49:37 GMT';
  const big = 'x'.repeat(300000);
  const origin = await startOrigin(t, (req, res) => {
    const by = new URL(req.url, 'http://x').pathname;
    const head = { 'cache-control': 'private, max-age=0', ...(by === '/date' ? { 'last-modified': date } : by === '/none' ? {} : { etag: '"v1"' }) };
    if (by === '/honest' && req.headers['if-none-match'] === '"v1"') { res.writeHead(304, head); return res.end(); }
    res.writeHead(200, { 'content-type': 'text/html', ...head });
    res.end(by === '/big' ? big : 'page');
  });
  const config = (on) => `
listen: [{address: "127.0.0.1:0"}]
sites: [{hosts: ["*"], origin: {url: "${origin.url}"}, cache: {enabled: ${on}}}]
`;
  for (const on of [true, false]) {
    const f = await startForerun(t, { config: config(on) });
    const s = await h2connect(t, f.port);
    const get = (path, headers) => h2request(s, { ':path': path, ...headers });
    for (let i = 0; i < 2; i++) {
      // with the cache off it is the origin that compares
      for (const path of on ? ['/honest', '/tag', '/big'] : ['/honest']) {
        const r = await get(path, { 'if-none-match': '"v1"' });
        assert.deepEqual([r.status, r.body, r.headers.etag, r.headers['cache-control']], [304, '', '"v1"', 'private, max-age=0'], `${path} ${on}`);
        if (on) assert.equal(r.headers['cache-status'], 'forerun; fwd=uri-miss; fwd-status=200; detail="private"');
      }
      assert.equal((await get('/tag', { 'if-none-match': '"v2"' })).body, 'page');
      if (on) assert.equal((await get('/date', { 'if-modified-since': date })).status, 304);
      assert.equal((await get('/date', { 'if-modified-since': 'Sun, 06 Nov 1994 08:49:36 GMT' })).status, 200);
      // no date of the origin's: nothing to compare with
      assert.equal((await get('/none', { 'if-modified-since': new Date(Date.now() + 5000).toUTCString() })).status, 200);
      // these are the origin's to answer
      assert.equal((await get('/tag', { 'if-match': '"v2"' })).status, 200);
      assert.equal((await get('/tag', { 'if-range': '"v2"', range: 'bytes=0-1' })).body, 'page');
    }
    await f.countersWhen((x) => x.fills_open === 0 && x.fetches_open === 0 && x.exchanges_open === 0);
  }
});

// --- what one client causes is its own ---

test('who waits asks for himself when the leader failed by its own request', async (t) => {
  let bad = 0;
  const origin = await startOrigin(t, (req, res) => {
    if (req.headers['x-large']) {
      bad++;
      // as soon as the others wait
      f.countersWhen((c) => c.cache_joined >= 8 * bad).then(() => {
        if (req.url === '/closed') req.socket.destroy();
        else if (req.url === '/431') { res.writeHead(431, { 'cache-control': 'max-age=60' }); res.end(); }
        else if (req.url === '/502') { res.writeHead(502); res.end(); }
        else { res.writeHead(200, { 'content-length': 'x' }); res.end(); }
      });
      return;
    }
    res.writeHead(200, { 'cache-control': 'max-age=60' });
    res.end('page');
  });
  const f = await startForerun(t, { origin: origin.url, workers: 2 });
  for (const path of ['/closed', '/431', '/502']) {
    const s = await h2connect(t, f.port);
    const first = h2request(s, { ':path': path, 'x-large': '1' });
    while (!origin.requests.some((r) => r.url === path)) await new Promise((r) => setImmediate(r));
    const others = [];
    for (let i = 0; i < 8; i++) others.push(h2request(await h2connect(t, f.port), path));
    assert.notEqual((await first).status, 200);
    for (const r of await Promise.all(others)) assert.deepEqual([r.status, r.body], [200, 'page'], path);
    // one asked for all, but for 502, which says that it cannot be shared
    if (path !== '/502') assert.ok(origin.requests.filter((r) => r.url === path).length <= 3, path);
  }
});

test('an origin that nobody can reach answers all who wait, once', async (t) => {
  const origin = await startOrigin(t, () => {});
  const { port } = origin.address();
  await new Promise((r) => origin.close(r));
  const f = await startForerun(t, { origin: `http://127.0.0.1:${port}`, workers: 1 });
  const s = await h2connect(t, f.port);
  for (const r of await Promise.all(Array.from({ length: 10 }, () => h2request(s, '/')))) {
    assert.equal(r.status, 502);
    assert.equal(r.headers['cache-status'], 'forerun; fwd=uri-miss');
  }
});

test('a wait for another client’s fetch has an end', async (t) => {
  const held = [];
  const origin = await startOrigin(t, (req, res) => {
    if (req.headers['x-slow']) return held.push(res);
    res.writeHead(200, { 'cache-control': 'max-age=60' });
    res.end('page');
  });
  const f = await startForerun(t, { config: `
listen: [{address: "127.0.0.1:0"}]
cache: {wait_timeout: 100ms}
sites: [{hosts: ["*"], origin: {url: "${origin.url}"}}]
` });
  const slow = await h2connect(t, f.port), s = await h2connect(t, f.port);
  const first = h2request(slow, { ':path': '/', 'x-slow': '1' });
  while (!held.length) await new Promise((r) => setImmediate(r));
  const r = await h2request(s, '/');
  assert.deepEqual([r.status, r.body, r.headers['cache-status']], [200, 'page', 'forerun; fwd=uri-miss; fwd-status=200']);
  held[0].writeHead(200, { 'cache-control': 'max-age=60' });
  held[0].end('late');
  assert.equal((await first).body, 'late');
  const c = await f.countersWhen((x) => x.fills_open === 0 && x.exchanges_open === 0);
  assert.equal(c.cache_wait_timeouts, 1);
});

test('who waits with something stale at hand has it when the origin answers nobody', async (t) => {
  let down = false;
  const origin = await startOrigin(t, (req, res) => {
    if (down) { setTimeout(() => req.socket.destroy(), 50); return; }
    res.writeHead(200, { 'cache-control': 'public, max-age=0, stale-if-error=600', etag: '"1"' });
    res.end('stale');
  });
  const f = await startForerun(t, { origin: origin.url, workers: 2 });
  await h2request(await h2connect(t, f.port), '/');
  down = true;
  const all = [];
  for (let i = 0; i < 6; i++) all.push(h2request(await h2connect(t, f.port), { ':path': '/', ...(i % 2 ? { cookie: 'a=b' } : {}) }));
  for (const r of await Promise.all(all)) assert.deepEqual([r.status, r.body], [200, 'stale']);
});

test('a purge while a response is on its way: it is not stored, nor given to who asks afterwards', async (t) => {
  const held = [];
  const origin = await startOrigin(t, (req, res) => {
    if (req.method === 'POST') { res.writeHead(204); return res.end(); }
    held.push(res);
  });
  const f = await startForerun(t, { origin: origin.url, workers: 2 });
  const s = await h2connect(t, f.port);
  const asked = async (n) => { while (held.length < n) await new Promise((r) => setImmediate(r)); };
  const say = (res, text) => { res.writeHead(200, { 'cache-control': 'max-age=60' }); res.end(text); };
  const before = h2request(s, '/');
  await asked(1);
  await h2request(s, { ':path': '/', ':method': 'POST' }, 'x');
  const after = h2request(s, '/');
  await asked(2); // it did not wait for the first
  say(held[0], 'before');
  assert.equal((await before).body, 'before');
  say(held[1], 'after');
  const r = await after;
  assert.deepEqual([r.body, r.headers['cache-status']], ['after', 'forerun; fwd=uri-miss; fwd-status=200; stored']);
  assert.equal((await h2request(s, '/')).body, 'after');
});

// --- every answer against every state of a body ---

const kinds = {
  whole: {}, 'one range': { range: 'bytes=0-1' }, 'several ranges': { range: 'bytes=0-1,5-6' }, beyond: { range: 'bytes=99999-' },
  head: { ':method': 'HEAD' }, 'not modified': { 'if-none-match': '"2"' }, modified: { 'if-none-match': '"1"' },
  'if-range': { range: 'bytes=0-1,5-6', 'if-range': '"2"' }, 'other if-range': { range: 'bytes=0-1,5-6', 'if-range': '"1"' },
};
const states = {
  filling: (res) => { res.write('y'.repeat(100)); return () => res.end('y'.repeat(400)); },
  complete: (res) => { res.end('y'.repeat(500)); },
  failed: (res) => { res.write('y'.repeat(100)); return () => res.destroy(); },
  'cut loose and filling': (res) => { res.write('y'.repeat(3000)); return () => res.end('y'.repeat(3000)); },
  'cut loose and complete': (res) => { res.end('y'.repeat(3000)); },
};

for (const path of ['joined', 'stale']) {
  test(`every answer against every state of a body, ${path}`, async (t) => {
    const waiting = [];
    const origin = await startOrigin(t, (req, res) => {
      if (req.url.startsWith('/stale') && !origin.requests.some((r) => r !== req && r.url === req.url)) { res.writeHead(200, { 'cache-control': 'max-age=0', etag: '"1"' }); return res.end('x'.repeat(500)); }
      waiting.push({ req, res });
    });
    const f = await startForerun(t, { config: `
listen: [{address: "127.0.0.1:0"}]
workers: 2
cache: {max_object: 1024}
sites: [{hosts: ["*"], origin: {url: "${origin.url}"}}]
` });
    const lead = await h2connect(t, f.port), other = await h2connect(t, f.port);
    const finish = async (stateName, jobs) => {
      const ends = [];
      let settled = false;
      const all = Promise.all(jobs).then(() => { settled = true; });
      // whoever asks, now or after having been refused, is answered
      while (!settled) {
        while (waiting.length) {
          const { res } = waiting.shift();
          res.writeHead(200, { 'cache-control': 'max-age=60', etag: '"2"' });
          const end = states[stateName](res);
          if (end) ends.push(setTimeout(end, 5));
        }
        await new Promise((r) => setTimeout(r, 1));
      }
      await all;
    };
    const settle = (p) => p.then((r) => r.status, () => 'cut');
    for (const stateName of Object.keys(states)) {
      for (const [kind, headers] of Object.entries(kinds)) {
        const url = `/${path}/${stateName}/${kind}`.replaceAll(' ', '-');
        if (path === 'stale') await h2request(lead, url);
        const results = [settle(h2request(lead, url))];
        while (!waiting.length) await new Promise((r) => setImmediate(r));
        results.push(settle(h2request(other, { ':path': url, ...headers })), settle(h2request(lead, { ':path': url, ...headers })));
        await finish(stateName, results);
        for (const r of await Promise.all(results)) assert.ok([200, 206, 304, 416, 'cut'].includes(r) && (r !== 'cut' || stateName === 'failed') || (r === 502 && stateName === 'failed'), `${url}: ${r}`);
      }
    }
    await f.countersWhen((x) => x.fills_open === 0 && x.fetches_open === 0 && x.exchanges_open === 0);
  });
}

test('Cache-Status of answers of its own: why the origin was asked, and no status that it did not say', async (t) => {
  const origin = await startOrigin(t, (req, res) => { if (req.url === '/never') return; req.socket.destroy(); });
  const f = await startForerun(t, { config: `
listen: [{address: "127.0.0.1:0"}]
sites: [{hosts: ["*"], origin: {url: "${origin.url}", first_byte_timeout: 200ms}}]
` });
  const s = await h2connect(t, f.port);
  const rows = [
    [{}, 502, 'forerun; fwd=uri-miss'],
    [{ ':path': '/never' }, 504, 'forerun; fwd=uri-miss'],
    [{ ':method': 'HEAD' }, 502, 'forerun; fwd=uri-miss'],
    [{ ':method': 'DELETE' }, 502, 'forerun; fwd=method'],
    [{ 'if-match': '"1"' }, 502, 'forerun; fwd=bypass'],
    [{ 'cache-control': 'only-if-cached' }, 504, 'forerun; detail=only-if-cached'],
  ];
  for (const [headers, status, expected] of rows) {
    const r = await h2request(s, { ':path': '/', ...headers });
    assert.deepEqual([r.status, r.headers['cache-status']], [status, expected], JSON.stringify(headers));
  }
});
