// Draws the profile that is in this page. Everything shown is set as text, so
// that URLs of others' making stay text.
'use strict';
const profile = JSON.parse(document.getElementById('profile').textContent);
const variants = profile.variants.filter((v) => v.typical);
const base = variants[0];

function make(tag, attributes = {}, ...children) {
  const e = document.createElement(tag);
  for (const [k, v] of Object.entries(attributes)) {
    if (v === undefined || v === false) continue;
    if (k === 'style') Object.assign(e.style, v);
    else e.setAttribute(k, v === true ? '' : v);
  }
  e.append(...children.filter((c) => c !== undefined));
  return e;
}

const ms = (v) => `${Math.round(v)} ms`;
const signed = (v) => `${Math.round(v) > 0 ? '+' : Math.round(v) < 0 ? '−' : '±'}${Math.abs(Math.round(v))}`;
const times = { ttfb: 'First byte', render: 'First render', largest: 'Largest paint', complete: 'Page complete', load_event: 'Load event' };
const counts = { bytes: 'Bytes', requests: 'Requests', pushes_used: 'Pushes used', pushes_unused: 'Pushes unused', pushes_cancelled: 'Pushes cancelled', duplicates: 'Fetched twice', early_hints: '103 responses' };
const kinds = ['document', 'style', 'script', 'font', 'image'];
const color = (as) => `var(--${kinds.includes(as) ? as : 'other'})`;
const has = (e, flag) => e.flags.includes(flag);
const short = (url) => {
  try {
    const u = new URL(url);
    const parts = u.pathname.split('/').filter(Boolean);
    return parts.length ? parts.at(-1) : '/';
  } catch { return url; }
};

// What a difference is, in words; [text, class].
function describe(d, from, unit = 'ms') {
  if (!d) return ['', ''];
  const range = `${signed(d.low)} to ${signed(d.high)}`;
  if (!d.certain) return [`${signed(d.estimate)} ${unit} (too few runs to be certain)`, ''];
  if (!d.different) return [`no difference seen (${range} ${unit})`, ''];
  const percent = from ? `, ${Math.abs(Math.round(100 * d.estimate / from))} %` : '';
  return [`${signed(d.estimate)} ${unit} (${range})${percent} ${d.estimate < 0 ? 'sooner' : 'later'}`, d.estimate < 0 ? 'good' : 'bad'];
}

// --- the head ---

function showFacts() {
  const n = profile.network;
  const facts = {
    Network: n.rtt_ms || n.down_kbit ? `${n.name}: ${n.down_kbit / 1000} Mbit/s down, ${n.up_kbit / 1000} up, round trip ${n.rtt_ms} ms${n.loss_percent ? `, ${n.loss_percent} % loss` : ''}` : 'none emulated',
    Emulation: { relay: 'by a relay', packet: 'by packets', none: 'none' }[profile.emulation],
    Engine: profile.engine,
    Loads: `${profile.variants.map((v) => v.loads).join(', ')} (cold)${profile.interrupted ? ', interrupted' : ''}`,
    Origin: profile.origin,
    'Page delayed by': profile.think_ms ? ms(profile.think_ms) : undefined,
  };
  document.title = `Forerun profile of ${profile.url}`;
  document.getElementById('url').textContent = profile.url;
  for (const [k, v] of Object.entries(facts)) if (v) document.getElementById('facts').append(make('div', {}, make('dt', {}, k), make('dd', {}, v)));
}

function showVerdict() {
  const said = [];
  const all = (list) => list.join(', ').replace(/, ([^,]*)$/, ' and $1');
  for (const v of variants.slice(1)) {
    const different = ['render', 'largest', 'complete', 'load_event'].filter((m) => v.differences[m]?.different);
    const words = [[-1, 'sooner'], [1, 'later']].map(([sign, word]) => {
      const some = different.filter((m) => Math.sign(v.differences[m].estimate) === sign);
      return some.length && `${all(some.map((m) => `${times[m].toLowerCase()} ${ms(Math.abs(v.differences[m].estimate))}`))} ${word}`;
    }).filter(Boolean);
    if (words.length) said.push(`${v.title}: ${words.join(', but ')}`);
  }
  const any = variants.length > 1 && variants.slice(1).some((v) => Object.values(v.differences).some((d) => d.certain));
  document.getElementById('verdict').textContent = said.length ? `${said.join('; ').replace(/^./, (c) => c.toUpperCase())}.`
    : any ? `No difference was seen in ${all(['render', 'largest', 'complete', 'load_event'].filter((m) => base.metrics[m]).map((m) => times[m].toLowerCase()))}.` : 'Too few loads for a verdict.';
}

function showBars() {
  for (const [m, title] of Object.entries(times)) {
    const shown = variants.filter((v) => v.metrics[m]);
    if (!shown.length) continue;
    const most = Math.max(...shown.map((v) => v.metrics[m].median)) || 1;
    const box = make('div', { class: 'metric' }, make('h3', {}, title));
    for (const v of shown) {
      const x = v.metrics[m];
      const [text, tone] = v === base ? [`quartiles ${Math.round(x.low)} to ${ms(x.high)}`, ''] : describe(v.differences[m], base.metrics[m]?.median);
      box.append(make('div', { class: 'bar' }, make('span', {}, v.name), make('span', { class: 'value' }, ms(x.median)),
        make('div', { class: 'track' }, make('div', { class: `fill ${tone}`, style: { width: `${100 * x.median / most}%` } })),
        make('span', { class: `change ${tone}` }, text)));
    }
    document.getElementById('bars').append(box);
  }
}

// --- waterfalls ---

const end = Math.max(1, ...variants.flatMap((v) => [v.typical.complete ?? 0, v.typical.render ?? 0, ...v.typical.entries.map((e) => e.end ?? 0)])) * 1.02;
const at = (t) => `${100 * t / end}%`;

function showLegend() {
  const list = { ...(variants.some((v) => v.typical.connections.some((c) => c.resolved)) && { DNS: 'var(--dns)' }), connecting: 'var(--connect)', TLS: 'var(--tls)', waiting: 'var(--wait)', page: 'var(--document)', 'style sheet': 'var(--style)', script: 'var(--script)', font: 'var(--font)', picture: 'var(--image)', other: 'var(--other)' };
  const legend = document.getElementById('legend');
  for (const [k, v] of Object.entries(list)) legend.append(make('li', {}, make('i', { style: { background: v } }), k));
  for (const [k, v, dashed] of [['first render', 'var(--good)'], ['page complete', 'var(--bad)'], ['103 came', 'var(--early)', true]])
    legend.append(make('li', {}, make('i', { style: { background: 'none', width: '0', borderRadius: '0', borderLeft: `2px ${dashed ? 'dashed' : 'solid'} ${v}` } }), k));
  legend.append(make('li', {}, make('b', {}, 'P '), 'pushed (line: promised)'), make('li', {}, make('b', {}, 'H '), 'asked for because of a 103'), make('li', {}, make('b', {}, 'B '), 'blocks rendering'));
}

// What a connection took before its first request, if this is the one that it was made for.
function opening(v, e) {
  const c = v.typical.connections[e.connection];
  if (!c?.secured || v.typical.entries.find((x) => x.connection === e.connection) !== e) return {};
  const asked = c.resolved ?? c.begin, connected = Math.max(asked, c.connected ?? asked);
  return { DNS: c.resolved ? ms(c.resolved - c.begin) : undefined, Connecting: ms(connected - asked), TLS: ms(c.secured - connected), Protocol: c.protocol };
}

function details(v, e) {
  const t = (x) => (x === undefined ? undefined : ms(x));
  const list = {
    URL: e.url, Kind: e.as || e.type, Status: e.status || 'none', Type: e.type, Bytes: e.bytes.toLocaleString('en'),
    'Named by': e.parent >= 0 ? `${v.typical.entries[e.parent].url} (${e.found})` : e.found,
    ...opening(v, e),
    Promised: t(e.promised), 'Asked for': has(e, 'pushed') ? undefined : t(e.start), 'Needed at': t(e.needed), 'First byte': t(e.first), Complete: t(e.end),
    Urgency: e.urgency, Marks: e.flags.filter((f) => f !== 'done' && f !== 'needed').join(', ') || 'none',
  };
  return make('div', { class: 'details' }, make('dl', {}, ...Object.entries(list).filter(([, x]) => x !== undefined && x !== '').flatMap(([k, x]) => [make('dt', {}, k), make('dd', {}, String(x))])));
}

function lane(v, i) {
  const e = v.typical.entries[i];
  const box = make('span', { class: 'lane' });
  const piece = (from, to, background, cls) => {
    if (to > from) box.append(make('i', { class: cls, style: { left: at(from), width: at(to - from), background } }));
  };
  let waiting = e.start;
  const c = v.typical.connections[e.connection];
  if (c && v.typical.entries.findIndex((x) => x.connection === e.connection) === i && c.secured) {
    if (c.resolved) piece(c.begin, c.resolved, 'var(--dns)');
    const asked = c.resolved ?? c.begin;
    if (c.connected > asked && c.connected < c.secured) piece(asked, c.connected, 'var(--connect)');
    piece(Math.max(asked, c.connected ?? 0), c.secured, 'var(--tls)');
    waiting = Math.max(waiting, c.secured);
  }
  if (has(e, 'lazy') || has(e, 'skipped')) {
    box.append(make('span', { class: 'none' }, has(e, 'lazy') ? 'not loaded: waits until it is scrolled to' : 'not loaded: its host has no HTTP/2'));
    return box;
  }
  if (e.first) piece(waiting, e.first, 'var(--wait)');
  if (e.end) piece(e.first ?? e.start, Math.max(e.end, (e.first ?? e.start) + end / 500), color(e.as), 'main');
  if (e.promised !== undefined) box.append(make('i', { class: 'promise', style: { left: at(e.promised) } }));
  return box;
}

function row(v, i) {
  const e = v.typical.entries[i];
  const marks = `${has(e, 'pushed') ? 'P' : ''}${has(e, 'early') ? 'H' : ''}${has(e, 'blocking') ? 'B' : ''}`;
  const told = [short(e.url), e.as, has(e, 'pushed') && 'pushed', has(e, 'early') && 'early', has(e, 'blocking') && 'blocks rendering',
    has(e, 'skipped') || has(e, 'lazy') ? 'not loaded' : `${ms(e.start)} to ${ms(e.end ?? e.start)}`].filter(Boolean).join(', ');
  const button = make('button', { class: 'row', type: 'button', 'aria-expanded': 'false', 'aria-label': told, 'data-url': e.url },
    make('span', { class: 'name', title: e.url }, marks ? make('span', { class: 'mark' }, `${marks} `) : '', short(e.url)), lane(v, i));
  const item = make('li', {}, button);
  button.addEventListener('click', () => {
    const open = button.getAttribute('aria-expanded') === 'true';
    button.setAttribute('aria-expanded', String(!open));
    if (open) item.lastChild.remove();
    else item.append(details(v, e));
  });
  return item;
}

function step() {
  const raw = end / 5, unit = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 5, 10].map((f) => f * unit).find((s) => s >= raw);
}

function strip(v) {
  const frames = v.typical.frames;
  if (!frames?.length) return undefined;
  const some = frames.filter((f, i) => i === 0 || i === frames.length - 1 || i % Math.ceil(frames.length / 8) === 0);
  return make('ul', { class: 'strip', tabindex: '0', 'aria-label': `Film strip, ${v.title}` }, ...some.map((f) => make('li', {},
    make('img', { src: `data:image/jpeg;base64,${f.jpeg}`, alt: `The page at ${ms(f.at)}` }), make('span', {}, ms(f.at)))));
}

function fall(v) {
  const l = v.typical;
  const lines = make('div', { class: 'lines', 'aria-hidden': 'true' });
  const axis = make('div', { class: 'axis', 'aria-hidden': 'true' });
  for (let t = step(); t < end; t += step()) {
    lines.append(make('i', { style: { left: at(t) } }));
    axis.append(make('span', { style: { left: at(t) } }, t >= 1000 ? `${t / 1000} s` : `${t} ms`));
  }
  if (l.early_hints_at) lines.append(make('i', { class: 'hints', style: { left: at(l.early_hints_at) } }));
  if (l.render) lines.append(make('i', { class: 'render', style: { left: at(l.render) } }));
  if (l.complete) lines.append(make('i', { class: 'complete', style: { left: at(l.complete) } }));
  const order = l.entries.map((e, i) => i).sort((a, b) => l.entries[a].start - l.entries[b].start || a - b);
  const facts = [l.early_hints_at && `103 at ${ms(l.early_hints_at)}`, l.render && `first render ${ms(l.render)}`, l.complete && `complete ${ms(l.complete)}`].filter(Boolean).join(', ');
  return make('article', { class: 'fall', 'data-variant': v.name }, make('h3', {}, `${v.title}: ${facts}`), strip(v),
    make('div', { class: 'plot' }, lines, make('ol', { class: 'rows' }, ...order.map((i) => row(v, i))), axis));
}

// --- the table ---

function showTable() {
  const table = document.getElementById('table');
  table.append(make('thead', {}, make('tr', {}, make('th', { scope: 'col' }, 'Median'), ...variants.map((v) => make('th', { scope: 'col' }, v.name)))));
  const body = make('tbody');
  for (const [m, title] of Object.entries({ ...times, ...counts })) {
    if (!variants.some((v) => v.metrics[m])) continue;
    body.append(make('tr', {}, make('th', { scope: 'row' }, title), ...variants.map((v) => {
      const x = v.metrics[m];
      if (!x) return make('td', {}, '–');
      const shown = m in times ? ms(x.median) : Math.round(x.median).toLocaleString('en');
      const [text, tone] = v === base || !(m in times) ? ['', ''] : describe(v.differences[m], base.metrics[m]?.median);
      return make('td', {}, shown, text ? make('small', { class: tone }, text) : undefined);
    })));
  }
  table.append(body);
}

// --- what to do ---

function showTodo() {
  const list = document.getElementById('todo');
  const say = (...x) => list.append(make('li', {}, ...x));
  const links = (profile.advice ?? []).filter((a) => a.kind === 'link');
  for (const a of profile.advice ?? []) {
    if (a.kind === 'link') continue;
    say(a.text, a.link && !a.text.includes(a.link) ? make('code', { class: 'value-line' }, a.link) : undefined,
      a.kind === 'add' && links.length ? make('pre', { tabindex: '0' }, links.map((l) => `Link: ${l.link}`).join('\n')) : undefined);
  }
  if (!list.children.length) say('Nothing: on this network, push and hints bring this page no gain.');
}

showFacts();
showVerdict();
showBars();
showLegend();
for (const v of variants) document.getElementById('falls').append(fall(v));
showTable();
showTodo();
document.getElementById('footer').textContent = 'Made by forerun profile. This page is self-contained and loads nothing.';
