// pith-lab: makes small language models from nothing, one step a command (see tools/train/reproduce.sh).
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <vector>

#include "base/error.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "train/bpe/tokenizer.h"
#include "train/commands.h"
#include "train/corpus/corpus.h"
#include "train/dpo.h"
#include "train/eval/eval.h"
#include "train/eval/judging.h"
#include "train/eval/pairs.h"
#include "train/export.h"
#include "train/pretrain.h"
#include "train/reward.h"
#include "train/rlhf.h"
#include "train/sft.h"

namespace pith::lab {
namespace {

struct Step {
  const char* name;
  const char* summary;
  Command run;
  bool resumes = false;  // goes on from a checkpoint, so that an interrupt waits for one
};
// In the order in which a model is made.
const std::vector<Step> kSteps = {
    {"corpus", "the documents, conversations and tasks that models learn from", make_corpus},
    {"tokenizer", "byte-level BPE of the corpus, and the corpus as token streams", make_tokenizer},
    {"pretrain", "next-token prediction: a trunk and its cooldowns", pretrain, true},
    {"sft", "fine-tuning on conversations", sft, true},
    {"reward", "a reward model from comparisons", reward, true},
    {"rlhf", "PPO against a reward model", rlhf, true},
    {"dpo", "learning from pairs directly", dpo, true},
    {"pairs", "answers of a model in pairs, ranked by a program, for the reward model", make_pairs},
    {"rank", "how often a reward model ranks pairs as the annotator does", rank_pairs},
    {"best-of", "what the best of N answers by a reward model is worth", best_of},
    {"eval", "the share of right answers by kind of question", eval},
    {"export", "a checkpoint as a GGUF model file", export_model},
};

constexpr int kFailed = 1, kUsage = 2;

void check_step(std::string_view name) {
  std::vector<std::string> names;
  for (const Step& step : kSteps) names.emplace_back(step.name);
  if (name.starts_with('-') || std::ranges::find(names, name) != names.end()) return;
  const std::string guess = cli::nearest(name, names);
  fail_usage("unknown step '{}'{} (see: pith-lab --help)", printable(name, 40),
             guess.empty() ? "" : "; did you mean " + guess + "?");
}

// The first step makes the run's folder; another one would find nothing in a new one.
void enter(const std::filesystem::path& folder, const Step& step) {
  const Step& first = kSteps.front();
  std::error_code error;
  if (&step == &first) std::filesystem::create_directories(folder, error);
  if (!error) std::filesystem::current_path(folder, error);
  if (error) {
    fail("--dir {}: {}{}", printable(folder.string(), 400), error.message(),
         &step == &first ? "" : fmt::format("; pith-lab {} makes it", first.name));
  }
}

int run(int argc, char** argv) {
  if (argc > 1) check_step(argv[1]);
  CLI::App app("pith-lab - makes small language models from nothing", "pith-lab");
  app.require_subcommand(1);
  app.footer("Example:\n  pith-lab corpus tools/train/configs/corpus.json --dir run");
  std::string config, folder = ".";
  const Step* chosen = nullptr;
  for (const Step& step : kSteps) {
    CLI::App* command = app.add_subcommand(step.name, step.summary);
    command->add_option("CONFIG", config, "the step's settings, a JSON file")->required();
    command->add_option("--dir", folder, "the run's folder: paths in CONFIG are relative to it");
    command->callback([&chosen, &step] { chosen = &step; });
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);  // --help
    fail_usage("{} (see: pith-lab --help)", printable(e.what(), 200));
  }
  const Config settings = Config::open(config);
  enter(folder, *chosen);
  if (!chosen->resumes) std::signal(SIGINT, SIG_DFL);
  chosen->run(settings);
  return 0;
}

}  // namespace
}  // namespace pith::lab

int main(int argc, char** argv) {
  pith::cli::prepare_process();
  try {
    return pith::lab::run(argc, argv);
  } catch (const pith::UsageError& e) {
    fmt::print(stderr, "pith-lab: {}\n", e.what());
    return pith::lab::kUsage;
  } catch (const std::exception& e) {
    fmt::print(stderr, "pith-lab: {}\n", e.what());
    return pith::lab::kFailed;
  }
}
