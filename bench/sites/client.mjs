// The client's side, in its own network namespace: a browser that loads each
// site's front page, cold, from nginx and from Forerun in turn.
import fs from 'node:fs';
import path from 'node:path';
import { leanBrowser, startBrowser } from '../../tests/browser/lib/browser.mjs';
import { load } from '../pages/load.mjs';

const job = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const variants = ['nginx', 'forerun'];

// The sites are built first, which takes a minute or two.
async function ports() {
  const file = path.join(job.scratch, 'ports.json');
  for (let n = 0; n < 6000; n++) {
    if (fs.existsSync(file)) return JSON.parse(fs.readFileSync(file, 'utf8'));
    await new Promise((r) => setTimeout(r, 100));
  }
  throw new Error('the sites did not start');
}

const at = await ports();
if (at.error) process.exit(1);
const browser = startBrowser(leanBrowser(), { folder: path.join(job.scratch, 'home'), certificate: job.certificate,
  args: [`--host-resolver-rules=MAP ${job.host} ${job.address}`, '--window-size=1200,800', '--hide-scrollbars', '--mute-audio'] });
const out = { link: job.link, think: job.think, product: (await browser.send('Browser.getVersion')).product, sites: {} };
const total = job.sites.length * variants.length * (job.runs + job.discard);
let done = 0;
for (const site of job.sites) {
  const results = Object.fromEntries(variants.map((v) => [v, []]));
  out.sites[site] = results;
  for (let round = -job.discard; round < job.runs; round++) {
    // another one begins each round
    for (const name of round % 2 ? [...variants].reverse() : variants) {
      const r = await load(browser, `https://${job.host}:${at[site][name]}/`);
      const ms = (x) => (x === undefined ? '-' : x.toFixed(0));
      process.stderr.write(`[${++done}/${total}] ${site} ${name}${round < 0 ? ' (not counted)' : ''}: first paint ${ms(r.fcp)}, largest ${ms(r.lcp)}, load ${ms(r.loadEvent)}, ${Math.round(r.linkBytes / 1024)} KiB, named early ${r.early}${r.failed.length ? `, failed ${r.failed}` : ''}\n`);
      const { rows, ...kept } = r;
      if (round >= 0) results[name].push(kept);
    }
    fs.writeFileSync(job.out, JSON.stringify(out));
  }
}
await browser.close();
process.exit(0);
