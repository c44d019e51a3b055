#include "batch/task.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "base/json.h"
#include "base/utf8.h"

namespace pith {
namespace {

using Json = nlohmann::ordered_json;

// Bounds on what one line may make of memory.
constexpr std::int64_t kMostChoices = 1024, kMostAlternatives = 100, kMostStops = 64;
constexpr std::size_t kMostSkippedNames = 100;

template <class... Args>
[[noreturn]] void reject(fmt::format_string<Args...> format, Args&&... args) {
  throw LineError("invalid_request", fmt::format(format, std::forward<Args>(args)...));
}

std::string excerpt(const Json& value) {
  return printable(value.dump(-1, ' ', false, Json::error_handler_t::replace), 60);
}
[[noreturn]] void reject_value(std::string_view field, const char* expected, const Json& found) {
  reject("{}: expected {}, found {}", field, expected, excerpt(found));
}

Json parse_line(std::string_view text, std::int64_t line) {
  const std::string place = fmt::format("line {}", line);
  try {
    Json json = parse_ordered_json(text, place);
    if (!json.is_object()) throw Error(place + ": expected an object");
    return json;
  } catch (const Error& e) {
    throw LineError("invalid_json", e.what());
  }
}

std::string default_id(std::int64_t line) { return fmt::format("line-{}", line); }

// --- values of a body ---

double number(std::string_view field, const Json& value) {
  if (!value.is_number()) reject_value(field, "a number", value);
  return value.get<double>();
}
// Also 10.0, as some writers have it.
std::int64_t integer(std::string_view field, const Json& value, std::int64_t least, std::int64_t most) {
  const double d = value.is_number() ? value.get<double>() : std::nan("");
  const bool exact = value.is_number_integer() && !(value.is_number_unsigned() && d > 9e18);
  if (!(exact || (d == std::floor(d) && std::abs(d) < 9e15))) reject_value(field, "an integer", value);
  const std::int64_t n = exact ? value.get<std::int64_t>() : static_cast<std::int64_t>(d);
  if (n < least || n > most) reject("{} is {}; expected {} to {}", field, n, least, most);
  return n;
}
bool boolean(std::string_view field, const Json& value) {
  if (!value.is_boolean()) reject_value(field, "true or false", value);
  return value.get<bool>();
}
std::string string(std::string_view field, const Json& value) {
  if (!value.is_string()) reject_value(field, "a string", value);
  return value.get<std::string>();
}

constexpr std::int64_t kAny = std::numeric_limits<std::int64_t>::max();

/// A body while it is read.
struct Draft {
  BatchTask& task;
  const Prompter& prompter;
  bool raw = false;  // a prompt is no user message, whatever the template
  std::int64_t top_logprobs = -1;
  bool logprobs = false;
  const Json* prompt = nullptr;
  const Json* messages = nullptr;
  Json variables = Json::object();
  SamplingOptions& sampling() { return task.request.sampling; }
};

void read_max_tokens(Draft& d, std::string_view field, const Json& v) {
  d.task.request.max_tokens = integer(field, v, 0, kAny);
}
template <float SamplingOptions::*option>
void read_number(Draft& d, std::string_view field, const Json& v) {
  d.sampling().*option = static_cast<float>(number(field, v));
}
// -1 means all tokens to some servers, 0 to others.
void read_top_k(Draft& d, std::string_view field, const Json& v) {
  d.sampling().top_k = std::max<std::int64_t>(0, integer(field, v, -1, kAny));
}
void read_seed(Draft& d, std::string_view field, const Json& v) {
  if (!v.is_number_integer()) reject_value(field, "an integer", v);
  d.sampling().seed =
      v.is_number_unsigned() ? v.get<std::uint64_t>() : static_cast<std::uint64_t>(v.get<std::int64_t>());
}
void read_n(Draft& d, std::string_view field, const Json& v) {
  d.task.request.choices = static_cast<int>(integer(field, v, 1, kMostChoices));
}
void read_echo(Draft& d, std::string_view field, const Json& v) { d.task.echo = boolean(field, v); }
void read_stop(Draft& d, std::string_view field, const Json& v) {
  std::vector<std::string>& stop = d.task.request.stop;
  stop.clear();
  if (v.is_string()) {
    stop.push_back(v.get<std::string>());
  } else if (v.is_array() && std::ssize(v) <= kMostStops) {
    for (const Json& text : v) stop.push_back(string(field, text));
  } else {
    reject_value(field, "a string or an array of at most 64", v);
  }
}
void read_logit_bias(Draft& d, std::string_view field, const Json& v) {
  if (!v.is_object()) reject_value(field, "an object of token ids and numbers", v);
  d.sampling().logit_bias.clear();
  for (const auto& [key, bias] : v.items()) {
    TokenId id;
    const auto [stop, error] = std::from_chars(key.data(), key.data() + key.size(), id);
    if (error != std::errc() || stop != key.data() + key.size())
      reject("{}: expected token ids as keys, found '{}'", field, printable(key, 40));
    d.sampling().logit_bias.emplace_back(id, static_cast<float>(number(field, bias)));
  }
}
// In a chat whether, in a completion with how many alternatives.
void read_logprobs(Draft& d, std::string_view field, const Json& v) {
  if (d.task.chat) {
    d.logprobs = boolean(field, v);
  } else {
    d.task.request.logprobs = static_cast<int>(integer(field, v, 0, kMostAlternatives));
  }
}
void read_top_logprobs(Draft& d, std::string_view field, const Json& v) {
  d.top_logprobs = integer(field, v, 0, kMostAlternatives);
}
void read_prompt(Draft& d, std::string_view, const Json& v) { d.prompt = &v; }
void read_messages(Draft& d, std::string_view, const Json& v) { d.messages = &v; }
void read_variables(Draft& d, std::string_view field, const Json& v) {
  if (!v.is_object()) reject_value(field, "an object", v);
  d.variables = v;
}
// Says nothing about the answer.
void pass(Draft&, std::string_view, const Json&) {}

// Where a field may stand; what a strategy of reasoning has its own way with may not stand there.
constexpr unsigned kChat = 1, kCompletion = 2, kReasoned = 4, kOne = kChat | kCompletion,
                   kAll = kOne | kReasoned;
struct Field {
  std::string_view name;
  unsigned where;
  void (*read)(Draft&, std::string_view, const Json&);
};
constexpr Field kFields[] = {
    {"messages", kChat | kReasoned, read_messages},
    {"prompt", kCompletion | kReasoned, read_prompt},
    {"model", kAll, pass},
    {"user", kAll, pass},
    {"metadata", kAll, pass},
    {"max_tokens", kAll, read_max_tokens},
    {"max_completion_tokens", kChat | kReasoned, read_max_tokens},
    {"temperature", kAll, read_number<&SamplingOptions::temperature>},
    {"top_p", kAll, read_number<&SamplingOptions::top_p>},
    {"top_k", kAll, read_top_k},
    {"min_p", kAll, read_number<&SamplingOptions::min_p>},
    {"seed", kAll, read_seed},
    {"stop", kAll, read_stop},
    {"n", kOne, read_n},
    {"logprobs", kOne, read_logprobs},
    {"top_logprobs", kChat, read_top_logprobs},
    {"frequency_penalty", kAll, read_number<&SamplingOptions::frequency_penalty>},
    {"presence_penalty", kAll, read_number<&SamplingOptions::presence_penalty>},
    {"repetition_penalty", kAll, read_number<&SamplingOptions::repetition_penalty>},
    {"logit_bias", kAll, read_logit_bias},
    {"echo", kCompletion, read_echo},
    {"chat_template_kwargs", kChat, read_variables},
};

// Fields that pith does not have, with the values that ask for nothing.
bool asks_for_nothing(const std::string& field, const Json& value) {
  static const std::map<std::string_view, std::vector<Json>> kNeutral = {
      {"stream", {false}},
      {"store", {false}},
      {"n", {1}},
      {"best_of", {1}},
      {"logprobs", {false}},
      {"echo", {false}},
      {"suffix", {""}},
      {"tools", {Json::array()}},
      {"tool_choice", {"none"}},
      {"response_format", {{{"type", "text"}}}},
      {"modalities", {Json::array({"text"})}},
  };
  if (value.is_null()) return true;
  const auto found = kNeutral.find(field);
  return found != kNeutral.end() && std::ranges::count(found->second, value) > 0;
}

class Reader {
 public:
  Reader(const BatchDefaults& defaults, SkippedFields& skipped) : defaults_(defaults), skipped_(skipped) {}

  void body(Draft& draft, const Json& body) {
    if (!body.is_object()) reject_value("body", "an object", body);
    for (const auto& [name, value] : body.items()) {
      if (value.is_null()) continue;
      const auto* field = std::ranges::find(kFields, name, &Field::name);
      const unsigned here = (draft.task.chat ? kChat : kCompletion) | (defaults_.reasoned ? kReasoned : 0);
      if (field != std::end(kFields) && (field->where & here) == here) {
        field->read(draft, name, value);
      } else if (!asks_for_nothing(name, value)) {
        skip(name);
      }
    }
  }

  // A field that nothing reads.
  void skip(const std::string& name) {
    if (!defaults_.lenient)
      throw LineError(
          "unsupported_field",
          fmt::format("the field '{}' is not supported here; --lenient skips it", printable(name, 60)));
    const std::string shown = printable(name, 60);
    if (skipped_.size() < kMostSkippedNames || skipped_.contains(shown)) ++skipped_[shown];
  }

 private:
  const BatchDefaults& defaults_;
  SkippedFields& skipped_;
};

// --- prompts ---

// Text parts become one text, a line each.
std::string content_text(const Json& content) {
  if (content.is_string()) return content.get<std::string>();
  if (!content.is_array()) reject_value("content", "a string or an array of text parts", content);
  std::string text;
  for (const Json& part : content) {
    if (!part.is_object() || part.value("type", Json()) != "text" || !part.value("text", Json()).is_string())
      reject_value("content", "parts {\"type\": \"text\", \"text\": ...}", part);
    text += (text.empty() ? "" : "\n") + part["text"].get<std::string>();
  }
  return text;
}

Json checked_messages(const Json& messages) {
  if (!messages.is_array() || messages.empty()) reject_value("messages", "an array of messages", messages);
  Json all = messages;
  for (Json& message : all) {
    if (!message.is_object() || !message.value("role", Json()).is_string())
      reject_value("messages", "objects with a role and a content", message);
    if (message.value("content", Json()).is_null()) continue;  // a message of tool calls
    message["content"] = content_text(message["content"]);
  }
  return all;
}

std::vector<TokenId> token_ids(const Json& prompt) {
  std::vector<TokenId> ids;
  for (const Json& id : prompt)
    ids.push_back(static_cast<TokenId>(integer("prompt", id, 0, std::numeric_limits<TokenId>::max())));
  return ids;
}

BatchPrompt completion_prompt(const Draft& draft) {
  if (!draft.prompt) reject("the field 'prompt' is missing");
  const Json* prompt = draft.prompt;
  if (prompt->is_array() && prompt->size() == 1 && !prompt->front().is_number()) prompt = &prompt->front();
  if (prompt->is_string()) {
    const std::string text = prompt->get<std::string>();
    return draft.raw ? draft.prompter.raw(text) : draft.prompter.text(text);
  }
  if (!prompt->is_array() || prompt->empty() || !prompt->front().is_number())
    reject_value("prompt", "one text or one array of token ids", *draft.prompt);
  return draft.prompter.ids(token_ids(*prompt));
}

Question completion_question(const Draft& draft) {
  if (!draft.prompt) reject("the field 'prompt' is missing");
  return draft.prompter.question(string("prompt", *draft.prompt));
}

// What the model is to read, or what a strategy is to ask it.
void take_prompt(const Draft& draft, bool reasoned) {
  BatchTask& task = draft.task;
  try {
    if (task.chat && !draft.messages) reject("the field 'messages' is missing");
    if (reasoned) {
      task.question =
          task.chat ? draft.prompter.question(checked_messages(*draft.messages)) : completion_question(draft);
    } else {
      task.prompt = task.chat ? draft.prompter.chat(checked_messages(*draft.messages), draft.variables)
                              : completion_prompt(draft);
    }
  } catch (const LineError&) {
    throw;
  } catch (const Error& e) {  // of the tokenizer or the template
    throw LineError("invalid_request", e.what());
  }
}

// Whether messages come in, told by the url where there is one.
bool is_chat(const Json& line, const Json& body) {
  if (!line.contains("url")) return body.is_object() && body.contains("messages");
  const Json& url = line["url"];
  if (url == "/v1/chat/completions") return true;
  if (url != "/v1/completions") reject_value("url", "/v1/chat/completions or /v1/completions", url);
  return false;
}

void finish(Draft& draft, bool reasoned) {
  BatchTask& task = draft.task;
  Request& request = task.request;
  if (draft.top_logprobs >= 0 && !draft.logprobs) reject("top_logprobs needs logprobs: true");
  if (draft.logprobs) request.logprobs = static_cast<int>(std::max<std::int64_t>(0, draft.top_logprobs));
  request.prompt_logprobs = task.echo && request.logprobs >= 0;
  take_prompt(draft, reasoned);
  request.prompt = std::move(task.prompt.ids);
}

}  // namespace

BatchFormat detect_format(std::string_view line) {
  const std::size_t begin = line.find_first_not_of(" \t");
  if (begin != line.npos && line[begin] == '[') {
    const std::size_t next = line.find_first_not_of(" \t", begin + 1);
    if (next == line.npos || line[next] == '{')
      fail(
          "the input begins like a JSON array; expected an object a line (JSON Lines); --text takes its "
          "lines as prompts");
  }
  if (begin == line.npos || line[begin] != '{') return BatchFormat::Text;
  try {
    const Json json = parse_line(line, 1);
    if (json.contains("url") || json.contains("method")) return BatchFormat::Requests;
    return json.contains("body") ? BatchFormat::Bodies : BatchFormat::Prompts;
  } catch (const Error&) {
    return BatchFormat::Requests;  // a broken line, as it will be told
  }
}

std::string_view format_description(BatchFormat format) {
  switch (format) {
    case BatchFormat::Requests: return "OpenAI batch requests";
    case BatchFormat::Bodies: return "lines {\"custom_id\", \"body\"}";
    case BatchFormat::Prompts: return "lines {\"prompt\"} or {\"messages\"}";
    case BatchFormat::Text: break;
  }
  return "plain text, a prompt a line";
}

std::uint64_t derived_seed(std::uint64_t seed, std::string_view id) {
  Hash hash;
  hash.add(seed);
  hash.add(id);
  return hash.value() >> 11;
}

std::string task_id(std::string_view text, std::int64_t line, BatchFormat format) {
  if (format == BatchFormat::Text) return default_id(line);
  try {
    const Json json = parse_line(text, line);
    const auto id = json.find("custom_id");
    if (id != json.end() && id->is_string()) return id->get<std::string>();
  } catch (const LineError&) {
  }
  return default_id(line);
}

RequestName request_name(std::string_view text, std::int64_t line, std::string id) {
  Hash hash;
  hash.add(id);
  hash.add(text);
  return {line, std::move(id), fmt::format("batch_req_{:016x}", hash.value())};
}

BatchTask make_task(std::string_view text, std::int64_t line, BatchFormat format,
                    const BatchDefaults& defaults, const Prompter& prompter, SkippedFields& skipped) {
  BatchTask task{.name = {}, .prompt = {}, .question = {}, .request = defaults.request};
  Draft draft{.task = task, .prompter = prompter, .variables = Json::object()};
  Reader reader(defaults, skipped);
  Json json, body;
  std::string id = default_id(line);
  if (format == BatchFormat::Text) {
    body = {{"prompt", replace_invalid_utf8(text)}};
  } else {
    json = parse_line(text, line);
    if (json.contains("custom_id")) id = string("custom_id", json["custom_id"]);
    const bool wrapped = json.contains("body") || json.contains("url");
    if (wrapped) {
      if (json.contains("method") && json["method"] != "POST")
        reject_value("method", "\"POST\"", json["method"]);
      for (const auto& [name, value] : json.items()) {
        if (name != "custom_id" && name != "method" && name != "url" && name != "body") reader.skip(name);
      }
      if (!json.contains("body")) reject("the field 'body' is missing");
      body = std::move(json["body"]);
    } else {
      json.erase("custom_id");
      body = json;
    }
    draft.raw = wrapped;
    task.chat = is_chat(json, body);
  }
  task.request.sampling.seed = derived_seed(defaults.seed, id);
  task.name = request_name(text, line, std::move(id));
  reader.body(draft, body);
  finish(draft, defaults.reasoned);
  return task;
}

}  // namespace pith
