//===- Weights.h - what learned policies know -------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Named arrays of numbers, and their file: a line of text with a version and
// with what the weights see, then each array: a line with its name and shape,
// and its numbers as little-endian float32, the last dimension varying fastest.
// Some come with mempl and are part of the library.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_SOLVERS_WEIGHTS_H
#define MEMPL_SOLVERS_WEIGHTS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace mempl {

/// Weights of learned policies.
class Weights {
public:
  struct Array {
    std::vector<int64_t> shape;
    std::vector<float> numbers; ///< As many as the product of the shape.
  };

  /// The weights in a file. Errors name the file: what is none, is damaged, is
  /// of another version, or sees other features than this mempl has.
  static llvm::Expected<std::shared_ptr<const Weights>>
  read(llvm::StringRef path);
  /// The same of the contents of a file; `name` is for messages.
  static llvm::Expected<Weights> parse(llvm::StringRef contents,
                                       llvm::StringRef name);
  /// Those that are part of the library; read once.
  static std::shared_ptr<const Weights> builtIn();

  /// The contents of a file.
  std::string contents() const;
  llvm::Error write(llvm::StringRef path) const;

  bool has(llvm::StringRef name) const { return find(name) != nullptr; }
  /// Null if there is none of this name.
  const Array *find(llvm::StringRef name) const;
  /// An error, for users of the weights, if the array is missing or has another
  /// shape. -1 in `shape` fits any number.
  llvm::Expected<const Array *> get(llvm::StringRef name,
                                    llvm::ArrayRef<int64_t> shape) const;
  /// Adds an array, or replaces the one of this name.
  void set(llvm::StringRef name, Array array);

private:
  std::map<std::string, Array, std::less<>> arrays;
};

} // namespace mempl

#endif // MEMPL_SOLVERS_WEIGHTS_H
