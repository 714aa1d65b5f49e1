#include "reports/page/draw_svg.h"

#include <duktape.h>

#include <memory>
#include <string_view>

#include "harness/base/check.h"
#include "harness/base/error.h"
#include "reports/page/assets.h"

namespace moebench::page {
namespace {

// ECharts asks for timers, which animations alone need. `draw` takes the figure's kind, data (text)
// and title, and the width. A letter of the title is taken to be 8.5 wide, more than most are.
constexpr std::string_view kBefore =
    "function setTimeout() { return 0; } function clearTimeout() {}";
// What shows the picture has a font of its own, in which letters may be wider than in those that
// ECharts takes for granted where it cannot measure: they get the widths, in parts of the font's
// size, of a wide one (DejaVu Sans, rounded up), so that texts beside one another keep apart.
constexpr std::string_view kDraw = R"(
echarts.setPlatformAPI({ measureText: function (text, font) {
  var size = parseFloat((/([\d.]+)px/.exec(font) || [0, 12])[1]), width = 0;
  for (var i = 0; i < text.length; ++i) {
    var letter = text.charAt(i);
    width += /[ijl.,:;'|\/ ]/.test(letter) ? 0.34 : /[frt!()\[\]-]/.test(letter) ? 0.42 :
      /[mwMW%@]/.test(letter) ? 1 : /[A-Z+=<>~]/.test(letter) ? 0.84 : 0.64;
  }
  return { width: size * width };
} });
function titleLines(title, width) {
  var most = Math.max(8, Math.floor((width - 24) / 8.5)), lines = [], line = '';
  title.split(' ').forEach(function (word) {
    if (line && line.length + 1 + word.length > most) { lines.push(line); line = ''; }
    line = line ? line + ' ' + word : word;
    for (; line.length > most; line = line.slice(most)) lines.push(line.slice(0, most));
  });
  return lines.concat([line]);
}
function draw(kind, text, title, width) {
  var data = JSON.parse(text), theme = moebenchFigures.themes.light;
  var lines = titleLines(title, width), between = 20;
  var height = moebenchFigures.height(kind, data, width), head = 34 + between * (lines.length - 1);
  var chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: width, height: height });
  chart.setOption(moebenchFigures.option(kind, data, theme, width));
  var svg = chart.renderToSVGString();
  var name = moebenchFigures.escaped(title);
  var spans = lines.map(function (line, i) {
    return '<tspan x="12" y="' + (23 + between * i) + '">' + moebenchFigures.escaped(line) + '</tspan>';
  });
  return '<svg xmlns="http://www.w3.org/2000/svg" width="' + width + '" height="' + (height + head) +
    '" viewBox="0 0 ' + width + ' ' + (height + head) + '" role="img">\n<title>' + name + '</title>\n' +
    '<rect width="100%" height="100%" fill="' + theme.background + '"/>\n<text font-family="sans-serif" ' +
    'font-size="15" font-weight="600" fill="' + theme.text + '">' + spans.join('') + '</text>\n' +
    '<svg y="' + head + '"' + svg.slice(4) + '\n</svg>\n';
})";

class Interpreter {
 public:
  Interpreter() : context_(duk_create_heap_default(), duk_destroy_heap) {
    MOEBENCH_CHECK(context_ != nullptr);
    for (const std::string_view script : {kBefore, echarts_script(), figures_script(), kDraw}) {
      duk_push_lstring(get(), script.data(), script.size());
      check(duk_peval(get()));
      duk_pop(get());
    }
  }

  std::string draw(const Drawing& drawing) {
    duk_get_global_string(get(), "draw");
    for (const std::string& text : {drawing.kind, drawing.data, drawing.title}) {
      duk_push_lstring(get(), text.data(), text.size());
    }
    duk_push_int(get(), drawing.width);
    check(duk_pcall(get(), 4));
    duk_size_t size = 0;
    const char* text = duk_require_lstring(get(), -1, &size);
    std::string svg(text, size);
    duk_pop(get());
    return svg;
  }

 private:
  duk_context* get() const { return context_.get(); }

  // The scripts and the data are ours, so that what fails in them is as well.
  void check(int result) const {
    if (result == DUK_EXEC_SUCCESS) return;
    throw Error("the picture could not be drawn: {}", duk_safe_to_string(get(), -1));
  }

  std::unique_ptr<duk_context, decltype(&duk_destroy_heap)> context_;
};

}  // namespace

std::string draw_svg(const Drawing& drawing) { return Interpreter().draw(drawing); }

}  // namespace moebench::page
