#pragma once

#include "reports/figures/subject.h"

// The pictures of a scenario by what they answer; empty where nothing of it was measured.
namespace moebench::reports {

Figures gain_figures(const Subject& subject);         // how much faster, and is that noise
Figures tradeoff_figures(const Subject& subject);     // memory against tokens/s
Figures axes_figures(const Subject& subject);         // where in the matrix it pays
Figures step_figures(const Subject& subject);         // warm-up, drift, stragglers
Figures phase_figures(const Subject& subject);        // why: the phases, and the main difference
Figures difference_figures(const Subject& subject);   // the same for every cell but that one
Figures memory_figures(const Subject& subject);       // does it fit; was the estimate right
Figures rank_figures(const Subject& subject);         // who waits for whom
Figures gpu_figures(const Subject& subject);          // do GPUs work, wait, or communicate
Figures memory_kind_figures(const Subject& subject);  // where in the step the peak is
Figures imbalance_figures(const Subject& subject);    // which rank computes most
Figures expert_figures(const Subject& subject);       // which expert computes most
Figures loss_figures(const Subject& subject);         // did all do the same work
Figures collective_figures(const Subject& subject);   // is the network the limit
Figures gemm_figures(const Subject& subject);         // is the machine's arithmetic the limit
Figures operation_figures(const Subject& subject);    // hotspots
Figures session_figures(const Subject& subject);      // was it disturbed
Figures loading_figures(const Subject& subject);      // where loading goes
Figures ladder_figures(const Subject& subject);       // what each change gives

}  // namespace moebench::reports
