package dev.kinema.device.reference;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.device.DeviceConformance;
import dev.kinema.device.Precision;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The bounds that devices are held to admit one that rounds to the precision asked for, and nothing coarser. */
class ConformanceBoundsTest {
    @TestFactory
    Stream<DynamicTest> admitRoundingToFloat() {
        return DeviceConformance.tests(new RoundingDevice(RoundingDevice::toFloat), Precision.FP32);
    }

    @TestFactory
    Stream<DynamicTest> admitRoundingToBf16() {
        return DeviceConformance.tests(new RoundingDevice(RoundingDevice::toBf16), Precision.BF16);
    }

    /** What passes nevertheless is made of numbers that are exact in few bits, or has sums whose rounding hides it. */
    @Test
    void refuseWhatIsSixteenTimesCoarserThanBf16() {
        assertTrue(refused(4, Precision.BF16) > 0.9);
    }

    @Test
    void refuseForFloatWhatKeepsSixteenBits() {
        assertTrue(refused(16, Precision.FP32) > 0.9);
    }

    /** The share of tests that a device fails which keeps only so many significant bits. */
    private static double refused(int bits, Precision precision) {
        try (Stream<DynamicTest> tests = DeviceConformance.tests(new RoundingDevice(x -> RoundingDevice.toBits(x, bits)), precision)) {
            return tests.mapToInt(test -> passes(test) ? 0 : 1).average().orElseThrow();
        }
    }

    private static boolean passes(DynamicTest test) {
        try {
            test.getExecutable().execute();
            return true;
        } catch (AssertionError e) {
            return false;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}
