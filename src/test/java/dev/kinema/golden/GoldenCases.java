package dev.kinema.golden;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kinema.device.Device;
import dev.kinema.device.InfoNceGolden;
import dev.kinema.device.OperationGolden;
import dev.kinema.device.Precision;
import dev.kinema.model.SlowFullSize;
import dev.kinema.model.SlowGolden;
import dev.kinema.model.SlowTraining;
import dev.kinema.nn.TransformerGolden;
import dev.kinema.optim.OptimizerGolden;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;

/** All golden networks, losses and optimizers, which any device can be held to. */
public final class GoldenCases {
    private GoldenCases() {}

    /** The small ones before those of full size. */
    public static List<GoldenCase> all() {
        return Stream.of(OperationGolden.cases(), InfoNceGolden.cases(), OptimizerGolden.cases(), TransformerGolden.cases(),
            SlowGolden.cases(), SlowTraining.cases(), SlowFullSize.cases()).flatMap(List::stream)
            .sorted((a, b) -> Boolean.compare(isFullSize(a), isFullSize(b))).toList();
    }

    private static boolean isFullSize(GoldenCase c) {
        return c.name().startsWith(GoldenCase.FULL_SIZE);
    }

    /** Those whose numbers are here, which for the tests is all of them; a bundle for a GPU has fewer. */
    static List<GoldenCase> present() {
        return all().stream().filter(c -> GoldenFile.exists(c.file())).toList();
    }

    /**
     * A test of each that is present on a device, which is closed after the last.
     *
     * @param passed told name and closeness of each that passed
     */
    public static Stream<DynamicTest> tests(Device device, Precision precision, Consumer<String> passed) {
        return present().stream().map(c -> DynamicTest.dynamicTest(c.name(), () -> {
            assumeTrue(device.supports(precision),
                () -> "the device " + device.name() + " does not compute in " + precision + " on this machine");
            Agreement agreement = new Agreement();
            c.check().on(new GoldenDevice(device, precision, agreement));
            passed.accept(c.name() + ": " + agreement);
        })).onClose(device::close);
    }
}
