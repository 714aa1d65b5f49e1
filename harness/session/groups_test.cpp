#include "harness/session/groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/error.h"
#include "harness/testing/error_of.h"

namespace moebench::session {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// fsdp and ep at each of these lengths, fsdp first: a comparison a length.
std::vector<config::CellConfig> cells_at(const std::vector<std::int64_t>& lengths) {
  std::vector<config::CellConfig> cells;
  for (const auto parallelism : {config::Parallelism::kFsdp, config::Parallelism::kEp}) {
    for (const std::int64_t length : lengths) {
      config::CellConfig cell;
      cell.scenario = "s";
      cell.model.name = "toy";
      cell.ranks = 2;
      cell.parallelism = parallelism;
      cell.ep_degree = parallelism == config::Parallelism::kEp ? 2 : 1;
      cell.seq_len = length;
      cells.push_back(cell);
    }
  }
  return cells;
}

std::vector<std::vector<std::int64_t>> lengths_of(
    const std::vector<std::vector<config::CellConfig>>& groups) {
  std::vector<std::vector<std::int64_t>> lengths;
  for (const auto& group : groups) {
    lengths.emplace_back();
    for (const config::CellConfig& cell : group) lengths.back().push_back(cell.seq_len);
  }
  return lengths;
}

TEST(Groups, KeepTogetherWhatIsCompared) {
  const auto cells = cells_at({16, 32, 64});
  EXPECT_THAT(lengths_of(part_cells(cells)),
              ElementsAre(ElementsAre(16, 16), ElementsAre(32, 32), ElementsAre(64, 64)));
  EXPECT_THAT(lengths_of(part_cells(cells, 2)),
              ElementsAre(ElementsAre(16, 32, 16, 32), ElementsAre(64, 64)))
      << "cells stand in the file's order";
  EXPECT_EQ(cells_of({.index = 1, .count = 2}, cells)[0].id(), cells[2].id());
  EXPECT_THAT(error_of([&] { part_cells(cells, 4); }), HasSubstr("4 groups are more than the 3"));
}

TEST(Groups, AreNamedByTheirNumber) {
  EXPECT_EQ(parse_group("0/1", "--group").count, 1);
  EXPECT_EQ(parse_group("7/8", "--group").index, 7);
  for (const char* text : {"", "1", "/", "8/8", "-1/2", "1/2/3", "a/2", "1/", "0/0"}) {
    EXPECT_THAT(error_of([&] { parse_group(text, "--group"); }), HasSubstr("--group: '"));
  }
}

}  // namespace
}  // namespace moebench::session
