// Running it: commands, configuration errors, reload, drain.
import test from 'node:test';
import fs from 'node:fs';
import path from 'node:path';
import net from 'node:net';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { assert, spawnTied, startForerun, startOrigin, h2connect, h2request, loadPage, raw, rawH2, run, binary, tempFile, scratch, preface, settings, frame, get, goawayCode, caFile } from './lib/harness.mjs';

test('help, version and usage errors', async () => {
  for (const args of [['--help'], ['help'], ['serve', '--help'], ['check', '--help'], ['demo', '--help'], ['version', '--help'], ['help', 'serve']]) {
    const r = await run(binary, args);
    assert.equal(r.code, 0, args.join(' '));
    assert.match(r.stdout, /usage: forerun/);
  }
  assert.match((await run(binary, ['version'])).stdout, /^forerun \d+\.\d+\.\d+\nnghttp2 /);
  for (const args of [[], ['nonsense'], ['serve'], ['serve', '--origin', 'http://a'], ['serve', '--listen', '127.0.0.1:0'], ['serve', '--what'], ['serve', '--config', 'x', '--origin', 'http://a'], ['serve', '--origin', 'http://a', '--listen', '127.0.0.1:0', '--cert', 'x'], ['serve', '--workers', 'x'], ['check'], ['version', 'x'], ['demo', '--what']]) {
    const r = await run(binary, args);
    assert.equal(r.code, 2, args.join(' '));
    if (args.length) assert.match(r.stderr, /^forerun[^\n]*\n$/, r.stderr);
  }
});

test('what cannot start says why in one line', async (t) => {
  const held = net.createServer().listen(0, '127.0.0.1');
  await once(held, 'listening');
  t.after(() => held.close());
  const busy = `127.0.0.1:${held.address().port}`;
  for (const [args, pattern] of [
    [['--listen-plain', busy, '--origin', 'http://a'], /cannot listen on 127.0.0.1:\d+: bind: Address already in use; is another server running there\?/],
    [['--listen', 'nonsense', '--origin', 'http://a'], /expected ADDRESS:PORT/],
    [['--listen', '127.0.0.1:0', '--origin', 'ftp://a'], /not an http:\/\/ or https:\/\/ URL: 'ftp:\/\/a'/],
    [['--listen', '127.0.0.1:0', '--origin', 'http://a', '--cert', '/none', '--key', '/none'], /cannot use certificate \/none/],
    [['--config', '/none.yaml'], /cannot read \/none.yaml: No such file/],
  ]) {
    const r = await run(binary, ['serve', ...args]);
    assert.equal(r.code, 1, args.join(' '));
    assert.match(r.stderr, pattern);
    assert.equal(r.stderr.trim().split('\n').length, 1, r.stderr);
  }
});

const good = (url, extra = '') => `
listen:
  - {address: "127.0.0.1:0", tls: false}
sites:
  - hosts: ["*"]
    origin: {url: "${url}"}
${extra}`;

test('check names file, line and key', async () => {
  const cases = [
    ['listen: [{address: "127.0.0.1:0"}]\nsites:\n  - hosts: [a]\n    origin:\n      url: ftp://x\n', /:5: sites\[0\].origin.url: not an http:\/\/ or https:\/\/ URL: 'ftp:\/\/x'/],
    ['listen: [{address: "127.0.0.1:0"}]\nsites:\n  - hosts: [a]\n    origin: {url: "http://x/path"}\n', /:4: sites\[0\].origin.url: .*path/],
    ['nonsense: 1\n', /:1: .*nonsense/],
    ['listen: [{address: "127.0.0.1:0"}]\nlimits:\n  connections: many\nsites: [{hosts: [a], origin: {url: "http://x"}}]\n', /:3: limits.connections: expected a number, not 'many'/],
    ['listen: [{address: "127.0.0.1:0"}]\ntimeouts: {idle: 5}\nsites: [{hosts: [a], origin: {url: "http://x"}}]\n', /:2: timeouts.idle: expected a duration/],
    ['listen: [{address: "127.0.0.1:0"}]\nlimits: {fields: 9GiB}\nsites: [{hosts: [a], origin: {url: "http://x"}}]\n', /:2: limits.fields: '9GiB' is out of bounds/],
    ['listen: []\nsites: [{hosts: [a], origin: {url: "http://x"}}]\n', /listen: at least one/],
    ['listen: [{address: "127.0.0.1:0"}]\n', /sites: at least one/],
    ['listen: [{address: "127.0.0.1:0"}]\nsites:\n  - {hosts: [a], origin: {url: "http://x"}}\n  - {hosts: [a], origin: {url: "http://y"}}\n', /:4: sites\[1\].hosts\[0\]: 'a' is listed twice/],
    ['listen: [{address: "127.0.0.1:0"}]\nsites: [{hosts: ["a*b"], origin: {url: "http://x"}}]\n', /hosts\[0\]: expected a host name/],
    ['listen: [{address: "127.0.0.1:0"}]\ntls: {certificate: x.pem}\nsites: [{hosts: [a], origin: {url: "http://x"}}]\n', /:2: tls: certificate and key belong together/],
    ['listen: [{address: "127.0.0.1:0"}]\nsites: [{hosts: [a], origin: {url: "http://x"}, paths: [{prefix: a}]}]\n', /prefix begins with/],
    ['listen: [{address: "127.0.0.1:0"}]\nlisten: [{address: "127.0.0.1:0"}]\n', /./],
    ['a: &a [1]\nb: *a\n', /./],
    ['listen: {{{\n', /:\d+: /],
    ['', /empty|:1:/],
  ];
  for (const [text, pattern] of cases) {
    const file = tempFile('bad.yaml');
    fs.writeFileSync(file, text);
    const r = await run(binary, ['check', file]);
    assert.equal(r.code, 1, text);
    assert.ok(r.stderr.startsWith(`forerun check: ${file}:`), r.stderr);
    assert.match(r.stderr, pattern);
    for (const line of r.stderr.trim().split('\n')) assert.ok(line.startsWith(`forerun check: ${file}:`), line);
  }
});

test('check tells all faults at once, by line, and what was meant', async () => {
  const file = tempFile('faults.yaml');
  fs.writeFileSync(file, `lisen: [{address: "127.0.0.1:0"}]
timeouts: {idle: 5}
sites:
  - hosts: [a, a]
    orign: {url: "http://x"}
    tls: {certificate: /nowhere/c.pem, key: /nowhere/k.pem}
    hints: {early_hints: alway}
timeouts: {idle: 1m}
`);
  const r = await run(binary, ['check', file]);
  assert.equal(r.code, 1);
  assert.deepEqual(r.stderr.trim().split('\n'), [
    "1: lisen: unknown key; did you mean 'listen'?",
    "2: timeouts.idle: expected a duration like 500ms, 30s, 2m or 1h, not '5'",
    "4: sites[0].hosts[1]: 'a' is listed twice",
    "5: sites[0].orign: unknown key; did you mean 'origin'?",
    "7: sites[0].hints.early_hints: expected auto, always or off, not 'alway'; did you mean 'always'?",
    '8: timeouts: is set twice; the first time in line 2',
    '6: sites[0].tls.certificate: cannot use certificate /nowhere/c.pem: No such file or directory',
    '6: sites[0].tls.key: cannot use key /nowhere/k.pem: No such file or directory',
  ].map((text) => `forerun check: ${file}:${text}`));
  const serve = await run(binary, ['serve', '--config', file]);
  assert.equal(serve.code, 1);
  assert.match(serve.stderr, /:1: lisen: unknown key.* \(and 5 more: see forerun check\)/);
});

test('check accepts what is good and looks at the files it names', async () => {
  const file = tempFile('good.yaml');
  fs.writeFileSync(file, good('http://127.0.0.1:1'));
  const r = await run(binary, ['check', file]);
  assert.equal(r.code, 0, r.stderr);
  assert.equal(r.stdout, `${file}: ok (1 listener, 1 site)\n`);
  fs.writeFileSync(file, good('http://127.0.0.1:1', 'tls: {certificate: none.pem, key: none.key}\n'));
  const bad = await run(binary, ['check', '--config', file]);
  assert.equal(bad.code, 1);
  assert.match(bad.stderr, /cannot use certificate .*none.pem/);
});

test('check tells all that is wrong with certificates at once', async () => {
  const make = (name, ...args) => {
    const cert = tempFile(`${name}.pem`), key = tempFile(`${name}.key`);
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', cert, '-subj', '/CN=x', ...args], { stdio: 'ignore' });
    return { cert, key };
  };
  const soon = make('soon', '-days', '3', '-addext', 'subjectAltName=DNS:a.example.org,DNS:*.b.example.org');
  const other = make('other', '-days', '300', '-addext', 'subjectAltName=DNS:c.example.org');
  const file = tempFile('certificates.yaml');
  const write = (otherKey) => fs.writeFileSync(file, `
listen: [{address: "127.0.0.1:8443"}]
tls: {certificate: ${soon.cert}, key: ${soon.key}}
sites:
  - {hosts: [a.example.org, "*.b.example.org", d.example.org], origin: {url: "http://127.0.0.1:1"}}
  - {hosts: [c.example.org], origin: {url: "https://127.0.0.1:1", ca: /nowhere/ca.pem}, tls: {certificate: ${other.cert}, key: ${otherKey}}}
`);
  write(soon.key);
  const r = await run(binary, ['check', file]);
  assert.equal(r.code, 1);
  assert.deepEqual(r.stderr.trim().split('\n').map((line) => line.replace(/\d{4}-\d\d-\d\d/, 'DATE')), [
    `forerun check: warning: ${file}:3: tls.certificate: certificate ${soon.cert} expires soon, on DATE`,
    `forerun check: warning: ${file}:3: tls.certificate: certificate ${soon.cert} does not name the host d.example.org`,
    `forerun check: ${file}:6: sites[1].tls.key: key ${soon.key} does not belong to the certificate`,
    `forerun check: ${file}:6: sites[1].origin.ca: cannot use authorities /nowhere/ca.pem: No such file or directory`,
  ]);
  write(other.key);
  fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace(', ca: /nowhere/ca.pem', ''));
  const good = await run(binary, ['check', file]);
  assert.equal(good.code, 0, good.stderr);
  assert.equal(good.stderr.match(/warning: .*certificate/g).length, 2);
});

test('the local certificate is made once, with the key for its owner alone', async (t) => {
  const origin = await startOrigin(t, (req, res) => res.end('ok'));
  const home = path.join(scratch, 'fresh');
  const start = async () => {
    const { Forerun } = await import('./lib/harness.mjs');
    const f = new Forerun(spawnTied(binary, ['serve', '--listen', '127.0.0.1:0', '--origin', origin.url], { env: { ...process.env, XDG_DATA_HOME: home }, stdio: ['ignore', 'inherit', 'pipe'] }));
    await f.waitForLog(/ serve: ready\n/);
    const port = /https:\/\/127.0.0.1:(\d+)/.exec(f.text)[1];
    const r = await run('curl', ['-sS', '--cacert', path.join(home, 'forerun/ca.pem'), `https://localhost:${port}/`]);
    assert.equal(r.stdout, 'ok', r.stderr);
    assert.equal(await f.stop(), 0);
    return f.text;
  };
  assert.match(await start(), /to trust it: curl --cacert/);
  const before = fs.readFileSync(path.join(home, 'forerun/cert.pem'), 'utf8');
  for (const name of ['key.pem', 'ca-key.pem'])
    assert.equal(fs.statSync(path.join(home, 'forerun', name)).mode & 0o777, 0o600);
  assert.doesNotMatch(await start(), /to trust it/);
  assert.equal(fs.readFileSync(path.join(home, 'forerun/cert.pem'), 'utf8'), before);
});

test('SIGHUP takes a new configuration without dropping a connection', async (t) => {
  let release;
  const old = await startOrigin(t, (req, res) => { if (req.url === '/slow') release = () => res.end('old slow'); else res.end('old'); });
  const fresh = await startOrigin(t, (req, res) => res.end('new'));
  const yaml = (url) => `
listen: [{address: "127.0.0.1:0"}]
sites: [{hosts: ["*"], origin: {url: "${url}"}}]
`;
  const f = await startForerun(t, { config: yaml(old.url) });
  const s = await h2connect(t, f.port);
  assert.equal((await h2request(s, '/')).body, 'old');
  const slow = h2request(s, '/slow');
  await once(old, 'request');
  fs.writeFileSync(f.configFile, yaml(fresh.url));
  f.child.kill('SIGHUP');
  await f.waitForLog(/configuration reloaded/);
  assert.equal((await h2request(s, '/')).body, 'new'); // the same connection
  release();
  assert.equal((await slow).body, 'old slow'); // the request under way
  const again = await h2connect(t, f.port);
  assert.equal((await h2request(again, '/')).body, 'new');
});

test('a reload can add and remove listeners', async (t) => {
  const origin = await startOrigin(t, (req, res) => res.end('ok'));
  const yaml = (listen) => `
listen: [${listen}]
sites: [{hosts: ["*"], origin: {url: "${origin.url}"}}]
`;
  const a = path.join(scratch, 'a.sock'), b = path.join(scratch, 'b.sock');
  const f = await startForerun(t, { config: yaml(`{address: "unix:${a}"}`) });
  const ask = async (p) => (await run('curl', ['-s', '--unix-socket', p, 'http://x/'])).stdout;
  assert.equal(await ask(a), 'ok');
  fs.writeFileSync(f.configFile, yaml(`{address: "unix:${b}"}`));
  f.child.kill('SIGHUP');
  await f.waitForLog(/configuration reloaded/);
  assert.equal(await ask(b), 'ok');
  assert.equal(fs.existsSync(a), false);
});

test('a broken file changes nothing and says why', async (t) => {
  const origin = await startOrigin(t, (req, res) => res.end('ok'));
  const f = await startForerun(t, { config: good(origin.url) });
  for (const text of ['listen: [\n', good('ftp://x'), good(origin.url, 'tls: {certificate: /none, key: /none}\nsites2: 1\n')]) {
    const from = f.text.length;
    fs.writeFileSync(f.configFile, text);
    f.child.kill('SIGHUP');
    await f.waitForLog(/configuration not reloaded, the old one stays: .*edge.yaml:\d+: /, from);
    assert.match((await raw(f.plainPort, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).text, /ok$/);
  }
});

test('reloads under load fail no request', async (t) => {
  const origin = await startOrigin(t, (req, res) => res.end('ok'));
  const f = await startForerun(t, { config: good(origin.url), logLevel: 'info' });
  const h2load = run('h2load', ['-n', '4000', '-c', '8', '-m', '8', `http://127.0.0.1:${f.plainPort}/`], { timeout: 60000 });
  for (let i = 0; i < 5; i++) {
    const from = f.text.length;
    f.child.kill('SIGHUP');
    await f.waitForLog(/configuration reloaded/, from);
  }
  assert.match((await h2load).stdout, /4000 succeeded, 0 failed, 0 errored/);
});

test('SIGTERM drains: what was accepted is answered, the client is told', async (t) => {
  const waiting = [];
  const origin = await startOrigin(t, (req, res) => waiting.push(res));
  // one worker: the GOAWAY of one connection tells that the other one knows, too
  const f = await startForerun(t, { origin: origin.url, workers: 1 });
  const s = await h2connect(t, f.port);
  const slow = h2request(s, '/slow');
  await once(origin, 'request');
  const one = raw(f.plainPort, 'GET /one HTTP/1.1\r\nHost: a\r\n\r\n');
  await once(origin, 'request');
  f.child.kill('SIGTERM');
  await once(s, 'goaway');
  waiting.forEach((res) => res.end('done'));
  assert.equal((await slow).body, 'done');
  assert.match((await one).text, /connection: close\r\n.*done$/s);
  assert.equal(await f.ended, 0);
});

test('an idle HTTP/2 client gets GOAWAY at once, and new connections are refused', async (t) => {
  const origin = await startOrigin(t, (req, res) => res.end('ok'));
  const f = await startForerun(t, { origin: origin.url });
  const frames = await rawH2(f.plainPort, Buffer.concat([preface, settings, frame(1, 5, 1, get('/'))]), (fs, socket) => {
    if (fs.at(-1).id === 1 && fs.at(-1).flags & 1 && !socket.told) { socket.told = true; f.child.kill('SIGTERM'); }
    return false;
  });
  assert.equal(goawayCode(frames), 0);
  assert.equal(await f.ended, 0);
  assert.equal((await raw(f.plainPort, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')).how, 'ECONNREFUSED');
});

test('what does not end in time is cut, and a second signal cuts at once', async (t) => {
  const origin = await startOrigin(t, () => {});
  for (const twice of [false, true]) {
    const f = await startForerun(t, { config: good(origin.url, `timeouts: {drain: ${twice ? '1h' : '200ms'}}\n`) });
    const r = raw(f.plainPort, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(origin, 'request');
    f.child.kill('SIGTERM');
    if (twice) {
      await f.waitForLog(/stopping/);
      f.child.kill('SIGTERM');
    }
    assert.equal((await r).text, '');
    assert.equal(await f.ended, 0);
  }
});

test('a log level shows every decision about a link', async (t) => {
  const origin = await startOrigin(t, (req, res) => res.writeHead(200, { link: '</a.css>; rel=preload; as=style, </b.css>; rel=preload; as=style; nopush' }).end());
  const f = await startForerun(t, { origin: origin.url });
  const s = await h2connect(t, f.port);
  await loadPage(s, '/p');
  await f.waitForLog(/debug hints: 127.0.0.1: \/p: <\/a.css> as=style from=link: push \(pushed\)/);
  await f.waitForLog(/debug hints: 127.0.0.1: \/p: <\/b.css> as=style from=link: link \(nopush\)/);
});
