// HAR files as browsers and tools write them: one load of one page in the dialect of each,
// and from each the same rules.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import test from 'node:test';
import { binary, run, tempFile } from './lib/harness.mjs';

const site = 'https://www.example.org';
const T0 = Date.parse('2026-03-01T10:00:00.000Z');
const cached = { 'cache-control': 'public, max-age=31536000' };

// What the load asked for: ms after its begin, and what the dialects need to know.
// dest: Sec-Fetch-Dest; mode: Sec-Fetch-Mode; by: what named it.
const load = [
  { url: `${site}/`, at: 0, ms: 1620, wait: 1500, type: 'text/html; charset=utf-8', size: 12000, dest: 'document', mode: 'navigate', chrome: 'document', priority: 'VeryHigh', fields: { 'cache-control': 'private, no-cache' } },
  { url: `${site}/app.3f2a9c1d.css`, at: 1640, type: 'text/css', size: 30000, dest: 'style', mode: 'no-cors', chrome: 'stylesheet', priority: 'VeryHigh', blocking: true },
  { url: `${site}/print.css`, at: 1641, type: 'text/css', size: 900, dest: 'style', mode: 'no-cors', chrome: 'stylesheet', priority: 'VeryLow', late: true },
  { url: `${site}/app.js`, at: 1642, type: 'application/javascript', size: 20000, dest: 'script', mode: 'no-cors', chrome: 'script', priority: 'High', blocking: true },
  { url: `${site}/module.js`, at: 1643, type: 'text/javascript', size: 8000, dest: 'script', mode: 'cors', chrome: 'script', priority: 'High' },
  { url: `${site}/text.woff2`, at: 1900, by: `${site}/app.3f2a9c1d.css`, type: 'application/octet-stream', size: 25000, dest: 'font', mode: 'cors', chrome: 'font', priority: 'VeryHigh' },
  { url: `${site}/data.json`, at: 1950, by: `${site}/app.js`, type: 'application/json', size: 700, dest: 'empty', mode: 'cors', chrome: 'fetch', priority: 'High' },
  // what no rule may name
  { url: 'data:image/png;base64,AAAA', at: 1645, type: 'image/png', size: 3, chrome: 'image' },
  { url: `blob:${site}/1b2c`, at: 1646, type: 'text/javascript', size: 3, chrome: 'script' },
  { url: `${site}/embed`, at: 1700, type: 'text/html', size: 2000, dest: 'iframe', mode: 'navigate', chrome: 'document', frame: 'b' },
  { url: `${site}/embed.css`, at: 1800, by: `${site}/embed`, type: 'text/css', size: 2000, dest: 'style', mode: 'no-cors', chrome: 'stylesheet', priority: 'VeryHigh', frame: 'b' },
  { url: `${site}/embed.woff2`, at: 1900, by: `${site}/embed.css`, type: 'font/woff2', size: 2000, dest: 'font', mode: 'cors', chrome: 'font', frame: 'b' },
  { url: 'https://media.example.net/video.mp4', at: 1710, type: 'video/mp4', size: 90000, dest: 'video', mode: 'no-cors', chrome: 'media', status: 206 },
  { url: `${site}/app.webmanifest`, at: 1711, type: 'application/manifest+json', size: 300, dest: 'manifest', mode: 'cors', chrome: 'manifest' },
  { url: `${site}/favicon.ico`, at: 1960, type: 'image/x-icon', size: 1500, dest: 'image', mode: 'no-cors', chrome: 'other' },
  { url: 'https://api.example.net/collect', at: 1955, by: `${site}/app.js`, method: 'OPTIONS', type: 'x-unknown', size: 0, dest: 'empty', mode: 'cors', chrome: 'preflight', status: 204 },
  { url: 'https://api.example.net/collect', at: 1970, by: `${site}/app.js`, method: 'POST', type: 'application/json', size: 20, dest: 'empty', mode: 'cors', chrome: 'fetch' },
  { url: `${site}/beacon`, at: 1980, by: `${site}/app.js`, method: 'POST', type: 'text/plain', size: 0, dest: 'empty', mode: 'no-cors', chrome: 'ping' },
  { url: 'https://blocked.example.net/a.js', at: 1648, type: 'x-unknown', size: 0, dest: 'script', mode: 'no-cors', chrome: 'script', status: 0 },
];

const pairs = (o) => Object.entries(o).map(([name, value]) => ({ name, value }));
const when = (ms, zone = 'Z') => zone === 'Z' ? new Date(T0 + ms).toISOString() : new Date(T0 + ms + 7200000).toISOString().replace('Z', '+02:00');
const fetchFields = (e) => (e.dest ? { 'Sec-Fetch-Dest': e.dest, 'Sec-Fetch-Mode': e.mode, 'Sec-Fetch-Site': 'same-origin' } : {});
const referer = (e) => (e.at ? { Referer: e.by ?? `${site}/` } : {});
const timings = (e) => ({ blocked: 1, dns: e.at ? -1 : 20, ssl: e.at ? -1 : 40, connect: e.at ? -1 : 80, send: 0, wait: e.wait ?? 100, receive: 20 });

// One entry of HAR 1.2, without anything of a browser's own.
const entry = (e, { zone, sizes = true, http = 'HTTP/2', fields = {}, more = {} } = {}) => ({
  startedDateTime: when(e.at, zone),
  time: e.ms ?? 130,
  request: { method: e.method ?? 'GET', url: e.url, httpVersion: http, headers: pairs({ ...referer(e), ...fields }), queryString: [], cookies: [], headersSize: -1, bodySize: e.method === 'POST' ? 10 : 0 },
  response: {
    status: e.status ?? 200, statusText: '', httpVersion: http, headers: pairs({ 'content-type': e.type, ...(/text|script|json/.test(e.type) ? { 'content-encoding': 'br' } : {}), ...cached, ...e.fields }), cookies: [],
    content: sizes ? { size: e.size * 3, compression: e.size * 2, mimeType: e.type } : { size: -1, mimeType: e.type },
    redirectURL: '', headersSize: -1, bodySize: sizes ? e.size : -1,
  },
  cache: {}, timings: timings(e), ...more,
});
const har = (creator, pages, entries) => JSON.stringify({ log: { version: '1.2', creator: { name: creator, version: '1' }, ...(pages ? { pages } : {}), entries } });
const page = (id, at = 0, more = {}) => ({ startedDateTime: when(at), id, title: `${site}/`, pageTimings: { onContentLoad: 900, onLoad: 1100 }, ...more });

// How what named an entry is written by Chromium's tools.
const initiator = (e) => !e.at ? { type: 'other' } : e.by?.endsWith('.js') ? { type: 'script', stack: { callFrames: [{ functionName: '', scriptId: '5', url: e.by, lineNumber: 1, columnNumber: 2 }] } } : { type: 'parser', url: e.by ?? `${site}/`, lineNumber: 3 };

const dialects = {
  'Chromium, Save all as HAR': () => har('WebInspector', [page('page_1')], load.map((e) => ({
    _connectionId: '12', _initiator: initiator(e), _priority: e.priority ?? 'Low', _resourceType: e.chrome, connection: '443', pageref: 'page_1',
    ...entry(e, { http: 'h2', fields: { ':authority': 'www.example.org', ':method': e.method ?? 'GET', ...fetchFields(e) } }),
  }))),
  'Chromium, HTTP/3, sizes unknown but for those of the transfer': () => har('WebInspector', [page('page_1')], load.map((e) => {
    const h = { _initiator: initiator(e), _priority: e.priority ?? 'Low', _resourceType: e.chrome, pageref: 'page_1', ...entry(e, { http: 'h3', sizes: false, fields: fetchFields(e) }) };
    h.response._transferSize = e.size;
    h.response._error = e.status === 0 ? 'net::ERR_BLOCKED_BY_CLIENT' : null;
    return h;
  })),
  'Chromium, a load with a warm cache': () => har('WebInspector', [page('page_1')], load.map((e) => {
    const h = { _initiator: initiator(e), _priority: e.priority ?? 'Low', _resourceType: e.chrome, pageref: 'page_1', ...entry(e, { http: 'h2', fields: fetchFields(e) }) };
    if (e.at) Object.assign(h, { _fromCache: 'disk' }), (h.response.bodySize = 0), (h.response._transferSize = 0), (h.response.content.compression = undefined), (h.response.content.size = e.size);
    return h;
  })),
  'Playwright': () => har('Playwright', [page('page@4c2f')], load.filter((e) => e.url.startsWith('http')).map((e) => ({
    pageref: 'page@4c2f', _frameref: `frame@${e.frame ?? 'a'}`, _monotonicTime: 1000 + e.at, _serverPort: 443, _securityDetails: { protocol: 'TLS 1.3' },
    ...entry(e, { http: 'HTTP/2.0', sizes: false, fields: fetchFields(e) }),
  }))),
  'chrome-har (Browsertime)': () => har('Browsertime', [page('page_1', 0, { _url: `${site}/`, pageTimings: { _firstContentfulPaint: 900 } })], load.map((e, i) => ({
    pageref: 'page_1', _requestId: `${i}`, _initiator_type: e.by?.endsWith('.js') ? 'script' : 'parser', ...(e.at ? { _initiator: e.by ?? `${site}/`, _initiator_line: 3 } : {}), _priority: e.priority ?? 'Low', _initialPriority: e.priority ?? 'Low', _resourceType: e.chrome,
    ...entry(e, { http: 'h2', fields: fetchFields(e) }),
  }))),
  'WebPageTest, first and repeat view': () => har('WebPageTest', [page('page_1_0_1', 0, { _URL: `${site}/`, _run: 1, _cached: 0 }), page('page_1_1_1', 20000, { _cached: 1 })], [
    ...load.map((e, i) => ({
      pageref: 'page_1_0_1', _index: i, _number: i + 1, _type: 3, _request_type: { stylesheet: 'Stylesheet', script: 'Script', font: 'Font', document: 'Document', fetch: 'Fetch', image: 'Image', media: 'Media', manifest: 'Manifest', ping: 'Ping', preflight: 'Preflight' }[e.chrome] ?? 'Other',
      _priority: { VeryHigh: 'Highest', High: 'High', VeryLow: 'Lowest' }[e.priority] ?? 'Low', _renderBlocking: e.blocking ? 'blocking' : 'non_blocking', _initiator: e.at ? e.by ?? `${site}/` : '', _initiator_line: '3', _bytesIn: `${e.size + 200}`, _objectSize: `${e.size}`, _contentType: e.type, _was_pushed: 0, _is_secure: 1, _host: 'www.example.org', _full_url: e.url, _load_start: e.at,
      ...entry(e, { http: 'HTTP/2', fields: fetchFields(e) }),
    })),
    { pageref: 'page_1_1_1', _cached: 1, ...entry({ ...load[0], at: 20000 }) },
    { pageref: 'page_1_1_1', ...entry({ url: `${site}/repeat.css`, at: 20700, type: 'text/css', size: 3000 }) },
  ]),
  'Firefox': () => har('Firefox', [page('page_1', 0, { pageTimings: { onContentLoad: 900, onLoad: -50 } })], load.filter((e) => e.url.startsWith('http')).map((e) => ({
    pageref: 'page_1', _securityState: 'secure', serverIPAddress: '192.0.2.1', connection: '443',
    ...entry(e, { zone: '+02:00', fields: fetchFields(e) }),
  }))),
  'Firefox, unsorted, with a redirect first': () => har('Firefox', [page('page_1')], [
    ...load.filter((e) => e.url.startsWith('http')).map((e) => ({ pageref: 'page_1', ...entry(e, { fields: fetchFields(e) }) })).reverse(),
    { pageref: 'page_1', ...entry({ url: 'http://www.example.org/', at: -90, status: 301, type: 'text/html', size: 0, fields: { location: `${site}/` } }), response: { status: 301, headers: pairs({ Location: `${site}/` }), content: { size: 0, mimeType: 'text/html' }, redirectURL: `${site}/`, bodySize: 0 } },
  ]),
  'with a byte order mark, NUL and half a surrogate': () => `\ufeff${har('Fiddler', [page('page_0')], load.map((e) => ({ pageref: 'page_0', comment: 'NUL', ...entry(e, { fields: fetchFields(e) }) }))).replaceAll('"NUL"', '"\\u0000 \\ud800 x"')}`,
  'a first page without entries, and pages of no list': () => har('puppeteer-har', [page('about:blank'), page('page_2')], load.map((e) => ({ pageref: 'page_2', _initiator: initiator(e), _priority: e.priority ?? 'Low', _resourceType: e.chrome, ...entry(e, { fields: fetchFields(e) }) }))).replace('"page_2","title"', '"page_x","title"'),
  'mitmproxy, no pages at all, then another page': () => har('mitmproxy har_dump', null, [
    ...load.filter((e) => e.url.startsWith('http')).map((e) => entry(e, { fields: fetchFields(e) })),
    entry({ url: `${site}/next`, at: 9000, type: 'text/html', size: 5000 }, { fields: fetchFields({ dest: 'document', mode: 'navigate' }) }),
    entry({ url: `${site}/next.css`, at: 9200, by: `${site}/next`, type: 'text/css', size: 5000 }, { fields: fetchFields({ dest: 'style', mode: 'no-cors' }) }),
  ]),
};

const style = '</app.*.css>; rel=preload; as=style', font = '</text.woff2>; rel=preload; as=font; crossorigin', json = '</data.json>; rel=preload; as=fetch; crossorigin';
const never = /embed|data:|blob|video|manifest|favicon|collect|beacon|missing|blocked|next|repeat/;

async function rulesOf(name, text) {
  const file = tempFile(`${name.replace(/\W+/g, '-')}.har`), rules = tempFile('rules.yaml');
  fs.writeFileSync(file, text);
  const r = await run(binary, ['advise', file, '--write', rules], { timeout: 60000 });
  assert.equal(r.code, 0, `${name}: ${r.stderr}`);
  return { text: r.stdout, path: /path: "(.*)"/.exec(fs.readFileSync(rules, 'utf8'))?.[1], links: [...fs.readFileSync(rules, 'utf8').matchAll(/^ {6}- "(.*)"$/gm)].map((m) => m[1]) };
}

for (const [name, make] of Object.entries(dialects))
  test(`HAR: ${name}`, { timeout: 120000 }, async () => {
    const r = await rulesOf(name, make());
    assert.match(r.text, new RegExp(`^${site}/\n`));
    assert.equal(r.path, '/');
    assert.deepEqual(r.links.filter((l) => never.test(l)), []);
    assert.deepEqual([...r.links].sort(), expected(name).sort(), r.text);
    assert.doesNotMatch(r.text, /Fetched twice/);
    if (/redirect/.test(name)) assert.match(r.text, /1 redirect led to the page/);
    else assert.doesNotMatch(r.text, /redirect/);
  });

// Where nothing says what blocks, or that print.css is for paper, it counts as any other.
const silent = /Playwright|Firefox|byte order|mitmproxy/;
function expected(name) {
  const all = [style, '</app.js>; rel=preload; as=script', '</module.js>; rel=modulepreload', font, json];
  return silent.test(name) ? [...all, '</print.css>; rel=preload; as=style'] : all;
}

test('HAR: what failed is not named', { timeout: 60000 }, async () => {
  for (const status of [0, 301, 403, 404, 500, 503]) {
    const missing = { url: `${site}/missing.css`, at: 1647, type: 'text/css', size: 300, dest: 'style', mode: 'no-cors', priority: 'VeryHigh', status };
    const r = await rulesOf(`failed ${status}`, har('WebInspector', [page('page_1')], [...load, missing].map((e) => ({ _initiator: initiator(e), _priority: e.priority ?? 'Low', _resourceType: e.chrome, pageref: 'page_1', ...entry(e, { fields: fetchFields(e) }) }))));
    assert.ok(r.links.includes(style), r.text);
    assert.deepEqual(r.links.filter((l) => never.test(l)), [], `${status}`);
  }
});

test('a hostile HAR gives an error or nothing, and no fault', { timeout: 240000 }, async () => {
  const e = (o) => entry({ at: 0, type: 'text/html', size: 1, url: `${site}/`, ...o });
  const whole = (entries) => JSON.stringify({ log: { version: '1.2', entries } });
  for (const [name, text, words] of [
    ['deep', `{"log":{"entries":${'[{"request":'.repeat(50000)}`, /not valid JSON/],
    ['duplicate keys', `{"log":{"entries":1},"log":{"entries":[${JSON.stringify(e({}))}]}}`, null],
    ['wrong types', whole([1, null, [], 'x', { request: 1 }, { request: { url: 1 } }, { request: { url: {}, headers: 5 }, response: 'no' }, { request: { method: [], url: `${site}/`, headers: [1, { name: 2 }, null] }, response: { status: 'ok', content: 7, headers: {} }, timings: [], pageref: {}, _initiator: 5, _priority: {} }]), /without a page that was loaded|without requests/],
    ['gigabytes claimed', whole([e({ size: 1e15 }), ...Array.from({ length: 900 }, (_, i) => ({ ...e({ url: `${site}/${i}.css`, at: 10, type: 'text/css', size: 1e15 }), time: 1e300, timings: { wait: -1e300, receive: 1e300 } }))]), null],
    ['a long time ago', whole([{ ...e({}), startedDateTime: '0000-99-99T99:99:99Z' }, { ...e({ url: `${site}/a.css`, type: 'text/css' }), startedDateTime: 5 }]), null],
    ['many entries', whole(Array.from({ length: 25000 }, (_, i) => e({ url: `${site}/${i}`, at: i }))), null],
    ['no log', '{"log": null}', /neither a profile nor a HAR|without log.entries/],
    ['binary', '\u0000\u0001{"log"', /./],
  ]) {
    const file = tempFile(`hostile-${name.replace(/\W/g, '-')}.har`);
    fs.writeFileSync(file, text);
    const r = await run(binary, ['advise', file], { timeout: 100000 });
    assert.equal(r.code, words ? 1 : 0, `${name}: ${r.stderr.slice(0, 500)}`);
    if (words) assert.match(r.stderr, words, name);
    assert.ok(r.stderr.split('\n').length <= 2, r.stderr.slice(0, 500));
  }
});
