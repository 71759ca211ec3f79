package dev.kinema.cli;

import dev.kinema.Version;
import dev.kinema.pretrain.PretrainConfig;
import dev.kinema.report.HierarchyReport;
import dev.kinema.report.HierarchyReport.Amount;
import dev.kinema.report.HierarchyReport.Backbone;
import dev.kinema.report.HierarchyReport.Command;
import dev.kinema.report.HierarchyReport.Comparison;
import dev.kinema.report.HierarchyReport.Contextualizer;
import dev.kinema.report.HierarchyReport.Step;
import dev.kinema.report.LineChart.Reference;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The story of a demo, from its films to what was measured.
 *
 * @param config of the trainings
 * @param backbone what its training left
 * @param contextualizer likewise
 * @param quick whether the demo was cut short
 */
record DemoPage(DemoFilms films, PretrainConfig config, DemoFolder folder, StageRecord backbone, StageRecord contextualizer,
    boolean quick) {

    HierarchyReport report(ClipComparison clips, EventComparison events, ShownFilm film, Map<String, String> facts) {
        return new HierarchyReport("Learning to watch films without being told what is in them", steps(), Optional.of(films.vocabulary()),
            Optional.of(learnedToSee(clips)), Optional.of(learnedToExpect(events)), Optional.of(film.similarities()),
            remarks(clips, events), commands(), facts(facts));
    }

    private List<Step> steps() {
        return List.of(
            Step.makingFilms(new Amount(count(films.count()), "films"),
                new Amount(count(Math.round(films.seconds() / 60)), "minutes of film")),
            Step.learningToSee(new Amount(count(films.events().set().films()), "films"), new Amount(count(backbone.steps()), "steps"),
                new Amount(count(Math.round(backbone.seconds())), "s")),
            Step.learningToExpect(new Amount(count(films.sequences().set().films()), "films"),
                new Amount(count(contextualizer.steps()), "steps"), new Amount(count(Math.round(contextualizer.seconds())), "s")));
    }

    private static String count(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    private Backbone learnedToSee(ClipComparison clips) {
        List<Reference> chance = backbone.last("chance_loss")
            .map(loss -> new Reference(String.format(Locale.ROOT, "chance: %.2f", loss), loss)).stream().toList();
        return new Backbone(backbone.curves("loss", "backbone"), chance, Optional.of(clips.sameKind()), clips.examples());
    }

    private Contextualizer learnedToExpect(EventComparison events) {
        return new Contextualizer(config.contextualizer().orElseThrow().window().tokens(),
            config.contextualizer().orElseThrow().objective().queue(), contextualizer.curves("loss", "contextualizer"),
            contextualizer.curves("feature_spread", "spread"), List.of(new Reference("evenly spread: 1", 1)),
            Optional.of(events.sameEvent()), Optional.of(events.sameKind()), events.candidates(), events.examples());
    }

    private List<String> remarks(ClipComparison clips, EventComparison events) {
        List<String> remarks = new ArrayList<>();
        if (quick) {
            remarks.add("This is a quick demo: few films and few steps show that everything works, and teach the networks next to nothing. "
                + "Leave out --quick to see them learn.");
        }
        remarks.add("Every share above was measured in this run, on films that neither network was trained on. The examples stand at fixed "
            + "places in these films; none was chosen because it came out well.");
        remarks.add("Before learning means random weights, and for the contextualizer random weights of its own: it reads the pretrained "
            + "backbone's features in both cases.");
        remarks.add(String.format(Locale.ROOT, "No guess can always be right. The grammar itself makes an exception in %.0f of 100 cases. "
            + "And nothing in a film tells which of many events of a kind was hidden: expect the very event to be found less often than "
            + "its kind.",
            100 * (1 - films.grammar().probability(0, films.grammar().successor(0)))));
        remarks.add(outcome(clips.sameKind(), events.sameKind()));
        remarks.add("The films are drawn by a program: moving patterns in colours that are drawn by lot. What comes out says nothing of "
            + "how well these networks do on real films. It is one run; with another seed the numbers are others.");
        return remarks;
    }

    /** What the shares allow to say, and no more. */
    private static String outcome(Comparison seen, Comparison expected) {
        boolean sees = isClear(seen);
        boolean expects = isClear(expected);
        if (sees && expects) {
            return "In this run both networks learned, in minutes and without a label: the first to tell the kinds of events better than "
                + "random weights do, the second to guess a hidden event's kind from what stands around it. That is what the method "
                + "promises, and it shows that this software does it from end to end.";
        }
        return "In this run " + (sees ? "the first network learned, but the second one did not clearly"
            : expects ? "the second network learned, but the first one did not clearly" : "neither network clearly learned")
            + ": there the share after learning does not stand far enough above the one before and above chance.";
    }

    /** Whether learning made a difference beyond what the draw of the cases makes: two standard errors of a difference of shares. */
    private static boolean isClear(Comparison shares) {
        double known = Math.max(shares.before(), shares.chance());
        double variance = shares.after() * (1 - shares.after()) + known * (1 - known);
        return shares.after() - known > 2 * Math.sqrt(variance / shares.cases());
    }

    private List<Command> commands() {
        return List.of(
            new Command("kinema report " + folder.backbone() + " " + folder.contextualizer() + " --out curves.html",
                "draws every curve of the two trainings"),
            new Command("kinema pretrain " + folder.settings() + " --out again", "trains again, with settings that you may change"),
            new Command("kinema embed " + folder.film() + " --weights " + folder.backboneWeights() + " --txe "
                + folder.contextualizerWeights() + " --out features", "writes features and events of a film as files of numbers"));
    }

    private Map<String, String> facts(Map<String, String> given) {
        Map<String, String> facts = new LinkedHashMap<>(given);
        facts.put("Backbone", String.format(Locale.ROOT, "%d steps in %.0f s, loss %.3f at the end", backbone.steps(), backbone.seconds(),
            backbone.last("loss").orElse(Double.NaN)));
        facts.put("Contextualizer", String.format(Locale.ROOT, "%d steps in %.0f s, loss %.3f at the end", contextualizer.steps(),
            contextualizer.seconds(), contextualizer.last("loss").orElse(Double.NaN)));
        facts.put("Device", config.device() + ", " + Runtime.getRuntime().availableProcessors() + " processors");
        facts.put("Made by", "Kinema " + Version.CURRENT + ", Java " + System.getProperty("java.version"));
        return facts;
    }
}
