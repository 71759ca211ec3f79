package dev.kinema.device;

import dev.kinema.KinemaException;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * How large the inputs of convolutions become, which decides what an 8-bit step of them is worth.
 *
 * @param greatest by the name of the convolution's weight: what is greater counts as this
 */
public record ActivationRanges(Map<String, Double> greatest) {
    /** For programs that compute in other numbers. */
    public static final ActivationRanges NONE = new ActivationRanges(Map.of());

    /** Checks that all are positive numbers. */
    public ActivationRanges {
        greatest = Collections.unmodifiableMap(new TreeMap<>(greatest));
        greatest.forEach((weight, range) -> {
            if (!(range > 0) || range > Float.MAX_VALUE) {
                throw new KinemaException("the inputs of " + weight + " go up to " + range + ": it must be a number above 0, calibrate again");
            }
        });
    }

    /**
     * The range of the inputs of a convolution.
     *
     * @throws KinemaException if it is not known
     */
    public double of(String weight) {
        Double range = greatest.get(weight);
        if (range == null) {
            throw new KinemaException(greatest.isEmpty() ? "int8 needs to know how large activations become: calibrate the network on films of"
                + " yours (kinema calibrate), and compile with what that gives, or choose bf16 or fp32"
                : "the calibration knows nothing of the inputs of " + weight + ": calibrate this very network");
        }
        return range;
    }
}
