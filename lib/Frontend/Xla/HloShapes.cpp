//===- HloShapes.cpp - shapes that the text leaves out --------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The rules are those of XLA's operation semantics. Whether the operands fit
// each other is not checked beyond what keeps the result well defined.
//
//===----------------------------------------------------------------------===//

#include "HloShapes.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace mempl;
using namespace mempl::hlo;
using llvm::StringRef;

using MaybeShape = std::optional<Shape>;

/// Sums and products of numbers up to this do not overflow.
static constexpr int64_t kMaxNumber = int64_t(1) << 30;

std::optional<std::vector<int64_t>> hlo::parseNumbers(StringRef text) {
  if (!text.consume_front("{") || !text.consume_back("}"))
    return std::nullopt;
  std::vector<int64_t> numbers;
  llvm::SmallVector<StringRef> fields;
  text.split(fields, ',', -1, /*KeepEmpty=*/false);
  for (StringRef field : fields)
    if (field.trim().getAsInteger(10, numbers.emplace_back()))
      return std::nullopt;
  return numbers;
}

std::vector<WindowDim> hlo::parseWindow(StringRef text) {
  text.consume_front("{");
  text.consume_back("}");
  std::vector<WindowDim> dims;
  llvm::SmallVector<StringRef> fields;
  text.split(fields, ' ', -1, /*KeepEmpty=*/false);
  for (StringRef field : fields) {
    auto [key, list] = field.split('=');
    llvm::SmallVector<StringRef> parts;
    list.split(parts, 'x');
    if (dims.size() < parts.size())
      dims.resize(parts.size());
    for (size_t i = 0; i < parts.size(); ++i) {
      auto [low, high] = parts[i].split('_');
      int64_t value = 0, second = 0;
      if (low.trim().getAsInteger(10, value))
        continue;
      if (key == "pad") {
        dims[i].padLow = value;
        if (!high.trim().getAsInteger(10, second))
          dims[i].padHigh = second;
        continue;
      }
      value = std::max<int64_t>(value, 1);
      if (key == "size")
        dims[i].size = value;
      else if (key == "stride")
        dims[i].stride = value;
      else if (key == "lhs_dilate")
        dims[i].baseDilation = value;
      else if (key == "rhs_dilate")
        dims[i].windowDilation = value;
    }
  }
  return dims;
}

//===----------------------------------------------------------------------===//
// Small shapes
//===----------------------------------------------------------------------===//

static Shape arrayOf(StringRef type, std::vector<int64_t> dims) {
  Shape shape;
  shape.elementType = type.str();
  shape.dims = std::move(dims);
  return shape;
}

static Shape tupleOf(llvm::ArrayRef<Shape> elements) {
  Shape shape;
  shape.isTuple = true;
  shape.elements.assign(elements.begin(), elements.end());
  return shape;
}

/// The same shape without a layout, which the text gives to its own result
/// only.
static Shape plain(const Shape &from) {
  Shape shape = from;
  shape.hasLayout = false;
  shape.layout = Layout();
  for (Shape &element : shape.elements)
    element = plain(element);
  return shape;
}

/// The operands' shapes: one array, or a tuple of several.
static Shape likeAll(llvm::ArrayRef<const Shape *> operands) {
  std::vector<Shape> shapes;
  for (const Shape *operand : operands)
    shapes.push_back(plain(*operand));
  return shapes.size() == 1 ? shapes.front() : tupleOf(shapes);
}

static MaybeShape like(const Shape *shape) {
  if (!shape)
    return std::nullopt;
  return plain(*shape);
}

static MaybeShape element(const Shape &tuple, size_t index) {
  if (!tuple.isTuple || index >= tuple.elements.size())
    return std::nullopt;
  return plain(tuple.elements[index]);
}

/// The positions that one window takes along a dimension.
static std::optional<int64_t> windowOutput(const WindowDim &w, int64_t input) {
  for (int64_t number : {input, w.size, w.stride, std::abs(w.padLow),
                         std::abs(w.padHigh), w.baseDilation, w.windowDilation})
    if (number > kMaxNumber)
      return std::nullopt;
  int64_t base = input == 0 ? 0 : (input - 1) * w.baseDilation + 1;
  int64_t padded = base + w.padLow + w.padHigh;
  int64_t window = (w.size - 1) * w.windowDilation + 1;
  return padded < window ? 0 : (padded - window) / w.stride + 1;
}

//===----------------------------------------------------------------------===//
// Operations with rules of their own
//===----------------------------------------------------------------------===//

static MaybeShape inferDot(const Instruction &i, const Shape &lhs,
                           const Shape &rhs) {
  auto numbers = [&](StringRef key) {
    StringRef text = i.attribute(key);
    return parseNumbers(text.empty() ? "{}" : text);
  };
  auto lhsBatch = numbers("lhs_batch_dims"),
       rhsBatch = numbers("rhs_batch_dims");
  auto lhsSum = numbers("lhs_contracting_dims");
  auto rhsSum = numbers("rhs_contracting_dims");
  if (!lhsBatch || !rhsBatch || !lhsSum || !rhsSum)
    return std::nullopt;
  std::vector<int64_t> dims;
  for (int64_t d : *lhsBatch) {
    if (d < 0 || d >= static_cast<int64_t>(lhs.dims.size()))
      return std::nullopt;
    dims.push_back(lhs.dims[d]);
  }
  for (auto [shape, batch, sum] : {std::tuple(&lhs, &*lhsBatch, &*lhsSum),
                                   std::tuple(&rhs, &*rhsBatch, &*rhsSum)})
    for (size_t d = 0; d < shape->dims.size(); ++d)
      if (!llvm::is_contained(*batch, d) && !llvm::is_contained(*sum, d))
        dims.push_back(shape->dims[d]);
  bool wider = elementBits(rhs.elementType) > elementBits(lhs.elementType);
  return arrayOf(wider ? rhs.elementType : lhs.elementType, std::move(dims));
}

static MaybeShape inferConvolution(const Instruction &i, const Shape &lhs,
                                   const Shape &rhs) {
  auto [inputs, out] = i.attribute("dim_labels").split("->");
  auto [lhsLabels, rhsLabels] = inputs.split('_');
  if (lhsLabels.size() != lhs.dims.size() ||
      rhsLabels.size() != rhs.dims.size() || out.size() != lhs.dims.size())
    return std::nullopt;
  std::vector<WindowDim> window = parseWindow(i.attribute("window"));
  int64_t batchGroups = 1;
  StringRef groups = i.attribute("batch_group_count");
  if (!groups.empty() &&
      (groups.getAsInteger(10, batchGroups) || batchGroups < 1))
    return std::nullopt;
  std::vector<int64_t> dims;
  for (char label : out) {
    size_t from = label == 'f' ? rhsLabels.find('o') : lhsLabels.find(label);
    if (from == StringRef::npos)
      return std::nullopt;
    if (label == 'f') {
      dims.push_back(rhs.dims[from]);
    } else if (label == 'b') {
      dims.push_back(lhs.dims[from] / batchGroups);
    } else {
      size_t d = static_cast<size_t>(label - '0');
      auto size = windowOutput(d < window.size() ? window[d] : WindowDim(),
                               lhs.dims[from]);
      if (!size)
        return std::nullopt;
      dims.push_back(*size);
    }
  }
  return arrayOf(lhs.elementType, std::move(dims));
}

static MaybeShape inferReduceWindow(const Instruction &i, const Shape &input) {
  std::vector<WindowDim> window = parseWindow(i.attribute("window"));
  Shape shape = plain(input);
  for (size_t d = 0; d < shape.dims.size(); ++d) {
    auto size = windowOutput(d < window.size() ? window[d] : WindowDim(),
                             input.dims[d]);
    if (!size)
      return std::nullopt;
    shape.dims[d] = *size;
  }
  return shape;
}

/// Half of the operands are inputs, half are initial values.
static MaybeShape inferReduce(const Instruction &i,
                              llvm::ArrayRef<const Shape *> operands,
                              const Shape *result) {
  auto reduced = parseNumbers(i.attribute("dimensions"));
  if (!reduced || operands.size() < 2)
    return std::nullopt;
  std::vector<const Shape *> types;
  if (result)
    types = result->leaves();
  std::vector<Shape> shapes;
  for (size_t k = 0; k < operands.size() / 2; ++k) {
    std::vector<int64_t> dims;
    for (size_t d = 0; d < operands[k]->dims.size(); ++d)
      if (!llvm::is_contained(*reduced, d))
        dims.push_back(operands[k]->dims[d]);
    shapes.push_back(arrayOf(k < types.size() ? types[k]->elementType
                                              : operands[k]->elementType,
                             std::move(dims)));
  }
  return shapes.size() == 1 ? shapes.front() : tupleOf(shapes);
}

static MaybeShape inferConcatenate(const Instruction &i,
                                   llvm::ArrayRef<const Shape *> operands) {
  auto along = parseNumbers(i.attribute("dimensions"));
  if (!along || along->size() != 1)
    return std::nullopt;
  Shape shape = plain(*operands[0]);
  size_t dim = static_cast<size_t>((*along)[0]);
  if (dim >= shape.dims.size())
    return std::nullopt;
  for (const Shape *operand : operands.drop_front()) {
    if (operand->dims.size() != shape.dims.size() ||
        llvm::AddOverflow(shape.dims[dim], operand->dims[dim], shape.dims[dim]))
      return std::nullopt;
  }
  return shape;
}

static MaybeShape inferTranspose(const Instruction &i, const Shape &input) {
  auto order = parseNumbers(i.attribute("dimensions"));
  if (!order || order->size() != input.dims.size())
    return std::nullopt;
  Shape shape = plain(input);
  for (size_t d = 0; d < order->size(); ++d) {
    if ((*order)[d] < 0 || (*order)[d] >= static_cast<int64_t>(order->size()))
      return std::nullopt;
    shape.dims[d] = input.dims[(*order)[d]];
  }
  return shape;
}

/// `slice={[0:8:2], [1:3]}`.
static MaybeShape inferSlice(const Instruction &i, const Shape &input) {
  Shape shape = plain(input);
  StringRef text = i.attribute("slice");
  for (int64_t &dim : shape.dims) {
    auto [range, rest] = text.drop_until([](char c) { return c == '['; })
                             .drop_front(text.contains('['))
                             .split(']');
    text = rest;
    llvm::SmallVector<StringRef> parts;
    range.split(parts, ':');
    int64_t start = 0, limit = 0, stride = 1;
    if (parts.size() < 2 || parts[0].trim().getAsInteger(10, start) ||
        parts[1].trim().getAsInteger(10, limit) ||
        (parts.size() > 2 && parts[2].trim().getAsInteger(10, stride)) ||
        start < 0 || limit < start || stride < 1)
      return std::nullopt;
    dim = (limit - start) / stride + ((limit - start) % stride != 0);
  }
  return shape;
}

/// `padding=1_2x0_0_1`: low, high and perhaps interior of each dimension.
static MaybeShape inferPad(const Instruction &i, const Shape &input) {
  llvm::SmallVector<StringRef> fields;
  i.attribute("padding").split(fields, 'x', -1, /*KeepEmpty=*/false);
  if (fields.size() != input.dims.size())
    return std::nullopt;
  Shape shape = plain(input);
  for (size_t d = 0; d < fields.size(); ++d) {
    llvm::SmallVector<StringRef> parts;
    fields[d].split(parts, '_');
    int64_t numbers[3] = {0, 0, 0};
    for (size_t k = 0; k < parts.size(); ++k)
      if (k > 2 || parts[k].getAsInteger(10, numbers[k]) ||
          std::abs(numbers[k]) > kMaxNumber)
        return std::nullopt;
    int64_t dim = input.dims[d];
    if (dim > kMaxNumber || numbers[2] < 0)
      return std::nullopt;
    dim += numbers[0] + numbers[1] + std::max<int64_t>(dim - 1, 0) * numbers[2];
    if (dim < 0)
      return std::nullopt;
    shape.dims[d] = dim;
  }
  return shape;
}

static MaybeShape inferGather(const Instruction &i, const Shape &input,
                              const Shape &indices) {
  auto offsets = parseNumbers(i.attribute("offset_dims"));
  auto collapsed = parseNumbers(i.attribute("collapsed_slice_dims"));
  auto sizes = parseNumbers(i.attribute("slice_sizes"));
  StringRef batching = i.attribute("operand_batching_dims");
  auto batch = parseNumbers(batching.empty() ? "{}" : batching);
  size_t vectorDim = 0;
  if (!offsets || !collapsed || !sizes || !batch ||
      i.attribute("index_vector_dim").getAsInteger(10, vectorDim))
    return std::nullopt;
  std::vector<int64_t> windowSizes, batchSizes, dims;
  for (size_t d = 0; d < sizes->size(); ++d)
    if (!llvm::is_contained(*collapsed, d) && !llvm::is_contained(*batch, d))
      windowSizes.push_back((*sizes)[d]);
  for (size_t d = 0; d < indices.dims.size(); ++d)
    if (d != vectorDim)
      batchSizes.push_back(indices.dims[d]);
  if (windowSizes.size() != offsets->size())
    return std::nullopt;
  size_t window = 0, outer = 0;
  for (size_t d = 0; d < windowSizes.size() + batchSizes.size(); ++d) {
    bool isOffset = llvm::is_contained(*offsets, d);
    size_t &next = isOffset ? window : outer;
    const std::vector<int64_t> &list = isOffset ? windowSizes : batchSizes;
    if (next >= list.size() || list[next] < 0)
      return std::nullopt;
    dims.push_back(list[next++]);
  }
  return arrayOf(input.elementType, std::move(dims));
}

//===----------------------------------------------------------------------===//
// All operations
//===----------------------------------------------------------------------===//

bool hlo::worksByElement(StringRef opcode) {
  static constexpr StringRef names[] = {"abs",
                                        "add",
                                        "and",
                                        "atan2",
                                        "cbrt",
                                        "ceil",
                                        "clamp",
                                        "cosine",
                                        "divide",
                                        "erf",
                                        "exponential",
                                        "exponential-minus-one",
                                        "floor",
                                        "log",
                                        "log-plus-one",
                                        "logistic",
                                        "maximum",
                                        "minimum",
                                        "multiply",
                                        "negate",
                                        "not",
                                        "or",
                                        "power",
                                        "remainder",
                                        "round-nearest-afz",
                                        "round-nearest-even",
                                        "rsqrt",
                                        "select",
                                        "shift-left",
                                        "shift-right-arithmetic",
                                        "shift-right-logical",
                                        "sign",
                                        "sine",
                                        "sqrt",
                                        "subtract",
                                        "tan",
                                        "tanh",
                                        "xor"};
  return llvm::is_contained(names, opcode);
}

/// Operations whose result has the shape and type of their first operand. That
/// of clamp may be a scalar, and that of select says which.
static bool isLikeFirst(StringRef opcode) {
  static constexpr StringRef names[] = {"add-dependency",
                                        "batch-norm-inference",
                                        "cholesky",
                                        "collective-broadcast",
                                        "copy",
                                        "count-leading-zeros",
                                        "domain",
                                        "dynamic-update-slice",
                                        "opt-barrier",
                                        "optimization-barrier",
                                        "popcnt",
                                        "reduce-precision",
                                        "reverse",
                                        "select-and-scatter",
                                        "set-dimension-size",
                                        "stochastic-convert",
                                        "while"};
  if (worksByElement(opcode))
    return opcode != "clamp" && opcode != "select";
  return llvm::is_contained(names, opcode);
}

/// Asynchronous forms: starts hold their operands beside the result.
static MaybeShape inferAsync(const Instruction &i,
                             llvm::ArrayRef<const Shape *> operands,
                             ShapeOfCall shapeOfCall) {
  StringRef opcode = i.opcode;
  Shape context = arrayOf("u32", {});
  if (opcode.ends_with("-update") || opcode == "all-reduce-done")
    return like(operands[0]);
  if (opcode == "copy-done" || opcode == "recv-done")
    return element(*operands[0], 0);
  if (opcode == "send-done")
    return arrayOf("token", {});
  if (opcode.ends_with("-done"))
    return element(*operands[0], 1);
  if (opcode == "all-reduce-start")
    return likeAll(operands);
  if (opcode == "copy-start")
    return tupleOf({plain(*operands[0]), plain(*operands[0]), context});
  if (opcode == "collective-permute-start")
    return tupleOf(
        {plain(*operands[0]), plain(*operands[0]), context, context});
  const Shape *result = shapeOfCall("calls");
  if (opcode != "async-start" || !result)
    return std::nullopt;
  std::vector<Shape> held;
  for (const Shape *operand : operands)
    held.push_back(plain(*operand));
  return tupleOf({tupleOf(held), plain(*result), context});
}

static MaybeShape inferArray(const Instruction &i,
                             llvm::ArrayRef<const Shape *> operands,
                             ShapeOfCall shapeOfCall) {
  StringRef opcode = i.opcode;
  const Shape &first = *operands[0];
  if (opcode == "compare" || opcode == "is-finite")
    return arrayOf("pred", first.dims);
  if (opcode == "complex")
    return arrayOf(first.elementType == "f64" ? "c128" : "c64", first.dims);
  if ((opcode == "abs" || opcode == "real" || opcode == "imag") &&
      StringRef(first.elementType).starts_with("c"))
    return arrayOf(first.elementType == "c128" ? "f64" : "f32", first.dims);
  if (opcode == "real" || opcode == "imag" || isLikeFirst(opcode))
    return plain(first);
  if (opcode == "concatenate")
    return inferConcatenate(i, operands);
  if (opcode == "transpose")
    return inferTranspose(i, first);
  if (opcode == "slice")
    return inferSlice(i, first);
  if (opcode == "pad")
    return inferPad(i, first);
  if (opcode == "reduce")
    return inferReduce(i, operands, shapeOfCall("to_apply"));
  if (opcode == "reduce-window" && operands.size() == 2)
    return inferReduceWindow(i, first);
  if (opcode == "dynamic-slice") {
    auto sizes = parseNumbers(i.attribute("dynamic_slice_sizes"));
    if (!sizes || llvm::any_of(*sizes, [](int64_t n) { return n < 0; }))
      return std::nullopt;
    return arrayOf(first.elementType, std::move(*sizes));
  }
  if (opcode == "map") {
    const Shape *result = shapeOfCall("to_apply");
    return arrayOf(result && !result->isTuple ? result->elementType
                                              : first.elementType,
                   first.dims);
  }
  if (opcode == "get-dimension-size")
    return arrayOf("s32", {});
  if (operands.size() < 2)
    return std::nullopt;
  const Shape &second = *operands[1];
  if (opcode == "dot")
    return inferDot(i, first, second);
  if (opcode == "convolution")
    return inferConvolution(i, first, second);
  if (opcode == "gather")
    return inferGather(i, first, second);
  if (opcode == "select" || opcode == "clamp" || opcode == "triangular-solve")
    return plain(second);
  if (opcode == "batch-norm-training" || opcode == "batch-norm-grad")
    return tupleOf({plain(first), plain(second), plain(second)});
  return std::nullopt;
}

MaybeShape hlo::inferShape(const Instruction &i,
                           llvm::ArrayRef<const Shape *> operands,
                           ShapeOfCall shapeOfCall) {
  StringRef opcode = i.opcode;
  if (opcode == "tuple") {
    std::vector<Shape> elements;
    for (const Shape *operand : operands)
      elements.push_back(plain(*operand));
    return tupleOf(elements);
  }
  if (opcode == "after-all" || opcode == "outfeed")
    return arrayOf("token", {});
  if (opcode == "partition-id" || opcode == "replica-id")
    return arrayOf("u32", {});
  if (opcode == "call")
    return like(shapeOfCall("to_apply"));
  if (opcode == "fusion")
    return like(shapeOfCall("calls"));
  if (opcode == "conditional") {
    const Shape *branch = shapeOfCall("true_computation");
    return like(branch ? branch : shapeOfCall("branch_computations"));
  }
  if (operands.empty())
    return std::nullopt;
  if (opcode == "get-tuple-element") {
    size_t index = 0;
    if (i.attribute("index").getAsInteger(10, index))
      return std::nullopt;
    return element(*operands[0], index);
  }
  if (opcode.ends_with("-start") || opcode.ends_with("-update") ||
      opcode.ends_with("-done"))
    return inferAsync(i, operands, shapeOfCall);
  if (opcode == "scatter")
    return likeAll(
        operands.take_front(std::max<size_t>(1, operands.size() / 2)));
  if (opcode == "sort" || opcode == "all-reduce" ||
      opcode == "collective-permute")
    return likeAll(operands);
  if (opcode == "while" || opcode == "opt-barrier" ||
      opcode == "optimization-barrier" || opcode == "domain" ||
      opcode == "add-dependency")
    return plain(*operands[0]);
  // What is left works on arrays.
  for (const Shape *operand : operands)
    if (operand->isTuple)
      return std::nullopt;
  return inferArray(i, operands, shapeOfCall);
}
