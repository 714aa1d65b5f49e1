#include "harness/base/error.h"
#include "harness/base/scratch_buffer.h"
#include "harness/comm/device_communicators.h"
#include "harness/comm/done.h"
#include "harness/comm/pieces.h"

namespace moebench::comm {
namespace {

// Copies to the host, lets the host's group do it, and copies back; each call is over when it
// returns.
class StagedCommunicator : public Communicator {
 public:
  StagedCommunicator(Communicator& host, const DeviceOptions& options, DeviceRuntime& runtime)
      : host_(host), options_(options), runtime_(runtime) {}

  int rank() const override { return host_.rank(); }
  int size() const override { return host_.size(); }
  Communicator& host() override { return host_; }

  std::unique_ptr<Pending> start_all_gather(const void* send, void* receive,
                                            std::int64_t bytes) override {
    const std::byte* sent = fetch(send, bytes);
    std::byte* received = received_.take(bytes * size());
    host_.all_gather(sent, received, bytes);
    return put_back(receive, bytes * size());
  }

  std::unique_ptr<Pending> start_reduce_scatter(const void* send, void* receive, std::int64_t count,
                                                ElementType type, bool accumulate) override {
    const std::int64_t bytes = count * element_bytes(type);
    const std::byte* sent = fetch(send, bytes * size());
    std::byte* received = received_.take(bytes);
    if (accumulate) runtime_.copy_to_host(received, receive, bytes, options_.stream);
    host_.reduce_scatter(sent, received, count, type, accumulate);
    return put_back(receive, bytes);
  }

  std::unique_ptr<Pending> start_all_reduce(const void* send, void* receive, std::int64_t count,
                                            ElementType type, bool accumulate) override {
    const std::int64_t bytes = count * element_bytes(type);
    const std::byte* sent = fetch(send, bytes);
    std::byte* received = received_.take(bytes);
    if (accumulate) runtime_.copy_to_host(received, receive, bytes, options_.stream);
    host_.all_reduce(sent, received, count, type, accumulate);
    return put_back(receive, bytes);
  }

  std::unique_ptr<Pending> start_all_to_all(const void* send,
                                            std::span<const std::int64_t> send_bytes, void* receive,
                                            std::span<const std::int64_t> receive_bytes) override {
    const std::byte* sent = fetch(send, total(send_bytes));
    std::byte* received = received_.take(total(receive_bytes));
    host_.all_to_all(sent, send_bytes, received, receive_bytes);
    return put_back(receive, total(receive_bytes));
  }

  void all_reduce_sum(std::span<double> values) override { host_.all_reduce_sum(values); }
  void barrier() override { host_.barrier(); }

  std::unique_ptr<Communicator> split(int) override {
    throw Error("split the host's group, and make a communicator for devices of each part");
  }

 private:
  const std::byte* fetch(const void* send, std::int64_t bytes) {
    std::byte* sent = sent_.take(bytes);
    runtime_.copy_to_host(sent, send, bytes, options_.stream);
    return sent;
  }

  std::unique_ptr<Pending> put_back(void* receive, std::int64_t bytes) {
    runtime_.copy_to_device(receive, received_.data(), bytes, options_.stream);
    return std::make_unique<Done>();
  }

  Communicator& host_;
  DeviceOptions options_;
  DeviceRuntime& runtime_;
  ScratchBuffer sent_, received_;
};

}  // namespace

std::unique_ptr<Communicator> staged_communicator(Communicator& host, const DeviceOptions& options,
                                                  DeviceRuntime& runtime) {
  return std::make_unique<StagedCommunicator>(host, options, runtime);
}

}  // namespace moebench::comm
