#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "harness/weights/checkpoint_files.h"
#include "harness/weights/parameters.h"
#include "harness/weights/safetensors.h"
#include "harness/weights/weights_testing.h"

namespace moebench::weights {
namespace {

using config::Dtype;
using ::testing::AllOf;
using ::testing::HasSubstr;
using Parameters = std::vector<ParameterSpec>;

constexpr const char* kIndex = "model.safetensors.index.json";

void write_shard(const std::filesystem::path& path, const Parameters& parameters) {
  std::vector<NamedShape> tensors;
  for (const auto& p : parameters) tensors.push_back({p.name, p.shape});
  SafetensorsWriter writer(path, tensors, Dtype::kFp32);
  const auto source = seeded_source(0, 0.02);
  for (const auto& p : parameters) writer.append(read_all(*source, p));
  writer.commit();
}

void write_index(const std::filesystem::path& folder, const nlohmann::json& weight_map) {
  write_file_atomically(folder / kIndex, nlohmann::json{{"weight_map", weight_map}}.dump());
}

// Two shards that the first parameters and the rest go to, and an index.
std::filesystem::path sharded_folder(const Parameters& parameters) {
  const auto folder = test_folder();
  const Parameters first(parameters.begin(), parameters.begin() + 9);
  const Parameters rest(parameters.begin() + 9, parameters.end());
  write_shard(folder / "one.safetensors", first);
  write_shard(folder / "two.safetensors", rest);
  nlohmann::json weight_map;
  for (const auto& p : first) weight_map[p.name] = "one.safetensors";
  for (const auto& p : rest) weight_map[p.name] = "two.safetensors";
  write_index(folder, weight_map);
  return folder;
}

std::string error_opening(const std::filesystem::path& path) {
  return error_of([&] { checkpoint_source(path.string(), mini_model()); });
}

void expect_seeded_values(const ParameterSource& source) {
  const auto seeded = seeded_source(0, 0.02);
  for (const auto& parameter : model_parameters(mini_model())) {
    EXPECT_EQ(read_all(source, parameter), read_all(*seeded, parameter)) << parameter.name;
  }
}

TEST(CheckpointSource, ReadsAFolderASingleFileAndShards) {
  Parameters parameters = model_parameters(mini_model());
  parameters.push_back({"something.extra", {3}});
  const auto folder = sharded_folder(parameters);
  expect_seeded_values(*checkpoint_source(folder.string(), mini_model()));

  const auto single = folder / "single";
  std::filesystem::create_directory(single);
  write_shard(single / "model.safetensors", parameters);
  expect_seeded_values(*checkpoint_source(single.string(), mini_model()));
  expect_seeded_values(*checkpoint_source((single / "model.safetensors").string(), mini_model()));
}

TEST(CheckpointSource, ReadsRanges) {
  const auto folder = sharded_folder(model_parameters(mini_model()));
  const ParameterSpec parameter = model_parameters(mini_model())[2];
  std::vector<float> part(5);
  checkpoint_source(folder.string(), mini_model())->read(parameter, 7, part);
  const auto whole = read_all(*seeded_source(0, 0.02), parameter);
  EXPECT_EQ(part, std::vector(whole.begin() + 7, whole.begin() + 12));
}

TEST(CheckpointSource, NamesTheMissingShard) {
  const auto folder = sharded_folder(model_parameters(mini_model()));
  std::filesystem::remove(folder / "two.safetensors");
  EXPECT_THAT(error_opening(folder), AllOf(HasSubstr((folder / "two.safetensors").string()),
                                           HasSubstr("is missing; download it")));
}

TEST(CheckpointSource, NamesTheTensorThatTheIndexPromisesAndNoShardHas) {
  const Parameters parameters = model_parameters(mini_model());
  const auto folder = sharded_folder(parameters);
  write_shard(folder / "two.safetensors", {parameters.begin() + 9, parameters.end() - 1});
  EXPECT_THAT(
      error_opening(folder),
      AllOf(HasSubstr("two.safetensors' has no tensor 'lm_head.weight'"), HasSubstr(kIndex)));
}

TEST(CheckpointSource, NamesTheTensorThatIsNowhere) {
  Parameters parameters = model_parameters(mini_model());
  parameters.pop_back();
  const auto folder = sharded_folder(parameters);
  EXPECT_THAT(error_opening(folder),
              AllOf(HasSubstr(kIndex), HasSubstr("lists no tensor 'lm_head.weight'")));
  write_shard(folder / "single.safetensors", parameters);
  EXPECT_THAT(error_opening(folder / "single.safetensors"),
              HasSubstr("single.safetensors' has no tensor 'lm_head.weight'"));
}

TEST(CheckpointSource, NamesTheTensorOfAWrongShapeOrDtype) {
  Parameters parameters = model_parameters(mini_model());
  std::swap(parameters[2].shape[0], parameters[2].shape[1]);
  const auto folder = sharded_folder(parameters);
  EXPECT_THAT(error_opening(folder), AllOf(HasSubstr("one.safetensors"),
                                           HasSubstr("'model.layers.0.self_attn.q_proj.weight' has "
                                                     "shape [12, 16], the model needs [16, 12]")));
  std::swap(parameters[2].shape[0], parameters[2].shape[1]);
  write_shard(folder / "one.safetensors", {parameters.begin(), parameters.begin() + 9});
  std::string bytes = read_file(folder / "one.safetensors");
  for (auto at = bytes.find("F32"); at < 4000; at = bytes.find("F32", at))
    bytes.replace(at, 3, "I32");
  write_file_atomically(folder / "one.safetensors", bytes);
  EXPECT_THAT(error_opening(folder), AllOf(HasSubstr("'model.embed_tokens.weight' is of dtype I32"),
                                           HasSubstr("save it as")));
}

TEST(CheckpointSource, RefusesATruncatedShard) {
  const auto folder = sharded_folder(model_parameters(mini_model()));
  const auto shard = folder / "two.safetensors";
  std::filesystem::resize_file(shard, std::filesystem::file_size(shard) - 1);
  EXPECT_THAT(error_opening(folder), AllOf(HasSubstr(shard.string()), HasSubstr("is truncated")));
}

TEST(CheckpointSource, RefusesAMalformedIndex) {
  const auto folder = test_folder();
  write_file_atomically(folder / kIndex, "{");
  EXPECT_THAT(error_opening(folder), AllOf(HasSubstr(kIndex), HasSubstr("no well-formed JSON")));
  write_file_atomically(folder / kIndex, "[]");
  EXPECT_THAT(error_opening(folder), HasSubstr("no JSON object"));
  write_file_atomically(folder / kIndex, "{}");
  EXPECT_THAT(error_opening(folder), HasSubstr("no object 'weight_map'"));
  write_file_atomically(folder / kIndex, R"({"weight_map":{"a":"1","a":"2"}})");
  EXPECT_THAT(error_opening(folder), HasSubstr("'a' appears twice"));
  for (const char* shard : {"../a", "/a", "", ".", "..", "sub/", "sub/../../a", "./../a"}) {
    write_index(folder, {{"lm_head.weight", shard}});
    EXPECT_THAT(error_opening(folder),
                HasSubstr("the shard of 'lm_head.weight' is no path within the folder: \"" +
                          std::string(shard) + '"'));
  }
  write_index(folder, {{"lm_head.weight", 3}});
  EXPECT_THAT(error_opening(folder), HasSubstr("is no path within the folder: 3"));
}

// It does as transformers' from_pretrained: so it goes on where shards are saved again as one file.
TEST(CheckpointSource, TakesTheSingleFileBeforeAnIndex) {
  const Parameters parameters = model_parameters(mini_model());
  const auto folder = sharded_folder(parameters);
  EXPECT_EQ(CheckpointFiles(folder).description(), "model.safetensors.index.json: 2 shards");
  for (const char* shard : {"one.safetensors", "two.safetensors"}) {
    write_file_atomically(folder / shard, "of another model");
  }
  write_shard(folder / "model.safetensors", parameters);
  expect_seeded_values(*checkpoint_source(folder.string(), mini_model()));
  const CheckpointFiles files(folder);
  EXPECT_EQ(files.paths(), std::vector{folder / "model.safetensors"});
  EXPECT_EQ(files.description(),
            "model.safetensors; model.safetensors.index.json beside it is not read");
  write_file_atomically(folder / kIndex, "{");
  expect_seeded_values(*checkpoint_source(folder.string(), mini_model()));
}

TEST(CheckpointSource, ReadsShardsInAFolderWithin) {
  const Parameters parameters = model_parameters(mini_model());
  const auto folder = sharded_folder(parameters);
  std::filesystem::create_directory(folder / "sub");
  std::filesystem::rename(folder / "one.safetensors", folder / "sub" / "one.safetensors");
  nlohmann::json weight_map;
  for (const auto& p : parameters) weight_map[p.name] = "./two.safetensors";
  for (std::size_t i = 0; i < 9; ++i) {
    weight_map[parameters[i].name] = i % 2 == 0 ? "sub/one.safetensors" : "sub/./one.safetensors";
  }
  write_index(folder, weight_map);
  expect_seeded_values(*checkpoint_source(folder.string(), mini_model()));
  EXPECT_EQ(CheckpointFiles(folder).paths(),
            (std::vector{folder / "sub/one.safetensors", folder / "two.safetensors"}));
}

TEST(CheckpointSource, AShardThatNobodyNeedsMayBeMissing) {
  Parameters parameters = model_parameters(mini_model());
  parameters.push_back({"vision.weight", {3}});
  const auto folder = sharded_folder(parameters);
  nlohmann::json index = nlohmann::json::parse(read_file(folder / kIndex));
  index["weight_map"]["vision.weight"] = "three.safetensors";
  write_file_atomically(folder / kIndex, index.dump());
  expect_seeded_values(*checkpoint_source(folder.string(), mini_model()));
  EXPECT_EQ(CheckpointFiles(folder).paths().size(), 2u);
}

TEST(CheckpointSource, KnowsPointersOfGitLfs) {
  const std::string pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n";
  const auto folder = sharded_folder(model_parameters(mini_model()));
  for (const char* name : {"two.safetensors", kIndex, "model.safetensors"}) {
    write_file_atomically(folder / name, pointer);
    EXPECT_THAT(error_opening(folder),
                AllOf(HasSubstr((folder / name).string()),
                      HasSubstr("fetch the file itself with 'git lfs pull'")));
  }
}

// Moves a folder's files into a model of the Hugging Face cache, as its only snapshot; returns the
// model's folder.
std::filesystem::path in_hub_cache(const std::filesystem::path& folder) {
  const auto model = folder.parent_path() / "models--org--name";
  const auto snapshot = model / "snapshots" / "0abc";
  std::filesystem::remove_all(model);
  std::filesystem::create_directories(snapshot);
  std::filesystem::create_directories(model / "blobs");
  std::filesystem::create_directories(model / "refs");
  write_file_atomically(model / "refs" / "main", "0abc");
  for (const std::string& name : names_in(folder)) {
    std::filesystem::rename(folder / name, model / "blobs" / ("b-" + name));
    std::filesystem::create_symlink("../../blobs/b-" + name, snapshot / name);
  }
  return model;
}

TEST(CheckpointSource, ReadsAModelOfTheHubCache) {
  const auto model = in_hub_cache(sharded_folder(model_parameters(mini_model())));
  const auto snapshot = model / "snapshots" / "0abc";
  for (const auto& place : {model, snapshot}) {
    expect_seeded_values(*checkpoint_source(place.string(), mini_model()));
    EXPECT_EQ(CheckpointFiles(place).paths(),
              (std::vector{snapshot / "one.safetensors", snapshot / "two.safetensors"}));
  }
  std::filesystem::remove(model / "refs" / "main");
  EXPECT_THAT(error_opening(model), HasSubstr("name a snapshot itself: '" + snapshot.string()));
}

TEST(CheckpointSource, SaysWhichBlobOfTheHubCacheIsMissing) {
  const auto model = in_hub_cache(sharded_folder(model_parameters(mini_model())));
  const auto expect_refused = [&](const std::string& name, const std::string& what) {
    EXPECT_THAT(error_opening(model),
                AllOf(HasSubstr((model / "snapshots/0abc" / name).string() + "' is a link to '" +
                                (model / "blobs" / ("b-" + name)).string() + "', " + what),
                      HasSubstr("run 'hf download org/name'")));
  };
  const auto shard = model / "blobs" / "b-two.safetensors";
  std::filesystem::rename(shard, shard.string() + ".incomplete");
  expect_refused("two.safetensors", "whose download has not ended");
  std::filesystem::remove(model / "blobs" / ("b-" + std::string(kIndex)));
  expect_refused(kIndex, "which is not there");
}

TEST(CheckpointSource, SaysWhatAPathLacks) {
  EXPECT_THAT(error_opening(test_folder() / "missing"), HasSubstr("make-checkpoint"));
  EXPECT_THAT(error_opening(test_folder()), HasSubstr("holds neither"));
}

TEST(CheckpointSource, RefusesParametersOfAnotherModel) {
  const auto folder = sharded_folder(model_parameters(mini_model()));
  const auto source = checkpoint_source(folder.string(), mini_model());
  EXPECT_THAT(error_of([&] {
                read_all(*source, {"model.layers.9.x.weight", {1}});
              }),
              HasSubstr("model.layers.9.x.weight"));
}

}  // namespace
}  // namespace moebench::weights
