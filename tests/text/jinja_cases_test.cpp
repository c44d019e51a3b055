// Cases of other projects: huggingface.js (whose JavaScript rules are a dialect here) and llama.cpp.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "shared_data.h"
#include "text/chat_template.h"
#include "text/jinja.h"
#include "text/jinja_json.h"
#include "text/jinja_operations.h"

namespace pith {
namespace {

using Json = nlohmann::ordered_json;
using jinja::Arguments;
using jinja::Dialect;
using jinja::Runtime;
using jinja::Value;

Json load_cases(const std::string& name) {
  std::ifstream file(test::shared_data() / "chat_templates" / name);
  return Json::parse(file);
}

std::string render(const Json& test_case, Dialect dialect,
                   const std::map<std::string, Value>& functions = {}) {
  const jinja::Template program(test_case["template"].get<std::string>());
  jinja::Environment environment;
  environment.dialect = dialect;
  environment.now = parse_time("2025-07-10T12:00:00Z");
  return program.render(environment, [&](Runtime& rt) {
    jinja::Dict context = *jinja::from_json(rt, test_case["context"]).dict();
    for (const auto& [name, function] : functions) rt.insert(context, rt.text(name), function);
    return context;
  });
}

/// A function of the program that calls the interpreter.
struct HostFunction : jinja::Object {
  std::function<Value(Runtime&, const jinja::Items&)> run;
  std::string_view type() const override { return "function"; }
  bool callable() const override { return true; }
  Value call(Runtime& rt, const Arguments& arguments) override { return run(rt, arguments.positional); }
};

Value host_function(std::function<Value(Runtime&, const jinja::Items&)> run) {
  const auto made = std::make_shared<HostFunction>();
  made->run = std::move(run);
  return jinja::ObjectPtr(made);
}

TEST(JinjaCases, HuggingFaceEndToEnd) {
  PITH_NEED_SHARED();
  const Json cases = load_cases("hf_jinja_e2e_cases.json");
  EXPECT_EQ(cases.size(), 27u);
  for (const Json& c : cases) EXPECT_EQ(render(c, Dialect::kJavaScript), c["expected"]) << c["name"];
}

TEST(JinjaCases, HuggingFaceUnit) {
  PITH_NEED_SHARED();
  const Json cases = load_cases("hf_jinja_unit_cases.json");
  EXPECT_EQ(cases.size(), 81u);
  for (const Json& c : cases) {
    if (c["needs_js_function"].get<bool>()) continue;  // these two are the next tests
    EXPECT_EQ(render(c, Dialect::kJavaScript), c["expected"]) << c["name"];
  }
}

Json find_case(const Json& cases, std::string_view name) {
  for (const Json& c : cases) {
    if (c["name"] == name) return c;
  }
  ADD_FAILURE() << "no case " << name;
  return {};
}

TEST(JinjaCases, HuggingFaceUnitWithAHostFunction) {
  PITH_NEED_SHARED();
  const Json c = find_case(load_cases("hf_jinja_unit_cases.json"), "NUMBERS");
  const Value add = host_function([](Runtime& rt, const jinja::Items& arguments) {
    return jinja::arithmetic(rt, jinja::BinaryOp::kAdd, arguments.at(0), arguments.at(1));
  });
  EXPECT_EQ(render(c, Dialect::kJavaScript, {{"add", add}}), c["expected"]);
}

TEST(JinjaCases, HuggingFaceUnitWithFunctionsInObjects) {
  PITH_NEED_SHARED();
  const Json c = find_case(load_cases("hf_jinja_unit_cases.json"), "OBJ_METHODS");
  const auto joined = [](std::string_view separator) {
    return host_function([separator](Runtime& rt, const jinja::Items& arguments) {
      std::string text;
      for (const Value& argument : arguments) {
        if (!text.empty()) text += separator;
        text += jinja::to_text(rt, argument);
      }
      return rt.text(text);
    });
  };
  const jinja::Template program(c["template"].get<std::string>());
  const jinja::Environment environment{{}, Dialect::kJavaScript, {}};
  const std::string text = program.render(environment, [&](Runtime& rt) {
    jinja::Dict z, obj, context;
    rt.insert(z, rt.text("A"), joined("_"));
    rt.insert(obj, rt.text("x"), joined(""));
    rt.insert(obj, rt.text("z"), rt.dict(z));
    rt.insert(context, rt.text("x"), rt.text("A"));
    rt.insert(context, rt.text("y"), rt.text("B"));
    rt.insert(context, rt.text("obj"), rt.dict(obj));
    return context;
  });
  EXPECT_EQ(text, c["expected"]);
}

/// Where huggingface.js and Python's jinja2 part, pith keeps to Python unless told otherwise.
TEST(JinjaCases, HuggingFaceEndToEndInPython) {
  PITH_NEED_SHARED();
  for (const Json& c : load_cases("hf_jinja_e2e_cases.json")) {
    if (c["name"] == "MadeAgents/Hammer2.1") {
      EXPECT_NE(render(c, Dialect::kPython), c["expected"]) << "it prints a list: [{'type': ... in Python";
    } else {
      EXPECT_EQ(render(c, Dialect::kPython), c["expected"]) << c["name"];
    }
  }
}

TEST(JinjaCases, LlamaCppUnit) {
  PITH_NEED_SHARED();
  // llama.cpp lets templates change lists; the sandbox that transformers uses does not.
  const std::map<std::string, std::string> differ = {
      {"array.pop() last",
       "chat template, line 1, column 7: a list cannot be changed by a template (Jinja's sandbox forbids "
       "it)"},
      {"array.append()",
       "chat template, line 1, column 15: a list cannot be changed by a template (Jinja's sandbox forbids "
       "it)"},
  };
  std::size_t different = 0;
  for (const Json& c : load_cases("llamacpp_jinja_unit_cases.json")) {
    const auto exception = differ.find(c["name"].get<std::string>());
    if (exception == differ.end()) {
      EXPECT_EQ(render(c, Dialect::kPython), c["expected"]) << c["name"];
      continue;
    }
    ++different;
    try {
      render(c, Dialect::kPython);
      ADD_FAILURE() << c["name"] << " should fail";
    } catch (const jinja::TemplateError& error) {
      EXPECT_EQ(error.what(), exception->second);
    }
  }
  EXPECT_EQ(different, differ.size());
}

TEST(JinjaCases, LlamaCppChat) {
  PITH_NEED_SHARED();
  // Two templates leave out the system message. llama.cpp then puts it before the first user message, outside
  // of the template; transformers renders what the template says. What is expected here is jinja2's
  // rendering.
  const std::map<std::string, std::string> differ = {
      {"OrionStarAI/Orion-14B-Chat",
       "Human: Hello\n\nAssistant: </s>Hi there</s>Human: Who are you\n\nAssistant: </s>   I am an assistant "
       "  </s>"
       "Human: Another question\n\nAssistant: </s>"},
      {"yandex/YandexGPT-5-Lite-8B-instruct",
       "<s> Пользователь: Hello\n\n Ассистент: Hi there\n\n Пользователь: Who are you\n\n Ассистент:    I am "
       "an assistant   "
       "\n\n Пользователь: Another question\n\n Ассистент:[SEP]"},
  };
  std::size_t different = 0;
  for (const Json& c : load_cases("llamacpp_chat_template_cases.json")) {
    const auto exception = differ.find(c["name"].get<std::string>());
    different += exception != differ.end();
    const std::string expected =
        exception != differ.end() ? exception->second : c["expected_jinja"].get<std::string>();
    EXPECT_EQ(render(c, Dialect::kPython), expected) << c["name"];
  }
  EXPECT_EQ(different, differ.size());
}

}  // namespace
}  // namespace pith
