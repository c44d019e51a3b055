#include "batch/answer_line.h"

#include <nlohmann/json.hpp>

#include "base/hash.h"

namespace pith {
namespace {

using Json = nlohmann::ordered_json;

std::string hex_id(std::string_view id) {
  Hash hash;
  hash.add(id);
  return fmt::format("{:016x}", hash.value());
}

std::string to_line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

// Bytes that are not UTF-8 become U+FFFD when the line is written.
std::string spelled(const Tokenizer& tokenizer, TokenId id) {
  return tokenizer.contains(id) ? std::string(tokenizer.piece(id)) : std::string();
}

// --- chat: an object a token, with its bytes ---

Json chat_token(const Tokenizer& tokenizer, TokenId id, float logprob) {
  const std::string text = spelled(tokenizer, id);
  Json bytes = Json::array();
  for (char c : text) bytes.push_back(static_cast<unsigned char>(c));
  return {{"token", text}, {"logprob", logprob}, {"bytes", std::move(bytes)}};
}

Json chat_logprobs(const Tokenizer& tokenizer, const Choice& choice) {
  Json content = Json::array();
  for (std::size_t i = 0; i < choice.ids.size(); ++i) {
    Json token = chat_token(tokenizer, choice.ids[i], choice.logprobs[i].logprob);
    Json& top = token["top_logprobs"] = Json::array();
    for (const TokenLogprob& t : choice.logprobs[i].top)
      top.push_back(chat_token(tokenizer, t.id, t.logprob));
    content.push_back(std::move(token));
  }
  return {{"content", std::move(content)}};
}

// --- completions: four arrays ---

std::int64_t characters(std::string_view text) {
  return std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
}

class CompletionLogprobs {
 public:
  explicit CompletionLogprobs(const Tokenizer& tokenizer, bool continues)
      : tokenizer_(tokenizer), decoder_(tokenizer, continues) {}

  /// Null logprobs: of the prompt's first token, which nothing comes before.
  void add(TokenId id, const Logprobs* p) {
    tokens_.push_back(spelled(tokenizer_, id));
    offsets_.push_back(offset_);
    offset_ += tokenizer_.contains(id) ? characters(decoder_.add(id)) : 0;
    values_.push_back(p ? Json(p->logprob) : Json());
    Json top;
    if (p) {
      top = Json::object();
      // Of several tokens that are spelled alike the most probable one.
      for (const TokenLogprob& t : p->top) top.emplace(spelled(tokenizer_, t.id), t.logprob);
    }
    top_.push_back(std::move(top));
  }

  Json json() {
    return {{"tokens", std::move(tokens_)},
            {"token_logprobs", std::move(values_)},
            {"top_logprobs", std::move(top_)},
            {"text_offset", std::move(offsets_)}};
  }

 private:
  const Tokenizer& tokenizer_;
  StreamDecoder decoder_;
  std::int64_t offset_ = 0;
  Json tokens_ = Json::array(), values_ = Json::array(), top_ = Json::array(), offsets_ = Json::array();
};

Json completion_logprobs(const Tokenizer& tokenizer, const BatchTask& task, const Result& result,
                         const Choice& choice) {
  CompletionLogprobs all(tokenizer, !task.echo);
  if (task.echo) {
    for (std::size_t i = 0; i < task.request.prompt.size(); ++i)
      all.add(task.request.prompt[i], i == 0 ? nullptr : &result.prompt_logprobs[i - 1]);
  }
  for (std::size_t i = 0; i < choice.ids.size(); ++i) all.add(choice.ids[i], &choice.logprobs[i]);
  return all.json();
}

void put_text(Json& choice, const BatchTask& task, const ChoiceText& text) {
  if (task.chat) {
    choice["message"] = {{"role", "assistant"}, {"content", text.answer}};
  } else {
    choice["text"] = (task.echo ? task.prompt.text : "") + text.answer;
  }
  Json& holder = task.chat ? choice["message"] : choice;
  if (!text.thinking.empty()) holder["reasoning_content"] = text.thinking;
}

Json choice_json(const BatchTask& task, const Result& result, std::size_t i, const ChoiceText& text,
                 const Tokenizer& tokenizer) {
  const Choice& choice = result.choices[i];
  Json out{{"index", i}};
  put_text(out, task, text);
  Json& logprobs = out["logprobs"] = nullptr;
  if (task.request.logprobs >= 0)
    logprobs =
        task.chat ? chat_logprobs(tokenizer, choice) : completion_logprobs(tokenizer, task, result, choice);
  out["finish_reason"] = finish_reason_name(choice.finish);
  return out;
}

Json usage_json(std::int64_t prompt_tokens, std::int64_t answer_tokens) {
  return {{"prompt_tokens", prompt_tokens},
          {"completion_tokens", answer_tokens},
          {"total_tokens", prompt_tokens + answer_tokens}};
}

Json usage_json(const Result& result, const std::vector<ChoiceText>& texts) {
  Json usage = usage_json(result.prompt_tokens, result.answer_tokens);
  std::int64_t thinking = 0;
  for (const ChoiceText& text : texts) thinking += text.thinking_tokens;
  if (thinking > 0) usage["completion_tokens_details"] = {{"reasoning_tokens", thinking}};
  return usage;
}

// The order of the members is part of the format: see finished.cpp.
Json frame(const RequestName& name) {
  return {{"id", name.key}, {"custom_id", name.id}, {"line", name.line}};
}

Json answered(const AnswerHeader& header, const BatchTask& task, Json choices, Json usage) {
  const std::string hex = hex_id(task.name.id);
  Json out = frame(task.name);
  out["response"] = {{"status_code", 200},
                     {"request_id", "req_" + hex},
                     {"body",
                      {{"id", (task.chat ? "chatcmpl-" : "cmpl-") + hex},
                       {"object", task.chat ? "chat.completion" : "text_completion"},
                       {"created", header.created},
                       {"model", header.model},
                       {"choices", std::move(choices)},
                       {"usage", std::move(usage)},
                       {"seed", task.request.sampling.seed}}}};
  out["error"] = nullptr;
  return out;
}

}  // namespace

std::string answer_line(const AnswerHeader& header, const BatchTask& task, const Result& result,
                        const std::vector<ChoiceText>& texts, const Tokenizer& tokenizer) {
  Json choices = Json::array();
  for (std::size_t i = 0; i < result.choices.size(); ++i)
    choices.push_back(choice_json(task, result, i, texts[i], tokenizer));
  return to_line(answered(header, task, std::move(choices), usage_json(result, texts)));
}

std::string reasoned_line(const AnswerHeader& header, const BatchTask& task, const Outcome& outcome) {
  const ReasonCost& cost = outcome.cost;
  const ChoiceText text{std::string(outcome.final_answer()), outcome.text.substr(0, outcome.steps)};
  Json choice{{"index", 0}};
  put_text(choice, task, text);
  choice["logprobs"] = nullptr;
  choice["finish_reason"] = finish_reason_name(outcome.finish);
  Json line = answered(header, task, Json::array({std::move(choice)}),
                       usage_json(cost.prompt_tokens, cost.generated_tokens - cost.cancelled_tokens));
  line["response"]["body"]["reasoning"] = {{"strategy", outcome.trace.strategy},
                                           {"answer", outcome.answer ? Json(*outcome.answer) : Json()},
                                           {"agreement", outcome.agreement},
                                           {"score", outcome.score ? Json(*outcome.score) : Json()},
                                           {"chains", cost.chains}};
  return to_line(line);
}

std::string error_line(const RequestName& name, const LineError& error) {
  Json out = frame(name);
  out["response"] = nullptr;
  out["error"] = {{"code", error.code}, {"message", error.what()}};
  return to_line(out);
}

}  // namespace pith
