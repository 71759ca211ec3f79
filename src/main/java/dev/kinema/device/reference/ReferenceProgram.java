package dev.kinema.device.reference;

import dev.kinema.KinemaException;
import dev.kinema.device.Bindings;
import dev.kinema.device.FiniteCheck;
import dev.kinema.device.HostArray;
import dev.kinema.device.MemoryPlan;
import dev.kinema.device.Program;
import dev.kinema.device.ProgramRunEvent;
import dev.kinema.device.ProgramStep;
import dev.kinema.device.Schedule;
import dev.kinema.device.StepClock;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Node;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Input;
import dev.kinema.graph.op.Variable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Interprets the scheduled nodes one by one. Every value is a fresh array that is dropped after its last reader, so running allocates, unlike
 * on other devices; variables are replaced when all nodes are done, so a run that throws changes nothing.
 */
final class ReferenceProgram implements Program {
    private static final int BYTES = 8;

    private final ReferenceWeights weights;
    private final Workers workers;
    private final boolean checkFinite;
    private final List<Node> nodes;
    /** The step after which a value's array is dropped. */
    private final Map<Value, Integer> lastUse = new HashMap<>();
    private final Bindings bindings;
    private final Map<Value, List<HostArray>> outputsOf = new HashMap<>();
    private final ProgramRunEvent event;
    private boolean closed;

    ReferenceProgram(Graph graph, ReferenceWeights weights, Workers workers, boolean checkFinite) {
        this.weights = weights;
        this.workers = workers;
        this.checkFinite = checkFinite;
        this.nodes = Schedule.of(graph).nodes();
        Map<String, HostArray> inputs = new LinkedHashMap<>();
        Map<String, HostArray> outputs = new LinkedHashMap<>();
        graph.inputs().forEach((name, value) -> inputs.put(name, hostArray(value)));
        graph.outputs().forEach((name, value) -> {
            HostArray array = hostArray(value);
            outputs.put(name, array);
            outputsOf.computeIfAbsent(value, v -> new ArrayList<>()).add(array);
        });
        bindings = new Bindings(inputs, outputs);
        for (int step = 0; step < nodes.size(); step++) {
            Node node = nodes.get(step);
            for (Value v : node.inputs()) {
                lastUse.put(v, step);
            }
            for (Value v : node.outputs()) {
                lastUse.put(v, node.hasEffect() ? nodes.size() - 1 : step);
            }
        }
        event = new ProgramRunEvent("reference", bindings, memoryPlan(), steps());
    }

    private static HostArray hostArray(Value value) {
        return HostArray.allocate(value.dtype().isFloating() ? DType.F64 : value.dtype(), value.shape());
    }

    @Override
    public HostArray input(String name) {
        return bindings.input(name);
    }

    @Override
    public HostArray output(String name) {
        return bindings.output(name);
    }

    @Override
    public void run() {
        run(new StepClock(nodes.size()));
    }

    @Override
    public List<ProgramStep> steps() {
        return nodes.stream().map(node -> new ProgramStep(node, "float64", false, node.bytes())).toList();
    }

    @Override
    public void run(StepClock clock) {
        if (closed) {
            throw new KinemaException("the program is closed: compile it again");
        }
        weights.acquire();
        boolean complete = false;
        event.begin();
        try {
            compute(clock);
            complete = true;
        } finally {
            event.ended(complete);
            weights.release();
        }
    }

    private void compute(StepClock clock) {
        Map<Value, Object> values = new HashMap<>();
        Map<String, Object> written = new LinkedHashMap<>();
        for (int step = 0; step < nodes.size(); step++) {
            Node node = nodes.get(step);
            long begun = System.nanoTime();
            Object[] results = compute(node, values);
            if (checkFinite) {
                requireFinite(node, results);
            }
            for (Value v : node.outputs()) {
                values.put(v, results[v.index()]);
                outputsOf.getOrDefault(v, List.of()).forEach(array -> Elements.copyInto(array, results[v.index()]));
            }
            int[] writes = node.op().writes();
            for (int i = 0; i < writes.length; i++) {
                written.put(Graph.variableOf(node.output(i)), results[i]);
            }
            int now = step;
            node.inputs().stream().filter(v -> lastUse.get(v) == now).forEach(values::remove);
            node.outputs().stream().filter(v -> lastUse.get(v) == now).forEach(values::remove);
            clock.record(step, begun, System.nanoTime());
        }
        written.forEach(weights::replace);
        if (!written.isEmpty()) {
            weights.changed();
        }
    }

    private static void requireFinite(Node node, Object[] results) {
        for (Value v : FiniteCheck.of(node)) {
            long count = Arrays.stream((double[]) results[v.index()]).filter(x -> !Double.isFinite(x)).count();
            if (count > 0) {
                throw FiniteCheck.failure(v, count);
            }
        }
    }

    private Object[] compute(Node node, Map<Value, Object> values) {
        if (node.op() instanceof Input input) {
            return new Object[] {Elements.copyOf(bindings.input(input.name()))};
        }
        if (node.op() instanceof Variable variable) {
            return new Object[] {weights.elements(variable.name())};
        }
        Call call = new Call(node, node.inputs().stream().map(values::get).toArray(), workers);
        Kernels.run(node.op(), call);
        return node.outputs().stream().map(v -> call.outElements(v.index())).toArray();
    }

    /** The arrays of a run with their lifetimes as if they were placed in one block; in truth each is an object of its own. */
    @Override
    public MemoryPlan memoryPlan() {
        Map<Value, MemoryPlan.Request> requests = new LinkedHashMap<>();
        Map<Value, Value> owners = new HashMap<>();
        for (int step = 0; step < nodes.size(); step++) {
            Node node = nodes.get(step);
            for (Value v : node.outputs()) {
                Value owner = Schedule.isView(node) ? owners.get(node.input(0)) : v;
                owners.put(v, owner);
                MemoryPlan.Request known = requests.get(owner);
                int first = known == null ? step : known.first();
                int last = Math.max(lastUse.get(v), known == null ? step : known.last());
                if (!(owner.node().op() instanceof Variable)) {
                    requests.put(owner, new MemoryPlan.Request(owner.toString(), BYTES * owner.shape().elements(), first, last));
                }
            }
        }
        long held = 0;
        for (Map<String, HostArray> arrays : List.of(bindings.inputs(), bindings.outputs())) {
            held += arrays.values().stream().mapToLong(a -> a.type().bytes()).sum();
        }
        return MemoryPlan.of(List.copyOf(requests.values()), held);
    }

    @Override
    public String describe() {
        StringBuilder text = new StringBuilder();
        for (Node node : nodes) {
            text.append(String.format("%s  [%,d flops, %,d bytes]%n", node, node.flops(), node.bytes()));
        }
        return text.append(memoryPlan()).toString();
    }

    @Override
    public void close() {
        closed = true;
    }
}
