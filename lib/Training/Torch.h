//===- Torch.h - LibTorch's headers -----------------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The one way to include LibTorch. They take ten seconds to compile, so they
// are a precompiled header of this library, and only of this one.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_TRAINING_TORCH_H
#define MEMPL_LIB_TRAINING_TORCH_H

// First: without it, LibTorch 1.13 has vectors of an incomplete type, which
// clang refuses as C++20.
#include <ATen/core/ivalue.h>

#include <torch/torch.h>

#endif // MEMPL_LIB_TRAINING_TORCH_H
