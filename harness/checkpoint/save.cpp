#include "harness/checkpoint/save.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <stdio.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

#include "harness/base/check.h"
#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/checkpoint/content_hash.h"
#include "harness/checkpoint/folder.h"
#include "harness/weights/raw_file.h"
#include "harness/weights/safetensors.h"

namespace moebench::checkpoint {
namespace {

namespace fs = std::filesystem;

// Makes the folder and whatever is missing above it, and flushes each new name.
void make_folder(const fs::path& folder) {
  if (fs::is_directory(folder)) return;
  make_folder(folder.parent_path());
  fs::create_directory(folder);
  weights::sync_folder(folder.parent_path());
}

// First out of sight under a temporary name, so that none is ever seen half removed.
void remove_checkpoint(const fs::path& folder, std::int64_t step, const std::string& owner) {
  const fs::path temporary = temporary_folder(folder, step, owner);
  std::error_code error;
  fs::rename(step_folder(folder, step), temporary, error);
  if (error == std::errc::no_such_file_or_directory) return;  // another run has removed it
  if (error) throw fs::filesystem_error("rename", temporary, error);
  fs::remove_all(temporary);
}

// False where something had the name first.
bool rename_to_free_name(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (error == std::errc::directory_not_empty || error == std::errc::file_exists) return false;
  if (error) throw fs::filesystem_error("rename", from, to, error);
  return true;
}

// `from` gets the name `to`; what had it before is in `from` afterwards. Begins again where another
// run saves or removes `to` in between.
void put_in_place(const fs::path& from, const fs::path& to) {
  for (;;) {
    if (!fs::exists(to) && rename_to_free_name(from, to)) return;
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_EXCHANGE) == 0) return;
    const int failure = errno;
    if (failure == ENOENT && fs::exists(from)) continue;
    throw Error("cannot replace '{}': {}; remove it, or choose another checkpoint_folder",
                to.string(), std::strerror(failure));
  }
}

void check_is_visible(const fs::path& folder, const ShardFile& file) {
  std::error_code error;
  const auto size = fs::file_size(folder / file.name, error);
  if (!error && size == static_cast<std::uintmax_t>(file.num_bytes)) return;
  throw Error(
      "rank 0 does not see '{}' with the {} bytes that its rank wrote; let "
      "checkpoint_folder be on a file system that all hosts share",
      (folder / file.name).string(), file.num_bytes);
}

template <typename Action>
void with_remedy(const fs::path& folder, const Action& action) {
  try {
    action();
  } catch (const fs::filesystem_error& error) {
    throw Error(
        "cannot save a checkpoint in '{}': {}; choose a checkpoint_folder that can be "
        "written",
        folder.string(), error.code().message());
  }
}

}  // namespace

Save::Save(fs::path folder, std::int64_t step, std::function<void(Stage)> on_stage)
    : folder_(std::move(folder)), step_(step), on_stage_(std::move(on_stage)) {}

std::string Save::begin() {
  with_remedy(folder_, [&] {
    make_folder(fs::absolute(folder_));
    remove_dead_saves(folder_);
    owner_ = std::make_unique<SaveOwner>(folder_);
    join(owner_->name());
    fs::create_directory(temporary_);
  });
  on_stage_(Stage::kBegun);
  return owner_->name();
}

void Save::join(const std::string& owner) { temporary_ = temporary_folder(folder_, step_, owner); }

ShardFile Save::write_shard(int rank, config::Dtype dtype,
                            const std::vector<PieceData>& pieces) const {
  ShardFile file{.name = fmt::format("rank_{}.safetensors", rank)};
  std::vector<weights::NamedShape> tensors;
  for (const PieceData& data : pieces) {
    MOEBENCH_CHECK(std::ssize(data.bytes) == data.piece.count * weights::element_bytes(dtype));
    tensors.push_back({data.piece.tensor_name(), {data.piece.count}});
    file.pieces.push_back(data.piece);
  }
  ContentHash hash;
  weights::SafetensorsWriter writer(temporary_ / file.name, tensors, dtype,
                                    [&](std::span<const std::byte> bytes) {
                                      hash.add(bytes);
                                      file.num_bytes += std::ssize(bytes);
                                    });
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (i == pieces.size() / 2) on_stage_(Stage::kHalfShard);
    writer.append_stored(pieces[i].bytes);
  }
  writer.commit();
  weights::sync_folder(temporary_);
  file.hash = hash.hex();
  on_stage_(Stage::kShardWritten);
  return file;
}

void Save::commit(const Manifest& manifest, std::int64_t keep) {
  MOEBENCH_CHECK(owner_ != nullptr);
  with_remedy(folder_, [&] {
    for (const ShardFile& file : manifest.files) check_is_visible(temporary_, file);
    write_file_atomically(temporary_ / kManifestName, to_json(manifest));
    weights::sync_folder(temporary_);
    on_stage_(Stage::kReady);
    put_in_place(temporary_, step_folder(folder_, step_));
    weights::sync_folder(folder_);
    on_stage_(Stage::kExchanged);
    fs::remove_all(temporary_);  // the replaced one, if there was one

    auto steps = saved_steps(folder_);
    std::erase_if(steps, [&](std::int64_t step) { return step > step_; });
    const auto num_old = keep == 0 ? 0 : std::max<std::int64_t>(0, std::ssize(steps) - keep);
    for (std::int64_t i = 0; i < num_old; ++i) {
      remove_checkpoint(folder_, steps[static_cast<std::size_t>(i)], owner_->name());
    }
  });
  owner_.reset();
  on_stage_(Stage::kDone);
}

}  // namespace moebench::checkpoint
