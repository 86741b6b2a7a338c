// Whose request it is: proxies in front of the edge, those that are trusted and those that are
// not. 127.0.0.9 is a balancer; every other address is a client.
import test from 'node:test';
import fs from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import { once } from 'node:events';
import { assert, run, spawnTied, startForerun, startOrigin, h2request, loadPage, tempFile, scratch } from './lib/harness.mjs';
import { adminYaml, adminPort, status } from './lib/admin.mjs';

const balancer = '127.0.0.9';

const yaml = (origin, { log = tempFile('access.log'), trusted = '["127.0.0.9", "10.0.0.0/8", "fd00::/8"]', top = '', hints = '' } = {}) => `
listen:
  - {address: "127.0.0.1:0"}
  - {address: "127.0.0.1:0", tls: false}
workers: 1
${trusted ? `trusted_proxies: ${trusted}` : ''}
access_log: {file: "${log}"}
${top}
sites: [{hosts: ["*"], origin: {url: "${origin}"}, hints: {${hints}}}]
`;

// An origin that answers with the fields that it got.
const echo = (req, res) => res.writeHead(200, { 'cache-control': 'no-store', 'content-type': 'application/json' })
  .end(JSON.stringify(req.headers));

// One request over HTTP/1.1 from that address.
async function h1get(port, from, headers = {}, { tls: secure = false, path: target = '/', agent } = {}) {
  const socket = secure
    ? tls.connect({ host: '127.0.0.1', port, localAddress: from, servername: 'localhost', ALPNProtocols: ['http/1.1'], rejectUnauthorized: false })
    : net.connect({ host: '127.0.0.1', port, localAddress: from });
  await once(socket, secure ? 'secureConnect' : 'connect');
  const req = http.request({ createConnection: () => socket, path: target, headers: { host: 'a.example', ...headers, connection: 'close' }, agent });
  req.end();
  const [res] = await once(req, 'response');
  let body = '';
  for await (const d of res) body += d;
  socket.destroy();
  return { status: res.statusCode, body, headers: res.headers };
}
const echoed = async (...args) => JSON.parse((await h1get(...args)).body);

// An HTTP/2 session from that address.
async function connect(t, port, from, settings = { enablePush: false }, secure = true) {
  const options = secure
    ? { createConnection: () => tls.connect({ host: '127.0.0.1', port, localAddress: from, servername: 'localhost', ALPNProtocols: ['h2'], rejectUnauthorized: false }), settings }
    : { createConnection: () => net.connect({ host: '127.0.0.1', port, localAddress: from }), settings };
  const session = http2.connect(`${secure ? 'https' : 'http'}://localhost:${port}`, options);
  session.on('error', () => {});
  t.after(() => session.destroy());
  await once(session, 'connect');
  return session;
}

// --- the fields ---

test('a trusted proxy names the client to logs and to the origin', async (t) => {
  const origin = await startOrigin(t, echo);
  const log = tempFile('access.log');
  const f = await startForerun(t, { config: yaml(origin.url, { log }) });
  const got = await echoed(f.plainPort, balancer, { 'x-forwarded-for': '198.51.100.1, 192.0.2.7:4711, 10.1.1.1' });
  assert.equal(got['x-forwarded-for'], '192.0.2.7, 10.1.1.1, 127.0.0.9');
  assert.equal(got['x-real-ip'], '192.0.2.7');
  assert.equal(got.forwarded, 'for=192.0.2.7;host="a.example";proto=http, for=10.1.1.1, for=127.0.0.9');
  const [line] = await f.accessRecords(log);
  assert.deepEqual([line.client, line.client_port, line.peer], ['192.0.2.7', 4711, balancer]);
});

test('anybody else speaks for himself', async (t) => {
  const origin = await startOrigin(t, echo);
  const log = tempFile('access.log');
  const f = await startForerun(t, { config: yaml(origin.url, { log }) });
  for (const headers of [{ 'x-forwarded-for': '192.0.2.7' }, { forwarded: 'for=192.0.2.7;proto=https' }, { 'x-forwarded-proto': 'https' }]) {
    const got = await echoed(f.plainPort, '127.0.0.8', headers);
    assert.equal(got['x-forwarded-for'], '127.0.0.8');
    assert.equal(got['x-forwarded-proto'], 'http');
    assert.equal(got.forwarded, 'for=127.0.0.8;host="a.example";proto=http');
  }
  for (const line of await f.accessRecords(log)) assert.deepEqual([line.client, line.peer, line.scheme], ['127.0.0.8', undefined, 'http']);
  assert.equal((await f.counters()).forwarded_untrusted, 2);
});

test('a proxy that names nobody is the client itself', async (t) => {
  const origin = await startOrigin(t, echo);
  const f = await startForerun(t, { config: yaml(origin.url) });
  for (const value of ['unknown', '192.0.2.7, _hidden', '999.1.1.1', ','])
    assert.equal((await echoed(f.plainPort, balancer, { 'x-forwarded-for': value }))['x-forwarded-for'], balancer, value);
  assert.equal((await f.counters()).forwarded_malformed, 4);
  assert.equal((await echoed(f.plainPort, balancer))['x-forwarded-for'], balancer);
});

test('Forwarded is read where there is no X-Forwarded-For', async (t) => {
  const origin = await startOrigin(t, echo);
  const f = await startForerun(t, { config: yaml(origin.url) });
  let got = await echoed(f.plainPort, balancer, { forwarded: 'for="[2001:db8::7]:4711";proto=https, for="[fd00::1]"' });
  assert.equal(got['x-forwarded-for'], '2001:db8::7, fd00::1, 127.0.0.9');
  assert.equal(got['x-forwarded-proto'], 'https');
  got = await echoed(f.plainPort, balancer, { forwarded: 'for=192.0.2.1;proto=https', 'x-forwarded-for': '192.0.2.2' });
  assert.equal(got['x-real-ip'], '192.0.2.2');
  assert.equal(got['x-forwarded-proto'], 'http');
});

test('the scheme is the one that the client used', async (t) => {
  const origin = await startOrigin(t, (req, res) => res.writeHead(200, { 'cache-control': 'max-age=60' }).end(req.headers['x-forwarded-proto']));
  const log = tempFile('access.log');
  const f = await startForerun(t, { config: yaml(origin.url, { log }) });
  // the cache keeps the two apart
  for (const [proto, want] of [['https', 'https'], [undefined, 'http'], ['https, http', 'http'], ['https', 'https']]) {
    const r = await h1get(f.plainPort, balancer, proto ? { 'x-forwarded-proto': proto } : {});
    assert.equal(r.body, want);
  }
  assert.equal(origin.requests.length, 2);
  assert.deepEqual((await f.accessRecords(log)).map((l) => l.scheme), ['https', 'http', 'http', 'https']);
});

test('a host that a proxy forwards is never believed', async (t) => {
  const origin = await startOrigin(t, echo);
  const f = await startForerun(t, { config: yaml(origin.url) });
  const got = await echoed(f.plainPort, balancer, { 'x-forwarded-host': 'evil.example', forwarded: 'for=192.0.2.7;host=evil.example' });
  assert.equal(got['x-forwarded-host'], 'a.example');
  assert.doesNotMatch(JSON.stringify(got), /evil/);
});

test('one connection of a proxy carries many clients, over HTTP/2 and TLS', async (t) => {
  const origin = await startOrigin(t, echo);
  const log = tempFile('access.log');
  const f = await startForerun(t, { config: yaml(origin.url, { log }) });
  for (const secure of [true, false]) {
    const s = await connect(t, secure ? f.port : f.plainPort, balancer, {}, secure);
    const all = await Promise.all(Array.from({ length: 20 }, (_, n) => h2request(s, { ':path': `/${n}`, 'x-forwarded-for': `192.0.2.${n}` })));
    all.forEach((r, n) => assert.equal(JSON.parse(r.body)['x-real-ip'], `192.0.2.${n}`));
  }
  const clients = (await f.accessRecords(log)).map((l) => `${l.client} ${l.target} ${l.peer}`).sort();
  const want = Array.from({ length: 40 }, (_, n) => `192.0.2.${n % 20} /${n % 20} ${balancer}`).sort();
  assert.deepEqual(clients, want);
});

test('a proxy on a Unix socket is trusted by its own entry', async (t) => {
  const origin = await startOrigin(t, echo);
  for (const [trusted, want] of [['["unix"]', '192.0.2.7'], ['["private"]', undefined]]) {
    const socketPath = path.join(scratch, `front-${trusted.length}.sock`);
    const f = await startForerun(t, { config: yaml(origin.url, { trusted }).replace('listen:', `listen:\n  - {address: "unix:${socketPath}"}`) });
    const req = http.request({ socketPath, headers: { host: 'a', 'x-forwarded-for': '192.0.2.7' } });
    req.end();
    const [res] = await once(req, 'response');
    let body = '';
    for await (const d of res) body += d;
    assert.equal(JSON.parse(body)['x-real-ip'], want);
    assert.equal(await f.stop(), 0);
  }
});

test('a reload changes who is trusted, also on open connections', async (t) => {
  const origin = await startOrigin(t, echo);
  const f = await startForerun(t, { config: yaml(origin.url, { trusted: '' }) });
  const s = await connect(t, f.port, balancer);
  const client = async () => JSON.parse((await h2request(s, { ':path': '/', 'x-forwarded-for': '192.0.2.7' })).body)['x-real-ip'];
  assert.equal(await client(), balancer);
  for (const [trusted, want] of [['["loopback"]', '192.0.2.7'], ['["127.0.0.8"]', balancer], ['["127.0.0.8/31"]', '192.0.2.7']]) {
    const from = f.text.length;
    fs.writeFileSync(f.configFile, yaml(origin.url, { trusted }));
    f.child.kill('SIGHUP');
    await f.waitForLog(/configuration reloaded/, from);
    assert.equal(await client(), want, trusted);
  }
});

// --- what goes by the client ---

const asset = { 'content-type': 'text/css', 'cache-control': 'public, max-age=600' };
const links = '</a.css>; rel=preload; as=style';

// Private pages, which take three witnesses.
const pages = (req, res) => {
  if (req.url.includes('.')) res.writeHead(200, asset).end('a{}');
  else setTimeout(() => res.writeHead(200, { 'content-type': 'text/html', 'cache-control': 'private, no-cache', link: links }).end('<html>'), 20);
};

async function isHinted(s, fields) {
  const r = await h2request(s, { ':path': '/', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', ...fields });
  return r.informational.some((h) => String(h.link).includes('/a.css'));
}

test('people behind a trusted balancer are witnesses', async (t) => {
  const origin = await startOrigin(t, pages);
  const f = await startForerun(t, { config: yaml(origin.url) });
  const s = await connect(t, f.port, balancer);
  const hinted = [];
  for (let n = 1; n <= 5; n++) hinted.push(await isHinted(s, { cookie: `session=${n}`, 'x-forwarded-for': `192.0.2.${n}` }));
  assert.deepEqual(hinted, [false, false, false, true, true]);
});

test('who is not trusted cannot be several witnesses', async (t) => {
  const origin = await startOrigin(t, pages);
  const f = await startForerun(t, { config: yaml(origin.url) });
  const s = await connect(t, f.port, '127.0.0.8');
  for (let n = 1; n <= 10; n++)
    assert.equal(await isHinted(s, { cookie: `session=${n}`, 'x-forwarded-for': `192.0.2.${n}` }), false);
  // nor through the balancer, to whose list he may only add on the left
  const b = await connect(t, f.port, balancer);
  for (let n = 1; n <= 10; n++)
    assert.equal(await isHinted(b, { cookie: `session=${n}`, 'x-forwarded-for': `192.0.2.${n}, 203.0.113.1` }), false);
});

test('what one client was pushed says nothing of another on the same connection', async (t) => {
  const origin = await startOrigin(t, (req, res) => {
    if (req.url.includes('.')) res.writeHead(200, asset).end('a{}');
    else res.writeHead(200, { 'content-type': 'text/html', 'cache-control': 'no-store', link: links }).end('<html>');
  });
  const f = await startForerun(t, { config: yaml(origin.url) });
  const s = await connect(t, f.port, balancer, { enablePush: true });
  const load = async (n) => (await loadPage(s, '/', { 'x-forwarded-for': `192.0.2.${n}` })).paths;
  assert.deepEqual(await load(1), ['/a.css']);
  assert.deepEqual(await load(2), ['/a.css']);
  assert.deepEqual(await load(1), []);
  assert.deepEqual(await load(2), []);
});

test('connections of a trusted proxy count only in all', async (t) => {
  const origin = await startOrigin(t, echo);
  const f = await startForerun(t, { config: yaml(origin.url, { top: 'limits: {connections_per_address: 2}' }) });
  const open = [];
  for (let n = 0; n < 6; n++) open.push(await connect(t, f.port, balancer));
  for (const s of open) assert.equal((await h2request(s, '/')).status, 200);
  const mine = [await connect(t, f.port, '127.0.0.8'), await connect(t, f.port, '127.0.0.8')];
  for (const s of mine) assert.equal((await h2request(s, '/')).status, 200);
  await assert.rejects(h1get(f.plainPort, '127.0.0.8'));
  assert.equal((await f.counters()).limit_connections_per_address, 1);
});

// --- the PROXY protocol ---

const v1 = (from = '192.0.2.7', port = 4711) => Buffer.from(`PROXY TCP4 ${from} 10.0.0.1 ${port} 443\r\n`);
function v2({ command = 0x21, family = 0x11, from = [192, 0, 2, 7], port = 4711, tlvs = [] } = {}) {
  const addresses = family === 0x11 ? Buffer.from([...from, 10, 0, 0, 1, port >> 8, port & 255, 1, 0xbb]) : Buffer.alloc(0);
  const rest = Buffer.concat([addresses, ...tlvs.map(([type, value]) => Buffer.concat([Buffer.from([type, value.length >> 8, value.length & 255]), value]))]);
  return Buffer.concat([Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1'), Buffer.from([command, family, rest.length >> 8, rest.length & 255]), rest]);
}
const headerYaml = (origin, more = {}) => yaml(origin, more).replaceAll('0.1:0"', '0.1:0", proxy_protocol: true');

// What comes back on a connection from that address that begins with these pieces, each sent
// once the one before has left.
function speak(port, from, pieces, { secure = false, request = 'GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n' } = {}) {
  return new Promise((resolve) => {
    const socket = net.connect({ host: '127.0.0.1', port, localAddress: from, noDelay: true });
    let text = '';
    const take = (s) => {
      s.setEncoding('latin1');
      s.on('data', (d) => { text += d; });
      s.on('error', () => {});
      s.on('close', () => resolve(text));
    };
    socket.on('error', () => resolve(text));
    socket.once('connect', async () => {
      for (const piece of pieces) await new Promise((done) => socket.write(piece, done));
      if (!secure) {
        take(socket);
        socket.write(request);
        return;
      }
      const s = tls.connect({ socket, servername: 'localhost', ALPNProtocols: ['http/1.1'], rejectUnauthorized: false }, () => s.write(request));
      take(s);
    });
  });
}
const bodyOf = (text) => JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1));

test('a PROXY header says whose connection it is, before clear text and before TLS', async (t) => {
  const origin = await startOrigin(t, echo);
  const log = tempFile('access.log');
  const f = await startForerun(t, { config: headerYaml(origin.url, { log }) });
  for (const [port, secure] of [[f.plainPort, false], [f.port, true]])
    for (const header of [v1(), v2()])
      for (const pieces of [[header], [...header].map((b) => Buffer.from([b]))]) {
        const got = bodyOf(await speak(port, balancer, pieces, { secure }));
        assert.equal(got['x-forwarded-for'], '192.0.2.7');
        assert.equal(got['x-forwarded-proto'], secure ? 'https' : 'http');
      }
  for (const l of await f.accessRecords(log)) assert.deepEqual([l.client, l.client_port, l.peer], ['192.0.2.7', 4711, balancer]);
});

test('connections without the header are refused, as are those of anybody else', async (t) => {
  const origin = await startOrigin(t, echo);
  const f = await startForerun(t, { config: headerYaml(origin.url) });
  assert.equal(await speak(f.plainPort, balancer, []), '');
  assert.equal(await speak(f.port, balancer, [], { secure: true }), '');
  assert.equal(await speak(f.plainPort, balancer, ['PROXY TCP4 192.0.2.7 10.0.0.1 4711\r\n']), '');
  assert.equal(await speak(f.plainPort, balancer, [v2({ command: 0x22 })]), '');
  assert.equal(await speak(f.plainPort, '127.0.0.8', [v1()]), '');
  await f.waitForLog(/warn client: connection of 127\.0\.0\.9 refused: it does not begin with a PROXY header/);
  assert.equal((await f.counters()).proxy_headers_refused, 5);
  assert.equal(origin.requests.length, 0);
});

test('a header that never comes whole is not waited for', async (t) => {
  const origin = await startOrigin(t, echo);
  const f = await startForerun(t, { config: headerYaml(origin.url, { top: 'timeouts: {handshake: 200ms}' }) });
  for (const port of [f.plainPort, f.port]) {
    const socket = net.connect({ host: '127.0.0.1', port, localAddress: balancer });
    socket.on('error', () => {});
    socket.write('PROXY TCP4 192');
    socket.resume();
    await once(socket, 'close');
  }
  assert.equal((await f.counters()).timeout_handshake, 2);
});

test('what a header says of nobody leaves the proxy as the client', async (t) => {
  const origin = await startOrigin(t, echo);
  const f = await startForerun(t, { config: headerYaml(origin.url) });
  const request = 'GET / HTTP/1.1\r\nHost: a.example\r\nX-Forwarded-For: 198.51.100.9\r\nConnection: close\r\n\r\n';
  for (const header of [Buffer.from('PROXY UNKNOWN\r\n'), v2({ command: 0x20 }), v2({ family: 0 })])
    assert.equal(bodyOf(await speak(f.plainPort, balancer, [header], { request }))['x-forwarded-for'], balancer);
  // nor is the client that a header names believed, unless it is a proxy itself
  assert.equal(bodyOf(await speak(f.plainPort, balancer, [v1()], { request }))['x-forwarded-for'], '192.0.2.7');
  assert.equal(bodyOf(await speak(f.plainPort, balancer, [v1('10.9.9.9')], { request }))['x-forwarded-for'], '198.51.100.9, 10.9.9.9');
});

test('a proxy says by a TLV that the client spoke TLS', async (t) => {
  const origin = await startOrigin(t, echo);
  const f = await startForerun(t, { config: headerYaml(origin.url) });
  const tlv = (client) => [0x20, Buffer.from([client, 0, 0, 0, 0])];
  assert.equal(bodyOf(await speak(f.plainPort, balancer, [v2({ tlvs: [[0x02, Buffer.from('a.example')], tlv(1)] })]))['x-forwarded-proto'], 'https');
  assert.equal(bodyOf(await speak(f.plainPort, balancer, [v2({ tlvs: [tlv(0)] })]))['x-forwarded-proto'], 'http');
});

test('limits count the client behind the header', async (t) => {
  const origin = await startOrigin(t, echo);
  const f = await startForerun(t, { config: headerYaml(origin.url, { top: 'limits: {connections_per_address: 2}' }) });
  const request = 'GET / HTTP/1.1\r\nHost: a.example\r\n\r\n';
  const open = [];
  t.after(() => open.forEach((s) => s.destroy()));
  const keep = async (n) => {
    const s = net.connect({ host: '127.0.0.1', port: f.plainPort, localAddress: balancer });
    open.push(s);
    s.on('error', () => {});
    s.write(Buffer.concat([v1(`192.0.2.${n}`), Buffer.from(request)]));
    const [first] = await Promise.race([once(s, 'data'), once(s, 'close')]);
    return Buffer.isBuffer(first);
  };
  for (const [n, taken] of [[1, true], [1, true], [1, false], [2, true], [2, true], [2, false]]) assert.equal(await keep(n), taken, `192.0.2.${n}`);
  assert.equal((await f.counters()).limit_connections_per_address, 2);
});

test('curl speaks the PROXY protocol', async (t) => {
  const origin = await startOrigin(t, echo);
  const f = await startForerun(t, { config: headerYaml(origin.url, { trusted: '[loopback]' }) });
  for (const url of [`http://127.0.0.1:${f.plainPort}/`, `https://127.0.0.1:${f.port}/`]) {
    const r = await run('curl', ['-sk', '--haproxy-protocol', '--interface', '127.0.0.5', '-H', 'Host: a.example', url]);
    assert.equal(r.code, 0, r.stderr);
    assert.equal(JSON.parse(r.stdout)['x-forwarded-for'], '127.0.0.5');
  }
});

const haproxy = ['/usr/sbin/haproxy', '/usr/local/sbin/haproxy'].find((p) => fs.existsSync(p));
test('HAProxy in front', { skip: haproxy ? false : 'haproxy is not installed' }, async (t) => {
  const origin = await startOrigin(t, echo);
  const f = await startForerun(t, { config: headerYaml(origin.url, { trusted: '[loopback]' }) });
  const front = [1, 2].map((n) => path.join(scratch, `haproxy-${n}-${f.port}.sock`));
  const config = tempFile('haproxy.cfg');
  fs.writeFileSync(config, `defaults
  mode tcp
  timeout connect 10s
  timeout client 30s
  timeout server 30s
${[['send-proxy', 'accept-proxy'], ['send-proxy-v2 proxy-v2-options crc32c', 'accept-proxy']].map(([send, take], n) => `listen l${n}
  bind unix@${front[n]} ${take}
  server edge 127.0.0.1:${f.plainPort} ${send}`).join('\n')}
`);
  const child = spawnTied(haproxy, ['-db', '-f', config], { stdio: 'ignore' });
  const ended = once(child, 'close');
  t.after(async () => { child.kill('SIGKILL'); await ended; });
  for (const at of front) {
    while (!fs.existsSync(at)) await new Promise((r) => setImmediate(r));
    const socket = net.connect(at);
    let text = '';
    socket.setEncoding('latin1');
    socket.on('data', (d) => { text += d; });
    socket.write(Buffer.concat([v1('192.0.2.99'), Buffer.from('GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n')]));
    await once(socket, 'close');
    assert.equal(bodyOf(text)['x-forwarded-for'], '192.0.2.99');
  }
});

// --- a proxy that is not set up ---

const html = (req, res) => res.writeHead(200, { 'content-type': 'text/html', 'cache-control': 'no-store' }).end('<p>');

test('a proxy that is not trusted is noticed by its field', async (t) => {
  const origin = await startOrigin(t, html);
  const f = await startForerun(t, { config: yaml(origin.url, { top: adminYaml() }) });
  await h1get(f.plainPort, '127.0.0.8', { 'x-forwarded-for': '192.0.2.7' });
  await f.waitForLog(/warn client: 127\.0\.0\.8: sends X-Forwarded-For and is not in trusted_proxies/);
  assert.deepEqual((await status(adminPort(f))).front, { untrusted_proxy: '127.0.0.8' });
});

test('a proxy that says nothing is noticed by the browsers behind it', async (t) => {
  const origin = await startOrigin(t, html);
  for (const [from, trusted, key] of [['127.0.0.8', '', 'one_address'], [balancer, '[loopback]', 'silent_proxy']]) {
    const f = await startForerun(t, { config: yaml(origin.url, { trusted, top: adminYaml() }) });
    const s = await connect(t, f.port, from);
    for (let n = 0; n < 60; n++) await h2request(s, { ':path': '/', 'user-agent': `browser ${n % 6}` });
    await f.waitForLog(/warn client: \S+: all page loads come from this address/);
    assert.deepEqual((await status(adminPort(f))).front, { [key]: from });
  }
});

test('a developer and his browser are not', async (t) => {
  const origin = await startOrigin(t, html);
  const f = await startForerun(t, { config: yaml(origin.url, { trusted: '', top: adminYaml() }) });
  const s = await connect(t, f.port, '127.0.0.1');
  for (let n = 0; n < 120; n++) await h2request(s, { ':path': '/', 'user-agent': 'the one browser' });
  assert.deepEqual((await status(adminPort(f))).front, {});
  assert.doesNotMatch(f.text, /warn client/);
});
