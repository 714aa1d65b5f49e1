#include "reports/page/draw_svg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/error.h"

namespace moebench::page {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// The least of each kind that figures.js draws.
const std::vector<std::pair<std::string, std::string>>& samples() {
  static const std::vector<std::pair<std::string, std::string>> all = {
      {"intervals", R"({"value": {"title": "gain"}, "rows": [
         {"label": "ep <loop>", "value": 1.2, "low": 1.1, "high": 1.3, "standing": "decided"},
         {"label": "fsdp", "value": 1, "low": null, "high": null, "standing": "reference"}]})"},
      {"arrows", R"({"x": {"title": "mem_peak", "unit": "MB"}, "y": {"title": "tokens/s"},
         "points": [{"label": "fsdp", "x": 10, "y": 3}, {"label": "ep", "x": 8, "y": 5, "from": 0}]})"},
      {"heat", R"({"x": {"title": "expert", "labels": ["0", "1"]}, "middle": 1,
         "y": {"title": "layer", "labels": ["0"]}, "value": {"title": "rows"}, "values": [[3, null]],
         "intervals": [[[2.5, 3.5], null]]})"},
      {"xy", R"({"x": {"title": "step"}, "y": {"title": "loss", "log": true},
         "series": [{"name": "fsdp", "line": true, "points": [[1, 3, 2, 4], [2, null], [3, 2]]}],
         "lines": [{"value": 1, "label": "one"}], "bands": [{"from": 1, "to": 2, "label": "band"}]})"},
      {"bars", R"({"value": {"title": "time", "unit": "ms"}, "labels": ["fsdp"],
         "series": [{"name": "experts", "stack": "s", "values": [3], "intervals": [[2, 4]]}],
         "marks": [{"name": "measured", "values": [4]}], "lines": [{"value": 5, "label": "device"}]})"},
      {"waterfall", R"({"value": {"title": "step", "unit": "ms"}, "steps": [
         {"label": "fsdp", "value": 9, "is_whole": true}, {"label": "experts", "value": -3},
         {"label": "ep", "value": 6, "is_whole": true}]})"},
      {"tree", R"({"value": {"title": "time", "unit": "ms"}, "children": [
         {"name": "experts", "value": 3, "children": [{"name": "mm", "value": 3}]}]})"},
      {"timeline", R"({"time": {"title": "time", "unit": "s"}, "rows": ["fsdp"],
         "runs": [{"row": 0, "from": 0, "to": 3, "name": "repetition 0", "ok": true}],
         "panels": [{"title": "load", "unit": "", "points": [[0, 1], [3, 2]]}]})"}};
  return all;
}

TEST(DrawSvg, DrawsEveryKind) {
  for (const auto& [kind, data] : samples()) {
    const std::string svg = draw_svg({.kind = kind, .data = data, .title = "a <title> & more"});
    EXPECT_THAT(svg, HasSubstr("<title>a &lt;title&gt; &amp; more</title>")) << kind;
    EXPECT_THAT(svg, HasSubstr("<path ")) << kind;
    EXPECT_THAT(svg, Not(HasSubstr("NaN"))) << kind;
    EXPECT_THAT(svg, Not(HasSubstr("\"Segoe UI\""))) << "ends an attribute: no XML then";
    EXPECT_TRUE(svg.starts_with("<svg xmlns=")) << kind;
    EXPECT_TRUE(svg.ends_with("</svg>\n")) << kind;
  }
}

TEST(DrawSvg, EscapesWhatIsDrawn) {
  const std::string svg = draw_svg({"intervals", samples()[0].second, "gain"});
  EXPECT_THAT(svg, HasSubstr("ep &lt;loop&gt;"));
}

TEST(DrawSvg, ALongTitleHasSeveralLines) {
  const auto drawn = [](const std::string& title) {
    const std::string svg =
        draw_svg({.kind = "intervals", .data = samples()[0].second, .title = title, .width = 400});
    EXPECT_THAT(svg, HasSubstr("<title>" + title + "</title>"));
    return svg;
  };
  EXPECT_THAT(drawn("gain"), HasSubstr("<tspan x=\"12\" y=\"23\">gain</tspan></text>"));
  EXPECT_THAT(
      drawn("expert parallelism against the best of the others, mixtral-tiny"),
      HasSubstr("<tspan x=\"12\" y=\"23\">expert parallelism against the best of the</tspan>"
                "<tspan x=\"12\" y=\"43\">others, mixtral-tiny</tspan>"));
  EXPECT_THAT(drawn(std::string(60, 'x')), HasSubstr("y=\"43\">" + std::string(16, 'x')));
}

// A wide font needs 0.62 of its size for a letter, in the mean.
TEST(DrawSvg, WordsOfALegendKeepApartInAWideFont) {
  const std::string svg = draw_svg({.kind = "bars",
                                    .data = R"({
      "value": {"title": "time", "unit": "ms"}, "labels": ["ep"], "series": [
        {"name": "communication alone", "stack": "s", "values": [3]},
        {"name": "idle", "stack": "s", "values": [1]}]})",
                                    .title = "GPUs"});
  const auto left_of = [&](const std::string& word) {
    const std::size_t end = svg.find(">" + word + "</text>");
    const std::string kPlace = "transform=\"translate(";
    const std::size_t begin = svg.rfind(kPlace, end);
    EXPECT_NE(begin, std::string::npos) << word;
    return std::stod(svg.substr(begin + kPlace.size()));
  };
  const double marker = 24;  // and the gap before the word
  EXPECT_GE(left_of("idle") - left_of("communication alone"),
            marker + 0.62 * 12 * std::string("communication alone").size());
}

TEST(DrawSvg, AKindThatIsNotThereIsAnError) {
  EXPECT_THROW(draw_svg({.kind = "pie", .data = "{}", .title = ""}), Error);
}

}  // namespace
}  // namespace moebench::page
