#include "harness/record/process_figures.h"

#include <gtest/gtest.h>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/temporary_folder.h"

namespace moebench::record {
namespace {

TEST(ProcessFigures, SamplingIsOneClause) {
  EXPECT_EQ(
      describe_sampling(
          {.num_samples = 412, .num_pss_samples = 38, .interval_s = 0.2, .cost_share = 0.0011}),
      "412 samples, one in 0.20 s; proportional memory 38 times; 0.11 % of a core");
  EXPECT_EQ(describe_sampling({.num_samples = 1, .num_pss_samples = 1, .cost_share = 0.004}),
            "1 sample; proportional memory 1 time; 0.40 % of a core");
}

TEST(ProcessFigures, AreOneDocumentWhereNotMeasuredIsNull) {
  const ProcessFigures figures{.wall_s = 2.5,
                               .cpu_s = 4,
                               .rss_peak_bytes = 4096,
                               .processes = {{.pid = 7,
                                              .parent = 6,
                                              .name = "python3",
                                              .command = "python3 train.py",
                                              .first_seen_s = 0.5,
                                              .last_seen_s = 2,
                                              .cpu_s = 1.25,
                                              .rss_peak_bytes = 4096}},
                               .num_left_out = 3,
                               .num_samples = 10,
                               .interval_s = 0.25,
                               .cost_share = 0.001};
  const TemporaryFolder folder;
  const auto path = folder.path() / "processes.json";
  write_process_figures(figures, path);
  EXPECT_EQ(read_file(path), R"({
  "schema_version": 1,
  "schema_minor": 5,
  "wall_s": 2.5,
  "cpu_s": 4.0,
  "rss_peak_bytes": 4096,
  "rss_sum_peak_bytes": null,
  "pss_sum_peak_bytes": null,
  "num_samples": 10,
  "num_pss_samples": 0,
  "interval_s": 0.25,
  "cost_share": 0.001,
  "num_left_out": 3,
  "processes": [
    {
      "pid": 7,
      "parent": 6,
      "name": "python3",
      "command": "python3 train.py",
      "first_seen_s": 0.5,
      "last_seen_s": 2.0,
      "cpu_s": 1.25,
      "rss_peak_bytes": 4096,
      "pss_peak_bytes": null
    }
  ]
}
)");
}

TEST(ProcessFigures, GpusAreThereWhereTheyWereWatched) {
  EXPECT_EQ(to_json(ProcessFigures{}).find("gpus"), std::string::npos);
  EXPECT_NE(to_json({.gpus_not_watched = "no driver"}).find(R"("gpus_not_watched": "no driver")"),
            std::string::npos);
  const ProcessFigures figures{.gpus = {{.pci_bus_id = "00000000:01:00.0",
                                         .model = "A GPU",
                                         .uuid = "GPU-1",
                                         .num_samples = 4,
                                         .energy_j = 2.5,
                                         .is_energy_counted = true,
                                         .processes = {{.pid = 7, .memory_peak_bytes = 1024}}}}};
  const std::string text = to_json(figures);
  EXPECT_EQ(text.substr(text.find("  \"gpus\"")), R"(  "gpus": [
    {
      "pci_bus_id": "00000000:01:00.0",
      "model": "A GPU",
      "uuid": "GPU-1",
      "num_samples": 4,
      "memory_peak_bytes": null,
      "power_w": null,
      "power_peak_w": null,
      "energy_j": 2.5,
      "is_energy_counted": true,
      "num_other_processes": 0,
      "complaint": "",
      "processes": [
        {
          "pid": 7,
          "memory_peak_bytes": 1024
        }
      ]
    }
  ]
}
)");
}

TEST(ProcessFigures, AFolderThatIsNotThereIsAnError) {
  EXPECT_THROW(write_process_figures({}, "/nonexistent/processes.json"), Error);
}

}  // namespace
}  // namespace moebench::record
