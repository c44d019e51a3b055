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

// One line of at most `width` characters. Wide characters count as one.
std::string one_line(std::string_view text, int width) {
  const std::string safe = printable(text, text.size() * 4 + 4);
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

// A node of a page, begun; what is below it follows, and then its end.
void begin_node(std::string& out, const TraceNode& node, bool has_children) {
  const bool chosen = node.state == "chosen";
  out += chosen ? "<details class=\"chosen\" open>" : node.state == "kept" ? "<details open>" : "<details>";
  out += "<summary><b>";
  escape(out, replace_invalid_utf8(label(node)));
  out += fmt::format("</b> <i>{} tokens{}</i> ", node.tokens, has_children ? "" : ", a leaf");
  escape(out, one_line(replace_invalid_utf8(node.text), 80));
  out += "</summary><pre>";
  escape(out, replace_invalid_utf8(node.text));
  out += "</pre>";
}

constexpr std::string_view kStyle = R"(
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 70em; padding: 0 1em; color: #222; }
h1 { font-size: 1.2em; } p.question { white-space: pre-wrap; background: #f4f4f4; padding: .6em 1em; }
details { margin: .2em 0 .2em 1em; border-left: 2px solid #ddd; padding-left: .6em; }
details.chosen { border-left-color: #2a7d2a; } details.chosen > summary b { color: #2a7d2a; }
summary { cursor: pointer; color: #555; } summary i { color: #999; font-size: .85em; }
pre { white-space: pre-wrap; background: #fafafa; padding: .4em .8em; margin: .3em 0; }
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
      if (n.contains("score")) node.score = n["score"].get<double>();
      if (n.contains("answer")) node.answer = n["answer"].get<std::string>();
      trace.add(std::move(node));
    }
  } catch (const nlohmann::json::exception& e) {
    fail("{}: is no trace of pith: {}", printable(name), printable(e.what()));
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
           one_line(label(node) + ": " + node.text, std::max(20, width - place.columns - 3)) + "\n";
    push(children[static_cast<std::size_t>(place.node)], place.before + (place.last ? "   " : "│  "),
         place.columns + 3);
  }
  return out;
}

std::string trace_page(const Trace& trace) {
  const auto children = children_of(trace);
  std::string out = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>";
  escape(out, replace_invalid_utf8(trace.strategy));
  out += "</title><style>" + std::string(kStyle) + "</style></head>\n<body><h1>";
  escape(out, replace_invalid_utf8(trace.strategy));
  out += "</h1><p class=\"question\">";
  escape(out, replace_invalid_utf8(trace.question));
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
