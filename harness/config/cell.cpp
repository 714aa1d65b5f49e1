#include "harness/config/cell.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/check.h"
#include "harness/base/hash.h"
#include "harness/config/axis_table.h"
#include "harness/config/fields.h"

namespace moebench::config {

std::string to_string(const Routing& value) {
  switch (value.kind) {
    case RoutingKind::kLearned:
    case RoutingKind::kBalanced:
      break;
    case RoutingKind::kSkewed:
      return fmt::format("{}({})", to_string(value.kind), value.skew);
    case RoutingKind::kTrace:
      return fmt::format("{}({})", to_string(value.kind), value.trace_file);
  }
  return to_string(value.kind);
}

std::pair<std::string, std::string> split_pair(std::string_view text) {
  const std::size_t equals = text.find('=');
  MOEBENCH_CHECK(equals != std::string_view::npos);
  return {std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

std::vector<std::pair<std::string, std::string>> CellConfig::axes() const {
  std::vector<std::pair<std::string, std::string>> all;
  for (const Axis& axis : axis_table()) {
    if (engine.is_builtin() || std::ranges::count(engine.axes, axis.name) > 0) {
      all.emplace_back(axis.name, axis.text(*this));
    }
  }
  for (const std::string& parameter : engine.parameters) all.push_back(split_pair(parameter));
  return all;
}

bool ModelConfig::is_dense(std::int64_t layer) const {
  return std::ranges::binary_search(dense_layers, layer);
}

std::int64_t ModelConfig::num_dense_before(std::int64_t layers) const {
  return std::ranges::lower_bound(dense_layers, layers) - dense_layers.begin();
}

std::int64_t ModelConfig::sparse_index(std::int64_t layer) const {
  MOEBENCH_CHECK(!is_dense(layer));
  return layer - num_dense_before(layer);
}

std::int64_t ModelConfig::sparse_layer(std::int64_t index) const {
  MOEBENCH_CHECK(index >= 0 && index < num_sparse_layers());
  std::int64_t layer = index;
  for (const std::int64_t dense : dense_layers) layer += dense <= layer ? 1 : 0;
  return layer;
}

std::int64_t ModelConfig::window_of(std::int64_t layer) const {
  return std::ranges::binary_search(full_attention_layers, layer) ? 0 : sliding_window;
}

std::int64_t ModelConfig::rotary_dim() const {
  if (rope.rotary_dim > 0) return rope.rotary_dim;
  return is_latent() ? qk_rope_head_dim : head_dim;
}

std::string CellConfig::id() const { return hash_hex(canonical_text(), 12); }

std::string CellConfig::workload() const {
  if (!engine.is_builtin() && !engine.same_numerics) return id();
  CellConfig cell = *this;
  cell.grad_accumulation *= cell.ranks;  // which is reset below
  for (const Field& field : identity_table()) {
    if (!field.rules.in_workload) field.reset(cell);
  }
  return cell.id();
}

}  // namespace moebench::config
