// What clients say of why they ask: prefetches are no page views, and Save-Data gets less.
import test from 'node:test';
import { assert, startForerun, startOrigin, h2connect, h2request, loadPage, tempFile } from './lib/harness.mjs';
import { adminYaml, adminPort, status } from './lib/admin.mjs';

const asset = (type) => ({ 'content-type': type, 'cache-control': 'public, max-age=600' });
const links = '</a.css>; rel=preload; as=style, </p.png>; rel=preload; as=image';
const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };

async function site(t, { headers = {} } = {}) {
  const origin = await startOrigin(t, (req, res) => {
    if (req.url.endsWith('.css')) res.writeHead(200, asset('text/css')).end('a{}');
    else if (req.url.endsWith('.png')) res.writeHead(200, asset('image/png')).end('x'.repeat(100));
    else res.writeHead(200, { 'content-type': 'text/html', 'cache-control': 'no-cache', link: links, ...headers }).end('<html>');
  });
  const log = tempFile('access.log');
  const f = await startForerun(t, { config: `
workers: 1
listen: [{address: "127.0.0.1:0"}]
access_log: {file: "${log}"}
${adminYaml()}
sites: [{hosts: ["*"], origin: {url: "${origin.url}"}, hints: {witnesses: 1}}]
` });
  return { f, log };
}

const early = (r) => r.informational.map((h) => String(h.link)).join(', ');

test('a prefetch teaches nothing and is no page view', async (t) => {
  const { f, log } = await site(t);
  const s = await h2connect(t, f.port, { settings: { enablePush: false } });
  const ahead = [{ 'sec-purpose': 'prefetch' }, { 'sec-purpose': 'prefetch;prerender' }, { purpose: 'prefetch' }, { 'x-moz': 'prefetch' }];
  for (const fields of ahead) assert.equal(early(await h2request(s, { ':path': '/', ...navigation, ...fields })), '');
  // nothing was learned: the first view has no 103, the second has
  assert.equal(early(await h2request(s, { ':path': '/', ...navigation })), '');
  assert.match(early(await h2request(s, { ':path': '/', ...navigation })), /a\.css/);
  assert.match(early(await h2request(s, { ':path': '/', ...navigation, ...ahead[0] })), /a\.css/);
  const all = await f.accessRecords(log);
  assert.deepEqual(all.map((l) => l.purpose), ['prefetch', 'prerender', 'prefetch', 'prefetch', undefined, undefined, 'prefetch']);
  const figures = await status(adminPort(f));
  assert.deepEqual([figures.pages_total, figures.prefetches_total], [2, 5]);
  assert.deepEqual(figures.pages.map((p) => p.loads), [2]);
});

test('a prefetch is pushed nothing', async (t) => {
  const { f, log } = await site(t);
  const s = await h2connect(t, f.port);
  assert.deepEqual((await loadPage(s, '/', { 'sec-purpose': 'prefetch' })).paths, []);
  assert.deepEqual((await loadPage(s, '/')).paths, ['/a.css', '/p.png']);
  const [ahead] = await f.accessRecords(log);
  assert.deepEqual(ahead.plan.map((l) => l.reason), ['prefetch', 'prefetch']);
});

test('a client that saves data gets what rendering waits for', async (t) => {
  const { f, log } = await site(t);
  const pushed = await loadPage(await h2connect(t, f.port), '/', { 'save-data': 'on' });
  assert.deepEqual(pushed.paths, ['/a.css']);
  const s = await h2connect(t, f.port, { settings: { enablePush: false } });
  const r = await h2request(s, { ':path': '/', ...navigation, 'save-data': 'on' });
  assert.match(early(r), /a\.css/);
  assert.doesNotMatch(early(r), /p\.png/);
  assert.match(String(r.headers.link), /p\.png/);
  const reasons = (await f.accessRecords(log)).filter((l) => l.plan).map((l) => l.plan.map((p) => `${p.url} ${p.reason}`).sort());
  assert.deepEqual(reasons, [['/a.css pushed', '/p.png save-data'], ['/a.css hinted', '/p.png save-data']]);
});
