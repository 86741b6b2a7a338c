// A browser of today, which refuses push, through the edge: it must act on the
// 103 while the origin still makes the page, and fetch nothing twice.
import test from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';
import { scratch, startForerun, startOrigin } from '../e2e/lib/harness.mjs';
import { Page, hintsBrowser, startBrowser } from './lib/browser.mjs';

const html = `<!doctype html><meta charset="utf-8"><title>hinted</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/app.css"><script src="/app.js"></script>
<script type="module" src="/main.mjs"></script><p class="text">words</p><img src="/dot.svg" alt="">`;
const assets = {
  '/app.css': ['text/css', '.text { color: #123; }'],
  '/app.js': ['text/javascript', 'window.app = 1;'],
  '/main.mjs': ['text/javascript', 'window.main = 1;'],
  '/dot.svg': ['image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'],
};
const hinted = ['/app.css', '/app.js', '/main.mjs'];
const links = ['</app.css>; rel=preload; as=style', '</app.js>; rel=preload; as=script', '</main.mjs>; rel=modulepreload'];

// An origin that answers the page only once what it hinted has been asked for:
// a browser or an edge that does not act on the 103 waits for ever. Assets are
// private, so that the edge keeps none and every fetch is seen here.
async function startSite(t) {
  const asked = [];
  let waiting;
  const origin = await startOrigin(t, (req, res) => {
    asked.push(req.url);
    const asset = assets[req.url];
    if (asset) {
      res.writeHead(200, { 'content-type': asset[0], 'cache-control': 'private, max-age=3600' });
      res.end(asset[1]);
    } else if (req.url === '/') {
      const hints = req.headers['sec-fetch-mode'] === 'navigate';
      if (hints) res.writeEarlyHints({ link: links });
      waiting = () => {
        if (hints && !hinted.every((path) => asked.includes(path))) return;
        waiting = undefined;
        res.writeHead(200, { 'content-type': 'text/html', 'cache-control': 'no-store' });
        res.end(html);
      };
    } else {
      res.writeHead(404);
      res.end();
    }
    waiting?.();
  });
  return { origin, asked };
}

test('a browser that refuses push fetches what a 103 names before the page is answered, each asset once', { timeout: 60000 }, async (t) => {
  const { origin, asked } = await startSite(t);
  // without warming, whose fetches the origin would see as well
  const edge = await startForerun(t, { config: `
workers: 1
listen: [{address: "127.0.0.1:0"}]
sites: [{hosts: ["*"], origin: {url: "${origin.url}"}, hints: {warm: false}}]
` });
  const browser = startBrowser(hintsBrowser(), { folder: scratch, certificate: path.join(scratch, 'xdg/forerun/cert.pem') });
  t.after(() => browser.close());
  t.diagnostic((await browser.send('Browser.getVersion')).product);
  const page = await Page.open(browser);
  await page.load(`https://localhost:${edge.port}/`);

  const early = page.all('Network.responseReceivedEarlyHints');
  assert.equal(early.length, 1);
  for (const path of hinted) assert.ok(JSON.stringify(early[0].headers).includes(`<${path}>`), path);

  // each was asked for once, the hinted ones before the page came
  assert.deepEqual([...asked].sort(), ['/', ...Object.keys(assets)].sort());
  const used = await page.value('performance.getEntriesByType("resource").map((e) => [new URL(e.name).pathname, e.initiatorType, e.transferSize])');
  for (const path of hinted) {
    const entry = used.find(([p]) => p === path);
    assert.equal(entry?.[1], 'early-hints', `${path}: ${entry}`);
  }
  assert.notEqual(used.find(([p]) => p === '/dot.svg')[1], 'early-hints');
  assert.deepEqual(await page.value('[window.app, window.main, getComputedStyle(document.querySelector(".text")).color]'), [1, 1, 'rgb(17, 34, 51)']);
  const document = page.all('Network.responseReceived').find((e) => e.type === 'Document').response;
  assert.equal(document.status, 200);
  assert.equal(document.protocol, 'h2');

  const counters = await edge.counters();
  assert.equal(counters.pushes_promised, 0);
  assert.equal(counters.requests, 1 + Object.keys(assets).length);
});
