// What every site must be able to do behind the edge with its defaults. A site
// says where its things are; what is right is said here, once for all.
import test from 'node:test';
import { assert, startForerun } from '../../e2e/lib/harness.mjs';
import { Visitor, assetsOf } from './visitor.mjs';

const rounds = Number(process.env.FR_SITES_ROUNDS ?? 60);
const uploadBytes = 20 << 20;

// A page with everything that it names; each must be there, also what a 103 named.
async function loadAll(visitor, target, headers) {
  const page = await visitor.visit(target, { headers });
  const named = assetsOf(page, visitor.base);
  const assets = await Promise.all([...new Set([...named, ...page.hinted])].map((a) => visitor.asset(a, target)));
  for (const a of assets) assert.equal(a.status, 200, `${target} names ${a.target}: ${a.status}${named.includes(a.target) ? '' : ' (by a 103)'}`);
  return { page, named, assets };
}

// No page shows what belongs to another visitor.
function assertOwn(r, own, users, what) {
  for (const u of users) if (u.marker !== own?.marker) assert.ok(!r.text.includes(u.marker), `${what} got what is ${u.name}'s at ${r.target}: ${r.headers['cache-status']}`);
}

const anonymousPages = (s) => async () => {
  for (const visitor of [await s.http2(), s.http1()]) {
    for (const target of s.site.pages) {
      for (let n = 0; n < 3; n++) {
        const { page } = await loadAll(visitor, target);
        assert.equal(page.status, 200, target);
        assert.match(page.headers['content-type'], /^text\/html/);
        assert.match(page.text, /<\/html>\s*$/i, `${target} is cut off`);
        assertOwn(page, undefined, s.site.users ?? [], 'a stranger');
      }
    }
  }
};

const redirects = (s) => async () => {
  const visitor = await s.http2();
  const r = await visitor.ask('GET', s.site.redirect.from, { headers: { accept: 'text/html', 'sec-fetch-mode': 'navigate' } });
  assert.ok([301, 302, 307, 308].includes(r.status), `${r.status}`);
  // the site knows that its visitors use TLS, and under what name
  assert.equal(new URL(r.headers.location, `${visitor.base}${s.site.redirect.from}`).href, `${visitor.base}${s.site.redirect.to}`);
  assert.equal((await visitor.visit(s.site.redirect.from)).status, 200);
};

const headsAndConditions = (s) => async () => {
  const visitor = await s.http2();
  const { named } = await loadAll(visitor, s.site.pages[0]);
  for (const target of [s.site.pages[0], named.find((a) => /\.(css|js)/.test(a)), s.site.media?.target].filter(Boolean)) {
    const got = await visitor.ask('GET', target);
    const head = await visitor.ask('HEAD', target);
    assert.equal(head.status, got.status, target);
    assert.equal(head.bytes.length, 0, target);
    for (const name of ['content-type', 'last-modified', 'cache-control']) assert.equal(head.headers[name], got.headers[name], `${name} of HEAD ${target}`);
    for (const [condition, validator] of [['if-none-match', 'etag'], ['if-modified-since', 'last-modified']]) {
      if (!got.headers[validator]) continue;
      const again = await visitor.ask('GET', target, { headers: { [condition]: got.headers[validator] } });
      // a page may have changed; a file has not
      if (target !== s.site.pages[0]) assert.equal(again.status, 304, `${condition} of ${target}`);
      if (again.status === 304) assert.equal(again.bytes.length, 0);
    }
  }
};

const ranges = (s) => async () => {
  const { target, bytes } = s.site.media;
  for (const visitor of [await s.http2(), s.http1()]) {
    const part = async (range, headers = {}) => visitor.ask('GET', target, { headers: { range, 'accept-encoding': 'identity;q=1, *;q=0', ...headers } });
    // twice: once before the file is stored, and once after
    for (let n = 0; n < 2; n++) {
      for (const [range, from, to] of [['bytes=1000-1999', 1000, 2000], ['bytes=-500', bytes.length - 500, bytes.length], [`bytes=${bytes.length - 10}-`, bytes.length - 10, bytes.length]]) {
        const r = await part(range);
        assert.equal(r.status, 206, range);
        assert.equal(r.headers['content-range'], `bytes ${from}-${to - 1}/${bytes.length}`);
        assert.ok(r.bytes.equals(bytes.subarray(from, to)), `${range}: other bytes`);
      }
      assert.equal((await part(`bytes=${bytes.length}-`)).status, 416);
      const whole = await visitor.ask('GET', target);
      assert.ok(whole.body.equals(bytes));
      const { etag } = whole.headers;
      if (etag && !etag.startsWith('W/')) assert.equal((await part('bytes=0-9', { 'if-range': etag })).status, 206);
      assert.equal((await part('bytes=0-9', { 'if-range': '"another"' })).status, 200);
    }
  }
};

const loginAndOut = (s) => async () => {
  const { site } = s;
  for (const visitor of [await s.http2(), s.http1()]) {
    const stranger = await s.http2();
    const [user, other] = site.users;
    const refused = await visitor.visit(site.behindLogin);
    assert.ok(!refused.text.includes(user.marker));
    const first = await site.login(visitor, user);
    assert.equal(first.status, 200);
    for (const target of site.personal) {
      const page = await visitor.visit(target);
      assert.ok(page.text.includes(user.marker), `${target} does not know ${user.name}: ${page.headers['cache-status']}`);
      assertOwn(await stranger.visit(target), undefined, site.users, 'a stranger');
    }
    await site.logout(visitor);
    for (const target of [...site.personal, ...site.pages]) assertOwn(await visitor.visit(target), undefined, site.users, 'who logged out');
    // the next person at the same browser
    await site.login(visitor, other);
    for (const target of site.personal) {
      const page = await visitor.visit(target);
      assert.ok(page.text.includes(other.marker), target);
      assertOwn(page, other, site.users, other.name);
    }
    await site.logout(visitor);
  }
};

// Several people at once, each on connections of their own, and all on one connection, as behind a proxy.
const nobodyGetsAnothersPage = (s) => async () => {
  const { site } = s;
  const shared = await s.http2();
  const people = [];
  for (const user of [...site.users, undefined]) {
    for (const visitor of [await s.http2(), s.http1(), shared.beside()]) {
      if (user) await site.login(visitor, user);
      people.push({ visitor, user, seen: 0 });
    }
  }
  const targets = [...new Set([...site.personal, ...site.pages])];
  const one = async (person, n) => {
    const target = targets[(n + people.indexOf(person)) % targets.length];
    const r = await person.visitor.visit(target);
    const who = person.user?.name ?? 'a stranger';
    assertOwn(r, person.user, site.users, who);
    if (person.user && site.personal.includes(target)) assert.ok(r.text.includes(person.user.marker), `${who} got another's or nobody's page at ${target}: ${r.status} ${r.headers['cache-status']}`);
    person.seen++;
  };
  await Promise.all(people.map(async (person) => { for (let n = 0; n < rounds; n++) await one(person, n); }));
  assert.equal(people.reduce((n, p) => n + p.seen, 0), rounds * people.length);
};

const forms = (s) => async () => {
  const { site } = s;
  const [writer, reader] = [await s.http2(), s.http1()];
  if (site.writersLogIn) await site.login(writer, site.users[0]);
  await reader.visit(site.written);
  for (const text of ['A first note <from> "somebody" & co', 'Eine zweite Notiz, schön']) {
    await site.write(writer, text);
    const words = text.split(' ').slice(0, 2).join(' ');
    for (const visitor of [writer, reader, await s.http2()]) assert.ok((await visitor.visit(site.written)).text.includes(words), `"${words}" is not seen at once`);
  }
  if (site.forge) assert.equal((await site.forge(writer, 'forged note')).status, 403);
  assert.ok(!(await reader.visit(site.written)).text.includes('forged note'));
};

const uploads = (s) => async () => {
  const data = Buffer.alloc(uploadBytes);
  for (let i = 0; i < data.length; i += 4) data.writeUInt32BE(i, i);
  for (const visitor of [await s.http2(), s.http1()]) {
    if (s.site.uploadersLogIn) await s.site.login(visitor, s.site.users[0]);
    assert.ok(await s.site.upload(visitor, data), 'the site has other bytes');
    visitor.hidesLength = true;
    assert.ok(await s.site.upload(visitor, data.subarray(0, 50_000)), 'the site has other bytes of an upload without a length');
  }
};

const errorPages = (s) => async () => {
  const visitor = await s.http2();
  const lost = await visitor.visit(s.site.missing);
  assert.equal(lost.status, 404);
  if (s.site.broken) {
    for (let n = 0; n < 2; n++) {
      const r = await visitor.visit(s.site.broken);
      assert.equal(r.status, 500);
      assert.ok(!/; hit/.test(r.headers['cache-status'] ?? ''), 'a failure was kept');
    }
  }
};

// New assets are put beside the old ones, then the pages name them, then the old ones go.
const deployment = (s) => async () => {
  const { site } = s;
  const old = site.assetNames();
  const regulars = [await s.http2(), s.http1()];
  const pages = site.deployed ?? site.pages;
  const before = new Map();
  for (const v of regulars) for (let n = 0; n < 3; n++) for (const target of pages) before.set(target, (await loadAll(v, target)).page);
  if (site.users) await site.login(regulars[1], site.users[0]);
  await site.deploy.add();
  await site.deploy.swap();
  const fresh = site.assetNames();
  const check = async (visitor, target, headers) => {
    const { page } = await loadAll(visitor, target, headers);
    for (const name of old) assert.ok(!page.text.includes(name), `${target} is the old page: ${page.headers['cache-status']}`);
    if (page.status === 200) for (const name of fresh) assert.ok(page.text.includes(name), `${target} does not name ${name}`);
    return page;
  };
  // while the old assets are still there
  for (const v of [...regulars, await s.http2()]) for (const target of pages) await check(v, target);
  await site.deploy.remove();
  s.gone.push(...old);
  for (const v of [...regulars, await s.http2(), s.http1()]) {
    for (const target of pages) {
      const { etag, 'last-modified': date } = before.get(target).headers;
      const page = await check(v, target, { ...(etag && { 'if-none-match': etag }), ...(date && { 'if-modified-since': date }) });
      assert.equal(page.status, 200, 'a browser with the old page was told that nothing changed');
      await check(v, target);
    }
  }
};

// Hints of what is gone go when several visitors have seen the page without it (docs/push.md);
// a page is not read again at once (hints.html_interval), so this is asked for last, until it is so.
const hintsAfterDeployment = (s) => async () => {
  const { site, gone } = s;
  const end = Date.now() + 120000;
  for (const target of site.deployed ?? site.pages) {
    for (;;) {
      const { hinted } = await (await s.http2()).visit(target);
      const dead = hinted.filter((h) => gone.some((name) => h.includes(name)));
      if (!dead.length) break;
      assert.ok(Date.now() < end, `a 103 of ${target} still names ${dead}`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
};

const scenarios = [
  ['pages and all that they name', anonymousPages, () => true],
  ['a deployment', deployment, (site) => site.deploy],
  ['redirects lead to the edge', redirects, (site) => site.redirect],
  ['HEAD and conditions', headsAndConditions, () => true],
  ['parts of a film', ranges, (site) => site.media],
  ['login, logout, the next person', loginAndOut, (site) => site.users],
  ['nobody gets the page of another', nobodyGetsAnothersPage, (site) => site.users],
  ['forms, and forged ones', forms, (site) => site.write],
  ['uploads, of 20 MB and without a length', uploads, (site) => site.upload],
  ['error pages', errorPages, () => true],
  ['hints after the deployment', hintsAfterDeployment, (site) => site.deploy],
];

// Tests one site behind an edge with defaults.
export function judge(name, start) {
  test(name, async (t) => {
    const site = await start(t);
    const edge = await startForerun(t, { origin: site.origin, plain: false, logLevel: 'info' });
    const gone = [];
    for (const [title, scenario, applies] of scenarios) {
      if (!applies(site)) continue;
      await t.test(`${name}: ${title}`, async (sub) => {
        await scenario({ site, edge, gone, http2: () => Visitor.http2(sub, edge), http1: () => Visitor.http1(sub, edge) })();
      });
    }
  });
}
