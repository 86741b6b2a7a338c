// A browser that accepts server push loads the demo page through the edge: its
// own network log must show the assets as pushed, none of them as requested.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { once } from 'node:events';
import { binary, scratch, spawnTied, startForerun, startOrigin } from '../e2e/lib/harness.mjs';
import { Page, pushBrowser, startBrowser } from './lib/browser.mjs';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'forerun-browser-'));
process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

async function startDemo(t) {
  const env = { ...process.env, XDG_DATA_HOME: path.join(folder, 'xdg') };
  const demo = spawnTied(binary, ['demo', '--network', 'none', '--listen', '127.0.0.1:0'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(async () => {
    if (demo.exitCode === null) { demo.kill('SIGTERM'); await once(demo, 'exit'); }
    assert.equal(demo.exitCode, 0);
  });
  let text = '';
  demo.stdout.setEncoding('utf8');
  for await (const d of demo.stdout) {
    text += d;
    const m = /https:\/\/localhost:(\d+)\/ /.exec(text);
    if (m && text.includes('as an authority')) { demo.stdout.resume(); return { port: Number(m[1]), certificate: path.join(folder, 'xdg/forerun/cert.pem') }; }
  }
  throw new Error(`the demo ended: ${text}`);
}

// Loads a page of the demo; resolves with its assets and what the page says.
async function load(browser, url) {
  const page = await Page.open(browser);
  await page.load(url);
  // the page's own table is filled after the load event
  const says = await page.value('new Promise((r) => { const f = () => document.querySelector("#arrivals tbody tr") ? r(document.getElementById("edge-says").textContent) : setTimeout(f, 10); f(); })');
  const assets = page.all('Network.responseReceived').map((e) => e.response)
    .filter((r) => r.url.startsWith('https://localhost') && !/(\/|\.html)$/.test(r.url));
  return { assets, says };
}

test('a browser that accepts push gets every asset of the demo page by push', { timeout: 90000 }, async (t) => {
  const { port, certificate } = await startDemo(t);
  const browser = startBrowser(pushBrowser(folder), { folder, certificate });
  t.after(() => browser.close());
  t.diagnostic((await browser.send('Browser.getVersion')).product);
  const page = await load(browser, `https://localhost:${port}/`);
  const names = page.assets.map((r) => new URL(r.url).pathname).sort();
  assert.equal(names.length, 18, names.join(' '));
  assert.ok(names.includes('/tiles.woff') && names.includes('/base.css') && names.includes('/gallery.js'));
  for (const r of page.assets) {
    assert.equal(r.status, 200, r.url);
    assert.equal(r.protocol, 'h2', r.url);
    assert.ok(r.timing.pushStart > 0, `${r.url} was requested, not pushed`);
  }
  assert.match(page.says, /links 18, pushed 18/);
  // the page with nopush shows that the log would tell
  const other = await load(browser, `https://localhost:${port}/nopush.html`);
  assert.equal(other.assets.length, 18);
  assert.deepEqual(other.assets.filter((r) => r.timing?.pushStart > 0).map((r) => r.url), []);
  assert.match(other.says, /nopush 18/);
});

// Documents and assets of one load: what the browser's network log says of each.
const answers = (page, from) => page.all('Network.responseReceived').slice(from).map((e) => e.response).filter((r) => r.url.startsWith('https://'));

test('a browser with a warm cache is pushed nothing on a connection of its own, and a new one everything', { timeout: 90000 }, async (t) => {
  const assets = { '/a.css': ['text/css', 'p { color: #123; }'], '/b.css': ['text/css', 'p { margin: 1em; }'], '/c.js': ['text/javascript', 'window.c = 1;'] };
  const link = '</a.css>; rel=preload; as=style, </b.css>; rel=preload; as=style, </c.js>; rel=preload; as=script';
  const asked = [];
  const origin = await startOrigin(t, (req, res) => {
    asked.push(req.url);
    const asset = assets[req.url];
    if (asset) res.writeHead(200, { 'content-type': asset[0], 'cache-control': 'public, max-age=86400', etag: '"1"' });
    else res.writeHead(200, { 'content-type': 'text/html', 'cache-control': 'no-store', link });
    res.end(asset?.[1] ?? '<!doctype html><title>again</title><link rel=icon href="data:,"><link rel=stylesheet href=/a.css><link rel=stylesheet href=/b.css><script src=/c.js></script><p>words');
  });
  const edge = await startForerun(t, { config: `
workers: 1
timeouts: {idle: 1s}
listen: [{address: "127.0.0.1:0"}]
sites: [{hosts: ["*"], origin: {url: "${origin.url}"}}]
` });
  const browser = startBrowser(pushBrowser(folder), { folder: path.join(folder, 'again'), certificate: path.join(scratch, 'xdg/forerun/cert.pem') });
  t.after(() => browser.close());
  const url = `https://localhost:${edge.port}/`;
  const page = await Page.open(browser);
  await page.load(url);
  const first = answers(page, 0);
  assert.equal(first.length, 4);
  assert.equal(first.filter((r) => r.timing?.pushStart > 0).length, 3);
  assert.equal((await edge.counters()).pushes_promised, 3);

  // the connection ends, idle; the cookie and the cache stay
  await edge.countersWhen((c) => c.connections_open === 0);
  const seen = page.all('Network.responseReceived').length;
  await page.load(url);
  const second = answers(page, seen);
  assert.notEqual(second[0].connectionId, first[0].connectionId);
  assert.equal(second.length, 4);
  // (what it took from its cache it shows with the timing of the first load)
  for (const r of second.slice(1)) assert.ok(r.fromDiskCache, `${r.url} was fetched or pushed again`);
  const counters = await edge.counters();
  assert.equal(counters.pushes_promised, 3);
  assert.equal(counters.hints_by_reason.cached, 3);
  assert.deepEqual(asked.filter((x) => x !== '/').sort(), Object.keys(assets).sort());

  // a first visitor, beside it
  const other = await Page.open(browser);
  await other.load(url);
  assert.equal(answers(other, 0).filter((r) => r.timing?.pushStart > 0).length, 3);
  assert.equal((await edge.counters()).pushes_promised, 6);
});
