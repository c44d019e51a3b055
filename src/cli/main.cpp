// pith: dispatches to a command and turns what goes wrong into one line and an exit code.
#include <algorithm>
#include <cstdlib>
#include <new>
#include <span>
#include <system_error>

#include "base/error.h"
#include "cli/alone.h"
#include "cli/commands.h"
#include "cli/terminal.h"

namespace pith::cli {
namespace {

struct Command {
  std::string_view name;  // one word, or two: those that share the first are a group
  const char* summary;
  Action (*declare)(Options&);
};
constexpr Command kCommands[] = {
    {"run", "a prompt in, the model's answer out", declare_run},
    {"chat", "a conversation with the model", declare_chat},
    {"batch", "a file of prompts in, a file of answers out", declare_batch},
    {"inspect", "what a model file holds, and the memory it needs", declare_inspect},
    {"tokenize", "text to token ids and back", declare_tokenize},
    {"logits", "the logits of given tokens, for comparing with other engines", declare_logits},
    {"template", "what a chat template makes of a conversation", declare_template},
    {"quantize", "a model file with its weights in another storage type", declare_quantize},
    {"convert", "a Hugging Face directory becomes a GGUF file", declare_convert},
    {"trace", "what a strategy of reasoning did, as a tree", declare_trace},
    {"synth", "a model file with random weights of a known shape", declare_synth},
    {"eval perplexity", "how surprised a model is by a text", declare_eval_perplexity},
    {"eval choice", "questions with answers to choose from", declare_eval_choice},
    {"eval generate", "questions that the model answers in its own words", declare_eval_generate},
    {"eval kl", "how far one model's predictions are from another's", declare_eval_kl},
    {"score", "the log probability of given texts, or a reward model's opinion of them", declare_score},
    {"plan fit", "scaling laws fitted to training runs", declare_plan_fit},
    {"plan train", "the best model and data size for a budget, or for a loss", declare_plan_train},
    {"plan serve", "what a model takes to run, and how fast it can be", declare_plan_serve},
    {"plan lifetime", "the model size that costs least to train and then to use", declare_plan_lifetime},
    {"bench", "how fast a model runs here, and how near that is to the machine's limits", declare_bench},
};

std::string overview(std::string_view group) {
  std::string out = group.empty()
                        ? "pith - run language models on this machine\n\nUsage: pith COMMAND [options]\n\n"
                        : fmt::format("Usage: pith {} COMMAND [options]\n\n", group);
  for (const Command& c : kCommands) {
    if (group.empty() || c.name.starts_with(fmt::format("{} ", group)))
      out += fmt::format("  {:<15} {}\n", c.name, c.summary);
  }
  if (!group.empty()) return out;
  return out +
         "\n  --version       show the version\n"
         "  --help          show this; pith COMMAND --help shows a command's options\n"
         "\nExample:\n  pith run -m model.gguf \"Once upon a time\"\n";
}

bool is_group(std::string_view name) {
  return std::ranges::any_of(kCommands,
                             [&](const Command& c) { return c.name.starts_with(fmt::format("{} ", name)); });
}

const Command& find_command(const std::string& name) {
  std::vector<std::string> names;
  for (const Command& c : kCommands) {
    if (name == c.name) return c;
    names.emplace_back(c.name);
  }
  const std::string guess = nearest(name, names);
  fail_usage("unknown command '{}'{} (see: pith --help)", printable(name, 40),
             guess.empty() ? "" : "; did you mean " + guess + "?");
}

bool is_help(const std::string& word) { return word == "--help" || word == "-h" || word == "help"; }

int dispatch(std::vector<std::string> arguments) {
  if (arguments.empty()) fail_usage("no command (see: pith --help)");
  const auto next = [&] {
    std::string word = arguments.front();
    arguments.erase(arguments.begin());
    return word;
  };
  std::string name = next();
  if (name == "--version") {
    write_out("pith " PITH_VERSION "\n");
    return 0;
  }
  const bool help = is_help(name);
  if (help && name == "help" && !arguments.empty()) {
    name = next();
    arguments.push_back("--help");
  } else if (help) {
    name.clear();
  }
  const bool group = is_group(name);
  if (name.empty() || (group && !arguments.empty() && is_help(arguments.front()))) {
    write_out(overview(name));
    return 0;
  }
  if (group) {
    if (arguments.empty()) fail_usage("{}: no command (see: pith {} --help)", name, name);
    name += " " + next();
  }
  const Command& command = find_command(name);
#ifdef PITH_SHARED
  if (command.declare == declare_plan_fit) run_with_shared_libraries(command.name, arguments);
#endif
  Options options(std::string(command.name), command.summary);
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
