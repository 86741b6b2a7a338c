// Time limits that belong to a state, and what nobody may keep for himself: connections
// to the origin, places in its queue.
import test from 'node:test';
import { assert, startForerun, startRawOrigin, raw } from './lib/harness.mjs';

const yaml = (url, { timeouts = '', limits = '', http2 = '', origin = '' } = {}) => `
workers: 1
listen: [{address: "127.0.0.1:0", tls: false}]
timeouts: {${timeouts}}
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
