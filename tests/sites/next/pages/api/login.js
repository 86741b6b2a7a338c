import { users } from 'lib';

export default function handler(req, res) {
  const { user } = req.body;
  if (user && !users[user]) return res.status(403).end();
  res.setHeader('Set-Cookie', user ? `user=${user}; Path=/; HttpOnly; Secure; SameSite=Lax` : 'user=; Path=/; Max-Age=0');
  res.redirect(303, user ? '/account' : '/');
}
