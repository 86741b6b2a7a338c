import { Shell } from 'lib';

export default function About() { return <Shell title="About" />; }
