// The dashboard: reads the status as server-sent events, keeps five minutes of
// it, and draws. No library, no request but to the admin interface itself.
import { areas, bar } from '/dashboard/charts.js';

const KEPT = 300; // events, about one a second
const $ = (id) => document.getElementById(id);
const history = [];
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

const figures = (s) => ({
  at: s.now_us / 1e6,
  requests: s.counters.requests,
  hits: s.responses.cache.hit + s.responses.cache.stale,
  answers: sum(s.responses.cache),
  used: s.counters.pushes_completed,
  wasted: s.counters.pushes_cancelled + s.counters.pushes_refused,
  early: s.hints.delivery['early-hints'] ?? 0,
  sent: s.sent_bytes,
});

// Differences between neighbours, a second; none across a restart.
function rates(key) {
  const out = [];
  for (let i = 1; i < history.length; i++) {
    const s = history[i].at - history[i - 1].at, d = history[i][key] - history[i - 1][key];
    out.push(d >= 0 && s > 0 ? d / s : 0);
  }
  return out;
}

function tiles(s) {
  const c = s.counters, last = (key) => rates(key).at(-1) ?? 0;
  const saved = (name) => percent(c[`head_bytes_${name}_plain`] - c[`head_bytes_${name}`], c[`head_bytes_${name}_plain`]);
  const ended = c.pushes_completed + c.pushes_cancelled + c.pushes_refused + c.pushes_failed;
  const all = [
    ['Requests per second', count(last('requests')), `${count(c.requests)} in all, ${bytes(last('sent'))}/s`],
    ['From the cache', percent(s.responses.cache.hit + s.responses.cache.stale, sum(s.responses.cache)), `${bytes(s.cache.bytes)} of ${bytes(s.cache.limit_bytes)}, ${count(s.cache.objects)} stored`],
    ['Pushes used', percent(c.pushes_completed, ended), `${count(c.pushes_completed)} of ${count(ended)}, ${bytes(c.pushed_bytes)}`],
    ['Pushes wasted', percent(wastedPushes({ cancelled: c.pushes_cancelled, refused: c.pushes_refused }), ended), `${bytes(c.wasted_bytes)} of ${bytes(c.pushed_bytes)}`],
    ['Early hints', count(s.hints.delivery['early-hints'] ?? 0), `of ${count(sum(s.hints.delivery))} links`],
    ['Fields saved by HPACK', saved('in'), `of requests; ${saved('out')} of responses`],
    ['First byte, cache', time(s.times.first_byte.cache.p50_us), `99 %: ${time(s.times.first_byte.cache.p99_us)}`],
    ['First byte, origin', time(s.times.first_byte.origin.p50_us), `99 %: ${time(s.times.first_byte.origin.p99_us)}`],
    ['Connections', count(c.connections_open), `${percent(c.tls_resumed, c.tls_handshakes)} of TLS resumed`],
    ['Memory', bytes(s.process.memory_bytes), `loop 99 %: ${time(s.times.loop_turn.p99_us)}`],
  ];
  $('tiles').replaceChildren(...all.map(([name, value, more]) => {
    const div = element('div'), dd = element('dd', value);
    dd.append(element('small', more));
    div.append(element('dt', name), dd);
    return div;
  }));
}

function charts() {
  const span = history.length > 1 ? history.at(-1).at - history[0].at : 0;
  const hits = rates('hits'), answers = rates('answers');
  areas($('traffic'), [
    { name: 'from the cache', className: 's0', values: hits },
    { name: 'from the origin, or refused', className: 's1', values: answers.map((n, i) => Math.max(n - hits[i], 0)) },
  ], span);
  areas($('pushes'), [
    { name: 'pushes used', className: 's2', values: rates('used') },
    { name: 'pushes wasted', className: 's3', values: rates('wasted') },
    { name: 'in a 103', className: 's0', values: rates('early') },
  ], span);
}

function bars(id, parts, className = () => 's0') {
  const rows = Object.entries(parts).filter(([, n]) => n > 0).sort((a, b) => b[1] - a[1]);
  const most = rows[0]?.[1] ?? 1;
  $(id).replaceChildren(...(rows.length ? rows : [['nothing yet', 0]]).flatMap(([name, n]) => [element('span', name), bar(n / most, className(name)), element('span', count(n))]));
}

// --- tables ---

const sorted = { assets: 1, origins: 1 };
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
    tr.append(...row.map((cell) => element('td', cell.text ?? count(cell.v), cell.className)));
    return tr;
  }));
  t.replaceChildren(thead, tbody);
  if (focused >= 0) t.querySelectorAll('button')[focused]?.focus();
}

function assets(s) {
  table('assets', ['asset', 'requests', 'from cache', 'pushes', 'used', 'wasted', 'sent', 'wasted bytes'], s.assets.map((a) => {
    const pushes = sum(a.pushes), all = a.requests + pushes;
    return [{ v: a.name, text: a.name }, { v: a.requests }, { v: all ? a.hits / all : 0, text: percent(a.hits, all) }, { v: pushes }, { v: a.pushes.completed, className: a.pushes.completed ? 'good' : '' }, { v: wastedPushes(a.pushes), className: wastedPushes(a.pushes) ? 'bad' : '' }, { v: a.sent_bytes, text: bytes(a.sent_bytes) }, { v: a.wasted_bytes, text: bytes(a.wasted_bytes) }];
  }));
}

function origins(s) {
  table('origins', ['origin', 'requests', 'failed', '5xx', 'first byte', 'connections', 'idle', 'waiting', 'last failure'], s.origins.map((o) => {
    const mean = o.answers ? o.first_byte_us / o.answers : 0;
    return [{ v: o.name, text: o.name }, { v: o.requests }, { v: o.failed, className: o.failed ? 'bad' : '' }, { v: o.responses_5xx, className: o.responses_5xx ? 'bad' : '' }, { v: mean, text: time(mean) }, { v: o.connections }, { v: o.idle }, { v: o.waiting }, { v: o.last_failure_s, text: o.last_failure_s ? `${age(s.now_us / 1e6 - o.last_failure_s)} ago` : 'never' }];
  }));
}

function plan(page) {
  const scroll = element('div', undefined, 'scroll'), t = element('table'), head = element('tr');
  scroll.tabIndex = 0;
  head.append(...['link', 'as', 'from', 'sent as', 'reason', 'loads', 'hinted', 'requested', 'pushed', 'used', 'wasted', 'wasted bytes'].map((text) => { const th = element('th', text); th.scope = 'col'; return th; }));
  t.append(head, ...page.plan.map((l) => {
    const tr = element('tr'), wasted = wastedPushes(l.pushes), pushed = l.delivered.push ?? 0;
    tr.append(element('td', l.url), element('td', l.as), element('td', l.source), element('td', l.delivery), element('td', l.reason), element('td', count(l.loads)),
      element('td', count(l.delivered['early-hints'] ?? 0)), element('td', count(l.requests)), element('td', count(pushed)), element('td', count(l.pushes.completed), l.pushes.completed ? 'good' : ''), element('td', count(wasted), wasted ? 'bad' : ''), element('td', bytes(l.wasted_bytes)));
    return tr;
  }));
  scroll.append(t);
  return scroll;
}

// Kept by name, so that what is open and focused stays so.
const shown = new Map();
function pages(s) {
  const list = s.pages.map((p) => {
    const d = shown.get(p.name) ?? element('details');
    const total = (of) => p.plan.reduce((n, l) => n + of(l), 0), early = (l) => l.delivered['early-hints'] ?? 0;
    const used = total((l) => l.pushes.completed), lost = total((l) => wastedPushes(l.pushes)), hinted = total(early), asked = total((l) => (early(l) ? l.requests : 0));
    const sent = [...(used || lost ? [`${count(used)} pushes used, ${count(lost)} wasted`] : []), ...(hinted ? [`${count(hinted)} hinted early, ${count(asked)} asked for`] : [])];
    const summary = d.querySelector('summary') ?? element('summary');
    summary.replaceChildren(element('span', p.name, 'name'), element('span', `${count(p.loads)} loads`), element('span', `${time(p.duration_us / p.loads)} each`), element('span', `${percent(p.hits, p.loads)} from the cache`),
      element('span', `${p.plan.length} links`), element('span', sent.join('; ') || 'nothing sent early', 'used'));
    if (p.errors) summary.append(element('span', `${count(p.errors)} errors`, 'bad'));
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

let latest;
function draw(s) {
  tiles(s);
  charts();
  bars('deliveries', s.hints.delivery, (name) => ({ push: 's2', 'early-hints': 's0' }[name] ?? 's1'));
  bars('reasons', s.hints.reason);
  bars('answers', s.responses.cache, (name) => (name === 'hit' || name === 'stale' ? 's0' : 's1'));
  pages(s);
  assets(s);
  origins(s);
  $('about').textContent = `version ${s.forerun}, up ${age((s.now_us - s.start_us) / 1e6)}, workers: ${s.process.workers}, configurations: ${s.configurations}`;
}

function say(text, className) {
  const state = $('state');
  if (state.textContent !== text) state.textContent = text;
  state.className = className;
}

function take(s) {
  if (history.length && history.at(-1).requests > s.counters.requests) history.length = 0; // started anew
  history.push(figures(s));
  if (history.length > KEPT) history.shift();
  latest = s;
  $('main').hidden = false;
  $('token-form').hidden = true;
  say(s.is_draining ? 'draining' : 'ready', s.is_draining ? 'bad' : 'good');
  draw(s);
}

async function listen() {
  const answer = await fetch('/events', { headers: token ? { authorization: `Bearer ${token}` } : {}, cache: 'no-store' });
  if (answer.status === 401) {
    say(token ? 'this is not the token' : 'a token is needed', 'bad');
    $('token-form').hidden = false;
    $('token').focus();
    return false;
  }
  if (!answer.ok) throw new Error(String(answer.status));
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
  for (;;) {
    try {
      if (!await listen()) return;
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
