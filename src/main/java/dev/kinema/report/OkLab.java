package dev.kinema.report;

/**
 * Colours by how they look: lightness, and two axes of hue and chroma, in which equal distances look equal (Ottosson, "A perceptual color
 * space for image processing", 2020).
 */
record OkLab(double lightness, double a, double b) {

    /** @param hue in degrees */
    static OkLab polar(double lightness, double chroma, double hue) {
        double angle = Math.toRadians(hue);
        return new OkLab(lightness, chroma * Math.cos(angle), chroma * Math.sin(angle));
    }

    double distance(OkLab other) {
        double dl = lightness - other.lightness;
        double da = a - other.a;
        double db = b - other.b;
        return Math.sqrt(dl * dl + da * da + db * db);
    }

    /** The same lightness and hue with as much of the chroma as sRGB can show. */
    OkLab inSrgb() {
        OkLab shown = this;
        for (double share = 1; share > 0 && !shown.isInSrgb(); share -= 0.002) {
            shown = new OkLab(lightness, a * share, b * share);
        }
        return shown;
    }

    private boolean isInSrgb() {
        for (double channel : linear()) {
            // half a step of 8 bits near black
            if (channel < -1.5e-4 || channel > 1 + 1.5e-4) {
                return false;
            }
        }
        return true;
    }

    /** As linear sRGB: the inverses of the definition's two matrices, with a cube between them. */
    private double[] linear() {
        double l = cube(lightness + 0.3963377774 * a + 0.2158037573 * b);
        double m = cube(lightness - 0.1055613458 * a - 0.0638541728 * b);
        double s = cube(lightness - 0.0894841775 * a - 1.2914855480 * b);
        return new double[] {
            4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
            -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
            -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s};
    }

    private static double cube(double x) {
        return x * x * x;
    }

    /** As 0xRRGGBB in sRGB; channels that it cannot show are clamped. */
    int rgb() {
        int rgb = 0;
        for (double channel : linear()) {
            double light = Math.max(0, Math.min(1, channel));
            double encoded = light <= 0.0031308 ? 12.92 * light : 1.055 * Math.pow(light, 1 / 2.4) - 0.055;
            rgb = rgb << 8 | (int) Math.round(255 * encoded);
        }
        return rgb;
    }
}
