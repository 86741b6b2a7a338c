#!/usr/bin/env node
// Page loads of real templates in two real browsers through Forerun, over
// packet-level emulated links: without hints and with, in turn, in the same run.
//
//   bench/pages.mjs --page creative --link 4g --browser push --variants off,forerun --out FILE.json
//   bench/pages.mjs --table FILE.json ...          prints the tables (Markdown)
//   bench/pages.mjs --trace --page admin --link cable --browser hints --variants forerun
//                                                  prints one load as bars
//   bench/pages.mjs --matrix FOLDER                measures all cells of the target table, each into a file of its
//                                                  own, and judges them; stopped, it goes on where it was. Hours:
//                                                  narrow it by --pages, --links (4g:200,cable:200), --browsers, --runs.
//                                                  With --judge it only judges what is there
// Options: --runs 9, --discard 1 (rounds before the first that counts), --think 200
// (ms that the origin takes for the HTML), --seconds 150 (no new round after), --plain (the origin compresses nothing),
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
  think: { type: 'string', default: '200' }, seconds: { type: 'string' }, bin: { type: 'string' }, log: { type: 'string' },
  out: { type: 'string' }, table: { type: 'boolean' }, base: { type: 'string', default: 'off' }, summary: { type: 'string' },
  matrix: { type: 'string' }, judge: { type: 'boolean' }, pages: { type: 'string' }, links: { type: 'string' }, browsers: { type: 'string' }, plain: { type: 'boolean' },
  trace: { type: 'boolean' }, keep: { type: 'boolean' }, list: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } });

function need(folder) {
  if (fs.existsSync(path.join(folder, 'node_modules'))) return;
  const r = spawnSync('npm', ['ci', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', '--omit=optional', '--legacy-peer-deps', '--loglevel=error'], { stdio: ['ignore', 'inherit', 'inherit'] });
  if (r.status !== 0) throw new Error(`npm ci failed in ${folder}`);
}

function install(program, name) {
  if (spawnSync('sh', ['-c', `command -v ${program}`]).status === 0) return;
  const r = spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', name], { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
  if (r.status !== 0) throw new Error(`${name} cannot be installed`);
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

// One cell: a page over a link in a browser, all variants in turn. Returns what the client wrote.
async function measure(scratch, what) {
  need(path.join(root, 'tests/browser'));
  need(here);
  const { cache, makePage } = await import('./pages/site.mjs');
  const { variants } = await import('./pages/variants.mjs');
  const { discover } = await import('./pages/discover.mjs');
  const script = emulator();
  const names = what.variants;
  for (const n of names) if (!variants[n]) throw new Error(`no variant of that name: ${n} (there are ${Object.keys(variants).join(', ')})`);
  if (!['push', 'hints'].includes(what.browser)) throw new Error('--browser is push or hints');
  if (names.some((n) => variants[n].peer)) install('nghttpx', 'nghttp2-proxy');
  const folder = await makePage(what.page);
  await discover(folder, scratch);
  const host = 'pages.test';
  const job = { ...what, folder, scratch, host, browserFolder: path.join(cache, 'chromium-92'), address: '192.0.2.1', serverAddress: '192.0.2.1', trace: Boolean(opt.trace), log: opt.log,
    plain: Boolean(opt.plain), ...makeCertificate(scratch, host) };
  const file = path.join(scratch, 'job.json');
  fs.writeFileSync(file, JSON.stringify(job));
  const env = { ...process.env, ...(opt.bin && { FR_BIN: path.resolve(opt.bin) }) };
  const side = (name) => `exec '${process.execPath}' '${path.join(here, 'pages', name)}' '${file}'`;
  const child = spawn('sh', [script, '-p', what.link, '-s', side('server.mjs'), '-c', side('client.mjs')], { stdio: ['ignore', 'inherit', 'inherit'], env });
  const interrupt = () => child.kill('SIGINT');
  process.on('SIGINT', interrupt);
  const [code] = await once(child, 'exit');
  process.off('SIGINT', interrupt);
  for (const n of names) {
    const log = path.join(scratch, `${n}.log`);
    const text = fs.existsSync(log) ? fs.readFileSync(log, 'utf8') : '';
    if (!/ended: 0\n$/.test(text)) process.stderr.write(`the edge of ${n} did not end well:\n${text.slice(-2000)}\n`);
  }
  if (code !== 0) throw new Error(`the measurement ended with ${code}`);
  return JSON.parse(fs.readFileSync(job.out, 'utf8'));
}

async function inScratch(work) {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'forerun-pages-'));
  try {
    return await work(scratch);
  } finally {
    if (opt.keep) process.stderr.write(`configurations and logs are in ${scratch}\n`);
    else fs.rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function measureOne(scratch) {
  const out = path.resolve(opt.out ?? path.join(scratch, 'out.json'));
  const found = await measure(scratch, { page: opt.page, variants: opt.variants.split(','), link: opt.link, browser: opt.browser, think: Number(opt.think),
    runs: Number(opt.runs ?? (opt.trace ? 1 : 9)), discard: Number(opt.discard), seconds: Number(opt.seconds ?? 150), out });
  if (opt.trace) return;
  const { table } = await import('./pages/table.mjs');
  process.stdout.write(`${table([found], opt.base)}\n`);
}

// All cells of the target table, one file each, so that it goes on where it was stopped.
async function measureMatrix() {
  const { cells, judge } = await import('./pages/matrix.mjs');
  const folder = path.resolve(opt.matrix), runs = Number(opt.runs ?? 9), list = cells({ pages: opt.pages, links: opt.links, browsers: opt.browsers });
  fs.mkdirSync(folder, { recursive: true });
  const begin = Date.now();
  let done = 0, failed = 0;
  for (const [n, cell] of list.entries()) {
    const out = path.join(folder, `${cell.name}.json`), where = `[${n + 1}/${list.length}] ${cell.name}`;
    if (fs.existsSync(out)) { process.stderr.write(`${where}: is there\n`); continue; }
    if (opt.judge) continue;
    const left = done ? `, about ${Math.ceil((Date.now() - begin) / done * (list.length - n) / 60000)} minutes left` : '';
    process.stderr.write(`${where}${left}\n`);
    try {
      await inScratch(async (scratch) => {
        const part = path.join(scratch, 'out.json');
        await measure(scratch, { ...cell, runs, discard: Number(opt.discard), seconds: Number(opt.seconds ?? 3600), out: part });
        fs.copyFileSync(part, `${out}.part`);
        fs.renameSync(`${out}.part`, out);
      });
      done++;
    } catch (e) {
      failed++;
      process.stderr.write(`${where}: ${e.message}\n`);
    }
  }
  const files = list.map((c) => path.join(folder, `${c.name}.json`)).filter((f) => fs.existsSync(f)).map((f) => JSON.parse(fs.readFileSync(f, 'utf8')));
  process.stdout.write(`${judge(files)}\n`);
  if (failed) throw new Error(`${failed} of ${list.length} cells could not be measured; the same command tries them again`);
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
  if (opt.matrix) return measureMatrix();
  await inScratch(measureOne);
}
main().catch((e) => { process.stderr.write(`${e.message}\n`); process.exit(1); });
