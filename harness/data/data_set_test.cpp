#include "harness/data/data_set.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "harness/data/data_testing.h"

namespace moebench::data {
namespace {

using config::CellConfig;
using config::DataSource;
using ::testing::AllOf;
using ::testing::HasSubstr;

// Six samples of 2, 3, 4, 5, 6 and 9 bytes; seq_len 8 cuts the last.
CellConfig letters_cell() {
  CellConfig cell =
      data_cell(DataSource::kText,
                {test_file("letters.txt", "aa\n\nbbb\n\ncccc\n\nddddd\n\neeeeee\n\nfffffffff")});
  cell.micro_batch = 2;
  return cell;
}

// The real tokens of a micro-batch, row after row, "|" between rows; checks the padding.
std::string text_of(const MicroBatch& batch) {
  std::string text;
  for (std::int64_t row = 0; row < batch.num_samples; ++row) {
    const auto begin = batch.tokens.begin() + row * batch.length;
    const std::int64_t length = batch.lengths.at(static_cast<std::size_t>(row));
    text.append(begin, begin + length);
    text += '|';
    EXPECT_TRUE(std::all_of(begin + length, begin + batch.length, [](auto t) { return t == 0; }));
  }
  return text;
}

std::string text_of(const DataSet& data, std::int64_t num_steps, std::int64_t per_step) {
  std::string text;
  for (std::int64_t step = 0; step < num_steps; ++step) {
    for (std::int64_t i = 0; i < per_step; ++i) text += text_of(data.micro_batch(step, i));
  }
  return text;
}

std::string without(std::string text, char unwanted) {
  std::erase(text, unwanted);
  return text;
}

TEST(MicroBatch, CountsItsTokens) {
  MicroBatch batch;
  batch.num_samples = 3;
  batch.length = 5;
  batch.lengths = {5, 2, 1};
  EXPECT_EQ(batch.real_tokens(), 8);
  EXPECT_EQ(batch.padding_tokens(), 7);
  EXPECT_EQ(batch.loss_tokens(), 5);
}

TEST(UnpackedDataSet, PadsToTheLongestAndVisitsEverySampleOnceAnEpoch) {
  const auto data = open_data_set(letters_cell());
  for (std::int64_t epoch = 0; epoch < 2; ++epoch) {
    std::multiset<std::int64_t> lengths;
    for (std::int64_t step = 3 * epoch; step < 3 * epoch + 3; ++step) {
      const MicroBatch batch = data->micro_batch(step, 0);
      ASSERT_EQ(batch.num_samples, 2);
      EXPECT_EQ(batch.length, std::max(batch.lengths[0], batch.lengths[1]));
      EXPECT_EQ(batch.tokens.size(), static_cast<std::size_t>(2 * batch.length));
      EXPECT_EQ(batch.real_tokens() + batch.padding_tokens(), 2 * batch.length);
      EXPECT_EQ(batch.loss_tokens(), batch.real_tokens() - 2);
      lengths.insert(batch.lengths.begin(), batch.lengths.end());
    }
    EXPECT_EQ(lengths, (std::multiset<std::int64_t>{2, 3, 4, 5, 6, 8}));
  }
  EXPECT_NE(text_of(data->micro_batch(0, 0)) + text_of(data->micro_batch(1, 0)),
            text_of(data->micro_batch(3, 0)) + text_of(data->micro_batch(4, 0)));
}

TEST(UnpackedDataSet, IsTheSameForEveryWayToTheSameGlobalBatch) {
  CellConfig cell = letters_cell();
  cell.ranks = 4;
  const std::string by_ranks = text_of(*open_data_set(cell), 3, 4);
  cell.ranks = 2;
  cell.grad_accumulation = 2;
  EXPECT_EQ(by_ranks, text_of(*open_data_set(cell), 3, 4));
  cell.ranks = 1;
  cell.grad_accumulation = 1;
  EXPECT_EQ(by_ranks, text_of(*open_data_set(cell), 12, 1));
  cell.seed = 5;
  EXPECT_NE(by_ranks, text_of(*open_data_set(cell), 12, 1));
}

TEST(UnpackedDataSet, GivesTheSameMicroBatchWhateverWasAskedBefore) {
  const auto data = open_data_set(letters_cell());
  const MicroBatch late = data->micro_batch(100, 0);
  data->micro_batch(0, 0);
  EXPECT_EQ(data->micro_batch(100, 0).tokens, late.tokens);
}

TEST(PackedDataSet, HoldsTheSameTokensInTheSameOrder) {
  CellConfig cell = letters_cell();
  // Two epochs: 12 samples of together 56 tokens, or 7 rows of 8.
  cell.micro_batch = 1;
  const std::string unpacked = without(text_of(*open_data_set(cell), 12, 1), '|');
  cell.packing = true;
  const auto data = open_data_set(cell);
  EXPECT_EQ(without(text_of(*data, 7, 1), '|'), unpacked);
  const MicroBatch batch = data->micro_batch(3, 0);
  EXPECT_EQ(batch.length, 8);
  EXPECT_EQ(batch.padding_tokens(), 0);
  EXPECT_EQ(batch.loss_tokens(), 7);
}

TEST(PackedDataSet, IsTheSameForEveryWayToTheSameGlobalBatch) {
  CellConfig cell = letters_cell();
  cell.packing = true;
  cell.ranks = 2;
  const std::string by_ranks = text_of(*open_data_set(cell), 5, 2);
  cell.ranks = 1;
  cell.grad_accumulation = 2;
  EXPECT_EQ(by_ranks, text_of(*open_data_set(cell), 5, 2));
}

TEST(DataSet, OpensTheOtherSources) {
  CellConfig cell =
      data_cell(DataSource::kTokens, {test_file("a.bin", std::string("\1\0\2\0\3\0", 6))});
  EXPECT_EQ(open_data_set(cell)->micro_batch(0, 0).tokens, (std::vector<std::int64_t>{1, 2, 3}));
  cell = data_cell(DataSource::kSynthetic, {});
  EXPECT_GE(open_data_set(cell)->micro_batch(0, 0).real_tokens(), 2);
}

TEST(DataSet, RefusesASequenceWithNothingToPredict) {
  CellConfig cell = letters_cell();
  cell.seq_len = 1;
  EXPECT_THAT(error_of([&] { open_data_set(cell); }), HasSubstr("seq_len 1"));
}

TEST(DataSet, StatesWhatTheDataHold) {
  EXPECT_EQ(open_data_set(letters_cell())->facts(), (DataFacts{6, 28, 1}));
  CellConfig packed = letters_cell();
  packed.packing = true;
  EXPECT_EQ(open_data_set(packed)->facts(), (DataFacts{6, 28, 1}));
}

TEST(DataSet, ATextThatIsOneSampleIsRefused) {
  CellConfig cell = data_cell(DataSource::kText, {test_file("line.txt", std::string(100, 'a'))});
  for (const auto& open : {+[](const CellConfig& c) { open_data_set(c); },
                           +[](const CellConfig& c) { check_data(c); }}) {
    EXPECT_THAT(
        error_of([&] { open(cell); }),
        AllOf(HasSubstr("line.txt"), HasSubstr("is one sample of 8 bytes, and 92 are unused"),
              HasSubstr("correct 'delimiter'")));
  }
  cell.data.delimiter = "";
  EXPECT_EQ(check_data(cell), (DataFacts{13, 100, 0}));
  cell.seq_len = 100;
  EXPECT_THAT(error_of([&] { check_data(cell); }), HasSubstr("give more text, or lower seq_len"));
}

TEST(DataSet, IsCheckedWithoutReadingMuch) {
  CellConfig cell = letters_cell();
  EXPECT_EQ(check_data(cell), (DataFacts{6, 28, 1}));
  cell.data.files.push_back("/nonexistent/text");
  EXPECT_THAT(error_of([&] { check_data(cell); }), HasSubstr("/nonexistent/text"));
  cell.data.files = {test_file("large.txt", "a")};
  std::filesystem::resize_file(cell.data.files.front(), kMaxCheckedBytes + 1);
  EXPECT_EQ(check_data(cell), std::nullopt);
  EXPECT_EQ(check_data(data_cell(DataSource::kSynthetic, {})), std::nullopt);
}

TEST(DataSet, ShortageIsThatOfOneStep) {
  CellConfig cell = letters_cell();
  cell.grad_accumulation = 3;
  const DataFacts facts = *check_data(cell);
  EXPECT_EQ(data_shortage(cell, facts), "");
  cell.ranks = 2;
  EXPECT_EQ(data_shortage(cell, facts),
            "the data hold 6 samples, fewer than the 12 of a step: it sees some again");
  cell.packing = true;
  cell.ranks = 1;
  EXPECT_EQ(data_shortage(cell, facts),
            "the data hold 28 tokens, fewer than the 48 of a step: it sees some again");
  EXPECT_EQ(data_shortage(cell, {.num_samples = 1, .num_tokens = 3}),
            "the data are one sample of 3 tokens, which every row repeats");
}

}  // namespace
}  // namespace moebench::data
