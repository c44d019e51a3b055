// pith: dispatches to a command and turns what goes wrong into one line and an exit code.
#include <cstdlib>
#include <new>
#include <span>
#include <system_error>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/terminal.h"

namespace pith::cli {
namespace {

struct Command {
  const char* name;
  const char* summary;
  Action (*declare)(Options&);
};
constexpr Command kCommands[] = {
    {"run", "a prompt in, the model's answer out", declare_run},
    {"chat", "a conversation with the model", declare_chat},
    {"inspect", "what a model file holds, and the memory it needs", declare_inspect},
    {"tokenize", "text to token ids and back", declare_tokenize},
    {"logits", "the logits of given tokens, for comparing with other engines", declare_logits},
    {"template", "what a chat template makes of a conversation", declare_template},
    {"quantize", "a model file with its weights in another storage type", declare_quantize},
    {"convert", "a Hugging Face directory becomes a GGUF file", declare_convert},
    {"synth", "a model file with random weights of a known shape", declare_synth},
};

constexpr int kFailed = 1, kUsage = 2, kInterrupted = 130;

std::string overview() {
  std::string out = "pith - run language models on this machine\n\nUsage: pith COMMAND [options]\n\n";
  for (const Command& c : kCommands) out += fmt::format("  {:<10} {}\n", c.name, c.summary);
  return out +
         "\n  --version  show the version\n"
         "  --help     show this; pith COMMAND --help shows a command's options\n"
         "\nExample:\n  pith run -m model.gguf \"Once upon a time\"\n";
}

const Command& find_command(const std::string& name) {
  std::vector<std::string> names;
  for (const Command& c : kCommands) {
    if (name == c.name) return c;
    names.push_back(c.name);
  }
  const std::string guess = nearest(name, names);
  fail_usage("unknown command '{}'{} (see: pith --help)", printable(name, 40),
             guess.empty() ? "" : "; did you mean " + guess + "?");
}

int dispatch(std::vector<std::string> arguments) {
  if (arguments.empty()) fail_usage("no command (see: pith --help)");
  std::string name = arguments.front();
  arguments.erase(arguments.begin());
  if (name == "--version") {
    write_out("pith " PITH_VERSION "\n");
    return 0;
  }
  if (name == "help" && !arguments.empty()) {
    name = arguments.front();
    arguments = {"--help"};
  }
  if (name == "--help" || name == "-h" || name == "help") {
    write_out(overview());
    return 0;
  }
  const Command& command = find_command(name);
  Options options(command.name, command.summary);
  const Action action = command.declare(options);
  return options.parse(std::move(arguments)) ? action() : 0;
}

}  // namespace
}  // namespace pith::cli

int main(int argc, char** argv) {
  using namespace pith::cli;
  prepare_process();
  try {
    return dispatch({argv + (argc > 0 ? 1 : 0), argv + argc});
  } catch (const pith::UsageError& e) {
    write_note(e.what());
    return kUsage;
  } catch (const OutputClosed&) {
    return 0;
  } catch (const std::bad_alloc&) {
    write_note("not enough memory");
  } catch (const std::system_error& e) {  // no thread, no file descriptor
    write_note(fmt::format("the system refused: {}", e.what()));
  } catch (const std::exception& e) {
    write_note(e.what());
  }
  return interrupted() ? kInterrupted : kFailed;
}
