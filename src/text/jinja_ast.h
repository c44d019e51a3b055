// The syntax tree of a template. A node knows the byte offset of its place in the source, for error messages.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "text/jinja_value.h"

namespace pith::jinja {

struct Expression;
struct Statement;
using ExpressionPtr = std::unique_ptr<Expression>;
using Expressions = std::vector<ExpressionPtr>;
using Block = std::vector<Statement>;

enum class BinaryOp { kAdd, kSubtract, kMultiply, kDivide, kFloorDivide, kModulo, kPower };
enum class UnaryOp { kNot, kNegate, kPlus };
enum class LogicalOp { kAnd, kOr };
enum class CompareOp { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual, kIn, kNotIn };

/// What stands in the parentheses of a call, a filter or a test.
struct CallArguments {
  Expressions positional;
  std::vector<std::pair<std::string, ExpressionPtr>> named;
  ExpressionPtr star;         ///< *list, or null
  ExpressionPtr double_star;  ///< **dict, or null
};

// --- expressions ---

struct Literal {
  Value value;
};
struct Name {
  std::string name;
};
struct ListDisplay {
  Expressions items;
};
struct TupleDisplay {
  Expressions items;
};
struct DictDisplay {
  std::vector<std::pair<ExpressionPtr, ExpressionPtr>> items;
};
struct Unary {
  UnaryOp op;
  ExpressionPtr operand;
};
/// Operators of one precedence from left to right. A list, not a tree: a long sum must not nest deeply.
struct Arithmetic {
  struct Step {
    std::uint32_t offset;
    BinaryOp op;
    ExpressionPtr right;
  };
  ExpressionPtr first;
  std::vector<Step> steps;
};
struct Logical {
  LogicalOp op;
  Expressions operands;
};
/// a < b < c is one comparison: each neighbouring pair is compared, up to the first that is false.
struct Comparison {
  ExpressionPtr first;
  std::vector<std::pair<CompareOp, ExpressionPtr>> rest;
};
struct Concatenation {
  Expressions parts;
};
struct Conditional {
  ExpressionPtr condition, then, otherwise;  ///< otherwise may be null: undefined
};
struct Attribute {
  ExpressionPtr object;
  std::string name;
};
struct Subscript {
  ExpressionPtr object, key;
};
struct Slice {
  ExpressionPtr object, start, stop, step;  ///< the last three may be null
};
struct Call {
  ExpressionPtr callee;
  CallArguments arguments;
};
struct Filter {
  ExpressionPtr value;  ///< null in a filter block: the block's text
  std::string name;
  CallArguments arguments;
};
struct Test {
  ExpressionPtr value;
  std::string name;
  CallArguments arguments;
  bool negated;
};

struct Expression {
  std::uint32_t offset;
  std::variant<Literal, Name, ListDisplay, TupleDisplay, DictDisplay, Unary, Arithmetic, Logical, Comparison,
               Concatenation, Conditional, Attribute, Subscript, Slice, Call, Filter, Test>
      node;
};

// --- statements ---

/// What can be assigned to: a name, an attribute of a namespace, or a list of targets.
struct Target {
  std::uint32_t offset;
  std::string name;
  std::string attribute;      ///< of a namespace; empty: the name itself
  std::vector<Target> parts;  ///< not empty: the value is unpacked
};

struct Parameter {
  std::string name;
  ExpressionPtr default_value;  ///< may be null
};

struct Data {
  std::string text;
};
struct Output {
  ExpressionPtr value;
};
struct If {
  struct Branch {
    ExpressionPtr condition;  ///< null: else
    Block body;
  };
  std::vector<Branch> branches;
};
struct For {
  Target target;
  ExpressionPtr iterable;
  ExpressionPtr condition;  ///< may be null
  bool recursive;
  Block body, otherwise;
};
struct Break {};
struct Continue {};
struct Set {
  Target target;
  ExpressionPtr value;
};
struct SetBlock {
  Target target;
  ExpressionPtr filter;  ///< a chain of Filter that ends in one without a value, or null
  Block body;
};
struct FilterBlock {
  ExpressionPtr filter;
  Block body;
};
struct With {
  std::vector<std::pair<Target, ExpressionPtr>> variables;
  Block body;
};
/// A macro, or what a call block passes as `caller`.
struct MacroDefinition {
  std::string name;
  std::vector<Parameter> parameters;
  Block body;
  // Python's jinja2 lets a macro take more arguments, or a caller, only if its body mentions them.
  bool takes_varargs = false, takes_kwargs = false, takes_caller = false;
};
struct CallBlock {
  ExpressionPtr call;  ///< holds a Call
  MacroDefinition caller;
};
/// {% generation %}: marks what the assistant said; it renders like its body, in a scope of its own.
struct Generation {
  Block body;
};

struct Statement {
  std::uint32_t offset;
  std::variant<Data, Output, If, For, Break, Continue, Set, SetBlock, FilterBlock, With, MacroDefinition,
               CallBlock, Generation>
      node;
};

}  // namespace pith::jinja
