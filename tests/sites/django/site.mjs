// The Django site for the tests: gunicorn, as its documents advise, SQLite, the admin pages.
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { addRelease, removeRelease, writeOld } from '../lib/release.mjs';
import { giveAway, makeFolder, runOnce, startService } from '../lib/service.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const tokenOf = (page) => /name="csrfmiddlewaretoken" value="([^"]+)"/.exec(page.text)[1];

export async function start(scope) {
  const folder = makeFolder(scope, 'django');
  const files = path.join(folder, 'static');
  let release = addRelease(files, 1), old;
  const publish = () => writeOld(path.join(folder, 'release.json'), JSON.stringify(release));
  publish();
  for (const name of ['manage.py', 'shop']) fs.cpSync(path.join(here, name), path.join(folder, name), { recursive: true });
  giveAway(folder);
  const env = { FR_SITE_FOLDER: folder, PYTHONPATH: folder };
  const manage = path.join(folder, 'manage.py');
  runOnce('python3', [manage, 'migrate', '--verbosity', '0'], { env, cwd: folder });
  runOnce('python3', [manage, 'shell', '-c', 'from shop.views import setup; setup()'], { env, cwd: folder });
  const s = await startService(scope, 'gunicorn', 'gunicorn', ['--bind', '127.0.0.1:0', '--workers', '2', '--threads', '4', '--pid', path.join(folder, 'pid'),
    '--log-level', 'info', 'shop.wsgi'], { ready: /Listening at: http:\/\/127\.0\.0\.1:(\d+)[\s\S]*Booting worker/, env, cwd: folder });

  return {
    origin: `http://127.0.0.1:${s.ready[1]}`,
    pages: ['/', '/guestbook/', '/login/'],
    deployed: ['/', '/guestbook/'],
    users: ['alice', 'bob'].map((name) => ({ name, marker: `marker-of-${name}` })),
    personal: ['/', '/account/', '/admin/', '/admin/auth/user/add/'],
    behindLogin: '/account/',
    async login(visitor, { name }) {
      const form = await visitor.visit('/login/');
      return visitor.post('/login/', { csrfmiddlewaretoken: tokenOf(form), username: name, password: `password of ${name}` });
    },
    logout: (visitor) => visitor.visit('/logout/'),
    async write(visitor, text) { return visitor.post('/guestbook/', { csrfmiddlewaretoken: tokenOf(await visitor.visit('/guestbook/')), text }); },
    forge: (visitor, text) => visitor.post('/guestbook/', { csrfmiddlewaretoken: 'x'.repeat(64), text }),
    written: '/guestbook/',
    async upload(visitor, data) {
      const token = tokenOf(await visitor.visit('/upload/'));
      const r = await visitor.upload('/upload/', { csrfmiddlewaretoken: token }, { name: 'file', filename: 'film.mp4', type: 'video/mp4', data });
      return r.text === crypto.createHash('sha256').update(data).digest('hex');
    },
    redirect: { from: '/old/', to: '/guestbook/' },
    missing: '/nothing-here/', broken: '/broken/',
    deploy: {
      add() { old = release; release = addRelease(files, 2); giveAway(files); },
      // the new code is loaded while the old one serves to its end
      async swap() {
        const from = s.text.length;
        publish();
        s.child.kill('SIGHUP');
        await s.says(/Hang up[\s\S]*Booting worker[\s\S]*Booting worker[\s\S]*Worker exiting[\s\S]*Worker exiting/, from);
      },
      remove() { removeRelease(files, old); },
    },
    assetNames: () => Object.values(release),
  };
}
