// An ordinary Express application: sessions in a cookie that needs TLS, a login,
// a guest book with a token against forged requests, uploads, static files.
// usage: node server.cjs FOLDER   (FOLDER: release.json, public/)
const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const express = require('express');
const session = require('express-session');

const folder = process.argv[2];
const app = express();
const entries = [];
const users = { alice: 'marker-of-alice', bob: 'marker-of-bob' };

app.set('trust proxy', 'loopback'); // docs/origins.md
app.use('/static', express.static(path.join(folder, 'public'), { maxAge: '1h' }));
app.use(session({ secret: 'for tests only', resave: false, saveUninitialized: false, cookie: { secure: true, sameSite: 'lax' } }));
app.use(express.urlencoded({ extended: false }));

const escape = (s) => String(s).replace(/[<>&"]/g, (c) => `&#${c.charCodeAt(0)};`);
function page(req, title, body) {
  const { style, script } = JSON.parse(fs.readFileSync(path.join(folder, 'release.json'), 'utf8'));
  const { user } = req.session;
  return `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>${title}</title>
<link rel="stylesheet" href="/static/${style}"><script src="/static/${script}" defer></script></head>
<body><h1>${title}</h1><p>${user ? `Hello ${user}, ${users[user]}` : 'Hello stranger'}</p>${body}${'<p>Some text of the page.</p>\n'.repeat(60)}</body></html>`;
}
function token(req) {
  req.session.token ??= crypto.randomBytes(12).toString('hex');
  return `<input type="hidden" name="token" value="${req.session.token}">`;
}
const guarded = (req, res, next) => (req.body.token && req.body.token === req.session.token ? next() : res.status(403).send('forged'));

app.get('/', (req, res) => res.send(page(req, 'Home', '<a href="/login">log in</a>')));
app.get('/about', (req, res) => res.send(page(req, 'About', '')));
app.get('/old', (req, res) => res.redirect(301, `${req.protocol}://${req.get('host')}/about`));
app.get('/login', (req, res) => res.send(page(req, 'Log in', `<form method="post">${token(req)}<input name="user"></form>`)));
app.post('/login', guarded, (req, res, next) => {
  const { user } = req.body;
  if (!users[user]) return res.status(403).send(page(req, 'Log in', 'unknown'));
  // another session id at login, as guides advise
  req.session.regenerate((e) => {
    if (e) return next(e);
    req.session.user = user;
    req.session.save((err) => (err ? next(err) : res.redirect('/account')));
  });
});
app.get('/account', (req, res) => (req.session.user ? res.send(page(req, 'Account', `<form>${token(req)}</form>`)) : res.redirect('/login')));
app.post('/logout', guarded, (req, res, next) => req.session.destroy((e) => (e ? next(e) : res.clearCookie('connect.sid').redirect('/'))));
app.get('/guestbook', (req, res) => res.send(page(req, 'Guest book', `<form method="post">${token(req)}<input name="text"></form><ul>${entries.map((e) => `<li>${escape(e)}`).join('')}</ul>`)));
app.post('/guestbook', guarded, (req, res) => { entries.push(req.body.text); res.redirect(303, '/guestbook'); });
app.post('/upload', express.raw({ type: () => true, limit: '64mb' }), (req, res) => res.type('text').send(crypto.createHash('sha256').update(req.body).digest('hex')));
app.get('/broken', () => { throw new Error('broken on purpose'); });
app.use((req, res) => res.status(404).send(page(req, 'No such page', '')));
app.use((err, req, res, next) => res.status(500).send(page(req, 'Out of order', ''))); // eslint-disable-line no-unused-vars

const server = app.listen(0, '127.0.0.1', () => console.log(`listening on ${server.address().port}`));
