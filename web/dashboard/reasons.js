// What reasons mean, in one sentence each, and what to do: the words of docs/push.md and docs/cache.md.

// Why a link was not sent early, or how it was.
export const reasons = {
  undecided: 'Not decided yet: the page has not been answered.',
  pushed: 'Sent by server push.',
  hinted: 'Named in a 103 Early Hints response.',
  nopush: 'The origin says nopush for it.',
  'cross-origin': 'It is on another host; only assets of the page\'s own origin are sent.',
  'absolute-links-off': 'It is an absolute URL, and hints.absolute_links is off.',
  'not-preload': 'It is a preconnect or another relation that names no asset.',
  'bad-url': 'Its URL cannot be read.',
  self: 'It names the page itself.',
  anchor: 'It belongs to another document (anchor).',
  media: 'It applies to some screens only (media).',
  imagesrcset: 'The browser chooses among several pictures (imagesrcset).',
  type: 'The client does not accept its type.',
  'no-as': 'Its as is missing or unknown: add as=style, script, font or image.',
  duplicate: 'The page names it twice.',
  'already-sent': 'This connection was sent it before.',
  cached: 'The client has it in its cache.',
  'push-disabled': 'The client does not accept push, and a 103 was not possible for this request.',
  off: 'The configuration switches it off (hints).',
  prefetch: 'The page is only fetched ahead (Sec-Purpose: prefetch); a push would be wasted.',
  'save-data': 'The client saves data (Save-Data: on), and the page can be drawn without it.',
  'early-hints-off': 'hints.early_hints is off, or the request is no navigation.',
  'after-103': 'It was known only after the page\'s one 103; it is known at the next load.',
  'with-response': 'It became known with the response: a 103 would gain nothing. At the next load it is known.',
  'no-crossorigin': 'A font without crossorigin would be fetched twice: add crossorigin to the link.',
  'not-reusable': 'A browser would fetch it twice: give it Cache-Control with max-age.',
  'would-delay-page': 'It is larger than what the link carries before the page comes.',
  'not-needed': 'Most page loads do not request it.',
  unproven: 'Too few page loads agree that it is needed.',
  replaced: 'Another version of it took its place.',
  'in-doubt': 'It was not seen since the last deployment.',
  'not-for-client': 'Only requests with certain credentials had it.',
  'left-out': 'Left out at random, to learn whether it is needed.',
  'often-cancelled': 'Clients of this kind keep cancelling it.',
  gone: 'It was remembered, but is not there any more.',
  'held-out': 'This visitor gets no hints, so that what hints gain is known (hints.holdout).',
  harmful: 'Pages of this template were later with it.',
  'layout-witness': 'Its request shows when the page is painted, so it is not hinted.',
  limit: 'The page has more pushes than hints.max_pushes_per_page.',
  'byte-limit': 'The page has more bytes than hints.max_push_bytes_per_page.',
  'connection-limit': 'The connection has had hints.max_pushes_per_connection.',
  'stream-limit': 'The client allows no further streams.',
  'origin-limit': 'The client has too many requests at the origin.',
  'recent-failure': 'Its last push failed; it is tried again after hints.failure_ttl.',
  'not-a-page': 'The response is no page: not GET, not 200, or a push itself.',
  draining: 'The connection is closing.',
  failed: 'The push could not be made.',
  'page-gone': 'The client left before the page was answered.',
};

// Why a response was not stored.
export const notStored = {
  'no explicit freshness': 'The origin gave no lifetime: send Cache-Control with max-age, or set cache.ttl.',
  'asked for with a cookie': 'A document, and the visitor has a cookie: send public or s-maxage, or list the cookie in cache.ignore_cookies.',
  'asked for with a bypass cookie': 'A document, and the visitor is known to the site (cache.bypass_cookies).',
  'asked for with a credential': 'A document, and the request has a field such as X-Auth-Token: send public or s-maxage.',
  'asked for with authorization': 'The request has a password or token: send public, s-maxage or must-revalidate if all may have it.',
  'sets a cookie': 'The response has Set-Cookie: set none on shared pages, or send public or s-maxage.',
  private: 'The origin says that it is for one person.',
  'no-store': 'The origin forbids it.',
  'varies by what no key has': 'Vary is *, or names a field that Forerun sets itself.',
  'stale at once, no validator': 'max-age=0 without ETag and Last-Modified: send one of them.',
  'status is not cacheable': 'A redirect or an error without a lifetime, or a part.',
  'status of one request': 'It says how the request was made, such as 400 or 429.',
  'request with no-store': 'The client asked for that.',
  'not a GET': 'Only responses to GET are stored.',
  'too large': 'It is longer than cache.max_object.',
  'no memory': 'cache.memory or limits.memory is used up.',
};

// The place in the docs, which are embedded beside this page, where a text is.
export const place = (doc, text) => `/dashboard/docs/${doc}.md#:~:text=${encodeURIComponent(text).replaceAll('-', '%2D')}`;

// A proxy in front that is not set up; the address that was noticed.
export const fronts = {
  one_address: (a) => `All page loads come from ${a}, with different browsers. If it is a load balancer or a CDN, list it in trusted_proxies.`,
  silent_proxy: (a) => `All page loads come from ${a}, a trusted proxy: it must send X-Forwarded-For.`,
  untrusted_proxy: (a) => `${a} sends X-Forwarded-For and is not in trusted_proxies.`,
};
