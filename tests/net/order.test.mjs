// Over an emulated slow link (network namespaces, so root): what is asked for late and urgently
// overtakes the download and the pushes that fill the link. What may be before it is what the
// link itself holds, one round trip and its queue, and what the server has put into its socket.
import { spawn } from 'node:child_process';
import path from 'node:path';
import test from 'node:test';
import { assert, root, scratch } from '../e2e/lib/harness.mjs';

const here = path.join(root, 'tests/net');
// The client's receive buffer bounds what is under way, so that the queue never overflows: repairing a loss
// would hold everything up, and that is not the server's doing.
const links = {
  cable: { kbit: 5000, rtt: 28, buffer: 65536, between: 100000 },
  '3gfast': { kbit: 1600, rtt: 150, buffer: 100000, between: 80000 },
};
// Unsent bytes below the scheduler: 8 KiB that the kernel takes, and a chunk of 4 KiB beyond it, one on its way
// to the kernel, and their TLS records.
const unsent = 24576;
// The answer itself, with its fields and packet heads.
const answer = 6144;
const slack = 1.1;
const times = 9;

function load(profile, scheme) {
  const link = links[profile];
  const args = [path.join(here, 'netlink-emu.sh'), '-S', '-p', profile, '-w', '8443',
    '-s', `exec '${process.execPath}' '${here}/server.mjs' "$SERVER_IP:8443"`,
    '-c', `sysctl -qw net.ipv4.tcp_rmem='4096 ${link.buffer} ${link.buffer}'; exec '${process.execPath}' '${here}/client.mjs' "$SERVER_IP" 8443 ${scheme} ${times} ${link.between}`];
  return new Promise((resolve, reject) => {
    const child = spawn('sh', args, { env: { ...process.env, NETLINK_EMU: path.join(scratch, 'netlink-emu') } });
    let out = '', err = '';
    child.stdout.on('data', (d) => { out += d; });
    child.stderr.on('data', (d) => { err += d; });
    child.on('error', reject);
    child.on('close', (code) => {
      const down = /\{"dir":"down".*\}/.exec(err);
      if (code !== 0 || !down) reject(new Error(`${code}: ${err.slice(-2000)}`));
      else resolve({ ...JSON.parse(out), ...JSON.parse(down[0]) });
    });
  });
}
// Below the median: the machine may be busy.
const quartile = (list) => list.sort((a, b) => a - b)[list.length >> 2];

for (const [profile, link] of Object.entries(links)) {
  for (const scheme of ['urgency', 'tree']) {
    test(`a late urgent request overtakes what fills the link: ${profile}, by ${scheme}`, { timeout: 120000 }, async (t) => {
      const { samples, promises, max_queue_bytes: queue } = await load(profile, scheme);
      const ms = (bytes) => bytes * 8 / link.kbit;
      const first = quartile(samples.map((s) => s.first_ms)), last = quartile(samples.map((s) => s.last_ms));
      const bound = link.rtt + ms(queue + unsent);
      t.diagnostic(`first byte after ${first.toFixed(0)} ms, last after ${last.toFixed(0)} ms; bound ${bound.toFixed(0)} ms, round trip ${link.rtt} ms`);
      assert.equal(promises, 2);
      assert.ok(first <= slack * bound, `the first byte took ${first} ms: more than ${slack} x ${bound}`);
      assert.ok(last <= slack * (bound + ms(answer)), `the last byte took ${last} ms: more than ${slack} x ${bound + ms(answer)}`);
    });
  }
}
