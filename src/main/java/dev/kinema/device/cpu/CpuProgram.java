package dev.kinema.device.cpu;

import dev.kinema.KinemaException;
import dev.kinema.device.HostArray;
import dev.kinema.device.MemoryPlan;
import dev.kinema.device.Program;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
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
    private final List<Pointer> owned = new ArrayList<>();
    private final List<Memory> held = new ArrayList<>();
    private final Memory block;
    private final MemoryPlan plan;
    private final Runnable[] preparation;
    private final Runnable[] actions;
    private final AtomicBoolean inUse = new AtomicBoolean();
    private long preparedVersion = -1;
    private boolean closed;

    CpuProgram(CpuDevice device, CpuWeights weights, List<Step> steps, Map<String, Buffer> in, Map<String, Buffer> out,
            boolean writesWeights) {
        this.device = device;
        this.weights = weights;
        this.writesWeights = writesWeights;
        this.preparing = steps.stream().filter(CpuProgram::isConstant).toList();
        this.running = steps.stream().filter(s -> !isConstant(s)).toList();
        List<Storage> planned = new ArrayList<>();
        Map<Storage, Boolean> holding = new IdentityHashMap<>();
        collect(planned, holding, in, out);
        long bytes = holding.keySet().stream().mapToLong(s -> s.bytes).sum();
        plan = MemoryPlan.of(planned.stream().map(s -> new MemoryPlan.Request(s.name, s.bytes, s.first, s.last)).toList(), bytes);
        block = new Memory(plan.bytes(), "a program's activations");
        for (int i = 0; i < planned.size(); i++) {
            planned.get(i).place(block.address() + plan.blocks().get(i).offset());
        }
        for (Storage storage : holding.keySet()) {
            Memory memory = new Memory(storage.bytes, storage.name);
            held.add(memory);
            storage.place(memory.address());
        }
        in.forEach((name, buffer) -> inputs.put(name, host(buffer)));
        out.forEach((name, buffer) -> outputs.put(name, host(buffer)));
        preparation = preparing.stream().map(s -> s.binder().bind(this)).toArray(Runnable[]::new);
        actions = running.stream().map(s -> s.binder().bind(this)).toArray(Runnable[]::new);
    }

    private static boolean isConstant(Step step) {
        return step.writes().stream().anyMatch(b -> b.storage().constant && b.storage().home != Storage.Home.WEIGHTS);
    }

    private void collect(List<Storage> planned, Map<Storage, Boolean> holding, Map<String, Buffer> in, Map<String, Buffer> out) {
        Map<Storage, Boolean> seen = new IdentityHashMap<>();
        for (int i = 0; i < running.size(); i++) {
            for (List<Buffer> group : List.of(running.get(i).reads(), running.get(i).writes())) {
                for (Buffer b : group) {
                    b.storage().usedAt(i);
                    if (b.storage().home == Storage.Home.PLANNED && !b.storage().constant && seen.put(b.storage(), true) == null) {
                        planned.add(b.storage());
                    }
                }
            }
        }
        for (Step step : preparing) {
            step.writes().stream().filter(b -> b.storage().home != Storage.Home.WEIGHTS).forEach(b -> holding.put(b.storage(), true));
        }
        in.values().forEach(b -> holding.put(b.storage(), true));
        out.values().forEach(b -> holding.put(b.storage(), true));
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

    /** Ties a native object's life to the program's. */
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
                runAll(preparation, preparing);
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
            s.node().op().name(), s.what(), s.node().scope().isEmpty() ? "" : "  # " + s.node().scope())).collect(Collectors.joining())));
        return text.append(plan).append(System.lineSeparator()).toString();
    }

    /** How many steps of each run only move data between layouts or types. */
    Map<String, Long> reorders() {
        return running.stream().filter(Step::isReorder)
            .collect(Collectors.groupingBy(s -> s.node().op().name(), HashMap::new, Collectors.counting()));
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
