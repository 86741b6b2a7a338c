// The client's side of the emulated link: while a download and pushes fill the link it asks, several
// times, for something small and urgent, and tells how long and how many bytes of the others that took.
// Arguments: address, port, 'urgency' or 'tree', times, bytes between them. Prints JSON.
import tls from 'node:tls';
import { fields, frame, preface } from '../e2e/lib/harness.mjs';

const [host, port, scheme, times, between] = process.argv.slice(2);
const byUrgency = scheme === 'urgency';
const u32 = (...v) => { const b = Buffer.alloc(4 * v.length); v.forEach((x, i) => b.writeUInt32BE(x, 4 * i)); return b; };
const setting = (id, value) => { const b = Buffer.alloc(6); b.writeUInt16BE(id, 0); b.writeUInt32BE(value, 2); return b; };
const HEADERS = 1, PUSH_PROMISE = 5, END_STREAM = 1, END_HEADERS = 4, PRIORITY = 0x20;

const socket = tls.connect({ host, port: Number(port), servername: 'localhost', rejectUnauthorized: false, ALPNProtocols: ['h2'] });
const get = (id, path, urgent) => {
  const block = fields([[':method', 'GET'], [':scheme', 'https'], [':authority', 'localhost'], [':path', path],
    ...(byUrgency ? [['priority', urgent ? 'u=0' : 'u=3, i']] : [])]);
  const weight = Buffer.from([0, 0, 0, 0, urgent ? 255 : 15]);
  socket.write(frame(HEADERS, END_STREAM | END_HEADERS | (byUrgency ? 0 : PRIORITY), id, byUrgency ? block : Buffer.concat([weight, block])));
};
const samples = [];
let received = 0, wanted = Number(between), next = 5, asked, promises = 0, buffer = Buffer.alloc(0);

function onFrame(type, flags, id, length) {
  if (type === PUSH_PROMISE) promises++;
  if (!asked || id !== asked.id) return;
  if (type === HEADERS) {
    asked.first_ms = performance.now() - asked.at;
    asked.first_bytes = received - asked.received;
  }
  if (!(flags & END_STREAM)) return;
  samples.push({ first_ms: asked.first_ms, last_ms: performance.now() - asked.at, bytes: received - asked.received, first_bytes: asked.first_bytes });
  asked = undefined;
  wanted = received + Number(between);
  if (samples.length < Number(times)) return;
  process.stdout.write(JSON.stringify({ samples, promises, received }));
  process.exit(0);
}
socket.on('secureConnect', () => {
  // windows that never close
  socket.write(Buffer.concat([preface, frame(4, 0, 0, Buffer.concat([setting(4, 0x7fffffff), ...(byUrgency ? [setting(9, 1)] : [])])),
    frame(8, 0, 0, u32(0x7fff0000 - 65535))]));
  get(1, '/page');
  get(3, '/big');
});
socket.on('data', (d) => {
  received += d.length;
  buffer = buffer.length ? Buffer.concat([buffer, d]) : d;
  while (buffer.length >= 9) {
    const length = buffer.readUIntBE(0, 3);
    if (buffer.length < 9 + length) break;
    onFrame(buffer[3], buffer[4], buffer.readUInt32BE(5) & 0x7fffffff, length);
    if (buffer[3] === 4 && !(buffer[4] & 1)) socket.write(frame(4, 1, 0)); // SETTINGS
    buffer = buffer.subarray(9 + length);
  }
  if (asked || received < wanted) return;
  asked = { id: next, at: performance.now(), received };
  get(next, '/small', true);
  next += 2;
});
socket.on('error', (e) => { process.stderr.write(`${e.message}\n`); process.exit(1); });
socket.on('close', () => { process.stderr.write('closed\n'); process.exit(1); });
