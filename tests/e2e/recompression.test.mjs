// Stored responses that are asked for often are compressed again, in the background.
import fs from 'node:fs';
import test from 'node:test';
import zlib from 'node:zlib';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { assert, startForerun, startOrigin, h2connect, h2request } from './lib/harness.mjs';
import { adminPort, adminYaml, ask, metrics, sum } from './lib/admin.mjs';

const css = Array.from({ length: 1200 }, (_, i) => `.c${i} { color: #${(i * 7919).toString(16)}; margin: ${i % 17}px }\n`).join('');
const asks = 4; // FR_RECODE_ASKS
const bytes = (r) => Buffer.from(r.body, 'latin1');

async function edge(t, { compression = '{}', body = css, headers = {} } = {}) {
  let version = 1;
  const origin = await startOrigin(t, (req, res) => {
    const head = { 'content-type': 'text/css', ...headers, etag: `"v${version}"`, 'cache-control': 'max-age=600' };
    if (req.headers['if-none-match'] === head.etag) { res.writeHead(304, head); return res.end(); }
    res.writeHead(200, { ...head, 'content-length': body.length });
    res.end(body);
  });
  const f = await startForerun(t, { config: `
workers: 2
${adminYaml()}listen: [{address: "127.0.0.1:0"}]
sites: [{hosts: ["*"], origin: {url: "${origin.url}"}, compression: ${compression}}]
` });
  const s = await h2connect(t, f.port);
  const get = (accept = 'gzip', headers = {}) => h2request(s, { ':path': '/a.css', 'accept-encoding': accept, ...headers });
  const often = async (accept) => { for (let i = 0; i <= asks; i++) await get(accept); };
  const figure = async (name, ...labels) => sum(await metrics(adminPort(f)), name, ...labels);
  const until = async (name, n) => { while (await figure(name) !== n) await setTimeout(20); };
  return { f, s, get, often, figure, until, change: () => { version++; } };
}

test('what is asked for often is encoded again, shorter, under the same weak ETag', async (t) => {
  const { get, often, figure, until } = await edge(t);
  const before = await get();
  await often('gzip');
  await until('forerun_recoded_bodies_total', 1);
  const after = await get();
  assert.equal(zlib.gunzipSync(bytes(after)).toString(), css);
  assert.ok(bytes(after).length < bytes(before).length, `${bytes(after).length}`);
  assert.equal(after.headers['content-length'], String(bytes(after).length));
  assert.equal(await figure('forerun_recoded_saved_bytes_total'), bytes(before).length - bytes(after).length);
  for (const name of ['etag', 'vary', 'content-encoding']) assert.equal(after.headers[name], before.headers[name], name);
  assert.equal((await get('gzip', { 'if-none-match': before.headers.etag })).status, 304);
  // once is enough
  await often('gzip');
  assert.equal((await get()).body, after.body);
  assert.equal(await figure('forerun_recodes_open'), 0);
  assert.equal(await figure('forerun_encoded_bodies_total', 'coding="gzip"'), 1);
});

test('whoever is reading gets the body that was begun, and a range is one of the plain bytes', async (t) => {
  const { f, get, often, until } = await edge(t);
  const before = await get();
  const slow = await h2connect(t, f.port, { settings: { initialWindowSize: 1000 } });
  const stream = slow.request({ ':path': '/a.css', 'accept-encoding': 'gzip' });
  const [head] = await once(stream, 'response');
  const part = await get('gzip', { range: 'bytes=100-199', 'if-range': '"v1"' });
  await often('gzip');
  await until('forerun_recoded_bodies_total', 1);
  const pieces = [];
  for await (const piece of stream) pieces.push(piece);
  const whole = Buffer.concat(pieces);
  assert.equal(head['content-length'], String(whole.length));
  assert.equal(whole.toString('latin1'), before.body);
  // the other half of the range, after the swap
  const rest = await get('gzip', { range: 'bytes=200-299', 'if-range': '"v1"' });
  for (const r of [part, rest]) {
    assert.equal(r.status, 206);
    assert.equal(r.headers['content-encoding'], undefined);
    assert.equal(r.headers.etag, '"v1"');
  }
  assert.equal(part.body + rest.body, css.slice(100, 300));
  // with the validator of the coded form there is no part of anything
  assert.equal((await get('gzip', { range: 'bytes=100-199', 'if-range': before.headers.etag })).status, 200);
});

test('it can be turned off', async (t) => {
  const { often, figure } = await edge(t, { compression: '{recompress: false}' });
  await often('gzip');
  assert.equal(await figure('forerun_recodes_open'), 0);
  assert.equal(await figure('forerun_recoded_bodies_total'), 0);
});

test('what was purged or replaced meanwhile is dropped', async (t) => {
  const { f, get, often, until, change } = await edge(t, { body: css.repeat(20) });
  for (const path of ['purge', 'replace']) {
    await often('br');
    change();
    if (path === 'purge') await ask(adminPort(f), `/purge?url=https://localhost:${f.port}/a.css`, { method: 'POST' });
    else await get('br', { 'cache-control': 'no-cache' });
    const r = await get('br');
    assert.equal(zlib.brotliDecompressSync(bytes(r)).toString(), css.repeat(20));
    await until('forerun_recodes_open', 0);
  }
});

test('a reload leaves it alone, and a stop does not wait for it', async (t) => {
  const { f, often } = await edge(t, { body: css.repeat(20) });
  await often('br');
  f.child.kill('SIGHUP');
  await f.waitForLog(/configuration is in use|reloaded/);
  await often('gzip');
  assert.equal(await f.stop(), 0);
});

test('its thread has the lowest priority', async (t) => {
  const { f, often, until } = await edge(t);
  await often('gzip');
  await until('forerun_recoded_bodies_total', 1);
  const tasks = `/proc/${f.servingPid()}/task`;
  const policies = fs.readdirSync(tasks)
    .filter((id) => fs.readFileSync(`${tasks}/${id}/comm`, 'utf8') === 'fr-recoder\n')
    .map((id) => Number(fs.readFileSync(`${tasks}/${id}/stat`, 'latin1').split(') ')[1].split(' ')[38]));
  assert.deepEqual(policies, [5]); // SCHED_IDLE
});

test('what an origin encodes itself gets a shorter form for clients that take another coding', async (t) => {
  const gzip = zlib.gzipSync(css, { level: 1 });
  const { get, often, figure, until } = await edge(t, { body: gzip, headers: { 'content-encoding': 'gzip', vary: 'Accept-Encoding' } });
  const before = await get('gzip, br');
  assert.deepEqual([before.headers['content-encoding'], before.headers.etag, bytes(before).length], ['gzip', '"v1"', gzip.length]);
  await often('gzip, br');
  await until('forerun_recoded_bodies_total', 1);
  const after = await get('gzip, br');
  assert.deepEqual([after.headers['content-encoding'], after.headers.etag, after.headers.vary.toLowerCase()], ['br', 'W/"v1"', 'accept-encoding']);
  assert.equal(zlib.brotliDecompressSync(bytes(after)).toString(), css);
  assert.equal(after.headers['content-length'], String(bytes(after).length));
  assert.equal(await figure('forerun_recoded_saved_bytes_total'), gzip.length - bytes(after).length);
  // both validators hold, and the other forms are there as before
  for (const etag of ['"v1"', 'W/"v1"']) assert.equal((await get('gzip, br', { 'if-none-match': etag })).status, 304);
  assert.equal((await get('identity')).body, css);
  const plain = await get('gzip');
  assert.equal(plain.headers['content-encoding'], 'gzip');
  assert.equal(zlib.gunzipSync(bytes(plain)).toString(), css);
  // parts are of the stored bytes
  const part = await get('gzip, br', { range: 'bytes=0-99' });
  assert.equal(part.status, 206);
  assert.equal(part.headers['content-encoding'], 'gzip');
  assert.equal(part.body, gzip.subarray(0, 100).toString('latin1'));
});

test('a body that does not decode goes out as it came', async (t) => {
  const broken = zlib.gzipSync(css, { level: 1 }).subarray(0, 6000);
  const { get, often, figure, until } = await edge(t, { body: broken, headers: { 'content-encoding': 'gzip', vary: 'Accept-Encoding' } });
  await often('gzip, br');
  await until('forerun_recodes_open', 0);
  assert.equal(await figure('forerun_recoded_bodies_total'), 0);
  assert.equal((await get('gzip, br')).body, broken.toString('latin1'));
});
