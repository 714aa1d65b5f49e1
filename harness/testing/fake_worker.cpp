#include "harness/testing/fake_worker.h"

#include <fmt/core.h>
#include <unistd.h>

#include "harness/base/file.h"
#include "harness/machine/processes.h"

namespace moebench {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxRanks = 4;

void write_results(const fs::path& folder, int rank, int world_size, int steps) {
  const auto write = [&](const char* kind, const record::RankResult& result) {
    write_file_atomically(folder / fmt::format("{}_{}_of_{}.json", kind, rank, world_size),
                          record::to_json(result));
  };
  record::RankResult result = good_result(rank, world_size, steps);
  write("ok", result);
  write("probe", probe_result(rank, world_size));
  record::RankResult moved = result;
  moved.environment["cpu_model"] = "Another fake CPU";
  write("moved", moved);
  result.metrics.erase("loss");
  write("partial", result);
  result.disposition = record::Disposition::kOutOfMemory;
  result.message = "cannot allocate 1 TB";
  write("memory", result);
}

// Otherwise than any build and machine that a test runs on.
record::Environment fake_environment() {
  return {{"torch_version", "1.2.3"},  {"moebench_version", "9.9.9"},
          {"git_sha", "f00f00f00f00"}, {"git_dirty", "false"},
          {"compiler", "Fake 1.0"},    {"build_type", "Debug"},
          {"sanitizers", "on"},        {"host", "fake-host"},
          {"cpu_model", "Fake CPU"},   {"cores_online", "64"},
          {"cores_allowed", "32"},     {"memory_total_bytes", "68719476736"}};
}

record::Metric value(const char* unit, double number) { return {.unit = unit, .value = number}; }

record::Metric series(const char* unit, std::vector<double> samples) {
  record::Metric metric{.unit = unit};
  metric.samples = std::move(samples);
  return metric;
}

}  // namespace

FakeWorker::FakeWorker(const fs::path& folder, int steps)
    : folder_(folder), naptime_(unusual_naptime()) {
  fs::create_directories(folder);
  fs::copy_file(MOEBENCH_FAKE_WORKER_SCRIPT, program());
  fs::permissions(program(), fs::perms::owner_all);
  for (int world_size = 1; world_size <= kMaxRanks; ++world_size) {
    for (int rank = 0; rank < world_size; ++rank) write_results(folder, rank, world_size, steps);
  }
  write_file_atomically(folder / "naptime", naptime_);
  set_mode("ok");
  set_only_for("");
}

void FakeWorker::set_mode(const std::string& mode) {
  write_file_atomically(folder_ / "mode", mode);
}

void FakeWorker::set_only_for(const std::string& text) {
  write_file_atomically(folder_ / "only_for", text);
}

void FakeWorker::rebuild() { append_line(program(), "# built again"); }

int FakeWorker::count_sleepers() const {
  return machine::count_processes("sleep " + naptime_ + " ");
}

record::RankResult good_result(int rank, int world_size, int steps) {
  record::RankResult result;
  result.rank = rank;
  result.world_size = world_size;
  const auto count = static_cast<std::size_t>(steps);
  result.metrics = {
      {"step_time", series("ns", std::vector<double>(count, 100.0 * (rank + 1)))},
      {"first_step_time", value("ns", 300 + rank)},
      {"load_time", value("ns", 50 + rank)},
      {"real_tokens", value("tokens", 10 * (rank + 1))},
      {"padding_tokens", value("tokens", 5)},
      {"loss_tokens", value("tokens", 9)},
      {"mem_alloc", value("bytes", 1000 + rank)},
      {"mem_peak", value("bytes", 2000 + rank)},
      {"rss_peak", value("bytes", 3000 + rank)},
      {"loss", series("1", std::vector<double>(count, 2.5))},
      {"grad_norm", series("1", std::vector<double>(count, 0.5))},
      {"tokens_per_expert", series("rows", {1, 2, 3, 4})},
  };
  result.metrics["tokens_per_expert"].shape = {2, 2};
  result.environment = fake_environment();
  return result;
}

record::RankResult probe_result(int rank, int world_size) {
  record::RankResult result;
  result.rank = rank;
  result.world_size = world_size;
  result.metrics = {
      {"timer_resolution", value("ns", 20)},   {"timer_read_time", value("ns", 25)},
      {"gemm_fp32", value("FLOP/s", 100e9)},   {"gemm_bf16", value("FLOP/s", 400e9)},
      {"memory_copy", value("bytes/s", 12e9)}, {"memory_copy_size", value("bytes", 128 << 20)}};
  if (world_size > 1) {
    result.metrics["message_size"] = series("bytes", {8192, 4 << 20});
    for (const char* time : {"all_gather_time", "reduce_scatter_time", "all_to_all_time"}) {
      result.metrics[time] = series("ns", {8192, 1 << 20});
    }
  }
  result.environment = fake_environment();
  return result;
}

std::string unusual_naptime() {
  static int counter = 0;
  return fmt::format("600.{:07}{:02}", ::getpid(), ++counter);
}

}  // namespace moebench
