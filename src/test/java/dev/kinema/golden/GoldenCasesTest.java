package dev.kinema.golden;

import dev.kinema.device.Device;
import dev.kinema.device.Precision;
import dev.kinema.device.cuda.Emulated;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The golden networks on each device that needs no GPU. */
class GoldenCasesTest {
    private static Stream<DynamicTest> tests(Device device, Precision precision) {
        return GoldenCases.tests(device, precision, line -> {});
    }

    /** Not the full-size video networks, which take it minutes. */
    @TestFactory
    Stream<DynamicTest> reference() {
        return tests(Device.open("reference"), Precision.FP32).filter(test -> !test.getDisplayName().contains("lcg_slow"));
    }

    @TestFactory
    Stream<DynamicTest> cpu() {
        return tests(Device.open("cpu"), Precision.FP32);
    }

    @TestFactory
    Stream<DynamicTest> cpuInBf16() {
        return tests(Device.open("cpu"), Precision.BF16);
    }

    /** The small ones, but of networks in evaluation Slow-D as it is alone: the others take the emulator half a minute. */
    @TestFactory
    Stream<DynamicTest> emulatedKernels() {
        return emulated(Precision.FP32, name -> name.startsWith(GoldenCase.SMALL)
            && (!name.contains("slow") || name.contains("slowd_A.stride_in_conv1") || name.contains("train_")));
    }

    /** One of each kind. */
    @TestFactory
    Stream<DynamicTest> emulatedKernelsInBf16() {
        return emulated(Precision.BF16, name -> name.startsWith(GoldenCase.SMALL) && Stream.of("op_", "infonce", "adamw", "prenorm_gelu",
            "slowd_A.stride_in_conv1", "train_slowd_w2, gradients").anyMatch(name::contains));
    }

    /** Without the device one test, as only a test can be reported as aborted. */
    private static Stream<DynamicTest> emulated(Precision precision, Predicate<String> named) {
        if (!Emulated.isThere()) {
            return Stream.of(DynamicTest.dynamicTest("the emulated device", Emulated::device));
        }
        return tests(Emulated.device(), precision).filter(test -> named.test(test.getDisplayName()));
    }
}
