#include "reports/write/loading.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "harness/base/file.h"
#include "reports/write/write.h"

namespace moebench::reports {
namespace {

using record::CellRecord;
using record::Disposition;
using ::testing::HasSubstr;
using ::testing::Not;

struct Load {
  double load_s;
  double read_bytes;
  double peak_rss_bytes;
  double calls;
};

CellRecord load_record(const std::string& loader, const std::string& cache, const Load& load) {
  CellRecord r;
  r.id = loader + cache;
  r.scenario = "weights";
  r.axes = {{"ranks", "8"}, {"loader", loader}, {"cache", cache}};
  r.environment = {{"measure", "load"}, {"cpu_model", "Some CPU"}};
  const auto set = [&](const char* name, const char* unit, double value) {
    r.metrics[name] = {.unit = unit, .value = value, .per_rank = {value}};
  };
  set("load_time", "ns", load.load_s * 1e9);
  set("load_bytes_kept", "bytes", 176e6);
  set("load_bytes_needed", "bytes", 176e6);
  set("load_bytes_read", "bytes", load.read_bytes);
  set("load_rss_peak", "bytes", load.peak_rss_bytes);
  set("load_minor_faults", "1", 394186);
  set("load_major_faults", "1", 0);
  set("load_stage.open", "ns", 2e6);
  set("load_stage.fault", "ns", load.load_s * 0.6e9);
  set("load_stage.read", "ns", load.load_s * 0.1e9);
  set("load_stage.transpose", "ns", load.load_s * 0.3e9);
  set("copy_time", "ns", 8e6);
  set("page_cache_share", "1", cache == "warm" ? 1 : 0);
  if (cache == "cold") set("disk_read_rate", "bytes/s", 4e9);
  set("calls.shard_moe", "1", 1);
  set("own_time.shard_moe", "ns", 3e6);
  set("cumulative_time.shard_moe", "ns", load.load_s * 1e9);
  set("calls.torch.concat", "1", load.calls);
  set("own_time.torch.concat", "ns", load.calls * 27e6);
  set("cumulative_time.torch.concat", "ns", load.calls * 27e6);
  return r;
}

std::vector<CellRecord> records() {
  auto failed = load_record("slice", "warm", {});
  failed.disposition = Disposition::kIncorrect;
  failed.message =
      "rank 0: layers.3: element 17 of tensor 'x' was loaded as 1, the checkpoint has 2";
  return {load_record("concat", "warm", {1.0, 1408e6, 418e6, 32}),
          load_record("direct", "warm", {0.02, 176e6, 182e6, 0}), failed,
          load_record("concat", "cold", {1.7, 1408e6, 418e6, 32}),
          load_record("direct", "cold", {0.055, 176e6, 187e6, 0})};
}

TEST(Loading, ReportIsTheGoldenText) {
  const std::string text = write_report(records(), {}) + "\n" + write_load_profiles(records());
  const auto path = std::filesystem::path(MOEBENCH_GOLDEN_FOLDER) / "loading.md";
  if (std::getenv("MOEBENCH_UPDATE_GOLDEN")) write_file_atomically(path, text);
  EXPECT_EQ(text, read_file(path));
}

TEST(Loading, ComparesWithTheConcatOfTheSameCacheOnly) {
  const auto all = records();
  const std::string text = write_report({all[0], all[4]}, {});
  EXPECT_THAT(text, Not(HasSubstr("30.9x")));
  EXPECT_THAT(text, HasSubstr("baseline"));
}

TEST(Loading, TrainingScenariosStayAsTheyAre) {
  auto record = records()[0];
  record.environment["measure"] = "train";
  EXPECT_THAT(write_report({record}, {}), HasSubstr("tokens/s"));
}

}  // namespace
}  // namespace moebench::reports
