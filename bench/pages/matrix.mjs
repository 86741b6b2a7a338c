// The target table: which cells it has, and the judgement of each. In a cell all variants were
// loaded in turn. Forerun is judged twice in it: before an origin that says nothing, and one that
// names style sheets, scripts and fonts in Link. It should be at least as good as the better peer,
// and never slower than without hints before the same origin (a browser delays its first paint for
// fonts that Link names), beyond the interval of 95 % and a frame. Gains are over a silent origin.
import { difference, median } from './stats.mjs';
import { metrics } from './table.mjs';

const pages = ['creative', 'agency', 'admin', 'article', 'wordpress', 'blog', 'kit'];
const links = ['4g:0', '4g:200', '4g:500', 'cable:200', '3gfast:200'];
const browsers = ['hints', 'push'];
const own = { forerun: 'off', 'forerun-critical': 'off-critical' }, peers = ['peer-critical', 'peer-blocking'];
const frameMs = 17;
const firstByte = 0.02; // of the first byte: more is too late

// narrow: lists with commas; undefined: all.
export function cells(narrow) {
  const pick = (list, all) => (list ? list.split(',') : all);
  return pick(narrow.pages, pages).flatMap((page) => pick(narrow.links, links).flatMap((at) => pick(narrow.browsers, browsers).map((browser) => {
    const [link, think] = at.split(':');
    return { page, link, think: Number(think ?? 200), browser, variants: ['off', 'off-critical', ...Object.keys(own), ...peers], name: `${page}-${link}-${think ?? 200}-${browser}` };
  })));
}

const values = (list, key) => (list ?? []).map((r) => r[key]).filter((x) => x !== undefined);
const later = (a, b) => { const d = difference(a, b); return d.sure && d.difference >= frameMs ? d : undefined; };
const gain = (v, base) => `${(100 * (1 - median(v) / median(base))).toFixed(0).replace('-', '−').replace(/^−0$/, '0')} %`;
const range = (v, base) => { const d = difference(v, base), p = (x) => (100 * -x / median(base)).toFixed(0).replace('-', '−').replace(/^−0$/, '0'); return `[${p(d.high)}, ${p(d.low)}]`; };

// One metric of one of Forerun's variants: its text, and what is wrong; nothing: it is as it should be.
function judgeMetric(results, name, key) {
  const v = values(results[name], key), off = values(results.off, key), base = values(results[own[name]], key);
  if (!v.length || !off.length || !base.length) return { text: '–', wrong: ['nothing measured'] };
  const wrong = [], found = peers.filter((p) => values(results[p], key).length);
  const best = found.sort((a, b) => median(values(results[a], key)) - median(values(results[b], key)))[0];
  const slow = later(v, base);
  if (key === 'ttfb') {
    if (slow && slow.difference > firstByte * median(base)) wrong.push(`first byte ${slow.difference.toFixed(0)} ms later`);
  } else {
    if (slow) wrong.push(`slower than without hints by ${slow.difference.toFixed(0)} ms`);
    const behind = best && later(v, values(results[best], key));
    if (behind) wrong.push(`${behind.difference.toFixed(0)} ms behind ${best}`);
  }
  const peer = best && key !== 'ttfb' ? ` (peer ${gain(values(results[best], key), off)})` : '';
  return { text: `${gain(v, off)} ${range(v, off)}${peer}${wrong.length ? ' ✗' : ''}`, wrong };
}

// files: what the cells' measurements wrote. Markdown: a row for each cell and origin, then what is
// not as it should be.
export function judge(files) {
  const out = ['Gain over the loads without hints with its 95 % interval; in brackets that of the better peer (nghttpx; all critical or only what blocks rendering in the origin\'s 103). ✗: surely worse than that peer, or than without hints.', '',
    `| page | link | think | browser | origin | ${metrics.map(([, title]) => title).join(' | ')} | verdict |`, `| --- | --- | --- | --- | --- | ${metrics.map(() => '---').join(' | ')} | --- |`];
  const faults = [];
  let right = 0, all = 0;
  for (const f of files) {
    for (const name of Object.keys(own)) {
      const judged = metrics.map(([key, title]) => ({ title, ...judgeMetric(f.results, name, key) }));
      const wrong = judged.flatMap((j) => j.wrong.map((w) => `${j.title}: ${w}`));
      const where = [f.page, f.link, `${f.think} ms`, f.browser === 'push' ? 'push' : '103', name === 'forerun' ? 'silent' : 'Link'];
      all++;
      if (wrong.length) faults.push(`- ${where.join(', ')}: ${wrong.join('; ')}`);
      else right++;
      out.push(`| ${where.join(' | ')} | ${judged.map((j) => j.text).join(' | ')} | ${wrong.length ? 'no' : 'right'} |`);
    }
    for (const [name, list] of Object.entries(f.results)) {
      const failed = [...new Set(list.flatMap((r) => r.failed))], twice = median(list.map((r) => r.duplicates));
      if (failed.length) faults.push(`- ${f.page}, ${f.link}, ${f.browser}, ${name}: failed: ${failed.join(' ')}`);
      if (twice && own[name]) faults.push(`- ${f.page}, ${f.link}, ${f.browser}, ${name}: ${twice} fetched twice`);
    }
  }
  return [...out, '', `${right} of ${all} rows are right.`, '', ...faults].join('\n');
}
