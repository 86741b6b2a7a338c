// Starts real browsers for tests and benchmarks, and speaks with them over
// their debugging pipe (no port). Two of them: the one that accepts server push
// (Chromium 92, compressed in an npm package), and Debian's, which acts on 103.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

// Unpacks the browser that accepts push into a folder; returns its program.
export function pushBrowser(folder) {
  const bin = path.join(path.dirname(require.resolve('chrome-aws-lambda/package.json')), 'bin');
  const program = path.join(folder, 'chromium');
  if (fs.existsSync(program)) return program;
  fs.mkdirSync(folder, { recursive: true });
  const tar = spawnSync('tar', ['-x', '-C', folder], { input: zlib.brotliDecompressSync(fs.readFileSync(path.join(bin, 'swiftshader.tar.br'))) });
  assert.equal(tar.status, 0, String(tar.stderr));
  fs.writeFileSync(`${program}.part`, zlib.brotliDecompressSync(fs.readFileSync(path.join(bin, 'chromium.br'))), { mode: 0o755 });
  fs.renameSync(`${program}.part`, program);
  return program;
}

// Debian's browser: acts on 103, refuses push.
export const hintsBrowser = () => process.env.FR_CHROMIUM ?? '/usr/bin/chromium';

// The same engine without a window's parts, where installed: half the CPU time
// a load, so that measurements see the network. (Not the script in /usr/bin,
// which stays in between and would be ended in the browser's place.)
export function leanBrowser() {
  const shell = '/usr/lib/chromium/chromium-headless-shell';
  return !process.env.FR_CHROMIUM && fs.existsSync(shell) ? shell : hintsBrowser();
}

// The DevTools protocol over the browser's debugging pipe: messages end with NUL.
export class Browser {
  constructor(child) {
    this.child = child;
    this.next = 1;
    this.pending = new Map();
    this.listeners = new Set();
    let text = '';
    child.stdio[4].setEncoding('utf8');
    child.stdio[4].on('data', (d) => {
      text += d;
      for (let end; (end = text.indexOf('\0')) >= 0; text = text.slice(end + 1)) this.take(JSON.parse(text.slice(0, end)));
    });
    child.stdio[3].on('error', () => {});
    child.on('exit', (code, signal) => {
      for (const { reject } of this.pending.values()) reject(new Error(`the browser ended: ${code ?? signal}`));
      this.pending.clear();
    });
  }

  take(message) {
    if (message.id) {
      const { resolve, reject } = this.pending.get(message.id);
      this.pending.delete(message.id);
      message.error ? reject(new Error(message.error.message)) : resolve(message.result);
      return;
    }
    for (const l of [...this.listeners]) l(message);
  }

  send(method, params = {}, sessionId) {
    if (process.env.FR_BROWSER_LOG) console.error('->', method);
    const id = this.next++;
    this.child.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return new Promise((resolve, reject) => this.pending.set(id, { resolve, reject }));
  }

  async close() {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }
}

// The hash of a certificate's public key: trusted by a flag, so that the
// browser's cache works as with any trusted site.
export function spki(certificate) {
  const r = spawnSync('sh', ['-c', `openssl x509 -in '${certificate}' -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64`]);
  return r.stdout.toString().trim();
}

// folder: for profile and HOME; certificate: PEM file to trust; args: more flags.
export function startBrowser(program, { folder, certificate, args = [] }) {
  const child = spawn(program, ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage',
    `--user-data-dir=${path.join(folder, 'profile')}`, ...(certificate ? [`--ignore-certificate-errors-spki-list=${spki(certificate)}`] : []),
    ...args, '--remote-debugging-pipe', 'about:blank'],
  { stdio: ['ignore', 'ignore', process.env.FR_BROWSER_LOG ? 'inherit' : 'ignore', 'pipe', 'pipe'], env: { ...process.env, HOME: folder } });
  return new Browser(child);
}

// A tab in a context of its own: no cache, no connection, no cookie from before.
export class Page {
  static async open(browser) {
    const page = new Page();
    page.browser = browser;
    page.events = [];
    page.waiters = [];
    ({ browserContextId: page.context } = await browser.send('Target.createBrowserContext'));
    const { targetId } = await browser.send('Target.createTarget', { url: 'about:blank', browserContextId: page.context });
    ({ sessionId: page.session } = await browser.send('Target.attachToTarget', { targetId, flatten: true }));
    page.listener = (m) => {
      if (m.sessionId !== page.session) return;
      page.events.push(m);
      page.waiters = page.waiters.filter((w) => !w(m));
    };
    browser.listeners.add(page.listener);
    for (const domain of ['Network', 'Page', 'Runtime']) await page.send(`${domain}.enable`);
    return page;
  }

  send(method, params) { return this.browser.send(method, params, this.session); }

  // Resolves with the next event that matches.
  event(method, matches = () => true) {
    return new Promise((resolve) => this.waiters.push((m) => m.method === method && matches(m.params) && (resolve(m.params), true)));
  }

  // Every event of that name so far.
  all(method) { return this.events.filter((m) => m.method === method).map((m) => m.params); }

  // Navigates and waits for the load event.
  async load(url) {
    const loaded = this.event('Page.loadEventFired');
    const { errorText } = await this.send('Page.navigate', { url });
    if (errorText) throw new Error(`${url}: ${errorText}`);
    await loaded;
  }

  // The value of an expression in the page; waits if it is a promise.
  async value(expression) {
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  async close() {
    this.browser.listeners.delete(this.listener);
    await this.browser.send('Target.disposeBrowserContext', { browserContextId: this.context });
  }
}
