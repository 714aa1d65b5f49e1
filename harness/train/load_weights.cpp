#include "harness/train/load_weights.h"

#include <algorithm>

#include "harness/comm/agreement.h"
#include "harness/comm/host_ranks.h"
#include "harness/load/expert_request.h"
#include "harness/load/page_cache.h"
#include "harness/partition/partition.h"

namespace moebench::train {
namespace {

// A unit's parameters behind one another, of which a rank keeps its slice.
load::Group unit_group(const partition::Unit& unit) {
  load::Stack stack{.name = unit.layout.name, .parts = {}};
  for (const partition::Slot& slot : unit.layout.slots) {
    stack.parts.push_back({.tensor = slot.parameter.name,
                           .shape = slot.parameter.shape,
                           .begin = slot.parameter_begin,
                           .cols = slot.num_elements});
  }
  stack.keep_begin = std::min(unit.slice_begin, unit.layout.num_elements);
  stack.keep_elements = unit.kept_elements();
  return {.name = unit.layout.name, .stacks = {std::move(stack)}};
}

class CommExchange : public load::Exchange {
 public:
  explicit CommExchange(comm::Communicator& group) : group_(group) {}
  int rank() const override { return group_.rank(); }
  int size() const override { return group_.size(); }
  void all_to_all(const void* send, std::span<const std::int64_t> send_bytes, void* receive,
                  std::span<const std::int64_t> receive_bytes) override {
    group_.all_to_all(send, send_bytes, receive, receive_bytes);
  }

 private:
  comm::Communicator& group_;
};

}  // namespace

load::Request load_request(const config::CellConfig& cell, std::int64_t rank) {
  const partition::Partition partition(cell, rank);
  if (cell.load.tensors == config::LoadTensors::kExperts) {
    return load::expert_request(cell.model, cell.dtype, partition.experts());
  }
  load::Request request{.dtype = cell.dtype, .groups = {}};
  for (const partition::Unit& unit : partition.units()) request.groups.push_back(unit_group(unit));
  return request;
}

load::LoadReport load_weights(const config::CellConfig& cell, comm::Communicator& world,
                              load::Request& request, load::Memory& memory, LoadPass pass) {
  load::LoadOptions options{.loader = cell.load.loader,
                            .threads = cell.threads_per_rank,
                            .io = cell.load.io,
                            .pages_apart = pass == LoadPass::kStages,
                            .measure_peak_rss = pass == LoadPass::kTimed};
  if (cell.load.loader != config::Loader::kBroadcast) {
    return load::load(cell.load_from, request, memory, options);
  }
  const comm::HostRanks host = comm::host_ranks(world);
  CommExchange exchange(*host.group);
  options.exchange = &exchange;
  for (const int rank : host.ranks) options.requests.push_back(load_request(cell, rank));
  return load::load(cell.load_from, request, memory, options);
}

double prepare_page_cache(const config::CellConfig& cell, comm::Communicator& world) {
  const auto files = weights::CheckpointFiles(cell.load_from).paths();
  const bool first_of_host = comm::host_ranks(world).group->rank() == 0;
  comm::do_together(world, [&] {
    if (!first_of_host) return;
    if (cell.load.cache == config::Cache::kWarm) load::fill_page_cache(files);
    if (cell.load.cache == config::Cache::kCold) load::drop_from_page_cache(files);
  });
  const double share = load::resident_share(files);
  world.barrier();
  return share;
}

}  // namespace moebench::train
