// Chat templates: from a conversation to the text that the model continues.
#pragma once

#include <ctime>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace pith {

/// What a template is rendered with beside the messages. Null pointers: absent.
struct ChatOptions {
  bool add_generation_prompt = true;                  ///< end with the beginning of the assistant's answer
  const nlohmann::ordered_json* tools = nullptr;      ///< an array of tool definitions
  const nlohmann::ordered_json* documents = nullptr;  ///< an array of documents
  std::string_view bos_token, eos_token;              ///< empty: the model has none
  /// An object of further variables, such as {"enable_thinking": false}; they prevail over the ones above.
  const nlohmann::ordered_json* variables = nullptr;
  /// What strftime_now shows, in UTC; without it the local time.
  std::optional<std::time_t> now;
};

/// A Jinja template as models ship it, rendered as Hugging Face transformers (5.x) renders it. It is
/// untrusted: what recurses, loops or writes without end stops at fixed limits. An error, raise_exception's
/// too, is a pith::Error that names line and column.
class ChatTemplate {
 public:
  /// Throws Error if the template cannot be parsed.
  explicit ChatTemplate(std::string_view source);
  ~ChatTemplate();
  ChatTemplate(ChatTemplate&&) noexcept;
  ChatTemplate& operator=(ChatTemplate&&) noexcept;

  /// `messages` is an array of objects. A message's reasoning may be called reasoning_content, reasoning or
  /// thinking; the template sees it under the names that templates read.
  std::string render(const nlohmann::ordered_json& messages, const ChatOptions& options = {}) const;

  /// With nothing but the variables of `context`, an object.
  std::string render_context(const nlohmann::ordered_json& context,
                             std::optional<std::time_t> now = {}) const;

  const std::string& source() const;

 private:
  struct Parsed;
  std::unique_ptr<const Parsed> parsed_;
};

/// "2025-07-10T12:00:00Z" or "2025-07-10", in UTC. Throws Error.
std::time_t parse_time(std::string_view text);

}  // namespace pith
