#include "harness/weights/expert_trace.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>
#include <system_error>

#include "harness/base/error.h"
#include "harness/weights/raw_file.h"

namespace moebench::weights {
namespace {

constexpr std::array<std::string_view, 4> kTraceDtypes = {"U8", "I16", "I32", "I64"};

// As the width `T` of the file.
template <typename T>
std::vector<std::int64_t> read_whole_numbers(const InputFile& file, const TensorInfo& info) {
  std::vector<T> raw(static_cast<std::size_t>(info.num_bytes) / sizeof(T));
  file.read(info.offset, std::as_writable_bytes(std::span(raw)));
  return {raw.begin(), raw.end()};
}

std::vector<std::int64_t> read_whole_numbers(const std::string& path, const TensorInfo& info) {
  const InputFile file(path);
  if (info.dtype == "U8") return read_whole_numbers<std::uint8_t>(file, info);
  if (info.dtype == "I16") return read_whole_numbers<std::int16_t>(file, info);
  if (info.dtype == "I32") return read_whole_numbers<std::int32_t>(file, info);
  return read_whole_numbers<std::int64_t>(file, info);
}

void check_ids(const std::string& path, const std::vector<std::int64_t>& ids,
               const config::ModelConfig& model) {
  const std::int64_t num_layers = model.num_sparse_layers();
  for (auto token = ids.begin(); token != ids.end(); token += model.top_k) {
    const auto place = std::distance(ids.begin(), token) / model.top_k;
    std::vector<std::int64_t> sorted(token, token + model.top_k);
    std::ranges::sort(sorted);
    if (sorted.front() < 0 || sorted.back() >= model.num_experts) {
      throw Error("trace '{}': token {} layer {} names an expert outside 0 .. {}", path,
                  place / num_layers, place % num_layers, model.num_experts - 1);
    }
    if (std::ranges::adjacent_find(sorted) != sorted.end()) {
      throw Error("trace '{}': token {} layer {} names an expert twice", path, place / num_layers,
                  place % num_layers);
    }
  }
}

}  // namespace

TensorInfo find_expert_ids(const std::string& path, const config::ModelConfig& model) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    throw Error("trace '{}' does not exist; correct the path of 'routing: trace(FILE)'", path);
  }
  const SafetensorsReader reader(path);
  const auto found = reader.tensors().find("expert_ids");
  if (found == reader.tensors().end()) {
    throw Error("trace '{}': no tensor 'expert_ids'; save one, [tokens, layers, top_k]", path);
  }
  const TensorInfo& info = found->second;
  const auto& shape = info.shape;
  const std::int64_t num_layers = model.num_sparse_layers();
  if (shape.size() != 3 || shape[0] < 1 || shape[1] != num_layers || shape[2] != model.top_k) {
    throw Error("trace '{}': 'expert_ids' has shape {}; model '{}' needs [tokens, {}, {}]{}", path,
                to_string(shape), model.name, num_layers, model.top_k,
                model.dense_layers.empty() ? "" : ", of its layers with experts alone");
  }
  if (std::ranges::count(kTraceDtypes, info.dtype) == 0) {
    throw Error("trace '{}': tensor 'expert_ids' is {}; save it as U8, I16, I32 or I64", path,
                info.dtype);
  }
  return info;
}

std::vector<std::int64_t> read_expert_ids(const std::string& path,
                                          const config::ModelConfig& model) {
  std::vector<std::int64_t> ids = read_whole_numbers(path, find_expert_ids(path, model));
  check_ids(path, ids, model);
  return ids;
}

}  // namespace moebench::weights
