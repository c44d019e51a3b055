#include "batch/prompter.h"

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace pith {

using Json = nlohmann::ordered_json;

Prompter::Prompter(Tokenizer tokenizer, PrompterOptions options, const Json& variables)
    : tokenizer_(std::move(tokenizer)), options_(std::move(options)), variables_(variables.dump()) {
  if (!options_.chat_template.empty()) {
    template_.emplace(tokenizer_, options_.chat_template, options_.template_name);
    markers_ = find_thinking_markers(options_.chat_template);
  }
  if (options_.system && !wraps_texts())
    fail("a system message needs a chat template, and {}",
         options_.raw ? "texts are continued as they are" : "the model has none");
}

BatchPrompt Prompter::text(const std::string& text) const {
  if (!wraps_texts()) return raw(text);
  Json messages = Json::array();
  for (const Turn& turn : question(text))
    messages.push_back({{"role", turn.role}, {"content", turn.content}});
  return chat(messages, Json::object());
}

BatchPrompt Prompter::raw(const std::string& text) const {
  return {tokenizer_.encode(text, {.add_special = true}), text};
}

BatchPrompt Prompter::ids(std::vector<TokenId> ids) const {
  for (TokenId id : ids) {
    if (!tokenizer_.contains(id)) fail("token id {} is outside the vocabulary of {}", id, tokenizer_.size());
  }
  std::string text = tokenizer_.decode(ids);
  return {std::move(ids), std::move(text)};
}

BatchPrompt Prompter::chat(const Json& messages, const Json& variables) const {
  if (!template_) fail("the model has no chat template; --template FILE gives one");
  Json all = Json::parse(variables_);
  all.update(variables);
  return {template_->encode(messages, all), template_->render(messages, all), markers_};
}

Question Prompter::question(const std::string& text) const {
  if (text.empty()) fail("the prompt is empty");
  Question turns;
  if (options_.system) turns.push_back({"system", *options_.system});
  turns.push_back({"user", text});
  return turns;
}

Question Prompter::question(const Json& messages) const {
  if (!wraps_texts())
    fail("messages need a chat template, and {}",
         options_.raw ? "--raw turns it off" : "the model has none; --template FILE gives one");
  Question turns;
  for (const Json& message : messages) {
    if (message.size() != 2 || !message.contains("content") || !message["content"].is_string())
      fail("a strategy of reasoning takes messages of a role and a content, and nothing else");
    turns.push_back({message["role"].get<std::string>(), message["content"].get<std::string>()});
  }
  return turns;
}

}  // namespace pith
