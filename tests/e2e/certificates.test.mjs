// Which certificate a connection has, what may be asked on it, and under which
// its sessions are resumed; protocols by ALPN.
import test from 'node:test';
import fs from 'node:fs';
import http2 from 'node:http2';
import path from 'node:path';
import tls from 'node:tls';
import { once } from 'node:events';
import { assert, startForerun, startOrigin, run, scratch } from './lib/harness.mjs';

// A certificate of its own authority for subjectAltName entries such as DNS:a.test.
async function certificate(name, ...san) {
  const key = path.join(scratch, `${name}.key`), cert = path.join(scratch, `${name}.pem`);
  const r = await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', cert, '-days', '2', '-subj', `/CN=${name}`, ...(san.length ? ['-addext', `subjectAltName=${san.join(',')}`] : [])]);
  assert.equal(r.code, 0, r.stderr);
  return { yaml: `{certificate: "${cert}", key: "${key}"}`, cert, key };
}

const site = (origin, hosts, pair) => `  - {hosts: [${hosts.map((h) => JSON.stringify(h)).join(', ')}]${pair ? `, tls: ${pair.yaml}` : ''}, origin: {url: "${origin.url}"}}\n`;

// A TLS connection: its session, whether it was resumed, and the names of its certificate.
async function connect(t, port, options = {}) {
  const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'], ...options });
  const c = { socket };
  socket.on('session', (s) => { c.session = s; });
  socket.on('error', () => {});
  t.after(() => socket.destroy());
  await once(socket, 'secureConnect');
  c.resumed = socket.isSessionReused();
  c.cn = socket.getPeerCertificate().subject?.CN;
  return c;
}

// One request in HTTP/1.x on a connection of connect(): the status, and after it the session's ticket is known.
async function ask(c, host, version = '1.1') {
  let text = '';
  c.socket.on('data', (d) => { text += d; });
  c.socket.write(`GET / HTTP/${version}\r\n${host === undefined ? '' : `Host: ${host}\r\n`}Connection: close\r\n\r\n`);
  await once(c.socket, 'close');
  return Number(text.split(' ')[1]);
}

async function askH2(t, port, servername, authority) {
  const session = http2.connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false, ...(servername && { servername }) });
  session.on('error', () => {});
  t.after(() => session.destroy());
  const stream = session.request({ ':path': '/', ':authority': authority });
  const [head] = await once(stream, 'response');
  return head[':status'];
}

// Sites with certificates of their own and without; the default one speaks for other names.
async function startSites(t) {
  const origin = await startOrigin(t, (req, res) => res.end('ok'));
  const pairs = {
    top: await certificate('top', 'DNS:top.test', 'IP:127.0.0.1', 'IP:::1', 'DNS:*.bare.test'),
    wild: await certificate('wild', 'DNS:*.example.test', 'DNS:Upper.Test'),
    one: await certificate('one', 'DNS:one.test', 'DNS:alias.test'),
    cn: await certificate('cn.test'),
  };
  const f = await startForerun(t, { config: `
listen: [{address: "127.0.0.1:0"}]
tls: ${pairs.top.yaml}
sites:
${site(origin, ['a.example.test'], pairs.wild)}${site(origin, ['b.example.test', 'c.d.example.test', 'example.test'], pairs.wild)}${site(origin, ['one.test'], pairs.one)}${site(origin, ['alias.test', 'upper.test', 'bare.test', 'x.bare.test', 'top.test', '127.0.0.1', '[::1]', '10.0.0.1'])}${site(origin, ['cn.test', 'also.cn.test'], pairs.cn)}` });
  return { f, pairs, origin };
}

// [server name, host, status]
const cases = [
  ['a.example.test', 'a.example.test', 200],
  ['a.example.test', 'A.Example.Test.', 200],
  // the certificate speaks for a host that another site names, or a site without a certificate
  ['a.example.test', 'b.example.test', 200],
  ['b.example.test', 'a.example.test:443', 200],
  ['one.test', 'alias.test', 200],
  ['a.example.test', 'upper.test', 200],
  // a star stands for one label
  ['a.example.test', 'c.d.example.test', 421],
  ['a.example.test', 'example.test', 421],
  // it does not speak for the host
  ['a.example.test', 'one.test', 421],
  ['one.test', 'a.example.test', 421],
  ['one.test', 'top.test', 421],
  ['one.test', '127.0.0.1', 421],
  ['top.test', 'a.example.test', 421],
  ['top.test', 'cn.test', 421],
  ['A.EXAMPLE.TEST', 'one.test', 421],
  // the client came for the host, whatever certificate there is for it
  ['c.d.example.test', 'c.d.example.test', 200],
  ['cn.test', 'cn.test', 200],
  ['cn.test', 'also.cn.test', 421],
  ['bare.test', 'bare.test', 200],
  ['top.test', 'bare.test', 421],
  ['unknown.test', 'top.test', 200],
  ['unknown.test', 'a.example.test', 421],
  // without a server name: the default certificate
  ['', 'top.test', 200],
  ['', 'x.bare.test', 200],
  ['', 'bare.test', 200], // a client that names no host gets no better certificate
  ['', '127.0.0.1', 200],
  ['', '[::1]', 200],
  ['', '[0:0:0:0:0:0:0:1]', 421], // no site of that name
  ['', '10.0.0.1', 200],
  ['', 'a.example.test', 421],
  ['', 'one.test', 421],
  // no site of that name
  ['a.example.test', 'z.example.test', 421],
  ['top.test', 'z.bare.test', 421],
];

test('a connection serves the hosts that its certificate speaks for, others are misdirected', async (t) => {
  const { f } = await startSites(t);
  for (const [servername, host, status] of cases) {
    const c = await connect(t, f.port, { servername });
    assert.equal(await ask(c, host), status, `HTTP/1.1: ${host} on ${servername}`);
    assert.equal(await askH2(t, f.port, servername, host), status, `HTTP/2: ${host} on ${servername}`);
  }
});

test('one HTTP/2 connection takes turns between the hosts of its certificate', async (t) => {
  const { f } = await startSites(t);
  const session = http2.connect(`https://127.0.0.1:${f.port}`, { rejectUnauthorized: false, servername: 'a.example.test' });
  t.after(() => session.destroy());
  for (const [host, status] of [['a.example.test', 200], ['b.example.test', 200], ['one.test', 421], ['a.example.test', 200], ['one.test', 421], ['b.example.test', 200]]) {
    const stream = session.request({ ':path': '/', ':authority': host });
    const [head] = await once(stream, 'response');
    assert.equal(head[':status'], status, host);
  }
});

test('after a reload a connection is judged by its own certificate', async (t) => {
  const { f, pairs, origin } = await startSites(t);
  const session = http2.connect(`https://127.0.0.1:${f.port}`, { rejectUnauthorized: false });
  t.after(() => session.destroy());
  const status = async (host) => (await once(session.request({ ':path': '/', ':authority': host }), 'response'))[0][':status'];
  assert.equal(await status('bare.test'), 200);
  // now that host has a certificate of its own, and one that the old one speaks for, too
  const bare = await certificate('bare', 'DNS:bare.test', 'DNS:x.bare.test');
  fs.writeFileSync(f.configFile, `
listen: [{address: "127.0.0.1:0"}]
tls: ${pairs.top.yaml}
sites:
${site(origin, ['bare.test', 'x.bare.test'], bare)}${site(origin, ['top.test'])}`);
  f.child.kill('SIGHUP');
  await f.waitForLog(/configuration reloaded/);
  assert.equal(await status('bare.test'), 421);
  assert.equal(await status('x.bare.test'), 200);
  assert.equal(await status('top.test'), 200);
});

test('a site that takes any host serves it on every connection that has the certificate for it', async (t) => {
  const origin = await startOrigin(t, (req, res) => res.end('ok'));
  const one = await certificate('any-one', 'DNS:one.test');
  const f = await startForerun(t, { config: `
listen: [{address: "127.0.0.1:0"}]
sites:
${site(origin, ['one.test'], one)}${site(origin, ['*'])}` });
  for (const [servername, host, status] of [
    ['localhost', 'any.test', 200], ['any.test', 'other.test', 200], ['', 'any.test', 200], ['', '192.0.2.1', 200],
    ['one.test', 'any.test', 421], ['one.test', 'localhost', 421], ['localhost', 'one.test', 421], ['', 'one.test', 421],
  ]) {
    assert.equal(await ask(await connect(t, f.port, { servername }), host), status, `HTTP/1.1: ${host} on ${servername}`);
    assert.equal(await askH2(t, f.port, servername, host), status, `HTTP/2: ${host} on ${servername}`);
  }
});

for (const version of ['TLSv1.2', 'TLSv1.3']) {
  const only = { minVersion: version, maxVersion: version };

  test(`sessions are resumed under the same certificate and name only (${version})`, async (t) => {
    const { f, pairs, origin } = await startSites(t);
    // [name at first, then, whether it is resumed, the certificate then]
    for (const [first, then, resumed, cn] of [
      ['a.example.test', 'a.example.test', true, 'wild'],
      ['a.example.test', 'A.EXAMPLE.TEST', true, 'wild'],
      ['a.example.test', 'a.example.test.', true, 'wild'],
      ['a.example.test', 'one.test', false, 'one'],
      ['a.example.test', 'b.example.test', false, 'wild'], // RFC 6066 section 3
      ['a.example.test', '', false, 'top'],
      ['a.example.test', 'unknown.test', false, 'top'],
      ['', '', true, 'top'],
      ['', 'a.example.test', false, 'wild'],
      ['', 'top.test', false, 'top'],
      ['one.test', 'top.test', false, 'top'],
    ]) {
      const c = await connect(t, f.port, { ...only, servername: first });
      await ask(c, first || 'top.test');
      const again = await connect(t, f.port, { ...only, servername: then, session: c.session });
      assert.equal(again.resumed, resumed, `${first} then ${then}`);
      if (!resumed) assert.equal(again.cn, cn, `${first} then ${then}`);
      assert.equal(await ask(again, (then || 'top.test').replace('unknown', 'top')), 200, `${first} then ${then}`);
    }
    // over a reload: with the same certificate; with another one under the same name
    const one = await connect(t, f.port, { ...only, servername: 'one.test' }), a = await connect(t, f.port, { ...only, servername: 'a.example.test' });
    await ask(one, 'one.test');
    await ask(a, 'a.example.test');
    const fresh = await certificate(`fresh-${version}`, 'DNS:one.test');
    fs.copyFileSync(fresh.cert, pairs.one.cert);
    fs.copyFileSync(fresh.key, pairs.one.key);
    f.child.kill('SIGHUP');
    await f.waitForLog(/configuration reloaded/);
    assert.equal((await connect(t, f.port, { ...only, servername: 'a.example.test', session: a.session })).resumed, true);
    const other = await connect(t, f.port, { ...only, servername: 'one.test', session: one.session });
    assert.deepEqual([other.resumed, other.cn], [false, `fresh-${version}`]);
    void origin;
  });
}

test('a server name is taken in any case and with a dot at its end', async (t) => {
  const { f } = await startSites(t);
  for (const [servername, cn] of [['one.test', 'one'], ['ONE.Test', 'one'], ['one.test.', 'one'], ['one.test..', 'top'], ['.', 'top']])
    assert.equal((await connect(t, f.port, { servername })).cn, cn, servername);
});

test('the protocol is the best of what ALPN offers; nothing in common is an error', async (t) => {
  const { f } = await startSites(t);
  for (const [offers, agreed] of [
    [['h2', 'http/1.1'], 'h2'],
    [['http/1.1', 'h2'], 'h2'],
    [['http/1.0', 'http/1.1'], 'http/1.1'],
    [['http/1.0'], 'http/1.0'],
    [['unknown', 'http/1.0'], 'http/1.0'],
    [undefined, false],
  ]) assert.equal((await connect(t, f.port, { servername: 'top.test', ALPNProtocols: offers })).socket.alpnProtocol, agreed, String(offers));
  for (const offers of [['unknown'], ['h2c'], ['http/0.9', 'spdy/3']]) {
    const socket = tls.connect({ host: '127.0.0.1', port: f.port, rejectUnauthorized: false, servername: 'top.test', ALPNProtocols: offers });
    t.after(() => socket.destroy());
    const [e] = await once(socket, 'error');
    assert.match(e.message, /no application protocol/i, String(offers));
  }
  // HTTP/1.0 is spoken, with Host and without
  for (const [host, status] of [['top.test', 200], ['one.test', 421]])
    assert.equal(await ask(await connect(t, f.port, { servername: 'top.test', ALPNProtocols: ['http/1.0'] }), host, '1.0'), status);
});
