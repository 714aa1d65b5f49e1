#include "harness/config/axis_table.h"

#include <fmt/core.h>

#include <algorithm>
#include <type_traits>

#include "harness/config/axes.h"
#include "harness/config/limits.h"
#include "harness/config/model_override.h"
#include "harness/config/routing.h"

namespace moebench::config {

namespace {

// What a scenario may write for a member of that type, where the axis says nothing else.
template <NamedEnum Enum>
void parse_value(const YamlValue& value, const Folders&, Enum& out) {
  out = value.word<Enum>();
}
void parse_value(const YamlValue& value, const Folders&, bool& out) { out = value.boolean(); }
void parse_value(const YamlValue& value, const Folders&, std::uint64_t& out) {
  out = value.unsigned_integer();
}
void parse_value(const YamlValue& value, const Folders&, std::int64_t& out) {
  out = value.integer(1, kMaxCount);
}
void parse_value(const YamlValue& value, const Folders& folders, Routing& out) {
  out = parse_routing(value, folders.paths);
}
// A model that is not there, or that this program cannot train, is no fault of the scenario file.
void parse_value(const YamlValue& value, const Folders& folders, ModelConfig& out) {
  const WrittenModel model = read_written_model(value);
  out = load_model_config(resolve_model(model.base, folders), model.keys);
}

// Which engines there are, the scenario file says: see engines.h.
void parse_engine(const YamlValue& value, const Folders&, std::string& out) { out = value.text(); }

void parse_gathers(const YamlValue& value, const Folders&, std::int64_t& out) {
  out = value.integer();
  if (out != 2 && out != 3) value.fail(fmt::format("{} gathers; use 2 or 3", out));
}

void parse_prefetch(const YamlValue& value, const Folders&, std::int64_t& out) {
  out = value.integer(0, 2);
}

void parse_ranks(const YamlValue& value, const Folders&, std::int64_t& out) {
  out = value.integer(1, kMaxRanks);
}

// 0 = wherever the launcher puts them.
void parse_placement(const YamlValue& value, const Folders&, std::int64_t& out) {
  out = value.integer(0, kMaxRanks);
}

void parse_network(const YamlValue& value, const Folders&, std::string& out) {
  out = value.text();
  if (out == kLocalNetwork) return;
  const auto rate = link_rate(out);
  if (!rate) {
    value.fail(
        fmt::format("'{}' is no network; use {}, or the rate of a link such as 1gbit or "
                    "200mbit",
                    shortened(out), kLocalNetwork));
  }
  out = link_rate_text(*rate);
}

void parse_shard_degree(const YamlValue& value, const Folders&, std::int64_t& out) {
  out = value.integer(0, kMaxRanks);
}

std::string plain_text(const ModelConfig& value) {
  return value.label.empty() ? value.name : value.label;
}
std::string plain_text(const Routing& value) { return to_string(value); }
std::string plain_text(const std::string& value) { return value; }
template <typename Value>
std::string plain_text(const Value& value) {
  return canonical_text(value);
}

std::string key_of(const ModelConfig& value) {
  return value.path.empty() ? value.name : value.path;
}
template <typename Value>
std::string key_of(const Value& value) {
  return plain_text(value);
}

template <typename Value>
std::string documented_values() {
  if constexpr (std::is_enum_v<Value>) {
    std::string words;
    for (const std::string& word : names<Value>()) {
      words += fmt::format("{}`{}`", words.empty() ? "" : ", ", word);
    }
    return words;
  } else {
    return std::is_same_v<Value, bool> ? "boolean" : "positive integer";
  }
}

// Words and booleans stand in code quotes, numbers do not.
template <typename Value>
std::string documented_initial(const Value& value) {
  return fmt::format(
      std::is_same_v<Value, std::int64_t> || std::is_same_v<Value, std::uint64_t> ? "{}" : "`{}`",
      plain_text(value));
}

template <auto... path>
using MemberType = std::remove_cvref_t<decltype(member_of<path...>(std::declval<CellConfig&>()))>;

template <typename Value>
using ParseValue = void (*)(const YamlValue& value, const Folders& folders, Value& out);

// The axis of one member of a cell. Of the documentation only the meaning is needed where the
// member's type says the rest.
template <auto... path>
Axis make_axis(const std::string& name, FieldRules rules, AxisDocumentation documentation,
               ParseValue<MemberType<path...>> parse = parse_value,
               const std::string& section = "") {
  using Value = MemberType<path...>;
  const CellConfig initial;
  if (documentation.values.empty()) documentation.values = documented_values<Value>();
  if (documentation.initial.empty()) {
    documentation.initial = documented_initial(member_of<path...>(initial));
  }
  Axis axis{.name = name,
            .fields = {},
            .documentation = std::move(documentation),
            .text = [](const CellConfig& cell) { return plain_text(member_of<path...>(cell)); },
            .key = [](const CellConfig& cell) { return key_of(member_of<path...>(cell)); },
            .parse =
                [parse](const YamlValue& value, const Folders& folders) {
                  Value parsed{};
                  parse(value, folders, parsed);
                  return [parsed](CellConfig& cell) { member_of<path...>(cell) = parsed; };
                }};
  if constexpr (std::is_same_v<Value, ModelConfig>) {
    axis.fields = model_fields();
  } else {
    axis.fields = {make_field<path...>(section + name, rules)};
  }
  return axis;
}

std::vector<Axis> make_axis_table() {
  constexpr FieldRules kNumbers;  // decides what is trained
  constexpr FieldRules kLaterArrangement = {
      .in_workload = false, .free_on_resumption = true, .is_later = true};
  return {
      make_axis<&CellConfig::model>(
          "model", kNumbers,
          {.values = "a model, or `{base: a model, key: value}`",
           .initial = "required",
           .meaning = "see [Models](#models) and [Overrides](#overrides)"}),
      make_axis<&CellConfig::engine, &EngineConfig::name>(
          "engine", {.in_workload = false, .is_later = true},
          {.values = "`builtin`, an engine",
           .meaning = "what trains: moebench's own engine, or one of [`engines`](#engines)"},
          parse_engine),
      make_axis<&CellConfig::parallelism>(
          "parallelism", kArrangement,
          {.meaning = "all parameters fully sharded; or experts split over ranks, the rest fully "
                      "sharded; or several copies of the model, each fully sharded"}),
      make_axis<&CellConfig::ep_degree>(
          "ep_degree", kArrangement,
          {.initial = "see below", .meaning = "ranks that one copy of the experts is split over"},
          parse_ranks),
      make_axis<&CellConfig::shard_degree>(
          "shard_degree", kLaterArrangement,
          {.values = "integer from 0",
           .initial = "see below",
           .meaning = "ranks that hold one copy of the model; 0 = all ranks"},
          parse_shard_degree),
      make_axis<&CellConfig::expert_kernel>(
          "expert_kernel", kArrangement,
          {.meaning = "one pass an expert; or rows sorted by expert and one grouped product"}),
      // In a workload as the product with grad_accumulation: see CellConfig::workload().
      make_axis<&CellConfig::ranks>("ranks", kArrangement, {.meaning = "processes"}, parse_ranks),
      make_axis<&CellConfig::nodes>(
          "nodes", kLaterArrangement,
          {.values = "integer from 0",
           .initial = "see [Several hosts](#several-hosts)",
           .meaning = "hosts that the ranks are spread over; 0 = wherever the launcher puts them"},
          parse_placement),
      make_axis<&CellConfig::ranks_per_node>(
          "ranks_per_node", kLaterArrangement,
          {.values = "integer from 0",
           .initial = "`ranks` / `nodes`",
           .meaning = "ranks on each of them, with consecutive numbers"},
          parse_placement),
      make_axis<&CellConfig::network>("network", kLaterArrangement,
                                      {.values = "`local`, a rate such as `1gbit`",
                                       .meaning = "links between the hosts: as they are, or what "
                                                  "[test hosts](#test-hosts) shape theirs to"},
                                      parse_network),
      make_axis<&CellConfig::micro_batch>("micro_batch", kNumbers,
                                          {.meaning = "samples a rank and micro-step"}),
      make_axis<&CellConfig::grad_accumulation>("grad_accumulation",
                                                {.in_workload = true, .free_on_resumption = true},
                                                {.meaning = "micro-steps a step"}),
      make_axis<&CellConfig::seq_len>(
          "seq_len", kNumbers,
          {.values = "integer from 2",
           .meaning = "tokens; longer samples are cut. At most the model's "
                      "`max_position_embeddings`"}),
      make_axis<&CellConfig::packing>(
          "packing", kNumbers,
          {.meaning = "rows of exactly `seq_len` tokens from joined samples, instead of padding to "
                      "the longest"}),
      make_axis<&CellConfig::dtype>(
          "dtype", kNumbers, {.meaning = "parameters, gradients, optimizer state, activations"}),
      make_axis<&CellConfig::activation_checkpointing>(
          "activation_checkpointing", kArrangement,
          {.meaning = "keep the layers' inputs only and compute the rest again in backward"}),
      make_axis<&CellConfig::gathers>(
          "gathers", kArrangement,
          {.values = "2, 3",
           .meaning = "how often a micro-step gathers a layer's parameters, see "
                      "[Schedule](#schedule-gradients-and-optimizer)"},
          parse_gathers),
      make_axis<&CellConfig::prefetch>(
          "prefetch", kArrangement,
          {.values = "0, 1, 2",
           .initial = "see below",
           .meaning = "layers whose parameters are gathered ahead of the one that is computed"},
          parse_prefetch),
      make_axis<&CellConfig::sync_each_batch>(
          "sync_each_batch", kArrangement,
          {.meaning = "reduce gradients after every micro-batch, or only in the step's last one"}),
      make_axis<&CellConfig::optimizer>("optimizer", kArrangement,
                                        {.meaning = "how AdamW is computed"}),
      make_axis<&CellConfig::keep_gradients>(
          "keep_gradients", kArrangement,
          {.meaning = "a rank's part of the gradient stays allocated between steps"}),
      make_axis<&CellConfig::routing>(
          "routing", kNumbers,
          {.values = "`learned`, `balanced`, `skewed(S)`, `trace(FILE)`",
           .meaning = "who chooses the experts, see [Routing](#routing)"}),
      make_axis<&CellConfig::router_aux_loss>(
          "router_aux_loss", {.is_later = true},
          {.initial = "the model's",
           .meaning =
               "add `router_aux_loss_coef` x the load-balancing loss; left out as the model's "
               "`output_router_logits` says"}),
      make_axis<&CellConfig::seed>("seed", kNumbers,
                                   {.values = "integer from 0 to 2^64-1",
                                    .meaning = "initial weights, synthetic data and sample order"}),
      make_axis<&CellConfig::load, &LoadConfig::loader>(
          "loader", kArrangement,
          {.meaning = "how weights come from `load_from`, see [Loading](#loading)"}, parse_value,
          "load."),
      make_axis<&CellConfig::load, &LoadConfig::cache>(
          "cache", kArrangement,
          {.meaning = "what the page cache holds of `load_from` before: whatever it does, all, "
                      "nothing"},
          parse_value, "load.")};
}

}  // namespace

const std::vector<Axis>& axis_table() {
  static const std::vector<Axis> table = make_axis_table();
  return table;
}

const Axis* find_axis(const std::vector<Axis>& axes, std::string_view name) {
  const auto found = std::ranges::find(axes, name, &Axis::name);
  return found == axes.end() ? nullptr : &*found;
}

std::string unstated_axis(std::string_view name, const std::vector<Axis>& axes) {
  const Axis* axis = find_axis(axes, name);
  return axis != nullptr && axis->rules().is_later ? axis->text(CellConfig()) : "";
}

std::string unstated_axis(std::string_view name) { return unstated_axis(name, axis_table()); }

}  // namespace moebench::config
