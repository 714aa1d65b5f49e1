#include <algorithm>
#include <cstring>

#include "harness/base/check.h"
#include "harness/comm/communicator.h"
#include "harness/comm/done.h"
#include "harness/comm/reduce.h"

namespace moebench::comm {
namespace {

class SelfCommunicator : public Communicator {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }

  std::unique_ptr<Pending> start_all_gather(const void* send, void* receive,
                                            std::int64_t bytes) override {
    std::memcpy(receive, send, static_cast<std::size_t>(bytes));
    return std::make_unique<Done>();
  }

  std::unique_ptr<Pending> start_reduce_scatter(const void* send, void* receive, std::int64_t count,
                                                ElementType type, bool accumulate) override {
    sum_parts({&send, 1}, count, type, accumulate, receive);
    return std::make_unique<Done>();
  }

  std::unique_ptr<Pending> start_all_to_all(const void* send,
                                            std::span<const std::int64_t> send_bytes, void* receive,
                                            std::span<const std::int64_t> receive_bytes) override {
    MOEBENCH_CHECK(send_bytes.size() == 1 && receive_bytes.size() == 1);
    MOEBENCH_CHECK(send_bytes[0] == receive_bytes[0]);
    std::memcpy(receive, send, static_cast<std::size_t>(send_bytes[0]));
    return std::make_unique<Done>();
  }

  void all_reduce_sum(std::span<double>) override {}
  void barrier() override {}
  std::unique_ptr<Communicator> split(int) override { return self_communicator(); }
};

}  // namespace

std::unique_ptr<Communicator> self_communicator() { return std::make_unique<SelfCommunicator>(); }

}  // namespace moebench::comm
