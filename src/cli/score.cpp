// pith score: the log probability of given texts, or a reward model's opinion of them.
#include <nlohmann/json.hpp>

#include "analyse/tasks.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/evaluation.h"
#include "cli/input.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "generate/reward.h"
#include "text/chat_prompt.h"
#include "text/model_text.h"

namespace pith::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Score {
  EvaluationOptions evaluation;
  std::optional<std::string> file;
  bool reward = false;
};

// The prompt as it is, scored from its second token on.
TokenizedPair whole_prompt(const Tokenizer& tokenizer, const std::string& text) {
  std::vector<TokenId> ids = tokenizer.encode(text, {.add_special = true});
  if (ids.empty()) fail("the prompt gives no token");
  return {std::move(ids), 1};
}

std::vector<TokenizedPair> tokenize(const Tokenizer& tokenizer, const ScoreItem& item) {
  if (!item.messages.empty()) fail("'messages' are for --reward");
  std::vector<TokenizedPair> pairs;
  for (const std::string& c : item.continuations) pairs.push_back(tokenize_pair(tokenizer, item.prompt, c));
  if (pairs.empty()) pairs.push_back(whole_prompt(tokenizer, item.prompt));
  return pairs;
}

Json scores_json(const TokenizedPair& pair, const Result& result) {
  const auto scored = std::span(pair.tokens).subspan(static_cast<std::size_t>(pair.from));
  Json logprobs = Json::array();
  for (const Logprobs& p : result.prompt_logprobs) logprobs.push_back(p.logprob);
  return {{"tokens", scored}, {"logprobs", std::move(logprobs)}, {"sum", log_likelihood(result)}};
}

Json item_json(const ScoreItem& item, const std::vector<TokenizedPair>& pairs,
               const std::vector<Result>& results) {
  if (item.continuations.empty()) {
    Json j = scores_json(pairs[0], results[0]);
    // The first token, which nothing comes before.
    j["tokens"].insert(j["tokens"].begin(), pairs[0].tokens[0]);
    j["logprobs"].insert(j["logprobs"].begin(), nullptr);
    return j;
  }
  Json list = Json::array();
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    Json& j = list.emplace_back(Json{{"text", item.continuations[i]}});
    j.update(scores_json(pairs[i], results[i]));
  }
  return {{"continuations", std::move(list)}};
}

// Lines come in the order of the input: each is written as soon as those before it are.
class OrderedLines {
 public:
  explicit OrderedLines(const std::vector<ScoreItem>& items) : items_(items), lines_(items.size()) {}

  void put(std::size_t item, const Json& result) {
    Json line{{"item", item}};
    if (!items_[item].id.empty()) line["id"] = Json::parse(items_[item].id);
    line.update(result);
    line.erase("item");
    lines_[item] = to_json_text(line) + "\n";
    for (; next_ < lines_.size() && !lines_[next_].empty(); ++next_) {
      write_out(lines_[next_]);
      lines_[next_].assign(1, '\n');
    }
  }

 private:
  const std::vector<ScoreItem>& items_;
  std::vector<std::string> lines_;
  std::size_t next_ = 0;
};

int score_probability(const Score& o, const std::vector<ScoreItem>& items, const std::string& text) {
  const LoadedModel loaded = load_with_tokenizer(o.evaluation.model.model);
  const ScoredItems scored(items, [&](const ScoreItem& i) { return tokenize(loaded.tokenizer, i); });
  Evaluation evaluation(loaded, o.evaluation, static_cast<std::int64_t>(scored.longest));
  ItemLog log(o.evaluation.log, result_header("score", evaluation.engine(), text, Json::object()),
              o.evaluation.resume);
  OrderedLines lines(items);
  log.for_each(std::ssize(items),
               [&](std::int64_t i, const Json& r) { lines.put(static_cast<std::size_t>(i), r); });
  const bool done = evaluation.run(
      "score", std::ssize(items), log,
      [&](std::int64_t i) { return score_requests(scored.pairs[static_cast<std::size_t>(i)]); },
      [&](std::int64_t i, std::vector<Result> results) {
        const auto at = static_cast<std::size_t>(i);
        Json result = item_json(items[at], scored.pairs[at], results);
        lines.put(at, result);
        return result;
      });
  return done ? 0 : kInterrupted;
}

// A conversation as its template writes it, without the beginning of a further answer; else the text.
std::vector<TokenId> reward_tokens(const LoadedModel& loaded, const std::optional<ChatPrompt>& chat,
                                   const ScoreItem& item, const std::string& continuation) {
  if (item.messages.empty())
    return loaded.tokenizer.encode(item.prompt + continuation, {.add_special = true});
  if (!chat) fail("'messages' need a chat template, and the model has none");
  return chat->encode(Json::parse(item.messages), {{"add_generation_prompt", false}});
}

int score_reward(const Score& o, const std::vector<ScoreItem>& items) {
  if (!o.evaluation.log.empty()) fail_usage("score: --reward keeps no --log");
  if (o.evaluation.parallel > 0) fail_usage("score: --reward takes one item at a time, without --parallel");
  const LoadedModel loaded = load_with_tokenizer(o.evaluation.model.model);
  const std::string source = find_chat_template(loaded.model->file);
  std::optional<ChatPrompt> chat;
  if (!source.empty()) chat.emplace(loaded.tokenizer, source, loaded.model->file.path);
  EngineOptions options = engine_options(o.evaluation.model);
  options.step_tokens = o.evaluation.model.batch;
  RewardScorer model(loaded.model, options);
  report_engine(o.evaluation.model, model.engine());
  Progress progress("score");
  OrderedLines lines(items);
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (interrupted()) {
      note("interrupted after {} of {} items", i, items.size());
      return kInterrupted;
    }
    lines.put(i, of_item(i, [&]() -> Json {
                std::vector<std::vector<TokenId>> texts;
                for (const std::string& c : items[i].continuations)
                  texts.push_back(reward_tokens(loaded, chat, items[i], c));
                if (texts.empty())
                  return {{"reward", model.score({{reward_tokens(loaded, chat, items[i], "")}})[0]}};
                return {{"rewards", model.score(texts)}};
              }));
    progress.update(static_cast<double>(i + 1) / static_cast<double>(items.size()));
  }
  return 0;
}

int run(const Score& o) {
  check_evaluation_options(o.evaluation);
  if (!o.file && stdin_is_terminal()) fail_usage("score: no input; name a file, or pipe lines in");
  const std::string name = o.file.value_or("-");
  const std::string text = name == "-" ? read_stdin() : read_file(name);
  std::vector<ScoreItem> items =
      read_score_items(text, name == "-" ? "standard input" : printable(name, 400));
  keep_first(items, o.evaluation.limit);
  return o.reward ? score_reward(o, items) : score_probability(o, items, text);
}

}  // namespace

Action declare_score(Options& options) {
  auto o = std::make_shared<Score>();
  options.positional("FILE", o->file,
                     "a line an item: {\"prompt\"}, {\"prompt\", \"continuations\": [...]} or, for --reward, "
                     "{\"messages\": [...]}; \"id\" is handed back; '-' or nothing: standard input");
  options.flag("--reward", o->reward,
               "the scalar that a reward model's head (cls.output) gives at the last token");
  declare_evaluation_options(options, o->evaluation, "changes nothing: the output is one JSON object a line");
  options.note(
      "Out comes a line of JSON for each item, in order: tokens with their log probabilities and the sum, of "
      "the prompt or of each continuation. A continuation's tokens are those behind the prompt's own number "
      "of tokens, as in lm-evaluation-harness.");
  options.example(
      "echo '{\"prompt\": \"2 + 2 =\", \"continuations\": [\" 4\", \" 5\"]}' | pith score -m model.gguf");
  options.example("pith score -m reward.gguf --reward answers.jsonl");
  return [o] { return run(*o); };
}

}  // namespace pith::cli
