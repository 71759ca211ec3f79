package dev.kinema.report;

import dev.kinema.report.ProfileReport.Step;
import dev.kinema.report.ProfileReport.Stretch;
import dev.kinema.report.ProfileReport.Sum;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A run from left to right, width for time: the run on top, below it scopes, below these the steps in the colour of their operation. */
final class Flame {
    private static final int ROW_PIXELS = 24;
    private static final String OTHERS = "c" + (LineChart.STYLES - 1);

    private final ProfileReport report;
    private final double seconds;
    private final double[] starts;
    /** By kind of operation; the ones that take longest have one of their own. */
    private final Map<String, String> colours = new HashMap<>();

    Flame(ProfileReport report) {
        this.report = report;
        seconds = report.seconds();
        starts = new double[report.steps().size() + 1];
        for (int i = 0; i < report.steps().size(); i++) {
            starts[i + 1] = starts[i] + report.steps().get(i).seconds();
        }
        List<Sum> operations = report.operations();
        for (int i = 0; i < Math.min(operations.size(), LineChart.STYLES - 1); i++) {
            colours.put(operations.get(i).name(), "c" + i);
        }
    }

    /** The class of an operation's colour. */
    String colour(String operation) {
        return colours.getOrDefault(operation, OTHERS);
    }

    void writeTo(Markup page) {
        int rows = 2 + report.steps().stream().mapToInt(step -> depth(step.scope())).max().orElseThrow();
        page.open("section").element("h2", "A run, from left to right");
        page.open("div", "class", "flame", "role", "img", "aria-label", "The steps of a run by scope, in proportion to their time; "
            + "the tables below say the same").open("div", "class", "sheet", "style", "height:" + rows * ROW_PIXELS + "px").line();
        writeBox(page, "box scope", "a run", ProfilePage.milliseconds(seconds) + " ms", 0, seconds, 0);
        for (Stretch stretch : report.stretches()) {
            double time = starts[stretch.last() + 1] - starts[stretch.first()];
            String name = stretch.scope().substring(stretch.scope().lastIndexOf('/') + 1);
            writeBox(page, "box scope", name, stretch.scope() + ": " + told(time), starts[stretch.first()], time, 1 + stretch.depth());
        }
        for (int i = 0; i < report.steps().size(); i++) {
            Step step = report.steps().get(i);
            String style = "box " + colour(step.operation()) + (step.reorder() ? " reorder" : "");
            String words = step.name() + ": " + told(step.seconds()) + "\n" + step.kernel() + "\n" + step.scope();
            writeBox(page, style, step.operation(), words, starts[i], step.seconds(), 1 + depth(step.scope()));
        }
        String rest = "between the steps";
        writeBox(page, "box scope", rest, rest + ": " + told(report.rest()), seconds - report.rest(), report.rest(), 1);
        page.close("div").close("div").line();
        writeLegend(page);
        page.close("section").line();
    }

    private String told(double time) {
        return ProfilePage.milliseconds(time) + " ms, " + Numerals.percent(time / seconds);
    }

    /** How many scopes a step is in. */
    private static int depth(String scope) {
        return scope.isEmpty() ? 0 : scope.split("/").length;
    }

    private void writeBox(Markup page, String style, String label, String words, double start, double time, int row) {
        page.element("i", label, "class", style, "title", words, "style", "left:" + ProfilePage.css(start / seconds) + ";width:"
            + ProfilePage.css(time / seconds) + ";top:" + row * ROW_PIXELS + "px").line();
    }

    private void writeLegend(Markup page) {
        page.open("p", "class", "note key");
        for (Sum sum : report.operations().subList(0, colours.size())) {
            page.open("span").open("i", "class", "dot " + colour(sum.name())).close("i").text(sum.name()).close("span");
        }
        if (report.operations().size() > colours.size()) {
            page.open("span").open("i", "class", "dot " + OTHERS).close("i").text("others").close("span");
        }
        page.close("p").element("p", "A click on a box shows it as wide as the page, one on the uppermost shows the whole run. Hatched "
            + "steps are reorders: they only move data between layouts or types.", "class", "note");
    }
}
