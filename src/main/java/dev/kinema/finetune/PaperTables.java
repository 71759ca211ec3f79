package dev.kinema.finetune;

import dev.kinema.config.ConfigReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * The form of the paper's tables, which {@code tables.yaml} beside this class says, and what is assumed in it.
 *
 * @param source of the numbers that stand there
 * @param tables in order
 */
record PaperTables(String source, List<Form> tables) {
    private static final String YAML = "tables.yaml";

    /**
     * A table.
     *
     * @param headings of a row's group, name and variant
     * @param columns names of scores
     * @param groups in the order of rows; other ones follow
     * @param names the same of names
     * @param variants the same of variants
     * @param paper numbers that are known from the paper
     */
    record Form(int number, String title, List<String> headings, List<String> columns, List<String> groups, List<String> names,
        List<String> variants, List<Known> paper) {

        /** Group by group, in each by name, then variant. */
        Comparator<TableRow> order() {
            return Comparator.comparing(TableRow::group, as(groups)).thenComparing(TableRow::name, as(names))
                .thenComparing(TableRow::variant, as(variants));
        }

        private static Comparator<String> as(List<String> listed) {
            return Comparator.<String>comparingInt(text -> listed.contains(text) ? listed.indexOf(text) : listed.size())
                .thenComparing(Comparator.naturalOrder());
        }
    }

    /**
     * What the paper has of a row, times 100.
     *
     * @param row in words
     * @param columns names of scores
     * @param values one for each
     */
    record Known(String row, List<String> columns, List<Double> values) {
        Known {
            if (columns.size() != values.size()) {
                throw new IllegalArgumentException(row + ": " + values.size() + " values for " + columns.size() + " columns");
            }
        }
    }

    static PaperTables read() {
        try (InputStream file = PaperTables.class.getResourceAsStream(YAML)) {
            return ConfigReader.parse(YAML, new String(file.readAllBytes(), StandardCharsets.UTF_8), PaperTables.class);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The form of a table by its number. */
    Optional<Form> form(int number) {
        return tables.stream().filter(form -> form.number() == number).findFirst();
    }
}
