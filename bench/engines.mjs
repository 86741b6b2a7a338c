#!/usr/bin/env node
// The model of forerun profile beside real browsers: the same pages, the same
// packet-level network, the same edges. Page complete should differ by less than
// 20 %, and the order of the variants agree.
//
//   bench/engines.mjs --page creative --network 4g --runs 7 --out FILE.json
//   bench/engines.mjs --table FILE.json ...     prints the table (Markdown)
//
// Pages: pages/site.mjs. Browsers: Chromium 92 for push, Debian's for 103.
// Needs root (network namespaces), chromium, and npm once; the machine otherwise idle.
import fs from 'node:fs';
import path from 'node:path';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, '..');
const { values: opt, positionals } = parseArgs({ allowPositionals: true, options: {
  page: { type: 'string', default: 'creative' }, network: { type: 'string', default: '4g' }, runs: { type: 'string', default: '7' },
  think: { type: 'string', default: '200' }, engines: { type: 'string', default: 'model,push,hints' }, bin: { type: 'string', default: path.join(root, 'build/forerun') },
  out: { type: 'string' }, table: { type: 'boolean' } } });

function need(folder) {
  if (fs.existsSync(path.join(folder, 'node_modules'))) return;
  const r = spawnSync('npm', ['ci', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', '--omit=optional', '--legacy-peer-deps', '--loglevel=error'], { stdio: ['ignore', 'inherit', 'inherit'] });
  if (r.status !== 0) throw new Error(`npm ci failed in ${folder}`);
}

async function profile(args) {
  const child = spawn(opt.bin, ['profile', ...args, '--json', '-', '--quiet'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (d) => { text += d; });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`forerun profile ended with ${code}`);
  return JSON.parse(text);
}

async function measure() {
  need(path.join(root, 'tests/browser'));
  need(here);
  const { cache, makePage } = await import('./pages/site.mjs');
  const { startOrigin } = await import('./pages/origin.mjs');
  const { leanBrowser, pushBrowser } = await import('../tests/browser/lib/browser.mjs');
  const origin = await startOrigin({ folder: makePage(opt.page), think: Number(opt.think) });
  const base = ['--origin', `${origin.url}/`, '--network', opt.network, '--emulate', 'packet', '--runs', opt.runs];
  const engines = {
    model: () => profile([...base]),
    push: () => profile([...base, '--variants', 'off,push', '--browser', pushBrowser(path.join(cache, 'chromium-92'))]),
    hints: () => profile([...base, '--variants', 'off,early-hints', '--browser', leanBrowser()]),
  };
  const out = fs.existsSync(opt.out ?? '') ? JSON.parse(fs.readFileSync(opt.out, 'utf8')) : { page: opt.page, network: opt.network, engines: {} };
  for (const name of opt.engines.split(',')) {
    process.stderr.write(`${opt.page}, ${opt.network}: ${name}\n`);
    out.engines[name] = await engines[name]();
  }
  if (opt.out) fs.writeFileSync(opt.out, JSON.stringify(out));
  else console.log(table([out]));
  origin.closeAllConnections();
  origin.close();
}

const median = (p, variant, metric) => p?.variants.find((v) => v.name === variant)?.metrics[metric]?.median;

// One line for each page and comparison of two variants.
function table(list) {
  const lines = ['| page, network | engine | variant | page complete: model | browser | apart | first render: model | browser |', '| --- | --- | --- | --- | --- | --- | --- | --- |'];
  for (const { page, network, engines } of list) {
    for (const [name, variants] of [['push', ['off', 'push']], ['hints', ['off', 'early-hints']]]) {
      const browser = engines[name];
      if (!browser) continue;
      for (const v of variants) {
        const [m, b] = [median(engines.model, v, 'complete'), median(browser, v, 'complete')];
        lines.push(`| ${page}, ${network} | ${browser.engine.replace('Headless', '')} | ${v} | ${m.toFixed(0)} ms | ${b.toFixed(0)} ms | ${(100 * (m - b) / b).toFixed(0)} % | ${median(engines.model, v, 'render').toFixed(0)} ms | ${median(browser, v, 'render').toFixed(0)} ms |`);
      }
      const gain = (p) => 100 * (1 - median(p, variants[1], 'complete') / median(p, 'off', 'complete'));
      lines.push(`| ${page}, ${network} | | ${variants[1]} gains | ${gain(engines.model).toFixed(1)} % | ${gain(browser).toFixed(1)} % | | | |`);
    }
  }
  return lines.join('\n');
}

if (opt.table) console.log(table(positionals.map((f) => JSON.parse(fs.readFileSync(f, 'utf8')))));
else await measure();
