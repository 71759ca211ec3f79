package dev.kinema.report;

import dev.kinema.report.HierarchyReport.Backbone;
import dev.kinema.report.HierarchyReport.Neighbours;

/** Step one: what the backbone learned. */
final class BackboneSection {
    /** Time constant of smoothed losses, as a share of the points. */
    static final double SMOOTHING = 0.01;

    private final Backbone backbone;
    private final EventCards cards;

    BackboneSection(Backbone backbone, EventCards cards) {
        this.backbone = backbone;
        this.cards = cards;
    }

    void writeTo(Markup page) {
        page.open("section").element("h2", "Step one: learning to see").element("p",
            "The backbone turns a clip into a list of numbers, its "
            + "feature. Two clips of one film, each cropped and recoloured at random, should get features that point the same way; clips of "
            + "other films should not. The loss says how badly that works. No labels are needed: which clips share a film is known "
            + "for free.");
        page.open("div", "class", "charts").line();
        if (!backbone.losses().isEmpty()) {
            LineChart chart = LineChart.of("Loss of the backbone: lower is better", backbone.losses()).withSmoothing(SMOOTHING);
            for (LineChart.Reference reference : backbone.references()) {
                chart = chart.withReference(reference.label(), reference.y());
            }
            chart.writeTo(page);
        }
        backbone.sameKind().ifPresent(shares -> {
            page.open("div", "class", "effect");
            ShareBars.write(page, "How often a clip's nearest neighbour shows the same kind of event", shares);
            page.element("p", "Nearest means: the clip of another film whose feature points most nearly the same way. A network that "
                + "groups "
                + "clips by what they show finds one of the same kind.", "class", "note").close("div");
        });
        page.close("div").line();
        if (!backbone.examples().isEmpty()) {
            page.element("h3", "Nearest neighbours of some clips", "class", "apart");
            page.element("p", "The number beside a name is the cosine: 1 where two features point the same way, 0 where they have nothing "
                + "in "
                + "common.", "class", "note");
            backbone.examples().forEach(example -> write(page, example));
        }
        page.close("section").line();
    }

    private void write(Markup page, Neighbours example) {
        page.open("div", "class", "example").open("div", "class", "found").element("h4", "Clip").open("ul", "class", "cards");
        cards.write(page, example.query(), "The clip");
        page.close("ul").close("div");
        cards.writeFound(page, "Nearest before learning", example.before(), example.query().kind());
        cards.writeFound(page, "Nearest after learning", example.after(), example.query().kind());
        page.close("div").line();
    }
}
