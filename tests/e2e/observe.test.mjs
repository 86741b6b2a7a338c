// Metrics, status, health and the safety of the admin interface; the same
// figures in the metrics, the status, the log, and in what clients saw.
import test from 'node:test';
import fs from 'node:fs';
import path from 'node:path';
import http from 'node:http';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { assert, spawnTied, startForerun, startOrigin, h2connect, h2request, loadPage, raw, run, binary, root, tempFile, freePort } from './lib/harness.mjs';
import { adminYaml, adminPort, ask, metrics, status, sum, token, tokenFile } from './lib/admin.mjs';

const links = '</a.css>; rel=preload; as=style, </b.js>; rel=preload; as=script, </c.css>; rel=preload; as=style; nopush';
function site(req, res) {
  if (req.url.startsWith('/page')) res.writeHead(200, { 'content-type': 'text/html', link: links }).end('<p>page</p>');
  else if (req.url === '/stored') res.writeHead(200, { 'cache-control': 'max-age=60' }).end('stored');
  else if (req.url === '/b.js') res.writeHead(200).write('x'.repeat(5000)); // never ends
  else if (req.url === '/500') res.writeHead(500).end();
  else res.end('x'.repeat(1000));
}

async function start(t, handler = site, more = '') {
  const origin = await startOrigin(t, handler);
  const log = tempFile('access.log');
  const f = await startForerun(t, { config: `listen:
  - {address: "127.0.0.1:0"}
  - {address: "127.0.0.1:0", tls: false}
workers: 2
access_log: {file: ${log}}
${adminYaml()}${more}
sites: [{hosts: ["*"], origin: {url: "${origin.url}"}}]
`, logLevel: 'info' });
  return { f, origin, log, port: adminPort(f) };
}

test('metrics, status and log say what clients saw', async (t) => {
  const { f, origin, log, port } = await start(t);
  const s = await h2connect(t, f.port);
  let sent = 0;
  for (const p of ['/stored', '/stored', '/stored', '/x', '/500']) sent += (await h2request(s, p)).body.length;
  await raw(f.plainPort, 'GET /stored HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  const seen = await loadPage(s, '/page?a=1', {}, (stream, p) => { if (p.path === '/b.js') stream.on('data', () => stream.close(8)); });
  await f.countersWhen((c) => c.exchanges_open === 0);
  const m = await metrics(port), st = await status(port), lines = await f.accessRecords(log);
  assert.equal(seen.pushes.length, 2);

  // requests: six of ours over HTTP/2, one over HTTP/1.1, two pushes
  assert.equal(m.forerun_requests_total, 9);
  assert.equal(st.counters.requests, 9);
  assert.equal(lines.length, 9);
  assert.equal(sum(m, 'forerun_responses_total'), 9);
  assert.equal(sum(m, 'forerun_responses_total', 'protocol="HTTP/1.1"'), 1);
  assert.equal(sum(m, 'forerun_responses_total', 'status="500"'), 1);
  assert.equal(sum(m, 'forerun_responses_total', 'cache="hit"'), lines.filter((l) => l.cache === 'hit').length);
  assert.equal(st.responses.cache.hit, 2);
  assert.equal(st.responses.protocol['HTTP/2.0'], 8);
  assert.equal(m['forerun_requests_ended_total{end="completed"}'], 7);

  // hints and pushes
  const plan = lines.find((l) => l.plan).plan;
  assert.equal(sum(m, 'forerun_hints_total'), plan.length);
  assert.equal(m['forerun_hints_total{source="link",delivery="push",reason="pushed"}'], 2);
  assert.equal(m['forerun_hints_total{source="link",delivery="link",reason="nopush"}'], 1);
  assert.deepEqual(st.hints.reason, { pushed: 2, nopush: 1 });
  assert.equal(m['forerun_pushes_total{outcome="completed"}'], 1);
  assert.equal(m['forerun_pushes_total{outcome="cancelled"}'], 1);
  const cancelled = lines.find((l) => l.outcome === 'cancelled');
  assert.equal(m.forerun_wasted_bytes_total, cancelled.bytes);
  assert.equal(m.forerun_sent_bytes_total, lines.reduce((n, l) => n + l.bytes, 0));
  assert.ok(m.forerun_sent_bytes_total >= sent);

  // times: as many as requests
  const counted = ['cache', 'origin', 'edge'].reduce((n, from) => n + m[`forerun_duration_seconds_count{from="${from}"}`], 0);
  assert.equal(counted, 9);
  assert.equal(m['forerun_duration_seconds_count{from="cache"}'], 3 - 1 + lines.filter((l) => l.cache === 'hit' && l.protocol === 'HTTP/1.1').length);
  assert.equal(m.forerun_origin_first_byte_seconds_count, lines.filter((l) => l.origin).length);

  // the origin
  const name = `{origin="${origin.url}"}`;
  assert.equal(m[`forerun_origin_requests_total${name}`], origin.requests.length);
  assert.equal(m[`forerun_origin_responses_5xx_total${name}`], 1);
  assert.equal(st.origins[0].requests, origin.requests.length);
  assert.ok(st.origins[0].idle <= st.origins[0].connections);

  // fields: what HPACK saved
  assert.ok(m['forerun_hpack_bytes_total{direction="request",form="wire"}'] > 0);
  assert.ok(m['forerun_hpack_bytes_total{direction="request",form="plain"}'] > m['forerun_hpack_bytes_total{direction="request",form="wire"}']);
  assert.ok(m['forerun_hpack_bytes_total{direction="response",form="plain"}'] > m['forerun_hpack_bytes_total{direction="response",form="wire"}']);

  // the page, without its query, and what became of its hints
  const page = st.pages.find((p) => p.name === `localhost:${f.port}/page`);
  assert.deepEqual([page.loads, page.errors, page.last_status], [1, 0, 200]);
  const by = Object.fromEntries(page.plan.map((l) => [l.url, l]));
  assert.deepEqual([by['/a.css'].delivery, by['/a.css'].pushes.completed, by['/a.css'].wasted_bytes], ['push', 1, 0]);
  assert.deepEqual([by['/b.js'].pushes.cancelled, by['/b.js'].wasted_bytes], [1, cancelled.bytes]);
  assert.deepEqual([by['/c.css'].reason, by['/c.css'].delivered.link], ['nopush', 1]);
  const asset = st.assets.find((a) => a.name === `localhost:${f.port}/stored`);
  assert.deepEqual([asset.requests, asset.hits], [3, 2]);
  assert.equal(st.assets.find((a) => a.name === 'a/stored').requests, 1);

  // the same again counts on, also across a reload
  const from = f.text.length;
  f.child.kill('SIGHUP');
  await f.waitForLog(/configuration reloaded/, from);
  await h2request(s, '/x');
  const again = await metrics(adminPort(f));
  assert.equal(again.forerun_requests_total, 10);
  assert.equal(again.forerun_configurations_total, 2);
  assert.equal(again[`forerun_origin_requests_total${name}`], origin.requests.length);
});

test('promtool finds nothing wrong, and every metric is documented', { skip: spawnSync('promtool', ['--version']).status === 0 ? false : 'needs promtool (package prometheus)' }, async (t) => {
  const { f, port } = await start(t);
  const s = await h2connect(t, f.port);
  await loadPage(s, '/page', {}, (stream, p) => { if (p.path === '/b.js') stream.on('data', () => stream.close(8)); });
  const { body, headers } = await ask(port, '/metrics');
  assert.match(headers['content-type'], /^text\/plain; version=0\.0\.4/);
  const check = await run('promtool', ['check', 'metrics'], { input: body });
  assert.equal(check.stdout + check.stderr, '');
  assert.equal(check.code, 0);
  const docs = fs.readFileSync(path.join(root, 'docs/observability.md'), 'utf8');
  for (const [, name] of body.matchAll(/^# TYPE (\S+)/gm)) assert.ok(docs.includes(`\`${name}\``), `docs/observability.md lacks ${name}`);
});

test('a real Prometheus scrapes it', { skip: spawnSync('prometheus', ['--version']).status === 0 ? false : 'needs prometheus', timeout: 90000 }, async (t) => {
  const { f, port } = await start(t);
  const config = tempFile('prometheus.yml'), web = await freePort();
  fs.writeFileSync(config, `global: {scrape_interval: 1s}
scrape_configs:
  - job_name: forerun
    authorization: {credentials_file: ${tokenFile()}}
    static_configs: [{targets: ["127.0.0.2:${port}"]}]
`);
  const child = spawnTied('prometheus', [`--config.file=${config}`, `--storage.tsdb.path=${tempFile('tsdb')}`, `--web.listen-address=127.0.0.1:${web}`, '--log.level=error'], { stdio: 'ignore' });
  t.after(async () => { child.kill('SIGKILL'); if (child.exitCode === null && child.signalCode === null) await once(child, 'exit'); });
  const s = await h2connect(t, f.port);
  for (let i = 0; i < 3; i++) await h2request(s, '/stored');
  for (;;) {
    const r = await fetch(`http://127.0.0.1:${web}/api/v1/query?query=forerun_requests_total`).then((a) => a.json()).catch(() => null);
    if (r?.data?.result?.[0]?.value?.[1] === '3') break;
    await new Promise((resolve) => setImmediate(resolve));
  }
  const up = await (await fetch(`http://127.0.0.1:${web}/api/v1/query?query=up`)).json();
  assert.equal(up.data.result[0].value[1], '1');
});

test('health: live, ready, and not ready while draining', async (t) => {
  const waiting = [];
  const { f, port } = await start(t, (req, res) => waiting.push(res));
  for (const p of ['/live', '/ready']) assert.equal((await ask(port, p, { auth: false })).status, 200);
  const slow = raw(f.plainPort, 'GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
  while (!waiting.length) await new Promise((resolve) => setImmediate(resolve));
  f.child.kill('SIGTERM');
  await f.waitForLog(/stopping/);
  const ready = await ask(port, '/ready', { auth: false });
  assert.deepEqual([ready.status, ready.body, ready.headers.connection], [503, 'draining\n', 'close']);
  assert.equal((await ask(port, '/live', { auth: false })).status, 200);
  assert.equal((await metrics(port)).forerun_ready, 0);
  // a stream of the status does not hold the drain up
  const events = http.get({ host: '127.0.0.2', port, path: '/events', headers: { authorization: `Bearer ${token}` } });
  events.on('error', () => {});
  await once(events, 'response');
  waiting.forEach((res) => res.end('done'));
  assert.match((await slow).text, /done$/);
  assert.equal(await f.ended, 0);
});

test('without the token nothing is told, and other sites\' pages may ask for nothing', async (t) => {
  const { port } = await start(t);
  for (const p of ['/metrics', '/status', '/events', '/nothing']) assert.equal((await ask(port, p, { auth: false })).status, 401, p);
  for (const authorization of ['Bearer x', `Bearer ${token}x`, `Bearer ${token.slice(1)}`, 'Bearer ', `Basic ${token}`]) assert.equal((await ask(port, '/status', { headers: { authorization } })).status, 401, authorization);
  const foreign = [{ origin: 'https://evil.test' }, { origin: 'null' }, { origin: `http://127.0.0.2:${port + 1}` }, { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }];
  for (const headers of foreign) {
    assert.equal((await ask(port, '/status', { headers })).status, 403, JSON.stringify(headers));
    assert.equal((await ask(port, '/purge?all=1', { method: 'POST', headers })).status, 403, JSON.stringify(headers));
  }
  const own = await ask(port, '/status', { headers: { origin: `http://127.0.0.2:${port}`, 'sec-fetch-site': 'same-origin' } });
  assert.equal(own.status, 200);
  assert.equal(own.headers['access-control-allow-origin'], undefined);
  for (const p of ['/dashboard/', '/status', '/nothing']) {
    const { headers } = await ask(port, p);
    assert.match(headers['content-security-policy'], /default-src 'none'; script-src 'self'.*frame-ancestors 'none'/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['cache-control'], 'no-store');
  }
  for (const [method, p] of [['GET', '/purge?all=1'], ['POST', '/status'], ['DELETE', '/metrics']]) assert.equal((await ask(port, p, { method })).status, 405);
  assert.equal((await ask(port, '/dashboard/../etc/passwd')).status, 404);
  assert.equal((await ask(port, '/demo/index.html')).status, 404);
});

test('over a Unix socket only names of this machine are answered', async (t) => {
  const origin = await startOrigin(t, site);
  const socket = tempFile('admin.sock');
  const f = await startForerun(t, { config: `listen: [{address: "127.0.0.1:0"}]\nadmin: {listen: "unix:${socket}"}\nsites: [{hosts: ["*"], origin: {url: "${origin.url}"}}]\n` });
  assert.ok(f.port);
  const code = async (host) => (await run('curl', ['-s', '-o', '/dev/null', '-w', '%{http_code}', '--unix-socket', socket, '-H', `Host: ${host}`, 'http://x/status'])).stdout;
  for (const host of ['localhost', 'localhost:8000', '127.0.0.1:1', '[::1]:80', 'x', 'edge.localhost']) assert.equal(await code(host), '200', host);
  for (const host of ['evil.test', 'evil.test:8000', '127.0.0.1.evil.test']) assert.equal(await code(host), '403', host);
  assert.equal(fs.statSync(socket).mode & 0o777, 0o600);
});

test('log levels change while it runs, one module at a time', async (t) => {
  const { f, port } = await start(t);
  const s = await h2connect(t, f.port);
  const set = (query) => ask(port, `/log-level?${query}`, { method: 'POST' });
  assert.equal((await set('level=debug&module=hints')).status, 200);
  await loadPage(s, '/page1', {}, (stream, p) => { if (p.path === '/b.js') stream.on('data', () => stream.close(8)); });
  await f.waitForLog(/debug hints: .*\/page1: <\/c.css>/);
  assert.doesNotMatch(f.text, /debug (cache|client|h2)/);
  assert.equal((await set('level=default&module=hints')).status, 200);
  const from = f.text.length;
  await loadPage(s, '/page2');
  await set('level=trace');
  await h2request(await h2connect(t, f.port), '/x');
  await f.waitForLog(/debug client: /, from);
  assert.doesNotMatch(f.text.slice(from), /\/page2/);
  for (const bad of ['', 'level=loud', 'module=h2', 'level=default', 'level=info&module=H2', `level=info&module=${'x'.repeat(40)}`, 'level=info&what=1']) assert.equal((await set(bad)).status, 400, bad);
  // a reload brings back what is configured
  fs.writeFileSync(f.configFile, `log: {level: info, modules: ["cache=debug"]}\n${fs.readFileSync(f.configFile, 'utf8')}`);
  f.child.kill('SIGHUP');
  await f.waitForLog(/configuration reloaded/, from);
});

test('the status comes as events, each second, across a reload; there are not too many', async (t) => {
  const { f, port } = await start(t);
  const agent = new http.Agent({ maxSockets: Infinity });
  t.after(() => agent.destroy());
  const req = http.get({ host: '127.0.0.2', port, path: '/events', agent, headers: { authorization: `Bearer ${token}` } });
  req.on('error', () => {});
  const [res] = await once(req, 'response');
  assert.equal(res.headers['content-type'], 'text/event-stream');
  res.setEncoding('utf8');
  let text = '';
  const event = async () => {
    for (;;) {
      const end = text.indexOf('\n\n');
      if (end >= 0) {
        const one = text.slice(0, end);
        text = text.slice(end + 2);
        assert.match(one, /^event: status\ndata: \{/);
        return JSON.parse(one.slice(one.indexOf('data: ') + 6));
      }
      text += (await once(res, 'data'))[0];
    }
  };
  const first = await event();
  assert.equal(first.version, 1);
  f.child.kill('SIGHUP');
  await f.waitForLog(/configuration reloaded/);
  const s = await h2connect(t, f.port);
  await h2request(s, '/x');
  let next;
  do next = await event(); while (next.counters.requests < 1);
  assert.equal(next.configurations, 2);
  assert.ok(next.now_us > first.now_us);
  // past the limit of streams, on both workers
  const answers = [];
  for (let i = 0; i < 20; i++) {
    const r = http.get({ host: '127.0.0.2', port, path: '/events', agent, headers: { authorization: `Bearer ${token}` } });
    r.on('error', () => {});
    answers.push(once(r, 'response').then(([a]) => { a.resume(); a.on('error', () => {}); return a.statusCode; }));
  }
  const codes = await Promise.all(answers);
  assert.ok(codes.includes(503) && codes.includes(200), codes.join(' '));
});

test('the binary has the tracepoints that are listed', { skip: spawnSync('readelf', ['--version']).status === 0 ? false : 'needs readelf (package binutils)' }, async (t) => {
  const notes = (await run('readelf', ['-n', binary])).stdout;
  if (!/stapsdt/.test(notes)) return t.skip('built without <sys/sdt.h>');
  const found = [...new Set([...notes.matchAll(/Provider: forerun\s+Name: (\w+)/g)].map((m) => m[1]))].sort();
  const listed = [...fs.readFileSync(path.join(root, 'src/base/probes.h'), 'utf8').matchAll(/^ \* ([a-z_]+) {2,}[a-z]/gm)].map((m) => m[1]).filter((n) => n !== 'name').sort();
  assert.deepEqual(found, listed);
});

test('forerun status and top say it in the terminal', async (t) => {
  const { f, port } = await start(t);
  const s = await h2connect(t, f.port);
  await h2request(s, '/stored');
  await h2request(s, '/stored');
  await loadPage(s, '/page', {}, (stream, p) => { if (p.path === '/b.js') stream.on('data', () => stream.close(8)); });
  const c = await f.countersWhen((n) => n.exchanges_open === 0);
  const where = ['--admin', `127.0.0.2:${port}`, '--token-file', tokenFile()];
  const r = await run(binary, ['status', ...where]);
  assert.equal(r.code, 0, r.stderr);
  assert.match(r.stdout, /^forerun \d\S+, process \d+, up \d+ s, 2 workers, ready/);
  assert.match(r.stdout, /^requests +5, 0 in progress/m);
  assert.match(r.stdout, /^cache +hit ratio 20 %;/m);
  assert.match(r.stdout, /^ +hit 1, miss 4$/m);
  // long lines go on below their label
  assert.match(r.stdout.replace(/\n {12}/g, ' '), new RegExp(`^pushes +2 promised: 1 completed, 1 cancelled, 0 refused, 0 failed; .* pushed, .*\\(${Math.round(100 * c.wasted_bytes / c.pushed_bytes)} %\\) wasted`, 'm'));
  assert.match(r.stdout, /HPACK saved \d+ %/);
  assert.match(r.stdout, /^ +style +push +pushed +\/a\.css\n +pushed 1 times: 1 completed, 0 cancelled, 0 B wasted$/m);
  assert.match(r.stdout, /^ +style +link +nopush +\/c\.css$/m);
  assert.deepEqual(r.stdout.split('\n').filter((l) => l.length > 100), []);
  const json = JSON.parse((await run(binary, ['status', '--json', ...where])).stdout);
  assert.equal(json.version, 1);
  const top = await run(binary, ['top', '--rounds', '2', ...where]);
  assert.equal(top.code, 0, top.stderr);
  assert.equal(top.stdout.match(/SLOWEST PAGES/g).length, 2);
  assert.match(top.stdout, /localhost:\d+\/page +1 /);
  assert.match(top.stdout, /1 completed, 1 wasted/);
  assert.doesNotMatch(top.stdout, /\x1b/);
  for (const bad of [['status', '--what'], ['status', 'x'], ['top', '--interval', '0'], ['top', '--rounds', 'x']]) assert.equal((await run(binary, bad)).code, 2, bad.join(' '));
  assert.equal((await run(binary, ['status', '--admin', 'unix:/nowhere'])).code, 1);
  assert.match((await run(binary, ['status', '--admin', `127.0.0.2:${port}`])).stderr, /a token is needed/);
});

test('the history has what was, over a reload, in two ranges', async (t) => {
  const origin = await startOrigin(t, (req, res) => { res.statusCode = req.url === '/broken' ? 500 : 200; res.end('x'); });
  const f = await startForerun(t, { config: `listen: [{address: "127.0.0.1:0", tls: false}]\n${adminYaml()}sites: [{hosts: ["*"], origin: {url: "${origin.url}"}}]\n` });
  const port = adminPort(f), total = (h, name) => h[name].reduce((a, b) => a + b, 0);
  const history = async (range) => JSON.parse((await ask(port, `/history?range=${range}`)).body);
  // sampled once a second: until a look has seen them
  const until = async (range, condition) => {
    for (const end = Date.now() + 20000; ;) {
      const h = await history(range);
      if (condition(h)) return h;
      if (Date.now() > end) throw new Error(JSON.stringify(h));
    }
  };
  // what came before the first look is not known
  await until('hour', (h) => h.requests.length > 0);
  for (const path of ['/', '/a', '/broken']) await fetch(`http://127.0.0.1:${f.plainPort}${path}`).then((r) => r.text());
  f.child.kill('SIGHUP');
  await f.waitForLog(/configuration reloaded/);
  await fetch(`http://127.0.0.1:${f.plainPort}/b`).then((r) => r.text());
  for (const range of ['hour', 'day']) {
    const h = await until(range, (all) => total(all, 'responses') === 4);
    assert.deepEqual([h.version, h.range, h.step_s], [1, range, range === 'hour' ? 1 : 60]);
    assert.equal(total(h, 'requests'), 4);
    assert.equal(total(h, 'errors'), 1);
    assert.ok(Math.max(...h.p99_us) > 0);
    const lists = Object.values(h).filter(Array.isArray);
    assert.equal(lists.length, 14);
    assert.ok(lists.every((list) => list.length === h.requests.length && list.length <= 3600));
  }
  assert.equal((await ask(port, '/history')).status, 200);
  assert.equal((await ask(port, '/history?range=year')).status, 400);
  assert.equal((await ask(port, '/history', { auth: false })).status, 401);
});

test('the dashboard explains every reason that a plan may have', () => {
  const table = fs.readFileSync(path.join(root, 'src/hints/plan.h'), 'utf8').split('#define FR_REASON_TABLE(X)')[1].split('enum fr_reason')[0];
  const names = [...table.matchAll(/X\([A-Z0-9_]+, "([^"]+)"\)/g)].map((m) => m[1]);
  const words = fs.readFileSync(path.join(root, 'web/dashboard/reasons.js'), 'utf8');
  assert.ok(names.length > 30);
  for (const name of names) assert.match(words, new RegExp(`^ {2}(${name}|'${name}'): '.{10,}\\.',$`, 'm'), name);
});
