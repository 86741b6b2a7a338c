// Memory and descriptors that clients can make the edge take: what one connection holds, what all
// hold together, and heads as large as the limits allow.
import test from 'node:test';
import net from 'node:net';
import fs from 'node:fs';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { assert, startForerun, startOrigin, startRawOrigin, h2connect, h2request, raw, preface, settings, frame, fields } from './lib/harness.mjs';
import { kinds, worst } from './lib/worst.mjs';

const yaml = (url, { limits = '', top = '' } = {}) => `
workers: 1
listen: [{address: "127.0.0.1:0"}, {address: "127.0.0.1:0", tls: false}]
limits: {${limits}}
${top}
sites: [{hosts: [worst.example], origin: {url: "${url}"}}, {hosts: ["*"], origin: {url: "${url}"}}]
`;

async function hold(t, port) {
  const s = net.connect(port, '127.0.0.1');
  s.on('error', () => {});
  t.after(() => s.destroy());
  await once(s, 'connect');
  return s;
}

test('streams that are refused to a client that does not read end its connection', async (t) => {
  const origin = await startOrigin(t, (req) => req.resume());
  const f = await startForerun(t, { config: yaml(origin.url) });
  const s = await hold(t, f.plainPort);
  s.pause();
  const ask = (i) => frame(1, 4, 2 * i + 1, fields([[':method', 'POST'], [':scheme', 'http'], [':authority', 'a'], [':path', '/']]));
  s.write(Buffer.concat([preface, settings, ...Array.from({ length: 2000 }, (_, i) => ask(i))]));
  const c = await f.countersWhen((x) => x.connections_open === 0);
  assert.equal(c.h2_faults.RESET_FLOOD, 1);
});

test('fields that requests share are held once', async (t) => {
  // takes what it is sent, as long as that may be, and does not answer
  const origin = await startRawOrigin(t, () => {});
  const f = await startForerun(t, { config: yaml(origin.url) });
  for (const kind of ['x', 'cookie']) {
    const before = (await f.counters()).memory_held;
    const s = await hold(t, f.plainPort);
    const entry = Buffer.concat([Buffer.from([0x40, kind.length]), Buffer.from(kind), Buffer.from([127, 0xa1, 0x1e]), Buffer.alloc(4000, 'v')]);
    s.write(Buffer.concat([preface, settings, ...Array.from({ length: 128 }, (_, i) => frame(1, 5, 2 * i + 1, Buffer.concat([
      fields([[':method', 'GET'], [':scheme', 'http'], [':authority', 'a'], [':path', `/${i}`]]), i ? Buffer.from([0xbe]) : entry, Buffer.alloc(13, 0xbe)])))]));
    const sent = 128 * (kind === 'x' ? 1 : 2);
    await f.countersWhen((x) => x.exchanges_open === 128 && x.memory_held > before && origin.heads.length === sent);
    const c = await f.counters();
    assert.ok(c.memory_held - before < 6 << 20, `${kind}: ${c.memory_held - before} bytes more`);
    s.destroy();
    await f.countersWhen((x) => x.exchanges_open === 0);
  }
});

test('past limits.memory those go that hold most and read least, and a client that behaves is served', { timeout: 120000 }, async (t) => {
  const limit = 64 << 20;
  const origin = await startOrigin(t, (req, res) => {
    req.resume();
    if (req.url.startsWith('/slow')) return;
    res.setHeader('cache-control', 'no-store');
    res.end(req.url.startsWith('/large') ? Buffer.alloc(300000) : 'ok');
  });
  const f = await startForerun(t, { config: yaml(origin.url, { limits: 'memory: 64MiB' }), logLevel: 'info' });
  const session = await h2connect(t, f.port);
  const sockets = [];
  t.after(() => sockets.forEach((s) => s.destroy()));
  const names = Object.keys(kinds);
  for (let i = 0; i < 60; i++) {
    sockets.push(await worst(names[i % names.length], i, { ...f, plainPort: f.plainPort, port: f.port, from: `127.0.0.${20 + i}` }));
    assert.equal((await h2request(session, '/ok')).body, 'ok');
    const c = await f.counters();
    assert.ok(c.memory_held <= limit, `${c.memory_held} bytes after ${i + 1} connections`);
  }
  assert.equal(session.destroyed, false);
});

for (const size of [70000, 120000])
  test(`a head of ${size} bytes arrives: both protocols, stored or not, with trailers and 103`, async (t) => {
    const list = Array.from({ length: 100 }, (_, i) => `X-F${i}: ${'v'.repeat(size / 100 - 40)}\r\n`).join('');
    const origin = await startRawOrigin(t, (s, head) => {
      const path = head.split(' ')[1];
      const cache = path.startsWith('/stored') ? 'max-age=60' : 'no-store';
      if (path === '/interim') s.write(`HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload; as=style\r\n${list}\r\n`);
      if (path === '/trailers') s.write(`HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n${list}\r\n`);
      else s.write(`HTTP/1.1 200 OK\r\nCache-Control: ${cache}\r\nContent-Length: 2\r\n${list}\r\nok`);
    });
    const f = await startForerun(t, { config: yaml(origin.url) });
    const session = await h2connect(t, f.port, { settings: { maxHeaderListSize: 1 << 20 } });
    for (const path of ['/', '/stored', '/stored', '/interim', '/trailers']) {
      const r = await h2request(session, path);
      assert.equal(r.status, 200, path);
      assert.equal(r.body, 'ok', path);
      assert.equal((path === '/trailers' ? r.trailers : r.headers)['x-f99'].length, size / 100 - 40, path);
      const h1 = await raw(f.plainPort, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
      assert.match(h1.text, /^(HTTP\/1\.1 1\d\d [^]*?\r\n\r\n)?HTTP\/1\.1 200 /, path);
      assert.match(h1.text, /x-f99: v/i, path);
    }
  });

test('a head waits for the one before it in the output, also where little fits', async (t) => {
  const list = Array.from({ length: 60 }, (_, i) => `X-F${i}: ${'v'.repeat(1000)}\r\n`).join('');
  const origin = await startRawOrigin(t, (s) => s.write(`HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Length: 70000\r\n${list}\r\n${'b'.repeat(70000)}`));
  const f = await startForerun(t, { config: yaml(origin.url, { limits: 'response_fields: 65536, output_buffer: 64KiB' }) });
  const s = await hold(t, f.plainPort);
  s.pause();
  s.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(19) + 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  await f.countersWhen((c) => c.requests >= 2);
  let text = '';
  s.on('data', (d) => { text += d.toString('latin1'); });
  s.resume();
  await once(s, 'close');
  assert.equal(text.match(/HTTP\/1\.1 200 /g).length, 20);
  assert.equal(text.match(/b{70000}/g).length, 20);
});

test('idle connections leave descriptors for origins, for others and for the admin interface', async (t) => {
  const origin = await startOrigin(t, (req, res) => { res.setHeader('cache-control', 'no-store'); res.end('ok'); });
  const f = await startForerun(t, { config: yaml(origin.url) });
  // as `ulimit -n 256` does; a reload looks at it again
  assert.equal(spawnSync('prlimit', ['--nofile=256:256', '--pid', String(f.servingPid())]).status, 0);
  const from = f.text.length;
  f.child.kill('SIGHUP');
  await f.waitForLog(/configuration reloaded/, from);
  const before = (await f.counters()).connections;
  for (let i = 0; i < 300; i++) await hold(t, f.plainPort);
  const c = await f.countersWhen((x) => x.connections - before >= 300);
  assert.ok(c.limit_descriptors_closed > 0);
  assert.ok(c.connections_open < 200, `${c.connections_open}`);
  for (let i = 0; i < 10; i++)
    assert.match((await raw(f.plainPort, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).text, /^HTTP\/1.1 200 /);
  assert.doesNotMatch(f.text, /out of file descriptors/);
});

test('without any memory left connections end, and the process does not', { timeout: 120000 }, async (t) => {
  const origin = await startOrigin(t, (req, res) => {
    req.resume();
    if (req.url.startsWith('/slow')) return;
    res.setHeader('cache-control', 'no-store');
    res.end(req.url.startsWith('/large') ? Buffer.alloc(300000) : 'ok');
  });
  const f = await startForerun(t, { config: yaml(origin.url, { limits: 'memory: 1024GiB' }), logLevel: 'info' });
  const pid = f.servingPid();
  const size = Number(/VmSize:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
  if (size > 1 << 30) return t.skip("a sanitizer's address space cannot be limited");
  const bytes = size * 1024 + (48 << 20);
  assert.equal(spawnSync('prlimit', [`--as=${bytes}:${bytes}`, '--pid', String(pid)]).status, 0);
  const sockets = [];
  t.after(() => sockets.forEach((s) => s.destroy()));
  const names = Object.keys(kinds);
  for (let i = 0; i < 150; i++) sockets.push(await worst(names[i % names.length], i, { ...f, plainPort: f.plainPort, port: f.port, from: `127.0.0.${20 + i % 100}` }));
  const c = await f.countersWhen((x) => x.limit_memory_closed > 0);
  assert.ok(c.limit_memory_closed > 0);
  sockets.forEach((s) => s.destroy());
  await f.countersWhen((x) => x.connections_open === 0);
  assert.equal(f.servingPid(), pid);
  assert.match((await raw(f.plainPort, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).text, /^HTTP\/1.1 200 /);
});
