package dev.kinema.device.cpu;

import dev.kinema.KinemaException;
import dev.kinema.device.Bindings;
import dev.kinema.device.HostArray;
import dev.kinema.device.MemoryPlan;
import dev.kinema.device.Program;
import dev.kinema.device.ProgramRunEvent;
import dev.kinema.device.ProgramStep;
import dev.kinema.device.StepClock;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.stream;
import org.bytedeco.javacpp.Pointer;

/**
 * Steps over one planned block. Steps that depend on nothing but weights which the program does not write are run only when the weights
 * have changed: folded batch norms, reordered weights.
 */
final class CpuProgram implements Program {
    private final CpuDevice device;
    private final CpuWeights weights;
    private final List<Step> preparing;
    private final List<Step> running;
    private final boolean writesWeights;
    private final Bindings bindings;
    private List<Pointer> owned = new ArrayList<>();
    private final List<Memory> held = new ArrayList<>();
    private final Memory block;
    private final MemoryPlan plan;
    /** What only preparation needs. */
    private final List<Storage> passing;
    private final Runnable[] actions;
    private final AtomicBoolean inUse = new AtomicBoolean();
    private final Preparation preparation;
    private final Runnable prepare = this::prepare;
    private final ProgramRunEvent event;
    private volatile boolean closed;

    /** @param preparation of the program's own, or one that it shares; left when the program is closed */
    CpuProgram(CpuDevice device, CpuWeights weights, Preparation preparation, List<Step> steps, List<Pointer> natives, Map<String, Buffer> in,
            Map<String, Buffer> out, boolean writesWeights) {
        this.preparation = preparation;
        this.device = device;
        this.weights = weights;
        this.writesWeights = writesWeights;
        this.owned.addAll(natives);
        this.preparing = steps.stream().filter(CpuProgram::isConstant).toList();
        this.running = steps.stream().filter(s -> !isConstant(s)).toList();
        List<Storage> prepared = prepared();
        Set<Storage> holding = held(in, out);
        holding.addAll(prepared);
        passing = planned(preparing, holding);
        List<Storage> activations = planned(running, holding);
        plan = plan(activations, holding.stream().mapToLong(s -> s.bytes).sum());
        boolean complete = false;
        try {
            block = hold(plan.bytes(), "a program's activations");
            place(activations, plan, block);
            for (int i = 0; i < prepared.size(); i++) {
                prepared.get(i).place(preparation.address(i, prepared.get(i)));
            }
            prepared.forEach(holding::remove);
            holding.forEach(s -> s.place(hold(s.bytes, s.name).address()));
            bindings = new Bindings(host(in), host(out));
            event = new ProgramRunEvent(device.name(), bindings, plan, steps());
            actions = running.stream().map(s -> s.binder().bind(this)).toArray(Runnable[]::new);
            complete = true;
        } finally {
            if (!complete) {
                release();
            }
        }
    }

    private Memory hold(long bytes, String what) {
        Memory memory = new Memory(bytes, what);
        held.add(memory);
        return memory;
    }

    private static boolean isConstant(Step step) {
        return step.writes().stream().anyMatch(b -> b.storage().constant && b.storage().home != Storage.Home.WEIGHTS);
    }

    /** Inputs and outputs. */
    private static Set<Storage> held(Map<String, Buffer> in, Map<String, Buffer> out) {
        Set<Storage> holding = Collections.newSetFromMap(new IdentityHashMap<>());
        in.values().forEach(b -> holding.add(b.storage()));
        out.values().forEach(b -> holding.add(b.storage()));
        return holding;
    }

    /** What preparation leaves for the runs, in an order that is the same for all programs of a graph. */
    private List<Storage> prepared() {
        return running.stream().flatMap(s -> s.reads().stream()).map(Buffer::storage)
            .filter(s -> s.constant && s.home != Storage.Home.WEIGHTS).distinct().toList();
    }

    /** The storages of steps that live in a planned block, with the steps between which they do. */
    private static List<Storage> planned(List<Step> steps, Set<Storage> holding) {
        Set<Storage> planned = Collections.newSetFromMap(new IdentityHashMap<>());
        List<Storage> order = new ArrayList<>();
        for (int i = 0; i < steps.size(); i++) {
            int now = i;
            Stream.concat(steps.get(i).reads().stream(), steps.get(i).writes().stream()).map(Buffer::storage)
                .filter(s -> s.home == Storage.Home.PLANNED && !holding.contains(s)).forEach(s -> {
                    s.usedAt(now);
                    if (planned.add(s)) {
                        order.add(s);
                    }
                });
        }
        return order;
    }

    private static MemoryPlan plan(List<Storage> storages, long heldBytes) {
        return MemoryPlan.of(storages.stream().map(s -> new MemoryPlan.Request(s.name, s.bytes, s.first, s.last)).toList(), heldBytes);
    }

    private static void place(List<Storage> storages, MemoryPlan plan, Memory block) {
        for (int i = 0; i < storages.size(); i++) {
            storages.get(i).place(block.address() + plan.blocks().get(i).offset());
        }
    }

    /** Folds and reorders weights; what this needs in passing is given back. */
    private void prepare() {
        MemoryPlan temporary = plan(passing, 0);
        List<Pointer> kept = owned;
        owned = new ArrayList<>();
        try (Memory memory = new Memory(temporary.bytes(), "preparing weights")) {
            place(passing, temporary, memory);
            runAll(preparing.stream().map(s -> s.binder().bind(this)).toArray(Runnable[]::new), preparing);
        } finally {
            owned.forEach(Pointer::close);
            owned = kept;
        }
    }

    private static Map<String, HostArray> host(Map<String, Buffer> buffers) {
        Map<String, HostArray> arrays = new LinkedHashMap<>();
        buffers.forEach((name, b) -> arrays.put(name, HostArray.wrap(b.dtype(), b.shape(), b.bytes())));
        return arrays;
    }

    engine engine() {
        return device.engine();
    }

    stream stream() {
        return device.stream();
    }

    Team team() {
        return device.team();
    }

    /** Ties a native object that a step is being bound with to the life of the binding. */
    <P extends Pointer> P own(P pointer) {
        owned.add(pointer);
        return pointer;
    }

    @Override
    public HostArray input(String name) {
        checkOpen();
        return bindings.input(name);
    }

    @Override
    public HostArray output(String name) {
        checkOpen();
        return bindings.output(name);
    }

    @Override
    public void run() {
        runOnce(null);
    }

    /** @throws IllegalArgumentException if the clock is for another number of steps */
    @Override
    public void run(StepClock clock) {
        if (clock.steps() != running.size()) {
            throw new IllegalArgumentException("a clock of " + clock.steps() + " steps for a program of " + running.size());
        }
        runOnce(clock);
    }

    /** @param clock null where nothing is timed */
    private void runOnce(StepClock clock) {
        if (!inUse.compareAndSet(false, true)) {
            throw new KinemaException("two threads run one program at once: compile one program per thread, they share weights");
        }
        try {
            checkOpen();
            weights.acquire();
            try {
                device.useThreads();
                runTold(clock);
            } finally {
                weights.release();
            }
        } finally {
            inUse.set(false);
        }
    }

    private void runTold(StepClock clock) {
        boolean complete = false;
        event.begin();
        try {
            preparation.update(weights, prepare);
            runWriting(clock);
            complete = true;
        } finally {
            event.ended(complete);
        }
    }

    /** Effects come last where nothing waits for them, so a run that throws has mostly changed nothing; if it has, others must know. */
    private void runWriting(StepClock clock) {
        try {
            if (clock == null) {
                runAll(actions, running);
            } else {
                runTimed(clock);
            }
        } finally {
            if (writesWeights) {
                weights.changed();
                preparation.keep();
            }
        }
    }

    private void checkOpen() {
        if (closed) {
            throw new KinemaException("the program is closed: compile it again");
        }
    }

    private static void runAll(Runnable[] actions, List<Step> steps) {
        int i = 0;
        try {
            for (; i < actions.length; i++) {
                actions[i].run();
            }
        } catch (RuntimeException e) {
            throw Lowering.at(steps.get(i).node(), e);
        }
    }

    /** A loop of its own, so that the other one pays nothing. The end of a step is the beginning of the next. */
    private void runTimed(StepClock clock) {
        int i = 0;
        try {
            long begun = System.nanoTime();
            for (; i < actions.length; i++) {
                actions[i].run();
                long ended = System.nanoTime();
                clock.record(i, begun, ended);
                begun = ended;
            }
        } catch (RuntimeException e) {
            throw Lowering.at(running.get(i).node(), e);
        }
    }

    @Override
    public List<ProgramStep> steps() {
        return running.stream().map(Step::described).toList();
    }

    @Override
    public MemoryPlan memoryPlan() {
        return plan;
    }

    /** One line per step: prepared once ("once") or run each time, node, kernel, scope. */
    @Override
    public String describe() {
        StringBuilder text = new StringBuilder();
        Map<String, List<Step>> groups = new LinkedHashMap<>();
        groups.put("once", preparing);
        groups.put("run ", running);
        groups.forEach((when, steps) -> text.append(steps.stream().map(s -> String.format("%s %%%d %s: %s%s%n", when, s.node().id(),
            s.node().op().opName(), s.what(), s.node().scope().isEmpty() ? "" : "  # " + s.node().scope())).collect(Collectors.joining())));
        return text.append(plan).append(System.lineSeparator()).toString();
    }

    /** How many steps of each run only move data between layouts or types. */
    Map<String, Long> reorders() {
        return running.stream().filter(Step::isReorder)
            .collect(Collectors.groupingBy(s -> s.node().op().opName(), HashMap::new, Collectors.counting()));
    }

    /** How often weights were prepared, by this program or one that it shares the preparation with. */
    int preparations() {
        return preparation.made();
    }

    /** Fills the block with NaN, so that a read of what no step wrote shows. */
    void poison() {
        Pointer.memset(Memory.at(block.address(), block.bytes()), 0xFF, block.bytes());
    }

    /** Whether anything was written since {@link #poison} to the buffer that lies highest in the block, which makes the peak. */
    boolean reachesPeak() {
        MemoryPlan.Block top = plan.blocks().stream().max(Comparator.comparingLong(b -> b.offset() + b.request().bytes())).orElseThrow();
        ByteBuffer last = Memory.view(block.address() + top.offset(), top.request().bytes());
        return IntStream.range(0, last.capacity()).anyMatch(i -> last.get(i) != -1);
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
                release();
            }
        } finally {
            inUse.set(false);
        }
    }

    private void release() {
        owned.forEach(Pointer::close);
        held.forEach(Memory::close);
        weights.leave(preparation);
    }
}
