"""What a case of kinema-lab is for PyTorch: operands, a reference, and the peers, each a way to compute the same.

A peer is a function of a set of operands that returns a call; what the call returns, `plain` of the peer brings into the layout of the
reference. All that can be prepared outside of the time is (views, weights in the best layout, the forward pass of a gradient). Nothing here
needs PyTorch before it is used, so that a dry run does without.
"""
import importlib
from dataclasses import dataclass
from typing import Callable

DEVICE = "cuda"
WRONG = {"f32": 1e-3, "bf16": 2e-2}  # a relative L2 distance above this is no rounding


class Lazy:
    """A module that is imported when something of it is asked for."""

    def __init__(self, name):
        self._name = name

    def __getattr__(self, attribute):
        return getattr(importlib.import_module(self._name), attribute)


torch = Lazy("torch")
functional = Lazy("torch.nn.functional")


def without_tf32():
    """Our f32 is float32; and cuDNN is to try what it has."""
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.benchmark_limit = 0


@dataclass
class Peer:
    name: str
    prepare: Callable  # operands -> call
    plain: Callable = lambda result: [result]  # what a call returns, as a list in the layout of the reference
    compiles: bool = False


@dataclass
class Work:
    operands: Callable  # () -> a set of operands, by name
    reference: Callable  # operands in float64 -> results
    peers: list
    note: str = ""


def kind(dtype):
    return {"f32": torch.float32, "bf16": torch.bfloat16}[dtype]


def normal(*shape, dtype="f32", scale=1.0):
    return (torch.randn(*shape, device=DEVICE) * scale).to(kind(dtype))


def compiled(function):
    """The function compiled, when it is first called, for exactly the shapes it is called with."""
    kept = []

    def run(*words):
        if not kept:
            kept.append(torch.compile(function, dynamic=False))
        return kept[0](*words)
    return run


def leaves(*tensors):
    return [t.detach().requires_grad_() for t in tensors]


def gradients(y, inputs, dy):
    """A call that computes the gradients of y, whose forward pass is done."""
    return lambda: torch.autograd.grad(y, inputs, dy, retain_graph=True)
