"""Peers of convolutions, matrix products and attention."""
from dataclasses import dataclass
from typing import Callable

from peer_work import Peer, Work, compiled, functional, gradients, leaves, normal, torch

BACKENDS = ("FLASH_ATTENTION", "EFFICIENT_ATTENTION", "CUDNN_ATTENTION", "MATH")


# ---- convolutions: as they are, and lowered to what the same library may be faster at

@dataclass
class Form:
    """Views of x [n, t, h, w, i], of weights [o, kt, kh, kw, i] and of y [n, t', h', w', o], and how to convolve them."""
    name: str
    x: Callable
    w: Callable
    y: Callable
    back: Callable  # a result that looks like x, y or w as ours does; contiguous views all
    stride: tuple = ()
    padding: tuple = ()

    def run(self, x, w, bias=None):
        if not self.stride:
            return functional.linear(x, w, bias)
        return (functional.conv3d if len(self.stride) == 3 else functional.conv2d)(x, w, bias, self.stride, self.padding)

    def gradient(self, dy, x, w, which):
        """Of x (0) or of the weights (1)."""
        if not self.stride:
            return (lambda: dy @ w) if which == 0 else (lambda: dy.t() @ x)
        rank = len(self.stride)
        mask = [which == 0, which == 1, False]
        return lambda: torch.ops.aten.convolution_backward(dy, x, w, None, self.stride, self.padding, [1] * rank, False, [0] * rank, 1,
                                                           mask)[which]


def last(rank):
    """Channels first by strides alone: the memory keeps its order."""
    return lambda a: a.permute(0, rank + 1, *range(1, rank + 1))


def first(rank):
    return lambda a: a.permute(0, *range(2, rank + 2), 1)


def forms_of(s):
    kernel, stride, padding = [(s[f"{p}t"], s[f"{p}h"], s[f"{p}w"]) for p in "ksp"]
    forms = [Form("conv3d", last(3), last(3), last(3), first(3), stride, padding)]
    if kernel == (1, 1, 1) and padding == (0, 0, 0) and stride == (1, 1, 1):
        def rows(a):
            return a.reshape(-1, a.shape[-1])
        forms.append(Form("linear", rows, rows, rows, lambda a: a))
    if kernel[0] == 1 and stride[0] == 1 and padding[0] == 0:
        def frames(a):
            return last(2)(a.flatten(0, 1))
        forms.append(Form("conv2d of frames", frames, frames, frames, first(2), stride[1:], padding[1:]))
    if kernel[0] > 1 and kernel[1:] == (1, 1) and stride[1:] == (1, 1) and padding[1:] == (0, 0):
        def pixels(a):
            return last(2)(a.flatten(2, 3))
        forms.append(Form("conv2d over time", pixels, pixels, pixels, first(2), (stride[0], 1), (padding[0], 0)))
    return forms


def conv3d(what, dtype, s):
    out = [(s[a] + 2 * s["p" + a] - s["k" + a]) // s["s" + a] + 1 for a in "thw"]
    fan = s["i"] * s["kt"] * s["kh"] * s["kw"]

    def operands():
        o = {"x": normal(s["n"], s["t"], s["h"], s["w"], s["i"], dtype=dtype),
             "w": normal(s["o"], s["kt"], s["kh"], s["kw"], s["i"], dtype=dtype, scale=fan ** -0.5)}
        if what != "forward":
            o["y"] = normal(s["n"], *out, s["o"], dtype=dtype)
        if what == "forward+finish":
            o["shift"] = normal(s["o"], dtype=dtype)
        return o

    plain = forms_of(s)[0]

    def reference(o):
        x, w = plain.x(o["x"]), plain.w(o["w"])
        if what == "forward":
            return [plain.back(plain.run(x, w))]
        if what == "forward+finish":
            return [torch.relu(plain.back(plain.run(x, w, o["shift"])) + o["y"])]
        return [plain.back(plain.gradient(plain.y(o["y"]), x, w, int(what == "weight_gradient"))())]

    def prepare(form, compile_it):
        def finish(x, w, shift, y):
            return torch.relu(form.run(x, w, shift) + y)
        run = compiled(finish) if compile_it else lambda x, w, shift, y: form.run(x, w, shift).add_(y).relu_()

        def of(o):
            x, w = form.x(o["x"]), form.w(o["w"])
            if what == "forward":
                return lambda: form.run(x, w)
            if what == "forward+finish":
                y = form.y(o["y"])
                return lambda: run(x, w, o["shift"], y)
            return form.gradient(form.y(o["y"]), x, w, int(what == "weight_gradient"))
        return of

    peers = []
    for form in forms_of(s):
        peers.append(Peer(form.name, prepare(form, False), lambda r, form=form: [form.back(r)]))
        if what == "forward+finish":
            peers.append(Peer(form.name + ", compiled", prepare(form, True), lambda r, form=form: [form.back(r)], True))
    return Work(operands, reference, peers, "scales lie in the peers' weights" if what == "forward+finish" else "")


# ---- attention, by each of SDPA's backends alone

def attention(what, dtype, s):
    b, n, m, h, d = s["batch"], s["queries"], s["keys"], s["heads"], s["depth"]
    if s["dropout%"] or (s["causal"] and n != m):
        return None

    def operands():
        o = {"q": normal(b, h, n, d, dtype=dtype), "k": normal(b, h, m, d, dtype=dtype), "v": normal(b, h, m, d, dtype=dtype)}
        if s["masked"]:
            seen = torch.rand(b, 1, 1, m, device=o["q"].device) < 0.5
            seen[..., 0] = True
            o["mask"] = seen.expand(b, 1, n, m).contiguous()
        if what == "gradient":
            o["dy"] = normal(b, h, n, d, dtype=dtype)
        return o

    def plain(o):
        scores = o["q"] @ o["k"].transpose(-1, -2) * d ** -0.5
        if s["causal"]:
            scores = scores.masked_fill(torch.ones(n, m, dtype=torch.bool, device=scores.device).triu(1), float("-inf"))
        if s["masked"]:
            scores = scores.masked_fill(~o["mask"], float("-inf"))
        return torch.softmax(scores, -1) @ o["v"]

    def reference(o):
        if what == "forward":
            return [plain(o)]
        results = [[], [], []]
        for part in zip(*(o[name].split(64) for name in ("q", "k", "v", "dy", "mask") if name in o)):
            piece = dict(zip([name for name in ("q", "k", "v", "dy", "mask") if name in o], part))
            piece["q"], piece["k"], piece["v"] = wanted = leaves(piece["q"], piece["k"], piece["v"])
            for result, g in zip(results, torch.autograd.grad(plain(piece), wanted, piece["dy"])):
                result.append(g)
        return [torch.cat(result) for result in results]

    def prepare(backend):
        def of(o):
            from torch.nn.attention import SDPBackend, sdpa_kernel

            def run(q, k, v):
                with sdpa_kernel(getattr(SDPBackend, backend)):
                    return functional.scaled_dot_product_attention(q, k, v, o.get("mask"), is_causal=bool(s["causal"]))
            if what == "forward":
                return lambda: run(o["q"], o["k"], o["v"])
            wanted = leaves(o["q"], o["k"], o["v"])
            return gradients(run(*wanted), wanted, o["dy"])
        return of

    def listed(result):
        return [result] if what == "forward" else list(result)

    return Work(operands, reference, [Peer("SDPA " + backend, prepare(backend), listed) for backend in BACKENDS])


# ---- products

def matmul(what, dtype, s):
    if what != "multiply":
        return None
    batch, m, n, k = s["batch"], s["m"], s["n"], s["k"]
    of_y = "bf16" if s["y"] == 1 else "f32"
    if of_y != dtype or (s["finished"] and (batch != 1 or s["ta"] or not s["tb"])):
        return None
    activate = {0: lambda y: y, 1: lambda y: functional.relu(y), 2: lambda y: functional.gelu(y),
                3: lambda y: functional.gelu(y, approximate="tanh")}[s["activation"]]

    def operands():
        lead = (batch,) if batch > 1 else ()
        o = {"a": normal(*lead, *((k, m) if s["ta"] else (m, k)), dtype=dtype),
             "b": normal(*lead, *((n, k) if s["tb"] else (k, n)), dtype=dtype, scale=k ** -0.5)}
        if s["finished"]:
            o.update(bias=normal(n, dtype=dtype), residual=normal(m, n, dtype=dtype))
        return o

    def run(o):
        a, b = o["a"].transpose(-1, -2) if s["ta"] else o["a"], o["b"].transpose(-1, -2) if s["tb"] else o["b"]
        if not s["finished"]:
            return activate(torch.matmul(a, b))
        return activate(functional.linear(o["a"], o["b"], o["bias"]) + o["residual"])

    peers = [Peer("matmul, eager", lambda o: lambda: run(o))]
    if s["finished"] or s["activation"]:
        fused = compiled(run)
        peers.append(Peer("matmul, compiled", lambda o: lambda: fused(o), compiles=True))
    return Work(operands, lambda o: [run(o)], peers)
