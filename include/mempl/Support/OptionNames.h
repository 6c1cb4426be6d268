//===- OptionNames.h - names of the options of passes -----------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// MLIR says of a mistyped option that there is none. This says which one may
// have been meant.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_SUPPORT_OPTIONNAMES_H
#define MEMPL_SUPPORT_OPTIONNAMES_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"

#include <string>
#include <vector>

namespace mempl {

/// The names in "a=1 b={c=2 d} e": a, b and e.
std::vector<std::string> optionNames(llvm::StringRef options);

/// What is wrong with the names in `options`, or nothing. `print` prints the
/// pass as a pipeline, "name{a=1 b=2}": with all options that it has.
std::string
wrongOptionName(llvm::StringRef options,
                llvm::function_ref<void(llvm::raw_ostream &)> print);

} // namespace mempl

/// Within a pass: an option that it does not have is answered with the nearest
/// one that it has.
#define MEMPL_NAMED_OPTIONS                                                    \
  llvm::LogicalResult initializeOptions(                                       \
      llvm::StringRef options,                                                 \
      llvm::function_ref<llvm::LogicalResult(const llvm::Twine &)>             \
          errorHandler) override {                                             \
    std::string wrong = mempl::wrongOptionName(                                \
        options, [&](llvm::raw_ostream &os) { printAsTextualPipeline(os); });  \
    return wrong.empty() ? Pass::initializeOptions(options, errorHandler)      \
                         : errorHandler(wrong);                                \
  }

#endif // MEMPL_SUPPORT_OPTIONNAMES_H
