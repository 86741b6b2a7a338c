// What was measured, as a table for docs/push.md.
import { difference, median, quantile } from '../pages/stats.mjs';

const frameMs = 17; // paints come in steps of a frame; less is not seen
const metrics = [['fcp', 'first paint'], ['lcp', 'largest paint'], ['loadEvent', 'load event'], ['linkBytes', 'KiB']];

const values = (list, key) => list.map((r) => r[key]).filter((x) => x !== undefined);
const number = (key, x) => String(Math.round(key === 'linkBytes' ? x / 1024 : x));
const percent = (x) => (100 * x).toFixed(0).replace('-', '−').replace(/^−0$/, '0');

function cell(key, list, base) {
  const v = values(list, key);
  if (!v.length) return '–';
  const own = key === 'linkBytes' ? number(key, median(v)) : `${number(key, median(v))} (${number(key, quantile(v, 0.25))}–${number(key, quantile(v, 0.75))})`;
  if (!base) return own;
  const b = values(base, key);
  const d = difference(v, b);
  const text = `${percent(-d.difference / median(b))} % [${percent(-d.high / median(b))}, ${percent(-d.low / median(b))}]`;
  return `${own} ${d.sure && (key === 'linkBytes' || Math.abs(d.difference) >= frameMs) ? `**${text}**` : text}`;
}

export function table(files) {
  const out = ['Medians (quartiles) in ms; gain over nginx with its 95 % interval, bold where it is beyond the noise; minus is slower.', ''];
  for (const f of files) {
    const n = Math.min(...Object.values(f.sites).flatMap((r) => Object.values(r).map((l) => l.length)));
    out.push(`**${f.product}, ${f.link}**, ${n} cold loads each; Next.js with ${f.think} ms of think time.`, '',
      `| site | in front | ${metrics.map(([, title]) => title).join(' | ')} | named early |`, `| --- | --- | ${metrics.map(() => '---').join(' | ')} | --- |`);
    for (const [site, { nginx, forerun }] of Object.entries(f.sites)) {
      for (const [name, list, base] of [['nginx', nginx], ['Forerun', forerun, nginx]]) {
        out.push(`| ${base ? '' : site} | ${name} | ${metrics.map(([key]) => cell(key, list, base)).join(' | ')} | ${base ? median(values(list, 'early')) : '–'} |`);
      }
    }
    out.push('');
  }
  return out.join('\n');
}
