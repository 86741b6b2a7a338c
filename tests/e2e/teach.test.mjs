// What one load may teach others, seen from outside: nothing that one client
// does reaches another's hints.
import test from 'node:test';
import http2 from 'node:http2';
import tls from 'node:tls';
import { once } from 'node:events';
import fs from 'node:fs';
import { assert, binary, run, startForerun, startOrigin, loadPage, tempFile } from './lib/harness.mjs';

const asset = { 'content-type': 'text/css', 'cache-control': 'public, max-age=600' };
const style = (path) => `<${path}>; rel=preload; as=style`;

// An origin that answers pages (paths without a dot) by `page`, after `think` ms,
// assets by `asset` or with 200.
async function site(t, page, { hints = '', asset: answer, config = '', think = 0 } = {}) {
  const origin = await startOrigin(t, (req, res) => {
    const path = req.url.split('?')[0];
    if (path.includes('.')) {
      if (answer && answer(req, res)) return;
      res.writeHead(200, asset);
      res.end('a{}');
      return;
    }
    const { status = 200, headers = {}, body = '<html>' } = page(req);
    setTimeout(() => {
      res.writeHead(status, { 'content-type': 'text/html', ...headers });
      res.end(body);
    }, think);
  });
  const f = await startForerun(t, { config: `
workers: 1
listen: [{address: "127.0.0.1:0"}]
${config}
sites:
  - hosts: ["*"]
    origin: {url: "${origin.url}"}
    hints: {${hints}}
` });
  return { f, origin };
}

// A client of an address of its own.
async function client(t, f, n, settings = { enablePush: false }) {
  const socket = tls.connect({ host: '127.0.0.1', port: f.port, localAddress: `127.0.0.${n}`, servername: 'localhost', ALPNProtocols: ['h2'], rejectUnauthorized: false });
  const session = http2.connect(`https://localhost:${f.port}`, { createConnection: () => socket, settings });
  session.on('error', () => {});
  t.after(() => session.destroy());
  await once(session, 'connect');
  return session;
}

// The links of the 103 that a navigation gets, and the response.
async function visit(t, f, n, path, fields = {}) {
  const session = await client(t, f, n);
  const stream = session.request({ ':path': path, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', 'forerun-debug': '1', ...fields });
  const early = [];
  let head;
  stream.on('headers', (h) => early.push(...[].concat(h.link ?? [])));
  stream.on('response', (h) => { head = h; });
  stream.resume();
  await once(stream, 'close');
  session.destroy();
  return { early: early.join(', '), head, timing: head?.['server-timing'] ?? '' };
}

test('a load that may be its client’s own teaches nobody else, whatever says so', async (t) => {
  const own = [
    [{}, { 'cache-control': 'no-store' }],
    [{}, { 'cache-control': 'no-cache' }],
    [{}, { 'cache-control': 'private, max-age=60' }],
    [{}, { 'set-cookie': 'a=b' }],
    [{}, { vary: 'Cookie' }],
    [{}, { vary: 'X-Theme' }],
    [{ cookie: 'a=b' }, {}],
    [{ authorization: 'Basic eA==' }, {}],
    [{ 'x-api-key': '1' }, {}],
    [{ 'x-csrf-token': '1' }, {}],
    [{ 'x-session-id': '1' }, {}],
  ];
  const { f } = await site(t, (req) => ({ headers: { link: style(req.url === '/public' ? '/secret.css' : `/secret${req.url.slice(2)}.css`), ...own[Number(req.url.slice(2))]?.[1] } }));
  for (const [i, [fields]] of own.entries()) {
    for (let k = 0; k < 3; k++) await visit(t, f, 2, `/p${i}`, fields);
    assert.equal((await visit(t, f, 3, `/p${i}`, fields)).early, '', JSON.stringify(own[i]));
    assert.equal((await visit(t, f, 4, `/p${i}`)).early, '', JSON.stringify(own[i]));
    // what it saw itself it is told again
    assert.equal((await visit(t, f, 2, `/p${i}`, fields)).early, style(`/secret${i}.css`), JSON.stringify(own[i]));
  }
  for (let k = 0; k < 3; k++) await visit(t, f, 2, '/public');
  assert.equal((await visit(t, f, 3, '/public')).early, style('/secret.css'));
});

test('a foreign script is not hinted to others by one client, at no lifetime', async (t) => {
  const { f } = await site(t, (req) => ({ headers: { 'cache-control': 'max-age=0', link: `<https://${req.headers['x-where'] ?? 'cdn.example'}/x.js>; rel=preload; as=script` } }));
  for (let k = 0; k < 4; k++) await visit(t, f, 2, '/', { 'x-where': 'evil.example' });
  assert.equal((await visit(t, f, 3, '/')).early, '');
  for (const n of [3, 4, 5]) await visit(t, f, n, '/');
  assert.equal((await visit(t, f, 6, '/')).early, '<https://cdn.example/x.js>; rel=preload; as=script');
});

test('one client’s load without links, or with others, leaves what is confirmed', async (t) => {
  const { f } = await site(t, (req) => ({ headers: { 'cache-control': 'max-age=0', ...(req.headers['x-none'] ? {} : { link: req.headers['x-other'] ? style('/evil.css') : style('/a.css') }) } }));
  await visit(t, f, 2, '/');
  for (let k = 0; k < 5; k++) await visit(t, f, 3, '/', { 'x-none': '1' });
  assert.equal((await visit(t, f, 4, '/')).early, style('/a.css'));
  // a deployment: several clients lack it
  for (const n of [5, 6, 7]) await visit(t, f, n, '/', { 'x-none': '1' });
  assert.equal((await visit(t, f, 8, '/')).early, '');
});

test('what only visitors with credentials were shown is told to such alone', async (t) => {
  const { f } = await site(t, (req) => (/session=/.test(req.headers.cookie ?? '') ? { headers: { 'cache-control': 'private', link: style('/admin.css') } } : { status: 302, headers: { location: '/login' } }));
  for (const n of [2, 3, 4]) await visit(t, f, n, '/admin', { cookie: `session=${n}` });
  assert.equal((await visit(t, f, 5, '/admin', { cookie: 'session=5' })).early, style('/admin.css'));
  assert.equal((await visit(t, f, 6, '/admin')).early, '');
  // a cookie of another name is no login
  assert.equal((await visit(t, f, 7, '/admin', { cookie: 'consent=yes' })).early, '');
  assert.equal((await visit(t, f, 8, '/admin', { authorization: 'Basic eA==' })).early, '');
});

test('pages that a query tells apart have hints of their own, for HTML and Link alike', async (t) => {
  const p = (req) => new URL(req.url, 'http://a').searchParams.get('p');
  const pages = {
    '/link': (req) => ({ headers: { 'cache-control': 'max-age=0', link: `${style('/site.css')}, ${style(`/${p(req)}.css`)}` } }),
    '/html': (req) => ({ headers: { 'cache-control': 'max-age=0' }, body: `<!doctype html><link rel=stylesheet href=/site.css><link rel=stylesheet href=/${p(req)}.css>` }),
  };
  const { f } = await site(t, (req) => pages[req.url.split('?')[0]](req));
  for (const path of Object.keys(pages)) {
    for (const [n, query] of [[2, 1], [3, 2], [4, 3], [2, 1]]) {
      const early = (await visit(t, f, n, `${path}?p=${query}`)).early;
      for (const other of [1, 2, 3]) if (other !== query) assert.ok(!early.includes(`/${other}.css`), `${path} ${query}: ${early}`);
    }
    assert.equal((await visit(t, f, 9, `${path}?p=1`)).early, `${style('/site.css')}, ${style('/1.css')}`);
    // what several clients saw with several queries holds for the next one
    assert.equal((await visit(t, f, 9, `${path}?p=4`)).early, style('/site.css'));
    assert.equal((await visit(t, f, 9, path)).early, '');
  }
});

test('visitors of another variant are not hinted what it needs', async (t) => {
  const rows = [
    ['User-Agent', 'user-agent', 'Mozilla/5.0 Chrome/130.0', 'Mozilla/5.0 Chrome/130.0 Mobile'],
    ['Accept-Language', 'accept-language', 'de-DE,de;q=0.9', 'en-US'],
    ['Sec-CH-UA-Mobile', 'sec-ch-ua-mobile', '?0', '?1'],
    ['Sec-CH-Prefers-Color-Scheme', 'sec-ch-prefers-color-scheme', '"dark"', '"light"'],
  ];
  const { f } = await site(t, (req) => {
    const [vary, name, one] = rows[Number(req.url.slice(2))];
    return { headers: { vary, 'cache-control': 'max-age=0', link: style(req.headers[name] === one ? '/one.css' : '/two.css') } };
  });
  for (const [i, [, name, one, two]] of rows.entries()) {
    for (let k = 0; k < 3; k++) {
      for (const [value, path, other] of [[one, '/one.css', 'two'], [two, '/two.css', 'one']]) {
        const { early } = await visit(t, f, 2 + k, `/v${i}`, { [name]: value });
        assert.ok(!early.includes(other), `${name} ${value}: ${early}`);
        if (k > 0) assert.equal(early, style(path));
      }
    }
  }
});

test('an asset that one client could not get is hinted to others', async (t) => {
  const { f, origin } = await site(t, (req) => (req.headers.cookie ? { headers: { 'cache-control': 'private', link: style('/gate.css') } } : { status: 302, headers: { location: '/login' } }), {
    asset: (req, res) => {
      if (req.headers.cookie) { res.writeHead(200, { ...asset, 'cache-control': 'private, max-age=600' }); res.end('a{}'); return true; }
      res.writeHead(302, { location: '/login' });
      res.end();
      return true;
    },
  });
  for (const n of [2, 3, 4]) await visit(t, f, n, '/', { cookie: `session=${n}` });
  for (const n of [20, 21, 22]) await visit(t, f, n, '/gate.css', { 'sec-fetch-dest': 'style', 'sec-fetch-mode': 'no-cors' });
  for (const n of [5, 6, 7]) assert.equal((await visit(t, f, n, '/', { cookie: `session=${n}` })).early, style('/gate.css'));
  // and what needs a cookie is fetched without one once, not at each load
  const bare = origin.requests.filter((r) => r.url === '/gate.css' && !r.headers.cookie);
  assert.equal(bare.length, 3 + 1);
});

test('a push that failed for one client is still promised to others', async (t) => {
  const { f } = await site(t, () => ({ headers: { 'cache-control': 'max-age=0', link: style('/a.css') } }), {
    asset: (req, res) => { if (req.headers['user-agent'] !== 'odd') return false; res.writeHead(302, { location: '/' }); res.end(); return true; },
    hints: 'warm: false',
  });
  const push = { enablePush: true };
  const pushed = async (n, fields) => (await loadPage(await client(t, f, n, push), '/', fields)).paths;
  assert.deepEqual(await pushed(2, { 'user-agent': 'odd' }), ['/a.css']);
  assert.deepEqual(await pushed(2, { 'user-agent': 'odd' }), []); // its own
  assert.deepEqual(await pushed(3, {}), ['/a.css']);
});

test('what waits for witnesses is said', async (t) => {
  const { f } = await site(t, () => ({ headers: { 'cache-control': 'private' }, body: '<!doctype html><link rel=stylesheet href=/a.css>' }));
  for (const cookie of ['a', 'b']) await visit(t, f, 2, '/', { cookie: `session=${cookie}` });
  assert.match((await visit(t, f, 2, '/', { cookie: 'session=c' })).timing, /personal: seen by 1 of 3/);
  await visit(t, f, 3, '/', { cookie: 'session=d' });
  assert.match((await visit(t, f, 2, '/', { cookie: 'session=e' })).timing, /personal: seen by 2 of 3/);
  await visit(t, f, 4, '/', { cookie: 'session=f' });
  const { early, timing } = await visit(t, f, 2, '/', { cookie: 'session=g' });
  assert.equal(early, style('/a.css'));
  assert.doesNotMatch(timing, /personal/);
});

test('the second link to one URL counts where it differs, or the first was of no use', async (t) => {
  const rows = [
    ['<https://cdn.example>; rel=preconnect, <https://cdn.example>; rel=preconnect; crossorigin', '<https://cdn.example/>; rel=preconnect, <https://cdn.example/>; rel=preconnect; crossorigin'],
    ['</f.woff2>; rel=preload; as=font, </f.woff2>; rel=preload; as=font; crossorigin', '</f.woff2>; rel=preload; as=font; crossorigin'],
    ['</a.css>; rel=preload; as=style; media=print, </a.css>; rel=preload; as=style', '</a.css>; rel=preload; as=style'],
    ['</a.css>; rel=preload, </a.css>; rel=preload; as=style', '</a.css>; rel=preload; as=style'],
    ['</d.js>; rel=preload; as=script, </d.js>; rel=preload; as=fetch; crossorigin', '</d.js>; rel=preload; as=script, </d.js>; rel=preload; as=fetch; crossorigin'],
    ['</a.css>; rel=preload; as=style, </a.css>; rel=preload; as=style; nopush', '</a.css>; rel=preload; as=style'],
  ];
  const { f } = await site(t, (req) => ({ headers: { 'cache-control': 'max-age=0', link: rows[Number(req.url.slice(2))][0] } }), { think: 100 }); // what does not block rendering is named only in an idle time
  for (const [i, [, expected]] of rows.entries()) {
    for (const n of [2, 3, 4]) await visit(t, f, n, `/l${i}`);
    assert.equal((await visit(t, f, 5, `/l${i}`)).early, expected);
  }
});

test('nothing that one client brought reaches the disk', async (t) => {
  const file = tempFile('hints.db');
  const { f } = await site(t, (req) => ({ headers: { 'cache-control': req.url === '/public' ? 'max-age=0' : 'private', link: style(`/known-${req.url.slice(1)}.css`) } }), { config: `hint_memory: {file: "${file}"}` });
  await visit(t, f, 2, '/mine', { cookie: 'session=1' });
  assert.equal((await visit(t, f, 2, '/mine', { cookie: 'session=1' })).early, style('/known-mine.css'));
  await visit(t, f, 2, '/public');
  await f.stop(); // all is written
  const disk = fs.readFileSync(file, 'latin1');
  assert.ok(disk.includes('known-public'));
  assert.ok(!disk.includes('known-mine') && !disk.includes('session'));
});

test('purged hints are gone, in memory and in the file, and the edge learns anew', async (t) => {
  const file = tempFile('hints.db');
  const socket = tempFile('admin.sock');
  const config = `admin: {listen: "unix:${socket}"}\nhint_memory: {file: "${file}"}`;
  const page = (req) => ({ headers: { 'cache-control': 'max-age=0', vary: req.url.startsWith('/v') ? 'User-Agent' : 'Accept', link: req.url === '/silent' ? undefined : style('/a.css') } });
  const { f } = await site(t, page, { config });
  const base = `https://localhost:${f.port}`;
  const ask = (...args) => run(binary, ['purge', '--json', '--admin', `unix:${socket}`, '--hints', ...args]);
  const purge = async (...args) => { const r = await ask(...args); assert.equal(r.code, 0, r.stderr); return JSON.parse(r.stdout).purged; };
  const early = async (path) => (await visit(t, f, 9, path)).early;
  const paths = ['/one', '/one?q=1', '/v', '/dir/a', '/dir/b', '/last', '/kept'];
  for (const path of paths) await visit(t, f, 2, path);
  assert.equal(await purge(`${base}/one`), 1);
  assert.equal(await purge(`${base}/one?q=1`), 1);
  assert.equal(await purge(`${base}/v`), 1); // with its variant
  assert.equal(await purge('--prefix', `${base}/dir/`), 2);
  assert.equal(await purge(`${base}/dir/a`), 0);
  for (const path of paths.slice(0, 5)) assert.equal(await early(path), '', path);
  assert.equal(await early('/kept'), style('/a.css'));
  assert.equal(await early('/one'), style('/a.css')); // learned anew
  // none comes back from disk: the file is written when the command ends
  assert.equal(await purge(`${base}/last`), 1);
  f.child.kill('SIGKILL');
  await f.ended;
  f.code = 0; // as asked
  const again = await startForerun(t, { config: fs.readFileSync(f.configFile, 'utf8').replace('127.0.0.1:0', `127.0.0.1:${f.port}`) });
  assert.equal((await visit(t, again, 10, '/last')).early, '');
  assert.equal((await visit(t, again, 10, '/kept')).early, style('/a.css'));
  assert.ok(await purge('--site', 'localhost') > 0);
  assert.equal(await purge('--all'), 0);
  assert.equal((await visit(t, again, 11, '/kept')).early, '');
  assert.ok((await again.counters()).hints_purged > 0);
  // what cannot be
  for (const args of [['--tag', 'x'], ['--soft', '--all'], []]) assert.equal((await ask(...args)).code, 2, args);
  assert.equal((await ask('not-a-url')).code, 1);
});

test('an asset that is not there without a login stays hinted to those who have one', async (t) => {
  const { f } = await site(t, () => ({ headers: { 'cache-control': 'max-age=0', link: style('/members.css') } }), {
    asset: (req, res) => {
      if (req.headers.cookie) return false;
      res.writeHead(404);
      res.end();
      return true;
    },
  });
  await visit(t, f, 2, '/'); // warms it in vain
  await f.countersWhen((c) => c.hints_warmed === 1 && c.fills_open === 0);
  for (const n of [3, 4, 5, 6]) assert.equal((await visit(t, f, n, '/')).early, '');
  assert.equal((await visit(t, f, 7, '/', { cookie: 'session=7' })).early, style('/members.css'));
});

test('a rule with a star has the name that visitors get today', async (t) => {
  const origin = await startOrigin(t, (req, res) => {
    const gone = req.url === '/app.2.css' && req.headers['x-deployed'];
    if (req.url.startsWith('/app.') && !gone) res.writeHead(200, asset);
    else res.writeHead(gone ? 404 : 200, { 'content-type': 'text/html', 'cache-control': 'no-store' });
    res.end('x');
  });
  const f = await startForerun(t, { config: `
workers: 1
listen: [{address: "127.0.0.1:0"}]
sites:
  - hosts: ["*"]
    origin: {url: "${origin.url}"}
    cache: {enabled: false}
    rules: [{path: "/p*", links: ["</app.*.css>; rel=preload; as=style"]}]
` });
  const get = async (n, path, fields = {}) => {
    const session = await client(t, f, n);
    const stream = session.request({ ':path': path, 'sec-fetch-dest': 'style', 'sec-fetch-mode': 'no-cors', ...fields });
    stream.resume();
    await once(stream, 'close');
    session.destroy();
  };
  const early = async () => (await visit(t, f, 20, '/page')).early;
  assert.equal(await early(), '');
  // one client, and requests that other sites cause, teach nothing
  for (let k = 0; k < 4; k++) await get(2, '/app.evil.css');
  for (const n of [3, 4, 5, 6]) await get(n, '/app.evil.css', { 'sec-fetch-site': 'cross-site' });
  assert.equal(await early(), '');
  for (const n of [3, 4, 5]) await get(n, '/app.1.css', { 'sec-fetch-site': 'same-origin' });
  assert.equal(await early(), style('/app.1.css'));
  // a deployment; then somebody with an old page
  for (const n of [6, 7, 8]) await get(n, '/app.2.css');
  assert.equal(await early(), style('/app.2.css'));
  for (const n of [9, 10, 11]) await get(n, '/app.1.css');
  assert.equal(await early(), style('/app.2.css'));
  assert.equal((await visit(t, f, 20, '/other')).early, '');
  // it is not there any more
  await get(12, '/app.2.css', { 'x-deployed': '1' });
  assert.equal(await early(), '');
});
