package dev.kinema.benchmarks.memory;

import dev.kinema.KinemaException;
import dev.kinema.bench.Case;
import dev.kinema.bench.Peer;
import dev.kinema.bench.Setting;
import dev.kinema.bench.Size;
import dev.kinema.bench.Suites;
import dev.kinema.bench.TrainingStep;
import dev.kinema.bench.Workload;
import dev.kinema.benchmarks.JavaProcess;
import dev.kinema.device.Device;
import dev.kinema.device.Precision;
import java.lang.ref.Reference;
import java.util.List;

/** Steps of one engine in a process of its own, to see what it holds at most. */
record StepProcess(Case theCase, Precision precision, Size size, int threads, int batch, int steps) {
    private static final String RESULT = "peak bytes: ";
    /** For the weights, moments and inputs that engines are given, as doubles and floats; all of it is taken at once. */
    private static final String HEAP = "3g";
    private static final String SMALL_HEAP = "256m";

    /** Bytes that the engine's steps take at most. */
    long measure(String engine, StepMemory.Allocator allocator) {
        String heap = size == Size.SMALLEST ? SMALL_HEAP : HEAP;
        JavaProcess process = new JavaProcess(List.of("-XX:+UseSerialGC", "-Xms" + heap, "-Xmx" + heap, "-XX:+AlwaysPreTouch"),
            StepMemory.class, List.of(StepMemory.CHILD, theCase.fullName(), precision.name(), size.name(), Integer.toString(threads),
                Integer.toString(batch), Integer.toString(steps), engine));
        allocator.set(process.environment());
        String result = process.line(line -> line.startsWith(RESULT))
            .orElseThrow(() -> new KinemaException("the process of " + engine + " told no peak: see what it said above"));
        return Long.parseLong(result.substring(RESULT.length()));
    }

    /** That process. */
    static void run(String[] args) {
        StepProcess step = new StepProcess(Suites.named(args[1]), Precision.valueOf(args[2]), Size.valueOf(args[3]),
            Integer.parseInt(args[4]), Integer.parseInt(args[5]), Integer.parseInt(args[6]));
        long bytes = args[7].equals(StepMemory.OURS) ? step.ours() : step.peers(args[7]);
        System.out.println(RESULT + bytes);
    }

    private long ours() {
        try (Device device = Device.open("cpu", threads)) {
            try (Workload small = theCase.open(new Setting(device, precision, Size.SMALLEST))) {
                small.run();
            }
            // not ours to compute, but in every process' start: what malloc keeps of its making can be used again by any engine
            TrainingStep given = theCase.training(StepMemory.setting(this, device)).orElseThrow();
            ProcessMemory start = ProcessMemory.settled();
            try (Workload full = theCase.open(StepMemory.setting(this, device))) {
                return peak(start, full::run);
            } finally {
                Reference.reachabilityFence(given);
            }
        }
    }

    private long peers(String engine) {
        try (Device reference = Device.open("reference"); StepMemory.Peers peers = StepMemory.Peers.found()) {
            TrainingStep small = StepMemory.small(theCase, reference);
            Peer.Trainer trainer = peers.trainers(small, precision, threads).stream().filter(t -> t.name().equals(engine)).findFirst()
                .orElseThrow(() -> new KinemaException("no engine here is " + engine));
            try (Peer.Contender contender = trainer.open(small)) {
                contender.run();
            }
            TrainingStep full = theCase.training(StepMemory.setting(this, reference)).orElseThrow();
            ProcessMemory start = ProcessMemory.settled();
            try (Peer.Contender contender = trainer.open(full)) {
                return peak(start, contender::run);
            } finally {
                Reference.reachabilityFence(full);
            }
        }
    }

    private long peak(ProcessMemory start, Runnable run) {
        // what was needed to make it ready, and is garbage
        ProcessMemory.settled();
        ProcessMemory.forgetPeak();
        for (int i = 0; i < steps; i++) {
            run.run();
        }
        return ProcessMemory.peak() - start.resident();
    }
}
