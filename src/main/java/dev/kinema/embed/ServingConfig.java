package dev.kinema.embed;

import dev.kinema.KinemaException;
import java.time.Duration;
import java.util.Comparator;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.IntStream;

/**
 * How a {@link MovieEncoder} serves many callers at once. Start from {@link #DEFAULT} and change what is to differ.
 *
 * <p>Decoded clips in memory: with batches of B clips each call that is worked on has room for 1 + 2 B of them (3 with {@code gather}), and
 * P programs have one reserve of (2 P - 1) B (2 P B - 1 with {@code gather}) that calls borrow from. With the numbers of {@link #DEFAULT}
 * that is 6 + 1 clips for one program and B = 1; 85 + 56 for four programs and B = 8, and 99 + 63 with {@code gather}. A clip of 16 x 224 x
 * 224 takes 2.3 MiB. Streams that callers open beforehand have room of their own. Activations are a block per program, see
 * {@code Program.memoryPlan()}, and with {@code gather} and B above 1 a second one for single clips.
 *
 * @param programs that compute at the same time, sharing the weights and dividing the threads among them; 0 for one per
 *     {@link #THREADS_PER_PROGRAM} threads. More give more clips per second where there are many threads, and each clip takes longer
 * @param running calls that are worked on at the same time, each with a decoding thread and room for clips; 0 for as many as keep the
 *     programs busy. This is the bound of what callers together can make the encoder hold
 * @param waiting calls that may wait for their turn; one more is refused at once as {@link EncodingStoppedException.Reason#BUSY}
 * @param patience how long a call waits for its turn before it is refused as busy; empty for as long as it takes
 * @param deadline how long a call may take from the moment it is made, and up to 5 seconds more where its film's decoder hangs in a
 *     read; empty for as long as it takes
 * @param gather how long a clip waits for clips of other calls to fill the batch with; empty for batches of one call's clips only. With it
 *     a feature may differ in its last digits with what was computed beside it, as kernels differ between sizes
 */
public record ServingConfig(int programs, int running, int waiting, Optional<Duration> patience, Optional<Duration> deadline,
    Optional<Duration> gather) {

    /** Threads with which a program is given a companion rather than more threads. */
    public static final int THREADS_PER_PROGRAM = 4;

    /** Where only clips per second count: so many programs at least, from two threads each on; below that one per thread. */
    private static final int PROGRAMS_FOR_THROUGHPUT = 4;

    /** Calls take turns for as long as it takes; no batches of several calls' clips. */
    public static final ServingConfig DEFAULT = new ServingConfig(0, 0, 1024, Optional.empty(), Optional.empty(), Optional.empty());

    /** Checks the numbers. */
    public ServingConfig {
        require(programs >= 0, "programs", programs, "0 (by the threads) or more");
        require(running >= 0, "running", running, "0 (by the programs) or more");
        require(waiting >= 0, "waiting", waiting, "0 or more");
        patience.ifPresent(time -> require(!time.isNegative(), "patience", time, "0 or more"));
        deadline.ifPresent(time -> nanos("deadline", time));
        gather.ifPresent(time -> require(!time.isNegative(), "gather", time, "0 or more"));
    }

    private static void require(boolean holds, String name, Object value, String rule) {
        if (!holds) {
            throw new KinemaException(name + " is " + value + ": it must be " + rule);
        }
    }

    /** A time above 0 in nanoseconds. */
    static long nanos(String name, Duration time) {
        require(!Objects.requireNonNull(time, name).isNegative() && !time.isZero(), name, time, "above 0");
        return clamped(time);
    }

    /** In nanoseconds; three centuries where it is more. */
    static long clamped(Duration time) {
        return time.compareTo(Duration.ofNanos(Long.MAX_VALUE)) >= 0 ? Long.MAX_VALUE : time.toNanos();
    }

    /** How long a clip waits for clips of other calls; empty for batches of one call's clips. */
    OptionalLong gatherNanos() {
        return gather.map(time -> OptionalLong.of(clamped(time))).orElse(OptionalLong.empty());
    }

    /** How many programs that is for a number of threads. */
    int programsFor(int threads) {
        return programs > 0 ? programs : Math.max(1, threads / THREADS_PER_PROGRAM);
    }

    /** The same where only clips per second count: so that the fewest threads are left over, of up to twice as many programs. */
    static int programsForThroughput(int threads) {
        if (threads < 2 * PROGRAMS_FOR_THROUGHPUT) {
            return threads;
        }
        int least = Math.max(PROGRAMS_FOR_THROUGHPUT, threads / THREADS_PER_PROGRAM);
        return IntStream.range(least, 2 * least).boxed().min(Comparator.comparing(programs -> threads % programs)).orElseThrow();
    }

    /** Clips that a call hands over together. */
    int groupOf(int batch) {
        return gather.isPresent() ? 1 : batch;
    }

    /** How many calls that is for a number of programs: one more than they take in, so that its first clips are decoded meanwhile. */
    int runningFor(int programs, int batch) {
        return running > 0 ? running : (gather.isPresent() ? programs * batch : programs) + 1;
    }

    public ServingConfig withPrograms(int count) {
        return new ServingConfig(count, running, waiting, patience, deadline, gather);
    }

    public ServingConfig withRunning(int calls) {
        return new ServingConfig(programs, calls, waiting, patience, deadline, gather);
    }

    /** With at most so many calls waiting, for as long as it takes. */
    public ServingConfig withWaiting(int calls) {
        return new ServingConfig(programs, running, calls, patience, deadline, gather);
    }

    public ServingConfig withPatience(Duration time) {
        return new ServingConfig(programs, running, waiting, Optional.of(time), deadline, gather);
    }

    public ServingConfig withDeadline(Duration time) {
        return new ServingConfig(programs, running, waiting, patience, Optional.of(time), gather);
    }

    /** With batches of several calls' clips. */
    public ServingConfig withGather(Duration time) {
        return new ServingConfig(programs, running, waiting, patience, deadline, Optional.of(time));
    }
}
