// Draws a figure: kind and data (document.h, `Figure`) to an option of ECharts. The page and `--format
// svg` use it alike; the latter by Duktape, so that this is ECMAScript 5.
var moebenchFigures = (function () {
  'use strict';

  // Stands in attributes, whose quotes are double.
  var font = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";
  // Colours that people with colour-blindness tell apart (after Okabe and Ito).
  var themes = {
    light: {
      text: '#1c2430', muted: '#5b6573', line: '#d7dce3', strong: '#8a94a3', background: '#ffffff',
      colours: ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#b8860b', '#56b4e9', '#7d5ba6',
        '#6b7a3a', '#a63d40', '#3c6e71', '#e69f00', '#555555'],
      better: '#00805a', worse: '#b8400a', band: 'rgba(110,125,145,0.14)',
      heat: ['#eef5fb', '#9ecae1', '#2171b5', '#08306b'],
      apart: ['#b2560d', '#f3c99b', '#f4f4f4', '#9fd3c7', '#01665e']
    },
    dark: {
      text: '#e6eaf0', muted: '#a3adba', line: '#343c48', strong: '#7b8696', background: '#151a21',
      colours: ['#4ea8e0', '#f08a45', '#35c79b', '#e39ac4', '#e0b84a', '#8fd0f5', '#b296dc',
        '#a9bd6b', '#e27b7e', '#6fb3b7', '#f5c04d', '#b0b0b0'],
      better: '#3fd0a0', worse: '#f0843c', band: 'rgba(170,185,205,0.14)',
      heat: ['#1b2836', '#1f5f8f', '#4ea8e0', '#d6ecfa'],
      apart: ['#f0954a', '#7a4a20', '#2a313b', '#1f6b60', '#4fd6bf']
    }
  };

  // At least three significant digits, as tables have them.
  function number(value) {
    if (value === null || value === undefined || isNaN(value)) return '\u2014';
    var size = Math.abs(value);
    if (size === 0) return '0';
    if (size >= 1e7 || size < 1e-4) return value.toExponential(2);
    if (size >= 100) return value.toFixed(0);
    return value.toFixed(Math.max(0, 2 - Math.floor(Math.log(size) / Math.LN10)));
  }
  // Of an axis: no digits that say nothing.
  function tick(value) {
    var size = Math.abs(value);
    if (size !== 0 && (size >= 1e7 || size < 1e-4)) return value.toExponential();
    return String(Math.round(value * 1e6) / 1e6);
  }
  function escaped(text) {
    return String(text).replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
      .replace(/"/g, '&quot;');
  }
  function withUnit(value, unit) {
    return number(value) + (unit ? (unit === 'x' || unit === '%' ? '' : ' ') + unit : '');
  }
  function title(axis) {
    return axis.title + (axis.unit ? ' (' + axis.unit + ')' : '');
  }
  function longest(texts) {
    var most = 0;
    for (var i = 0; i < texts.length; ++i) most = Math.max(most, String(texts[i]).length);
    return most;
  }
  function map(list, what) {
    var out = [];
    for (var i = 0; i < (list || []).length; ++i) out.push(what(list[i], i));
    return out;
  }
  // What labels beside an axis may take, so that a phone has room for the picture.
  function labelWidth(texts, width) {
    return Math.max(40, Math.min(longest(texts) * 7 + 8, width * 0.36));
  }
  // What needs more is scrolled in one.
  var mostLegendRows = 6;
  function legendRows(names, width) {
    var rows = 1, used = 0;
    map(names, function (name) {
      var size = 42 + Math.min(String(name).length, 48) * 7;
      if (used > 0 && used + size > width - 24) { ++rows; used = 0; }
      used += size;
    });
    return names.length > 1 ? rows : 0;
  }
  function legend(names, theme, width) {
    return {
      show: names.length > 1, data: map(names, function (name) { return { name: name }; }),
      type: legendRows(names, width) > mostLegendRows ? 'scroll' : 'plain',
      top: 4, left: 8, right: 8, itemWidth: 14, itemHeight: 10, itemGap: 10,
      textStyle: { color: theme.text, fontSize: 12, width: Math.min(320, width - 60), overflow: 'truncate' },
      pageTextStyle: { color: theme.muted }, pageIconColor: theme.strong, pageIconInactiveColor: theme.line
    };
  }
  function legendHeight(names, width) {
    var rows = legendRows(names, width);
    return rows === 0 ? 4 : rows > mostLegendRows ? 28 : rows * 21 + 8;
  }
  function grid(top, width, more) {
    var box = {
      left: 12, right: 24, top: top + 8, bottom: 12, outerBoundsMode: 'same', outerBoundsContain: 'all',
      outerBounds: { left: 8, right: 16, top: top, bottom: 6 }
    };
    for (var key in more || {}) box[key] = more[key];
    return box;
  }
  function valueAxis(axis, theme, more) {
    var made = {
      type: axis.log ? 'log' : 'value', name: title(axis), nameLocation: 'middle', scale: !axis.zero,
      nameGap: 30, nameTextStyle: { color: theme.muted, fontSize: 12 },
      axisLabel: { color: theme.muted, fontSize: 11, hideOverlap: true, formatter: tick },
      axisLine: { show: true, lineStyle: { color: theme.strong } },
      splitLine: { lineStyle: { color: theme.line } }, minorSplitLine: { show: false }
    };
    if (axis.whole) made.minInterval = 1;
    if (axis.min !== undefined) made.min = axis.min;
    if (axis.max !== undefined) made.max = axis.max;
    if (axis.log) {
      made.logBase = axis.log === true ? 10 : axis.log;
    }
    for (var key in more || {}) made[key] = more[key];
    return made;
  }
  function categoryAxis(labels, theme, width, more) {
    var made = {
      type: 'category', data: labels, axisTick: { show: false },
      axisLine: { lineStyle: { color: theme.strong } },
      axisLabel: {
        color: theme.text, fontSize: 12, interval: 0, width: labelWidth(labels, width), overflow: 'truncate'
      }
    };
    for (var key in more || {}) made[key] = more[key];
    return made;
  }
  // Names below the axis; slanted where they are too long to stand side by side.
  function columnAxis(axis, theme, width) {
    var fits = longest(axis.labels) * 6.6 + 8 < (width * 0.8) / Math.max(1, axis.labels.length);
    return categoryAxis(axis.labels, theme, width, {
      name: axis.title || '', nameLocation: 'middle', nameGap: 30,
      nameTextStyle: { color: theme.muted, fontSize: 12 },
      axisLabel: {
        color: theme.text, fontSize: 11, rotate: fits ? 0 : 40, interval: axis.labels.length > 40 ? 'auto' : 0,
        width: fits ? null : 130, overflow: 'truncate', hideOverlap: axis.labels.length > 40
      }
    });
  }
  function tooltip(theme, formatter) {
    return {
      trigger: 'item', confine: true, appendTo: null, formatter: formatter,
      backgroundColor: theme.background, borderColor: theme.strong,
      textStyle: { color: theme.text, fontSize: 12 }
    };
  }
  function lines(texts) {
    return map(texts, escaped).join('<br>');
  }
  function markLine(marks, direction, theme) {
    return {
      silent: true, symbol: 'none', animation: false,
      data: map(marks, function (mark) {
        var line = {
          lineStyle: { color: mark.strong ? theme.text : theme.strong, type: mark.strong ? 'solid' : 'dashed', width: 1.2 },
          label: {
            show: !!mark.label, formatter: function () { return mark.label || ''; }, color: theme.muted,
            fontSize: 11, position: direction === 'x' ? 'insideEndTop' : 'insideEndTop'
          }
        };
        line[direction === 'x' ? 'xAxis' : 'yAxis'] = mark.value;
        return line;
      })
    };
  }
  // Room for all marks too, which ECharts does not count as data.
  function reach(axis, values, marks) {
    if (axis.max !== undefined || axis.min !== undefined) return axis;
    var made = {}, key, low = Infinity, high = -Infinity, i;
    for (key in axis) made[key] = axis[key];
    var all = values.concat(map(marks, function (mark) { return mark.value; }));
    for (i = 0; i < all.length; ++i) {
      if (typeof all[i] !== 'number' || !isFinite(all[i])) continue;
      low = Math.min(low, all[i]);
      high = Math.max(high, all[i]);
    }
    if (low > high) return axis;
    if (axis.log) {
      // Room on both sides, also where all is one value.
      var room = Math.max(Math.pow(high / low, 0.06), 1.02);
      made.min = low / room;
      made.max = high * room;
    } else if (marks && marks.length) {
      var span = (high - low) || Math.abs(high) || 1;
      if (axis.zero) low = Math.min(low, 0);
      made.min = axis.zero && low >= 0 ? 0 : low - span * 0.06;
      made.max = high + span * 0.06;
    }
    return made;
  }
  // A log axis of little more or less than one decade has no power of ten to name: its labels are ours.
  function logTicks(low, high) {
    var steps = [1, 1.1, 1.2, 1.5, 2, 3, 5, 7, 10], ticks = [], power, i;
    var decades = Math.log(high / low) / Math.LN10;
    var used = decades > 4 ? [1] : decades > 2 ? [1, 3] : decades > 0.9 ? [1, 2, 5] : decades > 0.25 ? [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8] : null;
    if (!used) {
      // Nearly linear.
      var step = Math.pow(10, Math.floor(Math.log(high - low) / Math.LN10));
      if ((high - low) / step < 2) step /= 5; else if ((high - low) / step < 5) step /= 2;
      for (i = Math.ceil(low / step); i * step <= high; ++i) ticks.push(Number((i * step).toPrecision(6)));
      return ticks;
    }
    for (power = Math.floor(Math.log(low) / Math.LN10); Math.pow(10, power) <= high; ++power) {
      for (i = 0; i < used.length; ++i) {
        var value = Number((used[i] * Math.pow(10, power)).toPrecision(6));
        if (value >= low && value <= high) ticks.push(value);
      }
    }
    return ticks;
  }
  // Of an axis with known ends the labels stand where logTicks says: a log axis takes them in powers.
  function withLogTicks(made, axis) {
    if (!axis.log || made.min === undefined || !(made.min > 0)) return made;
    var ticks = map(logTicks(made.min, made.max), function (value) { return value; });
    made.axisLabel.customValues = ticks;
    made.axisTick = { customValues: ticks };
    return made;
  }

  var kinds = {};

  // One row each: a dot with its interval, on a log axis with a line at 1.
  kinds.intervals = {
    height: function (data) { return data.rows.length * 26 + 76; },
    option: function (data, theme, width) {
      var labels = map(data.rows, function (row) { return row.label; });
      var ends = [];
      map(data.rows, function (row) { ends.push(row.value, row.low, row.high); });
      var axis = reach({ title: data.value.title, unit: data.value.unit, log: true }, ends, [{ value: 1 }]);
      function colour(row) {
        return row.standing === 'decided' ? (row.value > 1 ? theme.better : theme.worse) : theme.strong;
      }
      return {
        grid: grid(8, width),
        tooltip: tooltip(theme, function (p) {
          var row = data.rows[p.dataIndex];
          return row ? lines([row.label, row.text]) : '';
        }),
        xAxis: withLogTicks(valueAxis(axis, theme), axis),
        yAxis: categoryAxis(labels, theme, width, { inverse: true }),
        series: [
          {
            type: 'custom', silent: true, z: 2,
            data: map(data.rows, function (row, i) { return [row.low, i, row.high]; }),
            encode: { x: [0, 2], y: 1 },
            renderItem: function (params, api) {
              var row = data.rows[params.dataIndex];
              if (typeof row.low !== 'number') return null;
              var from = api.coord([row.low, params.dataIndex]), to = api.coord([row.high, params.dataIndex]);
              var style = { stroke: colour(row), lineWidth: 2, fill: 'none' };
              return {
                type: 'group', children: [
                  { type: 'line', shape: { x1: from[0], y1: from[1], x2: to[0], y2: to[1] }, style: style },
                  { type: 'line', shape: { x1: from[0], y1: from[1] - 5, x2: from[0], y2: from[1] + 5 }, style: style },
                  { type: 'line', shape: { x1: to[0], y1: to[1] - 5, x2: to[0], y2: to[1] + 5 }, style: style }]
              };
            }
          },
          {
            type: 'scatter', z: 3, symbolSize: 11,
            data: map(data.rows, function (row, i) {
              var hollow = row.standing !== 'decided';
              return {
                value: [row.value, i], symbol: row.standing === 'reference' ? 'diamond' : 'circle',
                itemStyle: { color: hollow ? theme.background : colour(row), borderColor: colour(row), borderWidth: 2 }
              };
            }),
            markLine: markLine([{ value: 1, strong: true }], 'x', theme)
          }]
      };
    }
  };

  // Points in a plane, each with its name, and an arrow from the one it is compared with.
  kinds.arrows = {
    height: function () { return 380; },
    option: function (data, theme, width) {
      var many = data.points.length > 14;
      return {
        grid: grid(12, width, { right: 40 }),
        tooltip: tooltip(theme, function (p) {
          var point = data.points[p.dataIndex];
          return lines([point.label, data.x.title + ' ' + withUnit(point.x, data.x.unit),
            data.y.title + ' ' + withUnit(point.y, data.y.unit)]);
        }),
        xAxis: valueAxis(data.x, theme, { boundaryGap: ['10%', '20%'] }),
        yAxis: valueAxis(data.y, theme, { nameGap: 48, boundaryGap: ['12%', '12%'] }),
        series: [
          {
            type: 'lines', coordinateSystem: 'cartesian2d', silent: true, symbol: ['none', 'arrow'], symbolSize: 9,
            lineStyle: { color: theme.strong, width: 1.4, opacity: 0.9, curveness: 0.12 },
            data: (function () {
              var arrows = [];
              map(data.points, function (p) {
                if (typeof p.from === 'number') {
                  var start = data.points[p.from];
                  arrows.push({ coords: [[start.x, start.y], [p.x, p.y]] });
                }
              });
              return arrows;
            })()
          },
          {
            type: 'scatter', symbolSize: 12, z: 3,
            data: map(data.points, function (p, i) {
              var is_start = typeof p.from !== 'number';
              return {
                value: [p.x, p.y],
                itemStyle: {
                  color: is_start ? theme.background : theme.colours[0], borderColor: is_start ? theme.text : theme.colours[0],
                  borderWidth: 2
                }
              };
            }),
            label: {
              show: !many, position: 'right', color: theme.text, fontSize: 12, distance: 8,
              formatter: function (p) { return data.points[p.dataIndex].label; }
            },
            labelLayout: { moveOverlap: 'shiftY', hideOverlap: false }
          }]
      };
    }
  };

  // Values by two names. With `middle` colours part there, by logarithm.
  // `intervals`, where there are any, are [low, high] at the places of the values.
  kinds.heat = {
    height: function (data) {
      var row = data.y.labels.length > 24 ? 16 : data.intervals ? 40 : 30;
      return Math.min(Math.max(data.y.labels.length * row, 60), 1200) + 128;
    },
    option: function (data, theme, width) {
      var cells = [], low = Infinity, high = -Infinity;
      function shade(value) { return data.middle ? Math.log(value / data.middle) : value; }
      map(data.values, function (row, y) {
        map(row, function (value, x) {
          if (typeof value !== 'number') return;
          var ends = data.intervals && data.intervals[y][x];
          cells.push([x, y, shade(value), value].concat(ends || []));
          low = Math.min(low, shade(value));
          high = Math.max(high, shade(value));
        });
      });
      if (data.middle) {
        high = Math.max(Math.abs(low), Math.abs(high), 0.02);
        low = -high;
      }
      if (low === high) high = low + (Math.abs(low) || 1);
      function interval(cell) { return number(cell[4]) + '\u2013' + number(cell[5]); }
      var few = data.x.labels.length * (data.digits || (data.intervals ? 12 : 6)) * 7 < width * 0.8 && data.y.labels.length <= 40;
      function read(value) { return data.middle ? Math.exp(value) * data.middle : value; }
      function isDark(value) {
        var place = (value - low) / (high - low);
        return data.middle ? Math.abs(place - 0.5) > 0.32 : place > 0.55;
      }
      return {
        grid: grid(8, width, { bottom: 52, outerBounds: { left: 8, right: 16, top: 8, bottom: 46 } }),
        tooltip: tooltip(theme, function (p) {
          return lines([data.y.title + ' ' + data.y.labels[p.value[1]], data.x.title + ' ' + data.x.labels[p.value[0]],
            data.value.title + ' ' + withUnit(p.value[3], data.value.unit) +
              (p.value.length > 4 ? ' (' + interval(p.value) + ')' : '')]);
        }),
        xAxis: columnAxis(data.x, theme, width),
        yAxis: categoryAxis(data.y.labels, theme, width, {
          inverse: true, name: data.y.title, nameLocation: 'start', nameTextStyle: { color: theme.muted, fontSize: 12, align: 'right' },
          axisLabel: {
            color: theme.text, fontSize: 11, interval: data.y.labels.length > 24 ? 'auto' : 0,
            width: labelWidth(data.y.labels, width), overflow: 'truncate'
          }
        }),
        visualMap: {
          min: low, max: high, dimension: 2, calculable: false, orient: 'horizontal', left: 'center', bottom: 6,
          itemHeight: Math.min(160, width * 0.3), itemWidth: 12, inRange: { color: data.middle ? theme.apart : theme.heat },
          text: [withUnit(read(high), data.value.unit), title({ title: data.value.title }) + '   ' + withUnit(read(low), data.value.unit)],
          textStyle: { color: theme.muted, fontSize: 11 }
        },
        series: [{
          type: 'heatmap', data: cells, encode: { x: 0, y: 1, value: 2 },
          itemStyle: { borderColor: theme.background, borderWidth: 1 },
          label: {
            show: few, fontSize: 11, formatter: function (p) {
              return number(p.value[3]) + (p.value.length > 4 ? '\n' + interval(p.value) : '');
            }
          }
        }].map(function (series) {
          if (few) {
            series.data = map(cells, function (cell) {
              var dark_ink = theme === themes.light ? '#ffffff' : '#10151b';
              return { value: cell, label: { color: isDark(cell[2]) ? dark_ink : theme.text } };
            });
          }
          return series;
        })
      };
    }
  };

  // Lines or points over x, with lines and bands across.
  kinds.xy = {
    height: function (data, width) {
      return 330 + legendHeight(map(data.series, function (s) { return s.name; }), width);
    },
    option: function (data, theme, width) {
      var names = map(data.series, function (s) { return s.name; });
      var top = legendHeight(names, width);
      var ys = [], xs = [];
      map(data.series, function (s) {
        map(s.points, function (p) {
          xs.push(p[0]);
          if (p[1] > 0 || !data.y.log) ys.push(p[1]);
          if (p[2] !== undefined) ys.push(p[2], p[3]);
        });
      });
      var yAxis = reach(data.y, ys, data.lines);
      var xAxis = data.x.log ? reach(data.x, xs, []) : data.x;
      var series = map(data.series, function (s, i) {
        var colour = theme.colours[(s.colour === undefined ? i : s.colour) % theme.colours.length];
        var hollow = s.symbol === 'hollow';
        return {
          name: s.name, type: s.line ? 'line' : 'scatter', connectNulls: false, showSymbol: s.symbol !== 'none',
          symbol: s.symbol === 'diamond' ? 'diamond' : 'circle', symbolSize: s.size || (s.points.length > 200 ? 4 : 7),
          sampling: undefined,
          data: map(s.points, function (p) {
            var value = data.y.log && !(p[1] > 0) ? null : p[1];
            return p[4] ? { value: [p[0], value], name: p[4] } : [p[0], value];
          }),
          lineStyle: { color: colour, width: 1.8, type: s.dashed ? 'dashed' : 'solid' },
          itemStyle: { color: hollow ? theme.background : colour, borderColor: colour, borderWidth: hollow ? 2 : 1 },
          emphasis: { focus: names.length > 1 ? 'series' : 'none' }
        };
      });
      // What is at the ends of a point's interval.
      map(data.series, function (s, i) {
        var rows = [];
        map(s.points, function (p) { if (p[2] !== undefined && p[2] !== null) rows.push([p[0], p[2], p[3]]); });
        if (!rows.length) return;
        var colour = theme.colours[(s.colour === undefined ? i : s.colour) % theme.colours.length];
        series.push({
          name: s.name, type: 'custom', silent: true, data: rows, encode: { x: 0, y: [1, 2] },
          renderItem: function (params, api) {
            var from = api.coord([api.value(0), api.value(1)]), to = api.coord([api.value(0), api.value(2)]);
            return {
              type: 'line', shape: { x1: from[0], y1: from[1], x2: to[0], y2: to[1] }, style: { stroke: colour, lineWidth: 1.5, opacity: 0.7 }
            };
          }
        });
      });
      if (series.length) {
        if (data.lines && data.lines.length) series[0].markLine = markLine(data.lines, 'y', theme);
        if (data.bands && data.bands.length) {
          series[0].markArea = {
            silent: true, data: map(data.bands, function (band) {
              return [{
                name: band.label, yAxis: band.from, itemStyle: { color: theme.band },
                label: { color: theme.muted, fontSize: 11, position: 'insideTopLeft', formatter: function () { return band.label; } }
              }, { yAxis: band.to }];
            })
          };
        }
      }
      var x = data.x.labels ? columnAxis(data.x, theme, width) : withLogTicks(valueAxis(xAxis, theme), xAxis);
      if (data.x.bytes) {
        x.axisLabel.formatter = bytes;
        x.axisLabel.customValues = powersOfTwo(x.min, x.max);
        x.axisTick = { customValues: x.axisLabel.customValues };
      }
      return {
        legend: legend(names, theme, width), grid: grid(top, width), xAxis: x,
        yAxis: withLogTicks(valueAxis(yAxis, theme, { nameGap: 48 }), yAxis),
        tooltip: tooltip(theme, function (p) {
          if (!p.value) return '';
          var x_text = data.x.labels ? data.x.labels[p.value[0]] || p.value[0] : data.x.bytes ? bytes(p.value[0]) : withUnit(p.value[0], data.x.unit);
          return lines([p.seriesName, p.name || '', data.x.title + ' ' + x_text, data.y.title + ' ' + withUnit(p.value[1], data.y.unit)]);
        }),
        series: series
      };
    }
  };
  // At most eight.
  function powersOfTwo(low, high) {
    var first = Math.ceil(Math.log(low) / Math.LN2), last = Math.floor(Math.log(high) / Math.LN2), ticks = [];
    var step = Math.max(1, Math.ceil((last - first + 1) / 8));
    for (var power = first; power <= last; power += step) ticks.push(Math.pow(2, power));
    return ticks;
  }
  function bytes(value) {
    var units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'], i = 0;
    while (value >= 1024 && i < units.length - 1) { value /= 1024; ++i; }
    return number(value).replace(/\.0+$/, '') + ' ' + units[i];
  }

  // Rows of bars, of which those with a common `stack` lie end to end; marks, intervals and lines across.
  kinds.bars = {
    stacks: function (data) {
      var stacks = {}, count = 0;
      map(data.series, function (s) {
        var stack = s.stack || s.name;
        if (!stacks[stack]) { stacks[stack] = true; ++count; }
      });
      return Math.max(1, count);
    },
    names: function (data) {
      return map(data.series, function (s) { return s.name; }).concat(map(data.marks, function (m) { return m.name; }));
    },
    height: function (data, width) {
      var each = Math.max(26, 12 * kinds.bars.stacks(data) + 10);
      return data.labels.length * each + 76 + legendHeight(kinds.bars.names(data), width);
    },
    option: function (data, theme, width) {
      var names = kinds.bars.names(data), top = legendHeight(names, width);
      var axis = {}, key, values = [];
      for (key in data.value) axis[key] = data.value[key];
      axis.zero = true;
      map(data.labels, function (label, row) {
        var sums = {};
        map(data.series, function (s) {
          var stack = s.stack || s.name;
          sums[stack] = (sums[stack] || 0) + (s.values[row] || 0);
          values.push(sums[stack]);
        });
        map(data.marks, function (m) { values.push(m.values[row]); });
      });
      axis = reach(axis, values, data.lines);
      var series = map(data.series, function (s, i) {
        return {
          name: s.name, type: 'bar', stack: s.stack || s.name, data: map(s.values, function (v) { return v === null ? '-' : v; }),
          barMaxWidth: 22, itemStyle: { color: theme.colours[i % theme.colours.length], borderColor: theme.background, borderWidth: s.stack ? 0.5 : 0 },
          emphasis: { focus: 'series' }
        };
      });
      map(data.marks, function (m, i) {
        series.push({
          name: m.name, type: 'scatter', symbol: i % 2 ? 'triangle' : 'diamond', symbolSize: 12, z: 5,
          itemStyle: { color: theme.background, borderColor: theme.text, borderWidth: 2 },
          data: map(m.values, function (v, row) { return [v === null ? '-' : v, row]; })
        });
      });
      map(data.series, function (s) {
        if (!s.intervals) return;
        series.push({
          name: s.name, type: 'custom', silent: true, z: 4, encode: { x: [0, 2], y: 1 },
          data: map(s.intervals, function (ends, row) { return [ends[0], row, ends[1]]; }),
          renderItem: function (params, api) {
            var from = api.coord([api.value(0), api.value(1)]), to = api.coord([api.value(2), api.value(1)]);
            return { type: 'line', shape: { x1: from[0], y1: from[1], x2: to[0], y2: to[1] }, style: { stroke: theme.text, lineWidth: 1.5 } };
          }
        });
      });
      if (data.lines && data.lines.length && series.length) series[0].markLine = markLine(data.lines, 'x', theme);
      return {
        legend: legend(names, theme, width), grid: grid(top + (data.lines && data.lines.length ? 8 : 0), width),
        xAxis: valueAxis(axis, theme), yAxis: categoryAxis(data.labels, theme, width, { inverse: true }),
        tooltip: tooltip(theme, function (p) {
          var value = p.seriesType === 'scatter' ? p.value[0] : p.value;
          return lines([data.labels[p.dataIndex], p.seriesName + ' ' + withUnit(value, data.value.unit)]);
        }),
        series: series
      };
    }
  };

  // From a whole by changes to another whole.
  kinds.waterfall = {
    height: function (data) { return data.steps.length * 26 + 76; },
    option: function (data, theme, width) {
      var at = 0, ends = [];
      map(data.steps, function (step) {
        var from = step.is_whole ? 0 : at;
        at = step.is_whole ? step.value : at + step.value;
        ends.push([from, at]);
      });
      function text(step) {
        return (step.is_whole || step.value <= 0 ? '' : '+') + withUnit(step.value, data.value.unit);
      }
      var axis = { title: data.value.title, unit: data.value.unit, zero: true };
      var all = [];
      map(ends, function (end) { all.push(end[0], end[1]); });
      return {
        grid: grid(8, width, { right: 70 }),
        tooltip: tooltip(theme, function (p) {
          var step = data.steps[p.dataIndex];
          return step ? lines([step.label, text(step)]) : '';
        }),
        xAxis: valueAxis(axis, theme, {
          max: Math.max.apply(null, all) * 1.14 || null,
          axisLabel: { color: theme.muted, fontSize: 11, hideOverlap: true, formatter: tick, showMaxLabel: false }
        }),
        yAxis: categoryAxis(map(data.steps, function (s) { return s.label; }), theme, width, { inverse: true }),
        series: [{
          type: 'custom', encode: { x: [0, 1], y: 2 },
          data: map(data.steps, function (step, i) { return [ends[i][0], ends[i][1], i]; }),
          renderItem: function (params, api) {
            var i = params.dataIndex, step = data.steps[i];
            var from = api.coord([ends[i][0], i]), to = api.coord([ends[i][1], i]);
            var half = Math.min(9, api.size([0, 1])[1] * 0.36);
            var colour = step.is_whole ? theme.strong : step.value > 0 ? theme.worse : theme.better;
            var parts = [{
              type: 'rect', style: { fill: colour },
              shape: { x: Math.min(from[0], to[0]), y: from[1] - half, width: Math.max(1.5, Math.abs(to[0] - from[0])), height: 2 * half }
            }, {
              type: 'text', silent: true,
              style: { text: text(step), x: Math.max(from[0], to[0]) + 6, y: from[1], fill: theme.text, fontSize: 11, fontFamily: font, verticalAlign: 'middle' }
            }];
            if (i + 1 < data.steps.length) {
              var next = api.coord([ends[i][1], i + 1]);
              parts.push({
                type: 'line', silent: true, shape: { x1: to[0], y1: from[1] + half, x2: to[0], y2: next[1] - half },
                style: { stroke: theme.strong, lineWidth: 1 }
              });
            }
            return { type: 'group', children: parts };
          }
        }]
      };
    }
  };

  // Parts of parts, by area.
  kinds.tree = {
    height: function () { return 420; },
    option: function (data, theme, width) {
      return {
        tooltip: tooltip(theme, function (p) {
          var path = map(p.treePathInfo || [], function (part) { return part.name; });
          return lines([path.slice(1).join(' \u203a ') || p.name, withUnit(p.value, data.value.unit)]);
        }),
        series: [{
          type: 'treemap', left: 8, right: 8, top: 6, bottom: 6, roam: false, nodeClick: false, breadcrumb: { show: false },
          data: map(data.children, function (part, i) {
            return { name: part.name, value: part.value, children: part.children, itemStyle: { color: theme.colours[i % theme.colours.length] } };
          }),
          visibleMin: 30, colorMappingBy: 'id',
          label: { show: true, fontSize: 11, lineHeight: 14, color: theme === themes.light ? '#ffffff' : '#10151b', overflow: 'truncate',
            formatter: function (p) { return p.name + '\n' + withUnit(p.value, data.value.unit); } },
          upperLabel: { show: true, height: 20, color: theme.text, fontSize: 12, fontWeight: 'bold',
            formatter: function (p) { return p.name + '  ' + withUnit(p.value, data.value.unit); } },
          itemStyle: { borderColor: theme.background, borderWidth: 1, gapWidth: 1 },
          levels: [
            { itemStyle: { borderWidth: 0, gapWidth: 3 }, upperLabel: { show: false } },
            { itemStyle: { borderColor: theme.line, borderWidth: 2, gapWidth: 1 }, upperLabel: { show: true } },
            { colorSaturation: theme === themes.light ? [0.45, 0.7] : [0.35, 0.6] }]
        }]
      };
    }
  };

  // What ran when, and what the machine did meanwhile, below each other on one axis of time.
  kinds.timeline = {
    rowsHeight: function (data) { return Math.max(40, Math.min(data.rows.length * 18, 900)); },
    height: function (data) { return kinds.timeline.rowsHeight(data) + data.panels.length * 120 + 70; },
    option: function (data, theme, width) {
      var labels = labelWidth(data.rows, width) + 16, height = kinds.timeline.rowsHeight(data);
      var end = 0;
      map(data.runs, function (run) { end = Math.max(end, run.to); });
      var grids = [{ left: labels, right: 24, top: 12, height: height }];
      var xs = [valueAxis({ title: data.panels.length ? '' : data.time.title, unit: data.panels.length ? '' : data.time.unit, min: 0, max: end }, theme,
        { gridIndex: 0, axisLabel: { show: !data.panels.length, color: theme.muted, fontSize: 11 } })];
      var ys = [categoryAxis(data.rows, theme, width, { inverse: true, gridIndex: 0 })];
      if (data.rows.length > 50) ys[0].axisLabel.interval = 'auto';
      var series = [{
        name: 'runs', type: 'custom', encode: { x: [0, 1], y: 2 },
        data: map(data.runs, function (run) { return [run.from, run.to, run.row]; }),
        renderItem: function (params, api) {
          var run = data.runs[params.dataIndex];
          var from = api.coord([run.from, run.row]), to = api.coord([run.to, run.row]);
          var half = Math.min(7, api.size([0, 1])[1] * 0.4);
          return {
            type: 'rect', shape: { x: from[0], y: from[1] - half, width: Math.max(2, to[0] - from[0] - 1), height: 2 * half },
            style: { fill: run.ok ? theme.colours[0] : theme.worse }
          };
        }
      }];
      map(data.panels, function (panel, i) {
        var last = i === data.panels.length - 1;
        grids.push({ left: labels, right: 24, top: 12 + height + 22 + i * 120, height: 86 });
        xs.push(valueAxis({ title: last ? data.time.title : '', unit: last ? data.time.unit : '', min: 0, max: end }, theme,
          { gridIndex: i + 1, axisLabel: { show: last, color: theme.muted, fontSize: 11 } }));
        ys.push(valueAxis({ title: panel.title, unit: panel.unit, zero: !!panel.zero }, theme,
          { gridIndex: i + 1, splitNumber: 2, nameLocation: 'end', nameGap: 6, nameTextStyle: { color: theme.muted, fontSize: 12, align: 'left' } }));
        series.push({
          name: panel.title, type: 'line', xAxisIndex: i + 1, yAxisIndex: i + 1, data: panel.points, symbolSize: 6,
          showSymbol: panel.points.length < 150, lineStyle: { color: theme.colours[(i + 1) % theme.colours.length], width: 1.5 },
          itemStyle: { color: theme.colours[(i + 1) % theme.colours.length] }
        });
      });
      return {
        grid: grids, xAxis: xs, yAxis: ys, series: series,
        tooltip: tooltip(theme, function (p) {
          if (p.seriesIndex === 0) {
            var run = data.runs[p.dataIndex];
            return lines([data.rows[run.row], run.name, withUnit(run.from, data.time.unit) + ' to ' + withUnit(run.to, data.time.unit)]);
          }
          var panel = data.panels[p.seriesIndex - 1];
          return lines([panel.title + ' ' + withUnit(p.value[1], panel.unit), data.time.title + ' ' + withUnit(p.value[0], data.time.unit)]);
        })
      };
    }
  };

  return {
    themes: themes,
    escaped: escaped,
    has: function (kind) { return kinds.hasOwnProperty(kind); },
    height: function (kind, data, width) { return Math.round(kinds[kind].height(data, width)); },
    option: function (kind, data, theme, width) {
      var option = kinds[kind].option(data, theme, width);
      option.animation = false;
      option.backgroundColor = theme.background;
      option.color = theme.colours;
      option.textStyle = { fontFamily: font, color: theme.text };
      return option;
    }
  };
})();
