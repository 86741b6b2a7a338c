// WordPress as Debian packages it, with PHP-FPM, MariaDB and nginx of their own, all in one folder.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { addRelease, mediaBytes, removeRelease, writeOld } from '../lib/release.mjs';
import { giveAway, makeFolder, runOnce, startNginx, startService } from '../lib/service.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));

async function startDatabase(scope, folder) {
  const data = path.join(folder, 'db');
  const common = ['--no-defaults', `--datadir=${data}`, '--innodb-log-file-size=8M', '--innodb-buffer-pool-size=32M', '--innodb-flush-log-at-trx-commit=0'];
  runOnce('mariadb-install-db', [...common, '--auth-root-authentication-method=normal', '--skip-test-db'], { cwd: folder });
  const setup = path.join(folder, 'setup.sql');
  fs.writeFileSync(setup, "CREATE DATABASE wordpress;\nCREATE USER wordpress@localhost IDENTIFIED BY '';\nGRANT ALL ON wordpress.* TO wordpress@localhost;\n");
  await startService(scope, 'mariadbd', '/usr/sbin/mariadbd', [...common, `--socket=${folder}/db.sock`, '--skip-networking', `--init-file=${setup}`, `--pid-file=${folder}/db.pid`,
    '--skip-log-bin', '--performance-schema=off'], { ready: /ready for connections/, cwd: folder });
}

async function startPhp(scope, folder) {
  const file = path.join(folder, 'fpm.conf');
  fs.writeFileSync(file, `[global]
pid = ${folder}/fpm.pid
error_log = ${folder}/fpm.log
[site]
listen = ${folder}/php.sock
pm = static
pm.max_children = 4
catch_workers_output = yes
env[FR_SITE_FOLDER] = ${folder}
php_admin_value[upload_max_filesize] = 64M
php_admin_value[post_max_size] = 64M
php_admin_value[upload_tmp_dir] = ${folder}
`);
  await startService(scope, 'php-fpm', '/usr/sbin/php-fpm8.2', ['--nodaemonize', '--force-stderr', '--fpm-config', file], { ready: /ready to handle connections/, cwd: folder });
}

// A copy of the package's files with a configuration of its own.
function copyWordPress(folder) {
  const root = path.join(folder, 'wordpress');
  const source = '/usr/share/wordpress';
  fs.mkdirSync(root, { recursive: true });
  for (const name of fs.readdirSync(source)) {
    if (['wp-content', 'wp-config.php', '.htaccess'].includes(name)) continue;
    fs.cpSync(path.join(source, name), path.join(root, name), { recursive: true, dereference: true, preserveTimestamps: true });
  }
  for (const name of ['themes', 'plugins', 'uploads', 'mu-plugins', 'build']) fs.mkdirSync(path.join(root, 'wp-content', name), { recursive: true });
  fs.cpSync(path.join(source, 'wp-content/themes/twentytwentyone'), path.join(root, 'wp-content/themes/twentytwentyone'), { recursive: true, dereference: true, preserveTimestamps: true });
  fs.copyFileSync(path.join(here, 'wp-config.php'), path.join(root, 'wp-config.php'));
  return root;
}

export const server = (folder) => `
    root ${folder}/wordpress; index index.php; client_max_body_size 64m;
    location / { try_files $uri $uri/ /index.php?$args; }
    location ~ \\.php$ {
      include /etc/nginx/fastcgi.conf;
      fastcgi_pass unix:${folder}/php.sock;
    }`;

// Database, PHP and files; without a web server. plugin: the build step of a theme.
export async function install(scope, { plugin = true } = {}) {
  const folder = makeFolder(scope, 'wordpress');
  const root = copyWordPress(folder);
  fs.copyFileSync(path.join(here, 'seed.php'), path.join(folder, 'seed.php'));
  giveAway(folder);
  await startDatabase(scope, folder);
  const said = runOnce('php8.2', [path.join(folder, 'seed.php'), root], { env: { FR_SITE_FOLDER: folder }, cwd: folder });
  if (!said.endsWith('installed\n')) throw new Error(`WordPress was not installed: ${said}`);
  if (plugin) fs.copyFileSync(path.join(here, 'build.php'), path.join(root, 'wp-content/mu-plugins/build.php'));
  await startPhp(scope, folder);
  return { folder, root };
}

export async function start(scope) {
  const { folder, root } = await install(scope);
  const files = path.join(root, 'wp-content/build');
  let release = addRelease(files, 1), old;
  const publish = () => writeOld(path.join(files, 'release.json'), JSON.stringify(release));
  publish();
  const media = mediaBytes(3 << 20);
  writeOld(path.join(root, 'wp-content/uploads/film.mp4'), media);
  giveAway(path.join(root, 'wp-content'));
  const nginx = await startNginx(scope, folder, server(folder));
  const field = (page, name) => new RegExp(`name=["']${name}["'][^>]*value=["']([^"']*)["']|value=["']([^"']*)["'][^>]*name=["']${name}["']`).exec(page.text)?.slice(1).find(Boolean);
  const guests = ['first', 'second'];
  let comments = 0;

  return {
    origin: nginx.url,
    pages: ['/', '/post-1/', '/post-2/', '/?s=post'],
    deployed: ['/', '/post-1/'],
    users: ['alice', 'bob'].map((name) => ({ name, marker: `marker-of-${name}` })),
    personal: ['/', '/wp-admin/', '/wp-admin/profile.php', '/post-1/'],
    behindLogin: '/wp-admin/',
    async login(visitor, { name }) {
      await visitor.visit('/wp-login.php');
      return visitor.post('/wp-login.php', { log: name, pwd: `password of ${name}`, 'wp-submit': 'Log In', testcookie: '1', redirect_to: `${visitor.base}/wp-admin/` });
    },
    async logout(visitor) {
      const page = await visitor.visit('/wp-admin/profile.php');
      const target = /href="[^"]*(\/wp-login\.php\?action=logout[^"]*)"/.exec(page.text)[1].replaceAll('&amp;', '&').replaceAll('&#038;', '&');
      return visitor.visit(target);
    },
    async write(visitor, text) {
      const page = await visitor.visit('/post-3/');
      const guest = guests[comments++ % 2];
      return visitor.post('/wp-comments-post.php', { comment: text, author: guest, email: `${guest}@example.org`, url: '', submit: 'Post Comment',
        comment_post_ID: field(page, 'comment_post_ID'), comment_parent: '0' }, { from: '/post-3/' });
    },
    written: '/post-3/',
    uploadersLogIn: true,
    async upload(visitor, data) {
      const form = await visitor.visit('/wp-admin/media-new.php?browser-uploader');
      const r = await visitor.upload('/wp-admin/media-new.php', { _wpnonce: field(form, '_wpnonce'), _wp_http_referer: '/wp-admin/media-new.php', post_id: '0', 'html-upload': 'Upload' },
        { name: 'async-upload', filename: 'upload.mp4', type: 'video/mp4', data }, { from: '/wp-admin/media-new.php?browser-uploader' });
      if (r.status !== 200) return false;
      const folders = path.join(root, 'wp-content/uploads');
      return fs.readdirSync(folders, { recursive: true }).some((f) => /upload[-\d]*\.mp4$/.test(f) && fs.readFileSync(path.join(folders, f)).equals(data));
    },
    media: { target: '/wp-content/uploads/film.mp4', bytes: media },
    redirect: { from: '/post-1', to: '/post-1/' },
    missing: '/nothing-here/',
    deploy: {
      add() { old = release; release = addRelease(files, 2); giveAway(files); },
      swap: async () => publish(),
      remove() { removeRelease(files, old); },
    },
    assetNames: () => Object.values(release),
  };
}
