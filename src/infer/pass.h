// One step through the model: what its threads share, and the sub-layers. forward.cpp puts them together.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "infer/kv_cache.h"
#include "infer/read_ahead.h"
#include "infer/workspace.h"
#include "model/model.h"

namespace pith {

/// Consecutive tokens of one sequence: rows first .. first + count of the step, at positions position ...
struct Run {
  Sequence* sequence;
  std::int64_t first, count, position;
};

/// Which experts the tokens of a step take, and the order of the work that follows from it in one layer.
struct ExpertChoice {
  std::size_t layer_size = 0;        ///< room of each layer in the next two: step tokens * active
  std::vector<std::int32_t> expert;  ///< [L][layer_size], of which [T][active] is used, best first
  std::vector<float> weight;         ///< as expert
  std::vector<std::int32_t> slot;    ///< [T][active] row among the rows grouped by expert
  std::vector<std::int32_t> token;   ///< [T * active] of each slot
  std::vector<std::int32_t> begin;   ///< [E + 1] slots of each expert
  std::vector<std::int32_t> used;    ///< experts that have tokens, increasing
};

/// Everything that a step's threads read. Written before they start.
struct Pass {
  const Model& model;
  const Linear& head;  ///< the output matrix, or the reward head
  const Kernels& kernels;
  const KvCache& cache;
  Workspace& ws;
  std::span<const RopeSpec> ropes;  ///< the spec's, for the context of this run
  std::span<const Run> runs;
  std::span<const std::int32_t> tokens;      ///< [T]
  std::span<const std::int32_t> positions;   ///< [T]
  std::span<const std::int32_t> run_of;      ///< [T]
  std::span<const std::int32_t> logit_rows;  ///< rows that want logits, increasing
  ExpertChoice& experts;
  const ReadAhead* read_ahead;  ///< null: the model is in memory

  const Spec& spec() const { return model.spec; }
  std::int64_t count() const { return std::ssize(tokens); }
  float* x(std::int64_t t) const { return ws.x + t * spec().width; }
  float* h(std::int64_t t) const { return ws.h + t * spec().width; }
  float* out(std::int64_t t) const { return ws.out + t * spec().width; }
  /// cos [pairs], then sin [pairs] of a rotation at token t's position.
  float* angles(int rope, std::int64_t t) const;

  /// Calls body(t) for every token of the step.
  template <class F>
  void each_token(Worker& worker, F&& body) const {
    worker.parallel_for(count(), 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t t = begin; t < end; ++t) body(t);
    });
  }
  void multiply(Worker& worker, std::initializer_list<Product> products, const Inputs& x) const {
    pith::multiply(worker, kernels, products, x, count(), ws.scratch[worker.index()]);
  }
  /// y [D] = norm(x), which may be y.
  void normalise(float* y, const float* x, const Norm& norm) const;
};

/// ws.inputs (prepared for mixer_input_kinds) -> ws.out: attention, or what a layer has in its place. Writes
/// the step's keys and values to the cache, or advances the state of its sequences.
void mix_tokens(Worker& worker, const Pass& pass, std::size_t layer);
void attention(Worker& worker, const Pass& pass, std::size_t layer);
void delta_net(Worker& worker, const Pass& pass, std::size_t layer);
void short_convolution(Worker& worker, const Pass& pass, std::size_t layer);

/// ws.h and ws.inputs (prepared for ffn_input_kinds) -> ws.out = ffn(h).
void feed_forward(Worker& worker, const Pass& pass, std::size_t layer);

/// The same for a mixture of experts.
void mixture(Worker& worker, const Pass& pass, std::size_t layer);

/// Kinds of prepared input that the layer's mixer reads, and its FFN.
unsigned mixer_input_kinds(const Kernels& kernels, const LayerWeights& weights);
unsigned ffn_input_kinds(const Kernels& kernels, const LayerWeights& weights);

}  // namespace pith
