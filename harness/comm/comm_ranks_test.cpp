#include <gtest/gtest.h>

#define OMPI_SKIP_MPICXX 1  // the C interface only
#include <mpi.h>

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "harness/base/bfloat16.h"
#include "harness/base/error.h"
#include "harness/comm/agreement.h"
#include "harness/comm/communicator.h"
#include "harness/comm/host_ranks.h"
#include "harness/testing/ranks/ranks.h"

namespace moebench::comm {
namespace {

// Says where messages were received, and what lay there when they were announced.
struct Receive {
  const void* buffer;
  std::vector<std::byte> before;
};
std::vector<Receive> receives;

TEST(Communicator, AllGatherOrdersByRank) {
  for (std::int64_t bytes : {0, 1, 4096, 3'000'001}) {
    const std::vector<char> send(static_cast<std::size_t>(bytes),
                                 static_cast<char>('a' + world->rank()));
    std::vector<char> received(send.size() * static_cast<std::size_t>(world->size()));
    world->all_gather(send.data(), received.data(), bytes);
    for (std::size_t i = 0; i < received.size(); ++i) {
      ASSERT_EQ(received[i], static_cast<char>('a' + i / send.size()));
    }
  }
}

template <typename T>
void check_reduce_scatter(ElementType type, bool accumulate) {
  const std::int64_t count = 5003;
  const int n = world->size();
  std::vector<T> send(static_cast<std::size_t>(count * n));
  for (std::size_t i = 0; i < send.size(); ++i) {
    send[i] = from_float<T>(static_cast<float>(static_cast<int>(i % 31) + world->rank()));
  }
  std::vector<T> received(static_cast<std::size_t>(count), from_float<T>(2.0f));
  world->reduce_scatter(send.data(), received.data(), count, type, accumulate);
  for (std::int64_t i = 0; i < count; ++i) {
    float expected = accumulate ? 2.0f : 0.0f;
    for (int r = 0; r < n; ++r) {
      expected += static_cast<float>((world->rank() * count + i) % 31 + r);
    }
    ASSERT_EQ(to_float(received[static_cast<std::size_t>(i)]), expected);
  }
}

TEST(Communicator, ReduceScatterSumsOwnPart) {
  for (bool accumulate : {false, true}) {
    check_reduce_scatter<float>(ElementType::kFp32, accumulate);
    check_reduce_scatter<Bfloat16>(ElementType::kBf16, accumulate);
  }
}

TEST(Communicator, ReduceScatterRoundsOnce) {
  // 256 + 1 + 1 + ...: bf16 partial sums would lose every 1, a single rounding does not.
  const int n = world->size();
  std::vector<Bfloat16> send(static_cast<std::size_t>(n),
                             from_float<Bfloat16>(world->rank() == 0 ? 256.0f : 1.0f));
  Bfloat16 received{};
  world->reduce_scatter(send.data(), &received, 1, ElementType::kBf16, false);
  EXPECT_EQ(received.bits, from_float<Bfloat16>(256.0f + static_cast<float>(n - 1)).bits);
}

// Units of a model take turns in these buffers: what clears them costs more than the sum.
TEST(Communicator, ReduceScatterReceivesInMemoryThatNobodyClears) {
  const auto reduce = [](std::int64_t count) {
    const std::vector<float> send(static_cast<std::size_t>(count * world->size()), 3.0f);
    std::vector<float> sum(static_cast<std::size_t>(count));
    receives.clear();
    world->reduce_scatter(send.data(), sum.data(), count, ElementType::kFp32, false);
    return receives;
  };
  const auto first = reduce(30'000);
  reduce(10);
  const auto again = reduce(30'000);
  ASSERT_EQ(first.size(), static_cast<std::size_t>(world->size() - 1));
  ASSERT_EQ(again.size(), first.size());
  for (std::size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(again[i].buffer, first[i].buffer);
    const std::span before(reinterpret_cast<const float*>(again[i].before.data()), 30'000);
    EXPECT_EQ(std::ranges::count(before, 0.0f), 0);
  }
}

// Rank r sends (r + 1) x d bytes to rank d: unequal pieces, and an empty one for rank 0.
TEST(Communicator, AllToAllMovesUnequalAndEmptyPieces) {
  const int n = world->size(), me = world->rank();
  std::vector<std::int64_t> send_bytes, receive_bytes;
  std::vector<char> send;
  for (int d = 0; d < n; ++d) {
    send_bytes.push_back((me + 1) * d);
    receive_bytes.push_back((d + 1) * me);
    send.insert(send.end(), static_cast<std::size_t>((me + 1) * d), static_cast<char>(10 * me + d));
  }
  std::vector<char> expected;
  for (int s = 0; s < n; ++s) {
    expected.insert(expected.end(), static_cast<std::size_t>((s + 1) * me),
                    static_cast<char>(10 * s + me));
  }
  std::vector<char> received(expected.size());
  world->all_to_all(send.data(), send_bytes, received.data(), receive_bytes);
  EXPECT_EQ(received, expected);
}

TEST(Communicator, AllReduceGivesTheSameBitsEverywhere) {
  std::vector<double> values = {0.1 * (world->rank() + 1), 1.0};
  world->all_reduce_sum(values);
  EXPECT_EQ(values[1], world->size());
  std::vector<double> all(static_cast<std::size_t>(world->size()));
  world->all_gather(values.data(), all.data(), sizeof(double));
  for (double v : all) EXPECT_EQ(v, values[0]);
}

template <typename T>
void check_all_reduce(ElementType type, bool accumulate, bool in_place) {
  const int n = world->size();
  const std::int64_t count = 1001 * n;
  std::vector<T> send(static_cast<std::size_t>(count)), receive(send.size());
  for (std::size_t i = 0; i < send.size(); ++i) {
    send[i] = from_float<T>(static_cast<float>(static_cast<int>(i % 31) + world->rank()));
    receive[i] = from_float<T>(static_cast<float>(i % 7));
  }
  std::vector<T>& out = in_place ? send : receive;
  world->all_reduce(send.data(), out.data(), count, type, accumulate);
  for (std::size_t i = 0; i < send.size(); ++i) {
    float expected = accumulate ? static_cast<float>(i % 7) : 0.0f;
    for (int r = 0; r < n; ++r) expected += static_cast<float>(static_cast<int>(i % 31) + r);
    ASSERT_EQ(to_float(out[i]), expected) << i;
  }
}

TEST(Communicator, AllReduceSumsAndAccumulates) {
  for (const bool accumulate : {false, true}) {
    check_all_reduce<float>(ElementType::kFp32, accumulate, false);
    check_all_reduce<Bfloat16>(ElementType::kBf16, accumulate, false);
  }
  check_all_reduce<float>(ElementType::kFp32, false, true);
  check_all_reduce<Bfloat16>(ElementType::kBf16, false, true);
}

// The sum is taken in fp32 in the order of ranks, with what is accumulated, and rounded once.
TEST(Communicator, AllReduceRoundsOnce) {
  const int n = world->size();
  std::vector<Bfloat16> values(static_cast<std::size_t>(n), from_float<Bfloat16>(1.0f));
  std::vector<Bfloat16> sum(values.size(), from_float<Bfloat16>(256.0f));
  world->all_reduce(values.data(), sum.data(), n, ElementType::kBf16, true);
  for (const Bfloat16 value : sum) {
    EXPECT_EQ(to_float(value), to_float(from_float<Bfloat16>(256.0f + static_cast<float>(n))));
  }
}

TEST(Communicator, SplitGroupsByColor) {
  const auto half = world->split(world->rank() % 2);
  EXPECT_EQ(half->rank(), world->rank() / 2);
  std::vector<double> sum = {static_cast<double>(world->rank() % 2)};
  half->all_reduce_sum(sum);
  EXPECT_EQ(sum[0], world->rank() % 2 == 0 ? 0 : half->size());
}

TEST(Agreement, TextsOfAnyLengthArrive) {
  const std::string mine(static_cast<std::size_t>(3 * world->rank()), 'x');
  const auto texts = all_gather_text(*world, mine);
  ASSERT_EQ(texts.size(), static_cast<std::size_t>(world->size()));
  for (std::size_t rank = 0; rank < texts.size(); ++rank) {
    EXPECT_EQ(texts[rank], std::string(3 * rank, 'x'));
  }
}

TEST(Agreement, AnErrorOfOneRankIsThatOfAll) {
  int calls = 0;
  do_together(*world, [&] { ++calls; });
  EXPECT_EQ(calls, 1);
  const int last = world->size() - 1;
  try {
    do_together(*world, [&] {
      if (world->rank() == last) throw Error("rank {} gives up", last);
    });
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.what(), "rank " + std::to_string(last) + " gives up");
  }
}

// All test ranks share this machine.
TEST(Communicator, KnowsTheRanksOfItsHost) {
  const HostRanks host = host_ranks(*world);
  EXPECT_EQ(std::ssize(host.ranks), world->size());
  EXPECT_EQ(host.group->rank(), world->rank());
  EXPECT_EQ(host.ranks[static_cast<std::size_t>(host.group->rank())], world->rank());
}

TEST(SelfCommunicator, BehavesAsAGroupOfOne) {
  const auto self = self_communicator();
  EXPECT_EQ(self->size(), 1);
  const float in = 3;
  float out = 4;
  self->reduce_scatter(&in, &out, 1, ElementType::kFp32, true);
  EXPECT_EQ(out, 7);
  self->all_gather(&in, &out, sizeof(float));
  EXPECT_EQ(out, 3);
  self->all_reduce(&in, &out, 1, ElementType::kFp32, true);
  EXPECT_EQ(out, 6);
}

}  // namespace
}  // namespace moebench::comm

// Stands before the library's, as MPI offers it to tools.
extern "C" int MPI_Irecv(void* buffer, int count, MPI_Datatype type, int source, int tag,
                         MPI_Comm comm, MPI_Request* request) {
  int width = 0;
  MPI_Type_size(type, &width);
  const auto* begin = static_cast<const std::byte*>(buffer);
  moebench::comm::receives.push_back({buffer, {begin, begin + std::ptrdiff_t{count} * width}});
  return PMPI_Irecv(buffer, count, type, source, tag, comm, request);
}
