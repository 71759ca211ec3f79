package dev.kinema.data;

import dev.kinema.graph.Philox;
import java.nio.ByteBuffer;

/** Augments clips one at a time: one draw for all frames, arithmetic in floats, rounded once at the end. Memory is kept between clips. */
final class AugmentationWorker implements ClipTransform.Worker {
    private final Augmentation settings;
    private final PictureLines pictureLines = new PictureLines();
    private final WindowSampler sampler;
    private final Planes output = new Planes();
    private final Planes whole = new Planes();
    private final BlurPass blurPass = new BlurPass();
    private float[][] line = new float[3][0];

    AugmentationWorker(Augmentation settings) {
        this.settings = settings;
        this.sampler = new WindowSampler(settings.size());
    }

    @Override
    public void apply(ByteBuffer pictures, int frames, int height, int width, int view, int variant, Philox random, ByteBuffer out,
            int offset) {
        if (variant != 0 || view < 0 || frames < 1 || height < 1 || width < 1) {
            throw new IllegalArgumentException("view " + view + ", variant " + variant + " of " + frames + " pictures of "
                    + width + "x" + height + ": views count from 0, the variant is 0, pictures have pixels");
        }
        apply(settings.draw(height, width, view, random), pictures, frames, height, width, out, offset);
    }

    /** The same with given draws. */
    void apply(Draw draw, ByteBuffer pictures, int frames, int height, int width, ByteBuffer out, int offset) {
        pictureLines.of(pictures, height, width);
        if (settings.order() == Augmentation.Order.CROP_FIRST || !draw.changesValues()) {
            sampler.run(pictureLines, frames, draw.window(), draw.flip(), output);
            changeValues(output, draw);
        } else {
            line = line[0].length < width ? new float[3][width] : line;
            pictureLines.load(frames, whole, line);
            changeValues(whole, draw);
            sampler.run(whole, frames, draw.window(), draw.flip(), output);
        }
        output.store(out, offset);
    }

    private void changeValues(Planes planes, Draw draw) {
        if (draw.jitter()) {
            for (int place = 0; place < 4; place++) {
                jitter(planes, draw, ColourOrder.operation(draw.order(), place));
            }
        }
        if (draw.grayscale()) {
            ColourOps.grayscale(planes, settings.arithmetic());
        }
        if (draw.blur()) {
            GaussianBlur blur = settings.blur().orElseThrow();
            blurPass.run(planes, BlurPass.taps(draw.sigma(), blur.radius(draw.sigma())), blur.border());
        }
        if (draw.solarise()) {
            ColourOps.solarise(planes, (float) settings.solarise().orElseThrow().threshold());
        }
    }

    private void jitter(Planes planes, Draw draw, int operation) {
        switch (operation) {
            case 0 -> ColourOps.brightness(planes, (float) draw.brightness());
            case 1 -> ColourOps.contrast(planes, (float) draw.contrast(), settings.arithmetic());
            case 2 -> ColourOps.saturation(planes, (float) draw.saturation(), settings.arithmetic());
            default -> ColourOps.hue(planes, (float) draw.hue());
        }
    }
}
