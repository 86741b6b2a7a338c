// One page load in a browser, seen from outside: when things began, arrived and
// were painted. Times are milliseconds from the navigation's start.
import fs from 'node:fs';
import { Page } from '../../tests/browser/lib/browser.mjs';

const quietMs = 300;   // no request for so long after the load event: the load is over
const patienceMs = 60000;

// What the page itself measured; the observer gives what was painted before.
const inPage = `new Promise((resolve) => {
  const lcp = [];
  let shift = 0;
  const done = () => resolve({
    origin: performance.timeOrigin,
    nav: performance.getEntriesByType('navigation')[0].toJSON(),
    paint: Object.fromEntries(performance.getEntriesByType('paint').map((e) => [e.name, e.startTime])),
    lcp, shift, resources: performance.getEntriesByType('resource').map((e) => e.toJSON()) });
  new PerformanceObserver((l) => l.getEntries().forEach((e) => lcp.push({ at: e.renderTime || e.loadTime, size: e.size, url: e.url, tag: e.element && e.element.tagName })))
    .observe({ type: 'largest-contentful-paint', buffered: true });
  new PerformanceObserver((l) => l.getEntries().forEach((e) => { shift += e.hadRecentInput ? 0 : e.value; }))
    .observe({ type: 'layout-shift', buffered: true });
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 50)));
})`;

// Resolves once nothing has been under way for a while.
function quiet(page) {
  return new Promise((resolve, reject) => {
    const open = new Set();
    const late = setTimeout(() => finish(reject, new Error(`never quiet: ${[...open]}`)), patienceMs);
    let timer;
    const finish = (f, x) => { clearTimeout(timer); clearTimeout(late); page.browser.listeners.delete(take); f(x); };
    const note = ({ method, params }) => {
      if (method === 'Network.requestWillBeSent' && !params.request.url.startsWith('data:')) open.add(params.requestId);
      if (method === 'Network.loadingFinished' || method === 'Network.loadingFailed') open.delete(params.requestId);
    };
    const take = (m) => {
      if (m.sessionId !== page.session) return;
      note(m);
      clearTimeout(timer);
      if (!open.size) timer = setTimeout(() => finish(resolve), quietMs);
    };
    page.events.forEach(note);
    page.browser.listeners.add(take);
    take({ sessionId: page.session, method: '' });
  });
}

const target = (url) => { const u = new URL(url); return u.pathname + u.search; };

// One row a request, from the browser's network log.
function requests(page, toMs) {
  const rows = new Map();
  for (const e of page.all('Network.requestWillBeSent')) {
    if (!e.request.url.startsWith('http')) continue;
    rows.set(e.requestId, { path: target(e.request.url), type: e.type, priority: e.request.initialPriority, start: toMs(e.timestamp), initiator: e.initiator.type,
      referer: e.request.headers.Referer && target(e.request.headers.Referer) });
  }
  for (const e of page.all('Network.resourceChangedPriority')) if (rows.has(e.requestId)) rows.get(e.requestId).priority += `→${e.newPriority}`;
  for (const e of page.all('Network.requestServedFromCache')) if (rows.has(e.requestId)) rows.get(e.requestId).memory = true;
  for (const { requestId, response: r } of page.all('Network.responseReceived')) {
    const row = rows.get(requestId);
    if (!row) continue;
    row.status = r.status;
    row.cached = Boolean(r.fromDiskCache || r.fromPrefetchCache);
    row.early = Boolean(r.fromEarlyHints);
    if (r.headers) row.serverTiming = Object.entries(r.headers).find(([k]) => k.toLowerCase() === 'server-timing')?.[1];
    if (r.timing) {
      row.first = toMs(r.timing.requestTime) + r.timing.receiveHeadersEnd;
      row.sent = toMs(r.timing.requestTime) + r.timing.sendStart;
      if (r.timing.pushStart > 0) {
        row.pushed = true;
        row.pushStart = toMs(r.timing.pushStart);
        row.pushEnd = r.timing.pushEnd > 0 ? toMs(r.timing.pushEnd) : undefined;
      }
    }
  }
  for (const e of page.all('Network.loadingFinished')) {
    const row = rows.get(e.requestId);
    if (row) { row.end = toMs(e.timestamp); row.bytes = e.encodedDataLength; }
  }
  for (const e of page.all('Network.loadingFailed')) if (rows.has(e.requestId)) rows.get(e.requestId).failed = e.errorText;
  return [...rows.values()];
}

// Bytes that came over the link, whoever they were for.
const received = () => {
  try { return Number(fs.readFileSync('/sys/class/net/emu0/statistics/rx_bytes', 'utf8')); } catch { return 0; }
};

// Loads a URL in a context of its own. The result has the metrics, and a row
// for each request.
export async function load(browser, url) {
  const page = await Page.open(browser);
  try {
    const before = received();
    await page.load(url);
    await quiet(page);
    const seen = await page.value(inPage);
    return { ...summary(page, seen), linkBytes: received() - before };
  } finally {
    await page.close();
  }
}

function summary(page, seen) {
  const doc = page.all('Network.requestWillBeSent').find((e) => e.type === 'Document');
  const zero = doc.timestamp + seen.origin / 1000 - doc.wallTime;
  const toMs = (s) => (s - zero) * 1000;
  const rows = requests(page, toMs).filter((r) => !r.path.endsWith('favicon.ico'));
  for (const r of rows) {
    const e = seen.resources.find((x) => target(x.name) === r.path);
    if (!e) continue;
    r.blocking = e.renderBlockingStatus === 'blocking';
    r.by = e.initiatorType;
    if (e.initiatorType === 'early-hints') r.early = true;
  }
  const times = new Map();
  for (const r of rows.filter((x) => !x.memory && !x.cached)) times.set(r.path, (times.get(r.path) ?? 0) + 1);
  const lcp = seen.lcp.at(-1);
  return {
    zero,
    // of the final response: a 103 does not count
    ttfb: rows[0].first,
    html: seen.nav.responseEnd,
    loadEvent: seen.nav.loadEventEnd,
    fcp: seen.paint['first-contentful-paint'],
    lcp: lcp?.at, lcpWhat: lcp && (lcp.url ? new URL(lcp.url, 'https://x').pathname : lcp.tag),
    shift: seen.shift, // of the layout, as a share of the window
    complete: Math.max(seen.nav.loadEventEnd, ...rows.map((r) => r.end ?? 0)),
    requests: rows.length,
    pushed: rows.filter((r) => r.pushed).length,
    early: rows.filter((r) => r.early).length,
    earlyEvents: page.all('Network.responseReceivedEarlyHints').length,
    duplicates: [...times.values()].filter((n) => n > 1).length,
    failed: rows.filter((r) => r.failed || r.status >= 400).map((r) => r.path),
    bytes: rows.reduce((n, r) => n + (r.bytes ?? 0), 0),
    serverTiming: rows[0]?.serverTiming,
    rows,
  };
}
