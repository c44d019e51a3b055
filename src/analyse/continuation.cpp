#include "analyse/continuation.h"

#include "base/error.h"

namespace pith {

std::optional<TokenId> first_token(const Tokenizer& tokenizer) {
  return tokenizer.bos() ? tokenizer.bos() : tokenizer.eos();
}

TokenizedPair tokenize_pair(const Tokenizer& tokenizer, std::string_view context,
                            std::string_view continuation) {
  // Without what the model ends a text with: the text goes on.
  const auto encode = [&](const std::string& text) {
    std::vector<TokenId> ids = tokenizer.encode(text);
    if (tokenizer.adds_bos() && tokenizer.bos()) ids.insert(ids.begin(), *tokenizer.bos());
    return ids;
  };
  const std::string all = std::string(context) + std::string(continuation);
  const std::size_t last = context.find_last_not_of(" \t\r\n");
  std::vector<TokenId> before = encode(std::string(context.substr(0, last == context.npos ? 0 : last + 1)));
  const std::vector<TokenId> both = encode(all);
  if (both.size() <= before.size()) {
    fail("the continuation '{}' has no token of its own behind its context", printable(continuation, 60));
  }
  TokenizedPair pair{std::move(before), 0};
  pair.from = std::ssize(pair.tokens);
  pair.tokens.insert(pair.tokens.end(), both.begin() + pair.from, both.end());
  if (pair.from == 0) {
    const std::optional<TokenId> first = first_token(tokenizer);
    if (!first) fail("the context gives no token, and the model has neither BOS nor EOS to begin with");
    pair.tokens.insert(pair.tokens.begin(), *first);
    pair.from = 1;
  }
  return pair;
}

std::vector<Request> score_requests(std::span<const TokenizedPair> pairs) {
  std::vector<Request> requests;
  for (const TokenizedPair& pair : pairs) {
    Request& r = requests.emplace_back();
    r.prompt = pair.tokens;
    r.max_tokens = 0;
    r.prompt_logprobs = true;
    r.logprobs_from = pair.from;
  }
  return requests;
}

double log_likelihood(const Result& result) {
  double sum = 0;
  for (const Logprobs& p : result.prompt_logprobs) sum += p.logprob;
  return sum;
}

}  // namespace pith
