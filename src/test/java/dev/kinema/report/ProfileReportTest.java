package dev.kinema.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.report.ProfileReport.Node;
import dev.kinema.report.ProfileReport.Step;
import dev.kinema.report.ProfileReport.Stretch;
import dev.kinema.report.ProfileReport.Sum;
import dev.kinema.report.ProfileReport.Work;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Element;

class ProfileReportTest {
    private static final String HOSTILE = "</script><script>alert(1)</script>\"'&<img src=x>";
    private static final Pattern PLACE = Pattern.compile("left:([\\d.]+)%;width:([\\d.]+)%;top:(\\d+)px");

    private static Work work(double seconds, int reorders) {
        return new Work(seconds, 2e9, 12_500_000, 3e9, 0.5, reorders, reorders * 1e-3);
    }

    /** Three steps of 5, 1 and 3 ms, of which the first two are in scopes, and 1 ms between them. */
    private static ProfileReport report(String name) {
        List<Step> steps = List.of(new Step("%1 " + name, name, "conv [jit]", "s2/" + name, false, 5e-3),
            new Step("%2 Linear", "Linear", "reorder f32 [jit:uni]", "s2", true, 1e-3),
            new Step("%2 Linear", "Linear", "linear [brgemm]", "", false, 3e-3));
        List<Node> nodes = List.of(new Node("%1 " + name, name, List.of("Conv3d", "Relu"), "F32 [1, 8]", List.of("conv [jit]"), "s2/" + name,
            work(5e-3, 0)),
            new Node("%2 Linear", "Linear", List.of(), "", List.of("reorder f32 [jit:uni]", "linear [brgemm]"), "", work(4e-3, 1)));
        List<Sum> operations = List.of(new Sum(name, 0, 1, work(5e-3, 0)), new Sum("Linear", 0, 1, work(4e-3, 1)));
        List<Sum> scopes = List.of(new Sum("s2", 0, 2, work(6e-3, 1)), new Sum("s2/" + name, 1, 1, work(5e-3, 0)),
            new Sum("", 0, 1, work(3e-3, 0)));
        return new ProfileReport(name, 1e-3, steps, List.of(new Stretch("s2", 0, 0, 1), new Stretch("s2/" + name, 1, 0, 0)), nodes, operations,
            scopes, List.of(name), Map.of("Device", name));
    }

    private static List<double[]> places(List<Element> boxes) {
        List<double[]> places = new ArrayList<>();
        for (Element box : boxes) {
            Matcher place = PLACE.matcher(box.getAttribute("style"));
            assertTrue(place.matches(), box.getAttribute("style"));
            places.add(new double[] {Double.parseDouble(place.group(1)), Double.parseDouble(place.group(2)), Double.parseDouble(place.group(3))});
        }
        return places;
    }

    @Test
    void widthIsTime() {
        PageMarkup page = PageMarkup.of(report("Conv").toHtml());
        List<Element> boxes = page.all("i", "box");
        List<double[]> places = places(boxes);
        double[][] expected = {{0, 100, 0}, {0, 60, 24}, {0, 50, 48}, {0, 50, 72}, {50, 10, 48}, {60, 30, 24}, {90, 10, 24}};
        assertEquals(expected.length, places.size(), "the run, two scopes, three steps, the rest");
        for (int i = 0; i < expected.length; i++) {
            for (int k = 0; k < 3; k++) {
                // four digits are written
                assertEquals(expected[i][k], places.get(i)[k], 1e-4, boxes.get(i).getAttribute("title"));
            }
        }
        assertEquals(1, page.all("i", "reorder").size());
        assertTrue(boxes.get(4).getAttribute("title").contains("1.000 ms, 10%"), boxes.get(4).getAttribute("title"));
    }

    @Test
    void tablesSayTheSame() {
        PageMarkup page = PageMarkup.of(report("Conv").toHtml());
        page.assertLegible();
        List<String> rows = page.all("tr", "").stream().map(Element::getTextContent).toList();
        assertTrue(rows.contains("%1 ConvConv3d + ReluF32 [1, 8]5.00050%2.0012.53.0050%s2/Convconv [jit]"), rows::toString);
        assertTrue(rows.contains("%2 Linear4.00040%2.0012.53.0050%11.000reorder f32 [jit:uni]linear [brgemm]"), rows::toString);
        assertEquals(3, rows.stream().filter("between the steps1.00010%"::equals).count(), "below each table");
        assertEquals(3, rows.stream().filter("a run10.000100%"::equals).count());
        assertTrue(rows.contains("outside any scope13.00030%2.0012.53.0050%"), rows::toString);
        assertEquals(1, page.all("table", "sortable").size());
    }

    @Test
    void theFileStandsAloneAndNamesAreEscaped() {
        String html = report(HOSTILE).toHtml();
        PageMarkup.assertLoadsNothing(html);
        PageMarkup page = PageMarkup.of(html);
        assertFalse(html.contains("<img src=x>"));
        assertEquals(HOSTILE, page.all("h1", "").get(0).getTextContent());
    }

    @Test
    void whatTakesNoTimeIsNoProfile() {
        assertThrows(IllegalArgumentException.class, () -> new ProfileReport("t", 0, List.of(), List.of(), List.of(), List.of(), List.of(),
            List.of(), Map.of()));
    }
}
