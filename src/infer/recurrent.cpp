// Layers with a memory of fixed size in place of keys and values. Their state goes through the tokens of a
// sequence one by one, in prefill as in decoding, so a chunk of any length leaves the same bits behind.
#include <algorithm>
#include <cmath>

#include "infer/pass.h"

namespace pith {
namespace {

float sigmoid(float x) { return 1 / (1 + std::exp(-x)); }

// A causal convolution over the tokens of a run, channel by channel: y[t] = sum_j taps[j] x[t - n + 1 + j],
// in place. `history` holds the n - 1 inputs before the run, oldest first, and then those before the next
// one.
template <class F>
void convolve(float* x, std::int64_t stride, std::int64_t tokens, const float* taps, int n, float* history,
              std::int64_t history_stride, F&& after) {
  for (std::int64_t t = 0; t < tokens; ++t) {
    const float now = x[t * stride];
    float sum = 0;
    for (int j = 0; j < n - 1; ++j) sum += taps[j] * history[j * history_stride];
    sum += taps[n - 1] * now;
    for (int j = 0; j + 2 < n; ++j) history[j * history_stride] = history[(j + 1) * history_stride];
    if (n > 1) history[(n - 2) * history_stride] = now;
    x[t * stride] = after(sum);
  }
}

constexpr std::int64_t kChannels = 64;  // of a convolution that a thread claims at once

// A row of ws.recurrent: q, k, v of all heads (the channels of the convolution), z, beta, alpha.
struct DeltaRow {
  explicit DeltaRow(const DeltaSpec& d)
      : k(d.key_heads * d.key_dim),
        v(2 * k),
        z(d.channels()),
        beta(z + d.value_heads * d.value_dim),
        alpha(beta + d.value_heads),
        size(alpha + d.value_heads) {}
  std::int64_t k, v, z, beta, alpha, size;
};

// x / sqrt(sum x^2 + 1e-6) * scale
void l2_normalise(const Kernels& kernels, float* y, const float* x, int n, float scale) {
  std::copy_n(x, n, y);
  kernels.scale(y, scale / std::sqrt(kernels.dot(x, x, n) + 1e-6f), n);
}

}  // namespace

std::int64_t recurrent_row(const Spec& spec, const LayerSpec& l) {
  return l.mixer == Mixer::Delta ? DeltaRow(l.delta).size : 3 * std::int64_t{spec.width};
}

void delta_net(Worker& worker, const Pass& pass, std::size_t layer) {
  const DeltaSpec& d = pass.spec().layers[layer].delta;
  const DeltaWeights& w = pass.model.weights.layers[layer].delta;
  const Kernels& kernels = pass.kernels;
  const DeltaRow row(d);
  Workspace& ws = pass.ws;
  const std::int64_t u = d.value_dim;
  const auto at = [&](std::int64_t t) { return ws.recurrent + t * row.size; };
  const auto state = [&](const Run& run) { return run.sequence->state() + pass.cache.layer(layer).state; };

  float* x = ws.recurrent;
  pass.multiply(worker,
                {{x, row.size, &w.q},
                 {x + row.k, row.size, &w.k},
                 {x + row.v, row.size, &w.v},
                 {x + row.z, row.size, &w.z},
                 {x + row.beta, row.size, &w.beta},
                 {x + row.alpha, row.size, &w.alpha}},
                ws.inputs);

  const std::int64_t channels = d.channels(), blocks = (channels + kChannels - 1) / kChannels;
  worker.parallel_for(std::ssize(pass.runs) * blocks, 1, [&](std::int64_t item, std::int64_t) {
    const Run& run = pass.runs[item / blocks];
    const std::int64_t begin = item % blocks * kChannels, end = std::min(channels, begin + kChannels);
    for (std::int64_t c = begin; c < end; ++c) {
      convolve(at(run.first) + c, row.size, run.count, w.conv + c * d.taps, d.taps, state(run) + c, channels,
               [](float sum) { return sum * sigmoid(sum); });
    }
  });

  // S [key_dim][value_dim] of each value head: S = decay S, then S += k (beta (v - S^T k))^T, and the head
  // reads S^T q.
  worker.parallel_for(std::ssize(pass.runs) * d.value_heads, 1, [&](std::int64_t item, std::int64_t) {
    const Run& run = pass.runs[item / d.value_heads];
    const std::int64_t head = item % d.value_heads;
    const std::int64_t key_head = d.tiled ? head % d.key_heads : head / (d.value_heads / d.key_heads);
    float* s = state(run) + (d.taps - 1) * channels + head * d.key_dim * u;
    float* q = reinterpret_cast<float*>(ws.scratch[worker.index()]);
    float* k = q + d.key_dim;
    float* change = k + d.key_dim;
    for (std::int64_t t = run.first; t < run.first + run.count; ++t) {
      const float* in = at(t);
      l2_normalise(kernels, q, in + key_head * d.key_dim, d.key_dim,
                   1 / std::sqrt(static_cast<float>(d.key_dim)));
      l2_normalise(kernels, k, in + row.k + key_head * d.key_dim, d.key_dim, 1);
      const float step = in[row.alpha + head] + w.dt_bias[head];
      const float decay = std::exp(w.decay[head] * (step > 20 ? step : std::log1p(std::exp(step))));
      const float beta = sigmoid(in[row.beta + head]);
      kernels.scale(s, decay, d.key_dim * u);
      std::fill_n(change, u, 0.0f);
      for (int i = 0; i < d.key_dim; ++i) kernels.axpy(change, -k[i], s + i * u, u);
      kernels.add(change, in + row.v + head * u, u);
      kernels.scale(change, beta, u);
      float* out = ws.heads + (t * d.value_heads + head) * u;
      std::fill_n(out, u, 0.0f);
      for (int i = 0; i < d.key_dim; ++i) {
        kernels.axpy(s + i * u, k[i], change, u);
        kernels.axpy(out, q[i], s + i * u, u);
      }
    }
  });

  const unsigned kinds = input_kinds(kernels, {&w.out});
  pass.each_token(worker, [&](std::int64_t t) {
    float* out = ws.heads + t * d.value_heads * u;
    float* z = at(t) + row.z;
    for (std::int64_t head = 0; head < d.value_heads; ++head) {
      kernels.rms_norm(out + head * u, out + head * u, w.norm.weight, u, pass.spec().norm_eps);
    }
    kernels.activate[static_cast<int>(Activation::Silu)](z, out, d.value_heads * u);
    ws.inputs.prepare(kinds, t, z, d.value_heads * u);
  });
  pass.multiply(worker, {{ws.out, pass.spec().width, &w.out}}, ws.inputs);
}

void short_convolution(Worker& worker, const Pass& pass, std::size_t layer) {
  const ShortConvWeights& w = pass.model.weights.layers[layer].short_conv;
  const int taps = pass.spec().layers[layer].short_conv;
  const std::int64_t d = pass.spec().width, row = 3 * d, blocks = (d + kChannels - 1) / kChannels;
  Workspace& ws = pass.ws;
  pass.multiply(worker, {{ws.recurrent, row, &w.in}}, ws.inputs);  // b, c, x
  pass.each_token(worker, [&](std::int64_t t) {
    pass.kernels.mul(ws.recurrent + t * row, ws.recurrent + t * row + 2 * d, d);
  });
  worker.parallel_for(std::ssize(pass.runs) * blocks, 1, [&](std::int64_t item, std::int64_t) {
    const Run& run = pass.runs[item / blocks];
    const std::int64_t begin = item % blocks * kChannels, end = std::min(d, begin + kChannels);
    for (std::int64_t c = begin; c < end; ++c) {
      convolve(ws.recurrent + run.first * row + c, row, run.count, w.conv + c * taps, taps,
               run.sequence->state() + pass.cache.layer(layer).state + c, d, [](float sum) { return sum; });
    }
  });
  const unsigned kinds = input_kinds(pass.kernels, {&w.out});
  pass.each_token(worker, [&](std::int64_t t) {
    float* x = ws.recurrent + t * row;
    pass.kernels.mul(x, x + d, d);
    ws.inputs.prepare(kinds, t, x, d);
  });
  pass.multiply(worker, {{ws.out, d, &w.out}}, ws.inputs);
}

}  // namespace pith
