// Perplexity of a text: how surprised the model is by each token, given those before it.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <vector>

#include "analyse/statistics.h"
#include "generate/request.h"

namespace pith {

/// A piece of the text that is read at once, of which the tokens from `from` on are scored.
struct TextWindow {
  std::vector<TokenId> tokens;
  std::int64_t from;
};

/// Windows of `width` tokens, each `stride` further; every token is scored once, with at least width - stride
/// tokens before it where there are as many. `first` (BOS, or another token that begins texts) is put in
/// front of every window and counts for its width; without it the first token of the text is not scored.
std::vector<TextWindow> sliding_windows(std::span<const TokenId> text, std::int64_t width,
                                        std::int64_t stride, std::optional<TokenId> first);

/// As llama.cpp's perplexity tool does it: pieces of `width` tokens of the text (which begins with BOS where
/// the model adds one), the first token of each replaced by `bos`, the second half of each scored (from token
/// width / 2 + 1 on), the tail of the text left out.
std::vector<TextWindow> disjoint_windows(std::span<const TokenId> text, std::int64_t width,
                                         std::optional<TokenId> bos);

/// Sums over scored tokens, of the negative logarithm of each one's probability.
struct SurpriseSums {
  std::int64_t tokens = 0;
  double sum = 0, squares = 0;

  void add(double surprise) {
    ++tokens;
    sum += surprise;
    squares += surprise * surprise;
  }
  SurpriseSums& operator+=(const SurpriseSums& other);
  MeanEstimate estimate() const { return estimate_from_sums(tokens, sum, squares); }
};

Request window_request(const TextWindow& window);
SurpriseSums sums_of(std::span<const Logprobs> scores);

/// exp of a mean with its interval; the error is that of the mean times the value.
MeanEstimate exponential(const MeanEstimate& mean);

/// Words between blanks.
std::int64_t count_words(std::string_view text);

}  // namespace pith
