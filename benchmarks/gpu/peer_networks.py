"""PyTorch's forward pass and training step of the whole Slow-D, at the batch that a file of `kinema bench` names."""
from peer_clock import Clock, distance, first_line
from peer_work import torch

# rows of `kinema bench` that have peers: whether they train, and clips for each of its --batch (a step has 2 films of 2 clips)
NETWORKS = {"embed-slow-d": (False, 1), "step-slow-d-cvrl": (True, 4)}
WRONG = 5e-2  # of features in bf16, against float32, through 53 convolutions; of the loss


def names(training):
    return ["eager", "compiled"] if training else ["eager", "eager, norms folded", "compiled", "compiled, norms folded"]


def clips_of(count, dtype):
    generator = torch.Generator("cuda").manual_seed(1)
    clips = torch.randn(count, 3, 16, 224, 224, device="cuda", generator=generator)
    return clips.to(dtype=dtype, memory_format=torch.channels_last_3d)


def feature_call(name, count, dtype):
    import slow_d
    torch.manual_seed(1)
    network = slow_d.SlowD().cuda().eval()
    if "folded" in name:
        network = slow_d.folded(network)
    network = network.to(dtype=dtype, memory_format=torch.channels_last_3d)
    run = torch.compile(network, dynamic=False) if "compiled" in name else network
    clips = clips_of(count, dtype)

    def call():
        with torch.no_grad():
            return run(clips)
    return call


def step_call(name, count, dtype):
    """Weights stay as they are, at a rate of 0, so that each step does the same."""
    import slow_d
    torch.manual_seed(1)
    network = slow_d.CvrlStep().cuda().to(memory_format=torch.channels_last_3d).train()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.0, momentum=0.9, weight_decay=1e-6, fused=True)
    run = torch.compile(network, dynamic=False) if "compiled" in name else network
    clips = clips_of(count, torch.float32)

    def call():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cuda", torch.bfloat16, enabled=dtype == torch.bfloat16):
            loss = run(clips)
        loss.backward()
        optimizer.step()
        return loss.detach()
    return call


def measure(row, batch, compile_too, told):
    """The peers of one row: as those of a kernel."""
    training, each = NETWORKS[row["name"]]
    count = batch * each
    dtype = torch.bfloat16 if row["precision"] == "BF16" else torch.float32
    make = step_call if training else feature_call
    clock, peers = Clock(torch), []
    # the reference: eager, in float32 without TF32
    with torch.cuda.stream(clock.stream):
        expected = [make("eager", count, torch.float32)().float()]
    torch.cuda.empty_cache()
    for name in names(training):
        if name.startswith("compiled") and not compile_too:
            continue
        peer = {"name": name}
        call = None
        try:
            torch._dynamo.reset()
            with torch.cuda.stream(clock.stream):
                call = make(name, count, dtype)
                peer["error"] = distance(torch, expected, [call().float()])
            peer["correct"] = peer["error"] <= WRONG
            peer.update(clock.measure([call]))
            peer["kernels"] = clock.kernels(call)[:8]
        except Exception as e:  # whatever a peer fails by is shown beside its name, and the others are measured
            peer["failure"] = first_line(e)
        del call
        torch.cuda.empty_cache()
        peers.append(peer)
        told(peer)
    return peers
