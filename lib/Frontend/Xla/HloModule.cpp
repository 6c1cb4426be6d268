//===- HloModule.cpp - XLA's HLO text as plain structs ----------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sizes follow XLA's definition of tiled layouts: each tile divides the minor
// dimensions, rounds up, and becomes the new minor dimensions.
//
//===----------------------------------------------------------------------===//

#include "mempl/Frontend/Xla/HloModule.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mempl;
using namespace mempl::hlo;
using llvm::StringRef;

int64_t hlo::elementBits(StringRef type) {
  int64_t bits = llvm::StringSwitch<int64_t>(type)
                     .Cases({"token", "opaque"}, 0)
                     .Case("pred", 8)
                     .Case("bf16", 16)
                     .Case("c64", 64)
                     .Case("c128", 128)
                     .Default(-1);
  if (bits >= 0)
    return bits;
  if (!type.consume_front("s") && !type.consume_front("u") &&
      !type.consume_front("f"))
    return -1;
  // "f8e4m3fn" has its size right after the letter, like "f32" and "s4".
  StringRef digits = type.take_while(llvm::isDigit);
  if (digits.getAsInteger(10, bits) || bits < 1 || bits > 64)
    return -1;
  return std::max<int64_t>(8, bits); // Packed only where the layout says E(n).
}

/// Product of all, or -1 above 2^63.
static int64_t product(const std::vector<int64_t> &dims) {
  int64_t result = 1;
  bool empty = false;
  for (int64_t dim : dims) {
    empty |= dim == 0;
    if (dim > 0 && llvm::MulOverflow(result, dim, result))
      return llvm::is_contained(dims, 0) ? 0 : -1;
  }
  return empty ? 0 : result;
}

/// Dimensions in memory order, the slowest varying first.
static std::vector<int64_t> physicalDims(const Shape &array) {
  if (!array.hasLayout)
    return array.dims;
  std::vector<int64_t> dims;
  for (int64_t dim : llvm::reverse(array.layout.minorToMajor))
    dims.push_back(array.dims[dim]);
  return dims;
}

/// Divides the minor dimensions into tiles, which become the new minor ones.
static bool applyTile(const std::vector<int64_t> &tile,
                      std::vector<int64_t> &dims) {
  if (dims.size() < tile.size())
    dims.insert(dims.begin(), tile.size() - dims.size(), 1);
  std::vector<int64_t> outer(dims.begin(), dims.end() - tile.size());
  std::vector<int64_t> inner;
  int64_t joined = 1;
  for (size_t i = 0; i < tile.size(); ++i) {
    int64_t dim = dims[dims.size() - tile.size() + i];
    if (llvm::MulOverflow(joined, dim, joined))
      return false;
    if (tile[i] == Layout::kCombine)
      continue;
    outer.push_back(joined / tile[i] + (joined % tile[i] != 0));
    inner.push_back(tile[i]);
    joined = 1;
  }
  outer.insert(outer.end(), inner.begin(), inner.end());
  dims = std::move(outer);
  return true;
}

int64_t hlo::checkedBytes(const Shape &array) {
  int64_t bits = array.layout.elementBits;
  if (bits == 0)
    bits = elementBits(array.elementType);
  if (bits <= 0)
    return 0;
  std::vector<int64_t> dims = physicalDims(array);
  for (const std::vector<int64_t> &tile : array.layout.tiles)
    if (!applyTile(tile, dims))
      return -1;
  int64_t elements = product(dims);
  int64_t total = 0;
  if (elements < 0 || llvm::MulOverflow(elements, bits, total))
    return -1;
  return total / 8 + (total % 8 != 0);
}

int64_t Shape::bytes() const {
  int64_t total = 0;
  for (const Shape *leaf : leaves())
    total += std::max<int64_t>(0, checkedBytes(*leaf));
  return total;
}

int64_t Shape::numElements() const {
  return std::max<int64_t>(0, product(dims));
}

static void collectLeaves(const Shape &shape,
                          std::vector<const Shape *> &leaves) {
  if (!shape.isTuple) {
    leaves.push_back(&shape);
    return;
  }
  for (const Shape &element : shape.elements)
    collectLeaves(element, leaves);
}

std::vector<const Shape *> Shape::leaves() const {
  std::vector<const Shape *> result;
  collectLeaves(*this, result);
  return result;
}

std::string Shape::key() const {
  std::string text;
  for (const Shape *leaf : leaves()) {
    text += leaf->elementType + "[";
    for (int64_t dim : leaf->dims)
      text += std::to_string(dim) + ",";
    text += "]{";
    for (int64_t dim : leaf->layout.minorToMajor)
      text += std::to_string(dim) + ",";
    for (const std::vector<int64_t> &tile : leaf->layout.tiles) {
      text += "T";
      for (int64_t dim : tile)
        text += std::to_string(dim) + ",";
    }
    text += "}";
  }
  return text;
}

static StringRef
findAttribute(const std::vector<std::pair<std::string, std::string>> &list,
              StringRef key) {
  for (const auto &[name, text] : list)
    if (name == key)
      return text;
  return {};
}

StringRef Instruction::attribute(StringRef key) const {
  return findAttribute(attributes, key);
}

StringRef Module::attribute(StringRef key) const {
  return findAttribute(attributes, key);
}

int32_t Instruction::callee(StringRef role) const {
  for (const Call &call : calls)
    if (call.role == role)
      return call.computation;
  return -1;
}
