#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/names.h"
#include "harness/config/scenario.h"

namespace moebench::session {

// Which cells of a scenario file are meant.
struct Selection {
  std::string file;
  std::vector<std::string> only;     // scenario names; empty = all that are not slow
  std::vector<std::string> filters;  // axis=value; one axis: any of its values, several: all
  std::optional<std::int64_t> ranks;
  std::vector<std::string> set{};  // of config::parse_overrides(), instead of what the file says
};

struct PlannedRun {
  config::CellConfig cell;
  int repetition = 0;
  std::string cell_id{};  // set by make_plan: a plan of thousands asks for it again and again
  std::string id() const { return cell_id.empty() ? cell.id() : cell_id; }
  std::pair<std::string, int> key() const { return {id(), repetition}; }
};

enum class Order { kRounds, kListed, kRandom };
constexpr auto names_of(Order) {
  return name_table<Order>(
      {{Order::kRounds, "rounds"}, {Order::kListed, "listed"}, {Order::kRandom, "random"}});
}

// The file's scenarios, cut down to --only and --filter; a scenario without cells is left out, but
// for those that cannot run here. Error where a name, an axis or a value does not exist, no cell is
// left, or none of the scenarios that are named can run.
std::vector<config::Scenario> select_scenarios(const Selection& selection);

// The cells that run: all but those of slow scenarios that --only does not name, each id once, with
// the names of all these scenarios that have it, and the most repetitions and the closest profile
// that one of them asks for. Error where only slow scenarios are left, or where one of the others
// cannot run here.
std::vector<config::CellConfig> cells_to_run(const std::vector<config::Scenario>& scenarios,
                                             const Selection& selection);

// The same for `verify-resume`: a cell counts once for each way in which it is resumed.
std::vector<config::CellConfig> cells_to_resume(const std::vector<config::Scenario>& scenarios,
                                                const Selection& selection);

// Compares the selected cells with others than their file says: those with these values
// ("axis=value"), in the scenarios that have such a cell, whether --filter selects it or not. Error
// where an axis or a value does not exist, or no cell has them all.
void name_baseline(const std::vector<std::string>& values, const Selection& selection,
                   std::vector<config::CellConfig>& cells);

// First all cells' repetition 0, then repetition 1, ..., in an order in which slow drifts of the
// machine meet all cells alike: with kRounds what is compared (comparisons.h) stands side by side,
// A B, in the next comparison D C, and every repetition goes the other way round than the one
// before; kRandom shuffles each by `seed`. Error where they are more than config::kMaxRepetitions.
std::vector<PlannedRun> make_plan(const std::vector<config::CellConfig>& cells, Order order,
                                  std::uint64_t seed);

// The same cells in the same order give the same seed, so that a resumed run keeps its order.
std::uint64_t plan_seed(const std::vector<config::CellConfig>& cells);

// Value of an axis or a parameter as printed; "" where the cell has none.
std::string axis_of(const config::CellConfig& cell, const std::string& name);

// Axes with more than one value among the cells, in printing order.
std::vector<std::string> varying_axes(const std::vector<config::CellConfig>& cells);

// "ep_degree=2" -> {"ep_degree", "2"}; Error where there is no '='. `option` names it in the error.
std::pair<std::string, std::string> parse_pair(const std::string& text, const std::string& option);

// "parallelism=ep expert_kernel=loop", or the scenario's name where no axis varies.
std::string describe(const config::CellConfig& cell, const std::vector<std::string>& axes);

}  // namespace moebench::session
