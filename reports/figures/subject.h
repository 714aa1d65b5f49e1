#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reports/write/cells.h"
#include "reports/write/comparison.h"
#include "reports/write/document.h"
#include "reports/write/table.h"

// What the pictures of one scenario are made of, and what they share. data of a Figure is JSON in
// the units that are printed; figures.js says what each kind takes.
namespace moebench::reports {

using Json = nlohmann::ordered_json;
using Figures = std::vector<Figure>;

using Subject = Comparison;

// An axis of a picture.
struct Scale {
  std::string title;
  NumberStyle style = kPlain;
  bool is_log = false;
};
// {"title", "unit", "log"}
Json to_json(const Scale& scale);

// The value as printed, without rounding; null where there is none.
Json printed(const std::optional<double>& value, const NumberStyle& style);

// Text of others too may stand in `data`: what is no UTF-8 is replaced.
Figure make_figure(std::string name, std::string title, std::string kind, const Json& data,
                   Table numbers);

// What a cell is called beside an axis: "ep 2 · grouped · seq_len 64"; the scenario where its cells
// differ in nothing.
std::string label_of(const ScenarioCells& scenario, const Cell& cell);
// What a rank of it is: "ep 2 · grouped · rank 1".
std::string rank_label(const std::string& cell, std::size_t rank);
// A cell's label as part of a figure's name: "ep-2-grouped-seq_len-64".
std::string name_part(const std::string& label);

// The axes in which cells differ, parallelism with its degrees as one; axis and short value.
using ShortAxes = std::vector<std::pair<std::string, std::string>>;
ShortAxes short_axes(const ScenarioCells& scenario, const Cell& cell);

// nullopt of a failed cell.
std::optional<double> value_of_ok(const Cell& cell, const std::string& metric);

// Of the cells' values of a metric.
NumberStyle bytes_style_of(const std::vector<Cell>& cells, const std::string& metric);

// The metric of the cell's typical repetition; null where it has none.
const record::Metric* metric_of(const record::CellRecord& record, const std::string& name);

}  // namespace moebench::reports
