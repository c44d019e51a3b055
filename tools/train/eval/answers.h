// A model that answers many prompts at once, through the engine's scheduler.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"
#include "train/config.h"

namespace pith::lab {

struct Prompt {
  std::vector<TokenId> ids;
  std::vector<std::string> stop{};  ///< beside the model's own ends
};

struct AnswerSettings {
  double temperature = 0;  ///< 0: greedy
  int choices = 1;         ///< answers to each prompt
  std::int64_t max_tokens = 64;
  std::uint64_t seed = 0;  ///< choice c of prompt i draws with seed + i * choices + c
};

class AnsweringModel {
 public:
  /// `parallel` sequences at a time; threads 0: as many as the engine takes by itself. Throws Error.
  AnsweringModel(const std::filesystem::path& model, int threads, int parallel);
  ~AnsweringModel();

  const Tokenizer& tokenizer() const;
  std::int64_t context() const;
  /// The messages through the model's chat template. Throws Error where it has none.
  std::vector<TokenId> chat(const nlohmann::ordered_json& messages) const;

  /// The answers to each prompt, in order; `what` is shown as progress. They are drawn from the model's whole
  /// distribution. Throws Error where a prompt leaves no room for an answer.
  std::vector<std::vector<std::string>> answer(std::span<const Prompt> prompts,
                                               const AnswerSettings& settings, std::string_view what);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pith::lab
