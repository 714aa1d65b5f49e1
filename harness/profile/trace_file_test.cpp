#include "harness/profile/trace_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/temporary_folder.h"
#include "harness/machine/process_memory.h"
#include "harness/testing/error_of.h"

namespace moebench::profile {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

json event(std::int64_t i) {
  return {{"ph", "X"}, {"name", "matmul\n\"[" + std::to_string(i) + "],"}, {"ts", i}, {"dur", 1.5}};
}

void write_events(const std::filesystem::path& path, std::int64_t begin, std::int64_t end) {
  TraceFile file(path, {{"distributedInfo", {{"rank", 3}}}});
  for (std::int64_t i = begin; i < end; ++i) file.add(event(i));
  file.commit();
}

class TraceFileTest : public ::testing::Test {
 protected:
  std::filesystem::path path(const char* name) const { return folder_.path() / name; }

  TemporaryFolder folder_{"moebench-trace"};
};

TEST_F(TraceFileTest, IsOneDocument) {
  write_events(path("a"), 0, 3);
  const std::string text = read_file(path("a"));
  EXPECT_THAT(text, HasSubstr("\"rank\": 3"));
  const json document = json::parse(text);
  EXPECT_EQ(document.at("displayTimeUnit"), "ms");
  EXPECT_EQ(document.at("traceEvents"), json({event(0), event(1), event(2)}));
}

TEST_F(TraceFileTest, JoinsFilesInOrderAlsoEmptyOnes) {
  write_events(path("none"), 0, 0);
  write_events(path("a"), 0, 2);
  write_events(path("b"), 2, 3);
  TraceFile all(path("all"), {{"ranks", 3}});
  for (const char* name : {"none", "a", "none", "b", "none"}) all.add_all_of(path(name));
  all.commit();
  const json document = json::parse(read_file(path("all")));
  EXPECT_EQ(document.at("ranks"), 3);
  EXPECT_EQ(document.at("traceEvents"), json({event(0), event(1), event(2)}));
  EXPECT_EQ(json::parse(read_file(path("none"))).at("traceEvents"), json::array());
}

TEST_F(TraceFileTest, ACutFileIsNamedAndNothingIsLeft) {
  write_events(path("a"), 0, 9);
  std::filesystem::resize_file(path("a"), 200);
  {
    TraceFile all(path("all"), json::object());
    EXPECT_THAT(error_of([&] { all.add_all_of(path("a")); }), HasSubstr(path("a").string()));
    EXPECT_THROW(all.add_all_of(path("missing")), Error);
  }
  EXPECT_FALSE(std::filesystem::exists(path("all")));
}

TEST_F(TraceFileTest, JoiningHoldsNoTraceInMemory) {
  constexpr std::int64_t kBound = 8 << 20;
  write_events(path("a"), 0, 300'000);
  const auto size = static_cast<std::int64_t>(std::filesystem::file_size(path("a")));
  ASSERT_GT(size, 2 * kBound);
  ASSERT_TRUE(machine::reset_peak_rss());
  const std::int64_t before = machine::peak_rss_bytes().value();
  TraceFile all(path("all"), {{"ranks", 4}});
  for (int rank = 0; rank < 4; ++rank) all.add_all_of(path("a"));
  all.commit();
  EXPECT_LT(machine::peak_rss_bytes().value() - before, kBound);
  EXPECT_GT(static_cast<std::int64_t>(std::filesystem::file_size(path("all"))), 3 * size);
}

}  // namespace
}  // namespace moebench::profile
