#include "train/corpus/corpus.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "base/error.h"
#include "base/file.h"
#include "cli/progress.h"
#include "train/corpus/document.h"
#include "train/corpus/problem.h"
#include "train/corpus/puzzle.h"
#include "train/corpus/rules.h"
#include "train/jsonl.h"

namespace pith::lab {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

using Counts = std::vector<std::pair<std::string, std::int64_t>>;  // how many of each kind

struct Settings {
  std::uint64_t seed;
  fs::path folder;
  std::vector<std::pair<std::string, Counts>> documents;  // "pretrain", "validation", "replay"
  std::map<std::string, Counts> conversations;            // "train", "validation", "test"
  std::int64_t problems, rules, puzzles;                  // tasks of each split
  std::int64_t prefixes;
};

constexpr std::int64_t kMost = 100'000'000;
// A generator that keeps repeating itself has told all it can: it is asked for less, or it is an error.
constexpr std::int64_t kTriesPerItem = 50;

Counts read_counts(const Config& config, std::span<const std::string> kinds) {
  Counts counts;
  for (const std::string& kind : kinds) {
    if (config.has(kind)) counts.emplace_back(kind, config.integer(kind, 0, kMost));
  }
  return counts;
}

Settings read(const Config& config) {
  std::vector<std::string> documents, requests;
  for (const DocumentKind& kind : document_kinds()) documents.emplace_back(kind.name);
  for (const auto kinds : {instruction_kinds(), reasoning_kinds(), drill_kinds(), talk_kinds()}) {
    for (const RequestKind& kind : kinds) requests.emplace_back(kind.name);
  }
  requests.emplace_back("dialog");
  Settings s;
  s.seed = static_cast<std::uint64_t>(config.integer("seed", 0, INT64_MAX));
  s.folder = config.text("folder");
  for (const char* part : {"pretrain", "validation", "replay"}) {
    s.documents.emplace_back(part, read_counts(config.object("documents").object(part), documents));
  }
  for (const char* part : {"train", "validation", "test"}) {
    s.conversations[part] = read_counts(config.object("conversations").object(part), requests);
  }
  const Config tasks = config.object("tasks");
  s.problems = tasks.integer("problems", 0, kMost);
  s.rules = tasks.integer("rules", 0, kMost);
  s.puzzles = tasks.integer("puzzles", 0, kMost);
  s.prefixes = config.integer("puzzle_prefixes", 0, kMost);
  config.finish();
  return s;
}

Split split_named(std::string_view part) {
  return part == "test" ? Split::Test : part == "validation" ? Split::Validation : Split::Train;
}

// There are only so many ways to say hello, or to multiply single digits.
bool may_repeat(std::string_view kind) {
  return kind == "talk" || kind == "dialog" || kind == "sum" || kind == "name";
}

class Writer {
 public:
  explicit Writer(const Settings& settings) : settings_(settings) { fs::create_directories(settings.folder); }

  /// Lines of one kind, each made by make(draw) with a seed of its own. `text_of` says what must not repeat.
  template <class Make, class TextOf, class Store>
  void write(JsonlWriter& out, const std::string& file, std::string_view kind, std::int64_t wanted,
             const Make& make, const TextOf& text_of, const Store& store) {
    const std::uint64_t seed = mix(settings_.seed, hash_text(fmt::format("{} {}", file, kind)));
    cli::Progress progress(fmt::format("{} {}", file, kind));
    std::int64_t written = 0, bytes = 0;
    double nats = 0;
    for (std::int64_t i = 0; written < wanted; ++i) {
      if (i > wanted * kTriesPerItem) {
        fail("{}: kind '{}' has only {} different items, {} were asked for", file, kind, written, wanted);
      }
      Draw draw(mix(seed, static_cast<std::uint64_t>(i)));
      auto item = make(draw);
      const std::string& text = text_of(item);
      if (!seen_.insert(hash_text(text)).second && !may_repeat(kind)) continue;
      out.write(store(item, draw));
      ++written, bytes += static_cast<std::int64_t>(text.size()), nats += draw.nats();
      progress.update(static_cast<double>(written) / static_cast<double>(wanted));
    }
    if (wanted == 0) return;
    report_[file][std::string(kind)] = {
        {"items", written},
        {"bytes", bytes},
        {"derivation_nats_per_item", nats / static_cast<double>(written)},
        {"derivation_bits_per_byte", nats / std::log(2.0) / static_cast<double>(bytes)}};
  }

  const Json& report() const { return report_; }

 private:
  const Settings& settings_;
  std::unordered_set<std::uint64_t> seen_;  // no text is in two files, or twice in one
  Json report_;
};

void write_documents(const Settings& s, Writer& writer) {
  for (const auto& [part, counts] : s.documents) {
    const Split split = split_named(part);
    JsonlWriter out(s.folder / (part + ".jsonl"));
    for (const auto& [name, count] : counts) {
      const auto kinds = document_kinds();
      const DocumentKind& kind = *std::ranges::find(kinds, name, &DocumentKind::name);
      writer.write(
          out, part, name, count, [&](Draw& draw) { return kind.make(draw, split); },
          [](const Document& d) -> const std::string& { return d.text; },
          [&](const Document& d, const Draw& draw) {
            return Json{{"text", d.text}, {"kind", name}, {"key", d.key}, {"nats", draw.nats()}};
          });
    }
    out.commit();
  }
}

Json conversation_json(const Conversation& c) {
  Json messages = Json::array();
  for (const Message& m : c.messages) messages.push_back({{"role", m.role}, {"content", m.content}});
  const Request& r = c.request;
  Json out = {{"messages", std::move(messages)}, {"kind", r.kind},     {"key", r.key},
              {"check", name_of(r.check)},       {"answer", r.answer}, {"plain", plain_question(r.user)}};
  if (r.steps > 0) out["steps"] = r.steps;
  return out;
}

void write_conversations(const Settings& s, Writer& writer) {
  for (const auto& [part, counts] : s.conversations) {
    const std::string file = "sft_" + part;
    JsonlWriter out(s.folder / (file + ".jsonl"));
    for (const auto& [kind, count] : counts) {
      std::string all;  // of a conversation
      writer.write(
          out, file, kind, count,
          [&](Draw& draw) { return make_conversation(kind, split_named(part), draw); },
          [&](const Conversation& c) -> const std::string& {
            all.clear();
            for (const Message& m : c.messages) all += m.content + "\n";
            return all;
          },
          [](const Conversation& c, const Draw&) { return conversation_json(c); });
    }
    out.commit();
  }
}

// --- tasks: what evaluation and the strategies of reasoning are measured on ------------------------

void write_problems(const Settings& s, Writer& writer, Split split) {
  const std::string file = fmt::format("tasks_problem_{}", name_of(split));
  JsonlWriter out(s.folder / (file + ".jsonl"));
  for (int steps = 1; steps <= 5; ++steps) {
    struct Item {
      Problem problem;
      std::string text;
    };
    writer.write(
        out, file, fmt::format("{} steps", steps), s.problems / 5,
        [&](Draw& draw) {
          Problem p = draw.until([&] { return draw_problem(steps, draw); },
                                 [&](const Problem& made) { return split_of(made.key()) == split; });
          std::string text = tell_problem(p, draw);
          return Item{std::move(p), std::move(text)};
        },
        [](const Item& i) -> const std::string& { return i.text; },
        [&](const Item& i, const Draw&) {
          return Json{{"prompt", i.text},
                      {"answer", std::to_string(i.problem.answer())},
                      {"kind", "problem"},
                      {"key", i.problem.key()},
                      {"steps", steps}};
        });
  }
  out.commit();
}

Json pairs(const std::vector<RuleExample>& examples) {
  Json out = Json::array();
  for (const RuleExample& e : examples) out.push_back({{"in", e.in}, {"out", e.out}});
  return out;
}

void write_rules(const Settings& s, Writer& writer, Split split) {
  const std::string file = fmt::format("tasks_rule_{}", name_of(split));
  constexpr int kShots = 8;
  struct Item {
    Rule rule;
    std::vector<RuleExample> examples, mismatched;
    std::string text;
  };
  JsonlWriter out(s.folder / (file + ".jsonl"));
  writer.write(
      out, file, "rule", s.rules,
      [&](Draw& draw) {
        const auto held_out = [&] {
          return draw.until([&] { return Rule::draw(draw); },
                            [&](const Rule& rule) { return split_of(rule.key()) == split; });
        };
        Item item{held_out(), {}, {}, {}};
        item.examples = item.rule.examples(kShots + 1, draw);
        // The control: the same inputs with the outputs of other rules.
        item.mismatched = item.examples;
        item.mismatched.pop_back();
        for (RuleExample& e : item.mismatched) e.out = held_out().example(draw).out;
        item.text = show(item.examples);
        return item;
      },
      [](const Item& i) -> const std::string& { return i.text; },
      [&](const Item& i, const Draw&) {
        std::vector<RuleExample> shots = i.examples;
        const RuleExample query = shots.back();
        shots.pop_back();
        return Json{{"prompt", query.in + " ->"},
                    {"answer", query.out},
                    {"kind", "rule"},
                    {"key", i.rule.key()},
                    {"family", i.rule.family()},
                    {"examples", pairs(shots)},
                    {"mismatched", pairs(i.mismatched)}};
      });
  out.commit();
}

void write_puzzles(const Settings& s, Writer& writer, Split split) {
  const std::string file = fmt::format("tasks_puzzle_{}", name_of(split));
  JsonlWriter out(s.folder / (file + ".jsonl"));
  writer.write(
      out, file, "puzzle", s.puzzles,
      [&](Draw& draw) { return make_request(*find_kind("puzzle"), split, draw); },
      [](const Request& r) -> const std::string& { return r.key; },
      [](const Request& r, const Draw&) {
        return Json{{"prompt", r.user}, {"answer", r.answer}, {"kind", "puzzle"}, {"key", r.key}};
      });
  out.commit();
}

void write_prefixes(const Settings& s, Writer& writer) {
  struct Item {
    Puzzle puzzle;
    std::string question;
    LabelledPrefix prefix;
    std::string text;
  };
  JsonlWriter out(s.folder / "puzzle_prefixes.jsonl");
  writer.write(
      out, "puzzle_prefixes", "prefix", s.prefixes,
      [&](Draw& draw) {
        const Puzzle puzzle =
            draw.until([&] { return draw_puzzle(draw); },
                       [](const Puzzle& made) { return split_of(made.key()) == Split::Train; });
        Item item{puzzle, puzzle.tell(draw), draw_prefix(puzzle, draw), {}};
        item.text = item.question + "\n" + item.prefix.text;
        return item;
      },
      [](const Item& i) -> const std::string& { return i.text; },
      [](const Item& i, const Draw&) {
        return Json{{"prompt", i.question},
                    {"prefix", i.prefix.text},
                    {"solvable", i.prefix.solvable},
                    {"key", i.puzzle.key()}};
      });
  out.commit();
}

}  // namespace

void make_corpus(const Config& config) {
  const Settings settings = read(config);
  Writer writer(settings);
  write_documents(settings, writer);
  write_conversations(settings, writer);
  for (const Split split : {Split::Validation, Split::Test}) {
    write_problems(settings, writer, split);
    write_rules(settings, writer, split);
    write_puzzles(settings, writer, split);
  }
  write_prefixes(settings, writer);
  const std::string text = writer.report().dump(1) + "\n";
  write_file_atomically(settings.folder / "report.json", std::as_bytes(std::span(text)));
}

}  // namespace pith::lab
