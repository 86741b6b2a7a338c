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
      `| variant | ${metrics.map(([, title]) => title).join(' | ')} | requests | pushes used / promised | early hints | twice / beyond need | KiB |`,
      `| --- | ${metrics.map(() => '---').join(' | ')} | --- | --- | --- | --- | --- |`);
    for (const r of rows) {
      out.push(`| ${r.name} | ${metrics.map(([key]) => cell(r[key])).join(' | ')} | ${r.requests} | ${r.pushed} / ${r.promised} | ${r.earlyEvents ? `${r.early}` : '–'} | ${r.duplicates} / ${r.extra} | ${ms(r.linkBytes / 1024)} |`);
    }
    out.push('');
    for (const r of rows) {
      if (r.failed.length) out.push(`${r.name}: failed: ${r.failed.join(' ')}`, '');
    }
  }
  return out.join('\n');
}

// One load as text: a bar for each asset, from asking (or the promise) to its
// last byte, with where the paints are.
export function waterfall(name, r, width = 64) {
  const end = Math.max(r.complete, r.lcp ?? 0, ...r.rows.map((x) => x.end ?? 0));
  const col = (t) => Math.max(0, Math.min(width - 1, Math.round((t / end) * (width - 1))));
  const out = [`${name}: first byte ${ms(r.ttfb)}, HTML ${ms(r.html)}, first paint ${ms(r.fcp)}, largest ${ms(r.lcp)} (${r.lcpWhat}), complete ${ms(r.complete)} ms`,
    `  requests ${r.requests}, edge ${r.edge.requests}, pushes ${r.pushed} used of ${r.edge.pushes_promised}, early hints ${r.early} (${r.earlyEvents} events), twice ${r.duplicates}, beyond need ${r.extra}, ${ms(r.linkBytes / 1024)} KiB`];
  if (r.serverTiming) out.push(`  ${r.serverTiming}`);
  const marks = Array(width).fill(' ');
  for (const [t, c] of [[r.ttfb, 'B'], [r.fcp, 'F'], [r.lcp, 'L'], [r.complete, 'C']]) if (t !== undefined) marks[col(t)] = marks[col(t)] === ' ' ? c : '*';
  out.push(`${' '.repeat(28)}|${marks.join('')}|  start first   end  KiB  priority`);
  for (const x of [...r.rows].sort((a, b) => (a.pushStart ?? a.start) - (b.pushStart ?? b.start))) {
    const from = x.pushStart ?? x.start;
    const to = x.pushEnd ?? x.end ?? end;
    const bar = Array(width).fill(' ');
    for (let i = col(from); i <= col(to); i++) bar[i] = x.first !== undefined && i < col(x.first) ? '.' : '=';
    // where the page asked for what had been sent before
    if (x.pushed || x.early) bar[col(x.start)] = 'a';
    const how = x.pushed ? 'push' : x.early ? '103' : x.cached || x.memory ? 'cache' : '';
    out.push(`${(x.blocking ? '!' : ' ')}${x.path.slice(-26).padEnd(27)}|${bar.join('')}| ${ms(from).padStart(6)} ${ms(x.first).padStart(5)} ${ms(to).padStart(5)} ${ms((x.bytes ?? 0) / 1024).padStart(4)}  ${x.priority} ${how}`);
  }
  return out.join('\n');
}
