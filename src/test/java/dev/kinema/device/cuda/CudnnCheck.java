package dev.kinema.device.cuda;

import dev.kinema.device.Compilation;
import dev.kinema.device.Program;
import dev.kinema.device.Vendor;
import dev.kinema.device.Weights;
import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Conv3d;
import dev.kinema.graph.op.Conv3dInputGradient;
import dev.kinema.graph.op.Conv3dWeightGradient;
import dev.kinema.graph.op.Extent;
import dev.kinema.graph.op.FusedConv3d;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Compares convolutions by cuDNN with our kernels: in a process of its own for {@link CudnnTest}, with what stands in for the library;
 * where there is a device, with NVIDIA's, by {@code java -cp ... dev.kinema.device.cuda.CudnnCheck cuda:0}.
 */
final class CudnnCheck {
    private CudnnCheck() {}

    public static void main(String[] args) {
        VendorLibraries.absence().ifPresent(why -> {
            throw new AssertionError(why);
        });
        System.out.println(String.join(" and ", VendorLibraries.versions()));
        String name = args.length == 0 ? "cuda-emulated:0" : args[0];
        CudaLibrary.require();
        long free = Kinema.kn_device_property(0, Kinema.KN_MEMORY_FREE);
        for (Compilation how : new Compilation[] {Compilation.FP32, Compilation.BF16}) {
            Map<String, double[]> own;
            try (CudaDevice device = CudaDevice.open(name)) {
                own = run(device, graph(), how);
            }
            try (CudaDevice device = CudaDevice.open(name, i -> new VendorChoice(Vendor.ALWAYS, null, VendorLibraries.convolutions(i),
                null))) {
                compare(own, run(device, graph(), how), how == Compilation.FP32 ? 0 : 0x1p-7, how.precision().name());
            }
        }
        try (CudaDevice device = CudaDevice.open(name, i -> VendorChoice.of(Vendor.AUTO, name, i))) {
            Graph graph = new Graph();
            // for batches of 3, 5, 7 and 9 what stands in for the library has nothing that we take
            for (int batch : new int[] {3, 5, 7, 9}) {
                append(graph, "batch of " + batch, Shape.of(batch, 1, 2, 2, 8), Shape.of(8, 8, 1, 1, 1), Extent.ONE, Extent.ZERO, false);
            }
            append(graph, "timed", Shape.of(2, 2, 3, 3, 8), Shape.of(12, 8, 1, 1, 1), Extent.ONE, Extent.ZERO, false);
            run(device, graph, Compilation.FP32);
            device.vendor().reasons().forEach(System.out::println);
        }
        // a device has others beside us
        if (CudaLibrary.isEmulated() && Kinema.kn_device_property(0, Kinema.KN_MEMORY_FREE) != free) {
            throw new AssertionError("closed devices keep memory");
        }
        System.out.println("done");
    }

    /**
     * Operands are small integers, of which F32 holds all sums. In BF16 both round each element: we once, at the end, cuDNN before and
     * after what follows the sums, and gradients of weights, which ours are not: each time by 2^-9 of the largest at most.
     */
    private static void compare(Map<String, double[]> own, Map<String, double[]> other, double tolerance, String precision) {
        own.forEach((name, y) -> {
            double largest = 0;
            for (double value : y) {
                largest = Math.max(largest, Math.abs(value));
            }
            if (largest == 0) {
                throw new AssertionError(precision + " " + name + " is all zeros");
            }
            for (int i = 0; i < y.length; i++) {
                if (!(Math.abs(y[i] - other.get(name)[i]) <= tolerance * largest)) {
                    throw new AssertionError(precision + " " + name + "[" + i + "]: ours " + y[i] + ", theirs " + other.get(name)[i]);
                }
            }
            System.out.println(precision + " " + name + ": " + y.length + " agree");
        });
    }

    /** Every direction of the kinds of convolutions that networks have, with sizes that tell dimensions apart. */
    private static Graph graph() {
        Graph graph = new Graph();
        append(graph, "stem", Shape.of(1, 5, 10, 12, 3), Shape.of(8, 3, 5, 7, 7), new Extent(2, 2, 2), new Extent(2, 3, 3), true);
        append(graph, "1x3x3", Shape.of(2, 2, 5, 6, 8), Shape.of(16, 8, 1, 3, 3), Extent.ONE, new Extent(0, 1, 1), true);
        append(graph, "strided", Shape.of(1, 3, 7, 6, 8), Shape.of(5, 8, 1, 3, 3), new Extent(1, 2, 2), new Extent(0, 1, 1), true);
        append(graph, "3x1x1", Shape.of(1, 4, 3, 2, 8), Shape.of(8, 8, 3, 1, 1), Extent.ONE, new Extent(1, 0, 0), true);
        append(graph, "1x1x1", Shape.of(2, 2, 3, 4, 8), Shape.of(12, 8, 1, 1, 1), Extent.ONE, Extent.ZERO, true);
        return graph;
    }

    /** @param fused whether the convolution with all that may follow it is there, too */
    private static void append(Graph graph, String kind, Shape x, Shape weight, Extent stride, Extent padding, boolean fused) {
        Value a = graph.input(kind + " x", DType.F32, x);
        Value w = graph.input(kind + " w", DType.F32, weight);
        Value y = Conv3d.of(a, w, stride, padding);
        Value dy = graph.input(kind + " dy", DType.F32, y.shape());
        graph.output(kind + " forward", y);
        graph.output(kind + " dx", graph.append(new Conv3dInputGradient(stride, padding, x), List.of(dy, w)).output(0));
        graph.output(kind + " dw", graph.append(new Conv3dWeightGradient(stride, padding, weight), List.of(a, dy)).output(0));
        if (fused) {
            Value bias = graph.input(kind + " bias", DType.F32, Shape.of(weight.dim(0)));
            graph.output(kind + " fused",
                graph.append(new FusedConv3d(stride, padding, true, true), List.of(a, w, bias, dy)).output(0));
        }
    }

    /** On a device the third run replays a graph; on the emulator there is one run, as what stands in for the library knows no graphs. */
    private static Map<String, double[]> run(CudaDevice device, Graph graph, Compilation how) {
        Map<String, double[]> results = new TreeMap<>();
        try (Weights weights = device.newWeights(); Program program = device.compile(graph, weights, how)) {
            graph.inputs().forEach((name, value) -> {
                for (int i = 0; i < value.shape().elements(); i++) {
                    program.input(name).set(i, Math.round(3 * Math.sin(i * 1.3 + name.hashCode())));
                }
            });
            for (int r = 0; r < (CudaLibrary.isEmulated() ? 1 : 3); r++) {
                program.run();
            }
            graph.outputs().keySet().forEach(name -> results.put(name, program.output(name).toDoubles()));
        }
        return results;
    }
}
