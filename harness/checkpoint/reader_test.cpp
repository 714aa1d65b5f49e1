#include "harness/checkpoint/reader.h"

#include <cmath>
#include <fstream>

#include "harness/base/file.h"
#include "harness/checkpoint/checkpoint_testing.h"
#include "harness/checkpoint/difference.h"

namespace moebench::checkpoint {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

void verify(const fs::path& folder) {
  const Reader reader(folder);
  for (std::size_t file = 0; file < reader.manifest().files.size(); ++file)
    reader.verify_file(file);
}

void overwrite(const fs::path& file, std::int64_t offset, char byte) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekp(offset);
  stream.put(byte);
}

std::vector<float> read(const Reader& reader, Quantity quantity, const std::string& parameter,
                        std::int64_t begin, std::size_t count) {
  std::vector<float> values(count);
  reader.read(quantity, parameter, begin, std::as_writable_bytes(std::span(values)));
  return values;
}

TEST(Reader, FindsAnyRangeInAnySharding) {
  for (const int num_ranks : {1, 2, 5, 10}) {
    const fs::path folder = test_folder();
    save_test_checkpoint(folder, 3, num_ranks);
    const Reader reader(folder);
    for (const Quantity quantity : kQuantities) {
      for (std::int64_t begin = 0; begin < kElements; ++begin) {
        for (std::int64_t count = 0; begin + count <= kElements; ++count) {
          const auto values = read(reader, quantity, "b", begin, static_cast<std::size_t>(count));
          for (std::int64_t i = 0; i < count; ++i) {
            EXPECT_EQ(values[static_cast<std::size_t>(i)], test_value(3, quantity, 1, begin + i));
          }
        }
      }
    }
  }
}

TEST(Reader, TakesTheNewestOrTheOneNamed) {
  const fs::path folder = test_folder();
  for (const std::int64_t step : {9, 10, 2}) save_test_checkpoint(folder, step);
  EXPECT_EQ(Reader(folder).manifest().step, 10);
  EXPECT_EQ(Reader(folder / "step_9").manifest().step, 9);
  const fs::path missing = folder / "missing";
  EXPECT_THAT(error_of([&] { Reader reader(missing); }),
              HasSubstr("no checkpoint in '" + missing.string() + "'"));
}

// Going on from an older one unasked would hide the loss.
TEST(Reader, ANewestWithoutManifestIsAnError) {
  const fs::path folder = test_folder();
  save_test_checkpoint(folder, 3);
  save_test_checkpoint(folder, 6);
  fs::remove(folder / "step_6" / kManifestName);
  for (const fs::path& path : {folder, folder / "step_6"}) {
    EXPECT_THAT(error_of([&] { Reader{path}; }),
                AllOf(HasSubstr("step_6' has lost its manifest.json"),
                      HasSubstr("resume from '" + (folder / "step_3").string())));
  }
}

TEST(Reader, WhatTheCheckpointLacksIsNamed) {
  const fs::path folder = test_folder();
  save_test_checkpoint(folder, 3);
  const Reader reader(folder);
  EXPECT_THAT(error_of([&] { read(reader, Quantity::kExpAvg, "c", 0, 1); }),
              HasSubstr("holds no exp_avg of 'c' from element 0 on"));
  EXPECT_THAT(error_of([&] { read(reader, Quantity::kParameter, "a", 8, 3); }),
              HasSubstr("holds no parameter of 'a' from element 10 on"));
}

TEST(Reader, EveryDamagedByteOfAFileIsFound) {
  const fs::path folder = test_folder();
  save_test_checkpoint(folder, 3);
  const fs::path file = folder / "step_3" / "rank_1.safetensors";
  const std::string content = read_file(file);
  for (std::size_t at = 0; at < content.size(); at += 7) {
    overwrite(file, static_cast<std::int64_t>(at), static_cast<char>(content[at] ^ 1));
    EXPECT_THAT(error_of([&] { verify(folder); }),
                AllOf(HasSubstr("rank_1.safetensors' is damaged"), HasSubstr("copy")));
    overwrite(file, static_cast<std::int64_t>(at), content[at]);
  }
  verify(folder);
}

TEST(Reader, MissingAndCutFilesAreNamedWithTheCheckpointBefore) {
  const fs::path folder = test_folder();
  save_test_checkpoint(folder, 3);
  save_test_checkpoint(folder, 6);
  const fs::path file = folder / "step_6" / "rank_0.safetensors";
  fs::resize_file(file, fs::file_size(file) - 1);
  EXPECT_THAT(error_of([&] { verify(folder); }),
              AllOf(HasSubstr("step_6/rank_0.safetensors' has "), HasSubstr("its manifest says"),
                    HasSubstr("or resume from '" + (folder / "step_3").string() + "'")));
  fs::remove(file);
  EXPECT_THAT(error_of([&] { verify(folder); }),
              HasSubstr("step_6/rank_0.safetensors' cannot be read (No such file"));
  EXPECT_THAT(error_of([&] { verify(folder / "step_3"); }), HasSubstr("no error"));
}

TEST(Reader, AFileOfAnotherCheckpointIsFound) {
  const fs::path folder = test_folder();
  save_test_checkpoint(folder, 3);
  save_test_checkpoint(folder, 6);
  const fs::path file = folder / "step_6" / "rank_0.safetensors";
  fs::copy_file(folder / "step_3" / "rank_0.safetensors", file,
                fs::copy_options::overwrite_existing);
  EXPECT_THAT(error_of([&] { verify(folder); }), HasSubstr("is damaged"));
  // Even unverified, a file with other tensors is not read for what it is not.
  save_test_checkpoint(folder, 8, 1);
  fs::copy_file(folder / "step_8" / "rank_0.safetensors", file,
                fs::copy_options::overwrite_existing);
  const Reader reader(folder / "step_6");
  EXPECT_THAT(error_of([&] { read(reader, Quantity::kExpAvg, "a", 0, 1); }),
              HasSubstr("does not hold 'exp_avg:a[0:5]' as its manifest says"));
}

TEST(Difference, SeesEqualBitsThroughAnyShardingAndMeasuresTheRest) {
  const fs::path folder = test_folder();
  save_test_checkpoint(folder / "two", 3, 2);
  save_test_checkpoint(folder / "five", 3, 5);
  save_test_checkpoint(folder / "later", 4, 5);
  const Difference same = difference(Reader(folder / "two"), Reader(folder / "five"));
  EXPECT_TRUE(same.identical);
  EXPECT_EQ(same.parameters, 0);
  EXPECT_EQ(same.moments, 0);
  const Difference other = difference(Reader(folder / "later"), Reader(folder / "two"));
  EXPECT_FALSE(other.identical);
  // 1000 more in every element; those of "a" are 3000 .. 3009.
  EXPECT_NEAR(other.parameters, 1000 / 3004.5, 1e-5);
  EXPECT_EQ(other.worst_parameter, "a");
  EXPECT_NEAR(other.moments, 1000 / 3104.5, 1e-5);
}

TEST(Difference, ANumberThatIsNoneIsInfinitelyFar) {
  const fs::path folder = test_folder();
  save_test_checkpoint(folder / "good", 3);
  save_test_checkpoint(folder / "nan", 3);
  const fs::path file = folder / "nan" / "step_3" / "rank_1.safetensors";
  // The last element is one of a moment; its exponent's bits all set.
  const auto size = static_cast<std::int64_t>(fs::file_size(file));
  overwrite(file, size - 1, '\x7f');
  overwrite(file, size - 2, '\xff');
  const Difference found = difference(Reader(folder / "nan"), Reader(folder / "good"));
  EXPECT_FALSE(found.identical);
  EXPECT_EQ(found.parameters, 0);
  EXPECT_TRUE(std::isinf(found.moments));
}

}  // namespace
}  // namespace moebench::checkpoint
