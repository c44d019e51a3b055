// The forward pass: read this first.
#include "infer/forward.h"

#include <algorithm>
#include <cmath>

namespace pith {
namespace {

// x = embedding rows of the tokens; and the angles of their positions, for every kind of rotation.
void embed(Worker& worker, const Pass& pass) {
  const Spec& spec = pass.spec();
  const Weights& w = pass.model.weights;
  pass.each_token(worker, [&](std::int64_t t) {
    float* x = pass.x(t);
    const auto decode = [&](float* y, const Tensor& table, std::int64_t row) {
      pass.kernels.decode[static_cast<int>(table.type)](y, table.data + row * table.row_bytes(), spec.width);
    };
    decode(x, w.embedding, pass.tokens[t]);
    if (spec.embedding_scale != 1) pass.kernels.scale(x, spec.embedding_scale, spec.width);
    if (spec.learned_positions) {
      decode(pass.h(t), w.positions, pass.positions[t]);
      pass.kernels.add(x, pass.h(t), spec.width);
    }
    if (spec.embedding_norm) pass.normalise(x, x, w.embedding_norm);
    for (std::size_t r = 0; r < pass.ropes.size(); ++r) {
      const RopeSpec& rope = pass.ropes[r];
      float* cos = pass.angles(static_cast<int>(r), t);
      for (int i = 0; i < rope.dims / 2; ++i) {
        const double angle = pass.positions[t] * rope.frequency[i];
        cos[i] = static_cast<float>(std::cos(angle) * rope.magnitude);
        cos[rope.dims / 2 + i] = static_cast<float>(std::sin(angle) * rope.magnitude);
      }
    }
  });
}

// The inputs of all layers: what the token has for each of them, and what its embedding says, in equal parts.
void embed_layer_inputs(Worker& worker, const Pass& pass) {
  const Spec& spec = pass.spec();
  const Weights& w = pass.model.weights;
  const std::int64_t p = spec.layer_input, all = w.layer_inputs.outputs();
  const unsigned kinds = input_kinds(pass.kernels, {&w.layer_inputs});
  pass.each_token(worker, [&](std::int64_t t) { pass.ws.inputs.prepare(kinds, t, pass.x(t), spec.width); });
  pass.multiply(worker, {{pass.ws.layer_inputs, all, &w.layer_inputs}}, pass.ws.inputs);
  auto* own = reinterpret_cast<float*>(pass.ws.scratch[worker.index()]);
  pass.each_token(worker, [&](std::int64_t t) {
    float* y = pass.ws.layer_inputs + t * all;
    pass.kernels.scale(y, 1 / std::sqrt(static_cast<float>(spec.width)), all);
    for (std::int64_t at = 0; at < all; at += p)
      pass.kernels.rms_norm(y + at, y + at, w.layer_input_norm.weight, p, spec.norm_eps);
    const Tensor& table = w.layer_embedding;
    pass.kernels.decode[static_cast<int>(table.type)](own, table.data + pass.tokens[t] * table.row_bytes(),
                                                      all);
    pass.kernels.axpy(y, std::sqrt(static_cast<float>(p)), own, all);
    pass.kernels.scale(y, std::sqrt(0.5f), all);
  });
}

// x += out (normalised first where the model has norms behind its sub-layers).
void add_output(const Pass& pass, std::int64_t t, const Norm& post) {
  if (post) pass.normalise(pass.out(t), pass.out(t), post);
  pass.kernels.axpy(pass.x(t), pass.spec().residual_scale, pass.out(t), pass.spec().width);
}

// x += out, times `scale` if there is one; then h = norm(x), prepared for the matrices that read it next.
// Token by token, so that each row stays in the cache for all of it.
void join_residual(Worker& worker, const Pass& pass, const Norm& post, const Norm& next, unsigned next_kinds,
                   const float* scale = nullptr) {
  const Spec& spec = pass.spec();
  pass.each_token(worker, [&](std::int64_t t) {
    add_output(pass, t, post);
    if (scale) pass.kernels.scale(pass.x(t), *scale, spec.width);
    pass.normalise(pass.h(t), pass.x(t), next);
    pass.ws.inputs.prepare(next_kinds, t, pass.h(t), spec.width);
  });
}

// x += out, then out = down(act(gate(x)) * the layer's input).
void mix_layer_input(Worker& worker, const Pass& pass, std::size_t i, const Norm& post) {
  const Spec& spec = pass.spec();
  const LayerWeights& w = pass.model.weights.layers[i];
  const std::int64_t p = spec.layer_input, layers = std::ssize(spec.layers);
  const unsigned kinds = input_kinds(pass.kernels, {&w.input_gate}),
                 down = input_kinds(pass.kernels, {&w.input_down});
  pass.each_token(worker, [&](std::int64_t t) {
    add_output(pass, t, post);
    pass.ws.inputs.prepare(kinds, t, pass.x(t), spec.width);
  });
  pass.multiply(worker, {{pass.ws.gate, p, &w.input_gate}}, pass.ws.inputs);
  const auto activate = pass.kernels.activate[static_cast<int>(spec.layers[i].ffn.activation)];
  pass.each_token(worker, [&](std::int64_t t) {
    float* gate = pass.ws.gate + t * p;
    activate(gate, pass.ws.layer_inputs + (t * layers + static_cast<std::int64_t>(i)) * p, p);
    pass.ws.ffn_inputs.prepare(down, t, gate, p);
  });
  pass.multiply(worker, {{pass.ws.out, spec.width, &w.input_down}}, pass.ws.ffn_inputs);
}

void block(Worker& worker, const Pass& pass, std::size_t i) {
  const Spec& spec = pass.spec();
  const std::vector<LayerWeights>& layers = pass.model.weights.layers;
  const LayerWeights& w = layers[i];
  const unsigned ffn_kinds = ffn_input_kinds(pass.kernels, w);

  mix_tokens(worker, pass, i);
  if (spec.parallel) {
    // The FFN reads the residual as attention did. Attention's output joins first, in place of x alone.
    pass.each_token(worker, [&](std::int64_t t) {
      if (w.ffn_norm) pass.normalise(pass.h(t), pass.x(t), w.ffn_norm);
      pass.ws.inputs.prepare(ffn_kinds, t, pass.h(t), spec.width);
      pass.kernels.axpy(pass.x(t), spec.residual_scale, pass.out(t), spec.width);
    });
  } else {
    join_residual(worker, pass, w.attention_post_norm, w.ffn_norm, ffn_kinds);
  }
  feed_forward(worker, pass, i);

  if (spec.layer_input > 0) mix_layer_input(worker, pass, i, w.ffn_post_norm);

  const bool last = i + 1 == layers.size();
  const Norm& next = last ? pass.model.weights.output_norm : layers[i + 1].attention_norm;
  join_residual(worker, pass, spec.layer_input > 0 ? w.input_norm : w.ffn_post_norm, next,
                last ? 0 : mixer_input_kinds(pass.kernels, layers[i + 1]), w.output_scale);
}

// Logits of the rows that want them, from h; or what the reward head says there.
void logits(Worker& worker, const Pass& pass) {
  const Spec& spec = pass.spec();
  const std::int64_t rows = std::ssize(pass.logit_rows), outputs = pass.head.count;
  const unsigned kinds = input_kinds(pass.kernels, {&pass.head});
  worker.parallel_for(rows, 1, [&](std::int64_t row, std::int64_t) {
    pass.ws.inputs.prepare(kinds, row, pass.h(pass.logit_rows[row]), spec.width);
  });
  multiply(worker, pass.kernels, {{pass.ws.logits, outputs, &pass.head}}, pass.ws.inputs, rows,
           pass.ws.scratch[worker.index()]);
  const bool plain = spec.logit_scale == 1 && spec.logit_softcap == 0;
  if (plain || &pass.head != &pass.model.weights.output) return;
  worker.parallel_for(rows, 1, [&](std::int64_t row, std::int64_t) {
    float* y = pass.ws.logits + row * outputs;
    if (spec.logit_scale != 1) pass.kernels.scale(y, spec.logit_scale, outputs);
    if (spec.logit_softcap != 0) pass.kernels.softcap(y, spec.logit_softcap, outputs);
  });
}

}  // namespace

void mix_tokens(Worker& worker, const Pass& pass, std::size_t layer) {
  switch (pass.spec().layers[layer].mixer) {
    case Mixer::Attention: return attention(worker, pass, layer);
    case Mixer::Delta: return delta_net(worker, pass, layer);
    case Mixer::ShortConv: return short_convolution(worker, pass, layer);
  }
}

unsigned mixer_input_kinds(const Kernels& kernels, const LayerWeights& w) {
  return input_kinds(
      kernels, {w.attention.latent.q_a ? &w.attention.latent.q_a : &w.attention.q, &w.attention.k,
                &w.attention.v, &w.attention.latent.kv_a, &w.delta.q, &w.delta.k, &w.delta.v, &w.delta.z,
                &w.delta.beta, &w.delta.alpha, &w.short_conv.in});
}

void Pass::normalise(float* y, const float* x, const Norm& norm) const {
  const Spec& s = spec();
  if (!norm) {
    if (y != x) std::copy_n(x, s.width, y);  // a model without a norm in this place
  } else if (s.norm == NormKind::Rms) {
    kernels.rms_norm(y, x, norm.weight, s.width, s.norm_eps);
  } else {
    kernels.layer_norm(y, x, norm.weight, norm.bias, s.width, s.norm_eps);
  }
}

float* Pass::angles(int rope, std::int64_t t) const {
  std::int64_t before = 0;
  for (int r = 0; r < rope; ++r) before += ropes[r].dims;
  return ws.angles + before * count() + t * ropes[rope].dims;
}

void forward(Worker& worker, const Pass& pass) {
  const LayerWeights& first = pass.model.weights.layers[0];
  embed(worker, pass);
  if (pass.spec().layer_input > 0) embed_layer_inputs(worker, pass);
  pass.each_token(worker, [&](std::int64_t t) {
    pass.normalise(pass.h(t), pass.x(t), first.attention_norm);
    pass.ws.inputs.prepare(mixer_input_kinds(pass.kernels, first), t, pass.h(t), pass.spec().width);
  });
  for (std::size_t i = 0; i < pass.spec().layers.size(); ++i) block(worker, pass, i);
  logits(worker, pass);
}

}  // namespace pith
