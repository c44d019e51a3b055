#include "train/eval/eval.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "cli/terminal.h"
#include "train/corpus/document.h"
#include "train/eval/answers.h"
#include "train/eval/checks.h"
#include "train/jsonl.h"

namespace pith::lab {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr double kDeviations = 1.959964;  // of the normal distribution, for 95 %

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

Json share_json(const Count& c) {
  const Interval i = wilson(c.right, c.n);
  return {{"accuracy", static_cast<double>(c.right) / static_cast<double>(c.n)},
          {"low", i.low},
          {"high", i.high},
          {"n", c.n}};
}

// Of items that both models answered: "task", "kind" and place say which.
using Rights = std::map<std::string, std::vector<bool>>;

Rights read_rights(const std::string& path) {
  Rights rights;
  if (path.empty()) return rights;
  read_jsonl(path, [&](const nlohmann::json& line) {
    rights[line.at("task").get<std::string>() + "/" + line.at("kind").get<std::string>()].push_back(
        line.at("right"));
  });
  return rights;
}

// Mean of the paired differences, with the normal approximation's interval.
Json difference_json(const std::vector<bool>& mine, const std::vector<bool>& other) {
  const auto n = static_cast<double>(mine.size());
  double sum = 0, squares = 0;
  for (std::size_t i = 0; i < mine.size(); ++i) {
    const double d = static_cast<double>(mine[i]) - static_cast<double>(other[i]);
    sum += d, squares += d * d;
  }
  const double mean = sum / n;
  const double half = kDeviations * std::sqrt(std::max(0.0, squares / n - mean * mean) / n);
  return {{"mean", mean}, {"low", mean - half}, {"high", mean + half}};
}

Json run_task(const Task& task, const Settings& s, AnsweringModel& model, const Rights& others,
              JsonlWriter& log) {
  const std::vector<Item> items = read_items(task);
  const Shots shots = read_shots(task);
  std::vector<Prompt> prompts;
  for (std::size_t i = 0; i < items.size(); ++i)
    prompts.push_back(make_prompt(items[i], i, task, shots, model));
  const auto replies = model.answer(
      prompts, {.temperature = s.temperature, .max_tokens = task.max_tokens, .seed = s.seed}, task.name);

  std::map<std::string, Count> counts;
  std::map<std::string, std::vector<bool>> rights;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Item& item = items[i];
    const bool right = is_right(item.check, item.answer, replies[i][0]);
    Count& count = counts[item.kind];
    count.right += right, ++count.n;
    rights[item.kind].push_back(right);
    log.write({{"task", task.name},
               {"kind", item.kind},
               {"key", item.key},
               {"right", right},
               {"reply", replies[i][0]}});
  }
  Json report;
  double sum = 0;
  for (const auto& [kind, count] : counts) {
    report["kinds"][kind] = share_json(count);
    sum += static_cast<double>(count.right) / static_cast<double>(count.n);
    const auto other = others.find(task.name + "/" + kind);
    if (other != others.end() && other->second.size() == rights[kind].size()) {
      report["kinds"][kind]["difference"] = difference_json(rights[kind], other->second);
    }
  }
  report["macro"] = sum / static_cast<double>(counts.size());
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
}

}  // namespace

Interval wilson(std::int64_t right, std::int64_t n) {
  if (n == 0) return {0, 1};
  const double z2 = kDeviations * kDeviations, count = static_cast<double>(n);
  const double p = static_cast<double>(right) / count;
  const double middle = (p + z2 / (2 * count)) / (1 + z2 / count);
  const double half =
      kDeviations * std::sqrt(p * (1 - p) / count + z2 / (4 * count * count)) / (1 + z2 / count);
  return {std::max(0.0, middle - half), std::min(1.0, middle + half)};
}

void eval(const Config& config) {
  const Settings s = read(config);
  const Rights others = read_rights(s.against);
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
