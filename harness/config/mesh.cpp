#include "harness/config/mesh.h"

#include <numeric>

#include "harness/base/check.h"
#include "harness/config/cell.h"

namespace moebench::config {
namespace {

RankGroup neighbours(std::int64_t rank, std::int64_t size) { return {rank / size * size, 1, size}; }

RankGroup same_place_in_each(std::int64_t rank, std::int64_t group_size, std::int64_t ranks) {
  return {rank % group_size, group_size, ranks / group_size};
}

std::vector<std::int64_t> divisors(std::int64_t number) {
  std::vector<std::int64_t> all;
  for (std::int64_t divisor = 1; divisor <= number; ++divisor) {
    if (number % divisor == 0) all.push_back(divisor);
  }
  return all;
}

}  // namespace

std::vector<std::int64_t> ep_degrees(const CellConfig& cell) {
  return divisors(std::gcd(cell.ranks, cell.model.num_experts));
}

std::vector<std::int64_t> shard_degrees(const CellConfig& cell) {
  std::vector<std::int64_t> degrees = divisors(cell.ranks);
  std::erase_if(degrees, [&](std::int64_t d) { return d == 1 || d == cell.ranks; });
  return degrees;
}

std::vector<std::int64_t> RankGroup::ranks() const {
  std::vector<std::int64_t> all;
  for (std::int64_t i = 0; i < size; ++i) all.push_back(first + i * stride);
  return all;
}

Mesh::Mesh(const CellConfig& cell)
    : Mesh(cell.ranks, cell.ep_degree, cell.shard_degree == 0 ? cell.ranks : cell.shard_degree) {}

Mesh::Mesh(std::int64_t ranks, std::int64_t ep_degree, std::int64_t shard_degree)
    : ranks_(ranks), ep_degree_(ep_degree), shard_degree_(shard_degree) {
  MOEBENCH_CHECK(ranks > 0 && ranks % ep_degree == 0 && ranks % shard_degree == 0);
  MOEBENCH_CHECK(ep_degree == 1 || shard_degree == ranks);
}

RankGroup Mesh::ep_group(std::int64_t rank) const { return neighbours(rank, ep_degree_); }

RankGroup Mesh::shard_group(std::int64_t rank) const { return neighbours(rank, shard_degree_); }

RankGroup Mesh::replica_group(std::int64_t rank) const {
  return same_place_in_each(rank, shard_degree_, ranks_);
}

RankGroup Mesh::expert_shard_group(std::int64_t rank) const {
  return ep_degree_ == 1 ? shard_group(rank) : same_place_in_each(rank, ep_degree_, ranks_);
}

RankGroup Mesh::expert_replica_group(std::int64_t rank) const {
  return ep_degree_ == 1 ? replica_group(rank) : neighbours(rank, 1);
}

}  // namespace moebench::config
