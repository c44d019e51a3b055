#include "analyse/perplexity.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace pith {

std::vector<TextWindow> sliding_windows(std::span<const TokenId> text, std::int64_t width,
                                        std::int64_t stride, std::optional<TokenId> first) {
  std::vector<TextWindow> windows;
  const std::int64_t front = first ? 1 : 0, room = width - front, size = std::ssize(text);
  std::int64_t scored = 1 - front;  // tokens of the text before the first one to score
  for (std::int64_t begin = 0; scored < size; begin += stride) {
    const std::int64_t end = std::min(begin + room, size);
    TextWindow& w = windows.emplace_back();
    if (first) w.tokens.push_back(*first);
    w.tokens.insert(w.tokens.end(), text.begin() + begin, text.begin() + end);
    w.from = scored - begin + front;
    scored = end;
  }
  return windows;
}

std::vector<TextWindow> disjoint_windows(std::span<const TokenId> text, std::int64_t width,
                                         std::optional<TokenId> bos) {
  std::vector<TextWindow> windows;
  for (std::int64_t begin = 0; begin + width <= std::ssize(text); begin += width) {
    TextWindow& w = windows.emplace_back();
    w.tokens.assign(text.begin() + begin, text.begin() + begin + width);
    if (bos) w.tokens.front() = *bos;
    w.from = width / 2 + 1;
  }
  return windows;
}

SurpriseSums& SurpriseSums::operator+=(const SurpriseSums& other) {
  tokens += other.tokens;
  sum += other.sum;
  squares += other.squares;
  return *this;
}

Request window_request(const TextWindow& window) {
  Request r;
  r.prompt = window.tokens;
  r.max_tokens = 0;
  r.prompt_logprobs = true;
  r.logprobs_from = window.from;
  r.share_prefix = false;
  return r;
}

SurpriseSums sums_of(std::span<const Logprobs> scores) {
  SurpriseSums sums;
  for (const Logprobs& p : scores) sums.add(-double{p.logprob});
  return sums;
}

MeanEstimate exponential(const MeanEstimate& mean) {
  MeanEstimate e = mean;
  e.value = std::exp(mean.value);
  e.error = e.value * mean.error;
  e.interval = {std::exp(mean.interval.low), std::exp(mean.interval.high)};
  return e;
}

std::int64_t count_words(std::string_view text) {
  std::int64_t words = 0;
  bool within = false;
  for (const char c : text) {
    const bool blank = c == ' ' || (c >= '\t' && c <= '\r');
    words += !blank && !within;
    within = !blank;
  }
  return words;
}

}  // namespace pith
