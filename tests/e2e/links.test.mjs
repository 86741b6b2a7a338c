// Server push from Link fields: what is pushed, what is not and why, in which
// order, with which request, and what becomes of it. The page is at /d/x.
import test from 'node:test';
import http2 from 'node:http2';
import fs from 'node:fs';
import { once } from 'node:events';
import { assert, startForerun, startOrigin, startRawOrigin, h2connect, h2request, loadPage, run, raw, rawH2, preface, settings, frame, get, fields, caFile } from './lib/harness.mjs';

const page = '/d/x';

// An origin whose page sends the given Link field(s); everything else is an asset.
async function siteWith(t, link, { status = 200, early, config, asset } = {}) {
  const origin = await startOrigin(t, (req, res) => {
    if (req.url.startsWith(page) && req.url !== '/d/x?v=2') {
      const value = typeof link === 'function' ? link(req) : link;
      if (early) res.writeEarlyHints?.({ link: early });
      res.writeHead(status, value ? { link: value, 'content-type': 'text/html' } : {});
      res.end(req.method === 'HEAD' ? undefined : '<html>');
    } else if (asset) asset(req, res);
    else res.end(`asset ${req.url}`);
  });
  const f = await startForerun(t, config ? { config: config(origin.url) } : { origin: origin.url, workers: 1 });
  return { origin, f };
}

const authority = (f) => `localhost:${f.port}`;

// [name, Link (a function of the edge's authority), paths promised]
const cases = [
  ['a plain preload', '</a.css>; rel=preload; as=style', ['/a.css']],
  ['several rel values in quotes', '</a.css>; rel="prefetch preload"; as=style', ['/a.css']],
  ['upper case', '</a.css>; REL=PRELOAD; AS=STYLE', ['/a.css']],
  ['spaces around the equals sign', '</a.css>; rel = preload; as = style', ['/a.css']],
  ['a relative reference', '<a.css>; rel=preload; as=style', ['/d/a.css']],
  ['a reference to the parent', '<../a.css>; rel=preload; as=style', ['/a.css']],
  ['a query alone', '<?v=2>; rel=preload; as=fetch', ['/d/x?v=2']],
  ['scheme-relative, the same host', (a) => `<//${a}/a.css>; rel=preload; as=style`, ['/a.css']],
  ['scheme-relative, another host', '<//other.test/a.css>; rel=preload; as=style', []],
  ['absolute, the same origin', (a) => `<https://${a}/a.css>; rel=preload; as=style`, ['/a.css']],
  ['absolute, another scheme', (a) => `<http://${a}/a.css>; rel=preload; as=style`, []],
  ['absolute, another port', '<https://localhost:1/a.css>; rel=preload; as=style', []],
  ['absolute, upper case host', (a) => `<HTTPS://${a.toUpperCase()}/a.css>; rel=preload; as=style`, ['/a.css']],
  ['a quoted comma before a second link', '</a.css>; rel=preload; as=style; title="one, two", </b.js>; rel=preload; as=script', ['/a.css', '/b.js']],
  ['a comma in imagesrcset before a second link', '</s.png>; rel=preload; as=image; imagesrcset="a.png 1x, b.png 2x", </b.js>; rel=preload; as=script', ['/b.js']],
  ['an escaped quote', '</a.css>; rel=preload; as=style; title="a\\",b", </b.js>; rel=preload; as=script', ['/a.css', '/b.js']],
  ['a comma inside the URL', '</a,b.css>; rel=preload; as=style', ['/a,b.css']],
  ['a semicolon inside the URL', '</a;b.css>; rel=preload; as=style', ['/a;b.css']],
  ['a percent sign inside the URL', '</a%20b%2c.css>; rel=preload; as=style', ['/a%20b%2c.css']],
  ['a space inside the URL', '</a b.css>; rel=preload; as=style', ['/a%20b.css']],
  ['a fragment is stripped', '</a.css#frag>; rel=preload; as=style', ['/a.css']],
  ['garbage before a good link', 'garbage; x, =, <unclosed, </a.css>; rel=preload; as=style', ['/a.css']],
  ['an unclosed quote before a good link', '</q.css>; rel="preload, </a.css>; rel=preload; as=style', ['/a.css']],
  ['an empty target is the page itself', '<>; rel=preload; as=document', []],
  ['the page itself by its path', '</d/x>; rel=preload; as=document', []],
  ['the first rel counts', '</a.css>; rel=prefetch; rel=preload; as=style', []],
  ['the first rel counts, the other way round', '</a.css>; rel=preload; rel=prefetch; as=style', ['/a.css']],
  ['preconnect', '<https://cdn.test>; rel=preconnect, </a.css>; rel=preload; as=style', ['/a.css']],
  ['modulepreload', '</m.mjs>; rel=modulepreload', ['/m.mjs']],
  ['nopush', '</a.css>; rel=preload; as=style; nopush', []],
  ['nopush with a value', '</a.css>; rel=preload; as=style; nopush=1, </b.css>; rel=preload; as=style', ['/b.css']],
  ['another relation', '</next>; rel=next, </a.css>; rel=stylesheet', []],
  ['an anchor to another context', '</a.css>; rel=preload; as=style; anchor="/other"', []],
  ['an anchor to the page', '</a.css>; rel=preload; as=style; anchor="/d/x"', ['/a.css']],
  ['a media query', '</p.css>; rel=preload; as=style; media="print", </a.css>; rel=preload; as=style; media=all', ['/a.css']],
  ['a type that the client cannot use', '</i.avif>; rel=preload; as=image; type="image/avif", </i.png>; rel=preload; as=image; type=image/png', ['/i.png']],
  ['an unknown destination', '</a.x>; rel=preload; as=spaceship', []],
  ['duplicates', '</a.css>; rel=preload; as=style, </a.css>; rel=preload; as=style, <../a.css>; rel=preload; as=style', ['/a.css']],
  ['several in one field, several fields', ['</a.css>; rel=preload; as=style, </b.js>; rel=preload; as=script', '</c.js>; rel=preload; as=script'], ['/a.css', '/b.js', '/c.js']],
  ['styles and scripts before images', '</1.png>; rel=preload; as=image, </x.json>; rel=preload; as=fetch, </a.css>; rel=preload; as=style', ['/a.css', '/x.json', '/1.png']],
  ['white space everywhere', '  </a.css>  ;  rel=preload ;as=style  ,,  </b.js>;rel=preload;as=script;  ', ['/a.css', '/b.js']],
];

for (const [name, link, expected] of cases)
  test(`Link: ${name}`, async (t) => {
    const { f } = await siteWith(t, (req) => (typeof link === 'function' ? link(req.headers.host) : link));
    const s = await h2connect(t, f.port);
    const got = await loadPage(s, page);
    assert.deepEqual(got.paths, expected);
    for (const p of got.pushes) assert.equal(p.body, `asset ${p.path}`);
    assert.equal(got.page.status, 200);
  });

test('the default port written or not is the same origin', async (t) => {
  const { f } = await siteWith(t, '<http://site.test/a.css>; rel=preload; as=style, <http://site.test:80/b.css>; rel=preload; as=style');
  for (const authority of ['site.test', 'site.test:80']) {
    const frames = await rawH2(f.plainPort, Buffer.concat([preface, settings, frame(1, 5, 1, get(page, [], authority))]),
      (fs) => fs.filter((x) => x.flags & 1 && (x.type === 0 || x.type === 1)).length === 3);
    assert.equal(frames.filter((x) => x.type === 5).length, 2, authority);
  }
});

test('60 links: 50 are pushed, the rest is said to be over the limit', async (t) => {
  const link = Array.from({ length: 60 }, (_, i) => `</${i}.css>; rel=preload; as=style`).join(', ');
  const { f } = await siteWith(t, link);
  const s = await h2connect(t, f.port);
  const got = await loadPage(s, page);
  assert.equal(got.paths.length, 50);
  assert.match(got.page.headers['server-timing'], /links=60, pushed=50, limit=10/);
});

test('a client limit of 5 concurrent streams is kept', async (t) => {
  const link = Array.from({ length: 20 }, (_, i) => `</${i}.css>; rel=preload; as=style`).join(', ');
  const { f } = await siteWith(t, link);
  // by hand: Node's client counts its own requests into that limit
  const five = frame(4, 0, 0, Buffer.from([0, 3, 0, 0, 0, 5]));
  const frames = await rawH2(f.plainPort, Buffer.concat([preface, five, frame(1, 5, 1, get(page))]),
    (fs) => fs.filter((x) => x.type === 0 && x.flags & 1).length === 6);
  assert.deepEqual(frames.filter((x) => x.type === 5).map((x) => x.payload.readUInt32BE(0)), [2, 4, 6, 8, 10]);
  // and those that have ended make room for others
  const s = await h2connect(t, f.port, { settings: { maxConcurrentStreams: 5 } });
  assert.match((await loadPage(s, page)).page.headers['server-timing'], /pushed=5, stream-limit=15/);
  assert.match((await loadPage(s, page)).page.headers['server-timing'], /pushed=([5-9]|1[0-5]), .*already-sent=5/);
});

test('a client that disables push gets none', async (t) => {
  const { f } = await siteWith(t, '</a.css>; rel=preload; as=style');
  const s = await h2connect(t, f.port, { settings: { enablePush: false } });
  const got = await loadPage(s, page);
  assert.deepEqual(got.paths, []);
  assert.match(got.page.headers['server-timing'], /push-disabled=1/);
  assert.equal(got.page.headers.link, '</a.css>; rel=preload; as=style'); // the field itself stays
});

test('push can be disabled in the middle of a connection', async (t) => {
  const { f } = await siteWith(t, (req) => `<${req.url}.css>; rel=preload; as=style`);
  const s = await h2connect(t, f.port);
  assert.equal((await loadPage(s, '/d/x1')).paths.length, 1);
  await new Promise((resolve) => s.settings({ enablePush: false }, resolve));
  assert.equal((await loadPage(s, '/d/x2')).paths.length, 0);
});

test('HTTP/1.1 clients get the page and its links', async (t) => {
  const { f } = await siteWith(t, '</a.css>; rel=preload; as=style');
  const r = await raw(f.plainPort, `GET ${page} HTTP/1.1\r\nHost: a\r\nForerun-Debug: 1\r\nConnection: close\r\n\r\n`);
  assert.match(r.text, /link: <\/a.css>/);
  assert.match(r.text, /push-disabled=1/);
});

test('once a connection for the same URL', async (t) => {
  const { f } = await siteWith(t, '</a.css>; rel=preload; as=style, </b.css>; rel=preload; as=style');
  const s = await h2connect(t, f.port);
  await h2request(s, '/b.css'); // asked for by the client itself
  assert.deepEqual((await loadPage(s, page)).paths, ['/a.css']);
  const again = await loadPage(s, page);
  assert.deepEqual(again.paths, []);
  assert.match(again.page.headers['server-timing'], /already-sent=2/);
});

test('only GET pages answered 200 push', async (t) => {
  for (const [method, status] of [['HEAD', 200], ['POST', 200], ['GET', 404], ['GET', 301], ['GET', 500], ['GET', 203]]) {
    const { f } = await siteWith(t, '</a.css>; rel=preload; as=style', { status });
    const s = await h2connect(t, f.port);
    const got = await loadPage(s, page, { ':method': method });
    assert.deepEqual(got.paths, [], `${method} ${status}`);
    assert.equal(got.page.status, status);
    assert.match(got.page.headers['server-timing'], /not-a-page=1/);
  }
});

test('nothing is pushed from a push', async (t) => {
  const { f } = await siteWith(t, '</a.css>; rel=preload; as=style', {
    asset: (req, res) => { res.setHeader('link', '</deeper.css>; rel=preload; as=style'); res.end('x'); },
  });
  const s = await h2connect(t, f.port);
  assert.deepEqual((await loadPage(s, page)).paths, ['/a.css']);
});

test('the promised request is the one that the browser would have sent', async (t) => {
  const { f, origin } = await siteWith(t, '</a.css>; rel=preload; as=style, </i.png>; rel=preload; as=image, </b.js>; rel=preload; as=script');
  const s = await h2connect(t, f.port);
  const { pushes } = await loadPage(s, `${page}?q=1`, {
    'accept-encoding': 'gzip, br', 'accept-language': 'de', 'user-agent': 'tester', cookie: 'sid=secret', authorization: 'Basic eDp5', 'x-private': '1', accept: 'text/html',
  });
  const css = pushes.find((p) => p.path === '/a.css').headers;
  assert.equal(css[':method'], 'GET');
  assert.equal(css[':scheme'], 'https');
  assert.equal(css[':authority'], authority(f));
  assert.equal(css.accept, 'text/css,*/*;q=0.1');
  assert.equal(css['accept-encoding'], 'gzip, br');
  assert.equal(css['accept-language'], 'de');
  assert.equal(css['user-agent'], 'tester');
  assert.equal(css.cookie, 'sid=secret');
  assert.equal(css.authorization, 'Basic eDp5');
  assert.equal(css.referer, `https://${authority(f)}${page}?q=1`);
  assert.equal(css['x-private'], undefined);
  assert.match(pushes.find((p) => p.path === '/i.png').headers.accept, /^image\/avif,/);
  assert.equal(pushes.find((p) => p.path === '/b.js').headers.accept, '*/*');
  const asked = origin.requests.find((r) => r.url === '/a.css').headers;
  assert.equal(asked.cookie, 'sid=secret');
  assert.equal(asked['x-forwarded-for'], '127.0.0.1');
});

test('PUSH_PROMISE comes before HEADERS and DATA of the page (nghttp)', async (t) => {
  const { f } = await siteWith(t, '</a.css>; rel=preload; as=style');
  const r = await run('nghttp', ['-nv', '--no-dep', `https://127.0.0.1:${f.port}${page}`]);
  const promise = r.stdout.indexOf('recv PUSH_PROMISE'), head = r.stdout.search(/recv \(stream_id=\d+\) :status: 200/);
  assert.ok(promise > 0 && promise < head, r.stdout);
  assert.match(r.stdout, /First push response header/);
  const none = await siteWith(t, '</a.css>; rel=preload; as=style; nopush');
  assert.doesNotMatch((await run('nghttp', ['-nv', `https://127.0.0.1:${none.f.port}${page}`])).stdout, /PUSH_PROMISE/);
});

test('a 103 of the origin is pushed at once, before the page is ready', async (t) => {
  let release;
  const origin = await startRawOrigin(t, (socket, head) => {
    if (head.startsWith('GET /d/x')) {
      socket.write('HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload; as=style\r\n\r\n');
      release = () => socket.write('HTTP/1.1 200 OK\r\nLink: </a.css>; rel=preload; as=style, </b.css>; rel=preload; as=style\r\nContent-Length: 2\r\n\r\nok');
    } else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ncss');
  });
  const f = await startForerun(t, { origin: origin.url });
  const s = await h2connect(t, f.port);
  // the page is only released when its first push is complete
  const got = await loadPage(s, page, {}, (stream) => stream.once('close', () => release()));
  assert.deepEqual(got.paths, ['/a.css', '/b.css']);
  assert.match(got.page.headers['server-timing'], /links=2, pushed=2/);
});

test('a push that the client resets stops, and its origin request with it', async (t) => {
  let aborted;
  const gone = new Promise((resolve) => { aborted = resolve; });
  const { f } = await siteWith(t, '</slow.css>; rel=preload; as=style', {
    asset: (req, res) => { res.write('begin'); res.on('close', aborted); },
  });
  const s = await h2connect(t, f.port);
  await loadPage(s, page, {}, (stream) => stream.once('data', () => stream.close(http2.constants.NGHTTP2_CANCEL)));
  await gone;
  const c = await f.countersWhen((x) => x.exchanges_open === 0);
  assert.equal(c.pushes_promised, 1);
  assert.equal(c.pushes_cancelled, 1);
  assert.equal(c.wasted_bytes, 5);
});

test('a push refused before its response is counted as refused', async (t) => {
  const { f } = await siteWith(t, '</slow.css>; rel=preload; as=style', { asset: () => {} });
  const s = await h2connect(t, f.port);
  await loadPage(s, page, {}, (stream) => setImmediate(() => stream.close(http2.constants.NGHTTP2_REFUSED_STREAM)));
  const c = await f.countersWhen((x) => x.exchanges_open === 0);
  assert.equal(c.pushes_refused, 1);
});

test('an asset that is not there is taken back, and not promised again for a while', async (t) => {
  const { f } = await siteWith(t, '</gone.css>; rel=preload; as=style', {
    asset: (req, res) => { res.statusCode = 404; res.end('no'); },
  });
  let s = await h2connect(t, f.port);
  const first = await loadPage(s, page);
  assert.deepEqual(first.paths, ['/gone.css']);
  assert.notEqual(first.pushes[0].code, 0);
  assert.equal(first.pushes[0].status, undefined);
  s = await h2connect(t, f.port); // another connection, the same worker
  const second = await loadPage(s, page);
  assert.deepEqual(second.paths, []);
  assert.match(second.page.headers['server-timing'], /recent-failure=1/);
  assert.equal((await f.counters()).pushes_failed, 1);
});

test('hints can be configured by site and path', async (t) => {
  const { f } = await siteWith(t, '</a.css>; rel=preload; as=style, </b.css>; rel=preload; as=style', {
    config: (url) => `
workers: 1
listen: [{address: "127.0.0.1:0"}]
sites:
  - hosts: ["*"]
    origin: {url: "${url}"}
    hints: {max_pushes_per_page: 1}
    paths:
      - {prefix: /d/x/off, hints: {push: false}}
      - {prefix: /d/x/quiet, hints: {server_timing: "off", max_pushes_per_page: 2}}
` });
  const s = await h2connect(t, f.port);
  assert.deepEqual((await loadPage(s, '/d/x/off/1')).paths, []);
  assert.deepEqual((await loadPage(s, '/d/x/offer')).paths, ['/a.css']);
  const quiet = await loadPage(s, '/d/x/quiet');
  assert.deepEqual(quiet.paths, ['/b.css']);
  assert.equal(quiet.page.headers['server-timing'], undefined);
});

test('a connection has a limit on pushes, too', async (t) => {
  const { f } = await siteWith(t, (req) => `<${req.url}.css>; rel=preload; as=style`, {
    config: (url) => `
workers: 1
listen: [{address: "127.0.0.1:0"}]
sites: [{hosts: ["*"], origin: {url: "${url}"}, hints: {max_pushes_per_connection: 2}}]
` });
  const s = await h2connect(t, f.port);
  const counts = [];
  for (let i = 0; i < 4; i++) counts.push((await loadPage(s, `/d/x${i}`)).paths.length);
  assert.deepEqual(counts, [1, 1, 0, 0]);
});

test('blocking assets leave before the body of the page, images after it', async (t) => {
  // more is left of the page than of the style sheet, whatever the first window took
  const big = Buffer.alloc(60000, 'x'), bigger = Buffer.alloc(200000, 'x');
  const origin = await startOrigin(t, (req, res) => {
    if (req.url === page) {
      res.writeHead(200, { link: '</1.png>; rel=preload; as=image, </a.css>; rel=preload; as=style', 'content-length': bigger.length });
      res.flushHeaders();
      // the body follows once the pushed assets have been asked for
      const go = () => res.end(bigger);
      server.assets === 2 ? go() : (server.go = go);
    } else {
      res.end(big, () => { if (++server.assets === 2 && server.go) setImmediate(server.go); });
    }
  });
  const server = origin;
  server.assets = 0;
  const f = await startForerun(t, { origin: origin.url, workers: 1 });
  // the window of the connection is closed until all three responses wait
  const open = frame(8, 0, 0, Buffer.from([0, 16, 0, 0]));
  const initial = frame(4, 0, 0, Buffer.from([0, 4, 0, 4, 0x93, 0xe0])); // stream windows: 300000
  let heads = 0, opened = false;
  const order = [];
  await rawH2(f.plainPort, Buffer.concat([preface, initial, frame(1, 5, 1, get(page))]), (frames, socket) => {
    const last = frames.at(-1);
    if (last.type === 1) heads++;
    if (last.type === 0) order.push([last.id, last.payload.length]);
    const sent = order.reduce((n, [, len]) => n + len, 0);
    if (!opened && heads === 3 && sent >= 65535) {
      opened = true;
      // what was held back has been ordered by now; let it out
      f.countersWhen((c) => c.fetches_open === 0).then(() => socket.write(Buffer.concat([open, open])));
    }
    return sent === 320000;
  });
  const after = order.slice(order.findIndex((_, i) => order.slice(0, i + 1).reduce((n, [, l]) => n + l, 0) >= 65535) + 1);
  const firstImage = after.findIndex(([id]) => id === 4), lastPage = after.findLastIndex(([id]) => id === 1);
  assert.ok(firstImage > lastPage, JSON.stringify(after));
  const lastStyle = after.findLastIndex(([id]) => id === 2), firstPage = after.findIndex(([id]) => id === 1);
  assert.ok(lastStyle < firstPage, JSON.stringify(after));
});

test('pushes of one page and requests of the client share a connection under load', async (t) => {
  const link = Array.from({ length: 10 }, (_, i) => `</${i}.css>; rel=preload; as=style`).join(', ');
  const { f } = await siteWith(t, link);
  await Promise.all(Array.from({ length: 20 }, async () => {
    const s = await h2connect(t, f.port);
    const got = await loadPage(s, page);
    assert.equal(got.paths.length, 10);
    assert.ok(got.pushes.every((p) => p.status === 200 && p.code === 0));
  }));
  const c = await f.countersWhen((x) => x.exchanges_open === 0);
  assert.equal(c.pushes_promised, 200);
  assert.equal(c.pushes_completed, 200);
});
