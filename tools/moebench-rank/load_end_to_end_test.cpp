// `moebench load` with real ranks, as a user calls it: all loaders, and what is said of bad files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "harness/record/record.h"
#include "harness/testing/fake_worker.h"
#include "tools/moebench-rank/unprobed_rank.h"
#include "tools/moebench/moebench_testing.h"

namespace moebench {
namespace {

namespace fs = std::filesystem;

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kModel = R"({"model_type": "mixtral", "hidden_size": 64,
"intermediate_size": 160, "num_hidden_layers": 2, "num_local_experts": 4, "num_experts_per_tok": 2,
"num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 128,
"max_position_embeddings": 64})";

constexpr double kExpertBytes = 3.0 * 64 * 160 * 2;
constexpr double kRouterBytes = 4.0 * 64 * 2;

class LoadTest : public ::testing::Test {
 protected:
  LoadTest() {
    write_file_atomically(folder_.path() / "mini.json", kModel);
    const Output made = moebench({"make-checkpoint", "--model", "mini.json", "--out", "checkpoint",
                                  "--shard-size", "100kB"});
    EXPECT_EQ(made.exit_code, 0) << made.err;
  }

  Output moebench(const std::vector<std::string>& words) const {
    return finish_moebench(start_moebench(words, folder_.path()), folder_.path());
  }
  Output load(std::vector<std::string> options) const {
    options.insert(options.begin(), {"load", "checkpoint", "--repeats", "1"});
    return moebench(options);
  }
  std::vector<record::CellRecord> records() const {
    return record::load(folder_.path() / "results" / "load");
  }
  std::vector<fs::path> shards() const {
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(folder_.path() / "checkpoint")) {
      if (entry.path().extension() == ".safetensors") paths.push_back(entry.path());
    }
    std::ranges::sort(paths);
    return paths;
  }

  // Returns what is said of the checkpoint; nothing may have been started or kept.
  std::string error() const {
    const Output output = load({"--ep-degree", "2"});
    EXPECT_EQ(output.exit_code, 2);
    EXPECT_EQ(output.out, "");
    EXPECT_FALSE(fs::exists(folder_.path() / "results" / "load" / "results.jsonl"));
    return output.err;
  }

  TemporaryFolder folder_;
};

TEST_F(LoadTest, ComparesAllLoadersOnRealRanks) {
  const Output output =
      load({"--loader", "concat,slice,direct,broadcast", "--ep-degree", "2", "--threads", "2"});
  EXPECT_EQ(output.exit_code, 0) << output.err;
  EXPECT_THAT(output.out, AllOf(HasSubstr("| concat    |"), HasSubstr("reference"),
                                HasSubstr("### Where the time goes"),
                                HasSubstr("| ncalls | tottime | percall | cumtime | percall |"),
                                HasSubstr("torch.concat"), Not(HasSubstr("tokens/s"))));
  ASSERT_EQ(records().size(), 4U);
  for (const record::CellRecord& record : records()) {
    const bool is_concat = record.axis("loader") == "concat";
    EXPECT_EQ(record.disposition, record::Disposition::kOk) << record.message;
    // Both ranks' experts once, and the routers on each.
    EXPECT_EQ(record.value("load_bytes_needed"), 2 * (4 * kExpertBytes + 2 * kRouterBytes));
    EXPECT_EQ(record.value("load_bytes_kept"), 2 * (2 * kExpertBytes + kRouterBytes));
    EXPECT_EQ(record.value("calls.torch.concat"), is_concat ? 8 : 0);
    EXPECT_EQ(record.metrics.at("load_time").per_rank.size(), 2U);
    if (is_concat) {
      EXPECT_EQ(record.value("load_bytes_read"), 2 * 2 * (4 * kExpertBytes + kRouterBytes));
    } else if (record.axis("loader") == "broadcast") {
      EXPECT_EQ(record.value("load_bytes_read"), 2 * (4 * kExpertBytes + kRouterBytes));
    }
  }
}

TEST_F(LoadTest, PlaysOneRankOfMany) {
  const Output output = load({"--loader", "concat,direct", "--ep-degree", "4", "--one-rank", "3",
                              "--cache", "cold", "--format", "csv"});
  EXPECT_EQ(output.exit_code, 0) << output.err;
  EXPECT_THAT(output.out, HasSubstr("load_bytes_needed"));
  for (const record::CellRecord& record : records()) {
    EXPECT_EQ(record.axis("ranks"), "4");
    EXPECT_THAT(record.environment, Contains(std::pair("one_rank", "3 of 4")));
    EXPECT_EQ(record.metrics.at("load_time").per_rank.size(), 1U);
    EXPECT_EQ(record.value("load_bytes_needed"), 2 * (kExpertBytes + kRouterBytes));
    EXPECT_EQ(record.value("page_cache_share"), 0);
  }
}

TEST_F(LoadTest, ShardsEverythingWithFsdp) {
  const Output output = load({"--loader", "concat,slice,direct,broadcast", "--parallelism", "fsdp",
                              "--ranks", "2", "--dtype", "fp32", "--format", "json"});
  EXPECT_EQ(output.exit_code, 0) << output.err;
  EXPECT_THAT(output.out, HasSubstr("\"load_time\""));
  for (const record::CellRecord& record : records()) {
    if (record.axis("loader") == "concat") continue;
    EXPECT_EQ(record.value("load_bytes_read"), record.value("load_bytes_needed"))
        << record.axis("loader");
  }
}

TEST_F(LoadTest, RefusesWhatCannotBe) {
  EXPECT_THAT(load({"--ep-degree", "3"}).err, HasSubstr("3 does not divide the 4 experts"));
  EXPECT_THAT(load({"--ep-degree", "4", "--one-rank", "4"}).err,
              HasSubstr("--one-rank 4: the ranks are 0 to 3"));
  EXPECT_THAT(load({"--ep-degree", "2", "--one-rank", "0", "--loader", "broadcast"}).err,
              HasSubstr("broadcast needs every rank"));
  EXPECT_THAT(load({"--parallelism", "fsdp", "--tensors", "experts"}).err,
              HasSubstr("is of parallelism ep"));
  const Output missing = moebench({"load", "nowhere"});
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_THAT(missing.err, HasSubstr("nowhere' does not exist"));
  fs::create_directory(folder_.path() / "empty");
  EXPECT_THAT(moebench({"load", "empty"}).err, HasSubstr("no config.json"));
}

TEST_F(LoadTest, SaysWhatIsWrongWithTheFiles) {
  const fs::path shard = shards()[1];
  const std::string content = read_file(shard);
  const std::string name = shard.filename().string();

  fs::resize_file(shard, content.size() - 1);
  EXPECT_THAT(error(), AllOf(HasSubstr(name), HasSubstr("is truncated"), HasSubstr("again")));

  std::string huge = content;
  huge.replace(0, 8, std::string("\0\0\0\0\1\0\0\0", 8));  // 4 GiB
  write_file_atomically(shard, huge);
  EXPECT_THAT(error(), AllOf(HasSubstr(name), HasSubstr("would have 4294967296 bytes")));

  fs::remove(shard);
  EXPECT_THAT(error(), AllOf(HasSubstr(name), HasSubstr("is missing"), HasSubstr("download")));

  fs::create_directory(shard);
  EXPECT_THAT(error(), AllOf(HasSubstr(name), HasSubstr("no regular file")));
  fs::remove(shard);

  std::string other = content;
  const auto at = other.find("w1.weight");
  other.replace(at, 2, "w9");
  write_file_atomically(shard, other);
  EXPECT_THAT(error(), AllOf(HasSubstr(name), HasSubstr("has no tensor"), HasSubstr("w1.weight")));
}

// The training is the same, however its weights have come.
TEST_F(LoadTest, TrainingDoesNotDependOnTheLoader) {
  fs::create_directories(folder_.path() / "models");
  write_file_atomically(folder_.path() / "models" / "mini.json", kModel);
  write_file_atomically(folder_.path() / "train.yaml", R"(
scenarios:
  - name: train
    axes:
      model: mini
      parallelism: [fsdp, ep]
      ranks: 2
      seq_len: 16
      loader: [concat, slice, direct, broadcast]
    settings: {steps: 2, warmup_steps: 1, load_from: checkpoint, check_numerics: false}
)");
  const UnprobedRank rank(folder_.path());
  const Output output = moebench({"run", "train.yaml"});
  EXPECT_EQ(output.exit_code, 0) << output.err;
  std::map<std::string, std::vector<double>> losses;
  for (const auto& record : record::load(folder_.path() / "results" / "train")) {
    const auto& samples = record.metrics.at("loss").samples;
    const auto [first, added] = losses.emplace(record.axis("parallelism"), samples);
    EXPECT_EQ(samples, first->second) << record.axis("loader");
  }
  EXPECT_EQ(losses.size(), 2U);
}

}  // namespace
}  // namespace moebench
