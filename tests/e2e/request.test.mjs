// The request that the origin gets: one form of it, from which the cache's key and
// Vary are computed, too, and nothing in it that a client says for a proxy.
import test from 'node:test';
import { once } from 'node:events';
import { assert, startForerun, startOrigin, h2connect, h2request, raw } from './lib/harness.mjs';

test('trailers of a request say nothing that the edge says in a head', async (t) => {
  const seen = [];
  const origin = await startOrigin(t, (req, res) => {
    req.resume();
    req.on('end', () => { seen.push(req.trailers); res.end('ok'); });
  });
  const f = await startForerun(t, { origin: origin.url });
  const s = await h2connect(t, f.port);
  const hostile = { 'x-forwarded-for': '192.0.2.66', forwarded: 'for=192.0.2.66', 'x-real-ip': '192.0.2.66',
    'true-client-ip': '192.0.2.66', x_forwarded_for: '192.0.2.66', host: 'other.example', cookie: 'a=b',
    authorization: 'Basic x', via: '1.1 x', 'x-http-method-override': 'DELETE', 'if-none-match': '"1"' };
  for (const [name, value] of Object.entries(hostile)) {
    const stream = s.request({ ':method': 'POST', ':path': '/' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ [name]: value, 'x-sum': '42' }));
    stream.end('data');
    stream.resume();
    await once(stream, 'close');
    assert.deepEqual(Object.keys(seen.at(-1)), ['x-sum'], name);
  }
  // over HTTP/1.1 the whole request is refused before its end
  const before = seen.length;
  for (const name of [...Object.keys(hostile), 'content-length', 'transfer-encoding']) {
    const r = await raw(f.plainPort, `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n${name}: 1\r\n\r\n`, { until: /\r\n\r\n/ });
    assert.match(r.text, /^HTTP\/1.1 400/, name);
  }
  assert.equal(seen.length, before);
});

test('a browser with very many cookies is served over both protocols, many other fields are not', async (t) => {
  const origin = await startOrigin(t, (req, res) => res.end(req.headers.cookie));
  const f = await startForerun(t, { origin: origin.url });
  const s = await h2connect(t, f.port);
  const crumbs = Array.from({ length: 300 }, (_, i) => `c${i}=0123456789`);
  const r = await h2request(s, { ':path': '/', cookie: crumbs });
  assert.equal(r.status, 200);
  assert.equal(r.body, crumbs.join('; '));
  const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`x-${i}`, '1']));
  assert.equal((await h2request(s, { ':path': '/', ...many })).status, 431);
});

// An edge before an origin that notes what it gets: get(path, headers) over HTTP/2, h1(head) over HTTP/1.1.
async function site(t, answer, more = '') {
  const seen = [];
  const origin = await startOrigin(t, (req, res) => { seen.push(req); answer(req, res); });
  const f = await startForerun(t, { config: `listen:\n  - {address: "127.0.0.1:0"}\n  - {address: "127.0.0.1:0", tls: off}\nworkers: 1\nsites:\n  - hosts: ["*"]\n    origin: {url: "${origin.url}"}\n${more}` });
  const s = await h2connect(t, f.port);
  const get = (path, headers = {}) => h2request(s, { ':path': path, ...headers });
  const h1 = async (path, { host = 'a.example', lines = [], method = 'GET' } = {}) => {
    const r = await raw(f.plainPort, `${method} ${path} HTTP/1.1\r\n${['Host: ' + host, 'Connection: close', ...lines].join('\r\n')}\r\n\r\n`);
    return { text: r.text, status: Number(r.text.slice(9, 12)), cache: /^cache-status: (.*)\r$/m.exec(r.text)?.[1] ?? '', body: r.text.slice(r.text.indexOf('\r\n\r\n') + 4) };
  };
  return { f, s, seen, get, h1 };
}
const fresh = (res, body, more = {}) => { res.writeHead(200, { 'cache-control': 'max-age=600', 'content-length': Buffer.byteLength(body), ...more }); res.end(body); };

test('all spellings of a host are one to the cache and to the origin', async (t) => {
  const { seen, h1 } = await site(t, (req, res) => fresh(res, req.headers.host));
  for (const host of ['A.EXAMPLE', 'a.example', 'a.Example.', 'a.example:80', 'a.example:', 'A.example.:0080'])
    assert.match((await h1('/', { host })).body, /a\.example$/, host);
  assert.equal(seen.length, 1);
  assert.equal(seen[0].headers.host, 'a.example');
  assert.equal(seen[0].headers['x-forwarded-host'], 'a.example');
  assert.match(seen[0].headers.forwarded, /host="a\.example"/);
  assert.equal((await h1('/', { host: 'a.example:81' })).body, 'a.example:81');
});

test('what a client says for a proxy does not reach the origin, in whatever spelling', async (t) => {
  const { seen, get, h1 } = await site(t, (req, res) => { res.writeHead(200, { 'cache-control': 'no-store' }); res.end('ok'); });
  const names = ['X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto', 'X-Forwarded-Port', 'X-Forwarded-User', 'Forwarded', 'X-Real-IP',
    'True-Client-IP', 'CF-Connecting-IP', 'Client-IP', 'X-Client-IP', 'X-Cluster-Client-IP', 'Fastly-Client-IP', 'X-Original-URL', 'X-Rewrite-URL',
    'X-Original-Host', 'X-Host', 'Proxy', 'Client-Cert', 'X-SSL-Client-Verify', 'X-Middleware-Subrequest',
    'X_Forwarded_For', 'X_Real_IP', 'x.real.ip', 'Accept_Language', 'Content_Type', 'Cookie_'];
  const mark = '192.0.2.66';
  await h1('/', { lines: names.map((n) => `${n}: ${mark}`) });
  await get('/', Object.fromEntries(names.map((n) => [n.toLowerCase(), mark])));
  assert.equal(seen.length, 2);
  for (const req of seen) {
    assert.equal(req.rawHeaders.filter((v) => v.includes(mark)).length, 0, req.rawHeaders.join(' '));
    assert.equal(req.rawHeaders.filter((v) => v.includes('_')).length, 0);
    assert.equal(req.headers['x-real-ip'], '127.0.0.1');
    assert.equal(req.headers['x-forwarded-for'], '127.0.0.1');
  }
  assert.equal(seen[0].headers['x-forwarded-proto'], 'http');
  assert.equal(seen[1].headers['x-forwarded-proto'], 'https');
});

test('Vary selects by what the origin saw, and not by what the edge makes', async (t) => {
  const made = ['X-Forwarded-For', 'X-Forwarded-Proto', 'Forwarded', 'X-Real-IP', 'Via', 'Accept-Language, X-Forwarded-Host', '*'];
  const { seen, get, h1 } = await site(t, (req, res) => fresh(res, `language ${req.headers['accept-language']}, theme ${req.headers['x-theme']}`,
    { vary: req.url.startsWith('/made') ? made[Number(req.url.slice(5))] : 'Accept-Language, X-Theme' }));
  for (let i = 0; i < made.length; i++) {
    for (let k = 0; k < 2; k++) assert.doesNotMatch((await get(`/made${i}`)).headers['cache-status'], /hit|stored/, made[i]);
  }
  // Connection takes away only what nobody decides by, and before Vary looks at it
  for (const name of ['Accept-Language', 'X-Theme']) {
    await h1('/', { lines: ['Accept-Language: de', 'X-Theme: dark', `Connection: ${name}`] });
    const r = await h1('/', { lines: ['Accept-Language: de', 'X-Theme: dark'] });
    assert.equal(r.body.slice(-23), 'language de, theme dark', name);
  }
  const before = seen.length;
  assert.match((await h1('/', { lines: ['Accept-Language: de', 'X-Theme: dark'] })).cache, /hit/);
  assert.match((await h1('/', { lines: ['Accept-Language: de'] })).body, /language de, theme undefined$/);
  assert.equal(seen.length, before);
});

test('the origin sees of Accept-Encoding what tells variants apart', async (t) => {
  const { seen, get } = await site(t, (req, res) => fresh(res, req.headers['accept-encoding'] ?? 'none', { vary: 'Accept-Encoding' }));
  for (const value of ['gzip, br', 'br;q=1.0, gzip;q=0.2', 'GZIP , sdch, br', 'br,x-gzip, identity'])
    assert.equal((await get('/', { 'accept-encoding': value })).body, 'gzip, br');
  assert.equal(seen.length, 1);
  assert.equal((await get('/', { 'accept-encoding': 'br;q=0' })).body, 'identity');
  assert.equal((await get('/')).body, 'none');
});

test('only the part of the query that is in the key is sent', async (t) => {
  const { seen, get } = await site(t, (req, res) => fresh(res, req.url), '    cache: {query_only: [page], bypass_cookies: [login]}\n    paths: [{prefix: /none, cache: {ignore_query: true}}]\n');
  assert.equal((await get('/a?utm=1&page=2&x')).body, '/a?page=2');
  assert.equal((await get('/a?page=2&session=secret')).body, '/a?page=2');
  assert.equal((await get('/a?p%61ge=3')).body, '/a?p%61ge=3');
  assert.equal((await get('/none?token=secret')).body, '/none');
  assert.equal((await get('/none?other')).body, '/none');
  assert.deepEqual(seen.map((r) => r.url), ['/a?page=2', '/a?p%61ge=3', '/none']);
  // a HEAD or a range of what is not stored is the same request
  await get('/b?page=1&x=2', { ':method': 'HEAD' });
  await get('/b?x=2&page=1', { range: 'bytes=0-1' });
  assert.deepEqual(seen.slice(-2).map((r) => r.url), ['/b?page=1', '/b?page=1']);
  // what the cache takes no part in is sent as it came
  await get('/c?page=1&x=2', { cookie: 'login=1' });
  await get('/c?page=1&x=2', { ':method': 'DELETE' });
  assert.deepEqual(seen.slice(-2).map((r) => r.url), ['/c?page=1&x=2', '/c?page=1&x=2']);
});

test('rules of a path hold for every spelling of it', async (t) => {
  const { get, h1 } = await site(t, (req, res) => fresh(res, req.url), '    paths: [{prefix: /account, cache: {enabled: false}}]\n');
  for (const path of ['/account', '//account', '/%61ccount', '/account/', '/acc%6Funt/x', '/account;a=b', '/a/..//account', '/./account', '/a/%2e%2e/account', '/a/..%2faccount', '/..%5caccount', '/account%00', '/a/..;/account', '/a%252f..']) {
    for (let i = 0; i < 2; i++) {
      const r = await h1(path);
      assert.equal(r.status, 200, path);
      assert.equal(r.body, path); // as it came
      assert.doesNotMatch(r.cache, /hit|stored/, path);
      assert.doesNotMatch((await get(path)).headers['cache-status'] ?? '', /hit|stored/, path);
    }
  }
  await h1('/accounts');
  assert.match((await h1('/accounts')).cache, /hit/);
});

test('a lifetime that is set for a path does not reach what the origin reads as another', async (t) => {
  const { get } = await site(t, (req, res) => res.end(/account/.test(decodeURIComponent(req.url)) ? `account of ${req.headers.cookie}` : 'static'),
    '    paths: [{prefix: /static, cache: {ttl: 60s}}]\n');
  for (const path of ['/static/..%2faccount', '/static/../account', '/static/%2e%2e/account', '/static/..%5caccount', '/static/.%2e;x/account']) {
    await get(path, { cookie: 'user=alice' });
    const r = await get(path);
    assert.equal(r.body, 'account of undefined', path);
  }
  await get('/static/a');
  assert.match((await get('/static/a')).headers['cache-status'], /hit/);
});

test('ambiguous paths have no hints', async (t) => {
  const { get } = await site(t, (req, res) => { setTimeout(() => { res.writeHead(200, { 'content-type': 'text/html', link: '</a.css>; rel=preload; as=style' }); res.end('page'); }, 20); },
    '    hints: {push: false, early_hints: always}\n    rules: [{path: "*", links: ["</r.css>; rel=preload; as=style"]}]\n');
  const asPage = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
  for (let i = 0; i < 2; i++) assert.equal((await get('/a/..%2fpage', asPage)).informational.length, 0);
  assert.equal((await get('/a/page', asPage)).informational.length, 1);
});

test('a request with another method in a field is not answered from the cache, nor stored', async (t) => {
  const { seen, get } = await site(t, (req, res) => fresh(res, `${req.headers['x-http-method-override'] ?? 'GET'}`));
  for (const name of ['x-http-method-override', 'x-http-method', 'x-method-override']) {
    const r = await get('/', { [name]: 'DELETE' });
    assert.match(r.headers['cache-status'], /fwd=bypass/);
  }
  assert.equal(seen.length, 3);
  assert.equal((await get('/')).body, 'GET');
  assert.match((await get('/', { 'x-method-override': 'PUT' })).headers['cache-status'], /fwd=bypass/);
});
