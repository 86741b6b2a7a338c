// What the serving process may do: another user, no capabilities, filtered system calls; and what
// is said of settings that are unwise. Needs root for the first part: says so where it is not.
import test from 'node:test';
import fs from 'node:fs';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { assert, startForerun, startOrigin, raw, run, binary, tempFile, scratch, waitUntilGone } from './lib/harness.mjs';
import { token, tokenFile } from './lib/admin.mjs';

const root = process.getuid() === 0 ? {} : { skip: 'needs root' };
const get = (port, target = '/') => raw(port, `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
const status = (pid) => Object.fromEntries(fs.readFileSync(`/proc/${pid}/status`, 'utf8').trim().split('\n').map((l) => l.split(':').map((x) => x.trim())));
const sanitized = /lib[at]san\.so|__[at]san_init/.test(fs.readFileSync(binary, 'latin1'));
const nobody = () => Number(/^nobody:[^:]*:(\d+):/m.exec(fs.readFileSync('/etc/passwd', 'utf8'))[1]);

// A folder that another user can look into, and certificates that only root can read.
function openFolder(t) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'forerun-user-'));
  fs.chmodSync(dir, 0o755);
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  return dir;
}

async function pair(dir, name) {
  const cert = path.join(dir, `${name}.pem`), key = path.join(dir, `${name}.key`);
  const r = await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '60', '-subj', `/CN=${name}`,
    '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', key, '-out', cert]);
  assert.equal(r.code, 0, r.stderr);
  fs.chmodSync(key, 0o600);
  return { cert, key };
}

test('the serving process is another user without capabilities, and the parent still opens ports, keys and logs for it', root, async (t) => {
  const origin = await startOrigin(t, (req, res) => res.end('ok'));
  const dir = openFolder(t), logs = path.join(dir, 'logs'), log = path.join(logs, 'access.log');
  fs.mkdirSync(logs); // root's: nobody may not make files in it
  const one = await pair(dir, 'one'), two = await pair(dir, 'two');
  const port = 443 + Math.floor(Math.random() * 500);
  const yaml = ({ cert, key }, more = '') => `
user: nobody
listen: [{address: "127.0.0.1:0"}${more}]
tls: {certificate: "${cert}", key: "${key}"}
access_log: {file: "${log}"}
admin: {listen: "127.0.0.2:0", token_file: "${tokenFile()}"}
sites: [{hosts: ["*"], origin: {url: "${origin.url}"}}]
`;
  const state = path.join(dir, 'state');
  fs.mkdirSync(state);
  const f = await startForerun(t, { config: yaml(one), env: { XDG_STATE_HOME: state } });
  assert.doesNotMatch(f.text, /serves as root/);
  const s = status(f.servingPid());
  assert.deepEqual(s.Uid.split('\t'), Array(4).fill(String(nobody())));
  for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) assert.match(s[set], /^0+$/, set);
  assert.equal(s.NoNewPrivs, '1');
  assert.equal(s.Groups.split(' ').includes('0'), false);
  const ask = async (ca) => (await run('curl', ['-sS', '--cacert', ca, `https://localhost:${f.port}/`]));
  assert.equal((await ask(one.cert)).stdout, 'ok');
  // the hint memory and the log are its own
  assert.equal(fs.statSync(path.join(state, 'forerun/hints.db')).uid, nobody());
  assert.equal(fs.statSync(log).uid, nobody());
  // new keys and a port that only root can open, by a reload
  fs.writeFileSync(f.configFile, yaml(two, `, {address: "127.0.0.1:${port}", tls: false}`));
  f.child.kill('SIGHUP');
  await f.waitForLog(/configuration reloaded/);
  assert.equal((await ask(two.cert)).stdout, 'ok', f.text);
  assert.match((await get(port)).text, /ok$/);
  // a rotated log
  await f.countersWhen((c) => c.access_log_lines >= 3);
  fs.renameSync(log, `${log}.1`);
  f.child.kill('SIGUSR1');
  const until = Date.now() + 10000;
  while (!fs.existsSync(log) || fs.statSync(log).size === 0) {
    assert.ok(Date.now() < until, f.text);
    await get(port);
  }
  assert.equal(fs.statSync(log).uid, nobody());
  // and a crash
  const from = f.text.length;
  process.kill(f.servingPid(), 'SIGKILL');
  await f.waitForLog(/ serve: ready\n/, from);
  assert.equal(status(f.servingPid()).Uid.split('\t')[1], String(nobody()));
  assert.equal((await ask(two.cert)).stdout, 'ok');
  assert.match((await get(port)).text, /ok$/);
  // it still ends with its parent, though it is another user's
  const pid = f.servingPid();
  f.child.kill('SIGKILL');
  await f.ended;
  f.code = 0;
  await waitUntilGone(pid);
});

test('group is its own setting, and names that do not exist are errors of check and start alike', root, async (t) => {
  const origin = await startOrigin(t, (req, res) => res.end('ok'));
  const yaml = (who) => `${who}\nlisten: [{address: "127.0.0.1:0", tls: false}]\nsites: [{hosts: ["*"], origin: {url: "${origin.url}"}}]\n`;
  const f = await startForerun(t, { config: yaml('user: nobody\ngroup: daemon') });
  assert.equal(status(f.servingPid()).Gid.split('\t')[1], /^daemon:[^:]*:(\d+):/m.exec(fs.readFileSync('/etc/group', 'utf8'))[1]);
  for (const [who, pattern] of [['user: no-such-user', /user: 'no-such-user': no such user/], ['user: nobody\ngroup: no-such-group', /group: 'no-such-group': no such group/],
    ['group: daemon', /group: belongs to user, which is not set/]]) {
    const file = tempFile('who.yaml');
    fs.writeFileSync(file, yaml(who));
    for (const command of [['check', file], ['serve', '--config', file]]) {
      const r = await run(binary, command);
      assert.equal(r.code, 1);
      assert.match(r.stderr, pattern);
    }
  }
  const file = tempFile('foreground.yaml');
  fs.writeFileSync(file, yaml('user: nobody'));
  const r = await run(binary, ['serve', '--foreground', '--config', file]);
  assert.equal(r.code, 1);
  assert.match(r.stderr, /user: not with --foreground/);
});

test('system calls are filtered and memory is private by default, and each can be turned off', async (t) => {
  const origin = await startOrigin(t, (req, res) => res.end('ok'));
  const yaml = (more) => `${more}\nlisten: [{address: "127.0.0.1:0", tls: false}]\nsites: [{hosts: ["*"], origin: {url: "${origin.url}"}}]\n`;
  const on = await startForerun(t, { config: yaml('') });
  const s = status(on.servingPid());
  assert.equal(s.NoNewPrivs, '1');
  assert.equal(s.Seccomp, sanitized ? '0' : '2');
  assert.equal(status(on.child.pid).NoNewPrivs, '1');
  assert.match((await get(on.plainPort)).text, /ok$/);
  const off = await startForerun(t, { config: yaml('security: {seccomp: false, core_dumps: true}') });
  assert.equal(status(off.servingPid()).Seccomp, '0');
  assert.match((await get(off.plainPort)).text, /ok$/);
  // of another user's process nobody reads the memory: its files in /proc are root's
  if (process.getuid() !== 0) {
    assert.throws(() => fs.readFileSync(`/proc/${on.servingPid()}/environ`), { code: 'EACCES' });
    assert.ok(fs.readFileSync(`/proc/${off.servingPid()}/environ`).length > 0);
  }
});

test('serve and check warn of what is unwise, alike', async (t) => {
  const origin = await startOrigin(t, (req, res) => res.end('ok'));
  const dir = openFolder(t), { cert, key } = await pair(dir, 'warned'), secret = tokenFile();
  const yaml = (admin) => `listen: [{address: "127.0.0.1:0"}]\ntls: {certificate: "${cert}", key: "${key}"}\nadmin: {${admin}}\nsites: [{hosts: ["*"], origin: {url: "${origin.url}"}}]\n`;
  const said = async (admin) => {
    const file = tempFile('unwise.yaml');
    fs.writeFileSync(file, yaml(admin));
    const r = await run(binary, ['check', file]);
    assert.equal(r.code, 0, r.stderr);
    const f = await startForerun(t, { config: yaml(admin) });
    await f.counters(); // whatever is said at the start has been said
    const log = f.text.split('\n').filter((l) => / warn serve: /.test(l) && !/descriptors/.test(l)).map((l) => l.replace(/.* warn serve: /, ''));
    assert.deepEqual(r.stderr.trim().split('\n').filter(Boolean).map((l) => l.replace('forerun check: warning: ', '')), log);
    return log.join('\n');
  };
  const admin = `listen: "127.0.0.2:0", token_file: "${secret}"`;
  assert.doesNotMatch(await said(admin), /can be read by others|reachable from other machines/);
  fs.chmodSync(key, 0o644);
  fs.chmodSync(secret, 0o644);
  const all = await said(`listen: "0.0.0.0:0", token_file: "${secret}"`);
  assert.match(all, /warned\.key can be read by others/);
  assert.match(all, /token can be read by others/);
  assert.match(all, /admin\.listen 0\.0\.0\.0:0: reachable from other machines without TLS/);
  if (process.getuid() === 0) assert.match(all, /serves as root/);
  fs.chmodSync(key, 0o600);
  assert.doesNotMatch(await said(`listen: "0.0.0.0:0", token_file: "${secret}", tls: {certificate: "${cert}", key: "${key}"}`), /reachable/);
});

test('the admin interface over TCP has TLS where that is configured, and says which token it wants', async (t) => {
  const origin = await startOrigin(t, (req, res) => res.end('ok'));
  const dir = openFolder(t), { cert, key } = await pair(dir, 'admin'), secret = tokenFile();
  const f = await startForerun(t, { config: `
listen: [{address: "127.0.0.1:0", tls: false}]
admin: {listen: "127.0.0.1:0", token_file: "${secret}", tls: {certificate: "${cert}", key: "${key}"}}
sites: [{hosts: ["*"], origin: {url: "${origin.url}"}}]
` });
  const port = Number(/listening on admin:\/\/\S+:(\d+)/.exec(f.text)[1]);
  const ask = (target, headers = {}) => new Promise((resolve, reject) => {
    https.get({ host: '127.0.0.1', port, path: target, headers, ca: fs.readFileSync(cert), servername: 'localhost' }, (res) => {
      res.resume();
      res.on('end', () => resolve(res));
    }).on('error', reject);
  });
  assert.equal((await ask('/status', { authorization: `Bearer ${token}` })).statusCode, 200);
  for (const [headers, challenge] of [[{}, 'Bearer realm="forerun"'], [{ authorization: 'Bearer wrong' }, 'Bearer realm="forerun", error="invalid_token"'],
    [{ authorization: `Basic ${token}` }, 'Bearer realm="forerun"']])
    for (const target of ['/status', '/no-such-thing']) {
      const r = await ask(target, headers);
      assert.equal(r.statusCode, 401);
      assert.equal(r.headers['www-authenticate'], challenge);
    }
  // plain HTTP is told so, and gives nothing away
  assert.match((await get(port, '/status')).text, /^HTTP\/1\.1 400 .*needs https:\/\//s);
  const h2 = await run('curl', ['-sS', '--http2', '--cacert', cert, '-w', '%{http_version}', `https://localhost:${port}/ready`]);
  assert.equal(h2.stdout, 'ready\n2', h2.stderr);
  const admin = ['--admin', `https://localhost:${port}`, '--token-file', secret];
  for (const command of [['status', ...admin, '--ca', cert], ['top', '--rounds', '1', ...admin, '--ca', cert], ['purge', '--all', ...admin, '--ca', cert]]) {
    const r = await run(binary, command);
    assert.equal(r.code, 0, `${command}: ${r.stderr}`);
  }
  const untrusted = await run(binary, ['status', ...admin]);
  assert.equal(untrusted.code, 1);
  assert.match(untrusted.stderr, /^forerun status: https:\/\/localhost:\d+: .*certificate/);
  const plain = await run(binary, ['status', '--admin', `127.0.0.1:${port}`, '--token-file', secret]);
  assert.equal(plain.code, 1);
});

test('TLS for the admin interface is checked as all certificates are', async () => {
  const base = 'listen: [{address: "127.0.0.1:0", tls: false}]\nsites: [{hosts: ["*"], origin: {url: "http://a"}}]\n';
  for (const [admin, pattern] of [
    [`listen: "127.0.0.1:0", token_file: "${tokenFile()}", tls: {certificate: /none.pem, key: /none.key}`, /cannot use certificate \/none.pem/],
    [`listen: "127.0.0.1:0", token_file: "${tokenFile()}", tls: {certificate: /none.pem}`, /admin\.tls: certificate and key belong together/],
    [`listen: "unix:${path.join(scratch, 'x.sock')}", tls: {certificate: /none.pem, key: /none.key}`, /admin\.tls: only an interface over TCP has TLS/]]) {
    const file = tempFile('admin.yaml');
    fs.writeFileSync(file, `${base}admin: {${admin}}\n`);
    const r = await run(binary, ['check', file]);
    assert.equal(r.code, 1);
    assert.match(r.stderr, pattern);
  }
});
