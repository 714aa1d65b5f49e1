#include "harness/data/samples.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "harness/data/data_testing.h"

namespace moebench::data {
namespace {

using config::CellConfig;
using config::DataSource;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> texts_of(const Samples& samples) {
  std::vector<std::string> texts;
  for (std::int64_t i = 0; i < samples.count(); ++i) {
    const auto tokens = tokens_of(samples, i);
    texts.emplace_back(tokens.begin(), tokens.end());
  }
  return texts;
}

std::string little_endian(const std::vector<std::uint32_t>& values, int num_bytes) {
  std::string bytes;
  for (std::uint32_t value : values) {
    for (int i = 0; i < num_bytes; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
  }
  return bytes;
}

TEST(TextSamples, SplitsTheConcatenatedFilesAndDropsWhatHasNothingToPredict) {
  CellConfig cell = data_cell(DataSource::kText, {test_file("a.txt", "one%%%%two%x"),
                                                  test_file("b.txt", "y%z%a long sample%")});
  cell.data.delimiter = "%";
  EXPECT_THAT(texts_of(*open_text_samples(cell)), ElementsAre("one", "two", "xy", "a long s"));
}

TEST(TextSamples, SplitsAtADelimiterOfSeveralBytes) {
  CellConfig cell = data_cell(DataSource::kText, {test_file("a.txt", "ab\n%\ncd\n%\n\n%\nef\n")});
  cell.data.delimiter = "\n%\n";
  EXPECT_THAT(texts_of(*open_text_samples(cell)), ElementsAre("ab", "cd", "ef\n"));
}

TEST(TextSamples, CutsBlocksWhereTheDelimiterIsEmpty) {
  CellConfig cell = data_cell(DataSource::kText, {test_file("a.txt", "0123456789abcdefXY")});
  cell.data.delimiter = "";
  EXPECT_THAT(texts_of(*open_text_samples(cell)), ElementsAre("01234567", "89abcdef", "XY"));
  cell.data.files = {test_file("b.txt", "0123456789abcdefX")};
  EXPECT_THAT(texts_of(*open_text_samples(cell)), ElementsAre("01234567", "89abcdef"));
}

TEST(TextSamples, ReadsLineEndsAsTextIsRead) {
  CellConfig cell = data_cell(DataSource::kText, {test_file("a.txt", "ab\r\n\r\ncd\r\rxy\r"),
                                                  test_file("b.txt", "\nef\n\ngh\r\nij")});
  for (const char* delimiter : {"\n\n", "\r\n\r\n"}) {
    cell.data.delimiter = delimiter;
    EXPECT_THAT(texts_of(*open_text_samples(cell)), ElementsAre("ab", "cd", "xy", "ef", "gh\nij"));
  }
}

TEST(TextSamples, CountsWhatIsInNoSample) {
  CellConfig cell =
      data_cell(DataSource::kText, {test_file("a.txt", "ab\n\nc\n\n0123456789\n\nde")});
  EXPECT_EQ(open_text_samples(cell)->num_unused(), 1 + 2) << "seq_len is 8";
  cell.data.delimiter = "";
  cell.data.files = {test_file("b.txt", "0123456789abcdefX")};
  EXPECT_EQ(open_text_samples(cell)->num_unused(), 1);
}

TEST(TextSamples, ReadsBytesAsUnsignedTokensFromAnyPlace) {
  const CellConfig cell = data_cell(DataSource::kText, {test_file("a.txt", "a\xc3\xa9z")});
  const auto samples = open_text_samples(cell);
  EXPECT_THAT(tokens_of(*samples, 0), ElementsAre('a', 0xc3, 0xa9, 'z'));
  std::vector<std::int64_t> middle(2);
  samples->copy(0, 1, middle);
  EXPECT_THAT(middle, ElementsAre(0xc3, 0xa9));
}

TEST(TextSamples, ReadsWhatSetUpUnpackedOfAMissingPackage) {
  const std::string fortune = "/usr/share/games/fortunes/no-such-fortune";
  const TemporaryFolder cache;
  const std::filesystem::path unpacked = cache.path() / "moebench/debian" / fortune.substr(1);
  std::filesystem::create_directories(unpacked.parent_path());
  write_file_atomically(unpacked, "ab");
  ::setenv("XDG_CACHE_HOME", cache.path().c_str(), 1);
  const auto samples = open_text_samples(data_cell(DataSource::kText, {fortune}));
  ::unsetenv("XDG_CACHE_HOME");
  EXPECT_THAT(tokens_of(*samples, 0), ElementsAre('a', 'b'));
}

TEST(TextSamples, NamesTheMissingFileAndThePackageItComesFrom) {
  CellConfig cell = data_cell(DataSource::kText, {"/usr/share/games/fortunes/no-such-fortune"});
  EXPECT_THAT(error_of([&] { open_text_samples(cell); }),
              AllOf(HasSubstr("/usr/share/games/fortunes/no-such-fortune"),
                    HasSubstr("install Debian's package 'fortunes'")));
  const std::string missing = (test_folder() / "missing").string();
  cell.data.files = {missing};
  EXPECT_THAT(error_of([&] { open_text_samples(cell); }),
              AllOf(HasSubstr(missing), HasSubstr("correct the path")));
}

TEST(TextSamples, RefusesFilesWithoutSamplesAndModelsWithoutBytes) {
  CellConfig cell = data_cell(DataSource::kText, {});
  EXPECT_THAT(error_of([&] { open_text_samples(cell); }), HasSubstr("has no files"));
  cell.data.files = {test_file("empty.txt", "")};
  EXPECT_THAT(error_of([&] { open_text_samples(cell); }), HasSubstr("is empty"));
  cell.data.files = {test_file("short.txt", "a\n\nb\n\nc")};
  EXPECT_THAT(error_of([&] { open_text_samples(cell); }), HasSubstr("check 'delimiter'"));
  cell.data.files = {::testing::TempDir()};
  EXPECT_THAT(error_of([&] { open_text_samples(cell); }), HasSubstr("no regular file"));
  cell.model.vocab_size = 255;
  EXPECT_THAT(error_of([&] { open_text_samples(cell); }), HasSubstr("at least 256"));
}

TEST(TokenSamples, CutsTheConcatenatedFilesIntoBlocks) {
  CellConfig cell =
      data_cell(DataSource::kTokens, {test_file("a.bin", little_endian({1, 258, 3}, 2)),
                                      test_file("b.bin", little_endian({4}, 2)),
                                      test_file("c.bin", little_endian({4095, 6, 7, 8}, 2))});
  cell.seq_len = 3;
  const auto samples = open_token_samples(cell);
  ASSERT_EQ(samples->count(), 3);
  EXPECT_THAT(tokens_of(*samples, 0), ElementsAre(1, 258, 3));
  EXPECT_THAT(tokens_of(*samples, 1), ElementsAre(4, 4095, 6));
  EXPECT_THAT(tokens_of(*samples, 2), ElementsAre(7, 8));
  std::vector<std::int64_t> middle(1);
  samples->copy(1, 1, middle);
  EXPECT_THAT(middle, ElementsAre(4095));
}

TEST(TokenSamples, ReadsWideTokensAndDropsALastBlockOfOneToken) {
  CellConfig cell =
      data_cell(DataSource::kTokens, {test_file("a.bin", little_endian({70000, 131071, 5}, 4))});
  cell.model.vocab_size = 131072;
  cell.data.token_dtype = "uint32";
  cell.seq_len = 2;
  const auto samples = open_token_samples(cell);
  ASSERT_EQ(samples->count(), 1);
  EXPECT_THAT(tokens_of(*samples, 0), ElementsAre(70000, 131071));
  EXPECT_EQ(samples->num_unused(), 1);
}

TEST(TokenSamples, RefusesWhatDoesNotFit) {
  CellConfig cell =
      data_cell(DataSource::kTokens, {test_file("a.bin", little_endian({1, 2, 4096}, 2))});
  EXPECT_THAT(error_of([&] { open_token_samples(cell); }),
              AllOf(HasSubstr("a.bin"), HasSubstr("token 4096 at position 2"),
                    HasSubstr("vocabulary of 4096")));
  cell.data.files = {test_file("odd.bin", "abc")};
  EXPECT_THAT(error_of([&] { open_token_samples(cell); }),
              AllOf(HasSubstr("odd.bin"), HasSubstr("3 bytes"), HasSubstr("token_dtype")));
  cell.data.files = {test_file("one.bin", little_endian({1}, 2))};
  EXPECT_THAT(error_of([&] { open_token_samples(cell); }), HasSubstr("single token"));
  cell.data.token_dtype = "int8";
  EXPECT_THAT(error_of([&] { open_token_samples(cell); }), HasSubstr("use uint16 or uint32"));
}

TEST(SyntheticSamples, FollowTheStatedLengthDistribution) {
  CellConfig cell = data_cell(DataSource::kSynthetic, {});
  cell.seq_len = 1 << 20;
  const auto samples = make_synthetic_samples(cell);
  ASSERT_EQ(samples->count(), 65536);
  double sum = 0;
  double log_sum = 0;
  double log_squares = 0;
  for (std::int64_t i = 0; i < samples->count(); ++i) {
    const double length = static_cast<double>(samples->length(i));
    sum += length;
    log_sum += std::log(length);
    log_squares += std::log(length) * std::log(length);
  }
  const double mean_log = log_sum / 65536;
  EXPECT_NEAR(sum / 65536, 210, 2.5);
  EXPECT_NEAR(mean_log, std::log(210) - 0.18, 0.01);
  EXPECT_NEAR(std::sqrt(log_squares / 65536 - mean_log * mean_log), 0.6, 0.01);
}

TEST(SyntheticSamples, StayWithinSeqLenAndTheVocabulary) {
  CellConfig cell = data_cell(DataSource::kSynthetic, {});
  cell.seq_len = 100;
  cell.data.mean_length = 40;
  cell.model.vocab_size = 10;
  const auto samples = make_synthetic_samples(cell);
  std::vector<std::int64_t> histogram(10);
  for (std::int64_t i = 0; i < samples->count(); ++i) {
    ASSERT_GE(samples->length(i), 2);
    ASSERT_LE(samples->length(i), 100);
    if (i % 64 != 0) continue;
    for (std::int64_t token : tokens_of(*samples, i))
      ++histogram.at(static_cast<std::size_t>(token));
  }
  const auto total = std::accumulate(histogram.begin(), histogram.end(), std::int64_t{0});
  for (std::int64_t count : histogram) EXPECT_NEAR(static_cast<double>(count) / total, 0.1, 0.01);
}

TEST(SyntheticSamples, AreTheSameOnEveryMachineAndDifferByTheSeed) {
  CellConfig cell = data_cell(DataSource::kSynthetic, {});
  cell.seq_len = 512;
  const auto first = make_synthetic_samples(cell);
  EXPECT_THAT((std::vector{first->length(0), first->length(1), first->length(65535)}),
              ElementsAre(118, 206, 236));
  std::vector<std::int64_t> tokens(3);
  first->copy(7, 0, tokens);
  EXPECT_THAT(tokens, ElementsAre(3337, 228, 2950));
  const auto again = make_synthetic_samples(cell);
  EXPECT_EQ(tokens_of(*first, 42), tokens_of(*again, 42));
  std::vector<std::int64_t> middle(2);
  first->copy(7, 1, middle);
  EXPECT_THAT(middle, ElementsAre(tokens[1], tokens[2]));
  cell.seed = 1;
  EXPECT_NE(tokens_of(*first, 42), tokens_of(*make_synthetic_samples(cell), 42));
}

TEST(SyntheticSamples, RefuseAnImpossibleMean) {
  CellConfig cell = data_cell(DataSource::kSynthetic, {});
  cell.data.mean_length = 0;
  EXPECT_THAT(error_of([&] { make_synthetic_samples(cell); }), HasSubstr("mean_length 0"));
  cell.data.mean_length = std::nan("");
  EXPECT_THAT(error_of([&] { make_synthetic_samples(cell); }), HasSubstr("mean_length"));
}

}  // namespace
}  // namespace moebench::data
