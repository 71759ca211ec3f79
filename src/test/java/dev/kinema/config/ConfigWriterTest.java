package dev.kinema.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigWriterTest {
    enum Kind { PLAIN, OF_TWO_WORDS, NULL, TRUE }

    record Point(double x, @Default("2") float y) {}

    record Empty(Optional<String> nothing) {}

    record All(int count, Integer boxed, long seed, Long boxedSeed, float rate, double peak, Double boxedPeak, boolean fast,
            Boolean boxedFast, String name, Path path, Kind kind, Point point, Empty empty, List<Point> points,
            List<List<Integer>> table, List<Kind> kinds, List<List<Point>> groups, List<Empty> empties, Optional<Point> maybe,
            Optional<List<String>> names, Optional<Path> absent) {}

    record Text(String text, List<String> listed) {}

    record Numbers(List<Double> reals, List<Float> singles) {}

    private static All all(Optional<Point> maybe) {
        Point a = new Point(1e-4, 0.1f);
        Point b = new Point(-0.0, 3e30f);
        return new All(-3, 4, Long.MIN_VALUE, Long.MAX_VALUE, 0.3f, 0.1, 1e300, true, false, "slow-d", Path.of("a b/c.yaml"),
                Kind.OF_TWO_WORDS, a, new Empty(Optional.empty()), List.of(a, b), List.of(List.of(1, 2), List.of()), List.of(Kind.values()),
                List.of(List.of(a), List.of()), List.of(new Empty(Optional.of("x")), new Empty(Optional.empty())), maybe,
                Optional.of(List.of("x", "y z")), Optional.empty());
    }

    @Test
    void everyKindOfValueComesBack() {
        for (All settings : List.of(all(Optional.empty()), all(Optional.of(new Point(1, 2))))) {
            assertEquals(settings, ConfigReader.parse("written", ConfigWriter.write(settings), All.class));
        }
        assertEquals("{}\n", ConfigWriter.write(new Empty(Optional.empty())));
    }

    @Test
    void layoutIsOneThatPeopleWrite() {
        String yaml = ConfigWriter.write(all(Optional.empty()));
        assertEquals("""
                count: -3
                boxed: 4
                seed: -9223372036854775808
                boxed_seed: 9223372036854775807
                rate: 0.3
                peak: 0.1
                boxed_peak: 1.0e300
                fast: true
                boxed_fast: false
                name: slow-d
                path: "a b/c.yaml"
                kind: of_two_words
                point:
                  x: 1.0e-4
                  y: 0.1
                empty: {}
                points:
                  - x: 1.0e-4
                    y: 0.1
                  - x: -0.0
                    y: 3.0e30
                table: [[1, 2], []]
                kinds: [plain, of_two_words, "null", "true"]
                """, yaml.substring(0, yaml.indexOf("groups")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "true", "No", "Null", "~", "1", "1e5", ".inf", "-", "---", "a: b", "a #b", "#", "[x]", "{", "&a", "*a",
        "!t", "'", "\"", "\\n", "a\nb", "tab\tend", "a,b", "\u0000\u0007\u007f\u0085\u2028\ufeff", "Броненосец",
        "\ud83c\udfac film", "@", "%", "?",
        "a/b.c-d", "x ", "0x10", "<<", "=", "12:30"})
    void textComesBackWhateverItIs(String text) {
        Text settings = new Text(text, List.of(text, "x"));
        String yaml = ConfigWriter.write(settings);
        assertEquals(settings, ConfigReader.parse("written", yaml, Text.class), yaml);
    }

    @Test
    void numbersComeBackToTheLastBit() {
        List<Double> reals = new ArrayList<>(List.of(0.1, 1 / 3., Double.MIN_VALUE, Double.MAX_VALUE, -0.0, Double.NaN,
                Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 1e7, 123456789.0));
        List<Float> singles = new ArrayList<>(List.of(Float.MIN_VALUE, Float.MAX_VALUE, Float.NaN, Float.POSITIVE_INFINITY));
        for (int i = 0; i < 2000; i++) {
            double real = Double.longBitsToDouble(i * 0x9E3779B97F4A7C15L);
            reals.add(real);
            singles.add(Float.intBitsToFloat(i * 0x9E3779B9));
        }
        Numbers numbers = new Numbers(List.copyOf(reals), List.copyOf(singles));
        assertEquals(numbers, ConfigReader.parse("written", ConfigWriter.write(numbers), Numbers.class));
    }

    record Wrong(@Default("3") Optional<Integer> a) {}

    record Foreign(Object o) {}

    @Test
    void whatCannotBeReadIsNotWritten() {
        assertThrows(IllegalArgumentException.class, () -> ConfigWriter.write(new Wrong(Optional.empty())));
        assertThrows(IllegalArgumentException.class, () -> ConfigWriter.write(new Foreign(new Object())));
        assertThrows(IllegalArgumentException.class, () -> ConfigWriter.write(new Text(null, List.of())));
    }
}
