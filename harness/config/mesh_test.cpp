#include "harness/config/mesh.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "harness/config/cell.h"

namespace moebench::config {
namespace {

using ::testing::ElementsAre;

using Call = RankGroup (Mesh::*)(std::int64_t rank) const;

// Each rank is in the group that is named for it, and all its members are told the same group.
void expect_cover(const Mesh& mesh, Call call, std::int64_t size) {
  for (std::int64_t rank = 0; rank < mesh.ranks(); ++rank) {
    const RankGroup group = (mesh.*call)(rank);
    EXPECT_EQ(group.size, size);
    const std::vector<std::int64_t> members = group.ranks();
    EXPECT_EQ(std::ranges::count(members, rank), 1);
    EXPECT_EQ(members[static_cast<std::size_t>(group.index_of(rank))], rank);
    for (const std::int64_t member : members) {
      EXPECT_EQ((mesh.*call)(member), group);
    }
  }
}

// The ranks that hold one copy together, each in the place of its slice, are no two in a replica
// group.
void expect_grid(const Mesh& mesh, Call shards, Call replicas) {
  for (std::int64_t rank = 0; rank < mesh.ranks(); ++rank) {
    std::set<std::int64_t> reached;
    for (const std::int64_t member : (mesh.*shards)(rank).ranks()) {
      for (const std::int64_t replica : (mesh.*replicas)(member).ranks()) {
        EXPECT_TRUE(reached.insert(replica).second);
        EXPECT_EQ((mesh.*shards)(replica).index_of(replica),
                  (mesh.*shards)(member).index_of(member));
      }
    }
  }
}

TEST(Mesh, EveryGroupingCoversTheWorldOnce) {
  for (std::int64_t ranks = 1; ranks <= 12; ++ranks) {
    for (std::int64_t degree = 1; degree <= ranks; ++degree) {
      if (ranks % degree != 0) continue;
      SCOPED_TRACE(testing::Message() << "degree " << degree << " of " << ranks);
      const Mesh ep(ranks, degree, ranks);
      expect_cover(ep, &Mesh::ep_group, degree);
      expect_cover(ep, &Mesh::shard_group, ranks);
      expect_cover(ep, &Mesh::replica_group, 1);
      expect_cover(ep, &Mesh::expert_shard_group, ranks / degree);
      expect_cover(ep, &Mesh::expert_replica_group, 1);
      expect_grid(ep, &Mesh::ep_group, &Mesh::expert_shard_group);
      const Mesh hsdp(ranks, 1, degree);
      expect_cover(hsdp, &Mesh::ep_group, 1);
      expect_cover(hsdp, &Mesh::shard_group, degree);
      expect_cover(hsdp, &Mesh::replica_group, ranks / degree);
      expect_cover(hsdp, &Mesh::expert_shard_group, degree);
      expect_cover(hsdp, &Mesh::expert_replica_group, ranks / degree);
      expect_grid(hsdp, &Mesh::shard_group, &Mesh::replica_group);
    }
  }
}

TEST(Mesh, NeighboursShareExpertsAndCopies) {
  const Mesh ep(8, 4, 8);
  EXPECT_THAT(ep.ep_group(5).ranks(), ElementsAre(4, 5, 6, 7));
  EXPECT_THAT(ep.expert_shard_group(5).ranks(), ElementsAre(1, 5));
  const Mesh hsdp(8, 1, 4);
  EXPECT_THAT(hsdp.shard_group(5).ranks(), ElementsAre(4, 5, 6, 7));
  EXPECT_THAT(hsdp.replica_group(5).ranks(), ElementsAre(1, 5));
}

TEST(Mesh, KnowsTheDegreesThatRanksAndExpertsAllow) {
  CellConfig cell;
  cell.model.num_experts = 8;
  cell.ranks = 12;
  EXPECT_THAT(ep_degrees(cell), ElementsAre(1, 2, 4));
  EXPECT_THAT(shard_degrees(cell), ElementsAre(2, 3, 4, 6));
  for (const std::int64_t ranks : {1, 2, 7}) {
    cell.ranks = ranks;
    EXPECT_THAT(shard_degrees(cell), ElementsAre());
  }
}

TEST(Mesh, IsTheCells) {
  CellConfig cell;
  cell.ranks = 6;
  cell.ep_degree = 3;
  EXPECT_EQ(Mesh(cell).ep_group(4), (RankGroup{3, 1, 3}));
  EXPECT_EQ(Mesh(cell).shard_group(4), Mesh(cell).world());
  cell.ep_degree = 1;
  cell.shard_degree = 2;
  EXPECT_EQ(Mesh(cell).shard_group(4), (RankGroup{4, 1, 2}));
}

}  // namespace
}  // namespace moebench::config
