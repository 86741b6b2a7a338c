import crypto from 'node:crypto';

export const config = { api: { bodyParser: false } };
export default async function handler(req, res) {
  const h = crypto.createHash('sha256');
  for await (const chunk of req) h.update(chunk);
  res.send(h.digest('hex'));
}
