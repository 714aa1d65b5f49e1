#include "harness/load/request.h"

#include <algorithm>

#include "harness/base/check.h"

namespace moebench::load {
namespace {

Piece piece_of(const Part& part, const weights::CheckpointFiles::Tensor& tensor) {
  Piece piece;
  piece.file = tensor.file;
  piece.type = tensor.type;
  piece.offset = tensor.info.offset + part.begin * weights::element_bytes(tensor.type);
  return piece;
}

class PieceFinder {
 public:
  PieceFinder(const Request& request, weights::CheckpointFiles& files)
      : request_(request), files_(files) {}

  std::vector<Piece> run() {
    for (std::size_t g = 0; g < request_.groups.size(); ++g) {
      for (std::size_t s = 0; s < request_.groups[g].stacks.size(); ++s) add_stack(g, s);
    }
    return std::move(pieces_);
  }

 private:
  void add_stack(std::size_t group, std::size_t index) {
    const Stack& stack = request_.groups[group].stacks[index];
    std::int64_t part_begin = 0;  // in the stack
    for (const Part& part : stack.parts) {
      const auto tensor = files_.find(part.tensor, part.shape);
      const std::int64_t part_end = part_begin + part.num_elements();
      const std::int64_t begin = std::max(part_begin, stack.keep_begin);
      const std::int64_t end = std::min(part_end, stack.keep_begin + stack.keep_elements);
      if (begin < end) {
        Piece piece = piece_of(part, tensor);
        piece.offset += (begin - part_begin) * weights::element_bytes(piece.type);
        piece.cols = end - begin;
        piece.group = group;
        piece.stack = index;
        piece.destination_begin = begin - stack.keep_begin;
        if (stack.transposed) {
          MOEBENCH_CHECK(begin == part_begin && end == part_end);
          piece.transposed = true;
          piece.rows = part.rows;
          piece.cols = part.cols;
        }
        pieces_.push_back(piece);
      }
      part_begin = part_end;
    }
    MOEBENCH_CHECK(stack.keep_begin >= 0 && stack.keep_begin + stack.keep_elements <= part_begin);
  }

  const Request& request_;
  weights::CheckpointFiles& files_;
  std::vector<Piece> pieces_;
};

}  // namespace

std::int64_t Stack::num_elements() const {
  std::int64_t total = 0;
  for (const Part& part : parts) total += part.num_elements();
  return total;
}

std::int64_t Request::kept_bytes() const {
  std::int64_t elements = 0;
  for (const Group& group : groups) {
    for (const Stack& stack : group.stacks) elements += stack.keep_elements;
  }
  return elements * weights::element_bytes(dtype);
}

std::vector<Piece> find_pieces(const Request& request, weights::CheckpointFiles& files) {
  return PieceFinder(request, files).run();
}

std::byte* destination_of(const Piece& piece, const Request& request) {
  return request.groups[piece.group].stacks[piece.stack].destination +
         piece.destination_begin * weights::element_bytes(request.dtype);
}

}  // namespace moebench::load
