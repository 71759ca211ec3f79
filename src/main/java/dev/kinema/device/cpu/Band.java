package dev.kinema.device.cpu;

import java.util.List;
import java.util.stream.IntStream;

/**
 * Some neighbouring tiles of an axis.
 *
 * @param length of the axis
 * @param first the first tile
 * @param tiles how many
 */
record Band(int length, int first, int tiles) {
    /** All tiles of an axis. */
    static Band whole(int length) {
        return new Band(length, 0, ToomCook.tiles(length));
    }

    /** The tiles of an axis in as few bands of at most {@code most} as there can be, nearly equal. */
    static List<Band> of(int length, int most) {
        int all = ToomCook.tiles(length);
        int bands = (all + most - 1) / most;
        return IntStream.range(0, bands).mapToObj(i -> new Band(length, i * all / bands, (i + 1) * all / bands - i * all / bands)).toList();
    }

    int products() {
        return ToomCook.PRODUCTS * tiles;
    }

    int firstProduct() {
        return ToomCook.PRODUCTS * first;
    }

    /** The first input that its windows see; what lies before the axis is padding. */
    int firstInput() {
        return Math.max(0, firstOutput() - 1);
    }

    int inputs() {
        return Math.min(length, firstOutput() + ToomCook.OUTPUTS * tiles + 1) - firstInput();
    }

    int firstOutput() {
        return ToomCook.OUTPUTS * first;
    }

    int outputs() {
        return Math.min(length, firstOutput() + ToomCook.OUTPUTS * tiles) - firstOutput();
    }
}
