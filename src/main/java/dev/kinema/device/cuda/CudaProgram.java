package dev.kinema.device.cuda;

import dev.kinema.KinemaException;
import dev.kinema.device.Bindings;
import dev.kinema.device.FiniteCheck;
import dev.kinema.device.HostArray;
import dev.kinema.device.MemoryPlan;
import dev.kinema.device.Program;
import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Steps over one planned block of device memory, on a stream of its own. The first run launches them one by one; the second captures them,
 * with the copies of inputs and outputs, into a CUDA graph, which is what later runs launch. Steps that depend on nothing but weights which the
 * program does not write are run only when the weights have changed.
 */
final class CudaProgram implements Program {
    private final CudaDevice device;
    private final CudaWeights weights;
    private final List<Step> preparing;
    private final List<Step> running;
    private final boolean writesWeights;
    private final Map<Step, Finite> finite = new IdentityHashMap<>();
    private final Map<String, Buffer> in;
    private final Map<String, Buffer> out;
    private final Map<String, HostMemory> hostIn = new LinkedHashMap<>();
    private final Map<String, HostMemory> hostOut = new LinkedHashMap<>();
    private final List<DeviceMemory> held = new ArrayList<>();
    private final MemoryPlan plan;
    private final Bindings bindings;
    /** Null where no kernel can find anything wrong. */
    private final Faults faults;
    /** What only preparation needs. */
    private final List<Storage> passing;
    private final AtomicBoolean inUse = new AtomicBoolean();
    private long stream;
    private long graph;
    private boolean ranOnce;
    private long preparedVersion = -1;
    private volatile boolean closed;

    /** A value to be looked at after a step. */
    record Finite(Step step, Value value, Buffer buffer) {}

    CudaProgram(CudaDevice device, CudaWeights weights, List<Step> steps, Map<String, Buffer> in, Map<String, Buffer> out,
            boolean writesWeights, List<Finite> finite, List<Faults.Word> faultWords) {
        this.device = device;
        this.weights = weights;
        this.writesWeights = writesWeights;
        this.in = in;
        this.out = out;
        finite.forEach(f -> this.finite.put(f.step(), f));
        this.preparing = steps.stream().filter(CudaProgram::isConstant).toList();
        this.running = steps.stream().filter(s -> !isConstant(s)).toList();
        Set<Storage> holding = held(in, out);
        passing = planned(preparing, holding);
        List<Storage> activations = planned(running, holding);
        plan = plan(activations, holding.stream().mapToLong(s -> s.bytes).sum());
        faults = faultWords.isEmpty() ? null : new Faults(device.index(), faultWords);
        boolean complete = false;
        try {
            place(activations, plan, hold(plan.bytes(), "the block of a program's activations (with what it holds, "
                + String.format("%,d bytes)", plan.bytes() + plan.persistentBytes())));
            holding.forEach(s -> s.place(hold(s.bytes, "'" + s.name + "'").address()));
            in.forEach((name, b) -> hostIn.put(name, host(name, b)));
            out.forEach((name, b) -> hostOut.put(name, host(name, b)));
            bindings = new Bindings(arrays(hostIn), arrays(hostOut));
            stream = CudaLibrary.made(Kinema.kn_stream_create());
            // memory is zeroed on the default stream, which ours does not wait for
            CudaLibrary.check(Kinema.kn_device_synchronize());
            complete = true;
        } finally {
            if (!complete) {
                release();
            }
        }
    }

    private DeviceMemory hold(long bytes, String what) {
        DeviceMemory memory = new DeviceMemory(device.index(), bytes, what);
        held.add(memory);
        return memory;
    }

    private static HostMemory host(String name, Buffer buffer) {
        return new HostMemory(new Type(buffer.dtype(), buffer.shape()), name);
    }

    private static Map<String, HostArray> arrays(Map<String, HostMemory> memory) {
        Map<String, HostArray> arrays = new LinkedHashMap<>();
        memory.forEach((name, m) -> arrays.put(name, m.array()));
        return arrays;
    }

    private static boolean isConstant(Step step) {
        return step.writes().stream().anyMatch(b -> b.storage().constant && b.storage().home != Storage.Home.WEIGHTS);
    }

    /** Inputs, outputs, and what preparation leaves for the runs. */
    private Set<Storage> held(Map<String, Buffer> inputs, Map<String, Buffer> outputs) {
        Set<Storage> holding = Collections.newSetFromMap(new IdentityHashMap<>());
        inputs.values().forEach(b -> holding.add(b.storage()));
        outputs.values().forEach(b -> holding.add(b.storage()));
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

    private static void place(List<Storage> storages, MemoryPlan plan, DeviceMemory block) {
        for (int i = 0; i < storages.size(); i++) {
            storages.get(i).place(block.address() + plan.blocks().get(i).offset());
        }
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
        if (!inUse.compareAndSet(false, true)) {
            throw new KinemaException("two threads run one program at once: compile one program per thread, they share weights");
        }
        try {
            checkOpen();
            weights.checkOpen();
            device.use();
            if (preparedVersion != weights.version()) {
                prepare();
                preparedVersion = weights.version();
            }
            runWriting();
        } finally {
            inUse.set(false);
        }
    }

    /** Others must know of weights that have changed, even where a run ends with an error. */
    private void runWriting() {
        try {
            if (graph != 0) {
                CudaLibrary.check(Kinema.kn_graph_launch(graph, stream));
            } else if (ranOnce && finite.isEmpty()) {
                capture();
                CudaLibrary.check(Kinema.kn_graph_launch(graph, stream));
            } else {
                launch();
                ranOnce = true;
            }
            CudaLibrary.check(Kinema.kn_stream_synchronize(stream));
            if (faults != null) {
                faults.check();
            }
        } finally {
            if (writesWeights) {
                weights.changed();
                preparedVersion++;
            }
        }
    }

    /** Puts everything on the stream once. */
    private void launch() {
        if (faults != null) {
            faults.clear(stream);
        }
        for (Map.Entry<String, Buffer> e : in.entrySet()) {
            HostMemory host = hostIn.get(e.getKey());
            CudaLibrary.check(Kinema.kn_copy_to_device(e.getValue().address(), host.address(), host.bytes(), stream));
        }
        running.forEach(this::launch);
        for (Map.Entry<String, Buffer> e : out.entrySet()) {
            HostMemory host = hostOut.get(e.getKey());
            CudaLibrary.check(Kinema.kn_copy_to_host(host.address(), e.getValue().address(), host.bytes(), stream));
        }
        if (faults != null) {
            faults.fetch(stream);
        }
    }

    private void launch(Step step) {
        if (step.launch().on(stream) != Kinema.KN_OK) {
            throw Lowering.at(step.node(), CudaLibrary.lastError(), null);
        }
        Finite check = finite.get(step);
        if (check != null) {
            look(check);
        }
    }

    /** Reads a value back and counts what is not finite in it: slow, for diagnosis. */
    private void look(Finite check) {
        Buffer buffer = check.buffer();
        long count = 0;
        try (HostMemory host = new HostMemory(new Type(buffer.dtype(), buffer.shape()), check.value().toString())) {
            CudaLibrary.check(Kinema.kn_copy_to_host(host.address(), buffer.address(), host.bytes(), stream));
            CudaLibrary.check(Kinema.kn_stream_synchronize(stream));
            for (int i = 0; i < host.array().elements(); i++) {
                count += Double.isFinite(host.array().get(i)) ? 0 : 1;
            }
        }
        if (count > 0) {
            throw FiniteCheck.failure(check.value(), count);
        }
    }

    private void capture() {
        CudaLibrary.check(Kinema.kn_graph_begin(stream));
        boolean complete = false;
        try {
            launch();
            complete = true;
        } finally {
            long captured = Kinema.kn_graph_end(stream);
            if (complete) {
                graph = CudaLibrary.made(captured);
            } else if (captured != 0) {
                CudaLibrary.check(Kinema.kn_graph_destroy(captured));
            }
        }
    }

    /** Folds and converts weights; what this needs in passing is given back. */
    private void prepare() {
        if (preparing.isEmpty()) {
            return;
        }
        MemoryPlan temporary = plan(passing, 0);
        try (DeviceMemory memory = new DeviceMemory(device.index(), temporary.bytes(), "preparing weights")) {
            CudaLibrary.check(Kinema.kn_device_synchronize());
            place(passing, temporary, memory);
            if (faults != null) {
                faults.clear(stream);
            }
            preparing.forEach(this::launch);
            if (faults != null) {
                faults.fetch(stream);
            }
            CudaLibrary.check(Kinema.kn_stream_synchronize(stream));
            if (faults != null) {
                faults.check();
            }
        }
    }

    private void checkOpen() {
        if (closed) {
            throw new KinemaException("the program is closed: compile it again");
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

    /** Whether runs replay a graph by now. */
    boolean replays() {
        return graph != 0;
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
                device.use();
                release();
            }
        } finally {
            inUse.set(false);
        }
    }

    private void release() {
        if (graph != 0) {
            CudaLibrary.check(Kinema.kn_graph_destroy(graph));
        }
        if (stream != 0) {
            CudaLibrary.check(Kinema.kn_stream_destroy(stream));
        }
        hostIn.values().forEach(HostMemory::close);
        hostOut.values().forEach(HostMemory::close);
        held.forEach(DeviceMemory::close);
        if (faults != null) {
            faults.close();
        }
    }
}
