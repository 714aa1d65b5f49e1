#include "harness/testing/pairwise.h"

#include <set>
#include <utility>

namespace moebench {
namespace {

using Row = std::vector<std::size_t>;
using Choice = std::pair<std::size_t, std::size_t>;  // factor, its value
using Pairs = std::set<std::pair<Choice, Choice>>;   // the first factor is the smaller one

Pairs all_pairs(const Row& sizes) {
  Pairs pairs;
  for (std::size_t a = 0; a < sizes.size(); ++a) {
    for (std::size_t b = a + 1; b < sizes.size(); ++b) {
      for (std::size_t x = 0; x < sizes[a]; ++x) {
        for (std::size_t y = 0; y < sizes[b]; ++y) pairs.insert({{a, x}, {b, y}});
      }
    }
  }
  return pairs;
}

// Counts the pairs that no row has yet and this value adds to those chosen so far.
std::size_t gain(const Pairs& missing, const Row& sizes, const Row& row, const Choice& choice) {
  std::size_t count = 0;
  for (std::size_t other = 0; other < sizes.size(); ++other) {
    if (other == choice.first || row[other] == sizes[other]) continue;  // undecided
    const Choice decided = {other, row[other]};
    count += missing.count(other < choice.first ? std::pair{decided, choice}
                                                : std::pair{choice, decided});
  }
  return count;
}

// Begins with a pair that is missing, then takes for each factor the value that adds most.
Row next_row(const Pairs& missing, const Row& sizes) {
  Row row = sizes;
  const auto& [first, second] = *missing.begin();
  row[first.first] = first.second;
  row[second.first] = second.second;
  for (std::size_t factor = 0; factor < sizes.size(); ++factor) {
    if (row[factor] != sizes[factor]) continue;
    std::size_t best = 0;
    for (std::size_t value = 1; value < sizes[factor]; ++value) {
      const std::size_t gained = gain(missing, sizes, row, {factor, value});
      if (gained > gain(missing, sizes, row, {factor, best})) best = value;
    }
    row[factor] = best;
  }
  return row;
}

}  // namespace

std::vector<Row> pairwise(const Row& sizes) {
  std::vector<Row> rows;
  if (sizes.size() == 1) {
    for (std::size_t value = 0; value < sizes[0]; ++value) rows.push_back({value});
    return rows;
  }
  Pairs missing = all_pairs(sizes);
  while (!missing.empty()) {
    rows.push_back(next_row(missing, sizes));
    const Row& row = rows.back();
    for (std::size_t a = 0; a < sizes.size(); ++a) {
      for (std::size_t b = a + 1; b < sizes.size(); ++b) missing.erase({{a, row[a]}, {b, row[b]}});
    }
  }
  return rows;
}

std::vector<Row> full_product(const Row& sizes) {
  std::vector<Row> rows = {{}};
  for (const std::size_t size : sizes) {
    std::vector<Row> longer;
    for (const Row& row : rows) {
      for (std::size_t value = 0; value < size; ++value) {
        longer.push_back(row);
        longer.back().push_back(value);
      }
    }
    rows = std::move(longer);
  }
  return rows;
}

}  // namespace moebench
