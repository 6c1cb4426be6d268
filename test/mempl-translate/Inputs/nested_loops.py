"""Prints an instance with loops inside each other.

Usage: nested_loops.py DEPTH
"""

import sys

depth = int(sys.argv[1])
print(
    """mempl.instance @deep
    fast(capacity = 64, alignment = 8, bandwidth = 4.0, max_carried = 0)
    slow(bandwidth = 1.0)
    copy(bandwidth = 1.0, latency = 0.0, max_in = 0, max_out = 0) step(overhead = 0.0) {"""
)
for _ in range(depth):
    print('mempl.loop "l" compute 0.0 trips 2 () {')
print("}" * (depth + 1))
