// From logits to a token: the sampler chain, and log-probabilities.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "kernels/kernels.h"
#include "text/tokenizer.h"

namespace pith {

/// The chain, in its order. Every filter works on the distribution that the ones before it left,
/// renormalised. At least one token always stays.
struct SamplingOptions {
  /// Added to the logits of single tokens; -infinity forbids one.
  std::vector<std::pair<TokenId, float>> logit_bias;

  /// Logits of tokens in the prompt or the answer: divided by it where positive, else multiplied (Keskar et
  /// al. 2019, arXiv:1909.05858). 1: off.
  float repetition_penalty = 1;
  /// Subtracted once for every time (frequency), and once if at all (presence), that a token is in the
  /// answer, as the OpenAI API defines them. 0: off.
  float frequency_penalty = 0, presence_penalty = 0;
  /// The penalties look at this many tokens before the one to draw; 0: at all of them.
  std::int64_t penalty_window = 0;

  /// Logits are divided by it. 0: the most probable token, of equal ones the smallest id; what follows then
  /// has no effect.
  float temperature = 0.8f;
  /// Only the k most probable tokens, of equal ones the smallest ids. 0: all (Fan et al. 2018,
  /// arXiv:1805.04833).
  std::int64_t top_k = 40;
  /// The smallest set of most probable tokens that has at least this probability. 1: all (Holtzman et al.
  /// 2020, arXiv:1904.09751).
  float top_p = 0.95f;
  /// Tokens at least this fraction as probable as the most probable one. 0: all (Nguyen et al. 2024,
  /// arXiv:2407.01082).
  float min_p = 0.05f;
  /// The smallest set of tokens, those first whose information is closest to the entropy, that has at least
  /// this probability. 1: all (Meister et al. 2023, arXiv:2202.00666).
  float typical = 1;

  /// A draw depends on the seed and the number of tokens before it, and on nothing else.
  std::uint64_t seed = 0;

  /// Throws UsageError naming the option, its range and what was found.
  void check(int vocab) const;
};

/// A token with the natural logarithm of its probability.
struct TokenLogprob {
  TokenId id;
  float logprob;
};

/// Of one position, by the model alone: before bias, penalties, temperature and filters.
struct Logprobs {
  float logprob = 0;              ///< of the token that is there
  std::vector<TokenLogprob> top;  ///< the most probable ones, best first, of equal ones the smallest id first
};

/// Draws tokens. It keeps memory for the work, no state: one sampler serves any number of sequences, a call
/// at a time. Logits that are NaN count as -infinity.
class Sampler {
 public:
  Sampler(const Kernels& kernels, int vocab);

  /// logits: [V]. Throws Error where no logit is a finite number.
  TokenId sample(std::span<const float> logits, const SamplingOptions& options,
                 std::span<const TokenId> prompt, std::span<const TokenId> answer);

  /// Of token `id` and the `top` most probable ones.
  Logprobs logprobs(std::span<const float> logits, TokenId id, int top);

 private:
  struct Candidate {
    TokenId id;
    float logit;
    float p = 0;         // not normalised
    float distance = 0;  // of its information from the entropy
  };

  std::span<const float> adjusted(std::span<const float> logits, const SamplingOptions& options,
                                  std::span<const TokenId> prompt, std::span<const TokenId> answer);
  void take_best(std::span<const float> logits, std::int64_t k);
  void take_above(std::span<const float> logits, float threshold);
  TokenId draw(double u) const;

  const Kernels& kernels_;
  std::vector<float> logits_, probabilities_;
  std::vector<std::int32_t> counts_;
  std::vector<Candidate> candidates_;
};

/// Ten rounds of Philox4x32, a block cipher used as a random number generator: any counter gives its numbers
/// without those before it (Salmon et al. 2011, doi:10.1145/2063384.2063405).
std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key);

/// Uniform in [0, 1), a multiple of 2^-53.
double uniform(std::uint64_t seed, std::uint64_t position);

}  // namespace pith
