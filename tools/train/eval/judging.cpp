#include "train/eval/judging.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/error.h"
#include "base/file.h"
#include "cli/terminal.h"
#include "train/eval/answers.h"
#include "train/eval/questions.h"
#include "train/eval/statistics.h"
#include "train/jsonl.h"
#include "train/reward.h"
#include "train/training_run.h"

namespace pith::lab {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

// A reward model as training left it.
class Judge {
 public:
  explicit Judge(const Config& c)
      : checkpoint_(fresh_start(c.text("reward"))),
        conversations_(c.text("tokenizer")),
        threads_(static_cast<int>(c.integer("threads", 0, 1024))),
        parallel_(checkpoint_.shape, threads_, 2, checkpoint_.shape.context) {}

  int threads() const { return threads_; }

  void add(Json messages, const std::string& answer) {
    messages.push_back({{"role", "assistant"}, {"content", answer}});
    sequences_.push_back(conversations_.example(messages).tokens);
    std::ranges::copy(conversations_.after_answer(), std::back_inserter(sequences_.back()));
    if (std::ssize(sequences_.back()) > checkpoint_.shape.context)
      sequences_.back().resize(static_cast<std::size_t>(checkpoint_.shape.context));
  }
  /// Of all that was added, in order.
  std::vector<double> scores() { return lab::scores(parallel_, checkpoint_.parameters.data(), sequences_); }

 private:
  Checkpoint checkpoint_;
  Conversations conversations_;
  int threads_;
  Parallel parallel_;
  std::vector<std::vector<std::int32_t>> sequences_;
};

void write_report(const fs::path& out, const Json& report) {
  if (out.has_parent_path()) fs::create_directories(out.parent_path());
  const std::string text = report.dump(1) + "\n";
  write_file_atomically(out, std::as_bytes(std::span(text)));
}

struct Candidate {
  double proxy, truth;
};

}  // namespace

void rank_pairs(const Config& config) {
  Judge judge(config);
  const fs::path pairs = config.text("pairs"), out = config.text("out");
  config.finish();
  std::vector<std::string> differs;
  read_jsonl(pairs, [&](const nlohmann::json& line) {
    for (const char* side : {"chosen", "rejected"}) judge.add(line.at("messages"), line.at(side));
    differs.push_back(line.at("differs"));
  });
  const std::vector<double> scores = judge.scores();
  struct Count {
    std::int64_t right = 0, n = 0;
  };
  std::map<std::string, Count> counts;
  for (std::size_t i = 0; i < differs.size(); ++i) {
    const bool right = scores[2 * i] > scores[2 * i + 1];
    for (const std::string& group : {differs[i], std::string("all")}) {
      counts[group].right += right;
      ++counts[group].n;
    }
  }
  Json report;
  for (const auto& [group, count] : counts) {
    const MeanEstimate share = estimate_share(count.right, count.n);
    report[group] = to_json("accuracy", share);
    cli::write_out(fmt::format("{:<12} {:6.2f} %  [{:.2f}, {:.2f}]  n {}\n", group, 100 * share.value,
                               100 * share.interval.low, 100 * share.interval.high, share.n));
  }
  write_report(out, report);
}

void best_of(const Config& config) {
  Judge reward(config);
  const fs::path path = config.text("model"), prompts_file = config.text("prompts"), out = config.text("out");
  const auto parallel = static_cast<int>(config.integer("parallel", 1, 4096));
  const std::int64_t limit = config.integer("limit", 0, 100'000'000);
  const AnswerSettings settings{.temperature = config.number("temperature", 0.01, 10),
                                .choices = static_cast<int>(config.integer("choices", 1, 4096)),
                                .max_tokens = config.integer("max_tokens", 1, 1 << 20),
                                .seed = static_cast<std::uint64_t>(config.integer("seed", 0, INT64_MAX))};
  config.finish();

  const std::vector<Question> questions = draw_questions(prompts_file, limit, settings.seed);
  AnsweringModel model(path, reward.threads(), parallel);
  std::vector<Prompt> prompts;
  for (const Question& q : questions) prompts.push_back({model.chat(q.messages)});
  const auto replies = model.answer(prompts, settings, "answers");
  for (std::size_t i = 0; i < questions.size(); ++i) {
    for (const std::string& reply : replies[i]) reward.add(questions[i].messages, reply);
  }
  const std::vector<double> scores = reward.scores();

  std::vector<std::vector<Candidate>> ranked;
  for (std::size_t i = 0, at = 0; i < questions.size(); ++i) {
    auto& candidates = ranked.emplace_back();
    for (const std::string& reply : replies[i])
      candidates.push_back({scores[at++], judge(questions[i].asked(), reply).score()});
    std::ranges::stable_sort(candidates, std::greater<>(), &Candidate::proxy);
  }
  Json report = {{"model", path.string()}, {"prompts", questions.size()}, {"choices", settings.choices}};
  for (std::int64_t n = 1; n <= settings.choices; n *= 2) {
    const std::vector<double> chance = best_of_chances(settings.choices, n);
    std::vector<double> proxies, truths;
    for (const auto& candidates : ranked) {
      double proxy = 0, truth = 0;
      for (std::size_t i = 0; i < candidates.size(); ++i) {
        proxy += chance[i] * candidates[i].proxy;
        truth += chance[i] * candidates[i].truth;
      }
      proxies.push_back(proxy);
      truths.push_back(truth);
    }
    const MeanEstimate proxy = estimate_mean(proxies), truth = estimate_mean(truths);
    const auto size = static_cast<double>(n);
    report["best_of"].push_back({{"n", n},
                                 {"kl", std::log(size) - (size - 1) / size},
                                 {"proxy_reward", to_json("mean", proxy)},
                                 {"true_score", to_json("mean", truth)}});
    cli::write_out(fmt::format(
        "best of {:<4} proxy {:7.3f} [{:.3f}, {:.3f}]  true {:6.3f} [{:.3f}, {:.3f}]\n", n, proxy.value,
        proxy.interval.low, proxy.interval.high, truth.value, truth.interval.low, truth.interval.high));
  }
  write_report(out, report);
}

}  // namespace pith::lab
