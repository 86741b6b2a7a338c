// The dashboard of the demo in Debian's Chromium, under real traffic: what it
// shows is what the status says and clients saw; by keyboard, at phone width, light
// and dark, and over a restart of its stream. Pictures go to FR_SCREENSHOTS.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chromium } from 'playwright-core';
import { binary, spawnTied, startForerun, startOrigin, freePort, h2connect, h2request, loadPage, raw, tempFile } from '../e2e/lib/harness.mjs';
import { adminYaml, adminPort, metrics, status, sum, token, tokenFile } from '../e2e/lib/admin.mjs';
import { hintsBrowser } from './lib/browser.mjs';

const pictures = process.env.FR_SCREENSHOTS ?? fs.mkdtempSync(path.join(os.tmpdir(), 'forerun-dashboard-'));
if (!process.env.FR_SCREENSHOTS) process.on('exit', () => fs.rmSync(pictures, { recursive: true, force: true }));

async function browser(t) {
  const b = await chromium.launch({ executablePath: hintsBrowser(), args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
  t.after(() => b.close());
  return b;
}

// A page that fails the test on errors, on outside requests, on what CSP blocks.
async function open(t, b, options, allowed) {
  const context = await b.newContext(options);
  const page = await context.newPage(), wrong = [];
  page.on('pageerror', (e) => wrong.push(String(e)));
  page.on('console', (m) => { if (m.type() === 'error' && !/401|ERR_|status of 40/.test(m.text())) wrong.push(m.text()); });
  page.on('request', (r) => { if (!r.url().startsWith(allowed)) wrong.push(r.url()); });
  t.after(() => assert.deepEqual(wrong, []));
  return page;
}

const links = '</a.css>; rel=preload; as=style, </b.js>; rel=preload; as=script, </c.css>; rel=preload; as=style; nopush';
function site(req, res) {
  if (req.url.startsWith('/page')) res.writeHead(200, { 'content-type': 'text/html', link: links }).end('<p>page</p>');
  else if (req.url === '/b.js') res.writeHead(200).write('x'.repeat(5000)); // never ends
  else res.writeHead(200, { 'cache-control': 'max-age=60' }).end('x'.repeat(1000));
}

test('the dashboard shows what was pushed, used, wasted and saved', { timeout: 120000 }, async (t) => {
  const origin = await startOrigin(t, site);
  const f = await startForerun(t, { config: `listen: [{address: "127.0.0.1:0"}]\n${adminYaml()}sites: [{hosts: ["*"], origin: {url: "${origin.url}"}}]\n`, logLevel: 'info' });
  const port = adminPort(f), at = `http://127.0.0.2:${port}`;
  let over = false, traffic;
  t.after(() => { over = true; });
  const s = await h2connect(t, f.port);
  const load = async (p) => loadPage(await h2connect(t, f.port), p, {}, (stream, push) => { if (push.path === '/b.js') stream.on('data', () => stream.close(8)); });
  for (const n of [1, 2, 3]) await load(`/page${n % 2}`);
  for (let i = 0; i < 20; i++) await h2request(s, `/asset/${i % 3}`);
  const b = await browser(t);
  const page = await open(t, b, { viewport: { width: 1280, height: 900 } }, at);

  // without the token: it is asked for; a wrong one is said to be
  await page.goto(`${at}/dashboard/`);
  await page.getByText('a token is needed').waitFor();
  await page.keyboard.type('not the token');
  await page.keyboard.press('Enter');
  await page.getByText('this is not the token').waitFor();
  await page.keyboard.type(token);
  await page.keyboard.press('Enter');
  await page.locator('#state.good').waitFor();
  assert.equal(await page.locator('#state').textContent(), 'ready');

  // the figures are those of the status
  const st = await status(port), c = st.counters;
  assert.deepEqual([c.pushes_promised, c.pushes_completed, c.pushes_cancelled], [6, 3, 3]);
  const tile = (name) => page.locator('#tiles div', { hasText: name }).locator('dd').textContent();
  await page.locator('#tiles').getByText('3 of 6').first().waitFor();
  assert.match(await tile('Pushes completed'), /^50 %3 of 6/);
  assert.match(await tile('Requests per second'), new RegExp(`${c.requests} in all`));
  const answers = Object.values(st.responses.cache).reduce((x, y) => x + y);
  assert.match(await tile('Hit ratio'), new RegExp(`^${Math.round(100 * st.responses.cache.hit / answers)} %`));
  assert.match(await tile('Certificates'), /^\d+ days/);

  // a page's plan, opened by keyboard; it stays open when new figures come
  const first = page.locator('#pages details').first();
  assert.match(await first.locator('summary').textContent(), new RegExp(`localhost:${f.port}/page1.*2 loads.*3 links2 pushes completed, 2 wasted`));
  await first.locator('summary').focus();
  await page.keyboard.press('Enter');
  const rows = await first.locator('table tr').allTextContents();
  assert.equal(rows.length, 4);
  assert.match(rows.find((r) => r.startsWith('/a.css')), /^\/a\.cssstylelinkpushpushed2002200 B$/);
  assert.match(rows.find((r) => r.startsWith('/b.js')), /^\/b\.jsscriptlinkpushpushed200202\d+\.\d kB$/);
  assert.match(rows.find((r) => r.startsWith('/c.css')), /^\/c\.cssstylelinklinknopush/);
  await load('/page1');
  await page.getByText('3 loads').waitFor();
  assert.ok(await first.evaluate((d) => d.open && d.querySelector('summary') === document.activeElement));

  // tables sort by their heads, by keyboard too
  await page.locator('#assets th', { hasText: 'wasted bytes' }).getByRole('button').focus();
  await page.keyboard.press('Enter');
  await page.locator('#assets th[aria-sort]', { hasText: 'wasted bytes' }).waitFor();
  assert.match(await page.locator('#assets tbody tr').first().textContent(), /\/b\.js/);
  assert.match(await page.locator('#origins tbody tr').first().textContent(), new RegExp(origin.url));

  // under traffic the curves rise
  traffic = (async () => {
    for (let n = 0; !over; n++) {
      await h2request(s, `/asset/${n % 5}`).catch(() => { over = true; });
      if (n % 50 === 0) await load('/page0');
    }
  })();
  const risen = (p) => p.waitForFunction(() => {
    const tall = (id) => (document.querySelector(`#${id} polygon`)?.getBBox().height ?? 0) > 20;
    return document.querySelector('#traffic polygon')?.points.length > 12 && tall('traffic') && tall('pushes');
  });
  await risen(page);
  await page.screenshot({ path: path.join(pictures, 'wide-light.png'), fullPage: true });

  // one site of several, and the day instead of the hour
  assert.deepEqual(await page.locator('#site option').allTextContents(), ['all', `localhost:${f.port}`]);
  await page.locator('#site').selectOption(`localhost:${f.port}`);
  await page.locator('#sites tbody tr').first().getByText('all hosts (*)').waitFor();
  await page.getByRole('button', { name: 'Last day' }).click();
  await page.locator('#day[aria-pressed="true"]').waitFor();

  // a page that is opened now shows what was, before anything new is counted
  const late = await open(t, b, { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' }, at);
  await late.goto(`${at}/dashboard/#token=${token}`);
  await late.waitForFunction(() => (document.querySelector('#traffic polygon')?.points.length ?? 0) > 8);
  await late.screenshot({ path: path.join(pictures, 'wide-dark.png'), fullPage: true });

  // a phone, in the dark: nothing is wider than it
  const phone = await open(t, b, { viewport: { width: 375, height: 740 }, colorScheme: 'dark', deviceScaleFactor: 2 }, at);
  await phone.goto(`${at}/dashboard/#token=${token}`);
  await phone.locator('#state.good').waitFor();
  assert.equal(new URL(phone.url()).hash, '');
  await phone.locator('#pages details').first().locator('summary').click();
  await risen(phone);
  assert.ok(await phone.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth));
  assert.equal(await phone.evaluate(() => getComputedStyle(document.body).backgroundColor), 'rgb(15, 19, 24)');
  await phone.screenshot({ path: path.join(pictures, 'phone-dark.png'), fullPage: true });

  // a reload of the edge: the same stream goes on
  f.child.kill('SIGHUP');
  await f.waitForLog(/configuration reloaded/);
  await page.getByText('configurations: 2').waitFor();
  await page.locator('#state.good').waitFor();
  over = true;
  await traffic;
});

// Browsers of today: what left in a 103, and what they then asked for.
test('early hints: the dashboard, the status, the metrics and the log say the same', { timeout: 120000 }, async (t) => {
  const slow = (req, res) => {
    if (req.url.startsWith('/page')) res.writeHead(200, { 'content-type': 'text/html', link: links }).end('<p>page</p>');
    else res.writeHead(200, { 'cache-control': 'max-age=60', 'content-type': req.url.endsWith('.js') ? 'text/javascript' : 'text/css' }).end('/* x */');
  };
  const origin = await startOrigin(t, slow), log = tempFile('access.log');
  const f = await startForerun(t, { config: `listen: [{address: "127.0.0.1:0"}]\nworkers: 2\naccess_log: {file: ${log}}\n${adminYaml()}sites: [{hosts: ["*"], origin: {url: "${origin.url}"}}]\n`, logLevel: 'info' });
  const port = adminPort(f), at = `http://127.0.0.2:${port}`, site = `https://localhost:${f.port}`;
  const navigate = async (s) => {
    await h2request(s, { ':path': '/page', 'sec-fetch-mode': 'navigate' });
    for (const p of ['/a.css', '/b.js']) await h2request(s, { ':path': p, referer: `${site}/page` });
  };
  // the first load teaches; three have a 103; one of those asks for nothing, as it has all
  for (let n = 0; n < 3; n++) await navigate(await h2connect(t, f.port, { settings: { enablePush: false } }));
  await h2request(await h2connect(t, f.port, { settings: { enablePush: false } }), { ':path': '/page', 'sec-fetch-mode': 'navigate' });
  await f.countersWhen((c) => c.exchanges_open === 0);
  const st = await status(port), m = await metrics(port), lines = await f.accessRecords(log);
  const hinted = lines.flatMap((l) => l.plan ?? []).filter((l) => l.delivery === 'early-hints');
  assert.ok(hinted.length >= 6);
  assert.equal(st.hints.delivery['early-hints'], hinted.length);
  assert.equal(sum(m, 'forerun_hints_total', 'delivery="early-hints"'), hinted.length);
  assert.equal(m.forerun_early_hints_total, st.counters.early_hints);
  const row = st.pages.find((p) => p.name.endsWith('/page'));
  const css = row.plan.find((l) => l.url === '/a.css');
  assert.equal(css.delivered['early-hints'], hinted.filter((l) => l.url === '/a.css').length);
  assert.equal(css.requests, 3);
  const text = spawnSync(binary, ['status', '--admin', `127.0.0.2:${port}`, '--token-file', tokenFile()], { encoding: 'utf8' });
  assert.match(text.stdout + text.stderr, new RegExp(`in a 103 ${css.delivered['early-hints']} times, then requested 3 times`));

  const b = await browser(t);
  for (const [name, options] of [['1200-light', { viewport: { width: 1200, height: 900 } }], ['1200-dark', { viewport: { width: 1200, height: 900 }, colorScheme: 'dark' }],
    ['375-light', { viewport: { width: 375, height: 740 } }], ['375-dark', { viewport: { width: 375, height: 740 }, colorScheme: 'dark' }]]) {
    const page = await open(t, b, options, at);
    await page.goto(`${at}/dashboard/#token=${token}`);
    await page.locator('#state.good').waitFor();
    const details = page.locator('#pages details').first();
    const total = row.plan.reduce((n, l) => n + (l.delivered['early-hints'] ?? 0), 0);
    assert.match(await details.locator('summary').textContent(), new RegExp(`${total} hinted early, ${row.plan.reduce((n, l) => n + (l.delivered['early-hints'] ? l.requests : 0), 0)} asked for$`));
    await details.locator('summary').click();
    const cells = await details.locator('tr', { hasText: '/a.css' }).locator('td').allTextContents();
    assert.deepEqual(cells.slice(0, 9), ['/a.css', 'style', 'link', 'early-hints', css.reason, String(css.loads), String(css.delivered['early-hints']), '3', '0']);
    assert.match(await page.locator('#tiles div', { hasText: 'Early hints' }).locator('dd').textContent(), new RegExp(`^${hinted.length}of `));
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth));
    await page.screenshot({ path: path.join(pictures, `early-${name}.png`), fullPage: true });
  }
});

test('what was stored, compressed and fetched ahead is said by site and in words', { timeout: 120000 }, async (t) => {
  const origin = await startOrigin(t, (req, res) => {
    const type = req.url.startsWith('/page') ? 'text/html' : 'text/css';
    res.writeHead(200, { 'content-type': type, ...(type === 'text/css' && { 'cache-control': 'max-age=60' }) }).end('p { color: red } '.repeat(500));
  });
  const site = (host) => `{hosts: ["${host}", "www.${host}"], origin: {url: "${origin.url}"}}`;
  const f = await startForerun(t, { config: `listen: [{address: "127.0.0.1:0", tls: false}]\n${adminYaml()}sites: [${site('a.test')}, ${site('b.test')}]\n`, logLevel: 'info' });
  const port = adminPort(f), at = `http://127.0.0.2:${port}`;
  const ask = (host, target, more = '') => raw(f.plainPort, `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${more}\r\n`);
  for (let i = 0; i < 4; i++) await ask(i % 2 ? 'a.test' : 'www.a.test', `/a.css?${i % 2}`, 'Accept-Encoding: br\r\n');
  for (let i = 0; i < 3; i++) await ask('b.test', '/page');
  await ask('b.test', '/page', 'Sec-Purpose: prefetch\r\n');
  await f.countersWhen((c) => c.exchanges_open === 0);
  const st = await status(port), m = await metrics(port);
  const of = (name) => { const { requests, hits, pages, prefetches } = st.sites.find((x) => x.name === name); return { requests, hits, pages, prefetches }; };
  assert.deepEqual([of('a.test'), of('b.test')], [{ requests: 4, hits: 2, pages: 0, prefetches: 0 }, { requests: 4, hits: 0, pages: 3, prefetches: 1 }]);
  assert.equal(sum(m, 'forerun_site_hits_total', 'site="a.test"'), 2);
  const text = spawnSync(binary, ['status', '--admin', `127.0.0.2:${port}`, '--token-file', tokenFile()], { encoding: 'utf8' }).stdout;
  for (const line of [/^sites +a\.test: 4 requests, hit ratio 50 %/m, /^not stored +no explicit freshness 4$/m, /^page loads +3; prefetches, counted apart: 1$/m, /^compression saved \d+ %: .*br 100 %$/m]) assert.match(text, line);

  const b = await browser(t), page = await open(t, b, { viewport: { width: 1280, height: 900 } }, at);
  const tile = (name) => page.locator('#tiles div', { hasText: name }).locator('dd').textContent();
  // a proxy that is not set up, as the status would say it
  await page.route('**/events', (r) => r.fulfill({ contentType: 'text/event-stream', body: `data: ${JSON.stringify({ ...st, front: { one_address: '192.0.2.1' } })}\n\n` }));
  await page.goto(`${at}/dashboard/#token=${token}`);
  await page.locator('#troubles li', { hasText: 'All page loads come from 192.0.2.1' }).getByRole('link').waitFor();
  assert.match(await page.locator('#sites').innerText(), /a\.test\s+4\s+50 %\s+0\s+0\s+0[^]*b\.test\s+4\s+0 %\s+3\s+1\s+0/);
  assert.match(await tile('Page loads'), /^3and 1 prefetches/);
  assert.match(await tile('Compression saved'), /^\d+ %.*br 100 %/);
  const reason = page.locator('#not-stored div', { hasText: 'no explicit freshness' });
  assert.match(await reason.textContent(), /freshness4.*Cache-Control with max-age/);
  // its words lead to the page of the docs that has more of them
  const doc = new URL(await reason.getByRole('link').getAttribute('href'), at);
  const answer = await fetch(doc, { headers: { authorization: `Bearer ${token}` } });
  assert.match(answer.headers.get('content-type'), /^text\/plain/);
  assert.match(await answer.text(), /`no explicit freshness`/);
});

test('a failing origin is the first thing that is seen, with its cause, at any width', { timeout: 120000 }, async (t) => {
  const f = await startForerun(t, { config: `listen: [{address: "127.0.0.1:0", tls: false}]\n${adminYaml()}sites: [{hosts: ["*"], origin: {url: "http://127.0.0.1:${await freePort()}"}}]\n`, logLevel: 'info' });
  const port = adminPort(f), at = `http://127.0.0.2:${port}`;
  assert.equal((await fetch(`http://127.0.0.1:${f.plainPort}/`)).status, 502);
  const b = await browser(t);
  for (const [name, options] of [['1280', { viewport: { width: 1280, height: 900 } }], ['375', { viewport: { width: 375, height: 740 } }]]) {
    const page = await open(t, b, options, at);
    await page.goto(`${at}/dashboard/#token=${token}`);
    await page.locator('#state.good').waitFor();
    assert.match(await page.locator('#troubles li').first().textContent(), /fails: the origin cannot be reached: .*connection refused/);
    assert.match(await page.locator('#tiles div', { hasText: /^Origins/ }).locator('dd').textContent(), /^1 failing/);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth));
    await page.screenshot({ path: path.join(pictures, `failing-${name}.png`), fullPage: true });
  }
});

test('it says when the edge is gone, and goes on when it is back', { timeout: 120000 }, async (t) => {
  const origin = await startOrigin(t, site);
  const config = `listen: [{address: "127.0.0.1:0"}]\n${adminYaml()}sites: [{hosts: ["*"], origin: {url: "${origin.url}"}}]\n`;
  const f = await startForerun(t, { config, logLevel: 'info' });
  const port = adminPort(f);
  const b = await browser(t);
  const page = await open(t, b, {}, `http://127.0.0.2:${port}`);
  await page.goto(`http://127.0.0.2:${port}/dashboard/#token=${token}`);
  await page.locator('#state.good').waitFor();
  await f.stop();
  await page.getByText('connection lost').waitFor();
  const again = await startForerun(t, { config: config.replace('127.0.0.2:0', `127.0.0.2:${port}`), logLevel: 'info' });
  assert.ok(again.port);
  await page.locator('#state.good').waitFor();
});

test('the demo prints the dashboard\'s address, and it shows what the demo pushed', { timeout: 120000 }, async (t) => {
  const folder = tempFile('xdg');
  const demo = spawnTied(binary, ['demo', '--network', 'none', '--listen', '127.0.0.1:0'], { env: { ...process.env, XDG_DATA_HOME: folder }, stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(async () => {
    if (demo.exitCode === null) { demo.kill('SIGTERM'); await once(demo, 'exit'); }
    assert.equal(demo.exitCode, 0);
  });
  demo.stdout.setEncoding('utf8');
  let text = '', url;
  while (!(url = /http:\/\/127\.0\.0\.1:\d+\/dashboard\/#token=\w+/.exec(text)?.[0])) text += (await once(demo.stdout, 'data'))[0];
  demo.stdout.resume();
  const b = await browser(t);
  const page = await open(t, b, {}, new URL(url).origin);
  await page.goto(url);
  await page.locator('#state.good').waitFor();
  const details = page.locator('#pages details').first();
  await details.locator('summary').click();
  // the demo has measured its page, some loads of it with push
  const [, used] = /18 links(\d+) pushes completed, 0 wasted/.exec(await details.locator('summary').textContent());
  assert.ok(used > 0 && used % 18 === 0, used);
  assert.equal(await details.locator('table tr').count(), 19);
  await page.screenshot({ path: path.join(pictures, 'demo.png'), fullPage: true });
});
