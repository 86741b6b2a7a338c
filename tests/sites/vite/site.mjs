// A static site built by Vite, behind nginx as Debian ships it: no user, no
// cookie, no Cache-Control; what a deployment can break is all that there is.
import fs from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { mediaBytes, writeOld } from '../lib/release.mjs';
import { giveAway, makeFolder, startNginx } from '../lib/service.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));

// Builds a release into a folder; the names of its assets.
export function build(folder, release) {
  const r = spawnSync(process.execPath, [path.join(here, 'node_modules/vite/bin/vite.js'), 'build', '--outDir', folder, '--logLevel', 'error'],
    { cwd: here, env: { ...process.env, NODE_ENV: 'production', VITE_RELEASE: String(release) } });
  if (r.status !== 0) throw new Error(`vite build: ${r.stdout}${r.stderr}`);
  return fs.readdirSync(path.join(folder, 'assets'));
}

// Copies files as if they had been there for some days.
function copyOld(from, to, names, days) {
  fs.mkdirSync(to, { recursive: true });
  for (const name of names) writeOld(path.join(to, name), fs.readFileSync(path.join(from, name)), days);
}

export async function start(scope) {
  const folder = makeFolder(scope, 'vite');
  const [one, two, root] = ['one', 'two', 'root'].map((n) => path.join(folder, n));
  const [first, second] = [build(one, 1), build(two, 2)];
  // a script's name tells its release; the style sheet is the same in both
  const changed = (mine, other) => mine.filter((n) => !other.includes(n));
  let current = changed(first, second);
  const assets = path.join(root, 'assets');
  copyOld(path.join(one, 'assets'), assets, first);
  copyOld(one, root, ['index.html']);
  const media = mediaBytes(3 << 20);
  writeOld(path.join(root, 'film.mp4'), media);
  writeOld(path.join(root, 'about.html'), fs.readFileSync(path.join(one, 'index.html')));
  giveAway(root);
  const nginx = await startNginx(scope, folder, `root ${root}; index index.html; location / { try_files $uri $uri/ =404; } location = /old { return 301 /about.html; } absolute_redirect off;`);

  return {
    origin: nginx.url,
    pages: ['/', '/about.html'],
    media: { target: '/film.mp4', bytes: media },
    redirect: { from: '/old', to: '/about.html' },
    missing: '/nothing-here',
    deploy: {
      add() { copyOld(path.join(two, 'assets'), assets, second, 20); },
      async swap() {
        copyOld(two, root, ['index.html'], 20);
        writeOld(path.join(root, 'about.html'), fs.readFileSync(path.join(two, 'index.html')), 20);
        current = changed(second, first);
      },
      remove() { for (const n of changed(first, second)) fs.rmSync(path.join(assets, n)); },
    },
    assetNames: () => current,
  };
}
