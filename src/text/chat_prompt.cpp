#include "text/chat_prompt.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/utf8.h"

namespace pith {
namespace {

using Json = nlohmann::ordered_json;

std::string spelling_of(const Tokenizer& tokenizer, std::optional<TokenId> id) {
  return id ? std::string(tokenizer.spelling(*id)) : std::string();
}

// A character that Unicode keeps for a program's own use and that is in no message.
std::string choose_guard(const Json& messages) {
  const std::string all = messages.dump(-1, ' ', false, Json::error_handler_t::replace);
  for (char32_t c = 0xfdd0; c <= 0xfdef; ++c) {
    std::string guard;
    append_utf8(guard, c);
    if (all.find(guard) == std::string::npos) return guard;
  }
  fail("the messages hold every noncharacter from U+FDD0 to U+FDEF");
}

}  // namespace

ChatPrompt::ChatPrompt(Tokenizer tokenizer, std::string_view source, std::string name)
    : tokenizer_(std::move(tokenizer)),
      template_([&] {
        try {
          return ChatTemplate(source);
        } catch (const Error& e) {
          fail("{}: {}", name, e.what());
        }
      }()),
      name_(std::move(name)) {}

std::string ChatPrompt::render(const Json& messages, const Json& variables) const {
  const std::string bos = spelling_of(tokenizer_, tokenizer_.bos()),
                    eos = spelling_of(tokenizer_, tokenizer_.eos());
  ChatOptions options;
  options.bos_token = bos;
  options.eos_token = eos;
  options.variables = &variables;
  try {
    return template_.render(messages, options);
  } catch (const Error& e) {
    fail("{}: {}", name_, e.what());
  }
}

std::vector<TokenId> ChatPrompt::encode(const Json& messages, const Json& variables) const {
  const std::string guard = choose_guard(messages);
  Json guarded = messages;
  for (Json& message : guarded) {
    for (auto& [key, value] : message.items()) {
      if (value.is_string()) value = tokenizer_.guard_special(value.get<std::string>(), guard);
    }
  }
  return tokenizer_.encode(render(guarded, variables), {.parse_special = true, .guard = guard});
}

}  // namespace pith
