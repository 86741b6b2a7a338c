// The page model and Chromium load every page of a table of odd but legal markup, and
// ask the server for the same things. What the model calls useless, Chromium did not use.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http2 from 'node:http2';
import os from 'node:os';
import path from 'node:path';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { leanBrowser, Page, startBrowser } from './lib/browser.mjs';
import { rows } from './lib/markup-table.mjs';
import { binary } from '../e2e/lib/harness.mjs';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'forerun-markup-'));
process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><g id="x"/></svg>';
const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
// a font that Chromium takes: with a broken one it would go on to the next source
const fonts = fs.readdirSync('/usr/share/fonts', { recursive: true }).filter((f) => f.endsWith('.ttf')).map((f) => path.join('/usr/share/fonts', f));
const font = fonts.length ? fs.readFileSync(fonts.sort((a, b) => fs.statSync(a).size - fs.statSync(b).size)[0]) : 'x';
const kinds = {
  css: ['text/css', ''], js: ['text/javascript', ''], png: ['image/png', png], svg: ['image/svg+xml', svg], html: ['text/html', '<!doctype html>'],
  woff2: ['font/ttf', font], woff: ['font/ttf', font], ttf: ['font/ttf', font], json: ['application/json', '{}'], vtt: ['text/vtt', 'WEBVTT\n'], mp4: ['video/mp4', ''],
  avif: ['image/avif', ''], webp: ['image/webp', ''],
};

// A page for each row in a folder of its own: once for the model, once for the browser, and
// what was asked for with it.
async function startSite(t) {
  const [key, cert] = ['key', 'cert'].map((n) => path.join(folder, `${n}.pem`));
  const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', cert, '-days', '30', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']);
  assert.equal(made.status, 0, String(made.stderr));
  const asked = new Map();
  const server = http2.createSecureServer({ key: fs.readFileSync(key), cert: fs.readFileSync(cert), allowHTTP1: true }, (req, res) => {
    const [, who, n, name] = /^\/(model|browser)\/(\d+)\/(.*)$/.exec(req.url) ?? [];
    const row = rows[n];
    if (!row) { res.writeHead(404); res.end(); return; }
    if (name) {
      const at = `${who}/${n}`;
      asked.set(at, (asked.get(at) ?? new Set()).add(name));
    }
    const plain = decodeURI(name.replace(/\?.*/, ''));
    const [type, body] = name ? kinds[plain.split('.').pop()] ?? ['text/plain', ''] : ['text/html; charset=utf-8', row.html];
    res.writeHead(200, { 'content-type': type, 'cache-control': 'max-age=600', ...(!name && row.link && { link: row.link }) });
    res.end(row.files?.[plain] ?? body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sessions = new Set();
  server.on('session', (s) => sessions.add(s));
  t.after(() => { sessions.forEach((s) => s.destroy()); server.close(); });
  return { url: (who, n) => `https://localhost:${server.address().port}/${who}/${n}/`, asked: (who, n) => asked.get(`${who}/${n}`) ?? new Set(), certificate: cert };
}

// Every row, by as many workers as there are: each takes the next one.
async function inTurn(workers, work) {
  let next = 0;
  await Promise.all(workers.map(async (w) => { while (next < rows.length) await work(next++, w); }));
}

async function loadWithModel(site, n) {
  const child = spawn(binary, ['profile', site.url('model', n), '--insecure', '--variants', 'off', '--runs', '1', '--network', 'none', '--cpu', '0', '--quiet', '--json', '-'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.on('data', (d) => { out += d; });
  child.stderr.on('data', (d) => { err += d; });
  const [code] = await once(child, 'close');
  assert.equal(code, 0, `${rows[n].name}: ${err}`);
  const profile = JSON.parse(out);
  const name = (url) => url.slice(site.url('model', n).length);
  const entries = profile.variants[0].typical.entries.slice(1);
  return {
    asked: site.asked('model', n),
    lazy: new Set(entries.filter((e) => e.flags.includes('lazy')).map((e) => name(e.url))),
    blocking: new Set(entries.filter((e) => e.flags.includes('blocking')).map((e) => name(e.url))),
    useless: profile.advice.filter((a) => a.kind === 'unused').map((a) => a.text),
  };
}

// A tab loads many pages: their assets have addresses of their own.
async function openTab(browser) {
  const page = await Page.open(browser);
  await page.send('Page.setLifecycleEventsEnabled', { enabled: true });
  await page.send('Emulation.setDeviceMetricsOverride', { width: 1280, height: 800, deviceScaleFactor: 1, mobile: false });
  return page;
}

async function loadWithBrowser(page, site, n) {
  let loader;
  const isIdle = (e) => e.name === 'networkIdle' && e.loaderId === loader;
  const idle = page.event('Page.lifecycleEvent', isIdle);
  loader = (await page.send('Page.navigate', { url: site.url('browser', n) })).loaderId;
  if (!page.all('Page.lifecycleEvent').some(isIdle)) await idle;
  const timings = await page.value('performance.getEntriesByType("resource").map((e) => [e.name, e.renderBlockingStatus])');
  const name = (url) => url.slice(site.url('browser', n).length);
  return { asked: site.asked('browser', n), blocking: new Set(timings.filter(([, s]) => s === 'blocking').map(([u]) => name(u))), timed: new Set(timings.map(([u]) => name(u))) };
}

function differences(row, model, chromium) {
  const said = [];
  const [scripted, unsure, scanned] = [row.scripted, row.unsure, row.scanned].map((names) => new Set(names));
  for (const name of chromium.asked) {
    if (name === 'favicon.ico') continue;
    if (!model.asked.has(name) && !model.lazy.has(name) && !scripted.has(name)) said.push(`the model misses ${name}`);
    if (model.useless.some((text) => text.includes(name))) said.push(`the model calls ${name} useless`);
  }
  for (const name of model.asked) {
    if (!chromium.asked.has(name) && !unsure.has(name)) said.push(`only the model asks for ${name}`);
    if (!scanned.has(name) && chromium.timed.has(name) && model.blocking.has(name) !== chromium.blocking.has(name)) said.push(`${name} blocks rendering in ${model.blocking.has(name) ? 'the model' : 'Chromium'} only`);
  }
  return said;
}

test('the page model asks for what Chromium asks for', { timeout: 600000 }, async (t) => {
  assert.ok(rows.length >= 80);
  const site = await startSite(t);
  const browser = startBrowser(leanBrowser(), { folder, certificate: site.certificate });
  t.after(() => browser.close());
  const wrong = [];
  const models = new Array(rows.length), chromiums = new Array(rows.length);
  const tabs = await Promise.all([1, 2, 3, 4, 5, 6].map(() => openTab(browser)));
  await Promise.all([
    inTurn([1, 2], async (n) => { models[n] = await loadWithModel(site, n); }),
    inTurn(tabs, async (n, tab) => { chromiums[n] = await loadWithBrowser(tab, site, n); }),
  ]);
  rows.forEach((row, n) => { for (const d of differences(row, models[n], chromiums[n])) wrong.push(`${row.name}: ${d}`); });
  assert.deepEqual(wrong, [], wrong.join('\n'));
});
