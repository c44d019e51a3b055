// The log probability of a continuation, given what comes before it.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "generate/request.h"
#include "text/tokenizer.h"

namespace pith {

/// Context and continuation as the model reads them; the tokens from `from` on are the continuation's.
struct TokenizedPair {
  std::vector<TokenId> tokens;
  std::int64_t from;
};

/// As lm-evaluation-harness does it: blanks at the context's end go over to the continuation, both together
/// are tokenized, and what goes beyond the context's own number of tokens is the continuation. Where the
/// context gives no token, BOS or else EOS stands for it. Throws Error where there is none, or where the
/// continuation has no token of its own.
TokenizedPair tokenize_pair(const Tokenizer& tokenizer, std::string_view context,
                            std::string_view continuation);

/// Of each: reads both, draws nothing, scores the continuation.
std::vector<Request> score_requests(std::span<const TokenizedPair> pairs);

/// The sum over a continuation's tokens.
double log_likelihood(const Result& result);

/// BOS, else EOS: what stands in front of a text that nothing comes before.
std::optional<TokenId> first_token(const Tokenizer& tokenizer);

}  // namespace pith
