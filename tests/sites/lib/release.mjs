// A site's build, as bundlers leave it: assets whose names have a hash of their
// content. A new release has other names; the old files go once the pages name the new ones.
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

// Writes the assets of a release into a folder; their names: {style, script}.
export function addRelease(folder, number) {
  const content = {
    style: `/* release ${number} */\n${`.card-${number} { color: rgb(20, 60, 90); padding: 1rem; }\n`.repeat(400)}`,
    script: `document.documentElement.dataset.release = '${number}';\n${`// line of release ${number}\n`.repeat(400)}`,
  };
  const names = {};
  fs.mkdirSync(folder, { recursive: true });
  for (const [kind, text] of Object.entries(content)) {
    names[kind] = `app-${crypto.createHash('sha256').update(text).digest('hex').slice(0, 8)}.${kind === 'style' ? 'css' : 'js'}`;
    writeOld(path.join(folder, names[kind]), text);
  }
  return names;
}

export function removeRelease(folder, names) {
  for (const name of Object.values(names)) fs.rmSync(path.join(folder, name));
}

// A file that was last changed some days ago, a month if not said otherwise, as most on a server were.
export function writeOld(file, content, days = 30) {
  const then = new Date(Date.now() - days * 86400 * 1000);
  fs.writeFileSync(`${file}.part`, content);
  fs.utimesSync(`${file}.part`, then, then);
  fs.renameSync(`${file}.part`, file);
}

// The bytes of a "film", the same in each run and never the same twice in the file.
export function mediaBytes(length) {
  const b = Buffer.alloc(length);
  for (let i = 0; i + 4 <= length; i += 4) b.writeUInt32BE(Math.imul(i + 1, 2654435761) >>> 0, i);
  return b;
}
