// A long run of mixed traffic against one edge with several workers: hits,
// misses, revalidations, purges, pushes, clients that leave in the middle, an
// origin that breaks off bodies. Ends with counters that add up, memory within
// its bound and nothing left over.
//
//   FR_BIN=build-asan/forerun FR_SOAK_MINUTES=30 node tests/soak/soak.mjs
import http from 'node:http';
import http2 from 'node:http2';
import fs from 'node:fs';
import { once } from 'node:events';
import { run, binary, tempFile, startForerun, caFile } from '../e2e/lib/harness.mjs';

const minutes = Number(process.env.FR_SOAK_MINUTES ?? 1);
const memory = 16; // MiB: small, so that much is evicted
const cleanups = [];
const t = { after: (f) => cleanups.push(f) };
let random = 12345;
const dice = (n) => { random = (random * 1103515245 + 12345) & 0x7fffffff; return (random >> 8) % n; };
const sizeOf = (path) => (Number(/\d+/.exec(path)?.[0] ?? 0) * 7919) % 60000 + 10;

let broken = 0;
const origin = http.createServer((req, res) => {
  const path = req.url, size = sizeOf(path);
  const kind = path.split('/')[1];
  const headers = { etag: `"${size}"`, 'content-length': size, 'cache-tag': `t${size % 10}` };
  if (kind === 'fresh') headers['cache-control'] = 'max-age=600';
  if (kind === 'short') headers['cache-control'] = 'max-age=1, stale-while-revalidate=2';
  if (kind === 'private') headers['cache-control'] = 'private';
  if (kind === 'page') { headers['cache-control'] = 'max-age=2'; headers.link = '</fresh/1>; rel=preload; as=style, </short/2>; rel=preload; as=image'; }
  if (kind !== 'private' && req.headers['if-none-match'] === headers.etag) { res.writeHead(304, headers); return res.end(); }
  res.writeHead(200, headers);
  if (kind === 'broken') { broken++; res.write(Buffer.alloc(Math.min(5, size - 1), 'b')); return setImmediate(() => res.destroy()); }
  res.end(Buffer.alloc(size, path.length));
});
origin.listen(0, '127.0.0.1');
await once(origin, 'listening');

const socket = tempFile('admin.sock');
const f = await startForerun(t, { logLevel: 'info', config: `
workers: 3
listen: [{address: "127.0.0.1:0"}]
admin: {listen: "unix:${socket}"}
cache: {memory: ${memory}MiB}
http2: {reset_burst: 1000000, reset_per_second: 1000000}
sites: [{hosts: ["*"], origin: {url: "http://127.0.0.1:${origin.address().port}"}}]
` });

process.on('uncaughtException', (e) => { console.log(e.message.slice(0, 200), f.text.slice(-8000)); process.exit(1); });

const seen = { requests: 0, ok: 0, aborted: 0, cutShort: 0, pushes: 0, purges: 0, wrong: [] };

function ask(session, path, abort) {
  return new Promise((resolve) => {
    const s = session.request({ ':path': path });
    let got = 0, bad = false, status;
    seen.requests++;
    s.on('response', (h) => { status = h[':status']; if (abort) { s.close(http2.constants.NGHTTP2_CANCEL); } });
    s.on('data', (d) => { got += d.length; bad ||= d.some((x) => x !== path.length % 256); });
    s.on('error', () => {});
    s.on('close', () => {
      if (abort) seen.aborted++;
      else if (path.startsWith('/broken')) { if (s.rstCode !== 0) seen.cutShort++; else seen.wrong.push(`${path}: complete`); }
      else if (status === 200 && got === sizeOf(path) && !bad && s.rstCode === 0) seen.ok++;
      else seen.wrong.push(`${path}: ${status}, ${got} of ${sizeOf(path)} bytes, code ${s.rstCode}, ${bad ? 'other bytes' : ''}`);
      resolve();
    });
    s.end();
  });
}

const kinds = ['fresh', 'fresh', 'fresh', 'fresh', 'short', 'short', 'private', 'page', 'broken'];
const end = Date.now() + minutes * 60000;

async function client() {
  while (Date.now() < end) {
    const session = http2.connect(`https://localhost:${f.port}`, { ca: fs.readFileSync(caFile) });
    session.on('error', (e) => seen.wrong.push(`session: ${e.message}`));
    session.on('goaway', (code) => { if (code) seen.wrong.push(`GOAWAY ${code}`); });
    session.on('stream', (s) => { seen.pushes++; s.on('error', () => {}); if (dice(4) === 0) s.close(8); else s.resume(); });
    for (let i = 0; i < 20 && Date.now() < end && !session.destroyed; i++)
      await Promise.all(Array.from({ length: 1 + dice(12) }, () => {
        const kind = kinds[dice(kinds.length)];
        return ask(session, `/${kind}/${dice(dice(3) ? 50 : 3000)}`, dice(15) === 0);
      }));
    session.destroy();
  }
}

async function purger() {
  while (Date.now() < end) {
    const how = [['--tag', `t${dice(10)}`], ['--tag', `t${dice(10)}`, '--soft'], ['--prefix', `https://localhost:${f.port}/short/`], [`https://localhost:${f.port}/fresh/${dice(50)}`]][dice(4)];
    const r = await run(binary, ['purge', '--json', '--admin', `unix:${socket}`, ...how]);
    if (r.code !== 0) seen.wrong.push(`purge: ${r.stderr}`);
    seen.purges++;
    await new Promise((r2) => setTimeout(r2, 200));
  }
}

let most = 0;
const watch = setInterval(async () => {
  const c = await f.counters().catch(() => null);
  if (c) most = Math.max(most, c.cache_bytes);
}, 1000);
const progress = setInterval(() => console.log(`${Math.round((end - Date.now()) / 1000)} s left: ${JSON.stringify({ ...seen, wrong: seen.wrong.length })}, ${f.rssKiB()} KiB`), 60000);
await Promise.all([...Array.from({ length: 8 }, client), purger()]);
clearInterval(watch);
clearInterval(progress);

const c = await f.countersWhen((x) => x.exchanges_open === 0 && x.fetches_open === 0 && x.fills_open === 0);
const rss = f.rssKiB();
const code = await f.stop();
for (const clean of cleanups) await clean();
origin.closeAllConnections?.();
origin.close();
const faults = [...seen.wrong.slice(0, 20)];
if (code !== 0) faults.push(`exit code ${code}`);
if (most > memory * 1024 * 1024) faults.push(`${most} bytes in the cache`);
if (c.cache_hits + c.cache_misses + c.cache_bypassed < seen.requests) faults.push('fewer look-ups than requests');
if (c.pushes_promised !== c.pushes_completed + c.pushes_cancelled + c.pushes_refused + c.pushes_failed) faults.push('pushes do not add up');
console.log(JSON.stringify({ minutes, seen: { ...seen, wrong: seen.wrong.length }, broken, most_cache_bytes: most, rss_kib: rss, counters: c }, null, 1));
for (const x of faults) console.log(`FAULT ${x}`);
process.exit(faults.length ? 1 : 0);
