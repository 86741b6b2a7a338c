// Many connections that each do the worst that docs/limits.md allows, and a client of the same site that behaves:
// the process stays below limits.memory (beside the cache), that client is served all the while,
// and the memory goes back to the system when the others have gone.
//
//   FR_BIN=build-plain/forerun node tests/soak/connections.mjs [CONNECTIONS [MEMORY IN MIB]]
//
// A build without sanitizers: theirs is another memory.
import http from 'node:http';
import http2 from 'node:http2';
import fs from 'node:fs';
import { once } from 'node:events';
import { startForerun, caFile } from '../e2e/lib/harness.mjs';
import { kinds, worst } from '../e2e/lib/worst.mjs';

const count = Number(process.argv[2] ?? 1000), memory = Number(process.argv[3] ?? 256);
const cleanups = [];
const t = { after: (f) => cleanups.push(f) };
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const origin = http.createServer((req, res) => {
  req.on('error', () => {});
  res.on('error', () => {});
  req.resume();
  if (req.url.startsWith('/slow')) return;
  res.writeHead(200, { 'cache-control': 'no-store' });
  res.end(req.url.startsWith('/large') ? Buffer.alloc(300000) : 'ok');
});
origin.listen(0, '127.0.0.1');
await once(origin, 'listening');

const f = await startForerun(t, { logLevel: 'info', config: `
workers: 2
listen: [{address: "127.0.0.1:0"}, {address: "127.0.0.1:0", tls: false}]
hint_memory: {file: none}
limits: {memory: ${memory}MiB, connections_per_address: 100000}
sites:
  - {hosts: ["*"], origin: {url: "http://127.0.0.1:${origin.address().port}"}}
` });
// Node tells some resets of TLS connections nowhere else
process.on('uncaughtException', (e) => { if (e.code === 'ECONNRESET') return; console.log(e.stack, f.text.slice(-4000)); process.exit(1); });

const rss = () => f.rssKiB() / 1024;
const before = rss();
let peak = 0, running = true;
const watch = setInterval(() => { peak = Math.max(peak, rss()); }, 20);

// From an address of its own, each time on a connection that it keeps.
const times = [], failures = [];
async function behave() {
  let session;
  while (running) {
    if (!session || session.destroyed || session.closed) {
      session = http2.connect(`https://localhost:${f.port}`, { ca: fs.readFileSync(caFile), localAddress: '127.0.0.2' });
      session.on('error', () => {});
    }
    const start = process.hrtime.bigint();
    const status = await new Promise((resolve) => {
      const s = session.request({ ':authority': 'worst.example', ':path': '/ok' });
      const timer = setTimeout(() => resolve('timeout'), 10000);
      s.on('response', (h) => resolve(h[':status']));
      s.on('error', () => {});
      s.on('close', () => { clearTimeout(timer); resolve(`closed ${s.rstCode}`); });
      s.resume();
    });
    times.push(Number(process.hrtime.bigint() - start) / 1e6);
    if (status !== 200) failures.push(status);
    await sleep(50);
  }
  session.destroy();
}
const behaving = behave();

const sockets = [];
for (let i = 0; i < count; i += 20)
  sockets.push(...await Promise.all(Array.from({ length: Math.min(20, count - i) }, (_, k) =>
    worst(Object.keys(kinds)[(i + k) % Object.keys(kinds).length], i + k, { plainPort: f.plainPort, port: f.port, from: `127.0.0.${10 + (i + k) % 200}` }))));
await sleep(10000);
const c = await f.counters();
for (const s of sockets) s.destroy();
await f.countersWhen((x) => x.connections_open <= 1, 60000);
await sleep(3000);
running = false;
await behaving;
clearInterval(watch);
const after = rss();
const code = await f.stop();
for (const clean of cleanups) await clean();
origin.closeAllConnections();
origin.close();

times.sort((a, b) => a - b);
const faults = [];
if (peak > memory) faults.push(`${peak.toFixed(0)} MiB at most, the limit is ${memory}`);
if (failures.length) faults.push(`the client that behaves got ${JSON.stringify(failures.slice(0, 10))}`);
if (after > before + (peak - before) / 2) faults.push(`${after.toFixed(0)} MiB are still held`);
if (code !== 0) faults.push(`exit code ${code}`);
const limits = Object.fromEntries(Object.entries(c).filter(([k, v]) => k.startsWith('limit_') && v));
console.log(JSON.stringify({ connections: count, limit_mib: memory, before_mib: Math.round(before), peak_mib: Math.round(peak), after_mib: Math.round(after),
  behaving: { requests: times.length, failed: failures.length, median_ms: times[times.length >> 1], worst_ms: times.at(-1) }, counters: limits, faults: c.h2_faults }, null, 1));
console.log(f.text.split('\n').filter((l) => / memory: /.test(l)).join('\n'));
for (const x of faults) console.log(`FAULT ${x}`);
process.exit(faults.length ? 1 : 0);
