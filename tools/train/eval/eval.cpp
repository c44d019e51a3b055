#include "train/eval/eval.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "cli/terminal.h"
#include "train/corpus/document.h"
#include "train/eval/annotator.h"
#include "train/eval/answers.h"
#include "train/eval/checks.h"
#include "train/eval/statistics.h"
#include "train/jsonl.h"

namespace pith::lab {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

struct Task {
  std::string name, file, form, shots_file, suffix;
  std::vector<std::string> kinds;  ///< empty: all
  std::int64_t shots, limit, max_tokens;
};

struct Settings {
  fs::path model, out;
  std::string against;
  int threads, parallel;
  double temperature;
  std::uint64_t seed;
  std::vector<Task> tasks;
};

Settings read(const Config& config) {
  Settings s;
  s.model = config.text("model");
  s.out = config.text("out");
  if (config.has("against")) s.against = config.text("against");
  s.threads = static_cast<int>(config.integer("threads", 0, 1024));
  s.parallel = static_cast<int>(config.integer("parallel", 1, 4096));
  s.temperature = config.number("temperature", 0, 10);
  s.seed = static_cast<std::uint64_t>(config.integer("seed", 0, INT64_MAX));
  constexpr std::string_view kForms[] = {"chat", "plain", "examples", "mismatched"};
  for (const Config& c : config.objects("tasks")) {
    Task& t = s.tasks.emplace_back();
    t.name = c.text("name");
    t.file = c.text("file");
    t.form = c.choice("form", kForms);
    t.shots = c.integer("shots", 0, 64);
    if (c.has("shots_file")) t.shots_file = c.text("shots_file");
    if (c.has("kinds")) t.kinds = c.texts("kinds");
    if (c.has("suffix")) t.suffix = c.text("suffix");
    t.limit = c.integer("limit", 0, 100'000'000);
    t.max_tokens = c.integer("max_tokens", 1, 1 << 20);
  }
  config.finish();
  return s;
}

// One line of the corpus.
struct Item {
  std::string kind, key, check, answer, user;
  Json messages;  // without the answer; of tasks, the question alone
  Json examples, mismatched;
  std::int64_t steps = 0;  // of a word problem among conversations
};

Item read_item(const nlohmann::json& line) {
  Item item{.kind = line.at("kind"), .key = line.at("key"), .answer = line.at("answer")};
  if (line.contains("messages")) {
    item.check = line.at("check");
    for (const auto& m : line.at("messages")) {
      item.messages.push_back({{"role", m.at("role")}, {"content", m.at("content")}});
    }
    item.messages.erase(item.messages.size() - 1);
    item.user = item.messages.back().at("content");
    item.steps = line.value("steps", 0);
    return item;
  }
  item.user = line.at("prompt");
  item.messages = Json::array({{{"role", "user"}, {"content", item.user}}});
  item.check = name_of(item.kind == "puzzle" ? Check::Puzzle
                       : item.kind == "rule" ? Check::Exact
                                             : Check::Number);
  if (line.contains("steps")) item.kind += fmt::format(" {} steps", line.at("steps").get<int>());
  if (line.contains("family")) item.kind += " " + line.at("family").get<std::string>();
  if (line.contains("examples")) item.examples = line.at("examples"), item.mismatched = line.at("mismatched");
  return item;
}

std::vector<Item> read_items(const Task& task) {
  std::vector<Item> items;
  std::map<std::string, std::int64_t> count;
  read_jsonl(task.file, [&](const nlohmann::json& line) {
    Item item = read_item(line);
    if (!task.kinds.empty() && std::ranges::find(task.kinds, item.kind) == task.kinds.end()) return;
    if (task.limit == 0 || count[item.kind]++ < task.limit) items.push_back(std::move(item));
  });
  if (items.empty()) fail("{}: no items", printable(task.file, 400));
  return items;
}

// Question and answer of training conversations, by kind: what few-shot prompts are made of.
using Shots = std::map<std::string, std::vector<std::string>>;

Shots read_shots(const Task& task) {
  Shots shots;
  if (task.form != "plain" || task.shots == 0) return shots;
  if (task.shots_file.empty())
    fail("task '{}': shots of plain questions need shots_file", printable(task.name));
  read_jsonl(task.shots_file, [&](const nlohmann::json& line) {
    const auto& messages = line.at("messages");
    if (messages.size() != 2) return;
    const std::string reply(core_of(messages.at(1).at("content").get_ref<const std::string&>()));
    shots[line.at("kind")].push_back(line.at("plain").get<std::string>() + " " + reply + "\n\n");
  });
  return shots;
}

Prompt plain_prompt(const Item& item, std::size_t i, const Task& task, const Shots& shots,
                    const AnsweringModel& model) {
  const std::string question = plain_question(item.user + task.suffix);
  const std::string kind = item.kind.starts_with("problem") ? "problem-steps" : item.kind;
  const auto known = shots.find(kind);
  if (task.shots > 0 && (known == shots.end() || std::ssize(known->second) < task.shots)) {
    fail("task '{}': {} has less than {} examples of kind '{}'", printable(task.name),
         printable(task.shots_file), task.shots, printable(kind));
  }
  // As many of the shots as fit.
  for (std::int64_t n = task.shots;; --n) {
    std::string text;
    for (std::int64_t s = 0; s < n; ++s) {
      const std::size_t at = (i * 31 + static_cast<std::size_t>(s) * 7) % known->second.size();
      text += known->second[at];
    }
    Prompt prompt{model.tokenizer().encode(text + question), {"\n\n", "\nQuestion"}};
    if (n == 0 || std::ssize(prompt.ids) + task.max_tokens <= model.context()) return prompt;
  }
}

Prompt rule_prompt(const Item& item, const Task& task, const AnsweringModel& model) {
  const Json& examples = task.form == "mismatched" ? item.mismatched : item.examples;
  if (std::ssize(examples) < task.shots) {
    fail("task '{}': an item has {} examples, {} are wanted", printable(task.name), examples.size(),
         task.shots);
  }
  std::string text;
  for (std::int64_t i = 0; i < task.shots; ++i) {
    text += fmt::format("{} -> {}\n", examples[i].at("in").get<std::string>(),
                        examples[i].at("out").get<std::string>());
  }
  return {model.tokenizer().encode(text + item.user), {"\n"}};
}

Prompt make_prompt(const Item& item, std::size_t i, const Task& task, const Shots& shots,
                   const AnsweringModel& model) {
  if (task.form == "plain") return plain_prompt(item, i, task, shots, model);
  if (task.form != "chat") return rule_prompt(item, task, model);
  Json messages = item.messages;
  messages.back()["content"] = item.user + task.suffix;
  return {model.chat(messages)};
}

struct Count {
  std::int64_t right = 0, n = 0;
};

Json share_json(const Count& c) { return to_json("accuracy", estimate_share(c.right, c.n)); }

// What an answer was found to be: right or not, and the annotator's score.
struct Verdict {
  double right = 0, score = 0;
};
// Of the answers of a model: "task/kind", in the order of the items.
using Verdicts = std::map<std::string, std::vector<Verdict>>;

Verdicts read_verdicts(const std::string& path) {
  Verdicts verdicts;
  if (path.empty()) return verdicts;
  read_jsonl(path, [&](const nlohmann::json& line) {
    verdicts[line.at("task").get<std::string>() + "/" + line.at("kind").get<std::string>()].push_back(
        {line.at("right").get<bool>() ? 1.0 : 0.0, line.at("score").get<double>()});
  });
  return verdicts;
}

// Against the other model's answers to the same items: the difference of the shares of right ones, and how
// often the annotator prefers this model's answer, ties counting half.
struct Comparison {
  std::vector<double> difference, preferred;

  void add(const Verdict& mine, const Verdict& other) {
    difference.push_back(mine.right - other.right);
    preferred.push_back(mine.score > other.score ? 1 : mine.score == other.score ? 0.5 : 0);
  }
  void report(Json& to) const {
    if (difference.empty()) return;
    to["difference"] = to_json("mean", estimate_mean(difference));
    to["preferred"] = to_json("mean", estimate_mean(preferred));
  }
};

Json run_task(const Task& task, const Settings& s, AnsweringModel& model, const Verdicts& others,
              JsonlWriter& log) {
  const std::vector<Item> items = read_items(task);
  const Shots shots = read_shots(task);
  std::vector<Prompt> prompts;
  for (std::size_t i = 0; i < items.size(); ++i)
    prompts.push_back(make_prompt(items[i], i, task, shots, model));
  const auto replies = model.answer(
      prompts, {.temperature = s.temperature, .max_tokens = task.max_tokens, .seed = s.seed}, task.name);

  Verdicts verdicts;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Item& item = items[i];
    const bool right = is_right(item.check, item.answer, replies[i][0]);
    const Asked asked{item.kind, item.user, item.check, item.answer, static_cast<int>(item.steps)};
    const double score = judge(asked, replies[i][0]).score();
    verdicts[item.kind].push_back({right ? 1.0 : 0.0, score});
    log.write({{"task", task.name},
               {"kind", item.kind},
               {"key", item.key},
               {"right", right},
               {"score", score},
               {"reply", replies[i][0]}});
  }
  Json report;
  double sum = 0;
  Comparison all;
  for (const auto& [kind, mine] : verdicts) {
    Count count;
    for (const Verdict& v : mine) count.right += v.right > 0, ++count.n;
    sum += static_cast<double>(count.right) / static_cast<double>(count.n);
    Json& of_kind = report["kinds"][kind] = share_json(count);
    const auto other = others.find(task.name + "/" + kind);
    if (other == others.end() || other->second.size() != mine.size()) continue;
    Comparison comparison;
    for (std::size_t i = 0; i < mine.size(); ++i) {
      comparison.add(mine[i], other->second[i]);
      all.add(mine[i], other->second[i]);
    }
    comparison.report(of_kind);
  }
  report["macro"] = sum / static_cast<double>(verdicts.size());
  all.report(report);
  return report;
}

void show(const std::string& task, const Json& report) {
  for (const auto& [kind, share] : report.at("kinds").items()) {
    cli::write_out(fmt::format("{:<24} {:<24} {:6.2f} %  [{:.2f}, {:.2f}]  n {}\n", task, kind,
                               100 * share.at("accuracy").get<double>(), 100 * share.at("low").get<double>(),
                               100 * share.at("high").get<double>(), share.at("n").get<std::int64_t>()));
  }
  cli::write_out(fmt::format("{:<24} {:<24} {:6.2f} %\n", task, "mean of the kinds",
                             100 * report.at("macro").get<double>()));
  if (!report.contains("preferred")) return;
  for (const char* what : {"difference", "preferred"}) {
    const Json& m = report.at(what);
    cli::write_out(fmt::format("{:<24} {:<24} {:6.2f} %  [{:.2f}, {:.2f}]\n", task, what,
                               100 * m.at("mean").get<double>(), 100 * m.at("low").get<double>(),
                               100 * m.at("high").get<double>()));
  }
}

}  // namespace

void eval(const Config& config) {
  const Settings s = read(config);
  const Verdicts others = read_verdicts(s.against);
  if (s.out.has_parent_path()) fs::create_directories(s.out.parent_path());
  AnsweringModel model(s.model, s.threads, s.parallel);
  JsonlWriter log(s.out.string() + ".items.jsonl");
  Json report = {{"model", s.model.string()}, {"temperature", s.temperature}, {"seed", s.seed}};
  for (const Task& task : s.tasks) {
    const Json result = run_task(task, s, model, others, log);
    show(task.name, result);
    report["tasks"][task.name] = result;
  }
  log.commit();
  const std::string text = report.dump(1) + "\n";
  write_file_atomically(s.out, std::as_bytes(std::span(text)));
}

}  // namespace pith::lab
