#include "cli/generation.h"

#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/input.h"
#include "cli/paths.h"
#include "cli/terminal.h"
#include "text/model_text.h"

namespace pith::cli {
namespace {

using Json = nlohmann::ordered_json;

// Short enough to be typed again.
std::uint64_t random_seed() {
  std::uint32_t seed;
  if (getentropy(&seed, sizeof seed) != 0) fail("the system gives no random numbers; --seed sets the seed");
  return seed;
}

double milliseconds(std::int64_t ns) { return static_cast<double>(ns) / 1e6; }
double per_second(std::int64_t n, std::int64_t ns) {
  return ns > 0 ? static_cast<double>(n) * 1e9 / static_cast<double>(ns) : 0;
}

// Bytes of weights that one token's pass reads.
std::uint64_t bytes_per_token(const Model& model) {
  std::uint64_t bytes = model.weight_bytes();
  if (!model.weights.tied) bytes -= static_cast<std::uint64_t>(model.weights.embedding.bytes());
  for (std::size_t i = 0; i < model.spec.layers.size(); ++i) {
    const auto& experts = model.weights.layers[i].moe.experts;
    for (auto e = static_cast<std::size_t>(model.spec.layers[i].ffn.moe.active); e < experts.size(); ++e) {
      for (const Linear* w : {&experts[e].gate, &experts[e].up, &experts[e].down})
        if (*w) bytes -= static_cast<std::uint64_t>(w->weight.bytes());
    }
  }
  return bytes;
}

// From the first token of the answer to its end.
std::int64_t generation_ns(const Result& r) { return r.timings.total - r.timings.first_token; }

Json logprobs_json(const Tokenizer& tokenizer, TokenId id, const Logprobs& p) {
  const auto token = [&](TokenId t, float logprob) {
    return Json{{"id", t},
                {"token", tokenizer.contains(t) ? std::string(tokenizer.piece(t)) : std::string()},
                {"logprob", logprob}};
  };
  Json out = token(id, p.logprob);
  if (!p.top.empty()) {
    Json& top = out["top"] = Json::array();
    for (const TokenLogprob& t : p.top) top.push_back(token(t.id, t.logprob));
  }
  return out;
}

}  // namespace

SchedulerOptions scheduler_options(const ModelOptions& values) {
  SchedulerOptions o;
  o.step_tokens = values.batch;
  o.chunk = values.chunk;
  return o;
}

void declare_prompt_cache_option(Options& options, std::string& path) {
  options.option("--prompt-cache", path, "FILE",
                 "keep what was read of prompts in this file, and begin with what it has");
}

void restore_prompt_cache(Scheduler& scheduler, const std::string& path) {
  if (path.empty()) return;
  if (is_there(path)) {
    scheduler.restore_prefixes(path);
  } else {
    check_output(path, {});
  }
}

void declare_think_option(Options& options, ThinkingOptions& values) {
  options.choice("--think", values.think, {"on", "off", "auto"},
                 "whether a reasoning model thinks first, where its template knows; auto: as the template "
                 "says (auto)");
}

void declare_thinking_options(Options& options, ThinkingOptions& values) {
  declare_think_option(options, values);
  options.flag("--show-thinking", values.show, "the reasoning on stderr");
}

Json template_variables(const ThinkingOptions& values) {
  if (values.think == "auto") return Json::object();
  const bool on = values.think == "on";
  return {{"enable_thinking", on}, {"thinking", on}};  // the names that templates use
}

void declare_generation_options(Options& options, GenerationOptions& v, const std::string& seed_help) {
  const auto with = [](const char* text, auto value) { return fmt::format("{} ({})", text, value); };
  options.group("Generation");
  options.option(
      "-n,--max-tokens", v.max_tokens, "N",
      v.max_tokens >= 0
          ? with("tokens of the answer at most", v.max_tokens)
          : "tokens of the answer at most; default: until the model ends it or the context is full");
  options.option("--stop", v.stop, "TEXT", "end before this text; may be given several times");
  options.flag("--ignore-eos", v.ignore_eos, "go on where the model would end");
  options.option("--seed", v.seed, "N", seed_help);
  options.group("Sampler, in this order");
  options.option("--logit-bias", v.logit_bias, "ID=BIAS",
                 "added to a token's logit; -inf forbids it; may be given several times");
  SamplingOptions& s = v.sampling;
  options.option("--repeat-penalty", s.repetition_penalty, "X",
                 with("logits of tokens that were there are divided by X; 1: off", s.repetition_penalty));
  options.option("--frequency-penalty", s.frequency_penalty, "X",
                 with("subtracted for each time a token was in the answer; 0: off", s.frequency_penalty));
  options.option("--presence-penalty", s.presence_penalty, "X",
                 with("subtracted once if a token was in the answer; 0: off", s.presence_penalty));
  options.option("--repeat-last-n", s.penalty_window, "N",
                 with("the penalties look at the last N tokens; 0: at all", s.penalty_window));
  options.option("--temp", s.temperature, "X",
                 with("logits are divided by X; 0: always the most probable token", s.temperature));
  options.option("--top-k", s.top_k, "N", with("keep the N most probable tokens; 0: all", s.top_k));
  options.option("--top-p", s.top_p, "P",
                 with("keep the fewest tokens that have this probability together; 1: all", s.top_p));
  options.option("--min-p", s.min_p, "P",
                 with("keep tokens at least P times as probable as the best; 0: all", s.min_p));
  options.option(
      "--typical", s.typical, "P",
      with("keep those of most typical information with this probability together; 1: all", s.typical));
}

Request make_request(const GenerationOptions& values) {
  Request request;
  request.sampling = values.sampling;
  request.sampling.seed = values.seed ? *values.seed : random_seed();
  request.max_tokens = values.max_tokens;
  request.stop = values.stop;
  request.ignore_eos = values.ignore_eos;
  if (values.max_tokens < -1) fail_usage("--max-tokens: expected at least 0, found {}", values.max_tokens);
  for (const std::string& stop : values.stop)
    if (stop.empty()) fail_usage("--stop: expected a text, found an empty one");
  for (const std::string& bias : values.logit_bias) {
    const std::size_t at = bias.find('=');
    if (at == std::string::npos)
      fail_usage("--logit-bias: expected ID=BIAS, found '{}'", printable(bias, 40));
    std::pair<int, float> entry;
    read_argument("--logit-bias", bias.substr(0, at), entry.first);
    if (bias.substr(at + 1) == "-inf") {
      entry.second = -std::numeric_limits<float>::infinity();
    } else {
      read_argument("--logit-bias", bias.substr(at + 1), entry.second);
    }
    request.sampling.logit_bias.push_back(entry);
  }
  return request;
}

Session::Session(const ModelOptions& options, std::string prompt_cache, int sequences)
    : model_(open_model(find_model(options.model))),
      tokenizer_(need_tokenizer(model_->file)),
      engine_(model_, plan_engine(*model_, options, sequences)),
      scheduler_(engine_, tokenizer_, scheduler_options(options)),
      prompt_cache_(std::move(prompt_cache)) {
  report_engine(options, engine_);
  if (model_->weights.reward) {
    note("{}: is a reward model, for pith score --reward; its text means little",
         printable(model_->file.path, 400));
  }
  restore_prompt_cache(scheduler_, prompt_cache_);
}

void Session::save_prompt_cache() const {
  if (!prompt_cache_.empty()) scheduler_.save_prefixes(prompt_cache_);
}

Answered Session::answer(Request request, const Thinking& thinking,
                         const std::function<void(std::string_view)>& text) {
  const auto prompt = std::ssize(request.prompt);
  if (prompt > context())
    fail("the prompt has {} tokens, the context is {}; --ctx sets it", prompt, context());
  if (thinking.markers) request.special_text = are_special(*thinking.markers, tokenizer_);

  Answered answered;
  std::string answer;
  ThinkingSplitter splitter(thinking.markers, thinking.prompt);
  const auto take = [&](const std::vector<ThinkingSplitter::Piece>& pieces) {
    for (const ThinkingSplitter::Piece& piece : pieces) {
      if (piece.thinking) {
        answered.thinking += piece.text;
        if (thinking.show) write_error_stream(piece.text);
      } else {
        answer += piece.text;
        text(piece.text);
      }
    }
  };
  std::optional<Result> result;
  scheduler_.submit(
      std::move(request), [&](Result r) { result = std::move(r); },
      [&](const TokenEvent& event) {
        if (event.id >= 0 && splitter.thinking()) ++answered.thinking_tokens;
        take(splitter.push(event.text));
      });
  while (!result && scheduler_.step()) {
    if (interrupted()) scheduler_.cancel_all();
  }
  if (!result) fail("the request got no answer");
  take(splitter.finish());
  if (thinking.show && !answered.thinking.empty()) write_error_stream("\n");
  answered.result = *std::move(result);
  Choice& choice = answered.result.choices.at(0);
  if (choice.finish == FinishReason::Failed) throw Error(choice.error);
  choice.text = std::move(answer);
  return answered;
}

Json answer_json(const Session& session, const Request& request, const Answered& answered) {
  const Result& result = answered.result;
  const Choice& choice = answered.choice();
  const auto tokens = static_cast<std::int64_t>(choice.ids.size());
  Json out{
      {"text", choice.text},
      {"tokens", choice.ids},
      {"finish_reason", finish_reason_name(choice.finish)},
      {"usage",
       {{"prompt_tokens", result.prompt_tokens},
        {"cached_tokens", result.cached_tokens},
        {"completion_tokens", tokens},
        {"thinking_tokens", answered.thinking_tokens},
        {"total_tokens", result.prompt_tokens + tokens}}},
      {"timings",
       {{"prompt_ms", milliseconds(result.timings.prefill)},
        {"first_token_ms", milliseconds(result.timings.first_token)},
        {"total_ms", milliseconds(result.timings.total)},
        {"prompt_per_second",
         per_second(result.prompt_tokens - result.cached_tokens, result.timings.prefill)},
        {"completion_per_second", per_second(std::max<std::int64_t>(tokens - 1, 0), generation_ns(result))}}},
      {"seed", choice.seed},
      {"model", session.model().file.path},
  };
  if (!answered.thinking.empty()) out["thinking"] = answered.thinking;
  if (request.prompt_logprobs) {
    Json& list = out["prompt_logprobs"] = Json::array();
    for (std::size_t i = 0; i < result.prompt_logprobs.size(); ++i)
      list.push_back(logprobs_json(session.tokenizer(), request.prompt[i + 1], result.prompt_logprobs[i]));
  }
  if (request.logprobs >= 0) {
    Json& list = out["logprobs"] = Json::array();
    for (std::size_t i = 0; i < choice.logprobs.size(); ++i)
      list.push_back(logprobs_json(session.tokenizer(), choice.ids[i], choice.logprobs[i]));
  }
  return out;
}

void report_stats(const Session& session, const Answered& answered) {
  const Result& result = answered.result;
  const Choice& choice = answered.choice();
  const auto tokens = static_cast<std::int64_t>(choice.ids.size());
  const double speed = per_second(std::max<std::int64_t>(tokens - 1, 0), generation_ns(result));
  note("prompt {} tokens ({} cached), {:.1f} tokens/s, first token after {:.1f} ms", result.prompt_tokens,
       result.cached_tokens, per_second(result.prompt_tokens - result.cached_tokens, result.timings.prefill),
       milliseconds(result.timings.first_token));
  note("answer {} tokens{}, {:.1f} tokens/s, {:.2f} GB/s of weights, ended by {}", tokens,
       answered.thinking_tokens > 0 ? fmt::format(" ({} of them thinking)", answered.thinking_tokens) : "",
       speed, speed * static_cast<double>(bytes_per_token(session.model())) / 1e9,
       finish_reason_name(choice.finish));
  note("seed {}", choice.seed);
}

void report_logprobs(const Session& session, const Request& request, const Answered& answered) {
  const Result& result = answered.result;
  const Tokenizer& tokenizer = session.tokenizer();
  const auto name = [&](TokenId id) {
    return tokenizer.contains(id) ? printable(tokenizer.spelling(id)) : std::string();
  };
  const auto line = [&](TokenId id, const Logprobs& p) {
    std::string text = fmt::format("{}\t{}\t{:.4f}", id, name(id), p.logprob);
    for (const TokenLogprob& t : p.top) text += fmt::format("\t{} {:.4f}", name(t.id), t.logprob);
    write_error_stream(text + "\n");
  };
  for (std::size_t i = 0; i < result.prompt_logprobs.size(); ++i)
    line(request.prompt[i + 1], result.prompt_logprobs[i]);
  const Choice& choice = result.choices.at(0);
  for (std::size_t i = 0; i < choice.logprobs.size(); ++i) line(choice.ids[i], choice.logprobs[i]);
}

}  // namespace pith::cli
