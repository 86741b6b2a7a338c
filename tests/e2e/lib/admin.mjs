// The admin interface over TCP with a token, and readers of what it says.
import fs from 'node:fs';
import http from 'node:http';
import { tempFile } from './harness.mjs';

export const token = 'a-token-for-tests-only';

export function tokenFile() {
  const file = tempFile('token');
  fs.writeFileSync(file, `${token}\n`, { mode: 0o600 });
  return file;
}

// `admin:` of a configuration; the port is in the log: see adminPort.
export const adminYaml = () => `admin: {listen: "127.0.0.2:0", token_file: "${tokenFile()}"}\n`;
export const adminPort = (f) => Number([...f.text.matchAll(/listening on admin:\/\/\S+:(\d+)/g)].at(-1)[1]);

export function ask(port, path, { method = 'GET', headers = {}, auth = true, agent = false } = {}) {
  return new Promise((resolve, reject) => {
    // a connection that is kept may be closed, by a reload say, as it is asked on again
    const req = http.request({ host: '127.0.0.2', port, path, method, agent,
      headers: { ...(auth ? { authorization: `Bearer ${token}` } : {}), ...headers } }, (res) => {
      let body = '';
      res.setEncoding('utf8');
      res.on('data', (d) => { body += d; });
      res.on('end', () => resolve({ status: res.statusCode, headers: res.headers, body }));
      res.on('error', reject);
    });
    req.on('error', reject);
    req.end();
  });
}

export const status = async (port) => JSON.parse((await ask(port, '/status')).body);

// { 'name{labels}': value }
export async function metrics(port) {
  const { body } = await ask(port, '/metrics');
  return Object.fromEntries(body.split('\n').filter((l) => l && !l.startsWith('#')).map((l) => {
    const at = l.lastIndexOf(' ');
    return [l.slice(0, at), Number(l.slice(at + 1))];
  }));
}

// The sum over all series of a metric that have these labels.
export const sum = (all, name, ...labels) => Object.entries(all)
  .filter(([k]) => (k === name || k.startsWith(`${name}{`)) && labels.every((l) => k.includes(l)))
  .reduce((n, [, v]) => n + v, 0);
