// What went over the wire, from the browser's own log of its network stack: for
// each HTTP/2 stream when it was asked for or promised, and when its bytes came.
// The page's timings do not tell that of what was pushed or hinted.
import fs from 'node:fs';

// Reads a log that a browser wrote (--log-net-log). One stream: path, asked (the
// request's HEADERS or the PUSH_PROMISE), head, first and last byte, bytes,
// pushed, reset. Times are seconds of the clock that DevTools events have.
export function readWire(file) {
  const log = JSON.parse(fs.readFileSync(file, 'utf8'));
  const names = Object.fromEntries(Object.entries(log.constants.logEventTypes).map(([name, n]) => [n, name]));
  const streams = new Map();
  for (const e of log.events) {
    const p = e.params ?? {};
    const name = names[e.type];
    const id = p.promised_stream_id ?? p.stream_id;
    if (!name.startsWith('HTTP2_SESSION_') || !id) continue;
    const key = `${e.source.id}/${id}`;
    const at = Number(e.time) / 1000;
    const header = (n) => (p.headers ?? []).map((h) => /^(:?[^:]+): (.*)$/s.exec(h)).find((m) => m?.[1] === n)?.[2];
    if (name === 'HTTP2_SESSION_SEND_HEADERS' || name === 'HTTP2_SESSION_RECV_PUSH_PROMISE') {
      streams.set(key, { path: header(':path'), asked: at, pushed: name.includes('PROMISE'), priority: header('priority'), weight: p.weight, bytes: 0 });
      continue;
    }
    const s = streams.get(key);
    if (!s) continue;
    if (name === 'HTTP2_SESSION_RECV_HEADERS') {
      // a 103 is no head of the response
      if (header(':status') === '103') s.early ??= at;
      else s.head ??= at;
    }
    if (name === 'HTTP2_SESSION_RECV_DATA') {
      if (p.size) s.first ??= at;
      s.bytes += p.size ?? 0;
      s.last = at;
    }
    if (name === 'HTTP2_SESSION_SEND_RST_STREAM' || name === 'HTTP2_SESSION_RECV_RST_STREAM') s.reset = at;
  }
  return [...streams.values()].filter((s) => s.path);
}

// The streams of one load: those that began within it.
export function wireOf(streams, load) {
  const toMs = (s) => (s === undefined ? undefined : (s - load.zero) * 1000);
  return streams.map((s) => ({ ...s, asked: toMs(s.asked), early: toMs(s.early), head: toMs(s.head), first: toMs(s.first), last: toMs(s.last), reset: toMs(s.reset) }))
    .filter((s) => s.asked >= 0 && s.asked <= load.complete);
}
