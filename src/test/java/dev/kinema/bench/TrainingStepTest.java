package dev.kinema.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.kinema.device.Device;
import dev.kinema.device.Precision;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TrainingStepTest {
    /** Other engines read them by these, and have been given none of a type that they did not know: the reference device's doubles. */
    @ParameterizedTest
    @CsvSource({"programs/step-slow-d-cvrl, reference", "programs/step-txe-masks, reference", "programs/step-txe-masks, cpu"})
    void inputsAreOfTheGraphsTypes(String name, String device) {
        try (Device opened = Device.open(device)) {
            TrainingStep step = Suites.named(name).training(new Setting(opened, Precision.FP32, Size.SMALLEST)).orElseThrow();
            assertEquals(step.forward().inputs().keySet(), step.inputs().keySet());
            step.forward().inputs().forEach((input, value) -> assertEquals(value.type(), step.inputs().get(input).type(), input));
        }
    }
}
