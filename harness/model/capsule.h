#pragma once

#include <torch/csrc/autograd/custom_function.h>

#include <utility>

namespace moebench::model {

// Carries a C++ value in an autograd context.
template <typename T>
struct Capsule : torch::CustomClassHolder {
  explicit Capsule(T v) : value(std::move(v)) {}
  T value;
};

template <typename T>
void keep(torch::autograd::AutogradContext* ctx, const char* key, T value) {
  ctx->saved_data[key] =
      c10::IValue::make_capsule(c10::make_intrusive<Capsule<T>>(std::move(value)));
}

template <typename T>
T& kept(torch::autograd::AutogradContext* ctx, const char* key) {
  return static_cast<Capsule<T>*>(ctx->saved_data[key].toCapsule().get())->value;
}

}  // namespace moebench::model
