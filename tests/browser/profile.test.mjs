// The report of forerun profile in a real browser: everything is in it, readable
// in light and dark, on a phone and by keyboard. And real browsers as its engine.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { hintsBrowser, Page, pushBrowser, startBrowser } from './lib/browser.mjs';
import { binary, startOrigin } from '../e2e/lib/harness.mjs';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'forerun-report-'));
process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

const files = {
  '/': ['text/html', '<!doctype html><title>x</title><head><link rel=stylesheet href="/a.css"><script src="/b.js"></script></head><body><h1>Hello</h1><img src="/c.svg" width=20 height=20>'],
  '/a.css': ['text/css', 'h1 { color: green }'],
  '/b.js': ['text/javascript', 'var x = 1;'],
  '/c.svg': ['image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><rect width="20" height="20"/></svg>'],
};
const links = '</a.css>; rel=preload; as=style, </b.js>; rel=preload; as=script';

function site(t) {
  return startOrigin(t, (req, res) => {
    const file = files[req.url];
    if (!file) { res.writeHead(404); res.end(); return; }
    const page = file[0] === 'text/html';
    setTimeout(() => {
      res.writeHead(200, { 'content-type': file[0], 'cache-control': page ? 'no-cache' : 'max-age=600', ...(page && { link: links }) });
      res.end(file[1]);
    }, page ? 150 : 0);
  });
}

async function profile(origin, args) {
  const { spawn } = await import('node:child_process');
  const child = spawn(binary, ['profile', '--origin', `${origin.url}/`, '--quiet', ...args], { env: { ...process.env, XDG_DATA_HOME: path.join(folder, 'xdg'), TMPDIR: folder }, stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.on('data', (d) => { out += d; });
  child.stderr.on('data', (d) => { err += d; });
  const code = await new Promise((resolve) => child.on('close', resolve));
  assert.equal(code, 0, err);
  return out;
}

// Of every text in the page against what is behind it; below what WCAG AA asks for.
const tooFaint = `(() => {
  const rgb = (c) => (/rgba?\\(([^)]+)\\)/.exec(c) || [0, '0,0,0,0'])[1].split(',').map(Number);
  const light = (c) => { const [r, g, b] = c.map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const back = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c.slice(0, 3); } return [255, 255, 255]; };
  const bad = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let n; (n = walk.nextNode());) {
    const e = n.parentElement;
    if (!n.data.trim() || ['SCRIPT', 'STYLE'].includes(e.tagName) || !e.getClientRects().length) continue;
    const [a, b] = [light(rgb(getComputedStyle(e).color).slice(0, 3)), light(back(e))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) bad.push(e.className + ': ' + n.data.trim());
  }
  return bad;
})()`;

test('the report shows every asset, in light and dark, on a phone and by keyboard', { timeout: 120000 }, async (t) => {
  const origin = await site(t);
  const [html, json] = [path.join(folder, 'report.html'), path.join(folder, 'report.json')];
  await profile(origin, ['--runs', '4', '--rtt', '60', '--html', html, '--json', json]);
  const p = JSON.parse(fs.readFileSync(json, 'utf8'));
  const browser = startBrowser(hintsBrowser(), { folder: path.join(folder, 'home') });
  t.after(() => browser.close());
  const page = await Page.open(browser);
  for (const scheme of ['light', 'dark']) {
    for (const width of [375, 1280]) {
      await page.send('Emulation.setDeviceMetricsOverride', { width, height: 800, deviceScaleFactor: 1, mobile: width < 600 });
      await page.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
      await page.load(`file://${html}`);
      assert.ok(await page.value('document.documentElement.scrollWidth') <= width, `wider than ${width}`);
      assert.deepEqual(await page.value(tooFaint), [], `${scheme}, ${width}`);
    }
  }
  assert.deepEqual(page.all('Runtime.exceptionThrown').map((e) => e.exceptionDetails.text), []);
  assert.deepEqual(page.all('Network.requestWillBeSent').map((e) => e.request.url).filter((u) => !u.startsWith('file:') && !u.startsWith('data:')), []);
  for (const v of p.variants) {
    const rows = await page.value(`[...document.querySelectorAll('[data-variant="${v.name}"] button')].map((b) => b.dataset.url)`);
    assert.deepEqual(rows.sort(), v.typical.entries.map((e) => e.url).sort(), v.name);
  }
  const pushed = await page.value('[...document.querySelectorAll(\'[data-variant="push"] button\')].filter((b) => b.textContent.startsWith("P")).map((b) => b.dataset.url)');
  for (const asset of ['/a.css', '/b.js']) assert.ok(pushed.includes(`https://localhost${asset}`), pushed.join());
  assert.equal(await page.value('document.querySelectorAll("[data-variant=push] .promise").length'), pushed.length);
  assert.equal(await page.value('document.querySelectorAll("[data-variant=early-hints] .hints").length'), 1);
  assert.match(await page.value('document.getElementById("verdict").textContent'), /first render|No difference|Too few/);
  // every row is reached and opened with keys
  const focused = await page.value('(() => { const b = document.querySelector(".row"); b.focus(); return document.activeElement === b && b.tabIndex === 0; })()');
  assert.ok(focused);
  await page.send('Input.dispatchKeyEvent', { type: 'keyDown', key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 13, text: '\r' });
  await page.send('Input.dispatchKeyEvent', { type: 'keyUp', key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 13 });
  assert.match(await page.value('document.querySelector(".details").textContent'), /https:\/\/localhost\//);
  assert.equal(await page.value('document.querySelector(".row").getAttribute("aria-expanded")'), 'true');
  await page.close();
});

test('a browser that acts on 103 is an engine, with a film strip', { timeout: 120000 }, async (t) => {
  const origin = await site(t);
  const [html, json] = [path.join(folder, 'hints.html'), path.join(folder, 'hints.json')];
  await profile(origin, ['--runs', '2', '--rtt', '60', '--variants', 'off,early-hints', '--browser', hintsBrowser(), '--html', html, '--json', json]);
  const p = JSON.parse(fs.readFileSync(json, 'utf8'));
  assert.match(p.engine, /^(Headless)?Chrome\/\d+/);
  const hints = p.variants.find((v) => v.name === 'early-hints');
  assert.equal(hints.metrics.early_hints.median, 1);
  const style = hints.typical.entries.find((e) => e.url.endsWith('/a.css'));
  assert.ok(style.flags.includes('early') && style.flags.includes('blocking'), style.flags.join());
  assert.ok(style.start < hints.typical.ttfb, 'asked for before the page came');
  const off = p.variants.find((v) => v.name === 'off');
  assert.equal(off.metrics.early_hints?.median ?? 0, 0);
  assert.ok(off.metrics.render.median > 0 && off.metrics.complete.median >= off.metrics.ttfb.median);
  assert.ok(off.typical.frames.length > 0 && off.typical.frames.every((f) => f.at >= 0 && f.jpeg.startsWith('/9j/')));
  assert.ok(!fs.readdirSync(folder).some((f) => f.startsWith('forerun-profile-')), 'the browser left its profile');
});

test('a browser that accepts push is an engine', { timeout: 120000 }, async (t) => {
  const origin = await site(t);
  const out = await profile(origin, ['--runs', '2', '--rtt', '60', '--variants', 'off,push', '--browser', pushBrowser(path.join(folder, 'chromium-92')), '--json', '-']);
  const p = JSON.parse(out);
  const push = p.variants.find((v) => v.name === 'push');
  assert.ok(push.metrics.pushes_used.median >= 2);
  const style = push.typical.entries.find((e) => e.url.endsWith('/a.css'));
  assert.ok(style.flags.includes('pushed') && style.promised < push.typical.ttfb);
  assert.equal(p.variants[0].metrics.pushes_used.median, 0);
});

test('a browser that cannot be started says so', { timeout: 30000 }, async (t) => {
  const origin = await site(t);
  for (const program of ['/nonexistent/browser', '/bin/true']) {
    const r = spawnSync(binary, ['profile', '--origin', origin.url, '--runs', '1', '--browser', program], { env: { ...process.env, XDG_DATA_HOME: path.join(folder, 'xdg'), TMPDIR: folder }, timeout: 20000 });
    assert.equal(r.status, 1, String(r.stderr));
    assert.match(String(r.stderr), /the browser cannot be started/);
  }
});
