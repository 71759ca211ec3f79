package dev.kinema.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

class PngTest {
    private static byte[] gradient(int width, int height, int noise) {
        Random random = new Random(7);
        byte[] rgb = new byte[width * height * 3];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) (i / 3 % width * 2 + i / (3 * width) * 3 + i % 3 * 60 + random.nextInt(noise + 1));
        }
        return rgb;
    }

    /** The JDK's decoder gives back every byte, whichever row filters were chosen. */
    @Test
    void picturesAreLossless() throws IOException {
        for (int[] size : new int[][] {{1, 1}, {1, 9}, {7, 1}, {113, 84}}) {
            for (int noise : new int[] {0, 12, 255}) {
                byte[] rgb = gradient(size[0], size[1], noise);
                BufferedImage image = ImageIO.read(new ByteArrayInputStream(Png.ofRgb(size[0], size[1], rgb)));
                assertEquals(size[0], image.getWidth());
                assertEquals(size[1], image.getHeight());
                for (int i = 0; i < size[0] * size[1]; i++) {
                    int expected = (rgb[3 * i] & 0xFF) << 16 | (rgb[3 * i + 1] & 0xFF) << 8 | rgb[3 * i + 2] & 0xFF;
                    assertEquals(expected, image.getRGB(i % size[0], i / size[0]) & 0xFFFFFF, "pixel " + i + " with noise " + noise);
                }
            }
        }
    }

    @Test
    void filtersCompressWhatIsSmooth() {
        byte[] smooth = gradient(128, 96, 0);
        assertTrue(Png.ofRgb(128, 96, smooth).length < smooth.length / 20);
    }

    @Test
    void indicesAreColoursOfTheMap() throws IOException {
        byte[] indices = new byte[16 * 16];
        for (int i = 0; i < indices.length; i++) {
            indices[i] = (byte) i;
        }
        BufferedImage image = ImageIO.read(new ByteArrayInputStream(Png.ofColourMap(16, 16, indices)));
        for (int i = 0; i < indices.length; i++) {
            assertEquals(ColourMap.rgb(i), image.getRGB(i % 16, i / 16) & 0xFFFFFF);
        }
    }
}
