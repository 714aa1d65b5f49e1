#include <vector>

#include "harness/base/error.h"
#include "harness/comm/device_communicators.h"
#include "harness/comm/device_memory.h"
#include "harness/comm/done.h"
#include "harness/comm/pieces.h"

namespace moebench::comm {
namespace {

using kernels::check_cuda;

// Copies to the host, lets the host's group do it, and copies back; each call is over when it
// returns.
class StagedCommunicator : public Communicator {
 public:
  StagedCommunicator(Communicator& host, const DeviceOptions& options)
      : host_(host), options_(options) {}

  int rank() const override { return host_.rank(); }
  int size() const override { return host_.size(); }
  Communicator& host() override { return host_; }

  std::unique_ptr<Pending> start_all_gather(const void* send, void* receive,
                                            std::int64_t bytes) override {
    fetch(send, bytes);
    received_.resize(static_cast<std::size_t>(bytes * size()));
    host_.all_gather(sent_.data(), received_.data(), bytes);
    return put_back(receive);
  }

  std::unique_ptr<Pending> start_reduce_scatter(const void* send, void* receive, std::int64_t count,
                                                ElementType type, bool accumulate) override {
    const std::int64_t bytes = count * element_bytes(type);
    fetch(send, bytes * size());
    received_.resize(static_cast<std::size_t>(bytes));
    if (accumulate) copy(received_.data(), receive, bytes, cudaMemcpyDeviceToHost);
    host_.reduce_scatter(sent_.data(), received_.data(), count, type, accumulate);
    return put_back(receive);
  }

  std::unique_ptr<Pending> start_all_to_all(const void* send,
                                            std::span<const std::int64_t> send_bytes, void* receive,
                                            std::span<const std::int64_t> receive_bytes) override {
    fetch(send, total(send_bytes));
    received_.resize(static_cast<std::size_t>(total(receive_bytes)));
    host_.all_to_all(sent_.data(), send_bytes, received_.data(), receive_bytes);
    return put_back(receive);
  }

  void all_reduce_sum(std::span<double> values) override { host_.all_reduce_sum(values); }
  void barrier() override { host_.barrier(); }

  std::unique_ptr<Communicator> split(int) override {
    throw Error("split the host's group, and make a communicator for devices of each part");
  }

 private:
  void fetch(const void* send, std::int64_t bytes) {
    sent_.resize(static_cast<std::size_t>(bytes));
    copy(sent_.data(), send, bytes, cudaMemcpyDeviceToHost);
  }

  std::unique_ptr<Pending> put_back(void* receive) {
    copy(receive, received_.data(), std::ssize(received_), cudaMemcpyHostToDevice);
    return std::make_unique<Done>();
  }

  void copy(void* to, const void* from, std::int64_t bytes, cudaMemcpyKind kind) const {
    check_cuda(cudaMemcpyAsync(to, from, static_cast<std::size_t>(bytes), kind, options_.stream),
               "a copy between host and device");
    check_cuda(cudaStreamSynchronize(options_.stream), "a copy between host and device");
  }

  Communicator& host_;
  DeviceOptions options_;
  std::vector<std::byte> sent_, received_;
};

}  // namespace

std::unique_ptr<Communicator> staged_communicator(Communicator& host,
                                                  const DeviceOptions& options) {
  return std::make_unique<StagedCommunicator>(host, options);
}

}  // namespace moebench::comm
