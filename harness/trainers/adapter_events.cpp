#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/printable.h"
#include "harness/base/words.h"
#include "harness/trainers/adapters_internal.h"
#include "harness/trainers/event_fields.h"
#include "harness/trainers/log_text.h"
#include "harness/trainers/step_table.h"

namespace moebench::trainers {
namespace {

constexpr std::size_t kMaxNames = 20;  // of unknown events, and of a step's phases
constexpr std::size_t kMaxNotes = 100;

// Of which the first that was written is handed on.
constexpr std::array kPreferred = {MemoryKind::kMaxAllocated, MemoryKind::kMaxReserved,
                                   MemoryKind::kMaxActive, MemoryKind::kAllocated,
                                   MemoryKind::kResident};

Meaning events_meaning() {
  Meaning meaning;
  meaning.tokens_scope = TokensScope::kDevice;
  meaning.time_window = Window::kStep;
  meaning.padding = Padding::kNotCounted;
  meaning.memory_rank = "each rank";
  meaning.loss_scope = "the loss tokens of the global batch";
  return meaning;
}

// The greatest memory of a step by kind.
using StepMemory = std::map<MemoryKind, double>;

// What one file says.
struct File {
  std::string name;
  RankLog rank_log;
  StepTable table;
  std::map<std::int64_t, StepMemory> memory;
  std::map<std::string, std::int64_t> open;  // begins of spans, by span, step and name
  std::optional<Step> step;                  // that has begun and not ended
  std::int64_t num_begins = 0;               // of `run`
};

class EventsAdapter : public LineAdapter {
 public:
  EventsAdapter() : LineAdapter(events_meaning()) {}

  void begin_file(std::string_view name) override {
    drop_torn_line();
    LineAdapter::begin_file(name);
    files_.emplace_back();
    files_.back().name = name;
  }

 private:
  bool match(std::string_view line, std::int64_t number) override;
  void complete() override;

  void read_begin(const EventFields& fields, const std::string& span, std::int64_t time_ns);
  void read_end(const EventFields& fields, const std::string& span, std::int64_t time_ns);
  void begin_run(const EventFields& fields);
  void end_step(const EventFields& fields, double seconds);
  void read_memory(const EventFields& fields);
  void count_unknown(const std::string& name);
  std::string key_of(const EventFields& fields, const std::string& span) const;

  void drop_torn_line();
  void choose_memory();
  void check_ranks();

  std::vector<File> files_;
  std::optional<std::string> torn_;  // place of a line that only a killed process may have left
  std::map<std::string, std::int64_t> unknown_;
  std::int64_t num_unknown_ = 0;
};

bool EventsAdapter::match(std::string_view line, std::int64_t number) {
  if (torn_) {
    throw Error(
        "{}: no JSON object, and not the last line of its file; write events as "
        "harness/trainers/events.md states them",
        *torn_);
  }
  const std::string place = fmt::format("{}:{}", file(), number);
  const Json object = Json::parse(line, nullptr, false);
  if (!object.is_object()) {
    torn_ = place;
    return false;
  }
  const EventFields fields(object, place);
  const std::string event = fields.text("event");
  const std::int64_t time_ns = fields.integer("time_ns", 0);
  if (event == "begin") {
    read_begin(fields, fields.text("span"), time_ns);
  } else if (event == "end") {
    read_end(fields, fields.text("span"), time_ns);
  } else if (event == "memory") {
    read_memory(fields);
  } else if (event == "note") {
    const std::string text = fields.text("text");
    if (log().notes.size() < kMaxNotes) log().notes.push_back(printable(text));
  } else {
    count_unknown(event);
  }
  return true;
}

void EventsAdapter::count_unknown(const std::string& name) {
  ++num_unknown_;
  if (unknown_.size() < kMaxNames || unknown_.contains(name)) ++unknown_[name];
}

std::string EventsAdapter::key_of(const EventFields& fields, const std::string& span) const {
  if (span == "step") return fmt::format("step {}", fields.integer("step", 1));
  return span == "phase" ? "phase " + fields.text("name") : span;
}

void EventsAdapter::begin_run(const EventFields& fields) {
  File& current = files_.back();
  if (fields.integer("version", 0) != 1) fields.fail("'version' is not 1, the only one there is");
  const std::int64_t rank = fields.integer("rank", 0);
  const std::int64_t world_size = fields.integer("world_size", 1);
  if (world_size > kMaxRank || rank >= world_size) {
    fields.fail(fmt::format("rank {} is none of {}", rank, world_size));
  }
  if (log().world_size && *log().world_size != world_size) {
    fields.fail(
        fmt::format("'world_size' is {}, in the file before it {}", world_size, *log().world_size));
  }
  log().world_size = static_cast<int>(world_size);
  current.rank_log.rank = static_cast<int>(rank);
  // A process that was started again appends: what the first left open is over.
  ++current.num_begins;
  current.open.clear();
  current.step.reset();
}

void EventsAdapter::read_begin(const EventFields& fields, const std::string& span,
                               std::int64_t time_ns) {
  constexpr std::array<std::string_view, 5> kSpans = {"run", "load", "warmup", "step", "phase"};
  if (std::ranges::count(kSpans, span) == 0) return count_unknown("begin of " + span);
  File& current = files_.back();
  if (span == "run") begin_run(fields);
  if (current.num_begins == 0) fields.fail("an event stands before the begin of 'run'");
  const std::string key = key_of(fields, span);
  if (span == "step") {
    if (current.step) {
      fields.fail(fmt::format("{} begins before step {} has ended", key, current.step->number));
    }
    const std::int64_t number = fields.integer("step", 1);
    if (number > kMaxStep) fields.fail(fmt::format("step {} is too large", number));
    current.step.emplace().number = number;
  }
  if (!current.open.emplace(key, time_ns).second) fields.fail(key + " begins twice");
}

void EventsAdapter::read_end(const EventFields& fields, const std::string& span,
                             std::int64_t time_ns) {
  constexpr std::array<std::string_view, 5> kSpans = {"run", "load", "warmup", "step", "phase"};
  if (std::ranges::count(kSpans, span) == 0) return count_unknown("end of " + span);
  File& current = files_.back();
  const std::string key = key_of(fields, span);
  const auto begin = current.open.find(key);
  if (begin == current.open.end()) fields.fail(key + " ends without having begun");
  if (time_ns < begin->second) fields.fail(key + " ends before it begins");
  const double seconds = static_cast<double>(time_ns - begin->second) * 1e-9;
  current.open.erase(begin);
  if (span == "load") current.rank_log.load_s = current.rank_log.load_s.value_or(0) + seconds;
  if (span == "warmup") current.rank_log.warmup_s = seconds;
  if (span == "step") end_step(fields, seconds);
  if (span != "phase" || !current.step) return;
  auto& phases = current.step->phases_s;
  const std::string name = fields.text("name");
  if (phases.size() < kMaxNames || phases.contains(name)) phases[name] += seconds;
}

void EventsAdapter::end_step(const EventFields& fields, double seconds) {
  File& current = files_.back();
  Step step = std::move(*current.step);
  current.step.reset();
  step.time_s = seconds;
  step.tokens = fields.number("tokens", false);
  step.padding_tokens = fields.number("padding_tokens", false);
  step.loss = fields.number("loss", true);
  step.grad_norm = fields.number("grad_norm", true);
  if (current.open.contains("warmup")) {
    current.rank_log.warmup_steps = current.rank_log.warmup_steps.value_or(0) + 1;
  }
  current.table.add(std::move(step));
}

// Memory belongs to the step that is open, else to the one before.
void EventsAdapter::read_memory(const EventFields& fields) {
  File& current = files_.back();
  const std::string name = fields.text("kind");
  const auto kind = find_named<MemoryKind>(name);
  const auto bytes = static_cast<double>(fields.integer("bytes", 0));
  if (!kind || *kind == MemoryKind::kNone) return count_unknown("memory of kind " + name);
  if (!current.step && current.table.empty()) return;
  double& most =
      current.memory[current.step ? current.step->number : current.table.last()->number][*kind];
  most = std::max(most, bytes);
}

void EventsAdapter::drop_torn_line() {
  if (torn_) warn(fmt::format("{}: the last line is torn and was left out.", *torn_));
  torn_.reset();
}

void EventsAdapter::choose_memory() {
  std::set<MemoryKind> kinds;
  for (const File& file : files_) {
    for (const auto& [number, memory] : file.memory) {
      for (const auto& [kind, bytes] : memory) kinds.insert(kind);
    }
  }
  const auto chosen =
      std::ranges::find_if(kPreferred, [&](MemoryKind kind) { return kinds.contains(kind); });
  if (chosen == kPreferred.end()) return;
  log().meaning.memory = *chosen;
  for (File& file : files_) {
    for (const auto& [number, memory] : file.memory) {
      Step* step = file.table.find(number);
      const auto bytes = memory.find(*chosen);
      if (step != nullptr && bytes != memory.end()) step->memory_bytes = bytes->second;
    }
  }
  kinds.erase(*chosen);
  for (const MemoryKind kind : kinds) {
    warn(fmt::format("Memory of kind {} was written, too; {} is used.", to_string(kind),
                     to_string(*chosen)));
  }
}

void EventsAdapter::check_ranks() {
  std::map<int, std::string> seen;
  for (const File& file : files_) {
    if (!file.rank_log.rank) continue;
    const auto [other, is_new] = seen.emplace(*file.rank_log.rank, file.name);
    if (is_new) continue;
    throw Error("{}: of rank {}, as {} is; give the files of one run alone", file.name,
                *file.rank_log.rank, other->second);
  }
  const auto missing = log().world_size.value_or(0) - static_cast<int>(seen.size());
  if (missing > 0) {
    warn(fmt::format("Of {} ranks {} have a file of events.", *log().world_size, seen.size()));
  }
}

void EventsAdapter::complete() {
  drop_torn_line();
  check_ranks();
  choose_memory();
  for (File& file : files_) {
    if (file.num_begins == 0) continue;
    file.rank_log.steps = file.table.finish(Entries::kOfOneStep, file.name, log().warnings);
    if (file.num_begins > 1) {
      warn(fmt::format("{}: {} processes wrote into it, one after the other.", file.name,
                       file.num_begins));
    }
    log().ranks.push_back(std::move(file.rank_log));
  }
  if (num_unknown_ == 0) return;
  std::vector<std::string> names;
  for (const auto& [name, count] : unknown_) names.push_back("'" + shortened(name) + "'");
  warn(fmt::format("{} events are of kinds that are not known and were left out: {}.", num_unknown_,
                   listed(names)));
}

}  // namespace

AdapterInfo events_adapter() {
  return {"events",
          "any program that writes the events of events.md, memory of a kind that it chooses",
          {"events_*.jsonl"},
          events_meaning(),
          make_adapter<EventsAdapter>};
}

}  // namespace moebench::trainers
