import Link from 'next/link';

export const users = { alice: 'marker-of-alice', bob: 'marker-of-bob' };

// Who a request is from: its cookie.
export const userOf = (req) => (users[req.cookies.user] ? req.cookies.user : null);

export function Shell({ title, user, children }) {
  return (
    <main>
      <h1>{title}</h1>
      <p>{user ? `Hello ${user}, ${users[user]}` : 'Hello stranger'} <Link href="/account">account</Link></p>
      {children}
      {Array.from({ length: 24 }, (_, i) => <article key={i}>Some text of article {i}, long enough to be read by somebody in the evening.</article>)}
    </main>
  );
}
