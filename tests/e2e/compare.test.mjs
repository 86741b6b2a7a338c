// bench/compare and its client: that they measure what they say, and that a
// server that answers wrong fails. How fast anything is is no test.
import test from 'node:test';
import fs from 'node:fs';
import path from 'node:path';
import { execFileSync } from 'node:child_process';
import { assert, startForerun, startOrigin, run, root, binary, tempFile } from './lib/harness.mjs';

const client = path.join(root, 'build-bench', 'bench_client');
const lacking = ['nginx', 'h2load', 'taskset', 'openssl'].filter((tool) => {
  try { execFileSync('sh', ['-c', `command -v ${tool}`]); return false; } catch { return true; }
});
const options = { skip: lacking.length ? `not installed: ${lacking.join(', ')}` : false };

async function compare(...args) {
  const out = tempFile('results.json');
  const r = await run('python3', [path.join(root, 'bench', 'compare'), '--binary', binary, '--out', out, '--rounds', '1', '--seconds', '0.1', ...args], { timeout: 90000 });
  assert.equal(r.code, 0, r.stderr);
  return JSON.parse(fs.readFileSync(out, 'utf8'));
}

test('a comparison has samples of hits, of what the origin answered, and of pages with ten pushes', options, async () => {
  const { samples } = await compare('--only', 'forerun,nginx', '--cases', 'cached-1k-s8,proxied-1k-s8,page-push');
  for (const of of ['cached-1k-s8', 'proxied-1k-s8', 'page-push']) {
    for (const server of ['forerun', 'nginx']) {
      const [sample] = samples[of][server];
      assert.equal(sample.error, undefined, `${of}, ${server}`);
      assert.ok(sample.cpu_us > 0 && sample.rate > 0, `${of}, ${server}`);
    }
  }
  const [page] = samples['page-push'].forerun;
  assert.ok(page.promised >= 640 && page.promised % 10 === 0, `${page.promised} promises`);
});

test('the client fails a body of another length, another status, and a promise that does not come', options, async (t) => {
  const built = await run('python3', [path.join(root, 'bench', 'compare'), '--build-client'], { timeout: 90000 });
  assert.equal(built.code, 0, built.stderr);
  const origin = await startOrigin(t, (req, res) => {
    res.statusCode = req.url === '/gone' ? 404 : 200;
    res.end('12345');
  });
  const f = await startForerun(t, { origin: origin.url });
  const ask = async (...args) => {
    const r = await run(client, ['pages', '--port', String(f.port), ...args]);
    return { code: r.code, ...JSON.parse(r.stdout) };
  };
  assert.deepEqual([(await ask('+/a=5', '/b=5')).code, (await ask('+/a=5', '/b=5')).responses], [0, 2]);
  assert.match((await ask('+/a=5', '/b=6')).error, /\/b: status 200, 5 of 6 bytes/);
  assert.match((await ask('+/gone=5')).error, /status 404/);
  assert.match((await ask('--push', '+/a=5', '/b=5')).error, /0 of 1 assets were promised/);
});
