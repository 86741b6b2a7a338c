// What commands say when something is wrong: one line that names what, and what to do.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { once } from 'node:events';
import test from 'node:test';
import { binary, run, startForerun, startOrigin, tempFile, freePort } from './lib/harness.mjs';

const says = async (args, code, stderr, options) => {
  const r = await run(binary, args, options);
  assert.equal(r.code, code, `${args.join(' ')}: ${r.stderr}`);
  assert.match(r.stderr, stderr);
  assert.equal(r.stderr.trim().split('\n').length, 1, r.stderr);
};

test('a wrong command line names the word, and the one that was meant', async () => {
  for (const [args, pattern] of [
    [['serv'], /^forerun: unknown command 'serv'; did you mean 'serve'\?/],
    [['stauts'], /did you mean 'status'\?/],
    [['upgrade'], /^forerun: unknown command 'upgrade'; 'forerun --help' lists them/],
    [['--verison'], /^forerun: unknown option '--verison'/],
    [['help', 'purg'], /did you mean 'purge'\?/],
    [['top', '--interval', 'x'], /--interval takes a number from 1 to 3600, not 'x'/],
    [['top', '--interval'], /--interval needs a value/],
    [['top', '--intervall', '3'], /unknown option '--intervall'; did you mean '--interval'\?/],
    [['top', '--inervall=3'], /unknown option '--inervall'; did you mean '--interval'\?/],
    [['status', '--json=yes'], /--json takes no value/],
    [['status', '-x'], /unknown option '-x'; --help lists them/],
    [['purge', '--perfix', 'x'], /unknown option '--perfix'; did you mean '--prefix'\?/],
    [['serve', '--config'], /--config needs a value/],
    [['profile', '--netwrk', '4g'], /did you mean '--network'\?|did you mean 'network'\?/],
    [['check'], /one configuration file is needed/],
  ])
    await says(args, 2, pattern);
});

test('what serve is told wrongly on its command line is named as an option', async () => {
  const nowhere = '/nonexistent/cert.pem', plain = ['--listen', '127.0.0.1:0'], origin = ['--origin', 'http://127.0.0.1:8080'];
  for (const [args, words] of [
    [[...plain, '--origin', '127.0.0.1:8080'], /^forerun serve: --origin: not an http:\/\/ or https:\/\/ URL: '127.0.0.1:8080'; did you mean 'http:\/\/127.0.0.1:8080'\?/],
    [[...plain, '--origin', 'http://a/app'], /--origin: only scheme, host and port/],
    [['--listen', '8443', ...origin], /--listen: expected ADDRESS:PORT.*, not '8443'; did you mean '\*:8443'\?/],
    [[...plain, ...origin, '--cert', nowhere, '--key', nowhere], /--cert: cannot use certificate \/nonexistent\/cert.pem: No such file or directory/],
    [[...plain, ...origin, '--workers', '99999'], /--workers/],
    [[...plain, ...origin, '--access-log', '/nonexistent/x/a.log'], /\/nonexistent\/x\/a.log: No such file or directory/],
  ]) {
    const r = await run(binary, ['serve', ...args]);
    assert.notEqual(r.code, 0);
    assert.match(r.stderr, words, args.join(' '));
    assert.doesNotMatch(r.stderr, /command line: |sites\[0\]/);
  }
});

test('every command has its help and the version', async () => {
  const { stdout } = await run(binary, ['--help']);
  const commands = [...stdout.matchAll(/^ {2}([a-z]+) /gm)].map((m) => m[1]);
  assert.ok(commands.length >= 9, stdout);
  for (const command of commands) {
    const long = await run(binary, [command, '--help']), short = await run(binary, [command, '-h']);
    assert.equal(long.code, 0);
    assert.equal(short.stdout, long.stdout);
    assert.match(long.stdout, new RegExp(`^usage: forerun ${command}`));
    for (const part of [/\n {2}--help {2,}this text\n/, /\nexit codes: 0 /, new RegExp(`\\nexample: forerun ${command}`)]) assert.match(long.stdout, part);
    assert.deepEqual(long.stdout.split('\n').filter((line) => line.length > 80), []);
    const version = await run(binary, [command, '-V']);
    assert.deepEqual([version.code, /^forerun \d+\.\d+\.\d+\n$/.test(version.stdout)], [0, true], version.stdout);
  }
  for (const flag of ['-V', '--version']) assert.match((await run(binary, [flag])).stdout, /^forerun \d+\.\d+\.\d+\n/);
});

test('without a server, commands ask whether it runs', async () => {
  const nowhere = tempFile('none.sock'), port = await freePort();
  const env = { ...process.env, XDG_RUNTIME_DIR: '/nonexistent' };
  for (const command of [['status'], ['status', '--json'], ['top', '--rounds', '1'], ['purge', '--all']]) {
    await says([...command, '--admin', `unix:${nowhere}`], 1, /nothing listens at .*none.sock \(No such file or directory\); is forerun serve running\?/);
    await says([...command, '--admin', `127.0.0.1:${port}`], 1, /nothing listens at 127.0.0.1:\d+ \(Connection refused\); is forerun serve running\?/);
    await says(command, 1, /nothing listens at \/nonexistent\/forerun.sock .*is forerun serve running\? --admin says where/, { env });
  }
});

test('what answers but is no Forerun is told', async (t) => {
  const other = http.createServer((req, res) => { res.statusCode = req.url === '/status' ? 200 : 404; res.end(req.url === '/status' ? '{"a":1}' : '<h1>Not Found</h1>'); }).listen(0, '127.0.0.1');
  const dumb = net.createServer((s) => { s.on('error', () => {}); s.once('data', () => s.end('220 hello\r\n')); }).listen(0, '127.0.0.1');
  const mute = net.createServer((s) => { s.on('error', () => {}); s.once('data', () => s.end()); }).listen(0, '127.0.0.1');
  for (const s of [other, dumb, mute]) { if (!s.listening) await once(s, 'listening'); t.after(() => s.close()); }
  const admin = (s) => ['--admin', `127.0.0.1:${s.address().port}`];
  await says(['status', ...admin(other)], 1, /no admin interface of Forerun: its answer is no status/);
  await says(['purge', '--all', ...admin(other)], 1, /no admin interface of Forerun: 127.0.0.1:\d+ answered 404/);
  await says(['status', ...admin(dumb)], 1, /no admin interface of Forerun: .* does not speak HTTP/);
  await says(['top', '--rounds', '1', ...admin(mute)], 1, /no admin interface of Forerun: .* closed the connection/);
});

test('a wrong token, and what was purged, are told in words', async (t) => {
  const origin = await startOrigin(t, (req, res) => res.end('x'));
  const token = tempFile('token'), wrong = tempFile('wrong'), port = await freePort();
  fs.writeFileSync(token, 'a-token-of-some-length\n', { mode: 0o600 });
  fs.writeFileSync(wrong, 'another-token-of-length\n', { mode: 0o600 });
  const f = await startForerun(t, { config: `
listen: [{address: "127.0.0.1:0"}]
admin: {listen: "127.0.0.1:${port}", token_file: ${token}}
sites: [{hosts: ["*"], origin: {url: "${origin.url}"}}]
` });
  const admin = ['--admin', `127.0.0.1:${port}`], right = [...admin, '--token-file', token];
  await says(['status', ...admin], 1, /a token is needed: --token-file FILE/);
  await says(['status', ...admin, '--token-file', wrong], 1, /the token in .*wrong is wrong/);
  await says(['purge', '--all', ...admin, '--token-file', wrong], 1, /the token in .*wrong is wrong/);
  await says(['purge', 'ftp://x/', ...right], 1, /^forerun purge: not an http/);
  await says(['status', '--admin', `127.0.0.1:${f.port}`], 1, /speaks TLS: --admin https:\/\/127.0.0.1:\d+/);
  const purge = async (...args) => (await run(binary, ['purge', ...right, ...args])).stdout;
  assert.equal(await purge('--all'), '0 responses removed\n');
  assert.equal(await purge('--all', '--json'), '{"purged":0}\n');
  assert.equal(await purge('--all', '--soft'), '0 responses marked as stale\n');
  assert.equal(await purge('--site', 'a.test'), 'a.test: 0 responses removed\n');
  assert.equal(await purge('https://a/', 'https://b/'), 'https://a/: 0 responses removed\nhttps://b/: 0 responses removed\n');
  assert.equal(await purge('--all', '--hints'), 'Hints of 0 pages forgotten\n');
});

test('a host that is no site is told, with the one that was meant', async (t) => {
  const origin = await startOrigin(t, (req, res) => { res.setHeader('cache-control', 'max-age=60'); res.end('x'); });
  const socket = tempFile('hosts.sock');
  await startForerun(t, { config: `
listen: [{address: "127.0.0.1:0", tls: false}]
admin: {listen: "unix:${socket}"}
sites: [{hosts: [www.example.org, "*.shop.test"], origin: {url: "${origin.url}"}}]
` });
  const purge = (...args) => run(binary, ['purge', '--admin', `unix:${socket}`, ...args]);
  for (const [args, near] of [
    [['--site', 'ww.example.org'], /no site of the edge has the host 'ww.example.org'; did you mean 'www.example.org'\?\n$/],
    [['--site', 'WWW.EXAMPEL.ORG'], /has the host 'www.exampel.org'; did you mean 'www.example.org'\?/],
    [['https://www.example.com/a.css'], /has the host 'www.example.com'; did you mean 'www.example.org'\?/],
    [['--prefix', 'http://elsewhere.net/'], /has the host 'elsewhere.net'\n$/],
    [['--hints', '--site', 'www.exmaple.org'], /did you mean 'www.example.org'\?/],
  ]) {
    const r = await purge(...args);
    assert.equal(r.code, 1, args.join(' '));
    assert.match(r.stderr, near);
    assert.equal(r.stderr.trim().split('\n').length, 1);
  }
  for (const args of [['--site', 'www.example.org'], ['--site', 'a.shop.test'], ['http://www.example.org/x'], ['--tag', 'x'], ['--all']])
    assert.deepEqual([(await purge(...args)).code, (await purge(...args)).stderr], [0, ''], args.join(' '));
  assert.deepEqual(JSON.parse((await purge('--json', '--site', 'ww.example.org')).stdout), { purged: 0, unknown_host: 'ww.example.org', near: 'www.example.org' });
});

test('a socket that cannot be made says why, without a word of ports', async () => {
  for (const [path, words] of [
    ['/nonexistent/a.sock', /unix:\/nonexistent\/a.sock: bind: No such file or directory; its folder does not exist/],
    ['/dev/null/a.sock', /Not a directory; its folder is a file/],
  ]) {
    const r = await run(binary, ['serve', '--listen-plain', `unix:${path}`, '--origin', 'http://a']);
    assert.equal(r.code, 1);
    assert.match(r.stderr, words);
    assert.doesNotMatch(r.stderr, /port/);
  }
});

test('a stop is quiet about counters, and a page is no favicon', async (t) => {
  const origin = await startOrigin(t, (req, res) => { res.statusCode = req.url === '/' ? 200 : 404; res.setHeader('content-type', 'text/html'); res.end('<h1>x</h1>'); });
  const socket = tempFile('admin.sock');
  const f = await startForerun(t, { logLevel: 'info', config: `
listen: [{address: "127.0.0.1:0", tls: false}]
admin: {listen: "unix:${socket}"}
sites: [{hosts: ["*"], origin: {url: "${origin.url}"}}]
` });
  for (const path of ['/', '/favicon.ico', '/apple-touch-icon.png', '/robots.txt'])
    await (await fetch(`http://127.0.0.1:${f.plainPort}${path}`, { headers: { connection: 'close' } })).text();
  await f.countersWhen((c) => c.requests === 4 && c.exchanges_open === 0);
  const status = JSON.parse((await run(binary, ['status', '--json', '--admin', `unix:${socket}`])).stdout);
  assert.deepEqual(status.pages.map((p) => p.name), [`127.0.0.1:${f.plainPort}/`]);
  assert.equal(status.pages_total, 1);
  const from = f.text.length;
  assert.equal(await f.stop(), 0);
  assert.doesNotMatch(f.text.slice(from), /counters/);
});
