// The access log: what it says of requests, pages and pushes, against what
// clients saw; and that it stays whole under load, rotation and a full disk.
import test from 'node:test';
import fs from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { assert, startForerun, startOrigin, h2connect, h2request, loadPage, raw, run, tempFile, scratch } from './lib/harness.mjs';

const yaml = (origin, log, more = '') => `listen:
  - {address: "127.0.0.1:0"}
  - {address: "127.0.0.1:0", tls: false}
workers: 2
access_log: ${log}
${more}
sites: [{hosts: ["*"], origin: {url: "${origin}"}}]
`;

const links = '</a.css>; rel=preload; as=style, </b.js>; rel=preload; as=script, </c.css>; rel=preload; as=style; nopush, <https://cdn.test/d.css>; rel=preload; as=style, </a.css>; rel=preload; as=style';
function site(req, res) {
  if (req.url === '/page') res.writeHead(200, { 'content-type': 'text/html', link: links }).end('<p>page</p>');
  else if (req.url === '/stored') res.writeHead(200, { 'cache-control': 'max-age=60' }).end('stored');
  else if (req.url === '/b.js') res.writeHead(200).write('x'.repeat(5000)); // never ends
  else res.end('x'.repeat(1000));
}

test('a request is logged with what the client saw', async (t) => {
  const origin = await startOrigin(t, site);
  const file = tempFile('access.log');
  const f = await startForerun(t, { config: yaml(origin.url, `{file: ${file}}`) });
  const s = await h2connect(t, f.port);
  const r = await h2request(s, { ':path': '/x?y=1', 'user-agent': 'me "and" you', referer: 'https://r.test/' });
  assert.equal(r.status, 200);
  const posted = await h2request(s, { ':path': '/post', ':method': 'POST' }, 'twelve bytes');
  assert.equal(posted.status, 200);
  const [one, two] = await f.accessRecords(file);
  assert.match(one.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  assert.ok(Math.abs(Date.parse(one.time) - Date.now()) < 60000);
  assert.match(one.id, /^[0-9a-f]{16}$/);
  assert.equal(one.client, '127.0.0.1');
  assert.equal(one.client_port, s.socket.localPort);
  assert.deepEqual([one.protocol, one.tls, one.tls_resumed], ['HTTP/2.0', 'TLSv1.3', false]);
  assert.deepEqual([one.method, one.scheme, one.host, one.target], ['GET', 'https', `localhost:${f.port}`, '/x?y=1']);
  assert.deepEqual([one.status, one.end, one.bytes, one.request_bytes], [200, 'completed', 1000, undefined]);
  assert.deepEqual([one.cache, one.origin], ['miss', origin.url.slice(7)]);
  assert.deepEqual([one.user_agent, one.referer], ['me "and" you', 'https://r.test/']);
  assert.ok(one.origin_first_byte_us > 0 && one.origin_first_byte_us <= one.first_byte_us);
  assert.ok(one.first_byte_us <= one.duration_us && one.origin_duration_us <= one.duration_us);
  assert.equal(one.plan, undefined);
  assert.equal(one.outcome, undefined);
  assert.deepEqual([two.method, two.request_bytes, two.cache], ['POST', 12, 'bypass']);
  assert.notEqual(one.id, two.id);
});

test('a page has its plan with each decision, a push its page and outcome', async (t) => {
  const origin = await startOrigin(t, site);
  const file = tempFile('access.log');
  const f = await startForerun(t, { config: yaml(origin.url, `{file: ${file}}`) });
  const s = await h2connect(t, f.port);
  const seen = await loadPage(s, '/page', {}, (stream, p) => {
    if (p.path === '/b.js') stream.on('data', () => stream.close(8)); // CANCEL
  });
  const c = await f.countersWhen((n) => n.pushes_cancelled === 1 && n.pushes_completed === 1);
  const all = await f.accessRecords(file);
  const page = all.find((l) => l.target === '/page');
  assert.deepEqual(page.plan.map((l) => [l.url, l.as, l.source, l.delivery, l.reason]).sort(), [
    ['/a.css', 'style', 'link', 'link', 'duplicate'],
    ['/a.css', 'style', 'link', 'push', 'pushed'],
    ['/b.js', 'script', 'link', 'push', 'pushed'],
    ['/c.css', 'style', 'link', 'link', 'nopush'],
    ['https://cdn.test/d.css', 'style', 'link', 'link', 'cross-origin'],
  ]);
  const pushes = Object.fromEntries(all.filter((l) => l.outcome).map((l) => [l.target, l]));
  assert.deepEqual(Object.keys(pushes).sort(), seen.paths.sort());
  assert.deepEqual([pushes['/a.css'].parent, pushes['/a.css'].outcome, pushes['/a.css'].bytes], [page.id, 'completed', 1000]);
  assert.deepEqual([pushes['/b.js'].parent, pushes['/b.js'].outcome, pushes['/b.js'].end], [page.id, 'cancelled', 'cancelled']);
  // the counters say the same
  assert.equal(c.pushed_bytes, pushes['/a.css'].bytes + pushes['/b.js'].bytes);
  assert.equal(c.wasted_bytes, pushes['/b.js'].bytes);
  assert.equal(c.hints, page.plan.length);
  assert.equal(c.access_log_dropped, 0);
});

test('the cache\'s part in each answer is named', async (t) => {
  let n = 0;
  const origin = await startOrigin(t, (req, res) => {
    n++;
    if (req.url === '/stored') res.writeHead(200, { 'cache-control': 'max-age=60' }).end('x');
    else if (req.headers['if-none-match'] === '"e"') res.writeHead(304, { 'cache-control': 'max-age=60', etag: '"e"' }).end();
    else if (req.url === '/checked') res.writeHead(200, { 'cache-control': 'max-age=60', etag: '"e"' }).end('x');
    else if (req.url === '/swr') res.writeHead(200, { 'cache-control': 'max-age=1, stale-while-revalidate=600', age: '2' }).end('x');
    else res.writeHead(200, { 'cache-control': 'no-store' }).end('x');
  });
  const file = tempFile('access.log');
  const f = await startForerun(t, { config: yaml(origin.url, `{file: ${file}, fields: [target, cache, status]}`) });
  const s = await h2connect(t, f.port);
  for (const p of ['/stored', '/stored', '/checked', '/swr', '/swr', '/never', '/never']) await h2request(s, p);
  await h2request(s, { ':path': '/checked', 'cache-control': 'no-cache' });
  await h2request(s, { ':path': '/never', ':method': 'POST' }, 'x');
  assert.deepEqual((await f.accessRecords(file)).map((l) => `${l.target} ${l.cache}`), [
    '/stored miss', '/stored hit', '/checked miss', '/swr miss', '/swr stale', '/never miss', '/never miss', '/checked revalidated', '/never bypass']);
});

test('refusals and clients that go away are logged', async (t) => {
  const origin = await startOrigin(t, (req, res) => { if (req.url !== '/hang') res.end('x'); });
  const file = tempFile('access.log');
  const f = await startForerun(t, { config: yaml(origin.url, `{file: ${file}}`) });
  await raw(f.plainPort, 'GET /bad HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n');
  await raw(f.plainPort, (socket) => {
    socket.write('GET /hang HTTP/1.1\r\nHost: a\r\n\r\n');
    once(origin, 'request').then(() => socket.resetAndDestroy());
  });
  await f.countersWhen((c) => c.exchanges_open === 0);
  // two workers have a queue each: the order of their lines says nothing
  const all = await f.accessRecords(file), bad = all.find((l) => l.status), gone = all.find((l) => !l.status);
  assert.equal(all.length, 2);
  assert.deepEqual([bad.status, bad.cache, bad.protocol], [400, 'none', 'HTTP/1.1']);
  assert.deepEqual([gone.target, gone.status, gone.end, gone.origin], ['/hang', undefined, 'cancelled', origin.url.slice(7)]);
});

test('combined and custom formats, and a client that wants to forge a line', async (t) => {
  const origin = await startOrigin(t, site);
  const file = tempFile('access.log');
  const f = await startForerun(t, { config: yaml(origin.url, `{file: ${file}, format: combined}`) });
  await raw(f.plainPort, 'GET /"\xff HTTP/1.1\r\nHost: a\r\nConnection: close\r\nUser-Agent: a" 1 "\\\xe9\r\n\r\n');
  const s = await h2connect(t, f.port);
  await h2request(s, { ':path': '/x', 'user-agent': 'x" "y' });
  const text = (await f.accessLog(file, 'latin1')).trimEnd().split('\n');
  assert.equal(text.length, 2);
  const good = text.findIndex((l) => / \/x HTTP/.test(l)), forged = text[1 - good];
  assert.match(text[good], /^127\.0\.0\.1 - - \[\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d \+0000\] "GET \/x HTTP\/2\.0" 200 1000 "-" "x\\x22 \\x22y"$/);
  assert.match(forged, / "[^"]*" \d{3} \d+ "-" "a\\x22 1 \\x22\\x5c\\xe9"$|^127\.0\.0\.1 - - \[[^\]]*\] "[^"]*" 400 \d+ "-" "-"$/);
  fs.writeFileSync(f.configFile, yaml(origin.url, `{file: ${file}.2, format: "{status} {target} {cache}"}`));
  const from = f.text.length;
  f.child.kill('SIGHUP');
  await f.waitForLog(/configuration reloaded/, from);
  await h2request(s, '/y');
  assert.equal(await f.accessLog(`${file}.2`), '200 /y miss\n');
  assert.equal(fs.readFileSync(file, 'latin1').trimEnd().split('\n').length, 2);
});

test('a log file that cannot be written is a configuration error', async (t) => {
  const origin = await startOrigin(t, site);
  const f = await startForerun(t, { config: yaml(origin.url, `{file: ${tempFile('access.log')}}`) });
  fs.writeFileSync(f.configFile, yaml(origin.url, '{file: /nowhere/access.log}'));
  f.child.kill('SIGHUP');
  await f.waitForLog(/not reloaded.*access_log\.file: cannot write \/nowhere\/access\.log/);
});

// h2load's own count against the lines, over rotations in the middle of it.
test('under load with rotation no line is lost, torn or doubled', async (t) => {
  const origin = await startOrigin(t, site);
  const file = tempFile('access.log');
  const f = await startForerun(t, { config: yaml(origin.url, `{file: ${file}}`), logLevel: 'info' });
  const total = 20000;
  const load = run('h2load', ['-n', String(total), '-c', '8', '-m', '16', `https://127.0.0.1:${f.port}/stored`], { timeout: 120000 });
  let parts = 0;
  for (let done = false; !done;) {
    done = await Promise.race([load.then(() => true), f.reopenLog().then(() => false)]);
    if (!done && parts < 20) fs.renameSync(file, `${file}.${parts++}`);
  }
  assert.match((await load).stdout, new RegExp(`${total} succeeded, 0 failed`));
  const c = await f.countersWhen((n) => n.exchanges_open === 0);
  await f.reopenLog();
  const ids = new Set();
  let n = 0;
  for (const name of [...Array(parts).keys()].map((i) => `${file}.${i}`).concat(file)) {
    const text = fs.readFileSync(name, 'utf8');
    assert.ok(text === '' || text.endsWith('\n'), name);
    for (const l of text.split('\n').filter(Boolean)) { ids.add(JSON.parse(l).id); n++; }
  }
  t.diagnostic(`${parts} rotations`);
  assert.ok(parts > 0);
  assert.equal(n + c.access_log_dropped, total);
  assert.equal(ids.size, n);
  assert.equal(c.access_log_lines, n);
});

// A disk of 640 KiB: requests are answered as ever, the log says what was dropped.
const mayMount = process.getuid() === 0 && spawnSync('unshare', ['-m', 'true']).status === 0;
test('a full disk blocks no request, tears no line, and is said', { skip: mayMount ? false : 'needs root, to mount a small tmpfs' }, async (t) => {
  const origin = await startOrigin(t, site);
  const folder = path.join(scratch, 'small');
  fs.mkdirSync(folder);
  assert.equal(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'none', folder]).status, 0);
  t.after(() => spawnSync('umount', ['-l', folder]));
  const file = path.join(folder, 'access.log');
  const f = await startForerun(t, { config: yaml(origin.url, `{file: ${file}, buffer: 256KiB}`), logLevel: 'info' });
  const total = 16000; // more than the disk and the buffers of both workers hold; what the buffers hold fits on the disk
  const load = await run('h2load', ['-n', String(total), '-c', '4', '-m', '16', `https://127.0.0.1:${f.port}/stored`], { timeout: 120000 });
  assert.match(load.stdout, new RegExp(`${total} succeeded, 0 failed`));
  await f.waitForLog(/error access: .*access\.log cannot be written: No space left on device/);
  await f.waitForLog(/warn access: \d+ lines were dropped/);
  const c = await f.countersWhen((n) => n.exchanges_open === 0);
  assert.equal(c.access_log_lines + c.access_log_dropped, total);
  assert.ok(c.access_log_dropped > 0);
  // space is made: what waited is written, behind the line that was torn
  const full = fs.readFileSync(file, 'utf8');
  fs.truncateSync(file);
  await f.waitForLog(/info access: .* is written again/);
  await f.reopenLog();
  const ids = new Set();
  for (const l of (full + fs.readFileSync(file, 'utf8')).split('\n').filter(Boolean)) ids.add(JSON.parse(l).id);
  assert.equal(ids.size, c.access_log_lines);
});
