#include "harness/weights/checkpoint_files.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <set>
#include <system_error>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/hub_cache.h"
#include "harness/base/json.h"
#include "harness/base/words.h"
#include "harness/weights/stored_names.h"

namespace moebench::weights {
namespace {

namespace fs = std::filesystem;

constexpr const char* kIndexName = "model.safetensors.index.json";
constexpr const char* kSingleName = "model.safetensors";

// FP8 checkpoints keep the factors that their elements are to be multiplied with beside them.
void refuse_scaled(const SafetensorsReader& file, const std::string& name) {
  for (const char* suffix : {"_scale_inv", "_scale"}) {
    if (!file.tensors().contains(name + suffix)) continue;
    throw Error(
        "'{}': tensor '{}' is quantised, its factors are in '{}{}'; save the model unquantised",
        file.path().string(), name, name, suffix);
  }
}

// A shard's name in the index as a path within the folder; empty where it is none.
fs::path shard_path(const nlohmann::json& name) {
  if (!name.is_string()) return {};
  const fs::path path = fs::path(name.get<std::string>()).lexically_normal();
  const bool is_file = path.has_filename() && path != ".";
  return is_file && path.is_relative() && *path.begin() != ".." ? path : fs::path();
}

}  // namespace

CheckpointFiles::CheckpointFiles(const fs::path& named) : place_(snapshot_in(named)) {
  std::error_code ignored;
  const fs::path place = place_;
  refuse_dangling_link(place);
  if (!fs::exists(place, ignored)) {
    throw Error(
        "checkpoint '{}' does not exist; correct the path or write one with 'moebench "
        "make-checkpoint'",
        place.string());
  }
  if (!fs::is_directory(place)) return;
  const bool has_index = fs::is_regular_file(place / kIndexName, ignored);
  if (fs::is_regular_file(place / kSingleName, ignored)) {
    place_ = place / kSingleName;
    has_unread_index_ = has_index;
  } else if (has_index) {
    place_ = place / kIndexName;
    is_sharded_ = true;
    weight_map_ = read_index(place_);
  } else {
    refuse_dangling_link(place / kSingleName);
    refuse_dangling_link(place / kIndexName);
    throw Error(
        "checkpoint folder '{}' holds neither {} nor {}; download the safetensors form of "
        "the model",
        place.string(), kSingleName, kIndexName);
  }
}

CheckpointFiles::Tensor CheckpointFiles::find(const std::string& name,
                                              const std::vector<std::int64_t>& shape) {
  const std::vector<StoredForm> forms = stored_forms(name, shape);
  const auto stored =
      std::ranges::find_if(forms, [&](const StoredForm& form) { return has(form.tensor); });
  const StoredForm& form = stored == forms.end() ? forms.front() : *stored;
  const SafetensorsReader& file = file_of(form.tensor);
  TensorInfo info = file.tensors().at(form.tensor);
  if (!form.fits(info.shape)) {
    throw Error(
        "'{}': tensor '{}' has shape {}, the model needs {}; use the checkpoint that "
        "belongs to the model's config.json",
        file.path().string(), form.tensor, to_string(info.shape), to_string(form.shape));
  }
  const auto type = source_type(info.dtype);
  if (!type) {
    throw Error("'{}': tensor '{}' is of dtype {}; save it as one of {}", file.path().string(),
                form.tensor, info.dtype, fmt::join(names<SourceType>(), ", "));
  }
  if (element_bytes(*type) == 1) refuse_scaled(file, form.tensor);
  info.offset += form.begin * element_bytes(*type);
  info.shape = shape;
  info.num_bytes =
      std::accumulate(shape.begin(), shape.end(), element_bytes(*type), std::multiplies<>());
  return {&file, info, *type, form.tensor, form.begin};
}

std::vector<fs::path> CheckpointFiles::paths() const {
  if (!is_sharded_) return {place_};
  std::set<fs::path> paths;
  for (const auto& [tensor, shard] : weight_map_) paths.insert(place_.parent_path() / shard);
  // One that no tensor of the model lies in may be missing.
  std::erase_if(paths, [](const fs::path& path) {
    std::error_code ignored;
    return !fs::is_regular_file(path, ignored);
  });
  return {paths.begin(), paths.end()};
}

std::string CheckpointFiles::description() const {
  const std::string name = place_.filename().string();
  if (has_unread_index_) return fmt::format("{}; {} beside it is not read", name, kIndexName);
  if (!is_sharded_) return name;
  std::set<std::string> shards;
  for (const auto& [tensor, shard] : weight_map_) shards.insert(shard);
  return fmt::format("{}: {}", name, counted(shards.size(), "shard"));
}

bool CheckpointFiles::has(const std::string& tensor) {
  return is_sharded_ ? weight_map_.contains(tensor) : open(place_).tensors().contains(tensor);
}

const SafetensorsReader& CheckpointFiles::file_of(const std::string& name) {
  if (!is_sharded_) {
    const SafetensorsReader& file = open(place_.filename().string());
    if (file.tensors().contains(name)) return file;
    throw Error(
        "'{}' has no tensor '{}'; use the checkpoint that belongs to the model's "
        "config.json",
        place_.string(), name);
  }
  const auto shard = weight_map_.find(name);
  if (shard == weight_map_.end()) {
    throw Error(
        "'{}' lists no tensor '{}'; use the checkpoint that belongs to the model's "
        "config.json",
        place_.string(), name);
  }
  const SafetensorsReader& file = open(shard->second);
  if (file.tensors().contains(name)) return file;
  throw Error(
      "'{}' has no tensor '{}', which '{}' places there; download the shard and the "
      "index again",
      file.path().string(), name, place_.string());
}

const SafetensorsReader& CheckpointFiles::open(const std::string& name) {
  auto& file = files_[name];
  if (file) return *file;
  const fs::path path = place_.parent_path() / name;
  std::error_code ignored;
  refuse_dangling_link(path);
  if (is_sharded_ && !fs::exists(path, ignored)) {
    throw Error("shard '{}', which '{}' lists, is missing; download it beside the index",
                path.string(), place_.string());
  }
  file = std::make_unique<SafetensorsReader>(path);
  return *file;
}

CheckpointFiles::WeightMap CheckpointFiles::read_index(const fs::path& path) {
  const nlohmann::json index = parse_object(read_file(path), path.string());
  if (!index.contains("weight_map") || !index["weight_map"].is_object()) {
    throw Error("'{}' has no object 'weight_map'; download the index again", path.string());
  }
  WeightMap weight_map;
  for (const auto& [tensor, shard] : index["weight_map"].items()) {
    const fs::path within = shard_path(shard);
    if (within.empty()) {
      throw Error(
          "'{}': the shard of '{}' is no path within the folder: {}; download the index again",
          path.string(), tensor, shard.dump());
    }
    weight_map.emplace_hint(weight_map.end(), tensor, within.string());  // in their order
  }
  return weight_map;
}

}  // namespace moebench::weights
