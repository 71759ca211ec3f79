package dev.kinema.report;

import dev.kinema.report.ProfileReport.Node;
import dev.kinema.report.ProfileReport.Sum;
import dev.kinema.report.ProfileReport.Work;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The HTML page of a {@link ProfileReport}: a run as a flame, sums, nodes, facts. */
final class ProfilePage {
    private static final String[] RATES = {"ms", "Share", "GFLOP/s", "MB", "GB/s", "Roofline", "Reorders", "Their ms"};
    private static final int BAR_PIXELS = 52;

    private final ProfileReport report;
    private final double seconds;
    private final Flame flame;

    ProfilePage(ProfileReport report) {
        this.report = report;
        seconds = report.seconds();
        flame = new Flame(report);
    }

    String html() {
        PageShell shell = new PageShell(report.title(), List.of("page.css", "chart.css", "profile.css"), List.of("profile.js"), "", 0);
        Markup page = new Markup();
        shell.open(page);
        writeTitle(page);
        flame.writeTo(page);
        writeSums(page, "By operation", "Operation", report.operations(), true);
        writeSums(page, "By scope", "Scope", report.scopes(), false);
        writeNodes(page);
        writeFacts(page);
        shell.close(page, () -> { });
        return page.toString();
    }

    private void writeTitle(Markup page) {
        page.open("header").element("p", "Kinema profile", "class", "kind").element("h1", report.title());
        page.open("p", "class", "sizes").element("span", milliseconds(seconds) + " ms a run");
        page.element("span", report.nodes().size() + " nodes").element("span", report.steps().size() + " steps").close("p");
        for (String remark : report.remarks()) {
            page.element("p", remark, "class", "remark");
        }
        page.close("header").line();
    }

    private void writeSums(Markup page, String title, String what, List<Sum> sums, boolean coloured) {
        page.open("section").element("h2", title).open("div", "class", "wide").open("table", "class", "costs").open("thead").open("tr");
        page.element("th", what, "scope", "col").element("th", "Nodes", "scope", "col", "class", "rate");
        writeRateHeads(page);
        page.close("tr").close("thead").open("tbody").line();
        double most = sums.stream().mapToDouble(sum -> sum.work().seconds()).max().orElse(0);
        for (Sum sum : sums) {
            page.open("tr").open("td", "style", "padding-left:" + 18 * sum.depth() + "px");
            if (coloured) {
                page.open("i", "class", "dot " + flame.colour(sum.name())).close("i");
            }
            page.text(sum.name().isEmpty() ? "outside any scope" : sum.name().substring(sum.name().lastIndexOf('/') + 1)).close("td");
            page.element("td", Integer.toString(sum.nodes()), "class", "rate");
            writeWork(page, sum.work(), most);
            page.close("tr").line();
        }
        page.close("tbody");
        writeRest(page, 2, 0);
        page.close("table").close("div").close("section").line();
    }

    /** What belongs to no step, and the whole, below a table in which {@code before} columns come first and {@code after} last. */
    private void writeRest(Markup page, int before, int after) {
        page.open("tfoot");
        writeLine(page, "between the steps", report.rest(), before, after);
        writeLine(page, "a run", seconds, before, after);
        page.close("tfoot");
    }

    private void writeLine(Markup page, String name, double time, int before, int after) {
        page.open("tr").element("td", name, "colspan", Integer.toString(before)).element("td", milliseconds(time), "class", "rate");
        page.element("td", Numerals.percent(time / seconds), "class", "rate");
        page.element("td", "", "colspan", Integer.toString(RATES.length - 2 + after)).close("tr").line();
    }

    private void writeNodes(Markup page) {
        page.open("section").element("h2", "Nodes");
        page.element("p", "In the order they run; a click on a column's head sorts.", "class", "note");
        page.open("div", "class", "wide").open("table", "class", "costs sortable").open("thead").open("tr");
        page.element("th", "Node", "scope", "col");
        writeRateHeads(page);
        page.element("th", "Scope", "scope", "col").element("th", "Kernels", "scope", "col").close("tr").close("thead");
        page.open("tbody").line();
        double most = report.nodes().stream().mapToDouble(node -> node.work().seconds()).max().orElse(0);
        for (int i = 0; i < report.nodes().size(); i++) {
            Node node = report.nodes().get(i);
            page.open("tr").open("td", "data-value", Integer.toString(i));
            page.open("i", "class", "dot " + flame.colour(node.operation())).close("i").text(node.name());
            if (!node.members().isEmpty()) {
                page.element("small", String.join(" + ", node.members()));
            }
            if (!node.outputs().isEmpty()) {
                page.element("small", node.outputs());
            }
            page.close("td");
            writeWork(page, node.work(), most);
            page.element("td", node.scope()).open("td", "class", "kernel");
            node.kernels().forEach(kernel -> page.element("span", kernel));
            page.close("td").close("tr").line();
        }
        page.close("tbody");
        writeRest(page, 1, 2);
        page.close("table").close("div").close("section").line();
    }

    private static void writeRateHeads(Markup page) {
        for (String head : RATES) {
            page.element("th", head, "scope", "col", "class", "rate");
        }
    }

    /** @param most the longest time in the table, which has the longest bar */
    private void writeWork(Markup page, Work work, double most) {
        double share = work.seconds() / seconds;
        writeNumber(page, work.seconds(), milliseconds(work.seconds()));
        String bar = Numerals.coordinate(most == 0 ? 0 : BAR_PIXELS * work.seconds() / most);
        page.open("td", "class", "rate bar", "data-value", Double.toString(share)).open("i", "style", "width:" + bar + "px").close("i");
        page.element("b", Numerals.percent(share)).close("td");
        writeNumber(page, work.flopsPerSecond(), work.flopsPerSecond() == 0 ? "" : rate(work.flopsPerSecond()));
        writeNumber(page, work.bytes(), work.bytes() == 0 ? "" : megabytes(work.bytes()));
        writeNumber(page, work.bytesPerSecond(), work.bytesPerSecond() == 0 ? "" : rate(work.bytesPerSecond()));
        writeNumber(page, work.rooflineShare(), work.rooflineShare() == 0 ? "" : Numerals.percent(work.rooflineShare()));
        writeNumber(page, work.reorders(), work.reorders() == 0 ? "" : Integer.toString(work.reorders()));
        writeNumber(page, work.reorderSeconds(), work.reorders() == 0 ? "" : milliseconds(work.reorderSeconds()));
    }

    private static void writeNumber(Markup page, double value, String text) {
        page.element("td", text, "class", "rate", "data-value", Double.toString(value));
    }

    private void writeFacts(Markup page) {
        page.open("footer").element("h2", "How this was measured").open("dl").line();
        for (Map.Entry<String, String> fact : report.facts().entrySet()) {
            page.element("dt", fact.getKey()).element("dd", fact.getValue()).line();
        }
        page.close("dl").close("footer").line();
    }

    static String milliseconds(double seconds) {
        return String.format(Locale.ROOT, seconds < 0.1 ? "%,.3f" : "%,.1f", 1e3 * seconds);
    }

    private static String megabytes(long bytes) {
        return String.format(Locale.ROOT, bytes < 10_000_000 ? "%.3f" : "%,.1f", bytes / 1e6);
    }

    private static String rate(double perSecond) {
        return String.format(Locale.ROOT, perSecond < 1e10 ? "%.2f" : "%,.0f", perSecond / 1e9);
    }

    static String css(double share) {
        return String.format(Locale.ROOT, "%.4f%%", 100 * share);
    }
}
