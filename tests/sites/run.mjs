#!/usr/bin/env node
// Real sites behind an edge with its defaults: WordPress, Django, Express, Next.js
// and a static build of Vite, each with its own test in a folder of its own.
//
//   node tests/sites/run.mjs [--short] [SITE ...]     (FR_BIN: the binary to test)
//
// Needs Debian's packages: --packages prints them. What comes from npm is installed
// here, from lock files. --short: fewer requests, and no Next.js. scripts/test.sh sites
// installs everything first, and then runs this.
import fs from 'node:fs';
import path from 'node:path';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));

// What each site needs of the machine: a file, and the package that brings it.
const sites = {
  express: {},
  vite: { '/usr/sbin/nginx': 'nginx' },
  django: { '/usr/bin/gunicorn': 'gunicorn', '/usr/lib/python3/dist-packages/django/__init__.py': 'python3-django' },
  wordpress: { '/usr/sbin/nginx': 'nginx', '/usr/sbin/mariadbd': 'mariadb-server-core', '/usr/bin/php8.2': 'php8.2', '/usr/sbin/php-fpm8.2': 'php8.2-fpm',
    '/etc/php/8.2/fpm/conf.d/20-mysqli.ini': 'php8.2-mysql', '/usr/share/wordpress/wp-load.php': 'wordpress',
    '/usr/share/wordpress/wp-content/themes/twentytwentyone/style.css': 'wordpress-theme-twentytwentyone' },
  next: {},
};

const words = process.argv.slice(2);
const isShort = words.includes('--short');
const named = words.filter((w) => !w.startsWith('--'));
for (const n of named) if (!sites[n]) { process.stderr.write(`no site of that name: ${n} (there are ${Object.keys(sites).join(', ')})\n`); process.exit(2); }
const chosen = named.length ? named : Object.keys(sites).filter((n) => !isShort || n !== 'next');

if (words.includes('--packages')) {
  process.stdout.write(`${[...new Set(chosen.flatMap((n) => Object.values(sites[n])))].join(' ')}\n`);
  process.exit(0);
}
const lacking = [...new Set(chosen.flatMap((n) => Object.entries(sites[n]).filter(([file]) => !fs.existsSync(file)).map(([, p]) => p)))];
if (lacking.length) { process.stderr.write(`these packages are not installed: ${lacking.join(' ')}\n`); process.exit(1); }

for (const n of chosen) {
  const folder = path.join(here, n);
  if (!fs.existsSync(path.join(folder, 'package.json')) || fs.existsSync(path.join(folder, 'node_modules'))) continue;
  process.stderr.write(`${n}: npm ci\n`);
  const r = spawnSync('npm', ['ci', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { stdio: ['ignore', 'inherit', 'inherit'] });
  if (r.status !== 0) process.exit(1);
}
const env = { ...process.env, ...(isShort && { FR_SITES_ROUNDS: '24' }) };
const child = spawn(process.execPath, ['--test', ...chosen.map((n) => path.join(here, n, `${n}.test.mjs`))], { stdio: ['ignore', 'inherit', 'inherit'], env });
const [code] = await once(child, 'exit');
process.exit(code ?? 1);
