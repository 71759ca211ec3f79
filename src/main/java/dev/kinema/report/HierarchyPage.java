package dev.kinema.report;

import dev.kinema.report.HierarchyReport.Amount;
import dev.kinema.report.HierarchyReport.Kind;
import dev.kinema.report.HierarchyReport.Step;
import dev.kinema.report.FilmReport.Shot;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The HTML page of a {@link HierarchyReport}: the story from what was done to what it proves. */
final class HierarchyPage {
    /** Of PNG files, which base 64 makes a third longer: so that a page stays below 2 MB. */
    private static final long EVENT_BYTES = 800_000;

    private final HierarchyReport report;
    private final Album album = new Album(EVENT_BYTES);
    private final SceneColours colours;
    private final EventCards cards;

    HierarchyPage(HierarchyReport report) {
        this.report = report;
        Set<String> kinds = new LinkedHashSet<>();
        report.vocabulary().ifPresent(vocabulary -> vocabulary.kinds().stream().map(Kind::name).forEach(kinds::add));
        report.film().ifPresent(film -> film.shots().stream().map(Shot::scene).forEach(kinds::add));
        colours = SceneColours.of(List.copyOf(kinds));
        cards = new EventCards(album, colours);
    }

    String html() {
        // the sections first: only then it is known which pictures the head's style sheet must hold
        Markup body = new Markup();
        writeTitle(body);
        writeSteps(body);
        report.vocabulary().ifPresent(vocabulary -> new VocabularySection(vocabulary, album, cards).writeTo(body));
        report.backbone().ifPresent(backbone -> new BackboneSection(backbone, cards).writeTo(body));
        report.contextualizer().ifPresent(contextualizer -> new ContextSection(contextualizer, cards).writeTo(body));
        String rules = report.film().map(film -> {
            HeldOutSection section = new HeldOutSection(film, colours);
            section.writeTo(body);
            return section.css();
        }).orElse("");
        writeRemarks(body);
        writeCommands(body);
        writeFacts(body);
        PageShell shell = new PageShell(report.title(), List.of("page.css", "chart.css", "story.css"), List.of("chart.js"),
            rules + album.css(), 0);
        Markup page = new Markup();
        shell.open(page);
        page.verbatim(body.toString());
        shell.close(page, () -> { });
        return page.toString();
    }

    private void writeTitle(Markup page) {
        page.open("header").element("p", "Kinema learning report", "class", "kind").element("h1", report.title());
        page.element("p", "Nobody told these networks what the films show. One learned to see: to tell which clips show the same kind of "
            + "event. The other learned to expect: to guess a hidden event from those around it. Here is what they did before and after.",
            "class", "lead").close("header").line();
    }

    private void writeSteps(Markup page) {
        if (report.steps().isEmpty()) {
            return;
        }
        page.open("section").element("h2", "What was done").open("ol", "class", "steps");
        for (Step step : report.steps()) {
            page.open("li").element("h3", step.title()).element("p", step.text()).open("p", "class", "amounts");
            for (Amount amount : step.amounts()) {
                page.open("span").element("b", amount.value()).text(" " + amount.unit()).close("span");
            }
            page.close("p").close("li").line();
        }
        page.close("ol").close("section").line();
    }

    private void writeRemarks(Markup page) {
        if (!report.remarks().isEmpty()) {
            page.open("section").element("h2", "What this shows, and what it does not");
            report.remarks().forEach(remark -> page.element("p", remark, "class", "remark"));
            page.close("section").line();
        }
    }

    private void writeCommands(Markup page) {
        if (!report.commands().isEmpty()) {
            page.open("section").element("h2", "To go on").open("dl", "class", "commands");
            report.commands().forEach(command -> page.open("dt").element("code", command.line()).close("dt").element("dd",
                command.purpose()));
            page.close("dl").close("section").line();
        }
    }

    private void writeFacts(Markup page) {
        if (!report.facts().isEmpty()) {
            page.open("footer").element("h2", "How this page was made").open("dl").line();
            for (Map.Entry<String, String> fact : report.facts().entrySet()) {
                page.element("dt", fact.getKey()).element("dd", fact.getValue()).line();
            }
            page.close("dl").close("footer").line();
        }
    }
}
