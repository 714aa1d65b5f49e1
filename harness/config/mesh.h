#pragma once

#include <cstdint>
#include <vector>

namespace moebench::config {

struct CellConfig;

// Ranks of the world, an equal distance apart: first, first + stride, ...
struct RankGroup {
  std::int64_t first = 0;
  std::int64_t stride = 1;
  std::int64_t size = 1;

  // The place of a rank of the world that is one of the group's.
  std::int64_t index_of(std::int64_t rank) const { return (rank - first) / stride; }
  std::vector<std::int64_t> ranks() const;
  friend bool operator==(const RankGroup&, const RankGroup&) = default;
};

// The groups that a cell's parallelism makes of its ranks. Each call names the group that `rank` is
// one of; the groups of one call cover the world, each rank once.
class Mesh {
 public:
  explicit Mesh(const CellConfig& cell);
  // Degrees that divide `ranks`. `shard_degree`: ranks that hold one copy of all but the experts
  // of expert parallelism; there is no expert parallelism of several ranks unless it is `ranks`.
  Mesh(std::int64_t ranks, std::int64_t ep_degree, std::int64_t shard_degree);

  std::int64_t ranks() const { return ranks_; }
  RankGroup world() const { return {0, 1, ranks_}; }
  // Neighbours that share out the experts of each layer.
  RankGroup ep_group(std::int64_t rank) const;
  // Neighbours that hold one copy of the parameters, a slice each; and the ranks of all copies that
  // hold the same slice.
  RankGroup shard_group(std::int64_t rank) const;
  RankGroup replica_group(std::int64_t rank) const;
  // The same for the experts of `rank`.
  RankGroup expert_shard_group(std::int64_t rank) const;
  RankGroup expert_replica_group(std::int64_t rank) const;

 private:
  std::int64_t ranks_, ep_degree_, shard_degree_;
};

// The degrees that a cell's ranks and model allow, ascending: common divisors of ranks and experts;
// and divisors of the ranks that leave several groups of several ranks.
std::vector<std::int64_t> ep_degrees(const CellConfig& cell);
std::vector<std::int64_t> shard_degrees(const CellConfig& cell);

}  // namespace moebench::config
