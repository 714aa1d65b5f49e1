#include "harness/record/rank_trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "harness/base/file.h"
#include "harness/base/temporary_folder.h"

namespace moebench::record {
namespace {

TEST(RankTrace, SaysWhereARankRuns) {
  const TemporaryFolder folder("moebench-trace");
  write_trace(folder.path(), 1);
  write_file_atomically(folder.path() / "rank_2.started", "12345 a host\n");
  const RankTraces traces = read_traces(folder.path(), 3);
  ASSERT_EQ(traces.size(), 3U);
  EXPECT_EQ(traces[0], std::nullopt) << "never started";
  EXPECT_EQ(traces[1]->pid, ::getpid());
  EXPECT_NE(traces[1]->host, "");
  EXPECT_EQ(traces[2], (RankTrace{"a host", 12345}));
}

TEST(RankTrace, ADamagedOneCountsAsNone) {
  const TemporaryFolder folder("moebench-trace");
  for (const std::string& text :
       {std::string(), std::string("12"), std::string("12 \n"), std::string("-3 host\n"),
        std::string("host\n"), std::string("12 host"), std::string(100'000, '1')}) {
    write_file_atomically(folder.path() / "rank_0.started", text);
    EXPECT_EQ(read_traces(folder.path(), 1)[0], std::nullopt) << text;
  }
}

}  // namespace
}  // namespace moebench::record
