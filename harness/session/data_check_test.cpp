#include "harness/session/data_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "harness/testing/error_of.h"
#include "harness/testing/test_folder.h"

namespace moebench::session {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

config::CellConfig text_cell(const std::string& file) {
  config::CellConfig cell;
  cell.model.name = "toy";
  cell.model.vocab_size = 256;
  cell.seq_len = 8;
  cell.data.source = config::DataSource::kText;
  cell.data.files = {file};
  return cell;
}

TEST(DataCheck, SaysOnceWhatTheDataHold) {
  const config::CellConfig cell = text_cell(test_file("a.txt", "ab\n\ncd\n\n0123456789"));
  std::ostringstream notes;
  Problems problems;
  check_data_files({cell, cell}, false, notes, problems);
  problems.throw_if_any();
  EXPECT_EQ(notes.str(),
            "data: 3 samples of 12 tokens, 2 unused, seq_len 8: " + cell.data.files.front() + "\n");
}

TEST(DataCheck, EndsBeforeRanksAreStarted) {
  std::ostringstream notes;
  const config::CellConfig cell = text_cell("/nonexistent/text");
  const auto error = [&](bool may_leave_host) {
    Problems problems;
    check_data_files({cell}, may_leave_host, notes, problems);
    return error_of([&] { problems.throw_if_any(); });
  };
  EXPECT_THAT(error(false), HasSubstr("/nonexistent/text"));
  EXPECT_EQ(error(true), "no error") << "other hosts have their own files";
}

TEST(DataCheck, WarnsWhereAStepSeesASampleTwice) {
  config::CellConfig cell = text_cell("a");
  record::CellRecord record;
  record.environment = {{"data_samples", "3"}, {"data_tokens", "12"}};
  warn_of_few_data(cell, record);
  EXPECT_TRUE(record.warnings.empty());
  cell.micro_batch = 4;
  warn_of_few_data(cell, record);
  EXPECT_THAT(record.warnings, ElementsAre(HasSubstr("3 samples, fewer than the 4 of a step")));
}

}  // namespace
}  // namespace moebench::session
