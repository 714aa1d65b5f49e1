#include "harness/load/page_cache.h"

#include <gmock/gmock.h>
#include <sys/vfs.h>

#include "harness/base/file.h"
#include "harness/load/stages.h"
#include "harness/weights/weights_testing.h"

namespace moebench::load {
namespace {

constexpr long kTmpfsMagic = 0x01021994;

bool is_in_memory(const std::filesystem::path& folder) {
  struct statfs status {};
  return ::statfs(folder.c_str(), &status) == 0 && status.f_type == kTmpfsMagic;
}

std::filesystem::path file_of(std::size_t bytes) {
  const auto path = test_folder() / "file";
  write_file_atomically(path, std::string(bytes, 'x'));
  return path;
}

TEST(PageCache, DropsAndFills) {
  const auto path = file_of(3'000'001);
  if (is_in_memory(path.parent_path())) GTEST_SKIP() << "the test's folder lives in memory";
  drop_from_page_cache({path});
  EXPECT_EQ(resident_share({path}), 0);
  const weights::InputFile file(path);
  EXPECT_FALSE(Residency(file).seems_resident(0, file.size()));
  fill_page_cache({path});
  EXPECT_EQ(resident_share({path}), 1);
  EXPECT_EQ(Residency(file).count_pages(), 733);
  EXPECT_EQ(Residency(file).count_pages(4095, 4097), 2);
  EXPECT_TRUE(Residency(file).seems_resident(1, file.size()));
}

// In the Hugging Face cache files of a checkpoint are links.
TEST(PageCache, IsThatOfTheFileBehindALink) {
  const auto path = file_of(3'000'001);
  if (is_in_memory(path.parent_path())) GTEST_SKIP() << "the test's folder lives in memory";
  const auto link = path.parent_path() / "link";
  std::filesystem::create_symlink(path.filename(), link);
  drop_from_page_cache({link});
  EXPECT_EQ(resident_share({path}), 0);
  fill_page_cache({link});
  EXPECT_EQ(resident_share({path}), 1);
  EXPECT_EQ(Residency(weights::InputFile(link)).count_pages(), 733);
}

TEST(PageCache, SaysWhereAFileCannotBeDropped) {
  const std::filesystem::path folder = "/dev/shm";
  if (!is_in_memory(folder)) GTEST_SKIP() << "no tmpfs at /dev/shm";
  const auto path = folder / ("moebench-test-" + std::to_string(::getpid()));
  write_file_atomically(path, std::string(10'000, 'x'));
  const std::string error = error_of([&] { drop_from_page_cache({path}); });
  std::filesystem::remove(path);
  EXPECT_THAT(error, ::testing::HasSubstr("3 of 3 pages of '" + path.string() + "' stay"));
}

TEST(Memory, IsZeroedAndOnALine) {
  for (const auto pages : {Memory::Pages::kSystem, Memory::Pages::kHuge}) {
    for (const std::int64_t bytes : {1, 5000, 5'000'000}) {
      const Memory memory(bytes, pages);
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory.data()) % 64, 0u);
      EXPECT_EQ(std::count(memory.data(), memory.data() + bytes, std::byte{0}), bytes);
      touch_for_writing(memory.data(), bytes);
      touch_for_reading(memory.data(), bytes);
    }
  }
  EXPECT_EQ(Memory(0, Memory::Pages::kHuge).data(), nullptr);
}

TEST(Stages, WorkersAddUpToTheTimeThatPassed) {
  const std::int64_t start = measure::now_ns();
  StageClock clock;
  run_workers(clock, 3, [](StageClock& own, std::int64_t worker) {
    const InStage in(own, Stage::kRead);
    const std::int64_t end = measure::now_ns() + 2'000'000 * worker;
    while (measure::now_ns() < end) {
    }
  });
  const StageTimes times = clock.times();
  const std::int64_t passed = measure::now_ns() - start;
  std::int64_t sum = 0;
  for (const std::int64_t time : times) sum += time;
  EXPECT_LE(sum, passed);
  EXPECT_GE(times[static_cast<std::size_t>(Stage::kRead)], 2'000'000) << "the mean of 0, 2, 4 ms";
  EXPECT_GT(times[static_cast<std::size_t>(Stage::kWait)], 0);
}

TEST(Stages, WorkersHandOnTheirErrors) {
  StageClock clock;
  std::atomic<int> ended{0};
  EXPECT_EQ(error_of([&] {
              run_workers(clock, 4, [&](StageClock&, std::int64_t worker) {
                ++ended;
                if (worker == 2) throw Error(std::string("broken"));
              });
            }),
            "broken");
  EXPECT_EQ(ended, 4);
}

}  // namespace
}  // namespace moebench::load
