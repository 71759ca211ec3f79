package dev.kinema.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.kinema.KinemaException;
import dev.kinema.graph.Philox;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class TestCropsTest {
    /** Each pixel holds its frame, line and column. */
    private static ByteBuffer pictures(int frames, int height, int width) {
        ByteBuffer pictures = ByteBuffer.allocateDirect(frames * height * width * 3);
        for (int i = 0; i < frames * height * width; i++) {
            pictures.put((byte) (i / width / height)).put((byte) (i / width % height)).put((byte) (i % width));
        }
        return pictures;
    }

    private static void assertCrop(TestCrops crops, int height, int width, int variant, int y, int x) {
        int frames = 2;
        int size = crops.size();
        ByteBuffer out = ByteBuffer.allocate(7 + frames * size * size * 3);
        crops.worker().apply(pictures(frames, height, width), frames, height, width, 3, variant, new Philox(0, 0, 0), out, 7);
        for (int i = 0; i < frames * size * size; i++) {
            assertEquals(i / size / size, out.get(7 + 3 * i));
            assertEquals(y + i / size % size, out.get(7 + 3 * i + 1));
            assertEquals(x + i % size, out.get(7 + 3 * i + 2));
        }
    }

    @Test
    void threeCropsLieAlongTheLongSide() {
        TestCrops crops = new TestCrops(5, 4, 3);
        assertEquals(3, crops.variants());
        int[] along = {0, 3, 5};
        for (int variant = 0; variant < 3; variant++) {
            assertCrop(crops, 5, 9, variant, 1, along[variant]);
            assertCrop(crops, 9, 5, variant, along[variant], 1);
        }
        assertCrop(new TestCrops(6, 4, 3), 6, 6, 0, 1, 0);
    }

    @Test
    void oneCropIsTheCentre() {
        assertCrop(new TestCrops(5, 4, 1), 5, 9, 0, 1, 3);
        assertCrop(new TestCrops(4, 4, 1), 8, 4, 0, 2, 0);
    }

    @Test
    void nonsenseIsRefused() {
        assertThrows(KinemaException.class, () -> new TestCrops(4, 5, 1));
        assertThrows(KinemaException.class, () -> new TestCrops(5, 5, 2));
        assertThrows(IllegalArgumentException.class, () -> assertCrop(new TestCrops(5, 4, 3), 5, 9, 3, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> assertCrop(new TestCrops(5, 4, 3), 3, 9, 0, 0, 0));
    }
}
