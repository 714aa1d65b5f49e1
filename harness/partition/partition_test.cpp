#include "harness/partition/partition.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace moebench::partition {
namespace {

using config::CellConfig;

// Odd sizes, so that no unit fills its slices.
CellConfig odd_cell(std::int64_t ranks, std::int64_t ep_degree) {
  CellConfig cell;
  cell.model.hidden_size = 13;
  cell.model.intermediate_size = 7;
  cell.model.num_layers = 2;
  cell.model.num_experts = 2 * ep_degree;
  cell.model.num_heads = 3;
  cell.model.num_kv_heads = 1;
  cell.model.head_dim = 5;
  cell.model.vocab_size = 29;
  cell.ranks = ranks;
  cell.parallelism = ep_degree == 1 ? config::Parallelism::kFsdp : config::Parallelism::kEp;
  cell.ep_degree = ep_degree;
  return cell;
}

CellConfig odd_hsdp_cell(std::int64_t ranks, std::int64_t shard_degree) {
  CellConfig cell = odd_cell(ranks, 1);
  cell.parallelism = config::Parallelism::kHsdp;
  cell.shard_degree = shard_degree;
  return cell;
}

// Every degree of ep (and with it fsdp) and of hsdp from 1 to 8.
template <typename F>
void for_each_cell(const F& f) {
  for (std::int64_t degree = 1; degree <= 8; ++degree) {
    for (const std::int64_t ranks : {degree, 2 * degree, 3 * degree}) {
      for (CellConfig cell : {odd_cell(ranks, degree), odd_hsdp_cell(ranks, degree)}) {
        for (const auto type : {config::ModelType::kMixtral, config::ModelType::kGraniteMoe}) {
          cell.model.type = type;
          cell.model.tie_word_embeddings = type == config::ModelType::kGraniteMoe;
          SCOPED_TRACE(testing::Message() << to_string(cell.parallelism) << degree << " of "
                                          << ranks << ", " << to_string(type));
          f(cell);
        }
      }
    }
  }
}

// Counts how often each element of each parameter is held.
class Coverage {
 public:
  explicit Coverage(const config::ModelConfig& model) {
    for (const ParameterSpec& parameter : model_parameters(model)) {
      held_[parameter.name].resize(static_cast<std::size_t>(parameter.num_elements()));
    }
  }
  void add(const std::vector<SlicePiece>& pieces) {
    for (const SlicePiece& piece : pieces) {
      auto& held = held_.at(piece.parameter->name);
      ASSERT_LE(piece.begin + piece.count, std::ssize(held));
      for (std::int64_t i = 0; i < piece.count; ++i) {
        ++held[static_cast<std::size_t>(piece.begin + i)];
      }
    }
  }
  void expect_everywhere(int times) const {
    for (const auto& [name, held] : held_) {
      EXPECT_EQ(std::ranges::count(held, times), std::ssize(held)) << name;
    }
  }

 private:
  std::map<std::string, std::vector<int>> held_;
};

std::int64_t num_replicas(const CellConfig& cell) {
  return config::Mesh(cell).replica_group(0).size;
}

TEST(Partition, HoldsEveryElementOnceInEachCopy) {
  for_each_cell([](const CellConfig& cell) {
    Coverage all(cell.model), own(cell.model);
    for (std::int64_t rank = 0; rank < cell.ranks; ++rank) {
      for (const Unit& unit : Partition(cell, rank).units()) {
        all.add(unit.pieces());
        own.add(unit.own_pieces());
      }
    }
    all.expect_everywhere(static_cast<int>(num_replicas(cell)));
    own.expect_everywhere(1);
  });
}

// Pieces lie one behind another from the slice's start on, and padding behind them.
TEST(Partition, FillsSlicesFromTheFront) {
  for_each_cell([](const CellConfig& cell) {
    for (std::int64_t rank = 0; rank < cell.ranks; ++rank) {
      for (const Unit& unit : Partition(cell, rank).units()) {
        std::int64_t next = 0;
        for (const SlicePiece& piece : unit.pieces()) {
          EXPECT_EQ(piece.offset, next);
          next += piece.count;
        }
        EXPECT_EQ(next, unit.kept_elements());
        EXPECT_LE(next, unit.slice_elements);
      }
    }
  });
}

// All ranks of a group cut a unit alike: 64-byte multiples in bf16, and less padding than a
// multiple a rank.
TEST(Partition, CutsEqualSlices) {
  for_each_cell([](const CellConfig& cell) {
    const std::vector<Unit> first = Partition(cell, 0).units();
    for (std::int64_t rank = 0; rank < cell.ranks; ++rank) {
      const std::vector<Unit> units = Partition(cell, rank).units();
      ASSERT_EQ(units.size(), first.size());
      for (std::size_t i = 0; i < units.size(); ++i) {
        const Unit& unit = units[i];
        const std::int64_t holders = unit.shard_group.size * unit.replica_group.size;
        EXPECT_EQ(unit.slice_elements, first[i].slice_elements);
        EXPECT_EQ(unit.layout.num_elements, first[i].layout.num_elements);
        EXPECT_EQ(unit.slice_elements % (32 * unit.replica_group.size), 0);
        EXPECT_EQ(unit.slice_begin, unit.shard_group.index_of(rank) * unit.slice_elements);
        EXPECT_EQ(unit.own_elements * unit.replica_group.size, unit.slice_elements);
        EXPECT_GE(unit.padded_elements(), unit.layout.num_elements);
        EXPECT_LT(unit.padded_elements(), unit.layout.num_elements + 32 * holders);
      }
    }
  });
}

TEST(Partition, GivesEachRankOfAnEpGroupItsExperts) {
  const CellConfig cell = odd_cell(6, 3);
  for (std::int64_t rank = 0; rank < cell.ranks; ++rank) {
    const Partition partition(cell, rank);
    EXPECT_EQ(partition.experts().begin, rank % 3 * 2);
    EXPECT_EQ(partition.experts().size(), 2);
    const std::vector<Unit> layer = partition.layer(1);
    ASSERT_EQ(layer.size(), 2u);
    EXPECT_EQ(layer[0].layout.name, "layers.1");
    EXPECT_EQ(layer[0].shard_group, (config::RankGroup{0, 1, 6}));
    EXPECT_EQ(layer[1].layout.name, "layers.1.experts");
    EXPECT_EQ(layer[1].shard_group, (config::RankGroup{rank % 3, 3, 2}));
  }
}

TEST(Partition, RepeatsSlicesInEveryShardGroup) {
  const CellConfig cell = odd_hsdp_cell(6, 3);
  for (std::int64_t rank = 0; rank < cell.ranks; ++rank) {
    const Unit root = Partition(cell, rank).root();
    const Unit other = Partition(cell, (rank + 3) % 6).root();
    EXPECT_EQ(root.slice_begin, other.slice_begin);
    EXPECT_EQ(root.slice_elements, other.slice_elements);
    EXPECT_EQ(root.replica_group, other.replica_group);
    EXPECT_NE(root.shard_group, other.shard_group);
    EXPECT_EQ(root.own_offset, rank < 3 ? 0 : root.slice_elements / 2);
  }
}

TEST(Partition, KeepsALayerTogetherWhereTheSameRanksHoldIt) {
  const CellConfig cell = odd_cell(4, 1);
  const std::vector<Unit> layer = Partition(cell, 3).layer(0);
  ASSERT_EQ(layer.size(), 1u);
  EXPECT_EQ(layer[0].shard_group, config::Mesh(cell).world());
}

// The optimizer's part of all ranks' slices is what is trained, and no padding beside it.
TEST(Partition, LetsTheOptimizerTouchWhatIsTrained) {
  CellConfig cell = odd_cell(4, 1);
  EXPECT_EQ(Partition(cell, 0).layer(0)[0].trained_elements(),
            Partition(cell, 0).layer(0)[0].slice_elements);
  cell.model.router_correction = true;
  std::int64_t trained = 0;
  for (std::int64_t rank = 0; rank < cell.ranks; ++rank) {
    trained += Partition(cell, rank).layer(0)[0].trained_elements();
  }
  EXPECT_EQ(trained, Partition(cell, 0).layer(0)[0].layout.num_trained());
}

TEST(Partition, KeepsALayerWithoutExpertsInOneUnit) {
  CellConfig cell = odd_cell(6, 3);
  cell.model.dense_layers = {0};
  cell.model.dense_intermediate_size = 9;
  const Partition partition(cell, 1);
  ASSERT_EQ(partition.layer(0).size(), 1u);
  EXPECT_EQ(partition.layer(0)[0].shard_group, (config::RankGroup{0, 1, 6}));
  EXPECT_EQ(partition.layer(1).size(), 2u);
}

}  // namespace
}  // namespace moebench::partition
