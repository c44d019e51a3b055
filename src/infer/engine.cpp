#include "infer/engine.h"

#include <algorithm>

#include "base/error.h"
#include "base/memory.h"
#include "infer/forward.h"

namespace pith {
namespace {

// Beyond this a context needs more positions than anything trained today.
constexpr std::int64_t kUnknownContext = 4096;

const Linear& reward_head(const Model& model) {
  if (!model.weights.reward) fail("{}: is no reward model: it has no tensor cls.output", model.file.path);
  return model.weights.reward;
}

std::int64_t trained_context(const Model& model) {
  return model.spec.trained_context > 0 ? model.spec.trained_context : kUnknownContext;
}

// What there is, or at least enough for a model that needs next to nothing: the system takes as long to say
// it as such a model for a token.
std::uint64_t memory_for(const Model& model, EngineOptions o) {
  constexpr std::uint64_t kNextToNothing = 8 << 20;
  if (o.context == 0) o.context = trained_context(model);
  return Engine::plan(model, o).total() <= kNextToNothing ? 2 * kNextToNothing : available_memory();
}

// The longest context that `memory` allows, up to `most`.
std::int64_t longest_context(const Model& model, EngineOptions o, std::uint64_t memory, std::int64_t most) {
  memory = memory / 10 * 9;  // some is for everybody else
  o.positions = 0;
  std::int64_t fits = 1, above = most + 1;
  while (above - fits > 1) {
    o.context = fits + (above - fits) / 2;
    (Engine::plan(model, o).total() <= memory ? fits : above) = o.context;
  }
  return fits;
}

EngineOptions resolve(const Model& model, EngineOptions o) {
  const std::uint64_t have = memory_for(model, o);
  if (!o.kernels) o.kernels = &kernels();
  if (o.threads == 0) o.threads = default_threads().threads;
  if (o.context == 0) o.context = longest_context(model, o, have, trained_context(model));
  o.step_tokens = std::min(o.step_tokens, o.context * o.sequences);
  if (o.positions == 0) o.positions = o.context * o.sequences;
  if (o.logit_rows == 0) o.logit_rows = o.sequences;
  if (const std::uint64_t need = Engine::plan(model, o).total(); need > have) {
    fail(
        "{}: a context of {} needs {} MiB for KV cache and scratch memory, {} MiB are available; the largest "
        "that fits is --ctx {}",
        model.file.path, o.context, need >> 20, have >> 20, longest_context(model, o, have, o.context));
  }
  return o;
}

}  // namespace

MemoryPlan Engine::plan(const Model& model, const EngineOptions& o) {
  const std::int64_t positions = o.positions ? o.positions : o.context * o.sequences;
  const int threads = o.threads ? o.threads : default_threads().threads;
  return {KvCache::bytes(model.spec, o.kv, positions, o.sequences, o.step_tokens),
          Workspace::bytes(model.spec, model.weights, o.kernels ? *o.kernels : kernels(), threads,
                           o.step_tokens, o.logit_rows ? o.logit_rows : o.sequences)};
}

std::int64_t Engine::default_context(const Model& model, const EngineOptions& options) {
  return longest_context(model, options, available_memory(), trained_context(model));
}

Engine::Engine(std::shared_ptr<const Model> model, EngineOptions options)
    : model_(std::move(model)),
      head_(options.reward ? reward_head(*model_) : model_->weights.output),
      options_(resolve(*model_, options)),
      kernels_(*options_.kernels),
      team_(options_.threads),
      cache_(model_->spec, options_.kv, options_.positions, options_.sequences, options_.step_tokens),
      workspace_(model_->spec, model_->weights, kernels_, options_.threads, options_.step_tokens,
                 options_.logit_rows) {
  ropes_ = model_->spec.ropes;
  for (RopeSpec& r : ropes_) {
    if (!r.long_frequency.empty() && options_.context > r.original_context) r.frequency = r.long_frequency;
  }
  int active = 0;
  for (const LayerSpec& l : model_->spec.layers) active = std::max(active, l.ffn.moe.active);
  experts_.layer_size = static_cast<std::size_t>(options_.step_tokens) * active;
  experts_.expert.resize(model_->spec.layers.size() * experts_.layer_size);
  experts_.weight.resize(experts_.expert.size());
  if (active > 0 && options_.read_ahead.value_or(model_->weight_bytes() > available_memory()))
    read_ahead_.emplace(model_->file);
}

Engine::~Engine() = default;

int Engine::threads_for(std::int64_t tokens) const {
  const auto work = static_cast<std::int64_t>(model_->active_parameters()) * tokens;
  return static_cast<int>(std::clamp<std::int64_t>(work / options_.work_per_thread, 1, options_.threads));
}

std::span<const float> Engine::step(std::span<const Chunk> chunks) {
  const Spec& spec = model_->spec;
  runs_.clear(), tokens_.clear(), positions_.clear(), run_of_.clear(), logit_rows_.clear();
  for (const Chunk& c : chunks) {
    const std::int64_t at = c.sequence->length(), n = std::ssize(c.tokens);
    if (at + n > options_.context) {
      fail("a sequence of {} tokens is longer than the context of {}; --ctx sets it", at + n,
           options_.context);
    }
    for (std::int64_t i = 0; i < n; ++i) {
      const std::int32_t token = c.tokens[static_cast<std::size_t>(i)];
      if (token < 0 || token >= spec.vocab)
        fail("token id {} is outside the vocabulary of {}", token, spec.vocab);
      if (c.want == WantLogits::All || (c.want == WantLogits::Last && i == n - 1)) {
        logit_rows_.push_back(static_cast<std::int32_t>(tokens_.size()));
      }
      tokens_.push_back(token);
      positions_.push_back(static_cast<std::int32_t>(at + i));
      run_of_.push_back(static_cast<std::int32_t>(runs_.size()));
    }
    if (n > 0) runs_.push_back({c.sequence, std::ssize(tokens_) - n, n, at});
  }
  if (tokens_.empty()) return {};
  if (std::ssize(tokens_) > options_.step_tokens) {
    fail("a step of {} tokens is longer than the {} that memory was planned for", tokens_.size(),
         options_.step_tokens);
  }
  if (std::ssize(logit_rows_) > options_.logit_rows) {
    fail("{} rows want logits, memory was planned for {}", logit_rows_.size(), options_.logit_rows);
  }
  for (const Chunk& c : chunks) {
    if (!c.sequence->reserve(std::ssize(c.tokens)))
      fail("the KV cache has no free pages left for {} more tokens", c.tokens.size());
  }
  const Pass pass{*model_,
                  head_,
                  kernels_,
                  cache_,
                  workspace_,
                  ropes_,
                  runs_,
                  tokens_,
                  positions_,
                  run_of_,
                  logit_rows_,
                  experts_,
                  read_ahead_ ? &*read_ahead_ : nullptr};
  team_.run(threads_for(pass.count()), [&](Worker& worker) { forward(worker, pass); });
  for (const Chunk& c : chunks) c.sequence->advance(std::ssize(c.tokens));
  if (observer_) tell_observer();
  return {workspace_.logits, logit_rows_.size() * static_cast<std::size_t>(outputs())};
}

void Engine::tell_observer() const {
  for (std::size_t i = 0; i < model_->spec.layers.size(); ++i) {
    const MoeSpec& m = model_->spec.layers[i].ffn.moe;
    if (m.experts == 0) continue;
    const std::size_t first = i * experts_.layer_size,
                      n = tokens_.size() * static_cast<std::size_t>(m.active);
    observer_->routed(i, tokens_, std::span(experts_.expert).subspan(first, n),
                      std::span(experts_.weight).subspan(first, n));
  }
}

std::span<const float> Engine::prefill(Sequence& sequence, std::span<const std::int32_t> tokens) {
  std::span<const float> logits;
  while (!tokens.empty()) {
    const std::size_t n = std::min(tokens.size(), static_cast<std::size_t>(options_.step_tokens));
    const Chunk chunk{&sequence, tokens.first(n), n == tokens.size() ? WantLogits::Last : WantLogits::None};
    logits = step({&chunk, 1});
    tokens = tokens.subspan(n);
  }
  return logits;
}

}  // namespace pith
