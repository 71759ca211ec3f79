package dev.kinema.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.kinema.KinemaException;
import dev.kinema.report.FilmReport.Picture;
import dev.kinema.report.FilmReport.Shot;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class FilmReportTest {
    private static final String HOSTILE = "</script><script>alert(1)</script>\"'&<img src=x onerror=alert(2)>\u0001";
    private static final Set<String> VOID = Set.of("meta", "img", "input");
    private static final Pattern TAG = Pattern.compile("<(/?)([a-z0-9]+)((?:\\s+[a-zA-Z-]+(?:=\"[^\"<]*\")?)*)>");

    /** Shots A, B, A of 4 clips each, one a second, whose features depend on the scene and a little on the time. */
    private static FilmReport film(String text) {
        double[] starts = new double[12];
        float[][] features = new float[12][];
        for (int i = 0; i < 12; i++) {
            starts[i] = i;
            features[i] = i / 4 == 1 ? new float[] {9, 0, 2 + 0.01f * i} : new float[] {9, 3, 0.02f * i};
        }
        List<Shot> shots = List.of(new Shot(0, 4, text), new Shot(4, 8, "B"), new Shot(8, 12, text));
        return new FilmReport(text, 12, 1, starts, features, shots, List.of(new Picture(1, 2, 2, new byte[12]), new Picture(6, 2, 2, new byte[12])),
            List.of(text), Map.of(text, text));
    }

    private static FilmReport plain(float[][] features, double hop) {
        double[] starts = new double[features.length];
        for (int i = 0; i < starts.length; i++) {
            starts[i] = i * hop;
        }
        return new FilmReport("plain", features.length * hop, 2, starts, features, List.of(), List.of(), List.of(), Map.of());
    }

    /** The page without the contents of its style sheet and scripts, which are no markup. */
    private static String markup(String html) {
        return html.replaceAll("(?s)(<(style|script)[^>]*>).*?</\\2>", "$1</$2>");
    }

    /** Every {@code <} starts a tag of ours, and tags nest: what was given as text stayed text. */
    private static void assertNests(String html) {
        String markup = markup(html).replaceFirst("<!doctype html>", "");
        Deque<String> open = new ArrayDeque<>();
        Matcher tag = TAG.matcher(markup);
        int tags = 0;
        while (tag.find()) {
            tags++;
            if (!tag.group(1).isEmpty()) {
                assertEquals(open.pop(), tag.group(2), () -> "closed in the wrong order at " + tag.start());
            } else if (!VOID.contains(tag.group(2))) {
                open.push(tag.group(2));
            }
        }
        assertEquals(List.of(), List.copyOf(open));
        assertEquals(markup.chars().filter(c -> c == '<').count(), tags);
    }

    @Test
    void textStaysText() {
        String html = film(HOSTILE).toHtml();
        assertNests(html);
        assertFalse(html.contains("alert(1)</script>"));
        assertFalse(html.contains("<img src=x"));
        assertFalse(html.contains("\u0001"));
        assertEquals(2, html.split("<script").length - 1, "scripts: the data and our own");
        assertTrue(html.contains("&lt;img src=x onerror=alert(2)&gt;"));
    }

    @Test
    void nothingIsLoadedFromElsewhere() {
        String html = film("A").toHtml();
        assertTrue(html.contains("default-src &#39;none&#39;"), "the page forbids itself to load");
        assertFalse(Pattern.compile("https?:|[\"'(=]//").matcher(html.replaceAll("(base64,|cosines\":\")[A-Za-z0-9+/=]*", "")).find());
        Matcher source = Pattern.compile("(?:src=\"|href=\"|url\\()(.{5})").matcher(html);
        int sources = 0;
        while (source.find()) {
            sources++;
            assertEquals("data:", source.group(1));
        }
        assertEquals(4, sources, "two matrices and two pictures, each once");
    }

    @Test
    void theScriptsDataAreTheCosines() {
        FilmReport film = film("A");
        Matcher data = Pattern.compile("(?s)id=\"data\">(.*?)</script>").matcher(film.toHtml());
        assertTrue(data.find());
        JsonObject json = JsonParser.parseString(data.group(1)).getAsJsonObject();
        assertEquals(12, json.getAsJsonArray("events").size());
        ByteBuffer raw = ByteBuffer.wrap(Base64.getDecoder().decode(json.getAsJsonObject("raw").get("cosines").getAsString()));
        SelfSimilarity expected = SelfSimilarity.of(film.features());
        for (int i = 0; i < 144; i++) {
            assertEquals(expected.cosine(i / 12, i % 12), (raw.getShort(2 * i) & 0xFFFF) / 65535.0 * 2 - 1, 1.0 / 65535);
        }
    }

    @Test
    void scenesThatComeBackAreCounted() {
        String html = film("A").toHtml();
        assertTrue(html.contains("Of 8 events whose scene comes back in another shot, 8 have their nearest event in that scene."), html.substring(0, 50));
    }

    /** Takes under a second; work per pixel that grows with the film would take minutes. */
    @Test
    @Timeout(30)
    void pagesOfLittleAndOfMuch() {
        String one = plain(new float[][] {{1, 2, 3}}, 2).toHtml();
        assertNests(one);
        assertTrue(one.contains(">none<"));
        assertNests(plain(new float[][] {{0, 0}, {0, 0}}, 2).toHtml());
        float[][] much = new float[1300][];
        for (int i = 0; i < much.length; i++) {
            much[i] = new float[] {(float) Math.sin(i / 50.0), (float) Math.cos(i / 31.0), 1};
        }
        String many = plain(much, 2).toHtml();
        assertNests(many);
        assertTrue(many.contains("every event here is the mean of 3 clips"));
        assertTrue(many.contains(">43:20<") || many.contains(">40:00<"), "marks in minutes");
    }

    @Test
    void refusesWhatCannotBeShown() {
        KinemaException notFinite = assertThrows(KinemaException.class, () -> plain(new float[][] {{1}, {Float.NaN}}, 2));
        assertTrue(notFinite.getMessage().contains("at 2.0 s holds NaN"), notFinite.getMessage());
        assertThrows(IllegalArgumentException.class, () -> plain(new float[][] {{1}, {1, 2}}, 2));
        assertThrows(IllegalArgumentException.class, () -> plain(new float[0][], 2));
        assertThrows(IllegalArgumentException.class, () -> plain(new float[][] {{1}, {1}}, 0));
        assertThrows(IllegalArgumentException.class, () -> new Picture(0, 2, 2, new byte[11]));
    }
}
