package dev.kinema.device.cuda;

import dev.kinema.KinemaException;
import dev.kinema.device.Bindings;
import dev.kinema.device.FiniteCheck;
import dev.kinema.device.HostArray;
import dev.kinema.device.MemoryPlan;
import dev.kinema.device.Program;
import dev.kinema.device.ProgramRunEvent;
import dev.kinema.device.ProgramStep;
import dev.kinema.device.StepClock;
import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.Type;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Steps over one planned block of device memory, on a stream of its own. The first run launches them one by one; the second captures them,
 * with the copies of inputs and outputs, into a CUDA graph, which is what later runs launch. Inputs that are staged come before it. Steps
 * that depend on nothing but weights which the program does not write are run only when the weights have changed.
 */
final class CudaProgram implements Program {
    private final CudaDevice device;
    private final CudaWeights weights;
    private final List<Step> preparing;
    private final List<Step> running;
    private final boolean writesWeights;
    private final Map<Step, FiniteProbe> finite = new IdentityHashMap<>();
    private final Map<String, Buffer> out;
    private final Map<String, HostMemory> hostIn = new LinkedHashMap<>();
    private final Map<String, HostMemory> hostOut = new LinkedHashMap<>();
    private final Placement placement;
    private final Bindings bindings;
    private final ProgramRunEvent event;
    private final Faults faults;
    private final Staging staging;
    private final Replay replay = new Replay();
    private final AtomicBoolean inUse = new AtomicBoolean();
    /** Whether each step is waited for. */
    private final boolean blocking = Boolean.getBoolean("kinema.cuda.blocking");
    /** Null where profilers are not told of steps. */
    private Ranges ranges;
    /** Null before it is there, which it may never be. */
    private DeviceMemory block;
    private Transfers transfers;
    /** Made when a run is timed first. */
    private StepEvents events;
    private long stream;
    private boolean ranOnce;
    private long preparedVersion = -1;
    private volatile boolean closed;

    CudaProgram(CudaDevice device, CudaWeights weights, List<Step> steps, Map<String, Buffer> in, Map<String, Buffer> out,
            boolean writesWeights, List<FiniteProbe> finite, List<Faults.Word> faultWords, Set<String> staged) {
        this.device = device;
        this.weights = weights;
        this.writesWeights = writesWeights;
        this.out = out;
        finite.forEach(f -> this.finite.put(f.step(), f));
        this.preparing = steps.stream().filter(CudaProgram::isConstant).toList();
        this.running = steps.stream().filter(s -> !isConstant(s)).toList();
        placement = new Placement(preparing, running, Stream.concat(in.values().stream(), out.values().stream()).toList(),
            Faults.bytes(faultWords) + Staging.bytes(staged, in));
        // here and not when something finds no room: the first run takes more, for preparation
        placement.require(device.freeMemory(), name(), device.name());
        boolean complete = false;
        try {
            stream = CudaLibrary.made(Kinema.kn_stream_create());
            faults = new Faults(device.index(), faultWords, stream);
            block = new DeviceMemory(device.index(), placement.bytes(), "the block of " + name(), stream);
            placement.place(block);
            in.forEach((name, b) -> hostIn.put(name, host(name, b)));
            out.forEach((name, b) -> hostOut.put(name, host(name, b)));
            bindings = new Bindings(HostMemory.arrays(hostIn), HostMemory.arrays(hostOut));
            event = new ProgramRunEvent(device.name(), bindings, placement.plan(), steps());
            staging = new Staging(staged, in, hostIn, device.index(), stream);
            transfers = new Transfers(stream, running, staging.others(in), hostIn, out, hostOut);
            ranges = Boolean.getBoolean("kinema.cuda.ranges") ? new Ranges(steps) : null;
            running.forEach(s -> s.launch().placed(stream));
            CudaLibrary.check(Kinema.kn_stream_synchronize(stream));
            complete = true;
        } finally {
            if (!complete) {
                release();
            }
        }
    }

    /** By what it computes, as programs have no names. */
    private String name() {
        return "the program of " + out.keySet().stream().limit(3).map(o -> "'" + o + "'").collect(Collectors.joining(", "))
            + (out.size() > 3 ? " and " + (out.size() - 3) + " more" : "");
    }

    private static HostMemory host(String name, Buffer buffer) {
        return new HostMemory(new Type(buffer.dtype(), buffer.shape()), name);
    }

    /** Whether it makes what is derived from weights, when these have changed. */
    private static boolean isConstant(Step step) {
        return !step.node().hasEffect() && step.writes().stream().map(Buffer::storage)
            .anyMatch(s -> s.kept || s.constant && s.home != Storage.Home.WEIGHTS);
    }

    @Override
    public HostArray input(String name) {
        checkOpen();
        staging.takeBack(name);
        return bindings.input(name);
    }

    @Override
    public HostArray output(String name) {
        checkOpen();
        return bindings.output(name);
    }

    @Override
    public void run() {
        runOnce(null, null);
    }

    /** @throws IllegalArgumentException if no input is staged */
    @Override
    public void run(BooleanSupplier refill) {
        if (staging.isEmpty()) {
            throw new IllegalArgumentException("no input of " + name() + " can be filled while it runs: name it in Compilation.withStaged");
        }
        runOnce(null, refill);
    }

    /** @throws IllegalArgumentException if the clock is for another number of steps */
    @Override
    public void run(StepClock clock) {
        if (clock.steps() != running.size()) {
            throw new IllegalArgumentException("a clock of " + clock.steps() + " steps for a program of " + running.size());
        }
        runOnce(clock, null);
    }

    @Override
    public List<ProgramStep> steps() {
        return running.stream().map(Step::described).toList();
    }

    /**
     * @param clock null where nothing is timed
     * @param refill null where inputs stay as they are
     */
    private void runOnce(StepClock clock, BooleanSupplier refill) {
        if (!inUse.compareAndSet(false, true)) {
            throw new KinemaException("two threads run one program at once: compile one program per thread, they share weights");
        }
        try {
            checkOpen();
            weights.acquire();
            boolean complete = false;
            event.begin();
            try {
                device.use();
                if (preparedVersion != weights.version()) {
                    prepare();
                    preparedVersion = weights.version();
                }
                runWriting(clock, refill);
                complete = true;
            } finally {
                event.ended(complete);
                weights.release();
            }
        } finally {
            inUse.set(false);
        }
    }

    /** Others must know of weights that have changed, even where a run ends with an error. */
    private void runWriting(StepClock clock, BooleanSupplier refill) {
        boolean complete = false;
        boolean sound = false;
        try {
            staging.take(stream);
            put(clock);
            if (refill != null) {
                // what it is to write must have been read
                awaited(staging.await());
                if (refill.getAsBoolean()) {
                    staging.send();
                }
            }
            awaited(Kinema.kn_stream_synchronize(stream));
            complete = true;
            faults.check();
            sound = true;
        } finally {
            if (!complete) {
                transfers.settle();
            }
            if (!sound) {
                staging.forget();
            }
            if (writesWeights) {
                weights.changed();
                // what is kept up beside variables may lack what the run has not come to
                preparedVersion = complete ? preparedVersion + 1 : -1;
            }
        }
    }

    /** Puts a run on the streams, in whichever way is due. */
    private void put(StepClock clock) {
        if (clock != null) {
            launchTimed(clock);
        } else if (replay.isThere()) {
            replay.launch(stream);
        } else if (ranOnce && finite.isEmpty() && ranges == null && !blocking) {
            replay.capture(stream, this::launch);
            replay.launch(stream);
        } else {
            launch();
            ranOnce = true;
        }
    }

    /** What a kernel did wrong is known when it is waited for, and then not which it was. */
    private void awaited(int status) {
        if (status != Kinema.KN_OK) {
            throw new KinemaException(name() + " failed on " + device.name() + " (" + CudaLibrary.lastError() + "): run it with"
                + " -Dkinema.cuda.blocking=true, which names the node, in a new process, as this one cannot use the device any more");
        }
    }

    /** Puts everything on the streams once. */
    private void launch() {
        faults.clear(stream);
        transfers.begin();
        for (int i = 0; i < running.size(); i++) {
            transfers.before(i);
            launch(running.get(i));
            transfers.after(i);
        }
        faults.fetch(stream);
        transfers.end();
    }

    /** The same with marks between the steps; all inputs come first, so that no step's time is the wait for one. */
    private void launchTimed(StepClock clock) {
        if (events == null) {
            events = new StepEvents(running.size());
        }
        faults.clear(stream);
        transfers.begin();
        transfers.before(running.size());
        for (int i = 0; i < running.size(); i++) {
            events.mark(i, stream);
            launch(running.get(i));
            transfers.after(i);
        }
        events.mark(running.size(), stream);
        faults.fetch(stream);
        transfers.end();
        awaited(events.await());
        events.tell(clock);
    }

    private void launch(Step step) {
        if (ranges != null) {
            ranges.begin(step);
        }
        try {
            if (step.launch().on(stream) != Kinema.KN_OK) {
                throw Lowering.at(step.node(), CudaLibrary.lastError(), null);
            }
            if (blocking && Kinema.kn_stream_synchronize(stream) != Kinema.KN_OK) {
                throw Lowering.at(step.node(), step.what() + ": " + CudaLibrary.lastError(), null);
            }
        } finally {
            if (ranges != null) {
                ranges.end();
            }
        }
        FiniteProbe probe = finite.get(step);
        if (probe != null) {
            look(probe);
        }
    }

    private void look(FiniteProbe probe) {
        long count = probe.count(stream);
        if (count > 0) {
            // what a kernel found wrong says more than the NaN that it left
            faults.fetch(stream);
            CudaLibrary.check(Kinema.kn_stream_synchronize(stream));
            faults.check();
            throw FiniteCheck.failure(probe.value(), count);
        }
    }

    /** Folds and converts weights; what this needs in passing is given back. */
    private void prepare() {
        if (preparing.isEmpty()) {
            return;
        }
        try (DeviceMemory memory = new DeviceMemory(device.index(), placement.passingBytes(), "preparing weights", stream)) {
            placement.placePassing(memory);
            faults.clear(stream);
            preparing.forEach(this::launch);
            faults.fetch(stream);
            awaited(Kinema.kn_stream_synchronize(stream));
            faults.check();
        }
    }

    private void checkOpen() {
        if (closed) {
            throw new KinemaException("the program is closed: compile it again");
        }
    }

    @Override
    public MemoryPlan memoryPlan() {
        return placement.plan();
    }

    /**
     * One line per step: prepared once ("once") or run each time, node, kernel, scope. At the end, where libraries may do products and
     * convolutions of the device, who does which so far, and why.
     */
    @Override
    public String describe() {
        StringBuilder text = new StringBuilder();
        Map<String, List<Step>> groups = new LinkedHashMap<>();
        groups.put("once", preparing);
        groups.put("run ", running);
        groups.forEach((when, steps) -> steps.forEach(s -> text.append(when).append(' ').append(s).append(System.lineSeparator())));
        text.append(placement.plan()).append(System.lineSeparator());
        device.vendor().reasons().forEach(r -> text.append(r).append(System.lineSeparator()));
        return text.toString();
    }

    /** Whether runs replay a graph by now. */
    boolean replays() {
        return replay.isThere();
    }

    /** @throws KinemaException if another thread runs the program */
    @Override
    public void close() {
        if (!inUse.compareAndSet(false, true)) {
            throw new KinemaException("the program is running in another thread: close it when the run is done");
        }
        try {
            if (!closed) {
                closed = true;
                release().finish();
            }
        } finally {
            inUse.set(false);
        }
    }

    private Release release() {
        Release release = new Release();
        release.of(device::select);
        release.of(replay::close);
        if (staging != null) {
            release.of(staging::close);
        }
        if (events != null) {
            release.of(events::close);
        }
        if (transfers != null) {
            release.of(transfers::close);
        }
        if (ranges != null) {
            release.of(ranges::close);
        }
        if (stream != 0) {
            release.of(Kinema.kn_stream_destroy(stream));
        }
        hostIn.values().forEach(m -> release.of(m::close));
        hostOut.values().forEach(m -> release.of(m::close));
        if (block != null) {
            release.of(block::close);
        }
        if (faults != null) {
            release.of(faults::close);
        }
        return release;
    }
}
