// A browser that accepts server push loads the demo page through the edge: its
// own network log must show the assets as pushed, none of them as requested.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import zlib from 'node:zlib';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { binary } from '../e2e/lib/harness.mjs';

const require = createRequire(import.meta.url);
const bin = path.join(path.dirname(require.resolve('chrome-aws-lambda/package.json')), 'bin');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'forerun-browser-'));
process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

// The package holds the browser compressed.
function unpack() {
  const chromium = path.join(folder, 'chromium');
  fs.writeFileSync(chromium, zlib.brotliDecompressSync(fs.readFileSync(path.join(bin, 'chromium.br'))), { mode: 0o755 });
  const tar = spawnSync('tar', ['-x', '-C', folder], { input: zlib.brotliDecompressSync(fs.readFileSync(path.join(bin, 'swiftshader.tar.br'))) });
  assert.equal(tar.status, 0, String(tar.stderr));
  return chromium;
}

// The DevTools protocol over the browser's debugging pipe: messages end with NUL.
class Browser {
  constructor(child) {
    this.child = child;
    this.next = 1;
    this.pending = new Map();
    this.events = [];
    this.listeners = [];
    let text = '';
    child.stdio[4].setEncoding('utf8');
    child.stdio[4].on('data', (d) => {
      text += d;
      for (let end; (end = text.indexOf('\0')) >= 0; text = text.slice(end + 1)) this.take(JSON.parse(text.slice(0, end)));
    });
    child.stdio[3].on('error', () => {});
    child.on('exit', (code, signal) => {
      for (const { reject } of this.pending.values()) reject(new Error(`the browser ended: ${code ?? signal}`));
    });
  }

  take(message) {
    if (message.id) {
      const { resolve, reject } = this.pending.get(message.id);
      this.pending.delete(message.id);
      message.error ? reject(new Error(message.error.message)) : resolve(message.result);
      return;
    }
    this.events.push(message);
    this.listeners = this.listeners.filter((l) => !l(message));
  }

  send(method, params = {}, sessionId) {
    if (process.env.FR_BROWSER_LOG) console.error('->', method);
    const id = this.next++;
    this.child.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return new Promise((resolve, reject) => this.pending.set(id, { resolve, reject }));
  }

  event(method) {
    return new Promise((resolve) => this.listeners.push((m) => m.method === method && (resolve(m), true)));
  }
}

async function startDemo(t) {
  const env = { ...process.env, XDG_DATA_HOME: path.join(folder, 'xdg') };
  const demo = spawn(binary, ['demo', '--network', 'none', '--listen', '127.0.0.1:0'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(async () => {
    if (demo.exitCode === null) { demo.kill('SIGTERM'); await once(demo, 'exit'); }
    assert.equal(demo.exitCode, 0);
  });
  let text = '';
  demo.stdout.setEncoding('utf8');
  for await (const d of demo.stdout) {
    text += d;
    const m = /https:\/\/localhost:(\d+)\/ /.exec(text);
    if (m && text.includes('as an authority')) { demo.stdout.resume(); return { port: Number(m[1]), ca: path.join(folder, 'xdg/forerun') }; }
  }
  throw new Error(`the demo ended: ${text}`);
}

// The hash of the certificate's public key: trusted by a flag, so that the
// browser's cache works as with any trusted site.
function spki(ca) {
  const der = spawnSync('sh', ['-c', `openssl x509 -in '${ca}/cert.pem' -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64`]);
  return der.stdout.toString().trim();
}

async function startBrowser(t, chromium, ca) {
  const child = spawn(chromium, ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage',
    `--user-data-dir=${path.join(folder, 'profile')}`, `--ignore-certificate-errors-spki-list=${spki(ca)}`,
    '--remote-debugging-pipe', 'about:blank'],
  { stdio: ['ignore', 'ignore', process.env.FR_BROWSER_LOG ? 'inherit' : 'ignore', 'pipe', 'pipe'], env: { ...process.env, HOME: folder } });
  t.after(async () => {
    if (child.exitCode === null && child.signalCode === null) { child.kill('SIGKILL'); await once(child, 'exit'); }
  });
  return new Browser(child);
}

// Loads a page in a context of its own: no cache, no connection from before.
async function load(browser, url) {
  const { browserContextId } = await browser.send('Target.createBrowserContext');
  const { targetId } = await browser.send('Target.createTarget', { url: 'about:blank', browserContextId });
  const { sessionId } = await browser.send('Target.attachToTarget', { targetId, flatten: true });
  await browser.send('Network.enable', {}, sessionId);
  await browser.send('Page.enable', {}, sessionId);
  browser.events.length = 0;
  const loaded = browser.event('Page.loadEventFired');
  await browser.send('Page.navigate', { url }, sessionId);
  await loaded;
  // the page's own table is filled after the load event
  const { result } = await browser.send('Runtime.evaluate', {
    expression: 'new Promise((r) => { const f = () => document.querySelector("#arrivals tbody tr") ? r(document.getElementById("edge-says").textContent) : setTimeout(f, 10); f(); })',
    awaitPromise: true }, sessionId);
  const assets = browser.events.filter((e) => e.method === 'Network.responseReceived').map((e) => e.params.response)
    .filter((r) => r.url.startsWith('https://localhost') && !/(\/|\.html)$/.test(r.url));
  return { assets, says: result.value };
}

test('a browser that accepts push gets every asset of the demo page by push', { timeout: 90000 }, async (t) => {
  const { port, ca } = await startDemo(t);
  const browser = await startBrowser(t, unpack(), ca);
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
