#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calls a compiled network and compares its result with that of the framework.

    run.py LIBRARY FUNCTION ARGUMENTS.npz

LIBRARY has FUNCTION with MLIR's C interface (`llvm.emit_c_interface`). The file
has arrays arg0, arg1, .. and `result`. Exit code 1 if the results differ.
"""

import ctypes
import sys

import numpy as np


def descriptor(rank):
    """MLIR's descriptor of a memref: what a function gets and returns."""

    class Memref(ctypes.Structure):
        _fields_ = [
            ("allocated", ctypes.c_void_p),
            ("aligned", ctypes.c_void_p),
            ("offset", ctypes.c_int64),
            ("sizes", ctypes.c_int64 * rank),
            ("strides", ctypes.c_int64 * rank),
        ]

    return Memref


def describe(array):
    strides = [stride // array.itemsize for stride in array.strides]
    rank = array.ndim
    data = array.ctypes.data
    return descriptor(rank)(data, data, 0, (ctypes.c_int64 * rank)(*array.shape), (ctypes.c_int64 * rank)(*strides))


def call(function, arguments, like):
    """What `function` returns: an array of the shape and type of `like`."""
    returned = descriptor(like.ndim)()
    described = [describe(np.ascontiguousarray(argument)) for argument in arguments]
    function(ctypes.byref(returned), *(ctypes.byref(each) for each in described))
    values = ctypes.cast(returned.aligned, ctypes.POINTER(np.ctypeslib.as_ctypes_type(like.dtype)))
    array = np.ctypeslib.as_array(values, like.shape).copy()
    free = ctypes.CDLL(None).free
    free.argtypes = [ctypes.c_void_p]
    free(returned.allocated)
    return array


def main():
    if len(sys.argv) != 4:
        sys.exit("run.py: error: expected LIBRARY FUNCTION ARGUMENTS.npz")
    library, name, file = sys.argv[1:]
    arrays = np.load(file)
    arguments = [arrays[f"arg{i}"] for i in range(len(arrays.files) - 1)]
    expected = arrays["result"]
    function = getattr(ctypes.CDLL(library), f"_mlir_ciface_{name}")
    result = call(function, arguments, expected)
    error = float(np.abs(result - expected).max() / np.abs(expected).max())
    same = error < 1e-5
    print(f"{name}: {result.size} numbers, {'as expected' if same else f'off by {error:.1e} of the largest'}")
    print(np.array2string(result.ravel()[:5], precision=4))
    sys.exit(0 if same else 1)


if __name__ == "__main__":
    main()
