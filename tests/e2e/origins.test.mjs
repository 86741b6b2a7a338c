// What origins answer: faults that can be read in one way only are borne, the
// others are not; trailers.
import test from 'node:test';
import { assert, startForerun, startRawOrigin, h2connect, h2request, raw } from './lib/harness.mjs';

const get = (path) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
const target = (head) => head.split(' ')[1];

// Cached by the edge and not; asked for in both protocols.
for (const control of ['no-store', 'max-age=600'])
  test(`trailers that must not be there are dropped, with the response whole (${control})`, async (t) => {
    const origin = await startRawOrigin(t, (socket) => socket.write(`HTTP/1.1 200 OK\r\nCache-Control: ${control}\r\nConnection: X-Hop\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nSet-Cookie: a=b\r\nServer-Timing: a;dur=1\r\nX-Hop: 1\r\nCache-Control: no-store\r\nContent-Length: 9\r\n\r\n`));
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
