package dev.kinema.finetune;

import dev.kinema.KinemaException;
import dev.kinema.config.Default;
import java.util.List;

/**
 * Where the results of a run stand in the paper's tables.
 *
 * @param tables their numbers, 1 to 4
 * @param name of the row, such as the backbone's {@code CVRL-K400+VS}
 * @param variant what sets it apart from rows of the same name, such as {@code TxE, pretrained}; empty for nothing
 * @param group rows of a table that belong together, such as an ablation's; empty for none
 */
public record TableRow(List<Integer> tables, String name, @Default("''") String variant, @Default("''") String group) {
    public TableRow {
        if (tables.isEmpty() || tables.stream().anyMatch(table -> table < 1 || table > 4)) {
            throw new KinemaException("tables is " + tables + ": it must name some of the paper's tables 1 to 4");
        }
        if (name.isBlank()) {
            throw new KinemaException("a row has no name: give it one, such as that of its backbone");
        }
    }
}
