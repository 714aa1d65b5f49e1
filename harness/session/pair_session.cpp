#include "harness/session/pair_session.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>
#include <ostream>
#include <random>
#include <set>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/launch/progress_watch.h"
#include "harness/launch/run_cell.h"
#include "harness/record/results_file.h"
#include "harness/session/data_check.h"
#include "harness/session/plan.h"
#include "harness/session/preflight.h"
#include "harness/session/results_folder.h"
#include "harness/session/today.h"
#include "reports/compare/fingerprint.h"
#include "reports/gate/gate.h"
#include "reports/gate/pairs.h"

namespace moebench::session {
namespace {

namespace fs = std::filesystem;

using record::Arm;
using record::CellRecord;

std::vector<record::SessionCell> session_cells(const std::vector<PairedCell>& cells) {
  std::vector<record::SessionCell> planned;
  for (const PairedCell& cell : cells) {
    planned.push_back({cell.base.id(), cell.candidate.id(), cell.base.scenario, cell.base.axes()});
  }
  return planned;
}

std::uint64_t random_seed() {
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32) | device();
}

void copy_calibration(const fs::path& from, const fs::path& session_folder) {
  const fs::path to = session_folder / kCalibrationFolder;
  fs::create_directories(to);
  std::string lines;
  for (const fs::path& file : record::result_files(from)) lines += read_file(file);
  write_file_atomically(to / "results.jsonl", lines);
}

class PairRunner {
 public:
  explicit PairRunner(PairSession& session)
      : session_(session),
        folder_(session.folder),
        rules_{.busy_cores = session.plan.busy_cores},
        facts_(machine::read_machine_facts()),
        axes_(varying_axes(bases(session.cells))) {
    links_ = launch::find_links(session_.launcher);
    open();
    records_ = record::load(session_.folder, record::Duplicates::kRefuse);
    calibration_ = record::load(session_.folder / kCalibrationFolder);
    check_calibration();
    check_workers();
    std::ostream& out = launch::notes(session_.progress, session_.verbosity);
    if (session_.extend) extend(out);
    looks_ = session_.plan.all_looks();
    const auto num_runs = 2 * session_.cells.size() * static_cast<std::size_t>(looks_.back());
    out << launch::progress_limit_note(bases(session_.cells)) << '\n';
    display_.emplace(session_.progress == nullptr ? out : *session_.progress,
                     static_cast<int>(num_runs),
                     launch::DisplayOptions{.is_terminal = session_.is_terminal,
                                            .verbosity = session_.verbosity});
  }

  PairsEnd run() {
    for (std::size_t i = 0; i < looks_.size(); ++i) {
      if (!run_to(looks_[i])) return PairsEnd::kInterrupted;
      const bool is_last = i + 1 == looks_.size();
      if (!is_last && !gate::wants_more_pairs(gate::judge(gate_input()))) break;
    }
    return any_failed() ? PairsEnd::kCellFailed : PairsEnd::kComplete;
  }

 private:
  static std::vector<config::CellConfig> bases(const std::vector<PairedCell>& cells) {
    std::vector<config::CellConfig> found;
    for (const PairedCell& cell : cells) found.push_back(cell.base);
    return found;
  }

  // Writes session.json, or goes on with the one that is there.
  void open() {
    const fs::path& path = session_.folder;
    if (session_.fresh) {
      folder_.remove_results();
      fs::remove(path / "session.json");
      fs::remove_all(path / kCalibrationFolder);
    }
    session_.plan.cells = session_cells(session_.cells);
    session_.plan.seed = random_seed();
    if (const auto existing = record::load_session(path)) return go_on(*existing);
    if (session_.extend) {
      throw Error("'{}' holds no session to extend; start one without --extend", path.string());
    }
    if (record::has_results(path)) {
      throw Error("'{}' holds results that are no session of pairs; choose another --out",
                  path.string());
    }
    if (!session_.calibration.empty()) copy_calibration(session_.calibration, path);
    record::write_session(path, session_.plan);
  }

  // Takes over what the session decided when it began: the order of its runs, and its looks where
  // it is of before later ones existed, or is extended.
  void go_on(const record::Session& existing) {
    record::Session& plan = session_.plan;
    plan.seed = existing.seed;
    plan.extended = existing.extended;
    if (session_.extend) plan.looks = existing.looks;
    if (session_.extend || existing.later_looks.empty()) {
      plan.reserve = existing.reserve;
      plan.later_looks = existing.later_looks;
    }
    const std::string text = record::difference(existing, plan);
    if (text.empty()) return;
    throw Error(
        "'{}' holds another session: its {}. A plan cannot change after its first run: one that "
        "may be changed until the verdict pleases finds more slowdowns, or misses more, than is "
        "promised. For more pairs give the command that began it and --extend, which adds the next "
        "look that it set itself; for another session choose another --out, or start over with "
        "--fresh",
        session_.folder.string(), text);
  }

  // Adds the next later look to a session that ended inconclusive. One that was interrupted goes
  // on.
  void extend(std::ostream& out) {
    record::Session& plan = session_.plan;
    const std::string folder = session_.folder.string();
    if (plan.later_looks.empty()) {
      throw Error(
          "'{}' cannot be extended: it began before sessions kept a part of alpha for later looks, "
          "and judged once more it would find slowdowns that are none more often than promised; "
          "start a new session in another --out",
          folder);
    }
    const std::vector<int> looks = plan.all_looks();
    const auto next = std::ranges::find_if(looks, [&](int look) { return !wanting(look).empty(); });
    const bool is_cut_short = next != looks.end();
    if (next == looks.begin()) {
      out << "the session has not reached its first look yet: it goes on\n";
      return;
    }
    const gate::Report report = gate::judge(gate_input());
    if (!gate::wants_more_pairs(report)) {
      throw Error("'{}' is decided: it ended {}, and more pairs must not change that", folder,
                  to_string(report.worst()));
    }
    if (is_cut_short) {
      out << "the session has not reached its last look yet: it goes on\n";
      return;
    }
    if (plan.extended == std::ssize(plan.later_looks)) {
      throw Error(
          "'{}' was extended {} times, as often as it set itself; start a new session with "
          "more --pairs in another --out",
          folder, plan.extended);
    }
    ++plan.extended;
    record::write_session(session_.folder, plan);
  }

  // Before machine time is spent. Library versions are the ranks' and so known later.
  void check_calibration() const {
    if (calibration_.empty()) return;
    const auto here = compare::driver_fingerprint(machine::driver_environment(facts_));
    const auto there = compare::driver_fingerprint(calibration_.front().environment);
    const std::string text = compare::difference(here, there);
    if (text.empty()) return;
    throw NotComparable("the calibration is another machine's: {}; calibrate here", text);
  }

  // "" for a cell that the session no longer has.
  std::string program_hash_now(const CellRecord& run) const {
    for (const PairedCell& cell : session_.cells) {
      if (!run.pair || cell.base.id() != run.pair->cell) continue;
      return run.pair->arm == Arm::kBase
                 ? launch::program_hash(cell.base, session_.base_worker)
                 : launch::program_hash(cell.candidate, session_.candidate_worker);
    }
    return "";
  }

  // Pairs of which a program was rebuilt meanwhile are no repetitions of one another.
  void check_workers() const {
    std::map<std::pair<std::string, bool>, std::string> hashes;  // of a cell's base or candidate
    for (const CellRecord& run : records_) {
      const bool is_base = run.pair && run.pair->arm == Arm::kBase;
      const std::string then = record::fact(run.environment, "worker_hash");
      const auto [hash, is_new] = hashes.try_emplace({run.pair ? run.pair->cell : "", is_base});
      if (is_new) hash->second = program_hash_now(run);
      const std::string& now = hash->second;
      if (then.empty() || now.empty() || then == now) continue;
      throw Error(
          "'{}' holds pairs of another {} (worker {}, now it is {}); choose another --out, or "
          "start "
          "over with --fresh",
          session_.folder.string(), is_base ? "base" : "candidate", then, now);
    }
  }

  gate::Input gate_input() const {
    return {.session = session_.plan,
            .records = records_,
            .calibration = calibration_,
            .today = today(),
            .with_outlook = false};
  }

  std::map<std::string, gate::CellPairs> pairs() const {
    return gate::collect_pairs(records_, rules_);
  }

  // Rounds of one pair a cell until every cell has `look` valid pairs; false when interrupted.
  bool run_to(int look) {
    for (;;) {
      std::vector<const PairedCell*> round = wanting(look);
      if (round.empty()) return true;
      std::mt19937_64 random(session_.plan.seed + records_.size());
      std::ranges::shuffle(round, random);
      for (const PairedCell* cell : round) {
        if (!run_pair(*cell, random)) return false;
      }
    }
  }

  std::vector<const PairedCell*> wanting(int look) const {
    const auto found = pairs();
    std::vector<const PairedCell*> cells;
    for (const PairedCell& cell : session_.cells) {
      const auto entry = found.find(cell.base.id());
      if (entry != found.end()) {
        const gate::CellPairs& of_cell = entry->second;
        const bool is_complete = std::ssize(of_cell.valid()) >= look;
        const bool is_hopeless = std::ssize(of_cell.pairs) >= 2 * look;
        if (is_complete || is_hopeless || of_cell.failure() != nullptr) continue;
      }
      cells.push_back(&cell);
    }
    return cells;
  }

  int next_index(const std::string& cell) const {
    int next = 0;
    for (const CellRecord& run : records_) {
      if (run.pair && run.pair->cell == cell) next = std::max(next, run.pair->index + 1);
    }
    return next;
  }

  bool run_pair(const PairedCell& cell, std::mt19937_64& random) {
    const int index = next_index(cell.base.id());
    const bool base_first = (random() >> 63) == 0;
    for (const int order : {0, 1}) {
      const Arm arm = (order == 0) == base_first ? Arm::kBase : Arm::kCandidate;
      if (!run_arm(cell, {cell.base.id(), index, arm, order})) return false;
    }
    return true;
  }

  bool run_arm(const PairedCell& cell, const record::PairPlace& place) {
    const bool is_base = place.arm == Arm::kBase;
    const config::CellConfig& config = is_base ? cell.base : cell.candidate;
    const launch::RunCellOptions options = run_options(config, place.arm);
    display_->start_run(fmt::format("{} pair {} {}", describe(cell.base, axes_), place.index,
                                    to_string(place.arm)));
    auto run = launch::run_cell(config, 2 * place.index + (is_base ? 0 : 1), options);
    if (!run) {
      display_->end_run("interrupted");
      return false;
    }
    run->pair = place;
    warn_of_few_data(config, *run);
    run->environment["command_line"] = session_.command_line;
    record::append(session_.folder, *run);
    display_->end_run(*run);
    records_.push_back(std::move(*run));
    return !launch::interrupted();
  }

  launch::RunCellOptions run_options(const config::CellConfig& config, Arm arm) {
    launch::RunCellOptions options;
    options.results_folder = session_.folder;
    options.worker = arm == Arm::kBase ? session_.base_worker : session_.candidate_worker;
    options.launcher = session_.launcher;
    options.place = launch::read_launch_place(session_.launcher);
    options.links = links_;
    options.machine = machine::read_machine_facts();
    options.machine.load_average = facts_.load_average;  // later ones hold the session's own load
    options.environment = session_.environment(config, arm);
    options.slowdown = session_.slowdown(config, arm);
    display_->follow(options);
    return options;
  }

  // Whether a cell failed that is not known to.
  bool any_failed() const {
    const std::string date = today();
    for (const auto& [cell, found] : pairs()) {
      const CellRecord* failure = found.failure();
      if (failure == nullptr) continue;
      if (!failure->known_failure || !failure->known_failure->is_active(date)) {
        return true;
      }
    }
    return false;
  }

  PairSession& session_;
  ResultsFolder folder_;
  compare::DisturbanceRules rules_;
  machine::MachineFacts facts_;
  std::vector<std::string> axes_;
  std::vector<int> looks_;
  std::vector<CellRecord> records_;
  std::vector<CellRecord> calibration_;
  std::shared_ptr<launch::Links> links_;
  std::optional<launch::ProgressDisplay> display_;
};

// Before the folder is made.
void check_pairs(const PairSession& session) {
  std::vector<config::CellConfig> cells;
  for (const PairedCell& pair : session.cells) {
    cells.insert(cells.end(), {pair.base, pair.candidate});
  }
  Problems problems;
  check_before_start(cells,
                     {.folder = session.folder,
                      .launcher = session.launcher,
                      .place = launch::read_launch_place(session.launcher),
                      .capacity = read_capacity(cells),
                      .force = session.force},
                     launch::notes(session.progress, session.verbosity), problems);
  problems.throw_if_any();
}

}  // namespace

PairsEnd run_pairs(PairSession session) {
  launch::handle_interrupts();
  check_pairs(session);
  return PairRunner(session).run();
}

}  // namespace moebench::session
