package dev.kinema.metric;

import dev.kinema.graph.Philox;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.List;

/** Items like those of semantic roles: texts of few words, a candidate and three references that share some. */
final class RandomTexts {
    private static final int REFERENCES = 3;
    /** Draws that one text may use. */
    private static final int DRAWS = 32;

    private RandomTexts() {
    }

    /** Items of a few words of a small vocabulary, so that much is said often; some texts are empty. */
    static List<Captions.Item> items(int count, long seed) {
        return new Items(count, 12, seed);
    }

    /** Items made as they are asked for, so that a list of a million takes no room; a share of the words is met nowhere else. */
    static List<Captions.Item> manyItems(int count, long seed) {
        return new Items(count, 20_000, seed);
    }

    private static final class Items extends AbstractList<Captions.Item> {
        private final int count;
        private final int vocabulary;
        private final Philox random;

        Items(int count, int vocabulary, long seed) {
            this.count = count;
            this.vocabulary = vocabulary;
            this.random = new Philox(seed, 0, 0);
        }

        @Override
        public int size() {
            return count;
        }

        @Override
        public Captions.Item get(int index) {
            long first = (long) index * (REFERENCES + 1) * DRAWS;
            List<String> references = new ArrayList<>();
            for (int i = 0; i < REFERENCES; i++) {
                references.add(text(first, first + (i + 1L) * DRAWS));
            }
            return new Captions.Item(text(first, first), references);
        }

        /** A text whose words are now and then those of the item's first draws. */
        private String text(long shared, long own) {
            int words = (int) (random.uniform(own) * 6);
            StringBuilder text = new StringBuilder();
            for (int i = 1; i <= words; i++) {
                boolean same = random.uniform(own + 2L * i) < 0.5;
                double u = random.uniform((same ? shared : own) + 2L * i + 1);
                // powers make low numbers common, as words of a language are
                text.append(i == 1 ? "" : " ").append('w').append((int) (u * u * u * vocabulary));
                if (vocabulary > 100 && random.uniform(own + 20 + i) < 0.05) {
                    text.append(" only").append(own);
                }
            }
            return text.toString();
        }
    }
}
