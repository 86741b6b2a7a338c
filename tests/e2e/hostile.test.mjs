// Messages that could be read in two ways, in both directions: refused, and
// never passed on.
import test from 'node:test';
import { assert, startForerun, startOrigin, startRawOrigin, h2connect, h2request, raw, rawH2, run, freePort, preface, settings, frame, fields, get, resetCode, goawayCode, codes } from './lib/harness.mjs';

const requests = [
  ['both Content-Length and Transfer-Encoding', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
  ['two different lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd', 400],
  ['two equal lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc', 400],
  ['a list of lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\nabc', 400],
  ['a signed length', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc', 400],
  ['a hexadecimal length', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x3\r\n\r\nabc', 400],
  ['a length beyond all numbers', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\nabc', 400],
  ['chunked twice', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n', 400],
  ['chunked not last', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n', 400],
  ['chunked in two fields', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
  ['an unknown coding', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\nx', 501],
  ['a coding in disguise', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n', 400],
  ['Transfer-Encoding in HTTP/1.0', 'POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
  ['white space before the colon', 'GET / HTTP/1.1\r\nHost : a\r\n\r\n', 400],
  ['a bare LF', 'GET / HTTP/1.1\nHost: a\n\n', 400],
  ['a bare LF among CRLF', 'GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n', 400],
  ['a bare CR in a value', 'GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n', 400],
  ['a NUL in a value', 'GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n', 400],
  ['a NUL in a name', 'GET / HTTP/1.1\r\nHost: a\r\nX\0: b\r\n\r\n', 400],
  ['line folding', 'GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n', 400],
  ['a field without a name', 'GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n', 400],
  ['a field without a colon', 'GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n', 400],
  ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
  ['two Hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n', 400],
  ['a Host with user information', 'GET / HTTP/1.1\r\nHost: x@a\r\n\r\n', 400],
  ['a Host with a path', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n', 400],
  ['an absolute-form that differs from Host', 'GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['an absolute-form of another scheme', 'GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['an absolute-form without host', 'GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['a target without slash', 'GET x HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['a target with a fragment', 'GET /#x HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['a target with a control', 'GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['an asterisk for GET', 'GET * HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['two spaces in the request line', 'GET  / HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['HTTP/0.9', 'GET /\r\n\r\n', 400],
  ['HTTP/3.0 in text', 'GET / HTTP/3.0\r\nHost: a\r\n\r\n', 505],
  ['a malformed version', 'GET / HTTP/1.x\r\nHost: a\r\n\r\n', 400],
  ['a malformed method', 'G(T / HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['a malformed Connection', 'GET / HTTP/1.1\r\nHost: a\r\nConnection: a b\r\n\r\n', 400],
];

for (const [name, text, status] of requests)
  test(`HTTP/1.1 request refused: ${name}`, async (t) => {
    const origin = await startOrigin(t, (req, res) => res.end('reached'));
    const f = await startForerun(t, { origin: origin.url, workers: 1 });
    const r = await raw(f.plainPort, text);
    assert.match(r.text, new RegExp(`^HTTP/1.1 ${status} `), r.text);
    assert.doesNotMatch(r.text, /reached/);
    assert.equal(origin.requests.length, 0);
  });

test('chunked bodies that are malformed are refused', async (t) => {
  const origin = await startOrigin(t, (req, res) => { req.resume(); req.on('end', () => res.end('reached')); });
  const f = await startForerun(t, { origin: origin.url, workers: 1 });
  for (const body of ['x\r\n', '-1\r\n\r\n', '5\nhello\r\n', '5\r\nhelloX', '11111111111111111\r\n', '0\r\nContent-Length: 5\r\n\r\n', '0\r\nX : y\r\n\r\n', `5;${'e'.repeat(300)}\r\nhello\r\n0\r\n\r\n`]) {
    const r = await raw(f.plainPort, `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${body}`);
    assert.doesNotMatch(r.text, /reached/, JSON.stringify(body));
    assert.match(r.text, /^HTTP\/1.1 4\d\d /, JSON.stringify(body));
  }
});

test('an absolute-form that agrees with Host is served', async (t) => {
  const origin = await startOrigin(t, (req, res) => res.end(`${req.url} ${req.headers.host}`));
  const f = await startForerun(t, { origin: origin.url });
  for (const [target, host, want] of [['http://a/p?q', 'a', '/p?q a'], ['http://A:80/p', 'a', '/p a'], ['http://a', 'a', '/ a'], ['http://a?q', 'a', '/?q a']])
    assert.ok((await raw(f.plainPort, `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)).text.endsWith(want), target);
});

const base = [[':method', 'GET'], [':scheme', 'http'], [':authority', 'a'], [':path', '/']];
const without = (n) => base.filter(([k]) => k !== n);
const heads = [
  ['a Host that differs from :authority', [...base, ['host', 'b']]],
  ['two Hosts', [...without(':authority'), ['host', 'a'], ['host', 'a']]],
  ['neither :authority nor Host', without(':authority')],
  ['no :path', without(':path')],
  ['an empty :path', [...without(':path'), [':path', '']]],
  ['a :path without slash', [...without(':path'), [':path', 'x']]],
  ['a :path with a space', [...without(':path'), [':path', '/a b']]],
  ['a :path with a fragment', [...without(':path'), [':path', '/a#b']]],
  ['no :method', without(':method')],
  ['a malformed :method', [...without(':method'), [':method', 'G T']]],
  ['no :scheme', without(':scheme')],
  [':path twice', [...base, [':path', '/']]],
  ['an unknown pseudo-header field', [...base, [':new', 'x']]],
  ['a pseudo-header field behind others', [...without(':path'), ['x', 'y'], [':path', '/']]],
  ['a response pseudo-header field', [...base, [':status', '200']]],
  ['Connection', [...base, ['connection', 'close']]],
  ['Transfer-Encoding', [...base, ['transfer-encoding', 'chunked']]],
  ['Upgrade', [...base, ['upgrade', 'x']]],
  ['Keep-Alive', [...base, ['keep-alive', '1']]],
  ['Proxy-Connection', [...base, ['proxy-connection', 'x']]],
  ['TE other than trailers', [...base, ['te', 'gzip']]],
  ['an upper-case name', [...base, ['X-Up', 'y']]],
  ['a CR in a value', [...base, ['x', 'a\rb']]],
  ['a LF in a value', [...base, ['x', 'a\nset-cookie: b']]],
  ['a NUL in a value', [...base, ['x', 'a\0b']]],
  ['white space around a value', [...base, ['x', ' a']]],
  ['an authority with user information', [...without(':authority'), [':authority', 'u@a']]],
  ['a length that the body does not have', [...base, ['content-length', '5']]],
  ['two lengths', [...base, ['content-length', '0'], ['content-length', '0']]],
];

for (const [name, list] of heads)
  test(`HTTP/2 request refused: ${name}`, async (t) => {
    const origin = await startOrigin(t, (req, res) => res.end('reached'));
    const f = await startForerun(t, { origin: origin.url, workers: 1 });
    const frames = await rawH2(f.plainPort, Buffer.concat([preface, settings, frame(1, 5, 1, fields(list)), frame(1, 5, 3, get('/'))]),
      (fs) => fs.some((x) => x.id === 3 && x.flags & 1));
    const code = resetCode(frames, 1) ?? goawayCode(frames);
    assert.equal(code, codes.PROTOCOL_ERROR, JSON.stringify(frames.map((x) => [x.type, x.id])));
    assert.ok(frames.some((x) => x.id === 3 && x.type === 0), 'the connection goes on');
    assert.equal(origin.requests.length, 1);
  });

// faults that have one meaning only are borne: see origins.test.mjs
const responses = [
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd'],
  ['a NUL', 'HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n'],
  ['no status', 'HTTP/1.1 OK\r\n\r\n'],
  ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
  ['not HTTP', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
  ['HTTP/2 in text', 'HTTP/2 200\r\n\r\n'],
  ['an unknown coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx'],
  ['endless interim responses', 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(20)],
];

for (const [name, text] of responses)
  test(`origin response refused: ${name}`, async (t) => {
    const origin = await startRawOrigin(t, (socket) => socket.write(text, 'latin1'));
    const f = await startForerun(t, { origin: origin.url, workers: 1 });
    const s = await h2connect(t, f.port);
    assert.equal((await h2request(s, '/')).status, 502);
  });

test('an origin that is down is a bad gateway', async (t) => {
  const f = await startForerun(t, { origin: `http://127.0.0.1:${await freePort()}` });
  const s = await h2connect(t, f.port);
  assert.equal((await h2request(s, '/')).status, 502);
});

test('an origin whose name does not resolve is a bad gateway', async (t) => {
  const f = await startForerun(t, { origin: 'http://name.invalid' });
  const s = await h2connect(t, f.port);
  assert.equal((await h2request(s, '/')).status, 502);
});

test('an origin that closes without an answer is a bad gateway', async (t) => {
  const origin = await startRawOrigin(t, (socket) => socket.destroy());
  const f = await startForerun(t, { origin: origin.url });
  const s = await h2connect(t, f.port);
  assert.equal((await h2request(s, '/')).status, 502);
});

test('an origin that is too slow is a gateway timeout', async (t) => {
  const origin = await startRawOrigin(t, () => {});
  const f = await startForerun(t, { config: `
listen: [{address: "127.0.0.1:0"}]
sites: [{hosts: ["*"], origin: {url: "${origin.url}", first_byte_timeout: 200ms}}]
` });
  const s = await h2connect(t, f.port);
  assert.equal((await h2request(s, '/')).status, 504);
});

// [name, the truncated response]
const cut = [
  ['by its length', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'],
  ['by chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'],
  ['by malformed chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n'],
];
for (const [name, text] of cut)
  test(`a body cut short (${name}) is never a complete response`, async (t) => {
    const origin = await startRawOrigin(t, (socket) => { socket.write(text); setTimeout(() => socket.destroy(), 30); });
    const f = await startForerun(t, { origin: origin.url });
    const s = await h2connect(t, f.port);
    await assert.rejects(h2request(s, '/'), (e) => e.got.status === 200 && e.code === codes.INTERNAL_ERROR);
    const one = await raw(f.plainPort, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.match(one.text, /^HTTP\/1.1 200 /);
    assert.doesNotMatch(one.text, /\r\n0\r\n\r\n$/);
    // Without framing only a reset tells. Node would not do here: it takes a
    // reset that comes together with the data for an end.
    const old = await run('curl', ['-sS', '--http1.0', `http://127.0.0.1:${f.plainPort}/`]);
    assert.match(old.stderr, /curl: \((18|56)\)/);
  });

test('an origin that stops in the middle of a body is given up', async (t) => {
  const origin = await startRawOrigin(t, (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'));
  const f = await startForerun(t, { config: `
listen: [{address: "127.0.0.1:0"}]
sites: [{hosts: ["*"], origin: {url: "${origin.url}", idle_timeout: 200ms}}]
` });
  const s = await h2connect(t, f.port);
  await assert.rejects(h2request(s, '/'), (e) => e.code === codes.INTERNAL_ERROR);
});

test('bytes behind a response never reach the next request', async (t) => {
  const origin = await startRawOrigin(t, (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison'));
  const f = await startForerun(t, { origin: origin.url, workers: 1 });
  const s = await h2connect(t, f.port);
  for (let i = 0; i < 5; i++) assert.equal((await h2request(s, '/')).body, 'ok');
});

test('a client cannot smuggle a second request in a body', async (t) => {
  const origin = await startOrigin(t, (req, res) => { req.resume(); req.on('end', () => res.end(`<${req.url}>`)); });
  const f = await startForerun(t, { origin: origin.url, workers: 1 });
  const inner = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';
  await raw(f.plainPort, `POST /outer HTTP/1.1\r\nHost: a\r\nContent-Length: ${inner.length}\r\nConnection: close\r\n\r\n${inner}`);
  assert.deepEqual(origin.requests.map((r) => r.url), ['/outer']);
});
