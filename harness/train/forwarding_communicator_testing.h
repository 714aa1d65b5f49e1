#pragma once

#include <memory>
#include <span>

#include "harness/comm/communicator.h"

namespace moebench::train {

// Passes every call on to a group, which must outlive it; tests watch some of them on the way.
class ForwardingCommunicator : public comm::Communicator {
 public:
  explicit ForwardingCommunicator(comm::Communicator& group) : group_(group) {}

  int rank() const override { return group_.rank(); }
  int size() const override { return group_.size(); }
  std::unique_ptr<comm::Pending> start_all_gather(const void* send, void* receive,
                                                  std::int64_t bytes) override {
    return group_.start_all_gather(send, receive, bytes);
  }
  std::unique_ptr<comm::Pending> start_reduce_scatter(const void* send, void* receive,
                                                      std::int64_t count, comm::ElementType type,
                                                      bool accumulate) override {
    return group_.start_reduce_scatter(send, receive, count, type, accumulate);
  }
  std::unique_ptr<comm::Pending> start_all_reduce(const void* send, void* receive,
                                                  std::int64_t count, comm::ElementType type,
                                                  bool accumulate) override {
    return group_.start_all_reduce(send, receive, count, type, accumulate);
  }
  std::unique_ptr<comm::Pending> start_all_to_all(
      const void* send, std::span<const std::int64_t> send_bytes, void* receive,
      std::span<const std::int64_t> receive_bytes) override {
    return group_.start_all_to_all(send, send_bytes, receive, receive_bytes);
  }
  void all_reduce_sum(std::span<double> values) override { group_.all_reduce_sum(values); }
  void barrier() override { group_.barrier(); }
  std::unique_ptr<comm::Communicator> split(int color) override { return group_.split(color); }

 private:
  comm::Communicator& group_;
};

}  // namespace moebench::train
