#include "harness/weights/make_checkpoint.h"

#include <gmock/gmock.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "harness/base/bfloat16.h"
#include "harness/base/file.h"
#include "harness/base/hash.h"
#include "harness/weights/parameters.h"
#include "harness/weights/safetensors.h"
#include "harness/weights/weights_testing.h"

namespace moebench::weights {
namespace {

namespace fs = std::filesystem;
using config::Dtype;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

fs::path config_in(const fs::path& folder) {
  write_file_atomically(folder / "mini.json", kMiniConfig);
  return folder / "mini.json";
}

std::int64_t model_bytes(std::int64_t bytes_per_element) {
  std::int64_t bytes = 0;
  for (const auto& p : model_parameters(mini_model())) {
    bytes += p.num_elements() * bytes_per_element;
  }
  return bytes;
}

void expect_values(const fs::path& folder, std::uint64_t seed, Dtype dtype) {
  const auto source = checkpoint_source(folder.string(), mini_model());
  const auto seeded = seeded_source(seed, 0.02);
  for (const auto& parameter : model_parameters(mini_model())) {
    auto expected = read_all(*seeded, parameter);
    if (dtype == Dtype::kBf16) {
      for (float& value : expected) value = to_float(from_float<Bfloat16>(value));
    }
    EXPECT_EQ(read_all(*source, parameter), expected) << parameter.name;
  }
}

// The same model in both forms.
TEST(MakeCheckpoint, StacksExpertsWhereThatIsAskedFor) {
  const auto folder = test_folder();
  make_checkpoint(config_in(folder), folder / "out",
                  {.seed = 7, .dtype = Dtype::kFp32, .stack_experts = true});
  const SafetensorsReader file(folder / "out" / "model-00001-of-00001.safetensors");
  const std::string experts = "model.layers.1.mlp.experts.";
  EXPECT_THAT(file.tensors().at(experts + "gate_up_proj").shape, ElementsAre(3, 40, 12));
  EXPECT_THAT(file.tensors().at(experts + "down_proj").shape, ElementsAre(3, 12, 20));
  EXPECT_EQ(file.tensors().size(), model_parameters(mini_model()).size() - 2 * (3 * 3 - 2));
  expect_values(folder / "out", 7, Dtype::kFp32);
}

TEST(MakeCheckpoint, WritesTheStacksOfGraniteMoe) {
  const auto folder = test_folder();
  std::string text = kMiniConfig;
  text.replace(text.find("mixtral"), 7, "granitemoe");
  text.replace(text.rfind("false"), 5, "true");  // tie_word_embeddings
  write_file_atomically(folder / "mini.json", text);
  make_checkpoint(folder / "mini.json", folder / "out", {.seed = 7, .dtype = Dtype::kFp32});

  const config::ModelConfig model = config::load_model_config(folder / "out" / "config.json");
  const auto source = checkpoint_source((folder / "out").string(), model);
  const auto seeded = seeded_source(7, 0.02);
  std::vector<std::string> names;
  for (const auto& parameter : model_parameters(model)) {
    names.push_back(parameter.name);
    EXPECT_EQ(read_all(*source, parameter), read_all(*seeded, parameter)) << parameter.name;
  }
  const SafetensorsReader file(folder / "out" / "model-00001-of-00001.safetensors");
  std::vector<std::string> written;
  for (const auto& [name, tensor] : file.tensors()) written.push_back(name);
  EXPECT_THAT(written, ::testing::UnorderedElementsAreArray(names));
}

TEST(MakeCheckpoint, WritesTheSeededValues) {
  const auto folder = test_folder();
  const auto config = config_in(folder);
  make_checkpoint(config, folder / "out", {.seed = 7});
  expect_values(folder / "out", 7, Dtype::kBf16);
  EXPECT_EQ(read_file(folder / "out" / "config.json"), kMiniConfig);
  EXPECT_THAT(names_in(folder / "out"),
              ElementsAre("config.json", "model-00001-of-00001.safetensors",
                          "model.safetensors.index.json"));
  make_checkpoint(config, folder / "wide" / "fp32/", {.seed = 8, .dtype = Dtype::kFp32});
  expect_values(folder / "wide" / "fp32", 8, Dtype::kFp32);
  EXPECT_THAT(names_in(folder / "wide"), ElementsAre("fp32"));
}

TEST(MakeCheckpoint, WritesAModelWhoseKeysAreSetOtherwise) {
  const auto folder = test_folder();
  const config::ModelKeys keys = {{"num_hidden_layers", config::YamlValue::parse("1", "keys")}};
  make_checkpoint(config_in(folder), folder / "out", {.model_keys = keys});
  const config::ModelConfig model = config::load_model_config(folder / "out" / "config.json");
  EXPECT_EQ(model.num_layers, 1);
  EXPECT_EQ(model.vocab_size, mini_model().vocab_size);
  EXPECT_NO_THROW(checkpoint_source((folder / "out").string(), model));
}

// Its config.json would say of the weights written here that they are quantised.
TEST(MakeCheckpoint, RefusesAQuantisedModel) {
  const auto folder = test_folder();
  std::string text = kMiniConfig;
  text.insert(text.rfind('}'), ", \"quantization_config\": {\"quant_method\": \"fp8\"}");
  write_file_atomically(folder / "mini.json", text);
  EXPECT_THAT(error_of([&] { make_checkpoint(folder / "mini.json", folder / "out", {}); }),
              ::testing::HasSubstr("quantised (fp8)"));
  const config::ModelKeys keys = {{"quantization_config", config::YamlValue::parse("~", "keys")}};
  make_checkpoint(folder / "mini.json", folder / "out", {.model_keys = keys});
  EXPECT_EQ(config::load_model_config(folder / "out" / "config.json").quantised, "");
}

// The bytes that the safetensors library has read: tools/dev/read_checkpoint.py opens the same
// checkpoint with it where it is installed, and knows what it must find.
TEST(MakeCheckpoint, WritesTheBytesThatTheReferenceLibraryHasRead) {
  const auto folder = test_folder();
  make_checkpoint(fs::path(MOEBENCH_SCENARIO_FOLDER) / "models" / "mixtral-tiny.json",
                  folder / "out", {.seed = 7, .max_shard_bytes = 2'000'000});
  std::vector<std::string> hashes;
  for (const std::string& name : names_in(folder / "out")) {
    if (!name.ends_with(".safetensors")) continue;
    hashes.push_back(hash_hex(read_file(folder / "out" / name), 16));
  }
  EXPECT_THAT(hashes, ElementsAre("5c41fcf14937ce53", "99c4f0f1b9c4f60c", "f4c562f067b27dc6",
                                  "86a64241e090a200"));
}

TEST(MakeCheckpoint, BoundsItsShardsAndIndexesThem) {
  const auto folder = test_folder();
  // An embedding table of 1536 bytes is above the bound and stands alone.
  make_checkpoint(config_in(folder), folder / "out",
                  {.dtype = Dtype::kFp32, .max_shard_bytes = 1500});
  expect_values(folder / "out", 0, Dtype::kFp32);
  const auto index =
      nlohmann::json::parse(read_file(folder / "out" / "model.safetensors.index.json"));
  EXPECT_EQ(index["metadata"]["total_size"], model_bytes(4));
  EXPECT_EQ(index["weight_map"].size(), model_parameters(mini_model()).size());
  std::set<std::string> shards;
  for (const auto& shard : index["weight_map"]) shards.insert(shard);
  EXPECT_EQ(names_in(folder / "out").size(), shards.size() + 2);
  std::int64_t total = 0;
  for (const auto& shard : shards) {
    EXPECT_THAT(shard, HasSubstr(fmt::format("-of-{:05}.safetensors", shards.size())));
    std::int64_t bytes = 0;
    const SafetensorsReader reader(folder / "out" / shard);
    for (const auto& [name, info] : reader.tensors()) {
      EXPECT_EQ(index["weight_map"][name], shard);
      bytes += info.num_bytes;
    }
    EXPECT_TRUE(bytes <= 1500 || reader.tensors().size() == 1) << shard;
    total += bytes;
  }
  EXPECT_EQ(total, model_bytes(4));
}

TEST(MakeCheckpoint, ReportsItsProgress) {
  const auto folder = test_folder();
  std::int64_t last = 0;
  const auto progress = [&](std::int64_t written, std::int64_t total) {
    EXPECT_GT(written, last);
    EXPECT_EQ(total, model_bytes(2));
    last = written;
  };
  make_checkpoint(config_in(folder), folder / "out", {.progress = progress});
  EXPECT_EQ(last, model_bytes(2));
}

TEST(MakeCheckpoint, LeavesNothingAfterAFailure) {
  const auto folder = test_folder();
  const auto config = config_in(folder);
  const auto interrupt = [](std::int64_t written, std::int64_t) {
    if (written > 1000) throw std::runtime_error("interrupted");
  };
  EXPECT_THROW(
      make_checkpoint(config, folder / "out", {.max_shard_bytes = 1500, .progress = interrupt}),
      std::runtime_error);
  EXPECT_THAT(names_in(folder), ElementsAre("mini.json"));
}

TEST(MakeCheckpoint, KeepsWhatIsThereAndFillsAnEmptyFolder) {
  const auto folder = test_folder();
  const auto config = config_in(folder);
  fs::create_directory(folder / "out");
  make_checkpoint(config, folder / "out", {});
  EXPECT_THAT(error_of([&] { make_checkpoint(config, folder / "out", {}); }),
              AllOf(HasSubstr((folder / "out").string()), HasSubstr("exists already")));
  EXPECT_THAT(error_of([&] { make_checkpoint(config, config, {}); }), HasSubstr("exists already"));
  EXPECT_THAT(error_of([&] { make_checkpoint(config, config / "below", {}); }),
              HasSubstr("cannot write the checkpoint"));
  EXPECT_THAT(error_of([&] { make_checkpoint(folder / "no.json", folder / "new", {}); }),
              HasSubstr("no.json"));
  EXPECT_THAT(error_of([&] { make_checkpoint(config, folder / "new", {.max_shard_bytes = 0}); }),
              HasSubstr("max_shard_bytes is 0"));
  EXPECT_THAT(names_in(folder), ElementsAre("mini.json", "out"));
}

}  // namespace
}  // namespace moebench::weights
