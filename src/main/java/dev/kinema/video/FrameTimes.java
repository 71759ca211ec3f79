package dev.kinema.video;

import java.util.Arrays;

/** Some frames' times, in the stream's ticks and in order; a few dozen, which nothing is allocated for. */
final class FrameTimes {
    private long[] ticks = new long[64];
    private int size;

    int size() {
        return size;
    }

    /** False, and nothing is added, where the time is there. */
    boolean add(long time) {
        int at = Arrays.binarySearch(ticks, 0, size, time);
        if (at >= 0) {
            return false;
        }
        if (size == ticks.length) {
            ticks = Arrays.copyOf(ticks, 2 * size);
        }
        System.arraycopy(ticks, -at - 1, ticks, -at, size + at + 1);
        ticks[-at - 1] = time;
        size++;
        return true;
    }

    /** How many are before a time: the place of the first that is not. */
    int before(long time) {
        int at = Arrays.binarySearch(ticks, 0, size, time);
        return at >= 0 ? at : -at - 1;
    }

    long get(int place) {
        return ticks[place];
    }

    void remove(long time) {
        int at = Arrays.binarySearch(ticks, 0, size, time);
        if (at >= 0) {
            System.arraycopy(ticks, at + 1, ticks, at, size - at - 1);
            size--;
        }
    }

    /** Removes so many of the earliest. */
    void removeFirst(int count) {
        System.arraycopy(ticks, count, ticks, 0, size - count);
        size -= count;
    }

    void clear() {
        size = 0;
    }
}
