#!/usr/bin/env node
// Page loads of real templates in two real browsers through Forerun, over
// packet-level emulated links: without hints and with, in turn, in the same run.
//
//   bench/pages.mjs --page creative --link 4g --browser push --variants off,forerun --out FILE.json
//   bench/pages.mjs --table FILE.json ...          prints the tables (Markdown)
//   bench/pages.mjs --trace --page admin --link cable --browser hints --variants forerun
//                                                  prints one load as bars
// Options: --runs 9, --discard 1 (rounds before the first that counts), --think 200
// (ms that the origin takes for the HTML), --seconds 150 (no new round after),
// --bin build/forerun, --log LEVEL of the edges, --keep (configurations and logs),
// --summary FILE (with --table: the same as JSON), --list (pages and variants).
// Pages: pages/site.mjs; variants: pages/variants.mjs. Browsers: `push` (Chromium 92,
// accepts push), `hints` (Debian's, acts on 103; FR_CHROMIUM: another). Links: those
// of tests/net/netlink-emu.sh (FR_NETLINK_EMU: another copy). Intervals of 95 % mean
// that one in twenty differences is called sure by chance: look at off2, too.
//
// Needs root (network namespaces), iproute2, chromium, chromium-headless-shell, libnss3,
// openssl, and npm once; the machine otherwise idle. Everything started is ended by its id.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, '..');
const usage = () => fs.readFileSync(fileURLToPath(import.meta.url), 'utf8').split('\n').slice(1).filter((l, i, a) => a.slice(0, i + 1).every((x) => x.startsWith('//'))).map((l) => l.slice(3)).join('\n');

const { values: opt, positionals } = parseArgs({ allowPositionals: true, options: {
  page: { type: 'string', default: 'creative' }, link: { type: 'string', default: '4g' }, browser: { type: 'string', default: 'push' },
  variants: { type: 'string', default: 'off,forerun' }, runs: { type: 'string' }, discard: { type: 'string', default: '1' },
  think: { type: 'string', default: '200' }, seconds: { type: 'string', default: '150' }, bin: { type: 'string' }, log: { type: 'string' },
  out: { type: 'string' }, table: { type: 'boolean' }, base: { type: 'string', default: 'off' }, summary: { type: 'string' },
  trace: { type: 'boolean' }, keep: { type: 'boolean' }, list: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } });

function need(folder) {
  if (fs.existsSync(path.join(folder, 'node_modules'))) return;
  const r = spawnSync('npm', ['ci', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', '--omit=optional', '--legacy-peer-deps', '--loglevel=error'], { stdio: ['ignore', 'inherit', 'inherit'] });
  if (r.status !== 0) throw new Error(`npm ci failed in ${folder}`);
}

function makeCertificate(folder, host) {
  const [certificate, key] = [path.join(folder, 'cert.pem'), path.join(folder, 'key.pem')];
  const r = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
    '-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`, '-keyout', key, '-out', certificate]);
  if (r.status !== 0) throw new Error(`openssl: ${r.stderr}`);
  return { certificate, key };
}

// The link's own tool makes the namespaces and runs both sides.
function emulator() {
  const script = process.env.FR_NETLINK_EMU ?? path.join(root, 'tests/net/netlink-emu.sh');
  if (!fs.existsSync(script)) throw new Error(`${script} is not there: name it in FR_NETLINK_EMU`);
  if (process.getuid() !== 0) throw new Error('root is needed, for network namespaces');
  return script;
}

async function measure(scratch) {
  need(path.join(root, 'tests/browser'));
  need(here);
  const { cache, makePage } = await import('./pages/site.mjs');
  const { variants } = await import('./pages/variants.mjs');
  const { discover } = await import('./pages/discover.mjs');
  const script = emulator();
  const names = opt.variants.split(',');
  for (const n of names) if (!variants[n]) throw new Error(`no variant of that name: ${n} (there are ${Object.keys(variants).join(', ')})`);
  if (!['push', 'hints'].includes(opt.browser)) throw new Error('--browser is push or hints');
  const folder = makePage(opt.page);
  await discover(folder, scratch);
  const host = 'pages.test';
  const out = path.resolve(opt.out ?? path.join(scratch, 'out.json'));
  const job = { page: opt.page, folder, scratch, host, variants: names, link: opt.link, browser: opt.browser, browserFolder: path.join(cache, 'chromium-92'),
    address: '192.0.2.1', serverAddress: '192.0.2.1', think: Number(opt.think), runs: Number(opt.runs ?? (opt.trace ? 1 : 9)), discard: Number(opt.discard),
    seconds: Number(opt.seconds), trace: Boolean(opt.trace), log: opt.log, out, ...makeCertificate(scratch, host) };
  const file = path.join(scratch, 'job.json');
  fs.writeFileSync(file, JSON.stringify(job));
  const env = { ...process.env, ...(opt.bin && { FR_BIN: path.resolve(opt.bin) }) };
  const side = (name) => `exec '${process.execPath}' '${path.join(here, 'pages', name)}' '${file}'`;
  const child = spawn('sh', [script, '-p', opt.link, '-s', side('server.mjs'), '-c', side('client.mjs')], { stdio: ['ignore', 'inherit', 'inherit'], env });
  process.on('SIGINT', () => child.kill('SIGINT'));
  const [code] = await once(child, 'exit');
  for (const n of names) {
    const log = path.join(scratch, `${n}.log`);
    const text = fs.existsSync(log) ? fs.readFileSync(log, 'utf8') : '';
    if (!/ended: 0\n$/.test(text)) process.stderr.write(`the edge of ${n} did not end well:\n${text.slice(-2000)}\n`);
  }
  if (code !== 0) throw new Error(`the measurement ended with ${code}`);
  if (!opt.trace) {
    const { table } = await import('./pages/table.mjs');
    process.stdout.write(`${table([JSON.parse(fs.readFileSync(out, 'utf8'))], opt.base)}\n`);
  }
}

async function print() {
  const { summarize, table } = await import('./pages/table.mjs');
  const files = positionals.map((f) => JSON.parse(fs.readFileSync(f, 'utf8')));
  process.stdout.write(`${table(files, opt.base)}\n`);
  if (opt.summary) {
    const short = files.map(({ results, ...rest }) => ({ ...rest, variants: summarize(results, opt.base) }));
    fs.writeFileSync(opt.summary, `${JSON.stringify(short, null, 1)}\n`);
  }
}

async function main() {
  if (opt.help) return void process.stdout.write(`${usage()}\n`);
  if (opt.list) {
    const { pageNames } = await import('./pages/site.mjs');
    const { variants } = await import('./pages/variants.mjs');
    process.stdout.write(`pages: ${pageNames.join(', ')}\n${Object.entries(variants).map(([n, v]) => `${n}: ${v.about}`).join('\n')}\n`);
    return;
  }
  if (opt.table) return print();
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'forerun-pages-'));
  try {
    await measure(scratch);
  } finally {
    if (opt.keep) process.stderr.write(`configurations and logs are in ${scratch}\n`);
    else fs.rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  }
}
main().catch((e) => { process.stderr.write(`${e.message}\n`); process.exit(1); });
