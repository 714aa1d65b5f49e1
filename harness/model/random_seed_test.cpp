// torch's generator has another seed in every process: tests on random tensors would fail of one
// draw in hundreds, and could not be repeated. Here every test begins with the same one, which
// --gtest_random_seed changes.
#include <ATen/Context.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/rand.h>
#include <gtest/gtest.h>

namespace moebench::model {
namespace {

class SeedsEachTest : public ::testing::EmptyTestEventListener {
  void OnTestStart(const ::testing::TestInfo& /*test*/) override {
    at::manual_seed(static_cast<std::uint64_t>(GTEST_FLAG_GET(random_seed)));
  }
};

const bool seeds_each_test = [] {
  ::testing::UnitTest::GetInstance()->listeners().Append(new SeedsEachTest);  // which owns it
  return true;
}();

class RandomSeed : public ::testing::TestWithParam<int> {
 protected:
  static at::Tensor& first_draw() {
    static at::Tensor tensor;
    return tensor;
  }
};

TEST_P(RandomSeed, IsTheSameForEachTest) {
  const at::Tensor draw = at::rand({8});
  if (first_draw().defined()) {
    EXPECT_TRUE(at::equal(draw, first_draw()));
  }
  first_draw() = draw;
}

INSTANTIATE_TEST_SUITE_P(Twice, RandomSeed, ::testing::Values(1, 2));

}  // namespace
}  // namespace moebench::model
