#include "harness/load/read_plan.h"

#include <gmock/gmock.h>

#include "harness/load/load_testing.h"
#include "harness/load/share_plan.h"

namespace moebench::load {
namespace {

using ::testing::ElementsAre;

class ReadPlanTest : public ::testing::Test {
 protected:
  ReadPlanTest() {
    for (const char* name : {"a", "b"}) write_file(folder_ / name, {{"t", {1}}});
    a_ = std::make_unique<weights::SafetensorsReader>(folder_ / "a");
    b_ = std::make_unique<weights::SafetensorsReader>(folder_ / "b");
  }

  static Piece run(const weights::SafetensorsReader* file, std::int64_t offset,
                   std::int64_t count) {
    Piece piece;
    piece.file = file;
    piece.offset = offset;
    piece.cols = count;
    return piece;
  }

  static Piece matrix(const weights::SafetensorsReader* file, std::int64_t offset,
                      std::int64_t rows, std::int64_t cols) {
    Piece piece = run(file, offset, cols);
    piece.rows = rows;
    piece.transposed = true;
    return piece;
  }

  static std::vector<Segment> whole(const std::vector<Piece>& pieces) {
    std::vector<Segment> segments;
    for (const Piece& piece : pieces) segments.push_back({&piece, 0, piece.num_elements()});
    return segments;
  }

  std::filesystem::path folder_ = test_folder();
  std::unique_ptr<weights::SafetensorsReader> a_, b_;
};

std::vector<std::pair<std::int64_t, std::int64_t>> ranges(const std::vector<Chunk>& chunks) {
  std::vector<std::pair<std::int64_t, std::int64_t>> ranges;
  for (const Chunk& chunk : chunks) ranges.emplace_back(chunk.begin, chunk.end);
  return ranges;
}

TEST_F(ReadPlanTest, SortsByPlaceAndMergesNeighbours) {
  const std::vector<Piece> pieces = {run(b_.get(), 100, 50), run(a_.get(), 300, 50),
                                     run(a_.get(), 100, 100), run(a_.get(), 402, 10)};
  const auto chunks = plan_reads(whole(pieces), 1 << 20);
  EXPECT_THAT(ranges(chunks),
              ElementsAre(std::pair(100, 400), std::pair(402, 422), std::pair(100, 200)));
  EXPECT_EQ(chunks[0].segments.size(), 2u);
  EXPECT_EQ(chunks[0].segments[1].piece, &pieces[1]);
  EXPECT_EQ(chunks[2].file, b_.get());
}

TEST_F(ReadPlanTest, CutsLargePieces) {
  const std::vector<Piece> pieces = {run(a_.get(), 7, 5000)};
  EXPECT_THAT(ranges(plan_reads(whole(pieces), 4096)),
              ElementsAre(std::pair(7, 4103), std::pair(4103, 8199), std::pair(8199, 10'007)));
}

TEST_F(ReadPlanTest, CutsTransposedPiecesIntoRowsThatFillLines) {
  const auto rows_of_first = [&](std::int64_t max_bytes) {
    const Piece piece = matrix(a_.get(), 0, 1000, 10);
    return cut({&piece, 0, piece.num_elements()}, max_bytes).front().count / 10;
  };
  EXPECT_EQ(rows_of_first(20 * 700), 512);
  EXPECT_EQ(rows_of_first(20 * 255), 224);
  EXPECT_EQ(rows_of_first(20 * 31), 31);
  EXPECT_EQ(rows_of_first(5), 1) << "a row is read whole, however large";
}

TEST_F(ReadPlanTest, SharesCoverEveryByteOnceAndEvenly) {
  // Rank 0 and 1 need all of a tensor, rank 2 its middle; rank 2 alone needs another.
  std::vector<std::vector<Piece>> pieces = {{run(a_.get(), 0, 4000)},
                                            {run(a_.get(), 0, 4000)},
                                            {run(a_.get(), 2000, 1000), run(b_.get(), 8, 100)}};
  std::map<int, std::int64_t> read;
  for (int rank = 0; rank < 3; ++rank) {
    const SharePlan plan = plan_shares(pieces, rank, 500);
    std::int64_t end = 0;
    for (const SharedRange& range : plan.shared) {
      EXPECT_EQ(range.begin, end);
      end = range.end;
      const bool is_middle = range.begin >= 2000 && range.end <= 4000;
      EXPECT_EQ(range.ranks, is_middle ? std::vector({0, 1, 2}) : std::vector({0, 1}));
      EXPECT_THAT(range.ranks, ::testing::Contains(range.reader));
      if (range.reader == rank) read[rank] += range.end - range.begin;
    }
    EXPECT_EQ(end, 8000);
    ASSERT_EQ(plan.own.size(), rank == 2 ? 1u : 0u);
    if (rank == 2) {
      EXPECT_EQ(plan.own[0].begin(), 8);
    }
  }
  EXPECT_EQ(read[0] + read[1] + read[2], 8000);
  EXPECT_LE(std::abs(read[0] - read[1]), 500);
  EXPECT_GE(read[2], 1000) << "it had read nothing when its part came";
}

}  // namespace
}  // namespace moebench::load
