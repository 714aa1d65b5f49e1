#include "harness/train/checkpoints.h"

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <vector>

#include "harness/checkpoint/folder.h"
#include "harness/checkpoint/reader.h"
#include "harness/comm/agreement.h"
#include "harness/config/resumption.h"

namespace moebench::train {
namespace {

using checkpoint::Quantity;

const at::Tensor& slice_of(const parallel::ShardedUnit& unit, Quantity quantity) {
  switch (quantity) {
    case Quantity::kExpAvg:
      return unit.exp_avg_shard();
    case Quantity::kExpAvgSq:
      return unit.exp_avg_sq_shard();
    default:
      return unit.shard();
  }
}

std::span<std::byte> bytes_of(const at::Tensor& slice, const partition::SlicePiece& piece) {
  const auto width = slice.element_size();
  auto* data = static_cast<std::byte*>(slice.data_ptr());
  return {data + static_cast<std::size_t>(piece.offset) * width,
          static_cast<std::size_t>(piece.count) * width};
}

// Holds what a rank has, in host memory: its slices themselves, or copies of a GPU's.
class HostState {
 public:
  explicit HostState(Engine& engine) : units_(engine.all_units()) {
    for (const parallel::ShardedUnit* unit : units_) {
      for (const Quantity quantity : checkpoint::kQuantities) {
        slices_.push_back(slice_of(*unit, quantity).cpu());
      }
    }
  }

  // Each part of each parameter and moment that this rank holds.
  template <typename Visit>
  void visit(const Visit& visit) const {
    visit_pieces(&partition::Unit::pieces, visit);
  }

  // Visits, of these, what it saves: replicas share that out.
  template <typename Visit>
  void visit_own(const Visit& visit) const {
    visit_pieces(&partition::Unit::own_pieces, visit);
  }

  // Copies what was written back to a GPU.
  void put_back() const {
    auto slice = slices_.begin();
    for (const parallel::ShardedUnit* unit : units_) {
      for (const Quantity quantity : checkpoint::kQuantities) {
        const at::Tensor& to = slice_of(*unit, quantity);
        if (!to.is_same(*slice)) to.copy_(*slice);
        ++slice;
      }
    }
  }

 private:
  using Pieces = std::vector<partition::SlicePiece> (partition::Unit::*)() const;

  template <typename Visit>
  void visit_pieces(Pieces pieces, const Visit& visit) const {
    auto slices = slices_.begin();
    for (const parallel::ShardedUnit* unit : units_) {
      for (const partition::SlicePiece& piece : (unit->plan().*pieces)()) {
        auto slice = slices;
        for (const Quantity quantity : checkpoint::kQuantities) {
          visit(quantity, piece, bytes_of(*slice++, piece));
        }
      }
      slices += std::ssize(checkpoint::kQuantities);
    }
  }

  std::vector<parallel::ShardedUnit*> units_;
  std::vector<at::Tensor> slices_;  // [units x quantities]
};

std::vector<checkpoint::PieceData> pieces_of(const HostState& state) {
  std::vector<checkpoint::PieceData> pieces;
  state.visit_own(
      [&](Quantity quantity, const partition::SlicePiece& piece, std::span<std::byte> bytes) {
        pieces.push_back({{quantity, piece.parameter->name, piece.begin, piece.count}, bytes});
      });
  return pieces;
}

}  // namespace

std::int64_t save_checkpoint(Engine& engine, const config::CellConfig& cell,
                             comm::Communicator& world, std::int64_t next_data_step,
                             const SaveOptions& options) {
  const std::int64_t step = engine.num_updates();
  checkpoint::Save save(options.folder, step,
                        [&](checkpoint::Stage stage) { options.on_stage(step, stage); });
  const bool is_first = world.rank() == 0;
  std::string owner;
  comm::do_together(world, [&] {
    if (is_first) owner = save.begin();
  });
  save.join(comm::all_gather_text(world, owner)[0]);
  checkpoint::ShardFile mine;
  const HostState state(engine);
  comm::do_together(world,
                    [&] { mine = save.write_shard(world.rank(), cell.dtype, pieces_of(state)); });
  const auto texts = comm::all_gather_text(world, to_json(mine, cell.dtype));
  comm::do_together(world, [&] {
    if (!is_first) return;
    checkpoint::Manifest manifest;
    manifest.step = step;
    manifest.next_data_step = next_data_step;
    manifest.micro_batches_per_step = config::micro_batches_per_step(cell);
    manifest.dtype = cell.dtype;
    manifest.cell = cell.identity_fields();
    for (const std::string& text : texts) {
      manifest.files.push_back(checkpoint::parse_shard_file(text, cell.dtype));
    }
    save.commit(manifest, options.keep);
  });
  return mine.num_bytes;
}

std::filesystem::path resolve_resume_from(const config::CellConfig& cell,
                                          comm::Communicator& world) {
  std::string found;
  comm::do_together(world, [&] {
    if (world.rank() == 0) found = checkpoint::find_checkpoint(cell.resume_from).string();
  });
  return comm::all_gather_text(world, found)[0];
}

std::int64_t load_checkpoint(Engine& engine, const config::CellConfig& cell,
                             comm::Communicator& world) {
  std::optional<checkpoint::Reader> reader;
  comm::do_together(world, [&] {
    reader.emplace(cell.resume_from);
    check_continues(reader->manifest(), cell, reader->path().string());
    // Every file is read whole by one rank; ranks and files may differ in number.
    for (auto file = static_cast<std::size_t>(world.rank()); file < reader->manifest().files.size();
         file += static_cast<std::size_t>(world.size())) {
      reader->verify_file(file);
    }
  });
  const HostState state(engine);
  comm::do_together(world, [&] {
    state.visit(
        [&](Quantity quantity, const partition::SlicePiece& piece, std::span<std::byte> bytes) {
          reader->read(quantity, piece.parameter->name, piece.begin, bytes);
        });
  });
  state.put_back();
  engine.set_num_updates(reader->manifest().step);
  return reader->manifest().next_data_step;
}

}  // namespace moebench::train
