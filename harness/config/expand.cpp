#include "harness/config/expand.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <set>

#include "harness/config/limits.h"
#include "harness/config/mesh.h"
#include "harness/config/model_parts.h"
#include "harness/config/placement.h"
#include "harness/config/resumption.h"

namespace moebench::config {

namespace {

// A cell before validation, with the places that its axes were written at.
struct Draft {
  CellConfig cell;
  std::map<std::string, const YamlValue*> sources;
  EngineUse use = {};
  bool dropped_parameters = false;  // its engine does not use all of the scenario's

  void apply(const Choice& choice) {
    for (const AxisValue& value : choice) {
      value.apply(cell);
      sources[value.axis] = &value.source;
    }
  }
};

std::string describe(const CellConfig& cell) {
  std::string text;
  for (const auto& [axis, value] : cell.axes()) {
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", axis, value);
  }
  return text;
}

// A degree that nobody wrote follows parallelism and ranks.
template <typename IsWritten>
void follow_degrees(CellConfig& cell, const IsWritten& is_written) {
  if (!is_written("ep_degree")) cell.ep_degree = default_ep_degree(cell);
  if (!is_written("shard_degree")) cell.shard_degree = default_shard_degree(cell);
}

[[noreturn]] void reject(const Matrix& matrix, const Draft& draft, const std::string& axis,
                         const std::string& message) {
  const auto source = draft.sources.find(axis);
  const YamlValue& place = source == draft.sources.end() ? matrix.source : *source->second;
  place.named(fmt::format("axis '{}'", axis)).fail(message);
}

// nullptr for the built-in one. Throws Error at the axis where there is none of the cell's name.
const EngineDefinition* engine_of(const Matrix& matrix, const Draft& draft) {
  const std::string& name = draft.cell.engine.name;
  if (name == kBuiltinEngine) return nullptr;
  const auto found = matrix.engines.find(name);
  if (found != matrix.engines.end()) return &found->second;
  std::vector<std::string> known = {kBuiltinEngine};
  for (const auto& [engine, definition] : matrix.engines) known.push_back(engine);
  reject(matrix, draft, "engine",
         fmt::format("no engine '{}' in the file's 'engines'; {}", shortened(name),
                     suggestion(name, known)));
}

std::set<std::string> written_axes(const Draft& draft) {
  std::set<std::string> written;
  for (const auto& [name, source] : draft.sources) {
    if (find_axis(axis_table(), name) != nullptr) written.insert(name);
  }
  return written;
}

// The draft's engine becomes what its definition says of the cell.
void settle_engine(const EngineDefinition* engine, Draft& draft) {
  Parameters parameters;
  for (const std::string& pair : draft.cell.engine.parameters) {
    parameters.push_back(split_pair(pair));
  }
  draft.cell.engine.parameters.clear();
  if (engine != nullptr) {
    draft.use = resolve_engine(*engine, parameters, written_axes(draft), draft.cell);
  }
  draft.dropped_parameters = draft.use.parameters.size() < parameters.size();
}

Draft make_draft(const Matrix& matrix, const std::vector<std::size_t>& index) {
  Draft draft{matrix.base, {}};
  draft.apply(matrix.defaults);
  for (std::size_t d = 0; d < index.size(); ++d) draft.apply(matrix.dimensions[d][index[d]]);
  const EngineDefinition* engine = engine_of(matrix, draft);
  if (engine == nullptr && !draft.sources.contains("model")) {
    matrix.source.fail("axis 'model' is missing; name a model under 'axes' or in 'defaults'");
  }
  if (engine != nullptr) apply_only_values(*engine, written_axes(draft), draft.cell);
  const auto is_written = [&](const char* axis) { return draft.sources.contains(axis); };
  follow_placement(draft.cell, is_written);
  follow_degrees(draft.cell, is_written);
  if (!draft.sources.contains("prefetch")) draft.cell.prefetch = default_prefetch(draft.cell);
  if (!draft.sources.contains("router_aux_loss")) {
    draft.cell.router_aux_loss = default_router_aux_loss(draft.cell);
  }
  settle_engine(engine, draft);
  return draft;
}

// Odometer over the dimensions, the last one fastest.
bool advance(const Matrix& matrix, std::vector<std::size_t>& index) {
  for (std::size_t d = index.size(); d-- > 0;) {
    if (++index[d] < matrix.dimensions[d].size()) return true;
    index[d] = 0;
  }
  return false;
}

std::string listed(const std::vector<std::int64_t>& degrees) {
  std::vector<std::string> texts;
  for (const std::int64_t degree : degrees) texts.push_back(fmt::to_string(degree));
  return join_alternatives(texts);
}

[[noreturn]] void reject_foreign_degree(const Matrix& matrix, const Draft& draft,
                                        const std::string& axis, std::int64_t degree) {
  reject(matrix, draft, axis,
         fmt::format("{0} with parallelism {1}; exclude these cells with "
                     "'exclude: [{{parallelism: {1}, {2}: {0}}}]'",
                     degree, to_string(draft.cell.parallelism), axis));
}

void validate_ep_degree(const Matrix& matrix, const Draft& draft) {
  const CellConfig& cell = draft.cell;
  if (cell.parallelism != Parallelism::kEp) {
    if (cell.ep_degree == 1) return;
    reject_foreign_degree(matrix, draft, "ep_degree", cell.ep_degree);
  }
  if (cell.ranks % cell.ep_degree != 0) {
    reject(matrix, draft, "ep_degree",
           fmt::format("{} does not divide world_size {}; use {}", cell.ep_degree, cell.ranks,
                       listed(ep_degrees(cell))));
  }
  if (cell.model.num_experts % cell.ep_degree != 0) {
    reject(matrix, draft, "ep_degree",
           fmt::format("{} does not divide the {} experts of {}; use {}", cell.ep_degree,
                       cell.model.num_experts, cell.model.name, listed(ep_degrees(cell))));
  }
}

void validate_shard_degree(const Matrix& matrix, const Draft& draft) {
  const CellConfig& cell = draft.cell;
  if (cell.parallelism != Parallelism::kHsdp) {
    if (cell.shard_degree == 0) return;
    reject_foreign_degree(matrix, draft, "shard_degree", cell.shard_degree);
  }
  const std::vector<std::int64_t> degrees = shard_degrees(cell);
  if (std::ranges::count(degrees, cell.shard_degree) > 0) return;
  if (degrees.empty()) {
    reject(matrix, draft, "parallelism",
           fmt::format("hsdp of {} ranks has no groups of several ranks; use 4 or more ranks, no "
                       "prime number of them, or parallelism fsdp",
                       cell.ranks));
  }
  const bool is_one_copy = cell.shard_degree == cell.ranks || cell.shard_degree == 0;
  reject(matrix, draft, "shard_degree",
         fmt::format("{} does not part world_size {} into groups of several ranks; use {}{}",
                     cell.shard_degree, cell.ranks, listed(degrees),
                     is_one_copy ? ", or parallelism fsdp, which holds one copy" : ""));
}

void validate_placement(const Matrix& matrix, const Draft& draft) {
  const PlacementFault fault = placement_fault(draft.cell);
  if (!fault.message.empty()) reject(matrix, draft, fault.axis, fault.message);
}

// A cell never claims to load in a way that it does not.
void validate_load(const Matrix& matrix, const Draft& draft) {
  const CellConfig& cell = draft.cell;
  const LoadConfig& load = cell.load;
  const bool is_load = cell.measure == Measure::kLoad;
  if (cell.load_from.empty()) {
    if (load.loader != Loader::kDirect || draft.sources.contains("loader")) {
      reject(matrix, draft, "loader", "needs the setting load_from, a checkpoint to load");
    }
    if (load.cache != Cache::kAny) {
      reject(matrix, draft, "cache", "needs the setting load_from, a checkpoint to load");
    }
    if (is_load) matrix.source.fail("measure load needs the setting load_from, a checkpoint");
  }
  if (is_load && cell.profile != Profile::kNone) {
    matrix.source.fail("profile is of training; a load's stages are always measured: remove it");
  }
  if (!is_load && load.tensors == LoadTensors::kExperts) {
    matrix.source.fail("load_tensors experts trains nothing; set measure to load");
  }
  if (load.tensors == LoadTensors::kExperts && cell.parallelism != Parallelism::kEp) {
    reject(matrix, draft, "parallelism", "load_tensors experts is of parallelism ep; use all");
  }
  if (load.one_rank < 0) return;
  if (!is_load) matrix.source.fail("one_rank trains nothing; set measure to load");
  if (load.one_rank >= cell.ranks) {
    reject(matrix, draft, "ranks",
           fmt::format("one_rank {} is none of 0 to {}", load.one_rank, cell.ranks - 1));
  }
  if (load.loader == Loader::kBroadcast) {
    reject(matrix, draft, "loader", "broadcast needs every rank; remove one_rank");
  }
}

// What a checkpoint or a reference would have that cells with this model have not.
void validate_model(const Matrix& matrix, const Draft& draft) {
  const CellConfig& cell = draft.cell;
  const ModelConfig& model = cell.model;
  if (!cell.load_from.empty() && !model.quantised.empty()) {
    reject(matrix, draft, "model",
           fmt::format("load_from, and quantization_config of {} says that its weights are "
                       "quantised ({}); load a checkpoint without it, or leave load_from out: the "
                       "weights are seeded then",
                       model.name, model.quantised));
  }
  const bool asks_for_loss = draft.sources.contains("router_aux_loss") && cell.router_aux_loss;
  if (asks_for_loss && cell.engine.is_builtin() && !has_router_loss(model.type)) {
    reject(matrix, draft, "router_aux_loss",
           fmt::format("true, but transformers computes no load-balancing loss of {} models, such "
                       "as {}; remove it, or exclude these cells",
                       to_string(model.type), model.name));
  }
}

// Nothing that counts tokens may overflow.
void validate_size(const Matrix& matrix, const Draft& draft) {
  const CellConfig& cell = draft.cell;
  if (cell.micro_batch > kMaxMicroBatchTokens / cell.seq_len) {
    reject(matrix, draft, "micro_batch",
           fmt::format("{} samples of {} tokens are more than {} tokens a rank; use fewer",
                       cell.micro_batch, cell.seq_len, kMaxMicroBatchTokens));
  }
  std::int64_t rows = kMaxRows;
  for (const std::int64_t factor :
       {cell.ranks, cell.grad_accumulation, cell.micro_batch, cell.steps + cell.warmup_steps}) {
    rows /= factor;
  }
  if (rows == 0) {
    matrix.source.fail(fmt::format(
        "{} steps of {} ranks x {} micro-steps x {} samples are more than {} samples; use fewer",
        cell.steps + cell.warmup_steps, cell.ranks, cell.grad_accumulation, cell.micro_batch,
        kMaxRows));
  }
}

void validate(const Matrix& matrix, const Draft& draft) {
  const CellConfig& cell = draft.cell;
  validate_size(matrix, draft);
  validate_placement(matrix, draft);
  validate_ep_degree(matrix, draft);
  validate_shard_degree(matrix, draft);
  validate_load(matrix, draft);
  validate_model(matrix, draft);
  if (cell.measure == Measure::kLoad) return;  // what follows concerns what is trained on
  if (!cell.engine.is_builtin()) return;       // whose bounds are its own
  if (cell.gathers == 3 && !cell.activation_checkpointing) {
    reject(matrix, draft, "gathers",
           "3 is what recomputation in the backward pass asks for; set activation_checkpointing to "
           "true, or use 2");
  }
  if (cell.reduce_dtype == Dtype::kBf16 && cell.device == Device::kCpu) {
    matrix.source.fail(
        "reduce_dtype bf16 is of devices cuda and auto: a CPU sums gradients in fp32; remove it");
  }
  if (cell.seq_len < 2) {
    reject(matrix, draft, "seq_len", "1 token has no next token to learn; use 2 or more");
  }
  if (cell.seq_len > cell.model.max_position_embeddings) {
    reject(matrix, draft, "seq_len",
           fmt::format("{} is more than max_position_embeddings {} of {}; use at most {}",
                       cell.seq_len, cell.model.max_position_embeddings, cell.model.name,
                       cell.model.max_position_embeddings));
  }
}

// Keeps the micro-batches of a step: another number would train on other data.
void validate_resumption(const Matrix& matrix, const Draft& resumed, const CellConfig& cell) {
  validate(matrix, resumed);
  const std::int64_t expected = micro_batches_per_step(cell);
  if (micro_batches_per_step(resumed.cell) == expected) return;
  matrix.resume_as.front()
      .source.named("resume_as")
      .fail(
          fmt::format("{} ranks x {} micro-steps make another step than the cell's {} x {}; choose "
                      "ranks and grad_accumulation so that their product is {}",
                      resumed.cell.ranks, resumed.cell.grad_accumulation, cell.ranks,
                      cell.grad_accumulation, expected));
}

CellConfig resumed_cell(const Matrix& matrix, const Draft& draft) {
  Draft resumed = draft;
  resumed.apply(matrix.resume_as);
  const auto names = [&](const char* axis) {
    return std::ranges::count(matrix.resume_as, axis, &AxisValue::axis) > 0;
  };
  follow_placement(resumed.cell, [&](const char* axis) {
    return names(axis) || (!names("ranks") && draft.sources.contains(axis));
  });
  // The cell's own degree is that of its parallelism.
  follow_degrees(resumed.cell, [&](const char* axis) {
    return names(axis) || (!names("parallelism") && draft.sources.contains(axis));
  });
  validate_resumption(matrix, resumed, draft.cell);
  return resumed.cell;
}

// True where the cell is new.
bool check_duplicate(const Matrix& matrix, const Draft& draft,
                     std::map<std::string, std::size_t>& seen) {
  const CellConfig& cell = draft.cell;
  const auto [first, added] = seen.emplace(cell.id(), seen.size() + 1);
  if (added || matrix.is_overridden || draft.dropped_parameters) return added;
  matrix.source.fail(fmt::format(
      "cells {} and {} are the same ({}; a model is its name and dimensions); remove one",
      first->second, seen.size() + 1, describe(cell)));
}

void check_parameters_used(const Matrix& matrix, const std::set<std::string>& used) {
  for (const auto& [name, place] : matrix.parameters) {
    if (used.contains(name)) continue;
    place.named("").fail(
        fmt::format("no engine of the scenario's cells uses parameter '{0}'; put '{{{0}}}' into a "
                    "command or its environment, or remove it",
                    name));
  }
}

}  // namespace

Dimension read_dimension(const std::string& axis, const YamlValue& list,
                         const AxisContext& context) {
  if (list.is_list() && list.items().empty()) list.fail("an empty list; give it values");
  Dimension dimension;
  std::set<std::string> seen;
  for (const YamlValue& item : list.items_or_self()) {
    AxisValue value = parse_axis(axis, item, context);
    if (!seen.insert(value.key).second) {
      value.source.fail(fmt::format("lists '{}' twice; remove one", value.text));
    }
    dimension.push_back({std::move(value)});
  }
  return dimension;
}

std::int64_t count_combinations(const Matrix& matrix) {
  std::int64_t count = 1;
  for (const Dimension& dimension : matrix.dimensions) {
    const auto size = static_cast<std::int64_t>(dimension.size());
    if (size == 0) return 0;
    if (count > std::numeric_limits<std::int64_t>::max() / size) {
      return std::numeric_limits<std::int64_t>::max();
    }
    count *= size;
  }
  return count;
}

std::vector<CellConfig> expand(const Matrix& matrix) {
  std::vector<CellConfig> cells;
  std::vector<std::size_t> matched(matrix.exclusions.size());
  std::map<std::string, std::size_t> seen;
  std::set<std::string> used_parameters;
  std::vector<std::size_t> index(matrix.dimensions.size());
  do {
    Draft draft = make_draft(matrix, index);
    bool excluded = false;
    for (std::size_t e = 0; e < matched.size(); ++e) {
      if (!matches(matrix.exclusions[e].values, draft.cell)) continue;
      ++matched[e];
      excluded = true;
    }
    if (excluded) continue;
    validate(matrix, draft);
    if (!matrix.resume_as.empty()) {
      draft.cell.resumed_as = std::make_shared<const CellConfig>(resumed_cell(matrix, draft));
    }
    used_parameters.insert(draft.use.parameters.begin(), draft.use.parameters.end());
    if (check_duplicate(matrix, draft, seen)) cells.push_back(draft.cell);
  } while (advance(matrix, index));

  for (std::size_t e = 0; e < matched.size() && !matrix.is_overridden; ++e) {
    if (matched[e] > 0) continue;
    matrix.exclusions[e].source.fail("matches no cell; correct it or remove it");
  }
  check_parameters_used(matrix, used_parameters);
  if (cells.empty()) matrix.source.fail("no cell is left after 'exclude'; exclude less");
  return cells;
}

}  // namespace moebench::config
