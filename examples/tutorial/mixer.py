#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The model of docs/Tutorial.md: a small MLP-Mixer in JAX.

    mixer.py FOLDER

writes into FOLDER `mixer.stablehlo.mlir`, the model as StableHLO with JAX's names
for parameters and ops, and `mixer.npz`, its arguments and what JAX computes.
"""

import os
import sys

import jax
import numpy as np

TOKENS, CHANNELS, CLASSES, BLOCKS = 64, 128, 10, 2


def normalize(x, scale):
    x = x - x.mean(-1, keepdims=True)
    return x * jax.lax.rsqrt((x * x).mean(-1, keepdims=True) + 1e-5) * scale


def mixer(params, x):
    """Logits of one image, given as TOKENS patches with CHANNELS features."""
    for block in params["blocks"]:
        y = normalize(x, block["scale1"]).T
        x = x + (jax.nn.gelu(y @ block["tokens_in"]) @ block["tokens_out"]).T
        y = normalize(x, block["scale2"])
        x = x + jax.nn.gelu(y @ block["channels_in"]) @ block["channels_out"]
    return normalize(x, params["scale"]).mean(0) @ params["head"]


def random_arguments():
    random = np.random.default_rng(0)

    def weights(*shape):
        return (random.standard_normal(shape) * shape[0] ** -0.5).astype(np.float32)

    def block():
        return {
            "scale1": np.ones(CHANNELS, np.float32),
            "tokens_in": weights(TOKENS, 2 * TOKENS),
            "tokens_out": weights(2 * TOKENS, TOKENS),
            "scale2": np.ones(CHANNELS, np.float32),
            "channels_in": weights(CHANNELS, 4 * CHANNELS),
            "channels_out": weights(4 * CHANNELS, CHANNELS),
        }

    params = {
        "blocks": [block() for _ in range(BLOCKS)],
        "scale": np.ones(CHANNELS, np.float32),
        "head": weights(CHANNELS, CLASSES),
    }
    return params, weights(TOKENS, CHANNELS)


def main():
    if len(sys.argv) != 2 or not os.path.isdir(sys.argv[1]):
        sys.exit("mixer.py: error: expected one argument, an existing folder")
    arguments = random_arguments()
    model = jax.jit(mixer)
    with open(os.path.join(sys.argv[1], "mixer.stablehlo.mlir"), "w", encoding="utf-8") as f:
        # Without debug_info the arguments would be %arg0, %arg1, ..
        f.write(model.lower(*arguments).as_text(debug_info=True))
    # In the order of the function's arguments, which is that of jax.tree.
    flat = {f"arg{i}": np.asarray(leaf) for i, leaf in enumerate(jax.tree.leaves(arguments))}
    np.savez(os.path.join(sys.argv[1], "mixer.npz"), result=np.asarray(model(*arguments)), **flat)


if __name__ == "__main__":
    main()
