// The server's side of the emulated link: an origin on loopback and the edge before it.
import http from 'node:http';
import { binary, scratch, spawnTied } from '../e2e/lib/harness.mjs';

const [address] = process.argv.slice(2);
const big = Buffer.alloc(1 << 20, 'b');
const origin = http.createServer((req, res) => {
  const path = req.url.split('?')[0];
  if (path === '/page') {
    res.writeHead(200, { 'content-type': 'text/html', 'cache-control': 'no-store',
      link: '</1.png>; rel=preload; as=image, </2.png>; rel=preload; as=image' });
    return res.end('<!doctype html>');
  }
  if (path === '/small') return res.end(Buffer.alloc(4096, 's'));
  // as much as is taken
  const more = () => { while (res.write(big)) continue; };
  res.on('drain', more);
  more();
});
origin.listen(0, '127.0.0.1', () => {
  const edge = spawnTied(binary, ['serve', '--listen', address, '--no-cache', '--workers', '1',
    '--origin', `http://127.0.0.1:${origin.address().port}`], {
    stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, XDG_DATA_HOME: scratch, XDG_RUNTIME_DIR: scratch } });
  edge.on('close', (code) => process.exit(code ?? 1));
  process.on('SIGTERM', () => edge.kill('SIGTERM'));
});
