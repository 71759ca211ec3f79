package dev.kinema.report;

import dev.kinema.report.FilmReport.Picture;
import dev.kinema.report.FilmReport.Shot;
import dev.kinema.report.LineChart.Curve;
import dev.kinema.report.LineChart.Reference;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What two networks learned from films without labels, for a reader who knows nothing of the method: a backbone that learned to see, and a
 * contextualizer that learned to expect. The page writes the sentences; this holds what they speak of. A part that is empty is left out.
 *
 * @param title of the page
 * @param steps what was done, in order
 * @param vocabulary what the films are made of, where that is known
 * @param backbone what the backbone learned
 * @param contextualizer what the contextualizer learned
 * @param film a film that neither was trained on
 * @param remarks sentences on what this proves and what it does not
 * @param commands command lines to go on with, each with what it does
 * @param facts how the page was made, in the order to print: what to what
 */
public record HierarchyReport(String title, List<Step> steps, Optional<Vocabulary> vocabulary, Optional<Backbone> backbone,
    Optional<Contextualizer> contextualizer, Optional<HeldOutFilm> film, List<String> remarks, List<Command> commands,
    Map<String, String> facts) {

    /** Copies the parts, which keep their order. */
    public HierarchyReport {
        steps = List.copyOf(steps);
        remarks = List.copyOf(remarks);
        commands = List.copyOf(commands);
        facts = Collections.unmodifiableMap(new LinkedHashMap<>(facts));
    }

    /** Something that was done: a title, a sentence or two, and amounts. */
    public record Step(String title, String text, List<Amount> amounts) {
        /** Copies the amounts. */
        public Step {
            amounts = List.copyOf(amounts);
        }

        /** Films were made by a grammar that the networks do not get. */
        public static Step makingFilms(Amount... amounts) {
            return new Step("Make films", "A program draws short films of moving shapes. Each film is a row of events, and a secret "
                + "grammar "
                + "says which kind of event tends to follow which.", List.of(amounts));
        }

        /** The backbone was trained. */
        public static Step learningToSee(Amount... amounts) {
            return new Step("Learn to see", "A first network, the backbone, watches clips of a second or two. It learns which clips belong "
                + "together, from the clips alone.", List.of(amounts));
        }

        /** The contextualizer was trained. */
        public static Step learningToExpect(Amount... amounts) {
            return new Step("Learn to expect",
                "A second network, the contextualizer, reads whole rows of events. It learns to guess an event "
                + "that is hidden from it.", List.of(amounts));
        }
    }

    /** A number with what it counts: "48", "films". */
    public record Amount(String value, String unit) {}

    /** A command line to type, and what it does. */
    public record Command(String line, String purpose) {}

    /**
     * An event: a stretch of film of one kind, by its picture.
     *
     * @param kind name of what it truly shows
     */
    public record Event(String kind, Picture picture) {}

    /**
     * The kinds of events there are, and how they follow each other.
     *
     * @param transitions [kinds, kinds]: the probability that an event of the row's kind is followed by one of the column's; empty if not
     *     known
     */
    public record Vocabulary(List<Kind> kinds, double[][] transitions) {
        /** Checks the matrix's sides. */
        public Vocabulary {
            kinds = List.copyOf(kinds);
            for (double[] row : transitions) {
                if (transitions.length != kinds.size() || row.length != kinds.size()) {
                    throw new IllegalArgumentException(kinds.size() + " kinds, but " + transitions.length + " rows of transitions, one of "
                        + row.length);
                }
                for (double share : row) {
                    checkShare("a transition", share);
                }
            }
        }
    }

    /** A kind of event, with example pictures. */
    public record Kind(String name, List<Picture> pictures) {
        /** Copies the pictures. */
        public Kind {
            pictures = List.copyOf(pictures);
        }
    }

    /**
     * How often something succeeded, as shares from 0 to 1.
     *
     * @param before with weights that are random
     * @param after with weights that were trained
     * @param chance by guessing
     * @param cases how often it was tried
     */
    public record Comparison(double before, double after, double chance, int cases) {
        /** Checks that all are shares. */
        public Comparison {
            checkShare("before", before);
            checkShare("after", after);
            checkShare("chance", chance);
        }
    }

    /** An event that was retrieved, and the cosine of its feature with what was asked for. */
    public record Found(Event event, double cosine) {}

    /** An event, and those nearest to it before and after training, the nearest first. */
    public record Neighbours(Event query, List<Found> before, List<Found> after) {
        /** Copies the lists. */
        public Neighbours {
            before = List.copyOf(before);
            after = List.copyOf(after);
        }
    }

    /**
     * What the backbone learned.
     *
     * @param losses over steps, of one or several trainings
     * @param references lines in the chart of losses, such as that of chance
     * @param sameKind how often the nearest neighbour of a clip shows the same kind of event
     */
    public record Backbone(List<Curve> losses, List<Reference> references, Optional<Comparison> sameKind, List<Neighbours> examples) {
        /** Copies the lists. */
        public Backbone {
            losses = List.copyOf(losses);
            references = List.copyOf(references);
            examples = List.copyOf(examples);
        }
    }

    /**
     * What the contextualizer learned.
     *
     * @param window events that it reads at a time, N
     * @param queue events that a guess is held against besides the right one, K; the loss of chance is ln(K + 1)
     * @param losses over steps
     * @param spreads standard deviations of its outputs over steps: 0 is collapse; with their {@code spreadReferences}
     * @param retrieval how often the nearest of all candidates to its guess is the very event that was hidden
     * @param sameKind how often that nearest one is of the hidden event's kind
     * @param candidates how many events a guess was held against there
     */
    public record Contextualizer(int window, int queue, List<Curve> losses, List<Curve> spreads, List<Reference> spreadReferences,
        Optional<Comparison> retrieval, Optional<Comparison> sameKind, int candidates, List<MaskedEvent> examples) {
        /** Copies the lists. */
        public Contextualizer {
            losses = List.copyOf(losses);
            spreads = List.copyOf(spreads);
            spreadReferences = List.copyOf(spreadReferences);
            examples = List.copyOf(examples);
        }
    }

    /**
     * A row of events, some hidden, and what the network took one of them for.
     *
     * @param row events in their order, [N]
     * @param hidden positions in the row of those that the network did not see
     * @param asked the hidden position that was guessed
     * @param before events nearest to the guess of the untrained network, the nearest first
     * @param after the same of the trained one
     */
    public record MaskedEvent(List<Event> row, List<Integer> hidden, int asked, List<Found> before, List<Found> after) {
        /** Checks that what was asked for was hidden. */
        public MaskedEvent {
            row = List.copyOf(row);
            hidden = List.copyOf(hidden);
            before = List.copyOf(before);
            after = List.copyOf(after);
            if (!hidden.contains(asked) || asked < 0 || asked >= row.size()) {
                throw new IllegalArgumentException("event " + asked + " was asked for, of " + row.size() + " of which " + hidden
                    + " were hidden");
            }
        }
    }

    /**
     * A film, and how alike its events look to several networks.
     *
     * @param duration in seconds
     * @param shots in their order; {@link Shot#scene()} is the kind of event
     * @param pictures frames in the order of time
     * @param matrices one for each network, on one colour scale
     */
    public record HeldOutFilm(double duration, List<Shot> shots, List<Picture> pictures, List<Matrix> matrices) {
        /** Copies the lists. */
        public HeldOutFilm {
            shots = List.copyOf(shots);
            pictures = List.copyOf(pictures);
            matrices = List.copyOf(matrices);
        }
    }

    /**
     * What one network says of a film; see {@link FilmReport} for the shapes.
     *
     * @param title such as "Random backbone"
     * @param text a sentence on what to look for
     */
    public record Matrix(String title, String text, double clipSeconds, double[] starts, float[][] features) {}

    private static void checkShare(String what, double share) {
        if (!(share >= 0 && share <= 1)) {
            throw new IllegalArgumentException(what + " is " + share + ": it must be a share from 0 to 1");
        }
    }

    /** The report as one HTML page that loads nothing from elsewhere. */
    public String toHtml() {
        return new HierarchyPage(this).html();
    }
}
