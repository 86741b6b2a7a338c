// Keyboard and pointer access to the picture grid: the arrow keys move
// between pictures, Enter shows one large, Escape closes it.
(function () {
  'use strict';

  var opened = null;
  var dialog = null;

  function pictures() {
    return Array.prototype.slice.call(document.querySelectorAll('.grid a'));
  }

  function columns(list) {
    if (list.length < 2) return 1;
    var top = list[0].getBoundingClientRect().top;
    var n = 1;
    while (n < list.length && Math.abs(list[n].getBoundingClientRect().top - top) < 2) n += 1;
    return n;
  }

  function step(key, list) {
    if (key === 'ArrowRight') return 1;
    if (key === 'ArrowLeft') return -1;
    if (key === 'ArrowDown') return columns(list);
    if (key === 'ArrowUp') return -columns(list);
    return 0;
  }

  function show(link) {
    opened = link;
    dialog = document.createElement('dialog');
    var image = new Image();
    image.src = link.href;
    image.alt = link.querySelector('img').alt;
    var close = document.createElement('button');
    close.textContent = 'Close';
    close.addEventListener('click', hide);
    dialog.append(image, close);
    dialog.addEventListener('close', hide);
    document.body.append(dialog);
    dialog.showModal();
  }

  function hide() {
    if (!dialog) return;
    dialog.remove();
    dialog = null;
    opened.focus();
  }

  document.addEventListener('keydown', function (event) {
    var list = pictures();
    var at = list.indexOf(document.activeElement);
    var by = at < 0 ? 0 : step(event.key, list);
    var next = list[at + by];
    if (!by || !next) return;
    event.preventDefault();
    next.focus();
  });

  document.addEventListener('click', function (event) {
    var link = event.target.closest && event.target.closest('.grid a');
    if (!link || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    show(link);
  });
})();
