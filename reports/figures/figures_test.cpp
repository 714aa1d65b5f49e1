#include "reports/figures/figures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "reports/figures/excerpt.h"
#include "reports/figures/subject.h"
#include "reports/write/format.h"
#include "reports/write/profiles_testing.h"
#include "reports/write/records_testing.h"

namespace moebench::reports {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

std::map<std::string, Figure> figures_in(const Document& document) {
  std::map<std::string, Figure> figures;
  for (const Block& block : document) {
    if (const auto* figure = std::get_if<Figure>(&block)) figures.emplace(figure->name, *figure);
  }
  return figures;
}

Json data_of(const std::map<std::string, Figure>& figures, const std::string& name) {
  const auto figure = figures.find(name);
  EXPECT_NE(figure, figures.end()) << name;
  return figure == figures.end() ? Json() : Json::parse(figure->second.data);
}

std::size_t place_of(const Document& document, const auto& is_it) {
  return static_cast<std::size_t>(std::ranges::find_if(document, is_it) - document.begin());
}

TEST(Figures, EveryOneHasItsNumbersAsATable) {
  for (const auto& document :
       {illustrated_report(test::quickstart()), illustrated_report(test::loads()),
        illustrated_profile({test::profiled("loop"), test::profiled("grouped")}, {}),
        illustrated_machine(test::machine())}) {
    const auto figures = figures_in(document);
    ASSERT_FALSE(figures.empty());
    for (const auto& [name, figure] : figures) {
      EXPECT_GT(num_rows(figure.numbers), 0u) << name;
      EXPECT_FALSE(Json::parse(figure.data).empty()) << name;
    }
  }
}

TEST(Figures, TheFirstOnesFollowTheFirstTable) {
  const Document document = illustrated_report(test::quickstart());
  const auto is = [](auto kind) {
    return [](const Block& block) { return std::holds_alternative<decltype(kind)>(block); };
  };
  EXPECT_EQ(place_of(document, is(Figure())), place_of(document, is(Table())) + 1);
}

TEST(Figures, AReportHasThoseOfItsRecords) {
  const auto figures = figures_in(illustrated_report(test::quickstart()));
  for (const char* name : {"gain", "memory_speed", "phases", "memory", "loss", "session"}) {
    EXPECT_TRUE(figures.contains(name)) << name;
  }
  EXPECT_FALSE(figures.contains("bandwidth"));  // nothing was profiled
}

TEST(Figures, AnArrowComesFromTheReference) {
  const Json data = data_of(figures_in(illustrated_report(test::quickstart())), "memory_speed");
  ASSERT_EQ(data["points"].size(), 2u);  // the third cell failed
  EXPECT_FALSE(data["points"][0].contains("from"));
  EXPECT_EQ(data["points"][1]["from"], 0);
  EXPECT_DOUBLE_EQ(data["points"][1]["x"].get<double>(), 255.5);
  EXPECT_EQ(data["x"]["unit"], "MB");
}

TEST(Figures, ASingleRoundIsHollow) {
  const Json data = data_of(figures_in(illustrated_report(test::quickstart())), "gain");
  ASSERT_EQ(data["rows"].size(), 2u);
  EXPECT_EQ(data["rows"][0]["standing"], "reference");
  EXPECT_EQ(data["rows"][1]["standing"], "unproven");
}

TEST(Figures, PhasesAddUpToTheSumOfAllThatWereMeasured) {
  const Json data = data_of(figures_in(illustrated_report(test::quickstart())), "phases");
  double sum = 0;
  for (const Json& series : data["series"]) sum += series["values"][0].get<double>();
  EXPECT_DOUBLE_EQ(sum, 400);
}

TEST(Figures, AProfileShowsCollectivesRanksAndOperations) {
  const auto document =
      illustrated_profile({test::profiled("loop"), test::profiled("grouped")}, {});
  const auto figures = figures_in(document);
  EXPECT_TRUE(figures.contains("ranks"));
  EXPECT_TRUE(figures.contains("bandwidth"));
  EXPECT_TRUE(figures.contains("operations-loop"));
}

TEST(Figures, AGpusTimesAddUpToTheStep) {
  auto records = std::vector{test::traced("loop", 6e6), test::traced("grouped", 4.8e6)};
  records[1].metrics.erase("gpu_unlaunched_time");  // of an older program
  const Json data = data_of(figures_in(illustrated_profile(records, {})), "gpus");
  ASSERT_EQ(data["labels"].size(), 4u);
  EXPECT_EQ(data["labels"][1], "loop · rank 1");
  std::map<std::string, Json> of;
  for (const Json& series : data["series"])
    of[series["name"].get<std::string>()] = series["values"];
  for (std::size_t bar = 0; bar < 4; ++bar) {
    double sum = 0;
    for (const auto& [name, values] : of) sum += values[bar].get<double>();
    EXPECT_DOUBLE_EQ(sum, 10);
  }
  EXPECT_DOUBLE_EQ(of["working"][0].get<double>(), 7);
  EXPECT_DOUBLE_EQ(of["communication alone"][0].get<double>(), 1);
  EXPECT_DOUBLE_EQ(of["idle, nothing launched"][0].get<double>(), 1.5);
  EXPECT_DOUBLE_EQ(of["idle, work launched"][2].get<double>(), 2);
}

TEST(Figures, RoutingIsShownByLayerAlsoWhereSomeHaveNoExperts) {
  auto records = test::quickstart();
  records[0].environment["dense_layers"] = "0,2";
  records[0].metrics["tokens_per_expert"] = {
      .unit = "rows", .samples = {1, 3, 2, 2}, .shape = {2, 2}};
  records[0].metrics["expert_imbalance"] = {.unit = "1", .samples = {1.5, 1}};
  const auto figures = figures_in(illustrated_report(records));
  const auto experts = std::ranges::find_if(
      figures, [](const auto& figure) { return figure.first.starts_with("experts-"); });
  ASSERT_NE(experts, figures.end());
  EXPECT_EQ(Json::parse(experts->second.data)["y"]["labels"], Json({"1", "3"}));
  const Json points = data_of(figures, "imbalance")["series"][0]["points"];
  EXPECT_EQ(points, Json({{1.0, 1.5}, {3.0, 1.0}}));
}

TEST(Figures, TextThatIsNoUtf8IsReplaced) {
  auto records = test::quickstart();
  for (auto& record : records) record.axes[0].second += record.id[0] == 'a' ? "\xff" : "x";
  const std::string page = print(illustrated_report(records), Format::kHtml);
  EXPECT_THAT(page, HasSubstr("\\xff"));
}

gate::Generation generation_of(int number, double step_ns) {
  auto record = test::arm("aaaaaaaaaaaa", "fsdp", "1", "loop");
  record.metrics["step_time"] = {.unit = "ns", .value = step_ns};
  return {number, {record}};
}

TEST(Figures, AHistoryHasAPointAGeneration) {
  const Figures figures = history_figures({generation_of(1, 4e6), generation_of(3, 5e6)});
  ASSERT_EQ(figures.size(), 1u);
  EXPECT_EQ(figures[0].name, "history_step_time");
  const Json points = Json::parse(figures[0].data)["series"][0]["points"];
  ASSERT_EQ(points.size(), 2u);
  EXPECT_EQ(points[1][0], 3);
  EXPECT_DOUBLE_EQ(points[1][1].get<double>(), 5);
}

record::CellRecord run_of(record::Arm arm, int index, double step_ns) {
  auto record = test::arm("aaaaaaaaaaaa", "fsdp", "1", "loop");
  record.pair = {.cell = record.id, .index = index, .arm = arm, .order = static_cast<int>(arm)};
  record.metrics["step_time"] = {.unit = "ns", .value = step_ns};
  return record;
}

TEST(Figures, AGateHasAPointAPairAndItsBand) {
  std::vector<record::CellRecord> records;
  for (int index = 0; index < 3; ++index) {
    records.push_back(run_of(record::Arm::kBase, index, 100));
    records.push_back(run_of(record::Arm::kCandidate, index, 110));
  }
  gate::Report report;
  report.mde = 0.05;
  report.cells = {{.id = records[0].id, .scenario = "s"}};
  report.cells[0].tests = {{.metric = "step_time",
                            .unit = "ns",
                            .is_time = true,
                            .change = gate::Change{0.1, 0.08, 0.12}}};
  const auto figures = gate_figures(report, records, {});
  ASSERT_EQ(figures.size(), 1u);
  const Json data = Json::parse(figures[0].data);
  ASSERT_EQ(data["series"][0]["points"].size(), 3u);
  EXPECT_NEAR(data["series"][0]["points"][1][1].get<double>(), 10, 1e-9);
  EXPECT_DOUBLE_EQ(data["bands"][0]["to"].get<double>(), 12);
}

// What the command reads of many records must give the same pictures.
TEST(Figures, ExcerptsHoldAllThatThePicturesShow) {
  const auto folder = std::filesystem::path(::testing::TempDir()) / "moebench_figures_excerpt";
  for (const auto& records : {test::quickstart(), test::loads(),
                              std::vector{test::profiled("loop"), test::profiled("grouped")}}) {
    std::filesystem::create_directories(folder);
    std::string lines;
    for (const record::CellRecord& record : records) lines += record::to_json_line(record) + "\n";
    write_file_atomically(folder / "results.jsonl", lines);
    const auto excerpts = record::load_excerpts(folder, figures_excerpt());
    EXPECT_EQ(print(illustrated_report(excerpts), Format::kHtml),
              print(illustrated_report(records), Format::kHtml));
    std::filesystem::remove_all(folder);
  }
}

TEST(Figures, OneACellAreNotWithoutEnd) {
  const auto all = figures_in(illustrated_report(test::quickstart()));
  const Document some = illustrated_report(test::quickstart(), {}, {}, 0);
  EXPECT_LE(figures_in(some).size(), all.size());
  EXPECT_TRUE(figures_in(some).contains("gain"));
}

}  // namespace
}  // namespace moebench::reports
