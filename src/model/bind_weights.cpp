// Binding: every place of Weights finds its tensor, every tensor finds its place.
#include <cmath>
#include <cstring>
#include <unordered_set>

#include "base/error.h"
#include "model/name_pattern.h"
#include "model/weights.h"

namespace pith {
namespace {

using Shape = std::array<std::int64_t, 3>;  // innermost first, ones at the end

class Binder {
 public:
  Binder(const Arch& arch, const Spec& spec, const ModelFile& file, Purpose purpose)
      : arch_(arch), spec_(spec), file_(file), purpose_(purpose) {}

  Weights bind() {
    const std::int64_t d = spec_.width, v = spec_.vocab;
    w_.embedding = matrix("token_embd.weight", {d, v, 1});
    if (spec_.embedding_norm) w_.embedding_norm = norm("token_embd_norm", d, Has::Yes);
    if (spec_.learned_positions) w_.positions = positions();
    if (const std::int64_t p = spec_.layer_input; p > 0) {
      const std::int64_t all = std::ssize(spec_.layers) * p;
      w_.layer_embedding = matrix("per_layer_token_embd.weight", {all, v, 1});
      w_.layer_inputs = linear("per_layer_model_proj", d, all, Has::No);
      w_.layer_input_norm = norm("per_layer_proj_norm", p, Has::Yes);
    }
    for (const char* read_with_the_metadata :
         {"rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight"}) {
      claimed_.insert(file_.tensors.find(read_with_the_metadata));
    }
    for (std::size_t i = 0; i < spec_.layers.size(); ++i) w_.layers.push_back(layer(i));
    // One family's files give the last norm the name of another's first one.
    const bool misnamed =
        !spec_.embedding_norm && has("token_embd_norm.weight") && !has("output_norm.weight");
    w_.output_norm = norm(misnamed ? "token_embd_norm" : "output_norm", d, Has::Yes);
    w_.tied = !has("output.weight");
    w_.output = w_.tied ? Linear{w_.embedding, v, vector("output.bias", v, Has::Maybe)}
                        : linear("output", d, v, Has::Maybe);
    w_.reward = reward_head();
    reject_unclaimed();
    return std::move(w_);
  }

 private:
  LayerWeights layer(std::size_t i) {
    prefix_ = fmt::format("blk.{}.", i);
    const LayerSpec& s = spec_.layers[i];
    const std::int64_t d = spec_.width;
    LayerWeights l;
    if (spec_.pre_norm) {
      // With a second norm, that one is attention's and the first the FFN's.
      const bool two = has(at("attn_norm_2.weight"));
      l.attention_norm = norm(at(two ? "attn_norm_2" : "attn_norm"), d, Has::Yes);
      // Some files call the norm between attention and FFN by its place, not by its use.
      const bool by_place = !spec_.post_norm && has(at("post_attention_norm.weight"));
      l.ffn_norm = norm(at(two        ? "attn_norm"
                           : by_place ? "post_attention_norm"
                                      : "ffn_norm"),
                        d, spec_.parallel ? Has::Maybe : Has::Yes);
    }
    if (spec_.post_norm) {
      l.attention_post_norm = norm(at("post_attention_norm"), d, Has::Yes);
      l.ffn_post_norm = norm(at("post_ffw_norm"), d, Has::Yes);
    }
    switch (s.mixer) {
      case Mixer::Attention:
        l.attention = s.attention.latent.kv_rank > 0 ? latent(s.attention) : attention(s.attention);
        break;
      case Mixer::Delta: l.delta = delta(s.delta); break;
      case Mixer::ShortConv: l.short_conv = short_conv(s.short_conv); break;
    }
    if (s.ffn.moe.experts > 0) {
      l.moe = moe(s.ffn);
    } else {
      l.ffn = ffn(s.ffn, s.ffn.width, "");
    }
    if (const std::int64_t p = spec_.layer_input; p > 0) {
      l.input_gate = linear(at("inp_gate"), d, p, Has::No);
      l.input_down = linear(at("proj"), p, d, Has::No);
      l.input_norm = norm(at("post_norm"), d, Has::Yes);
    }
    l.output_scale = vector(at("layer_output_scale.weight"), 1, Has::Maybe);
    prefix_.clear();
    return l;
  }

  AttentionWeights attention(const AttentionSpec& a) {
    const std::int64_t d = spec_.width;
    const std::int64_t q = std::int64_t{a.heads} * a.head_dim * (a.gated ? 2 : 1);
    const std::int64_t k = std::int64_t{a.kv_heads} * a.head_dim, v = std::int64_t{a.kv_heads} * a.value_dim;
    const bool own_kv = a.kv_layer < 0;
    AttentionWeights w;
    if (has(at("attn_qkv.weight"))) {
      split_qkv(a, q, k, v, w);
    } else {
      w.q = linear(at("attn_q"), d, q, arch_.qkv_bias);
      if (own_kv) w.k = linear(at("attn_k"), d, k, arch_.qkv_bias);
      if (own_kv && !a.values_are_keys) w.v = linear(at("attn_v"), d, v, arch_.qkv_bias);
    }
    w.o = linear(at("attn_output"), std::int64_t{a.heads} * a.value_dim, d, arch_.out_bias);
    if (a.qk_norm != QkNorm::None) {
      w.q_norm = head_norm(a, "attn_q_norm", a.heads);
      if (own_kv) w.k_norm = head_norm(a, "attn_k_norm", a.kv_heads);
    }
    if (!own_kv) {  // some files hold what nobody reads
      for (const char* unused : {"attn_k.weight", "attn_v.weight", "attn_k_norm.weight"})
        claimed_.insert(file_.tensors.find(at(unused)));
    }
    if (a.sinks) w.sinks = vector(at("attn_sinks.weight"), a.heads, Has::Yes);
    return w;
  }

  AttentionWeights latent(const AttentionSpec& a) {
    const LatentSpec& c = a.latent;
    const std::int64_t d = spec_.width, head = c.nope_dim + c.rope_dim, heads = a.heads;
    AttentionWeights w;
    if (c.q_rank > 0) {
      w.latent.q_a = linear(at("attn_q_a"), d, c.q_rank, arch_.qkv_bias);
      w.latent.q_norm = norm(at("attn_q_a_norm"), c.q_rank, Has::Yes);
      w.q = linear(at("attn_q_b"), c.q_rank, heads * head, Has::No);
    } else {
      w.q = linear(at("attn_q"), d, heads * head, arch_.qkv_bias);
    }
    w.latent.kv_a = linear(at("attn_kv_a_mqa"), d, c.kv_rank + c.rope_dim, arch_.qkv_bias);
    w.latent.kv_norm = norm(at("attn_kv_a_norm"), c.kv_rank, Has::Yes);
    if (has(at("attn_kv_b.weight"))) {
      // Rows of each head: what makes its key of the latent (read from the other side), then its value.
      const std::int64_t step = c.nope_dim + c.value_dim;
      const Tensor all = matrix(at("attn_kv_b.weight"), {c.kv_rank, heads * step, 1});
      for (std::int64_t h = 0; h < heads; ++h) {
        w.latent.k_b.push_back({all.row_slice(h * step, c.nope_dim), c.kv_rank, nullptr, true});
        w.latent.v_b.push_back({all.row_slice(h * step + c.nope_dim, c.value_dim), c.value_dim});
      }
    } else {
      const Tensor k = matrix(at("attn_k_b.weight"), {c.nope_dim, c.kv_rank, heads}),
                   v = matrix(at("attn_v_b.weight"), {c.kv_rank, c.value_dim, heads});
      for (std::int64_t h = 0; h < heads; ++h) {
        w.latent.k_b.push_back({k.matrix(h), c.kv_rank});
        w.latent.v_b.push_back({v.matrix(h), c.value_dim});
      }
    }
    w.o = linear(at("attn_output"), heads * c.value_dim, d, arch_.out_bias);
    return w;
  }

  DeltaWeights delta(const DeltaSpec& s) {
    const std::int64_t d = spec_.width, k = std::int64_t{s.key_heads} * s.key_dim,
                       v = std::int64_t{s.value_heads} * s.value_dim;
    DeltaWeights w;
    if (has(at("attn_qkv.weight"))) {
      const Linear all = linear(at("attn_qkv"), d, 2 * k + v, Has::No);
      w.q = rows(all, 0, k);
      w.k = rows(all, k, k);
      w.v = rows(all, 2 * k, v);
      w.z = linear(at("attn_gate"), d, v, Has::No);
    } else {
      // For each key head its q, its k, its values, their gates.
      const std::int64_t groups = s.key_heads, step = 2 * (k + v) / groups;
      const Linear all = linear(at("ssm_in"), d, 2 * (k + v), Has::No);
      w.q = spread(all, 0, s.key_dim, step, groups);
      w.k = spread(all, s.key_dim, s.key_dim, step, groups);
      w.v = spread(all, 2 * s.key_dim, v / groups, step, groups);
      w.z = spread(all, 2 * s.key_dim + v / groups, v / groups, step, groups);
    }
    if (has(at("ssm_ba.weight"))) {
      const std::int64_t each = s.value_heads / s.key_heads;
      const Linear both = linear(at("ssm_ba"), d, 2 * s.value_heads, Has::No);
      w.beta = spread(both, 0, each, 2 * each, s.key_heads);
      w.alpha = spread(both, each, each, 2 * each, s.key_heads);
    } else {
      w.beta = linear(at("ssm_beta"), d, s.value_heads, Has::No);
      w.alpha = linear(at("ssm_alpha"), d, s.value_heads, Has::No);
    }
    w.conv = vector(at("ssm_conv1d.weight"), std::int64_t{s.channels()} * s.taps, Has::Yes);
    w.decay = vector(at("ssm_a"), s.value_heads, Has::Yes);
    w.dt_bias = vector(at("ssm_dt.bias"), s.value_heads, Has::Yes);
    w.norm = norm(at("ssm_norm"), s.value_dim, Has::Yes);
    w.out = linear(at("ssm_out"), v, d, Has::No);
    return w;
  }

  ShortConvWeights short_conv(int taps) {
    const std::int64_t d = spec_.width;
    return {linear(at("shortconv.in_proj"), d, 3 * d, Has::Maybe),
            vector(at("shortconv.conv.weight"), d * taps, Has::Yes),
            linear(at("shortconv.out_proj"), d, d, Has::Maybe)};
  }

  // One matrix for q, k and v: views of its rows (or columns), which may lie head by head.
  void split_qkv(const AttentionSpec& a, std::int64_t q, std::int64_t k, std::int64_t v,
                 AttentionWeights& w) {
    const Linear all = linear(at("attn_qkv"), spec_.width, q + k + v, arch_.qkv_bias);
    if (!arch_.qkv_by_group || file_.container == Container::Gguf) {
      w.q = rows(all, 0, q);
      w.k = rows(all, q, k);
      w.v = rows(all, q + k, v);
      return;
    }
    const std::int64_t groups = a.kv_heads, step = (q + k + v) / groups;
    w.q = spread(all, 0, q / groups, step, groups);
    w.k = spread(all, q / groups, k / groups, step, groups);
    w.v = spread(all, (q + k) / groups, v / groups, step, groups);
  }

  // The norm of queries or keys, as one weight for each of their elements.
  Norm head_norm(const AttentionSpec& a, const char* part, int heads) {
    const std::int64_t all = std::int64_t{heads} * a.head_dim;
    if (has(at(part) + ".0.weight")) return joined_norm(part, heads, a.head_dim);  // a tensor for each head
    const Tensor* t = file_.tensors.find(at(part) + ".weight");
    if (!t && arch_.has_qk_norm == Has::Maybe) return {};
    const std::int64_t stored = t && t->elements() == all        ? all
                                : a.qk_norm == QkNorm::FullWidth ? all
                                                                 : a.head_dim;
    Norm n = norm(at(part), stored, Has::Yes);
    for (const float** p : {&n.weight, &n.bias}) {
      if (*p && stored < all) *p = repeated(*p, stored, heads);
    }
    return n;
  }

  Norm joined_norm(const char* part, int heads, std::int64_t dim) {
    std::vector<float> all;
    for (int h = 0; h < heads; ++h) {
      const float* one = vector(fmt::format("{}.{}.weight", at(part), h), dim, Has::Yes);
      all.insert(all.end(), one, one + dim);
    }
    return {w_.owned.emplace_back(std::move(all)).data()};
  }

  const float* repeated(const float* values, std::int64_t n, int times) {
    std::vector<float> all;
    for (int i = 0; i < times; ++i) all.insert(all.end(), values, values + n);
    return w_.owned.emplace_back(std::move(all)).data();
  }

  FfnWeights ffn(const FfnSpec& s, std::int64_t width, const std::string& suffix) {
    const std::int64_t d = spec_.width;
    const std::string gate = at("ffn_gate" + suffix), up = at("ffn_up" + suffix),
                      down = at("ffn_down" + suffix);
    FfnWeights w;
    if (s.gated && !has(gate + ".weight")) {
      const Linear both = linear(up, d, 2 * width, arch_.ffn_bias);  // gate first
      w.gate = rows(both, 0, width);
      w.up = rows(both, width, width);
    } else {
      if (s.gated) w.gate = linear(gate, d, width, arch_.ffn_bias);
      w.up = linear(up, d, width, arch_.ffn_bias);
    }
    w.down = linear(down, width, d, arch_.ffn_bias);
    // Written without the layer prefix's usual spelling by the converter of the one family that has it.
    if (suffix.empty()) w.act_scales = vector(at("ffn.act.scales"), width, Has::Maybe);
    return w;
  }

  MoeWeights moe(const FfnSpec& s) {
    const MoeSpec& m = s.moe;
    const std::int64_t d = spec_.width;
    MoeWeights w;
    w.router = linear(at("ffn_gate_inp"), d, m.experts, Has::Maybe);
    w.choice_bias = vector(at("exp_probs_b.bias"), m.experts, Has::Maybe);
    w.experts.resize(static_cast<std::size_t>(m.experts));
    if (s.gated && (has(at("ffn_gate_up_exps.weight")) || has(at("ffn_gate_up_exps.blocks")))) {
      const std::vector<Linear> both = stack(at("ffn_gate_up"), d, 2 * m.width, m.experts);  // gate first
      const bool alternate = arch_.alternating_gate && file_.container == Container::HuggingFace;
      for (std::size_t e = 0; e < both.size(); ++e) {
        w.experts[e].gate = alternate ? spread(both[e], 0, 1, 2, m.width) : rows(both[e], 0, m.width);
        w.experts[e].up = alternate ? spread(both[e], 1, 1, 2, m.width) : rows(both[e], m.width, m.width);
      }
    } else {
      if (s.gated) place(stack(at("ffn_gate"), d, m.width, m.experts), w.experts, &FfnWeights::gate);
      place(stack(at("ffn_up"), d, m.width, m.experts), w.experts, &FfnWeights::up);
    }
    place(stack(at("ffn_down"), m.width, d, m.experts), w.experts, &FfnWeights::down);
    if (m.own_norms) {
      w.router_norm = router_norm();
      w.input_norm = norm(at("pre_ffw_norm_2"), d, Has::Yes);
      w.output_norm = norm(at("post_ffw_norm_2"), d, Has::Yes);
      w.shared_norm = norm(at("post_ffw_norm_1"), d, Has::Yes);
    }
    w.expert_scale = vector(at("ffn_down_exps.scale"), m.experts, Has::Maybe);
    if (m.shared_width > 0) {
      w.shared = ffn(s, m.shared_width, m.own_norms ? "" : "_shexp");
      if (m.shared_gate) w.shared_gate = linear(at("ffn_gate_inp_shexp"), d, 1, Has::No);
    }
    return w;
  }

  // The stored scale counts behind 1 / sqrt(D).
  Norm router_norm() {
    const float* scale = vector(at("ffn_gate_inp.scale"), spec_.width, Has::Yes);
    std::vector<float>& weight = w_.owned.emplace_back(scale, scale + spec_.width);
    for (float& x : weight) x /= std::sqrt(static_cast<float>(spec_.width));
    return {weight.data()};
  }

  static void place(const std::vector<Linear>& matrices, std::vector<FfnWeights>& experts,
                    Linear FfnWeights::*member) {
    for (std::size_t e = 0; e < experts.size(); ++e) experts[e].*member = matrices[e];
  }

  // One matrix of every expert: stacked in one tensor, or one tensor an expert.
  std::vector<Linear> stack(const std::string& part, std::int64_t k, std::int64_t r, std::int64_t count) {
    std::vector<Linear> out;
    if (has(part + ".0.weight")) {
      for (std::int64_t e = 0; e < count; ++e)
        out.push_back(linear(fmt::format("{}.{}", part, e), k, r, Has::No));
      return out;
    }
    const std::string name = part + "_exps";
    if (has(name + ".blocks")) return packed_stack(name, k, r, count);
    const bool transposed = is_transposed(name + ".weight");
    const Tensor all = matrix(name + ".weight", transposed ? Shape{r, k, count} : Shape{k, r, count});
    const float* bias = vector(name + ".bias", r * count, arch_.ffn_bias == Has::No ? Has::No : Has::Maybe);
    for (std::int64_t e = 0; e < count; ++e)
      out.push_back({all.matrix(e), r, bias ? bias + e * r : nullptr, transposed});
    return out;
  }

  // MXFP4 as checkpoints have it: the values of 32 elements in 16 bytes, the scales in another tensor. The
  // matrices are those of bytes.
  std::vector<Linear> packed_stack(const std::string& name, std::int64_t k, std::int64_t r,
                                   std::int64_t count) {
    if (purpose_ == Purpose::Run) {
      fail(
          "{}: the experts are MXFP4 with their scales apart, which no kernel reads; pith convert makes a "
          "file "
          "of them that runs",
          source());
    }
    const Tensor &blocks = get(name + ".blocks"), &scales = get(name + ".scales");
    const Tensor whole{DType::I8, {16, k / 32, r, count}}, one{DType::I8, {k / 32, r, count, 1}};
    for (const auto& [found, expected] : {std::pair(&blocks, &whole), std::pair(&scales, &one)}) {
      if (found->ne != expected->ne || found->type != expected->type)
        fail("{}: tensor '{}': expected {} bytes of MXFP4, found {} {}", source(), printable(name),
             shape_string(*expected), shape_string(*found), type_info(found->type).name);
    }
    const float* bias = vector(name + ".bias", r * count, Has::Maybe);
    std::vector<Linear> out;
    for (std::int64_t e = 0; e < count; ++e)
      out.push_back(
          {{DType::I8, {k / 2, r, 1, 1}, blocks.data + e * r * (k / 2)}, r, bias ? bias + e * r : nullptr});
    return out;
  }

  Linear linear(const std::string& name, std::int64_t k, std::int64_t r, Has bias) {
    const bool transposed = is_transposed(name + ".weight");
    const Tensor weight = matrix(name + ".weight", transposed ? Shape{r, k, 1} : Shape{k, r, 1});
    return {weight, r, vector(name + ".bias", r, bias), transposed};
  }

  // Outputs [first, first + count) of a matrix.
  static Linear rows(const Linear& l, std::int64_t first, std::int64_t count) {
    Linear part = l;
    part.first = first;
    part.count = count;
    part.bias = l.bias ? l.bias + first : nullptr;
    return part;
  }

  // Outputs in `count` groups of `group`, each `step` behind the one before.
  Linear spread(const Linear& l, std::int64_t first, std::int64_t group, std::int64_t step,
                std::int64_t count) {
    Linear part = rows(l, first, group * count);
    part.group = group;
    part.group_step = step;
    if (l.bias) {
      std::vector<float> bias;
      for (std::int64_t r = 0; r < part.count; ++r) bias.push_back(l.bias[part.stored(r)]);
      part.bias = w_.owned.emplace_back(std::move(bias)).data();
    }
    return part;
  }

  Norm norm(const std::string& name, std::int64_t n, Has has) {
    Norm w{vector(name + ".weight", n, has)};
    if (w) w.bias = vector(name + ".bias", n, arch_.norm_bias);
    return w;
  }

  // As llama.cpp names it: one output is a reward, several are a classifier's.
  Linear reward_head() {
    const Tensor* t = file_.tensors.find("cls.output.weight");
    if (!t) return {};
    const std::int64_t outputs = t->ne[1];
    if (outputs < 1 || outputs > spec_.vocab)
      fail("{}: tensor 'cls.output.weight': expected shape {} x n, found {}", source(), spec_.width,
           shape_string(*t));
    return linear("cls.output", spec_.width, outputs, Has::Maybe);
  }

  Tensor positions() {
    const Tensor& t = get("position_embd.weight");
    check_type("position_embd.weight", t);
    if (t.ne[0] != spec_.width || t.ne[2] != 1 || t.ne[3] != 1 || t.ne[1] < spec_.trained_context) {
      fail("{}: tensor 'position_embd.weight': expected shape {} x {}, found {}", source(), spec_.width,
           spec_.trained_context, shape_string(t));
    }
    return t;
  }

  Tensor matrix(const std::string& name, const Shape& shape) {
    const Tensor& t = get(name);
    check_shape(name, t, shape);
    check_type(name, t);
    return t;
  }

  // One-dimensional tensors become F32 once: they are small, and a file may hold them unaligned.
  const float* vector(const std::string& name, std::int64_t n, Has has) {
    const Tensor* t = has == Has::No ? nullptr : file_.tensors.find(name);
    if (!t && has != Has::Yes) return nullptr;
    if (!t) get(name);  // throws
    claimed_.insert(t);
    if (t->elements() != n) check_shape(name, *t, {n, 1, 1});
    if (t->type != DType::F32 && t->type != DType::F16 && t->type != DType::BF16) {
      fail("{}: tensor '{}': expected type F32, F16 or BF16, found {}", source(), printable(name),
           type_info(t->type).name);
    }
    std::vector<float>& out = w_.owned.emplace_back(static_cast<std::size_t>(n));
    kernels().decode[static_cast<std::size_t>(t->type)](out.data(), t->data, n);
    return out.data();
  }

  const Tensor& get(const std::string& name) {
    const Tensor* t = file_.tensors.find(name);
    if (!t)
      fail("{}: tensor '{}' is missing (the '{}' architecture needs it)", source(), printable(name),
           spec_.arch);
    claimed_.insert(t);
    return *t;
  }

  bool is_transposed(const std::string& name) const {
    if (file_.container != Container::HuggingFace) return false;
    if (arch_.transposed == Transposed::Layers) return name.starts_with("blk.");
    return arch_.transposed == Transposed::Experts && name.find("_exps.") != std::string::npos;
  }
  bool has(const std::string& name) const { return file_.tensors.find(name) != nullptr; }
  std::string at(std::string_view name) const { return prefix_ + std::string(name); }
  const std::string& source() const { return file_.path; }

  void check_shape(const std::string& name, const Tensor& t, const Shape& shape) const {
    if (t.ne[0] == shape[0] && t.ne[1] == shape[1] && t.ne[2] == shape[2] && t.ne[3] == 1) return;
    const Tensor expected{.ne = {shape[0], shape[1], shape[2], 1}};
    fail("{}: tensor '{}': expected shape {}, found {}", source(), printable(name), shape_string(expected),
         shape_string(t));
  }

  void check_type(const std::string& name, const Tensor& t) const {
    if (type_info(t.type).weight) return;
    fail("{}: tensor '{}': type {} cannot be multiplied by", source(), printable(name),
         type_info(t.type).name);
  }

  void reject_unclaimed() const {
    for (const NamedTensor& t : file_.tensors.all()) {
      if (claimed_.contains(&t.tensor)) continue;
      if (!arch_.ignored.empty() && match_name(arch_.ignored, t.name)) continue;
      fail("{}: tensor '{}' ({}) has no place in the '{}' architecture; refusing to run the model without it",
           source(), printable(t.name), shape_string(t.tensor), spec_.arch);
    }
  }

  const Arch& arch_;
  const Spec& spec_;
  const ModelFile& file_;
  Purpose purpose_;
  Weights w_;
  std::string prefix_;
  std::unordered_set<const Tensor*> claimed_;
};

}  // namespace

Weights bind_weights(const Arch& arch, const Spec& spec, const ModelFile& file, Purpose purpose) {
  return Binder(arch, spec, file, purpose).bind();
}

}  // namespace pith
