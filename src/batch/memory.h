// How many sequences a batch works on at a time, and how much KV cache they share.
#pragma once

#include "infer/engine.h"

namespace pith {

/// `options` with context, sequences and positions filled in where they are 0 (EngineOptions::sequences too).
/// Sequences share the cache: it has room for some thousands of positions each, since few use all of their
/// context, and at least for one whole context. All of it takes half of `available` at most, where sequences
/// were not asked for.
EngineOptions plan_batch(const Model& model, EngineOptions options, std::uint64_t available);

}  // namespace pith
