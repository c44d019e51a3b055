#include "analyse/work.h"

#include <algorithm>
#include <cmath>

namespace pith {
namespace {

double row_bytes(DType type, std::int64_t n) {
  const TypeInfo& info = type_info(type);
  return static_cast<double>(n) / info.block * info.bytes;
}

class Counter {
 public:
  Counter(const Model& model, const Kernels& kernels) : model_(model), kernels_(kernels) {}

  /// A matrix that `rows` inputs are multiplied by; `read` is the share of it that is read.
  void matrix(const Linear& w, double rows, double read = 1) {
    const double inputs = static_cast<double>(w.inputs()), outputs = static_cast<double>(w.outputs());
    const double ops = 2 * inputs * outputs * rows;
    work_.read_bytes += read * outputs * row_bytes(w.weight.type, w.inputs());
    switch (w.transposed ? InputKind::F32 : kernels_.matmul[static_cast<std::size_t>(w.weight.type)].input) {
      case InputKind::Q8: work_.int8_ops += ops; break;
      case InputKind::BF16: work_.bf16_ops += ops; break;
      case InputKind::F32: work_.f32_ops += ops; break;
    }
  }

  void layer(std::size_t i, double rows) {
    const MoeSpec& m = model_.spec.layers[i].ffn.moe;
    const LayerWeights& l = model_.weights.layers[i];
    for_each_common_matrix(l, [&](const Linear& w) { matrix(w, rows); });
    // A token misses an expert with probability 1 - active / experts.
    const double taken = m.experts > 0 ? static_cast<double>(m.active) / m.experts : 0;
    const double read = 1 - std::pow(1 - taken, rows);
    for (const FfnWeights& e : l.moe.experts)
      for_each_matrix(e, [&](const Linear& w) { matrix(w, rows * taken, read); });
  }

  void attention(const AttentionSpec& a, KvTypes kv, std::int64_t sequences, std::int64_t before,
                 std::int64_t tokens) {
    const auto visible = [&](std::int64_t position) {
      if (a.window > 0) return std::min<std::int64_t>(position + 1, a.window);
      if (a.chunk > 0) return position % a.chunk + 1;
      return position + 1;
    };
    double pairs = 0;
    for (std::int64_t t = 0; t < tokens; ++t) pairs += static_cast<double>(visible(before + t));
    const double keys = static_cast<double>(std::min(before + tokens, visible(before) + tokens - 1));
    const auto all = static_cast<double>(sequences);
    work_.f32_ops += all * 2 * pairs * a.heads * (a.head_dim + a.value_dim);
    work_.read_bytes += all * keys * a.kv_heads * row_bytes(kv.k, a.head_dim);
    if (a.latent.kv_rank == 0) work_.read_bytes += all * keys * a.kv_heads * row_bytes(kv.v, a.value_dim);
  }

  const Work& work() const { return work_; }

 private:
  const Model& model_;
  const Kernels& kernels_;
  Work work_;
};

}  // namespace

Work& Work::operator+=(const Work& other) {
  read_bytes += other.read_bytes;
  int8_ops += other.int8_ops;
  bf16_ops += other.bf16_ops;
  f32_ops += other.f32_ops;
  return *this;
}

double Work::arithmetic_seconds(const MachineLimits& limits) const {
  const double bf16_peak = limits.bf16_ops > 0 ? limits.bf16_ops : limits.f32_ops;
  return int8_ops / limits.int8_ops + bf16_ops / bf16_peak + f32_ops / limits.f32_ops;
}

Work step_work(const Model& model, const Kernels& kernels, KvTypes kv, std::int64_t sequences,
               std::int64_t before, std::int64_t tokens) {
  Counter counter(model, kernels);
  for (std::size_t i = 0; i < model.spec.layers.size(); ++i) {
    counter.layer(i, static_cast<double>(sequences * tokens));
    if (model.spec.layers[i].mixer == Mixer::Attention)
      counter.attention(model.spec.layers[i].attention, kv, sequences, before, tokens);
  }
  counter.matrix(model.weights.output, static_cast<double>(sequences));
  return counter.work();
}

}  // namespace pith
