#include "analyse/serving.h"

#include <algorithm>

#include "infer/engine.h"

namespace pith {

ServingPoint plan_serving(const Model& model, const ServingOptions& options, std::int64_t sequences,
                          std::int64_t context) {
  EngineOptions engine;
  engine.threads = options.threads;
  engine.context = context;
  engine.sequences = static_cast<int>(sequences);
  engine.kv = options.kv;
  ServingPoint p{sequences, context};
  p.memory = model.weight_bytes() + Engine::plan(model, engine).total();
  p.work = step_work(model, kernels(), options.kv, sequences, context - 1, 1);
  const double reading = p.work.read_seconds(options.limits),
               computing = p.work.arithmetic_seconds(options.limits);
  p.arithmetic = computing > reading;
  p.seconds = std::max(reading, computing);
  return p;
}

std::int64_t best_batch(const Model& model, const ServingOptions& options, std::int64_t context,
                        std::int64_t most) {
  for (std::int64_t n = 1; n <= most; n *= 2) {
    if (plan_serving(model, options, n, context).arithmetic) return n;
  }
  return 0;
}

std::uint64_t kv_bytes_per_token(const Model& model, KvTypes kv, std::int64_t context) {
  const auto bytes = [&](std::int64_t positions) { return KvCache::bytes(model.spec, kv, positions, 1, 1); };
  const std::int64_t pages = std::max<std::int64_t>(1, context / kTile);  // what is added is whole pages
  return (bytes(2 * pages * kTile) - bytes(pages * kTile)) / static_cast<std::uint64_t>(pages * kTile);
}

std::uint64_t quantised_bytes(const Model& model, const QuantRecipe& recipe) {
  const TypePlanner planner(recipe, model.file.tensors, nullptr);
  std::uint64_t sum = 0;
  for (const NamedTensor& t : model.file.tensors.all()) {
    Tensor as = t.tensor;
    as.type = planner.type_for(t);
    sum += static_cast<std::uint64_t>(as.bytes());
  }
  return sum;
}

}  // namespace pith
