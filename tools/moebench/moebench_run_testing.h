#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "harness/base/file.h"
#include "harness/testing/fake_worker.h"
#include "tools/moebench/moebench_testing.h"

// The program moebench on a file of small scenarios, with a fake worker for the training.
namespace moebench {

namespace fs = std::filesystem;

inline constexpr const char* kScenarios = R"(
defaults:
  axes: {model: toy, ranks: 2, seq_len: 16}
  settings: {steps: 2, warmup_steps: 1}
scenarios:
  - name: quick
    axes: {parallelism: [fsdp, ep]}
  - name: long
    slow: true
    axes: {parallelism: [fsdp], micro_batch: 4}
)";

inline constexpr const char* kModel = R"({"model_type": "mixtral", "hidden_size": 16,
"intermediate_size": 32, "num_hidden_layers": 2, "num_local_experts": 4, "num_experts_per_tok": 2,
"num_attention_heads": 2, "num_key_value_heads": 1, "vocab_size": 256,
"max_position_embeddings": 64})";

class MoebenchTest : public ::testing::Test {
 protected:
  MoebenchTest() {
    fs::create_directories(folder_.path() / "models");
    write_file_atomically(folder_.path() / "models" / "toy.json", kModel);
    write_file_atomically(folder_.path() / "file.yaml", kScenarios);
    ::setenv("MOEBENCH_RANK_PROGRAM", worker_.program().c_str(), 1);
  }

  fs::path results() const { return folder_.path() / "results" / "file"; }
  std::size_t num_lines() const {
    const std::string text = read_file(results() / "results.jsonl");
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  }

  pid_t start(const std::vector<std::string>& words) const {
    return start_moebench(words, folder_.path());
  }
  Output finish(pid_t pid) const { return finish_moebench(pid, folder_.path()); }
  Output moebench(const std::vector<std::string>& words) const { return finish(start(words)); }

  // Starts a run that hangs, and returns once its sleepers are there.
  pid_t start_hanging_run() {
    worker_.set_mode("hang");
    const pid_t pid = start({"run", "file.yaml"});
    for (int i = 0; i < 2400 && worker_.count_sleepers() < 2; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    EXPECT_EQ(worker_.count_sleepers(), 2);
    return pid;
  }

  TemporaryFolder folder_;
  FakeWorker worker_{folder_.path() / "worker", 2};
};

}  // namespace moebench
