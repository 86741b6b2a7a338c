// The server's side, in its own network namespace: each site behind nginx alone,
// and behind Forerun; both have been visited before.
import fs from 'node:fs';
import http2 from 'node:http2';
import path from 'node:path';
import zlib from 'node:zlib';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Forerun, binary } from '../../tests/e2e/lib/harness.mjs';
import { makeFolder, giveAway, startNginx } from '../../tests/sites/lib/service.mjs';
import { assetsOf } from '../../tests/sites/lib/visitor.mjs';
import { build } from '../../tests/sites/vite/site.mjs';
import { startNext } from '../../tests/sites/next/site.mjs';
import { install, server as wordpressServer } from '../../tests/sites/wordpress/site.mjs';

const job = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const closing = [];
const scope = { after: (f) => closing.push(f) };

const monthAgo = new Date(Date.now() - 30 * 86400 * 1000);
const gzip = 'gzip_vary on; gzip_comp_level 6; gzip_min_length 1000; gzip_proxied any; gzip_types text/plain text/css text/javascript application/javascript application/json application/xml image/svg+xml font/ttf;';

// How each site is served: lines of nginx's server block, and what Forerun asks.
const kinds = {
  async wordpress() {
    const { folder } = await install(scope, { plugin: false });
    const lines = wordpressServer(folder);
    return { folder, lines, origin: (await startNginx(scope, folder, lines)).url };
  },
  async vite() {
    const folder = makeFolder(scope, 'vite');
    build(path.join(folder, 'root'), 1);
    // built a month ago, not now: what changed a moment ago is fresh for no time
    for (const f of fs.readdirSync(path.join(folder, 'root'), { recursive: true })) fs.utimesSync(path.join(folder, 'root', f), monthAgo, monthAgo);
    giveAway(folder);
    const lines = `root ${folder}/root; index index.html; location / { try_files $uri $uri/ =404; }`;
    return { folder, lines, origin: (await startNginx(scope, folder, lines)).url };
  },
  async next() {
    const origin = await startNext(scope, { think: job.think });
    const lines = `location / { proxy_pass ${origin}; proxy_http_version 1.1; proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto https; }`;
    return { folder: makeFolder(scope, 'front'), lines, origin };
  },
};

async function startEdge(name, origin) {
  const state = path.join(job.scratch, name);
  fs.mkdirSync(state);
  const file = path.join(state, 'edge.yaml');
  fs.writeFileSync(file, `listen: [{address: "${job.address}:0"}, {address: "127.0.0.1:0"}]
admin: {listen: none}
tls: {certificate: ${job.certificate}, key: ${job.key}}
sites:
  - hosts: ["*"]
    origin: {url: "${origin}"}
`);
  const env = { ...process.env, XDG_RUNTIME_DIR: state, XDG_STATE_HOME: state, XDG_DATA_HOME: state };
  const edge = new Forerun(spawn(binary, ['serve', '--config', file, '--log-level', 'info'], { cwd: state, env, stdio: ['ignore', 'inherit', 'pipe'] }));
  closing.push(() => edge.stop());
  await edge.waitForLog(/ serve: ready\n/);
  const [far, near] = [...edge.text.matchAll(/listening on https:\/\/\S+:(\d+)/g)].map((m) => Number(m[1]));
  return { far, near };
}

// Visitors who were there before, each with an address of its own: page and assets.
// far: the port that the measured browser names; hints are kept by host and port.
async function warm({ far, near }, n) {
  const authority = `${job.host}:${far}`;
  const session = http2.connect(`https://127.0.0.1:${near}`, { localAddress: `127.0.1.${n + 1}`, servername: job.host, rejectUnauthorized: false, settings: { enablePush: false } });
  session.on('error', () => {});
  const get = async (target, fields) => {
    const stream = session.request({ ':authority': authority, ':path': target, 'accept-encoding': 'gzip, deflate, br, zstd', 'user-agent': 'Mozilla/5.0 Chrome/156.0.0.0', ...fields });
    const chunks = [];
    let head;
    stream.on('response', (h) => { head = h; });
    stream.on('data', (d) => chunks.push(d));
    await once(stream, 'close');
    const coding = head['content-encoding'];
    const bytes = Buffer.concat(chunks);
    return coding === 'gzip' ? zlib.gunzipSync(bytes).toString() : coding === 'br' ? zlib.brotliDecompressSync(bytes).toString() : bytes.toString();
  };
  const navigation = { accept: 'text/html,*/*;q=0.8', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', 'accept-encoding': 'gzip, br' };
  const text = await get('/', navigation);
  for (const target of assetsOf({ text, target: '/' }, `https://${authority}`)) await get(target, { accept: '*/*', referer: `https://${authority}/` });
  session.close();
  await once(session, 'close');
}

async function start(name) {
  process.stderr.write(`starting ${name}\n`);
  const { folder, lines, origin } = await kinds[name]();
  const nginx = await startNginx(scope, path.join(folder, 'front'), lines, { address: job.address, listen: 'ssl http2',
    http: `ssl_certificate ${job.certificate}; ssl_certificate_key ${job.key}; ssl_protocols TLSv1.2 TLSv1.3; ${gzip}` });
  const edge = await startEdge(name, origin);
  for (let n = 0; n < 4; n++) {
    await warm({ far: nginx.port, near: nginx.port }, n);
    await warm(edge, n);
  }
  return { nginx: nginx.port, forerun: edge.far };
}

process.on('SIGTERM', async () => {
  for (const f of closing.reverse()) await f();
  process.exit(0);
});
try {
  const ports = {};
  for (const name of job.sites) ports[name] = await start(name);
  fs.writeFileSync(path.join(job.scratch, 'ports.part'), JSON.stringify(ports));
} catch (e) {
  process.stderr.write(`${e.stack}\n`);
  fs.writeFileSync(path.join(job.scratch, 'ports.part'), JSON.stringify({ error: e.message }));
}
fs.renameSync(path.join(job.scratch, 'ports.part'), path.join(job.scratch, 'ports.json'));
// until the client has ended, and the emulator ends this
setInterval(() => {}, 1 << 30);
