package dev.kinema.data;

import dev.kinema.KinemaException;
import dev.kinema.graph.Philox;
import java.util.List;
import java.util.Optional;

/**
 * Random augmentation of clips, the same in all frames of a clip: crop, flip, colour jitter, grayscale, Gaussian blur, solarisation.
 * An absent part is never applied. Draws come from the clip's random stream by fixed element numbers, so that the same stream gives
 * the same bytes, and leaving a part out changes no other draw.
 *
 * @param shortSide short side that pictures are decoded to in pixels, 0 for their own size
 * @param size side of the output in pixels
 * @param order whether colours are changed in the output or in the decoded picture
 * @param areaCrop crop by area and aspect; either this or {@code scaleCrop}
 * @param scaleCrop crop after scaling the picture
 * @param flip probability of a horizontal flip
 * @param arithmetic whose definitions the colour operations follow
 * @param jitter changes of brightness, contrast, saturation and hue
 * @param grayscale probability of grey pictures
 * @param blur Gaussian blur
 * @param solarise solarisation
 */
public record Augmentation(int shortSide, int size, Order order, Optional<AreaCrop> areaCrop, Optional<ScaleCrop> scaleCrop,
        double flip, ColourArithmetic arithmetic, Optional<ColourJitter> jitter, double grayscale, Optional<GaussianBlur> blur,
        Optional<Solarise> solarise) implements ClipTransform {
    /** When the crop is made. */
    public enum Order {
        /** Crop, flip, jitter, grayscale, blur, solarise: CVRL. The contrast's mean is that of the crop. */
        CROP_FIRST,
        /** Jitter, grayscale, blur, solarise, crop, flip: PySlowFast. The contrast's mean is that of whole pictures. */
        COLOUR_FIRST
    }

    /**
     * CVRL as released (tensorflow/models, {@code official/projects/video_ssl}): {@code dataloaders/video_ssl_input.py} for the
     * order, flip 0.5, crop area 0.3 to 1 and aspect 0.5 to 2 with 100 attempts (its least cover of 0.1 is met by every area);
     * {@code ops/video_ssl_preprocess_ops.py} for jitter 0.8 of strength 1 (factors 1 -+ 0.8, hue 0.2), grayscale 0.2, blur of 23
     * taps with sigma 0.1 to 2 for every first clip and 0.1 of the second ones, solarisation of 0.2 of the second ones. There the
     * crop is cut from pictures in their stored size; the short side of 256 pixels is ours.
     */
    public static final Augmentation CVRL = new Augmentation(256, 224, Order.CROP_FIRST,
            Optional.of(new AreaCrop(List.of(0.3, 1.0), List.of(0.5, 2.0), AreaCrop.Law.HEIGHT, 100)), Optional.empty(), 0.5,
            ColourArithmetic.TENSORFLOW,
            Optional.of(new ColourJitter(0.8, List.of(0.2, 1.8), List.of(0.2, 1.8), List.of(0.2, 1.8), List.of(-0.2, 0.2))), 0.2,
            Optional.of(new GaussianBlur(List.of(1.0, 0.1), List.of(0.1, 2.0), 11, GaussianBlur.Border.ZERO)),
            Optional.of(new Solarise(List.of(0.0, 0.2), 0.5)));

    /**
     * PySlowFast's contrastive pretraining ({@code configs/contrastive_ssl/MoCo_SlowR50_8x8.yaml},
     * {@code slowfast/datasets/transform.py}): short side 256, jitter 0.8 with factors 1 -+ 0.6 and hue 0.15, grayscale 0.2, blur
     * 0.5 with sigma 0.1 to 2, crop area 0.2 to 0.766 and aspect 3/4 to 4/3, uniform in the logarithm, 10 attempts, flip 0.5. There
     * the frames are one tall 8-bit Pillow image, so that blur, which is approximated by boxes, runs over from frame to frame; here
     * each frame is blurred by itself, by a Gaussian.
     */
    public static final Augmentation MOCO = new Augmentation(256, 224, Order.COLOUR_FIRST,
            Optional.of(new AreaCrop(List.of(0.2, 0.766), List.of(0.75, 1.3333), AreaCrop.Law.LOG_ASPECT, 10)), Optional.empty(), 0.5,
            ColourArithmetic.PILLOW,
            Optional.of(new ColourJitter(0.8, List.of(0.4, 1.6), List.of(0.4, 1.6), List.of(0.4, 1.6), List.of(-0.15, 0.15))), 0.2,
            Optional.of(new GaussianBlur(List.of(0.5), List.of(0.1, 2.0), 0, GaussianBlur.Border.EDGE)), Optional.empty());

    /**
     * PySlowFast's supervised training ({@code configs/Kinetics/SLOW_8x8_R50.yaml}, {@code slowfast/datasets/transform.py}): decoded
     * to the short side of 256 pixels, short side then uniform in 256 to 320, crop 224, flip 0.5.
     */
    public static final Augmentation SUPERVISED = new Augmentation(256, 224, Order.CROP_FIRST, Optional.empty(),
            Optional.of(new ScaleCrop(List.of(256.0, 320.0))), 0.5, ColourArithmetic.PILLOW, Optional.empty(), 0, Optional.empty(),
            Optional.empty());

    private static final int LARGEST = 1 << 14;

    /** Checks the numbers. */
    public Augmentation {
        if (size < 1 || size > LARGEST) {
            throw new KinemaException("size is " + size + ": use 1 to " + LARGEST + " pixels");
        }
        if (shortSide < 0 || shortSide > LARGEST) {
            throw new KinemaException("short_side is " + shortSide + ": use 1 to " + LARGEST + " pixels, or 0 for a film's own size");
        }
        if (areaCrop.isPresent() == scaleCrop.isPresent()) {
            throw new KinemaException("area_crop and scale_crop are " + (areaCrop.isPresent() ? "both" : "neither")
                    + " given: give one of them");
        }
        if (scaleCrop.isPresent() && Math.rint(scaleCrop.get().scaledSide().get(0)) < size) {
            throw new KinemaException("scale_crop goes down to " + scaleCrop.get().scaledSide().get(0)
                    + " pixels, less than the size of " + size + ": raise its scaled_side");
        }
        Range.probability("flip", flip);
        Range.probability("grayscale", grayscale);
    }

    /** The same for another size of decoded and output pictures; crop and blur in pixels keep their proportion to the output. */
    public Augmentation withSize(int newShortSide, int newSize) {
        double ratio = (double) newSize / size;
        return new Augmentation(newShortSide, newSize, order, areaCrop,
                scaleCrop.map(c -> new ScaleCrop(c.scaledSide().stream().map(side -> side * ratio).toList())), flip, arithmetic, jitter,
                grayscale, blur.map(b -> scaled(b, ratio)), solarise);
    }

    private static GaussianBlur scaled(GaussianBlur blur, double ratio) {
        List<Double> sigma = blur.sigma().stream().map(s -> Math.max(0.01, s * ratio)).toList();
        int radius = blur.radius() == 0 ? 0 : Math.max(1, (int) (blur.radius() * ratio));
        return new GaussianBlur(blur.probability(), sigma, radius, blur.border());
    }

    @Override
    public int variants() {
        return 1;
    }

    @Override
    public Worker worker() {
        return new AugmentationWorker(this);
    }

    /** What is done to a clip of pictures of this size. */
    Draw draw(int height, int width, int view, Philox random) {
        CropWindow window = areaCrop.isPresent() ? areaCrop.get().draw(height, width, size, random)
                : scaleCrop.orElseThrow().draw(height, width, size, random);
        boolean blurred = blur.isPresent() && random.uniform(Element.BLUR) < Range.ofView(blur.get().probability(), view);
        boolean solarised = solarise.isPresent()
                && random.uniform(Element.SOLARISE) < Range.ofView(solarise.get().probability(), view);
        return new Draw(window, random.uniform(Element.FLIP) < flip,
                jitter.isPresent() && random.uniform(Element.JITTER) < jitter.get().probability(),
                (int) (random.uniform(Element.ORDER) * ColourOrder.COUNT),
                drawn(jitter.map(ColourJitter::brightness), Element.BRIGHTNESS, random),
                drawn(jitter.map(ColourJitter::contrast), Element.CONTRAST, random),
                drawn(jitter.map(ColourJitter::saturation), Element.SATURATION, random),
                drawn(jitter.map(ColourJitter::hue), Element.HUE, random), random.uniform(Element.GRAYSCALE) < grayscale, blurred,
                drawn(blur.map(GaussianBlur::sigma), Element.SIGMA, random), solarised);
    }

    /** A number of a range that the constructor has checked; 0 where the part is absent. */
    private static double drawn(Optional<List<Double>> range, int element, Philox random) {
        return range.map(r -> new Range(r.get(0), r.get(1)).at(random.uniform(element))).orElse(0.0);
    }
}
