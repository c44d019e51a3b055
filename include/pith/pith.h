// pith as a library: open a model, hand it a prompt, take its text as it comes.
//
//   pith::LanguageModel model = pith::LanguageModel::open("model.gguf");
//   pith::GenerateOptions options;
//   options.on_text = [](std::string_view text) { std::cout << text << std::flush; return true; };
//   model.generate("Once upon a time", options);
//
// Everything that can go wrong throws pith::Error (pith/error.h). The same model, prompt, options and seed
// give the same text on the same machine, whatever the number of threads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pith/error.h"

namespace pith {

struct OpenOptions {
  int threads = 0;  ///< 0: the physical cores this process may use
  std::int64_t context =
      0;  ///< tokens of prompt and answer together; 0: the trained length, or what memory allows
};

/// The sampler's defaults are those of `pith run`.
struct GenerateOptions {
  std::int64_t max_tokens = -1;   ///< of the answer; -1: until the model ends it or the context is full
  std::vector<std::string> stop;  ///< texts that end the answer and are no part of it
  float temperature = 0.8f;       ///< 0: always the most probable token
  std::int64_t top_k = 40;        ///< 0: all
  float top_p = 0.95f;            ///< 1: all
  float min_p = 0.05f;            ///< 0: all
  std::uint64_t seed = 0;
  /// Hears the answer's text as it becomes certain, always whole UTF-8 characters; false ends the answer.
  std::function<bool(std::string_view text)> on_text;
};

struct Answer {
  std::string text;
  std::vector<std::int32_t> tokens;
  std::int64_t prompt_tokens = 0;
  std::string finish_reason;  ///< "stop", "length" or "interrupted" (on_text said so)
};

/// One turn of a conversation.
struct Message {
  std::string role;  ///< "system", "user" or "assistant"
  std::string content;
};

/// A model with its tokenizer. Not for several threads at once; several models in one process are fine.
class LanguageModel {
 public:
  /// A .gguf file or a Hugging Face directory. The file is mapped, not read. Throws Error.
  static LanguageModel open(const std::string& path, const OpenOptions& options = {});
  LanguageModel(LanguageModel&&) noexcept;
  LanguageModel& operator=(LanguageModel&&) noexcept;
  ~LanguageModel();

  /// Continues the text as it is. What an earlier prompt has in common with this one is not computed again.
  Answer generate(std::string_view prompt, const GenerateOptions& options = {});
  /// The assistant's next turn, through the model's own chat template. Throws Error where it has none.
  Answer chat(std::span<const Message> messages, const GenerateOptions& options = {});

  /// Ids of a text; `add_special` adds what the model begins (and ends) a text with.
  std::vector<std::int32_t> tokenize(std::string_view text, bool add_special = false) const;
  std::string detokenize(std::span<const std::int32_t> tokens) const;

  std::int64_t context() const;
  int vocabulary() const;

 private:
  struct State;
  explicit LanguageModel(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// "0.1.0".
std::string_view version();

}  // namespace pith
