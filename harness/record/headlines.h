#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moebench::record {

// The headline values of metrics, 8 bytes each: records of one kind of run share the names.
class Headlines {
 public:
  struct Name {
    std::string metric;
    std::string unit;

    bool operator==(const Name&) const = default;
  };
  using Names = std::vector<Name>;  // sorted by metric, each once

  Headlines() = default;
  // One value a name; needs both of the same size.
  Headlines(std::shared_ptr<const Names> names, std::vector<std::optional<double>> values)
      : names_(std::move(names)), values_(values.size()) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      values_[i] = values[i].value_or(0);
      if (!values[i]) missing_.push_back(i);
    }
  }

  std::size_t size() const { return values_.size(); }
  const Name& name(std::size_t place) const { return (*names_)[place]; }
  std::optional<double> value(std::size_t place) const {
    const bool is_missing = std::ranges::find(missing_, place) != missing_.end();
    return is_missing ? std::nullopt : std::optional(values_[place]);
  }

  // nullopt where there is no such metric.
  std::optional<std::size_t> find(std::string_view metric) const {
    if (!names_) return std::nullopt;
    const auto found = std::ranges::lower_bound(*names_, metric, {}, &Name::metric);
    if (found == names_->end() || found->metric != metric) return std::nullopt;
    return static_cast<std::size_t>(found - names_->begin());
  }

 private:
  std::shared_ptr<const Names> names_;
  std::vector<double> values_;
  std::vector<std::size_t> missing_;  // places that were not measured; few
};

}  // namespace moebench::record
