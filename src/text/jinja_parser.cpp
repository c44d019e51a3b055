#include "text/jinja_parser.h"

#include <array>
#include <initializer_list>

#include "text/jinja_lexer.h"

namespace pith::jinja {
namespace {

using Kind = Token::Kind;

/// How deep expressions and tags may nest. Far above what templates do, far below what the stack could bear.
constexpr int kMaxNesting = 100;

struct BinaryOperator {
  std::string_view sign;
  int precedence;  ///< higher binds tighter
  BinaryOp op;
};

// "~" (kConcatenation) stands between sums and products.
constexpr int kConcatenation = 2, kHighestPrecedence = 4;
constexpr BinaryOperator kBinaryOperators[] = {
    {"+", 1, BinaryOp::kAdd},    {"-", 1, BinaryOp::kSubtract}, {"*", 3, BinaryOp::kMultiply},
    {"/", 3, BinaryOp::kDivide}, {"%", 3, BinaryOp::kModulo},   {"//", 3, BinaryOp::kFloorDivide},
    {"**", 4, BinaryOp::kPower},
};

constexpr std::pair<std::string_view, CompareOp> kComparisons[] = {
    {"==", CompareOp::kEqual},     {"!=", CompareOp::kNotEqual}, {"<", CompareOp::kLess},
    {"<=", CompareOp::kLessEqual}, {">", CompareOp::kGreater},   {">=", CompareOp::kGreaterEqual},
};

class Parser {
 public:
  explicit Parser(std::string_view source) : source_(source), tokens_(tokenize_template(source)) {}

  Block run() {
    Block body = block({});
    if (!at(Kind::kEnd)) fail("unexpected end tag");
    return body;
  }

 private:
  using Node = decltype(Statement::node);
  struct Tag {
    std::string_view name;
    Node (Parser::*parse)();
  };
  static const Tag kTags[];

  /// Counts how deep the tree becomes while a function runs that makes it deeper.
  class Nested {
   public:
    explicit Nested(Parser& parser) : parser_(parser), before_(parser.depth_) { deeper(); }
    ~Nested() { parser_.depth_ = before_; }
    void deeper() {
      if (++parser_.depth_ > kMaxNesting) parser_.fail(fmt::format("nested more than {} deep", kMaxNesting));
    }

   private:
    Parser& parser_;
    int before_;
  };

  // --- tokens ---

  const Token& current() const { return tokens_[at_]; }
  const Token& following() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  const Token& take() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  std::uint32_t offset() const { return current().offset; }

  bool at(Kind kind) const { return current().kind == kind; }
  bool at_sign(std::string_view sign) const { return at(Kind::kOperator) && current().text == sign; }
  bool at_word(std::string_view word) const { return at(Kind::kName) && current().text == word; }
  bool skip_sign(std::string_view sign) { return at_sign(sign) && (take(), true); }
  bool skip_word(std::string_view word) { return at_word(word) && (take(), true); }

  [[noreturn]] void fail(std::string_view message) const { fail_at(source_, offset(), message); }
  [[noreturn]] void fail_expected(std::string_view what) const {
    fail(fmt::format("expected {}, found {}", what, describe(current())));
  }

  static std::string describe(const Token& token) {
    switch (token.kind) {
      case Kind::kData: return "text";
      case Kind::kExpressionBegin: return "'{{'";
      case Kind::kExpressionEnd: return "'}}'";
      case Kind::kTagBegin: return "'{%'";
      case Kind::kTagEnd: return "'%}'";
      case Kind::kEnd: return "the end of the template";
      case Kind::kString: return "a string";
      case Kind::kInteger:
      case Kind::kFloat: return "a number";
      default: return fmt::format("'{}'", printable(token.text, 40));
    }
  }

  void expect_sign(std::string_view sign) {
    if (!skip_sign(sign)) fail_expected(fmt::format("'{}'", sign));
  }
  void expect_word(std::string_view word) {
    if (!skip_word(word)) fail_expected(fmt::format("'{}'", word));
  }
  void expect(Kind kind, std::string_view what) {
    if (!at(kind)) fail_expected(what);
    take();
  }
  std::string expect_name() {
    if (!at(Kind::kName)) fail_expected("a name");
    return take().text;
  }

  template <class Node>
  static ExpressionPtr make(std::uint32_t offset, Node node) {
    return std::make_unique<Expression>(Expression{offset, std::move(node)});
  }

  // --- statements ---

  /// Statements up to a tag that begins with one of `ends`, which stays the current token, or to the
  /// template's end.
  Block block(std::initializer_list<std::string_view> ends) {
    const Nested nested(*this);
    Block out;
    for (;;) {
      const std::uint32_t begin = offset();
      if (at(Kind::kData)) {
        out.push_back({begin, Data{take().text}});
      } else if (at(Kind::kExpressionBegin)) {
        take();
        out.push_back({begin, Output{tuple()}});
        expect(Kind::kExpressionEnd, "'}}'");
      } else if (at(Kind::kTagBegin)) {
        take();
        for (const std::string_view end : ends) {
          if (at_word(end)) return out;
        }
        out.push_back(tag());
        expect(Kind::kTagEnd, "'%}'");
      } else {
        if (ends.size() > 0) fail_expected(fmt::format("'{}'", *(ends.end() - 1)));
        return out;
      }
    }
  }

  /// The rest of a tag, its body, and the name of the tag that ends the body (the last of `ends` closes it
  /// for good).
  Block body(std::initializer_list<std::string_view> ends) {
    skip_sign(":");
    expect(Kind::kTagEnd, "'%}'");
    return block(ends);
  }

  Block body_to(std::string_view end) {
    Block out = body({end});
    take();
    return out;
  }

  Statement tag();

  Node parse_if() {
    If node;
    do {
      ExpressionPtr condition = tuple(false);
      node.branches.push_back({std::move(condition), body({"elif", "else", "endif"})});
    } while (skip_word("elif"));
    if (skip_word("else")) node.branches.push_back({nullptr, body({"endif"})});
    expect_word("endif");
    return node;
  }

  Node parse_for() {
    For node;
    node.target = target(false);
    expect_word("in");
    node.iterable = tuple(false, "recursive");
    if (skip_word("if")) node.condition = expression();
    node.recursive = skip_word("recursive");
    ++loops_;
    node.body = body({"else", "endfor"});
    --loops_;
    if (skip_word("else")) node.otherwise = body({"endfor"});
    expect_word("endfor");
    return node;
  }

  Node parse_break() {
    if (loops_ == 0) fail("'break' outside of a loop");
    return Break();
  }

  Node parse_continue() {
    if (loops_ == 0) fail("'continue' outside of a loop");
    return Continue();
  }

  Node parse_set() {
    Target to = target(true);
    if (skip_sign("=")) {
      ExpressionPtr value = tuple();
      return Set{std::move(to), std::move(value)};
    }
    const Nested nested(*this);
    ExpressionPtr chain = filters(nullptr);
    return SetBlock{std::move(to), std::move(chain), body_to("endset")};
  }

  Node parse_filter() {
    ExpressionPtr chain = filters(filter(nullptr));
    return FilterBlock{std::move(chain), body_to("endfilter")};
  }

  Node parse_with() {
    With node;
    while (!at(Kind::kTagEnd)) {
      if (!node.variables.empty()) expect_sign(",");
      Target to = target(false);
      expect_sign("=");
      node.variables.emplace_back(std::move(to), expression());
    }
    node.body = body_to("endwith");
    return node;
  }

  Node parse_macro() {
    std::string name = expect_name();
    std::vector<Parameter> parameters = signature();
    return macro(std::move(name), std::move(parameters), "endmacro");
  }

  Node parse_call() {
    std::vector<Parameter> parameters;
    if (at_sign("(")) parameters = signature();
    ExpressionPtr call = expression();
    if (!std::holds_alternative<Call>(call->node)) fail_at(source_, call->offset, "expected a call");
    return CallBlock{std::move(call), macro("caller", std::move(parameters), "endcall")};
  }

  Node parse_generation() {
    const int loops = std::exchange(loops_, 0);
    Generation node{body_to("endgeneration")};
    loops_ = loops;
    return node;
  }

  Node parse_print() { return Output{expression()}; }

  Node parse_unsupported() {
    --at_;
    fail(fmt::format("the tag '{}' is not supported: a chat template stands alone", current().text));
  }

  MacroDefinition macro(std::string name, std::vector<Parameter> parameters, std::string_view end) {
    MacroDefinition node{std::move(name), std::move(parameters), {}};
    const int loops = std::exchange(loops_, 0);  // a macro's body is not part of the loop around it
    const std::size_t first = at_;
    node.body = body_to(end);
    loops_ = loops;
    for (std::size_t i = first; i < at_; ++i) {
      const bool is_attribute = tokens_[i - 1].kind == Kind::kOperator && tokens_[i - 1].text == ".";
      if (tokens_[i].kind != Kind::kName || is_attribute) continue;
      node.takes_varargs |= tokens_[i].text == "varargs";
      node.takes_kwargs |= tokens_[i].text == "kwargs";
      node.takes_caller |= tokens_[i].text == "caller";
    }
    for (const Parameter& parameter : node.parameters) node.takes_caller |= parameter.name == "caller";
    return node;
  }

  std::vector<Parameter> signature() {
    std::vector<Parameter> out;
    expect_sign("(");
    while (!at_sign(")")) {
      if (!out.empty()) expect_sign(",");
      Parameter parameter{expect_name(), nullptr};
      if (skip_sign("=")) {
        parameter.default_value = expression();
      } else if (!out.empty() && out.back().default_value) {
        fail("a parameter without a default follows one with a default");
      }
      out.push_back(std::move(parameter));
    }
    take();
    return out;
  }

  /// What stands before "in" or "=". Attributes of namespaces can only be set by the tag `set`.
  Target target(bool with_namespace) {
    const std::uint32_t begin = offset();
    std::vector<Target> parts;
    bool unpacks = false;
    while (at(Kind::kName) || at_sign("(")) {
      if (at_word("in") && !parts.empty()) break;
      parts.push_back(single_target(with_namespace));
      if (!skip_sign(",")) break;
      unpacks = true;
    }
    if (parts.empty()) fail_expected("a name to assign to");
    if (!unpacks) return std::move(parts.front());
    return {begin, "", "", std::move(parts)};
  }

  Target single_target(bool with_namespace) {
    const Nested nested(*this);
    const std::uint32_t begin = offset();
    if (skip_sign("(")) {
      Target inner = target(with_namespace);
      expect_sign(")");
      return inner;
    }
    std::string name = expect_name();
    if (constant(name)) fail_at(source_, begin, fmt::format("cannot assign to '{}'", name));
    std::string attribute;
    if (with_namespace && skip_sign(".")) attribute = expect_name();
    return {begin, std::move(name), std::move(attribute), {}};
  }

  // --- expressions ---

  static std::optional<Value> constant(std::string_view name) {
    if (name == "true" || name == "True") return Value(true);
    if (name == "false" || name == "False") return Value(false);
    if (name == "none" || name == "None") return Value(None());
    return {};
  }

  /// One expression, or several with commas between them, which make a tuple. `end` is a word that ends it.
  ExpressionPtr tuple(bool with_conditional = true, std::string_view end = {}, bool may_be_empty = false) {
    const std::uint32_t begin = offset();
    const auto ends = [&] {
      return at(Kind::kExpressionEnd) || at(Kind::kTagEnd) || at_sign(")") || (!end.empty() && at_word(end));
    };
    Expressions items;
    bool is_tuple = false;
    while (!ends()) {
      items.push_back(with_conditional ? expression() : disjunction());
      if (!skip_sign(",")) break;
      is_tuple = true;
    }
    if (!is_tuple && !items.empty()) return std::move(items.front());
    if (!is_tuple && !may_be_empty) fail_expected("an expression");
    return make(begin, TupleDisplay{std::move(items)});
  }

  /// a if b else c
  ExpressionPtr expression() {
    Nested nested(*this);
    const std::uint32_t begin = offset();
    ExpressionPtr value = disjunction();
    while (skip_word("if")) {
      nested.deeper();
      ExpressionPtr condition = disjunction();
      ExpressionPtr otherwise = skip_word("else") ? expression() : nullptr;
      value = make(begin, Conditional{std::move(condition), std::move(value), std::move(otherwise)});
    }
    return value;
  }

  ExpressionPtr disjunction() { return logical("or", LogicalOp::kOr, &Parser::conjunction); }
  ExpressionPtr conjunction() { return logical("and", LogicalOp::kAnd, &Parser::negation); }

  ExpressionPtr logical(std::string_view word, LogicalOp op, ExpressionPtr (Parser::*operand)()) {
    const std::uint32_t begin = offset();
    ExpressionPtr first = (this->*operand)();
    if (!at_word(word)) return first;
    Logical node{op, {}};
    node.operands.push_back(std::move(first));
    while (skip_word(word)) node.operands.push_back((this->*operand)());
    return make(begin, std::move(node));
  }

  ExpressionPtr negation() {
    const Nested nested(*this);
    const std::uint32_t begin = offset();
    if (!at_word("not")) return comparison();
    take();
    return make(begin, Unary{UnaryOp::kNot, negation()});
  }

  std::optional<CompareOp> comparison_operator() {
    if (at(Kind::kOperator)) {
      for (const auto& [sign, op] : kComparisons) {
        if (skip_sign(sign)) return op;
      }
    }
    if (skip_word("in")) return CompareOp::kIn;
    if (at_word("not") && following().kind == Kind::kName && following().text == "in") {
      take();
      take();
      return CompareOp::kNotIn;
    }
    return {};
  }

  ExpressionPtr comparison() {
    const std::uint32_t begin = offset();
    Comparison node{arithmetic(1), {}};
    while (const auto op = comparison_operator()) node.rest.emplace_back(*op, arithmetic(1));
    if (node.rest.empty()) return std::move(node.first);
    return make(begin, std::move(node));
  }

  static const BinaryOperator* binary_operator(const Token& token, int precedence) {
    for (const BinaryOperator& op : kBinaryOperators) {
      if (op.precedence == precedence && token.kind == Kind::kOperator && token.text == op.sign) return &op;
    }
    return nullptr;
  }

  /// Operators of `precedence` and of those that bind tighter. All group from the left, "**" too, as in
  /// Jinja.
  ExpressionPtr arithmetic(int precedence) {
    if (precedence > kHighestPrecedence) return unary(true);
    if (precedence == kConcatenation) return concatenation();
    Arithmetic node{arithmetic(precedence + 1), {}};
    while (const BinaryOperator* op = binary_operator(current(), precedence)) {
      const std::uint32_t begin = take().offset;
      node.steps.push_back({begin, op->op, arithmetic(precedence + 1)});
    }
    if (node.steps.empty()) return std::move(node.first);
    const std::uint32_t begin = node.first->offset;
    return make(begin, std::move(node));
  }

  ExpressionPtr concatenation() {
    const std::uint32_t begin = offset();
    ExpressionPtr first = arithmetic(kConcatenation + 1);
    if (!at_sign("~")) return first;
    Concatenation node;
    node.parts.push_back(std::move(first));
    while (skip_sign("~")) node.parts.push_back(arithmetic(kConcatenation + 1));
    return make(begin, std::move(node));
  }

  ExpressionPtr unary(bool with_filters) {
    Nested nested(*this);
    const std::uint32_t begin = offset();
    ExpressionPtr value;
    if (skip_sign("-")) {
      value = make(begin, Unary{UnaryOp::kNegate, unary(false)});
    } else if (skip_sign("+")) {
      value = make(begin, Unary{UnaryOp::kPlus, unary(false)});
    } else {
      value = primary();
    }
    // After a filter or a test only a call or another filter or test may come.
    for (bool filtered = false;; nested.deeper()) {
      if (!filtered && (at_sign(".") || at_sign("["))) {
        value = subscript(std::move(value));
      } else if (at_sign("(")) {
        const std::uint32_t place = value->offset;
        value = make(place, Call{std::move(value), call_arguments()});
      } else if (with_filters && skip_sign("|")) {
        filtered = true;
        value = filter(std::move(value));
      } else if (with_filters && at_word("is")) {
        filtered = true;
        value = test(std::move(value));
      } else {
        return value;
      }
    }
  }

  ExpressionPtr primary() {
    const std::uint32_t begin = offset();
    switch (current().kind) {
      case Kind::kName: {
        std::string name = take().text;
        if (std::optional<Value> value = constant(name)) return make(begin, Literal{std::move(*value)});
        return make(begin, Name{std::move(name)});
      }
      case Kind::kString: {
        std::string text;
        while (at(Kind::kString)) text += take().text;
        return make(begin, Literal{Text{std::make_shared<const std::string>(std::move(text))}});
      }
      case Kind::kInteger: return make(begin, Literal{take().integer});
      case Kind::kFloat: return make(begin, Literal{take().real});
      default: break;
    }
    if (skip_sign("(")) {
      ExpressionPtr inner = tuple(true, {}, true);
      expect_sign(")");
      return inner;
    }
    if (skip_sign("[")) {
      ListDisplay node;
      while (!at_sign("]")) {
        node.items.push_back(expression());
        if (!skip_sign(",")) break;
      }
      expect_sign("]");
      return make(begin, std::move(node));
    }
    if (skip_sign("{")) {
      DictDisplay node;
      while (!at_sign("}")) {
        ExpressionPtr key = expression();
        expect_sign(":");
        node.items.emplace_back(std::move(key), expression());
        if (!skip_sign(",")) break;
      }
      expect_sign("}");
      return make(begin, std::move(node));
    }
    fail_expected("an expression");
  }

  /// .name, .number, [key] or [start:stop:step] after `object`.
  ExpressionPtr subscript(ExpressionPtr object) {
    const std::uint32_t begin = take().offset;
    if (tokens_[at_ - 1].text == ".") {
      if (at(Kind::kInteger)) {
        const std::uint32_t place = offset();
        return make(begin, Subscript{std::move(object), make(place, Literal{take().integer})});
      }
      return make(begin, Attribute{std::move(object), expect_name()});
    }
    ExpressionPtr parts[3];  // start, stop, step
    std::size_t part = 0;
    while (!at_sign("]")) {
      if (at_sign(":")) {
        if (++part > 2) fail("a slice has at most three parts");
        take();
      } else if (!parts[part]) {
        parts[part] = expression();
      } else {
        fail_expected("']'");
      }
    }
    take();
    if (part == 0) {
      if (!parts[0]) parts[0] = make(begin, TupleDisplay{});  // a[] asks for the key ()
      return make(begin, Subscript{std::move(object), std::move(parts[0])});
    }
    return make(begin,
                Slice{std::move(object), std::move(parts[0]), std::move(parts[1]), std::move(parts[2])});
  }

  CallArguments call_arguments() {
    CallArguments out;
    expect_sign("(");
    while (!at_sign(")")) {
      const bool named = at(Kind::kName) && following().kind == Kind::kOperator && following().text == "=";
      if (at_sign("**") && !out.double_star) {
        take();
        out.double_star = expression();
      } else if (at_sign("*") && !out.star && !out.double_star) {
        take();
        out.star = expression();
      } else if (named && !out.double_star) {
        std::string name = expect_name();
        take();
        for (const auto& [other, value] : out.named) {
          if (other == name) fail(fmt::format("the argument '{}' is given twice", printable(name, 40)));
        }
        out.named.emplace_back(std::move(name), expression());
      } else if (!named && out.named.empty() && !out.star && !out.double_star) {
        out.positional.push_back(expression());
      } else {
        fail("the arguments of this call are out of order");
      }
      if (!skip_sign(",")) break;
    }
    expect_sign(")");
    return out;
  }

  /// The name and arguments after "|".
  ExpressionPtr filter(ExpressionPtr value) {
    const std::uint32_t begin = offset();
    std::string name = expect_name();
    CallArguments arguments;
    if (at_sign("(")) arguments = call_arguments();
    return make(begin, Filter{std::move(value), std::move(name), std::move(arguments)});
  }

  ExpressionPtr filters(ExpressionPtr value) {
    Nested nested(*this);
    for (; skip_sign("|"); nested.deeper()) value = filter(std::move(value));
    return value;
  }

  ExpressionPtr test(ExpressionPtr value) {
    expect_word("is");
    const bool negated = skip_word("not");
    const std::uint32_t begin = offset();
    std::string name = expect_name();
    CallArguments arguments;
    if (at_sign("(")) {
      arguments = call_arguments();
    } else if (starts_test_argument()) {
      if (at_word("is")) fail("tests cannot be chained with 'is'");
      arguments.positional.push_back(test_argument());
    }
    return make(begin, Test{std::move(value), std::move(name), std::move(arguments), negated});
  }

  /// "x is divisibleby 3": one argument may stand without parentheses.
  bool starts_test_argument() const {
    if (at(Kind::kString) || at(Kind::kInteger) || at(Kind::kFloat) || at_sign("[") || at_sign("{"))
      return true;
    return at(Kind::kName) && !at_word("else") && !at_word("or") && !at_word("and");
  }

  ExpressionPtr test_argument() {
    Nested nested(*this);
    ExpressionPtr value = primary();
    for (; at_sign(".") || at_sign("[") || at_sign("("); nested.deeper()) {
      if (at_sign("(")) {
        const std::uint32_t place = value->offset;
        value = make(place, Call{std::move(value), call_arguments()});
      } else {
        value = subscript(std::move(value));
      }
    }
    return value;
  }

  std::string_view source_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int depth_ = 0;
  int loops_ = 0;  ///< how many loops are open
};

constexpr Parser::Tag Parser::kTags[] = {
    {"if", &Parser::parse_if},
    {"for", &Parser::parse_for},
    {"set", &Parser::parse_set},
    {"macro", &Parser::parse_macro},
    {"call", &Parser::parse_call},
    {"filter", &Parser::parse_filter},
    {"with", &Parser::parse_with},
    {"generation", &Parser::parse_generation},
    {"print", &Parser::parse_print},
    {"break", &Parser::parse_break},
    {"continue", &Parser::parse_continue},
    {"include", &Parser::parse_unsupported},
    {"import", &Parser::parse_unsupported},
    {"from", &Parser::parse_unsupported},
    {"extends", &Parser::parse_unsupported},
    {"block", &Parser::parse_unsupported},
    {"autoescape", &Parser::parse_unsupported},
};

Statement Parser::tag() {
  const std::uint32_t begin = offset();
  const std::string name = expect_name();
  for (const Tag& tag : kTags) {
    if (tag.name == name) return {begin, (this->*tag.parse)()};
  }
  fail_at(source_, begin, fmt::format("unknown or misplaced tag '{}'", printable(name, 40)));
}

}  // namespace

Block parse_template(std::string_view source) { return Parser(source).run(); }

}  // namespace pith::jinja
