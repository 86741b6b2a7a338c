// Charts in SVG: stacked areas over time, and bars.
const NS = 'http://www.w3.org/2000/svg';

function svg(name, attributes, text) {
  const e = document.createElementNS(NS, name);
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  if (text !== undefined) e.textContent = text;
  return e;
}

// The next of 1, 2, 5, 10, 20, … at or above n.
function ceiling(n) {
  const power = 10 ** Math.floor(Math.log10(Math.max(n, 1)));
  return [1, 2, 5, 10].map((f) => f * power).find((v) => v >= n) ?? 10 * power;
}

const short = (n) => (n >= 1e6 ? `${n / 1e6} M` : n >= 1e3 ? `${n / 1e3} k` : String(n));

const ago = (s) => (s < 120 ? `${Math.round(s)} s ago` : s < 7200 ? `${Math.round(s / 60)} min ago` : `${Math.round(s / 3600)} h ago`);

// series: [{ name, className, values }], one above the other, or as lines; span: seconds.
export function areas(figure, series, span, asLines = false) {
  const W = 600, H = 170, TOP = 16, left = 52, bottom = 28, n = series[0].values.length;
  const totals = Array.from({ length: n }, (_, i) => series.reduce((a, s) => (asLines ? Math.max(a, s.values[i]) : a + s.values[i]), 0));
  const top = ceiling(Math.max(1, ...totals));
  const x = (i) => left + (n > 1 ? i / (n - 1) : 1) * (W - left - 4), y = (v) => TOP + (1 - v / top) * (H - bottom - TOP);
  const now = series.map((s) => `${s.name} ${(s.values.at(-1) ?? 0).toFixed(1)}`).join(', ');
  const root = svg('svg', { viewBox: `0 0 ${W} ${H}`, role: 'img', 'aria-label': `Now: ${now}` });
  for (const v of [0, top / 2, top]) {
    root.append(svg('line', { class: 'grid', x1: left, x2: W, y1: y(v), y2: y(v) }), svg('text', { x: left - 5, y: y(v) + 4, 'text-anchor': 'end' }, short(v)));
  }
  const base = new Array(n).fill(0);
  for (const s of series) {
    const up = s.values.map((v, i) => `${x(i).toFixed(1)},${y(base[i] + v).toFixed(1)}`);
    const down = base.map((v, i) => `${x(i).toFixed(1)},${y(v).toFixed(1)}`).reverse();
    if (n > 1 && asLines) root.append(svg('polyline', { class: `line ${s.className}`, points: up.join(' ') }));
    else if (n > 1) root.append(svg('polygon', { class: `area ${s.className}`, points: [...up, ...down].join(' ') }));
    if (!asLines) s.values.forEach((v, i) => { base[i] += v; });
  }
  root.append(svg('text', { x: left, y: H - 4 }, ago(span)), svg('text', { x: W - 4, y: H - 4, 'text-anchor': 'end' }, 'now'));
  const caption = document.createElement('figcaption');
  for (const s of series) {
    const key = document.createElement('span');
    key.className = `key ${s.className}`;
    caption.append(key, s.name);
  }
  figure.replaceChildren(root, caption);
}

export function bar(share, className) {
  const root = svg('svg', { viewBox: '0 0 100 10', preserveAspectRatio: 'none', 'aria-hidden': 'true' });
  root.append(svg('rect', { class: className, x: 0, y: 0, height: 10, width: Math.max(share * 100, share > 0 ? 1 : 0) }));
  return root;
}
