// The Express site for the tests: how to start it, and what a visitor can do there.
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { addRelease, mediaBytes, removeRelease, writeOld } from '../lib/release.mjs';
import { makeFolder, startService } from '../lib/service.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const tokenOf = (page) => /name="token" value="([^"]+)"/.exec(page.text)[1];

export async function start(scope) {
  const folder = makeFolder(scope, 'express');
  const files = path.join(folder, 'public');
  let release = addRelease(files, 1), old;
  const publish = () => writeOld(path.join(folder, 'release.json'), JSON.stringify(release));
  publish();
  const media = mediaBytes(3 << 20);
  writeOld(path.join(files, 'film.mp4'), media);
  const s = await startService(scope, 'express', process.execPath, [path.join(here, 'server.cjs'), folder], { ready: /listening on (\d+)/, env: { NODE_ENV: 'production' }, isOurs: true });

  return {
    origin: `http://127.0.0.1:${s.ready[1]}`,
    pages: ['/', '/about', '/guestbook'],
    users: [{ name: 'alice', marker: 'marker-of-alice' }, { name: 'bob', marker: 'marker-of-bob' }],
    personal: ['/', '/account', '/about'],
    behindLogin: '/account',
    async login(visitor, user) {
      const form = await visitor.visit('/login');
      return visitor.post('/login', { token: tokenOf(form), user: user.name });
    },
    async logout(visitor) { return visitor.post('/logout', { token: tokenOf(await visitor.visit('/account')) }); },
    async write(visitor, text) { return visitor.post('/guestbook', { token: tokenOf(await visitor.visit('/guestbook')), text }); },
    forge: (visitor, text) => visitor.post('/guestbook', { token: 'forged', text }),
    written: '/guestbook',
    async upload(visitor, data) {
      const r = await visitor.ask('POST', '/upload', { body: data, headers: { 'content-type': 'application/octet-stream' } });
      return r.text === crypto.createHash('sha256').update(data).digest('hex');
    },
    media: { target: '/static/film.mp4', bytes: media },
    redirect: { from: '/old', to: '/about' },
    missing: '/nothing-here', broken: '/broken',
    deploy: {
      add() { old = release; release = addRelease(files, 2); },
      swap: async () => publish(),
      remove() { removeRelease(files, old); },
    },
    assetNames: () => Object.values(release),
  };
}
