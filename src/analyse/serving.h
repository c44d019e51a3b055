// What running a model asks of a machine, and what that machine can give: before anything is run.
#pragma once

#include <cstdint>
#include <vector>

#include "analyse/work.h"
#include "format/quant_recipe.h"
#include "infer/kv_cache.h"
#include "kernels/kernels.h"
#include "model/model.h"

namespace pith {

/// `sequences` sequences of `context` tokens each, of which every step appends one to each.
struct ServingPoint {
  std::int64_t sequences, context;
  std::uint64_t memory = 0;  ///< weights, KV cache and scratch
  Work work;                 ///< of one step
  double seconds = 0;        ///< of one step, at least
  bool arithmetic = false;   ///< computing takes longer than reading

  double tokens_per_second() const { return static_cast<double>(sequences) / seconds; }
};

struct ServingOptions {
  KvTypes kv;
  int threads = 1;
  MachineLimits limits{};
};

/// Reading and computing overlap: a step takes at least as long as the longer of them.
ServingPoint plan_serving(const Model& model, const ServingOptions& options, std::int64_t sequences,
                          std::int64_t context);

/// The smallest power of two (up to `most`) from which on computing takes longer than reading: what more
/// sequences add beyond it, each of them loses. 0: there is none.
std::int64_t best_batch(const Model& model, const ServingOptions& options, std::int64_t context,
                        std::int64_t most);

/// Bytes of the KV cache that one more position of a long sequence takes.
std::uint64_t kv_bytes_per_token(const Model& model, KvTypes kv, std::int64_t context);

/// Bytes of all tensors after quantising by a recipe.
std::uint64_t quantised_bytes(const Model& model, const QuantRecipe& recipe);

}  // namespace pith
