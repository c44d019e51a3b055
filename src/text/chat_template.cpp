#include "text/chat_template.h"

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "text/jinja.h"
#include "text/jinja_json.h"

namespace pith {

using Json = nlohmann::ordered_json;

struct ChatTemplate::Parsed {
  std::string source;
  jinja::Template program;
};

ChatTemplate::ChatTemplate(std::string_view source)
    : parsed_(std::make_unique<const Parsed>(Parsed{std::string(source), jinja::Template(source)})) {}
ChatTemplate::~ChatTemplate() = default;
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;

const std::string& ChatTemplate::source() const { return parsed_->source; }

namespace {

/// A message whose reasoning has any of its usual names gets it under "reasoning_content", which most
/// templates read, and under "thinking", which gpt-oss reads.
Json with_reasoning_names(const Json& message) {
  if (!message.is_object()) fail("a chat message is a JSON object, not {}", message.type_name());
  for (const char* name : {"reasoning_content", "thinking", "reasoning"}) {
    if (!message.contains(name) || message[name].is_null()) continue;
    const Json reasoning = message[name];
    Json out;
    if (!message.contains("thinking")) out["thinking"] = reasoning;
    out.update(message);
    out["reasoning_content"] = reasoning;
    return out;
  }
  return message;
}

}  // namespace

std::string ChatTemplate::render(const Json& messages, const ChatOptions& options) const {
  if (!messages.is_array()) fail("chat messages are a JSON array, not {}", messages.type_name());
  Json context = Json::object();
  // Like transformers: these names are always defined.
  context["tools"] = options.tools ? *options.tools : Json();
  context["documents"] = options.documents ? *options.documents : Json();
  context["add_generation_prompt"] = options.add_generation_prompt;
  if (options.variables) context.update(*options.variables);
  if (!options.bos_token.empty()) context["bos_token"] = options.bos_token;
  if (!options.eos_token.empty()) context["eos_token"] = options.eos_token;
  context["messages"] = Json::array();
  for (const Json& message : messages) context["messages"].push_back(with_reasoning_names(message));
  return render_context(context, options.now);
}

std::string ChatTemplate::render_context(const Json& context, std::optional<std::time_t> now) const {
  if (!context.is_object())
    fail("the context of a chat template is a JSON object, not {}", context.type_name());
  jinja::Environment environment;
  environment.now = now;
  return parsed_->program.render(environment,
                                 [&](jinja::Runtime& rt) { return *jinja::from_json(rt, context).dict(); });
}

std::time_t parse_time(std::string_view text) {
  static constexpr std::string_view kForm = "0000-00-00T00:00:00";
  std::array<int, 6> parts = {0, 0, 0, 0, 0, 0};
  std::string_view rest = text;
  if (!rest.empty() && rest.back() == 'Z') rest.remove_suffix(1);
  bool good = rest.size() == kForm.size() || rest.size() == 10;
  std::size_t part = 0;
  for (std::size_t i = 0; good && i < rest.size(); ++i) {
    const bool digit = rest[i] >= '0' && rest[i] <= '9';
    good = kForm[i] == '0' ? digit : rest[i] == kForm[i] || (kForm[i] == 'T' && rest[i] == ' ');
    if (digit) parts[part] = parts[part] * 10 + (rest[i] - '0');
    if (kForm[i] != '0') ++part;
  }
  std::tm tm{};
  tm.tm_year = parts[0] - 1900, tm.tm_mon = parts[1] - 1, tm.tm_mday = parts[2];
  tm.tm_hour = parts[3], tm.tm_min = parts[4], tm.tm_sec = parts[5];
  const std::time_t time = good ? timegm(&tm) : -1;
  // timegm carries over what is out of range: a thirteenth month comes back as another date.
  if (!good || tm.tm_mon != parts[1] - 1 || tm.tm_mday != parts[2] || tm.tm_hour != parts[3] ||
      tm.tm_min != parts[4]) {
    fail("'{}' is no time; expected one like 2025-07-10T12:00:00Z", printable(text));
  }
  return time;
}

}  // namespace pith
