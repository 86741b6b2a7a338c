// The origin of a measured page: HTTP/1.1, compresses text as sites do, gives
// assets a year of freshness and takes its time to make the HTML.
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import zlib from 'node:zlib';
import { createHash } from 'node:crypto';
import { once } from 'node:events';

const types = {
  '.html': 'text/html; charset=utf-8', '.css': 'text/css', '.js': 'text/javascript', '.svg': 'image/svg+xml', '.json': 'application/json',
  '.jpg': 'image/jpeg', '.png': 'image/png', '.ico': 'image/x-icon', '.woff2': 'font/woff2', '.woff': 'font/woff', '.ttf': 'font/ttf',
};
const isText = (type) => /^text|svg|json/.test(type);

function readAll(folder) {
  const files = new Map();
  for (const entry of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath ?? entry.path, entry.name);
    const type = types[path.extname(entry.name)];
    if (!entry.isFile() || !type || entry.name === 'manifest.json') continue;
    const body = fs.readFileSync(file);
    const f = { type, body, etag: `"${createHash('sha256').update(body).digest('hex').slice(0, 16)}"`, size: body.length };
    if (isText(type)) f.gzip = zlib.gzipSync(body, { level: 9 });
    files.set(`/${path.relative(folder, file)}`, f);
  }
  files.set('/', files.get('/index.html'));
  return files;
}

function send(req, res, f, fields) {
  const gzip = f.gzip && /\bgzip\b/.test(req.headers['accept-encoding'] ?? '');
  const body = gzip ? f.gzip : f.body;
  res.writeHead(200, { 'content-type': f.type, 'content-length': body.length, ...(f.gzip && { vary: 'accept-encoding' }),
    ...(gzip && { 'content-encoding': 'gzip' }), ...fields });
  res.end(req.method === 'HEAD' ? undefined : body);
}

// folder: the page; think: ms; link, early: lists of Link values for the HTML
// and for a 103 of the origin's own; fields: more fields of the HTML; plain: nothing is compressed.
export async function startOrigin({ folder, think = 200, link = [], early = [], fields = {}, plain = false }) {
  const files = readAll(folder);
  if (plain) for (const f of files.values()) delete f.gzip;
  const server = http.createServer({ keepAliveTimeout: 60000 }, (req, res) => {
    const f = files.get(decodeURI(req.url.replace(/[?#].*/, '')));
    if (!f) { res.writeHead(404, { 'content-type': 'text/plain', 'cache-control': 'no-store' }); res.end('not here\n'); return; }
    if (!f.type.startsWith('text/html')) {
      send(req, res, f, { 'cache-control': 'public, max-age=31536000', etag: f.etag });
      return;
    }
    if (early.length) res.writeEarlyHints({ link: early });
    setTimeout(() => send(req, res, f, { 'cache-control': 'no-store', ...(link.length && { link }), ...fields }), think);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.url = `http://127.0.0.1:${server.address().port}`;
  return server;
}
