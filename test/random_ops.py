# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random functions on tensors, of all the ops that upstream can bufferize.

Every op takes its operands from the tensors that are in scope, old ones
included: many are written in place of an operand that a later op reads, or
through a view, a cast or a conditional. No op reads undefined elements, and
arithmetic has one result to the bit, so that a program has one result, too.
"""

import math
import random
import re
from dataclasses import dataclass, field

SHAPES = [(8, 8), (4, 16), (64,), (4, 8), (16,), (2, 4, 8), (5, 3), ()]
ELEMENTS = ["f32", "f32", "f32", "i32", "i64", "index", "i8"]


@dataclass(frozen=True)
class Tensor:
    name: str
    dims: tuple
    element: str = "f32"
    dynamic: frozenset = frozenset()  # Dimensions that the type does not give.

    @property
    def type(self):
        sizes = "".join(("?" if i in self.dynamic else str(n)) + "x" for i, n in enumerate(self.dims))
        return f"tensor<{sizes}{self.element}>"

    @property
    def static(self):
        return Tensor("", self.dims, self.element).type

    @property
    def count(self):
        return math.prod(self.dims)


@dataclass
class Program:
    number: int
    functions: str = ""
    driver: str = ""
    arguments: list = field(default_factory=list)


def foreign(text):
    """The text with each "foreign.op" as a call, and the functions called: they
    print something and give a tensor with the elements negated or inverted."""
    functions = {}

    def call(match):
        argument, spelled = match[1], match[2]
        name = "foreign_" + re.sub(r"\W", "_", spelled[7:-1])
        *dims, element = re.split(r"(?<=\d)x", spelled[7:-1])
        kinds = ", ".join('"parallel"' for _ in dims)
        invert = {"f32": "%y = arith.negf %x : f32"}.get(
            element, f"%c = arith.constant -1 : {element}\n    %y = arith.xori %x, %c : {element}")
        functions[name] = f"""func.func private @{name}(%a: {spelled}) -> {spelled} {{
  %n = arith.constant {len(spelled)} : i64
  vector.print %n : i64
  %e = tensor.empty() : {spelled}
  %r = linalg.generic {{indexing_maps = [{identity(len(dims))}, {identity(len(dims))}], iterator_types = [{kinds}]}}
      ins(%a : {spelled}) outs(%e : {spelled}) {{
  ^bb0(%x: {element}, %z: {element}):
    {invert}
    linalg.yield %y : {element}
  }} -> {spelled}
  return %r : {spelled}
}}
"""
        return f"func.call @{name}({argument}) : ({spelled}) -> {spelled}"

    text = re.sub(r'"foreign\.op"\((%[\w#]+)\) : \((tensor<[^>]*>)\) -> tensor<[^>]*>', call, text)
    return text, "".join(functions[name] for name in sorted(functions))


def identity(rank):
    dims = ", ".join(f"d{i}" for i in range(rank))
    return f"affine_map<({dims}) -> ({dims})>"


class Generator:
    def __init__(self, seed, effects=False, blocks=False):
        """With `effects`, programs print, have memory of their own, and ops
        that nobody knows (foreign()). With `blocks`, functions branch."""
        self.random = random.Random(seed)
        self.lines, self.count, self.depth = [], 0, 0
        self.helpers, self.prefix = [], f"program{seed}"
        self.effects, self.blocks = effects, blocks

    # Text.

    def fresh(self, stem="v"):
        self.count += 1
        return f"%{stem}{self.count}"

    def emit(self, line):
        self.lines.append("  " * (self.depth + 1) + line)

    def constant(self, value, type="index"):
        name = self.fresh("c")
        self.emit(f"{name} = arith.constant {value} : {type}")
        return name

    def new(self, dims, element="f32", dynamic=frozenset()):
        return Tensor(self.fresh(), tuple(dims), element, dynamic)

    def like(self, tensor):
        return self.new(tensor.dims, tensor.element, tensor.dynamic)

    def chance(self, p):
        return self.random.random() < p

    def pick(self, pool, test=lambda t: True):
        """A tensor in scope, of the last ones more often than not."""
        options = [t for t in pool if test(t)]
        if not options:
            return None
        return self.random.choice(options[-6:] if self.chance(0.6) else options)

    def sized(self, tensor):
        """A size operand for each dynamic dimension."""
        return ", ".join(self.constant(tensor.dims[i]) for i in sorted(tensor.dynamic))

    def empty(self, tensor):
        out = self.like(tensor)
        sizes = self.sized(out)
        kind = "tensor.empty" if self.chance(0.85) else "bufferization.alloc_tensor"
        self.emit(f"{out.name} = {kind}({sizes}) : {out.type}")
        return out

    # Scalars.

    def convert(self, value, source, target):
        """A scalar in another type, without anything undefined."""
        if source == target:
            return value

        def step(op, value, a, b):
            name = self.fresh("s")
            self.emit(f"{name} = arith.{op} {value} : {a} to {b}")
            return name

        if source == "f32":
            value = step("bitcast", value, "f32", "i32")
            source = "i32"
        if source == "index":
            value = step("index_cast", value, "index", "i64")
        elif source != "i64":
            value = step("extsi", value, source, "i64")
        if target == "index":
            return step("index_cast", value, "i64", "index")
        if target == "f32":
            return step("sitofp", step("trunci", value, "i64", "i16"), "i16", "f32")
        return value if target == "i64" else step("trunci", value, "i64", target)

    def mix(self, values, element):
        """One scalar of several that depends on all of them and their order."""
        result = values[0]
        for value in values[1:]:
            op = "addf" if element == "f32" else self.random.choice(["addi", "xori", "subi"])
            name = self.fresh("s")
            self.emit(f"{name} = arith.{op} {result}, {value} : {element}")
            result = name
        factor = self.constant(self.random.choice(["0.5", "0.75", "-0.5"]) if element == "f32" else
                               self.random.choice([1, 3, 5]), element)
        name = self.fresh("s")
        self.emit(f"{name} = arith.mul{'f' if element == 'f32' else 'i'} {result}, {factor} : {element}")
        return name

    def scalar(self, pool, element):
        """A scalar, a constant or an element of a tensor."""
        tensor = self.pick(pool) if self.chance(0.6) else None
        if not tensor:
            value = self.random.randint(1, 9)
            return self.constant(f"{value}.5" if element == "f32" else value, element)
        at = ", ".join(self.constant(self.random.randrange(n)) for n in tensor.dims)
        name = self.fresh("s")
        self.emit(f"{name} = tensor.extract {tensor.name}[{at}] : {tensor.type}")
        return self.convert(name, tensor.element, element)

    # Elementwise ops.

    def generic(self, ins, outs, maps, kinds, body):
        """A linalg.generic; `body` gives its results from the scalars."""
        results = [self.like(out) for out in outs]
        scalars = [(self.fresh("b"), t.element) for t in ins + outs]
        names = ", ".join(r.name for r in results)
        ins_text = ""
        if ins:
            ins_text = f"ins({', '.join(t.name for t in ins)} : {', '.join(t.type for t in ins)}) "
        kinds = ", ".join(f'"{k}"' for k in kinds)
        self.emit(f"{names} = linalg.generic {{indexing_maps = [{', '.join(maps)}], iterator_types = [{kinds}]}} "
                  f"{ins_text}outs({', '.join(t.name for t in outs)} : {', '.join(t.type for t in outs)}) {{")
        self.emit(f"^bb0({', '.join(f'{n}: {e}' for n, e in scalars)}):")
        self.depth += 1
        given = body([n for n, _ in scalars])
        self.emit(f"linalg.yield {', '.join(given)} : {', '.join(t.element for t in outs)}")
        self.depth -= 1
        types = ", ".join(t.type for t in outs)
        self.emit(f"}} -> {types}" if len(outs) == 1 else f"}} -> ({types})")
        return results

    def combine(self, pool):
        """A function of two tensors, into a new one or over one of them."""
        a = self.pick(pool)
        b = self.pick(pool, lambda t: t.dims == a.dims)
        outs = [self.random.choice([a, b, None, None])]
        outs = [out or self.empty(a) for out in outs]
        reads = [outs[0] in (a, b)]
        if self.chance(0.25):
            c = self.pick(pool, lambda t: t.dims == a.dims and t not in outs)
            outs.append(c or self.empty(a))
            reads.append(c is not None)
        rank = len(a.dims)

        def body(scalars):
            given = []
            for i, out in enumerate(outs):
                values = [self.convert(s, t.element, out.element) for s, t in zip(scalars, (a, b))]
                if reads[i]:
                    values.append(scalars[2 + i])
                if rank and self.chance(0.3):
                    index = self.fresh("s")
                    self.emit(f"{index} = linalg.index {self.random.randrange(rank)} : index")
                    values.append(self.convert(index, "index", out.element))
                if self.effects and self.chance(0.2):
                    values += self.remember_inside(out.element)
                self.random.shuffle(values)
                given.append(self.mix(values, out.element))
            return given

        maps = [identity(rank)] * (2 + len(outs))
        pool += self.generic([a, b], outs, maps, ["parallel"] * rank, body)

    def named(self, pool):
        """One of the named ops on whole tensors."""
        a = self.pick(pool, lambda t: t.element in ("f32", "i32", "i64") and not t.dynamic)
        if not a:
            return
        b = self.pick(pool, lambda t: t.type == a.type)
        kind = self.random.choice(["add", "sub", "map", "fill", "copy", "matmul"])
        out = self.random.choice([a, b, None]) if kind in ("add", "sub") else None
        result = self.like(a)
        if kind == "fill":
            out = self.pick(pool, lambda t: t.type == a.type) if self.chance(0.5) else self.empty(a)
            value = self.scalar(pool, a.element)
            self.emit(f"{result.name} = linalg.fill ins({value} : {a.element}) outs({out.name} : {a.type}) -> {a.type}")
            pool.append(result)
            return
        if kind == "matmul":
            a = self.pick(pool, lambda t: len(t.dims) == 2 and t.element in ("f32", "i32") and not t.dynamic)
            b = a and self.pick(pool, lambda t: len(t.dims) == 2 and t.element == a.element and not t.dynamic
                                and t.dims[0] == a.dims[1])
            if not b:
                return
            result = self.new((a.dims[0], b.dims[1]), a.element)
            out = self.pick(pool, lambda t: t.type == result.type) or self.filled(pool, result)
        out = out or self.empty(result)
        if kind == "map":
            self.emit(f"{result.name} = linalg.map ins({a.name}, {b.name} : {a.type}, {b.type}) "
                      f"outs({out.name} : {out.type})")
            self.emit(f"  (%x: {a.element}, %y: {a.element}, %z: {a.element}) {{")
            self.depth += 2
            value = self.mix(["%x", "%y"], a.element)
            self.emit(f"linalg.yield {value} : {a.element}")
            self.depth -= 2
            self.emit("  }")
        else:
            ins = f"{a.name} : {a.type}" if kind == "copy" else f"{a.name}, {b.name} : {a.type}, {b.type}"
            self.emit(f"{result.name} = linalg.{kind} ins({ins}) outs({out.name} : {out.type}) -> {out.type}")
        pool.append(result)

    def filled(self, pool, tensor):
        out, result = self.empty(tensor), self.like(tensor)
        value = self.scalar(pool, tensor.element)
        self.emit(f"{result.name} = linalg.fill ins({value} : {tensor.element}) outs({out.name} : {out.type}) "
                  f"-> {out.type}")
        return result

    def move(self, pool):
        """A transposition, reduction or broadcast."""
        a = self.pick(pool, lambda t: t.dims and t.count <= 128)
        if not a:
            return
        rank = len(a.dims)
        kind = self.random.choice(["transpose", "reduce", "broadcast"])
        axis = self.random.randrange(rank)
        if kind == "transpose":
            order = self.random.sample(range(rank), rank)
            out = self.empty(Tensor("", tuple(a.dims[i] for i in order), a.element,
                                    frozenset(i for i, j in enumerate(order) if j in a.dynamic)))
            attribute = f"permutation = {order}"
        elif kind == "broadcast":
            if rank > 2:
                return
            dims = a.dims[:axis] + (2,) + a.dims[axis:]
            out = self.empty(Tensor("", dims, a.element, frozenset(i + (i >= axis) for i in a.dynamic)))
            attribute = f"dimensions = [{axis}]"
        else:
            dims = a.dims[:axis] + a.dims[axis + 1:]
            shape = Tensor("", dims, a.element, frozenset(i - (i > axis) for i in a.dynamic if i != axis))
            out = self.pick(pool, lambda t: t.type == shape.type and t.dims == dims) or self.filled(pool, shape)
            attribute = f"dimensions = [{axis}]"
        result = self.like(out)
        self.emit(f"{result.name} = linalg.{kind} ins({a.name} : {a.type}) outs({out.name} : {out.type}) {attribute}")
        if kind == "reduce":
            self.emit(f"  (%x: {a.element}, %y: {a.element}) {{")
            self.depth += 2
            value = self.mix(["%x", "%y"], a.element)
            self.emit(f"linalg.yield {value} : {a.element}")
            self.depth -= 2
            self.emit("  }")
        pool.append(result)

    def gather(self, pool):
        """A generic whose payload reads a tensor from around it."""
        table = self.pick(pool, lambda t: len(t.dims) == 1)
        if not table:
            return
        out = self.pick(pool, lambda t: len(t.dims) == 1) if self.chance(0.3) else None
        out = out or self.empty(Tensor("", (16,), table.element))

        def body(_):
            index, size, at, value = self.fresh("s"), self.constant(table.dims[0]), self.fresh("s"), self.fresh("s")
            self.emit(f"{index} = linalg.index 0 : index")
            self.emit(f"{at} = arith.remui {index}, {size} : index")
            self.emit(f"{value} = tensor.extract {table.name}[{at}] : {table.type}")
            return [self.convert(value, table.element, out.element)]

        pool += self.generic([], [out], [identity(1)], ["parallel"], body)

    # Views.

    def view(self, pool):
        """Another name for all of a tensor."""
        a = self.pick(pool)
        kind = self.random.choice(["reshape", "collapse", "expand", "cast", "index_cast"])
        if kind == "cast" and a.dims:
            if a.dynamic:
                result = self.new(a.dims, a.element)
            else:
                result = self.new(a.dims, a.element, frozenset(i for i in range(len(a.dims)) if self.chance(0.5)))
            if result.type == a.type:
                return
            self.emit(f"{result.name} = tensor.cast {a.name} : {a.type} to {result.type}")
        elif kind == "index_cast":
            a = self.pick(pool, lambda t: t.element in ("i64", "index"))
            if not a:
                return
            result = self.new(a.dims, "i64" if a.element == "index" else "index", a.dynamic)
            self.emit(f"{result.name} = arith.index_cast {a.name} : {a.type} to {result.type}")
        elif kind == "reshape":
            dims = self.random.choice([s for s in [(a.count,), (1, a.count), (a.count // 2, 2), (2, a.count // 2), a.dims]
                                       if math.prod(s) == a.count])
            result = self.new(dims, a.element, frozenset({0}) if dims and self.chance(0.2) else frozenset())
            shape = self.new((len(dims),), self.random.choice(["index", "i32"]))
            if self.chance(0.5):
                self.emit(f"{shape.name} = arith.constant dense<{list(dims)}> : {shape.type}")
            else:
                names = ", ".join(self.constant(n, shape.element) for n in dims)
                self.emit(f"{shape.name} = tensor.from_elements {names} : {shape.type}")
                if dims:
                    pool.append(shape)
            self.emit(f"{result.name} = tensor.reshape {a.name}({shape.name}) : ({a.type}, {shape.type}) "
                      f"-> {result.type}")
        elif a.dynamic:
            return
        elif kind == "collapse" and len(a.dims) >= 2:
            result = self.new((a.dims[0] * a.dims[1],) + a.dims[2:], a.element)
            groups = [[0, 1]] + [[i] for i in range(2, len(a.dims))]
            self.emit(f"{result.name} = tensor.collapse_shape {a.name} {groups} : {a.type} into {result.type}")
        elif kind == "expand" and 1 <= len(a.dims) <= 2:
            rows = self.random.choice([d for d in (1, 2, 4) if a.dims[0] % d == 0])
            result = self.new((rows, a.dims[0] // rows) + a.dims[1:], a.element)
            groups = [[0, 1]] + [[i + 1] for i in range(1, len(a.dims))]
            self.emit(f"{result.name} = tensor.expand_shape {a.name} {groups} output_shape {list(result.dims)} : "
                      f"{a.type} into {result.type}")
        else:
            return
        pool.append(result)

    def region(self, tensor):
        """A random part of a tensor: offsets, sizes, strides as in the IR, the
        tensor that it is, and whether its rank is reduced."""
        offsets, sizes, strides = [], [], []
        for n in tensor.dims:
            stride = 2 if n >= 4 and self.chance(0.2) else 1
            size = self.random.choice([1, max(1, n // 2), n]) if stride == 1 else n // 2
            strides.append(stride)
            sizes.append(size)
            offsets.append(self.random.randint(0, n - 1 - (size - 1) * stride))
        dynamic = frozenset(i for i in range(len(sizes)) if self.chance(0.1))
        kept = [i for i in range(len(sizes)) if not (sizes[i] == 1 and i not in dynamic and self.chance(0.4))]
        part = self.new((sizes[i] for i in kept), tensor.element,
                        frozenset(k for k, i in enumerate(kept) if i in dynamic))
        spelled = [[self.constant(o) if self.chance(0.2) else o for o in offsets],
                   [self.constant(s) if i in dynamic else s for i, s in enumerate(sizes)], strides]
        text = " ".join("[" + ", ".join(map(str, part)) + "]" for part in spelled)
        return text, part

    def slice(self, pool):
        a = self.pick(pool, lambda t: t.dims)
        if not a:
            return
        text, part = self.region(a)
        self.emit(f"{part.name} = tensor.extract_slice {a.name}{text} : {a.type} to {part.type}")
        if self.chance(0.4):
            pool.append(part)
            return
        # Changed and put back, into the same tensor or into another one.
        inner = [part]
        if self.chance(0.7):
            self.combine(inner)
        source = self.pick(inner[-1:] + pool, lambda t: t.type == part.type and t.dims == part.dims)
        target = self.pick(pool, lambda t: t.type == a.type and t.dims == a.dims) if self.chance(0.3) else a
        back = self.like(target)
        self.emit(f"{back.name} = tensor.insert_slice {source.name} into {target.name}{text} : "
                  f"{source.type} into {target.type}")
        pool.append(back)

    def element(self, pool):
        a = self.pick(pool)
        value = self.scalar(pool, a.element)
        at = ", ".join(self.constant(self.random.randrange(n)) for n in a.dims)
        result = self.like(a)
        self.emit(f"{result.name} = tensor.insert {value} into {a.name}[{at}] : {a.type}")
        pool.append(result)

    def vector(self, pool):
        a = self.pick(pool, lambda t: len(t.dims) == 1 and t.dims[0] >= 4 and t.element in ("f32", "i32"))
        if not a:
            return
        b = self.pick(pool, lambda t: len(t.dims) == 1 and t.dims[0] >= 4 and t.element == a.element)
        pad = self.constant("0.0" if a.element == "f32" else 0, a.element)
        i, j = self.constant(self.random.randint(0, a.dims[0] - 4)), self.constant(self.random.randint(0, b.dims[0] - 4))
        read, result = self.fresh("x"), self.like(b)
        kind = f"vector<4x{a.element}>"
        self.emit(f"{read} = vector.transfer_read {a.name}[{i}], {pad} {{in_bounds = [true]}} : {a.type}, {kind}")
        self.emit(f"{result.name} = vector.transfer_write {read}, {b.name}[{j}] {{in_bounds = [true]}} : {kind}, {b.type}")
        pool.append(result)

    # New tensors.

    def pad(self, pool):
        a = self.pick(pool, lambda t: t.dims and t.count <= 128)
        if not a:
            return
        low = [self.random.randint(0, 1) for _ in a.dims]
        high = [self.random.randint(0, 2) for _ in a.dims]
        spelled, dynamic = [[], []], set(a.dynamic)
        for amounts, out in zip((low, high), spelled):
            for i, n in enumerate(amounts):
                is_value = self.chance(0.15)
                dynamic |= {i} if is_value else set()
                out.append(self.constant(n) if is_value else n)
        result = self.new((n + l + h for n, l, h in zip(a.dims, low, high)), a.element, frozenset(dynamic))
        outside = self.scalar(pool, a.element)
        indices = [self.fresh("i") for _ in a.dims]
        texts = ["[" + ", ".join(map(str, s)) + "]" for s in spelled]
        self.emit(f"{result.name} = tensor.pad {a.name} low{texts[0]} high{texts[1]} {{")
        self.emit(f"^bb0({', '.join(f'{i}: index' for i in indices)}):")
        self.depth += 1
        value = self.mix([outside, self.convert(indices[0], "index", a.element)], a.element) if self.chance(0.3) else outside
        self.emit(f"tensor.yield {value} : {a.element}")
        self.depth -= 1
        self.emit(f"}} : {a.type} to {result.type}")
        pool.append(result)

    def concat(self, pool):
        a = self.pick(pool, lambda t: t.dims and t.count <= 64)
        if not a:
            return
        axis = self.random.randrange(len(a.dims))

        def fits(t):
            return (t.element == a.element and len(t.dims) == len(a.dims) and t.count <= 64 and
                    all(i == axis or n == m for i, (n, m) in enumerate(zip(t.dims, a.dims))))

        parts = [a] + [self.pick(pool, fits) for _ in range(self.random.randint(1, 2))]
        dims = list(a.dims)
        dims[axis] = sum(t.dims[axis] for t in parts)
        dynamic = {axis} if any(axis in t.dynamic for t in parts) else set()
        for i in range(len(dims)):
            if i != axis and all(i in t.dynamic for t in parts):
                dynamic.add(i)
        result = self.new(dims, a.element, frozenset(dynamic))
        self.emit(f"{result.name} = tensor.concat dim({axis}) {', '.join(t.name for t in parts)} : "
                  f"({', '.join(t.type for t in parts)}) -> {result.type}")
        pool.append(result)

    def make(self, pool):
        """A tensor of scalars."""
        kind = self.random.choice(["generate", "from_elements", "splat", "constant"])
        element = self.random.choice(ELEMENTS)
        if kind == "from_elements":
            result = self.new(self.random.choice([(), (4,), (2, 2)]), element)
            values = [self.scalar(pool, element) for _ in range(result.count)]
            self.emit(f"{result.name} = tensor.from_elements {', '.join(values)} : {result.type}")
        elif kind == "splat":
            result = self.new(self.random.choice(SHAPES), element)
            self.emit(f"{result.name} = tensor.splat {self.scalar(pool, element)} : {result.type}")
        elif kind == "constant":
            result = self.new(self.random.choice(SHAPES), element)
            self.emit(f"{result.name} = arith.constant dense<{'2.5' if element == 'f32' else 7}> : {result.type}")
        else:
            dims = self.random.choice([s for s in SHAPES if s])
            result = self.new(dims, element, frozenset({0}) if self.chance(0.3) else frozenset())
            table = self.pick(pool, lambda t: len(t.dims) == 1 and t.dims[0] >= max(dims))
            outside = self.scalar(pool, element)
            indices = [self.fresh("i") for _ in dims]
            sizes = self.sized(result)
            self.emit(f"{result.name} = tensor.generate {sizes} {{")
            self.emit(f"^bb0({', '.join(f'{i}: index' for i in indices)}):")
            self.depth += 1
            values = [outside] + [self.convert(i, "index", element) for i in indices]
            if table:
                name = self.fresh("s")
                self.emit(f"{name} = tensor.extract {table.name}[{indices[-1]}] : {table.type}")
                values.append(self.convert(name, table.element, element))
            self.emit(f"tensor.yield {self.mix(values, element)} : {element}")
            self.depth -= 1
            self.emit(f"}} : {result.type}")
        pool.append(result)

    def copy(self, pool):
        a = self.pick(pool)
        if self.chance(0.5):
            result = self.new(a.dims, a.element, a.dynamic)
            self.emit(f"{result.name} = bufferization.alloc_tensor() copy({a.name}) : {a.type}")
        else:
            # Upstream refuses a destination that it would have to copy.
            out = self.like(a)
            sizes = self.sized(a)
            self.emit(f"{out.name} = bufferization.alloc_tensor({sizes}) : {a.type}")
            result = self.like(a)
            self.emit(f"{result.name} = bufferization.materialize_in_destination {a.name} in {out.name} : "
                      f"({a.type}, {out.type}) -> {out.type}")
        pool.append(result)

    # Control flow.

    def flag(self):
        if self.chance(0.7):
            return "%flag"
        name = self.fresh("f")
        self.emit(f"{name} = arith.constant {self.random.choice(['true', 'false'])}")
        return name

    def select(self, pool):
        a = self.pick(pool)
        b = self.pick(pool, lambda t: t.type == a.type and t.dims == a.dims)
        result = self.like(a)
        self.emit(f"{result.name} = arith.select {self.flag()}, {a.name}, {b.name} : {a.type}")
        pool.append(result)

    def inside(self, pool, length, wanted):
        """A nested body, and tensors of it or around it of the given types."""
        self.depth += 1
        inner = list(pool)
        self.body(inner, length)
        own, chosen = inner[len(pool):], []
        for want in wanted:
            def same(t):
                return t.type == want.type and t.dims == want.dims
            chosen.append(self.pick(own, same) if own and self.chance(0.6) else None)
            chosen[-1] = chosen[-1] or self.pick(inner, same)
        self.depth -= 1
        return chosen

    def results(self, wanted):
        """Names for the results of an op, and how they are written."""
        self.count += 1
        stem, many = f"%r{self.count}", len(wanted) > 1
        names = [f"{stem}#{i}" if many else stem for i in range(len(wanted))]
        return (f"{stem}:{len(wanted)}" if many else stem,
                [Tensor(n, t.dims, t.element, t.dynamic) for n, t in zip(names, wanted)])

    def yields(self, op, tensors, extra=()):
        names = ", ".join([n for n, _ in extra] + [t.name for t in tensors])
        types = ", ".join([t for _, t in extra] + [t.type for t in tensors])
        self.emit(f"  {op} {names} : {types}")

    def branch(self, pool):
        wanted = [self.pick(pool) for _ in range(self.random.choice([1, 1, 2]))]
        spelled, results = self.results(wanted)
        types = ", ".join(t.type for t in wanted)
        # No scf.index_switch: upstream writes in place what it gives back.
        self.emit(f"{spelled} = scf.if {self.flag()} -> ({types}) {{")
        for head in ("", "} else {"):
            if head:
                self.emit(head)
            self.yields("scf.yield", self.inside(pool, self.random.randint(0, 2), wanted))
        self.emit("}")
        pool += results

    def loop(self, pool):
        inits = [self.pick(pool) for _ in range(self.random.choice([1, 1, 2, 3]))]
        if self.chance(0.3):
            inits.append(self.pick(pool, lambda t: t.type == inits[0].type and t.dims == inits[0].dims))
        carried = [self.like(t) for t in inits]
        spelled, results = self.results(inits)
        low, high, step = self.constant(0), self.constant(self.random.choice([0, 1, 2, 3])), self.constant(1)
        arguments = ", ".join(f"{c.name} = {t.name}" for c, t in zip(carried, inits))
        self.emit(f"{spelled} = scf.for {self.fresh('t')} = {low} to {high} step {step} iter_args({arguments}) -> "
                  f"({', '.join(t.type for t in inits)}) {{")
        self.yields("scf.yield", self.inside(pool + carried, self.random.randint(1, 4), carried))
        self.emit("}")
        pool += results

    def repeat(self, pool):
        """An scf.while that counts."""
        inits = [self.pick(pool) for _ in range(self.random.choice([1, 1, 2]))]
        before, after = [self.like(t) for t in inits], [self.like(t) for t in inits]
        spelled, results = self.results([Tensor("", (), "")] + inits)
        zero, one, end = self.constant(0), self.constant(1), self.constant(self.random.choice([0, 1, 2, 3]))
        i, j, next_i, go = (self.fresh("i") for _ in range(4))
        types = ", ".join(["index"] + [t.type for t in inits])
        arguments = ", ".join([f"{i} = {zero}"] + [f"{b.name} = {t.name}" for b, t in zip(before, inits)])
        self.emit(f"{spelled} = scf.while ({arguments}) : ({types}) -> ({types}) {{")
        given = self.inside(pool + before, self.random.choice([0, 0, 1]), before)
        self.emit(f"  {go} = arith.cmpi slt, {i}, {end} : index")
        names = ", ".join([i] + [t.name for t in given])
        self.emit(f"  scf.condition({go}) {names} : {types}")
        self.emit("} do {")
        self.emit(f"^bb0({', '.join([f'{j}: index'] + [f'{a.name}: {a.type}' for a in after])}):")
        given = self.inside(pool + after, self.random.randint(0, 3), after)
        self.emit(f"  {next_i} = arith.addi {j}, {one} : index")
        self.yields("scf.yield", given, [(next_i, "index")])
        self.emit("}")
        pool += results[1:]

    def forall(self, pool):
        dest = self.pick(pool, lambda t: t.dims and not t.dynamic and t.dims[0] > 1)
        if not dest:
            return
        shared, result, row, i = self.like(dest), self.like(dest), self.new(dest.dims[1:], dest.element), self.fresh("i")
        rest = dest.dims[1:]
        text = " ".join("[" + ", ".join([first] + [str(n) for n in more]) + "]" for first, more in
                        ((i, [0] * len(rest)), ("1", rest), ("1", [1] * len(rest))))
        self.emit(f"{result.name} = scf.forall ({i}) in ({dest.dims[0]}) shared_outs({shared.name} = {dest.name}) "
                  f"-> ({dest.type}) {{")
        self.depth += 1
        own = self.chance(0.7)
        source = shared if own else self.pick(pool, lambda t: t.type == dest.type)
        self.emit(f"{row.name} = tensor.extract_slice {source.name}{text} : {dest.type} to {row.type}")
        self.depth -= 1
        given = self.inside(pool + [row], self.random.randint(0, 2), [row])
        self.emit("  scf.forall.in_parallel {")
        self.emit(f"    tensor.parallel_insert_slice {given[0].name} into {shared.name}{text} : "
                  f"{row.type} into {dest.type}")
        self.emit("  }")
        self.emit("}")
        pool.append(result)

    def tiles(self, pool):
        """A loop over parts of a tensor, beside parts of others."""
        def is_cut(t):
            return t.dims and not t.dynamic and t.dims[0] > 1
        dest = self.pick(pool, is_cut)
        if not dest:
            return
        n = dest.dims[0]
        size = self.random.choice([d for d in range(1, n) if n % d == 0])
        carried, result, t = self.like(dest), self.like(dest), self.fresh("t")
        counts = self.chance(0.3)
        low, high, step = (self.constant(x) for x in ((0, n // size, 1) if counts else (0, n, size)))
        self.emit(f"{result.name} = scf.for {t} = {low} to {high} step {step} iter_args({carried.name} = {dest.name}) "
                  f"-> ({dest.type}) {{")
        self.depth += 1
        i = t
        if counts:
            i = self.fresh("i")
            self.emit(f"{i} = affine.apply affine_map<(d0) -> (d0 * {size})>({t})")

        def place(source, at):
            rest = source.dims[1:]
            return " ".join("[" + ", ".join(map(str, (first, *more))) + "]" for first, more in
                            ((at, [0] * len(rest)), (size, rest), (1, [1] * len(rest))))

        def cut(source):
            part = self.new((size, *source.dims[1:]), source.element)
            self.emit(f"{part.name} = tensor.extract_slice {source.name}{place(source, i)} : {source.type} to {part.type}")
            return part

        parts = []
        for _ in range(self.random.choice([0, 1, 1, 2])):
            other = self.pick(pool, lambda t: is_cut(t) and t.dims[0] == n)
            parts.append(cut(other or dest))
        own = cut(carried)
        self.depth -= 1
        given, = self.inside(pool + parts + [own], self.random.randint(1, 3), [own])
        back, at = self.like(dest), i if self.chance(0.85) else 0
        self.emit(f"  {back.name} = tensor.insert_slice {given.name} into {carried.name}{place(dest, at)} : "
                  f"{given.type} into {dest.type}")
        self.yields("scf.yield", [back])
        self.emit("}")
        pool.append(result)

    def wrap(self, pool):
        wanted = [self.pick(pool)]
        spelled, results = self.results(wanted)
        self.emit(f"{spelled} = scf.execute_region -> {wanted[0].type} {{")
        self.yields("scf.yield", self.inside(pool, self.random.randint(0, 2), wanted))
        self.emit("}")
        pool += results

    def call(self, pool):
        """A call of a function made for it, in which it may be inlined."""
        arguments = [self.pick(pool) for _ in range(self.random.choice([1, 2]))]
        name = f"{self.prefix}_{len(self.helpers)}"
        self.helpers.append("")
        inner = Generator(self.random.random(), self.effects, self.blocks)
        inner.helpers, inner.prefix = self.helpers, self.prefix
        formal = [Tensor(f"%a{i}", t.dims, t.element, t.dynamic) for i, t in enumerate(arguments)]
        text, given = inner.function(f"private @{name}", formal, self.random.randint(0, 3), calls=False)
        self.helpers[self.helpers.index("")] = text
        spelled, results = self.results(given)
        self.emit(f"{spelled} = func.call @{name}({', '.join(t.name for t in arguments)}, %flag) : "
                  f"({', '.join(t.type for t in arguments)}, i1) -> ({', '.join(t.type for t in given)})")
        pool += results

    # Side effects.

    def show(self, pool):
        value = self.scalar(pool, "i64")
        self.emit(f"vector.print {value} : i64")

    def store(self, value, at):
        self.emit(f"memref.store {value}, %cells[{at}] : memref<2xi64>")

    def load(self, at):
        value = self.fresh("s")
        self.emit(f"{value} = memref.load %cells[{at}] : memref<2xi64>")
        return value

    def remember(self, pool):
        """A number that goes through the memory of the function."""
        at = self.constant(self.random.randrange(2))
        if self.chance(0.5):
            self.store(self.scalar(pool, "i64"), at)
            return
        value = self.load(at)
        result = self.new(self.random.choice(SHAPES), "i64")
        self.emit(f"{result.name} = tensor.splat {value} : {result.type}")
        pool.append(result)

    def remember_inside(self, element):
        """The same in the body of an op: what it loads, if it does not store. Every element stores the same."""
        at = self.constant(self.random.randrange(2))
        if self.chance(0.5):
            self.store(self.constant(self.random.randrange(20), "i64"), at)
            return []
        return [self.convert(self.load(at), "i64", element)]

    def unknown(self, pool):
        """An op that is not registered; foreign() says what it does."""
        a = self.pick(pool, lambda t: not t.dynamic)
        if not a:
            return
        result = self.like(a)
        self.emit(f'{result.name} = "foreign.op"({a.name}) : ({a.type}) -> {a.type}')
        pool.append(result)

    # Programs.

    calls = True

    def body(self, pool, length):
        for _ in range(length):
            kinds = ([self.combine] * 8 + [self.slice] * 5 + [self.view] * 5 + [self.element] * 2 + [self.named] * 2 +
                     [self.move] * 2 + [self.pad, self.concat, self.make, self.make, self.gather, self.copy,
                                        self.vector, self.select])
            if self.depth < 2:
                kinds += [self.loop] * 3 + [self.tiles] * 3 + [self.branch] * 2 + [self.repeat, self.forall, self.wrap]
                kinds += [self.call] if self.calls else []
            if self.effects:
                kinds += [self.show] * 3 + [self.remember] * 4 + [self.unknown] * 2
            self.random.choice(kinds)(pool)

    def between_blocks(self, pool, length):
        """One of two blocks, which may give tensors to the next."""
        names = [f"^{side}{self.count}" for side in ("then", "else", "next")]
        self.emit(f"cf.cond_br {self.flag()}, {names[0]}, {names[1]}")
        wanted = [self.pick(pool) for _ in range(self.random.choice([0, 0, 1, 2]))]
        results = [self.like(t) for t in wanted]

        def list_of(tensors):
            return f"({', '.join(t.name for t in tensors)} : {', '.join(t.type for t in tensors)})" if tensors else ""

        for name in names[:2]:
            self.lines.append(f"{name}:")
            self.depth -= 1
            given = self.inside(pool, length, wanted)
            self.depth += 1
            self.emit(f"cf.br {names[2]}{list_of(given)}")
        arguments = ", ".join(f"{t.name}: {t.type}" for t in results)
        self.lines.append(f"{names[2]}({arguments}):" if results else f"{names[2]}:")
        pool += results

    def function(self, name, arguments, length, calls=True):
        """The text of a function, and what it returns."""
        self.calls = calls
        pool = list(arguments)
        if self.effects:
            self.emit("%cells = memref.alloca() : memref<2xi64>")
            for i in range(2):
                self.store(self.constant(i + 5, "i64"), self.constant(i))
        self.body(pool, length)
        if self.blocks and self.chance(0.5):
            self.between_blocks(pool, length // 3)
            self.body(pool, length // 3)
        made = pool[len(arguments):]
        results = self.random.sample(made, min(self.random.randint(1, 3), len(made))) or pool[:1]
        if self.chance(0.1):
            results.append(self.pick(pool))
        types = ", ".join(t.type for t in results)
        writable = " {bufferization.writable = false}" if calls and self.chance(0.1) else ""
        spelled = [f"{t.name}: {t.type}{writable if i == 0 else ''}" for i, t in enumerate(arguments)]
        text = (f"func.func {name}({', '.join(spelled + ['%flag: i1'])}) -> ({types}) {{\n" + "\n".join(self.lines) +
                f"\n  return {', '.join(t.name for t in results)} : {types}\n}}\n")
        return text, results

    def program(self, number):
        arguments = []
        for i in range(3):
            dims, element = self.random.choice(SHAPES), self.random.choice(ELEMENTS)
            dynamic = frozenset({0}) if dims and self.chance(0.15) else frozenset()
            arguments.append(Tensor(f"%a{i}", dims, element, dynamic))
        text, results = self.function(f"@{self.prefix}", arguments, self.random.randint(4, 16))
        return Program(number, "".join(self.helpers) + text, self.drive(number, arguments, results))

    def drive(self, number, arguments, results):
        """A function that makes the arguments and prints a hash per result."""
        self.lines, self.depth = [], 0
        self.emit(f"%number = arith.constant {number} : i64")
        self.emit("vector.print %number : i64")
        self.emit(f"%flag = arith.constant {self.random.choice(['true', 'false'])}")
        values = []
        for k, argument in enumerate(arguments):
            value = Tensor(argument.name, argument.dims, argument.element)
            indices = [self.fresh("i") for _ in value.dims]
            self.emit(f"{value.name} = tensor.generate {{")
            self.emit(f"^bb0({', '.join(f'{i}: index' for i in indices)}):")
            self.depth += 1
            total = self.constant(k + 1)
            for i in indices:
                scaled, add, factor = self.fresh("s"), self.fresh("s"), self.constant(17)
                self.emit(f"{scaled} = arith.muli {total}, {factor} : index")
                self.emit(f"{add} = arith.addi {scaled}, {i} : index")
                total = add
            self.emit(f"tensor.yield {self.convert(total, 'index', value.element)} : {value.element}")
            self.depth -= 1
            self.emit(f"}} : {value.type}")
            if argument.dynamic:
                cast = self.fresh("a")
                self.emit(f"{cast} = tensor.cast {value.name} : {value.type} to {argument.type}")
                value = Tensor(cast, argument.dims, argument.element, argument.dynamic)
            values.append(value)
        spelled, given = self.results(results)
        self.emit(f"{spelled} = func.call @{self.prefix}({', '.join(v.name for v in values)}, %flag) : "
                  f"({', '.join(v.type for v in values)}, i1) -> ({', '.join(t.type for t in results)})")
        for result in given:
            self.hash(result)
        return f"func.func @drive{number}() {{\n" + "\n".join(self.lines) + "\n  return\n}\n"

    def hash(self, tensor):
        start, empty, prime = self.constant(1469598103934665, "i64"), self.fresh(), self.constant(1099511628211, "i64")
        self.emit(f"{empty} = tensor.from_elements {start} : tensor<i64>")
        rank = len(tensor.dims)

        def body(scalars):
            value, mixed, product = self.convert(scalars[0], tensor.element, "i64"), self.fresh("s"), self.fresh("s")
            self.emit(f"{mixed} = arith.xori {scalars[1]}, {value} : i64")
            self.emit(f"{product} = arith.muli {mixed}, {prime} : i64")
            return [product]

        dims = ", ".join(f"d{i}" for i in range(rank))
        sums = self.generic([tensor], [Tensor(empty, (), "i64")], [identity(rank), f"affine_map<({dims}) -> ()>"],
                            ["reduction"] * rank, body)
        value = self.fresh("s")
        self.emit(f"{value} = tensor.extract {sums[0].name}[] : tensor<i64>")
        self.emit(f"vector.print {value} : i64")
