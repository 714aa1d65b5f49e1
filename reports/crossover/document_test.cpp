#include "reports/crossover/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/testing/error_of.h"
#include "harness/testing/golden_testing.h"
#include "reports/crossover/crossover_testing.h"
#include "reports/write/format.h"

namespace moebench::crossover {
namespace {

using record::CellRecord;
using ::testing::HasSubstr;

// Two links: ep wins throughout on the slow one; the largest fsdp cell has no room.
std::vector<CellRecord> two_networks() {
  std::vector<CellRecord> records;
  test::Lab slow({{"fsdp", "1", 4, 1e-3}, {"hsdp", "2", 3, 1.1e-3}, {"ep", "2", 0.5, 1.5e-3}}, 0.01,
                 1);
  test::Lab fast({{"fsdp", "1", 1, 1e-3}, {"hsdp", "2", 1.1, 1.1e-3}, {"ep", "2", 0.5, 1.5e-3}},
                 0.01, 2);
  for (int round = 0; round < 3; ++round) {
    for (const double tokens : {250, 500, 1000, 2000, 4000}) {
      slow.run(tokens, round, records, "200mbit");
      fast.run(tokens, round, records, "1gbit");
    }
  }
  for (CellRecord& record : records) {
    if (record.axis("parallelism") != "fsdp" || record.axis("seq_len") != "4000") continue;
    record.disposition = record::Disposition::kOutOfMemory;
    record.message = "rank 1 was killed: no memory\nmore";
    record.metrics.clear();
  }
  return records;
}

TEST(CrossoverDocument, IsTheGoldenText) {
  expect_golden("crossover.md",
                reports::print(crossover_document(two_networks()), reports::Format::kMarkdown));
}

TEST(CrossoverDocument, GivesProgramsEveryNumberOfThePicture) {
  const auto document = nlohmann::json::parse(
      reports::print(crossover_document(two_networks()), reports::Format::kJson));
  const auto& rows = document["sections"].back()["tables"][0]["rows"];
  ASSERT_EQ(rows.size(), 10u);
  for (const auto& row : rows) {
    EXPECT_LT(row["from"].get<double>(), row["gain"].get<double>());
    EXPECT_GT(row["to"].get<double>(), row["gain"].get<double>());
  }
}

TEST(CrossoverDocument, HasAHeatMapWithIntervals) {
  for (const auto& block : crossover_document(two_networks())) {
    const auto* figure = std::get_if<reports::Figure>(&block);
    if (figure == nullptr) continue;
    const auto data = nlohmann::json::parse(figure->data);
    EXPECT_EQ(figure->name, "crossover");
    EXPECT_EQ(data["y"]["labels"], nlohmann::json({"200mbit", "1gbit"}));
    EXPECT_EQ(data["x"]["labels"].size(), 5u);
    EXPECT_EQ(data["intervals"][0][0].size(), 2u);
    return;
  }
  FAIL() << "no figure";
}

TEST(CrossoverDocument, RefusesRecordsWithoutAMap) {
  std::vector<CellRecord> records;
  test::Lab({{"ep", "2", 1, 1e-3}}, 0.01, 1).run(250, 0, records);
  EXPECT_THAT(error_of([&] { crossover_document(records); }),
              HasSubstr("parallelism ep; a map needs ep, and fsdp or hsdp beside it"));
}

}  // namespace
}  // namespace moebench::crossover
