import assert from 'node:assert/strict';
import test from 'node:test';
import { judge } from '../lib/judge.mjs';
import { bytesOf } from './bytes.mjs';
import { install, start } from './site.mjs';

judge('wordpress', start);

test('wordpress: a page with its assets has at most the bytes that it has behind nginx with gzip', async (t) => {
  const { folder } = await install(t, { plugin: false });
  const found = await bytesOf(t, folder, ['gzip, deflate, br, zstd', 'gzip, deflate, br', 'gzip']);
  for (const [accept, { nginx, forerun }] of Object.entries(found)) {
    t.diagnostic(`${accept}: ${JSON.stringify({ nginx, forerun })}`);
    assert.equal(forerun.assets, nginx.assets);
    assert.ok(forerun.styles <= nginx.styles, accept);
    // the page itself has gzip of the origin's level, which is not undone for a client that accepts nothing better
    if (accept !== 'gzip') assert.ok(forerun.all <= nginx.all, accept);
  }
});
