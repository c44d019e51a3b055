#include "text/json_components.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "text/base64.h"
#include "text/pre_names.h"
#include "text/tokenizer_parts.h"

namespace pith {
namespace {

using nlohmann::json;

std::string type_of(const json& j, std::string_view what, std::string_view source) {
  if (!j.is_object()) fail("{}: the {} is {}, expected an object", source, what, j.type_name());
  return string_member(j, "type", source);
}

/// Calls each(part) for the parts of a Sequence.
template <class F>
void for_sequence(const json& j, const char* key, std::string_view source, const F& each) {
  const json& parts = member(j, key, source);
  if (!parts.is_array()) fail("{}: '{}' is {}, expected an array", source, key, parts.type_name());
  for (const json& part : parts) each(part);
}

struct Pattern {
  std::string text;
  bool regex;
};

Pattern pattern_of(const json& j, std::string_view source) {
  const json& pattern = member(j, "pattern", source);
  if (pattern.is_object() && pattern.contains("Regex"))
    return {string_member(pattern, "Regex", source), true};
  if (pattern.is_object() && pattern.contains("String"))
    return {string_member(pattern, "String", source), false};
  fail("{}: a pattern is {}, expected {{\"String\": ...}} or {{\"Regex\": ...}}", source,
       printable(pattern.dump(-1, ' ', false, json::error_handler_t::replace)));
}

// --- normalizers ---------------------------------------------------------------------------------

void add_normalizer(const json& j, std::string_view source, Normalizer& out) {
  const std::string type = type_of(j, "normalizer", source);
  static constexpr std::pair<std::string_view, UnicodeForm> kForms[] = {{"NFC", UnicodeForm::NFC},
                                                                        {"NFD", UnicodeForm::NFD},
                                                                        {"NFKC", UnicodeForm::NFKC},
                                                                        {"NFKD", UnicodeForm::NFKD}};
  for (const auto& [name, form] : kForms) {
    if (type == name) return out.add(form);
  }
  if (type == "Sequence") {
    for_sequence(j, "normalizers", source, [&](const json& part) { add_normalizer(part, source, out); });
  } else if (type == "Replace") {
    Pattern pattern = pattern_of(j, source);
    Replace replace{.pattern = pattern.text, .regex = {}, .content = string_member(j, "content", source)};
    if (pattern.regex) replace.regex.emplace(pattern.text);
    out.add(std::move(replace));
  } else if (type == "Prepend") {
    out.add(Prepend{string_member(j, "prepend", source)});
  } else if (type == "Lowercase") {
    out.add(Lowercase{});
  } else if (type == "Strip") {
    out.add(Strip{bool_member(j, "strip_left", true, source), bool_member(j, "strip_right", true, source)});
  } else if (type == "StripAccents") {
    out.add(StripAccents{});
  } else if (type == "Nmt") {
    out.add(Nmt{});
  } else if (type == "Precompiled") {
    const auto blob = decode_base64(string_member(j, "precompiled_charsmap", source));
    if (!blob) fail("{}: the precompiled_charsmap is not base64", source);
    out.add(Precompiled{std::make_shared<CharsMap>(*blob, source)});
  } else if (type == "BertNormalizer") {
    const bool lowercase = bool_member(j, "lowercase", true, source);
    out.add(BertNormalizer{bool_member(j, "clean_text", true, source),
                           bool_member(j, "handle_chinese_chars", true, source),
                           bool_member(j, "strip_accents", lowercase, source), lowercase});
  } else {
    fail("{}: the normalizer '{}' is not supported", source, printable(type));
  }
}

// --- pre-tokenizers ------------------------------------------------------------------------------

SplitBehavior behavior_of(const json& j, const char* fallback, std::string_view source) {
  const std::string name = j.contains("behavior") ? string_member(j, "behavior", source) : fallback;
  static constexpr std::pair<std::string_view, SplitBehavior> kBehaviors[] = {
      {"Removed", SplitBehavior::Removed},
      {"Isolated", SplitBehavior::Isolated},
      {"MergedWithPrevious", SplitBehavior::MergedWithPrevious},
      {"MergedWithNext", SplitBehavior::MergedWithNext},
      {"Contiguous", SplitBehavior::Contiguous}};
  for (const auto& [known, behavior] : kBehaviors) {
    if (name == known) return behavior;
  }
  fail("{}: the split behavior '{}' is not known", source, printable(name));
}

// char::is_ascii_punctuation or category P.
constexpr std::string_view kPunctuation = "[\\p{P}$+<=>^`|~]";

/// The pre-tokenizers that are nothing but a Split with a known expression.
struct PlainSplit {
  std::string_view type, expression;
  SplitBehavior behavior;
  bool invert;
};
constexpr PlainSplit kPlainSplits[] = {
    {"Whitespace", "\\w+|[^\\w\\s]+", SplitBehavior::Removed, true},
    {"WhitespaceSplit", "\\s", SplitBehavior::Removed, false},
};

void add_pretokenizer(const json& j, std::string_view source, ParsedPretokenizer& out) {
  const std::string type = type_of(j, "pre-tokenizer", source);
  const auto split = [&](std::string_view expression, SplitBehavior behavior, bool invert = false) {
    out.steps.add(Split{Regex(expression), behavior, invert, out.byte_level});
  };
  for (const PlainSplit& plain : kPlainSplits) {
    if (type == plain.type) return split(plain.expression, plain.behavior, plain.invert);
  }
  if (type == "Sequence") {
    for_sequence(j, "pretokenizers", source, [&](const json& part) { add_pretokenizer(part, source, out); });
  } else if (type == "Split") {
    const Pattern pattern = pattern_of(j, source);
    if (pattern.text.empty()) fail("{}: a Split has an empty pattern", source);
    split(pattern.regex ? pattern.text : Regex::literal(pattern.text), behavior_of(j, "Isolated", source),
          bool_member(j, "invert", false, source));
  } else if (type == "ByteLevel") {
    if (out.byte_level) fail("{}: two ByteLevel pre-tokenizers in one sequence", source);
    if (bool_member(j, "add_prefix_space", true, source)) out.steps.add(PrefixSpace{});
    if (bool_member(j, "use_regex", true, source))
      split(find_pre_name("gpt-2")->expressions[0], SplitBehavior::Isolated);
    out.byte_level = true;
  } else if (type == "Digits") {
    const bool individual = bool_member(j, "individual_digits", false, source);
    split("\\p{N}", individual ? SplitBehavior::Isolated : SplitBehavior::Contiguous);
  } else if (type == "Punctuation") {
    split(kPunctuation, behavior_of(j, "Isolated", source));
  } else if (type == "BertPreTokenizer") {
    split("\\s", SplitBehavior::Removed);
    split(kPunctuation, SplitBehavior::Isolated);
  } else if (type == "CharDelimiterSplit") {
    split(Regex::literal(string_member(j, "delimiter", source)), SplitBehavior::Removed);
  } else if (type == "Metaspace") {
    if (out.byte_level) fail("{}: a Metaspace pre-tokenizer behind ByteLevel is not supported", source);
    // Older files say add_prefix_space instead of prepend_scheme.
    const bool prefix = bool_member(j, "add_prefix_space", true, source);
    const std::string scheme = j.contains("prepend_scheme") ? string_member(j, "prepend_scheme", source)
                                                            : std::string(prefix ? "always" : "never");
    Metaspace metaspace{.replacement = string_member(j, "replacement", source),
                        .split = bool_member(j, "split", true, source)};
    if (metaspace.replacement.empty()) fail("{}: the Metaspace pre-tokenizer has no replacement", source);
    if (scheme == "always") {
      metaspace.prepend = Metaspace::Prepend::Always;
    } else if (scheme == "first") {
      metaspace.prepend = Metaspace::Prepend::First;
    } else if (scheme == "never") {
      metaspace.prepend = Metaspace::Prepend::Never;
    } else {
      fail("{}: the prepend_scheme '{}' is not known", source, printable(scheme));
    }
    out.steps.add(std::move(metaspace));
  } else {
    fail("{}: the pre-tokenizer '{}' is not supported", source, printable(type));
  }
}

// --- decoders ------------------------------------------------------------------------------------

void add_decoder(const json& j, std::string_view source, ParsedDecoder& out) {
  const std::string type = type_of(j, "decoder", source);
  if (type == "Sequence") {
    for_sequence(j, "decoders", source, [&](const json& part) { add_decoder(part, source, out); });
  } else if (type == "ByteLevel") {
    out.rule.byte_level = true;
  } else if (type == "Metaspace") {
    out.rule.replace.emplace_back(string_member(j, "replacement", source), " ");
    out.strip_leading_space = j.contains("prepend_scheme")
                                  ? string_member(j, "prepend_scheme", source) != "never"
                                  : bool_member(j, "add_prefix_space", true, source);
  } else if (type == "Replace") {
    const Pattern pattern = pattern_of(j, source);
    if (pattern.regex) fail("{}: a Replace decoder with a regular expression is not supported", source);
    out.rule.replace.emplace_back(pattern.text, string_member(j, "content", source));
  } else if (type == "Strip") {
    const json& start = member(j, "start", source);
    const json& stop = member(j, "stop", source);
    if (string_member(j, "content", source) != " " || start != 1 || stop != 0) {
      fail("{}: the only Strip decoder supported takes one space from the start", source);
    }
    out.strip_leading_space = true;
  } else if (type != "ByteFallback" &&
             type != "Fuse") {  // bytes have their pieces, and pieces are always fused
    fail("{}: the decoder '{}' is not supported", source, printable(type));
  }
}

// --- post-processors -----------------------------------------------------------------------------

TokenId token_named(const std::string& name, const TokenizerParts& parts) {
  const auto id = parts.vocabulary.find(name);
  if (!id)
    fail("{}: the post-processor's token '{}' is not in the vocabulary", parts.source, printable(name));
  return *id;
}

void add_template(const json& j, TokenizerParts& parts) {
  bool behind_text = false;
  for_sequence(j, "single", parts.source, [&](const json& item) {
    if (item.is_object() && item.contains("Sequence")) {
      behind_text = true;
      return;
    }
    const std::string name = string_member(member(item, "SpecialToken", parts.source), "id", parts.source);
    auto& ids = behind_text ? parts.suffix : parts.prefix;
    const json& known = member(j, "special_tokens", parts.source);
    if (known.is_object() && known.contains(name)) {
      for_sequence(known[name], "ids", parts.source, [&](const json& id) {
        if (!id.is_number_integer()) fail("{}: the post-processor's ids are not integers", parts.source);
        ids.push_back(checked_id(parts, id.get<std::int64_t>(), "a post-processor's id"));
      });
    } else {
      ids.push_back(token_named(name, parts));
    }
  });
  if (!behind_text) fail("{}: the post-processor's template leaves out the text", parts.source);
}

/// ["<s>", 0]
std::string first_of_pair(const json& j, const char* key, std::string_view source) {
  const json& pair = member(j, key, source);
  if (!pair.is_array() || pair.empty() || !pair[0].is_string())
    fail("{}: '{}' is not [token, id]", source, key);
  return pair[0].get<std::string>();
}

}  // namespace

const json& member(const json& j, const char* key, std::string_view source) {
  const auto it = j.is_object() ? j.find(key) : j.end();
  if (!j.is_object() || it == j.end()) fail("{}: '{}' is missing", source, key);
  return *it;
}

std::string string_member(const json& j, const char* key, std::string_view source) {
  const json& value = member(j, key, source);
  if (!value.is_string()) fail("{}: '{}' is {}, expected a string", source, key, value.type_name());
  return value.get<std::string>();
}

bool bool_member(const json& j, const char* key, bool fallback, std::string_view source) {
  const auto it = j.find(key);
  if (it == j.end() || it->is_null()) return fallback;
  if (!it->is_boolean()) fail("{}: '{}' is {}, expected true or false", source, key, it->type_name());
  return it->get<bool>();
}

Normalizer parse_normalizer(const json& j, std::string_view source) {
  Normalizer out;
  if (!j.is_null()) add_normalizer(j, source, out);
  return out;
}

ParsedPretokenizer parse_pretokenizer(const json& j, std::string_view source) {
  ParsedPretokenizer out;
  if (!j.is_null()) add_pretokenizer(j, source, out);
  return out;
}

ParsedDecoder parse_decoder(const json& j, std::string_view source) {
  ParsedDecoder out;
  if (!j.is_null()) add_decoder(j, source, out);
  return out;
}

void parse_post_processor(const json& j, TokenizerParts& parts) {
  if (j.is_null()) return;
  const std::string type = type_of(j, "post-processor", parts.source);
  if (type == "Sequence") {
    for_sequence(j, "processors", parts.source, [&](const json& part) { parse_post_processor(part, parts); });
  } else if (type == "TemplateProcessing") {
    add_template(j, parts);
  } else if (type == "RobertaProcessing" || type == "BertProcessing") {
    parts.prefix.push_back(token_named(first_of_pair(j, "cls", parts.source), parts));
    parts.suffix.push_back(token_named(first_of_pair(j, "sep", parts.source), parts));
  } else if (type != "ByteLevel") {  // that one only trims offsets
    fail("{}: the post-processor '{}' is not supported", parts.source, printable(type));
  }
}

}  // namespace pith
