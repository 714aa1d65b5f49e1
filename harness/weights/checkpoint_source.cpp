#include <filesystem>
#include <map>
#include <system_error>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/weights/json.h"
#include "harness/weights/parameters.h"
#include "harness/weights/safetensors.h"

namespace moebench::weights {
namespace {

namespace fs = std::filesystem;

constexpr const char* kIndexName = "model.safetensors.index.json";
constexpr const char* kSingleName = "model.safetensors";

// Tensor name -> shard's file name, from the index.
using WeightMap = std::map<std::string, std::string>;

WeightMap read_index(const fs::path& path) {
  const nlohmann::json index = parse_object(read_file(path), fmt::format("'{}'", path.string()));
  if (!index.contains("weight_map") || !index["weight_map"].is_object()) {
    throw Error("'{}' has no object 'weight_map'; download the index again", path.string());
  }
  WeightMap weight_map;
  for (const auto& [tensor, shard] : index["weight_map"].items()) {
    const fs::path name = shard.is_string() ? shard.get<std::string>() : "";
    if (name.empty() || name != name.filename()) {
      throw Error("'{}': the shard of '{}' is no file name; download the index again",
                  path.string(), tensor);
    }
    weight_map[tensor] = name.string();
  }
  return weight_map;
}

void check_tensor(const SafetensorsReader& file, const ParameterSpec& parameter) {
  const TensorInfo& info = file.tensors().at(parameter.name);
  if (info.shape != parameter.shape) {
    throw Error(
        "'{}': tensor '{}' has shape {}, the model needs {}; use the checkpoint that "
        "belongs to the model's config.json",
        file.path().string(), parameter.name, to_string(info.shape), to_string(parameter.shape));
  }
  if (!SafetensorsReader::can_convert(info.dtype)) {
    throw Error("'{}': tensor '{}' is of dtype {}; save it as F32, F16 or BF16",
                file.path().string(), parameter.name, info.dtype);
  }
}

class CheckpointSource : public ParameterSource {
 public:
  void read(const ParameterSpec& parameter, std::int64_t begin,
            std::span<float> out) const override {
    check_range(parameter, begin, out.size());
    const auto file = file_of_.find(parameter.name);
    if (file == file_of_.end()) {
      throw Error(
          "parameter '{}' is not among those of the model that the checkpoint was opened "
          "for; open it with the right config.json",
          parameter.name);
    }
    file->second->read(parameter.name, begin, out);
  }

  void add_single(const fs::path& path, const std::vector<ParameterSpec>& parameters) {
    const SafetensorsReader& file = open(path);
    for (const ParameterSpec& parameter : parameters) {
      if (!file.tensors().contains(parameter.name)) {
        throw Error(
            "'{}' has no tensor '{}'; use the checkpoint that belongs to the model's "
            "config.json",
            path.string(), parameter.name);
      }
      add(file, parameter);
    }
  }

  void add_sharded(const fs::path& index, const std::vector<ParameterSpec>& parameters) {
    const WeightMap weight_map = read_index(index);
    for (const ParameterSpec& parameter : parameters) {
      const auto shard = weight_map.find(parameter.name);
      if (shard == weight_map.end()) {
        throw Error(
            "'{}' lists no tensor '{}'; use the checkpoint that belongs to the model's "
            "config.json",
            index.string(), parameter.name);
      }
      const SafetensorsReader& file = open_shard(index, shard->second);
      if (!file.tensors().contains(parameter.name)) {
        throw Error(
            "'{}' has no tensor '{}', which '{}' places there; download the shard and the "
            "index again",
            file.path().string(), parameter.name, index.string());
      }
      add(file, parameter);
    }
  }

 private:
  const SafetensorsReader& open(const fs::path& path) {
    auto& file = files_[path.string()];
    if (!file) file = std::make_unique<SafetensorsReader>(path);
    return *file;
  }

  const SafetensorsReader& open_shard(const fs::path& index, const std::string& name) {
    const fs::path path = index.parent_path() / name;
    std::error_code ignored;
    if (!fs::exists(path, ignored)) {
      throw Error("shard '{}', which '{}' lists, is missing; download it beside the index",
                  path.string(), index.string());
    }
    return open(path);
  }

  void add(const SafetensorsReader& file, const ParameterSpec& parameter) {
    check_tensor(file, parameter);
    file_of_[parameter.name] = &file;
  }

  std::map<std::string, std::unique_ptr<SafetensorsReader>> files_;
  std::map<std::string, const SafetensorsReader*> file_of_;
};

}  // namespace

std::unique_ptr<ParameterSource> checkpoint_source(const std::string& path,
                                                   const config::ModelConfig& model) {
  const std::vector<ParameterSpec> parameters = model_parameters(model);
  const fs::path place = path;
  auto source = std::make_unique<CheckpointSource>();
  if (!fs::exists(place)) {
    throw Error(
        "checkpoint '{}' does not exist; correct the path or write one with 'moebench "
        "make-checkpoint'",
        path);
  }
  if (!fs::is_directory(place)) {
    source->add_single(place, parameters);
  } else if (fs::exists(place / kIndexName)) {
    source->add_sharded(place / kIndexName, parameters);
  } else if (fs::exists(place / kSingleName)) {
    source->add_single(place / kSingleName, parameters);
  } else {
    throw Error(
        "checkpoint folder '{}' holds neither {} nor {}; download the safetensors form of "
        "the model",
        path, kIndexName, kSingleName);
  }
  return source;
}

}  // namespace moebench::weights
