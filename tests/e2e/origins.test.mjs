// What origins answer: faults that can be read in one way only are borne, the
// others are not; trailers.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import https from 'node:https';
import test from 'node:test';
import { binary, freePort, assert, run, startForerun, startRawOrigin, h2connect, h2request, raw, tempFile } from './lib/harness.mjs';

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

// What an operator sees when an origin fails: [what, behaviour of the origin, label, cause in words].
const failures = [
  ['nothing listens', null, 'connect', /the origin cannot be reached: 127\.0\.0\.1:\d+: connection refused/],
  ['no answer', (socket) => socket.end(), 'closed', /the origin closed the connection without an answer/],
  ['no HTTP', (socket) => socket.end('SSH-2.0-OpenSSH\r\n\r\n'), 'malformed', /the origin's response is malformed: 127\.0\.0\.1:\d+: ./],
  ['a bare CR', (socket) => socket.end('HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n'), 'malformed', /the origin's response is malformed: 127\.0\.0\.1:\d+: .*CR/],
  ['an unasked 101', (socket) => socket.end('HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'), 'malformed', /malformed: 127\.0\.0\.1:\d+: 101 without a request/],
  ['cut short', (socket) => socket.end(`${ok}Content-Length: 5\r\n\r\nx`), 'truncated', /the origin's response was cut short/],
];

const linesOf = (file) => fs.readFileSync(file, 'utf8').trim().split('\n').map((line) => JSON.parse(line));

for (const [what, answer, label, cause] of failures)
  test(`an origin that fails is named with its cause in log, access log, status and metrics: ${what}`, async (t) => {
    const url = answer ? (await startRawOrigin(t, answer)).url : `http://127.0.0.1:${await freePort()}`;
    const file = tempFile('access.log'), socket = tempFile('admin.sock');
    const f = await startForerun(t, { config: `
workers: 2
access_log: {file: ${file}}
admin: {listen: "unix:${socket}"}
listen: [{address: "127.0.0.1:0", tls: false}]
sites: [{hosts: ["*"], origin: {url: "${url}"}}]
` });
    for (const path of ['/a', '/b', '/c']) await raw(f.plainPort, get(path));
    const lines = f.text.split('\n').filter((l) => / warn origin: /.test(l));
    assert.equal(lines.length, 1, f.text);
    assert.match(lines[0], new RegExp(` warn origin: ${url}: GET /a: `));
    assert.match(lines[0], cause);
    const [origin] = JSON.parse((await run(binary, ['status', '--json', '--admin', `unix:${socket}`])).stdout).origins;
    assert.match(origin.last_failure, cause);
    assert.deepEqual(origin.causes, { [label]: 3 });
    assert.equal(origin.is_failing, true);
    const metrics = (await run('curl', ['-sS', '--unix-socket', socket, 'http://localhost/metrics'])).stdout;
    assert.ok(metrics.includes(`forerun_origin_failure_causes_total{origin="${url}",cause="${label}"} 3\n`), metrics);
    assert.equal(await f.stop(), 0);
    const logged = linesOf(file);
    assert.equal(logged.length, 3);
    for (const line of logged) assert.match(line.error, label === 'truncated' ? /cut short|ended early/ : cause);
  });

test('an origin whose certificate is refused: which, and why', async (t) => {
  const cert = tempFile('old.pem'), key = tempFile('old.key');
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', cert, '-subj', '/CN=shop.example.org', '-days', '30', '-addext', 'subjectAltName=DNS:other.example.org'], { stdio: 'ignore' });
  const server = https.createServer({ key: fs.readFileSync(key), cert: fs.readFileSync(cert) }, (req, res) => res.end('x')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => { server.closeAllConnections(); server.close(); });
  const url = `https://127.0.0.1:${server.address().port}`;
  for (const [ca, cause] of [['', /TLS with the origin failed: 127\.0\.0\.1:\d+: self-signed certificate: CN=shop\.example\.org/], [`, ca: ${cert}`, /TLS with the origin failed: .*mismatch.*: CN=shop\.example\.org/i]]) {
    const f = await startForerun(t, { config: `
listen: [{address: "127.0.0.1:0", tls: false}]
sites: [{hosts: ["*"], origin: {url: "${url}"${ca}}}]
` });
    assert.match((await raw(f.plainPort, get('/'))).text, /^HTTP\/1\.1 502/);
    assert.match(f.text, cause);
    assert.equal(await f.stop(), 0);
  }
});

test('an origin that answers again is not failing any more', async (t) => {
  let broken = true;
  const origin = await startRawOrigin(t, (socket) => (broken ? socket.end('x\r\n\r\n') : socket.write(`${ok}Content-Length: 2\r\n\r\nok`)));
  const admin = tempFile('admin.sock');
  const f = await startForerun(t, { config: `
listen: [{address: "127.0.0.1:0", tls: false}]
admin: {listen: "unix:${admin}"}
sites: [{hosts: ["*"], origin: {url: "${origin.url}"}}]
` });
  const state = async () => JSON.parse((await run(binary, ['status', '--json', '--admin', `unix:${admin}`])).stdout).origins[0];
  await raw(f.plainPort, get('/'));
  assert.equal((await state()).is_failing, true);
  broken = false;
  assert.match((await raw(f.plainPort, get('/'))).text, /ok$/);
  const now = await state();
  assert.deepEqual([now.is_failing, now.causes], [false, { malformed: 1 }]);
  assert.ok(now.last_failure && now.last_failure_s);
});
