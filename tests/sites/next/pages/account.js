import { Shell, userOf } from 'lib';

export const getServerSideProps = async ({ req }) => {
  const user = userOf(req);
  return user ? { props: { user } } : { redirect: { destination: '/login', permanent: false } };
};
export default function Account({ user }) { return <Shell title="Account" user={user} />; }
