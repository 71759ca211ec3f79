package dev.kinema.report;

import dev.kinema.report.HierarchyReport.Contextualizer;
import dev.kinema.report.HierarchyReport.Event;
import dev.kinema.report.HierarchyReport.MaskedEvent;
import java.util.Locale;

/** Step two: what the contextualizer learned. */
final class ContextSection {
    private final Contextualizer contextualizer;
    private final EventCards cards;

    ContextSection(Contextualizer contextualizer, EventCards cards) {
        this.contextualizer = contextualizer;
        this.cards = cards;
    }

    void writeTo(Markup page) {
        String queue = String.format(Locale.ROOT, "%,d", contextualizer.queue());
        page.open("section").element("h2", "Step two: learning to expect").element("p",
            "A film is now a row of features, one for each event. "
            + "The contextualizer reads " + contextualizer.window()
            + " at a time, with some of them hidden: a blank stands in their place. "
            + "From what is left it must say what the hidden feature was. Its guess is held against the right one and " + queue
            + " others; the loss is low when the right one is by far the nearest.");
        page.open("div", "class", "charts").line();
        if (!contextualizer.losses().isEmpty()) {
            double chance = Math.log(contextualizer.queue() + 1.0);
            LineChart.of("Loss of the contextualizer: lower is better", contextualizer.losses()).withSmoothing(BackboneSection.SMOOTHING)
                .withReference(String.format(Locale.ROOT, "chance: ln(%,d) = %.2f", contextualizer.queue() + 1L, chance), chance)
                .writeTo(page);
        }
        if (!contextualizer.spreads().isEmpty()) {
            writeSpread(page);
        }
        page.close("div");
        writeEffects(page);
        if (!contextualizer.examples().isEmpty()) {
            page.element("h3", "Guesses", "class", "apart").element("p",
                "Each example is a row of a film that the network was not trained on. "
                + "Under it stand the events whose features are nearest to the guess, the nearest first, with "
                + "the cosine.", "class", "note");
            contextualizer.examples().forEach(example -> write(page, example));
        }
        page.close("section").line();
    }

    private void writeEffects(Markup page) {
        String among = contextualizer.candidates() > 0 ? String.format(Locale.ROOT, " of %,d events", contextualizer.candidates())
            : " event";
        page.open("div", "class", "charts apart");
        contextualizer.sameKind().ifPresent(shares -> ShareBars.write(page, "How often the nearest" + among
            + " to the guess is of the right kind", shares));
        contextualizer.retrieval().ifPresent(shares -> ShareBars.write(page, "How often it is the very event that was hidden", shares));
        page.close("div").line();
    }

    private void writeSpread(Markup page) {
        page.open("div");
        LineChart chart = LineChart.of("Spread of the features: it must not fall to 0", contextualizer.spreads())
            .withReference("0: collapse", 0);
        for (LineChart.Reference reference : contextualizer.spreadReferences()) {
            chart = chart.withReference(reference.label(), reference.y());
        }
        chart.writeTo(page);
        page.element("p", "A network could cheat and give every event the same feature. The loss may hide that; the spread (standard "
            + "deviation) "
            + "of the features shows it, as a fall to 0.", "class", "note").close("div").line();
    }

    private void write(Markup page, MaskedEvent example) {
        Event truth = example.row().get(example.asked());
        page.open("div", "class", "masked").open("div", "class", "question").open("div", "class", "found").element("h4",
            "What the network reads");
        page.open("ul", "class", "cards row");
        for (int i = 0; i < example.row().size(); i++) {
            if (example.hidden().contains(i)) {
                cards.writeHidden(page, i == example.asked());
            } else {
                cards.write(page, example.row().get(i), "Event " + (i + 1) + " of the row");
            }
        }
        page.close("ul").close("div").open("div", "class", "found truth").element("h4", "What was hidden").open("ul", "class", "cards");
        cards.write(page, truth, "The event that was hidden");
        page.close("ul").close("div").close("div").open("div", "class", "example");
        cards.writeFound(page, "Guess before learning", example.before(), truth.kind());
        cards.writeFound(page, "Guess after learning", example.after(), truth.kind());
        page.close("div").close("div").line();
    }
}
