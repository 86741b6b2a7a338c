// What origins answer: faults that can be read in one way only are borne, the
// others are not; trailers.
import test from 'node:test';
import { freePort, assert, startForerun, startRawOrigin, h2connect, h2request, raw } from './lib/harness.mjs';

const get = (path) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
const target = (head) => head.split(' ')[1];

const ok = 'HTTP/1.1 200 OK\r\nCache-Control: no-store\r\n';
const chunked = 'Transfer-Encoding: chunked\r\n', chunks = '5\r\nhello\r\n0\r\n\r\n';
// [what, response, its status for the client, its body]
const borne = [
  ['space before a colon', `${ok}X-Y : z\r\nContent-Length: 5\r\n\r\nhello`, 200, 'hello'],
  ['space before the colon of Content-Length', `${ok}X-Y: z\r\nContent-Length : 5\r\n\r\nhello`, 200, 'hello'],
  ['the same length in two fields', `${ok}X-Y: z\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello`, 200, 'hello'],
  ['the same length in a list', `${ok}X-Y: z\r\nContent-Length: 5, 5\r\n\r\nhello`, 200, 'hello'],
  ['chunked twice', `${ok}X-Y: z\r\n${chunked}${chunked}\r\n${chunks}`, 200, 'hello'],
  ['chunked and a length', `${ok}X-Y: z\r\n${chunked}Content-Length: 2\r\n\r\n${chunks}`, 200, 'hello'],
  ['204 with framing', `HTTP/1.1 204 No Content\r\nX-Y: z\r\n${chunked}Content-Length: 5\r\n\r\n`, 204, ''],
  ['an interim response with framing', `HTTP/1.1 102 Processing\r\n${chunked}\r\n${ok}X-Y: z\r\nContent-Length: 5\r\n\r\nhello`, 200, 'hello'],
  ['blanks behind a chunk size', `${ok}X-Y: z\r\n${chunked}\r\n5  \r\nhello\r\n0 \r\n\r\n`, 200, 'hello'],
  ['LF alone', `${ok.replaceAll('\r', '')}X-Y: z\nContent-Length: 5\n\nhello`, 200, 'hello'],
  ['LF alone in chunks', `${ok}X-Y: z\r\n${chunked}\r\n5\nhello\n0\n\n`, 200, 'hello'],
  ['a folded value', `${ok}X-Y:\r\n z\r\nContent-Length: 5\r\n\r\nhello`, 200, 'hello'],
  ['a malformed Connection field', `${ok}X-Y: z\r\nConnection: keep-alive; x\r\nContent-Length: 5\r\n\r\nhello`, 200, 'hello'],
];
const refused = [
  ['lengths that differ', `${ok}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`],
  ['lengths that differ in a list', `${ok}Content-Length: 5, 6\r\n\r\nhello`],
  ['a length with a sign', `${ok}Content-Length: +5\r\n\r\nhello`],
  ['another coding', `${ok}Transfer-Encoding: gzip, chunked\r\n\r\n${chunks}`],
  ['a name with a space in it', `${ok}X Y: z\r\nContent-Length: 5\r\n\r\nhello`],
];

for (const [what, response, status, body] of borne)
  test(`faults that are borne: ${what}`, async (t) => {
    const origin = await startRawOrigin(t, (socket) => socket.write(response));
    const f = await startForerun(t, { origin: origin.url, workers: 1 });
    const s = await h2connect(t, f.port);
    const r = await h2request(s, '/h2');
    assert.deepEqual([r.status, r.body, r.headers['x-y']], [status, body, 'z']);
    const one = await raw(f.plainPort, get('/h1'));
    assert.match(one.text, new RegExp(`HTTP/1.1 ${status} [^]*\r\nx-y: z\r\n[^]*\r\n\r\n(${body}|5\r\n${body}\r\n0\r\n\r\n)$`));
    assert.equal((one.text.match(/content-length|transfer-encoding/gi) ?? []).length, status === 204 ? 0 : 1);
    const warned = f.text.match(/ warn .*faulty/g) ?? [];
    assert.equal(warned.length, 1, f.text);
    assert.match(warned[0], new RegExp(`${origin.url}: the response to GET /h2 `));
    assert.equal((await f.counters()).origin_sloppy, 2);
  });

for (const [what, response] of refused)
  test(`faults that are not borne: ${what}`, async (t) => {
    const origin = await startRawOrigin(t, (socket) => socket.write(response));
    const f = await startForerun(t, { origin: origin.url });
    assert.match((await raw(f.plainPort, get('/'))).text, /^HTTP\/1.1 502 /);
  });

test('a connection whose framing is in doubt serves no second request', async (t) => {
  // what the first response seems to announce comes late, and reads like a response
  const late = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison';
  const origin = await startRawOrigin(t, (socket, head) => {
    if (target(head) !== '/first') { socket.write(`${ok}Content-Length: 5\r\n\r\nhello`); return; }
    socket.write(`HTTP/1.1 204 No Content\r\nContent-Length: ${late.length}\r\n\r\n`);
    socket.once('data', () => socket.write(late));
  });
  const f = await startForerun(t, { origin: origin.url, workers: 1 });
  const s = await h2connect(t, f.port);
  assert.equal((await h2request(s, '/first')).status, 204);
  assert.equal((await h2request(s, '/second')).body, 'hello');
});

// Cached by the edge and not; asked for in both protocols.
for (const control of ['no-store', 'max-age=600'])
  test(`trailers that must not be there are dropped, with the response whole (${control})`, async (t) => {
    const origin = await startRawOrigin(t, (socket) => socket.write(`HTTP/1.1 200 OK\r\nCache-Control: ${control}\r\nConnection: X-Hop\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nSet-Cookie: a=b\r\nServer-Timing: a;dur=1\r\nX-Hop: 1\r\nCache-Control: no-store\r\nContent-Length: 9\r\n:status: 500\r\nno field\r\n\r\n`));
    const f = await startForerun(t, { origin: origin.url });
    const s = await h2connect(t, f.port);
    const r = await h2request(s, '/h2');
    assert.equal(r.body.toString(), 'hello');
    assert.equal(r.trailers?.['set-cookie'], undefined);
    const one = await raw(f.plainPort, get('/h1'));
    assert.match(one.text, /^HTTP\/1.1 200 [^]*\r\n5\r\nhello\r\n0\r\n/);
    assert.doesNotMatch(one.text, /set-cookie|x-hop|:status/i);
    if (control === 'no-store') {
      assert.deepEqual(Object.entries(r.trailers), [['server-timing', 'a;dur=1']]);
      assert.match(one.text, /0\r\nserver-timing: a;dur=1\r\n\r\n$/);
    }
  });

test('trailers without content, and none where there is no body', async (t) => {
  const chunked = 'Cache-Control: no-store\r\nTransfer-Encoding: chunked\r\n\r\n';
  const origin = await startRawOrigin(t, (socket, head) => {
    if (target(head) === '/304') socket.write('HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n');
    else if (head.startsWith('HEAD')) socket.write(`HTTP/1.1 200 OK\r\n${chunked}`);
    else socket.write(`HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\nHTTP/1.1 200 OK\r\n${chunked}0\r\ngrpc-status: 0\r\nGRPC-Message: ok\r\nSet-Cookie: a=b\r\n\r\n`);
  });
  const f = await startForerun(t, { origin: origin.url });
  const s = await h2connect(t, f.port);
  const r = await h2request(s, '/');
  assert.deepEqual([r.status, r.body, r.code], [200, '', 0]);
  assert.deepEqual(Object.entries(r.trailers), [['grpc-status', '0'], ['grpc-message', 'ok']]);
  for (const [method, path, status] of [['HEAD', '/', 200], ['GET', '/304', 304]]) {
    const none = await h2request(s, { ':method': method, ':path': path, ...(status === 304 && { 'if-none-match': '"a"' }) });
    assert.deepEqual([none.status, none.body, none.code, none.trailers], [status, '', 0, undefined]);
  }
  // HTTP/1.0 has no chunks, and so no trailers
  const old = await raw(f.plainPort, 'GET / HTTP/1.0\r\nHost: localhost\r\n\r\n');
  assert.match(old.text, /^HTTP\/1.1 200 /);
  assert.doesNotMatch(old.text, /grpc-status/i);
});

test('an origin is warned about once, over workers, reloads and kinds of faults', async (t) => {
  let n = 0;
  const faults = ['X : y', 'X:\r\n y', 'Content-Length: 2'];
  const origin = await startRawOrigin(t, (socket) => socket.write(`${ok}${faults[n++ % 3]}\r\nContent-Length: 2\r\n\r\nok`));
  const f = await startForerun(t, { config: `
workers: 2
listen: [{address: "127.0.0.1:0", tls: false}]
sites:
  - {hosts: ["*"], origin: {url: "${origin.url}"}}
` });
  for (let i = 0; i < 6; i++) assert.match((await raw(f.plainPort, get('/'))).text, /ok$/);
  f.child.kill('SIGHUP');
  await f.waitForLog(/configuration reloaded/);
  for (let i = 0; i < 6; i++) assert.match((await raw(f.plainPort, get('/'))).text, /ok$/);
  assert.equal((f.text.match(/ warn .*faulty/g) ?? []).length, 1, f.text);
  assert.equal((await f.counters()).origin_sloppy, 12);
});

// What an operator sees when an origin fails: [what, behaviour of the origin, cause in the log].
const failures = [
  ['nothing listens', null, /the origin cannot be reached: 127\.0\.0\.1:\d+: connection refused/],
  ['no answer', (socket) => socket.end(), /the origin closed the connection without an answer/],
  ['no HTTP', (socket) => socket.end('SSH-2.0-OpenSSH\r\n\r\n'), /the origin's response is malformed: 127\.0\.0\.1:\d+: ./],
  ['cut short', (socket) => socket.end(`${ok}Content-Length: 5\r\n\r\nx`), /the origin's response was cut short/],
];

for (const [what, answer, cause] of failures)
  test(`an origin that fails is named in the log with its cause, once: ${what}`, async (t) => {
    const url = answer ? (await startRawOrigin(t, answer)).url : `http://127.0.0.1:${await freePort()}`;
    const f = await startForerun(t, { origin: url, workers: 2 });
    for (const path of ['/a', '/b', '/c']) await raw(f.plainPort, get(path));
    const lines = f.text.split('\n').filter((l) => / warn origin: /.test(l));
    assert.equal(lines.length, 1, f.text);
    assert.match(lines[0], new RegExp(` warn origin: ${url}: GET /a: `));
    assert.match(lines[0], cause);
  });
