#include "reason/trace.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/utf8.h"

namespace pith {
namespace {

using Json = nlohmann::ordered_json;

std::vector<std::vector<int>> children_of(const Trace& trace) {
  std::vector<std::vector<int>> children(trace.nodes.size() + 1);  // the last ones are the question's
  for (std::size_t i = 0; i < trace.nodes.size(); ++i) {
    const int parent = trace.nodes[i].parent;
    children[parent < 0 ? trace.nodes.size() : static_cast<std::size_t>(parent)].push_back(
        static_cast<int>(i));
  }
  return children;
}

// "[chosen] 0.82 = 42": what is known of a node beside its text.
std::string label(const TraceNode& node) {
  std::string text = node.kind;
  if (!node.state.empty()) text += " [" + node.state + "]";
  if (node.score) text += fmt::format(" {:.3g}", *node.score);
  if (node.answer && *node.answer != node.text) text += " = " + *node.answer;
  return text;
}

// Its lines in one, with a sign between them; empty ones are left out.
std::string joined_lines(std::string_view text) {
  std::string out;
  for (std::size_t begin = 0; (begin = text.find_first_not_of("\r\n", begin)) != text.npos;) {
    const std::size_t end = std::min(text.find_first_of("\r\n", begin), text.size());
    if (!out.empty()) out += " ⏎ ";
    out += text.substr(begin, end - begin);
    begin = end;
  }
  return out;
}

// One line of at most `width` characters. Wide characters count as one.
std::string one_line(std::string_view text, int width) {
  const std::string safe = printable(joined_lines(text), text.npos);
  std::string line;
  int columns = 0;
  for (std::size_t at = 0; at < safe.size();) {
    const Utf8Char c = decode_utf8(std::string_view(safe).substr(at));
    if (++columns > width) {
      while (!line.empty() && (line.back() & 0xC0) == 0x80) line.pop_back();
      if (!line.empty()) line.pop_back();
      return line + "…";
    }
    line += safe.substr(at, c.length);
    at += c.length;
  }
  return line;
}

void escape(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
}

void escape_text(std::string& out, std::string_view text) { escape(out, replace_invalid_utf8(text)); }

std::string_view without_line_ends(std::string_view text) {
  return text.substr(0, text.find_last_not_of('\n') + 1);  // npos + 1 is 0
}

// Of one node: more than any text has, and few enough to be added up.
constexpr std::int64_t kMostTokens = std::int64_t{1} << 32;

// What a page shows of a node's text while it is folded.
constexpr int kFolded = 100;

// "chain, cancelled", "thought, score 0.82, = 42, 12 tokens"
std::string remarks(const TraceNode& node) {
  std::string text = node.kind;
  if (!node.state.empty()) text += ", " + node.state;
  if (node.score) text += fmt::format(", score {:.3g}", *node.score);
  if (node.answer && *node.answer != node.text) text += ", = " + one_line(*node.answer, kFolded);
  return text + fmt::format(", {} token{}", node.tokens, node.tokens == 1 ? "" : "s");
}

// A node of a page, begun; what is below it follows, and then its end. Where all of a text fits on its line
// there is nothing more to open.
void begin_node(std::string& out, const TraceNode& node, bool has_children) {
  const std::string_view text = without_line_ends(node.text);
  const std::size_t first_end = std::min(text.find('\n'), text.size());
  const std::string folded = one_line(text.substr(0, first_end), kFolded);
  const bool whole = folded == text;
  const bool chosen = node.state == "chosen", kept = chosen || node.state == "kept" || node.state.empty();
  out += fmt::format("<details class=\"{}{}\"{}><summary><span>",
                     chosen ? "chosen"
                     : kept ? "kept"
                            : "left",
                     whole && !has_children ? " leaf" : "", kept ? " open" : "");
  escape_text(out, folded.empty() ? "(nothing)" : folded);
  out += "</span><small>";
  escape_text(out, remarks(node));
  out += "</small></summary>";
  if (whole) return;
  out += "<pre>";
  escape_text(out, text);
  out += "</pre>";
}

constexpr std::string_view kStyle = R"(
:root { color-scheme: light dark; --text: #1f2328; --faint: #6e7781; --line: #d0d7de; --box: #f6f8fa;
  --good: #1a7f37; --page: #fff; --hover: #eef2f6; }
@media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --faint: #8d96a0; --line: #30363d;
  --box: #161b22; --good: #3fb950; --page: #0d1117; --hover: #1c2128; } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 68em; padding: 0 1.2em;
  color: var(--text); background: var(--page); }
h1 { font-size: 1.3em; margin: 0; } p.cost { color: var(--faint); margin: .2em 0 1em; }
p.question { white-space: pre-wrap; background: var(--box); border: 1px solid var(--line); border-radius: 6px;
  padding: .7em 1em; margin: 0 0 1em; }
details details { margin-left: .65em; padding-left: .9em; border-left: 1px solid var(--line); }
summary { display: flex; align-items: baseline; gap: 1em; cursor: pointer; padding: .12em .4em;
  border-radius: 4px; }
summary:hover { background: var(--hover); } summary::-webkit-details-marker { display: none; }
summary::before { content: "\25B8"; color: var(--faint); width: .7em; margin-right: -.5em; }
details[open] > summary::before { content: "\25BE"; }
details.leaf > summary { cursor: default; } details.leaf > summary::before { content: "\B7"; }
summary span { flex: 1; min-width: 0; overflow-wrap: anywhere; } summary small { color: var(--faint); }
.left > summary span { color: var(--faint); }
.chosen > summary span, .chosen > summary small, .chosen > summary::before { color: var(--good); }
.chosen > summary span { font-weight: 600; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--box); border-radius: 6px;
  padding: .6em 1em; margin: .2em 0 .4em 1.1em; }
)";

}  // namespace

Json trace_to_json(const Trace& trace) {
  Json nodes = Json::array();
  for (std::size_t i = 0; i < trace.nodes.size(); ++i) {
    const TraceNode& n = trace.nodes[i];
    Json node{{"id", i},
              {"parent", n.parent < 0 ? Json() : Json(n.parent)},
              {"kind", n.kind},
              {"state", n.state},
              {"text", replace_invalid_utf8(n.text)},
              {"tokens", n.tokens}};
    if (n.score) node["score"] = *n.score;
    if (n.answer) node["answer"] = replace_invalid_utf8(*n.answer);
    nodes.push_back(std::move(node));
  }
  return {{"strategy", trace.strategy}, {"question", replace_invalid_utf8(trace.question)}, {"nodes", nodes}};
}

Trace parse_trace(std::string_view text, std::string_view name) {
  const nlohmann::json object = parse_json(text, name);
  Trace trace;
  try {
    trace.strategy = object.at("strategy").get<std::string>();
    trace.question = object.at("question").get<std::string>();
    for (const nlohmann::json& n : object.at("nodes")) {
      TraceNode node;
      const auto size = static_cast<std::int64_t>(trace.nodes.size());
      const std::int64_t parent = n.at("parent").is_null() ? -1 : n.at("parent").get<std::int64_t>();
      if (parent < -1 || parent >= size)
        fail("{}: node {}: its parent {} does not come before it", printable(name), size, parent);
      node.parent = static_cast<int>(parent);
      node.kind = n.at("kind").get<std::string>();
      node.text = n.at("text").get<std::string>();
      node.state = n.at("state").get<std::string>();
      node.tokens = n.at("tokens").get<std::int64_t>();
      if (node.tokens < 0 || node.tokens > kMostTokens)
        fail("{}: node {}: {} tokens; expected 0 to {}", printable(name), size, node.tokens, kMostTokens);
      if (n.contains("score")) node.score = n["score"].get<double>();
      if (n.contains("answer")) node.answer = n["answer"].get<std::string>();
      trace.add(std::move(node));
    }
  } catch (const nlohmann::json::exception& e) {  // "[json...] what is not there"
    const std::string_view what = e.what();
    fail("{}: is no trace of pith: {}", printable(name), printable(what.substr(what.find("] ") + 2)));
  }
  return trace;
}

std::string draw_trace(const Trace& trace, int width) {
  const auto children = children_of(trace);
  std::string out = one_line(trace.strategy + ": " + trace.question, width) + "\n";
  struct Place {
    int node;
    std::string before;  // the branches that pass by
    int columns;         // of them
    bool last;
  };
  std::vector<Place> stack;
  const auto push = [&](const std::vector<int>& list, const std::string& before, int columns) {
    for (auto it = list.rbegin(); it != list.rend(); ++it)
      stack.push_back({*it, before, columns, it == list.rbegin()});
  };
  push(children.back(), "", 0);
  while (!stack.empty()) {
    const Place place = std::move(stack.back());
    stack.pop_back();
    const TraceNode& node = trace.nodes[static_cast<std::size_t>(place.node)];
    out += place.before + (place.last ? "└─ " : "├─ ") +
           one_line(label(node) + ": " + joined_lines(node.text), std::max(20, width - place.columns - 3)) +
           "\n";
    push(children[static_cast<std::size_t>(place.node)], place.before + (place.last ? "   " : "│  "),
         place.columns + 3);
  }
  return out;
}

std::string trace_page(const Trace& trace) {
  const auto children = children_of(trace);
  std::int64_t tokens = 0;
  for (const TraceNode& node : trace.nodes) tokens += node.tokens;
  std::string out =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width\"><title>";
  escape_text(out, trace.strategy);
  out += "</title><style>" + std::string(kStyle) + "</style></head>\n<body><h1>";
  escape_text(out, trace.strategy);
  out += fmt::format("</h1><p class=\"cost\">{} texts, {} tokens</p><p class=\"question\">",
                     trace.nodes.size(), tokens);
  escape_text(out, trace.question);
  out += "</p>\n";
  // Depth-first without recursion: a trace from a file may be deep.
  std::vector<std::pair<const std::vector<int>*, std::size_t>> stack{{&children.back(), 0}};
  while (!stack.empty()) {
    auto& [list, next] = stack.back();
    if (next == list->size()) {
      stack.pop_back();
      if (!stack.empty()) out += "</details>\n";
      continue;
    }
    const auto node = static_cast<std::size_t>((*list)[next++]);
    begin_node(out, trace.nodes[node], !children[node].empty());
    stack.emplace_back(&children[node], 0);
  }
  return out + "</body></html>\n";
}

}  // namespace pith
