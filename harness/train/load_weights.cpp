#include "harness/train/load_weights.h"

#include <algorithm>

#include "harness/comm/agreement.h"
#include "harness/comm/host_ranks.h"
#include "harness/load/expert_request.h"
#include "harness/load/page_cache.h"
#include "harness/model/layout.h"
#include "harness/parallel/sharded_unit.h"

namespace moebench::train {
namespace {

// A unit's parameters behind one another, of which a rank of the group keeps its slice.
load::Group unit_group(const model::Layout& layout, std::int64_t group_size,
                       std::int64_t group_rank) {
  load::Stack stack{.name = layout.name, .parts = {}};
  for (const model::Slot& slot : layout.slots) {
    stack.parts.push_back({.tensor = slot.parameter.name,
                           .shape = slot.parameter.shape,
                           .begin = slot.parameter_begin,
                           .cols = slot.num_elements});
  }
  const std::int64_t slice = parallel::shard_elements(layout.num_elements, group_size);
  stack.keep_begin = std::min(group_rank * slice, layout.num_elements);
  stack.keep_elements = std::min(slice, layout.num_elements - stack.keep_begin);
  return {.name = layout.name, .stacks = {std::move(stack)}};
}

load::Request unit_request(const config::CellConfig& cell, std::int64_t rank) {
  const config::ModelConfig& model = cell.model;
  const std::int64_t ranks = cell.ranks, ep = cell.ep_degree;
  const std::int64_t experts = model.num_experts / ep;
  const model::ExpertRange range{rank % ep * experts, (rank % ep + 1) * experts};
  load::Request request{.dtype = cell.dtype, .groups = {}};
  request.groups.push_back(unit_group(model::root_layout(model), ranks, rank));
  for (std::int64_t layer = 0; layer < model.num_layers; ++layer) {
    model::Layout dense = model::dense_layout(model, layer);
    const model::Layout local = model::expert_layout(model, layer, range);
    if (ep == 1) {
      request.groups.push_back(
          unit_group(model::concatenate(std::move(dense), local), ranks, rank));
    } else {
      request.groups.push_back(unit_group(dense, ranks, rank));
      request.groups.push_back(unit_group(local, ranks / ep, rank / ep));
    }
  }
  return request;
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
  if (cell.load.tensors == config::LoadTensors::kAll) return unit_request(cell, rank);
  return load::expert_request(cell.model, cell.dtype, cell.ep_degree, rank % cell.ep_degree);
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
