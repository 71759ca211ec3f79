package dev.kinema.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kinema.KinemaException;
import dev.kinema.device.Device;
import dev.kinema.device.Precision;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Runs every benchmark once at its smallest size, so that none rots; opening one checks its result. */
class SuitesTest {
    @TestFactory
    Stream<DynamicTest> everyCaseOnce() {
        Device device = Device.open("cpu", 2);
        List<DynamicTest> tests = new ArrayList<>();
        for (List<Case> suite : Suites.all().values()) {
            for (Case c : suite) {
                for (Precision precision : c.usesDevice() ? Precision.values() : new Precision[] {Precision.FP32}) {
                    Setting setting = new Setting(device, precision, Size.SMALLEST);
                    if (device.supports(precision) && (!c.usesDevice() || c.computesIn(setting))) {
                        tests.add(DynamicTest.dynamicTest(c.fullName() + " " + precision, () -> once(c, setting)));
                    }
                }
            }
        }
        return tests.stream().onClose(device::close);
    }

    private static void once(Case c, Setting setting) {
        try (Workload workload = c.open(setting)) {
            assertTrue(workload.seconds() > 0);
            assertTrue(workload.error() >= 0, "the check says how far it was off");
            assertEquals(c.usesDevice(), workload.counts().isPresent());
        }
    }

    /** Of the others some are float32 on the processor whatever is asked for, and a row in bf16 would say otherwise. */
    @Test
    void whatIsComputedInFloatsAloneIsNoCaseInBf16() {
        try (Device device = Device.open("cpu", 2)) {
            assumeTrue(device.supports(Precision.BF16), "a processor without bf16");
            Setting smallest = new Setting(device, Precision.BF16, Size.SMALLEST);
            List<String> rounded = Suites.all().get("ops").stream().filter(c -> c.computesIn(smallest)).map(Case::name).toList();
            assertEquals(List.of("linear-in-2048to1024", "linear-square-1024to1024", "linear-up-1024to2048", "info-nce-queue-step"), rounded);
            Case stem = Suites.named("conv/to-weight-5x7x7-3to64-at16x224x224-stride2x2x2");
            assertFalse(stem.computesIn(smallest), "a kernel longer than the film is float32");
            assertTrue(stem.computesIn(new Setting(device, Precision.BF16, Size.FULL)), "that of 16 frames is not");
            assertTrue(stem.computesIn(new Setting(device, Precision.FP32, Size.FULL)));
        }
    }

    @Test
    void derivativesAreAmongTheOutputs() {
        List<String> found = new ArrayList<>();
        try (Device device = Device.open("cpu", 1)) {
            Setting smallest = new Setting(device, Precision.FP32, Size.SMALLEST);
            for (Case c : Suites.all().get("ops")) {
                try (Workload workload = c.open(smallest)) {
                    Subject subject = workload.subject().orElseThrow();
                    subject.derivative().ifPresent(derivative -> {
                        found.add(c.name());
                        derivative.by().forEach((name, by) -> assertEquals(by.shape(), subject.graph().outputs().get(name).shape(), c.name()));
                        derivative.arriving().ifPresent(dy -> assertEquals(derivative.of().shape(), dy.shape(), c.name()));
                    });
                }
            }
        }
        assertEquals(List.of("attention-5-tokens-backward", "attention-64-tokens-backward", "attention-512-tokens-backward",
            "layer-norm-backward", "info-nce-queue-step", "info-nce-batch-step"), found);
    }

    /** By hand: the stem; res2's a, b, c, which its shortcut is too, and a of later blocks; of the others 4, and a and b of later blocks. */
    @Test
    void everyConvolutionOfSlowD() {
        List<String> conv = Suites.all().get("conv").stream().map(Case::name).toList();
        assertEquals(1 + 4 + 6 + 6 + 6, conv.stream().filter(name -> name.startsWith("forward-")).count(), conv::toString);
        assertEquals(3 * 23 - 1, conv.size(), "the stem has no way back to its input");
        assertTrue(conv.containsAll(List.of("forward-5x7x7-3to64-at16x224x224-stride2x2x2", "to-input-3x1x1-2048to512-at8x7x7",
            "to-weight-1x1x1-1024to2048-at8x14x14-stride1x2x2")), conv::toString);
    }

    @Test
    void namesAreTheirOwn() {
        List<String> names = Suites.all().values().stream().flatMap(List::stream).map(Case::fullName).toList();
        assertEquals(names.size(), new HashSet<>(names).size());
        names.forEach(name -> assertEquals(name, Suites.named(name).fullName()));
        assertThrows(IllegalArgumentException.class, () -> Suites.named("conv/none"));
    }

    @Test
    void aWrongResultIsNotTimed() {
        double tenth = Distance.of(new double[] {1.1}, new double[] {1});
        KinemaException off = assertThrows(KinemaException.class, () -> Distance.within(1e-5, tenth, "this"));
        assertTrue(off.getMessage().startsWith("this is off by 0.1"), off.getMessage());
        assertThrows(KinemaException.class, () -> Distance.within(1, Distance.of(new double[] {Double.NaN}, new double[] {1}), "this"));
        assertThrows(KinemaException.class, () -> Distance.within(1, Distance.of(new double[] {1}, new double[] {0}), "this"));
        assertEquals(0, Distance.of(new double[] {0}, new double[] {0}));
        assertEquals(0.4, Distance.of(new double[] {3, 6}, new double[] {3, 4}), 1e-12, "2 of a length of 5");
        assertEquals(0.8, Distance.sine(new double[] {3, 4}, new double[] {2, 0}), 1e-12);
        assertEquals(1, Distance.sine(new double[] {3, 4}, new double[] {-3, -4}), "the other way is no nearer");
        assertThrows(KinemaException.class, () -> Distance.within(1, Distance.sine(new double[] {1}, new double[] {0}), "this"));
    }
}
