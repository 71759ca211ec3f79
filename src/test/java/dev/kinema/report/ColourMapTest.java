package dev.kinema.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ColourMapTest {
    /** CIE lightness of a colour by its definition, another measure than the one the map is made with. */
    private static double lightness(int rgb) {
        double luminance = 0.2126 * linear(rgb >> 16) + 0.7152 * linear(rgb >> 8 & 0xFF) + 0.0722 * linear(rgb & 0xFF);
        return 116 * Math.cbrt(luminance) - 16;
    }

    private static double linear(int channel) {
        double x = channel / 255.0;
        return x <= 0.04045 ? x / 12.92 : Math.pow((x + 0.055) / 1.055, 2.4);
    }

    @Test
    void lightnessRisesAllTheWay() {
        // over 8 colours rounding to 8 bits no longer matters
        for (int i = 8; i < ColourMap.SIZE; i++) {
            assertTrue(lightness(ColourMap.rgb(i)) > lightness(ColourMap.rgb(i - 8)), "colour " + i);
        }
        assertTrue(lightness(ColourMap.rgb(0)) < 10 && lightness(ColourMap.rgb(ColourMap.SIZE - 1)) > 90);
    }

    /** Known colours of OKLab, from the table of its definition by way of CIE XYZ: white, and the red primary of sRGB. */
    @Test
    void knownColours() {
        assertEquals(0xFFFFFF, new OkLab(1, 0, 0).rgb());
        assertEquals(0x000000, new OkLab(0, 0, 0).rgb());
        assertEquals(0xFF0000, new OkLab(0.627955, 0.224863, 0.125846).rgb());
    }

    @Test
    void valuesOutsideGetTheNearerEnd() {
        assertEquals(0, ColourMap.index(-3, -1, 1));
        assertEquals(128, ColourMap.index(0, -1, 1));
        assertEquals(255, ColourMap.index(3, -1, 1));
    }

    @Test
    void coloursOfTheSpaceAreMadeShowable() {
        OkLab shown = OkLab.polar(0.7, 0.5, 150).inSrgb();
        assertEquals(0.7, shown.lightness());
        assertEquals(Math.toRadians(150), Math.atan2(shown.b(), shown.a()), 1e-9);
        assertTrue(Math.hypot(shown.a(), shown.b()) < 0.3);
    }
}
