import { Shell } from 'lib';

export const getServerSideProps = async () => ({ props: {} });
export default function Login() { return <Shell title="Log in"><form method="post" action="/api/login"><input name="user" /></form></Shell>; }
