// Fills the table: when each asset of this page began and ended to arrive, and
// what the edge said about its hints. A pushed asset is known by what the edge
// reports; browsers that refuse push show every asset as requested.
(function () {
  'use strict';

  function text(tag, value, className) {
    var node = document.createElement(tag);
    node.textContent = value;
    if (className) node.className = className;
    return node;
  }

  // "links=6, pushed=6" -> {links: 6, pushed: 6}
  function summary(entry) {
    var found = {};
    (entry.serverTiming || []).forEach(function (timing) {
      if (timing.name !== 'forerun') return;
      timing.description.split(',').forEach(function (part) {
        var pair = part.trim().split('=');
        found[pair[0]] = Number(pair[1]);
      });
    });
    return found;
  }

  function name(url) {
    return new URL(url).pathname.replace(/^\//, '') || 'this page';
  }

  // A pushed response is there before or right when it is asked for: it has no
  // waiting time of its own worth a round trip.
  function howItCame(entry, page, said) {
    if (entry === page) return 'page';
    if (!said.pushed) return 'requested';
    var waited = entry.responseStart - entry.requestStart;
    return entry.transferSize > 0 && waited < 5 ? 'push' : 'requested';
  }

  function bar(entry, total, pushed) {
    var track = text('div', '', 'track');
    var span = text('span', '', pushed ? 'pushed' : '');
    span.style.insetInlineStart = (entry.startTime / total) * 100 + '%';
    span.style.width = ((entry.responseEnd - entry.startTime) / total) * 100 + '%';
    track.append(span);
    track.setAttribute('aria-hidden', 'true');
    return track;
  }

  function row(entry, page, said, total) {
    var tr = document.createElement('tr');
    var how = howItCame(entry, page, said);
    var head = text('th', name(entry.name));
    head.scope = 'row';
    var badge = text('td', '');
    badge.append(text('span', how, 'badge ' + (how === 'push' ? 'pushed' : 'asked')));
    var drawn = text('td', '', 'bar');
    drawn.append(bar(entry, total, how === 'push'));
    tr.append(head, badge, drawn, text('td', Math.round(entry.responseEnd) + ' ms', 'number'));
    return tr;
  }

  function say(page, said) {
    var line = document.getElementById('edge-says');
    var parts = Object.keys(said).map(function (key) { return key + ' ' + said[key]; });
    line.textContent = parts.length
      ? 'The edge reports: ' + parts.join(', ') + '. Protocol: ' + page.nextHopProtocol + '.'
      : 'No report: this page did not come through the edge, or had no links.';
  }

  function fill() {
    var page = performance.getEntriesByType('navigation')[0];
    var assets = performance.getEntriesByType('resource').filter(function (entry) {
      return new URL(entry.name).origin === location.origin;
    });
    var all = [page].concat(assets);
    var total = Math.max.apply(null, all.map(function (entry) { return entry.responseEnd; }));
    var said = summary(page);
    var body = document.querySelector('#arrivals tbody');
    body.replaceChildren.apply(body, all.map(function (entry) { return row(entry, page, said, total); }));
    say(page, said);
  }

  if (document.readyState === 'complete') setTimeout(fill);
  else addEventListener('load', function () { setTimeout(fill); });
})();
