// pith chat: a conversation.
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/generation.h"
#include "cli/input.h"
#include "cli/line_reader.h"
#include "cli/paths.h"
#include "cli/terminal.h"
#include "text/chat_prompt.h"
#include "text/model_text.h"

namespace pith::cli {
namespace {

using Json = nlohmann::ordered_json;

struct ChatArguments {
  ModelOptions model;
  GenerationOptions generation;
  std::optional<std::string> system;
  std::string chat_template, prompt_cache;
  ThinkingOptions thinking;
  bool stats = false;
};

struct Template {
  ChatPrompt prompt;
  const ThinkingMarkers* markers;
};

Template open_template(const ChatArguments& o, const Session& session) {
  const std::string& path = session.model().file.path;
  if (!o.chat_template.empty()) {
    const std::string source = read_template(o.chat_template);
    return {ChatPrompt(session.tokenizer(), source, o.chat_template), find_thinking_markers(source)};
  }
  const std::string source = find_chat_template(session.model().file);
  if (source.empty()) {
    fail("{}: has no chat template; --template FILE gives one, and pith run continues plain text",
         printable(path));
  }
  return {ChatPrompt(session.tokenizer(), source, path), find_thinking_markers(source)};
}

class Chat {
 public:
  explicit Chat(const ChatArguments& options)
      : options_(options),
        session_(options.model, options.prompt_cache),
        template_(open_template(options, session_)) {
    if (options.system) system_ = valid_text(*options.system, "--system");
  }

  int run() {
    if (input_.interactive()) note("/help lists the commands, /exit or end of input leaves");
    std::string message;
    while (true) {
      if (!read_message(message)) {
        if (!input_.interactive()) break;
        write_error_stream("\n");
        if (!interrupted()) break;
        continue;  // an interrupt takes back the line that was being typed
      }
      if (message.find_first_not_of(" \t\r\n") == std::string::npos) continue;
      if (message.starts_with('/') && !message.starts_with("//")) {
        if (!command(message)) break;
      } else {
        if (message.starts_with("//")) message.erase(0, 1);
        say(valid_text(std::move(message), "the message"));
      }
    }
    session_.save_prompt_cache();
    return !input_.interactive() && interrupted() ? kInterrupted : 0;
  }

 private:
  // One message: a line; several that end with a backslash but for the last; or all between two lines of """.
  bool read_message(std::string& message) {
    if (input_.interactive()) clear_interrupt();
    if (interrupted() || !input_.read("> ", message)) return false;
    if (message == "\"\"\"") {
      message.clear();
      for (std::string line; input_.read(". ", line) && line != "\"\"\"";) message += line + "\n";
      if (message.ends_with('\n')) message.pop_back();
      return !interrupted();
    }
    while (message.ends_with('\\')) {
      message.back() = '\n';
      std::string line;
      if (!input_.read(". ", line)) break;
      message += line;
    }
    return !interrupted();
  }

  // An answer to `text`; without an answer the conversation stays as it was.
  void say(std::string text) {
    messages_.push_back({{"role", "user"}, {"content", std::move(text)}});
    try {
      answer();
    } catch (const Error& e) {
      messages_.erase(messages_.size() - 1);
      if (!input_.interactive()) throw;
      write_note(e.what());
    }
  }

  void answer() {
    Request request = make_request(options_.generation);
    request.sampling.seed += regenerated_;
    Json all = Json::array();
    if (!system_.empty()) all.push_back({{"role", "system"}, {"content", system_}});
    for (const Json& m : messages_) all.push_back(m);
    const Json variables = template_variables(options_.thinking);
    request.prompt = template_.prompt.encode(all, variables);
    if (std::ssize(request.prompt) >= session_.context()) {
      fail("the conversation has {} tokens, the context is {}; /reset begins a new one, --ctx sets a larger",
           request.prompt.size(), session_.context());
    }
    bool ends_line = true;
    const Thinking thinking{template_.markers, template_.prompt.render(all, variables),
                            options_.thinking.show};
    last_ = session_.answer(request, thinking, [&](std::string_view piece) {
      if (options_.model.json) return;
      write_out(piece);
      ends_line = piece.back() == '\n';
    });
    const std::string& text = last_->choice().text;
    if (options_.model.json) {
      write_out(to_json_text(answer_json(session_, request, *last_)) + "\n");
    } else if (!ends_line || text.empty()) {
      write_out("\n");
    }
    messages_.push_back({{"role", "assistant"}, {"content", text}});
    if (options_.stats) report_stats(session_, *last_);
  }

  void regenerate() {
    if (messages_.empty()) return note("there is no answer yet");
    const Json before = messages_;
    messages_.erase(messages_.size() - 1);
    ++regenerated_;
    try {
      answer();
    } catch (const Error&) {
      messages_ = before;
      throw;
    }
  }

  void save(const std::string& path) {
    if (path.empty()) return note("/save FILE writes the conversation as JSON");
    Json all = Json::array();
    if (!system_.empty()) all.push_back({{"role", "system"}, {"content", system_}});
    for (const Json& m : messages_) all.push_back(m);
    const std::string text = all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
    write_file_atomically(path, std::as_bytes(std::span(text)));
    note("{}: {} messages", printable(path), all.size());
  }

  // False where the conversation ends.
  bool command(const std::string& line) {
    const std::size_t space = std::min(line.find(' '), line.size());
    const std::string name = line.substr(0, space);
    const std::size_t at = line.find_first_not_of(' ', space);
    const std::string rest = at == std::string::npos ? "" : line.substr(at);
    if (name == "/exit" || name == "/quit") return false;
    for (const Command& c : kCommands) {
      if (name != c.name) continue;
      try {
        (this->*c.action)(rest);
      } catch (const Error& e) {
        if (!input_.interactive()) throw;
        write_note(e.what());
      }
      return true;
    }
    if (!input_.interactive()) fail("unknown command '{}'; /help lists them", printable(name, 40));
    note("unknown command '{}'; /help lists them, // begins a message with a slash", printable(name, 40));
    return true;
  }

  void on_help(const std::string&) {
    for (const Command& c : kCommands) write_error_stream(fmt::format("  {:<16} {}\n", c.usage, c.help));
    write_error_stream(
        "  /exit            leave\n"
        "A line that ends with \\ goes on in the next one; \"\"\" alone begins and ends a block "
        "of lines.\n");
  }
  void on_reset(const std::string&) { messages_ = Json::array(); }
  void on_system(const std::string& text) {
    if (text.empty()) return note("{}", system_.empty() ? "no system message" : printable(system_, 1000));
    system_ = valid_text(text, "the system message");
  }
  void on_save(const std::string& path) { save(path); }
  void on_regenerate(const std::string&) { regenerate(); }
  void on_stats(const std::string&) {
    if (!last_) return note("there is no answer yet");
    report_stats(session_, *last_);
  }

  struct Command {
    const char* name;
    const char* usage;
    const char* help;
    void (Chat::*action)(const std::string&);
  };
  static const Command kCommands[6];

  const ChatArguments& options_;
  Session session_;
  Template template_;
  LineReader input_;
  std::string system_;
  Json messages_ = Json::array();
  std::optional<Answered> last_;
  std::uint64_t regenerated_ = 0;  // moves the seed, so that another answer comes
};

const Chat::Command Chat::kCommands[6] = {
    {"/help", "/help", "list the commands", &Chat::on_help},
    {"/reset", "/reset", "forget the conversation", &Chat::on_reset},
    {"/system", "/system TEXT", "set the system message; without a text, show it", &Chat::on_system},
    {"/save", "/save FILE", "write the conversation as JSON", &Chat::on_save},
    {"/regenerate", "/regenerate", "another answer to the last message", &Chat::on_regenerate},
    {"/stats", "/stats", "speed of the last answer", &Chat::on_stats},
};

}  // namespace

Action declare_chat(Options& options) {
  auto o = std::make_shared<ChatArguments>();
  declare_model_options(options, o->model, "one JSON object a line for each answer, as pith run --json");
  options.option("--system", o->system, "TEXT", "the system message");
  options.option("--template", o->chat_template, "FILE", "this chat template instead of the model's");
  declare_thinking_options(options, o->thinking);
  options.flag("--stats", o->stats, "speed of each answer on stderr");
  declare_prompt_cache_option(options, o->prompt_cache);
  declare_generation_options(options, o->generation);
  declare_engine_options(options, o->model);
  options.example("pith chat -m model.gguf --system \"Answer in one sentence.\"");
  options.example("printf 'Hello\\nAnd now in French\\n' | pith chat -m model.gguf");
  return [o] { return Chat(*o).run(); };
}

}  // namespace pith::cli
