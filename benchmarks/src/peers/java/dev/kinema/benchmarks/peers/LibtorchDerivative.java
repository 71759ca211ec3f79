package dev.kinema.benchmarks.peers;

import dev.kinema.bench.Derivative;
import dev.kinema.bench.Peer;
import dev.kinema.bench.Subject;
import dev.kinema.device.HostArray;
import dev.kinema.device.Precision;
import dev.kinema.graph.DType;
import dev.kinema.graph.Node;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.RingEnqueue;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * Derivatives by libtorch's own differentiation of our forward pass in its functions. Where the way back alone is in question, the forward
 * pass is computed once, before, and what it keeps for the way back stays.
 */
final class LibtorchDerivative implements Peer.Contender {
    private final Subject subject;
    private final Derivative derivative;
    /** Holds what lives as long as this. */
    private final PointerScope scope;
    private final Map<Value, Tensor> held = new HashMap<>();
    private final List<LibtorchCall> calls = new ArrayList<>();
    private final LibtorchQueues queues;
    private final TensorVector by = new TensorVector();
    /** What arrives; empty for a scalar. */
    private final TensorVector arriving = new TensorVector();
    /** What the way back begins at; null where each run computes it. */
    private final TensorVector forward;
    /** Of the last run. */
    private final Map<String, Tensor> results = new LinkedHashMap<>();

    /** Whether all that is differentiated has a function of libtorch's. */
    static boolean isKnown(Subject subject) {
        return subject.derivative().isPresent()
            && subject.graph().inputs().values().stream().allMatch(input -> input.dtype() == DType.F32)
            && subject.graph().nodes().stream().allMatch(node -> !node.hasEffect() || node.op() instanceof RingEnqueue)
            && LibtorchStep.needed(subject.derivative().get().of()).stream()
                .allMatch(node -> LibtorchCall.isKnown(node) || LibtorchTraining.isKnown(node));
    }

    LibtorchDerivative(Subject subject, Precision precision) {
        this.subject = subject;
        derivative = subject.derivative().orElseThrow();
        queues = new LibtorchQueues(subject.graph());
        try (PointerScope building = new PointerScope()) {
            scope = building.extend();
            Map<String, HostArray> inputs = subject.inputs();
            subject.graph().inputs().forEach((name, value) -> hold(value, inputs.get(name), precision));
            subject.variables().forEach((name, array) -> hold(subject.graph().variables().get(name), array, precision));
            derivative.by().values().forEach(value -> by.push_back(held.get(value).set_requires_grad(true)));
            derivative.arriving().ifPresent(value -> arriving.push_back(held.get(value)));
            addCalls();
            forward = derivative.arriving().isEmpty() ? null : new TensorVector(computed(new HashMap<>(held)));
        }
    }

    private void hold(Value value, HostArray array, Precision precision) {
        held.put(value, LibtorchTensors.of(array.toFloats(), LibtorchTensors.dims(value.shape()), LibtorchTensors.type(precision)));
    }

    private void addCalls() {
        List<Node> nodes = LibtorchStep.needed(derivative.of()).stream().filter(LibtorchCall::computes).toList();
        calls.addAll(LibtorchCall.inOrder(nodes, value -> held.containsKey(value) || queues.take(value)));
    }

    /** What is differentiated; all that stays is added to {@code values}. */
    private Tensor computed(Map<Value, Tensor> values) {
        calls.forEach(call -> call.run(values));
        return values.get(derivative.of());
    }

    @Override
    public String name() {
        return LibtorchGraph.version() + " autograd";
    }

    @Override
    public void run() {
        closeResults();
        try (PointerScope temporaries = new PointerScope()) {
            if (forward != null) {
                // what the forward pass kept is needed by the next run again
                keep(torch.grad(forward, by, arriving, new BoolOptional(true), false, false));
                return;
            }
            Map<Value, Tensor> values = new HashMap<>(held);
            Tensor scalar = computed(values);
            keep(torch.grad(new TensorVector(scalar), by, arriving, new BoolOptional(), false, false));
            subject.graph().outputs().forEach((name, value) -> {
                if (value.equals(derivative.of())) {
                    keep(name, scalar);
                }
            });
            try (NoGradGuard guard = new NoGradGuard()) {
                queues.enqueue(values);
            }
        }
    }

    private void keep(TensorVector gradients) {
        int i = 0;
        for (String name : derivative.by().keySet()) {
            keep(name, gradients.get(i++));
        }
    }

    private void keep(String name, Tensor tensor) {
        Tensor result = new Tensor(tensor);
        result.retainReference(); // outlives the scope
        results.put(name, result);
    }

    @Override
    public Map<String, float[]> outputs() {
        Map<String, float[]> outputs = new LinkedHashMap<>();
        try (PointerScope temporaries = new PointerScope()) {
            results.forEach((name, tensor) -> outputs.put(name, LibtorchTensors.floats(tensor)));
        }
        return outputs;
    }

    private void closeResults() {
        results.values().forEach(Tensor::close);
        results.clear();
    }

    @Override
    public void close() {
        closeResults();
        scope.close();
    }
}
