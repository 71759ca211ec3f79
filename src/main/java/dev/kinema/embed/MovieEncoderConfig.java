package dev.kinema.embed;

import dev.kinema.KinemaException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What a {@link MovieEncoder} is made of. Start from {@link #of(Path)} and change what is to differ.
 *
 * @param weights the backbone's: a safetensors file of Kinema's or any checkpoint that can be imported
 * @param contextualizer weights of the contextualizer, which puts clips into context; without it there are features but no events
 * @param device {@code cpu}, {@code cuda:0} and on where the kernels were built, or {@code reference}
 * @param threads to compute with; 0 for one per processor
 * @param precision of the backbone; the contextualizer, a small part of the work, computes in FP32
 * @param hop seconds from the start of one clip to the start of the next, {@link #LEAST_HOP} or more; with a contextualizer the one it
 *     was trained on, see {@link ContextualizerWeights#trainingOf}
 * @param batch clips that are computed at once: more take more memory, and pay where one clip does not fill the device
 * @param window events that are contextualised together: a film is cut into consecutive windows of so many, the last one padded under a
 *     mask. Empty for the contextualizer's own length, the one it was trained with
 * @param padShort whether a film shorter than a clip gives one clip that ends in copies of its last frame, and is no error
 * @param serving how many callers it serves at once, and how long they wait
 * @param calibration a file of {@link Calibration}'s, with which {@link PrecisionChoice#INT8} comes; empty for others
 */
public record MovieEncoderConfig(Path weights, Optional<Path> contextualizer, String device, int threads, PrecisionChoice precision,
    double hop, int batch, OptionalInt window, boolean padShort, ServingConfig serving, Optional<Path> calibration) {

    /** Seconds from clip to clip that the paper's experiments use. */
    public static final double DEFAULT_HOP = 2;

    /** Shortest way from clip to clip, in seconds: far below a frame's, at which clips would be copies of one another without end. */
    public static final double LEAST_HOP = 0.01;

    public MovieEncoderConfig {
        Objects.requireNonNull(weights, "weights");
        require(threads >= 0, "threads", threads, "0 (all) or more");
        require(hop >= LEAST_HOP && hop < Double.POSITIVE_INFINITY, "hop", hop, "a number of seconds, " + LEAST_HOP + " or more");
        require(batch >= 1, "batch", batch, "1 or more");
        Objects.requireNonNull(serving, "serving");
        require((precision == PrecisionChoice.INT8) == calibration.isPresent(), "precision", precision, calibration.isPresent()
            ? "INT8 where a calibration is given" : "given with a calibration, which 'kinema calibrate' makes (withInt8, or"
            + " kinema embed --precision int8 --calibration FILE)");
        require(window.isEmpty() || window.getAsInt() >= 1, "window", window, "1 or more");
    }

    private static void require(boolean holds, String name, Object value, String rule) {
        if (!holds) {
            throw new KinemaException(name + " is " + value + ": it must be " + rule);
        }
    }

    /** Features every 2 s on all threads of the processor, in bf16 where it has it. */
    public static MovieEncoderConfig of(Path weights) {
        return new MovieEncoderConfig(weights, Optional.empty(), "cpu", 0, PrecisionChoice.AUTO, DEFAULT_HOP, 1, OptionalInt.empty(),
            false, ServingConfig.DEFAULT, Optional.empty());
    }

    /** With events, from these weights. */
    public MovieEncoderConfig withContextualizer(Path file) {
        return new MovieEncoderConfig(weights, Optional.of(file), device, threads, precision, hop, batch, window, padShort, serving, calibration);
    }

    public MovieEncoderConfig withDevice(String name, int threads) {
        return new MovieEncoderConfig(weights, contextualizer, name, threads, precision, hop, batch, window, padShort, serving, calibration);
    }

    public MovieEncoderConfig withPrecision(PrecisionChoice choice) {
        return new MovieEncoderConfig(weights, contextualizer, device, threads, choice, hop, batch, window, padShort, serving,
            choice == PrecisionChoice.INT8 ? calibration : Optional.empty());
    }

    /** Computing in int8, by a file that {@code kinema calibrate} or {@link Calibration#write} wrote. */
    public MovieEncoderConfig withInt8(Path file) {
        return new MovieEncoderConfig(weights, contextualizer, device, threads, PrecisionChoice.INT8, hop, batch, window, padShort, serving,
            Optional.of(file));
    }

    public MovieEncoderConfig withHop(double seconds) {
        return new MovieEncoderConfig(weights, contextualizer, device, threads, precision, seconds, batch, window, padShort, serving, calibration);
    }

    public MovieEncoderConfig withBatch(int clips) {
        return new MovieEncoderConfig(weights, contextualizer, device, threads, precision, hop, clips, window, padShort, serving, calibration);
    }

    public MovieEncoderConfig withWindow(int events) {
        return new MovieEncoderConfig(weights, contextualizer, device, threads, precision, hop, batch, OptionalInt.of(events), padShort, serving, calibration);
    }

    public MovieEncoderConfig withPadShort(boolean pad) {
        return new MovieEncoderConfig(weights, contextualizer, device, threads, precision, hop, batch, window, pad, serving, calibration);
    }

    public MovieEncoderConfig withServing(ServingConfig config) {
        return new MovieEncoderConfig(weights, contextualizer, device, threads, precision, hop, batch, window, padShort, config, calibration);
    }

    /**
     * For films in a row, where clips per second count and nobody waits for a single clip: programs that do not wait for one another's
     * threads, one per thread where there are fewer than 8, and else 4 or more, of {@link ServingConfig#THREADS_PER_PROGRAM} threads at most
     * where that divides them. Each has activations of its own. Devices other than {@code cpu} keep the programs they have; call it once
     * the device is chosen.
     */
    public MovieEncoderConfig forThroughput() {
        return device.equals("cpu") ? withServing(serving.withPrograms(ServingConfig.programsForThroughput(computing()))) : this;
    }

    /** Threads to compute with, 1 or more. */
    int computing() {
        return threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
    }
}
