#pragma once

namespace moebench::stats {

// Student's t. `df` is positive and may be infinite: the normal distribution.
double t_upper_tail(double t, double df);    // P(T > t); NaN where t or df is NaN
double t_quantile(double share, double df);  // share strictly between 0 and 1

// P(T > t) for the noncentral t with noncentrality `delta`.
double noncentral_t_upper_tail(double t, double df, double delta);

}  // namespace moebench::stats
