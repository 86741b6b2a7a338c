// Time limits that belong to a state, and what nobody may keep for himself: connections
// to the origin, places in its queue.
import test from 'node:test';
import net from 'node:net';
import { once } from 'node:events';
import { assert, startForerun, startOrigin, startRawOrigin, h2connect, h2request, raw, preface, settings, frame, fields, get } from './lib/harness.mjs';

const yaml = (url, { timeouts = '', limits = '', http2 = '', origin = '' } = {}) => `
workers: 1
listen: [{address: "127.0.0.1:0", tls: false}]
timeouts: {drain: 100ms${timeouts ? `, ${timeouts}` : ""}}
limits: {${limits}}
http2: {${http2}}
sites: [{hosts: ["*"], origin: {url: "${url}"${origin ? ', ' + origin : ''}}}]
`;
const ask = (port, path = '/') => raw(port, `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
const after = (ms, run) => setTimeout(run, ms);

// [what the response is, its fields]: the head comes at once, the body after 600 ms
const kinds = [
  ['of a length', 'Content-Length: 5\r\nCache-Control: no-store\r\n', 'hello'],
  ['for the cache', 'Content-Length: 5\r\nCache-Control: max-age=60\r\n', 'hello'],
  ['in chunks', 'Transfer-Encoding: chunked\r\nCache-Control: no-store\r\n', '5\r\nhello\r\n0\r\n\r\n'],
  ['that is an event stream', 'Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n', '5\r\nhello\r\n0\r\n\r\n'],
];
for (const [name, fields, body] of kinds) {
  const origin = (t) => startRawOrigin(t, (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\n${fields}\r\n`);
    after(600, () => socket.write(body));
  });

  test(`the time to the first byte ends with the head, for a response ${name}`, async (t) => {
    const f = await startForerun(t, { config: yaml((await origin(t)).url, { origin: 'first_byte_timeout: 200ms, idle_timeout: 1h' }) });
    assert.match((await ask(f.plainPort)).text, /hello/);
    assert.equal((await f.counters()).origin_timeouts, 0);
  });

  test(`the time between bytes begins with the head, for a response ${name}`, async (t) => {
    const f = await startForerun(t, { config: yaml((await origin(t)).url, { origin: 'first_byte_timeout: 1h, idle_timeout: 200ms' }) });
    assert.doesNotMatch((await ask(f.plainPort)).text, /hello/);
    assert.equal((await f.counters()).origin_timeouts, 1);
  });
}

const upgrade = 'GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n';
const webSockets = (t) => startRawOrigin(t, (socket) => {
  socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
  after(600, () => socket.end('late'));
});

test('an upgraded connection may be quiet for longer than other responses', async (t) => {
  const f = await startForerun(t, { config: yaml((await webSockets(t)).url, { timeouts: 'body: 200ms', origin: 'first_byte_timeout: 200ms, idle_timeout: 200ms' }) });
  assert.match((await raw(f.plainPort, upgrade)).text, /late$/);
});

test('an upgraded connection in which nothing moves has a limit of its own', async (t) => {
  const f = await startForerun(t, { config: yaml((await webSockets(t)).url, { timeouts: 'tunnel: 200ms' }) });
  assert.doesNotMatch((await raw(f.plainPort, upgrade)).text, /late$/);
  assert.equal((await f.counters()).timeout_tunnel, 1);
});

// --- connections to the origin: one address takes all, another one asks ---

const connections = 4;
const open = async (t, port, from, bytes) => {
  const s = net.connect({ port, host: '127.0.0.1', localAddress: from });
  s.on('error', () => {});
  t.after(() => s.destroy());
  await once(s, 'connect');
  s.write(bytes);
  return s;
};
const post = (path, more = '') => `POST ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`;
const post2 = (id, path) => frame(1, 4, id, fields([[':method', 'POST'], [':scheme', 'http'], [':authority', 'a'], [':path', path]]));
const each = (n, make) => Array.from({ length: n }, (_, i) => make(i));
const hello = Buffer.concat([preface, settings]);
const big = 'x'.repeat(3 << 20);

// What takes a connection and keeps it; each is done as often as there are connections.
const holders = {
  'uploads in chunks that stall': (t, port) => each(connections, (i) => open(t, port, '127.0.0.2', `${post(`/up${i}`, 'Transfer-Encoding: chunked\r\n')}3\r\nabc\r\n`)),
  'uploads of a length that stall': (t, port) => each(connections, (i) => open(t, port, '127.0.0.2', `${post(`/up${i}`, 'Content-Length: 1000000\r\n')}${'x'.repeat(70000)}`)),
  'uploads that wait for a 100 and stall': (t, port) => each(connections, (i) => open(t, port, '127.0.0.2', post(`/up${i}`, 'Content-Length: 5\r\nExpect: 100-continue\r\n'))),
  'uploads over HTTP/2 that stall': (t, port) => [open(t, port, '127.0.0.2', Buffer.concat([hello, ...each(4 * connections, (i) => post2(2 * i + 1, `/up${i}`))]))],
  'uploads over HTTP/2, an octet at a time': (t, port) => [open(t, port, '127.0.0.2', Buffer.concat([hello, ...each(connections, (i) => post2(2 * i + 1, `/up${i}`))])).then((s) => {
    const drip = setInterval(() => s.write(Buffer.concat(each(connections, (i) => frame(0, 0, 2 * i + 1, Buffer.from('x'))))), 100);
    s.on('close', () => clearInterval(drip));
    return s;
  })],
  'responses that it does not read': (t, port) => each(connections, (i) => open(t, port, '127.0.0.2', `GET /big${i} HTTP/1.1\r\nHost: a\r\n\r\n`).then((s) => s.pause())),
  'responses over HTTP/2 that it does not read': (t, port) => [open(t, port, '127.0.0.2', Buffer.concat([preface, frame(4, 0, 0, Buffer.from([0, 4, 0, 0, 0, 0])), ...each(connections, (i) => frame(1, 5, 2 * i + 1, get(`/big${i}`)))]))],
  'requests that the origin does not answer': (t, port) => [open(t, port, '127.0.0.2', Buffer.concat([hello, ...each(4 * connections, (i) => frame(1, 5, 2 * i + 1, get(`/hang${i}`)))]))],
  'upgraded connections that are quiet': (t, port) => each(connections, () => open(t, port, '127.0.0.2', upgrade)),
};
for (const [what, take] of Object.entries(holders))
  test(`one address cannot keep all connections to the origin: ${what}`, async (t) => {
    let taken = 0;
    const origin = await startRawOrigin(t, (socket, head) => {
      if (head.startsWith('GET /other ')) return socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nCache-Control: no-store\r\n\r\nok');
      taken++;
      if (head.startsWith('GET /big')) socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${big.length}\r\nCache-Control: no-store\r\n\r\n${big}`);
      if (head.startsWith('GET /ws')) socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
    });
    const f = await startForerun(t, { config: yaml(origin.url, { origin: `max_connections: ${connections}, connect_timeout: 20s` }) });
    await Promise.all(take(t, f.plainPort));
    await f.countersWhen(() => taken >= connections);
    const s = await open(t, f.plainPort, '127.0.0.3', 'GET /other HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    const [d] = await once(s, 'data');
    assert.match(d.toString(), /^HTTP\/1.1 200 /);
  });

test('one address may use every connection while nobody else waits', async (t) => {
  const sockets = [];
  const origin = await startRawOrigin(t, (socket) => {
    sockets.push(socket);
    if (sockets.length < 2 * connections) return;
    for (const s of sockets) s.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nCache-Control: no-store\r\n\r\nok');
  });
  const f = await startForerun(t, { config: yaml(origin.url, { origin: `max_connections: ${2 * connections}` }) });
  const all = await Promise.all(each(2 * connections, (i) => ask(f.plainPort, `/${i}`)));
  assert.ok(all.every((r) => /^HTTP\/1.1 200 /.test(r.text)));
  assert.equal((await f.counters()).limit_origin_share, 0);
});

test('one address cannot keep all places in the queue for a connection', async (t) => {
  const origin = await startRawOrigin(t, (socket, head) => {
    if (!head.startsWith('GET /hang')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nCache-Control: no-store\r\n\r\nok');
  });
  const f = await startForerun(t, { config: yaml(origin.url, { origin: 'max_connections: 2, max_waiting: 4, connect_timeout: 20s' }) });
  await open(t, f.plainPort, '127.0.0.2', Buffer.concat([hello, ...each(6, (i) => frame(1, 5, 2 * i + 1, get(`/hang${i}`)))]));
  await f.countersWhen((c) => c.fetches_open === 6);
  const s = await open(t, f.plainPort, '127.0.0.3', 'GET /other HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  const [d] = await once(s, 'data');
  assert.match(d.toString(), /^HTTP\/1.1 200 /);
  const c = await f.counters();
  assert.equal(c.limit_origin_waiting, 1); // a place
  assert.equal(c.limit_origin_share, 1); // a connection
});

// --- request bodies ---

const swallow = (req, res) => {
  let n = 0;
  req.on('data', (d) => { n += d.length; });
  req.on('end', () => res.end(`${n} ${req.headers['content-length'] ?? 'chunked'}`));
};

test('a request with a small body has no origin connection before the body is complete', async (t) => {
  const origin = await startOrigin(t, swallow);
  const f = await startForerun(t, { config: yaml(origin.url) });
  for (const more of ['Content-Length: 10\r\n', 'Content-Length: 10\r\nContent-Type: text/plain\r\n']) {
    const s = await open(t, f.plainPort, '127.0.0.2', `${post('/', more)}01234`);
    await f.countersWhen((c) => c.exchanges_open === 1);
    const c = await f.counters();
    assert.equal(c.fetches_open, 0);
    assert.equal(c.origin_connections, origin.requests.length ? 1 : 0);
    s.write('56789');
    const [d] = await once(s, 'data');
    assert.match(d.toString(), /10 10$/);
    s.destroy();
    await f.countersWhen((x) => x.exchanges_open === 0);
  }
});

test('a large body is passed on while it comes', async (t) => {
  let seen;
  const passed = new Promise((resolve) => { seen = resolve; });
  const origin = await startOrigin(t, (req, res) => { req.once('data', seen); swallow(req, res); });
  const f = await startForerun(t, { config: yaml(origin.url) });
  const s = await open(t, f.plainPort, '127.0.0.2', `${post('/', 'Content-Length: 200000\r\n')}${'x'.repeat(100000)}`);
  await passed;
  s.write('x'.repeat(100000));
  const [d] = await once(s, 'data');
  assert.match(d.toString(), /200000 200000$/);
});

test('a body of unknown length whose end came with it has a length for the origin', async (t) => {
  const origin = await startOrigin(t, swallow);
  const f = await startForerun(t, { origin: origin.url });
  const s = await h2connect(t, f.port);
  assert.equal((await h2request(s, { ':path': '/', ':method': 'POST' }, 'hello')).body, '5 5');
  assert.equal((await h2request(s, { ':path': '/', ':method': 'POST' }, '')).body, '0 0');
  const r = await raw(f.plainPort, `${post('/', 'Transfer-Encoding: chunked\r\nConnection: close\r\n')}3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n`);
  assert.match(r.text, /5 5$/);
});

test('a body of unknown length may have its answer before its end, and be quiet', async (t) => {
  const origin = await startRawOrigin(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nCache-Control: no-store\r\n\r\n');
    socket.on('data', (d) => { if (/ping/.test(d)) socket.write('4\r\npong\r\n'); });
  });
  const f = await startForerun(t, { config: yaml(origin.url, { timeouts: 'body: 200ms' }) });
  const s = await open(t, f.plainPort, '127.0.0.2', post('/', 'Transfer-Encoding: chunked\r\n'));
  let text = '';
  s.on('data', (d) => { text += d; });
  await once(s, 'data'); // the head, although nothing of the body has come
  await new Promise((resolve) => { after(500, resolve); }); // longer than timeouts.body
  for (let i = 1; i <= 2; i++) {
    s.write('4\r\nping\r\n');
    while (text.split('pong').length <= i) await once(s, 'data');
  }
});

const typed = (type) => ({ ':path': '/', ':method': 'POST', ...(type && { 'content-type': type }) });

// [size, whether the origin gets a length]
for (const [size, isKnown] of [[50_000, true], [65_536, true], [65_537, false], [1_000_000, false]])
  test(`an upload of ${size} bytes without a length reaches the origin ${isKnown ? 'with one' : 'in chunks'}`, async (t) => {
    const origin = await startOrigin(t, swallow);
    const f = await startForerun(t, { origin: origin.url });
    const s = await h2connect(t, f.port);
    const body = 'x'.repeat(size), answer = `${size} ${isKnown ? size : 'chunked'}`;
    // several at once, which together exceed the connection's window
    assert.deepEqual((await Promise.all(each(6, () => h2request(s, typed(), body)))).map((r) => r.body), each(6, () => answer));
    const r = await raw(f.plainPort, `${post('/', 'Transfer-Encoding: chunked\r\nConnection: close\r\n')}${size.toString(16)}\r\n${body}\r\n0\r\n\r\n`);
    assert.ok(r.text.endsWith(`\r\n${answer}`), r.text.slice(-100));
    assert.equal((await f.counters()).requests_chunked, isKnown ? 0 : 7);
  });

test('origin.buffer_requests says how large an upload may be, and is nothing for streams', async (t) => {
  const origin = await startOrigin(t, swallow);
  const on = await startForerun(t, { config: yaml(origin.url, { origin: 'buffer_requests: 4MiB' }).replace('tls: false', 'tls: true') });
  const off = await startForerun(t, { config: yaml(origin.url, { origin: 'buffer_requests: 0' }).replace('tls: false', 'tls: true') });
  const s = await h2connect(t, on.port), body = 'x'.repeat(3_000_000);
  assert.equal((await h2request(s, typed(), body)).body, '3000000 3000000');
  assert.equal((await h2request(s, typed('application/x-ndjson'), body)).body, '3000000 chunked');
  assert.equal((await on.counters()).limit_spill, 0);
  assert.equal((await h2request(await h2connect(t, off.port), typed(), 'x'.repeat(50_000))).body, '50000 chunked');
});

test('without room on disk an upload goes to the origin as it comes', async (t) => {
  const origin = await startOrigin(t, swallow);
  const f = await startForerun(t, { config: yaml(origin.url, { limits: 'spill: 0', origin: 'buffer_requests: 4MiB' }).replace('tls: false', 'tls: true') });
  assert.equal((await h2request(await h2connect(t, f.port), typed(), 'x'.repeat(1_000_000))).body, '1000000 chunked');
});

// --- answers before the end of the request ---

const early = {
  'of a length': 'Content-Length: 9\r\n\r\ntoo large',
  'in chunks': 'Transfer-Encoding: chunked\r\n\r\n9\r\ntoo large\r\n0\r\n\r\n',
  'that ends with the connection': 'Connection: close\r\n\r\ntoo large',
};
// what the origin does after it: it reads no more of the request in any case
const afterwards = {
  'stays connected': () => {},
  closes: (socket) => socket.end(),
  'resets the connection': (socket) => socket.write('', () => socket.destroy()),
};
for (const [kind, rest] of Object.entries(early))
  for (const [what, act] of Object.entries(afterwards)) {
    if (kind.startsWith('that ends') && what !== 'closes') continue;
    test(`an origin that answers an upload early, ${kind}, and ${what}: the client has all of it`, async (t) => {
      const origin = await startRawOrigin(t, (socket) => {
        socket.pause();
        socket.write(`HTTP/1.1 413 Content Too Large\r\n${rest}`, () => act(socket));
      });
      const f = await startForerun(t, { origin: origin.url });
      const s = await h2connect(t, f.port);
      for (const length of [{}, { 'content-length': '3000000' }]) {
        const r = s.request({ ...typed('application/octet-stream'), ...length });
        const ended = once(r, 'close');
        let status, text = '';
        r.on('response', (h) => { status = h[':status']; });
        r.on('data', (d) => { text += d; });
        r.on('error', () => {});
        r.write('x'.repeat(2_900_000)); // and no end
        await ended;
        assert.deepEqual([status, text, r.rstCode], [413, 'too large', 0]);
      }
      for (const framing of ['Content-Length: 3000000\r\n', 'Transfer-Encoding: chunked\r\n']) {
        const r = await raw(f.plainPort, (c) => c.write(`${post('/', framing)}${framing.startsWith('T') ? '2dc6c0\r\n' : ''}${'x'.repeat(2_900_000)}`));
        assert.match(r.text, /^HTTP\/1\.1 413 [^]*too large/);
      }
      await f.countersWhen((c) => c.exchanges_open === 0 && c.fetches_open === 0);
      const c = await f.counters();
      assert.deepEqual([c.timeout_body, c.origin_failed, c.origin_truncated], [0, 0, 0]);
    });
  }

// [how the body comes, at that many octets every 20 ms, what the client gets]
for (const [name, octets, expected] of [['too slowly', 1, /^HTTP\/1.1 408 /], ['fast enough', 100, /^HTTP\/1.1 200 /]])
  test(`a request body has to keep a rate: one that comes ${name}`, async (t) => {
    const origin = await startOrigin(t, swallow);
    const f = await startForerun(t, { config: yaml(origin.url, { timeouts: 'body: 300ms', limits: 'body_rate: 1KiB' }) });
    for (const how of ['Content-Length: 5000\r\n', 'Transfer-Encoding: chunked\r\n']) {
      const isChunked = how.startsWith('T');
      const r = await raw(f.plainPort, (s) => {
        s.write(post('/', `${how}Connection: close\r\n`));
        let left = 5000;
        const drip = setInterval(() => {
          const n = Math.min(left, octets);
          left -= n;
          s.write(isChunked ? `${n.toString(16)}\r\n${'x'.repeat(n)}\r\n` : 'x'.repeat(n));
          if (left === 0) { clearInterval(drip); if (isChunked) s.write('0\r\n\r\n'); }
        }, 20);
        s.on('close', () => clearInterval(drip));
      });
      assert.match(r.text, expected);
    }
    assert.equal((await f.counters()).timeout_body, octets === 1 ? 2 : 0);
  });

test('many uploads on one connection that together exceed its window are all complete', async (t) => {
  const origin = await startOrigin(t, swallow);
  const f = await startForerun(t, { origin: origin.url });
  const s = await h2connect(t, f.port);
  const streams = each(20, () => s.request({ ':path': '/', ':method': 'POST', 'content-length': '100000' }));
  const bodies = streams.map(async (r) => { let text = ''; for await (const d of r) text += d; return text; });
  for (let i = 0; i < 10; i++) for (const r of streams) r.write('x'.repeat(10000));
  for (const r of streams) r.end();
  assert.deepEqual(await Promise.all(bodies), each(20, () => '100000 100000'));
});

// --- what is not read, and what comes faster than it is taken ---

const size = 3 << 20;
const pattern = Buffer.alloc(size, 'the quick brown fox jumps over the lazy dog, ');
// Sends all as fast as it is taken, and says when all of it was.
const sender = async (t, fields = `Content-Length: ${size}\r\n`, tail = '') => {
  const origin = await startRawOrigin(t, (socket) => {
    origin.asked++;
    socket.write(`HTTP/1.1 200 OK\r\nCache-Control: no-store\r\n${fields}\r\n`);
    socket.write(Buffer.concat([pattern, Buffer.from(tail)]), () => { origin.sent++; });
  });
  return Object.assign(origin, { asked: 0, sent: 0 });
};

for (const limit of ['1GiB', '0'])
  test(`a response that is not read ${limit === '0' ? 'keeps' : 'does not keep'} the origin's connection, with limits.spill ${limit}`, async (t) => {
    const origin = await sender(t);
    const f = await startForerun(t, { config: yaml(origin.url, { limits: `spill: ${limit}` }) });
    const s = await open(t, f.plainPort, '127.0.0.2', 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    s.pause();
    if (limit === '0') {
      await f.countersWhen((c) => c.limit_spill === 1);
      assert.equal((await f.counters()).fetches_open, 1);
    } else {
      // all of one sample: before the request, too, no fetch is open
      const c = await f.countersWhen((x) => x.bodies_spilled === 1 && x.fetches_open === 0 && origin.sent === 1);
      assert.ok(c.spilled_bytes > size / 4, `${c.spilled_bytes} bytes`);
      assert.equal(c.exchanges_open, 1);
    }
    const chunks = [];
    for await (const d of s) chunks.push(d);
    const all = Buffer.concat(chunks);
    assert.ok(all.subarray(all.indexOf('\r\n\r\n') + 4).equals(pattern));
  });

test('a response of which the client takes a little at a time arrives whole, over HTTP/2', async (t) => {
  const origin = await sender(t);
  const f = await startForerun(t, { config: yaml(origin.url, { http2: '' }).replace('tls: false', 'tls: true') });
  const session = await h2connect(t, f.port, { settings: { initialWindowSize: 1000 } });
  const r = session.request({ ':path': '/' });
  r.pause();
  await f.countersWhen((c) => c.fetches_open === 0 && c.exchanges_open === 1);
  const chunks = [];
  for await (const d of r) chunks.push(d);
  assert.ok(Buffer.concat(chunks).equals(pattern));
  assert.equal(r.rstCode, 0);
});

test('a response that is not read is thrown away with its connection, and its room with it', async (t) => {
  const origin = await sender(t);
  const f = await startForerun(t, { config: yaml(origin.url, { limits: 'spill: 16MiB' }) });
  for (let i = 1; i <= 6; i++) { // 4 MiB are one address's, 1 MiB is taken at a time
    const s = await open(t, f.plainPort, '127.0.0.2', `GET /${i} HTTP/1.1\r\nHost: a\r\n\r\n`);
    s.pause();
    await f.countersWhen((c) => c.fetches_open === 0 && c.bodies_spilled === i);
    s.destroy();
    await f.countersWhen((c) => c.exchanges_open === 0);
  }
  assert.equal((await f.counters()).limit_spill, 0);
});

test('one address cannot have all room for what is not read', async (t) => {
  const origin = await sender(t);
  const f = await startForerun(t, { config: yaml(origin.url, { limits: 'spill: 16MiB' }) });
  const take = async (from) => (await open(t, f.plainPort, from, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')).pause();
  await take('127.0.0.2'); // 3 MiB and what is read ahead: a quarter
  await f.countersWhen((c) => c.fetches_open === 0 && c.bodies_spilled === 1);
  await take('127.0.0.2');
  await f.countersWhen((c) => c.limit_spill >= 1);
  assert.equal((await f.counters()).fetches_open, 1);
  await take('127.0.0.3');
  await f.countersWhen((c) => origin.asked === 3 && c.fetches_open === 1);
});

test('a response whose origin fails after part of it was spilled does not look complete', async (t) => {
  const origin = await startRawOrigin(t, (socket) => socket.end(`HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Length: ${2 * size}\r\n\r\n${pattern.toString()}`));
  const f = await startForerun(t, { config: yaml(origin.url).replace('tls: false', 'tls: true') });
  const session = await h2connect(t, f.port, { settings: { initialWindowSize: 1000 } });
  const r = session.request({ ':path': '/' });
  const closed = new Promise((resolve) => { r.on('error', () => {}); r.on('close', resolve); });
  r.pause();
  await f.countersWhen((c) => c.fetches_open === 0 && c.responses_failed === 1);
  r.resume();
  await closed;
  assert.notEqual(r.rstCode, 0);
});

// [settings of HTTP/2, of limits, whether it can be complete]
const uploads = [
  ['all defaults', '', '', true],
  ['a stream window above what memory may hold', 'window: 4MiB, connection_window: 4MiB', '', true],
  ['the same and a small buffer', 'window: 4MiB, connection_window: 4MiB', 'request_buffer: 4KiB', true],
  ['small windows that grow', 'window: 16KiB, connection_window: 65535', '', true],
  ['windows that do not grow', 'window: 64KiB, window_max: 64KiB, connection_window_max: 256KiB', 'spill: 0', true],
  ['a stream window above what memory may hold, and no room on disk', 'window: 4MiB, connection_window: 4MiB', 'spill: 0', false],
];
for (const [name, http2, limits, ok] of uploads)
  test(`an upload to an origin that does not read at first, with ${name}: ${ok ? 'complete' : 'reset'}`, async (t) => {
    let got = '';
    const origin = await startOrigin(t, (req, res) => {
      req.pause();
      after(300, () => {
        const chunks = [];
        req.on('data', (d) => chunks.push(d));
        req.on('end', () => { got = Buffer.concat(chunks); res.end('ok'); });
        req.on('error', () => {});
        req.resume();
      });
    });
    const f = await startForerun(t, { config: yaml(origin.url, { http2, limits }).replace('tls: false', 'tls: true') });
    const s = await h2connect(t, f.port);
    await new Promise((resolve) => { s.ping(resolve); }); // our SETTINGS are there
    const r = h2request(s, { ':path': '/', ':method': 'POST' }, pattern);
    if (!ok) {
      await assert.rejects(r);
      assert.equal((await f.counters()).limit_spill > 0, true);
      return;
    }
    assert.equal((await r).body, 'ok');
    assert.ok(got.equals(pattern));
    const c = await f.counters();
    assert.equal(c.limit_spill, 0);
  });

test('the window of an upload grows while the origin takes it', async (t) => {
  const origin = await startOrigin(t, swallow);
  const f = await startForerun(t, { config: yaml(origin.url, { http2: 'window_max: 1MiB, connection_window_max: 2MiB' }) });
  const s = await open(t, f.plainPort, '127.0.0.2', Buffer.concat([hello, post2(1, '/')]));
  const window = { 0: 65535, 1: 65535 }; // what may be sent, by stream
  let initial = 65535, buffer = Buffer.alloc(0);
  const take = (type, flags, id, payload) => {
    if (type === 8) window[id] += payload.readUInt32BE(0);
    if (type !== 4 || flags & 1) return;
    for (let i = 0; i < payload.length; i += 6) {
      if (payload.readUInt16BE(i) !== 4) continue;
      window[1] += payload.readUInt32BE(i + 2) - initial;
      initial = payload.readUInt32BE(i + 2);
    }
  };
  s.on('data', (d) => {
    buffer = Buffer.concat([buffer, d]);
    while (buffer.length >= 9 && buffer.length >= 9 + buffer.readUIntBE(0, 3)) {
      const len = buffer.readUIntBE(0, 3);
      take(buffer[3], buffer[4], buffer.readUInt32BE(5), buffer.subarray(9, 9 + len));
      buffer = buffer.subarray(9 + len);
    }
  });
  // sends all that it may, and waits until it may send more at once than before
  for (const more of [2 * 65536, 8 * 65536]) {
    const parts = [];
    for (let n = Math.min(window[0], window[1]); n > 0; n -= 16384) parts.push(frame(0, 0, 1, Buffer.alloc(Math.min(n, 16384))));
    for (const p of parts) { window[0] -= p.length - 9; window[1] -= p.length - 9; }
    s.write(Buffer.concat(parts));
    while (Math.min(window[0], window[1]) < more) await once(s, 'data');
  }
});
