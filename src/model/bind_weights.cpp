// Binding: every place of Weights finds its tensor, every tensor finds its place.
#include <cstring>
#include <unordered_set>

#include "base/error.h"
#include "base/half.h"
#include "model/archs.h"
#include "model/weights.h"

namespace pith {
namespace {

using Shape = std::array<std::int64_t, 3>;  // innermost first, ones at the end

class Binder {
 public:
  Binder(const Arch& arch, const Spec& spec, const ModelFile& file) : arch_(arch), spec_(spec), file_(file) {}

  Weights bind() {
    const std::int64_t d = spec_.width, v = spec_.vocab;
    w_.embedding = matrix("token_embd.weight", {d, v, 1});
    if (spec_.embedding_norm) w_.embedding_norm = norm("token_embd_norm", d, Has::Yes);
    if (spec_.learned_positions) w_.positions = positions();
    claim_optional("rope_freqs.weight");  // read with the metadata
    for (std::size_t i = 0; i < spec_.layers.size(); ++i) w_.layers.push_back(layer(i));
    w_.output_norm = norm("output_norm", d, Has::Yes);
    w_.tied = !file_.tensors.find("output.weight");
    w_.output = w_.tied ? Linear{w_.embedding} : linear("output", d, v, Has::Maybe);
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
      l.attention_norm = norm(at("attn_norm"), d, Has::Yes);
      // A parallel block may have one norm for both sub-layers.
      l.ffn_norm = norm(at("ffn_norm"), d, spec_.parallel ? Has::Maybe : Has::Yes);
    }
    if (spec_.post_norm) {
      l.attention_post_norm = norm(at("post_attention_norm"), d, Has::Yes);
      l.ffn_post_norm = norm(at("post_ffw_norm"), d, Has::Yes);
    }
    l.attention = attention(s.attention);
    if (s.ffn.moe.experts > 0) {
      l.moe = moe(s.ffn);
    } else {
      l.ffn = ffn(s.ffn, s.ffn.width, "");
    }
    prefix_.clear();
    return l;
  }

  AttentionWeights attention(const AttentionSpec& a) {
    const std::int64_t d = spec_.width;
    const std::int64_t q = std::int64_t{a.heads} * a.head_dim * (a.gated ? 2 : 1);
    const std::int64_t k = std::int64_t{a.kv_heads} * a.head_dim, v = std::int64_t{a.kv_heads} * a.value_dim;
    AttentionWeights w;
    if (has(at("attn_qkv.weight"))) {
      const Linear all = linear(at("attn_qkv"), d, q + k + v, arch_.qkv_bias);
      w.q = rows(all, 0, q);
      w.k = rows(all, q, k);
      w.v = rows(all, q + k, v);
    } else {
      w.q = linear(at("attn_q"), d, q, arch_.qkv_bias);
      w.k = linear(at("attn_k"), d, k, arch_.qkv_bias);
      w.v = linear(at("attn_v"), d, v, arch_.qkv_bias);
    }
    w.o = linear(at("attn_output"), std::int64_t{a.heads} * a.value_dim, d, arch_.out_bias);
    if (a.qk_norm != QkNorm::None) {
      const bool full = a.qk_norm == QkNorm::FullWidth;
      w.q_norm = norm(at("attn_q_norm"), full ? q : a.head_dim, Has::Yes);
      w.k_norm = norm(at("attn_k_norm"), full ? k : a.head_dim, Has::Yes);
    }
    if (a.sinks) w.sinks = vector(at("attn_sinks.weight"), a.heads, Has::Yes);
    return w;
  }

  FfnWeights ffn(const FfnSpec& s, std::int64_t width, std::string_view suffix) {
    const std::int64_t d = spec_.width;
    const auto name = [&](const char* part) { return at(part) + std::string(suffix); };
    FfnWeights w;
    const Tensor* up = file_.tensors.find(name("ffn_up") + ".weight");
    if (s.gated && up && up->ne[1] == 2 * width && !has(name("ffn_gate") + ".weight")) {
      const Linear both = linear(name("ffn_up"), d, 2 * width, arch_.ffn_bias);  // gate first
      w.gate = rows(both, 0, width);
      w.up = rows(both, width, width);
    } else {
      if (s.gated) w.gate = linear(name("ffn_gate"), d, width, arch_.ffn_bias);
      w.up = linear(name("ffn_up"), d, width, arch_.ffn_bias);
    }
    w.down = linear(name("ffn_down"), width, d, arch_.ffn_bias);
    return w;
  }

  MoeWeights moe(const FfnSpec& s) {
    const MoeSpec& m = s.moe;
    const std::int64_t d = spec_.width;
    MoeWeights w;
    w.router = linear(at("ffn_gate_inp"), d, m.experts, Has::Maybe);
    w.choice_bias = vector(at("exp_probs_b.bias"), m.experts, Has::Maybe);
    w.experts.resize(static_cast<std::size_t>(m.experts));
    if (s.gated) stack("gate", d, m.width, w.experts, &FfnWeights::gate);
    stack("up", d, m.width, w.experts, &FfnWeights::up);
    stack("down", m.width, d, w.experts, &FfnWeights::down);
    if (m.shared_width > 0) {
      w.shared = ffn(s, m.shared_width, "_shexp");
      if (m.shared_gate) w.shared_gate = linear(at("ffn_gate_inp_shexp"), d, 1, Has::No);
    }
    return w;
  }

  // One matrix of every expert: stacked in one tensor, or (older files) one tensor an expert.
  void stack(const char* part, std::int64_t k, std::int64_t r, std::vector<FfnWeights>& experts,
             Linear FfnWeights::*member) {
    const auto count = static_cast<std::int64_t>(experts.size());
    const std::string stacked = at(fmt::format("ffn_{}_exps", part));
    if (!has(stacked + ".weight") && has(at(fmt::format("ffn_{}.0.weight", part)))) {
      for (std::int64_t e = 0; e < count; ++e)
        experts[e].*member = linear(at(fmt::format("ffn_{}.{}", part, e)), k, r, Has::No);
      return;
    }
    const Tensor all = matrix(stacked + ".weight", {k, r, count});
    const float* bias = has(stacked + ".bias") ? vector(stacked + ".bias", r * count, Has::Yes) : nullptr;
    for (std::int64_t e = 0; e < count; ++e)
      experts[e].*member = {all.matrix(e), bias ? bias + e * r : nullptr};
  }

  Linear linear(const std::string& name, std::int64_t k, std::int64_t r, Has bias) {
    Linear l{matrix(name + ".weight", {k, r, 1})};
    if (bias != Has::No) l.bias = vector(name + ".bias", r, bias);
    return l;
  }

  static Linear rows(const Linear& l, std::int64_t first, std::int64_t count) {
    return {l.weight.row_slice(first, count), l.bias ? l.bias + first : nullptr};
  }

  Norm norm(const std::string& name, std::int64_t n, Has has) {
    Norm w{vector(name + ".weight", n, has)};
    if (w && arch_.norm_bias != Has::No) w.bias = vector(name + ".bias", n, arch_.norm_bias);
    return w;
  }

  Tensor positions() {
    const Tensor& t = get("position_embd.weight");
    check_type("position_embd.weight", t);
    if (t.ne[0] != spec_.width || t.ne[2] != 1 || t.ne[1] < spec_.trained_context) {
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
    const Tensor* t = file_.tensors.find(name);
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

  bool has(const std::string& name) const { return file_.tensors.find(name) != nullptr; }
  void claim_optional(const std::string& name) { claimed_.insert(file_.tensors.find(name)); }
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
      if (claimed_.contains(&t.tensor) || ignored(t.name)) continue;
      fail("{}: tensor '{}' ({}) has no place in the '{}' architecture; refusing to run the model without it",
           source(), printable(t.name), shape_string(t.tensor), spec_.arch);
    }
  }

  // Patterns of the row: {} stands for a layer's number.
  bool ignored(std::string_view name) const {
    for (std::string_view pattern : arch_.ignored) {
      const std::size_t hole = pattern.find("{}");
      std::string_view rest = name;
      if (!rest.starts_with(pattern.substr(0, hole))) continue;
      if (hole != std::string_view::npos) {
        rest.remove_prefix(hole);
        while (!rest.empty() && rest[0] >= '0' && rest[0] <= '9') rest.remove_prefix(1);
        if (!rest.starts_with(pattern.substr(hole + 2))) continue;
      }
      return true;
    }
    return false;
  }

  const Arch& arch_;
  const Spec& spec_;
  const ModelFile& file_;
  Weights w_;
  std::string prefix_;
  std::unordered_set<const Tensor*> claimed_;
};

}  // namespace

Weights bind_weights(const Arch& arch, const Spec& spec, const ModelFile& file) {
  return Binder(arch, spec, file).bind();
}

}  // namespace pith
