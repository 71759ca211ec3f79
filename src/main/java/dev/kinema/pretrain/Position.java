package dev.kinema.pretrain;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.kinema.KinemaException;
import dev.kinema.data.FailedFilm;
import dev.kinema.data.LoaderPosition;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How far a training is in its films, as a checkpoint holds it.
 *
 * @param failed films that turned out undecodable
 */
public record Position(LoaderPosition loader, List<FailedFilm> failed) {
    private static final String EPOCH = "epoch";
    private static final String CONSUMED = "consumed";
    private static final String FILMS = "films_sha256";
    private static final String FAILED = "failed_films";

    /** @param fingerprint of the films and what is learned of them */
    public static Map<String, String> write(LoaderPosition position, List<FailedFilm> failed, String fingerprint) {
        JsonArray films = new JsonArray();
        for (FailedFilm film : failed) {
            JsonObject entry = new JsonObject();
            entry.addProperty("id", film.id());
            entry.addProperty("reason", film.reason());
            films.add(entry);
        }
        Map<String, String> map = new LinkedHashMap<>();
        map.put(EPOCH, Long.toString(position.epoch()));
        map.put(CONSUMED, Long.toString(position.consumed()));
        map.put(FILMS, fingerprint);
        map.put(FAILED, films.toString());
        return map;
    }

    /**
     * @param list to name in errors
     * @throws KinemaException if the films are others than those of the checkpoint
     */
    public static Position read(Map<String, String> map, String fingerprint, Path list) {
        if (!fingerprint.equals(map.get(FILMS))) {
            throw new KinemaException(list + ": names other films, or other labels, than when this training began: put the old list back, or "
                + "choose another run folder");
        }
        List<FailedFilm> failed = new ArrayList<>();
        for (JsonElement entry : JsonParser.parseString(map.get(FAILED)).getAsJsonArray()) {
            failed.add(new FailedFilm(entry.getAsJsonObject().get("id").getAsString(), entry.getAsJsonObject().get("reason").getAsString()));
        }
        return new Position(new LoaderPosition(Long.parseLong(map.get(EPOCH)), Long.parseLong(map.get(CONSUMED))), failed);
    }
}
