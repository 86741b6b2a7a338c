// Sees once, in a browser, what a page loads: writes its manifest.
import fs from 'node:fs';
import path from 'node:path';
import { hintsBrowser, startBrowser } from '../../tests/browser/lib/browser.mjs';
import { load } from './load.mjs';
import { startOrigin } from './origin.mjs';

const kinds = { Stylesheet: 'style', Script: 'script', Font: 'font', Image: 'image', Fetch: 'fetch', XHR: 'fetch' };

export async function discover(folder, scratch) {
  const file = path.join(folder, 'manifest.json');
  // a manifest of an earlier version does not tell who names what
  if (fs.existsSync(file) && JSON.parse(fs.readFileSync(file, 'utf8')).assets.every((a) => a.referer)) return;
  const origin = await startOrigin({ folder, think: 0 });
  const browser = startBrowser(hintsBrowser(), { folder: path.join(scratch, 'discover'), args: ['--window-size=1200,800'] });
  try {
    const seen = await load(browser, `${origin.url}/`);
    if (seen.failed.length) throw new Error(`not there: ${seen.failed.join(' ')}`);
    const assets = seen.rows.filter((r) => r.type !== 'Document').map((r) => ({
      path: r.path, as: kinds[r.type] ?? 'fetch', blocking: Boolean(r.blocking), crossorigin: r.type === 'Font', referer: r.referer ?? '/', bytes: r.bytes }));
    const once = [...new Map(assets.map((a) => [a.path, a])).values()];
    fs.writeFileSync(file, `${JSON.stringify({ html: seen.rows[0].bytes, assets: once }, null, 1)}\n`);
  } finally {
    await browser.close();
    origin.closeAllConnections();
    origin.close();
  }
}
