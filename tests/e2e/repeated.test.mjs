// A page's response does not repeat links to fonts that its 103 named, to a client that acts on the 103.
import test from 'node:test';
import { once } from 'node:events';
import { assert, startForerun, startOrigin, h2connect, h2request, run, caFile } from './lib/harness.mjs';

const noPush = { settings: { enablePush: false } };
const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
const font = (name) => `</${name}.woff2>; rel=preload; as=font; crossorigin`;
const style = '</a.css>; rel=preload; as=style';

// An origin whose page waits for release() from the second load on.
async function site(t, headers) {
  const held = [];
  const origin = await startOrigin(t, (req, res) => {
    if (req.url.includes('.')) {
      res.writeHead(200, { 'cache-control': 'public, max-age=86400', etag: '"1"', 'content-type': req.url.endsWith('css') ? 'text/css' : 'font/woff2' });
      return void res.end(`asset ${req.url}`);
    }
    const answer = () => { res.writeHead(200, { 'content-type': 'text/html', ...headers }); res.end('<html>'); };
    if (origin.holds) held.push(answer); else answer();
  });
  origin.release = () => { origin.holds = false; held.splice(0).forEach((f) => f()); };
  const f = await startForerun(t, { origin: origin.url, workers: 1 });
  return { f, origin };
}

// The page's final Link for a client that asks for `asks` between its 103 and its response.
async function linkAfter(t, { f, origin }, asks, extra = {}) {
  origin.holds = true;
  const session = await h2connect(t, f.port, noPush);
  const page = session.request({ ':path': '/', ...navigation, ...extra });
  page.resume();
  const [early] = await once(page, 'headers');
  assert.equal(early[':status'], 103);
  for (const [path, headers] of asks) assert.equal((await h2request(session, { ':path': path, ...headers })).headers[':status'], 200);
  origin.release();
  const [response] = await once(page, 'response');
  return response.link;
}

test('the final Link leaves out fonts that a 103 named to a client that acts on it, and nothing else', async (t) => {
  const private_ = { 'cache-control': 'no-store' };
  for (const [link, asks, rest] of [
    // nothing asked for, or nothing that the 103 named: as the origin wrote it, to the byte
    [`${style},${font('t')} ,</x>;rel=next`, [], `${style},${font('t')} ,</x>;rel=next`],
    [`${style}, ${font('t')}`, ['/other.css'], `${style}, ${font('t')}`],
    // one of them is enough: whoever acts on a 103 asks for the others, too
    [`${style}, ${font('t')}, ${font('u')}`, ['/t.woff2'], style],
    [`${font('t')},${style} , </b.js>; rel=preload; as=script`, ['/a.css'], `${style}, </b.js>; rel=preload; as=script`],
    [font('t'), ['/t.woff2'], undefined],
    [`${font('t')}, </x>; rel="next"; title="a, <b>", ${font('u')}`, ['/t.woff2'], '</x>; rel="next"; title="a, <b>"'],
    // named by the response alone, or about another request of the same URL
    [`${style}, ${font('t')}, </v.woff2>; rel=preload; as=font`, ['/a.css'], `${style}, </v.woff2>; rel=preload; as=font`],
    [`${font('t')}, </t.woff2>; rel=preload; as=fetch; crossorigin`, ['/t.woff2'], '</t.woff2>; rel=preload; as=fetch; crossorigin'],
    // two lines of the field
    [[`${style}, ${font('t')}`, font('u')], ['/t.woff2'], style],
  ]) {
    const s = await site(t, { link, ...private_ });
    // the same client each time: its own news counts for it
    await h2request(await h2connect(t, s.f.port, noPush), { ':path': '/', ...navigation });
    await h2request(await h2connect(t, s.f.port, noPush), { ':path': '/t.woff2' });
    await h2request(await h2connect(t, s.f.port, noPush), { ':path': '/u.woff2' });
    assert.equal(await linkAfter(t, s, asks.map((p) => [p, {}])), rest, JSON.stringify([link, asks]));
  }
});

test('other clients of a stored page get its whole Link', async (t) => {
  const link = `${style}, ${font('t')}`;
  const s = await site(t, { link, 'cache-control': 'max-age=0, s-maxage=1, must-revalidate', etag: '"p"' });
  await h2request(await h2connect(t, s.f.port, noPush), { ':path': '/', ...navigation });
  assert.equal(await linkAfter(t, s, [['/t.woff2', {}]], { 'cache-control': 'no-cache' }), style);
  const plain = await run('curl', ['-s', '-o', '/dev/null', '-D', '-', '--cacert', caFile, `https://localhost:${s.f.port}/`]);
  assert.match(plain.stdout, new RegExp(`^link: ${link}\\r$`, 'm'));
});
