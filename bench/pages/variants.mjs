// What is compared. A variant is a configuration of Forerun, what the origin
// says beside it, and the loads that it has seen before the measured ones.
//
//   origin   {link, early}: assets named by the HTML's Link field and by a 103 of
//            the origin's own: 'none', 'all', 'blocking', 'fonts' (see site.mjs)
//   hints    settings of the site's hints: {name: value}
//   rules    a rule of Forerun's for the page that names such a selection
//   site     further lines of YAML for the site, indented by four as in the file,
//            or a function of the page's manifest that gives them
//   top      lines of YAML for the top of the file
//   cookie   every earlier load has a cookie of its own
//   warm     loads before the measurement, by clients of different addresses and
//            cookies; 1 at least fills the edge's cache with the assets
//   bin      another binary, for a comparison with an earlier one
//   peer     another server: 'nghttpx', which passes on an origin's own 103, or pushes what it names
//
// The binary's defaults hold for all that is not written here.
import { link, select } from './site.mjs';

const off = { push: false, early_hints: 'off', memory: false, html: false };
const told = { memory: false, html: false }; // only what the origin or a rule says now

export const variants = {
  off: { about: 'no hints', hints: off, warm: 2 },
  // A/A: must not differ from off
  off2: { about: 'no hints, again', hints: off, warm: 2 },
  // Forerun as it is: what it finds out by itself, and before sites that name all in Link
  // ten: what style sheets name is learned by then
  forerun: { about: 'defaults, an origin that says nothing', warm: 10 },
  'forerun-link': { about: 'defaults, every asset in Link', origin: { link: 'all' }, warm: 4 },

  // the same with style sheets, scripts and fonts alone; and what that Link field does by itself
  'forerun-critical': { about: 'defaults, every style sheet, script and font in Link', origin: { link: 'critical' }, warm: 4 },
  'off-critical': { about: 'no hints, every style sheet, script and font in Link', hints: off, origin: { link: 'critical' }, warm: 2 },

  // another server, and what its operator would have the origin's 103 name
  'peer-critical': { about: 'nghttpx, a 103 of the origin with style sheets, scripts and fonts', origin: { early: 'critical' }, warm: 1, peer: 'nghttpx' },
  'peer-blocking': { about: 'nghttpx, a 103 of the origin with what blocks rendering', origin: { early: 'blocking' }, warm: 1, peer: 'nghttpx' },

  // known before the origin is asked: by rules
  'rule-all': { about: 'a rule with every asset', hints: told, rules: 'all', warm: 2 },
  'rule-fonts': { about: 'a rule with style sheets, scripts of the head, fonts', hints: told, rules: 'fonts', warm: 2 },
  'rule-blocking': { about: 'a rule with what blocks rendering', hints: told, rules: 'blocking', warm: 2 },
  // while the origin thinks: its own 103
  'early-all': { about: 'a 103 of the origin with every asset', hints: told, origin: { early: 'all' }, warm: 2 },
  'early-fonts': { about: 'a 103 of the origin with style sheets, scripts of the head, fonts', hints: told, origin: { early: 'fonts' }, warm: 2 },
  'early-blocking': { about: 'a 103 of the origin with what blocks rendering', hints: told, origin: { early: 'blocking' }, warm: 2 },
  // when the page is ready: Link
  'link-all': { about: 'every asset in Link', hints: told, origin: { link: 'all' }, warm: 2 },
  'link-fonts': { about: 'style sheets, scripts of the head, fonts in Link', hints: told, origin: { link: 'fonts' }, warm: 2 },
  'link-blocking': { about: 'what blocks rendering in Link', hints: told, origin: { link: 'blocking' }, warm: 2 },
};

// An earlier binary (FR_BASE_BIN): beside this one; and, if it is older than the order of
// sending, as a server of the usual kind: it pushes, or relays, what the origin's 103 names.
const bin = process.env.FR_BASE_BIN;
if (bin) {
  for (const what of ['all', 'blocking'])
    variants[`base-${what}`] = { about: `an earlier version, a 103 of the origin with ${what === 'all' ? 'every asset' : 'what blocks rendering'}`, hints: {}, origin: { early: what }, warm: 2, bin };
  for (const name of ['forerun', 'forerun-link']) variants[`base-${name}`] = { ...variants[name], about: `an earlier version: ${variants[name].about}`, bin };
}

// Link values of a selection.
export const links = (manifest, what) => select(manifest, what).map(link);

// The configuration file of a variant. debug: every page says what was done with its links.
export function configuration(variant, { manifest, origin, addresses, certificate, key, debug }) {
  const site = typeof variant.site === 'function' ? variant.site(manifest) : variant.site ?? [];
  const hints = Object.entries({ ...(debug && !variant.bin && { server_timing: '100%' }), ...variant.hints }).map(([k, v]) => `${k}: ${v}`);
  const rule = variant.rules ? ['    rules:', '      - path: "/"', '        links:', ...links(manifest, variant.rules).map((l) => `          - "${l}"`)] : [];
  return [
    'listen:', ...addresses.map((a) => `  - address: "${a}:0"`),
    'admin: {listen: none}',
    `tls: {certificate: ${certificate}, key: ${key}}`,
    ...(variant.top ?? []),
    'sites:',
    '  - hosts: ["*"]',
    `    origin: {url: "${origin}"}`,
    ...(hints.length ? [`    hints: {${hints.join(', ')}}`] : []),
    ...rule, ...site, '',
  ].join('\n');
}
