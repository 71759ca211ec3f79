package dev.kinema.device;

import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

class CpuConformanceTest {
    @TestFactory
    Stream<DynamicTest> float32() {
        return DeviceConformance.tests("cpu", Precision.FP32);
    }

    @TestFactory
    Stream<DynamicTest> bfloat16() {
        return DeviceConformance.tests("cpu", Precision.BF16);
    }
}
