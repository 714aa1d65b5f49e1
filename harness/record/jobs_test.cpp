#include "harness/record/jobs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/error.h"
#include "harness/testing/error_of.h"
#include "harness/testing/test_folder.h"

namespace moebench::record {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Submission submission(const std::string& job, int index) {
  return {.job = job,
          .submitted_at = "2026-01-02T03:04:05Z",
          .tasks = {{.index = index, .cells = {"0123456789ab"}}},
          .cells = {{.id = "0123456789ab", .name = "seq_len=16", .repetitions = 3, .pending = 1}}};
}

TEST(Jobs, AreReadAsTheyWereSubmitted) {
  const TestFolder folder;
  EXPECT_THAT(load_submissions(folder.path()), IsEmpty());
  append_submission(folder.path(), submission("12", -1));
  append_submission(folder.path(), submission("13", 4));
  EXPECT_THAT(load_submissions(folder.path()),
              ElementsAre(submission("12", -1), submission("13", 4)));
}

TEST(Jobs, WhatIsWrongIsNamedWithItsLine) {
  const TestFolder folder;
  append_submission(folder.path(), submission("12", -1));
  const std::string good = read_file(folder.path() / "jobs.jsonl");
  folder.write("jobs.jsonl", good + "{\"schema_version\": 1, \"job\": 13}\n");
  EXPECT_THAT(error_of([&] { load_submissions(folder.path()); }),
              AllOf(HasSubstr("jobs.jsonl:2: 'job' must be a string"), HasSubstr("remove that")));
}

}  // namespace
}  // namespace moebench::record
