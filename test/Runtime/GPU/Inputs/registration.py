# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Registers parts of pages with the runtime for GPUs, the first argument."""

import ctypes
import sys

runtime = ctypes.CDLL(sys.argv[1])
runtime.mgpuMemHostRegister.argtypes = [ctypes.c_void_p, ctypes.c_uint64]
runtime.mgpuMemHostUnregister.argtypes = [ctypes.c_void_p]
runtime.mgpuMemAlloc.argtypes = [ctypes.c_uint64, ctypes.c_void_p, ctypes.c_bool]
runtime.mgpuMemAlloc.restype = ctypes.c_void_p
runtime.mgpuMemFree.argtypes = [ctypes.c_void_p, ctypes.c_void_p]

memory = ctypes.create_string_buffer(4 * 4096)
page = (ctypes.addressof(memory) + 4095) // 4096 * 4096
runtime.mgpuMemHostRegister(page, 100)
runtime.mgpuMemHostRegister(page + 200, 100)  # the same page
runtime.mgpuMemHostRegister(page + 4000, 200)  # and the next one
pinned = runtime.mgpuMemAlloc(64, None, True)
runtime.mgpuMemHostRegister(pinned, 64)  # nothing to do
runtime.mgpuMemHostUnregister(pinned)
runtime.mgpuMemFree(pinned, None)
again = runtime.mgpuMemAlloc(500, None, True)
assert again == pinned, "memory of one size is used again"
for address in (page, page + 200, page + 4000):
    runtime.mgpuMemHostUnregister(address)
