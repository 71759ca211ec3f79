package dev.kinema.report;

import dev.kinema.report.HierarchyReport.Comparison;
import java.util.Locale;

/** How often something succeeded before and after training, as two bars with a line at chance. */
final class ShareBars {
    private ShareBars() {}

    static void write(Markup page, String title, Comparison comparison) {
        String words = title + ": before learning " + Numerals.percent(comparison.before()) + ", after learning "
            + Numerals.percent(comparison.after()) + ", by chance " + Numerals.percent(comparison.chance());
        page.open("figure", "class", "bars").element("figcaption", title);
        page.open("div", "role", "img", "aria-label", words);
        writeBar(page, "before learning", comparison.before(), comparison.chance(), "before");
        writeBar(page, "after learning", comparison.after(), comparison.chance(), "after");
        page.close("div").open("p", "class", "note").open("i", "class", "stroke").close("i")
            .text("chance: " + Numerals.percent(comparison.chance()) + ". Tried " + String.format(Locale.ROOT, "%,d", comparison.cases())
                + " times.").close("p").close("figure").line();
    }

    private static void writeBar(Markup page, String name, double share, double chance, String style) {
        page.open("div", "class", "bar").element("span", name, "class", "name").open("i", "class", "track");
        page.open("i", "class", "fill " + style, "style", "width:" + percent(share)).close("i");
        page.open("i", "class", "chance", "style", "left:" + percent(chance)).close("i");
        page.close("i").element("b", Numerals.percent(share)).close("div");
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.2f%%", 100 * share);
    }
}
