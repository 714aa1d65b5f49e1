#include "kernels/gpu/machine_testing.h"
#include "kernels/permute_rows/permute_rows.h"
#include "kernels/permute_rows/permute_rows_cuda.h"

namespace moebench::kernels {
namespace {

struct Case {
  std::int64_t tokens, top_k, hidden, num_experts, row_multiple;
};

// One element; ragged rows; no tokens; one expert; groups with padding rows; experts without rows;
// rows of whole vectors; rows of more than one block.
constexpr Case kCases[] = {{1, 1, 1, 1, 1},   {7, 2, 37, 4, 1},   {0, 2, 8, 4, 16},
                           {9, 3, 5, 1, 16},  {5, 1, 16, 8, 4},   {9, 2, 64, 3, 16},
                           {3, 2, 515, 8, 4}, {2, 2, 2056, 4, 8}, {1, 2, 2048, 2, 1}};

RowMap some_map(const Case& c) {
  std::vector<std::int32_t> experts;
  for (std::int64_t t = 0; t < c.tokens; ++t) {
    for (std::int64_t j = 0; j < c.top_k; ++j) {
      experts.push_back(static_cast<std::int32_t>((t * t + j) % c.num_experts));
    }
  }
  return group_rows(experts, c.num_experts, c.row_multiple);
}

class MapArrays {
 public:
  explicit MapArrays(const RowMap& map)
      : position_(map.position),
        offsets_(std::vector<std::int32_t>(map.offsets.begin(), map.offsets.end())),
        counts_(map.counts) {
    view_ = {position_.data(), counts_.data(), offsets_.data(),
             static_cast<std::int64_t>(map.position.size()),
             static_cast<std::int64_t>(map.counts.size())};
  }
  const RowMapView& view() const { return view_; }

 private:
  Array<std::int32_t> position_, offsets_;
  Array<std::int64_t> counts_;
  RowMapView view_;
};

template <typename T>
class PermuteRowsTiles : public MachineTest {
 protected:
  template <typename Body>
  void for_each_case(Body body) {
    for (const Case& c : kCases) {
      SCOPED_TRACE(::testing::Message() << c.tokens << " tokens, hidden " << c.hidden);
      const RowMap map = some_map(c);
      in_every_order([&] { body(c, map, MapArrays(map).view()); });
    }
  }
};
TYPED_TEST_SUITE(PermuteRowsTiles, StorageTypes);

TYPED_TEST(PermuteRowsTiles, CopyEachTokenToItsRowsAndClearTheRest) {
  this->for_each_case([](const Case& c, const RowMap& map, const RowMapView& view) {
    const auto x = random_values<TypeParam>(c.tokens * c.hidden, 1);
    auto expected = unwritten<TypeParam>(map.num_rows() * c.hidden);
    permute_rows(x.data(), map, c.top_k, c.hidden, expected.data());
    Array<TypeParam> in(x), rows(map.num_rows() * c.hidden);
    cuda::permute_rows<TypeParam>(in.data(), view, c.top_k, c.hidden, rows.data(), nullptr);
    EXPECT_EQ(to_doubles(rows.values()), to_doubles(expected));
  });
}

TYPED_TEST(PermuteRowsTiles, CombineWithAndWithoutWeights) {
  this->for_each_case([](const Case& c, const RowMap& map, const RowMapView& view) {
    const auto rows = random_values<TypeParam>(map.num_rows() * c.hidden, 2);
    const auto weights = random_values<float>(c.tokens * c.top_k, 3);
    Array<TypeParam> in(rows);
    Array<float> weight_array(weights);
    for (const bool weighted : {true, false}) {
      auto expected = unwritten<TypeParam>(c.tokens * c.hidden);
      combine_rows(rows.data(), weighted ? weights.data() : nullptr, map, c.top_k, c.hidden,
                   expected.data());
      Array<TypeParam> y(c.tokens * c.hidden);
      cuda::combine_rows<TypeParam>(in.data(), weighted ? weight_array.data() : nullptr, view,
                                    c.top_k, c.hidden, y.data(), nullptr);
      expect_near_norm(y.values(), to_doubles(expected), kTolerance<TypeParam>);
    }
  });
}

TYPED_TEST(PermuteRowsTiles, CombineBackward) {
  this->for_each_case([](const Case& c, const RowMap& map, const RowMapView& view) {
    const auto rows = random_values<TypeParam>(map.num_rows() * c.hidden, 5);
    const auto dy = random_values<TypeParam>(c.tokens * c.hidden, 6);
    const auto weights = random_values<float>(c.tokens * c.top_k, 7);
    auto drows = unwritten<TypeParam>(map.num_rows() * c.hidden);
    auto dweights = unwritten<float>(c.tokens * c.top_k);
    combine_rows_backward(dy.data(), rows.data(), weights.data(), map, c.top_k, c.hidden,
                          drows.data(), dweights.data());
    Array<TypeParam> dy_array(dy), row_array(rows), drow_array(map.num_rows() * c.hidden);
    Array<float> weight_array(weights), dweight_array(c.tokens * c.top_k);
    cuda::combine_rows_backward<TypeParam>(dy_array.data(), row_array.data(), weight_array.data(),
                                           view, c.top_k, c.hidden, drow_array.data(),
                                           dweight_array.data(), nullptr);
    EXPECT_EQ(to_doubles(drow_array.values()), to_doubles(drows));
    expect_near_norm(dweight_array.values(), to_doubles(dweights), kTolerance<float>);
  });
}

}  // namespace
}  // namespace moebench::kernels
