package dev.kinema.pretrain;

import dev.kinema.data.FeatureHeader;
import dev.kinema.data.FeatureStore;
import dev.kinema.data.FeatureWriter;
import dev.kinema.data.Film;
import dev.kinema.data.FilmIdentity;
import dev.kinema.device.HostArray;
import dev.kinema.graph.DType;
import dev.kinema.graph.Philox;
import dev.kinema.graph.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A store of features that are drawn, one a second of each film. */
final class DrawnStore {
    private DrawnStore() {}

    /** Writes it, and a file that stands for all films, into a folder. */
    static FeatureStore in(Path folder, int films, int rows, int width) throws IOException {
        FeatureHeader header = FeatureHeader.of("0".repeat(64), width, 1, 16, 4 / 30.0, 224, "fp32", "cpu");
        Path film = Files.writeString(folder.resolve("film"), "x");
        Philox random = new Philox(1, 2, 3);
        try (FeatureWriter writer = FeatureStore.append(folder.resolve("store"), header)) {
            for (int f = 0; f < films; f++) {
                HostArray features = HostArray.allocate(DType.F32, Shape.of(rows, width));
                HostArray starts = HostArray.allocate(DType.F64, Shape.of(rows));
                for (int i = 0; i < features.elements(); i++) {
                    features.set(i, random.normal((long) f * features.elements() + i));
                }
                for (int k = 0; k < rows; k++) {
                    starts.set(k, (double) k);
                }
                writer.add(new Film("film" + f, film, Film.NO_LABEL), FilmIdentity.of(film).orElseThrow(), features, starts, "");
            }
        }
        return FeatureStore.open(folder.resolve("store"));
    }
}
