// The server's side of a measurement, in its own network namespace: for each
// variant an origin and an edge, warmed by earlier loads. Says what the edges
// count over a Unix socket, which reaches across namespaces.
import fs from 'node:fs';
import http2 from 'node:http2';
import net from 'node:net';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Forerun, binary } from '../../tests/e2e/lib/harness.mjs';
import { startOrigin } from './origin.mjs';
import { readManifest } from './site.mjs';
import { configuration, links, variants } from './variants.mjs';

const job = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const manifest = readManifest(job.folder);
const edges = new Map();

const accept = { style: 'text/css,*/*;q=0.1', image: 'image/avif,image/webp,image/apng,image/*,*/*;q=0.8' };
const browserLike = { 'accept-encoding': 'gzip, deflate, br', 'accept-language': 'en-US,en;q=0.9',
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36', 'sec-fetch-site': 'same-origin' };

// One load as a browser would make it, by a client of its own network and cookie. far: the port
// that the measured browser names; hints are kept by host and port.
async function warm({ far, near: port }, n, cookie) {
  const authority = `${job.host}:${far}`;
  const socket = { localAddress: `127.${n + 1}.1.1`, servername: job.host, rejectUnauthorized: false };
  const session = http2.connect(`https://127.0.0.1:${port}`, { ...socket, settings: { enablePush: false } });
  session.on('error', () => {});
  const get = async (fields) => {
    const stream = session.request({ ':authority': authority, ...browserLike, ...(cookie && { cookie: `client=${n}` }), ...fields });
    stream.resume();
    await once(stream, 'close');
  };
  await get({ ':path': '/', accept: 'text/html,*/*;q=0.8', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', 'sec-fetch-site': 'none' });
  const asset = (a) => get({ ':path': a.path, accept: accept[a.as] ?? '*/*', 'sec-fetch-dest': a.as,
    'sec-fetch-mode': a.crossorigin ? 'cors' : 'no-cors', referer: `https://${authority}${a.referer}` });
  // what style sheets name comes after them
  await Promise.all(manifest.assets.filter((a) => a.referer === '/').map(asset));
  await Promise.all(manifest.assets.filter((a) => a.referer !== '/').map(asset));
  session.close();
  await once(session, 'close');
}

// nghttpx has no cache; what it asks for is in the origin's memory, on the same machine.
async function startPeer(name, v, origin) {
  const free = net.createServer().listen(0, job.address);
  await once(free, 'listening');
  const { port } = free.address();
  free.close();
  await once(free, 'close');
  const log = path.join(job.scratch, `${name}.err`);
  const child = spawn('nghttpx', ['--conf=/dev/null', `--frontend=${job.address},${port}`, `--frontend=127.0.0.1,${port}`, `--backend=127.0.0.1,${new URL(origin.url).port}`,
    '--workers=1', '--single-process', '--no-ocsp', `--errorlog-file=${log}`, '--accesslog-file=/dev/null', job.key, job.certificate], { stdio: 'ignore' });
  child.on('error', (e) => { process.stderr.write(`nghttpx: ${e.message}\n`); process.exit(1); });
  for (let n = 0; ; n++) {
    const s = net.connect(port, '127.0.0.1');
    const [what] = await Promise.race([once(s, 'connect').then(() => ['up']), once(s, 'error').catch((e) => [e]).then(() => ['down'])]).catch(() => ['down']);
    s.destroy();
    if (what === 'up') break;
    if (n > 200) throw new Error(`nghttpx did not start: ${fs.existsSync(log) ? fs.readFileSync(log, 'utf8').slice(-500) : ''}`);
    await new Promise((r) => setTimeout(r, 50));
  }
  for (let n = 0; n < v.warm; n++) await warm({ far: port, near: port }, n, v.cookie);
  edges.set(name, { text: '', counters: () => ({}), stop: async () => { const gone = once(child, 'exit'); child.kill('SIGTERM'); await gone; return 0; } });
  return port;
}

async function start(name) {
  const v = variants[name];
  const { link: inHtml, early, fields } = v.origin ?? {};
  const origin = await startOrigin({ folder: job.folder, think: job.think, plain: job.plain, link: links(manifest, inHtml), early: links(manifest, early), fields });
  if (v.peer) return startPeer(name, v, origin);
  const state = path.join(job.scratch, name);
  fs.mkdirSync(state, { recursive: true });
  const file = path.join(job.scratch, `${name}.yaml`);
  fs.writeFileSync(file, configuration(v, { manifest, origin: origin.url, addresses: [job.address, '127.0.0.1'], certificate: job.certificate, key: job.key, debug: job.trace }));
  const env = { ...process.env, XDG_RUNTIME_DIR: state, XDG_STATE_HOME: state, XDG_DATA_HOME: state, XDG_CACHE_HOME: state };
  const edge = new Forerun(spawn(v.bin ?? binary, ['serve', '--config', file, '--log-level', job.log ?? 'info'], { cwd: state, env, stdio: ['ignore', 'inherit', 'pipe'] }));
  await edge.waitForLog(/ serve: ready\n/);
  const [far, near] = [...edge.text.matchAll(/listening on https:\/\/\S+:(\d+)/g)].map((m) => Number(m[1]));
  for (let n = 0; n < (v.warm ?? 1); n++) await warm({ far, near }, n, v.cookie);
  edges.set(name, edge);
  return far;
}

const ports = {};
for (const name of job.variants) ports[name] = await start(name);
const control = net.createServer((socket) => {
  socket.setEncoding('utf8');
  socket.on('error', () => {});
  socket.on('data', async (name) => socket.end(JSON.stringify(await edges.get(name.trim()).counters())));
});
control.listen(path.join(job.scratch, 'control'));
await once(control, 'listening');
fs.writeFileSync(path.join(job.scratch, 'ports.part'), JSON.stringify(ports));
fs.renameSync(path.join(job.scratch, 'ports.part'), path.join(job.scratch, 'ports.json'));
process.on('SIGTERM', async () => {
  await Promise.all([...edges].map(async ([name, edge]) => {
    const code = await edge.stop();
    fs.writeFileSync(path.join(job.scratch, `${name}.log`), `${edge.text}ended: ${code}\n`);
  }));
  process.exit(0);
});
