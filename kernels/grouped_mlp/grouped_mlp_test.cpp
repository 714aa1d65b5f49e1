#include "kernels/grouped_mlp/grouped_mlp.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/kernels_testing.h"

namespace moebench::kernels {
namespace {

constexpr std::int64_t kHidden = 5, kIntermediate = 3;

// Rows of three groups, filled up to even numbers; the second has none.
RowMap small_map() {
  constexpr std::int32_t ids[] = {2, 0, 0, 2, 0, 2, 0};
  return group_rows(ids, 3, /*row_multiple=*/2);
}

double silu(double x) { return x / (1 + std::exp(-x)); }

double activated(double gate, double up, const GatedActivation& activation) {
  if (activation.limit == 0) return silu(gate) * up;
  const double limit = activation.limit, alpha = activation.alpha;
  const double g = std::min(gate, limit);
  return (std::clamp(up, -limit, limit) + 1) * silu(alpha * g) / alpha;
}

// Everything that the loss depends on behind one another: rows, then of each group the matrices
// [2I, H] and [H, I] and where there are biases those of both.
struct Model {
  RowMap map = small_map();
  GatedActivation activation = {};
  bool has_bias = false;
  bool in_columns = false;  // matrices

  std::int64_t rows_size() const { return map.num_rows() * kHidden; }
  std::int64_t num_groups() const { return static_cast<std::int64_t>(map.counts.size()); }
  std::int64_t bias_size() const { return has_bias ? 2 * kIntermediate + kHidden : 0; }
  std::int64_t group_size() const { return 3 * kIntermediate * kHidden + bias_size(); }
  std::int64_t size() const { return rows_size() + num_groups() * group_size(); }

  template <typename T>
  MatrixStack<T> stack(T* data, std::int64_t rows, std::int64_t cols) const {
    return {data, group_size(), in_columns ? 1 : cols, in_columns ? rows : 1};
  }
  template <typename T>
  GroupedMlpWeights<T> weights(T* values) const {
    T* gate_up = values + rows_size();
    T* down = gate_up + 2 * kIntermediate * kHidden;
    T* biases = down + kIntermediate * kHidden;
    GroupedMlpWeights<T> w{
        stack(gate_up, 2 * kIntermediate, kHidden), stack(down, kHidden, kIntermediate), {}, {}};
    if (has_bias) {
      w.gate_up_bias = {biases, group_size()};
      w.down_bias = {biases + 2 * kIntermediate, group_size()};
    }
    return w;
  }
  template <typename T>
  GroupedMlp<T> mlp(const std::vector<T>& values) const {
    return {map, kHidden, kIntermediate, weights(values.data()), activation};
  }
};

double projected(const MatrixView<const double>& weights, const double* bias, std::int64_t row,
                 const double* x) {
  double sum = bias == nullptr ? 0 : bias[row];
  for (std::int64_t i = 0; i < weights.cols; ++i) {
    sum += weights.data[row * weights.row_stride + i * weights.col_stride] * x[i];
  }
  return sum;
}

void reference_row(const Model& model, const GroupedMlpWeights<const double>& weights,
                   std::int64_t group, const double* x, double* out) {
  double both[2 * kIntermediate], hidden[kIntermediate];
  const auto gate_up = weights.gate_up.matrix(group, 2 * kIntermediate, kHidden);
  for (std::int64_t i = 0; i < 2 * kIntermediate; ++i) {
    both[i] = projected(gate_up, weights.gate_up_bias.vector(group), i, x);
  }
  const bool in_turns = model.activation.interleaved;
  for (std::int64_t i = 0; i < kIntermediate; ++i) {
    hidden[i] = activated(both[in_turns ? 2 * i : i],
                          both[in_turns ? 2 * i + 1 : kIntermediate + i], model.activation);
  }
  const auto down = weights.down.matrix(group, kHidden, kIntermediate);
  for (std::int64_t i = 0; i < kHidden; ++i) {
    out[i] = projected(down, weights.down_bias.vector(group), i, hidden);
  }
}

// Calls f(group, row) for every row in use.
template <typename F>
void for_used_rows(const RowMap& map, const F& f) {
  for (std::size_t group = 0; group < map.counts.size(); ++group) {
    for (std::int64_t i = 0; i < map.counts[group]; ++i) {
      f(static_cast<std::int64_t>(group), map.offsets[group] + i);
    }
  }
}

// 0 in rows that are not used.
std::vector<double> reference(const Model& model, const std::vector<double>& values) {
  std::vector<double> out(static_cast<std::size_t>(model.rows_size()));
  const auto weights = model.weights(values.data());
  for_used_rows(model.map, [&](std::int64_t group, std::int64_t row) {
    reference_row(model, weights, group, values.data() + row * kHidden, out.data() + row * kHidden);
  });
  return out;
}

// Values that the kernel must not take from rows that are not used.
template <typename T>
void spoil_unused(const RowMap& map, std::vector<T>& rows, float value) {
  std::vector<bool> used(static_cast<std::size_t>(map.num_rows()));
  for_used_rows(
      map, [&](std::int64_t, std::int64_t row) { used[static_cast<std::size_t>(row)] = true; });
  for (std::size_t i = 0; i < used.size() * kHidden; ++i) {
    if (!used[i / kHidden]) rows[i] = from_float<T>(value);
  }
}

// The gradient of rows and weights, in the order of Model.
template <typename T>
std::vector<T> backward(const Model& model, const std::vector<T>& values,
                        const std::vector<T>& dout, std::vector<T>& gate_up, bool accumulate) {
  std::vector<T> gradient =
      accumulate ? random_values<T>(model.size(), 9) : unwritten<T>(model.size());
  grouped_mlp_backward<T>(model.mlp(values), dout.data(), values.data(), gate_up.data(),
                          {model.weights(gradient.data()), accumulate}, gradient.data());
  return gradient;
}

template <typename T>
void expect_reference(const Model& model, bool accumulate) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  auto values = random_values<T>(model.size(), 1);
  auto dout = random_values<T>(model.rows_size(), 2);
  const auto exact_values = to_doubles(values), exact_dout = to_doubles(dout);
  spoil_unused(model.map, values, nan);
  spoil_unused(model.map, dout, nan);
  auto gate_up = unwritten<T>(model.map.num_rows() * 2 * kIntermediate);
  auto out = unwritten<T>(model.rows_size());
  grouped_mlp_forward<T>(model.mlp(values), values.data(), gate_up.data(), out.data());
  spoil_unused(model.map, out, 0);
  expect_near_norm(out, reference(model, exact_values), 3 * kTolerance<T>);

  auto gradient = backward(model, values, dout, gate_up, accumulate);
  spoil_unused(model.map, gradient, 0);
  const auto loss = [&](const std::vector<double>& x) {
    return dot(exact_dout, reference(model, x));
  };
  std::vector<double> expected = numeric_gradient(loss, exact_values);
  if (accumulate) {
    const auto before = to_doubles(random_values<T>(model.size(), 9));
    for (auto i = static_cast<std::size_t>(model.rows_size()); i < expected.size(); ++i) {
      expected[i] += before[i];
    }
  }
  expect_near_norm(gradient, expected, 3 * kTolerance<T>);
}

template <typename T>
class GroupedMlpTest : public ::testing::Test {};
TYPED_TEST_SUITE(GroupedMlpTest, StorageTypes);

TYPED_TEST(GroupedMlpTest, MatchesReferenceAndFiniteDifferences) {
  const Model plain{},
      as_gpt_oss{
          .activation = {.limit = 0.5F, .interleaved = true}, .has_bias = true, .in_columns = true};
  for (const bool accumulate : {false, true}) {
    expect_reference<TypeParam>(plain, accumulate);
    expect_reference<TypeParam>(as_gpt_oss, accumulate);
  }
}

// A page of memory of which any use ends the process.
class ForbiddenPage {
 public:
  ForbiddenPage()
      : size_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))),
        page_(mmap(nullptr, size_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {}
  ~ForbiddenPage() { munmap(page_, size_); }
  ForbiddenPage(const ForbiddenPage&) = delete;
  ForbiddenPage& operator=(const ForbiddenPage&) = delete;

  void* data() const { return page_; }

 private:
  std::size_t size_;
  void* page_;
};

// Of a thousand groups without rows nothing is read, and of their gradients, where these are added
// to, nothing written.
TYPED_TEST(GroupedMlpTest, LeavesGroupsWithoutRowsAlone) {
  const ForbiddenPage page;
  ASSERT_NE(page.data(), MAP_FAILED);
  auto* data = static_cast<TypeParam*>(page.data());
  const RowMap map = group_rows({}, 1000, 16);
  const GroupedMlpWeights<TypeParam> weights{
      {data, 0, kHidden, 1}, {data, 0, kIntermediate, 1}, {data, 0}, {data, 0}};
  const GroupedMlpWeights<const TypeParam> read_alone{
      {data, 0, kHidden, 1}, {data, 0, kIntermediate, 1}, {data, 0}, {data, 0}};
  const GroupedMlp<TypeParam> mlp{map, kHidden, kIntermediate, read_alone, {}};
  grouped_mlp_forward<TypeParam>(mlp, data, data, data);
  grouped_mlp_backward<TypeParam>(mlp, data, data, data, {weights, /*accumulate=*/true}, data);
}

TYPED_TEST(GroupedMlpTest, BitsDoNotDependOnThreads) {
  const Model model{.has_bias = true};
  const auto values = random_values<TypeParam>(model.size(), 1);
  const auto dout = random_values<TypeParam>(model.rows_size(), 2);
  std::vector<std::vector<double>> results;
  for (const int threads : {1, 2, 3}) {
    const NumThreads limit(threads);
    auto gate_up = unwritten<TypeParam>(model.map.num_rows() * 2 * kIntermediate);
    auto out = unwritten<TypeParam>(model.rows_size());
    grouped_mlp_forward<TypeParam>(model.mlp(values), values.data(), gate_up.data(), out.data());
    results.push_back(to_doubles(out));
    results.push_back(to_doubles(backward(model, values, dout, gate_up, false)));
  }
  for (std::size_t i = 2; i < results.size(); ++i) EXPECT_EQ(results[i], results[i % 2]);
}

}  // namespace
}  // namespace moebench::kernels
