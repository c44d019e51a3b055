// pith run: one prompt, one answer.
#include <nlohmann/json.hpp>

#include "analyse/expert_stats.h"
#include "base/error.h"
#include "base/file.h"
#include "base/utf8.h"
#include "cli/commands.h"
#include "cli/generation.h"
#include "cli/input.h"
#include "cli/paths.h"
#include "cli/reasoning.h"
#include "cli/terminal.h"
#include "text/chat_prompt.h"
#include "text/model_text.h"

namespace pith::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Run {
  ModelOptions model;
  GenerationOptions generation;
  std::optional<std::string> prompt, system;
  std::string file, chat_template, expert_stats, prompt_cache;
  ThinkingOptions thinking;
  ReasonOptions reason;
  std::string trace;
  bool raw = false, echo = false, stats = false, answer_only = false;
  std::optional<int> logprobs;
};

struct TemplateSource {
  std::string source, name;  // the source empty: none
};

TemplateSource find_template(const Run& o, const ModelFile& file) {
  TemplateSource found{"", file.path};
  if (!o.chat_template.empty()) {
    found = {read_template(o.chat_template), o.chat_template};
  } else if (!o.raw) {
    found.source = find_chat_template(file);
  }
  if (found.source.empty() && o.system) fail("--system needs a chat template, and the model has none");
  if (o.model.verbose) {
    if (!found.source.empty())
      note("prompted as a user message through the chat template of {}", printable(found.name, 400));
    if (found.source.empty()) note("prompted raw: {}", o.raw ? "as asked" : "the model has no chat template");
  }
  return found;
}

// What the model reads, as text for --echo and as ids.
struct Prompt {
  std::string text;
  std::vector<TokenId> ids;
  const ThinkingMarkers* markers = nullptr;
};

Prompt make_prompt(const Run& o, const Session& session, std::string text) {
  const auto [source, name] = find_template(o, session.model().file);
  if (source.empty()) {
    std::vector<TokenId> ids = session.tokenizer().encode(text, {.add_special = true});
    if (ids.empty())
      fail("the prompt is empty, and {} has no token that begins a text",
           printable(session.model().file.path, 400));
    return {std::move(text), std::move(ids)};
  }
  const ChatPrompt prompt(session.tokenizer(), source, name);
  Json messages = Json::array();
  if (o.system) messages.push_back({{"role", "system"}, {"content", valid_text(*o.system, "--system")}});
  messages.push_back({{"role", "user"}, {"content", text}});
  const Json variables = template_variables(o.thinking);
  return {prompt.render(messages, variables), prompt.encode(messages, variables),
          find_thinking_markers(source)};
}

std::string read_prompt(const Run& o) {
  std::string text = read_text(o.prompt, o.file, "run");
  // A file ends with a newline that is no part of its text, as in the shell's $(...).
  if ((!o.prompt || *o.prompt == "-") && text.ends_with('\n')) text.pop_back();
  if (text.empty() && !o.raw) fail_usage("run: the prompt is empty; with --raw a model begins a text itself");
  return valid_text(std::move(text), "the prompt");
}

// Tokens shown of each expert's specialities.
constexpr std::size_t kSpecialities = 16;

void write_expert_stats(const std::string& path, const ExpertStats& stats, const Session& session) {
  const Tokenizer& tokenizer = session.tokenizer();
  const auto piece = [&](TokenId id) {
    return tokenizer.contains(id) ? replace_invalid_utf8(tokenizer.spelling(id)) : std::string();
  };
  const std::string text = to_json_text(stats.report(session.model().file.path, kSpecialities, piece)) + "\n";
  write_file_atomically(path, std::as_bytes(std::span(text)));
}

// The final answer on stdout, or what the rule finds; what led there on stderr.
void print_outcome(const Run& o, const Outcome& outcome) {
  if (o.thinking.show) write_error_stream(std::string_view(outcome.text).substr(0, outcome.steps));
  write_out(o.answer_only ? *outcome.answer : outcome.final_answer());
  if (stdout_is_terminal()) write_out("\n");
}

// Nothing where the user interrupts.
std::optional<Outcome> answer(const Reasoner& reasoner, Scheduler& scheduler, const Question& question,
                              const Request& request) {
  std::optional<Outcome> outcome;
  std::exception_ptr error;
  Generator generator(scheduler);
  generator.start([&] { outcome = reasoner.answer(generator, question, request); },
                  [&](std::exception_ptr e) { error = e; });
  while (generator.step()) {
    if (interrupted()) generator.cancel_all();
  }
  try {
    if (error) std::rethrow_exception(error);
  } catch (const Interrupted&) {
    outcome.reset();
  }
  return outcome;
}

int run_with_strategy(const Run& o, const Request& request, std::string text) {
  if (o.echo || o.logprobs || !o.expert_stats.empty())
    fail_usage("run: --reason has no --echo, --logprobs or --expert-stats");
  Session session(o.model, o.prompt_cache, 0);
  if (!o.trace.empty()) check_output(o.trace, {o.file, session.model().file.path});
  request.sampling.check(session.model().spec.vocab);
  const TemplateSource source = find_template(o, session.model().file);
  const Reasoner reasoner = make_reasoner(o.reason, o.model, request.sampling,
                                          make_prompts(o.reason, session.tokenizer(), source.source,
                                                       source.name, template_variables(o.thinking)));
  Question question;
  if (o.system) question.push_back({"system", valid_text(*o.system, "--system")});
  question.push_back({"user", std::move(text)});

  const std::optional<Outcome> outcome = answer(reasoner, session.scheduler(), question, request);
  if (!outcome) return kInterrupted;
  session.save_prompt_cache();
  if (!o.trace.empty()) write_trace(o.trace, outcome->trace);
  if (o.model.json) {
    Json out = outcome_json(*outcome);
    out["seed"] = request.sampling.seed;
    out["model"] = session.model().file.path;
    write_out(to_json_text(out) + "\n");
  }
  if (o.stats) report_cost(*outcome);
  if (reasoner.settings.judge == JudgeKind::Program && outcome->score == 0.0)
    note("--verify passed none of the texts; this is the first of them");
  reasoner.need_answer(*outcome);
  if (!o.model.json) print_outcome(o, *outcome);
  return 0;
}

int run(const Run& o) {
  if (o.raw && !o.chat_template.empty()) fail_usage("run: --raw and --template exclude each other");
  if (o.raw && o.system) fail_usage("run: --system needs a chat template, and --raw turns it off");
  if (o.logprobs && *o.logprobs < 0) fail_usage("--logprobs: expected at least 0, found {}", *o.logprobs);
  Request request = make_request(o.generation);
  std::string text = read_prompt(o);
  if (interrupted()) return kInterrupted;
  if (!o.reason.strategy.empty()) return run_with_strategy(o, request, std::move(text));
  Session session(o.model, o.prompt_cache);
  request.sampling.check(session.model().spec.vocab);
  std::optional<ExpertStats> experts;
  if (!o.expert_stats.empty()) {
    experts.emplace(session.model().spec);
    check_output(o.expert_stats, {o.file, session.model().file.path});
    if (experts->layers().empty())
      fail("--expert-stats: {} has no experts", printable(session.model().file.path, 400));
    session.observe(&*experts);
  }
  Prompt prompt = make_prompt(o, session, std::move(text));
  request.prompt = std::move(prompt.ids);
  if (o.logprobs) {
    request.logprobs = *o.logprobs;
    request.prompt_logprobs = o.echo;
  }

  bool ends_line = true;
  const auto print = [&](std::string_view piece) {
    if (o.model.json || piece.empty()) return;
    write_out(piece);
    ends_line = piece.back() == '\n';
  };
  if (o.echo) print(prompt.text);
  const Answered answered = session.answer(request, {prompt.markers, prompt.text, o.thinking.show}, print);
  session.save_prompt_cache();
  if (experts) write_expert_stats(o.expert_stats, *experts, session);
  if (o.model.json) {
    Json out = answer_json(session, request, answered);
    if (o.echo) out["text"] = prompt.text + answered.choice().text;
    write_out(to_json_text(out) + "\n");
  } else if (!ends_line && stdout_is_terminal()) {
    write_out("\n");
  }
  if (o.logprobs && !o.model.json) report_logprobs(session, request, answered);
  if (o.stats) report_stats(session, answered);
  return answered.choice().finish == FinishReason::Interrupted ? kInterrupted : 0;
}

}  // namespace

Action declare_run(Options& options) {
  auto o = std::make_shared<Run>();
  options.positional("PROMPT", o->prompt, "the text; '-' or nothing: standard input, read to its end");
  declare_model_options(options, o->model,
                        "one JSON object: text, tokens, finish_reason, usage, timings, seed, model");
  options.option("-f,--file", o->file, "FILE", "the prompt is this file's text");
  options.option("--system", o->system, "TEXT", "a system message before the prompt");
  options.flag("--raw", o->raw, "no chat template: the model continues the text as it is");
  options.option("--template", o->chat_template, "FILE", "this chat template instead of the model's");
  declare_thinking_options(options, o->thinking);
  options.flag("--echo", o->echo, "print the prompt too");
  options.option("--logprobs", o->logprobs, "K",
                 "log-probabilities with K alternatives: in the JSON object, else on stderr; with --echo of "
                 "the prompt too");
  options.flag("--stats", o->stats, "speed, time to the first token and seed on stderr");
  options.option("--expert-stats", o->expert_stats, "FILE",
                 "of a mixture of experts: their load, entropy, co-activation and specialities, as JSON");
  declare_prompt_cache_option(options, o->prompt_cache);
  declare_generation_options(options, o->generation);
  declare_reason_options(options, o->reason);
  options.flag("--answer-only", o->answer_only, "print what the rule found, and nothing else");
  options.option("--trace", o->trace, "FILE", "every text with its score, for pith trace");
  declare_engine_options(options, o->model);
  options.example("pith run -m model.gguf --temp 0 \"Once upon a time\"");
  options.example("pith run -m model.gguf --reason self-consistency:8 \"What is 17 times 3?\"");
  options.example("cat question.txt | pith run -m model.gguf --json");
  return [o] { return run(*o); };
}

}  // namespace pith::cli
