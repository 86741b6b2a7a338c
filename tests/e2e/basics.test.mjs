// The edge as a proxy: protocols, methods, bodies, fields.
import test from 'node:test';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { once } from 'node:events';
import { assert, freePort, startForerun, startOrigin, startRawOrigin, h2connect, h2request, raw, rawH2, run, caFile, scratch, preface, settings, frame, get } from './lib/harness.mjs';

const echo = (req, res) => {
  if (req.url === '/echo') { res.setHeader('x-method', req.method); req.pipe(res); return; }
  res.setHeader('content-type', 'application/json');
  res.end(JSON.stringify({ method: req.method, url: req.url, headers: req.headers }));
};

test('h2 and http/1.1 are negotiated by ALPN, curl agrees', async (t) => {
  const origin = await startOrigin(t, echo);
  const f = await startForerun(t, { origin: origin.url });
  for (const [flag, version] of [['--http2', '2'], ['--http1.1', '1.1']]) {
    const r = await run('curl', ['-sS', flag, '--cacert', caFile, '-w', '%{http_version}', `https://localhost:${f.port}/a`]);
    assert.equal(r.code, 0, r.stderr);
    assert.match(r.stdout, new RegExp(`"url":"/a".*${version}$`));
  }
});

test('TLS 1.2 and 1.3 are spoken, older versions are not', async (t) => {
  const origin = await startOrigin(t, echo);
  const f = await startForerun(t, { origin: origin.url });
  for (const max of ['1.2', '1.3'])
    assert.equal((await run('curl', ['-sS', '--tls-max', max, '--cacert', caFile, `https://localhost:${f.port}/`])).code, 0);
  assert.notEqual((await run('curl', ['-sS', '--tls-max', '1.1', '--cacert', caFile, `https://localhost:${f.port}/`])).code, 0);
});

test('a session is resumed by its ticket', async (t) => {
  const origin = await startOrigin(t, echo);
  const f = await startForerun(t, { origin: origin.url });
  const tls = await import('node:tls');
  const connect = (session) => new Promise((resolve, reject) => {
    const s = tls.connect({ port: f.port, host: '127.0.0.1', servername: 'localhost', ca: fs.readFileSync(caFile), session, ALPNProtocols: ['http/1.1'] });
    let ticket;
    s.on('session', (x) => { ticket = x; if (!session) s.end(); });
    s.on('secureConnect', () => { if (session) { const r = s.isSessionReused(); s.destroy(); resolve(r); } else s.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'); });
    s.on('data', () => {});
    s.on('error', reject);
    s.on('close', () => resolve(ticket));
  });
  const ticket = await connect();
  assert.ok(ticket);
  assert.equal(await connect(ticket), true);
});

test('a plain listener speaks HTTP/1.1 and HTTP/2 with prior knowledge', async (t) => {
  const origin = await startOrigin(t, echo);
  const f = await startForerun(t, { origin: origin.url });
  for (const [flag, version] of [['--http2-prior-knowledge', '2'], ['--http1.1', '1.1']]) {
    const r = await run('curl', ['-sS', flag, '-w', '%{http_version}', `http://127.0.0.1:${f.plainPort}/`]);
    assert.match(r.stdout, new RegExp(`${version}$`), r.stderr);
  }
});

test('a Unix socket and an IPv6 address can be listened on', async (t) => {
  const origin = await startOrigin(t, echo);
  const sock = path.join(scratch, 'edge.sock');
  const f = await startForerun(t, { config: `
listen:
  - address: "unix:${sock}"
  - {address: "[::1]:0", tls: false}
sites: [{hosts: ["*"], origin: {url: "${origin.url}"}}]
` });
  assert.equal((await run('curl', ['-sS', '--unix-socket', sock, 'http://localhost/u'])).stdout.includes('"/u"'), true);
  assert.equal((await run('curl', ['-sS', `http://[::1]:${f.plainPort}/6`])).stdout.includes('"/6"'), true);
  await f.stop();
  assert.equal(fs.existsSync(sock), false);
});

test('all methods pass, with and without bodies', async (t) => {
  const origin = await startOrigin(t, echo);
  const f = await startForerun(t, { origin: origin.url });
  const s = await h2connect(t, f.port);
  for (const m of ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'PROPFIND', 'M-SEARCH'])
    assert.equal(JSON.parse((await h2request(s, { ':method': m, ':path': '/m' })).body).method, m);
  for (const m of ['POST', 'PUT', 'PATCH', 'DELETE']) {
    const r = await h2request(s, { ':method': m, ':path': '/echo' }, 'body of ' + m);
    assert.equal(r.body, 'body of ' + m);
    assert.equal(r.headers['x-method'], m);
  }
});

test('HEAD has the fields and no body in both protocols', async (t) => {
  const origin = await startOrigin(t, (req, res) => { res.setHeader('content-length', 5); res.end('12345'); });
  const f = await startForerun(t, { origin: origin.url });
  const s = await h2connect(t, f.port);
  const r = await h2request(s, { ':method': 'HEAD', ':path': '/' });
  assert.equal(r.headers['content-length'], '5');
  assert.equal(r.body, '');
  const one = await raw(f.plainPort, 'HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  assert.equal(one.text.match(/content-length: 5/g).length, 2);
  assert.match(one.text, /\r\n\r\n12345$/);
});

test('CONNECT is refused', async (t) => {
  const origin = await startOrigin(t, echo);
  const f = await startForerun(t, { origin: origin.url });
  assert.match((await raw(f.plainPort, 'CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\nConnection: close\r\n\r\n')).text, /^HTTP\/1.1 501 /);
  assert.equal(origin.requests.length, 0);
});

test('bodies stream both ways at once', async (t) => {
  const origin = await startOrigin(t, echo);
  const f = await startForerun(t, { origin: origin.url });
  const s = await h2connect(t, f.port);
  const stream = s.request({ ':method': 'POST', ':path': '/echo' });
  for (const word of ['one', 'two', 'three']) {
    stream.write(word); // the answer to each comes before the next is sent
    const [d] = await once(stream, 'data');
    assert.equal(d.toString(), word);
  }
  stream.end();
  await once(stream, 'end');
});

test('trailers pass both ways', async (t) => {
  let seen;
  const origin = await startOrigin(t, (req, res) => {
    req.resume();
    req.on('end', () => {
      seen = req.trailers;
      res.writeHead(200, { trailer: 'x-sum' });
      res.write('body');
      res.addTrailers({ 'x-sum': '42' });
      res.end();
    });
  });
  const f = await startForerun(t, { origin: origin.url });
  const s = await h2connect(t, f.port);
  const stream = s.request({ ':method': 'POST', ':path': '/' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'x-client': 'yes' }));
  stream.end('data');
  stream.resume();
  const [trailers] = await once(stream, 'trailers');
  assert.equal(trailers['x-sum'], '42');
  assert.equal(seen['x-client'], 'yes');
  const one = await raw(f.plainPort, 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Client: again\r\n\r\n', { until: /x-sum: 42/ });
  assert.equal(one.how, 'matched');
  assert.equal(seen['x-client'], 'again');
});

test('interim responses are relayed in both protocols', async (t) => {
  const origin = await startRawOrigin(t, (socket) => socket.write('HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload; as=style\r\nx-early: 1\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
  const f = await startForerun(t, { origin: origin.url });
  const s = await h2connect(t, f.port);
  const r = await h2request(s, '/');
  assert.deepEqual(r.informational.map((h) => h[':status']), [103, 102]);
  assert.equal(r.informational[0].link, '</a.css>; rel=preload; as=style');
  assert.equal(r.informational[0]['x-early'], undefined, 'a 103 carries links and nothing else');
  const one = await raw(f.plainPort, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  assert.match(one.text, /^HTTP\/1.1 102 .*\r\n\r\nHTTP\/1.1 200 /s, 'no 103 over HTTP/1.1, unless configured');
  const old = await raw(f.plainPort, 'GET / HTTP/1.0\r\nHost: a\r\n\r\n');
  assert.match(old.text, /^HTTP\/1.1 200 /);
});

test('Expect: 100-continue reaches the origin, its answer the client', async (t) => {
  const origin = await startOrigin(t, echo);
  origin.on('checkContinue', (req, res) => { res.writeContinue(); echo(req, res); });
  const f = await startForerun(t, { origin: origin.url });
  const big = 'x'.repeat(5000);
  const r = await run('curl', ['-sS', '-v', '--http1.1', '-H', 'Expect: 100-continue', '--data-binary', '@-', `http://127.0.0.1:${f.plainPort}/echo`], { input: big });
  assert.match(r.stderr, /HTTP\/1.1 100 Continue/);
  assert.equal(r.stdout, big);
  assert.match((await raw(f.plainPort, 'POST / HTTP/1.1\r\nHost: a\r\nExpect: magic\r\nContent-Length: 1\r\n\r\nx')).text, /^HTTP\/1.1 417 /);
});

test('pipelined requests are answered in order on one connection', async (t) => {
  const origin = await startOrigin(t, (req, res) => {
    const n = Number(req.url.slice(1));
    // later requests would be ready earlier
    setTimeout(() => res.end(`<${n}>`), 40 - n * 8);
  });
  const f = await startForerun(t, { origin: origin.url });
  let text = '';
  for (let i = 0; i < 5; i++) text += `GET /${i} HTTP/1.1\r\nHost: a\r\n${i === 4 ? 'Connection: close\r\n' : ''}\r\n`;
  const r = await raw(f.plainPort, text);
  assert.deepEqual(r.text.match(/<\d>/g), ['<0>', '<1>', '<2>', '<3>', '<4>']);
});

test('HTTP/1.0 clients get what they understand', async (t) => {
  const origin = await startOrigin(t, (req, res) => { res.write('part'); res.end(); }); // chunked from the origin
  const f = await startForerun(t, { origin: origin.url });
  const r = await raw(f.plainPort, 'GET / HTTP/1.0\r\n\r\n');
  assert.doesNotMatch(r.text, /transfer-encoding/i);
  assert.match(r.text, /\r\n\r\npart$/);
  const k = await raw(f.plainPort, 'HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n', { until: /\r\n\r\n/ });
  assert.match(k.text, /connection: keep-alive/);
});

test('a client that ended its side still gets its answer', async (t) => {
  const origin = await startOrigin(t, (req, res) => setTimeout(() => res.end('late'), 50));
  const f = await startForerun(t, { origin: origin.url });
  const r = await raw(f.plainPort, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', { half: true });
  assert.match(r.text, /late$/);
});

test('WebSocket upgrades pass through, both ways', async (t) => {
  const origin = await startOrigin(t, echo);
  origin.on('upgrade', (req, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n');
    socket.on('data', (d) => socket.write(d.toString().toUpperCase()));
    socket.on('end', () => socket.end('bye'));
    socket.on('error', () => {});
  });
  const f = await startForerun(t, { origin: origin.url });
  for (const secure of [false, true]) {
    const r = await raw(secure ? f.port : f.plainPort, (socket) => {
      socket.write('GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: k\r\nSec-WebSocket-Version: 13\r\n\r\n');
      socket.once('data', () => {
        socket.write('hello');
        socket.once('data', () => socket.end());
      });
    }, { secure });
    assert.match(r.text, /^HTTP\/1.1 101 /);
    assert.match(r.text, /connection: upgrade/i);
    assert.match(r.text, /HELLObye$/);
  }
});

test('an upgrade that the origin refuses is answered as any request', async (t) => {
  const origin = await startRawOrigin(t, (socket) => socket.write('HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno'));
  const f = await startForerun(t, { origin: origin.url });
  const r = await raw(f.plainPort, 'GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  assert.equal(r.text.match(/HTTP\/1.1 400 /g).length, 2);
});

test('a 101 that nobody asked for is a bad gateway', async (t) => {
  const origin = await startRawOrigin(t, (socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'));
  const f = await startForerun(t, { origin: origin.url });
  assert.match((await raw(f.plainPort, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).text, /^HTTP\/1.1 502 /);
});

test('sites are chosen by host, wildcards by the longest, unknown ones misdirected', async (t) => {
  const a = await startOrigin(t, (req, res) => res.end('A'));
  const b = await startOrigin(t, (req, res) => res.end('B'));
  const c = await startOrigin(t, (req, res) => res.end('C'));
  const f = await startForerun(t, { config: `
listen: [{address: "127.0.0.1:0", tls: false}]
sites:
  - {hosts: [a.test], origin: {url: "${a.url}"}}
  - {hosts: ["*.b.test"], origin: {url: "${b.url}"}}
  - {hosts: ["*.x.b.test"], origin: {url: "${c.url}"}}
` });
  const ask = async (host) => (await raw(f.plainPort, `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)).text;
  assert.match(await ask('A.test:80'), /A$/);
  assert.match(await ask('www.b.test'), /B$/);
  assert.match(await ask('www.x.b.test'), /C$/);
  assert.match(await ask('b.test'), /^HTTP\/1.1 421 /);
  assert.match(await ask('a.test.'), /A$/);
});

test('the certificate is chosen by SNI, and a request for another site is misdirected', async (t) => {
  const origin = await startOrigin(t, (req, res) => res.end('ok'));
  const make = async (name) => {
    const key = path.join(scratch, `${name}.key`), cert = path.join(scratch, `${name}.pem`);
    const r = await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', cert, '-days', '2', '-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`]);
    assert.equal(r.code, 0, r.stderr);
    return { key, cert };
  };
  const one = await make('one.test'), two = await make('two.test');
  const f = await startForerun(t, { config: `
listen: [{address: "127.0.0.1:0"}]
sites:
  - {hosts: [one.test], tls: {certificate: "${one.cert}", key: "${one.key}"}, origin: {url: "${origin.url}"}}
  - {hosts: [two.test], tls: {certificate: "${two.cert}", key: "${two.key}"}, origin: {url: "${origin.url}"}}
` });
  for (const [name, pair] of [['one.test', one], ['two.test', two]]) {
    const r = await run('curl', ['-sS', '--cacert', pair.cert, '--resolve', `${name}:${f.port}:127.0.0.1`, `https://${name}:${f.port}/`]);
    assert.equal(r.stdout, 'ok', r.stderr);
  }
  const r = await run('curl', ['-sS', '-k', '--resolve', `one.test:${f.port}:127.0.0.1`, '-H', 'Host: two.test', '-w', '%{http_code}', '-o', '/dev/null', `https://one.test:${f.port}/`]);
  assert.equal(r.stdout, '421');
});

test('the origin learns who the client is; what the client claims is not believed', async (t) => {
  const origin = await startOrigin(t, echo);
  const f = await startForerun(t, { origin: origin.url });
  const s = await h2connect(t, f.port);
  const r = await h2request(s, { ':path': '/', 'x-forwarded-for': '6.6.6.6', forwarded: 'for=6.6.6.6', 'x-forwarded-proto': 'gopher', via: '1.0 other' });
  const h = JSON.parse(r.body).headers;
  assert.equal(h['x-forwarded-for'], '127.0.0.1');
  assert.equal(h['x-forwarded-proto'], 'https');
  assert.equal(h['x-forwarded-host'], `localhost:${f.port}`);
  assert.equal(h.forwarded, `for=127.0.0.1;host="localhost:${f.port}";proto=https`);
  assert.equal(h.via, undefined, 'origins would not compress');
  assert.match(h['cdn-loop'], /^forerun;id=[0-9a-f]{8}$/);
  assert.equal(h.host, `localhost:${f.port}`);
  assert.equal(r.headers.via, undefined, 'a gateway need not name itself in responses');
  assert.ok(r.headers.date);
});

test('hop-by-hop fields go no further, either way', async (t) => {
  const origin = await startRawOrigin(t, (socket) => socket.write('HTTP/1.1 200 OK\r\nConnection: x-hop\r\nX-Hop: 1\r\nX-End: 2\r\nKeep-Alive: timeout=5\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n'));
  const f = await startForerun(t, { origin: origin.url });
  const r = await raw(f.plainPort, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close, X-Mine, cookie\r\nX-Mine: 1\r\nCookie: keep=1\r\nKeep-Alive: 5\r\nTE: gzip\r\nProxy-Authorization: secret\r\n\r\n');
  assert.doesNotMatch(r.text, /x-hop|keep-alive|proxy-authenticate/i);
  assert.match(r.text, /x-end: 2/i);
  assert.doesNotMatch(origin.heads[0], /x-mine|keep-alive|te:|proxy-authorization/i);
  assert.match(origin.heads[0], /cookie: keep=1/); // Connection cannot strip it
});

test('cookie crumbs of HTTP/2 are joined', async (t) => {
  const origin = await startOrigin(t, echo);
  const f = await startForerun(t, { origin: origin.url });
  const frames = await rawH2(f.plainPort, Buffer.concat([preface, settings, frame(1, 5, 1, get('/', [['cookie', 'a=1'], ['accept', '*/*'], ['cookie', 'b=2']]))]),
    (fs) => fs.some((x) => x.id === 1 && x.flags & 1));
  assert.match(Buffer.concat(frames.filter((x) => x.type === 0).map((x) => x.payload)).toString(), /"cookie":"a=1; b=2"/);
});

test('a request that went in circles is stopped', async (t) => {
  const origin = await startOrigin(t, echo);
  const f = await startForerun(t, { origin: origin.url });
  for (const hops of [`Via: ${Array(8).fill('1.1 forerun').join(', ')}`, `CDN-Loop: ${Array(8).fill('forerun').join(', ')}`])
    assert.match((await raw(f.plainPort, `GET / HTTP/1.1\r\nHost: a\r\n${hops}\r\nConnection: close\r\n\r\n`)).text, /^HTTP\/1.1 508 /);
});

test('an edge that is its own origin answers 508 at last', async (t) => {
  const port = await freePort();
  const f = await startForerun(t, { config: `
listen: [{address: "127.0.0.1:${port}", tls: false}]
sites: [{hosts: ["*"], origin: {url: "http://127.0.0.1:${port}"}}]
` });
  assert.match((await raw(port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).text, /^HTTP\/1.1 508 /, f.text);
});

test('origin.via names the edge to the origin', async (t) => {
  const origin = await startOrigin(t, echo);
  const f = await startForerun(t, { config: `
listen: [{address: "127.0.0.1:0", tls: false}]
sites: [{hosts: ["*"], origin: {url: "${origin.url}", via: true}}]
` });
  const r = await raw(f.plainPort, 'GET / HTTP/1.1\r\nHost: a\r\nVia: 1.0 other\r\nConnection: close\r\n\r\n');
  assert.match(r.text, /"via":"1.0 other, 1.1 forerun"/);
});

test('connections to the origin are kept and reused; a stale one is no error', async (t) => {
  let connections = 0;
  const origin = await startRawOrigin(t, (socket, head, n) => {
    if (n === 0) connections++;
    if (head.startsWith('GET /die') && n > 0) { socket.destroy(); return; } // as if it had timed out
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  });
  const f = await startForerun(t, { origin: origin.url, workers: 1 });
  const s = await h2connect(t, f.port);
  for (let i = 0; i < 5; i++) assert.equal((await h2request(s, '/')).status, 200);
  assert.equal(connections, 1);
  assert.equal((await h2request(s, '/die')).status, 200);
  assert.equal((await f.counters()).origin_retries, 1);
});

test('a POST on a stale connection is not repeated', async (t) => {
  const origin = await startRawOrigin(t, (socket, head, n) => {
    if (n > 0) socket.destroy();
    else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  });
  const f = await startForerun(t, { origin: origin.url, workers: 1 });
  const s = await h2connect(t, f.port);
  assert.equal((await h2request(s, '/')).status, 200);
  assert.equal((await h2request(s, { ':method': 'POST', ':path': '/' }, 'x')).status, 502);
  assert.equal(origin.heads.filter((h) => h.startsWith('POST')).length, 1);
});

test('an origin over TLS is verified', async (t) => {
  const key = path.join(scratch, 'o.key'), cert = path.join(scratch, 'o.pem');
  await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']);
  const https = await import('node:https');
  const server = https.createServer({ key: fs.readFileSync(key), cert: fs.readFileSync(cert) }, (req, res) => res.end('secure'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => { server.closeAllConnections(); server.close(); });
  const url = `https://localhost:${server.address().port}`;
  const yaml = (extra) => `
listen: [{address: "127.0.0.1:0", tls: false}]
sites: [{hosts: ["*"], origin: {url: "${url}", ${extra}}}]
`;
  const ask = async (f) => (await raw(f.plainPort, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).text;
  const trusting = await startForerun(t, { config: yaml(`ca: "${cert}"`) });
  assert.match(await ask(trusting), /secure$/);
  const strict = await startForerun(t, { config: yaml('verify: true') });
  assert.match(await ask(strict), /^HTTP\/1.1 502 /);
  const blind = await startForerun(t, { config: yaml('verify: false') });
  assert.match(await ask(blind), /secure$/);
});

test('Max-Forwards counts down for OPTIONS and TRACE, and ends here at 0', async (t) => {
  const origin = await startOrigin(t, (req, res) => res.end(`${req.method} ${req.headers['max-forwards']}`));
  const f = await startForerun(t, { origin: origin.url });
  const s = await h2connect(t, f.port);
  const ask = async (method, n) => { const r = await h2request(s, { ':path': '/', ':method': method, 'max-forwards': n }); return [r.status, String(r.body)]; };
  assert.deepEqual(await ask('OPTIONS', '3'), [200, 'OPTIONS 2']);
  assert.equal((await ask('OPTIONS', '0'))[1], '200 OK\n');
  assert.deepEqual(await ask('TRACE', '1'), [200, 'TRACE 0']);
  assert.equal((await ask('TRACE', '0'))[0], 501);
  assert.deepEqual(await ask('GET', '0'), [200, 'GET 0']);
  assert.deepEqual(await ask('OPTIONS', 'many'), [200, 'OPTIONS many']);
});

test('plain HTTP on a TLS port is told so', async (t) => {
  const origin = await startOrigin(t, echo);
  const f = await startForerun(t, { origin: origin.url });
  const r = await run('curl', ['-sS', '-w', '%{http_code}', `http://127.0.0.1:${f.port}/`]);
  assert.equal(r.stdout, '400 Bad Request\nThis port speaks TLS: the URL needs https://\n400');
  await f.waitForLog(/plain HTTP on a TLS port/);
  const s = await h2connect(t, f.port);
  assert.equal((await h2request(s, '/')).status, 200);
});
