#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/names.h"
#include "harness/config/cell.h"

namespace moebench::checkpoint {

inline constexpr int kFormatVersion = 1;

// A checkpoint keeps this of every parameter: its value and AdamW's two moments.
enum class Quantity { kParameter, kExpAvg, kExpAvgSq };
constexpr auto names_of(Quantity) {
  return name_table<Quantity>({{Quantity::kParameter, "parameter"},
                               {Quantity::kExpAvg, "exp_avg"},
                               {Quantity::kExpAvgSq, "exp_avg_sq"}});
}
using moebench::to_string;

inline constexpr auto kQuantities = kValues<Quantity>;

// Elements [begin, begin + count) of a parameter, or of one of its moments, in row-major order.
struct SavedPiece {
  Quantity quantity = Quantity::kParameter;
  std::string parameter;  // Hugging Face name
  std::int64_t begin = 0;
  std::int64_t count = 0;

  // Returns the name in the safetensors file: "exp_avg:model.norm.weight[64:128]".
  std::string tensor_name() const;
};

// Describes the file that one rank wrote.
struct ShardFile {
  std::string name{};  // within the checkpoint's folder
  std::int64_t num_bytes = 0;
  std::string hash{};  // ContentHash of the whole file
  std::vector<SavedPiece> pieces{};
};

// manifest.json. The pieces of all files cover every quantity of every parameter exactly once.
struct Manifest {
  std::int64_t step = 0;                       // optimizer steps done
  std::int64_t next_data_step = 0;             // the data's step that the next one trains on
  std::int64_t micro_batches_per_step = 0;     // over all ranks
  config::Dtype dtype = config::Dtype::kBf16;  // of all pieces
  std::vector<std::pair<std::string, std::string>> cell{};  // the writer's identity_fields()
  std::vector<ShardFile> files{};                           // index = rank that wrote it
};

std::string to_json(const Manifest& manifest);

// A rank tells this of its file to the rank that writes the manifest.
std::string to_json(const ShardFile& file, config::Dtype dtype);
ShardFile parse_shard_file(const std::string& text, config::Dtype dtype);

// Error naming `path` where the text is damaged, foreign, of another format version or incomplete.
Manifest parse_manifest(const std::string& text, const std::string& path);

// Error where a run of `cell` would not continue what the checkpoint at `path` trained: lists the
// fields that differ and what to do. Ranks, parallelism and the like may differ
// (config::disagreements).
void check_continues(const Manifest& manifest, const config::CellConfig& cell,
                     const std::string& path);

}  // namespace moebench::checkpoint
