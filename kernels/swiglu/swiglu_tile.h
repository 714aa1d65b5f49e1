#pragma once

#include <cmath>

#include "harness/base/bfloat16.h"
#include "kernels/gpu/vec.h"
#include "kernels/swiglu/gated_form.h"

namespace moebench::kernels {

struct Sigmoid {
  MOEBENCH_HD float operator()(float x) const { return 1.0f / (1.0f + std::exp(-x)); }
};

// A thread's gates and ups, or their gradients, as two vectors. Those of a row in turns are
// neighbours, which hold both; else each holds one of the two.
template <typename T, int width, bool interleaved>
struct GateUpVecs {
  Vec<T, width> vecs[2];

  MOEBENCH_HD T& gate(int k) { return interleaved ? in_turns(2 * k) : vecs[0].at[k]; }
  MOEBENCH_HD T& up(int k) { return interleaved ? in_turns(2 * k + 1) : vecs[1].at[k]; }

  // Offsets of the vectors, for the thread whose first element of the result is at `i`.
  MOEBENCH_HD static std::int64_t first(std::int64_t row, std::int64_t extent, std::int64_t i) {
    return row * 2 * extent + (interleaved ? 2 * i : i);
  }
  MOEBENCH_HD static std::int64_t second(std::int64_t row, std::int64_t extent, std::int64_t i) {
    return first(row, extent, i) + (interleaved ? width : extent);
  }

 private:
  MOEBENCH_HD T& in_turns(int k) { return vecs[k / width].at[k % width]; }
};

template <typename T, int width, typename Form>
struct SwigluForwardTile : OnePhaseTile {
  Form form;
  const T* gate_up;
  T* out;
  std::int64_t rows;
  RowGrid<kThreads, width> grid;

  SwigluForwardTile(const Form& form_in, const T* gate_up_in, T* out_in, std::int64_t num_rows,
                    std::int64_t intermediate)
      : form(form_in), gate_up(gate_up_in), out(out_in), rows(num_rows), grid(intermediate) {}
  std::int64_t num_blocks() const { return grid.num_blocks(rows); }

  template <int phase>
  MOEBENCH_HD void run(ThreadPlace place, Shared&, Local&) const {
    using GateUp = GateUpVecs<T, width, Form::kInterleaved>;
    const std::int64_t row = grid.row(place), i = grid.column(place);
    if (i >= grid.extent) return;
    GateUp in{{load<width>(gate_up + GateUp::first(row, grid.extent, i)),
               load<width>(gate_up + GateUp::second(row, grid.extent, i))}};
    Vec<T, width> result;
    for (int k = 0; k < width; ++k) {
      result.at[k] =
          from_float<T>(form.forward(to_float(in.gate(k)), to_float(in.up(k)), Sigmoid()));
    }
    store(out + row * grid.extent + i, result);
  }
};

// A thread reads its gate and up before it writes their gradients: dgate_up may be gate_up.
template <typename T, int width, typename Form>
struct SwigluBackwardTile : OnePhaseTile {
  Form form;
  const T* dout;
  const T* gate_up;
  T* dgate_up;
  T* out;
  std::int64_t rows;
  RowGrid<kThreads, width> grid;

  SwigluBackwardTile(const Form& form_in, const T* dout_in, const T* gate_up_in, T* dgate_up_in,
                     T* out_in, std::int64_t num_rows, std::int64_t intermediate)
      : form(form_in),
        dout(dout_in),
        gate_up(gate_up_in),
        dgate_up(dgate_up_in),
        out(out_in),
        rows(num_rows),
        grid(intermediate) {}
  std::int64_t num_blocks() const { return grid.num_blocks(rows); }

  template <int phase>
  MOEBENCH_HD void run(ThreadPlace place, Shared&, Local&) const {
    using GateUp = GateUpVecs<T, width, Form::kInterleaved>;
    const std::int64_t row = grid.row(place), i = grid.column(place);
    if (i >= grid.extent) return;
    const std::int64_t first = GateUp::first(row, grid.extent, i);
    const std::int64_t second = GateUp::second(row, grid.extent, i);
    GateUp in{{load<width>(gate_up + first), load<width>(gate_up + second)}};
    const auto dresult = load<width>(dout + row * grid.extent + i);
    Vec<T, width> result;
    GateUp gradient;
    for (int k = 0; k < width; ++k) {
      const GatedGradient d = form.backward(to_float(dresult.at[k]), to_float(in.gate(k)),
                                            to_float(in.up(k)), Sigmoid());
      result.at[k] = from_float<T>(d.out);
      gradient.gate(k) = from_float<T>(d.dgate);
      gradient.up(k) = from_float<T>(d.dup);
    }
    store(out + row * grid.extent + i, result);
    store(dgate_up + first, gradient.vecs[0]);
    store(dgate_up + second, gradient.vecs[1]);
  }
};

}  // namespace moebench::kernels
