// Draws the page's figures once they come into view, all of them for print, and anew where the colour
// scheme or the width changes. Their data lies in the page, so that nothing is fetched.
(function () {
  'use strict';
  var root = document.documentElement;
  root.className += ' scripts';
  var dark = window.matchMedia('(prefers-color-scheme: dark)');
  var is_printing = false;
  var figures = Array.prototype.map.call(document.querySelectorAll('figure[data-kind]'), function (figure) {
    return {
      figure: figure, picture: figure.querySelector('.picture'), kind: figure.getAttribute('data-kind'),
      data: null, chart: null, width: 0, drawn: ''
    };
  });

  function theme_name() { return dark.matches && !is_printing ? 'dark' : 'light'; }

  function parse(entry) {
    if (!entry.data) entry.data = JSON.parse(entry.figure.querySelector('script').textContent);
    return entry.data;
  }

  // The height is known before anything is drawn, so that the page does not jump. All widths are read
  // before any height is written: else the browser would lay out the page once for each.
  function reserve(entries) {
    var widths = entries.map(function (entry) { return entry.picture.clientWidth; });
    entries.forEach(function (entry, i) {
      // A figure that is folded has no width yet.
      if (!widths[i] || widths[i] === entry.width) return;
      entry.width = widths[i];
      entry.picture.style.height = moebenchFigures.height(entry.kind, parse(entry), entry.width) + 'px';
    });
  }

  function draw(entry) {
    reserve([entry]);
    if (!entry.width) return;
    var state = theme_name() + ' ' + entry.width;
    if (entry.drawn === state) return;
    entry.drawn = state;
    if (!entry.chart) entry.chart = echarts.init(entry.picture, null, { renderer: 'svg' });
    entry.chart.resize();
    entry.chart.setOption(
      moebenchFigures.option(entry.kind, parse(entry), moebenchFigures.themes[theme_name()], entry.width), true);
  }

  reserve(figures);
  var seen = new Map();
  var observer = new IntersectionObserver(function (changes) {
    changes.forEach(function (change) {
      if (change.isIntersecting) draw(seen.get(change.target));
    });
  }, { rootMargin: '400px' });
  figures.forEach(function (entry) {
    seen.set(entry.picture, entry);
    observer.observe(entry.picture);
  });

  function redraw() {
    reserve(figures);
    figures.forEach(function (entry) {
      if (entry.chart) draw(entry);
    });
  }
  var timer = 0;
  window.addEventListener('resize', function () {
    clearTimeout(timer);
    timer = setTimeout(redraw, 120);
  });
  dark.addEventListener('change', redraw);
  document.addEventListener('toggle', function (event) {
    if (!event.target.open || event.target.parentNode.nodeName === 'FIGURE') return;
    figures.forEach(function (entry) {
      if (event.target.contains(entry.picture)) draw(entry);
    });
  }, true);

  // Print shows every section, but not the numbers that stand in the pictures.
  var opened = [];
  window.addEventListener('beforeprint', function () {
    is_printing = true;
    opened = Array.prototype.filter.call(document.querySelectorAll('details.section'), function (part) { return !part.open; });
    opened.forEach(function (part) { part.open = true; });
    figures.forEach(draw);
  });
  window.addEventListener('afterprint', function () {
    is_printing = false;
    opened.forEach(function (part) { part.open = false; });
    redraw();
  });
})();
