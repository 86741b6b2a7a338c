// Prints measurements: tables in Markdown, one load as bars of text.
import { difference, median, quantile } from './stats.mjs';

const frameMs = 17; // paints come in steps of a frame; less is not seen
export const metrics = [['complete', 'page complete'], ['fcp', 'first contentful paint'], ['lcp', 'largest contentful paint'], ['ttfb', 'first byte']];

const ms = (x) => (x === undefined || Number.isNaN(x) ? '–' : String(Math.round(x)));
const values = (list, key) => list.map((r) => r[key]).filter((x) => x !== undefined);

// What a table says about one variant beside the base: medians, quartiles,
// differences with their intervals.
export function summarize(results, base) {
  return Object.entries(results).map(([name, list]) => {
    const row = { name, runs: list.length };
    for (const [key] of metrics) {
      const v = values(list, key);
      if (!v.length) continue;
      row[key] = { median: median(v), quartiles: [quantile(v, 0.25), quantile(v, 0.75)] };
      const b = results[base] && values(results[base], key);
      if (b?.length && name !== base) {
        const d = difference(v, b);
        row[key].gain = -d.difference / median(b);
        row[key].interval = [-d.high / median(b), -d.low / median(b)];
        row[key].sure = d.sure && Math.abs(d.difference) >= frameMs;
      }
    }
    for (const key of ['requests', 'pushed', 'early', 'earlyEvents', 'duplicates', 'extra', 'bytes', 'linkBytes']) row[key] = median(list.map((r) => r[key]));
    row.shift = median(list.map((r) => r.shift ?? 0));
    row.promised = median(list.map((r) => r.edge.pushes_promised));
    row.cancelled = median(list.map((r) => r.edge.pushes_cancelled));
    row.edgeRequests = median(list.map((r) => r.edge.requests));
    row.lcpWhat = [...new Set(list.map((r) => r.lcpWhat))].join(' or ');
    row.failed = [...new Set(list.flatMap((r) => r.failed))];
    return row;
  });
}

const percent = (x) => (100 * x).toFixed(0).replace('-', '−').replace(/^−0$/, '0');
function cell(c) {
  if (!c) return '–';
  const own = `${ms(c.median)} (${ms(c.quartiles[0])}–${ms(c.quartiles[1])})`;
  if (c.gain === undefined) return own;
  const text = `${percent(c.gain)} % [${percent(c.interval[0])}, ${percent(c.interval[1])}]`;
  return `${own} ${c.sure ? `**${text}**` : text}`;
}

// files: measurements as written by the client. One table for each page, link and browser.
export function table(files, base = 'off') {
  const out = ['Median (quartiles) in ms; gain over `off` with its 95 % interval, bold where it is beyond the noise; minus is slower.', ''];
  for (const f of files) {
    const rows = summarize(f.results, base);
    out.push(`**${f.page}, ${f.link}, ${f.product}**, ${f.think} ms of think time, ${Math.min(...rows.map((r) => r.runs))} runs`, '',
      `| variant | ${metrics.map(([, title]) => title).join(' | ')} | requests | pushes used / promised | early hints | twice / beyond need | layout shift | KiB |`,
      `| --- | ${metrics.map(() => '---').join(' | ')} | --- | --- | --- | --- | --- | --- |`);
    for (const r of rows) {
      out.push(`| ${r.name} | ${metrics.map(([key]) => cell(r[key])).join(' | ')} | ${r.requests} | ${r.pushed} / ${r.promised} | ${r.earlyEvents ? `${r.early}` : '–'} | ${r.duplicates} / ${r.extra} | ${r.shift.toFixed(2)} | ${ms(r.linkBytes / 1024)} |`);
    }
    out.push('');
    for (const r of rows) {
      if (r.failed.length) out.push(`${r.name}: failed: ${r.failed.join(' ')}`, '');
    }
  }
  return out.join('\n');
}

// One load as text: a bar for each stream, from asking (or the promise) to its
// last byte on the wire: '.' nothing yet, '-' its head has come, '=' its body
// comes; 'a' where the page asked for what had been sent before; above, where
// the HTML began (B) and ended (E), first and largest paint (F, L), complete (C).
export function waterfall(name, r, wire, width = 64) {
  const end = Math.max(r.complete, r.lcp ?? 0, ...wire.map((s) => s.last ?? 0));
  const col = (t) => Math.max(0, Math.min(width - 1, Math.round((t / end) * (width - 1))));
  const rows = new Map(r.rows.map((x) => [x.path, x]));
  const page = wire.find((s) => s.path === '/');
  const marks = Array(width).fill(' ');
  for (const [t, c] of [[page?.first ?? r.ttfb, 'B'], [page?.last ?? r.html, 'E'], [r.fcp, 'F'], [r.lcp, 'L'], [r.complete, 'C']]) {
    if (t !== undefined) marks[col(t)] = marks[col(t)] === ' ' ? c : '*';
  }
  const out = [
    `${name}: HTML ${ms(page?.head)} to ${ms(page?.last)}, ${page?.early ? `103 ${ms(page.early)}, ` : ''}first paint ${ms(r.fcp)}, largest ${ms(r.lcp)} (${r.lcpWhat}), complete ${ms(r.complete)} ms`,
    `  requests ${r.requests}, edge ${r.edge.requests}, pushes ${r.pushed} used of ${r.edge.pushes_promised}, early hints ${r.early} (${r.earlyEvents} events), twice ${r.duplicates}, beyond need ${r.extra}, ${ms(r.linkBytes / 1024)} KiB`,
    ...(r.serverTiming ? [`  ${r.serverTiming}`] : []),
    `${' '.repeat(28)}|${marks.join('')}|  asked  head first  last   KiB  used  priority`];
  const line = (path, from, head, first, last, bytes, how, x) => {
    const bar = Array(width).fill(' ');
    for (let i = col(from); i <= col(last ?? end); i++) bar[i] = first !== undefined && i >= col(first) ? '=' : head !== undefined && i >= col(head) ? '-' : '.';
    if (x && x.start > from + 1 && how) bar[col(x.start)] = 'a';
    out.push(`${x?.blocking ? '!' : ' '}${path.slice(-26).padEnd(27)}|${bar.join('')}| ${[from, head, first, last].map((t) => ms(t).padStart(5)).join(' ')} ${(bytes / 1024).toFixed(1).padStart(6)} ${(how && x ? ms(x.start) : '').padStart(5)}  ${x?.priority ?? '(not asked for)'} ${how}`);
  };
  for (const s of [...wire].sort((a, b) => a.asked - b.asked)) {
    const x = rows.get(s.path);
    line(s.path, s.asked, s.head, s.first, s.last ?? s.head, s.bytes, `${s.priority ? `[${s.priority}] ` : ''}${s.pushed ? 'push' : x?.early ? '103' : ''}${s.reset ? ` reset at ${ms(s.reset)}` : ''}`, x);
  }
  return out.join('\n');
}
