#include "harness/checkpoint/save.h"

#include <signal.h>
#include <sys/wait.h>

#include <algorithm>

#include "harness/base/file.h"
#include "harness/checkpoint/checkpoint_testing.h"
#include "harness/checkpoint/reader.h"

namespace moebench::checkpoint {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr Stage kStages[] = {Stage::kBegun, Stage::kHalfShard, Stage::kShardWritten,
                             Stage::kReady, Stage::kExchanged, Stage::kDone};

// Saves in a process of its own, which SIGKILL ends at the `count`-th time that it is at `stage`.
void save_and_die(const fs::path& folder, std::int64_t step, Stage stage, int count = 1) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    save_test_checkpoint(folder, step, 2, /*keep=*/0, [&](Stage now) {
      if (now == stage && --count == 0) ::raise(SIGKILL);
    });
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << to_string(stage);
}

void expect_whole(const fs::path& folder, std::int64_t step) {
  const Reader reader(folder);
  EXPECT_EQ(reader.manifest().step, step);
  for (std::size_t file = 0; file < reader.manifest().files.size(); ++file)
    reader.verify_file(file);
  float value = 0;
  reader.read(Quantity::kExpAvgSq, "b", 7, std::as_writable_bytes(std::span(&value, 1)));
  EXPECT_EQ(value, test_value(step, Quantity::kExpAvgSq, 1, 7));
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
  std::ranges::sort(names);
  return names;
}

TEST(Save, AKillAtAnyStageLeavesAWholeCheckpoint) {
  for (const Stage stage : kStages) {
    SCOPED_TRACE(to_string(stage));
    const fs::path folder = test_folder();
    save_test_checkpoint(folder, 2);
    save_and_die(folder, 4, stage);
    const bool is_committed = stage == Stage::kExchanged || stage == Stage::kDone;
    expect_whole(folder, is_committed ? 4 : 2);
    save_test_checkpoint(folder, 6);
    expect_whole(folder, 6);
    for (const std::string& name : names_in(folder)) {
      EXPECT_FALSE(name.ends_with(".tmp")) << name << " is left over";
    }
  }
}

TEST(Save, AKillInTheSecondRanksFileChangesNothing) {
  const fs::path folder = test_folder();
  save_test_checkpoint(folder, 2);
  save_and_die(folder, 4, Stage::kHalfShard, 2);
  expect_whole(folder, 2);
}

TEST(Save, AKillDuringTheFirstSaveLeavesNone) {
  const fs::path folder = test_folder();
  save_and_die(folder, 2, Stage::kReady);
  EXPECT_THAT(saved_steps(folder), IsEmpty());
  EXPECT_THAT(error_of([&] { find_checkpoint(folder); }), HasSubstr("no checkpoint in '"));
}

TEST(Save, TheSameStepIsReplacedAtOnce) {
  for (const Stage stage : kStages) {
    SCOPED_TRACE(to_string(stage));
    const fs::path folder = test_folder();
    save_test_checkpoint(folder, 2, 1);
    save_and_die(folder, 2, stage);
    expect_whole(folder, 2);
    save_test_checkpoint(folder, 2, 5);
    EXPECT_EQ(Reader(folder).manifest().files.size(), 5U);
    EXPECT_THAT(names_in(folder), ElementsAre("step_2"));
  }
}

TEST(Save, TheUnfinishedSaveOfALiveRunIsLeftAlone) {
  const fs::path folder = test_folder();
  bool is_other_done = false;
  save_test_checkpoint(folder, 2, 2, /*keep=*/0, [&](Stage stage) {
    if (stage != Stage::kHalfShard || is_other_done) return;
    is_other_done = true;
    for (const std::int64_t step : {2, 4}) save_test_checkpoint(folder, step);
  });
  for (const std::int64_t step : {2, 4}) expect_whole(step_folder(folder, step), step);
  EXPECT_THAT(names_in(folder), ElementsAre("step_2", "step_4"));
}

TEST(Save, TwoRunsMaySaveAndRemoveTheSameSteps) {
  const fs::path folder = test_folder();
  save_test_checkpoint(folder, 2);
  bool is_other_done = false;
  save_test_checkpoint(folder, 4, 2, /*keep=*/1, [&](Stage stage) {
    if (stage != Stage::kReady || is_other_done) return;
    is_other_done = true;
    save_test_checkpoint(folder, 4, 5, /*keep=*/1);
  });
  EXPECT_EQ(Reader(folder).manifest().files.size(), 2U) << "the later save counts";
  EXPECT_THAT(names_in(folder), ElementsAre("step_4"));
}

TEST(Save, ADeadSaveIsRemovedAndALiveOneIsNot) {
  const fs::path folder = test_folder();
  save_and_die(folder, 4, Stage::kShardWritten);
  EXPECT_EQ(unfinished_saves(folder).size(), 1U);
  {
    const SaveOwner live(folder);
    fs::create_directories(temporary_folder(folder, 6, live.name()));
    remove_dead_saves(folder);
    const auto left = unfinished_saves(folder);
    ASSERT_EQ(left.size(), 1U);
    EXPECT_EQ(left[0].owner, live.name());
    EXPECT_THAT(save_owners(folder), ElementsAre(live.name()));
  }
  remove_dead_saves(folder);
  EXPECT_THAT(names_in(folder), IsEmpty());
}

TEST(Save, KeepsTheNewestAndWhatIsAheadOfThem) {
  const fs::path folder = test_folder();
  for (const std::int64_t step : {2, 4, 10, 8}) save_test_checkpoint(folder, step);
  save_test_checkpoint(folder, 9, 2, /*keep=*/2);
  EXPECT_THAT(saved_steps(folder), ElementsAre(8, 9, 10));
}

TEST(Save, LeavesForeignFilesAlone) {
  const fs::path folder = test_folder();
  fs::create_directories(folder / "step_3.tmp");
  fs::create_directories(folder / "step_mine.tmp");
  fs::create_directories(folder / "step_3.mine.tmp");
  write_file_atomically(folder / "save_mine.lock", "x");
  write_file_atomically(folder / "step_notes", "x");
  save_test_checkpoint(folder, 2);
  EXPECT_THAT(names_in(folder), ElementsAre("save_mine.lock", "step_2", "step_3.mine.tmp",
                                            "step_mine.tmp", "step_notes"));
  EXPECT_THAT(saved_steps(folder), ElementsAre(2));
}

TEST(Save, AFileThatOnlyItsRankSeesIsAnError) {
  Save save(test_folder(), 2);
  save.begin();
  Manifest manifest{.step = 2};
  manifest.files.push_back({.name = "rank_1.safetensors", .num_bytes = 9});
  EXPECT_THAT(error_of([&] { save.commit(manifest, 0); }),
              HasSubstr("file system that all hosts share"));
}

TEST(Save, AFolderThatCannotBeWrittenIsNamed) {
  const fs::path file = test_folder() += ".txt";
  write_file_atomically(file, "x");
  EXPECT_THAT(error_of([&] { save_test_checkpoint(file / "inside", 2); }),
              HasSubstr("choose a checkpoint_folder that can be written"));
}

}  // namespace
}  // namespace moebench::checkpoint
