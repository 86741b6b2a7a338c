// What README and docs/start.md tell a newcomer to type, typed: the commands are
// taken from the pages, with ports and folders of the test's own.
import test from 'node:test';
import fs from 'node:fs';
import path from 'node:path';
import { assert, binary, freePort, root, run, startForerun, startOrigin, tempFile } from './lib/harness.mjs';

const blocks = (file) => [...fs.readFileSync(path.join(root, file), 'utf8').matchAll(/```sh\n([\s\S]*?)```/g)].map((m) => m[1]);
const page = '<!DOCTYPE html><title>Mine</title><link rel="stylesheet" href="/site.css"><h1>Hello</h1>';

// The block of README that asks for a page twice.
const quickTests = () => {
  const block = blocks('README.md').find((b) => b.includes('HTTP/2 103'));
  assert.ok(block, 'README has no quick test');
  return block.trim().split('\n');
};

async function quickTestsAt(t, origin) {
  const f = await startForerun(t, { origin, plain: false });
  const folder = tempFile('typed');
  fs.mkdirSync(folder);
  const type = (line) => run('sh', ['-c', `cd '${folder}' && ${line.replaceAll('8443', String(f.port))}`]);
  const [first, second, third, ...more] = quickTests();
  assert.deepEqual(more, []);
  await type(first);
  assert.match(fs.readFileSync(path.join(folder, 'page.html'), 'utf8'), /<h1>Hello/);
  assert.match((await type(second)).stdout, /^< HTTP\/2 103 \r?\n< link: <\/site\.css>; rel=preload; as=style\r?$/m);
  assert.match((await type(third)).stdout, /^ *\d+ .* \* .* \/site\.css$/m);
}

// A folder with files that were changed yesterday, as in docs/start.md.
function makeSite() {
  const folder = tempFile('site');
  fs.mkdirSync(folder);
  const yesterday = new Date(Date.now() - 86400 * 1000);
  for (const [name, text] of [['index.html', page], ['site.css', 'h1 { color: teal }']]) {
    fs.writeFileSync(path.join(folder, name), text);
    fs.utimesSync(path.join(folder, name), yesterday, yesterday);
  }
  return folder;
}

test("README's quick tests show something on the simplest site: files that say nothing of caching", async (t) => {
  const folder = makeSite();
  const origin = await startOrigin(t, (req, res) => {
    const file = path.join(folder, req.url === '/' ? 'index.html' : path.basename(req.url));
    if (!fs.existsSync(file)) return res.writeHead(404).end();
    res.writeHead(200, { 'content-type': file.endsWith('css') ? 'text/css' : 'text/html', 'last-modified': fs.statSync(file).mtime.toUTCString() });
    return res.end(fs.readFileSync(file));
  });
  await quickTestsAt(t, origin.url);
});

test("README's quick tests show something on a site that makes its pages", async (t) => {
  const origin = await startOrigin(t, (req, res) => {
    if (req.url === '/site.css') return res.writeHead(200, { 'content-type': 'text/css', 'cache-control': 'max-age=3600' }).end('h1 {}');
    return res.writeHead(200, { 'content-type': 'text/html' }).end(page);
  });
  await quickTestsAt(t, origin.url);
});

test('docs/start.md: every command up to the dashboard', async () => {
  const [site, edge, admin] = [await freePort(), await freePort(), await freePort()];
  const folder = tempFile('start');
  fs.mkdirSync(folder);
  const typed = blocks('docs/start.md').filter((b) => !/demo\.sh|profile/.test(b)).map((b) => b
    .replaceAll('8080', String(site)).replaceAll('8443', String(edge)).replaceAll('8444', String(admin))
    .replaceAll('./build/forerun', `'${binary}'`).replaceAll('/tmp/my-site', path.join(folder, 'my-site')));
  assert.equal(typed.length, 5);
  // who types is slower than what was just started
  const ready = (url) => `until curl -ks -o /dev/null ${url}; do sleep 0.05; done\n`;
  const waits = [ready(`http://127.0.0.1:${site}/`), '', '', '', ready(`https://127.0.0.1:${edge}/`)];
  const slow = (block) => block.replace(/(serve --listen.*&\n)/, `$1${ready(`https://127.0.0.1:${edge}/`)}`);
  const script = `set -m\ntrap 'kill $(jobs -p); wait' EXIT\ncd '${folder}'\n${typed.map((b, i) => `${slow(b)}${waits[i]}`).join('')}
curl -s -o /dev/null -w 'dashboard %{http_code}\\n' http://127.0.0.1:${admin}/dashboard/
curl -s -o /dev/null -w 'figures %{http_code}\\n' -H "Authorization: Bearer $(cat token)" http://127.0.0.1:${admin}/status\n`;
  const r = await run('bash', ['-c', script], { timeout: 90000 });
  assert.match(r.stdout, /<h1>Hello<\/h1>/);
  // the page before it ends without a line break
  assert.match(r.stdout, /< HTTP\/2 103 \r?\n< link: <\/site\.css>; rel=preload; as=style\r?$/m, r.stderr);
  assert.match(r.stdout, /style +early-hints +hinted +\/site\.css/);
  assert.match(r.stdout, /\bok\b/);
  assert.match(r.stdout, /^dashboard 200$/m, r.stderr);
  assert.match(r.stdout, /^figures 200$/m, r.stderr);
});

const man = (file) => fs.readFileSync(file, 'utf8').replaceAll('\\-', '-').replaceAll('\\e', '\\').replace(/\\f[BRI]/g, '');

test('forerun(1) has every command with its options and an example, and all of the environment', async () => {
  const text = man(path.join(root, 'man/forerun.1'));
  const commands = [...(await run(binary, ['--help'])).stdout.matchAll(/^ {2}([a-z]+) /gm)].map((m) => m[1]);
  for (const command of commands) {
    const section = text.split(`\n.SS ${command}\n`)[1]?.split(/\n\.S[SH] /)[0];
    assert.ok(section, `no section of ${command}`);
    assert.match(section, new RegExp(`\\.nf\\n\\.RS\\nforerun ${command}\\b`), `no example of ${command}`);
    const { stdout } = await run(binary, [command, '--help']);
    for (const line of stdout.split('\n').filter((l) => l.startsWith('  --')))
      for (const [option] of line.trim().split(/ {2,}/)[0].matchAll(/--[a-z][a-z0-9-]+/g))
        if (option !== '--help') assert.ok(section.includes(option), `${command} ${option}`);
  }
  const folders = ['src', 'lab'].map((f) => path.join(root, f));
  const sources = folders.flatMap((f) => fs.readdirSync(f, { recursive: true, encoding: 'utf8' }).filter((n) => n.endsWith('.c')).map((n) => path.join(f, n)));
  for (const file of sources)
    for (const [, name] of fs.readFileSync(file, 'utf8').matchAll(/getenv\("([A-Z_]+)"\)/g))
      assert.match(text.split('.SH ENVIRONMENT')[1].split('.SH ')[0], new RegExp(`\\b${name}\\b`), `${name} of ${file}`);
  for (const code of [0, 1, 2, 3]) assert.match(text.split('.SH EXIT STATUS')[1].split('.SH ')[0], new RegExp(`\\.B ${code}\\n`));
  for (const signal of ['TERM', 'INT', 'HUP', 'USR1', 'USR2']) assert.match(text.split('.SH SIGNALS')[1].split('.SH ')[0], new RegExp(`SIG${signal}\\b`));
});

test('forerun.yaml(5) has every setting that docs/configuration.md has', async () => {
  const made = path.join(path.dirname(binary), 'forerun.yaml.5');
  const text = man(made);
  const rows = [...fs.readFileSync(path.join(root, 'docs/configuration.md'), 'utf8').matchAll(/^\| (`[a-z0-9_.[\]]+`(?:, `[a-z0-9_.[\]]+`)*) \|/gm)].map((m) => m[1].replaceAll('`', ''));
  assert.ok(rows.length > 90, `${rows.length}`);
  for (const row of rows) assert.ok(text.includes(`.TP\n${row}\n`), row);
  // nothing of Markdown, and no line that roff would take for a request of its own
  assert.doesNotMatch(text, /`|\]\(|^\||\*\*/m);
  assert.deepEqual(text.split('\n').filter((l) => /^[.']/.test(l) && !/^\.(\\"|TH|SH|SS|PP|TP|IP|nf|fi|RS|RE|br|BR)/.test(l)), []);
});
