// The front page of a WordPress with a theme of its own, as files: made from Debian's packages, which
// are unpacked but not installed, with a database that lives as long as this takes. What WordPress
// and its themes are stays in bench/.cache. Needs root (apt), php-cli, php-mysql, mariadb-server-core.
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const packages = ['php-cli', 'php-mysql', 'mariadb-server-core'];
const host = 'pages.test';

function run(program, args, options = {}) {
  const r = spawnSync(program, args, { encoding: 'utf8', ...options });
  if (r.status !== 0) throw new Error(`${program} ${args[0]}: ${r.error ?? `${r.stdout}${r.stderr}`.slice(-2000)}`);
  return r.stdout;
}

const installed = () => ['php', 'mariadbd', 'mariadb-install-db'].every((p) => spawnSync('sh', ['-c', `command -v ${p}`]).status === 0);

// Unpacks the packages into a folder; returns where WordPress is.
function unpack(folder, theme) {
  if (!installed()) run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
  fs.mkdirSync(folder, { recursive: true });
  run('apt-get', ['download', '-qq', ...new Set(['wordpress', 'wordpress-theme-twentytwentyone', `wordpress-theme-${theme}`])], { cwd: folder });
  for (const f of fs.readdirSync(folder).filter((n) => n.endsWith('.deb'))) run('dpkg', ['-x', path.join(folder, f), folder]);
  return path.join(folder, 'usr/share/wordpress');
}

// Ends what was started, whatever happens meanwhile.
async function during(child, ready, work) {
  const gone = once(child, 'exit');
  let over = false;
  gone.then(() => { over = true; });
  try {
    for (let n = 0; !await ready(); n++) {
      if (over || n > 600) throw new Error(`${child.spawnfile} did not start`);
      await new Promise((r) => setTimeout(r, 50));
    }
    return await work();
  } finally {
    child.kill('SIGTERM');
    await gone;
  }
}

async function withDatabase(folder, work) {
  const [data, socket, log] = ['data', 'socket', 'log'].map((n) => path.join(folder, n));
  run('mariadb-install-db', ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--user=root', '--skip-test-db']);
  const child = spawn('mariadbd', ['--no-defaults', '--user=root', `--datadir=${data}`, `--socket=${socket}`, '--skip-networking', '--innodb-flush-log-at-trx-commit=0',
    `--pid-file=${path.join(folder, 'pid')}`], { stdio: ['ignore', fs.openSync(log, 'w'), fs.openSync(log, 'a')] });
  const ready = () => new Promise((resolve) => {
    const s = net.connect(socket, () => { s.destroy(); resolve(true); });
    s.on('error', () => resolve(false));
  });
  return during(child, ready, () => work(socket));
}

function configure(site, socket) {
  fs.rmSync(path.join(site, 'wp-config.php'), { force: true });
  fs.writeFileSync(path.join(site, 'wp-config.php'), `<?php
$_SERVER['HTTPS'] = 'on'; $_SERVER['HTTP_HOST'] = '${host}';
define('DB_NAME', 'wordpress'); define('DB_USER', 'root'); define('DB_PASSWORD', ''); define('DB_HOST', 'localhost:${socket}');
define('DB_CHARSET', 'utf8mb4'); define('DB_COLLATE', ''); define('WP_HOME', 'https://${host}'); define('WP_SITEURL', 'https://${host}');
define('DISABLE_WP_CRON', true); define('WP_HTTP_BLOCK_EXTERNAL', true); define('AUTOMATIC_UPDATER_DISABLED', true);
define('AUTH_KEY', 'x'); define('SECURE_AUTH_KEY', 'x'); define('LOGGED_IN_KEY', 'x'); define('NONCE_KEY', 'x');
define('AUTH_SALT', 'x'); define('SECURE_AUTH_SALT', 'x'); define('LOGGED_IN_SALT', 'x'); define('NONCE_SALT', 'x');
$table_prefix = 'wp_';
if (!defined('ABSPATH')) define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
`);
}

async function freePort() {
  const s = net.createServer().listen(0, '127.0.0.1');
  await once(s, 'listening');
  const { port } = s.address();
  s.close();
  await once(s, 'close');
  return port;
}

const get = (port) => new Promise((resolve) => {
  http.get({ host: '127.0.0.1', port, path: '/', headers: { host } }, (res) => {
    let text = '';
    res.setEncoding('utf8');
    res.on('data', (d) => { text += d; });
    res.on('end', () => resolve(res.statusCode === 200 ? text : ''));
  }).on('error', () => resolve(''));
});

// What the page, or a style sheet of it, names of WordPress.
function copyNamed(text, base, site, folder, done) {
  const named = [...text.matchAll(/(?:https:)?(?:\/\/pages\.test)?(\/wp-(?:includes|content)\/[^"'()\s?#,<>\\]+)/g)].map((m) => m[1]);
  const relative = base ? [...text.matchAll(/url\(["']?(?!data:|\/|https?:)([^"')?#]+)/g)].map((m) => path.posix.join(base, m[1])) : [];
  for (const name of [...named, ...relative]) {
    const from = path.join(site, decodeURI(name)), to = path.join(folder, decodeURI(name));
    if (done.has(name) || !fs.existsSync(from) || !fs.statSync(from).isFile() || name.endsWith('.php')) continue;
    done.add(name);
    fs.mkdirSync(path.dirname(to), { recursive: true });
    fs.copyFileSync(from, to);
    if (name.endsWith('.css')) copyNamed(fs.readFileSync(from, 'utf8'), path.posix.dirname(name), site, folder, done);
  }
}

// Writes the front page into a folder.
export async function makeWordpress(folder, theme) {
  const scratch = fs.mkdtempSync(path.join(folder, '..', 'wordpress-'));
  try {
    const site = unpack(path.join(scratch, 'packages'), theme);
    const html = await withDatabase(scratch, async (socket) => {
      configure(site, socket);
      run('php', ['-r', `(new mysqli('localhost', 'root', '', '', 0, '${socket}'))->query('CREATE DATABASE wordpress');`]);
      run('php', [path.join(here, 'wordpress.php'), theme], { env: { ...process.env, WORDPRESS: site } });
      const port = await freePort();
      const child = spawn('php', ['-S', `127.0.0.1:${port}`, '-t', site], { stdio: 'ignore' });
      let text = '';
      return during(child, async () => { text = await get(port); return text.includes('</html>'); }, () => text);
    });
    copyNamed(html.replaceAll('\\/', '/'), '', site, folder, new Set());
    const own = html.replaceAll(`https://${host}`, '').replaceAll(`https:\\/\\/${host}`, '').replaceAll(`//${host}`, '')
      .replace(/<link rel="dns-prefetch"[^>]*>|<link rel='dns-prefetch'[^>]*>/g, '');
    fs.writeFileSync(path.join(folder, 'index.html'), own.replace('</title>', '</title>\n<link rel="icon" href="data:,">'));
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true });
  }
}
