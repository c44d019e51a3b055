// Templates are untrusted: what runs, recurses, writes or grows without end stops, and says where.
#include <gtest/gtest.h>

#include "text/jinja.h"
#include "text/jinja_json.h"

namespace pith {
namespace {

using jinja::TemplateError;

/// Limits that are reached soon; the real ones are some ten times as high.
jinja::Environment narrow() {
  jinja::Environment out;
  out.limits.steps = 1'000'000;
  out.limits.memory = 48u << 20;
  out.limits.text = 8u << 20;
  return out;
}

std::string render(std::string_view source, const jinja::Environment& environment = narrow()) {
  return jinja::Template(source).render(environment, [](jinja::Runtime&) { return jinja::Dict(); });
}

std::string repeat(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

/// The message of the error that rendering ends with.
std::string error_of(std::string_view source) {
  try {
    const std::string text = render(source);
    return "no error, but " + std::to_string(text.size()) + " bytes";
  } catch (const TemplateError& error) {
    return error.what();
  }
}

void expect_error(std::string_view source, std::string_view message) {
  EXPECT_NE(error_of(source).find(message), std::string::npos)
      << source.substr(0, 200) << "\ngives: " << error_of(source);
}

TEST(JinjaErrors, NameLineAndColumn) {
  EXPECT_EQ(error_of("a\n b {{ x.y }}"), "chat template, line 2, column 8: 'x' is undefined");
  EXPECT_EQ(error_of("é {{ 1 / 0 }}"), "chat template, line 1, column 8: division by zero");
  EXPECT_EQ(error_of("{% if true %}\n  {{ raise_exception('no\nway') }}\n{% endif %}"),
            "chat template, line 2, column 6: no\\x0away");
  EXPECT_EQ(error_of("\n\n{% nonsense %}"),
            "chat template, line 3, column 4: unknown or misplaced tag 'nonsense'");
  EXPECT_EQ(error_of("{{ 'a' | nonsense }}"),
            "chat template, line 1, column 10: there is no filter 'nonsense'");
  EXPECT_EQ(error_of("{{ 1 is nonsense }}"), "chat template, line 1, column 9: there is no test 'nonsense'");
  EXPECT_EQ(
      error_of("{% include 'x' %}"),
      "chat template, line 1, column 4: the tag 'include' is not supported: a chat template stands alone");
  EXPECT_EQ(error_of("{% if x %}"),
            "chat template, line 1, column 11: expected 'endif', found the end of the template");
  EXPECT_EQ(error_of("{{ 1 + }}"), "chat template, line 1, column 8: expected an expression, found '}}'");
  EXPECT_EQ(error_of("a {# b"), "chat template, line 1, column 3: this comment has no end; expected '#}'");
  EXPECT_EQ(error_of("a\xff"), "chat template, line 1, column 2: the template is not valid UTF-8");
  EXPECT_EQ(error_of("{{ 99999999999999999999 }}"),
            "chat template, line 1, column 4: this integer does not fit in 64 bits");
}

TEST(JinjaErrors, IntegersOverflowIntoAnError) {
  for (const char* source :
       {"{{ 9223372036854775807 + 1 }}", "{{ -9223372036854775807 - 2 }}", "{{ 4611686018427387904 * 2 }}",
        "{{ (-9223372036854775807 - 1) // -1 }}", "{{ -(-9223372036854775807 - 1) }}", "{{ 2 ** 63 }}",
        "{{ 10 ** 1000000000000 }}", "{{ (-9223372036854775807 - 1)|abs }}"}) {
    expect_error(source, "integer overflow");
  }
  EXPECT_EQ(render("{{ (-9223372036854775807 - 1) % -1 }} {{ 2 ** 62 }} {{ (-2) ** 63 }}"),
            "0 4611686018427387904 -9223372036854775808");
  expect_error("{{ 1e300|int }}", "does not fit");
  expect_error("{{ '%d' % 1e300 }}", "64 bits");
}

TEST(JinjaLimits, EndlessWorkStops) {
  expect_error("{% macro m() %}{{ m() }}{% endmacro %}\n{{ m() }}", "nested or recursive");
  expect_error("{% macro m() %}{% call m() %}{{ caller() }}{% endcall %}{% endmacro %}{{ m() }}",
               "nested or recursive");
  expect_error("{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}", "nested or recursive");
  const std::string nested = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}";
  expect_error(nested, "loops for too long");
  expect_error(
      "{% set s = 'a' * 1000000 %}{% for a in range(99999) %}{% if s == s ~ '' %}{% endif %}{% endfor %}",
      "stopped");
  expect_error("{% set s = 'a' * 5000000 %}{% for a in range(99999) %}{{ s.find('ab') }}{% endfor %}",
               "stopped");
}

TEST(JinjaLimits, SearchingIsLinear) {
  // 7 MB of text and a pattern of 1 MB: a search that begins anew at each byte would take hours.
  EXPECT_EQ(render("{{ ('a' * 7000000).find('a' * 1000000 ~ 'b') }}"), "-1");
  EXPECT_EQ(render("{{ ('a' * 5000000).rfind('b' ~ 'a' * 500000) }} {{ 'b' in 'a' * 5000000 }}"), "-1 False");
}

TEST(JinjaLimits, GrowthStops) {
  expect_error("{{ 'a' * 99999999999 }}", "stopped");
  expect_error("{{ [1] * 99999999999 }}", "stopped");
  expect_error("{{ range(99999999999) }}", "a range of more than");
  expect_error("{{ range(-9223372036854775807, 9223372036854775807, 2) }}", "a range of more than");
  expect_error(
      "{% set ns = namespace(x='ab') %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
      "stopped");
  expect_error(
      "{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
      "stopped");
  expect_error("{% set s = 'a' * 1000000 %}{% for i in range(9999) %}{{ s }}{% endfor %}", "stopped");
  expect_error("{{ 'a'.ljust(99999999999) }}", "stopped");
  expect_error("{{ '{:99999999999}'.format(1) }}", "stopped");
  expect_error("{{ '%99999999999d' % 1 }}", "stopped");
  expect_error("{{ '%.99999999999f' % 1.0 }}", "precision");
  expect_error("{{ 'a'|indent(99999999999) }}", "stopped");
  expect_error("{{ [1]|batch(99999999999, 0)|list }}", "stopped");
  expect_error("{{ [1]|slice(99999999999)|list }}", "lists");
  expect_error("{{ ('a' * 5000000).replace('a', 'bbbbbbbbb') }}", "stopped");
}

TEST(JinjaLimits, ValuesNestOnlySoDeep) {
  const std::string deep = "{% set ns = namespace(x=0) %}{% for i in range(99999) %}{% set ns.x = ";
  for (const char* wrap :
       {"[ns.x]", "(ns.x,)", "{'a': ns.x}", "cycler(ns.x)", "[ns.x]|map('string').__x__ or [ns.x]"}) {
    expect_error(deep + wrap + " %}{% endfor %}", "");
    EXPECT_EQ(error_of(deep + wrap + " %}{% endfor %}").find("no error"), std::string::npos) << wrap;
  }
  // Little memory, but 2^200 items to print or to compare.
  const std::string wide =
      "{% set ns = namespace(x=[0], y=[0]) %}{% for i in range(200) %}{% set ns.x = [ns.x, ns.x] %}"
      "{% set ns.y = [ns.y, ns.y] %}{% endfor %}";
  expect_error(wide + "{{ ns.x }}", "stopped");
  expect_error(wide + "{{ ns.x|tojson }}", "stopped");
  expect_error(wide + "{{ ns.x == ns.y }}", "stopped");
  const std::string key =
      "{% set ns = namespace(x=(0, 0)) %}{% for i in range(200) %}{% set ns.x = (ns.x, ns.x) %}{% endfor %}";
  expect_error(key + "{{ {ns.x: 1} }}", "stopped");
  expect_error(key + "{{ ns.x in {} }}", "stopped");
}

TEST(JinjaLimits, ObjectsThatReferToEachOtherAreFreed) {
  // The address sanitizer's leak check judges.
  EXPECT_EQ(
      render(
          "{% set ns = namespace() %}{% set ns.me = ns %}{% macro m() %}{% endmacro %}{% set ns.m = m %}"
          "{% for x in [ns] %}{% set ns.loop = loop %}{{ loop.changed(loop) }}{% endfor %}{{ ns.loop.index }}"
          "{% for x in [1] %}{% macro n() %}{{ x }}{% endmacro %}{% set ns.n = n %}{% endfor %}{{ ns.n() }}"),
      "True11");
  expect_error("{% set ns = namespace() %}{% set ns.me = ns %}{{ [ns.me]|tojson }}",
               "cannot be written as JSON");
}

TEST(JinjaLimits, NestingOfTheSourceIsBounded) {
  expect_error("{{ " + repeat("(", 5000) + "1" + repeat(")", 5000) + " }}", "nested more than");
  expect_error("{{ " + repeat("[", 5000) + repeat("]", 5000) + " }}", "nested more than");
  expect_error("{{ " + repeat("not ", 5000) + "1 }}", "nested more than");
  expect_error("{{ " + repeat("- ", 5000) + "1 }}", "nested more than");
  expect_error("{{ x" + repeat("|trim", 5000) + " }}", "nested more than");
  expect_error("{{ x" + repeat(".x", 5000) + " }}", "nested more than");
  expect_error("{{ x" + repeat("()", 5000) + " }}", "nested more than");
  expect_error("{{ 1" + repeat(" if 1 else 1", 5000) + " }}", "nested more than");
  expect_error("{{ 1" + repeat(" if 1", 5000) + " }}", "nested more than");
  expect_error("{% set " + repeat("(", 5000) + "a" + repeat(")", 5000) + " = 1 %}", "nested more than");
  expect_error(repeat("{% if 1 %}", 5000) + repeat("{% endif %}", 5000), "nested more than");
  // What only is long is no matter.
  EXPECT_EQ(render("{{ 0" + repeat(" + 1", 5000) + " }}"), "5000");
  EXPECT_EQ(render("{{ 1" + repeat(" and 1", 5000) + " }}"), "1");
  EXPECT_EQ(render("{{ ''" + repeat(" ~ 'a'", 5000) + " }}"), repeat("a", 5000));
  EXPECT_EQ(render("{% if 0 %}" + repeat("{% elif 0 %}", 5000) + "{% else %}x{% endif %}"), "x");
}

}  // namespace
}  // namespace pith
