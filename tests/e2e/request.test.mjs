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
  // HTTP/1.1: what frames or routes is refused, the rest goes the same way
  for (const name of ['x-forwarded-for', 'forwarded', 'x-real-ip', 'true-client-ip', 'x_forwarded_for', 'via', 'if-none-match']) {
    const r = await raw(f.plainPort, `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n${name}: 192.0.2.66\r\nX-Sum: 43\r\n\r\n`, { until: /ok\r\n0\r\n\r\n|ok$/ });
    assert.match(r.text, /^HTTP\/1.1 200/, name);
    assert.deepEqual(Object.keys(seen.at(-1)), ['x-sum'], name);
  }
  const before = seen.length;
  for (const name of ['host', 'cookie', 'authorization', 'content-length', 'transfer-encoding']) {
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
