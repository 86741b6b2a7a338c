#!/usr/bin/env node
// Is an ordinary site faster behind Forerun? WordPress, a build of Vite and Next.js
// (tests/sites), loaded by a real browser over an emulated link, in turn from
//   nginx    the site behind nginx alone: TLS, HTTP/2, gzip for all text
//   forerun  Forerun with its defaults in front of the unmodified site: nginx as Debian
//            ships it (gzip for HTML only), or next start
//
//   bench/sites.mjs [--sites wordpress,vite,next] [--runs 9] [--link 4g] [--think 120]
//                   [--bin build/forerun] [--out FILE.json]
//   bench/sites.mjs --table FILE.json ...       prints the tables (Markdown)
//
// --think: ms that the Next.js site takes for a page; WordPress takes what it takes.
// --discard 1: rounds before the first that counts. --keep: the edges' logs stay.
// Needs root (network namespaces), iproute2, openssl, chromium, chromium-headless-shell and
// the packages of scripts/test.sh sites; the machine otherwise idle. Everything started is ended.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { table } from './sites/table.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, '..');
const usage = () => fs.readFileSync(fileURLToPath(import.meta.url), 'utf8').split('\n').slice(1).filter((l, i, a) => a.slice(0, i + 1).every((x) => x.startsWith('//'))).map((l) => l.slice(3)).join('\n');

const { values: opt, positionals } = parseArgs({ allowPositionals: true, options: {
  sites: { type: 'string', default: 'wordpress,vite,next' }, runs: { type: 'string', default: '9' }, discard: { type: 'string', default: '1' },
  link: { type: 'string', default: '4g' }, think: { type: 'string', default: '120' }, bin: { type: 'string' }, out: { type: 'string' },
  table: { type: 'boolean' }, keep: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } });

function prepare(names) {
  const npm = (folder) => {
    if (!fs.existsSync(path.join(folder, 'package.json')) || fs.existsSync(path.join(folder, 'node_modules'))) return;
    process.stderr.write(`npm ci in ${path.relative(root, folder)}\n`);
    if (spawnSync('npm', ['ci', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { stdio: ['ignore', 'inherit', 'inherit'] }).status !== 0) throw new Error('npm ci failed');
  };
  for (const n of names) npm(path.join(root, 'tests/sites', n));
  npm(path.join(root, 'tests/browser'));
}

function makeCertificate(folder, host) {
  const [certificate, key] = [path.join(folder, 'cert.pem'), path.join(folder, 'key.pem')];
  const r = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
    '-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`, '-keyout', key, '-out', certificate]);
  if (r.status !== 0) throw new Error(`openssl: ${r.stderr}`);
  // nginx runs as nobody, and this pair is for nothing else
  fs.chmodSync(key, 0o644);
  return { certificate, key };
}

async function measure(scratch) {
  if (process.getuid() !== 0) throw new Error('root is needed, for network namespaces');
  const names = opt.sites.split(',');
  prepare(names);
  fs.chmodSync(scratch, 0o755);
  const host = 'sites.test';
  const out = path.resolve(opt.out ?? path.join(scratch, 'out.json'));
  fs.writeFileSync(path.join(scratch, 'job.json'), JSON.stringify({ sites: names, scratch, host, address: '192.0.2.1', link: opt.link, think: Number(opt.think),
    runs: Number(opt.runs), discard: Number(opt.discard), out, ...makeCertificate(scratch, host) }));
  const env = { ...process.env, ...(opt.bin && { FR_BIN: path.resolve(opt.bin) }) };
  const side = (name) => `exec '${process.execPath}' '${path.join(here, 'sites', name)}' '${scratch}/job.json'`;
  const child = spawn('sh', [path.join(root, 'tests/net/netlink-emu.sh'), '-p', opt.link, '-s', side('server.mjs'), '-c', side('client.mjs')], { stdio: ['ignore', 'inherit', 'inherit'], env });
  process.on('SIGINT', () => child.kill('SIGINT'));
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`the measurement ended with ${code}`);
  process.stdout.write(`${table([JSON.parse(fs.readFileSync(out, 'utf8'))])}\n`);
}

async function main() {
  if (opt.help) return void process.stdout.write(`${usage()}\n`);
  if (opt.table) return void process.stdout.write(`${table(positionals.map((f) => JSON.parse(fs.readFileSync(f, 'utf8'))))}\n`);
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'forerun-bench-sites-'));
  try {
    await measure(scratch);
  } finally {
    if (opt.keep) process.stderr.write(`logs are in ${scratch}\n`);
    else fs.rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  }
}
main().catch((e) => { process.stderr.write(`${e.message}\n`); process.exit(1); });
