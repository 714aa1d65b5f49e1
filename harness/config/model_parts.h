#pragma once

#include "harness/config/cell.h"
#include "harness/config/json_reader.h"

// Each reads the keys of one part of a model from its config.json into `model`, which holds the
// defaults of its type and what stands above it here. Error where a key is wrong, or where the part
// cannot be.
namespace moebench::config {

// What transformers assumes where a key is absent.
ModelConfig model_defaults(ModelType type);

// Layers without experts, experts, shared experts.
void read_experts(const JsonObject& config, ModelConfig& model);

// How experts are chosen and weighted, and the load-balancing loss.
void read_router(const JsonObject& config, ModelConfig& model);
// Whether transformers adds a load-balancing loss to the loss of such models.
bool has_router_loss(ModelType type);

// Heads, latent dimensions, biases, norms, and windows by layer.
void read_attention(const JsonObject& config, ModelConfig& model);

// Of the head dimensions that read_attention() has read.
void read_rope(const JsonObject& config, ModelConfig& model);

}  // namespace moebench::config
