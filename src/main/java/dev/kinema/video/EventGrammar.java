package dev.kinema.video;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A hidden order of events: a Markov chain over classes. The classes stand in a ring that the seed decides; after an event of one class
 * comes, with probability {@code certainty}, one of the next class of the ring, and otherwise any class, all alike. So an event can be
 * told from its neighbours, before it as well as after it, but not for certain.
 *
 * @param successors the next class of the ring, by class
 * @param certainty from 0 (no order at all) to 1 (no exceptions)
 */
public record EventGrammar(List<Integer> successors, double certainty) {
    /** How often the rule holds unless said otherwise. */
    public static final double DEFAULT_CERTAINTY = 0.9;

    /** Checks and copies. */
    public EventGrammar {
        successors = List.copyOf(successors);
        EventFilm.checkClasses(successors.size());
        for (int i = 0, at = 0; i < successors.size(); i++) {
            at = successors.get(at);
            if (at < 0 || at >= successors.size() || (at == 0) != (i == successors.size() - 1)) {
                throw new IllegalArgumentException("successors " + successors + ": they must make one ring of all classes from 0 on");
            }
        }
        if (!(certainty >= 0 && certainty <= 1)) {
            throw new IllegalArgumentException("a certainty of " + certainty + ": it must lie from 0 to 1");
        }
    }

    /** A ring of {@code classes} classes, with {@link #DEFAULT_CERTAINTY}. */
    public static EventGrammar of(long seed, int classes) {
        SplittableRandom random = new SplittableRandom(seed);
        Integer[] ring = new Integer[classes];
        for (int i = 0; i < classes; i++) {
            int j = random.nextInt(i + 1);
            ring[i] = ring[j];
            ring[j] = i;
        }
        Integer[] successors = new Integer[classes];
        for (int i = 0; i < classes; i++) {
            successors[ring[i]] = ring[(i + 1) % classes];
        }
        return new EventGrammar(List.of(successors), DEFAULT_CERTAINTY);
    }

    /** The same ring, kept to more or less strictly. */
    public EventGrammar withCertainty(double probability) {
        return new EventGrammar(successors, probability);
    }

    /** Number of classes. */
    public int classes() {
        return successors.size();
    }

    /** The class that most probably comes after an event of class {@code label}. */
    public int successor(int label) {
        return successors.get(label);
    }

    /** Probability that the class after {@code before} is {@code after}. */
    public double probability(int before, int after) {
        return (1 - certainty) / classes() + (successor(before) == after ? certainty : 0);
    }

    /** Classes of so many events in a row, of which the first is any class, all alike. */
    List<Integer> draw(SplittableRandom random, int events) {
        List<Integer> drawn = new ArrayList<>(events);
        for (int i = 0; i < events; i++) {
            boolean ruled = random.nextDouble() < certainty && i > 0;
            int any = random.nextInt(classes());
            drawn.add(ruled ? successor(drawn.get(i - 1)) : any);
        }
        return drawn;
    }
}
