// Traces to JSON and back, as lines, as a page.
#include "reason/trace.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "pith/error.h"

namespace pith {
namespace {

Trace small() {
  Trace trace{"tree:2,2", "What is <b>1 + 2</b>?", {}};
  trace.add({.kind = "thought", .text = "\nFirst\r\n\nadd.\n", .state = "chosen", .score = 0.5, .tokens = 3});
  trace.add({.kind = "thought", .text = "Guess", .state = "dropped"});
  trace.add({.parent = 0, .kind = "thought", .text = "So 3 & done", .state = "chosen", .answer = "3"});
  return trace;
}

TEST(Trace, SurvivesItsFile) {
  const std::string text = trace_to_json(small()).dump();
  const Trace back = parse_trace(text, "t.json");
  EXPECT_EQ(trace_to_json(back).dump(), text);
  EXPECT_EQ(back.nodes[2].parent, 0);
  EXPECT_EQ(back.nodes[0].score, 0.5);
}

TEST(Trace, ALineANode) {
  EXPECT_EQ(draw_trace(small(), 60),
            "tree:2,2: What is <b>1 + 2</b>?\n"
            "├─ thought [chosen] 0.5: First ⏎ add.\n"
            "│  └─ thought [chosen] = 3: So 3 & done\n"
            "└─ thought [dropped]: Guess\n");
  EXPECT_TRUE(draw_trace(small(), 30).starts_with("tree:2,2: What is <b>1 + 2</b…\n"));
}

TEST(Trace, APageEscapesWhatModelsWrite) {
  const std::string page = trace_page(small());
  EXPECT_EQ(page.find("<b>1 + 2"), std::string::npos);
  EXPECT_NE(page.find("&lt;b&gt;1 + 2"), std::string::npos);
  EXPECT_NE(page.find("So 3 &amp; done"), std::string::npos);
  EXPECT_EQ(page.find("http"), std::string::npos) << "self-contained";
  const auto count = [&](std::string_view what) {
    std::size_t n = 0;
    for (std::size_t at = page.find(what); at != std::string::npos; at = page.find(what, at + 1)) ++n;
    return n;
  };
  EXPECT_EQ(count("<details"), 3u);
  EXPECT_EQ(count("</details>"), 3u);
}

TEST(Trace, WhatIsNoTrace) {
  for (
      const char* text :
      {"", "[]", "{}", R"({"strategy": "x", "question": "y", "nodes": [{"parent": 0}]})",
       R"({"strategy":"x","question":"y","nodes":[{"parent":0,"kind":"","text":"","state":"","tokens":0}]})",
       R"({"strategy":"x","question":"y","nodes":[{"parent":-5,"kind":"","text":"","state":"","tokens":0}]})",
       R"({"strategy":"x","question":"y","nodes":[{"parent":null,"kind":"","text":"","state":"","tokens":1e18}]})"})
    EXPECT_THROW(parse_trace(text, "t.json"), Error) << text;
}

TEST(Trace, ADeepOneNeedsNoStack) {
  Trace trace;
  for (int i = 0; i < 20000; ++i) trace.add({.parent = i - 1, .kind = "thought", .text = "x"});
  EXPECT_FALSE(trace_page(trace).empty());
  // Each line shows its branches: only the first levels are drawn here.
  trace.nodes.resize(200);
  EXPECT_EQ(std::ranges::count(draw_trace(trace, 80), '\n'), 201);
}

}  // namespace
}  // namespace pith
