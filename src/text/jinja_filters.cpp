// The filters of templates: {{ value | NAME }}.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/utf8.h"
#include "text/jinja_builtins.h"
#include "text/jinja_format.h"
#include "text/jinja_json.h"
#include "text/jinja_operations.h"
#include "text/jinja_strings.h"

namespace pith::jinja {
namespace {

bool is_markup(const Value& value) { return value.text() && value.get<Text>()->markup; }

// --- text ---

template <std::string (*convert)(std::string_view)>
Value converted(Runtime& rt, const Value& value, const Args&) {
  const std::string text = to_text(rt, value);
  rt.take_memory(text.size() * sizeof(std::string_view));
  return rt.text(convert(text), is_markup(value));
}

/// Unlike str.title: words begin after white space, "-" and opening brackets only.
std::string title_words(std::string_view text) {
  std::string out;
  bool begins = true;
  for (const std::string_view c : split_chars(text)) {
    out += begins ? upper(c) : lower(c);
    begins = std::string_view("-({[<").find(c) != std::string_view::npos || is_space(decode_utf8(c).code);
  }
  return out;
}

Value trim(Runtime& rt, const Value& value, const Args& args) {
  const std::string text = to_text(rt, value);
  const std::optional<std::string_view> chars = args.optional_text(0);
  if (chars) rt.work(text.size() * chars->size());
  return rt.text(rstrip(lstrip(text, chars), chars), is_markup(value));
}

Value replace(Runtime& rt, const Value& value, const Args& args) {
  const Value text = rt.text(to_text(rt, value));
  Arguments arguments{{rt.text(to_text(rt, args[0])), rt.text(to_text(rt, args[1]))}, {}};
  if (args.has(2) && !args[2].is_none()) arguments.positional.push_back(args[2]);
  return run_builtin(rt, *find_method(text, "replace"), text, arguments);
}

Value center(Runtime& rt, const Value& value, const Args& args) {
  const Value text = rt.text(to_text(rt, value));
  return run_builtin(rt, *find_method(text, "center"), text, {{args.integer(0, 80)}, {}});
}

Value indent(Runtime& rt, const Value& value, const Args& args) {
  std::string text = to_text(rt, value);
  rt.append(text, "\n");  // so that a line end at the end counts as a line
  std::string indentation;
  if (args[0].text()) {
    indentation = args.text(0);
  } else {
    const std::int64_t width = args.integer(0, 4);
    if (width > static_cast<std::int64_t>(rt.limits().text)) rt.fail("stopped: an indentation of {}", width);
    indentation.assign(static_cast<std::size_t>(std::max<std::int64_t>(width, 0)), ' ');
  }
  const bool blank_lines = args.flag(2, false);
  rt.take_memory(text.size() * sizeof(std::string_view) + indentation.size());
  const std::vector<std::string_view> lines = split_lines(text, false);
  std::string out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) rt.append(out, "\n");
    const bool indented = i == 0 ? args.flag(1, false) : blank_lines || !lines[i].empty();
    if (indented) rt.append(out, indentation);
    rt.append(out, lines[i]);
  }
  return rt.text(out);
}

Value truncate(Runtime& rt, const Value& value, const Args& args) {
  if (value.is_undefined()) return value;
  if (!value.text()) rt.fail("'truncate' shortens texts, not a {}", type_name(value));
  const std::string_view text = *value.text(), end = args.text(2, "...");
  const std::int64_t wanted = args.integer(0, 255), leeway = args.integer(3, 5);
  const auto end_size = static_cast<std::int64_t>(count_chars(end));
  if (wanted < end_size || leeway < 0)
    rt.fail("'truncate' needs a length of at least {} and no negative leeway", end_size);
  if (length(rt, value) - leeway <= wanted) return value;
  std::string_view kept = text.substr(0, char_offset(text, static_cast<std::size_t>(wanted - end_size)));
  if (!args.flag(1, false)) kept = kept.substr(0, kept.rfind(' '));
  return rt.text(std::string(kept) + std::string(end));
}

Value word_count(Runtime& rt, const Value& value, const Args&) {
  std::int64_t words = 0;
  bool inside = false;
  const std::string text = to_text(rt, value);
  for (const std::string_view c : characters(rt, text)) {
    const CharClass k = char_class(decode_utf8(c).code);
    const bool is_word = k.letter || k.numeric || c == "_";
    words += is_word && !inside;
    inside = is_word;
  }
  return words;
}

Value url_encode(Runtime& rt, const Value& value, const Args&) {
  if (value.dict() || value.items()) rt.fail("'urlencode' of a {} is not supported", type_name(value));
  std::string out;
  for (const char c : to_text(rt, value)) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) ||
                       std::string_view("_.-~/").find(c) != std::string_view::npos;
    rt.append(out, plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c)));
  }
  return rt.text(out);
}

Value format(Runtime& rt, const Value& value, const Args& args) {
  const Arguments& all = args.all();
  if (!all.positional.empty() && !all.named.empty())
    rt.fail("'format' takes arguments by position or by name, not both");
  if (all.named.empty()) return rt.text(percent_format(rt, to_text(rt, value), rt.tuple(all.positional)));
  Dict named;
  for (const auto& [name, item] : all.named) rt.insert(named, rt.text(name), item);
  return rt.text(percent_format(rt, to_text(rt, value), rt.dict(std::move(named))));
}

Value escape(Runtime& rt, const Value& value, const Args&) {
  if (is_markup(value)) return value;
  const std::string text = to_text(rt, value);
  rt.take_memory(6 * text.size());
  return rt.text(escape_html(text), true);
}

Value string(Runtime& rt, const Value& value, const Args&) {
  return value.text() ? value : rt.text(to_text(rt, value));
}

Value to_json_filter(Runtime& rt, const Value& value, const Args& args) {
  JsonStyle style;
  style.ensure_ascii = args.flag(0, false);
  style.sort_keys = args.flag(3, false);
  const Value& indent = args[1];
  style.multiline = args.has(1) && !indent.is_none();
  if (style.multiline) {
    style.item_separator = ",";
    if (indent.text()) {
      style.indent = *indent.text();
    } else {
      style.indent.assign(static_cast<std::size_t>(std::clamp<std::int64_t>(args.integer(1, 0), 0, 1000)),
                          ' ');
    }
  }
  if (args.has(2) && !args[2].is_none()) {
    const Items separators = iterate(rt, args[2]);
    if (separators.size() != 2 || !separators[0].text() || !separators[1].text()) {
      rt.fail("the argument 'separators' of 'tojson' is two texts");
    }
    style.item_separator = *separators[0].text();
    style.key_separator = *separators[1].text();
  }
  return rt.text(to_json(rt, value, style));
}

// --- numbers ---

Value absolute(Runtime& rt, const Value& value, const Args&) {
  require_defined(rt, value);
  if (!value.is_number()) rt.fail("a {} has no absolute value", type_name(value));
  return value.real() < 0 ? unary(rt, UnaryOp::kNegate, value) : unary(rt, UnaryOp::kPlus, value);
}

Value truncated(Runtime& rt, double value, const Value& otherwise) {
  if (!std::isfinite(value)) return otherwise;
  if (std::fabs(value) >= 9223372036854775808.0) rt.fail("the integer {} does not fit in 64 bits", value);
  return static_cast<std::int64_t>(value);
}

Value to_integer(Runtime& rt, const Value& value, const Args& args) {
  require_defined(rt, value);
  const Value otherwise = args.has(0) ? args[0] : Value(std::int64_t{0});
  if (value.is_integral()) return value.integer();
  if (value.is<double>()) return truncated(rt, value.real(), otherwise);
  if (!value.text()) return otherwise;
  const std::int64_t base = args.integer(1, 10);
  if (base != 0 && (base < 2 || base > 36))
    rt.fail("'int' needs a base between 2 and 36, or 0, not {}", base);
  if (const auto number = parse_integer(*value.text(), static_cast<int>(base))) return std::int64_t{*number};
  const auto real = parse_real(*value.text());
  return real ? truncated(rt, *real, otherwise) : otherwise;
}

Value to_real(Runtime& rt, const Value& value, const Args& args) {
  require_defined(rt, value);
  if (value.is_number()) return value.real();
  const auto number = value.text() ? parse_real(*value.text()) : std::nullopt;
  return number ? Value(*number) : args.has(0) ? args[0] : Value(0.0);
}

Value round(Runtime& rt, const Value& value, const Args& args) {
  const std::string_view method = args.text(1, "common");
  const int digits = static_cast<int>(std::clamp<std::int64_t>(args.integer(0, 0), -400, 400));
  require_defined(rt, value);
  if (!value.is_number()) rt.fail("a {} cannot be rounded", type_name(value));
  if (method == "common") {
    if (value.is_integral() && digits >= 0) return value.integer();
    const double rounded = round_real(value.real(), digits);
    return value.is_integral() ? truncated(rt, rounded, value) : Value(rounded);
  }
  if (method != "ceil" && method != "floor") rt.fail("'round' knows the methods common, ceil and floor");
  const double scale = std::pow(10.0, digits);
  const double scaled = value.real() * scale;
  if (!std::isfinite(scaled) || scale == 0) rt.fail("a number that cannot be rounded to {} digits", digits);
  return (method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / scale;
}

// --- sequences ---

/// What the argument `attribute` of many filters asks for: "a.b.0" is item 0 of item b of item a; none is the
/// value itself.
class Getter {
 public:
  Getter(Runtime& rt, const Value& path) : rt_(rt) {
    if (path.is_integral()) path_.push_back(path);
    if (!path.text()) return;
    for (const std::string_view part : split(*path.text(), ".", -1)) {
      const auto index =
          part.find_first_not_of("0123456789") == std::string_view::npos ? parse_integer(part) : std::nullopt;
      path_.push_back(index ? Value(std::int64_t{*index}) : rt.text(part));
    }
  }

  Value operator()(Value value, const Value& otherwise = {}) const {
    for (const Value& key : path_) {
      value = subscript(rt_, value, key);
      if (value.is_undefined() && !otherwise.is_undefined()) value = otherwise;
    }
    return value;
  }

 private:
  Runtime& rt_;
  Items path_;
};

/// The value to compare instead of `value`, where upper and lower case count alike.
Value sort_key(Runtime& rt, const Value& value, bool case_sensitive) {
  return value.text() && !case_sensitive ? rt.text(lower(*value.text())) : value;
}

struct Keyed {
  Value key, value;
};

/// Sorts by key; equal ones keep their order, also where it is descending.
Items sorted(Runtime& rt, std::vector<Keyed> items, bool descending) {
  rt.take_memory(items.size() * sizeof(Keyed));
  std::stable_sort(items.begin(), items.end(), [&](const Keyed& a, const Keyed& b) {
    rt.work();
    return descending ? less(rt, b.key, a.key) : less(rt, a.key, b.key);
  });
  Items out;
  for (Keyed& item : items) out.push_back(std::move(item.value));
  return out;
}

Value sort(Runtime& rt, const Value& value, const Args& args) {
  std::vector<Getter> getters;
  if (args[2].text()) {
    for (const std::string_view path : split(*args[2].text(), ",", -1))
      getters.emplace_back(rt, rt.text(path));
  } else {
    getters.emplace_back(rt, args[2]);
  }
  const bool case_sensitive = args.flag(1, false);
  std::vector<Keyed> items;
  for (Value& item : iterate(rt, value)) {
    Items keys;
    for (const Getter& get : getters) keys.push_back(sort_key(rt, get(item), case_sensitive));
    // A list even of one key, as in Jinja: lists of equal values without an order, such as undefined, can be
    // compared.
    items.push_back({rt.list(std::move(keys)), std::move(item)});
  }
  return rt.list(sorted(rt, std::move(items), args.flag(0, false)));
}

Value dict_sort(Runtime& rt, const Value& value, const Args& args) {
  require_defined(rt, value);
  if (!value.dict()) rt.fail("'dictsort' sorts dictionaries, not a {}", type_name(value));
  const std::string_view by = args.text(1, "key");
  if (by != "key" && by != "value") rt.fail("'dictsort' sorts by 'key' or 'value'");
  std::vector<Keyed> items;
  for (const auto& [key, item] : value.dict()->entries) {
    items.push_back({sort_key(rt, by == "key" ? key : item, args.flag(0, false)), rt.tuple({key, item})});
  }
  return rt.list(sorted(rt, std::move(items), args.flag(2, false)));
}

template <bool largest>
Value extreme(Runtime& rt, const Value& value, const Args& args) {
  const Getter get(rt, args[1]);
  const bool case_sensitive = args.flag(0, false);
  std::optional<Keyed> best;
  for (const Value& item : iterate(rt, value)) {
    const Value key = sort_key(rt, get(item), case_sensitive);
    if (!best || (largest ? less(rt, best->key, key) : less(rt, key, best->key))) best = Keyed{key, item};
  }
  return best ? best->value : rt.undefined("the smallest or largest item of an empty sequence is undefined");
}

Value sum(Runtime& rt, const Value& value, const Args& args) {
  const Getter get(rt, args[0]);
  Value total = args.has(1) ? args[1] : Value(std::int64_t{0});
  for (const Value& item : iterate(rt, value)) total = arithmetic(rt, BinaryOp::kAdd, total, get(item));
  return total;
}

Value unique(Runtime& rt, const Value& value, const Args& args) {
  const Getter get(rt, args[1]);
  Dict seen;
  Items out;
  for (const Value& item : iterate(rt, value)) {
    const Value key = sort_key(rt, get(item), args.flag(0, false));
    const std::size_t before = seen.entries.size();
    rt.insert(seen, key, None());
    if (seen.entries.size() > before) out.push_back(item);
  }
  return rt.generator(std::move(out));
}

Value join(Runtime& rt, const Value& value, const Args& args) {
  const Getter get(rt, args[1]);
  const std::string separator = args.has(0) ? to_text(rt, args[0]) : "";
  std::string out;
  bool first = true;
  for (const Value& item : iterate(rt, value)) {
    if (!first) rt.append(out, separator);
    rt.append(out, to_text(rt, get(item)));
    first = false;
  }
  return rt.text(out);
}

Value first(Runtime& rt, const Value& value, const Args&) {
  if (Iterable* iterable = value.iterable();
      iterable && iterable->generator && iterable->next < iterable->items.size()) {
    return iterable->items[iterable->next++];
  }
  const Items items = iterate(rt, value);
  return items.empty() ? rt.undefined("the first item of an empty sequence is undefined") : items.front();
}

Value last(Runtime& rt, const Value& value, const Args&) {
  if (value.iterable() && value.iterable()->generator)
    rt.fail("a generator has no last item; use the filter 'list' before");
  const Items items = iterate(rt, value);
  return items.empty() ? rt.undefined("the last item of an empty sequence is undefined") : items.back();
}

Value reverse(Runtime& rt, const Value& value, const Args&) {
  Items items = iterate(rt, value);
  std::reverse(items.begin(), items.end());
  if (value.text()) {
    std::string out;
    for (const Value& c : items) rt.append(out, *c.text());
    return rt.text(out, is_markup(value));
  }
  return value.iterable() && value.iterable()->generator ? rt.list(std::move(items))
                                                         : rt.generator(std::move(items));
}

Value items(Runtime& rt, const Value& value, const Args&) {
  Items out;
  if (!value.is_undefined() && !value.dict())
    rt.fail("'items' takes the pairs of a dictionary, not of a {}", type_name(value));
  if (const Dict* dict = value.dict()) {
    for (const auto& [key, item] : dict->entries) out.push_back(rt.tuple({key, item}));
  }
  return rt.generator(std::move(out));
}

Value list(Runtime& rt, const Value& value, const Args&) { return rt.list(iterate(rt, value)); }

/// Lists of `size` items; the last one is filled up if `filler` is given.
Value batch(Runtime& rt, const Value& value, const Args& args) {
  const std::int64_t size = args.integer(0, 0);
  if (size < 1) rt.fail("'batch' needs a size of at least 1");
  Items out, part;
  const Items from = iterate(rt, value);
  for (const Value& item : from) {
    part.push_back(item);
    if (static_cast<std::int64_t>(part.size()) == size) out.push_back(rt.list(std::exchange(part, {})));
  }
  if (!part.empty()) {
    if (args.has(1) && !args[1].is_none()) {
      rt.take_memory(sizeof(Value) * static_cast<std::size_t>(std::min<std::int64_t>(size, 1 << 30)));
      part.resize(static_cast<std::size_t>(size), args[1]);
    }
    out.push_back(rt.list(std::move(part)));
  }
  return rt.generator(std::move(out));
}

/// `count` lists of nearly equal length; the shorter ones are filled up if `filler` is given.
Value slices(Runtime& rt, const Value& value, const Args& args) {
  const std::int64_t wanted = args.integer(0, 0);
  if (wanted < 1 || wanted > static_cast<std::int64_t>(rt.limits().items)) {
    rt.fail("'slice' makes between 1 and {} lists, not {}", rt.limits().items, wanted);
  }
  const Items from = iterate(rt, value);
  const auto count = static_cast<std::size_t>(wanted);
  const std::size_t each = from.size() / count, longer = from.size() % count;
  Items out;
  for (std::size_t i = 0, at = 0; i < count; ++i) {
    const std::size_t size = each + (i < longer);
    Items part(from.begin() + static_cast<std::ptrdiff_t>(at),
               from.begin() + static_cast<std::ptrdiff_t>(at + size));
    if (args.has(1) && !args[1].is_none() && i >= longer) part.push_back(args[1]);
    out.push_back(rt.list(std::move(part)));
    at += size;
  }
  return rt.generator(std::move(out));
}

/// The arguments from number `from` on, for a filter or test that another filter applies.
Arguments rest(const Arguments& all, std::size_t from) {
  Arguments out = all;
  out.positional.erase(out.positional.begin(), out.positional.begin() + static_cast<std::ptrdiff_t>(from));
  return out;
}

const std::string& name_argument(Runtime& rt, const Arguments& all, std::size_t i, std::string_view what) {
  if (i >= all.positional.size() || !all.positional[i].text()) rt.fail("expected the name of a {}", what);
  return *all.positional[i].text();
}

/// `map`, `select` and the like take none, 0 and other false values for an empty sequence.
Items iterate_if_true(Runtime& rt, const Value& value) {
  return is_true(rt, value) ? iterate(rt, value) : Items();
}

/// map('filter', arguments...) or map(attribute='name', default=value).
Value map(Runtime& rt, const Value& value, const Args& args) {
  const Arguments& all = args.all();
  Items out;
  if (!all.positional.empty()) {
    const std::string& filter = name_argument(rt, all, 0, "filter");
    const Arguments arguments = rest(all, 1);
    for (const Value& item : iterate_if_true(rt, value))
      out.push_back(apply_filter(rt, filter, item, arguments));
    return rt.generator(std::move(out));
  }
  static constexpr Builtin kByAttribute = {"map", "attribute default", 1, nullptr};
  const Args named(rt, kByAttribute, all);
  const Getter get(rt, named[0]);
  for (const Value& item : iterate_if_true(rt, value)) out.push_back(get(item, named[1]));
  return rt.generator(std::move(out));
}

/// select('test', arguments...); with attributes selectattr('attribute', 'test', arguments...). Without a
/// test: truth.
template <bool wanted, bool by_attribute>
Value select(Runtime& rt, const Value& value, const Args& args) {
  const Arguments& all = args.all();
  const std::size_t test_at = by_attribute ? 1 : 0;
  if (all.positional.size() < test_at) rt.fail("missing the name of an attribute");
  const Getter get(rt, by_attribute ? all.positional[0] : Value());
  const bool has_test = all.positional.size() > test_at;
  const Arguments arguments = rest(all, has_test ? test_at + 1 : test_at);
  Items out;
  for (const Value& item : iterate_if_true(rt, value)) {
    const Value tested = get(item);
    const bool holds = has_test ? apply_test(rt, name_argument(rt, all, test_at, "test"), tested, arguments)
                                : is_true(rt, tested);
    if (holds == wanted) out.push_back(item);
  }
  return rt.generator(std::move(out));
}

// --- anything ---

Value or_default(Runtime& rt, const Value& value, const Args& args) {
  const bool missing = value.is_undefined() || (args.flag(1, false) && !is_true(rt, value));
  return !missing ? value : args.has(0) ? args[0] : rt.text("");
}

Value size(Runtime& rt, const Value& value, const Args&) { return length(rt, value); }

constexpr Builtin kFilters[] = {
    {"abs", "", 0, absolute},
    {"batch", "linecount fill_with", 1, batch},
    {"capitalize", "", 0, converted<capitalize>},
    {"center", "width", 0, center},
    {"count", "", 0, size},
    {"d", "default_value boolean", 0, or_default},
    {"default", "default_value boolean", 0, or_default},
    {"dictsort", "case_sensitive by reverse", 0, dict_sort},
    {"e", "", 0, escape},
    {"escape", "", 0, escape},
    {"first", "", 0, first},
    {"float", "default", 0, to_real},
    {"format", "*", 0, format},
    {"indent", "width first blank", 0, indent},
    {"int", "default base", 0, to_integer},
    {"items", "", 0, items},
    {"join", "d attribute", 0, join},
    {"last", "", 0, last},
    {"length", "", 0, size},
    {"list", "", 0, list},
    {"lower", "", 0, converted<lower>},
    {"map", "*", 0, map},
    {"max", "case_sensitive attribute", 0, extreme<true>},
    {"min", "case_sensitive attribute", 0, extreme<false>},
    {"reject", "*", 0, select<false, false>},
    {"rejectattr", "*", 0, select<false, true>},
    {"replace", "old new count", 2, replace},
    {"reverse", "", 0, reverse},
    {"round", "precision method", 0, round},
    {"safe", "", 0,
     [](Runtime& rt, const Value& value, const Args&) -> Value { return rt.text(to_text(rt, value), true); }},
    {"select", "*", 0, select<true, false>},
    {"selectattr", "*", 0, select<true, true>},
    {"slice", "slices fill_with", 1, slices},
    {"sort", "reverse case_sensitive attribute", 0, sort},
    {"string", "", 0, string},
    {"sum", "attribute start", 0, sum},
    {"title", "", 0, converted<title_words>},
    {"tojson", "ensure_ascii indent separators sort_keys", 0, to_json_filter},
    {"trim", "chars", 0, trim},
    {"truncate", "length killwords end leeway", 0, truncate},
    {"unique", "case_sensitive attribute", 0, unique},
    {"upper", "", 0, converted<upper>},
    {"urlencode", "", 0, url_encode},
    {"wordcount", "", 0, word_count},
};

}  // namespace

const std::span<const Builtin> tables::filters = kFilters;

}  // namespace pith::jinja
