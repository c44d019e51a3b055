// What a forward step has to read and compute at least: measured times are compared with it.
#pragma once

#include <cstdint>

#include "infer/kv_cache.h"
#include "kernels/probe.h"
#include "model/model.h"

namespace pith {

/// An operation is a multiplication or an addition. Kept apart by what the kernels multiply.
struct Work {
  double read_bytes = 0;  ///< weights, keys and values, each once a step
  double int8_ops = 0, bf16_ops = 0, f32_ops = 0;

  Work& operator+=(const Work& other);
  double ops() const { return int8_ops + bf16_ops + f32_ops; }
  /// The shortest times in which a machine can read and compute it.
  double read_seconds(const MachineLimits& limits) const { return read_bytes / limits.read_bytes; }
  double arithmetic_seconds(const MachineLimits& limits) const;
};

/// One step: each of `sequences` sequences holds `before` positions and gets `tokens` more, with logits of
/// the last one. Of a mixture, the experts that tokens are expected to need if every expert is as likely.
/// Recurrent layers count with their matrices alone.
Work step_work(const Model& model, const Kernels& kernels, KvTypes kv, std::int64_t sequences,
               std::int64_t before, std::int64_t tokens);

}  // namespace pith
