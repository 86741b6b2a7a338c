// The client's side of a measurement, in its own network namespace: a browser
// that loads the page from each variant's edge in turn.
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { once } from 'node:events';
import { leanBrowser, pushBrowser, startBrowser } from '../../tests/browser/lib/browser.mjs';
import { load } from './load.mjs';
import { waterfall } from './table.mjs';
import { readWire, wireOf } from './wire.mjs';

const job = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));

async function ports() {
  const file = path.join(job.scratch, 'ports.json');
  for (let n = 0; n < 600; n++) {
    if (fs.existsSync(file)) return JSON.parse(fs.readFileSync(file, 'utf8'));
    await new Promise((r) => setTimeout(r, 50));
  }
  throw new Error('the servers did not start');
}

// What an edge has counted so far.
function counters(name) {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = net.connect(path.join(job.scratch, 'control'), () => socket.write(`${name}\n`));
    socket.setEncoding('utf8');
    socket.on('data', (d) => { text += d; });
    socket.on('error', reject);
    socket.on('close', () => resolve(JSON.parse(text)));
  });
}

const counted = ['requests', 'pushes_promised', 'pushes_completed', 'pushes_cancelled', 'pushes_refused', 'pushes_failed', 'pushed_bytes', 'wasted_bytes', 'cache_hits', 'cache_misses'];

async function measure(browser, name, port) {
  const before = await counters(name);
  const result = await load(browser, `https://${job.host}:${port}/`);
  const after = await counters(name);
  result.edge = Object.fromEntries(counted.map((c) => [c, (after[c] ?? 0) - (before[c] ?? 0)]));
  // what the edge was asked for, or pushed, beyond what the page needs
  result.extra = !after.requests ? 0 : result.edge.requests - new Set(result.rows.map((r) => r.path)).size;
  return result;
}

const brief = (r) => `ttfb ${r.ttfb.toFixed(0)} fcp ${r.fcp?.toFixed(0)} lcp ${r.lcp?.toFixed(0)} complete ${r.complete.toFixed(0)}, requests ${r.requests} (edge ${r.edge.requests}), pushed ${r.pushed}/${r.edge.pushes_promised}, early ${r.early}/${r.earlyEvents}`;

const program = job.browser === 'push' ? pushBrowser(job.browserFolder) : leanBrowser();
const wireLog = path.join(job.scratch, 'wire.json');
const browser = startBrowser(program, { folder: path.join(job.scratch, 'home'), certificate: job.certificate,
  args: [`--host-resolver-rules=MAP ${job.host} ${job.serverAddress}`, '--window-size=1200,800', '--hide-scrollbars', '--mute-audio', ...(job.trace ? [`--log-net-log=${wireLog}`] : [])] });
const at = await ports();
const out = { page: job.page, link: job.link, think: job.think, browser: job.browser, product: (await browser.send('Browser.getVersion')).product, results: {} };
for (const name of job.variants) out.results[name] = [];
const save = () => { fs.writeFileSync(`${job.out}.part`, JSON.stringify(out)); fs.renameSync(`${job.out}.part`, job.out); };
const end = Date.now() + job.seconds * 1000;
for (let round = -job.discard; round < job.runs; round++) {
  // each round begins with another variant, so that none is always first
  const n = job.variants.length;
  for (let i = 0; i < n; i++) {
    const name = job.variants[(i + Math.max(round, 0)) % n];
    const r = await measure(browser, name, at[name]);
    process.stderr.write(`${job.page} ${job.link} ${job.browser} ${round < 0 ? 'discarded' : `${round + 1}/${job.runs}`} ${name}: ${brief(r)}\n`);
    if (round < 0) continue;
    out.results[name].push(r);
  }
  save();
  if (Date.now() > end) { process.stderr.write(`stopped after ${job.seconds} s\n`); break; }
}
save();
if (job.trace) {
  // the log is whole once the browser has ended by itself
  const gone = once(browser.child, 'exit');
  browser.send('Browser.close').catch(() => {});
  await gone;
  const wire = readWire(wireLog);
  for (const name of job.variants) for (const r of out.results[name]) process.stdout.write(`${waterfall(name, r, wireOf(wire, r))}\n\n`);
}
await browser.close();
// whatever a browser leaves open must not keep the link up
process.exit(0);
