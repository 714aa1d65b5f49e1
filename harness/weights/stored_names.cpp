#include "harness/weights/stored_names.h"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace moebench::weights {
namespace {

constexpr std::string_view kExperts = "experts.";
constexpr std::string_view kWeight = ".weight";

// One expert's projection, as "<moe>experts.<expert>.<projection>.weight" names it.
struct ExpertName {
  std::string moe;
  std::int64_t expert = -1;
  std::string projection;
};

ExpertName parse_expert(const std::string& name) {
  const std::size_t at = name.find(kExperts);
  if (at == std::string::npos || !name.ends_with(kWeight)) return {};
  ExpertName parsed;
  const char* const end = name.data() + name.size();
  const auto [rest, error] =
      std::from_chars(name.data() + at + kExperts.size(), end, parsed.expert);
  const char* const projection_end = end - kWeight.size();
  if (error != std::errc() || rest >= projection_end || *rest != '.') return {};
  parsed.projection = std::string(rest + 1, projection_end);
  parsed.moe = name.substr(0, at);
  return parsed;
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

// "model.layers.0.block_sparse_moe." as transformers 5 calls it.
std::string as_mlp(std::string moe) {
  constexpr std::string_view kOld = "block_sparse_moe.";
  if (moe.ends_with(kOld)) moe.replace(moe.size() - kOld.size(), kOld.size(), "mlp.");
  return moe;
}

// The other name of a tensor that is whole in both; empty where there is none.
std::string renamed(const std::string& name) {
  struct Ending {
    std::string_view own, other;
  };
  constexpr Ending kEndings[] = {
      {"block_sparse_moe.gate.weight", "mlp.gate.weight"},
      {"block_sparse_moe.router.layer.weight", "block_sparse_moe.router.weight"},
      {"block_sparse_moe.input_linear.weight", "block_sparse_moe.experts.gate_up_proj"},
      {"block_sparse_moe.output_linear.weight", "block_sparse_moe.experts.down_proj"}};
  for (const Ending& ending : kEndings) {
    if (!name.ends_with(ending.own)) continue;
    return name.substr(0, name.size() - ending.own.size()) + std::string(ending.other);
  }
  return "";
}

}  // namespace

bool StoredForm::fits(const std::vector<std::int64_t>& stored) const {
  if (at_least == 0) return stored == shape;
  return stored.size() == shape.size() && stored[0] >= at_least &&
         std::equal(stored.begin() + 1, stored.end(), shape.begin() + 1);
}

StoredForm expert_stack(const std::string& name, const std::vector<std::int64_t>& shape,
                        std::int64_t num_experts) {
  const ExpertName expert = parse_expert(name);
  if (expert.expert < 0 || shape.size() != 2) return {};
  const std::int64_t elements = shape[0] * shape[1];
  const std::string stacks = as_mlp(expert.moe) + std::string(kExperts);
  if (is_one_of(expert.projection, {"down_proj", "w2"})) {
    return {stacks + "down_proj", {num_experts, shape[0], shape[1]}, expert.expert * elements};
  }
  const bool is_up = is_one_of(expert.projection, {"up_proj", "w3"});
  if (!is_up && !is_one_of(expert.projection, {"gate_proj", "w1"})) return {};
  return {stacks + "gate_up_proj",
          {num_experts, 2 * shape[0], shape[1]},
          (2 * expert.expert + (is_up ? 1 : 0)) * elements};
}

std::vector<StoredForm> stored_forms(const std::string& name,
                                     const std::vector<std::int64_t>& shape) {
  std::vector<StoredForm> forms = {{name, shape}};
  if (const std::string other = renamed(name); !other.empty()) forms.push_back({other, shape});
  StoredForm stack = expert_stack(name, shape, 1);
  if (stack.tensor.empty()) return forms;
  stack.at_least = parse_expert(name).expert + 1;
  forms.push_back(std::move(stack));
  return forms;
}

}  // namespace moebench::weights
