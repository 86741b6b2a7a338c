// A visitor with a browser's habits and a jar of cookies, over HTTP/2 or
// HTTP/1.1: follows redirects when told, fills in forms, decodes what is encoded.
import fs from 'node:fs';
import https from 'node:https';
import zlib from 'node:zlib';
import { caFile, h2connect, h2request } from '../../e2e/lib/harness.mjs';

const decoders = { gzip: zlib.gunzipSync, br: zlib.brotliDecompressSync, deflate: zlib.inflateSync };
const agentName = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36';
const kinds = { css: ['style', 'text/css,*/*;q=0.1'], js: ['script', '*/*'], svg: ['image', 'image/svg+xml,*/*;q=0.8'], png: ['image', 'image/png,*/*;q=0.8'] };

const navigation = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', 'upgrade-insecure-requests': '1' };
function assetFields(target, referer) {
  const [dest, accept] = kinds[/\.(\w+)(\?|$)/.exec(target)?.[1]] ?? ['empty', '*/*'];
  return { accept, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': dest, referer };
}

class Jar {
  constructor() { this.cookies = new Map(); }
  take(lines) {
    for (const line of lines ?? []) {
      const [pair, ...attributes] = line.split(';').map((s) => s.trim());
      const at = pair.indexOf('=');
      const field = (name) => attributes.find((a) => a.toLowerCase().startsWith(`${name}=`))?.slice(name.length + 1);
      const gone = Number(field('max-age') ?? 1) <= 0 || (field('expires') && Date.parse(field('expires')) < Date.now());
      const key = `${pair.slice(0, at)};${field('path') ?? '/'}`;
      if (gone) this.cookies.delete(key);
      else this.cookies.set(key, pair);
    }
  }
  line(target) {
    return [...this.cookies].filter(([key]) => target.startsWith(key.slice(key.indexOf(';') + 1))).map(([, pair]) => pair).join('; ');
  }
  value(name) {
    for (const pair of this.cookies.values()) if (pair.startsWith(`${name}=`)) return pair.slice(name.length + 1);
  }
}

// Each visitor comes from an address of its own, as people do.
let visitors = 0;
const nextAddress = () => { visitors++; return `127.${1 + (visitors >> 16)}.${(visitors >> 8) & 255}.${visitors & 255}`; };

export class Visitor {
  // session: an HTTP/2 session that may be another visitor's, too; without one, HTTP/1.1.
  constructor(edge, { session, agent } = {}) {
    this.authority = `localhost:${edge.port}`;
    this.base = `https://${this.authority}`;
    Object.assign(this, { session, agent, jar: new Jar() });
  }

  // Node ends a stream whose waiting body is more than maxSessionMemory (MB).
  static async http2(t, edge) { return new Visitor(edge, { session: await h2connect(t, edge.port, { settings: { enablePush: false }, maxSessionMemory: 100, localAddress: nextAddress() }) }); }

  static http1(t, edge) {
    const agent = new https.Agent({ keepAlive: true, ca: fs.readFileSync(caFile), maxSockets: 6, localAddress: nextAddress() });
    t.after(() => agent.destroy());
    return new Visitor(edge, { agent });
  }

  // Another visitor on the same connections.
  beside() { return new Visitor({ port: this.authority.split(':')[1] }, this); }

  http1Request(method, target, headers, body) {
    return new Promise((resolve, reject) => {
      const informational = [];
      const req = https.request(`${this.base}${target}`, { method, headers, agent: this.agent }, (res) => {
        const chunks = [];
        res.on('data', (d) => chunks.push(d));
        res.on('error', reject);
        res.on('end', () => resolve({ status: res.statusCode, headers: res.headers, informational, bytes: Buffer.concat(chunks) }));
      });
      req.on('information', (i) => informational.push(i));
      req.on('error', reject);
      req.end(body);
    });
  }

  async http2Request(method, target, headers, body) {
    const r = await h2request(this.session, { ':method': method, ':path': target, ':authority': this.authority, ...headers }, body);
    return { status: r.status, headers: r.headers, informational: r.informational, bytes: Buffer.from(r.body, 'latin1') };
  }

  // Browsers say how long a body is; scripts that stream one do not (hidesLength).
  framing(body) {
    if (!this.hidesLength) return { 'content-length': String(Buffer.byteLength(body)) };
    return this.session ? {} : { 'transfer-encoding': 'chunked' };
  }

  // One request as it is; the body decoded as `text`.
  async ask(method, target, { headers = {}, body } = {}) {
    const cookie = this.jar.line(target);
    const all = { ...(body && this.framing(body)), 'user-agent': agentName, 'accept-encoding': 'gzip, deflate, br', 'accept-language': 'en-US,en;q=0.9', 'sec-fetch-site': 'same-origin',
      ...(cookie && { cookie }), ...headers };
    for (const [name, value] of Object.entries(all)) if (value === undefined) delete all[name];
    const r = await (this.session ? this.http2Request : this.http1Request).call(this, method, target, all, body);
    this.jar.take(r.headers['set-cookie']);
    const coding = r.headers['content-encoding'];
    r.body = r.bytes.length && decoders[coding] && r.status !== 206 ? decoders[coding](r.bytes) : r.bytes;
    r.text = r.body.toString();
    r.target = target;
    // the assets that a 103 named
    r.hinted = r.informational.filter((i) => (i[':status'] ?? i.statusCode) === 103)
      .flatMap((i) => [...String([].concat(i.link ?? i.headers?.link ?? []).join(', ')).matchAll(/<([^>]+)>/g)].map((m) => m[1]));
    return r;
  }

  // Goes to a page, after redirects.
  async visit(target, { headers, body, method = 'GET' } = {}) {
    let at = target;
    for (let n = 0; n < 8; n++) {
      const r = await this.ask(method, at, { headers: { ...navigation, ...headers }, body });
      if (![301, 302, 303, 307, 308].includes(r.status)) return r;
      const to = new URL(r.headers.location, `${this.base}${at}`);
      if (to.origin !== this.base) throw new Error(`${at} leads away, to ${to}`);
      at = to.pathname + to.search;
      if (r.status < 307) [method, body, headers] = ['GET', undefined, undefined];
    }
    throw new Error(`${target}: redirects without end`);
  }

  asset(target, referer = '/', headers = {}) { return this.ask('GET', target, { headers: { ...assetFields(target, this.base + referer), ...headers } }); }

  // Sends a form, as a browser from that page.
  post(target, form, { from = target, headers } = {}) {
    return this.visit(target, { method: 'POST', body: new URLSearchParams(form).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: this.base, referer: this.base + from, ...headers } });
  }

  // Sends a form with a file: fields, then {name, filename, type, data}.
  upload(target, form, file, { from = target } = {}) {
    const boundary = '----forerun-sites-9f1c';
    const part = (head, data) => [Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; ${head}\r\n\r\n`), data, Buffer.from('\r\n')];
    const parts = Object.entries(form).flatMap(([name, value]) => part(`name="${name}"`, Buffer.from(String(value))));
    parts.push(...part(`name="${file.name}"; filename="${file.filename}"\r\nContent-Type: ${file.type}`, file.data), Buffer.from(`--${boundary}--\r\n`));
    return this.visit(target, { method: 'POST', body: Buffer.concat(parts),
      headers: { 'content-type': `multipart/form-data; boundary=${boundary}`, origin: this.base, referer: this.base + from } });
  }
}

// The style sheets, scripts and pictures of its own host that a page names.
export function assetsOf(page, base) {
  const found = [...page.text.matchAll(/<(?:link|script|img)\b[^>]*?\b(?:href|src)=["']([^"']+)["'][^>]*>/g)]
    .filter((m) => !/^<link/.test(m[0]) || /rel=["']?(stylesheet|modulepreload|preload|icon)/.test(m[0]))
    .map((m) => new URL(m[1].replaceAll('&#038;', '&').replaceAll('&amp;', '&'), `${base}${page.target}`))
    .filter((u) => u.origin === base).map((u) => u.pathname + u.search);
  return [...new Set(found)];
}
