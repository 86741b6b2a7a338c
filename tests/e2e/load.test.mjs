// Much at once: no request fails, memory comes back. FR_LOAD_REQUESTS and
// FR_BIG make the full-size runs.
import test from 'node:test';
import { createReadStream } from 'node:fs';
import net from 'node:net';
import { once } from 'node:events';
import { assert, startForerun, startOrigin, startRawOrigin, h2connect, loadPage, run, raw } from './lib/harness.mjs';

const requests = Number(process.env.FR_LOAD_REQUESTS ?? 20000);
const units = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };
const size = (text) => Number(/\d+/.exec(text)[0]) * (units[text.at(-1)] ?? 1);
const big = size(process.env.FR_BIG ?? '1G');

const body = 'x'.repeat(1024);
const answer = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

test(`h2load: ${requests} requests at 32 connections of 32 streams, and pages with pushes beside`, { timeout: 600000 }, async (t) => {
  const origin = await startRawOrigin(t, (socket, head) => {
    if (head.startsWith('GET /page')) socket.write('HTTP/1.1 200 OK\r\nLink: </a.css>; rel=preload; as=style, </b.js>; rel=preload; as=script\r\nContent-Length: 4\r\n\r\npage');
    else socket.write(answer);
  });
  const f = await startForerun(t, { origin: origin.url, logLevel: 'info' });
  const load = (n) => run('h2load', ['-n', String(n), '-c', '32', '-m', '32', `https://127.0.0.1:${f.port}/1k`], { timeout: 500000 });
  await load(Math.min(requests, 20000)); // pools, arenas and allocator are warm now
  await f.countersWhen((c) => c.connections_open === 0);
  const before = f.rssKiB();
  const running = load(requests);
  let pages = 0;
  let done = false;
  running.then(() => { done = true; });
  while (!done) {
    const s = await h2connect(t, f.port);
    const got = await loadPage(s, '/page');
    assert.equal(got.page.status, 200);
    assert.deepEqual(got.pushes.map((p) => p.status), [200, 200]);
    s.close();
    pages++;
  }
  const r = await running;
  assert.match(r.stdout, new RegExp(`${requests} succeeded, 0 failed, 0 errored, 0 timeout`), r.stdout);
  const c = await f.countersWhen((x) => x.connections_open === 0 && x.exchanges_open === 0 && x.fetches_open === 0);
  assert.equal(c.pushes_completed, 2 * pages);
  const after = f.rssKiB();
  assert.ok(after - before < 16 * 1024, `${before} KiB before, ${after} KiB after`);
  t.diagnostic(`${pages} pages; memory ${before} KiB before, ${after} KiB after`);
});

// The memory that one transfer may cost: the buffers' ceilings, and what the
// allocator and the sanitizer add.
const transferKiB = 64 * 1024;

async function watchMemory(f, work) {
  const before = f.rssKiB();
  let most = before;
  const timer = setInterval(() => { most = Math.max(most, f.rssKiB()); }, 20);
  try { await work; } finally { clearInterval(timer); }
  return most - before;
}

for (const [name, flag] of [['HTTP/2', '--http2'], ['HTTP/1.1', '--http1.1']]) {
  test(`a large download holds little memory (${name})`, { timeout: 900000 }, async (t) => {
    const chunk = Buffer.alloc(1 << 20, 'd');
    const origin = await startRawOrigin(t, (socket) => {
      let left = big;
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${big}\r\n\r\n`);
      const more = () => { while (left > 0 && !socket.destroyed) { const n = Math.min(left, chunk.length); left -= n; if (!socket.write(n === chunk.length ? chunk : chunk.subarray(0, n))) return; } };
      socket.on('drain', more);
      more();
    });
    const f = await startForerun(t, { origin: origin.url, logLevel: 'info', workers: 1 });
    const got = run('curl', ['-sS', flag, '-k', '-o', '/dev/null', '-w', '%{size_download}', `https://127.0.0.1:${f.port}/`], { timeout: 800000 });
    const used = await watchMemory(f, got);
    assert.equal((await got).stdout, String(big));
    assert.ok(used < transferKiB, `${used} KiB`);
    t.diagnostic(`${used} KiB more at most`);
  });

  test(`a large upload holds little memory, also with a slow origin (${name})`, { timeout: 900000 }, async (t) => {
    let received = 0;
    const server = net.createServer((socket) => {
      let head = '', body = false;
      socket.on('error', () => {});
      socket.on('data', (d) => {
        if (!body) {
          head += d.toString('latin1');
          const end = head.indexOf('\r\n\r\n');
          if (end < 0) return;
          body = true;
          received = head.length - end - 4;
        } else received += d.length;
        // now and then it does not read for a moment
        if (Math.floor(received / (64 << 20)) !== Math.floor((received - d.length) / (64 << 20))) { socket.pause(); setTimeout(() => socket.resume(), 30); }
        if (received === big) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone');
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const f = await startForerun(t, { origin: `http://127.0.0.1:${server.address().port}`, logLevel: 'info', workers: 1 });
    const got = run('sh', ['-c', `head -c ${big} /dev/zero | curl -sS ${flag} -k -H 'Expect:' -H 'Transfer-Encoding:' -H 'Content-Length: ${big}' -T - -X POST https://127.0.0.1:${f.port}/`], { timeout: 800000 });
    const used = await watchMemory(f, got);
    assert.equal((await got).stdout, 'done');
    assert.ok(used < transferKiB, `${used} KiB`);
    t.diagnostic(`${used} KiB more at most`);
  });
}
