package dev.kinema.metric;

/** The rows of largest cosine among those offered so far, the largest first; of equals, the one offered first is before the other. */
final class NearestRows {
    /** Stands for no row. */
    static final int NONE = -1;

    private final int[] rows;
    private final float[] cosines;
    private final int excluded;
    private int found;

    /**
     * None yet.
     *
     * @param most how many are kept
     * @param excluded a row that is passed over, or {@link #NONE}
     */
    NearestRows(int most, int excluded) {
        rows = new int[most];
        cosines = new float[most];
        this.excluded = excluded;
    }

    /** Offers the rows from {@code first} on. */
    void offer(float[] offered, int first, int count) {
        for (int j = 0; j < count; j++) {
            if ((found < rows.length || offered[j] > cosines[found - 1]) && first + j != excluded) {
                insert(first + j, offered[j]);
            }
        }
    }

    private void insert(int row, float cosine) {
        int place = found < rows.length ? found++ : found - 1;
        for (; place > 0 && cosine > cosines[place - 1]; place--) {
            cosines[place] = cosines[place - 1];
            rows[place] = rows[place - 1];
        }
        cosines[place] = cosine;
        rows[place] = row;
    }

    int found() {
        return found;
    }

    /** The row that is nearest but {@code place}. */
    int row(int place) {
        return rows[place];
    }

    /** Its cosine. */
    double cosine(int place) {
        return cosines[place];
    }
}
