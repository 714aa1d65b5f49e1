#include "harness/weights/make_checkpoint.h"

#include <unistd.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/system_error.h"
#include "harness/weights/parameters.h"
#include "harness/weights/safetensors.h"
#include "harness/weights/stored_names.h"

namespace moebench::weights {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kFilledElements = 1 << 20;

// A tensor of the file: a parameter, or those of all experts behind one another.
struct Tensor {
  NamedShape shape;
  std::vector<ParameterSpec> parameters;

  std::int64_t num_elements() const {
    std::int64_t elements = 0;
    for (const ParameterSpec& parameter : parameters) elements += parameter.num_elements();
    return elements;
  }
};

struct ShardPlan {
  std::vector<Tensor> tensors;
  std::int64_t num_bytes = 0;
};

// Experts' own tensors put together to the stacks that stored_names.h speaks of.
std::vector<Tensor> stacked(const config::ModelConfig& model) {
  std::vector<Tensor> tensors;
  std::map<std::string, std::map<std::int64_t, ParameterSpec>> stacks;  // by place in them
  for (const ParameterSpec& parameter : model_parameters(model)) {
    const StoredForm stack = expert_stack(parameter.name, parameter.shape, model.num_experts);
    if (stack.tensor.empty()) {
      tensors.push_back({{parameter.name, parameter.shape}, {parameter}});
      continue;
    }
    auto& parts = stacks[stack.tensor];
    if (parts.empty()) tensors.push_back({{stack.tensor, stack.shape}, {}});
    parts.emplace(stack.begin, parameter);
  }
  for (Tensor& tensor : tensors) {
    const auto parts = stacks.find(tensor.shape.name);
    if (parts == stacks.end()) continue;
    for (const auto& [begin, parameter] : parts->second) tensor.parameters.push_back(parameter);
  }
  return tensors;
}

std::vector<Tensor> tensors_of(const config::ModelConfig& model, bool stack_experts) {
  if (stack_experts) return stacked(model);
  std::vector<Tensor> tensors;
  for (const ParameterSpec& parameter : model_parameters(model)) {
    tensors.push_back({{parameter.name, parameter.shape}, {parameter}});
  }
  return tensors;
}

// Tensors in order; a shard exceeds the bound only where a single tensor does.
std::vector<ShardPlan> plan_shards(const config::ModelConfig& model,
                                   const MakeCheckpointOptions& options) {
  std::vector<ShardPlan> shards(1);
  for (Tensor& tensor : tensors_of(model, options.stack_experts)) {
    const std::int64_t bytes = tensor.num_elements() * element_bytes(options.dtype);
    if (shards.back().num_bytes > 0 && shards.back().num_bytes + bytes > options.max_shard_bytes) {
      shards.emplace_back();
    }
    shards.back().tensors.push_back(std::move(tensor));
    shards.back().num_bytes += bytes;
  }
  return shards;
}

std::string shard_name(std::size_t index, std::size_t count) {
  return fmt::format("model-{:05}-of-{:05}.safetensors", index + 1, count);
}

// Beside the final folder, which it becomes by renaming; removed where that never happens.
class UnfinishedFolder {
 public:
  explicit UnfinishedFolder(const fs::path& final_path)
      : final_path_(final_path), path_(fmt::format("{}.tmp.{}", final_path.string(), ::getpid())) {
    fs::remove_all(path_);  // of a dead process that had our number
    fs::create_directories(path_);
  }
  ~UnfinishedFolder() {
    std::error_code ignored;
    if (!committed_) fs::remove_all(path_, ignored);
  }
  UnfinishedFolder(const UnfinishedFolder&) = delete;
  UnfinishedFolder& operator=(const UnfinishedFolder&) = delete;

  const fs::path& path() const { return path_; }

  void commit() {
    sync_folder(path_);
    fs::rename(path_, final_path_);
    committed_ = true;
    sync_folder(final_path_.parent_path());
  }

 private:
  fs::path final_path_;
  fs::path path_;
  bool committed_ = false;
};

class CheckpointWriter {
 public:
  CheckpointWriter(const fs::path& folder, const config::ModelConfig& model,
                   const MakeCheckpointOptions& options)
      : folder_(folder),
        options_(options),
        shards_(plan_shards(model, options)),
        source_(seeded_source(options.seed, model.initializer_range)) {
    for (const ShardPlan& shard : shards_) total_bytes_ += shard.num_bytes;
  }

  void write() {
    check_space();
    for (std::size_t i = 0; i < shards_.size(); ++i) {
      write_shard(shards_[i], shard_name(i, shards_.size()));
    }
    write_index();
  }

 private:
  void check_space() const {
    const auto available = fs::space(folder_).available;
    if (available >= static_cast<std::uintmax_t>(total_bytes_)) return;
    throw Error(
        "the checkpoint needs {} bytes, but the file system of '{}' has {} left; choose "
        "another folder",
        total_bytes_, folder_.parent_path().string(), available);
  }

  void write_shard(const ShardPlan& shard, const std::string& name) {
    std::vector<NamedShape> shapes;
    for (const Tensor& tensor : shard.tensors) shapes.push_back(tensor.shape);
    SafetensorsWriter writer(folder_ / name, shapes, options_.dtype);
    for (const Tensor& tensor : shard.tensors) {
      for (const ParameterSpec& parameter : tensor.parameters) write_parameter(parameter, writer);
    }
    writer.commit();
  }

  void write_parameter(const ParameterSpec& parameter, SafetensorsWriter& writer) {
    const std::int64_t total = parameter.num_elements();
    for (std::int64_t begin = 0; begin < total; begin += kFilledElements) {
      block_.resize(static_cast<std::size_t>(std::min(kFilledElements, total - begin)));
      source_->read(parameter, begin, block_);
      writer.append(block_);
      written_bytes_ += std::ssize(block_) * element_bytes(options_.dtype);
      if (options_.progress) options_.progress(written_bytes_, total_bytes_);
    }
  }

  void write_index() const {
    nlohmann::ordered_json index;
    index["metadata"]["total_size"] = total_bytes_;
    for (std::size_t i = 0; i < shards_.size(); ++i) {
      for (const Tensor& tensor : shards_[i].tensors) {
        index["weight_map"][tensor.shape.name] = shard_name(i, shards_.size());
      }
    }
    write_file_atomically(folder_ / "model.safetensors.index.json", index.dump(2) + "\n");
  }

  fs::path folder_;
  const MakeCheckpointOptions& options_;
  std::vector<ShardPlan> shards_;
  std::unique_ptr<ParameterSource> source_;
  std::vector<float> block_;
  std::int64_t total_bytes_ = 0;
  std::int64_t written_bytes_ = 0;
};

// Absolute and without a trailing slash.
fs::path tidy(const fs::path& folder) {
  const fs::path path = fs::absolute(folder).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

}  // namespace

void make_checkpoint(const fs::path& model_config, const fs::path& folder,
                     const MakeCheckpointOptions& options) {
  if (options.max_shard_bytes < 1) {
    throw Error("max_shard_bytes is {}; use a positive number, e.g. 1000000000",
                options.max_shard_bytes);
  }
  const config::ModelConfig model = config::load_model_config(model_config, options.model_keys);
  if (!model.quantised.empty()) {
    throw Error(
        "{}: quantization_config says that the weights are quantised ({}), and those written here "
        "are "
        "not; name the model as {{base: ..., quantization_config: null}}",
        model_config.string(), model.quantised);
  }
  const fs::path target = tidy(folder);
  std::error_code ignored;
  if (fs::exists(target, ignored) && !(fs::is_directory(target) && fs::is_empty(target))) {
    throw Error("'{}' exists already and is no empty folder; choose another name or remove it",
                target.string());
  }
  try {
    UnfinishedFolder unfinished(target);
    CheckpointWriter(unfinished.path(), model, options).write();
    write_file_atomically(unfinished.path() / "config.json",
                          model.overridden ? *model.overridden : read_file(model_config));
    unfinished.commit();
  } catch (const fs::filesystem_error& error) {
    throw_errno(
        error.code().value(),
        fmt::format("cannot write the checkpoint '{}' (choose a folder that can be written)",
                    target.string()));
  }
}

}  // namespace moebench::weights
