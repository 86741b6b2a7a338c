// Compression: what a client gets of a plain or encoded origin, streamed and from the store.
import test from 'node:test';
import zlib from 'node:zlib';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { assert, startForerun, startOrigin, h2connect, h2request, loadPage, raw, tempFile } from './lib/harness.mjs';
import fs from 'node:fs';
import { adminPort, adminYaml, ask, metrics, sum } from './lib/admin.mjs';

const css = Array.from({ length: 2000 }, (_, i) => `.c${i} { color: #${(i * 7919).toString(16)}; margin: ${i % 17}px }\n`).join('');
const decoders = {
  br: (b) => zlib.brotliDecompressSync(b),
  gzip: (b) => zlib.gunzipSync(b),
  zstd: (b) => execFileSync('zstd', ['-dcq'], { input: b, maxBuffer: 1 << 28 }),
};
const bytes = (r) => Buffer.from(r.body, 'latin1');
const decoded = (r) => {
  const coding = r.headers['content-encoding'];
  return (coding ? decoders[coding](bytes(r)) : bytes(r)).toString();
};
const browsers = 'gzip, deflate, br, zstd';

// Each path is one kind of answer; ?n makes it another object.
function site(t, more = {}) {
  const kinds = {
    '/a.css': (req, res) => { res.writeHead(200, { 'content-type': 'text/css', 'content-length': css.length, etag: '"v1"', 'accept-ranges': 'bytes', 'cache-control': 'no-store' }); res.end(css); },
    '/kept.css': (req, res) => {
      const head = { 'content-type': 'text/css', etag: '"v1"', 'last-modified': 'Mon, 01 Jan 2024 00:00:00 GMT', 'cache-control': 'max-age=600', vary: 'origin' };
      res.writeHead(200, { ...head, 'content-length': css.length });
      res.end(css);
    },
    '/short': (req, res) => { res.writeHead(200, { 'content-type': 'text/css', 'content-length': 1023, 'cache-control': 'no-store' }); res.end('x'.repeat(1023)); },
    '/enough': (req, res) => { res.writeHead(200, { 'content-type': 'text/css', 'content-length': 1024, 'cache-control': 'no-store' }); res.end('x'.repeat(1024)); },
    '/picture': (req, res) => { res.writeHead(200, { 'content-type': 'image/png', 'cache-control': 'no-store' }); res.end(css); },
    '/untouched': (req, res) => { res.writeHead(200, { 'content-type': 'text/css', 'cache-control': 'no-store, no-transform', etag: '"v1"' }); res.end(css); },
    '/digests': (req, res) => { res.writeHead(200, { 'content-type': 'text/css', 'cache-control': 'no-store', 'content-md5': 'x', digest: 'x', 'repr-digest': 'x', 'content-digest': 'x' }); res.end(css); },
    '/part': (req, res) => { res.writeHead(206, { 'content-type': 'text/css', 'content-range': 'bytes 0-1999/9000', 'cache-control': 'no-store' }); res.end(css.slice(0, 2000)); },
    '/error': (req, res) => { res.writeHead(404, { 'content-type': 'text/html', 'cache-control': 'no-store' }); res.end(css); },
    '/none': (req, res) => { res.writeHead(204, { 'content-type': 'text/css' }); res.end(); },
    '/empty': (req, res) => { res.writeHead(200, { 'content-type': 'text/css', 'content-length': 0, 'cache-control': 'no-store' }); res.end(); },
    '/trailers': (req, res) => { res.writeHead(200, { 'content-type': 'text/css', 'cache-control': 'no-store', trailer: 'x-sum, repr-digest, content-digest, digest' }); res.write(css); res.addTrailers({ 'x-sum': '42', 'repr-digest': 'x', 'content-digest': 'x', digest: 'x' }); res.end(); },
    '/not-modified': (req, res) => { res.writeHead(304, { etag: '"v1"' }); res.end(); },
    '/star': (req, res) => { res.writeHead(200, { 'content-type': 'text/css', 'cache-control': 'no-store', vary: '*' }); res.end(css); },
    '/gzip': (req, res) => { res.writeHead(200, { 'content-type': 'text/css', 'content-encoding': 'gzip', etag: '"g"', 'cache-control': 'no-store' }); res.end(zlib.gzipSync(css)); },
    '/br': (req, res) => { res.writeHead(200, { 'content-type': 'text/css', 'content-encoding': 'br', 'cache-control': 'max-age=600' }); res.end(zlib.brotliCompressSync(css)); },
    '/zstd': (req, res) => { res.writeHead(200, { 'content-type': 'text/css', 'content-encoding': 'zstd', 'cache-control': 'max-age=600' }); res.end(execFileSync('zstd', ['-cq'], { input: css })); },
    '/deflate': (req, res) => { res.writeHead(200, { 'content-type': 'text/css', 'content-encoding': 'deflate', 'cache-control': 'no-store' }); res.end(zlib.deflateSync(css)); },
    '/twice': (req, res) => { res.writeHead(200, { 'content-type': 'text/css', 'content-encoding': 'gzip, br', 'cache-control': 'no-store' }); res.end('x'.repeat(3000)); },
    '/broken': (req, res) => { res.writeHead(200, { 'content-type': 'text/css', 'content-encoding': 'gzip', 'cache-control': 'no-store' }); res.end(Buffer.concat([zlib.gzipSync(css).subarray(0, 5000), Buffer.alloc(5000, 0xee)])); },
    '/cut': (req, res) => { res.writeHead(200, { 'content-type': 'text/css', 'content-encoding': 'gzip', 'cache-control': 'no-store' }); res.end(zlib.gzipSync(css).subarray(0, 5000)); },
    '/bomb': (req, res) => { res.writeHead(200, { 'content-type': 'text/css', 'content-encoding': 'gzip', 'cache-control': 'no-store' }); res.end(zlib.gzipSync(Buffer.alloc(64 << 20))); },
    ...more,
  };
  return startOrigin(t, (req, res) => (kinds[req.url.split('?')[0]] ?? kinds['/error'])(req, res));
}

async function edge(t, { more, compression, workers = 1 } = {}) {
  const origin = await site(t, more);
  const f = await startForerun(t, compression === undefined
    ? { origin: origin.url, workers }
    : { config: `
workers: 1
listen: [{address: "127.0.0.1:0"}, {address: "127.0.0.1:0", tls: false}]
sites:
  - hosts: ["*"]
    origin: {url: "${origin.url}"}
    compression: ${compression}
` });
  const s = await h2connect(t, f.port);
  return { f, s, origin, get: (path, accept = browsers, headers = {}) => h2request(s, { ':path': path, ...(accept === null ? {} : { 'accept-encoding': accept }), ...headers }) };
}

test('plain text leaves in the coding that the client likes best', async (t) => {
  const { get } = await edge(t);
  for (const [accept, coding] of [['br', 'br'], ['gzip', 'gzip'], ['zstd', 'zstd'], [browsers, 'zstd'], ['gzip;q=1, br;q=0.5', 'gzip'], ['*', 'zstd'], ['zstd;q=0, *', 'br'],
    ['identity', undefined], ['', undefined], ['gzip;q=0', undefined], ['deflate', undefined], ['gzip;q=0.5, identity', undefined], ['nonsense;;q', undefined]]) {
    const r = await get('/a.css', accept);
    assert.equal(r.headers['content-encoding'], coding, accept);
    assert.equal(decoded(r), css, accept);
    assert.equal(r.headers.vary, 'accept-encoding', accept);
    assert.equal(r.headers.etag, coding ? 'W/"v1"' : '"v1"', accept);
    assert.equal(r.headers['accept-ranges'], coding ? undefined : 'bytes', accept);
    assert.equal(r.headers['content-length'], coding ? undefined : String(css.length), accept);
    if (coding) assert.ok(bytes(r).length < css.length / 3, `${accept}: ${bytes(r).length}`);
  }
});

test('what is not worth it, or may not be changed, stays as it is', async (t) => {
  const { get } = await edge(t);
  const rows = { '/short': [200, undefined], '/enough': [200, 'zstd'], '/picture': [200, undefined], '/untouched': [200, undefined], '/part': [206, undefined],
    '/error': [404, 'zstd'], '/none': [204, undefined], '/empty': [200, undefined], '/gzip': [200, 'gzip'], '/br': [200, 'br'], '/twice': [200, 'gzip, br'], '/star': [200, 'zstd'] };
  for (const [path, [status, coding]] of Object.entries(rows)) {
    const r = await get(path);
    assert.equal(r.status, status, path);
    assert.equal(r.headers['content-encoding'], coding, path);
  }
  assert.equal((await get('/untouched')).headers.etag, '"v1"');
  assert.equal((await get('/picture')).headers.vary, undefined);
  assert.equal((await get('/star')).headers.vary, '*');
  assert.equal((await get('/a.css', browsers, { 'cache-control': 'no-transform' })).headers['content-encoding'], undefined);
});

test('digests of the bytes as they were are not sent with other bytes', async (t) => {
  const { get } = await edge(t);
  const names = ['content-md5', 'digest', 'repr-digest', 'content-digest'];
  const coded = await get('/digests'), plain = await get('/digests', 'identity');
  for (const n of names) {
    assert.equal(coded.headers[n], undefined, n);
    assert.equal(plain.headers[n], 'x', n);
  }
});

test('a HEAD says what a GET says', async (t) => {
  const { get } = await edge(t);
  for (const path of ['/a.css', '/kept.css', '/kept.css']) {
    const a = await get(path), b = await get(path, browsers, { ':method': 'HEAD' });
    for (const n of ['content-encoding', 'vary', 'etag', 'content-type', 'accept-ranges'])
      assert.equal(b.headers[n], a.headers[n], `${path}: ${n}`);
    assert.ok([undefined, String(bytes(a).length)].includes(b.headers['content-length']), path);
    assert.equal(b.body, '');
  }
});

test('trailers follow an encoded body', async (t) => {
  const { get } = await edge(t);
  const r = await get('/trailers');
  assert.equal(r.headers['content-encoding'], 'zstd');
  assert.equal(decoded(r), css);
  assert.equal(r.trailers['x-sum'], '42');
  // those that speak of the plain bytes come with these alone
  const plain = await get('/trailers', 'identity');
  for (const n of ['repr-digest', 'content-digest', 'digest']) {
    assert.equal(r.trailers[n], undefined, n);
    assert.equal(plain.trailers[n], 'x', n);
  }
});

test('HTTP/1.1 gets chunks, HTTP/1.0 a body up to the end', async (t) => {
  const { f } = await edge(t);
  const one = await raw(f.plainPort, 'GET /a.css HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n');
  assert.match(one.text, /\r\ntransfer-encoding: chunked\r\n/i);
  assert.doesNotMatch(one.text, /\r\ncontent-length:/i);
  const zero = await raw(f.plainPort, 'GET /a.css HTTP/1.0\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n');
  const [head, ...rest] = zero.text.split('\r\n\r\n');
  assert.match(head, /\r\ncontent-encoding: gzip/i);
  assert.equal(zlib.gunzipSync(Buffer.from(rest.join('\r\n\r\n'), 'latin1')).toString(), css);
});

test('an event stream and a page in pieces are not held back', async (t) => {
  let answer;
  const { s } = await edge(t, { more: {
    '/events': (req, res) => { res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' }); answer = res; res.write('data: 0\n\n'); },
    '/page': (req, res) => { res.writeHead(200, { 'content-type': 'text/html' }); answer = res; res.write('data: 0\n\n'); },
  } });
  for (const path of ['/events', '/page'])
    for (const coding of ['gzip', 'br']) {
      const stream = s.request({ ':path': path, 'accept-encoding': coding });
      const [head] = await once(stream, 'response');
      assert.equal(head['content-encoding'], coding);
      const plain = stream.pipe(coding === 'br' ? zlib.createBrotliDecompress() : zlib.createGunzip({ flush: zlib.constants.Z_SYNC_FLUSH }));
      let text = '';
      let wanted = 0, arrived;
      plain.on('data', (d) => { text += d; if (text.includes(`data: ${wanted}\n\n`)) arrived?.(); });
      for (; wanted < 4; wanted++) {
        // the next piece is sent when this one was read
        if (wanted) answer.write(`data: ${wanted}\n\n`);
        if (!text.includes(`data: ${wanted}\n\n`)) await new Promise((r) => { arrived = r; });
      }
      answer.end();
      await once(plain, 'end');
      assert.equal(text, 'data: 0\n\ndata: 1\n\ndata: 2\n\ndata: 3\n\n');
    }
});

test('a validator of the coded form still gives a 304', async (t) => {
  const { get } = await edge(t);
  assert.equal((await get('/kept.css')).headers.etag, 'W/"v1"');
  for (const tag of ['W/"v1"', '"v1"', '"x", W/"v1"', '*']) {
    const r = await get('/kept.css', browsers, { 'if-none-match': tag });
    assert.equal(r.status, 304, tag);
    assert.equal(r.body, '');
    assert.match(r.headers.etag, /^(W\/)?"v1"$/);
    assert.equal(r.headers['content-encoding'], undefined);
  }
  // the origin's own 304 speaks of the tag that the client has
  const r = await get('/not-modified', browsers, { 'if-none-match': 'W/"v1"' });
  assert.equal(r.status, 304);
  assert.equal(r.headers.etag, 'W/"v1"');
  assert.equal(r.headers.vary, 'accept-encoding');
  assert.equal((await get('/not-modified', browsers, { 'if-none-match': '"v1"' })).headers.etag, '"v1"');
});

test('a range is one of the plain bytes, or the whole', async (t) => {
  const { get } = await edge(t);
  for (let i = 0; i < 2; i++) {
    const r = await get('/kept.css', browsers);
    assert.equal(decoded(r), css);
    assert.equal(r.headers.vary, 'origin, accept-encoding');
  }
  const some = await get('/kept.css', browsers, { range: 'bytes=10-19' });
  assert.equal(some.status, 206);
  assert.equal(some.headers['content-encoding'], undefined);
  assert.equal(some.body, css.slice(10, 20));
  // no strong validator of the coded form exists: its parts are never put together with plain ones
  const weak = await get('/kept.css', browsers, { range: 'bytes=10-19', 'if-range': 'W/"v1"' });
  assert.equal(weak.status, 200);
  assert.equal(decoded(weak), css);
  assert.equal((await get('/kept.css', browsers, { range: 'bytes=10-19', 'if-range': '"v1"' })).status, 206);
});

test('clients that take no coding get encoded bodies decoded', async (t) => {
  const { get } = await edge(t);
  for (const path of ['/gzip', '/br', '/zstd', '/deflate'])
    for (const accept of ['identity', null, 'x-unknown']) {
      const r = await get(path, accept);
      // who names no coding takes what the origin chose for this request
      const kept = accept === null && ['/gzip', '/deflate'].includes(path);
      assert.equal(r.headers['content-encoding'], kept ? path.slice(1) : undefined, `${path} ${accept}`);
      assert.equal(r.headers.vary, 'accept-encoding');
      if (kept) continue;
      assert.equal(r.body, css, path);
      if (path === '/gzip') assert.equal(r.headers.etag, 'W/"g"');
    }
  // a coding that the client did not name, and no other that it takes: better than nothing
  assert.equal((await get('/br', 'gzip')).body, css);
  assert.equal((await get('/br', 'gzip, identity;q=0')).headers['content-encoding'], 'br');
});

test('a body that does not decode ends with a reset, and so does one that grows without end', async (t) => {
  const { get, f } = await edge(t);
  for (const path of ['/broken', '/cut', '/bomb'])
    await assert.rejects(get(path, 'identity'), (e) => e.code !== 0, path);
  const r = await raw(f.plainPort, 'GET /cut HTTP/1.1\r\nHost: a\r\nAccept-Encoding: identity\r\nConnection: close\r\n\r\n');
  assert.doesNotMatch(r.text, /\r\n0\r\n\r\n$/);
});

test('settings: off, types, lengths, the order of codings', async (t) => {
  const off = await edge(t, { compression: '{enabled: false}' });
  const plain = await off.get('/a.css');
  assert.equal(plain.headers['content-encoding'], undefined);
  assert.equal(plain.headers.vary, undefined);
  assert.equal((await off.get('/gzip', 'identity')).headers['content-encoding'], 'gzip');
  const own = await edge(t, { compression: '{types: ["image/*"], min_size: 100KiB, codings: [gzip]}' });
  assert.equal((await own.get('/a.css')).headers['content-encoding'], undefined);
  assert.equal((await own.get('/picture')).headers['content-encoding'], 'gzip');
  assert.equal((await own.get('/picture', 'br')).headers['content-encoding'], undefined);
});

test('a request that another site makes with a cookie learns no length', async (t) => {
  const { get } = await edge(t);
  const across = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', cookie: 'sid=1' };
  assert.equal((await get('/a.css', browsers, across)).headers['content-encoding'], undefined);
  assert.equal((await get('/a.css', browsers, { ...across, 'sec-fetch-mode': 'navigate' })).headers['content-encoding'], 'zstd');
  assert.equal((await get('/a.css', browsers, { ...across, 'sec-fetch-site': 'same-origin' })).headers['content-encoding'], 'zstd');
  assert.equal((await get('/a.css', browsers, { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' })).headers['content-encoding'], 'zstd');
});

test('pushed assets are encoded as the page is, and hints are found in plain HTML', async (t) => {
  const html = `<!doctype html><html><head><link rel=stylesheet href=/kept.css></head><body>${'<p>text</p>'.repeat(500)}</body></html>`;
  const { s } = await edge(t, { more: { '/': (req, res) => { res.writeHead(200, { 'content-type': 'text/html', 'cache-control': 'no-cache' }); res.end(html); } } });
  const accept = { 'accept-encoding': 'br' };
  const first = await loadPage(s, '/', accept);
  assert.equal(first.page.headers['content-encoding'], 'br');
  assert.equal(zlib.brotliDecompressSync(bytes(first.page)).toString(), html);
  const again = await loadPage(await h2connect(t, s.socket.remotePort ?? 0), '/', accept);
  assert.deepEqual(again.paths, ['/kept.css']);
  assert.equal(again.pushes[0].response['content-encoding'], 'br');
  assert.equal(zlib.brotliDecompressSync(Buffer.from(again.pushes[0].body, 'latin1')).toString(), css);
});

test('the access log and the metrics say what was encoded', async (t) => {
  const log = tempFile('access.log');
  const origin = await site(t);
  const f = await startForerun(t, { origin: origin.url, workers: 1, args: ['--access-log', log] });
  const s = await h2connect(t, f.port);
  await h2request(s, { ':path': '/a.css', 'accept-encoding': 'br' });
  await h2request(s, { ':path': '/picture', 'accept-encoding': 'br' });
  await new Promise((resolve) => s.close(resolve));
  await f.stop();
  const lines = fs.readFileSync(log, 'utf8').trim().split('\n').map((l) => JSON.parse(l));
  assert.equal(lines.find((l) => l.target === '/a.css').coding, 'br');
  assert.equal(lines.find((l) => l.target === '/picture').coding, undefined);
});

// --- what the store keeps ---

const figures = async (f) => (await metrics(adminPort(f)));
async function storeEdge(t, more, store = '{}') {
  const origin = await site(t, more);
  const f = await startForerun(t, { config: `
workers: 1
${adminYaml()}listen: [{address: "127.0.0.1:0"}]
cache: ${store}
sites: [{hosts: ["*"], origin: {url: "${origin.url}"}}]
` });
  const s = await h2connect(t, f.port);
  return { f, origin, get: (path, accept = browsers, headers = {}) => h2request(s, { ':path': path, 'accept-encoding': accept, ...headers }) };
}

test('a stored response is encoded once for each coding', async (t) => {
  const { f, origin, get } = await storeEdge(t);
  const bodies = new Map();
  for (let i = 0; i < 4; i++)
    for (const [accept, coding] of [[browsers, 'br'], ['gzip', 'gzip'], ['zstd', 'zstd'], ['identity', undefined]]) {
      const r = await get('/kept.css', accept);
      assert.equal(r.headers['content-encoding'], coding);
      assert.equal(decoded(r), css);
      // from the second time on the length is known, and the bytes are the same
      if (i) assert.equal(r.headers['content-length'], String(bytes(r).length));
      if (bodies.has(accept)) assert.equal(r.body, bodies.get(accept));
      bodies.set(accept, r.body);
    }
  assert.equal(origin.requests.length, 1);
  const all = await figures(f);
  for (const coding of ['br', 'gzip', 'zstd'])
    assert.equal(sum(all, 'forerun_encoded_bodies_total', `coding="${coding}"`), 1, coding);
});

test('twins go with their object: purged, replaced, kept by a 304', async (t) => {
  let version = 1;
  const { f, get } = await storeEdge(t, { '/changes': (req, res) => {
    const head = { 'content-type': 'text/css', etag: `"v${version}"`, 'cache-control': 'max-age=600' };
    if (req.headers['if-none-match'] === head.etag) { res.writeHead(304, head); return res.end(); }
    res.writeHead(200, head);
    res.end(`/* ${version} */${css}`);
  } });
  const encoded = async () => sum(await figures(f), 'forerun_encoded_bodies_total', 'coding="br"');
  const expect = async (v, n, headers = {}) => {
    const r = await get('/changes', browsers, headers);
    assert.equal(decoded(r), `/* ${v} */${css}`);
    assert.equal(r.headers.etag, `W/"v${v}"`);
    assert.equal(await encoded(), n);
  };
  await expect(1, 1);
  await expect(1, 1, { 'cache-control': 'no-cache' }); // a 304: the same body, and the same twin
  version = 2;
  await expect(2, 2, { 'cache-control': 'no-cache' }); // another body
  await expect(2, 2);
  assert.equal((await ask(adminPort(f), `/purge?url=https://localhost:${f.port}/changes`, { method: 'POST' })).status, 200);
  await expect(2, 3);
});

test('a body of unknown length is encoded while it fills, for several readers at once', async (t) => {
  let answer;
  const came = new Promise((resolve) => { answer = resolve; });
  const { get } = await storeEdge(t, { '/slow': (req, res) => { res.writeHead(200, { 'content-type': 'text/css', 'cache-control': 'max-age=600' }); res.write(css); answer(res); } });
  const all = [get('/slow'), get('/slow'), get('/slow', 'gzip'), get('/slow', 'identity')];
  (await came).end(css);
  for (const r of await Promise.all(all)) assert.equal(decoded(r), css + css);
  const again = await get('/slow');
  assert.equal(again.headers['content-length'], String(bytes(again).length));
});

test('what outgrows the store is encoded all the same', async (t) => {
  const big = css.repeat(60);
  const { f, get } = await storeEdge(t, { '/big': (req, res) => { res.writeHead(200, { 'content-type': 'text/css', 'cache-control': 'max-age=600' }); res.write(big.slice(0, 1000)); res.end(big.slice(1000)); } }, '{max_object: 1MiB}');
  for (const accept of ['br', 'gzip', 'identity']) assert.equal(decoded(await get('/big', accept)), big);
  assert.equal(sum(await figures(f), 'forerun_cache_hits_total'), 0);
});

test('a client that leaves while a body fills ends what is made for it', async (t) => {
  let closed;
  const gone = new Promise((resolve) => { closed = resolve; });
  const { f } = await storeEdge(t, { '/endless': (req, res) => { res.writeHead(200, { 'content-type': 'text/css', 'cache-control': 'max-age=600' }); res.write(css); res.on('close', closed); } });
  const s = await h2connect(t, f.port);
  const stream = s.request({ ':path': '/endless', 'accept-encoding': 'br' });
  stream.on('error', () => {});
  await once(stream, 'data');
  s.destroy();
  await gone;
});

test('If-Range with a date does not put parts of two forms together', async (t) => {
  const { get } = await storeEdge(t);
  await get('/kept.css');
  const date = 'Mon, 01 Jan 2024 00:00:00 GMT';
  const r = await get('/kept.css', browsers, { range: 'bytes=10-19', 'if-range': date });
  assert.equal(r.status, 200);
  assert.equal(decoded(r), css);
  const head = await get('/kept.css', browsers, { ':method': 'HEAD' });
  assert.equal(head.headers['content-encoding'], 'br');
  assert.equal(head.headers['content-length'], String(bytes(await get('/kept.css')).length));
});
