#include <fstream>

#include "harness/trainers/trainers_testing.h"

namespace moebench::trainers {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string maxtext_line(int step) {
  return "completed step: " + std::to_string(step) + ", seconds: 1.5, total_weights: 8, loss: 2.5";
}

std::string maxtext_error(const std::string& text) {
  return error_of([&] { read_text("maxtext", text); });
}

TEST(ReadLog, AnEmptyFileHasNothing) {
  const TrainerLog log = read_text("maxtext", "");
  EXPECT_EQ(log.num_lines, 0);
  EXPECT_EQ(log.num_matched, 0);
  EXPECT_THAT(log.ranks, ::testing::IsEmpty());
  EXPECT_EQ(read_text("maxtext", "\n\n  \n").num_lines, 0);
}

TEST(ReadLog, LinesEndAsOnAnySystem) {
  for (const std::string end : {"\n", "\r\n", "\r"}) {
    const std::string text = "hello" + end + maxtext_line(0) + end + maxtext_line(1);
    const TrainerLog log = read_text("maxtext", text);
    EXPECT_THAT(numbers_of(only_rank(log)), ElementsAre(1, 2));
    EXPECT_EQ(log.num_lines, 3);
    EXPECT_EQ(log.num_matched, 2);
  }
}

TEST(ReadLog, ColoursAndOriginsAreNoPartOfALine) {
  const std::string text = "[rank0]:\x1b[32m" + maxtext_line(0) + "\x1b[0m\n";
  EXPECT_EQ(only_rank(read_text("maxtext", text)).steps.at(0).loss, 2.5);
}

// Chunks end within lines.
TEST(ReadLog, LongFilesAreReadWhole) {
  std::string text;
  for (int step = 0; step < 5000; ++step) text += maxtext_line(step) + "\n";
  const RankLog rank_log = only_rank(read_text("maxtext", text));
  EXPECT_EQ(rank_log.steps.size(), 5000u);
  EXPECT_EQ(rank_log.steps.back().number, 5000);
  EXPECT_EQ(rank_log.steps.back().loss, 2.5);
}

TEST(ReadLog, RefusesLinesWithoutEnd) {
  const std::string long_line = "first\n" + std::string(10 << 20, 'x');
  EXPECT_THAT(maxtext_error(long_line),
              AllOf(HasSubstr("stdout:2: a line of more than 1048576 bytes"), HasSubstr("Give")));
  EXPECT_EQ(maxtext_error(std::string(kMaxLineBytes, 'x')), "no error");
}

// A bar that a program redraws for hours is no long line.
TEST(ReadLog, ProgressBarsAreManyLines) {
  std::string text;
  for (int i = 0; i < 100000; ++i) text += "\r 1%|#         | 1/100 [00:01<01:00]";
  EXPECT_EQ(maxtext_error(text + "\n" + maxtext_line(0)), "no error");
}

TEST(ReadLog, RefusesBinaryData) {
  EXPECT_THAT(maxtext_error("a\nb\n" + std::string(1, '\0') + "c"),
              AllOf(HasSubstr("stdout'"), HasSubstr("binary data from line 3"),
                    HasSubstr("give a log of text")));
  EXPECT_THAT(maxtext_error("\x1f\x8b\x08 rest"),
              AllOf(HasSubstr("is compressed"), HasSubstr("gunzip")));
  std::string garbage;
  for (int i = 0; i < 4096; ++i) garbage += static_cast<char>(i * 7 % 256);
  EXPECT_THAT(maxtext_error(garbage), HasSubstr("binary data"));
  // Bytes that are not UTF-8 are no reason.
  EXPECT_EQ(maxtext_error("\xff\xfe latin \xe9\n"), "no error");
}

TEST(ReadLog, RefusesWhatIsNoFile) {
  const auto read = [](const std::filesystem::path& path) {
    return error_of([&] { read_log(find_adapter("maxtext"), {path}); });
  };
  EXPECT_THAT(read(test_folder() / "none"), HasSubstr("there is no such file; name a"));
  EXPECT_THAT(read(test_folder()), HasSubstr("no regular file; name a"));
  EXPECT_THAT(read("/dev/zero"), HasSubstr("no regular file; name a"));
}

TEST(ReadLog, StepsThatDoNotFitAreNoSteps) {
  const std::string text =
      "completed step: 99999999999999999999, seconds: 1.5, loss: 2\n"
      "completed step: 9223372036854775807, seconds: 1.5, loss: 2\n";
  EXPECT_EQ(read_text("maxtext", text).num_matched, 0);
}

TEST(DetectAdapter, SaysWhatItLookedFor) {
  const auto file = test_file("stdout", "nothing of note\n");
  EXPECT_THAT(error_of([&] { detect_adapter({file}); }),
              AllOf(HasSubstr("no adapter knows a line of '"), HasSubstr("pith_train, maxtext"),
                    HasSubstr("'regex'")));
  EXPECT_THAT(error_of([&] { detect_adapter({}); }), HasSubstr("a line of no file"));
  EXPECT_THAT(error_of([&] { detect_adapter({test_folder() / "none"}); }),
              HasSubstr("there is no such file"));
}

// One wrong line does not hide whose file it is: reading it names the line.
TEST(DetectAdapter, KnowsAFileWithAWrongLine) {
  const auto file =
      test_file("events_0.jsonl",
                R"({"event":"begin","time_ns":1,"span":"run","version":1,"rank":0,"world_size":1})"
                "\nwrong\n"
                R"({"event":"end","time_ns":2,"span":"run"})");
  const AdapterInfo& info = detect_adapter({file});
  EXPECT_EQ(info.name, "events");
  EXPECT_THAT(error_of([&] { read_log(info, {file}); }), HasSubstr("events_0.jsonl:2: no JSON"));
}

}  // namespace
}  // namespace moebench::trainers
