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

// series: [{ name, className, values }], one above the other; span: seconds.
export function areas(figure, series, span) {
  const W = 600, H = 160, left = 40, bottom = 18, n = series[0].values.length;
  const totals = Array.from({ length: n }, (_, i) => series.reduce((a, s) => a + s.values[i], 0));
  const top = ceiling(Math.max(1, ...totals));
  const x = (i) => left + (n > 1 ? i / (n - 1) : 1) * (W - left - 4), y = (v) => 6 + (1 - v / top) * (H - bottom - 6);
  const now = series.map((s) => `${s.name} ${(s.values.at(-1) ?? 0).toFixed(1)}`).join(', ');
  const root = svg('svg', { viewBox: `0 0 ${W} ${H}`, role: 'img', 'aria-label': `Now, per second: ${now}` });
  for (const v of [0, top / 2, top]) {
    root.append(svg('line', { class: 'grid', x1: left, x2: W, y1: y(v), y2: y(v) }), svg('text', { x: left - 5, y: y(v) + 4, 'text-anchor': 'end' }, short(v)));
  }
  const base = new Array(n).fill(0);
  for (const s of series) {
    const up = s.values.map((v, i) => `${x(i).toFixed(1)},${y(base[i] + v).toFixed(1)}`);
    const down = base.map((v, i) => `${x(i).toFixed(1)},${y(v).toFixed(1)}`).reverse();
    if (n > 1) root.append(svg('polygon', { class: `area ${s.className}`, points: [...up, ...down].join(' ') }));
    s.values.forEach((v, i) => { base[i] += v; });
  }
  root.append(svg('text', { x: left, y: H - 4 }, `${Math.round(span)} s ago`), svg('text', { x: W - 4, y: H - 4, 'text-anchor': 'end' }, 'now'));
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
