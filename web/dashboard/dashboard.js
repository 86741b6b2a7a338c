// The dashboard: reads the history, then the status as server-sent events, and draws.
// No library, no request but to the admin interface itself.
import { areas, bar } from '/dashboard/charts.js';
import { reasons } from '/dashboard/reasons.js';

const POINTS = 240; // of a chart at most
const REFRESH_MS = 5000;
const SOON_DAYS = 14;
const $ = (id) => document.getElementById(id);
let past, range = 'hour', only = '';
let token = sessionStorage.getItem('token') ?? '';
const given = /[#&]token=([^&]*)/.exec(location.hash);
if (given) {
  token = decodeURIComponent(given[1]);
  sessionStorage.setItem('token', token);
  window.history.replaceState(null, '', location.pathname);
}

// --- text ---

const count = (n) => new Intl.NumberFormat('en', { maximumFractionDigits: n < 10 ? 1 : 0 }).format(n);
function bytes(n) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let u = 0;
  while (n >= 1000 && u < units.length - 1) { n /= 1000; u++; }
  return `${u && n < 100 ? n.toFixed(1) : Math.round(n)} ${units[u]}`;
}
function time(us) {
  if (us < 1000) return `${Math.round(us)} µs`;
  if (us < 1e6) return `${(us / 1000).toFixed(us < 1e4 ? 1 : 0)} ms`;
  return `${(us / 1e6).toFixed(1)} s`;
}
const percent = (part, whole) => (whole > 0 ? `${Math.round(100 * part / whole)} %` : '–');
function age(s) {
  if (s < 60) return `${Math.floor(s)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} m`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor(s / 60) % 60} m`;
  return `${Math.floor(s / 86400)} d ${Math.floor(s / 3600) % 24} h`;
}
const element = (name, text, className) => {
  const e = document.createElement(name);
  if (text !== undefined) e.textContent = text;
  if (className) e.className = className;
  return e;
};
const sum = (o) => Object.values(o).reduce((a, b) => a + b, 0);
const wastedPushes = (p) => p.cancelled + p.refused;

// --- figures ---

const hostOf = (name) => name.slice(0, name.search(/[/]|$/));
const isShown = (o) => !only || hostOf(o.name) === only;
const hitsOf = (s) => s.responses.cache.hit + s.responses.cache.stale;

// The history in at most POINTS points: [values a second], the last one now; times keep their worst.
function points(key, isTime) {
  const values = past?.[key] ?? [], step = past?.step_s ?? 1, size = Math.max(1, Math.ceil(values.length / POINTS));
  const out = [];
  for (let end = values.length; end > 0; end -= size) {
    const part = values.slice(Math.max(0, end - size), end);
    out.unshift(isTime ? Math.max(...part) / 1000 : part.reduce((a, b) => a + b, 0) / part.length / step);
  }
  return out;
}
const inRange = (key) => (past?.[key] ?? []).reduce((a, b) => a + b, 0);

// The last step is still growing; the one before it is whole.
const lately = (key) => { const v = past?.[key] ?? []; return (v.at(-2) ?? v.at(-1) ?? 0) / (past?.step_s ?? 1); };

function tiles(s) {
  const c = s.counters, ended = c.pushes_completed + c.pushes_cancelled + c.pushes_refused + c.pushes_failed;
  const failing = s.origins.filter((o) => o.is_failing).length;
  const days = s.certificates.map((x) => (x.until_s - s.now_us / 1e6) / 86400), least = Math.min(...days);
  const words = range === 'hour' ? 'last hour' : 'last day';
  const all = [
    ['Requests per second', count(lately('requests')), `${count(c.requests)} in all, ${bytes(lately('sent_kib') * 1024)}/s`],
    ['Hit ratio', percent(hitsOf(s), sum(s.responses.cache)), `${bytes(s.cache.bytes)} of ${bytes(s.cache.limit_bytes)}, ${count(s.cache.objects)} stored`],
    ['Errors (5xx)', count(inRange('errors')), `${words}; ${count(inRange('origin_failures'))} by failing origins`, inRange('errors') ? 'bad' : ''],
    ['Origins', failing ? `${failing} failing` : 'up', `of ${s.origins.length} asked so far`, failing ? 'bad' : 'good'],
    ...['cache', 'origin'].map((from) => {
      const t = s.times.first_byte[from];
      return [`First byte, from ${from}`, t.count ? `p50 ${time(t.p50_us)}` : '–', t.count ? `p99 ${time(t.p99_us)}` : 'nothing yet'];
    }),
    ['Early hints', count(s.hints.delivery['early-hints'] ?? 0), `of ${count(sum(s.hints.delivery))} links`],
    ['Pushes completed', percent(c.pushes_completed, ended), `${count(c.pushes_completed)} of ${count(ended)}; ${bytes(c.wasted_bytes)} of ${bytes(c.pushed_bytes)} wasted`],
    ['Connections', count(c.connections_open), `${percent(c.tls_resumed, c.tls_handshakes)} of TLS resumed`],
    ['Memory', bytes(s.process.memory_bytes), `event loop p99 ${time(s.times.loop_turn.p99_us)}`],
  ];
  if (days.length) all.push(['Certificates', `${Math.floor(least)} days`, 'until the first one ends', least < SOON_DAYS ? 'bad' : '']);
  $('tiles').replaceChildren(...all.map(([name, value, more, className]) => {
    const div = element('div'), dd = element('dd', value, className);
    dd.append(element('small', more));
    div.append(element('dt', name), dd);
    return div;
  }));
}

// What an operator should look at, in words.
function troubles(s) {
  const list = [];
  for (const o of s.origins) {
    const causes = Object.entries(o.causes ?? {}).map(([name, n]) => `${name} ${count(n)}`).join(', ');
    if (o.last_failure) list.push([o.is_failing ? 'bad' : '', `${o.name} ${o.is_failing ? 'fails' : 'failed'}: ${o.last_failure} (${age(Math.max(0, s.now_us / 1e6 - o.last_failure_s))} ago; in all: ${causes})`]);
  }
  for (const x of s.certificates) {
    const days = Math.floor((x.until_s - s.now_us / 1e6) / 86400);
    if (days < SOON_DAYS) list.push(['bad', `The certificate for ${x.name} ${days < 0 ? 'has expired' : `expires in ${days} days`}.`]);
  }
  if (s.crashes) list.push(['bad', `The serving process crashed ${count(s.crashes)} times.`]);
  if (s.access_log?.is_failing) list.push(['bad', 'The access log cannot be written.']);
  for (const notice of s.notices ?? []) list.push(['', notice]);
  $('trouble').hidden = list.length === 0;
  $('troubles').replaceChildren(...list.map(([className, text]) => element('li', text, className)));
}

function charts() {
  const span = (past?.requests?.length ?? 0) * (past?.step_s ?? 1);
  const hits = points('hits'), answers = points('responses');
  areas($('traffic'), [
    { name: 'from the cache', className: 's0', values: hits },
    { name: 'from the origin, or refused', className: 's1', values: answers.map((n, i) => Math.max(n - hits[i], 0)) },
  ], span);
  areas($('latency'), [
    { name: 'p50', className: 's0', values: points('p50_us', true) },
    { name: 'p99', className: 's3', values: points('p99_us', true) },
  ], span, true);
  areas($('errors'), [{ name: '5xx', className: 's3', values: points('errors') }], span);
  areas($('pushes'), [
    { name: 'pushes completed', className: 's2', values: points('pushes_completed') },
    { name: 'pushes wasted', className: 's3', values: points('pushes_wasted') },
    { name: '103 responses', className: 's0', values: points('early_hints') },
  ], span);
}

function explain(parts) {
  const rows = Object.entries(parts).filter(([, n]) => n > 0).sort((a, b) => b[1] - a[1]);
  $('reasons').replaceChildren(...(rows.length ? rows : [['none yet', 0]]).map(([name, n]) => {
    const div = element('div'), dt = element('dt', name);
    dt.append(element('b', count(n)));
    div.append(dt, element('dd', reasons[name] ?? ''));
    return div;
  }));
}

function bars(id, parts, className = () => 's0') {
  const rows = Object.entries(parts).filter(([, n]) => n > 0).sort((a, b) => b[1] - a[1]);
  const most = rows[0]?.[1] ?? 1;
  $(id).replaceChildren(...(rows.length ? rows : [['nothing yet', 0]]).flatMap(([name, n]) => [element('span', name), bar(n / most, className(name)), element('span', count(n))]));
}

// --- tables ---

const sorted = { assets: 1, origins: 1, sites: 1, certificates: 1 };
function table(id, heads, rows) {
  const t = $(id), by = sorted[id];
  const focused = t.contains(document.activeElement) ? [...t.querySelectorAll('button')].indexOf(document.activeElement) : -1;
  const head = element('tr');
  heads.forEach((text, i) => {
    const th = element('th'), button = element('button', text);
    th.scope = 'col';
    if (i === by) th.setAttribute('aria-sort', 'descending');
    button.type = 'button';
    button.addEventListener('click', () => { sorted[id] = i; if (latest) draw(latest); });
    th.append(button);
    head.append(th);
  });
  rows.sort((a, b) => (typeof a[by].v === 'number' ? b[by].v - a[by].v : String(a[by].v).localeCompare(b[by].v)));
  const thead = element('thead'), tbody = element('tbody');
  thead.append(head);
  tbody.append(...rows.map((row) => {
    const tr = element('tr');
    tr.append(...row.map((cell, i) => { const td = element('td', cell.text ?? count(cell.v), cell.className); td.dataset.label = heads[i]; return td; }));
    return tr;
  }));
  t.replaceChildren(thead, tbody);
  if (focused >= 0) t.querySelectorAll('button')[focused]?.focus();
}

function sites(s) {
  const all = new Map();
  const of = (name) => all.get(hostOf(name)) ?? all.set(hostOf(name), { requests: 0, hits: 0, errors: 0, pages: 0 }).get(hostOf(name));
  for (const p of s.pages) { const x = of(p.name); x.requests += p.loads; x.pages += p.loads; x.hits += p.hits; x.errors += p.errors; }
  for (const a of s.assets) { const x = of(a.name); x.requests += a.requests; x.hits += a.hits; x.errors += a.errors; }
  const select = $('site'), names = [...all.keys()].sort();
  if ([...select.options].slice(1).map((o) => o.value).join('\n') !== names.join('\n')) {
    select.replaceChildren(new Option('all', ''), ...names.map((n) => new Option(n, n)));
    select.value = names.includes(only) ? only : '';
    only = select.value;
  }
  table('sites', ['site', 'requests', 'hit ratio', 'page loads', 'errors'], [...all].filter(([name]) => !only || name === only).map(([name, x]) => [
    { v: name, text: name }, { v: x.requests }, { v: x.requests ? x.hits / x.requests : 0, text: percent(Math.min(x.hits, x.requests), x.requests) }, { v: x.pages }, { v: x.errors, className: x.errors ? 'bad' : '' }]));
}

function assets(s) {
  table('assets', ['asset', 'requests', 'hit ratio', 'pushes', 'completed', 'wasted', 'sent', 'wasted bytes'], s.assets.filter(isShown).map((a) => {
    const pushes = sum(a.pushes), all = a.requests + pushes;
    return [{ v: a.name, text: a.name }, { v: a.requests }, { v: all ? a.hits / all : 0, text: percent(a.hits, all) }, { v: pushes }, { v: a.pushes.completed }, { v: wastedPushes(a.pushes), className: wastedPushes(a.pushes) ? 'bad' : '' }, { v: a.sent_bytes, text: bytes(a.sent_bytes) }, { v: a.wasted_bytes, text: bytes(a.wasted_bytes) }];
  }));
}

function origins(s) {
  table('origins', ['origin', 'requests', 'state', 'failed', '5xx', 'mean first byte', 'connections', 'idle', 'waiting', 'last failure'], s.origins.map((o) => {
    const mean = o.answers ? o.first_byte_us / o.answers : 0;
    return [{ v: o.name, text: o.name }, { v: o.requests }, { v: o.is_failing ? 1 : 0, text: o.is_failing ? 'failing' : 'up', className: o.is_failing ? 'bad' : 'good' }, { v: o.failed, className: o.failed ? 'bad' : '' }, { v: o.responses_5xx, className: o.responses_5xx ? 'bad' : '' }, { v: mean, text: time(mean) }, { v: o.connections }, { v: o.idle }, { v: o.waiting }, { v: o.last_failure_s, text: o.last_failure_s ? `${age(Math.max(0, s.now_us / 1e6 - o.last_failure_s))} ago` : 'never' }];
  }));
}

function certificates(s) {
  $('certificates-section').hidden = s.certificates.length === 0;
  table('certificates', ['certificate for', 'days left'], s.certificates.map((x) => {
    const days = Math.floor((x.until_s - s.now_us / 1e6) / 86400);
    return [{ v: x.name, text: x.name }, { v: days, text: String(days), className: days < SOON_DAYS ? 'bad' : '' }];
  }));
}

function plan(page) {
  const scroll = element('div', undefined, 'scroll'), t = element('table'), head = element('tr');
  scroll.tabIndex = 0;
  head.append(...['link', 'as', 'from', 'sent as', 'reason', 'loads', 'hinted', 'requested', 'pushed', 'completed', 'wasted', 'wasted bytes'].map((text) => { const th = element('th', text); th.scope = 'col'; return th; }));
  t.append(head, ...page.plan.map((l) => {
    const tr = element('tr'), wasted = wastedPushes(l.pushes), pushed = l.delivered.push ?? 0;
    tr.append(element('td', l.url), element('td', l.as), element('td', l.source), element('td', l.delivery), Object.assign(element('td', l.reason), { title: reasons[l.reason] ?? '' }), element('td', count(l.loads)),
      element('td', count(l.delivered['early-hints'] ?? 0)), element('td', count(l.requests)), element('td', count(pushed)), element('td', count(l.pushes.completed)), element('td', count(wasted), wasted ? 'bad' : ''), element('td', bytes(l.wasted_bytes)));
    return tr;
  }));
  for (const tr of t.querySelectorAll('tr:not(:first-child)')) [...tr.cells].forEach((td, i) => { td.dataset.label = t.rows[0].cells[i].textContent; });
  scroll.append(t);
  return scroll;
}

// Kept by name, so that what is open and focused stays so.
const shown = new Map();
function pages(s) {
  const list = s.pages.filter(isShown).map((p) => {
    const d = shown.get(p.name) ?? element('details');
    const total = (of) => p.plan.reduce((n, l) => n + of(l), 0), early = (l) => l.delivered['early-hints'] ?? 0;
    const used = total((l) => l.pushes.completed), lost = total((l) => wastedPushes(l.pushes)), hinted = total(early), asked = total((l) => (early(l) ? l.requests : 0));
    const sent = [...(used || lost ? [`${count(used)} pushes completed, ${count(lost)} wasted`] : []), ...(hinted ? [`${count(hinted)} hinted early, ${count(asked)} asked for`] : [])];
    const summary = d.querySelector('summary') ?? element('summary');
    summary.replaceChildren(element('span', p.name, 'name'), element('span', `${count(p.loads)} loads`), element('span', `p50 ${time(p.p50_us)}, p99 ${time(p.p99_us)}`), element('span', `hit ratio ${percent(p.hits, p.loads)}`),
      element('span', `${p.plan.length} links`), element('span', sent.join('; ') || 'nothing sent early', 'used'));
    if (p.errors) summary.append(element('span', `${count(p.errors)} errors, last status ${p.last_status || 'none'}`, 'bad'));
    if (p.learning) summary.append(element('span', `not hinted to others yet: ${p.learning}`));
    const old = d.querySelector('.scroll');
    if (!old) d.replaceChildren(summary, p.plan.length ? plan(p) : element('p', 'No links.', 'note'));
    else if (d.open || !shown.has(p.name)) old.replaceWith(plan(p));
    shown.set(p.name, d);
    return d;
  });
  const box = $('pages');
  if (list.length === 0) { box.replaceChildren(element('p', 'None yet.', 'note')); return; }
  // moving an element would take its focus
  if (list.some((d, i) => box.children[i] !== d) || box.children.length !== list.length) {
    const focused = document.activeElement;
    box.replaceChildren(...list);
    if (focused && box.contains(focused)) focused.focus();
  }
}

// --- events ---

let latest, timer;
function draw(s) {
  sites(s);
  tiles(s);
  troubles(s);
  bars('deliveries', s.hints.delivery, (name) => ({ push: 's2', 'early-hints': 's0' }[name] ?? 's1'));
  explain(s.hints.reason);
  bars('answers', s.responses.cache, (name) => (name === 'hit' || name === 'stale' ? 's0' : 's1'));
  pages(s);
  assets(s);
  origins(s);
  certificates(s);
  $('about').textContent = `version ${s.forerun}, up ${age((s.now_us - s.start_us) / 1e6)}, workers: ${s.process.workers}, configurations: ${s.configurations}`;
}

function say(text, className) {
  const state = $('state');
  if (state.textContent !== text) state.textContent = text;
  state.className = className;
}

function take(s) {
  latest = s;
  $('main').hidden = false;
  $('token-form').hidden = true;
  say(s.is_draining ? 'draining' : 'ready', s.is_draining ? 'bad' : 'good');
  draw(s);
}

const ask = (path) => fetch(path, { headers: token ? { authorization: `Bearer ${token}` } : {}, cache: 'no-store' });

// What was, and goes on: read anew every few seconds.
async function refresh() {
  try {
    const answer = await ask(`/history?range=${range}`);
    if (answer.ok) past = await answer.json();
    charts();
    if (latest) tiles(latest);
  } catch { /* the stream of events says that the edge is away */ }
}

for (const name of ['hour', 'day'])
  $(name).addEventListener('click', () => {
    range = name;
    for (const other of ['hour', 'day']) $(other).setAttribute('aria-pressed', String(other === name));
    refresh();
  });
$('site').addEventListener('change', () => { only = $('site').value; if (latest) draw(latest); });

async function listen() {
  const answer = await ask('/events');
  if (answer.status === 401) {
    say(token ? 'this is not the token' : 'a token is needed', 'bad');
    $('token-form').hidden = false;
    $('token').focus();
    return false;
  }
  if (!answer.ok) throw new Error(String(answer.status));
  refresh();
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return true;
    text += value;
    for (let end; (end = text.indexOf('\n\n')) >= 0; text = text.slice(end + 2)) {
      const data = /^data: (.*)$/m.exec(text.slice(0, end));
      if (data) take(JSON.parse(data[1]));
    }
  }
}

async function run() {
  clearInterval(timer);
  timer = setInterval(refresh, REFRESH_MS);
  for (;;) {
    try {
      if (!await listen()) { clearInterval(timer); return; }
    } catch { /* away: again below */ }
    say('connection lost, reconnecting …', 'bad');
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

$('token-form').addEventListener('submit', (event) => {
  event.preventDefault();
  token = $('token').value.trim();
  sessionStorage.setItem('token', token);
  $('token').value = '';
  run();
});
run();
