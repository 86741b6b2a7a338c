// How many bytes the front page of WordPress has with its assets, behind Forerun's defaults and behind nginx with gzip.
import http from 'node:http';
import zlib from 'node:zlib';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { h2connect, h2request, startForerun } from '../../e2e/lib/harness.mjs';
import { startNginx } from '../lib/service.mjs';
import { assetsOf } from '../lib/visitor.mjs';
import { server } from './site.mjs';

const gzip = 'gzip_comp_level 6; gzip_min_length 1000; gzip_types text/plain text/css text/javascript application/javascript application/json application/xml image/svg+xml;';
const decoders = {
  gzip: zlib.gunzipSync, br: zlib.brotliDecompressSync,
  zstd: (b) => execFileSync('zstd', ['-dcq'], { input: b, maxBuffer: 1 << 28 }),
};

async function http1(port, path, headers) {
  const [res] = await once(http.get({ port, host: '127.0.0.1', path, headers }), 'response');
  const chunks = [];
  for await (const c of res) chunks.push(c);
  return { status: res.statusCode, headers: res.headers, bytes: Buffer.concat(chunks) };
}

// { page, styles, all } of each way.
async function count(get, base) {
  const page = await get('/');
  if (page.status !== 200) throw new Error(`the page: ${page.status}`);
  const text = (decoders[page.headers['content-encoding']] ?? ((b) => b))(page.bytes).toString();
  const sums = { page: page.bytes.length, styles: 0, all: page.bytes.length, assets: 0 };
  for (const path of assetsOf({ text, target: '/' }, base)) {
    const { status, bytes } = await get(path);
    if (status !== 200) throw new Error(`${path}: ${status}`);
    sums.all += bytes.length;
    sums.assets++;
    if (path.includes('.css')) sums.styles += bytes.length;
  }
  return sums;
}

// The site in `folder` (site.mjs), asked with each Accept-Encoding: { accept: { nginx, forerun } }.
export async function bytesOf(t, folder, accepts) {
  const plain = await startNginx(t, folder, server(folder));
  const zipped = await startNginx(t, folder, server(folder), { http: gzip });
  const edge = await startForerun(t, { origin: plain.url });
  const session = await h2connect(t, edge.port, { settings: { enablePush: false } });
  const base = `https://localhost:${edge.port}`;
  const found = {};
  for (const accept of accepts) {
    const asked = { 'accept-encoding': accept };
    found[accept] = {
      nginx: await count((path) => http1(zipped.port, path, { ...asked, host: new URL(base).host, 'x-forwarded-proto': 'https' }), base),
      forerun: await count(async (path) => {
        const r = await h2request(session, { ':path': path, ...asked });
        return { ...r, bytes: Buffer.from(r.body, 'latin1') };
      }, base),
    };
  }
  return found;
}
