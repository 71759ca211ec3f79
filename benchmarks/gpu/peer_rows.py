"""Peers of what works on rows: InfoNCE, norms, softmax and cross-entropy."""
import re

from peer_work import Peer, Work, compiled, functional, gradients, kind, leaves, normal, torch

TEMPERATURE = 0.1  # of the lab's infonce cases


# ---- InfoNCE against a queue: the loss alone, with the gradients of queries and keys, or all of a step of MoCo from rows of any length

def infonce(what, dtype, s):
    if what not in ("loss", "one_pass.gradient", "step") or s["counted"] or s["owners"] or not s["capacity"]:
        return None
    rows, width, capacity = s["rows"], s["width"], s["capacity"]

    def operands():
        def unit(count):
            return functional.normalize(normal(count, width), dim=1).to(kind(dtype))
        given = (lambda: normal(rows, width)) if what == "step" else (lambda: unit(rows))
        return {"q": given(), "k": given(), "queue": unit(capacity)}

    def joined(q, k, queue):  # as PySlowFast and MoCo write it
        scores = torch.cat([(q * k).sum(1, keepdim=True), functional.linear(q, queue)], 1).float() / TEMPERATURE
        return functional.cross_entropy(scores, torch.zeros(rows, dtype=torch.long, device=q.device))

    def apart(q, k, queue):  # no copy of the scores
        own = (q * k).sum(1).float() / TEMPERATURE
        others = torch.logsumexp(functional.linear(q, queue).float() / TEMPERATURE, 1)
        return (torch.logaddexp(own, others) - own).mean()

    def exact(q, k, queue):
        own = (q * k).sum(1) / TEMPERATURE
        return (torch.logaddexp(own, torch.logsumexp(q @ queue.t() / TEMPERATURE, 1)) - own).mean()

    def loss(contrast):
        return lambda o: lambda: [contrast(o["q"], o["k"], o["queue"])]

    def gradient(contrast):
        def of(o):
            q, k = leaves(o["q"], o["k"])
            return lambda: list(torch.autograd.grad(contrast(q, k, o["queue"]), (q, k)))
        return of

    def step(contrast):
        def of(o):
            q, = leaves(o["q"])

            def call():
                value, keys = contrast(q, o["k"], o["queue"])
                return [*torch.autograd.grad(value, (q,)), keys]
            return call
        return of

    def normalised(contrast):
        """The loss of rows as they leave their heads, in float32, and the keys as they go into the queue; these get no gradient."""
        def run(q, k, queue):
            keys = functional.normalize(k, dim=1)
            return contrast(functional.normalize(q, dim=1).to(queue.dtype), keys.to(queue.dtype), queue), keys
        return run

    prepare = {"loss": loss, "one_pass.gradient": gradient, "step": step}[what]

    def whole(contrast):
        return normalised(contrast) if what == "step" else contrast

    peers = [Peer(name + (", compiled" if c else ", eager"), prepare(compiled(whole(function)) if c else whole(function)), list, c)
             for name, function in (("linear + cross-entropy", joined), ("linear + logsumexp", apart)) for c in (False, True)]
    note = "loss, gradient of the rows before they are normalised, keys; ours has the keys' gradient, too" if what == "step" else ""
    return Work(operands, lambda o: prepare(whole(exact))(o)(), peers, note)


# ---- norms

def both(function):
    """A function of operands as peers, eager and compiled."""
    fused = compiled(function)
    return [Peer("eager", lambda o: lambda: function(o)), Peer("compiled", lambda o: lambda: fused(o), compiles=True)]


def pair(backward, function, label=""):
    """The gradients of a function as peers, eager and compiled."""
    return [Peer("eager" + label, backward(function), list), Peer("compiled" + label, backward(compiled(function)), list, True)]


def layernorm(what, dtype, s):
    rows, width = s["rows"], s["width"]

    def operands():
        o = {"x": normal(rows, width, dtype=dtype, scale=0.5) + 3, "gamma": normal(width), "beta": normal(width)}
        # PyTorch wants weights of the type of x
        o["gamma"], o["beta"] = o["gamma"].to(kind(dtype)), o["beta"].to(kind(dtype))
        if what == "gradient":
            o["dy"] = normal(rows, width, dtype=dtype)
        return o

    def run(o):
        return functional.layer_norm(o["x"], (width,), o["gamma"], o["beta"], 1e-5)

    if what == "forward":
        return Work(operands, lambda o: [run(o)], both(run))
    if what != "gradient":
        return None

    def backward(function):
        def of(o):
            wanted = dict(zip(("x", "gamma", "beta"), leaves(o["x"], o["gamma"], o["beta"])))
            return gradients(function(wanted), list(wanted.values()), o["dy"])
        return of
    return Work(operands, lambda o: list(backward(run)(o)()), pair(backward, run))


def batchnorm(what, dtype, s):
    rows, channels = s["rows"], s["channels"]
    found = re.fullmatch(r"(forward|inference|gradient)( through relu)?(?: \+ (residual))?(?:, (relu))?", what)
    if not found:
        return None
    way, through, residual, relu = found.groups()
    relu = relu or through

    def operands():
        o = {"x": normal(rows, channels, dtype=dtype, scale=0.5) + 3, "gamma": normal(channels), "beta": normal(channels),
             "mean": normal(channels), "variance": normal(channels).abs() + 0.5}
        for name, wanted in (("residual", residual), ("dy", way == "gradient")):
            if wanted:
                o[name] = normal(rows, channels, dtype=dtype)
        return o

    def run(o, view=lambda a: a):
        training = way != "inference"
        mean, variance = (None, None) if training else (o["mean"], o["variance"])
        y = functional.batch_norm(view(o["x"]), mean, variance, o["gamma"], o["beta"], training, 0.1, 1e-5)
        if residual:
            y = y + view(o["residual"])
        return torch.relu(y) if relu else y

    def pixels(a):  # channels last, for which cuDNN and PyTorch have kernels of their own
        return a.view(1, rows, 1, channels).permute(0, 3, 1, 2)

    def rowwise(a):
        return a.permute(0, 2, 3, 1).reshape(rows, channels) if a.dim() == 4 else a

    def backward(function, view=lambda a: a):
        def of(o):
            wanted = dict(zip(("x", "gamma", "beta"), leaves(o["x"], o["gamma"], o["beta"])))
            return gradients(function(wanted, view), list(wanted.values()), view(o["dy"]))
        return of

    def forward(function, view):
        return lambda o: lambda: function(o, view)

    peers = []
    for name, view in (("rows", lambda a: a), ("channels last", pixels)):
        for label, function, compiles in ((name + ", eager", run, False), (name + ", compiled", compiled(run), True)):
            if way == "gradient":
                peers.append(Peer(label, backward(function, view), list, compiles))
            else:
                peers.append(Peer(label, forward(function, view), lambda r: [rowwise(r)], compiles))
    reference = (lambda o: list(backward(run)(o)())) if way == "gradient" else (lambda o: [run(o)])
    return Work(operands, reference, peers)


# ---- softmax and cross-entropy

def softmax(what, dtype, s):
    if what == "forward":
        return Work(lambda: {"x": normal(s["rows"], s["columns"], dtype=dtype, scale=3)}, lambda o: [torch.softmax(o["x"], 1)],
                    both(lambda o: torch.softmax(o["x"], 1)))
    if what not in ("cross_entropy", "cross_entropy_gradient") or s["ignoring"] or s["all"] or s["smoothing%"]:
        return None

    def operands():
        x = normal(s["rows"], s["columns"], dtype=dtype, scale=3)
        return {"x": x, "labels": torch.randint(s["columns"], (s["rows"],), device=x.device)}

    def loss(o):
        return functional.cross_entropy(o["x"], o["labels"])

    if what == "cross_entropy":
        return Work(operands, lambda o: [loss(o)], both(loss))

    def backward(function):
        def of(o):
            x, = leaves(o["x"])
            return lambda: torch.autograd.grad(function({"x": x, "labels": o["labels"]}), (x,))
        return of
    note = "peers: loss and gradient, as ours has to compute the log-sums again"
    return Work(operands, lambda o: list(backward(loss)(o)()), pair(backward, loss, ", loss too"), note)
