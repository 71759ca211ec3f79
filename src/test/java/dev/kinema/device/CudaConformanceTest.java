package dev.kinema.device;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.kinema.device.cuda.Emulated;
import dev.kinema.graph.op.Input;
import dev.kinema.graph.op.Variable;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The kernels, as the emulator runs them, against the reference. */
class CudaConformanceTest {
    @Test
    void everyOperationHasARule() {
        Set<String> without = Operations.all().stream().filter(op -> op != Input.class && op != Variable.class && !Emulated.has(op))
            .map(Class::getSimpleName).collect(Collectors.toCollection(TreeSet::new));
        assertEquals(Set.of(), without, "operations without a rule");
    }

    @TestFactory
    Stream<DynamicTest> float32() {
        return tests(Precision.FP32);
    }

    @TestFactory
    Stream<DynamicTest> bfloat16() {
        return tests(Precision.BF16);
    }

    /** Without the device one test, as only a test can be reported as aborted. */
    private static Stream<DynamicTest> tests(Precision precision) {
        if (!Emulated.isThere()) {
            return Stream.of(DynamicTest.dynamicTest("the emulated device", Emulated::device));
        }
        return DeviceConformance.tests(Emulated.device(), precision);
    }
}
