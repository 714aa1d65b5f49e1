#include "harness/model/forced_routing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <set>
#include <string>

#include "harness/base/error.h"
#include "harness/testing/error_of.h"

namespace moebench::model {
namespace {

using config::RoutingKind;
using ::testing::HasSubstr;

config::CellConfig cell_with(config::Routing routing) {
  config::CellConfig cell;
  cell.model.name = "m";
  cell.model.num_layers = 3;
  cell.model.num_experts = 8;
  cell.model.top_k = 2;
  cell.seq_len = 16;
  cell.seed = 5;
  cell.routing = std::move(routing);
  return cell;
}

std::vector<std::int32_t> choices(const ForcedRouting& routing, const RowRange& rows,
                                  std::int64_t layer) {
  std::vector<std::int32_t> ids(static_cast<std::size_t>(rows.count * rows.length * 2));
  routing.choose(rows, layer, ids);
  return ids;
}

std::vector<std::int64_t> histogram(const ForcedRouting& routing, const config::CellConfig& cell,
                                    const RowRange& rows) {
  const auto size = static_cast<std::size_t>(cell.model.num_layers * cell.model.num_experts);
  std::vector<std::int64_t> counts(size);
  count_choices(routing, cell.model, rows, counts);
  return counts;
}

TEST(ForcedRouting, LearnedForcesNothing) {
  EXPECT_EQ(make_forced_routing(cell_with({})), nullptr);
}

TEST(ForcedRouting, EveryTokenGetsDistinctExperts) {
  for (const config::Routing& routing : {config::Routing{.kind = RoutingKind::kBalanced},
                                         {.kind = RoutingKind::kSkewed, .skew = 4}}) {
    const auto forced = make_forced_routing(cell_with(routing));
    const auto ids = choices(*forced, {3, 4, 13}, 1);
    for (std::size_t i = 0; i < ids.size(); i += 2) EXPECT_NE(ids[i], ids[i + 1]);
  }
}

// No choice depends on how rows are dealt to ranks and micro-batches.
TEST(ForcedRouting, DependsOnTheRowAlone) {
  for (const config::Routing& routing : {config::Routing{.kind = RoutingKind::kBalanced},
                                         {.kind = RoutingKind::kSkewed, .skew = 1}}) {
    const auto forced = make_forced_routing(cell_with(routing));
    const auto together = choices(*forced, {10, 4, 13}, 2);
    auto apart = choices(*forced, {10, 1, 13}, 2);
    const auto rest = choices(*forced, {11, 3, 13}, 2);
    apart.insert(apart.end(), rest.begin(), rest.end());
    EXPECT_EQ(together, apart);
  }
}

TEST(ForcedRouting, BalancedIsExactWhereRowsComeOutEven) {
  const auto cell = cell_with({.kind = RoutingKind::kBalanced});
  const auto forced = make_forced_routing(cell);
  for (const std::int64_t count : histogram(*forced, cell, {0, 6, 16})) {
    EXPECT_EQ(count, 6 * 16 * 2 / 8);
  }
}

// 26 choices a row over 8 experts: after 8 rows every expert had the surplus equally often.
TEST(ForcedRouting, BalancedHandsOutTheSurplusInTurn) {
  const auto cell = cell_with({.kind = RoutingKind::kBalanced});
  const auto forced = make_forced_routing(cell);
  for (const std::int64_t rows : {1, 3, 8}) {
    const auto counts = histogram(*forced, cell, {0, rows, 13});
    const auto [low, high] = std::ranges::minmax(counts);
    EXPECT_LE(high - low, rows == 8 ? 0 : 1) << rows;
  }
}

TEST(ForcedRouting, BalancedLayersStartOnDifferentExperts) {
  auto cell = cell_with({.kind = RoutingKind::kBalanced});
  cell.model.num_layers = 16;
  const auto forced = make_forced_routing(cell);
  std::set<std::int32_t> first;
  for (std::int64_t layer = 0; layer < 16; ++layer) {
    first.insert(choices(*forced, {0, 1, 1}, layer)[0]);
  }
  EXPECT_GT(first.size(), 3);
}

// Inclusion probabilities of two draws without replacement from weights w: w_e + sum over f != e of
// w_f w_e / (1 - w_f).
TEST(ForcedRouting, SkewedFollowsItsLaw) {
  for (const double skew : {0.0, 1.0, 2.0}) {
    const auto cell = cell_with({.kind = RoutingKind::kSkewed, .skew = skew});
    const auto forced = make_forced_routing(cell);
    const RowRange rows{0, 400, 50};
    auto counts = histogram(*forced, cell, rows);
    counts.resize(8);  // layer 0
    std::ranges::sort(counts, std::greater<>());
    std::vector<double> weights;
    for (int r = 1; r <= 8; ++r) weights.push_back(std::pow(r, -skew));
    const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
    for (double& w : weights) w /= total;
    for (std::size_t e = 0; e < 8; ++e) {
      double probability = weights[e];
      for (std::size_t f = 0; f < 8; ++f) {
        if (f != e) probability += weights[f] * weights[e] / (1 - weights[f]);
      }
      const double expected = probability * 400 * 50;
      EXPECT_NEAR(static_cast<double>(counts[e]), expected, 5 * std::sqrt(expected)) << skew;
    }
  }
}

TEST(ForcedRouting, SkewedLayersHaveDifferentFavourites) {
  auto cell = cell_with({.kind = RoutingKind::kSkewed, .skew = 3});
  cell.model.num_layers = 16;
  const auto forced = make_forced_routing(cell);
  const auto counts = histogram(*forced, cell, {0, 10, 20});
  std::set<std::ptrdiff_t> favourites;
  for (auto layer = counts.begin(); layer != counts.end(); layer += 8) {
    favourites.insert(std::max_element(layer, layer + 8) - layer);
  }
  EXPECT_GT(favourites.size(), 3);
}

class Trace : public ::testing::Test {
 protected:
  Trace() : path_(::testing::TempDir() + "moebench_trace_" + std::to_string(::getpid())) {}
  ~Trace() override { std::filesystem::remove(path_); }

  void write(const std::string& shape, const std::vector<std::uint8_t>& ids,
             const std::string& name = "expert_ids", const std::string& dtype = "U8") {
    const std::string header = "{\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape +
                               ",\"data_offsets\":[0," + std::to_string(ids.size()) + "]}}";
    const std::uint64_t length = header.size();
    std::ofstream out(path_, std::ios::binary);
    out.write(reinterpret_cast<const char*>(&length), sizeof length);
    out << header;
    out.write(reinterpret_cast<const char*>(ids.data()), static_cast<std::streamsize>(ids.size()));
  }

  config::CellConfig cell() const {
    return cell_with({.kind = RoutingKind::kTrace, .trace_file = path_});
  }
  std::string error() const {
    return moebench::error_of([&] { make_forced_routing(cell()); });
  }

  std::string path_;
};

TEST_F(Trace, IsReadTokenByTokenAndRepeats) {
  std::vector<std::uint8_t> ids;  // token t, layer l: experts t and t + l + 1
  for (int t = 0; t < 3; ++t) {
    for (int l = 0; l < 3; ++l) {
      ids.push_back(static_cast<std::uint8_t>(t));
      ids.push_back(static_cast<std::uint8_t>(t + l + 1));
    }
  }
  write("[3,3,2]", ids);
  const auto forced = make_forced_routing(cell());
  // Row 1 starts at the trace's token 16 mod 3 = 1.
  EXPECT_THAT(choices(*forced, {1, 1, 3}, 1), ::testing::ElementsAre(1, 3, 2, 4, 0, 2));
}

// The trace has the layers with experts alone, and so is it asked for.
TEST_F(Trace, LeavesDenseLayersOut) {
  config::CellConfig mixed = cell();
  mixed.model.dense_layers = {0};
  write("[1,2,2]", {0, 1, 2, 3});
  EXPECT_THAT(choices(*make_forced_routing(mixed), {0, 1, 1}, 1), ::testing::ElementsAre(2, 3));
  std::vector<std::int64_t> counts(16);
  count_choices(*make_forced_routing(mixed), mixed.model, {0, 1, 1}, counts);
  EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}), 4);
  write("[1,3,2]", {0, 1, 2, 3, 4, 5});
  EXPECT_THAT(error_of([&] { make_forced_routing(mixed); }),
              HasSubstr("needs [tokens, 2, 2], of its layers with experts alone"));
}

TEST_F(Trace, WrongTracesAreRefused) {
  EXPECT_THAT(error(), HasSubstr(path_));
  write("[1,3,2]", {0, 1, 2, 3, 4, 5}, "ids");
  EXPECT_THAT(error(), HasSubstr("no tensor 'expert_ids'; save one, [tokens, layers, top_k]"));
  write("[1,2,3]", {0, 1, 2, 3, 4, 5});
  EXPECT_THAT(error(), HasSubstr("has shape [1, 2, 3]; model 'm' needs [tokens, 3, 2]"));
  write("[1,3,2]", {0, 1, 2, 3, 4, 8});
  EXPECT_THAT(error(), HasSubstr("token 0 layer 2 names an expert outside 0 .. 7"));
  write("[1,3,2]", {0, 1, 2, 2, 4, 5});
  EXPECT_THAT(error(), HasSubstr("token 0 layer 1 names an expert twice"));
  write("[1,3,2]", {0, 1, 2, 3, 4, 5}, "expert_ids", "I8");
  EXPECT_THAT(error(), HasSubstr("is I8; save it as U8, I16, I32 or I64"));
}

}  // namespace
}  // namespace moebench::model
