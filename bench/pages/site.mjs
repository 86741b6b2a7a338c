// Makes real page templates self-hosted: copies what a template has, takes from
// npm what it loads from elsewhere, and rewrites its HTML so that every asset is
// of the same origin. What a page loads is then seen in a browser, once: the
// manifest. Nothing of the packages is kept in the project.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeWordpress } from './wordpress.mjs';

const bench = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const modules = path.join(bench, 'node_modules');
export const cache = path.join(bench, '.cache');

const bootstrapJs = ['https://cdn.jsdelivr.net/npm/bootstrap@5.2.3/dist/js/bootstrap.bundle.min.js', 'bootstrap/dist/js/bootstrap.bundle.min.js', 'vendor/bootstrap.bundle.min.js'];
// the template maker's own form service: on no registry, and no part of the page
const noForms = [/<script src="https:\/\/cdn\.startbootstrap\.com\/sb-forms-latest\.js"><\/script>/, ''];

// package and folder: where the template is. fetch: [URL, file in npm, file of
// the page] in place of what it loads from elsewhere. edit: further changes.
const templates = {
  // a landing page: hero picture behind the title, icon and text fonts, six pictures
  creative: {
    package: 'startbootstrap-creative', folder: 'dist', edit: [noForms],
    fetch: [bootstrapJs,
      ['https://cdn.jsdelivr.net/npm/bootstrap-icons@1.5.0/font/bootstrap-icons.css', 'bootstrap-icons/font/bootstrap-icons.css', 'vendor/bootstrap-icons.css'],
      ['https://cdnjs.cloudflare.com/ajax/libs/SimpleLightbox/2.1.0/simpleLightbox.min.css', 'simplelightbox/dist/simple-lightbox.min.css', 'vendor/simple-lightbox.min.css'],
      ['https://cdnjs.cloudflare.com/ajax/libs/SimpleLightbox/2.1.0/simpleLightbox.min.js', 'simplelightbox/dist/simple-lightbox.min.js', 'vendor/simple-lightbox.min.js']],
  },
  // many pictures; icons as a style sheet with fonts (the template takes the same
  // icons as a script of 1.4 MB)
  agency: {
    package: 'startbootstrap-agency', folder: 'dist',
    edit: [noForms, [/<script src="https:\/\/use\.fontawesome\.com\/releases\/v6\.3\.0\/js\/all\.js"[^>]*><\/script>/,
      '<link href="https://use.fontawesome.com/releases/v6.3.0/css/all.css" rel="stylesheet" />']],
    fetch: [bootstrapJs, ['https://use.fontawesome.com/releases/v6.3.0/css/all.css', '@fortawesome/fontawesome-free/css/all.min.css', 'vendor/fontawesome/css/all.min.css']],
  },
  // an application's page: several scripts, icon fonts, few and small pictures
  admin: {
    package: 'startbootstrap-sb-admin-2', folder: '',
    edit: [[/https:\/\/source\.unsplash\.com\/[^"]*/, 'img/undraw_profile_3.svg']], fetch: [],
  },
  // an article list: a picture that the HTML names in a style attribute, two families of text fonts
  blog: {
    package: 'startbootstrap-clean-blog', folder: 'dist',
    edit: [[/<script src="https:\/\/use\.fontawesome\.com\/releases\/v6\.3\.0\/js\/all\.js"[^>]*><\/script>/,
      '<link href="https://use.fontawesome.com/releases/v6.3.0/css/all.css" rel="stylesheet" />']],
    fetch: [bootstrapJs, ['https://use.fontawesome.com/releases/v6.3.0/css/all.css', '@fortawesome/fontawesome-free/css/all.min.css', 'vendor/fontawesome/css/all.min.css']],
  },
  // long HTML (69 KB) behind large style sheets, seven scripts at its end, pictures by style sheets and HTML
  kit: {
    package: 'now-ui-kit', folder: '',
    edit: [[/<link rel="stylesheet" href="https:\/\/use\.fontawesome[^>]*>/, '<link rel="stylesheet" href="https://use.fontawesome.com/releases/v6.3.0/css/all.css" />'],
      [/<script src="https:\/\/maps\.googleapis[^>]*><\/script>/, ''], [/<link rel="apple-touch-icon"[^>]*>/, '']],
    fetch: [['https://use.fontawesome.com/releases/v6.3.0/css/all.css', '@fortawesome/fontawesome-free/css/all.min.css', 'vendor/fontawesome/css/all.min.css']],
  },
};
const lightbox = 'simplelightbox/dist/simple-lightbox.min';
const picture = (n) => [`startbootstrap-creative/dist/assets/img/portfolio/thumbnails/${n}.jpg`, `img/${n}.jpg`];
// pages of our own making: their HTML beside this file, their assets from npm
const ownPages = {
  // a light page of eight assets; what blocks its rendering and its font are 30 KB
  article: [
    ['bootstrap/dist/css/bootstrap-reboot.min.css', 'css/reboot.css'], ['bootstrap/dist/css/bootstrap-grid.min.css', 'css/grid.css'],
    [`${lightbox}.css`, 'css/lightbox.css'], [`${lightbox}.js`, 'js/lightbox.js'],
    ['@fontsource/roboto-slab/files/roboto-slab-latin-400-normal.woff2', 'fonts/roboto-slab.woff2'], picture(1), picture(2), picture(3)],
};
// WordPress with its default theme, and with an older one that has two large style sheets
const wordpressThemes = { wordpress: 'twentytwentythree', 'wordpress-2021': 'twentytwentyone' };
export const pageNames = [...Object.keys(templates), ...Object.keys(ownPages), ...Object.keys(wordpressThemes)];

// Copies a style sheet and the files that it names, keeping their places.
function copyStyle(from, to) {
  const text = fs.readFileSync(from, 'utf8');
  fs.mkdirSync(path.dirname(to), { recursive: true });
  fs.writeFileSync(to, text);
  for (const [, url] of text.matchAll(/url\(["']?(?!data:)([^"')?#]+)/g)) {
    copyFile(path.resolve(path.dirname(from), url), path.resolve(path.dirname(to), url));
  }
}

// The style sheet that Google's font service would give: the families and
// styles of its URL, Latin only (a browser fetches no other for these pages).
function fontSheet(url, folder, name) {
  const query = new URL(url).searchParams;
  const display = query.get('display') ?? 'auto';
  let text = '';
  for (const family of query.get('family').split('|')) {
    const [title, variants = '400'] = family.split(':');
    const slug = title.toLowerCase().replace(/ /g, '-');
    for (const v of variants.split(',')) {
      const weight = /^\d+/.exec(v)?.[0] ?? '400';
      const file = path.join(modules, '@fontsource', slug, `latin-${weight}${/i/.test(v) ? '-italic' : ''}.css`);
      if (fs.existsSync(file)) text += `${fs.readFileSync(file, 'utf8').replace(/font-display: \w+/, `font-display: ${display}`)}\n`;
    }
    fs.mkdirSync(path.join(folder, 'fonts/files'), { recursive: true });
    for (const [, file] of text.matchAll(/url\(\.\/files\/([^)]+)\)/g)) {
      const from = path.join(modules, '@fontsource', slug, 'files', file);
      if (fs.existsSync(from)) fs.copyFileSync(from, path.join(folder, 'fonts/files', file));
    }
  }
  fs.writeFileSync(path.join(folder, 'fonts', name), text);
  return `fonts/${name}`;
}

function copyFile(from, to) {
  fs.mkdirSync(path.dirname(to), { recursive: true });
  fs.copyFileSync(from, to);
}

function copyOwnPage(name, folder) {
  copyFile(path.join(bench, 'pages', `${name}.html`), path.join(folder, 'index.html'));
  for (const [from, to] of ownPages[name]) copyFile(path.join(modules, from), path.join(folder, to));
}

function copyTemplate(name, t, folder) {
  const source = path.join(modules, t.package, t.folder);
  for (const f of ['assets', 'css', 'img', 'js', 'vendor']) {
    if (fs.existsSync(path.join(source, f))) fs.cpSync(path.join(source, f), path.join(folder, f), { recursive: true });
  }
  let html = fs.readFileSync(path.join(source, 'index.html'), 'utf8');
  for (const [from, to] of t.edit) html = html.replace(from, to);
  for (const [url, from, to] of t.fetch) {
    html = html.replaceAll(url, to);
    if (to.endsWith('.css')) copyStyle(path.join(modules, from), path.join(folder, to));
    else copyFile(path.join(modules, from), path.join(folder, to));
  }
  // no icon of the tab: whether and when it is fetched differs between browsers
  html = html.replace(/<link rel="icon"[^>]*>/, '').replace('</title>', '</title>\n<link rel="icon" href="data:,">');
  let n = 0;
  html = html.replace(/https:\/\/fonts\.googleapis\.com\/css[^"]*/g, (url) => fontSheet(url.replaceAll('&amp;', '&'), folder, `fonts-${++n}.css`));
  const outside = html.match(/<(?:link|script|img|source|iframe)\b[^>]*(?:href|src)="(?:https?:)?\/\/[^"]*"/g);
  if (outside) throw new Error(`${name} still loads from elsewhere: ${outside.join(' ')}`);
  fs.writeFileSync(path.join(folder, 'index.html'), html);
}

// Writes the self-hosted page into a folder and returns it.
export async function makePage(name) {
  if (!pageNames.includes(name)) throw new Error(`no page of that name: ${name} (there are ${pageNames.join(', ')})`);
  const folder = path.join(cache, 'pages', name);
  if (fs.existsSync(path.join(folder, 'manifest.json'))) return folder;
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  if (wordpressThemes[name]) await makeWordpress(folder, wordpressThemes[name]);
  else if (ownPages[name]) copyOwnPage(name, folder);
  else copyTemplate(name, templates[name], folder);
  return folder;
}

// What a load needs, in the order in which the browser asked. asset: path, as,
// blocking (rendering waits for it), crossorigin, bytes on the wire.
export const readManifest = (folder) => JSON.parse(fs.readFileSync(path.join(folder, 'manifest.json'), 'utf8'));

// Assets of a selection of the manifest: `all`, `blocking` (style sheets and
// scripts of the head), `fonts` (those and the fonts), `critical` (all style sheets, scripts
// and fonts).
export function select(manifest, what) {
  if (what === 'none' || !what) return [];
  const critical = ['style', 'script', 'font'];
  return manifest.assets.filter((a) => what === 'all' || a.blocking || (what === 'fonts' && a.as === 'font') || (what === 'critical' && critical.includes(a.as)));
}

// One link value, as an origin or a rule has it.
export const link = (a) => `<${a.path}>; rel=preload; as=${a.as}${a.crossorigin ? '; crossorigin' : ''}`;
