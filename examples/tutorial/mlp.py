#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The PyTorch part of docs/Tutorial.md: a small network, as linalg on tensors.

    mlp.py FOLDER

writes into FOLDER `mlp.mlir` and `mlp.npz`, its arguments and what PyTorch computes.
Needs torch and torch-mlir.
"""

import os
import sys

import numpy as np
import torch
from torch_mlir import fx


class Mlp(torch.nn.Module):
    """Weights are arguments: as parameters they would be constants of the program."""

    def forward(self, x, w1, b1, w2):
        return torch.nn.functional.gelu(x @ w1 + b1) @ w2


def main():
    if len(sys.argv) != 2 or not os.path.isdir(sys.argv[1]):
        sys.exit("mlp.py: error: expected one argument, an existing folder")
    torch.manual_seed(0)
    arguments = [torch.randn(*shape) / 8 for shape in ((64, 128), (128, 512), (512,), (512, 128))]
    model = Mlp()
    module = fx.export_and_import(model, *arguments, output_type="linalg-on-tensors", func_name="mlp")
    with open(os.path.join(sys.argv[1], "mlp.mlir"), "w", encoding="utf-8") as f:
        f.write(module.operation.get_asm(enable_debug_info=True))
    arrays = {f"arg{i}": argument.numpy() for i, argument in enumerate(arguments)}
    np.savez(os.path.join(sys.argv[1], "mlp.npz"), result=model(*arguments).detach().numpy(), **arrays)


if __name__ == "__main__":
    main()
