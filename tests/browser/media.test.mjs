// Chromium judges the media queries that the page model's table has an answer for.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { chromium } from 'playwright-core';
import { hintsBrowser } from './lib/browser.mjs';

const table = new URL('../unit/media_queries.txt', import.meta.url);

test('the page model\'s table of media queries is what Chromium says', { timeout: 60000 }, async (t) => {
  const rows = fs.readFileSync(table, 'utf8').split('\n').filter((l) => l && !l.startsWith('#')).map((l) => l.split('\t'));
  const browser = await chromium.launch({ executablePath: hintsBrowser(), args: ['--no-sandbox'] });
  t.after(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const said = await page.evaluate((list) => list.map((q) => matchMedia(q).matches), rows.map(([, query]) => query));
  assert.ok(rows.length > 80);
  const wrong = rows.filter(([answer], i) => answer !== 'may' && (answer === 'yes') !== said[i]);
  assert.deepEqual(wrong, []);
});
