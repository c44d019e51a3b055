#include "train/eval/pairs.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/terminal.h"
#include "train/corpus/draw.h"
#include "train/eval/answers.h"
#include "train/eval/questions.h"
#include "train/jsonl.h"

namespace pith::lab {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kDifferences[] = {"style", "correctness", "both"};

struct Settings {
  std::filesystem::path model, prompts, out, questions;
  int threads, parallel;
  std::int64_t limit;
  std::map<std::string_view, std::int64_t> per_prompt;  // at most, by what differs
  double noise;
  AnswerSettings answers;
};

Settings read(const Config& config) {
  Settings s;
  s.model = config.text("model");
  s.prompts = config.text("prompts");
  s.out = config.text("out");
  if (config.has("questions")) s.questions = config.text("questions");
  s.threads = static_cast<int>(config.integer("threads", 0, 1024));
  s.parallel = static_cast<int>(config.integer("parallel", 1, 4096));
  s.limit = config.integer("limit", 0, 100'000'000);
  const Config per_prompt = config.object("per_prompt");
  for (const std::string_view differs : kDifferences)
    s.per_prompt[differs] = per_prompt.integer(differs, 0, 1000);
  s.noise = config.number("noise", 0, 0.5);
  s.answers = {.temperature = config.number("temperature", 0.01, 10),
               .choices = static_cast<int>(config.integer("choices", 2, 64)),
               .max_tokens = config.integer("max_tokens", 1, 1 << 20),
               .seed = static_cast<std::uint64_t>(config.integer("seed", 0, INT64_MAX))};
  config.finish();
  return s;
}

// Lines as in the prompts file, with no answer to learn from.
void write_questions(const std::filesystem::path& path, const std::vector<Question>& questions) {
  JsonlWriter out(path);
  for (const Question& q : questions) {
    out.write({{"messages", q.messages},
               {"kind", q.kind},
               {"check", q.check},
               {"answer", q.answer},
               {"steps", q.steps}});
  }
  out.commit();
}

struct Rated {
  std::string reply;
  Judgement judgement;
};

std::string_view difference(const Judgement& a, const Judgement& b) {
  if (a.right == b.right) return kDifferences[0];
  return a.same_style(b) ? kDifferences[1] : kDifferences[2];
}

}  // namespace

void make_pairs(const Config& config) {
  const Settings s = read(config);
  const std::vector<Question> questions = draw_questions(s.prompts, s.limit, s.answers.seed);
  if (s.out.has_parent_path()) std::filesystem::create_directories(s.out.parent_path());
  if (!s.questions.empty()) write_questions(s.questions, questions);
  AnsweringModel model(s.model, s.threads, s.parallel);
  std::vector<Prompt> prompts;
  for (const Question& q : questions) prompts.push_back({model.chat(q.messages)});
  const auto replies = model.answer(prompts, s.answers, "answers");

  JsonlWriter out(s.out);
  std::map<std::string, std::int64_t> counts;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    const Question& q = questions[i];
    std::vector<Rated> rated;
    for (const std::string& reply : replies[i]) rated.push_back({reply, judge(q.asked(), reply)});
    std::vector<std::pair<std::size_t, std::size_t>> found;
    for (std::size_t a = 0; a < rated.size(); ++a) {
      for (std::size_t b = 0; b < rated.size(); ++b) {
        if (rated[a].judgement.score() > rated[b].judgement.score()) found.emplace_back(a, b);
      }
    }
    Draw draw(mix(s.answers.seed, i));
    draw.shuffle(found);
    auto left = s.per_prompt;
    for (const auto& [better, worse] : found) {
      const Rated &good = rated[better], &bad = rated[worse];
      const std::string_view differs = difference(good.judgement, bad.judgement);
      if (left[differs]-- <= 0) continue;
      const bool flipped = draw.chance(s.noise);
      ++counts[std::string(differs)];
      out.write({{"messages", q.messages},
                 {"chosen", flipped ? bad.reply : good.reply},
                 {"rejected", flipped ? good.reply : bad.reply},
                 {"kind", q.kind},
                 {"check", q.check},
                 {"answer", q.answer},
                 {"differs", differs},
                 {"margin", good.judgement.score() - bad.judgement.score()},
                 {"flipped", flipped}});
    }
  }
  out.commit();
  for (const auto& [differs, count] : counts)
    cli::write_out(fmt::format("{:<12} {} pairs\n", differs, count));
}

}  // namespace pith::lab
