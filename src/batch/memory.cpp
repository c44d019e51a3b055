#include "batch/memory.h"

#include <algorithm>

namespace pith {
namespace {

// Beyond this a step is bound by arithmetic: more sequences only make each wait longer.
constexpr int kSequences = 32;
// Positions for each: prompts and answers are rarely longer, and a longer one takes the room of others.
constexpr std::int64_t kPositions = 4096;

}  // namespace

EngineOptions plan_batch(const Model& model, EngineOptions o, std::uint64_t available) {
  const bool asked = o.sequences > 0;
  if (!asked) o.sequences = kSequences;
  if (o.context == 0) {
    EngineOptions one = o;
    one.sequences = 1;
    o.context = Engine::default_context(model, one);
  }
  const auto fits = [&](std::uint64_t limit) { return Engine::plan(model, o).total() <= limit; };
  const std::uint64_t most = asked ? available / 10 * 9 : available / 2;
  while (true) {
    o.positions = std::max(o.context, o.sequences * std::min(o.context, kPositions));
    while (o.positions > o.context && !fits(most)) o.positions = std::max(o.context, o.positions / 2);
    if (asked || o.sequences == 1 || fits(most)) return o;
    o.sequences /= 2;
  }
}

}  // namespace pith
