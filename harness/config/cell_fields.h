#pragma once

#include "harness/config/cell.h"

namespace moebench::config {

// The fields of a cell, once for the writer and the reader: `visitor.field(name, member)` and
// `visitor.section(name, [&](auto& inner) {...})`. Whatever is added here is part of the identity.
template <typename Visitor, typename Model>
void visit_model(Visitor& visitor, Model& model) {
  visitor.field("name", model.name);
  visitor.field("hidden_size", model.hidden_size);
  visitor.field("intermediate_size", model.intermediate_size);
  visitor.field("num_layers", model.num_layers);
  visitor.field("num_experts", model.num_experts);
  visitor.field("top_k", model.top_k);
  visitor.field("num_heads", model.num_heads);
  visitor.field("num_kv_heads", model.num_kv_heads);
  visitor.field("head_dim", model.head_dim);
  visitor.field("vocab_size", model.vocab_size);
  visitor.field("max_position_embeddings", model.max_position_embeddings);
  visitor.field("rope_theta", model.rope_theta);
  visitor.field("rms_norm_eps", model.rms_norm_eps);
  visitor.field("router_aux_loss_coef", model.router_aux_loss_coef);
  visitor.field("initializer_range", model.initializer_range);
  visitor.field("tie_word_embeddings", model.tie_word_embeddings);
  visitor.field("sliding_window", model.sliding_window);
  visitor.field("type", model.type);
  visitor.field("attention_multiplier", model.attention_multiplier);
  visitor.field("embedding_multiplier", model.embedding_multiplier);
  visitor.field("residual_multiplier", model.residual_multiplier);
  visitor.field("logits_scaling", model.logits_scaling);
  visitor.field("pad_token_id", model.pad_token_id);
}

template <typename Visitor, typename Data>
void visit_data(Visitor& visitor, Data& data) {
  visitor.field("source", data.source);
  visitor.field("files", data.files);
  visitor.field("delimiter", data.delimiter);
  visitor.field("token_dtype", data.token_dtype);
  visitor.field("mean_length", data.mean_length);
}

template <typename Visitor, typename Load>
void visit_load(Visitor& visitor, Load& load) {
  visitor.field("loader", load.loader);
  visitor.field("cache", load.cache);
  visitor.field("io", load.io);
  visitor.field("tensors", load.tensors);
  visitor.field("one_rank", load.one_rank);
}

template <typename Visitor, typename Cell>
void visit_settings(Visitor& visitor, Cell& cell) {
  visitor.field("steps", cell.steps);
  visitor.field("warmup_steps", cell.warmup_steps);
  visitor.field("learning_rate", cell.learning_rate);
  visitor.field("adam_beta1", cell.adam_beta1);
  visitor.field("adam_beta2", cell.adam_beta2);
  visitor.field("adam_epsilon", cell.adam_epsilon);
  visitor.field("weight_decay", cell.weight_decay);
  visitor.field("max_grad_norm", cell.max_grad_norm);
  visitor.field("threads_per_rank", cell.threads_per_rank);
  visitor.field("device", cell.device);
  visitor.field("reduce_dtype", cell.reduce_dtype);
  visitor.field("device_collectives", cell.device_collectives);
  visitor.field("load_from", cell.load_from);
  visitor.field("checkpoint_every", cell.checkpoint_every);
  visitor.field("resume_from", cell.resume_from);
}

template <typename Visitor, typename Cell>
void visit_identity(Visitor& visitor, Cell& cell) {
  visitor.section("model", [&](auto& inner) { visit_model(inner, cell.model); });
  visitor.field("parallelism", cell.parallelism);
  visitor.field("ep_degree", cell.ep_degree);
  visitor.field("expert_kernel", cell.expert_kernel);
  visitor.field("ranks", cell.ranks);
  visitor.field("micro_batch", cell.micro_batch);
  visitor.field("grad_accumulation", cell.grad_accumulation);
  visitor.field("seq_len", cell.seq_len);
  visitor.field("packing", cell.packing);
  visitor.field("dtype", cell.dtype);
  visitor.field("activation_checkpointing", cell.activation_checkpointing);
  visitor.field("gathers", cell.gathers);
  visitor.field("prefetch", cell.prefetch);
  visitor.field("sync_each_batch", cell.sync_each_batch);
  visitor.field("optimizer", cell.optimizer);
  visitor.field("keep_gradients", cell.keep_gradients);
  visitor.field("routing", cell.routing);
  visitor.field("seed", cell.seed);
  visitor.section("load", [&](auto& inner) { visit_load(inner, cell.load); });
  visitor.field("measure", cell.measure);
  visit_settings(visitor, cell);
  visitor.section("data", [&](auto& inner) { visit_data(inner, cell.data); });
}

// What the driver needs beside the identity.
template <typename Visitor, typename Cell>
void visit_driver(Visitor& visitor, Cell& cell) {
  visitor.field("scenario", cell.scenario);
  visitor.field("repeats", cell.repeats);
  visitor.field("profile", cell.profile);
  visitor.field("time_limit_s", cell.time_limit_s);
  visitor.field("checkpoint_folder", cell.checkpoint_folder);
  visitor.field("keep_checkpoints", cell.keep_checkpoints);
}

}  // namespace moebench::config
