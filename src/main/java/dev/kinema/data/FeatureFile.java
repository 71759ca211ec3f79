package dev.kinema.data;

import dev.kinema.KinemaException;
import dev.kinema.checkpoint.Safetensors;
import dev.kinema.checkpoint.Sha256;
import dev.kinema.device.HostArray;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;

/**
 * The file of one film's features: F32 {@code features} [T, width] and F64 {@code starts} [T], seconds into the film. It lies in one of 256
 * folders, as its film's name is hashed: a few thousand files each, where a single folder of hundreds of thousands would be slow.
 */
final class FeatureFile {
    private static final String FOLDER = "features";
    private static final String ENDING = ".safetensors";
    private static final Pattern NAME = Pattern.compile(FOLDER + "/[0-9a-f]{2}/[A-Za-z0-9._-]+" + Pattern.quote(ENDING));
    private static final int LONGEST_STEM = 80;
    private static final int HASH_DIGITS = 8;

    private static final String FEATURES = "features";
    private static final String STARTS = "starts";
    private static final String FILM = "film";

    private FeatureFile() {
    }

    /**
     * {@code features/<2 digits>/<stem>-<8 digits>.safetensors}, the digits those of the hash of the film's id.
     *
     * @param copy 1 first; higher where another film of the same stem has the same hash
     */
    static String name(Film film, int copy) {
        String hash = Sha256.ofText(film.id()).substring(0, HASH_DIGITS);
        return FOLDER + "/" + hash.substring(0, 2) + "/" + stem(film.path()) + "-" + hash + (copy == 1 ? "" : "-" + copy) + ENDING;
    }

    /** The film's file name without its ending, in letters that every file system takes. */
    private static String stem(Path film) {
        String file = film.getFileName() == null ? "" : film.getFileName().toString();
        int dot = file.lastIndexOf('.');
        String stem = (dot > 0 ? file.substring(0, dot) : file).replaceAll("[^A-Za-z0-9._-]", "_");
        return stem.substring(0, Math.min(LONGEST_STEM, stem.length()));
    }

    /** Whether an index may name such a file: it is one of the store's. */
    static boolean isName(String file) {
        return NAME.matcher(file).matches();
    }

    /** Writes a file, atomically; its folder must exist. */
    static void write(Path path, Film film, String weightsSha256, HostArray features, HostArray starts) {
        Map<String, HostArray> tensors = new LinkedHashMap<>();
        tensors.put(FEATURES, features);
        tensors.put(STARTS, starts);
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put(FILM, film.id());
        metadata.put("weights_sha256", weightsSha256);
        Safetensors.write(path, tensors, metadata);
    }

    /** CRC-32C of the data as it lies in the file: starts, which are wider, then features. */
    static String checksum(HostArray features, HostArray starts) {
        CRC32C crc = new CRC32C();
        crc.update(starts.buffer());
        crc.update(features.buffer());
        return String.format("%08x", crc.getValue());
    }

    /**
     * Reads a file and holds it against its entry.
     *
     * @throws KinemaException if it is missing, or differs from what was written in size, film, type, shape or checksum
     */
    static StoredFeatures read(Path folder, FeatureEntry entry, int width) {
        Path path = folder.resolve(entry.file());
        long bytes = size(path);
        if (bytes != entry.bytes()) {
            throw damaged(path, entry, bytes < 0 ? "the file is missing" : "it has " + bytes + " bytes instead of " + entry.bytes(), null);
        }
        try (Safetensors file = open(path, entry)) {
            check(file, path, entry, width);
            HostArray features = file.read(FEATURES);
            HostArray starts = file.read(STARTS);
            String checksum = checksum(features, starts);
            if (!checksum.equals(entry.checksum())) {
                throw damaged(path, entry, "its checksum is " + checksum + " instead of " + entry.checksum(), null);
            }
            return new StoredFeatures(entry, features, starts);
        }
    }

    private static Safetensors open(Path path, FeatureEntry entry) {
        try {
            return Safetensors.open(path);
        } catch (KinemaException e) {
            throw damaged(path, entry, e.getMessage(), e);
        }
    }

    private static void check(Safetensors file, Path path, FeatureEntry entry, int width) {
        if (!entry.id().equals(file.metadata().get(FILM))) {
            throw damaged(path, entry, "it is of the film '" + file.metadata().get(FILM) + "'", null);
        }
        if (!file.names().equals(Set.of(FEATURES, STARTS))) {
            throw damaged(path, entry, "it has the tensors " + file.names(), null);
        }
        require(file, path, entry, FEATURES, DType.F32, Shape.of(entry.clips(), width));
        require(file, path, entry, STARTS, DType.F64, Shape.of(entry.clips()));
    }

    private static void require(Safetensors file, Path path, FeatureEntry entry, String tensor, DType dtype, Shape shape) {
        if (file.dtype(tensor) != dtype || !file.shape(tensor).equals(shape)) {
            throw damaged(path, entry, "its " + tensor + " are " + file.dtype(tensor) + " " + file.shape(tensor) + " instead of " + dtype
                + " " + shape, null);
        }
    }

    /** Bytes of a file; -1 where there is none. */
    static long size(Path path) {
        try {
            return Files.isRegularFile(path) ? Files.size(path) : -1;
        } catch (IOException e) {
            throw new KinemaException(path + ": cannot be looked at (" + e.getMessage() + "): check its folder", e);
        }
    }

    private static KinemaException damaged(Path path, FeatureEntry entry, String what, KinemaException cause) {
        return new KinemaException(path + ": the features of '" + entry.id() + "' are not as they were written: " + what
            + ": remove the file and extract again", cause);
    }
}
