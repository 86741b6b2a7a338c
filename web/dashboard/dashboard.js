// The dashboard: reads the history, then the status as server-sent events, and draws.
// No library, no request but to the admin interface itself.
import { areas, bar } from '/dashboard/charts.js';
import { fronts, notStored, place, reasons } from '/dashboard/reasons.js';

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
// A name of a page or asset, which may be broken where its parts end.
function named(e, text) {
  for (const part of text.split(/(?<=[/?&._-])/)) e.append(part, document.createElement('wbr'));
  return e;
}
function link(text, href) {
  const a = element('a', text);
  Object.assign(a, { href, target: '_blank', rel: 'noreferrer' });
  return a;
}
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

// Of the bodies that the edge encoded; what is stored in a coding is encoded once.
function compression(c) {
  const codings = ['br', 'zstd', 'gzip'].map((name) => ({ name, n: c[`encoded_${name}`], from: c[`encoded_${name}_in`], to: c[`encoded_${name}_out`] }));
  const total = (key) => codings.reduce((a, x) => a + x[key], 0), n = total('n');
  if (!n) return ['Compression', '–', 'nothing encoded yet'];
  const shares = codings.filter((x) => x.n).map((x) => `${x.name} ${percent(x.n, n)}`).join(', ');
  return ['Compression saved', percent(total('from') - total('to'), total('from')), `${bytes(total('from'))} to ${bytes(total('to'))}; ${shares}`];
}

function tiles(s) {
  const c = s.counters, ended = c.pushes_completed + c.pushes_cancelled + c.pushes_refused + c.pushes_failed;
  const failing = s.origins.filter((o) => o.is_failing).length, asked = s.origins.filter((o) => o.requests).length;
  const days = s.certificates.map((x) => (x.until_s - s.now_us / 1e6) / 86400), least = Math.min(...days);
  const words = range === 'hour' ? 'last hour' : 'last day';
  const all = [
    ['Requests per second', count(lately('requests')), `${count(c.requests)} in all, ${bytes(lately('sent_kib') * 1024)}/s`],
    ['Hit ratio', percent(hitsOf(s), sum(s.responses.cache)), `${bytes(s.cache.bytes)} of ${bytes(s.cache.limit_bytes)}, ${count(s.cache.objects)} stored`],
    ['Errors (5xx)', count(inRange('errors')), `${words}; ${count(inRange('origin_failures'))} by failing origins`, inRange('errors') ? 'bad' : ''],
    ['Origins', failing ? `${failing} failing` : asked ? 'up' : '–', `${asked} of ${s.origins.length} asked so far`, failing ? 'bad' : asked ? 'good' : ''],
    ...['cache', 'origin'].map((from) => {
      const t = s.times.first_byte[from];
      return [`First byte, from ${from}`, t.count ? `p50 ${time(t.p50_us)}` : '–', t.count ? `p99 ${time(t.p99_us)}` : 'nothing yet'];
    }),
    ['Page loads', count(s.pages_total), `and ${count(s.prefetches_total)} prefetches, counted apart`],
    compression(c),
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
  for (const [kind, address] of Object.entries(s.front)) list.push(['', fronts[kind]?.(address) ?? `${kind}: ${address}`, place('proxies', 'trusted_proxies')]);
  $('trouble').hidden = list.length === 0;
  $('troubles').replaceChildren(...list.map(([className, text, href]) => {
    const li = element('li', text, className);
    if (href) li.append(' ', link('What to do', href));
    return li;
  }));
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

function explain(id, parts, words, doc) {
  const rows = Object.entries(parts).filter(([, n]) => n > 0).sort((a, b) => b[1] - a[1]);
  $(id).replaceChildren(...(rows.length ? rows : [['none yet', 0]]).map(([name, n]) => {
    const div = element('div'), dt = element('dt');
    dt.append(words[name] ? link(name, place(doc, name)) : name, element('b', count(n)));
    div.append(dt, element('dd', words[name] ?? ''));
    return div;
  }));
}

function bars(id, parts, className = () => 's0') {
  const rows = Object.entries(parts).filter(([, n]) => n > 0).sort((a, b) => b[1] - a[1]);
  const most = rows[0]?.[1] ?? 1;
  $(id).replaceChildren(...(rows.length ? rows : [['nothing yet', 0]]).flatMap(([name, n]) => [element('span', name), bar(n / most, className(name)), element('span', count(n))]));
}

// --- tables ---

const sorted = { proof: 1, assets: 1, origins: 1, sites: 1, certificates: 1 };
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
    tr.append(...row.map((cell, i) => { const text = cell.text ?? count(cell.v), td = i ? element('td', text, cell.className) : named(element('td'), text); td.dataset.label = heads[i]; return td; }));
    return tr;
  }));
  t.replaceChildren(thead, tbody);
  if (focused >= 0) t.querySelectorAll('button')[focused]?.focus();
}

function sites(s) {
  const select = $('site'), names = [...new Set([...s.pages, ...s.assets].map((o) => hostOf(o.name)))].sort();
  if ([...select.options].slice(1).map((o) => o.value).join('\n') !== names.join('\n')) {
    select.replaceChildren(new Option('all', ''), ...names.map((n) => new Option(n, n)));
    select.value = names.includes(only) ? only : '';
    only = select.value;
  }
  const list = s.sites.filter((x) => x.requests), isOne = list.some((x) => x.name === only);
  table('sites', ['site', 'requests', 'hit ratio', 'page loads', 'prefetches', 'errors (5xx)', 'sent'], list.filter((x) => !isOne || x.name === only).map((x) => [
    { v: x.name, text: x.name === '*' ? 'all hosts (*)' : x.name }, { v: x.requests }, { v: x.requests ? x.hits / x.requests : 0, text: percent(x.hits, x.requests) }, { v: x.pages }, { v: x.prefetches }, { v: x.errors, className: x.errors ? 'bad' : '' }, { v: x.sent_bytes, text: bytes(x.sent_bytes) }]));
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
    const [state, className] = o.is_failing ? ['failing', 'bad'] : o.answers ? ['up', 'good'] : ['not asked', ''];
    return [{ v: o.name, text: o.name }, { v: o.requests }, { v: o.is_failing ? 1 : 0, text: state, className }, { v: o.failed, className: o.failed ? 'bad' : '' }, { v: o.responses_5xx, className: o.responses_5xx ? 'bad' : '' }, { v: mean, text: o.answers ? time(mean) : '–' }, { v: o.connections }, { v: o.idle }, { v: o.waiting }, { v: o.last_failure_s, text: o.last_failure_s ? `${age(Math.max(0, s.now_us / 1e6 - o.last_failure_s))} ago` : 'never' }];
  }));
}

// Shares are null until they are known.
const share = (x) => (x === null ? '' : `${Math.round(x * 100)} %`);
const hintStates = { new: 'not compared yet', all: 'all hints', blocking: 'only what blocks', none: 'switched off' };
function proof(s) {
  const list = (s.proof ?? []).filter(isShown);
  $('proof-section').hidden = list.length === 0;
  table('proof', ['pages', 'loads', 'hints', 'gain', 'held out', 'precision', 'recall', 'wasted bytes', 'last switch'], list.map((p) => {
    const isDown = p.state === 'blocking' || p.state === 'none';
    return [{ v: p.name, text: p.name }, { v: p.loads }, { v: p.state, text: hintStates[p.state] ?? p.state, className: isDown ? 'bad' : '' }, { v: p.paint.gain ?? p.complete.gain ?? -9, text: p.text }, { v: p.held_out, text: share(p.held_out) },
      { v: p.precision ?? -1, text: share(p.precision) }, { v: p.recall ?? -1, text: share(p.recall) }, { v: p.wasted_bytes, text: bytes(p.wasted_bytes) }, { v: p.switched_s ?? 0, text: p.switches ? `${p.why}, ${age(Math.max(0, s.now_us / 1e6 - p.switched_s))} ago` : 'none' }];
  }));
}

function certificates(s) {
  $('certificates-section').hidden = s.certificates.length === 0;
  table('certificates', ['certificate for', 'days left'], s.certificates.map((x) => {
    const days = Math.floor((x.until_s - s.now_us / 1e6) / 86400);
    return [{ v: x.name, text: x.name }, { v: days, text: String(days), className: days < SOON_DAYS ? 'bad' : '' }];
  }));
}

function reasonCell(reason) {
  const td = element('td');
  td.title = reasons[reason] ?? '';
  td.append(link(reason, place('push', reason)));
  return td;
}

function plan(page) {
  const scroll = element('div', undefined, 'scroll'), t = element('table'), head = element('tr');
  scroll.tabIndex = 0;
  head.append(...['link', 'as', 'from', 'sent as', 'reason', 'loads', 'hinted', 'requested', 'pushed', 'completed', 'wasted', 'wasted bytes'].map((text) => { const th = element('th', text); th.scope = 'col'; return th; }));
  t.append(head, ...page.plan.map((l) => {
    const tr = element('tr'), wasted = wastedPushes(l.pushes), pushed = l.delivered.push ?? 0;
    tr.append(named(element('td'), l.url), element('td', l.as), element('td', l.source), element('td', l.delivery), reasonCell(l.reason), element('td', count(l.loads)),
      element('td', count(l.delivered['early-hints'] ?? 0)), element('td', count(l.requests)), element('td', count(pushed)), element('td', count(l.pushes.completed)), element('td', count(wasted), wasted ? 'bad' : ''), element('td', bytes(l.wasted_bytes)));
    return tr;
  }));
  for (const tr of t.querySelectorAll('tr:not(:first-child)')) [...tr.cells].forEach((td, i) => { td.dataset.label = t.rows[0].cells[i].textContent; });
  scroll.append(t);
  return scroll;
}

// Of a page whose links were not sent early: the most frequent reason, in words.
function why(page) {
  if (!page.plan.length) return ': it names no assets';
  const by = {};
  for (const l of page.plan) by[l.reason] = (by[l.reason] ?? 0) + 1;
  const [most] = Object.entries(by).sort((a, b) => b[1] - a[1])[0];
  return `: ${reasons[most]?.replace(/\.$/, '') ?? most}`;
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
    summary.replaceChildren(named(element('span', undefined, 'name'), p.name), element('span', `${count(p.loads)} loads`), element('span', `p50 ${time(p.p50_us)}, p99 ${time(p.p99_us)}`), element('span', `hit ratio ${percent(p.hits, p.loads)}`),
      element('span', `${p.plan.length} links`), element('span', sent.join('; ') || `nothing sent early${why(p)}`, 'used'));
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
  explain('reasons', s.hints.reason, reasons, 'push');
  explain('not-stored', s.responses.not_stored, notStored, 'cache');
  bars('answers', s.responses.cache, (name) => (name === 'hit' || name === 'stale' ? 's0' : 's1'));
  pages(s);
  proof(s);
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
