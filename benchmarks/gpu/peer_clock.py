"""Times calls of PyTorch as kinema-lab times kernels (native/lab/timing.cc).

A sample is a CUDA graph of calls that walk over several sets of operands, together twice the L2 cache, and of at least 2 ms; median and p90
are of up to 50 samples after warming up, for about a second. What cannot be captured is launched call by call, and marked so.
"""
import math

FEWEST_SAMPLES, SAMPLES, WARM_UPS, MOST_CALLS = 5, 50, 3, 8192
SAMPLE_SECONDS, TOTAL_SECONDS = 2e-3, 1.0


def sets_for(torch, bytes_of_one, most=64):
    """How many sets of operands fill the L2 cache twice; `most` bounds what is drawn for tiny shapes."""
    cache = torch.cuda.get_device_properties(0).L2_cache_size
    return min(most, max(1, math.ceil(2 * cache / max(1, bytes_of_one))))


class Clock:
    """One stream for all that is measured: autograd computes gradients on the stream of the forward pass, which a capture must see."""

    def __init__(self, torch):
        self.torch = torch
        self.stream = torch.cuda.Stream()

    def _seconds(self, work):
        begin, end = (self.torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record(self.stream)
        work()
        end.record(self.stream)
        end.synchronize()
        return begin.elapsed_time(end) / 1e3

    def _captured(self, calls, count):
        """A graph of `count` calls. Results stay until their set's turn comes again, so that outputs rotate as operands do."""
        graph = self.torch.cuda.CUDAGraph()
        kept = [None] * len(calls)
        with self.torch.cuda.graph(graph, stream=self.stream):
            for i in range(count):
                kept[i % len(calls)] = calls[i % len(calls)]()
        return graph

    def measure(self, calls):
        """Median and p90 of a call, in microseconds, and how they were taken; `calls` has one for each set of operands."""
        with self.torch.cuda.stream(self.stream):
            for _ in range(WARM_UPS):
                for call in calls[:4]:
                    call()
            self.torch.cuda.synchronize()
            one = min(self._seconds(calls[0]) for _ in range(3))
            count = max(len(calls), int(min(MOST_CALLS, math.ceil(SAMPLE_SECONDS / max(one, 1e-9)))))
            try:
                graph, why = self._captured(calls, count), None
            except RuntimeError as e:
                self.torch.cuda.synchronize()
                graph, why = None, first_line(e)
            replay = graph.replay if graph else lambda: [calls[i % len(calls)]() for i in range(count)]
            sample = [self._seconds(replay) for _ in range(WARM_UPS)][-1]
            samples = max(FEWEST_SAMPLES, min(SAMPLES, int(TOTAL_SECONDS / max(sample, 1e-9))))
            seconds = sorted(self._seconds(replay) / count for _ in range(samples))
        median = (seconds[(samples - 1) // 2] + seconds[samples // 2]) / 2
        return {"median_us": median * 1e6, "p90_us": seconds[(9 * samples + 9) // 10 - 1] * 1e6, "samples": samples, "calls": count,
                "captured": why is None, "why_not": why}

    def kernels(self, call):
        """The names of what a call runs on the device, the longest first; why not, where the profiler may not look."""
        profiler = self.torch.profiler
        try:
            with profiler.profile(activities=[profiler.ProfilerActivity.CPU, profiler.ProfilerActivity.CUDA]) as profile:
                with self.torch.cuda.stream(self.stream):
                    call()
                self.torch.cuda.synchronize()
        except RuntimeError as e:
            return ["not known, " + first_line(e)]
        spent = {}
        for event in profile.events():
            if str(event.device_type).endswith("CUDA"):
                spent[event.name] = spent.get(event.name, 0) + event.time_range.elapsed_us()
        return sorted(spent, key=spent.get, reverse=True)


def first_line(error):
    """What a failure is told as: its kind, and its first line."""
    lines = str(error).strip().splitlines()
    return type(error).__name__ + (": " + lines[0][:200] if lines else "")


def distance(torch, expected, actual):
    """|actual - expected| / |expected| over all results together; NaN where any of them is."""
    difference = size = 0.0
    for e, a in zip(expected, actual, strict=True):
        if e.numel() != a.numel():
            raise ValueError(f"the peer's result has {a.numel()} elements instead of {e.numel()}")
        e, a = e.reshape(-1), a.reshape(-1)
        for at in range(0, e.numel(), 1 << 26):  # in parts: whole copies in float64 may not fit
            one, other = e[at:at + (1 << 26)].double(), a[at:at + (1 << 26)].double()
            difference += float(((other - one) ** 2).sum())
            size += float((one ** 2).sum())
    return math.sqrt(difference / size) if size > 0 else math.sqrt(difference)
