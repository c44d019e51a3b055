// The methods of texts, lists and dictionaries: those of Python's str, list, tuple and dict that change
// nothing. Jinja's sandbox, in which transformers runs templates, forbids the others: list.append,
// dict.update and so on.
#include <algorithm>

#include "base/error.h"
#include "base/utf8.h"
#include "text/jinja_builtins.h"
#include "text/jinja_format.h"
#include "text/jinja_operations.h"
#include "text/jinja_strings.h"

namespace pith::jinja {
namespace {

constexpr std::size_t kNone = std::string_view::npos;

std::string_view self_text(const Value& self) { return *self.text(); }

template <std::string (*convert)(std::string_view)>
Value converted(Runtime& rt, const Value& self, const Args&) {
  rt.take_memory(self_text(self).size());
  return rt.text(convert(self_text(self)));
}

template <bool left, bool right>
Value strip(Runtime& rt, const Value& self, const Args& args) {
  const std::optional<std::string_view> chars = args.optional_text(0);
  std::string_view text = self_text(self);
  if (chars) rt.work(text.size() * chars->size());
  if (left) text = lstrip(text, chars);
  if (right) text = rstrip(text, chars);
  return rt.text(text);
}

Value texts(Runtime& rt, const std::vector<std::string_view>& parts) {
  Items out;
  rt.take_memory(parts.size() * (sizeof(std::string_view) + sizeof(Value)));
  for (const std::string_view part : parts) out.push_back(rt.text(part));
  return rt.list(std::move(out));
}

/// Counts, before it is taken, the memory that splitting takes at most.
void count_split(Runtime& rt, std::string_view text, std::size_t separator, std::int64_t limit) {
  std::size_t parts = text.size() / separator + 1;
  if (limit >= 0) parts = std::min(parts, static_cast<std::size_t>(limit) + 1);
  rt.take_memory(parts * sizeof(std::string_view) + 8 * separator);
  rt.work(text.size() + separator);
}

template <std::vector<std::string_view> (*split_text)(std::string_view, std::optional<std::string_view>,
                                                      long long)>
Value split_method(Runtime& rt, const Value& self, const Args& args) {
  const std::optional<std::string_view> separator = args.optional_text(0);
  if (separator && separator->empty()) rt.fail("empty separator");
  const std::int64_t limit = args.integer(1, -1);
  count_split(rt, self_text(self), separator ? separator->size() : 2, limit);
  return texts(rt, split_text(self_text(self), separator, limit));
}

Value split_lines_method(Runtime& rt, const Value& self, const Args& args) {
  rt.take_memory(self_text(self).size() * sizeof(std::string_view));
  return texts(rt, split_lines(self_text(self), args.flag(0, false)));
}

/// str.startswith and str.endswith take one text or a tuple of them.
template <bool (*matches)(std::string_view, std::string_view)>
Value matches_any(Runtime& rt, const Value& self, const Args& args) {
  if (args.has(1)) rt.fail("the positions of startswith and endswith are not supported");
  if (!args[0].is<TuplePtr>()) return matches(self_text(self), args.text(0));
  for (const Value& item : *args[0].items()) {
    if (!item.text()) rt.fail("startswith and endswith compare with texts, not a {}", type_name(item));
    rt.work(item.text()->size());
    if (matches(self_text(self), *item.text())) return true;
  }
  return false;
}

bool starts_with(std::string_view text, std::string_view what) { return text.substr(0, what.size()) == what; }
bool ends_with(std::string_view text, std::string_view what) {
  return text.size() >= what.size() && text.substr(text.size() - what.size()) == what;
}

Value replace(Runtime& rt, const Value& self, const Args& args) {
  std::string_view text = self_text(self);
  const std::string_view from = args.text(0), to = args.text(1);
  std::int64_t left = args.integer(2, -1);
  std::string out;
  if (from.empty()) {  // before every character and at the end
    for (const std::string_view c : characters(rt, text)) {
      if (left != 0) rt.append(out, to), --left;
      rt.append(out, c);
    }
    if (left != 0) rt.append(out, to);
    return rt.text(out);
  }
  count_split(rt, text, from.size(), left);
  const std::vector<std::string_view> parts = split(text, from, left);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) rt.append(out, to);
    rt.append(out, parts[i]);
  }
  return rt.text(out);
}

/// The part of a text between the optional arguments start and end, and how many characters come before it.
std::pair<std::string_view, std::int64_t> window(Runtime& rt, const Value& self, const Args& args) {
  const std::int64_t size = length(rt, self);
  const auto bound = [&](std::size_t i, std::int64_t otherwise) {
    if (!args.has(i) || args[i].is_none()) return otherwise;
    const std::int64_t at = args.integer(i, 0);
    return at < 0 ? std::max<std::int64_t>(at + size, 0) : at;
  };
  const std::int64_t start = bound(1, 0), end = std::min(bound(2, size), size);
  if (start > end) return {{}, -1};
  const std::string_view text = self_text(self);
  const std::size_t first = char_offset(text, static_cast<std::size_t>(start));
  return {text.substr(first, char_offset(text, static_cast<std::size_t>(end)) - first), start};
}

template <bool from_right, bool must_exist>
Value find(Runtime& rt, const Value& self, const Args& args) {
  const auto [text, before] = window(rt, self, args);
  const std::string_view what = args.text(0);
  rt.take_memory(from_right ? text.size() + 9 * what.size() : 8 * what.size());
  const std::size_t at = before < 0 ? kNone : from_right ? rfind_text(text, what) : find_text(text, what);
  if (at != kNone) return before + static_cast<std::int64_t>(count_chars(text.substr(0, at)));
  if (must_exist) rt.fail("substring not found");
  return std::int64_t{-1};
}

Value count(Runtime& rt, const Value& self, const Args& args) {
  const auto [text, before] = window(rt, self, args);
  if (before < 0) return std::int64_t{0};
  if (args.text(0).empty()) return static_cast<std::int64_t>(count_chars(text)) + 1;
  count_split(rt, text, args.text(0).size(), -1);
  return static_cast<std::int64_t>(split(text, args.text(0), -1).size()) - 1;
}

Value join(Runtime& rt, const Value& self, const Args& args) {
  require_defined(rt, args[0]);
  std::string out;
  bool first = true;
  for (const Value& item : iterate(rt, args[0])) {
    if (!item.text()) rt.fail("join needs texts, not a {}", type_name(item));
    if (!first) rt.append(out, self_text(self));
    rt.append(out, *item.text());
    first = false;
  }
  return rt.text(out);
}

template <bool from_right>
Value partition(Runtime& rt, const Value& self, const Args& args) {
  const std::string_view text = self_text(self), separator = args.text(0);
  if (separator.empty()) rt.fail("empty separator");
  rt.take_memory(text.size() + 9 * separator.size());
  const std::size_t at = from_right ? rfind_text(text, separator) : find_text(text, separator);
  if (at == kNone) {
    return from_right ? rt.tuple({rt.text(""), rt.text(""), self})
                      : rt.tuple({self, rt.text(""), rt.text("")});
  }
  return rt.tuple(
      {rt.text(text.substr(0, at)), rt.text(separator), rt.text(text.substr(at + separator.size()))});
}

Value remove_prefix(Runtime& rt, const Value& self, const Args& args) {
  const std::string_view text = self_text(self), prefix = args.text(0);
  return rt.text(starts_with(text, prefix) ? text.substr(prefix.size()) : text);
}

Value remove_suffix(Runtime& rt, const Value& self, const Args& args) {
  const std::string_view text = self_text(self), suffix = args.text(0);
  return rt.text(ends_with(text, suffix) ? text.substr(0, text.size() - suffix.size()) : text);
}

/// str.ljust, str.rjust and str.center: how many of the missing characters go to the left.
template <std::int64_t (*left_share)(std::int64_t missing, std::int64_t width)>
Value justify(Runtime& rt, const Value& self, const Args& args) {
  const std::string_view fill = args.text(1, " ");
  if (count_chars(fill) != 1) rt.fail("the fill character must be exactly one character long");
  const std::int64_t width = args.integer(0, 0);
  const std::int64_t missing = std::max<std::int64_t>(width - length(rt, self), 0);
  const std::int64_t left = left_share(missing, width);
  std::string out;
  for (std::int64_t i = 0; i < left; ++i) rt.append(out, fill);
  rt.append(out, self_text(self));
  for (std::int64_t i = left; i < missing; ++i) rt.append(out, fill);
  return rt.text(out);
}

Value zero_fill(Runtime& rt, const Value& self, const Args& args) {
  std::string_view text = self_text(self);
  const std::int64_t missing = args.integer(0, 0) - length(rt, self);
  std::string out;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    out = text[0];
    text.remove_prefix(1);
  }
  for (std::int64_t i = 0; i < missing; ++i) rt.append(out, "0");
  rt.append(out, text);
  return rt.text(out);
}

std::int64_t none_left(std::int64_t, std::int64_t) { return 0; }
std::int64_t all_left(std::int64_t missing, std::int64_t) { return missing; }
std::int64_t half_left(std::int64_t missing, std::int64_t width) {
  return missing / 2 + (missing & width & 1);
}

/// str.isalpha and its like: not empty, and true of every character.
template <bool (*holds)(const CharClass&)>
Value every_char(Runtime&, const Value& self, const Args&) {
  std::string_view text = self_text(self);
  if (text.empty()) return false;
  while (!text.empty()) {
    const Utf8Char c = decode_utf8(text);
    if (!holds(char_class(c.code))) return false;
    text.remove_prefix(c.length);
  }
  return true;
}

bool is_alpha(const CharClass& c) { return c.letter; }
bool is_alnum(const CharClass& c) { return c.letter || c.numeric; }
bool is_decimal(const CharClass& c) { return c.decimal; }
bool is_digit(const CharClass& c) { return c.digit; }
bool is_numeric(const CharClass& c) { return c.numeric; }
bool is_white(const CharClass& c) { return c.space; }

constexpr Builtin kTextMethods[] = {
    {"upper", "", 0, converted<upper>},
    {"lower", "", 0, converted<lower>},
    {"casefold", "", 0, converted<lower>},
    {"capitalize", "", 0, converted<capitalize>},
    {"swapcase", "", 0, converted<swap_case>},
    {"title", "", 0, converted<title>},
    {"strip", "chars", 0, strip<true, true>},
    {"lstrip", "chars", 0, strip<true, false>},
    {"rstrip", "chars", 0, strip<false, true>},
    {"split", "sep maxsplit", 0, split_method<split>},
    {"rsplit", "sep maxsplit", 0, split_method<rsplit>},
    {"splitlines", "keepends", 0, split_lines_method},
    {"startswith", "prefix start", 1, matches_any<starts_with>},
    {"endswith", "suffix start", 1, matches_any<ends_with>},
    {"replace", "old new count", 2, replace},
    {"find", "sub start end", 1, find<false, false>},
    {"rfind", "sub start end", 1, find<true, false>},
    {"index", "sub start end", 1, find<false, true>},
    {"rindex", "sub start end", 1, find<true, true>},
    {"count", "sub start end", 1, count},
    {"join", "iterable", 1, join},
    {"partition", "sep", 1, partition<false>},
    {"rpartition", "sep", 1, partition<true>},
    {"removeprefix", "prefix", 1, remove_prefix},
    {"removesuffix", "suffix", 1, remove_suffix},
    {"ljust", "width fillchar", 1, justify<none_left>},
    {"rjust", "width fillchar", 1, justify<all_left>},
    {"center", "width fillchar", 1, justify<half_left>},
    {"zfill", "width", 1, zero_fill},
    {"isalpha", "", 0, every_char<is_alpha>},
    {"isalnum", "", 0, every_char<is_alnum>},
    {"isdecimal", "", 0, every_char<is_decimal>},
    {"isdigit", "", 0, every_char<is_digit>},
    {"isnumeric", "", 0, every_char<is_numeric>},
    {"isspace", "", 0, every_char<is_white>},
    {"isupper", "", 0,
     [](Runtime&, const Value& self, const Args&) -> Value { return all_cased(self_text(self), true); }},
    {"islower", "", 0,
     [](Runtime&, const Value& self, const Args&) -> Value { return all_cased(self_text(self), false); }},
    {"format", "*", 0,
     [](Runtime& rt, const Value& self, const Args& args) -> Value {
       return rt.text(brace_format(rt, self_text(self), args.all()));
     }},
};

Value list_index(Runtime& rt, const Value& self, const Args& args) {
  const Items& items = *self.items();
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (equal(rt, items[i], args[0])) return static_cast<std::int64_t>(i);
  }
  rt.fail("the value is not in the {}", type_name(self));
}

Value list_count(Runtime& rt, const Value& self, const Args& args) {
  std::int64_t found = 0;
  for (const Value& item : *self.items()) found += equal(rt, item, args[0]);
  return found;
}

Value same(Runtime&, const Value& self, const Args&) { return self; }

Value forbidden(Runtime& rt, const Value& self, const Args&) {
  rt.fail("a {} cannot be changed by a template (Jinja's sandbox forbids it)", type_name(self));
}

constexpr Builtin kListMethods[] = {
    {"index", "value", 1, list_index}, {"count", "value", 1, list_count}, {"copy", "", 0, same},
    {"append", "*", 0, forbidden},     {"clear", "*", 0, forbidden},      {"extend", "*", 0, forbidden},
    {"insert", "*", 0, forbidden},     {"pop", "*", 0, forbidden},        {"remove", "*", 0, forbidden},
    {"reverse", "*", 0, forbidden},    {"sort", "*", 0, forbidden},
};

Value get(Runtime& rt, const Value& self, const Args& args) {
  if (!rt.hashable(args[0])) rt.fail("a {} cannot be the key of a dictionary", type_name(args[0]));
  const Value* found = rt.find(*self.dict(), args[0]);
  return found ? *found : args.has(1) ? args[1] : Value(None());
}

Value items(Runtime& rt, const Value& self, const Args&) {
  Items out;
  for (const auto& [key, value] : self.dict()->entries) out.push_back(rt.tuple({key, value}));
  return rt.iterable("dict_items", std::move(out), false);
}

Value keys(Runtime& rt, const Value& self, const Args&) {
  return rt.iterable("dict_keys", iterate(rt, self), false);
}

Value values(Runtime& rt, const Value& self, const Args&) {
  rt.take_memory(self.dict()->entries.size() * sizeof(Value));
  Items out;
  for (const auto& [key, value] : self.dict()->entries) out.push_back(value);
  return rt.iterable("dict_values", std::move(out), false);
}

constexpr Builtin kDictMethods[] = {
    {"get", "key default", 1, get}, {"items", "", 0, items},        {"keys", "", 0, keys},
    {"values", "", 0, values},      {"copy", "", 0, same},          {"clear", "*", 0, forbidden},
    {"pop", "*", 0, forbidden},     {"popitem", "*", 0, forbidden}, {"setdefault", "*", 0, forbidden},
    {"update", "*", 0, forbidden},
};

}  // namespace

const std::span<const Builtin> tables::text_methods = kTextMethods;
const std::span<const Builtin> tables::list_methods = kListMethods;
const std::span<const Builtin> tables::dict_methods = kDictMethods;

}  // namespace pith::jinja
