// What is compared. A variant is a configuration of Forerun, what the origin
// says beside it, and the loads that it has seen before the measured ones.
//
//   origin   {link, early}: assets named by the HTML's Link field and by a 103 of
//            the origin's own: 'none', 'all', 'blocking', 'fonts' (see site.mjs)
//   site     lines of YAML for the site, or a function of the page's manifest that
//            gives them; indented by four as in the file
//   top      lines of YAML for the top of the file
//   warm     loads before the measurement, by clients of different addresses and
//            cookies; 1 at least fills the edge's cache with the assets
//   bin      another binary, for a comparison with an earlier one
//
// The binary's defaults hold for all that is not written here.
import { link, select } from './site.mjs';

export const variants = {
  off: { about: 'no hints', origin: {}, site: ['    hints: {push: false}'], warm: 2 },
  // A/A: must not differ from off
  off2: { about: 'no hints, again', origin: {}, site: ['    hints: {push: false}'], warm: 2 },
  // what sites get that name all they need in Link, and Forerun as it is
  forerun: { about: 'defaults, every asset in Link', origin: { link: 'all' }, warm: 3 },

  // sent when the page is ready (t1)
  'link-all': { about: 'every asset in Link', origin: { link: 'all' }, warm: 2 },
  'link-fonts': { about: 'style sheets, scripts of the head, fonts in Link', origin: { link: 'fonts' }, warm: 2 },
  'link-blocking': { about: 'what blocks rendering in Link', origin: { link: 'blocking' }, warm: 2 },
  // sent while the origin thinks (t0): the origin's own 103
  'early-all': { about: 'every asset, early', origin: { early: 'all' }, warm: 2 },
  'early-fonts': { about: 'style sheets, scripts of the head, fonts, early', origin: { early: 'fonts' }, warm: 2 },
  'early-blocking': { about: 'what blocks rendering, early', origin: { early: 'blocking' }, warm: 2 },
};

// Link values of a selection, for rules.
export const links = (manifest, what) => select(manifest, what).map(link);

// The configuration file of a variant.
export function configuration(variant, { manifest, origin, addresses, certificate, key }) {
  const site = typeof variant.site === 'function' ? variant.site(manifest) : variant.site ?? [];
  return [
    'listen:', ...addresses.map((a) => `  - address: "${a}:0"`),
    'admin: {listen: none}',
    `tls: {certificate: ${certificate}, key: ${key}}`,
    ...(variant.top ?? []),
    'sites:',
    '  - hosts: ["*"]',
    `    origin: {url: "${origin}"}`,
    ...site, '',
  ].join('\n');
}
