package dev.kinema.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.report.RunReport.Run;
import dev.kinema.report.RunReport.Series;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Element;

class RunReportTest {
    private static final String HOSTILE = "</script><script>alert(1)</script>\"'&<img src=x>";

    private static Series series(String name, double... values) {
        double[] steps = new double[values.length];
        for (int i = 0; i < steps.length; i++) {
            steps[i] = 10 * i;
        }
        return new Series(name, steps, values);
    }

    private static List<String> texts(List<Element> elements) {
        return elements.stream().map(Element::getTextContent).toList();
    }

    private static PageMarkup read(RunReport report) {
        String html = report.toHtml();
        PageMarkup.assertLoadsNothing(html);
        PageMarkup page = PageMarkup.of(html);
        page.assertLegible();
        return page;
    }

    @Test
    void lossComesFirstThenTheLearningRate() {
        Run run = Run.of("a", List.of(series("wait_s", 1, 2), series("lr", 1, 2), series("knn_top1", 0.1, 0.7, 0.4), series("loss", 5, 3,
            4)));
        PageMarkup page = read(RunReport.of("t", List.of(run)));
        assertEquals(List.of("loss", "lr", "knn_top1", "wait_s"), texts(page.all("figcaption", "")));
        List<String> values = texts(page.all("tr", ""));
        assertTrue(values.contains("lossa4203 at step 10"), values::toString);
        assertTrue(values.contains("knn_top1a0.4200.7 at step 10"), values::toString);
        assertTrue(values.contains("lra210"), values::toString);
    }

    @Test
    void aRunKeepsItsColourWhereAnotherLacksTheMetric() {
        Run first = Run.of("first", List.of(series("loss", 3, 2)));
        Run second = Run.of("second", List.of(series("loss", 3, 1), series("knn", 0, 1)));
        PageMarkup page = read(RunReport.of("t", List.of(first, second)));
        Element knn = page.all("figure", "chart").get(1);
        assertEquals("second", ((Element) knn.getElementsByTagName("li").item(0)).getTextContent());
        assertEquals(1, knn.getElementsByTagName("li").getLength());
        assertEquals("curve c1", ((Element) knn.getElementsByTagName("path").item(0)).getAttribute("class"));
    }

    @Test
    void onlySettingsThatDifferAreShown() {
        Map<String, String> one = new LinkedHashMap<>(Map.of("seed", "1", "lr", "0.1"));
        Map<String, String> other = new LinkedHashMap<>(Map.of("seed", "1", "lr", "0.2", "queue.size", "64"));
        String html = RunReport.of("t", List.of(new Run("a", Map.of(), one, List.of(), List.of()),
            new Run("b", Map.of(), other, List.of(), List.of("the loss rises")))).toHtml();
        List<String> rows = texts(PageMarkup.of(html).all("tr", ""));
        assertTrue(rows.contains("lr0.10.2") && rows.contains("queue.size\u201364"), rows::toString);
        assertTrue(rows.stream().noneMatch(row -> row.contains("seed")), rows::toString);
        assertTrue(html.contains("The other 1 settings are the same."));
        assertTrue(html.contains("b: the loss rises") && html.contains("Nothing has been logged yet."));
    }

    @Test
    void aLivePageReadsItselfAgain() {
        Run run = Run.of("a", List.of(series("loss", 1)));
        assertFalse(RunReport.of("t", List.of(run)).toHtml().contains("http-equiv=\"refresh\""));
        assertTrue(new RunReport("t", List.of(run), Map.of(), true, 15).toHtml().contains("http-equiv=\"refresh\" content=\"15\""));
    }

    @Test
    void textStaysText() {
        Run run = new Run(HOSTILE, Map.of(HOSTILE, HOSTILE), Map.of(HOSTILE, HOSTILE), List.of(series(HOSTILE, 1, Double.NaN)),
            List.of(HOSTILE));
        String html = new RunReport(HOSTILE, List.of(run), Map.of(HOSTILE, List.of(new LineChart.Reference(HOSTILE, 2))), false,
            0).toHtml();
        PageMarkup.of(html).assertLegible();
        assertEquals(1, html.split("<script").length - 1, "our own script only");
        assertFalse(html.contains("<img"));
    }

    @Test
    void refusesWhatCannotBeToldApart() {
        Run run = Run.of("a", List.of());
        assertThrows(IllegalArgumentException.class, () -> RunReport.of("t", List.of(run, run)));
        assertThrows(IllegalArgumentException.class, () -> RunReport.of("t", List.of()));
        assertThrows(IllegalArgumentException.class, () -> Run.of("a", List.of(series("x"), series("x"))));
    }

    /** Three runs of 100,000 steps: a page to look at, and small. */
    @Test
    void example() throws IOException {
        List<Run> runs = new ArrayList<>();
        for (int r = 0; r < 3; r++) {
            Random random = new Random(r);
            int n = r == 2 ? 61_000 : 100_000;
            double[] steps = new double[n];
            double[] loss = new double[n];
            double[] lr = new double[n];
            for (int i = 0; i < n; i++) {
                steps[i] = i;
                lr[i] = 0.1 * (r + 1) * Math.min(i / 5000.0, 0.5 + 0.5 * Math.cos(Math.PI * i / 100_000));
                loss[i] = (3 + 8.1 * Math.exp(-i / (9000.0 * (r + 1)))) * (1 + 0.06 * random.nextGaussian());
                loss[i] = r == 2 && i > 60_950 ? Double.NaN : loss[i];
            }
            List<Series> series = new ArrayList<>(List.of(new Series("lr", steps, lr), new Series("loss", steps, loss)));
            double[] accuracies = new double[40];
            for (int i = 0; i < 40; i++) {
                accuracies[i] = 0.9 - 0.8 * Math.exp(-i / (5.0 + 3 * r));
            }
            series.add(new Series("knn_top1", IntStream.range(0, 40).mapToDouble(i -> i * 2500.0 * n / 100_000).toArray(), accuracies));
            Map<String, String> settings = new LinkedHashMap<>(Map.of("optimizer.lr", "0." + (r + 1), "seed", "1", "data.batch", "64"));
            runs.add(new Run("mask-lr-0." + (r + 1), new LinkedHashMap<>(Map.of("Folder", "runs/mask-lr-0." + (r + 1), "Steps", n + "")),
                settings,
                series, r == 2 ? List.of("The loss was NaN at step 60,951 (node info_nce); the last good checkpoint is step-60000.")
                : List.of()));
        }
        Map<String, List<LineChart.Reference>> references = Map.of("loss", List.of(new LineChart.Reference("chance: ln(65,537)",
            Math.log(65_537))));
        RunReport report = new RunReport("Learning rates of mask prediction", runs, references, false, 0);
        read(report);
        String html = report.toHtml();
        PageMarkup.keep("example-runs.html", html);
        assertTrue(html.length() < 250_000, html.length() + " characters");
    }
}
