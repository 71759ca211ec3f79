package dev.kinema.device.cuda;

import dev.kinema.KinemaException;
import dev.kinema.device.Compilation;
import dev.kinema.device.Program;
import dev.kinema.device.Vendor;
import dev.kinema.device.Weights;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Gelu;
import dev.kinema.graph.op.Linear;
import dev.kinema.graph.op.MatMul;
import dev.kinema.graph.op.Relu;
import java.util.Map;
import java.util.TreeMap;

/**
 * Compares products by cuBLASLt with our kernels: in a process of its own for {@link CublasLtTest}, with what stands in for the library;
 * where there is a device, with NVIDIA's, by {@code java -cp ... dev.kinema.device.cuda.CublasLtCheck cuda:0}.
 */
final class CublasLtCheck {
    private CublasLtCheck() {}

    public static void main(String[] args) {
        System.out.println(String.join(", ", VendorLibraries.versions()));
        String name = args.length == 0 ? "cuda-emulated:0" : args[0];
        for (Compilation how : new Compilation[] {Compilation.FP32, Compilation.BF16}) {
            Map<String, double[]> own;
            try (CudaDevice device = CudaDevice.open(name)) {
                own = run(device, graph(), how);
            }
            try (CudaDevice device = CudaDevice.open(name, i -> new VendorChoice(Vendor.ALWAYS, VendorLibraries.products(i), null, null))) {
                compare(own, run(device, graph(), how), how.precision().name());
            }
        }
        try (CudaDevice device = CudaDevice.open(name, i -> VendorChoice.of(Vendor.AUTO, name, i))) {
            run(device, refused(), Compilation.FP32);
            run(device, graph(), Compilation.FP32);
            device.vendor().reasons().forEach(System.out::println);
        }
        if (VendorLibraries.absence().isPresent()) {
            try (VendorChoice choice = VendorChoice.of(Vendor.ALWAYS, name, 0)) {
                throw new AssertionError(choice + " without " + VendorLibraries.absence().get());
            } catch (KinemaException e) {
                System.out.println(e.getMessage());
            }
        }
        System.out.println("done");
    }

    private static void compare(Map<String, double[]> own, Map<String, double[]> other, String precision) {
        own.forEach((name, y) -> {
            for (int i = 0; i < y.length; i++) {
                // both sum in float32 or better; values reach 4
                if (!(Math.abs(y[i] - other.get(name)[i]) <= 4e-6)) {
                    throw new AssertionError(precision + " " + name + "[" + i + "]: ours " + y[i] + ", theirs " + other.get(name)[i]);
                }
            }
            System.out.println(precision + " " + name + ": " + y.length + " agree");
        });
    }

    /** Every form of product that the library can be asked for, with sizes that tell dimensions apart. */
    private static Graph graph() {
        Graph graph = new Graph();
        Value x = graph.input("x", DType.F32, Shape.of(5, 12));
        Value w = graph.state("w", DType.F32, Shape.of(7, 12), new Initializer.Uniform(0.3));
        Value b = graph.state("b", DType.F32, Shape.of(7), new Initializer.Uniform(1));
        graph.output("plain", Linear.of(x, w, null));
        graph.output("bias", Linear.of(x, w, b));
        graph.output("relu", Relu.of(Linear.of(x, w, b)));
        graph.output("gelu", Gelu.of(Linear.of(x, w, b), Gelu.Form.TANH));
        for (int form = 0; form < 4; form++) {
            boolean transposeA = form % 2 == 1;
            boolean transposeB = form > 1;
            Value p = graph.input("p" + form, DType.F32, transposeA ? Shape.of(3, 6, 4) : Shape.of(3, 4, 6));
            Value q = graph.input("q" + form, DType.F32, transposeB ? Shape.of(3, 5, 6) : Shape.of(3, 6, 5));
            graph.output("product" + form, MatMul.of(p, q, transposeA, transposeB));
        }
        return graph;
    }

    /** A product of one row, for which what stands in for the library knows no algorithm. */
    private static Graph refused() {
        Graph graph = new Graph();
        Value p = graph.input("p", DType.F32, Shape.of(1, 6));
        Value q = graph.input("q", DType.F32, Shape.of(6, 5));
        graph.output("y", MatMul.of(p, q, false, false));
        return graph;
    }

    /** On a device the third run replays a graph; on the emulator there is one run, as what stands in for the library knows no graphs. */
    private static Map<String, double[]> run(CudaDevice device, Graph graph, Compilation how) {
        Map<String, double[]> results = new TreeMap<>();
        try (Weights weights = device.newWeights()) {
            weights.initialize(graph, 1);
            try (Program program = device.compile(graph, weights, how)) {
                graph.inputs().forEach((name, value) -> {
                    for (int i = 0; i < value.shape().elements(); i++) {
                        program.input(name).set(i, Math.sin(i * 1.3 + name.hashCode()));
                    }
                });
                for (int r = 0; r < (CudaLibrary.isEmulated() ? 1 : 3); r++) {
                    program.run();
                }
                graph.outputs().keySet().forEach(name -> results.put(name, program.output(name).toDoubles()));
            }
        }
        return results;
    }
}
