#include "harness/device/choose.h"

#include <gmock/gmock.h>

#include "harness/base/error.h"
#include "harness/testing/error_of.h"

namespace moebench::device {
namespace {

using config::Device;
using ::testing::AllOf;
using ::testing::HasSubstr;

Offer offer(int rank, int ranks, int devices) {
  return {rank, ranks, devices, devices == 0 ? "no CUDA device: the driver lists none" : "", false};
}

std::string refusal(const Offer& of) {
  return moebench::error_of([&] { choose_index(of, Device::kCuda); });
}

TEST(ChooseDevice, TheCpuIsTakenWhereTheCellSaysSo) {
  EXPECT_EQ(choose_index(offer(0, 1, 8), Device::kCpu), -1);
}

TEST(ChooseDevice, EachRankOfAMachineHasItsOwn) {
  for (const Device wanted : {Device::kCuda, Device::kAuto}) {
    for (int rank = 0; rank < 4; ++rank) EXPECT_EQ(choose_index(offer(rank, 4, 8), wanted), rank);
  }
}

TEST(ChooseDevice, WithoutEnoughOfThemAutoTakesTheCpuAndSaysWhy) {
  EXPECT_EQ(choose_index(offer(0, 1, 0), Device::kAuto), -1);
  EXPECT_EQ(auto_reason(offer(0, 1, 0)), "no CUDA device: the driver lists none");
  EXPECT_EQ(choose_index(offer(0, 2, 1), Device::kAuto), -1);
  EXPECT_EQ(auto_reason(offer(0, 2, 1)), "1 GPU(s) are too few for 2 ranks of this machine");
  EXPECT_EQ(auto_reason(offer(0, 2, 2)), "2 GPU(s) for 2 rank(s) of this machine");
}

TEST(ChooseDevice, WithoutEnoughOfThemCudaIsAnErrorThatNamesTheRemedy) {
  EXPECT_THAT(refusal(offer(0, 1, 0)),
              AllOf(HasSubstr("the driver lists none"), HasSubstr("set device to cpu or auto")));
  EXPECT_THAT(refusal(offer(1, 2, 1)),
              AllOf(HasSubstr("2 ranks on this machine, but 1 GPU(s)"),
                    HasSubstr("device_collectives to host or nccl_shared")));
}

TEST(ChooseDevice, RanksMayShareWhereTheirCollectivesAllowIt) {
  Offer shared = offer(3, 4, 2);
  shared.may_share = true;
  EXPECT_EQ(choose_index(shared, Device::kCuda), 1);
}

}  // namespace
}  // namespace moebench::device
