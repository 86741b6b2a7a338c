// One test past each limit: what the client sees, which counter moves, and
// that the edge goes on serving others.
import test from 'node:test';
import net from 'node:net';
import fs from 'node:fs';
import { once } from 'node:events';
import { assert, startForerun, startOrigin, startRawOrigin, h2connect, h2request, loadPage, raw, rawH2, preface, settings, frame, fields, get, goawayCode, resetCode, codes } from './lib/harness.mjs';

const yaml = (url, { timeouts = '', limits = '', http2 = '', origin = '', listen = '{address: "127.0.0.1:0", tls: false}' } = {}) => `
workers: 1
listen: [${listen}]
timeouts: {${timeouts}}
limits: {${limits}}
http2: {${http2}}
sites: [{hosts: ["*"], origin: {url: "${url}"${origin ? ', ' + origin : ''}}}]
`;
const ok = (req, res) => res.end('ok');
const stillServes = async (f) =>
  assert.match((await raw(f.plainPort, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).text, /^HTTP\/1.1 200 /);

const hold = async (t, port) => {
  const s = net.connect(port, '127.0.0.1');
  s.on('error', () => {});
  t.after(() => s.destroy());
  await once(s, 'connect');
  return s;
};

test('connections in all', async (t) => {
  const origin = await startOrigin(t, ok);
  const f = await startForerun(t, { config: yaml(origin.url, { limits: 'connections: 3' }) });
  const held = [];
  for (let i = 0; i < 3; i++) held.push(await hold(t, f.plainPort));
  await f.countersWhen((c) => c.connections_open === 3);
  const fourth = await raw(f.plainPort, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.equal(fourth.text, '');
  assert.equal((await f.counters()).limit_connections, 1);
  held[0].destroy();
  await f.countersWhen((c) => c.connections_open === 2);
  await stillServes(f);
});

test('connections from one address', async (t) => {
  const origin = await startOrigin(t, ok);
  const f = await startForerun(t, { config: yaml(origin.url, { limits: 'connections_per_address: 2' }) });
  const held = [await hold(t, f.plainPort), await hold(t, f.plainPort)];
  await f.countersWhen((c) => c.connections_open === 2);
  assert.equal((await raw(f.plainPort, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')).text, '');
  assert.equal((await f.counters()).limit_connections_per_address, 1);
  const other = net.connect({ port: f.plainPort, host: '127.0.0.1', localAddress: '127.0.0.2' });
  other.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  const [d] = await once(other, 'data');
  assert.match(d.toString(), /^HTTP\/1.1 200 /);
  other.destroy();
  held.forEach((s) => s.destroy());
});

test('time for a TLS handshake', async (t) => {
  const origin = await startOrigin(t, ok);
  const f = await startForerun(t, { config: yaml(origin.url, { timeouts: 'handshake: 200ms', listen: '{address: "127.0.0.1:0"}' }) });
  const s = await hold(t, f.port);
  s.resume();
  await once(s, 'close');
  assert.equal((await f.counters()).timeout_handshake, 1);
});

test("time for a request's fields, HTTP/1.1 (a slow loris)", async (t) => {
  const origin = await startOrigin(t, ok);
  const f = await startForerun(t, { config: yaml(origin.url, { timeouts: 'request_fields: 300ms' }) });
  const r = await raw(f.plainPort, (s) => {
    s.write('GET / HTTP/1.1\r\nHost: a\r\n');
    const drip = setInterval(() => s.write('x: y\r\n'), 40); // never idle, never done
    s.on('close', () => clearInterval(drip));
  });
  assert.match(r.text, /^HTTP\/1.1 408 /);
  assert.equal((await f.counters()).timeout_request_fields, 1);
  await stillServes(f);
});

test('a plain connection that says nothing', async (t) => {
  const origin = await startOrigin(t, ok);
  const f = await startForerun(t, { config: yaml(origin.url, { timeouts: 'request_fields: 200ms' }) });
  assert.equal((await raw(f.plainPort, '')).text, '');
  assert.equal((await raw(f.plainPort, 'PRI * HTT')).text, '');
  assert.equal((await f.counters()).timeout_request_fields, 2);
});

test("time for a request's fields, HTTP/2", async (t) => {
  const origin = await startOrigin(t, ok);
  const f = await startForerun(t, { config: yaml(origin.url, { timeouts: 'request_fields: 200ms' }) });
  // HEADERS without END_HEADERS, and the CONTINUATION never comes
  const frames = await rawH2(f.plainPort, Buffer.concat([preface, settings, frame(1, 1, 1, get('/'))]), (fs) => resetCode(fs, 1) !== undefined || goawayCode(fs) !== undefined);
  assert.ok(resetCode(frames, 1) !== undefined || goawayCode(frames) !== undefined);
  assert.equal((await f.counters()).timeout_request_fields, 1);
});

test('progress of a request body', async (t) => {
  const origin = await startOrigin(t, (req, res) => { req.resume(); req.on('end', () => res.end()); });
  const f = await startForerun(t, { config: yaml(origin.url, { timeouts: 'body: 200ms' }) });
  const r = await raw(f.plainPort, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf');
  assert.match(r.text, /^HTTP\/1.1 408 /);
  const frames = await rawH2(f.plainPort, Buffer.concat([preface, settings, frame(1, 4, 1, fields([[':method', 'POST'], [':scheme', 'http'], [':authority', 'a'], [':path', '/']])), frame(0, 0, 1, Buffer.from('half'))]),
    (fs) => fs.some((x) => x.id === 1));
  assert.ok(frames.some((x) => x.id === 1));
  assert.equal((await f.counters()).timeout_body, 2);
});

test('progress of a response body that the client does not take', async (t) => {
  const origin = await startOrigin(t, (req, res) => res.end(Buffer.alloc(4 << 20)));
  const f = await startForerun(t, { config: yaml(origin.url, { timeouts: 'body: 300ms' }) });
  const s = await hold(t, f.plainPort);
  s.pause();
  s.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await f.countersWhen((c) => c.timeout_body >= 1 && c.connections_open === 0);
  // an HTTP/2 client with a closed window: the stream ends, the connection stays
  const frames = await rawH2(f.plainPort, Buffer.concat([preface, frame(4, 0, 0, Buffer.from([0, 4, 0, 0, 0, 0])), frame(1, 5, 1, get('/'))]), (fs) => resetCode(fs, 1) !== undefined);
  assert.equal(resetCode(frames, 1), codes.CANCEL);
});

test('idle connections are closed, politely', async (t) => {
  const origin = await startOrigin(t, ok);
  const f = await startForerun(t, { config: yaml(origin.url, { timeouts: 'idle: 200ms' }) });
  const r = await raw(f.plainPort, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.match(r.text, /ok$/);
  assert.equal(r.how, 'closed');
  const frames = await rawH2(f.plainPort, Buffer.concat([preface, settings, frame(1, 5, 1, get('/'))]));
  assert.equal(goawayCode(frames), 0);
  assert.equal((await f.counters()).timeout_idle, 2);
});

test('PING does not keep an idle connection', async (t) => {
  const origin = await startOrigin(t, ok);
  const f = await startForerun(t, { config: yaml(origin.url, { timeouts: 'idle: 300ms' }) });
  const frames = await rawH2(f.plainPort, (s) => {
    s.write(Buffer.concat([preface, settings]));
    const ping = setInterval(() => s.write(frame(6, 0, 0, Buffer.alloc(8))), 50);
    s.on('close', () => clearInterval(ping));
  });
  assert.equal(goawayCode(frames), 0);
});

test('size and count of request fields, HTTP/1.1', async (t) => {
  const origin = await startOrigin(t, ok);
  const f = await startForerun(t, { config: yaml(origin.url, { limits: 'fields: 2KiB, fields_count: 10, request_line: 300' }) });
  const ask = async (text) => (await raw(f.plainPort, `${text}Host: a\r\nConnection: close\r\n\r\n`)).text;
  assert.match(await ask(`GET / HTTP/1.1\r\nX: ${'x'.repeat(3000)}\r\n`), /^HTTP\/1.1 431 /);
  assert.match(await ask(`GET / HTTP/1.1\r\n${'X: y\r\n'.repeat(11)}`), /^HTTP\/1.1 431 /);
  assert.match(await ask(`GET /${'x'.repeat(400)} HTTP/1.1\r\n`), /^HTTP\/1.1 414 /);
  assert.match(await ask(`GET / HTTP/1.1\r\n${'X: y\r\n'.repeat(7)}`), /^HTTP\/1.1 200 /);
});

test('size and count of request fields, HTTP/2, the crumbs of a cookie as one', async (t) => {
  const origin = await startOrigin(t, ok);
  const f = await startForerun(t, { config: yaml(origin.url, { limits: 'fields: 4KiB, fields_count: 20' }) });
  const done = (fs) => fs.some((x) => x.id === 1 && x.flags & 1) || goawayCode(fs) !== undefined;
  const ask = (more) => rawH2(f.plainPort, Buffer.concat([preface, settings, frame(1, 5, 1, get('/', more))]), done);
  const body = (frames) => Buffer.concat(frames.filter((x) => x.type === 0).map((x) => x.payload)).toString();
  assert.match(body(await ask(Array(17).fill(['x', 'a=b']))), /^431 /);
  assert.match(body(await ask([['x', 'x'.repeat(4100)]])), /^431 /);
  assert.match(body(await ask(Array(12).fill(['x', 'a=b']))), /^ok/);
  assert.match(body(await ask(Array(90).fill(['cookie', 'a=b']))), /^ok/);
  assert.match(body(await ask(Array(90).fill(['cookie', `a=${'b'.repeat(50)}`]))), /^431 /);
  // far beyond: the connection ends while still decoding
  assert.equal(goawayCode(await ask(Array(90).fill(['x', 'a=b']))), codes.ENHANCE_YOUR_CALM);
  const c = await f.counters();
  assert.equal(c.h2_faults.FIELDS_TOO_LARGE, 3);
  assert.equal(c.h2_faults.FIELDS_FLOOD, 1);
});

test('an HPACK bomb is stopped', async (t) => {
  const origin = await startOrigin(t, ok);
  const f = await startForerun(t, { config: yaml(origin.url) });
  // one literal of 4000 bytes into the dynamic table, then referred to again and again
  const big = Buffer.concat([Buffer.from([0x40, 1]), Buffer.from('x'), Buffer.from([0x7f, 0xa1, 0x1e]), Buffer.alloc(4000, 'y')]);
  const block = Buffer.concat([get('/'), big, Buffer.alloc(9000, 0xbe)]);
  const frames = await rawH2(f.plainPort, Buffer.concat([preface, settings, frame(1, 5, 1, block)]), (fs) => goawayCode(fs) !== undefined);
  assert.equal(goawayCode(frames), codes.ENHANCE_YOUR_CALM);
  await f.countersWhen((c) => c.h2_faults.FIELDS_FLOOD === 1);
});

test("size and count of the origin's response fields", async (t) => {
  const origin = await startRawOrigin(t, (socket, head) => socket.write(`HTTP/1.1 200 OK\r\n${head.includes('/size') ? `X: ${'x'.repeat(5000)}\r\n` : 'X: y\r\n'.repeat(30)}Content-Length: 0\r\n\r\n`));
  const f = await startForerun(t, { config: yaml(origin.url, { limits: 'response_fields: 4KiB, response_fields_count: 20' }) });
  for (const path of ['/size', '/count'])
    assert.match((await raw(f.plainPort, `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)).text, /^HTTP\/1.1 502 /);
  assert.equal((await f.counters()).origin_malformed, 2);
});

// [name, bytes sent after preface and SETTINGS, the fault's name]
const small = 'control_burst: 20, control_per_second: 1, reset_burst: 10, reset_per_second: 1, continuation_frames: 4';
const many = (n, make) => Buffer.concat(Array.from({ length: n }, (_, i) => make(i)));
const floods = [
  ['PING', many(50, () => frame(6, 0, 0, Buffer.alloc(8))), 'PING_FLOOD'],
  ['SETTINGS', many(50, () => settings), 'SETTINGS_FLOOD'],
  ['PRIORITY', many(50, (i) => frame(2, 0, 2 * i + 1, Buffer.from([0, 0, 0, 0, 1]))), 'PRIORITY_FLOOD'],
  ['PRIORITY_UPDATE', many(50, () => frame(16, 0, 0, Buffer.from([0, 0, 0, 1, 0x75, 0x3d, 0x31]))), 'PRIORITY_FLOOD'],
  ['WINDOW_UPDATE', many(50, () => frame(8, 0, 0, Buffer.from([0, 0, 0, 1]))), 'WINDOW_UPDATE_FLOOD'],
  ['frames of unknown types', many(50, () => frame(0xee, 0, 0, Buffer.alloc(3))), 'UNKNOWN_FLOOD'],
  ['empty DATA', Buffer.concat([frame(1, 4, 1, fields([[':method', 'POST'], [':scheme', 'http'], [':authority', 'a'], [':path', '/']])), many(50, () => frame(0, 0, 1))]), 'EMPTY_FRAMES'],
  ['CONTINUATION', Buffer.concat([frame(1, 1, 1, get('/')), many(50, () => frame(9, 0, 1, Buffer.from([0, 1, 0x78, 1, 0x79])))]), 'CONTINUATION_FLOOD'],
  ['streams opened and reset', many(50, (i) => Buffer.concat([frame(1, 5, 2 * i + 1, get('/')), frame(3, 0, 2 * i + 1, Buffer.from([0, 0, 0, 8]))])), 'RESET_FLOOD'],
  ['resets provoked by malformed requests', many(50, (i) => frame(1, 5, 2 * i + 1, get('/', [['connection', 'x']]))), 'RESET_FLOOD'],
];
for (const [name, bytes, fault] of floods)
  test(`a flood ends the connection: ${name}`, async (t) => {
    const origin = await startOrigin(t, (req, res) => { if (req.url !== '/slow') res.end('ok'); });
    const f = await startForerun(t, { config: yaml(origin.url, { http2: small }) });
    const frames = await rawH2(f.plainPort, Buffer.concat([preface, settings, bytes]));
    assert.equal(goawayCode(frames), codes.ENHANCE_YOUR_CALM, JSON.stringify(frames.map((x) => x.type)));
    assert.equal((await f.counters()).h2_faults[fault], 1);
    await stillServes(f);
    const c = await f.countersWhen((x) => x.connections_open === 0);
    assert.equal(c.exchanges_open, 0);
    assert.equal(c.fetches_open, 0);
  });

test('acknowledgements that the client does not read are bounded', async (t) => {
  const origin = await startOrigin(t, ok);
  const f = await startForerun(t, { config: yaml(origin.url, { http2: 'control_burst: 1000000, control_per_second: 1000000', timeouts: 'body: 1h' }) });
  const s = await hold(t, f.plainPort);
  s.pause();
  const batch = many(5000, () => frame(6, 0, 0, Buffer.alloc(8)));
  s.write(Buffer.concat([preface, settings]));
  const pump = () => { while (!s.destroyed && s.write(batch)); };
  s.on('drain', pump);
  pump();
  const c = await f.countersWhen((x) => x.connections_open === 0);
  assert.equal(c.h2_faults.ACK_QUEUE, 1);
});

test('requests to the origin in flight for one client', async (t) => {
  const origin = await startOrigin(t, (req, res) => { if (!req.url.startsWith('/hang')) res.end('ok'); });
  const f = await startForerun(t, { config: yaml(origin.url, { limits: 'origin_requests_per_client: 3' }) });
  const frames = await rawH2(f.plainPort, Buffer.concat([preface, settings, many(5, (i) => frame(1, 5, 2 * i + 1, get(`/hang?${i}`)))]), (fs) => fs.filter((x) => x.type === 3).length === 2);
  assert.equal(resetCode(frames, 7), codes.REFUSED_STREAM);
  assert.equal(resetCode(frames, 9), codes.REFUSED_STREAM);
  assert.equal((await f.counters()).limit_origin_requests_per_client, 2);
});

test('requests to the origin in flight for one client, on all its connections', async (t) => {
  const waiting = [];
  const origin = await startOrigin(t, (req, res) => { if (req.url.startsWith('/hang')) waiting.push(res); else res.writeHead(200, { 'Cache-Control': 'max-age=60' }).end('ok'); });
  const other = await startOrigin(t, (req, res) => res.end('other'));
  const sites = ['a', 'b'].map((host, i) => `{hosts: ["${host}"], origin: {url: "${[origin, other][i].url}"}}`);
  const f = await startForerun(t, { config: `workers: 2
listen: [{address: "127.0.0.1:0", tls: false}]
limits: {origin_requests_per_client: 3}
sites: [${sites}]
` });
  const ask = (path, host = 'a', from = '127.0.0.9') => raw(f.plainPort, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`, { from });
  assert.match((await ask('/stored')).text, /^HTTP\/1.1 200 /);
  const held = [1, 2, 3].map((i) => ask(`/hang?${i}`));
  await f.countersWhen((c) => c.fetches_open === 3);
  // the fourth, with a body or without; what is stored, other sites and other clients go on
  assert.match((await ask('/more')).text, /^HTTP\/1.1 503 /);
  assert.match((await raw(f.plainPort, 'POST /more HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\nab', { from: '127.0.0.9' })).text, /^HTTP\/1.1 503 /);
  assert.match((await ask('/stored')).text, /^HTTP\/1.1 200 /);
  assert.match((await ask('/more', 'b')).text, /other$/);
  assert.match((await ask('/more', 'a', '127.0.0.8')).text, /\bok\b/);
  assert.equal((await f.counters()).limit_origin_requests_per_client, 2);
  waiting.forEach((res) => res.end('late'));
  for (const r of await Promise.all(held)) assert.match(r.text, /late$/);
  await f.countersWhen((c) => c.exchanges_open === 0);
  assert.match((await ask('/again')).text, /\bok\b/);
});

test('requests that wait for the origin', async (t) => {
  const origin = await startOrigin(t, (req, res) => { if (!req.url.startsWith('/hang')) res.end('ok'); });
  const f = await startForerun(t, { config: yaml(origin.url, { origin: 'max_connections: 1, max_waiting: 1, connect_timeout: 300ms' }) });
  const frames = await rawH2(f.plainPort, Buffer.concat([preface, settings, many(3, (i) => frame(1, 5, 2 * i + 1, get(`/hang?${i}`)))]),
    (fs) => fs.filter((x) => x.type === 0 && x.flags & 1).length === 2);
  const text = (id) => Buffer.concat(frames.filter((x) => x.type === 0 && x.id === id).map((x) => x.payload)).toString();
  assert.match(text(5), /^503 /); // no place to wait
  assert.match(text(3), /^504 /); // waited in vain
});

test('concurrent streams of a client', async (t) => {
  const origin = await startOrigin(t, () => {});
  const f = await startForerun(t, { config: yaml(origin.url, { http2: 'max_concurrent_streams: 4' }) });
  const frames = await rawH2(f.plainPort, Buffer.concat([preface, settings, many(6, (i) => frame(1, 5, 2 * i + 1, get('/')))]),
    (fs) => fs.filter((x) => x.type === 3 && x.id).length === 2 || goawayCode(fs) !== undefined);
  assert.ok(goawayCode(frames) !== undefined || [9, 11].every((id) => resetCode(frames, id) === codes.REFUSED_STREAM));
});

test('response data held for a client that does not read is bounded', async (t) => {
  let written = 0;
  const origin = await startOrigin(t, (req, res) => {
    const chunk = Buffer.alloc(65536);
    const more = () => { while (res.write(chunk) && !res.destroyed) written += chunk.length; };
    res.on('drain', more);
    more();
  });
  const f = await startForerun(t, { config: yaml(origin.url, { timeouts: 'body: 1h' }) });
  const before = f.rssKiB();
  const s = await hold(t, f.plainPort);
  // eight streams, windows never opened
  s.write(Buffer.concat([preface, settings, many(8, (i) => frame(1, 5, 2 * i + 1, get('/')))]));
  await f.countersWhen((c) => c.fetches_open === 8);
  let last = -1;
  while (last !== written) { last = written; await new Promise((r) => setTimeout(r, 200)); }
  assert.ok(f.rssKiB() - before < 32 * 1024, `${f.rssKiB() - before} KiB more`);
  s.destroy();
  await f.countersWhen((c) => c.fetches_open === 0);
});
