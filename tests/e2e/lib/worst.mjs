// Connections that each do the worst that docs/limits.md allows. None of them says anything that
// is against a limit, and none takes what it asked for. They ask the site worst.example.
import net from 'node:net';
import tls from 'node:tls';
import { preface, settings, frame, fields } from './harness.mjs';

const STREAMS = 128;
const int32 = (n) => { const b = Buffer.alloc(4); b.writeInt32BE(n); return b; };
// SETTINGS_INITIAL_WINDOW_SIZE at its most, and as much for the connection
const wide = Buffer.concat([frame(4, 0, 0, Buffer.concat([Buffer.from([0, 4]), int32(0x7fffffff)])), frame(8, 0, 0, int32(0x7fffffff - 65535))]);
const head = (method, path, more = []) => fields([[':method', method], [':scheme', 'http'], [':authority', 'worst.example'], [':path', path], ...more]);
const text = (s) => (s.length < 127 ? Buffer.from([s.length]) : Buffer.from([127, 128 | ((s.length - 127) & 127), (s.length - 127) >> 7]));
// a literal that goes into the HPACK table, and references to it
const entry = (name, value) => Buffer.concat([Buffer.from([0x40]), text(name), Buffer.from(name), text(value), Buffer.from(value)]);
const again = (times) => Buffer.alloc(times, 0xbe);

const requests = (make) => Buffer.concat([preface, wide, ...Array.from({ length: STREAMS }, (_, i) => make(2 * i + 1, i))]);

export const kinds = {
  // large responses, none of which is read
  'unread responses': { plain: true, reads: false, bytes: (k) => requests((id, i) => frame(1, 5, id, head('GET', `/large/${k}.${i}`))) },
  // few octets that HPACK makes into many, to an origin that takes its time
  'large fields': { plain: true, reads: true, bytes: (k) => requests((id, i) => frame(1, 5, id, Buffer.concat([head('GET', `/slow/${k}.${i}`), i ? again(1) : entry('x', 'v'.repeat(4000)), again(13)]))) },
  // SETTINGS that are never acknowledged, streams beyond the limit
  'settings not acknowledged': { plain: true, reads: false, bytes: () => Buffer.concat([requests((id) => frame(1, 4, id, head('POST', '/slow/'))), ...Array.from({ length: 150 }, (_, i) => frame(1, 4, 2 * (STREAMS + i) + 1, head('POST', '/slow/')))]) },
  // bodies as far as the windows let them
  'slow bodies': { plain: true, reads: true, bytes: (k) => requests((id, i) => Buffer.concat([frame(1, 4, id, head('POST', `/slow/${k}.${i}`)), frame(0, 0, id, Buffer.alloc(1900))])) },
  // TLS, and nothing else
  'idle TLS': { plain: false, reads: true, bytes: () => Buffer.concat([preface, settings]) },
};

// One such connection; resolves with its socket when it has said all of it, or was closed.
export async function worst(kind, k, { plainPort, port, from }) {
  const how = kinds[kind];
  const where = { host: '127.0.0.1', localAddress: from };
  const s = how.plain ? net.connect({ ...where, port: plainPort }) : tls.connect({ ...where, port, ALPNProtocols: ['h2'], rejectUnauthorized: false });
  s.on('error', () => {});
  if (!how.reads) s.pause();
  else s.resume();
  const gone = new Promise((resolve) => s.once('close', resolve));
  await Promise.race([new Promise((resolve) => s.once(how.plain ? 'connect' : 'secureConnect', resolve)), gone]);
  if (!s.destroyed) await Promise.race([new Promise((resolve) => s.write(how.bytes(k), resolve)), gone]);
  return s;
}
