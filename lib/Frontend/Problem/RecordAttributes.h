//===- RecordAttributes.h - structs as attributes of an op ------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The fields of Mapping.h as attributes of the names that they have there
// (Field::attributeName()). The ops declare them by hand (MemplProblemOps.td),
// because an assembly format is a choice of its own.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_FRONTEND_PROBLEM_RECORDATTRIBUTES_H
#define MEMPL_LIB_FRONTEND_PROBLEM_RECORDATTRIBUTES_H

#include "mempl/Problem/Mapping.h"

#include "mlir/IR/Builders.h"

namespace mempl::ir {

/// The fields that are given, as integers, numbers and units.
template <typename T>
mlir::NamedAttrList attributesOf(mlir::OpBuilder &builder, T x) {
  mlir::NamedAttrList attributes;
  RecordWriter writer([&]<typename V>(const Field &field,
                                      const std::optional<V> &given) {
    if (!given)
      return;
    std::string name = field.attributeName();
    if constexpr (std::is_same_v<V, bool>) {
      if (*given)
        attributes.append(name, builder.getUnitAttr());
    } else if constexpr (std::is_floating_point_v<V>) {
      attributes.append(name, builder.getF64FloatAttr(*given));
    } else {
      attributes.append(
          name, builder.getIntegerAttr(builder.getIntegerType(8 * sizeof(V)),
                                       static_cast<int64_t>(*given)));
    }
  });
  mapFields(writer, x);
  return attributes;
}

/// Reads the fields back; those with attributes of other kinds keep what they
/// are. Returns what is wrong with the struct as a whole; empty if nothing is.
template <typename T> std::string readAttributes(mlir::Operation *op, T &x) {
  RecordReader reader([&]<typename V>(const Field &field, V &to, bool) {
    mlir::Attribute given = op->getAttr(field.attributeName());
    if constexpr (std::is_same_v<V, bool>)
      to = given != nullptr;
    else if (auto number = mlir::dyn_cast_or_null<mlir::FloatAttr>(given))
      to = static_cast<V>(number.getValueAsDouble());
    else if (auto integer = mlir::dyn_cast_or_null<mlir::IntegerAttr>(given))
      to = static_cast<V>(integer.getInt());
    return given != nullptr;
  });
  mapFields(reader, x);
  return reader.error().str();
}

} // namespace mempl::ir

#endif // MEMPL_LIB_FRONTEND_PROBLEM_RECORDATTRIBUTES_H
