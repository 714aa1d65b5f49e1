#include "reports/figures/figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "reports/figures/collectives.h"
#include "reports/figures/groups.h"
#include "reports/write/agreement.h"
#include "reports/write/loading.h"

namespace moebench::reports {
namespace {

struct Group {
  const char* heading;  // empty: behind the first table
  bool is_folded;       // many pictures, one a cell
  Figures (*figures_of)(const Subject& subject);
};

// In the order of a page. Those that need no profile come first within each part.
constexpr std::array kGroups = {Group{"", false, gain_figures},
                                Group{"", false, tradeoff_figures},
                                Group{"", false, axes_figures},
                                Group{"", false, ladder_figures},
                                Group{"", false, loading_figures},
                                Group{"", false, step_figures},
                                Group{"", false, phase_figures},
                                Group{"", false, memory_figures},
                                Group{"Ranks and routing", false, rank_figures},
                                Group{"Ranks and routing", false, gpu_figures},
                                Group{"Ranks and routing", false, imbalance_figures},
                                Group{"Losses", false, loss_figures},
                                Group{"What the machine gave", false, gemm_figures},
                                Group{"What the machine gave", false, collective_figures},
                                Group{"What the machine gave", false, session_figures},
                                Group{"Differences by phase", true, difference_figures},
                                Group{"Rows of each expert", true, expert_figures},
                                Group{"Memory by phase and kind", true, memory_kind_figures},
                                Group{"Operations", true, operation_figures}};

// Those that show what a profile adds.
constexpr std::array kProfileGroups = {
    Group{"", false, rank_figures}, Group{"", false, gpu_figures},
    Group{"", false, collective_figures}, Group{"Operations", true, operation_figures},
    Group{"Memory by phase and kind", true, memory_kind_figures}};

struct Pictures {
  Document first;  // behind the first table of a section
  Document last;   // at its end
};

template <std::size_t size>
Pictures pictures_of(const std::array<Group, size>& groups, const Subject& subject,
                     std::size_t most_of_cells) {
  Pictures pictures;
  std::string heading;
  for (const Group& group : groups) {
    Figures figures = group.figures_of(subject);
    if (figures.empty()) continue;
    Document& part = group.heading[0] == '\0' ? pictures.first : pictures.last;
    if (group.heading != heading) {
      heading = group.heading;
      part.emplace_back(Heading{3, heading, group.is_folded});
    }
    const std::size_t num_all = figures.size();
    if (group.is_folded && num_all > most_of_cells) figures.resize(most_of_cells);
    for (Figure& figure : figures) part.emplace_back(std::move(figure));
    if (figures.size() == num_all) continue;
    add_paragraph(part,
                  fmt::format("{} of {} pictures: --filter chooses cells, --figure one picture.",
                              figures.size(), num_all));
  }
  return pictures;
}

bool begins_section(const Block& block) {
  const auto* heading = std::get_if<Heading>(&block);
  return heading != nullptr && heading->level <= 2;
}

// The document with the pictures of each section of level 2, by the section's heading.
template <typename PicturesOf>
Document illustrated(Document document, const PicturesOf& pictures_of_section) {
  Document result;
  Pictures pictures;
  const auto end_section = [&] {
    append(result, std::move(pictures.first));
    append(result, std::move(pictures.last));
    pictures = {};
  };
  for (Block& block : document) {
    if (begins_section(block)) {
      end_section();
      pictures = pictures_of_section(std::get<Heading>(block).text);
    }
    const bool is_table = std::holds_alternative<Table>(block);
    result.push_back(std::move(block));
    if (is_table) append(result, std::exchange(pictures.first, {}));
  }
  end_section();
  return result;
}

// Tables compare loads with that of concat; of others the comparison knows.
AxisValues usual_reference(const ScenarioCells& scenario) {
  const AxisValues concat = {{"loader", "concat"}};
  const bool has_it = std::ranges::any_of(
      scenario.cells, [](const Cell& cell) { return cell.axis("loader") == "concat"; });
  return is_loading(scenario) && has_it ? concat : AxisValues();
}

template <std::size_t size>
Document illustrate(Document document, const std::vector<record::CellRecord>& records,
                    const AxisValues& reference_axes, const std::array<Group, size>& groups,
                    std::size_t most_of_cells = static_cast<std::size_t>(-1)) {
  const std::vector<ScenarioCells> scenarios = group_cells(records);
  const GemmRates rates(records);
  return illustrated(std::move(document), [&](const std::string& section) -> Pictures {
    for (const ScenarioCells& scenario : scenarios) {
      if (scenario.name != section) continue;
      const AxisValues asked = reference_axes.empty() ? usual_reference(scenario) : reference_axes;
      return pictures_of(groups, Comparison(scenario, asked, rates), most_of_cells);
    }
    return {};
  });
}

}  // namespace

Document illustrated_report(std::vector<record::CellRecord> recorded, const AxisValues& reference,
                            const ComparisonOptions& options, std::size_t most_of_cells) {
  const auto records = with_arms(check_agreement(std::move(recorded)));
  return illustrate(checked_report_document(records, reference, options), records, reference,
                    kGroups, most_of_cells);
}

Document illustrated_profile(const std::vector<record::CellRecord>& records,
                             const ProfileOptions& options) {
  return illustrate(profile_document(records, options), records, {}, kProfileGroups);
}

Document illustrated_machine(const record::MachineReport& report) {
  Document document = machine_document(report);
  for (Figure& figure : machine_bandwidth_figures(report)) document.emplace_back(std::move(figure));
  return document;
}

}  // namespace moebench::reports
