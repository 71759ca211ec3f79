package dev.kinema.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.report.FilmReport.Picture;
import dev.kinema.report.FilmReport.Shot;
import dev.kinema.report.HierarchyReport.Amount;
import dev.kinema.report.HierarchyReport.Backbone;
import dev.kinema.report.HierarchyReport.Command;
import dev.kinema.report.HierarchyReport.Comparison;
import dev.kinema.report.HierarchyReport.Contextualizer;
import dev.kinema.report.HierarchyReport.Event;
import dev.kinema.report.HierarchyReport.Found;
import dev.kinema.report.HierarchyReport.HeldOutFilm;
import dev.kinema.report.HierarchyReport.Kind;
import dev.kinema.report.HierarchyReport.MaskedEvent;
import dev.kinema.report.HierarchyReport.Matrix;
import dev.kinema.report.HierarchyReport.Neighbours;
import dev.kinema.report.HierarchyReport.Step;
import dev.kinema.report.HierarchyReport.Vocabulary;
import dev.kinema.report.LineChart.Curve;
import dev.kinema.report.LineChart.Reference;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

class HierarchyReportTest {
    private static final String HOSTILE = "</style><script>alert(1)</script>\"'&<img src=x>";
    private static final List<String> KINDS = List.of("stripes", "rings", "checks", "clouds", "waves", "grid");
    private static final int WIDTH = 96;
    private static final int HEIGHT = 72;

    /** Stripes, rings and so on, of a hue a kind, with noise that keeps PNG from being small. */
    private static Picture picture(int kind, int seed) {
        Random random = new Random(31L * seed + kind);
        double phase = random.nextDouble() * 6;
        byte[] rgb = new byte[WIDTH * HEIGHT * 3];
        for (int i = 0; i < WIDTH * HEIGHT; i++) {
            double x = i % WIDTH;
            double y = i / WIDTH;
            double wave = switch (kind % 6) {
                case 0 -> Math.sin((x + y) / 5 + phase);
                case 1 -> Math.sin(Math.hypot(x - 48, y - 36) / 3 + phase);
                case 2 -> Math.signum(Math.sin(x / 5 + phase) * Math.sin(y / 5));
                case 3 -> Math.sin(x / 17 + phase) * Math.cos(y / 13);
                case 4 -> Math.sin(y / 4 + 2 * Math.sin(x / 9 + phase));
                default -> Math.max(Math.sin(x / 3 + phase), Math.sin(y / 3));
            };
            int colour = OkLab.polar(0.45 + 0.2 * wave, 0.12, 60 * kind + 20 * wave).inSrgb().rgb();
            for (int c = 0; c < 3; c++) {
                rgb[3 * i + c] = (byte) Math.max(0, Math.min(255, (colour >> 16 - 8 * c & 0xFF) + random.nextInt(13) - 6));
            }
        }
        return new Picture(seed, WIDTH, HEIGHT, rgb);
    }

    private static Event event(int kind, int seed) {
        return new Event(KINDS.get(kind), picture(kind, seed));
    }

    private static Curve curve(String name, int n, double noise, DoubleUnaryOperator law) {
        Random random = new Random(7);
        double[] x = new double[n];
        double[] y = new double[n];
        for (int i = 0; i < n; i++) {
            x[i] = i + 1;
            y[i] = law.applyAsDouble((double) i / n) + noise * random.nextGaussian();
        }
        return new Curve(name, x, y);
    }

    private static List<Found> found(int... kinds) {
        List<Found> found = new ArrayList<>();
        for (int i = 0; i < kinds.length; i++) {
            found.add(new Found(event(kinds[i], i % 3), 0.97 - 0.11 * i));
        }
        return found;
    }

    private static Vocabulary vocabulary() {
        double[][] transitions = new double[6][6];
        List<Kind> kinds = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            kinds.add(new Kind(KINDS.get(i), List.of(picture(i, 0), picture(i, 1), picture(i, 2))));
            transitions[i][(i + 1) % 6] = 0.85;
            transitions[i][(i + 3) % 6] = 0.15;
        }
        return new Vocabulary(kinds, transitions);
    }

    private static HeldOutFilm film() {
        int[] order = {0, 1, 2, 3, 0, 1, 4, 5};
        List<Shot> shots = new ArrayList<>();
        List<Picture> pictures = new ArrayList<>();
        for (int i = 0; i < order.length; i++) {
            shots.add(new Shot(4 * i, 4 * i + 4, KINDS.get(order[i])));
            Picture still = picture(order[i], i);
            pictures.add(new Picture(4 * i + 2, WIDTH, HEIGHT, still.rgb()));
        }
        List<Matrix> matrices = new ArrayList<>();
        double[] noises = {3, 0.5, 0.15};
        String[] titles = {"Backbone, before learning", "Backbone, after learning", "Contextualizer, after learning"};
        for (int m = 0; m < 3; m++) {
            Random random = new Random(m);
            double[] starts = new double[31];
            float[][] features = new float[31][16];
            for (int i = 0; i < 31; i++) {
                starts[i] = i;
                for (int k = 0; k < 16; k++) {
                    features[i][k] = (float) ((k % 6 == order[i / 4] ? 2 : 0) + noises[m] * random.nextGaussian());
                }
            }
            matrices.add(new Matrix(titles[m], "What this network makes of the film.", 1, starts, features));
        }
        return new HeldOutFilm(32, shots, pictures, matrices);
    }

    private static HierarchyReport whole() {
        Comparison kinds = new Comparison(0.41, 0.94, 1 / 6.0, 480);
        Backbone backbone = new Backbone(List.of(curve("backbone", 400, 0.12, t -> 0.8 + 3.2 * Math.exp(-5 * t))),
            List.of(new Reference("chance: ln(63) = 4.14", Math.log(63))), Optional.of(kinds),
            List.of(new Neighbours(event(1, 5), found(4, 1, 3), found(1, 1, 1)), new Neighbours(event(3, 5), found(2, 5, 3), found(3, 3,
            2))));
        List<Event> row = List.of(event(0, 8), event(1, 8), event(2, 8), event(3, 8), event(4, 8));
        Contextualizer contextualizer = new Contextualizer(5, 1024, List.of(curve("contextualizer", 1500, 0.2, t -> 2.6
            + 4.3 * Math.exp(-6 * t))),
            List.of(curve("spread", 1500, 0.002, t -> 0.05 + 0.03 * t)), List.of(new Reference("evenly spread: 0.088", 0.088)),
            Optional.of(new Comparison(0.002, 0.14, 0.001, 960)),
            Optional.of(new Comparison(0.19, 0.82, 1 / 6.0, 960)), 960,
            List.of(new MaskedEvent(row, List.of(2), 2, found(5, 0, 1, 2), found(2, 2, 2, 5)),
                new MaskedEvent(row, List.of(2, 3), 3, found(4, 0, 1, 5), found(3, 0, 3, 3))));
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("Command", "kinema demo --seed 1");
        facts.put("Seeds", "films 1, backbone 2, contextualizer 3");
        facts.put("Time", "films 21 s, backbone 118 s, features 30 s, contextualizer 41 s");
        return new HierarchyReport("Learning to watch films without being told what is in them", List.of(
            Step.makingFilms(new Amount("96", "films"), new Amount("768", "events"), new Amount("21", "s")),
            Step.learningToSee(new Amount("400", "steps"), new Amount("118", "s")),
            Step.learningToExpect(new Amount("1,500", "steps"), new Amount("41", "s"))), Optional.of(vocabulary()), Optional.of(backbone),
            Optional.of(contextualizer), Optional.of(film()),
            List.of("The films are drawn by a program, and simple. That two small networks find out their grammar shows that the method "
            + "and this "
                + "software work; it does not show how well they do on real films."),
            List.of(new Command("kinema pretrain configs/demo.yaml", "trains again, with settings you may change"),
                new Command("kinema report kinema-demo/runs/backbone", "all curves of the training")), facts);
    }

    private static PageMarkup read(String html) {
        PageMarkup.assertLoadsNothing(html);
        PageMarkup page = PageMarkup.of(html);
        page.assertLegible();
        return page;
    }

    @Test
    void theWholeStory() throws IOException {
        String html = whole().toHtml();
        PageMarkup.keep("example-hierarchy.html", html);
        PageMarkup page = read(html);
        assertTrue(html.length() < 2_000_000, html.length() + " characters");
        assertEquals(List.of("What was done", "What the films are made of", "Step one: learning to see", "Step two: learning to expect",
            "A film that neither network has seen", "What this shows, and what it does not", "To go on", "How this page was made"),
            page.all("h2", "").stream().map(e -> e.getTextContent()).toList());
        assertTrue(html.contains("chance: ln(1,025) = 6.93"));
        assertEquals(3, page.all("img", "").size());
        assertEquals(3, page.all("figure", "chart").size());
        assertFalse(html.replaceAll("base64,[A-Za-z0-9+/=]*", "").contains("NaN"));
    }

    @Test
    void hiddenEventsAreCoveredAndVerdictsAreWords() {
        PageMarkup page = PageMarkup.of(whole().toHtml());
        assertEquals(3, page.all("li", "hidden").size());
        assertEquals(2, page.all("li", "asked").size());
        assertTrue(page.all("li", "hidden").stream().noneMatch(card -> card.getElementsByTagName("b").getLength() > 0),
            "no name of what is hidden");
        assertTrue(page.all("li", "same").stream().allMatch(card -> card.getTextContent().contains("same kind")));
        assertTrue(page.all("li", "other").stream().allMatch(card -> card.getTextContent().contains("another kind")));
        // of the lists above
        assertEquals(1 + 3 + 1 + 2 + 1 + 3 + 0 + 3, page.all("li", "same").size());
        assertEquals(2 + 0 + 2 + 1 + 3 + 1 + 4 + 1, page.all("li", "other").size());
    }

    @Test
    void partsMayBeMissing() {
        read(new HierarchyReport("t", List.of(), Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), List.of(),
            List.of(),
            Map.of()).toHtml());
        PageMarkup page = read(new HierarchyReport("t", List.of(Step.learningToSee()), Optional.of(new Vocabulary(List.of(),
            new double[0][])),
            Optional.of(new Backbone(List.of(), List.of(), Optional.empty(), List.of())),
            Optional.of(new Contextualizer(5, 8, List.of(), List.of(), List.of(), Optional.empty(), Optional.empty(), 0, List.of())),
            Optional.of(new HeldOutFilm(3, List.of(), List.of(), List.of())), List.of(), List.of(), Map.of()).toHtml());
        assertEquals(0, page.all("figure", "").size());
    }

    @Test
    void textStaysText() {
        Picture dot = new Picture(0, 2, 2, new byte[12]);
        Event event = new Event(HOSTILE, dot);
        String html = new HierarchyReport(HOSTILE, List.of(new Step(HOSTILE, HOSTILE, List.of(new Amount(HOSTILE, HOSTILE)))),
            Optional.of(new Vocabulary(List.of(new Kind(HOSTILE, List.of(dot))), new double[][] {{1}})),
            Optional.of(new Backbone(List.of(), List.of(), Optional.empty(), List.of(new Neighbours(event, List.of(new Found(event, 1)),
            List.of())))),
            Optional.empty(), Optional.of(new HeldOutFilm(2, List.of(new Shot(0, 2, HOSTILE)), List.of(dot),
                List.of(new Matrix(HOSTILE, HOSTILE, 1, new double[] {0}, new float[][] {{1}})))),
            List.of(HOSTILE), List.of(new Command(HOSTILE, HOSTILE)), Map.of(HOSTILE, HOSTILE)).toHtml();
        read(html);
        assertEquals(1, html.split("<script").length - 1, "our own script only");
        assertEquals(1, html.split("</style").length - 1);
    }

    @Test
    void picturesStandOnceAndAreShrunkToTheirBudget() {
        Album album = new Album(20_000);
        Markup page = new Markup();
        for (int i = 0; i < 20; i++) {
            album.write(page, picture(i % 2, i % 2), "words");
        }
        assertEquals(2, album.css().split("data:image").length - 1);
        assertEquals(20, PageMarkup.of("<p>" + page + "</p>").all("i", "picture").size());
        List<Picture> many = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            many.add(picture(i % 6, i));
        }
        List<Picture> fitting = PictureBudget.fit(many, 60_000);
        assertTrue(fitting.get(0).width() < WIDTH && fitting.stream().mapToInt(p -> Png.ofRgb(p.width(), p.height(),
            p.rgb()).length).sum() <= 60_000);
        assertEquals(many, PictureBudget.fit(many, 1_000_000));
        Picture shrunk = PictureBudget.shrunk(new Picture(0, 3, 2, new byte[] {0, 10, 0, 4, 30, 0, 99, 99, 99, 8, 50, 0, 12, 70, -1, 99, 99,
            99}), 2);
        assertEquals(List.of(1, 1, 6, 40, 64), List.of(shrunk.width(), shrunk.height(), (int) shrunk.rgb()[0], (int) shrunk.rgb()[1],
            (int) shrunk.rgb()[2]));
    }

    @Test
    void refusesWhatDoesNotFit() {
        assertThrows(IllegalArgumentException.class, () -> new Comparison(0.5, 1.2, 0.1, 3));
        assertThrows(IllegalArgumentException.class, () -> new Comparison(Double.NaN, 0.2, 0.1, 3));
        assertThrows(IllegalArgumentException.class, () -> new Vocabulary(List.of(), new double[][] {{1}}));
        assertThrows(IllegalArgumentException.class, () -> new MaskedEvent(List.of(event(0, 0)), List.of(), 0, List.of(), List.of()));
    }
}
