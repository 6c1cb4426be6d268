# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Networks in plain JAX, after public architectures; no weights, only shapes.

NETWORKS maps a name to a function that returns (function, arguments), the
arguments as pytrees of jax.ShapeDtypeStruct. bf16 unless a comment says more.
"""

import math

import jax
import jax.numpy as jnp
from jax import lax

BF16 = jnp.bfloat16


def shape(*dims, dtype=BF16):
    return jax.ShapeDtypeStruct(dims, dtype)


# --------------------------------------------------------------------- layers


def norm(x):
    """Layer norm without parameters, in f32 inside."""
    y = x.astype(jnp.float32)
    y = y - y.mean(-1, keepdims=True)
    y = y * lax.rsqrt((y * y).mean(-1, keepdims=True) + 1e-5)
    return y.astype(x.dtype)


def softmax(x):
    y = jnp.exp((x - x.max(-1, keepdims=True)).astype(jnp.float32))
    return (y / y.sum(-1, keepdims=True)).astype(x.dtype)


def heads(x, width):
    """[b, n, d] as [b, heads, n, width]."""
    b, n, d = x.shape
    return x.reshape(b, n, d // width, width).transpose(0, 2, 1, 3)


def attend(q, k, v, width, causal=False):
    """Multi-head attention of [b, n, d] queries over [b, m, d] keys."""
    b, n, d = q.shape
    q, k, v = (heads(t, width) for t in (q, k, v))
    scores = jnp.einsum("bhnw,bhmw->bhnm", q, k) / math.sqrt(width)
    if causal:
        mask = jnp.tril(jnp.ones(scores.shape[-2:], bool))
        scores = jnp.where(mask, scores, jnp.asarray(-1e9, scores.dtype))
    out = jnp.einsum("bhnm,bhmw->bhnw", softmax(scores), v)
    return out.transpose(0, 2, 1, 3).reshape(b, n, d)


def attend_f32(q, k, v, width, causal=False):
    """As attend, with scores and softmax in f32, as much published code has it."""
    b, n, d = q.shape
    q, k, v = (t.reshape(*t.shape[:2], d // width, width) for t in (q, k, v))
    scores = jnp.einsum("bnhw,bmhw->bhnm", q, k).astype(jnp.float32) / math.sqrt(width)
    if causal:
        scores = jnp.where(jnp.tril(jnp.ones(scores.shape[-2:], bool)), scores, -1e9)
    out = jnp.einsum("bhnm,bmhw->bnhw", jax.nn.softmax(scores).astype(v.dtype), v)
    return out.reshape(b, n, d)


def layer_shapes(d, hidden):
    square = {name: shape(d, d) for name in "qkvo"}
    return {**square, "w1": shape(d, hidden), "w2": shape(hidden, d)}


def transformer_layer(p, x, memory=None, width=64, causal=False, attend=attend):
    """Pre-norm; attends to `memory` where it is given."""
    y = norm(x)
    m = y if memory is None else memory
    x = x + attend(y @ p["q"], m @ p["k"], m @ p["v"], width, causal) @ p["o"]
    return x + jax.nn.gelu(norm(x) @ p["w1"]) @ p["w2"]


def conv(x, w, stride=1, padding="SAME", groups=1):
    return lax.conv_general_dilated(
        x, w, (stride, stride), padding,
        dimension_numbers=("NHWC", "HWIO", "NHWC"), feature_group_count=groups,
    )


def scale(x, p):
    """A folded batch norm: p holds scales and shifts."""
    return x * p[0] + p[1]


def pool(x, size, stride, padding="VALID"):
    window, strides = (1, size, size, 1), (1, stride, stride, 1)
    return lax.reduce_window(x, -jnp.inf, lax.max, window, strides, padding)


def sgd_step(forward):
    """One step of gradient descent on the mean square of what comes out."""

    def loss(p, *xs):
        return jnp.mean(jnp.square(forward(p, *xs).astype(jnp.float32)))

    def step(p, *xs):
        grads = jax.grad(loss)(p, *xs)
        return jax.tree.map(lambda w, g: w - (1e-3 * g).astype(w.dtype), p, grads)

    return step


def adam_step(forward):
    """One step of Adam, moments in f32."""

    def loss(p, x):
        return jnp.mean(jnp.square(forward(p, x).astype(jnp.float32)))

    def step(p, m, v, x):
        g = jax.tree.map(lambda t: t.astype(jnp.float32), jax.grad(loss)(p, x))
        m = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, m, g)
        v = jax.tree.map(lambda a, b: 0.999 * a + 0.001 * b * b, v, g)
        new = lambda w, a, b: (w - 1e-4 * a / (jnp.sqrt(b) + 1e-8)).astype(w.dtype)
        return jax.tree.map(new, p, m, v), m, v

    return step


# ----------------------------------------------------------------- convolutions


def resnet(batch, blocks_of_stages, train=False):
    def unit(cin, cout, size):
        return [shape(size, size, cin, cout), shape(2, cout)]

    blocks, plan, cin = [], [], 64
    for stage, (count, mid) in enumerate(zip(blocks_of_stages, (64, 128, 256, 512))):
        for k in range(count):
            block = {"a": unit(cin, mid, 1), "b": unit(mid, mid, 3), "c": unit(mid, 4 * mid, 1)}
            if k == 0:
                block["d"] = unit(cin, 4 * mid, 1)
            blocks.append(block)
            plan.append(2 if stage > 0 and k == 0 else 1)
            cin = 4 * mid
    p = {"stem": unit(3, 64, 7), "blocks": blocks, "fc": shape(2048, 1000)}

    def apply(x, u, stride=1):
        return scale(conv(x, u[0], stride), u[1])

    def forward(p, x):
        x = jax.nn.relu(apply(x, p["stem"], 2))
        x = pool(x, 3, 2, "SAME")
        for block, stride in zip(p["blocks"], plan):
            y = jax.nn.relu(apply(x, block["a"]))
            y = jax.nn.relu(apply(y, block["b"], stride))
            y = apply(y, block["c"])
            x = jax.nn.relu(y + (apply(x, block["d"], stride) if "d" in block else x))
        return x.mean((1, 2)) @ p["fc"]

    return sgd_step(forward) if train else forward, (p, shape(batch, 224, 224, 3))


def resnet50(batch, train=False):
    return resnet(batch, (3, 4, 6, 3), train)


def resnet152(batch, train=False):
    return resnet(batch, (3, 8, 36, 3), train)


def mobilenetv2(batch):
    blocks, strides, cin = [], [], 32
    table = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2),
             (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]
    for factor, cout, count, stride in table:
        for k in range(count):
            mid = factor * cin
            blocks.append({
                "e": shape(1, 1, cin, mid), "es": shape(2, mid),
                "d": shape(3, 3, 1, mid), "ds": shape(2, mid),
                "p": shape(1, 1, mid, cout), "ps": shape(2, cout),
            })
            strides.append(stride if k == 0 else 1)
            cin = cout
    p = {"stem": shape(3, 3, 3, 32), "ss": shape(2, 32), "b": blocks,
         "head": shape(1, 1, 320, 1280), "fc": shape(1280, 1000)}

    def forward(p, x):
        relu6 = lambda t: jnp.clip(t, 0, 6)
        x = relu6(scale(conv(x, p["stem"], 2), p["ss"]))
        for b, stride in zip(p["b"], strides):
            y = relu6(scale(conv(x, b["e"]), b["es"]))
            y = relu6(scale(conv(y, b["d"], stride, groups=y.shape[-1]), b["ds"]))
            y = scale(conv(y, b["p"]), b["ps"])
            x = x + y if y.shape == x.shape else y
        return relu6(conv(x, p["head"])).mean((1, 2)) @ p["fc"]

    return forward, (p, shape(batch, 224, 224, 3))


def vgg16(batch):
    widths = [64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0]
    convs, cin = [], 3
    for w in widths:
        if w:
            convs.append(shape(3, 3, cin, w))
            cin = w
    p = {"c": convs, "f": [shape(25088, 4096), shape(4096, 4096), shape(4096, 1000)]}

    def forward(p, x):
        weights = iter(p["c"])
        for w in widths:
            x = jax.nn.relu(conv(x, next(weights))) if w else pool(x, 2, 2)
        x = x.reshape(x.shape[0], -1)
        for w in p["f"][:-1]:
            x = jax.nn.relu(x @ w)
        return x @ p["f"][-1]

    return forward, (p, shape(batch, 224, 224, 3))


def alexnet(batch):
    p = {"c1": shape(11, 11, 3, 64), "c2": shape(5, 5, 64, 192), "c3": shape(3, 3, 192, 384),
         "c4": shape(3, 3, 384, 256), "c5": shape(3, 3, 256, 256),
         "f1": shape(9216, 4096), "f2": shape(4096, 4096), "f3": shape(4096, 1000)}

    def forward(p, x):
        relu = jax.nn.relu
        x = pool(relu(conv(x, p["c1"], 4)), 3, 2)
        x = pool(relu(conv(x, p["c2"])), 3, 2)
        x = relu(conv(relu(conv(x, p["c3"])), p["c4"]))
        x = pool(relu(conv(x, p["c5"])), 3, 2)
        x = x.reshape(x.shape[0], -1)
        return relu(relu(x @ p["f1"]) @ p["f2"]) @ p["f3"]

    return forward, (p, shape(batch, 224, 224, 3))


def wavenet(batch, layers=20, steps=8192, d=128):
    p = [{"f": shape(2, d, d), "g": shape(2, d, d), "r": shape(d, d), "s": shape(d, d)}
         for _ in range(layers)]

    def causal(x, w, dilation):
        past = jnp.pad(x, ((0, 0), (dilation, 0), (0, 0)))[:, : x.shape[1]]
        return past @ w[0] + x @ w[1]

    def forward(p, x):
        skips = jnp.zeros_like(x)
        for k, layer in enumerate(p):
            dilation = 2 ** (k % 10)
            y = jnp.tanh(causal(x, layer["f"], dilation))
            y = y * jax.nn.sigmoid(causal(x, layer["g"], dilation))
            skips = skips + y @ layer["s"]
            x = x + y @ layer["r"]
        return jax.nn.relu(skips)

    return forward, (p, shape(batch, steps, d))


# ----------------------------------------------------------------- transformers


def encoder(batch, tokens, layers=12, d=768, train=False, attend=attend):
    def forward(p, x):
        for layer in p:
            x = transformer_layer(layer, x, attend=attend)
        return x

    p = [layer_shapes(d, 4 * d) for _ in range(layers)]
    return sgd_step(forward) if train else forward, (p, shape(batch, tokens, d))


def speech_encoder(batch, frames=3000, bands=80, layers=12, d=768, attend=attend):
    """Two convolutions over time, the second one halves it, and an encoder over what is left."""
    p = {"c1": shape(3, bands, d), "c2": shape(3, d, d), "layers": [layer_shapes(d, 4 * d) for _ in range(layers)]}

    def over_time(x, w, stride):
        return lax.conv_general_dilated(x, w, (stride,), "SAME", dimension_numbers=("NWC", "WIO", "NWC"))

    def forward(p, x):
        x = jax.nn.gelu(over_time(x, p["c1"], 1))
        x = jax.nn.gelu(over_time(x, p["c2"], 2))
        for layer in p["layers"]:
            x = transformer_layer(layer, x, attend=attend)
        return norm(x)

    return forward, (p, shape(batch, frames, bands))


def transformer_adam(batch, tokens=512, layers=4, d=1024):
    forward, (p, x) = encoder(batch, tokens, layers, d)
    moments = jax.tree.map(lambda t: shape(*t.shape, dtype=jnp.float32), p)
    return adam_step(forward), (p, moments, moments, x)


def scanned_transformer(batch, tokens=512, layers=12, d=768):
    """The encoder with its layers in a loop, weights stacked."""

    def forward(p, x):
        return lax.scan(lambda x, layer: (transformer_layer(layer, x), None), x, p)[0]

    stack = lambda t: shape(layers, *t.shape)
    return forward, (jax.tree.map(stack, layer_shapes(d, 4 * d)), shape(batch, tokens, d))


def gpt2_prefill(batch, tokens=1024, layers=12, d=768, attend=attend):
    p = {"emb": shape(50304, d), "layers": [layer_shapes(d, 4 * d) for _ in range(layers)]}

    def forward(p, ids):
        x = p["emb"][ids]
        for layer in p["layers"]:
            x = transformer_layer(layer, x, causal=True, attend=attend)
        return norm(x) @ p["emb"].T

    return forward, (p, shape(batch, tokens, dtype=jnp.int32))


def gpt2_decode(batch, tokens=1024, layers=12, d=768):
    """One token of every sequence, with a cache of keys and values."""
    p = {"emb": shape(50304, d), "l": [layer_shapes(d, 4 * d) for _ in range(layers)]}
    cache = [shape(batch, tokens, d) for _ in range(layers)]

    def forward(p, keys, values, token, position):
        x, new_keys, new_values = p["emb"][token][:, None], [], []
        seen = jnp.arange(tokens) <= position
        for layer, k, v in zip(p["l"], keys, values):
            y = norm(x)
            k = lax.dynamic_update_slice(k, y @ layer["k"], (0, position, 0))
            v = lax.dynamic_update_slice(v, y @ layer["v"], (0, position, 0))
            q = heads(y @ layer["q"], 64)
            scores = jnp.einsum("bhnw,bhmw->bhnm", q, heads(k, 64)) / 8
            scores = jnp.where(seen, scores, jnp.asarray(-1e9, scores.dtype))
            out = jnp.einsum("bhnm,bhmw->bhnw", softmax(scores), heads(v, 64))
            x = x + out.transpose(0, 2, 1, 3).reshape(x.shape) @ layer["o"]
            x = x + jax.nn.gelu(norm(x) @ layer["w1"]) @ layer["w2"]
            new_keys.append(k)
            new_values.append(v)
        return norm(x) @ p["emb"].T, new_keys, new_values

    return forward, (p, cache, cache, shape(batch, dtype=jnp.int32), shape(dtype=jnp.int32))


def rotate(x):
    """Rotary position embedding of [b, heads, n, width]."""
    n, half = x.shape[2], x.shape[3] // 2
    angles = jnp.arange(n)[:, None] * 10000.0 ** (-jnp.arange(half) / half)
    sin, cos = jnp.sin(angles).astype(x.dtype), jnp.cos(angles).astype(x.dtype)
    a, b = x[..., :half], x[..., half:]
    return jnp.concatenate([a * cos - b * sin, b * cos + a * sin], -1)


def gated_decoder(batch, tokens=512, layers=32, d=2560, hidden=6912, width=80):
    """Layers with rotary positions and gated units, as current decoders have them."""
    weights = lambda: {**layer_shapes(d, hidden), "w3": shape(d, hidden)}
    p = {"emb": shape(50304, d), "layers": [weights() for _ in range(layers)]}

    def forward(p, ids):
        x = p["emb"][ids]
        mask = jnp.tril(jnp.ones((tokens, tokens), bool))
        for layer in p["layers"]:
            y = norm(x)
            q, k, v = (heads(y @ layer[w], width) for w in "qkv")
            scores = jnp.einsum("bhnw,bhmw->bhnm", rotate(q), rotate(k)) / math.sqrt(width)
            scores = jnp.where(mask, scores, jnp.asarray(-1e9, scores.dtype))
            out = jnp.einsum("bhnm,bhmw->bhnw", softmax(scores), v)
            x = x + out.transpose(0, 2, 1, 3).reshape(x.shape) @ layer["o"]
            y = norm(x)
            x = x + (jax.nn.silu(y @ layer["w1"]) * (y @ layer["w3"])) @ layer["w2"]
        return norm(x[:, -1:]) @ p["emb"].T

    return forward, (p, shape(batch, tokens, dtype=jnp.int32))


def mixer(batch, tokens=196, layers=12, d=768):
    p = [{"t1": shape(tokens, 384), "t2": shape(384, tokens),
          "c1": shape(d, 4 * d), "c2": shape(4 * d, d)} for _ in range(layers)]

    def forward(p, x):
        for layer in p:
            y = norm(x).transpose(0, 2, 1)
            x = x + (jax.nn.gelu(y @ layer["t1"]) @ layer["t2"]).transpose(0, 2, 1)
            x = x + jax.nn.gelu(norm(x) @ layer["c1"]) @ layer["c2"]
        return x

    return forward, (p, shape(batch, tokens, d))


def alphatensor(batch, size=16, d=512, rank=32, width=64, seen=None, attend=attend):
    """Torso of attention over pairs of grids, policy and value heads; the policy sees so much of the memory."""
    layer = lambda: layer_shapes(d, 4 * d)
    p = {
        "inp": [shape(size, d) for _ in range(3)],
        "torso": [[layer() for _ in range(3)] for _ in range(4)],
        "emb": shape(768, d), "out": shape(d, 768),
        "pol": [{"s": layer(), "x": layer()} for _ in range(2)],
        "val": [shape(d, d), shape(d, d), shape(d, d), shape(d, 8)],
    }

    def pair(a, b, layer):
        """Rows of both grids attend to each other."""
        x = jnp.concatenate([a, b.transpose(0, 2, 1, 3)], axis=2)
        n = x.shape[0] * x.shape[1]
        x = transformer_layer(layer, x.reshape(n, 2 * size, d), width=width, attend=attend).reshape(x.shape)
        return x[:, :, :size], x[:, :, size:].transpose(0, 2, 1, 3)

    def forward(p, tensor, actions):
        b = tensor.shape[0]
        axes = [(0, 1, 2, 3), (0, 2, 3, 1), (0, 3, 1, 2)]
        grids = [tensor.transpose(a) @ w for a, w in zip(axes, p["inp"])]
        for layers in p["torso"]:
            for (i, j), layer in zip([(0, 1), (1, 2), (2, 0)], layers):
                grids[i], grids[j] = pair(grids[i], grids[j], layer)
        memory = jnp.concatenate([g.reshape(b, size * size, d) for g in grids], axis=1)
        x = p["emb"][actions].reshape(b * rank, -1, d)
        wide = jnp.repeat(memory[:, :seen], rank, axis=0)
        for layer in p["pol"]:
            x = transformer_layer(layer["s"], x, width=width, causal=True, attend=attend)
            x = transformer_layer(layer["x"], x, memory=wide, width=width, attend=attend)
        value = memory.mean(1)
        for w in p["val"][:-1]:
            value = jax.nn.relu(value @ w)
        return norm(x) @ p["out"], value @ p["val"][-1]

    acts = shape(batch, rank, 12, dtype=jnp.int32)
    return forward, (p, shape(batch, size, size, size), acts)


# ----------------------------------------------------------------------- others


def lstm(batch, steps=128, layers=2, d=1024):
    p = [{"x": shape(d, 4 * d), "h": shape(d, 4 * d)} for _ in range(layers)]

    def forward(p, xs):
        for layer in p:

            def cell(state, x):
                h, c = state
                i, f, g, o = jnp.split(x @ layer["x"] + h @ layer["h"], 4, axis=-1)
                c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
                h = jax.nn.sigmoid(o) * jnp.tanh(c)
                return (h, c), h

            zero = jnp.zeros(xs.shape[1:], xs.dtype)
            xs = lax.scan(cell, (zero, zero), xs)[1]
        return xs

    return forward, (p, shape(steps, batch, d))


def nerf(points, width=256):
    dims = [(63, width)] + [(width, width)] * 4 + [(width + 63, width)] + [(width, width)] * 2
    p = [shape(*d) for d in dims + [(width, 4)]]

    def forward(p, x):
        y = x
        for k, w in enumerate(p[:-1]):
            y = jnp.concatenate([y, x], axis=-1) if k == 5 else y
            y = jax.nn.relu(y @ w)
        return y @ p[-1]

    return forward, (p, shape(points, 63))


def dlrm(batch, tables=26, d=128):
    p = {
        "bot": [shape(13, 512), shape(512, 256), shape(256, d)],
        "emb": [shape(100000, d) for _ in range(tables)],
        "top": [shape(479, 1024), shape(1024, 1024), shape(1024, 512), shape(512, 256), shape(256, 1)],
    }

    def forward(p, dense, ids):
        x = dense
        for w in p["bot"]:
            x = jax.nn.relu(x @ w)
        rows = [x] + [table[ids[:, k]] for k, table in enumerate(p["emb"])]
        z = jnp.stack(rows, axis=1)
        i, j = jnp.tril_indices(tables + 1, -1)
        pairs = jnp.einsum("bnd,bmd->bnm", z, z)[:, i, j]
        x = jnp.concatenate([x, pairs], axis=-1)
        for w in p["top"][:-1]:
            x = jax.nn.relu(x @ w)
        return x @ p["top"][-1]

    return forward, (p, shape(batch, 13), shape(batch, tables, dtype=jnp.int32))


NETWORKS = {
    "alexnet_b64": lambda: alexnet(64),
    "alphatensor_b8": lambda: alphatensor(8),
    "alphatensor_b32": lambda: alphatensor(32),
    "alphatensor_f32_b32": lambda: alphatensor(32, width=32, seen=96, attend=attend_f32),
    # Products of 5 x 5 matrices; the others are of 4 x 4.
    "alphatensor5_f32_b16": lambda: alphatensor(16, size=25, width=32, seen=96, attend=attend_f32),
    "bert_base_b8": lambda: encoder(8, 512),
    "bert_base_f32_b8": lambda: encoder(8, 512, attend=attend_f32),
    "bert_base_train_b4": lambda: encoder(4, 512, layers=6, train=True),
    "bert_large_train_b4": lambda: encoder(4, 512, layers=24, d=1024, train=True),
    "decoder32_b1": lambda: gated_decoder(1),
    "dlrm_b2048": lambda: dlrm(2048),
    "gpt2_decode_b8": lambda: gpt2_decode(8),
    "gpt2_medium_adam_b4": lambda: transformer_adam(4, layers=24),
    "gpt2_prefill_b1": lambda: gpt2_prefill(1),
    "gpt2_prefill_f32_b1": lambda: gpt2_prefill(1, attend=attend_f32),
    "gpt2_xl_decode_b8": lambda: gpt2_decode(8, layers=48, d=1600),
    "lstm_b64": lambda: lstm(64),
    "mixer_b16": lambda: mixer(16),
    "mobilenetv2_b32": lambda: mobilenetv2(32),
    "nerf_b65536": lambda: nerf(65536),
    "resnet50_b8": lambda: resnet50(8),
    "resnet50_b32": lambda: resnet50(32),
    "resnet50_train_b16": lambda: resnet50(16, train=True),
    "resnet152_train_b16": lambda: resnet152(16, train=True),
    "speech_b4": lambda: speech_encoder(4),
    "speech_f32_b4": lambda: speech_encoder(4, attend=attend_f32),
    "transformer_adam_b4": lambda: transformer_adam(4),
    "transformer_scan_b8": lambda: scanned_transformer(8),
    "vgg16_b8": lambda: vgg16(8),
    "vit_b16_b16": lambda: encoder(16, 197),
    "wavenet_b4": lambda: wavenet(4),
}
