// forerun profile and advise: the real binary measures sites made for the test,
// over a network that it emulates itself.
import test from 'node:test';
import fs from 'node:fs';
import zlib from 'node:zlib';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import path from 'node:path';
import { once } from 'node:events';
import { assert, binary, caFile, freePort, run, scratch, spawnTied, startForerun, startOrigin, tempFile } from './lib/harness.mjs';

const env = { XDG_DATA_HOME: path.join(scratch, 'xdg'), XDG_RUNTIME_DIR: scratch };
const far = ['--rtt', '100', '--down', '8000', '--up', '8000'];
const forerun = (...args) => run(binary, args, { timeout: 120000, env });

// A page that is made slowly and needs a style sheet, a script and a font that
// only the style sheet names.
const files = {
  '/': ['text/html', '<!doctype html><head><link rel=stylesheet href=/a.css><script src=/b.js></script></head><body><h1 class=t>Hello</h1><img src=/c.png>'],
  '/plain': ['text/html', '<!doctype html><style>b{}</style><body>nothing else'],
  '/a.css': ['text/css', '@font-face{font-family:F;src:url(/f.woff2)}.t{font-family:F}'],
  '/b.js': ['text/javascript', 'var x = 1;'],
  '/c.png': ['image/png', 'x'.repeat(2000)],
  '/f.woff2': ['font/woff2', 'x'.repeat(4000)],
};
function site(t, { think = 250, link } = {}) {
  return startOrigin(t, (req, res) => {
    const file = files[req.url.replace(/\?.*/, '')];
    if (!file) { res.writeHead(404); res.end(); return; }
    const page = file[0] === 'text/html';
    const answer = () => {
      res.writeHead(200, { 'content-type': file[0], 'cache-control': page ? 'no-cache' : 'public, max-age=600', ...(page && link && { link }) });
      res.end(file[1]);
    };
    if (page) setTimeout(answer, think);
    else answer();
  });
}
const variant = (p, name) => p.variants.find((v) => v.name === name);
const entry = (v, end) => v.typical.entries.find((e) => e.url.endsWith(end));

test('push and 103 are measured against nothing, for a site that has no edge yet', { timeout: 120000 }, async (t) => {
  const origin = await site(t, { link: '</a.css>; rel=preload; as=style, </b.js>; rel=preload; as=script, </f.woff2>; rel=preload; as=font; crossorigin' });
  const [json, har, html] = ['p.json', 'p.har', 'p.html'].map(tempFile);
  const r = await forerun('profile', '--origin', `${origin.url}/`, '--runs', '4', ...far, '--json', json, '--har', har, '--html', html);
  assert.equal(r.code, 0, r.stderr);
  assert.match(r.stdout, /page complete\n +off +\d+ ms \|/);
  const p = JSON.parse(fs.readFileSync(json, 'utf8'));
  assert.equal(p.forerun_profile, 1);
  assert.deepEqual(p.variants.map((v) => [v.name, v.loads, v.failed]), [['off', 4, 0], ['push', 4, 0], ['early-hints', 4, 0]]);
  const [off, push, hints] = p.variants;
  assert.ok(off.typical.entries.every((e) => !e.flags.includes('pushed')));
  assert.equal(entry(off, '/a.css').found, 'link');
  // the connection (100), TLS (100), the question (100), the thinking (250)
  assert.ok(off.metrics.ttfb.median > 540, `${off.metrics.ttfb.median}`);
  for (const asset of ['/a.css', '/b.js', '/f.woff2']) {
    assert.ok(entry(push, asset).flags.includes('pushed'), `${asset} was not pushed`);
    assert.ok(entry(push, asset).flags.includes('needed'));
    assert.ok(entry(push, asset).promised <= entry(push, asset).end);
  }
  // how much sooner, and how surely, depends on what else the machine does; the order does not
  assert.ok(entry(push, '/a.css').promised <= push.typical.ttfb, JSON.stringify(push.typical));
  assert.equal(hints.metrics.early_hints.median, 1);
  assert.ok(entry(hints, '/a.css').flags.includes('early'));
  assert.ok(entry(hints, '/a.css').start <= hints.typical.ttfb, JSON.stringify(hints.typical));
  for (const v of [push, hints]) assert.ok(Number.isFinite(v.differences.render.estimate));
  const log = JSON.parse(fs.readFileSync(har, 'utf8')).log;
  assert.equal(log.version, '1.2');
  assert.deepEqual(log.pages.map((x) => x.id), ['off', 'push', 'early-hints']);
  for (const e of log.entries) {
    assert.ok(log.pages.some((x) => x.id === e.pageref));
    for (const k of ['startedDateTime', 'time', 'request', 'response', 'cache', 'timings']) assert.ok(k in e, k);
    const sum = ['blocked', 'dns', 'connect', 'send', 'wait', 'receive'].reduce((n, k) => n + Math.max(0, e.timings[k]), 0);
    assert.ok(Math.abs(sum - e.time) < 2, `${e.request.url}: ${sum} is not ${e.time}`);
  }
  const text = fs.readFileSync(html, 'utf8');
  assert.doesNotMatch(text, /\{\{|(src|href)="?(https?:)?\/\//);
});

test('any HTTP/2 server can be profiled, with the pushes that it makes', { timeout: 120000 }, async (t) => {
  const edge = await startForerun(t, { origin: (await site(t)).url }); // for the authority
  const folder = path.dirname(caFile);
  const server = http2.createSecureServer({ key: fs.readFileSync(path.join(folder, 'key.pem')), cert: fs.readFileSync(path.join(folder, 'cert.pem')) });
  server.on('stream', (stream, headers) => {
    const [type, body] = files[headers[':path']] ?? ['text/plain', ''];
    if (headers[':path'] === '/' && stream.pushAllowed) {
      for (const name of ['/a.css', '/unused.js']) stream.pushStream({ ':path': name }, (err, push) => {
        push.on('error', () => {});
        push.respond({ 'content-type': files[name]?.[0] ?? 'text/javascript' });
        push.end(files[name]?.[1] ?? 'never used');
      });
    }
    stream.respond({ ':status': 200, 'content-type': type, 'cache-control': 'max-age=60' });
    stream.end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => new Promise((r) => server.close(r)));
  const r = await forerun('profile', `https://localhost:${server.address().port}/`, '--ca', caFile, '--variants', 'off,push', '--runs', '2', '--network', 'cable', '--json', '-');
  assert.equal(r.code, 0, r.stderr);
  const p = JSON.parse(r.stdout);
  assert.equal(variant(p, 'off').metrics.pushes_used.median, 0);
  assert.equal(variant(p, 'push').metrics.pushes_used.median, 1);
  assert.equal(variant(p, 'push').metrics.pushes_unused.median, 1);
  assert.ok(p.advice.some((a) => a.kind === 'unseen' && a.text.includes('unused.js')));
  assert.ok(edge.port);
});

test('looking the name up is a part of a load', { timeout: 60000 }, async (t) => {
  const edge = await startForerun(t, { origin: (await site(t, { think: 0 })).url });
  const [json, har] = ['dns.json', 'dns.har'].map(tempFile);
  const load = async (host) => {
    const r = await forerun('profile', `https://${host}:${edge.port}/`, '--insecure', '--variants', 'off', '--runs', '5', ...far, '--cpu', '0', '--json', json, '--har', har);
    assert.equal(r.code, 0, r.stderr);
    return JSON.parse(fs.readFileSync(json, 'utf8')).variants[0].typical;
  };
  const [named, numeric] = [await load('localhost'), await load('127.0.0.1')];
  const c = named.connections[0];
  // a round trip of 100 ms each for the name, TCP and TLS; and the question
  assert.ok(c.resolved - c.begin >= 100, JSON.stringify(c));
  assert.ok(Math.abs(c.connected - c.resolved - 100) < 1, JSON.stringify(c));
  assert.ok(named.ttfb >= 400, `${named.ttfb}`);
  assert.equal(numeric.connections[0].resolved, undefined);
  assert.ok(numeric.ttfb >= 300, `${numeric.ttfb}`);
  // of the last one written, that by number
  assert.equal(JSON.parse(fs.readFileSync(har, 'utf8')).log.entries[0].timings.dns, -1);
  await load('localhost');
  const [first, second] = JSON.parse(fs.readFileSync(har, 'utf8')).log.entries.map((e) => e.timings);
  assert.ok(first.dns >= 100 && first.connect >= 200 && first.ssl < first.connect, JSON.stringify(first));
  assert.equal(second.dns, -1);
});

test('what cannot be measured says why', { timeout: 60000 }, async (t) => {
  const folder = path.dirname(caFile);
  const old = https.createServer({ key: fs.readFileSync(path.join(folder, 'key.pem')), cert: fs.readFileSync(path.join(folder, 'cert.pem')) }, (req, res) => res.end('x'));
  old.listen(0, '127.0.0.1');
  await once(old, 'listening');
  t.after(() => { old.closeAllConnections(); old.close(); });
  const http1 = await forerun('profile', `https://localhost:${old.address().port}/`, '--ca', caFile, '--runs', '1', '--network', 'none');
  assert.equal(http1.code, 1);
  assert.match(http1.stderr, /does not offer HTTP\/2|no application protocol/);
  const nobody = await forerun('profile', `https://localhost:${await freePort()}/`, '--insecure', '--runs', '1');
  assert.equal(nobody.code, 1);
  assert.match(nobody.stderr, /connection refused/);
  for (const args of [['profile'], ['profile', 'http://localhost/'], ['profile', 'https://x/', '--runs', '0'], ['profile', 'https://x/', '--network', 'warp'],
    ['profile', 'https://x/', '--variants', 'off,teleport'], ['profile', 'https://x/', '--think', '5'], ['profile', 'https://x/', '--cpu', '-1'], ['advise'], ['advise', '--network', 'warp', 'x']])
    assert.equal((await forerun(...args)).code, 2, args.join(' '));
  const missing = await forerun('advise', tempFile('missing.json'));
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /No such file/);
});

test('the demo profiles its page: plain, with 103 and with push', { timeout: 120000 }, async () => {
  const r = await run(binary, ['demo', '--once', '--listen', '127.0.0.1:0'], { timeout: 100000, env: { ...env, COLUMNS: '100' } });
  assert.equal(r.code, 0, r.stderr);
  assert.match(r.stdout, /without hints\n[^]*request \|[^]*with 103 Early Hints\n[^]*hint {4}\|/);
  // what is gained depends on what else the machine does: not asserted
  for (const title of ['first byte', 'first render', 'page complete'])
    assert.match(r.stdout, new RegExp(`${title}\n  off +\\d+ ms .*\n  early-hints +\\d+ ms .*\\| .*(sooner|later|no difference seen).*\n  push +\\d+ ms \\|.*\\| .*(sooner|later|no difference seen).*\n`));
});

test('an interrupted profile shows what was measured so far', { timeout: 60000 }, async (t) => {
  const origin = await site(t, { think: 20 });
  const json = tempFile('cut.json');
  const child = spawnTied(binary, ['profile', '--origin', origin.url, '--variants', 'off', '--runs', '200', '--network', 'cable', '--json', json], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (d) => { text += d; });
  // three loads warm up; the edge validates the page for each that follows
  while (origin.requests.filter((r) => r.url === '/').length < 6) await once(origin, 'request');
  child.kill('SIGINT');
  const [code] = await once(child, 'close');
  assert.equal(code, 0);
  assert.match(text, /Interrupted/);
  const p = JSON.parse(fs.readFileSync(json, 'utf8'));
  assert.ok(p.interrupted && p.variants[0].loads >= 1 && p.variants[0].loads < 200);
});

test('--think delays the page and nothing else', { timeout: 60000 }, async (t) => {
  const origin = await site(t, { think: 0 });
  const r = await forerun('profile', '--origin', origin.url, '--variants', 'off', '--runs', '2', '--network', 'none', '--cpu', '0', '--think', '3000', '--json', '-');
  assert.equal(r.code, 0, r.stderr);
  const l = JSON.parse(r.stdout).variants[0].typical;
  assert.ok(l.ttfb >= 3000, `${l.ttfb}`);
  // one more such delay would be seen, however slow the machine
  assert.ok(l.complete - l.ttfb < 3000, `${l.complete - l.ttfb}`);
});

test('advised rules make the page faster, and nothing is advised where nothing is to gain', { timeout: 120000 }, async (t) => {
  const origin = await site(t);
  const rules = tempFile('rules.yaml');
  const advised = await forerun('advise', '--origin', `${origin.url}/`, '--network', '4g', '--write', rules);
  assert.equal(advised.code, 0, advised.stderr);
  assert.match(advised.stdout, /Link: <\/a\.css>; rel=preload; as=style\n/);
  assert.match(advised.stdout, /Link: <\/f\.woff2>; rel=preload; as=font; crossorigin\n/);
  assert.match(fs.readFileSync(rules, 'utf8'), /^rules:\n {2}- path: "\/"\n {4}links:\n {6}- "<\/a\.css>/);
  const json = tempFile('ruled.json');
  const r = await forerun('profile', '--origin', `${origin.url}/`, '--rules', rules, '--variants', 'off,push,early-hints', '--runs', '4', '--network', '4g', '--json', json);
  assert.equal(r.code, 0, r.stderr);
  const p = JSON.parse(fs.readFileSync(json, 'utf8'));
  for (const name of ['push', 'early-hints']) {
    const l = variant(p, name).typical, font = l.entries.find((e) => e.url.endsWith('/f.woff2'));
    assert.ok(font.flags.includes(name === 'push' ? 'pushed' : 'early'), `${name}: ${JSON.stringify(font)}`);
    assert.ok((font.promised ?? font.start) <= l.ttfb, `${name}: ${JSON.stringify(l)}`);
  }
  // what was advised was loaded, and is said
  assert.match(advised.stdout, /Measured with 103 Early Hints: /);
  // the same advice out of the file
  const again = JSON.parse((await forerun('advise', json, '--json')).stdout);
  assert.ok(again[0].gain && again[0].links.includes('</a.css>; rel=preload; as=style'));
  const plain = await forerun('advise', '--origin', `${origin.url}/plain`);
  assert.equal(plain.code, 0, plain.stderr);
  assert.match(plain.stdout, /Nothing to gain/);
  // rules that the edge would not take are refused before anything is measured
  fs.writeFileSync(rules, 'rules:\n  - path: "/"\n    linkz: []\n');
  const bad = await forerun('profile', '--origin', `${origin.url}/`, '--rules', rules);
  assert.equal(bad.code, 1);
  assert.match(bad.stderr, /linkz: unknown key; did you mean 'links'/);
});

test('what matters most is said first', { timeout: 120000 }, async (t) => {
  const css = 'p{color:red}\n'.repeat(4000);
  const origin = await startOrigin(t, (req, res) => {
    const [type, control, body] = { '/': ['text/html', 'private, no-store', '<!doctype html><link rel=stylesheet href=/a.css><script src=/b.js></script><p>x<img src=/moved.png>'],
      '/a.css': ['text/css', 'max-age=600', css], '/b.js': ['text/javascript', '', 'x()'], '/c.png': ['image/png', 'max-age=60', 'x'] }[req.url] ?? [];
    if (req.url === '/moved.png') { res.writeHead(302, { location: '/c.png' }); res.end(); return; }
    setTimeout(() => { res.writeHead(200, { 'content-type': type, ...(control && { 'cache-control': control }) }); res.end(body); }, req.url === '/' ? 200 : 0);
  });
  const r = await forerun('advise', '--origin', origin.url, '--no-verify', '--json');
  assert.equal(r.code, 0, r.stderr);
  const [page] = JSON.parse(r.stdout);
  const kinds = page.advice.map((a) => a.kind);
  // compression by the edge, if it has that, leaves nothing to say of text
  const first = kinds.includes('text') ? ['text', 'caching', 'page', 'redirect'] : ['caching', 'page', 'redirect'];
  assert.deepEqual(kinds.slice(0, first.length), first, r.stdout);
  if (kinds.includes('text')) assert.match(page.advice[0].text, /a\.css\. With gzip these 51 KiB are \d KiB: \d\d KiB less/);
  const said = (kind) => page.advice.find((a) => a.kind === kind).text;
  assert.match(said('caching'), /b\.js/);
  assert.match(said('page'), /Cache-Control: private, no-store/);
  assert.match(said('redirect'), /moved\.png/);
  assert.ok(!page.advice.some((a) => a.kind === 'measured'));
  // the same from a profile, in words and in its file
  const json = tempFile('first.json');
  const p = await forerun('profile', '--origin', origin.url, '--runs', '1', '--variants', 'off', '--json', json);
  assert.match(p.stdout, /one load each[^]*first of all\n[^]*b\.js[^]*first byte/);
  const again = JSON.parse((await forerun('advise', json, '--json')).stdout)[0];
  assert.deepEqual(again.advice.map((a) => a.kind).slice(0, first.length), first);
});

test('advice that its own loads refute is taken back', { timeout: 120000 }, async (t) => {
  const origin = await site(t);
  const json = tempFile('refuted.json');
  const r = await forerun('profile', '--origin', `${origin.url}/`, '--variants', 'off,push', '--runs', '4', '--json', json);
  assert.equal(r.code, 0, r.stderr);
  const p = JSON.parse(fs.readFileSync(json, 'utf8'));
  const push = variant(p, 'push');
  const say = async () => JSON.parse((await forerun('advise', json, '--json')).stdout)[0];
  // as if all that is advised had been pushed, and had made the page later
  const advised = (await say()).links.map((l) => l.slice(1, l.indexOf('>')));
  for (const e of push.typical.entries) if (advised.some((a) => e.url.endsWith(a)) && !e.flags.includes('pushed')) e.flags.push('pushed');
  for (const k of ['render', 'complete']) push.differences[k] = { estimate: 100, low: 90, high: 110, certain: true, different: true };
  fs.writeFileSync(json, JSON.stringify(p));
  const later = await say();
  assert.equal(later.gain, false);
  assert.deepEqual(later.links, []);
  assert.ok(!later.advice.some((a) => a.kind === 'add'));
  assert.ok(later.advice.some((a) => a.kind === 'measured' && /server push: first render 100 ms later, page complete 100 ms later/.test(a.text)), JSON.stringify(later));
});

test('files are opened before anything is measured', { timeout: 60000 }, async (t) => {
  const origin = await site(t, { think: 0 });
  for (const args of [['profile', '--html'], ['profile', '--har'], ['profile', '--json'], ['advise', '--write']]) {
    const r = await forerun(args[0], '--origin', origin.url, args[1], '/nope/x');
    assert.equal(r.code, 1);
    assert.match(r.stderr, /cannot write \/nope\/x: No such file or directory/);
  }
  assert.equal(origin.requests.length, 0);
});

test('packets over TUN devices take the time that the network says', { timeout: 60000, skip: (process.getuid() !== 0 || !fs.existsSync('/dev/net/tun')) && 'needs root and /dev/net/tun' }, async (t) => {
  const origin = await site(t);
  const r = await forerun('profile', '--origin', `${origin.url}/`, '--variants', 'off,push', '--runs', '2', ...far, '--emulate', 'packet', '--json', '-');
  assert.equal(r.code, 0, r.stderr);
  const p = JSON.parse(r.stdout);
  assert.equal(p.emulation, 'packet');
  const ttfb = variant(p, 'off').metrics.ttfb.median;
  assert.ok(ttfb > 540, `${ttfb}`);
  assert.ok(variant(p, 'push').metrics.pushes_used.median > 0);
});

test('an access log of any server becomes rules that the edge takes', { timeout: 60000 }, async () => {
  const at = '[28/Nov/2026:10:00:00 +0000]', agent = '"Mozilla/5.0"';
  const lines = [];
  for (let i = 0; i < 6; i++) {
    lines.push(`192.0.2.${i} - - ${at} "GET /blog/a HTTP/2.0" 200 5000 "-" ${agent}`);
    lines.push(`192.0.2.${i} - - ${at} "GET /style.css?ver=6.${i} HTTP/2.0" 200 9000 "https://www.example.org/blog/a" ${agent}`);
    lines.push(`192.0.2.${i} - - ${at} "GET /gone.css HTTP/2.0" 404 9 "https://www.example.org/blog/a" ${agent}`);
    lines.push(`192.0.2.${i} - - ${at} "GET /wp-login.php HTTP/2.0" 200 5000 "-" ${agent}`);
    lines.push(`192.0.2.${i} - - ${at} "GET /login.js HTTP/2.0" 200 5000 "https://www.example.org/wp-login.php" ${agent}`);
  }
  const text = `xxx".js HTTP/1.1" 200 rest of a line\n${lines.join('\n')}\n\u0000\u0001binary\n${'x'.repeat(400000)}\n`;
  const plain = tempFile('access.log'), packed = tempFile('access.log.gz'), rules = tempFile('rules.yaml');
  fs.writeFileSync(plain, text);
  fs.writeFileSync(packed, zlib.gzipSync(text));
  for (const file of [plain, packed]) {
    const r = await run(binary, ['advise', file, '--write', rules]);
    assert.equal(r.code, 0, r.stderr);
    assert.match(r.stdout, /^https:\/\/www\.example\.org\/blog\/a\n/);
    assert.match(r.stdout, /Link: <\/style\.css\?ver=\*>; rel=preload; as=style/);
    assert.doesNotMatch(r.stdout, /gone|login/);
    assert.match(r.stdout, /33 lines read; 12 requests counted/);
    assert.match(r.stdout, /3 lines were not understood/);
    assert.match(r.stdout, /taken for https:\/\/www\.example\.org/);
    assert.deepEqual(r.stdout.split('\n').filter((l) => l.length > 100), []);
    assert.match(fs.readFileSync(rules, 'utf8'), /path: "\/blog\/a"\n\s+links:\n\s+- "<\/style\.css\?ver=\*>; rel=preload; as=style"/);
  }
  const config = tempFile('edge.yaml');
  fs.writeFileSync(config, `listen: [{address: "127.0.0.1:0", tls: false}]\nsites:\n  - hosts: ["*"]\n    origin: {url: "http://127.0.0.1:1"}\n    ${fs.readFileSync(rules, 'utf8').replaceAll('\n', '\n    ')}`);
  assert.equal((await run(binary, ['check', config])).code, 0);
});

test('what is no file of a known kind is told', { timeout: 60000 }, async () => {
  for (const [name, text, words] of [
    ['empty', '', /the file is empty/],
    ['text', 'hello\nworld\n', /neither a profile's JSON nor a HAR nor an access log/],
    ['half.har', '{"log": {"entries": [', /not valid JSON: line 1, column \d+: /],
    ['list.json', '[1, 2]', /neither a profile nor a HAR/],
    ['other.json', '{"a": 1}', /neither a profile nor a HAR/],
    ['deep.har', `{"log":${'['.repeat(100000)}`, /not valid JSON: .*depth/],
    ['none.har', '{"log": {"entries": {}}}', /a HAR file without log.entries/],
    ['common.log', '192.0.2.1 - - [28/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5\n', /no line of this log has a Referer/],
    ['haproxy.log', 'haproxy[1]: 192.0.2.1:5 [28/Nov/2026:10:00:00.1] fe be/s 0/0/0/1/1 200 1 - - ---- 1/1/0/0/0 0/0 "GET / HTTP/1.1"\n', /access log of a known form/],
  ]) {
    const file = tempFile(name);
    fs.writeFileSync(file, text);
    const r = await run(binary, ['advise', file]);
    assert.equal(r.code, 1, name);
    assert.match(r.stderr, words, name);
    assert.match(r.stderr, new RegExp(`^forerun advise: .*${name}: `), name);
  }
  for (const [args, words] of [
    [['/nonexistent/x.har'], /x.har: No such file or directory/],
    [['/'], /cannot be read/],
    [[binary, '--log-format', '{client}'], /\{target\} among them/],
  ]) {
    const r = await run(binary, ['advise', ...args]);
    assert.equal(r.code, 1, r.stderr);
    assert.match(r.stderr, words);
  }
});

test('a first try that is nearly right is answered with what is', { timeout: 60000 }, async (t) => {
  const origin = await startOrigin(t, (req, res) => res.end('x')), where = new URL(origin.url).host;
  for (const [args, code, words] of [
    [['advise', where], 2, new RegExp(`--origin http://${where}`)],
    [['advise', `http://${where}`], 2, new RegExp(`--origin http://${where}`)],
    [['profile', where], 2, new RegExp(`--origin http://${where}`)],
    [['profile', `http://${where}/`], 2, new RegExp(`--origin http://${where}/`)],
    [['profile', '--origin', where], 2, new RegExp(`did you mean http://${where}`)],
    [['profile', '--origin', `https://${where}`, '--runs', '1'], 1, /warn origin: https:.*no TLS there \(wrong version number\)/],
    [['advise', `https://${where}/`], 1, /nothing was measured: .*no TLS there/],
    [['profile', '--origin', origin.url, '--network', '5g'], 2, /unknown network '5g'; did you mean 4g/],
    [['demo', '--network', 'fiber'], 2, /unknown network 'fiber': there are 4g, lte, .*none/],
    [['advise', '--origin', origin.url, '--network', 'cabel'], 2, /did you mean cable/],
    [['profile', '--origin', origin.url, '--browser', '/nonexistent/chromium'], 1, /the browser cannot be started: \/nonexistent\/chromium: No such file or directory/],
  ]) {
    const r = await forerun(...args);
    assert.equal(r.code, code, `${args.join(' ')}: ${r.stderr}`);
    assert.match(r.stderr, words);
  }
});

test('what the edge logs, in every format, becomes advice', { timeout: 90000 }, async (t) => {
  const origin = await startOrigin(t, (req, res) => {
    res.writeHead(200, req.url.startsWith('/a.css') ? { 'content-type': 'text/css', 'cache-control': 'max-age=60' } : { 'content-type': 'text/html', 'cache-control': 'no-store' });
    res.end(req.url.startsWith('/a.css') ? 'a{}' : '<h1>x</h1>');
  });
  const custom = '{time} {client} {host} {method} {status} {bytes} {target} <{referer}> {end}';
  for (const [format, args] of [['json', []], ['combined', ['--host', 'www.example.org']], [custom, ['--log-format', custom]]]) {
    const file = tempFile('access.log');
    const f = await startForerun(t, { config: `
listen: [{address: "127.0.0.1:0", tls: false}]
access_log: {file: "${file}", format: "${format}"}
sites: [{hosts: [www.example.org], origin: {url: "${origin.url}"}}]
` });
    const get = (target, referer) => new Promise((done, fail) => {
      http.get({ port: f.plainPort, path: target, agent: false, headers: { host: 'www.example.org', 'user-agent': 'Mozilla/5.0', ...(referer ? { referer } : {}) } }, (res) => res.resume().on('end', done)).on('error', fail);
    });
    for (let i = 0; i < 6; i++) {
      await get('/page');
      await get('/a.css?v=7', 'https://www.example.org/page');
    }
    assert.equal(await f.stop(), 0);
    const r = await run(binary, ['advise', file, ...args]);
    assert.equal(r.code, 0, `${format}: ${r.stderr}`);
    assert.match(r.stdout, /^https?:\/\/www\.example\.org\/page\n/, `${format}\n${r.stdout}`);
    assert.match(r.stdout, /Link: <\/a\.css\?v=\*>; rel=preload; as=style/, `${format}\n${r.stdout}`);
    assert.match(r.stdout, /12 lines read; 12 requests counted/);
  }
});
