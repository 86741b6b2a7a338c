// The Next.js site: pages made on the server, one that is not, a login by cookie.
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../e2e/lib/harness.mjs';
import { makeFolder, startService } from '../lib/service.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const env = { NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' };

// A copy with its build; what npm installed is linked.
function build(folder) {
  for (const name of ['pages', 'styles', 'lib.js', 'jsconfig.json', 'next.config.mjs', 'package.json']) fs.cpSync(path.join(here, name), path.join(folder, name), { recursive: true });
  fs.symlinkSync(path.join(here, 'node_modules'), path.join(folder, 'node_modules'));
  const r = spawnSync(process.execPath, [path.join(here, 'node_modules/next/dist/bin/next'), 'build'], { cwd: folder, env: { ...process.env, ...env, HOME: folder } });
  if (r.status !== 0) throw new Error(`next build: ${r.stdout}${r.stderr}`);
}

export async function startNext(scope, { think = 0 } = {}) {
  const folder = makeFolder(scope, 'next');
  build(folder);
  const port = await freePort();
  await startService(scope, 'next', process.execPath, [path.join(here, 'node_modules/next/dist/bin/next'), 'start', '--hostname', '127.0.0.1', '--port', String(port)],
    { ready: /Ready in/, cwd: folder, env: { ...env, FR_SITE_THINK_MS: String(think) }, isOurs: true });
  return `http://127.0.0.1:${port}`;
}

export async function start(scope) {
  return {
    origin: await startNext(scope),
    pages: ['/', '/about', '/login'],
    users: [{ name: 'alice', marker: 'marker-of-alice' }, { name: 'bob', marker: 'marker-of-bob' }],
    personal: ['/', '/account'],
    behindLogin: '/account',
    login: (visitor, { name }) => visitor.post('/api/login', { user: name }, { from: '/login' }),
    logout: (visitor) => visitor.post('/api/login', { user: '' }, { from: '/account' }),
    async upload(visitor, data) {
      const r = await visitor.ask('POST', '/api/upload', { body: data, headers: { 'content-type': 'application/octet-stream' } });
      return r.text === crypto.createHash('sha256').update(data).digest('hex');
    },
    redirect: { from: '/about/', to: '/about' },
    missing: '/nothing-here',
  };
}
