// pith template: what a chat template makes of a conversation.
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/loading.h"
#include "cli/terminal.h"
#include "text/chat_template.h"
#include "text/model_text.h"

namespace pith::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Template {
  ModelOptions model;
  std::optional<std::string> file;
  std::string context, now;
};

// The model's template and the special tokens that it may write.
struct Source {
  std::string name, text;
  Json variables = Json::object();
};

Source source_of(const Template& o) {
  if (o.file) return {*o.file, read_file(*o.file)};
  const ModelFile file = open_model_file(find_model(o.model.model));
  Source source{file.path, find_chat_template(file)};
  if (source.text.empty()) fail("{}: has no chat template", printable(file.path));
  if (const std::optional<Tokenizer> tokenizer = find_tokenizer(file)) {
    if (tokenizer->bos()) source.variables["bos_token"] = tokenizer->spelling(*tokenizer->bos());
    if (tokenizer->eos()) source.variables["eos_token"] = tokenizer->spelling(*tokenizer->eos());
  }
  return source;
}

std::optional<std::time_t> time_of(const std::string& text) {
  if (text.empty()) return {};
  try {
    return parse_time(text);
  } catch (const Error& e) {
    fail_usage("--now: {}", e.what());
  }
}

int run(const Template& o) {
  if (o.file && !o.model.model.empty()) fail_usage("template: FILE and -m exclude each other");
  if (!o.now.empty() && o.context.empty()) fail_usage("template: --now needs --context");
  const std::optional<std::time_t> now = time_of(o.now);
  const Source source = source_of(o);
  std::string text = source.text;
  if (!o.context.empty()) {
    const std::string name = o.context == "-" ? "standard input" : o.context;
    const std::string json = o.context == "-" ? read_stdin() : read_file(o.context);
    if (interrupted()) return kInterrupted;
    parse_json(json, name);  // depth and syntax, before the parser below that keeps the order
    Json context = Json::parse(json);
    if (context.is_array()) context = Json{{"messages", context}, {"add_generation_prompt", true}};
    if (!context.is_object()) fail("{}: expected an object, or an array of messages", name);
    for (const auto& [key, value] : source.variables.items()) {
      if (!context.contains(key)) context[key] = value;
    }
    try {
      text = ChatTemplate(source.text).render_context(context, now);
    } catch (const Error& e) {
      fail("{}: {}", printable(source.name, 400), e.what());
    }
  }
  write_out(o.model.json ? to_json_text({{"text", text}}) + "\n" : text);
  return 0;
}

}  // namespace

Action declare_template(Options& options) {
  auto o = std::make_shared<Template>();
  options.positional("FILE", o->file, "a Jinja template, as models ship them; without it the model's");
  declare_model_options(options, o->model, "one JSON object: text");
  options.option("--context", o->context, "FILE",
                 "JSON with the template's variables, or an array of messages; '-': standard input; without "
                 "it the template itself is printed");
  options.option("--now", o->now, "TIME",
                 "what strftime_now shows: 2025-07-10T12:00:00Z; default: the clock");
  options.example("pith template chat_template.jinja --context messages.json");
  return [o] { return run(*o); };
}

}  // namespace pith::cli
