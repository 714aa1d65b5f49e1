#pragma once

#include <cstdint>
#include <vector>

#include "harness/config/cell.h"
#include "harness/config/mesh.h"
#include "harness/partition/layout.h"

namespace moebench::partition {

// Elements [begin, begin + count) of a parameter, which lie at `offset` in a rank's slice.
struct SlicePiece {
  const ParameterSpec* parameter;  // in the unit's layout
  std::int64_t begin;
  std::int64_t offset;
  std::int64_t count;
};

// Parameters that are gathered, freed and reduced together, and what one rank holds of them. The
// flat buffer is padded to equal slices, one for each rank of the shard group; each rank of the
// replica group holds the same slice.
struct Unit {
  Layout layout;
  config::RankGroup shard_group, replica_group;
  std::int64_t slice_elements = 0;  // of every rank, padding included
  std::int64_t slice_begin = 0;     // of this rank's, in the flat buffer
  // This rank, of its replicas, answers for this part of the slice: sums over them, norm, saves.
  std::int64_t own_offset = 0;
  std::int64_t own_elements = 0;

  bool is_sharded() const { return shard_group.size > 1; }
  bool is_replicated() const { return replica_group.size > 1; }
  std::int64_t padded_elements() const { return slice_elements * shard_group.size; }
  // Elements of the slice that belong to parameters; what follows is padding.
  std::int64_t kept_elements() const;
  // Elements of the slice that the optimizer may change. What no gradient trains lies behind them;
  // where there is nothing of that, padding, which stays 0, counts too.
  std::int64_t trained_elements() const;

  // The parts of parameters in this rank's slice, and in its own part of it. They point into
  // `layout`.
  std::vector<SlicePiece> pieces() const;
  std::vector<SlicePiece> own_pieces() const;
};

// Says who owns which part of a cell's model, as seen by one rank: units, groups of ranks and
// slices, without a tensor or a process.
//
// There is a unit for each decoder layer, and one for embedding, final norm and head. fsdp: every
// unit is sharded over all ranks. hsdp: over shard_degree neighbours, and each group of them holds
// a copy. ep: the experts of a layer are a unit of their own, split over the ranks of an ep group
// and sharded over the ranks that own the same experts.
class Partition {
 public:
  // `cell` must outlive it; 0 <= rank < cell.ranks.
  Partition(const config::CellConfig& cell, std::int64_t rank);

  const config::Mesh& mesh() const { return mesh_; }
  // The experts of every layer whose rows this rank computes; it holds parameters of no others.
  ExpertRange experts() const { return experts_; }

  Unit root() const;
  // A layer's: one, or two where its experts are held by other ranks than all else.
  std::vector<Unit> layer(std::int64_t index) const;
  // Root, then each layer's: the order of the engine's units.
  std::vector<Unit> units() const;

 private:
  Unit unit_of(Layout layout, const config::RankGroup& shards,
               const config::RankGroup& replicas) const;

  const config::CellConfig& cell_;
  std::int64_t rank_;
  config::Mesh mesh_;
  ExpertRange experts_;
};

}  // namespace moebench::partition
