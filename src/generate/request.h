// What a caller asks of the generator, what it hears while tokens come, and what it gets in the end.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "generate/sampler.h"
#include "text/tokenizer.h"

namespace pith {

struct Request {
  std::vector<TokenId> prompt;    ///< at least one token
  SamplingOptions sampling;       ///< choice i draws with seed + i
  std::int64_t max_tokens = -1;   ///< of the answer; -1: until the context is full; 0: only reads the prompt
  std::vector<std::string> stop;  ///< texts that end the answer and are no part of it (needs a tokenizer)
  std::vector<TokenId> stop_tokens;  ///< beside the tokenizer's end-of-generation tokens
  bool ignore_eos = false;           ///< the tokenizer's end-of-generation tokens are tokens like others
  bool special_text = false;         ///< control tokens have text too, where a caller looks for markers
  int choices = 1;                   ///< answers to the same prompt, which is read once
  int logprobs = -1;                 ///< with this many alternatives; 0: of the tokens alone; -1: none
  bool prompt_logprobs = false;      ///< of the prompt's tokens too, with as many alternatives
  std::int64_t logprobs_from = 1;    ///< of prompt[logprobs_from] and those behind it alone; at least 1
  bool share_prefix = true;          ///< may use and feed the prefix cache; the answer is the same either way
};

/// One token, or the end of an answer's text.
struct TokenEvent {
  std::uint64_t request;
  int choice;
  TokenId id;  ///< -1: no token; text that was held back has become certain
  /// What became certain of the text: whole UTF-8 characters that are no beginning of a stop string. May be
  /// empty, and may belong to earlier tokens.
  std::string_view text;
  const Logprobs* logprobs;  ///< null where none were asked for
};

enum class FinishReason : std::uint8_t {
  Stop,         ///< an end-of-generation token, a stop token or a stop string
  Length,       ///< max_tokens, or the context is full
  Interrupted,  ///< by cancel()
  Failed,       ///< see Choice::error
};
std::string_view finish_reason_name(FinishReason reason);  ///< "stop", "length", "interrupted", "error"

struct Choice {
  std::string text;                ///< all of it, without the stop string
  std::vector<TokenId> ids;        ///< without the token that ended the answer, with those of a stop string
  std::vector<Logprobs> logprobs;  ///< of each of `ids`, where asked for
  FinishReason finish = FinishReason::Length;
  TokenId stop_token = -1;  ///< the one that ended the answer; not in `ids`
  int stop_string = -1;     ///< index of the one that ended the answer
  std::uint64_t seed = 0;
  std::string error;  ///< one line, where it failed
};

/// Nanoseconds, steady clock.
struct Timings {
  std::int64_t queue = 0;        ///< from submit() to the first step with a token of this request
  std::int64_t prefill = 0;      ///< from there to the first token of an answer
  std::int64_t first_token = 0;  ///< from submit() to the first token of an answer
  std::int64_t total = 0;        ///< from submit() to the end of the last answer
};

struct Result {
  std::uint64_t id = 0;
  std::vector<Choice> choices;
  std::vector<Logprobs> prompt_logprobs;  ///< of prompt[logprobs_from], ... where asked for
  std::int64_t prompt_tokens = 0;
  std::int64_t cached_tokens = 0;  ///< of them, found in the prefix cache
  std::int64_t answer_tokens = 0;  ///< of all choices
  Timings timings;
};

/// Called from within Scheduler::step(), on its thread. They may call submit() and cancel().
using OnToken = std::function<void(const TokenEvent&)>;
using OnDone = std::function<void(Result)>;

}  // namespace pith
