#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "harness/weights/convert.h"
#include "harness/weights/safetensors.h"

namespace moebench::weights {

// The shards of a Hugging Face safetensors checkpoint. Headers are read when a tensor is asked for,
// values never.
class CheckpointFiles {
 public:
  // A folder with model.safetensors or model.safetensors.index.json, of which the first counts
  // where both are there, as for transformers; a model of the Hugging Face cache, whose snapshot of
  // refs/main is such a folder; or a single file. Error with the remedy where it is none of these,
  // the index is malformed, or a file is a link to what is not there.
  explicit CheckpointFiles(const std::filesystem::path& named);

  struct Tensor {
    const SafetensorsReader* file;
    TensorInfo info;  // of the parameter alone, where it is a part of a larger tensor
    SourceType type;
    std::string stored_as;   // the tensor that the file has
    std::int64_t begin = 0;  // of the parameter's first element in that

    // Elements [first, first + out.size()) of the parameter, as fp32.
    void read(std::int64_t first, std::span<float> out) const {
      file->read(stored_as, begin + first, out);
    }
  };
  // The parameter in the form in which the files have it (stored_names.h). Error names file, tensor
  // and remedy where it is missing, of another shape, or of a dtype that no conversion alone turns
  // into bf16 or fp32.
  Tensor find(const std::string& name, const std::vector<std::int64_t>& shape);

  // All shards that are there, whether a tensor of theirs was asked for or not.
  std::vector<std::filesystem::path> paths() const;

  // Says which files they are, for people: "model.safetensors; model.safetensors.index.json beside
  // it is not read".
  std::string description() const;

 private:
  // Tensor name -> shard's path within the folder, from the index.
  using WeightMap = std::map<std::string, std::string>;

  bool has(const std::string& tensor);
  const SafetensorsReader& file_of(const std::string& name);
  const SafetensorsReader& open(const std::string& name);
  static WeightMap read_index(const std::filesystem::path& path);

  std::filesystem::path place_;  // the index, or the only file
  bool is_sharded_ = false;
  bool has_unread_index_ = false;  // beside the only file
  WeightMap weight_map_;
  std::map<std::string, std::unique_ptr<SafetensorsReader>> files_;  // by path beside place_
};

}  // namespace moebench::weights
