package dev.kinema.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.graph.Graph;
import dev.kinema.graph.op.Add;
import dev.kinema.graph.op.BatchNormInference;
import dev.kinema.graph.op.Conv3d;
import dev.kinema.graph.op.FusedConv3d;
import dev.kinema.graph.op.Gelu;
import dev.kinema.graph.op.Linear;
import dev.kinema.graph.op.Op;
import dev.kinema.graph.op.Relu;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class FusionTest {
    private static Graph fused(String name) {
        OpCase c = OpCases.all().stream().filter(each -> each.name().equals("fusion: " + name)).findFirst().orElseThrow();
        return Fusion.apply(c.forward().graph());
    }

    private static <O extends Op> List<O> ops(Graph graph, Class<O> type) {
        return graph.nodes().stream().filter(n -> type.isInstance(n.op())).map(n -> type.cast(n.op())).toList();
    }

    private static void assertConvolutions(String name, int left, boolean relu, boolean residual) {
        Graph graph = fused(name);
        assertEquals(left, ops(graph, Relu.class).size() + ops(graph, Add.class).size(), name + ":\n" + graph);
        assertTrue(ops(graph, Conv3d.class).isEmpty() && ops(graph, BatchNormInference.class).isEmpty(), name);
        FusedConv3d last = ops(graph, FusedConv3d.class).get(ops(graph, FusedConv3d.class).size() - 1);
        assertEquals(relu, last.relu(), name);
        assertEquals(residual, last.residual(), name);
    }

    /** Norms are folded in float64, which rounds otherwise: a few hundred products of relative error 1e-16 each. */
    @TestFactory
    Stream<DynamicTest> onEqualsOff() {
        Device device = Device.open("reference", 1);
        return OpCases.all().stream().map(c -> DynamicTest.dynamicTest(c.name(), () -> {
            CaseGraph g = c.forward().differentiable() ? c.backward() : c.forward();
            Map<String, HostArray> off = CaseRun.run(device, g, new Compilation(Precision.FP32, false), a -> a);
            Map<String, HostArray> on = CaseRun.run(device, g, new Compilation(Precision.FP32, true), a -> a);
            off.forEach((name, array) -> {
                double error = DeviceConformance.error(array, on.get(name));
                assertTrue(error <= 1e-13, () -> name + ": " + error);
            });
        })).onClose(device::close);
    }

    @Test
    void foldsNormAndActivationAndShortcut() {
        assertConvolutions("conv, norm", 0, false, false);
        assertConvolutions("conv, norm, relu", 0, true, false);
        assertConvolutions("conv, norm + shortcut, relu", 0, true, true);
        assertConvolutions("shortcut + conv, norm, relu", 0, true, true);
        assertConvolutions("conv, norm + shortcut", 0, false, true);
        assertConvolutions("bottleneck with a branch", 0, true, true);
        assertConvolutions("two bottlenecks", 0, true, true);
    }

    @Test
    void leavesWhatIsReadTwiceOrIsAnOutput() {
        assertConvolutions("norm is also an output", 1, false, false);
        assertConvolutions("norm is added to itself", 2, false, false);
        assertConvolutions("norm plus bias", 2, false, false);
        assertEquals(1, ops(fused("conv is read twice"), Conv3d.class).size());
        assertEquals(1, ops(fused("conv is read twice"), BatchNormInference.class).size());
        assertEquals(1, ops(fused("linear is also an output"), Gelu.class).size());
    }

    @Test
    void putsActivationsIntoLinear() {
        assertEquals(List.of(Linear.Activation.GELU, Linear.Activation.NONE),
            ops(fused("linear, gelu"), Linear.class).stream().map(Linear::activation).toList());
        assertEquals(List.of(Linear.Activation.GELU_TANH, Linear.Activation.NONE),
            ops(fused("linear, gelu by tanh"), Linear.class).stream().map(Linear::activation).toList());
        assertEquals(List.of(Linear.Activation.RELU), ops(fused("linear, relu"), Linear.class).stream().map(Linear::activation).toList());
    }

    @Test
    void keepsTheSignature() {
        for (OpCase c : OpCases.all()) {
            Graph graph = c.forward().graph();
            Graph fused = Fusion.apply(graph);
            assertEquals(graph.inputs().keySet(), fused.inputs().keySet(), c.name());
            assertEquals(graph.variables().keySet(), fused.variables().keySet(), c.name());
            assertEquals(graph.outputs().keySet(), fused.outputs().keySet(), c.name());
        }
    }
}
