#include "harness/partition/partition.h"

#include <algorithm>
#include <utility>

#include "harness/base/check.h"

namespace moebench::partition {
namespace {

// Slices, and their parts that replicas sum, start on 64-byte boundaries for every dtype.
constexpr std::int64_t kMultiple = 32;

// The slots' parts in elements [begin, end) of the flat buffer, with offsets from `origin`.
std::vector<SlicePiece> pieces_within(const Layout& layout, std::int64_t begin, std::int64_t end,
                                      std::int64_t origin) {
  std::vector<SlicePiece> pieces;
  for (const Slot& slot : layout.slots) {
    const std::int64_t from = std::max(slot.offset, begin);
    const std::int64_t to = std::min(slot.offset + slot.num_elements, end);
    if (from >= to) continue;
    pieces.push_back(
        {&slot.parameter, slot.parameter_begin + from - slot.offset, from - origin, to - from});
  }
  return pieces;
}

ExpertRange experts_of(const config::CellConfig& cell, const config::RankGroup& ep_group,
                       std::int64_t rank) {
  MOEBENCH_CHECK(cell.model.num_experts % ep_group.size == 0);
  const std::int64_t count = cell.model.num_experts / ep_group.size;
  const std::int64_t begin = ep_group.index_of(rank) * count;
  return {begin, begin + count};
}

}  // namespace

std::int64_t Unit::kept_elements() const {
  return std::clamp(layout.num_elements - slice_begin, std::int64_t{0}, slice_elements);
}

std::int64_t Unit::trained_elements() const {
  const bool has_frozen = layout.num_trained() < layout.num_elements;
  if (!has_frozen) return slice_elements;
  return std::clamp(layout.num_trained() - slice_begin, std::int64_t{0}, slice_elements);
}

std::vector<SlicePiece> Unit::pieces() const {
  return pieces_within(layout, slice_begin, slice_begin + slice_elements, slice_begin);
}

std::vector<SlicePiece> Unit::own_pieces() const {
  const std::int64_t begin = slice_begin + own_offset;
  return pieces_within(layout, begin, begin + own_elements, slice_begin);
}

Partition::Partition(const config::CellConfig& cell, std::int64_t rank)
    : cell_(cell),
      rank_(rank),
      mesh_(cell),
      experts_(experts_of(cell, mesh_.ep_group(rank), rank)) {
  MOEBENCH_CHECK(rank >= 0 && rank < cell.ranks);
}

Unit Partition::unit_of(Layout layout, const config::RankGroup& shards,
                        const config::RankGroup& replicas) const {
  const std::int64_t multiple = kMultiple * replicas.size;
  const std::int64_t step = multiple * shards.size;
  Unit unit;
  unit.slice_elements = (layout.num_elements + step - 1) / step * multiple;
  unit.slice_begin = shards.index_of(rank_) * unit.slice_elements;
  unit.own_elements = unit.slice_elements / replicas.size;
  unit.own_offset = replicas.index_of(rank_) * unit.own_elements;
  unit.shard_group = shards;
  unit.replica_group = replicas;
  unit.layout = std::move(layout);
  return unit;
}

Unit Partition::root() const {
  return unit_of(root_layout(cell_.model), mesh_.shard_group(rank_), mesh_.replica_group(rank_));
}

std::vector<Unit> Partition::layer(std::int64_t index) const {
  const config::RankGroup shards = mesh_.shard_group(rank_);
  const config::RankGroup replicas = mesh_.replica_group(rank_);
  const config::RankGroup expert_shards = mesh_.expert_shard_group(rank_);
  const config::RankGroup expert_replicas = mesh_.expert_replica_group(rank_);
  Layout dense = dense_layout(cell_.model, index);
  const Layout experts = expert_layout(cell_.model, index, experts_);
  const Layout frozen = frozen_layout(cell_.model, index);
  if (mesh_.ep_group(rank_).size == 1 || experts.slots.empty()) {
    dense = concatenate(concatenate(std::move(dense), experts), frozen);
    return {unit_of(std::move(dense), shards, replicas)};
  }
  return {unit_of(concatenate(std::move(dense), frozen), shards, replicas),
          unit_of(experts, expert_shards, expert_replicas)};
}

std::vector<Unit> Partition::units() const {
  std::vector<Unit> units = {root()};
  for (std::int64_t i = 0; i < cell_.model.num_layers; ++i) {
    for (Unit& unit : layer(i)) units.push_back(std::move(unit));
  }
  return units;
}

}  // namespace moebench::partition
