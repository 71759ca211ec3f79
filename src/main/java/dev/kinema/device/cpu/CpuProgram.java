package dev.kinema.device.cpu;

import dev.kinema.KinemaException;
import dev.kinema.device.HostArray;
import dev.kinema.device.MemoryPlan;
import dev.kinema.device.Program;
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
    private final Map<String, HostArray> inputs = new LinkedHashMap<>();
    private final Map<String, HostArray> outputs = new LinkedHashMap<>();
    private List<Pointer> owned = new ArrayList<>();
    private final List<Memory> held = new ArrayList<>();
    private final Memory block;
    private final MemoryPlan plan;
    /** What only preparation needs. */
    private final List<Storage> passing;
    private final Runnable[] actions;
    private final AtomicBoolean inUse = new AtomicBoolean();
    private long preparedVersion = -1;
    private boolean closed;

    CpuProgram(CpuDevice device, CpuWeights weights, List<Step> steps, List<Pointer> natives, Map<String, Buffer> in,
            Map<String, Buffer> out, boolean writesWeights) {
        this.device = device;
        this.weights = weights;
        this.writesWeights = writesWeights;
        this.owned.addAll(natives);
        this.preparing = steps.stream().filter(CpuProgram::isConstant).toList();
        this.running = steps.stream().filter(s -> !isConstant(s)).toList();
        Set<Storage> holding = held(in, out);
        passing = planned(preparing, holding);
        List<Storage> activations = planned(running, holding);
        plan = plan(activations, holding.stream().mapToLong(s -> s.bytes).sum());
        block = new Memory(plan.bytes(), "a program's activations");
        place(activations, plan, block);
        for (Storage storage : holding) {
            Memory memory = new Memory(storage.bytes, storage.name);
            held.add(memory);
            storage.place(memory.address());
        }
        in.forEach((name, buffer) -> inputs.put(name, host(buffer)));
        out.forEach((name, buffer) -> outputs.put(name, host(buffer)));
        actions = running.stream().map(s -> s.binder().bind(this)).toArray(Runnable[]::new);
    }

    private static boolean isConstant(Step step) {
        return step.writes().stream().anyMatch(b -> b.storage().constant && b.storage().home != Storage.Home.WEIGHTS);
    }

    /** Inputs, outputs, and what preparation leaves for the runs. */
    private Set<Storage> held(Map<String, Buffer> in, Map<String, Buffer> out) {
        Set<Storage> holding = Collections.newSetFromMap(new IdentityHashMap<>());
        in.values().forEach(b -> holding.add(b.storage()));
        out.values().forEach(b -> holding.add(b.storage()));
        running.stream().flatMap(s -> s.reads().stream()).map(Buffer::storage)
            .filter(s -> s.constant && s.home != Storage.Home.WEIGHTS).forEach(holding::add);
        return holding;
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

    private static HostArray host(Buffer buffer) {
        return HostArray.wrap(buffer.dtype(), buffer.shape(), Memory.view(buffer.storage().address(),
            buffer.shape().elements() * buffer.dtype().bytes()));
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
        return named(inputs, "input", name);
    }

    @Override
    public HostArray output(String name) {
        return named(outputs, "output", name);
    }

    private static HostArray named(Map<String, HostArray> arrays, String what, String name) {
        HostArray array = arrays.get(name);
        if (array == null) {
            throw new KinemaException("the program has no " + what + " '" + name + "': it has " + arrays.keySet());
        }
        return array;
    }

    @Override
    public void run() {
        if (!inUse.compareAndSet(false, true)) {
            throw new KinemaException("two threads run one program at once: compile one program per thread, they share weights");
        }
        try {
            if (closed) {
                throw new KinemaException("the program is closed");
            }
            device.useThreads();
            if (preparedVersion != weights.version()) {
                prepare();
                preparedVersion = weights.version();
            }
            runAll(actions, running);
            if (writesWeights) {
                weights.changed();
                preparedVersion++;
            }
        } finally {
            inUse.set(false);
        }
    }

    private static void runAll(Runnable[] actions, List<Step> steps) {
        int i = 0;
        try {
            for (; i < actions.length; i++) {
                actions[i].run();
            }
        } catch (KinemaException e) {
            throw new KinemaException(e.getMessage() + " (at " + steps.get(i).node() + ")", e);
        }
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

    long blockBytes() {
        return block.bytes();
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

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        owned.forEach(Pointer::close);
        block.close();
        held.forEach(Memory::close);
    }
}
