import { Shell, userOf } from 'lib';

export const getServerSideProps = async ({ req }) => {
  const think = Number(process.env.FR_SITE_THINK_MS ?? 0);
  if (think) await new Promise((resolve) => setTimeout(resolve, think));
  return { props: { user: userOf(req) } };
};
export default function Home({ user }) { return <Shell title="Home" user={user} />; }
